//! What all boxes have: a place, a clock, a counter, noise, and an imperfect view.

use super::Start;
use crate::calendar;
use crate::chance::Chance;
use crate::faults::{Disturbance, Faults};
use crate::scenario::{BoxSpec, Class};
use crate::world::geo::{Frame, Place, Polar, turn_deg};
use crate::world::{State, World};

/// The body of a box.
pub(super) struct Rig {
    pub(super) spec: BoxSpec,
    pub(super) frame: Frame,
    pub(super) chance: Chance,
    pub(super) start: Start,
    faults: Faults,
    masks: Vec<Mask>,
    restarts: u32,
    seq: u64,
}

/// A part of the plane, metres of the world's frame, and the detection probability there.
struct Mask {
    corners: Vec<[f64; 2]>,
    detection_probability: f64,
}

/// What a box measured of one thing, or of nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    /// Measured.
    pub(super) polar: Polar,
    /// The agent's place in the scenario's list and its class; `None` for a false alarm.
    pub(super) of: Option<(usize, Class)>,
}

impl Rig {
    pub(super) fn new(spec: BoxSpec, world: &World, start: Start, faults: Faults) -> Self {
        let frame = Frame::new(Place::new(spec.position, spec.altitude_m));
        let chance = Chance::new(world.seed(), &format!("box {}", spec.id));
        let plan = |at: &[f64; 2]| {
            let [east, north, _] = world.frame().to_enu(Place::new(*at, 0.0));
            [east, north]
        };
        let masks = spec.masks.iter().map(|mask| Mask {
            corners: mask.polygon.iter().map(plan).collect(),
            detection_probability: mask.detection_probability,
        });
        let masks = masks.collect();
        Self { spec, frame, chance, start, faults, masks, restarts: 0, seq: 0 }
    }

    pub(super) fn disturbance(&self, t_s: f64) -> Disturbance {
        self.faults.at(t_s)
    }

    /// The box's own idea of the time at world time `t_s`.
    pub(super) fn stamp_ns(&self, t_s: f64) -> i64 {
        calendar::unix_ns(self.start.epoch_ns, t_s + self.faults.at(t_s).clock_skew_s)
    }

    /// The next scan's `boot` and `seq`.
    pub(super) fn number(&mut self, t_s: f64) -> (u64, u64) {
        let restarts = self.faults.at(t_s).restarts;
        if restarts != self.restarts {
            (self.restarts, self.seq) = (restarts, 0);
        }
        self.seq += 1;
        (self.start.boot + u64::from(restarts), self.seq)
    }

    pub(super) fn sees(&self, class: Class) -> bool {
        self.spec.sees.is_empty() || self.spec.sees.contains(&class)
    }

    pub(super) fn in_view(&self, polar: Polar) -> bool {
        polar.range_m <= self.spec.max_range_m
            && turn_deg(polar.azimuth_deg, self.spec.heading_deg).abs() <= self.spec.field_of_view_deg / 2.0
    }

    /// Whether a look at `t_s` detects an agent that stands at `polar` from here.
    pub(super) fn detects(&mut self, state: &State<'_>, polar: Polar, t_s: f64) -> bool {
        if !self.sees(state.class) || !self.in_view(polar) {
            return false;
        }
        let masked = self.masks.iter().filter(|mask| mask.holds(state.east_north_m));
        let masked = masked.map(|mask| mask.detection_probability).fold(1.0, f64::min);
        let p = self.spec.detection_probability.min(masked) * (1.0 - self.disturbance(t_s).drop_out);
        self.chance.happens(p)
    }

    /// Agents in view that this look detects, with where they truly are.
    pub(super) fn detected<'w>(&mut self, world: &'w World, t_s: f64) -> Vec<(State<'w>, Polar)> {
        let mut found = Vec::new();
        let id = self.spec.id.clone();
        for state in world.as_told_by(&id, t_s) {
            let polar = self.frame.polar(state.place);
            if self.detects(&state, polar, t_s) {
                found.push((state, polar));
            }
        }
        found
    }

    /// A true polar position as this box measures it at `t_s`.
    pub(super) fn measured(&mut self, polar: Polar, t_s: f64) -> Polar {
        let disturbance = self.disturbance(t_s);
        let range_error = self.chance.normal(self.spec.range_sigma_m) * disturbance.noise;
        let azimuth_error = self.chance.normal(self.spec.azimuth_sigma_deg) * disturbance.noise;
        let azimuth_deg = polar.azimuth_deg + azimuth_error + disturbance.azimuth_bias_deg;
        Polar {
            range_m: (polar.range_m + range_error + disturbance.range_bias_m).max(1.0),
            azimuth_deg: azimuth_deg.rem_euclid(360.0),
            ..polar
        }
    }

    /// Detections of nothing in one look at `t_s` that claims `mean` of them, uniform over the view's area.
    pub(super) fn false_alarms(&mut self, mean: f64, t_s: f64) -> Vec<Polar> {
        let mean = mean * self.disturbance(t_s).clutter;
        let spec = &self.spec;
        let (max_range_m, heading, half) = (spec.max_range_m, spec.heading_deg, spec.field_of_view_deg / 2.0);
        (0..self.chance.poisson(mean))
            .map(|_| Polar {
                range_m: (max_range_m * self.chance.unit().sqrt()).max(1.0),
                azimuth_deg: (heading + self.chance.between(-half, half)).rem_euclid(360.0),
                elevation_deg: 0.0,
            })
            .collect()
    }

    /// Everything one look of a polar sensor reports.
    pub(super) fn echoes(&mut self, world: &World, t_s: f64) -> Vec<Echo> {
        let mut echoes: Vec<Echo> = Vec::new();
        for (state, polar) in self.detected(world, t_s) {
            let polar = self.measured(polar, t_s);
            echoes.push(Echo { polar, of: Some((state.index, state.class)) });
        }
        let nothing = self.false_alarms(self.spec.false_alarms_per_scan, t_s);
        echoes.extend(nothing.into_iter().map(|polar| Echo { polar, of: None }));
        echoes
    }
}

impl Mask {
    /// Even–odd rule.
    fn holds(&self, at: [f64; 2]) -> bool {
        let mut inside = false;
        let mut from = self.corners.last().copied().unwrap_or(at);
        for &to in &self.corners {
            if (to[1] > at[1]) != (from[1] > at[1]) {
                let east = to[0] + (at[1] - to[1]) / (from[1] - to[1]) * (from[0] - to[0]);
                inside ^= at[0] < east;
            }
            from = to;
        }
        inside
    }
}
