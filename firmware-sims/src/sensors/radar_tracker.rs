//! A marine radar with its own tracker: TTM on one rotation, TLL on the next, for up to 99 targets.
//!
//! Its tracks lag and wander together with its plots: an alpha-beta filter over noisy polar plots.

use std::collections::BTreeMap;

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar::Utc;
use crate::encode::nmea::{TargetPosition, TargetStatus, TrackedTarget, tll, ttm};
use crate::links::Kind;
use crate::world::World;

/// Position gain of the filter.
const ALPHA: f64 = 0.5;
/// Velocity gain of the filter.
const BETA: f64 = 0.2;
/// Rotations before a target is tracked, and without a plot before it is lost.
const FIRM: u32 = 4;

pub(super) struct RadarTracker {
    rig: Rig,
    at_s: f64,
    rotations: u64,
    targets: BTreeMap<usize, Target>,
}

/// One tracked target, metres east and north of the radar.
struct Target {
    number: u8,
    at: [f64; 2],
    velocity: [f64; 2],
    plots: u32,
    missed: u32,
}

impl RadarTracker {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, at_s, rotations: 0, targets: BTreeMap::new() }
    }

    /// One rotation of plots into the tracks.
    fn track(&mut self, world: &World) {
        let period_s = self.rig.spec.period_s;
        for target in self.targets.values_mut() {
            for k in 0..2 {
                target.at[k] += target.velocity[k] * period_s;
            }
            target.missed += 1;
        }
        for (state, polar) in self.rig.detected(world, self.at_s) {
            let measured = self.rig.measured(polar, self.at_s);
            let (sin, cos) = measured.azimuth_deg.to_radians().sin_cos();
            let plane_m = measured.range_m * measured.elevation_deg.to_radians().cos();
            let plot = [plane_m * sin, plane_m * cos];
            let free = (1..=99).find(|number| self.targets.values().all(|target| target.number != *number));
            match self.targets.get_mut(&state.index) {
                Some(target) => {
                    let gain = if target.plots == 1 { [1.0, 1.0] } else { [ALPHA, BETA] };
                    for (k, seen) in plot.into_iter().enumerate() {
                        let innovation = seen - target.at[k];
                        target.at[k] += gain[0] * innovation;
                        target.velocity[k] += gain[1] * innovation / period_s;
                    }
                    target.plots += 1;
                    target.missed = 0;
                }
                None => {
                    let Some(number) = free else { continue };
                    let target = Target { number, at: plot, velocity: [0.0; 2], plots: 1, missed: 0 };
                    self.targets.insert(state.index, target);
                }
            }
        }
    }

    fn sentence(&self, target: &Target) -> String {
        let utc = Utc::new(self.rig.stamp_ns(self.at_s));
        let name = format!("T{:02}", target.number);
        let status = if target.missed > FIRM {
            TargetStatus::Lost
        } else if target.plots < FIRM {
            TargetStatus::Acquiring
        } else {
            TargetStatus::Tracking
        };
        let [e, n] = target.at;
        if self.rotations.is_multiple_of(2) {
            let [ve, vn] = target.velocity;
            let tracked = TrackedTarget {
                number: target.number,
                range_m: e.hypot(n),
                bearing_deg: e.atan2(n).to_degrees(),
                speed_mps: ve.hypot(vn),
                course_deg: ve.atan2(vn).to_degrees(),
                name,
                status,
                utc,
            };
            ttm("RA", &tracked)
        } else {
            let lat_lon = self.rig.frame.ground(target.at, 0.0).lat_lon();
            tll("RA", &TargetPosition { number: target.number, lat_lon, name, status, utc })
        }
    }
}

impl Firmware for RadarTracker {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        while out.is_empty() {
            self.track(world);
            for target in self.targets.values() {
                let bytes = self.sentence(target).into_bytes();
                out.push(Emission { due_s: self.at_s, kind: Kind::Frame, bytes });
            }
            self.targets.retain(|_, target| target.missed <= FIRM);
            self.rotations += 1;
            self.at_s += self.rig.spec.period_s;
            if self.rotations.is_multiple_of(100) {
                // An empty sea is silence, but the caller must get its turn.
                return;
            }
        }
    }
}
