//! Everybody who moves, one by one: agents with those who follow them, and crowds drawn at random.
//!
//! In: a scenario. Out: its members, in an order fixed by the file, every draw fixed by the seed.

use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::{AgentSpec, Class, Scenario, ScenarioError, Then, Waypoint};
use crate::chance::Chance;
use crate::world::geo::{Frame, Place};

/// The most that one scenario may hold.
const MOST_MEMBERS: usize = 200_000;
/// Legs of an invented route.
const LEGS: usize = 5;
/// How long a leg of it takes, seconds.
const LEG_S: [f64; 2] = [30.0, 90.0];
/// How often somebody stands at a corner of it, and how long, seconds.
const STANDS: (f64, [f64; 2]) = (0.2, [15.0, 40.0]);
/// The sharpest turn at a corner of it, radians.
const TURN_RAD: f64 = 1.2;

/// Others on the same route as an agent, moving as it does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followers {
    /// How many. They are called after the agent: `ID-2`, `ID-3`, …
    pub count: u32,
    /// Distance from one to the next at cruising speed, metres.
    pub gap_m: f64,
}

/// A crowd: each of it goes its own way at its own speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationSpec {
    /// They are called `ID-1`, `ID-2`, …
    pub id: String,
    /// What they are.
    pub class: Class,
    /// How many.
    pub count: u32,
    /// Two opposite corners of where they are, `[lat, lon]`.
    pub area: [[f64; 2]; 2],
    /// Slowest and fastest cruising speed, metres per second.
    pub speed_mps: [f64; 2],
    /// As of an agent: pushed about by white acceleration instead of following a route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub white_acceleration_m2ps3: Option<f64>,
}

/// One who moves.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) spec: AgentSpec,
    /// Whose draws fix its speed and its wander: followers move as their leader does.
    pub(crate) stream: String,
}

impl Scenario {
    /// Everybody who moves.
    pub(crate) fn members(&self) -> Result<Vec<Member>, ScenarioError> {
        let mut all = Vec::new();
        for (index, spec) in self.agents.iter().enumerate() {
            all.push(Member { spec: spec.clone(), stream: spec.id.clone() });
            let Some(followers) = spec.followers else { continue };
            let apart_s = followers.gap_m / spec.speed_mps;
            if !(apart_s.is_finite() && apart_s > 0.0) {
                let problem = format!("{} m; a gap is positive", followers.gap_m);
                return Err(ScenarioError::new(format!("agents[{index}].followers.gap_m"), problem));
            }
            room(all.len(), followers.count, &format!("agents[{index}].followers.count"))?;
            all.extend((1..=followers.count).map(|k| Member {
                spec: AgentSpec {
                    id: format!("{}-{}", spec.id, k + 1),
                    start_s: spec.start_s + apart_s * f64::from(k),
                    followers: None,
                    ..spec.clone()
                },
                stream: spec.id.clone(),
            }));
        }
        let layout = Layout::new(self.origin);
        for (index, population) in self.populations.iter().enumerate() {
            room(all.len(), population.count, &format!("populations[{index}].count"))?;
            let mut chance = Chance::new(self.seed, &format!("population {}", population.id));
            for k in 1..=population.count {
                let spec = population.draw(k, self.origin, &layout, &mut chance);
                all.push(Member { stream: spec.id.clone(), spec });
            }
        }
        Ok(all)
    }
}

fn room(there: usize, more: u32, path: &str) -> Result<(), ScenarioError> {
    if there + more as usize <= MOST_MEMBERS {
        return Ok(());
    }
    Err(ScenarioError::new(path, format!("{more}; a scenario holds at most {MOST_MEMBERS} in all")))
}

impl PopulationSpec {
    /// The one called `ID-k`.
    fn draw(&self, k: u32, origin: [f64; 2], layout: &Layout, chance: &mut Chance) -> AgentSpec {
        let frame = Frame::new(Place::new(origin, 0.0));
        let corners = self.area.map(|corner| frame.to_enu(Place::new(corner, 0.0)));
        let low = [0, 1].map(|axis| corners[0][axis].min(corners[1][axis]));
        let high = [0, 1].map(|axis| corners[0][axis].max(corners[1][axis]));
        let speed_mps = chance.between(self.speed_mps[0], self.speed_mps[1]);
        let mut at = [0, 1].map(|axis| chance.between(low[axis], high[axis]));
        let mut way_rad = chance.between(0.0, std::f64::consts::TAU);
        let mut route = vec![Waypoint { at: layout.at(at[0], at[1]), pause_s: None }];
        for _ in 0..LEGS {
            let length_m = speed_mps * chance.between(LEG_S[0], LEG_S[1]);
            way_rad += chance.between(-TURN_RAD, TURN_RAD);
            let (sin, cos) = way_rad.sin_cos();
            let next = [at[0] + length_m * cos, at[1] + length_m * sin];
            // Whoever would leave turns round instead.
            let outside = (0..2).any(|axis| !(low[axis]..=high[axis]).contains(&next[axis]));
            if outside && self.white_acceleration_m2ps3.is_none() {
                way_rad = (low[1] + high[1] - 2.0 * at[1]).atan2(low[0] + high[0] - 2.0 * at[0]);
                let (sin, cos) = way_rad.sin_cos();
                at = [at[0] + length_m * cos, at[1] + length_m * sin];
            } else {
                at = next;
            }
            let stands = chance.happens(STANDS.0);
            let pause_s = chance.between(STANDS.1[0], STANDS.1[1]);
            route.push(Waypoint { at: layout.at(at[0], at[1]), pause_s: stands.then_some(pause_s) });
        }
        AgentSpec {
            id: format!("{}-{k}", self.id),
            class: self.class,
            speed_mps,
            altitude_m: 0.0,
            // Already on its way when the world begins, at its own speed and not all setting out at once.
            start_s: -chance.between(20.0, 60.0),
            route,
            then: Then::Return,
            ais: None,
            told_by: Vec::new(),
            followers: None,
            white_acceleration_m2ps3: self.white_acceleration_m2ps3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    fn scenario(more: &str) -> Scenario {
        let text = format!(
            "{{\"name\":\"n\",\"seed\":1,\"sector\":\"s\",\"origin\":[-49.0,69.6],\"metres\":true,\"duration_s\":60,
            \"line\":{{\"id\":\"l\",\"left\":\"a\",\"right\":\"b\",\"coordinates\":[[0,1000],[0,-1000]]}},
            \"boxes\":[],{more}}}"
        );
        Scenario::from_json(&text).unwrap()
    }

    #[test]
    fn metres_become_degrees_once() {
        let read = scenario("\"agents\":[]");
        let back = Frame::new(Place::new(read.origin, 0.0)).to_enu(Place::new(read.line.coordinates[0], 0.0));
        assert!(back[0].abs() < 0.02 && (back[1] - 1000.0).abs() < 0.02, "{back:?}");
        assert_eq!(Scenario::from_json(&read.to_json()).unwrap(), read);
    }

    #[test]
    fn followers_keep_their_distance() {
        let lead = r#""agents":[{"id":"c","class":"heavy-vehicle","speed_mps":12,"start_s":-60,
            "route":[{"at":[0,0]},{"at":[3000,0]}],"followers":{"count":2,"gap_m":60}}]"#;
        let world = World::new(&scenario(lead)).unwrap();
        let states: Vec<_> = world.at(60.0).collect();
        assert_eq!(states.iter().map(|state| state.id).collect::<Vec<_>>(), ["c", "c-2", "c-3"]);
        for pair in states.windows(2) {
            let gap = pair[0].east_north_m[0] - pair[1].east_north_m[0];
            assert!((57.0..63.0).contains(&gap), "{gap}");
        }
    }

    #[test]
    fn a_crowd_is_drawn_by_its_seed_and_stays_in_its_area() {
        let crowd = r#""populations":[{"id":"p","class":"person","count":50,"area":[[-500,-500],[500,500]],
            "speed_mps":[1,2]}]"#;
        let read = scenario(crowd);
        let places = |scenario: &Scenario| {
            let world = World::new(scenario).unwrap();
            world.at(30.0).map(|state| state.east_north_m).collect::<Vec<_>>()
        };
        let here = places(&read);
        assert_eq!(here.len(), 50);
        assert!(here.iter().flatten().all(|metres| metres.abs() < 750.0), "{here:?}");
        assert_eq!(here, places(&read));
        assert_ne!(here, places(&Scenario { seed: 2, ..read }));
    }

    #[test]
    fn too_many_are_refused() {
        let crowd = r#""populations":[{"id":"p","class":"person","count":300000,"area":[[0,0],[1,1]],
            "speed_mps":[1,2]}]"#;
        assert_eq!(World::new(&scenario(crowd)).unwrap_err().path, "populations[0].count");
    }
}
