//! Laying out a built-in scenario in local metres.

use super::{AgentSpec, Class, Then, Waypoint};
use crate::world::geo::{Frame, Place};

/// Turns metres east and north into `[lat, lon]`, rounded to a centimetre so that files stay readable.
pub(super) struct Layout(Frame);

impl Layout {
    pub(super) fn new(origin: [f64; 2]) -> Self {
        Self(Frame::new(Place::new(origin, 0.0)))
    }

    pub(super) fn at(&self, east_m: f64, north_m: f64) -> [f64; 2] {
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        self.0.ground([east_m, north_m], 0.0).lat_lon().map(round)
    }

    pub(super) fn all(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        points.iter().map(|p| self.at(p[0], p[1])).collect()
    }

    /// A route through `points`, each `[east_m, north_m, pause_s]`; a negative pause passes through.
    pub(super) fn route(&self, points: &[[f64; 3]]) -> Vec<Waypoint> {
        points
            .iter()
            .map(|p| Waypoint { at: self.at(p[0], p[1]), pause_s: (p[2] >= 0.0).then_some(p[2]) })
            .collect()
    }

    /// An agent on the ground that returns the way it came.
    pub(super) fn agent(
        &self,
        id: &str,
        class: Class,
        speed_mps: f64,
        start_s: f64,
        points: &[[f64; 3]],
    ) -> AgentSpec {
        AgentSpec {
            id: id.into(),
            class,
            speed_mps,
            altitude_m: 0.0,
            start_s,
            route: self.route(points),
            then: Then::Return,
            ais: None,
            told_by: Vec::new(),
            followers: None,
            white_acceleration_m2ps3: None,
        }
    }
}
