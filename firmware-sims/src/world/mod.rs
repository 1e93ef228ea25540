//! The truth: who is where at any world time, and who crossed the line.
//!
//! In: a [`Scenario`]. Out: true states as a pure function of time, so any number of boxes may ask in any order.
//! Every route, speed and wander is fixed by the seed. Knows no sensor.

mod crossing;
mod drift;
pub mod geo;
mod motion;
mod path;

pub use crossing::{Crossing, Direction};

use std::collections::BTreeSet;

use crate::chance::Chance;
use crate::scenario::{AgentSpec, AisSpec, Class, Member, Scenario, ScenarioError, Then};
use drift::Drift;
use geo::{Frame, Place};
use motion::{Limits, Motion};
use path::Corner;

/// The step at which velocity and crossings are taken, seconds.
pub const STEP_S: f64 = 0.1;

/// A seeded world.
#[derive(Clone, Debug)]
pub struct World {
    frame: Frame,
    agents: Vec<Agent>,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Agent {
    spec: AgentSpec,
    way: Way,
}

/// How an agent gets about.
#[derive(Clone, Debug)]
enum Way {
    /// By a route.
    Route(Motion),
    /// By chance.
    Drift(Drift),
}

/// The true state of one agent at one instant.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// Its place in the scenario's list: stable for its whole life.
    pub index: usize,
    /// Its name.
    pub id: &'a str,
    /// What it is.
    pub class: Class,
    /// Its AIS station, if any.
    pub ais: Option<&'a AisSpec>,
    /// Who makes it up; nobody, if it exists.
    pub told_by: &'a [String],
    /// Where.
    pub place: Place,
    /// Metres east and north of the scenario's origin.
    pub east_north_m: [f64; 2],
    /// Velocity east and north, metres per second.
    pub velocity_mps: [f64; 2],
}

impl State<'_> {
    /// Whether it does not exist.
    #[must_use]
    pub fn is_lie(&self) -> bool {
        !self.told_by.is_empty()
    }

    /// Speed over ground, metres per second.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        self.velocity_mps[0].hypot(self.velocity_mps[1])
    }

    /// Course over ground, degrees clockwise from true north in [0, 360).
    #[must_use]
    pub fn course_deg(&self) -> f64 {
        self.velocity_mps[0].atan2(self.velocity_mps[1]).to_degrees().rem_euclid(360.0)
    }
}

impl World {
    /// The world of a scenario.
    ///
    /// # Errors
    /// The scenario cannot be run: a route of fewer than two points, a speed that is not positive, an id used twice.
    pub fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        let frame = Frame::new(Place::new(scenario.origin, 0.0));
        let mut ids = BTreeSet::new();
        let mut agents: Vec<Agent> = Vec::new();
        for (index, Member { spec, stream }) in scenario.members()?.into_iter().enumerate() {
            check(&spec, index)?;
            if !ids.insert(spec.id.clone()) {
                let problem = format!("`{}` is used twice; every agent needs its own id", spec.id);
                return Err(ScenarioError::new(format!("agents[{index}].id"), problem));
            }
            let way =
                set_out(&spec, &frame, Chance::new(scenario.seed, &format!("agent {stream}")), scenario);
            agents.push(Agent { spec, way });
        }
        Ok(Self { frame, agents, seed: scenario.seed })
    }

    /// The frame of local metres.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The seed everything random follows from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The true states of all who are in the world at `t_s`, in the scenario's order.
    pub fn at(&self, t_s: f64) -> impl Iterator<Item = State<'_>> {
        (0..self.agents.len())
            .filter_map(move |index| self.agent_at(index, t_s))
            .filter(|state| !state.is_lie())
    }

    /// What the box called `id` takes for the truth: those who are there, and those it makes up.
    pub fn as_told_by(&self, id: &str, t_s: f64) -> impl Iterator<Item = State<'_>> {
        (0..self.agents.len())
            .filter_map(move |index| self.agent_at(index, t_s))
            .filter(move |state| !state.is_lie() || state.told_by.iter().any(|teller| teller == id))
    }

    /// The true state of the agent at `index` of the scenario's list, if it is in the world at `t_s`.
    #[must_use]
    pub fn agent_at(&self, index: usize, t_s: f64) -> Option<State<'_>> {
        let agent = self.agents.get(index)?;
        if !agent.present(t_s) {
            return None;
        }
        let (east_north_m, velocity_mps) = agent.moving(t_s);
        Some(State {
            index,
            id: &agent.spec.id,
            class: agent.spec.class,
            ais: agent.spec.ais.as_ref(),
            told_by: &agent.spec.told_by,
            place: self.frame.ground(east_north_m, agent.spec.altitude_m),
            east_north_m,
            velocity_mps,
        })
    }
}

impl Agent {
    fn present(&self, t_s: f64) -> bool {
        let lived_s = t_s - self.spec.start_s;
        let lap_s = match &self.way {
            Way::Route(motion) if self.spec.then == Then::Vanish => motion.lap_s,
            Way::Route(_) | Way::Drift(_) => f64::INFINITY,
        };
        (0.0..=lap_s).contains(&lived_s)
    }

    /// Metres east and north at `t_s`, whether present or not.
    fn plan(&self, t_s: f64) -> [f64; 2] {
        let lived_s = t_s - self.spec.start_s;
        match (&self.way, self.spec.then) {
            (Way::Route(motion), Then::Return | Then::Loop) if lived_s > 0.0 => {
                motion.at(lived_s.rem_euclid(motion.lap_s))
            }
            (Way::Route(motion), _) => motion.at(lived_s),
            (Way::Drift(drift), _) => drift.at(lived_s).0,
        }
    }

    /// Metres east and north, and velocity, at `t_s`.
    fn moving(&self, t_s: f64) -> ([f64; 2], [f64; 2]) {
        if let Way::Drift(drift) = &self.way {
            return drift.at(t_s - self.spec.start_s);
        }
        let (before, after) = (self.plan(t_s - STEP_S / 2.0), self.plan(t_s + STEP_S / 2.0));
        (self.plan(t_s), [(after[0] - before[0]) / STEP_S, (after[1] - before[1]) / STEP_S])
    }
}

fn check(spec: &AgentSpec, index: usize) -> Result<(), ScenarioError> {
    if spec.route.len() < 2 {
        let problem = format!("{} waypoints; a route needs at least two", spec.route.len());
        return Err(ScenarioError::new(format!("agents[{index}].route"), problem));
    }
    if !(spec.speed_mps.is_finite() && spec.speed_mps > 0.0) {
        let problem = format!("{}; a speed is positive, metres per second", spec.speed_mps);
        return Err(ScenarioError::new(format!("agents[{index}].speed_mps"), problem));
    }
    let is_density = |q: f64| q.is_finite() && q >= 0.0;
    if let Some(q) = spec.white_acceleration_m2ps3.filter(|q| !is_density(*q)) {
        let problem = format!("{q}; a spectral density is not negative, m²/s³");
        return Err(ScenarioError::new(format!("agents[{index}].white_acceleration_m2ps3"), problem));
    }
    Ok(())
}

/// The agent's drift, or its lap: the route as written, and the way back if it returns.
fn set_out(spec: &AgentSpec, frame: &Frame, mut chance: Chance, scenario: &Scenario) -> Way {
    let mut corners: Vec<Corner> = spec
        .route
        .iter()
        .map(|waypoint| {
            let [e, n, _] = frame.to_enu(Place::new(waypoint.at, 0.0));
            Corner { at: [e, n], stop_s: waypoint.pause_s }
        })
        .collect();
    if let Some(q) = spec.white_acceleration_m2ps3 {
        let (from, to) = (corners[0].at, corners[1].at);
        let [east, north] = [to[0] - from[0], to[1] - from[1]];
        let per_metre = spec.speed_mps / east.hypot(north).max(1e-6);
        let lasts_s = scenario.duration_s - spec.start_s;
        let velocity_mps = [east * per_metre, north * per_metre];
        return Way::Drift(Drift::new(from, velocity_mps, q, lasts_s, &mut chance));
    }
    match spec.then {
        Then::Return => {
            let back: Vec<Corner> = corners.iter().rev().skip(1).copied().collect();
            corners.extend(back);
            // The pause at the first waypoint is taken as the lap begins.
            if let Some(last) = corners.last_mut() {
                last.stop_s = None;
            }
        }
        Then::Loop => {
            let first = corners.first().map_or([0.0, 0.0], |corner| corner.at);
            corners.push(Corner { at: first, stop_s: None });
        }
        Then::Stay | Then::Vanish => {}
    }
    let cruise_mps = spec.speed_mps * chance.between(0.98, 1.02);
    Way::Route(Motion::new(&corners, cruise_mps, limits(spec.class), &mut chance))
}

const fn limits(class: Class) -> Limits {
    let (forward_mps2, lateral_mps2, wander_m, stands) = match class {
        Class::Person => (0.8, 1.0, 0.7, true),
        Class::Animal => (1.5, 1.5, 2.0, true),
        Class::LightVehicle => (1.8, 2.0, 0.4, true),
        Class::HeavyVehicle | Class::TrackedVehicle => (0.9, 1.2, 0.3, true),
        Class::Aircraft => (2.0, 5.0, 3.0, false),
        Class::Drone => (2.5, 3.0, 1.0, true),
        Class::Vessel => (0.15, 0.12, 2.0, true),
    };
    Limits { forward_mps2, lateral_mps2, wander_m, stands }
}

#[cfg(test)]
mod tests;
