//! Radars and lidars that send the ranges and azimuths of one whole look as one JSON scan.
//!
//! A lidar's beams meet a thing several times: its echoes lie anywhere on the thing's outline, each with its own noise.

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar;
use crate::encode::json::{Detection, Scan, encode_scan};
use crate::links::Kind;
use crate::scenario::Class;
use crate::world::geo::Polar;
use crate::world::{State, World};

pub(super) struct Plots {
    rig: Rig,
    at_s: f64,
}

impl Plots {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, at_s }
    }

    /// The echoes of one thing in one look.
    fn echoes(&mut self, world: &World, state: &State<'_>, polar: Polar, out: &mut Vec<Polar>) {
        let [fewest, most] = self.rig.spec.echoes;
        if most <= 1 {
            out.push(self.rig.measured(polar, self.at_s));
            return;
        }
        let [length_m, width_m] = size_m(state.class);
        let speed = state.speed_mps();
        let along = if speed > 0.1 { state.velocity_mps.map(|v| v / speed) } else { [1.0, 0.0] };
        for k in 1..=most {
            // So that each number from the fewest to the most is equally likely.
            let left = f64::from(most.saturating_sub(k) + 1);
            if k > fewest.max(1) && !self.rig.chance.happens(left / (left + 1.0)) {
                break;
            }
            let ahead_m = self.rig.chance.between(-0.5, 0.5) * length_m;
            let aside_m = self.rig.chance.between(-0.5, 0.5) * width_m;
            let [east, north] = state.east_north_m;
            let at = [
                east + ahead_m * along[0] - aside_m * along[1],
                north + ahead_m * along[1] + aside_m * along[0],
            ];
            let polar = self.rig.frame.polar(world.frame().ground(at, state.place.alt_m));
            out.push(self.rig.measured(polar, self.at_s));
        }
    }
}

impl Firmware for Plots {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        let t_s = self.at_s;
        let mut plots = Vec::new();
        for (state, polar) in self.rig.detected(world, t_s) {
            self.echoes(world, &state, polar, &mut plots);
        }
        plots.extend(self.rig.false_alarms(self.rig.spec.false_alarms_per_scan, t_s));
        // By azimuth, as a beam turns: the order must not tell what is real.
        plots.sort_by(|a, b| a.azimuth_deg.total_cmp(&b.azimuth_deg));
        let detections = plots.iter().map(|polar| Detection {
            range_m: Some(polar.range_m),
            azimuth_deg: Some(polar.azimuth_deg),
            ..Detection::default()
        });
        let detections = detections.collect();
        let (boot, seq) = self.rig.number(t_s);
        let scan = Scan {
            sensor: self.rig.spec.id.clone(),
            boot,
            seq,
            time: calendar::rfc3339(self.rig.stamp_ns(t_s)),
            look: None,
            part: None,
            pose: None,
            detections,
        };
        let due_s = t_s + self.rig.spec.delay_s;
        out.push(Emission { due_s, kind: Kind::Frame, bytes: encode_scan(&scan) });
        self.at_s += self.rig.spec.period_s;
    }
}

/// Length and width, metres.
const fn size_m(class: Class) -> [f64; 2] {
    match class {
        Class::Person | Class::Animal | Class::Drone => [0.6, 0.6],
        Class::LightVehicle => [4.5, 1.8],
        Class::HeavyVehicle | Class::TrackedVehicle => [9.0, 2.5],
        Class::Vessel => [12.0, 4.0],
        Class::Aircraft => [20.0, 18.0],
    }
}
