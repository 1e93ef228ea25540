//! Who truly crossed the line, when, where and which way: derived from the routes, never scripted.

use serde::Serialize;

use super::geo::Place;
use super::{STEP_S, World};

/// Which way somebody crossed, walking along the line's vertices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the left side to the right side.
    LeftToRight,
    /// From the right side to the left side.
    RightToLeft,
}

impl Direction {
    /// Its word in the agreement and in notices.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "left_to_right",
            Self::RightToLeft => "right_to_left",
        }
    }
}

/// One true crossing.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// World time, seconds.
    pub t_s: f64,
    /// Who.
    pub agent: String,
    /// The agent's place in the scenario's list.
    pub index: usize,
    /// Where the path meets the line.
    pub place: Place,
    /// Metres east and north of the scenario's origin.
    pub east_north_m: [f64; 2],
    /// Which way.
    pub direction: Direction,
}

impl World {
    /// Every true crossing of the polyline `line` (`[lat, lon]` vertices) in `from_s..until_s`, in time order.
    #[must_use]
    pub fn crossings(&self, line: &[[f64; 2]], from_s: f64, until_s: f64) -> Vec<Crossing> {
        let vertices: Vec<[f64; 2]> = line
            .iter()
            .map(|vertex| {
                let [e, n, _] = self.frame().to_enu(Place::new(*vertex, 0.0));
                [e, n]
            })
            .collect();
        let mut found = Vec::new();
        // Only who exists can cross.
        for index in (0..self.agents.len()).filter(|index| self.agents[*index].spec.told_by.is_empty()) {
            self.crossings_of(index, &vertices, from_s, until_s, &mut found);
        }
        found.sort_by(|a, b| a.t_s.total_cmp(&b.t_s).then(a.index.cmp(&b.index)));
        found
    }

    fn crossings_of(
        &self,
        index: usize,
        vertices: &[[f64; 2]],
        from_s: f64,
        until_s: f64,
        found: &mut Vec<Crossing>,
    ) {
        let Some(agent) = self.agents.get(index) else { return };
        let mut t_s = from_s;
        let mut here = agent.plan(t_s);
        while t_s < until_s {
            let next_s = t_s + STEP_S;
            let there = agent.plan(next_s);
            if agent.present(t_s) && agent.present(next_s) {
                for leg in vertices.windows(2) {
                    let &[a, b] = leg else { continue };
                    let Some((share, direction)) = meet(here, there, a, b) else { continue };
                    let at = [here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])];
                    found.push(Crossing {
                        t_s: t_s + share * STEP_S,
                        agent: agent.spec.id.clone(),
                        index,
                        place: self.frame().ground(at, agent.spec.altitude_m),
                        east_north_m: at,
                        direction,
                    });
                }
            }
            (t_s, here) = (next_s, there);
        }
    }
}

/// Where the step from `p` to `q` meets the leg from `a` to `b`, as a share of the step in [0, 1), and which way.
fn meet(p: [f64; 2], q: [f64; 2], a: [f64; 2], b: [f64; 2]) -> Option<(f64, Direction)> {
    let reach = (q[0] - p[0]).abs() + (q[1] - p[1]).abs();
    if p[0] < a[0].min(b[0]) - reach
        || p[0] > a[0].max(b[0]) + reach
        || p[1] < a[1].min(b[1]) - reach
        || p[1] > a[1].max(b[1]) + reach
    {
        return None;
    }
    let (step, leg) = ([q[0] - p[0], q[1] - p[1]], [b[0] - a[0], b[1] - a[1]]);
    let side = |x: [f64; 2]| leg[0] * (x[1] - a[1]) - leg[1] * (x[0] - a[0]);
    let (before, after) = (side(p), side(q));
    // Standing exactly on the line counts as left, so that every crossing is counted once.
    if (before >= 0.0) == (after >= 0.0) {
        return None;
    }
    let share = before / (before - after);
    let at = [p[0] + share * step[0], p[1] + share * step[1]];
    let along = (at[0] - a[0]) * leg[0] + (at[1] - a[1]) * leg[1];
    let inside = along >= 0.0 && along < leg[0] * leg[0] + leg[1] * leg[1];
    let direction = if before >= 0.0 { Direction::LeftToRight } else { Direction::RightToLeft };
    inside.then_some((share, direction))
}
