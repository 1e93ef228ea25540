//! A small buried node: binary frames of short-range detections over a serial line.

use super::rig::{Echo, Rig};
use super::{Emission, Firmware};
use crate::encode::frame::{self, Class as Code, Detection, Look, Measurement, Scan};
use crate::links::Kind;
use crate::scenario::Class;
use crate::world::World;

pub(super) struct FieldNode {
    rig: Rig,
    at_s: f64,
}

impl FieldNode {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, at_s }
    }

    fn report(&mut self, echo: &Echo) -> Detection {
        let likelihood_percent = counted(self.rig.chance.between(50.0, 75.0), 1.0);
        Detection {
            offset_ms: 0,
            snr_cdb: Some(1200),
            class: echo.of.map(|(_, class)| Code {
                code: code(class),
                likelihood_percent: u8::try_from(likelihood_percent).unwrap_or(50),
            }),
            measurement: Measurement::Polar {
                range_cm: counted(echo.polar.range_m, 100.0).max(1),
                azimuth_mdeg: counted(echo.polar.azimuth_deg, 1000.0) % 360_000,
                range_sigma_cm: counted(self.rig.spec.range_sigma_m, 100.0),
                azimuth_sigma_mdeg: counted(self.rig.spec.azimuth_sigma_deg, 1000.0),
                elevation_mdeg: None,
                range_rate: None,
            },
        }
    }
}

impl Firmware for FieldNode {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        let t_s = self.at_s;
        let echoes = self.rig.echoes(world, t_s);
        let detections = echoes.iter().map(|echo| self.report(echo)).collect();
        let (boot, seq) = self.rig.number(t_s);
        let scan = Scan {
            version: 1,
            boot: u32::try_from(boot).unwrap_or(u32::MAX),
            seq: u32::try_from(seq).unwrap_or(u32::MAX),
            time_us: u64::try_from(self.rig.stamp_ns(t_s) / 1_000).unwrap_or(0),
            pose: None,
            look: Look::FieldOfView,
            detections,
        };
        let due_s = t_s + self.rig.spec.delay_s;
        out.push(Emission { due_s, kind: Kind::Frame, bytes: frame::encode(&scan) });
        self.at_s += self.rig.spec.period_s;
    }
}

const fn code(class: Class) -> u8 {
    match class {
        Class::Person => 0,
        Class::Animal => 1,
        Class::LightVehicle => 2,
        Class::HeavyVehicle => 3,
        Class::TrackedVehicle => 4,
        Class::Aircraft => 5,
        Class::Drone => 6,
        Class::Vessel => 7,
    }
}

/// A physical quantity as a whole number of its wire unit.
fn counted(value: f64, per_unit: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casting saturates")]
    let whole = (value * per_unit).round() as u32;
    whole
}
