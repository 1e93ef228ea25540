//! A rotating primary radar: CAT048 plots sector by sector, with CAT034 north marks and sector crossings.
//!
//! One frame per sector, sent as the antenna leaves it: first its plots, then the mark of the sector that begins.

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar;
use crate::encode::asterix::{Plot, Sector, encode_cat034, encode_cat048};
use crate::links::Kind;
use crate::scenario::Class;
use crate::world::World;

/// Sectors in a rotation.
const SECTORS: u32 = 16;

pub(super) struct Radar {
    rig: Rig,
    /// Sectors swept since the start.
    swept: u64,
    /// Boundary of the current sector, world seconds.
    at_s: f64,
}

impl Radar {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, swept: 0, at_s }
    }

    fn sector_s(&self) -> f64 {
        self.rig.spec.period_s / f64::from(SECTORS)
    }

    /// Index of the sector that begins after `swept` sectors.
    fn sector(&self) -> u32 {
        u32::try_from(self.swept % u64::from(SECTORS)).expect("a remainder below 16")
    }

    fn tod_s(&self, t_s: f64) -> f64 {
        calendar::time_of_day_s(self.rig.stamp_ns(t_s))
    }

    /// The marks for the sector that begins at `t_s`.
    fn marks(&self, t_s: f64, sac_sic: [u8; 2], bytes: &mut Vec<u8>) {
        let sector = self.sector();
        let tod_s = self.tod_s(t_s);
        if sector == 0 {
            let spec = &self.rig.spec;
            let position = Some((spec.position, spec.altitude_m));
            let north = Sector::North { rotation_s: spec.period_s, position };
            bytes.extend(encode_cat034(sac_sic, tod_s, north));
        }
        let azimuth_deg = f64::from(sector) * 360.0 / f64::from(SECTORS);
        bytes.extend(encode_cat034(sac_sic, tod_s, Sector::Crossing { azimuth_deg }));
    }

    /// Plots of the sector that began at `self.at_s`, in azimuth order.
    fn plots(&mut self, world: &World) -> Vec<Plot> {
        let (width_deg, sector_s) = (360.0 / f64::from(SECTORS), self.sector_s());
        let from_deg = f64::from(self.sector()) * width_deg;
        let middle_s = self.at_s + sector_s / 2.0;
        let mut found = Vec::new();
        let id = self.rig.spec.id.clone();
        for state in world.as_told_by(&id, middle_s) {
            let polar = self.rig.frame.polar(state.place);
            let inside = (from_deg..from_deg + width_deg).contains(&polar.azimuth_deg);
            if inside && self.rig.detects(&state, polar, middle_s) {
                let passed_s = self.at_s + (polar.azimuth_deg - from_deg) / width_deg * sector_s;
                found.push((passed_s, self.rig.measured(polar, middle_s), amplitude_dbm(state.class)));
            }
        }
        let mean = self.rig.spec.false_alarms_per_scan / f64::from(SECTORS);
        for mut polar in self.rig.false_alarms(mean, middle_s) {
            // A false alarm comes from wherever the beam points.
            polar.azimuth_deg = from_deg + self.rig.chance.unit() * width_deg;
            let passed_s = self.at_s + (polar.azimuth_deg - from_deg) / width_deg * sector_s;
            found.push((passed_s, polar, -95.0));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut plots = Vec::new();
        for (passed_s, polar, amplitude) in found {
            let amplitude = (amplitude + self.rig.chance.normal(3.0)).clamp(-128.0, 127.0);
            #[expect(clippy::cast_possible_truncation, reason = "clamped to the type's range")]
            let amplitude_dbm = Some(amplitude.round() as i8);
            plots.push(Plot {
                rho_m: polar.range_m,
                theta_deg: polar.azimuth_deg,
                tod_s: self.tod_s(passed_s),
                amplitude_dbm,
                doppler_mps: None,
                simulated: false,
            });
        }
        plots
    }
}

impl Firmware for Radar {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        let sac_sic = self.rig.spec.sac_sic.unwrap_or([0, 0]);
        let mut bytes = Vec::new();
        if self.swept == 0 {
            self.marks(self.at_s, sac_sic, &mut bytes);
            out.push(Emission { due_s: self.at_s, kind: Kind::Frame, bytes: std::mem::take(&mut bytes) });
        }
        let plots = self.plots(world);
        if !plots.is_empty() {
            bytes.extend(encode_cat048(sac_sic, &plots));
        }
        self.swept += 1;
        self.at_s += self.sector_s();
        self.marks(self.at_s, sac_sic, &mut bytes);
        out.push(Emission { due_s: self.at_s, kind: Kind::Frame, bytes });
    }
}

/// Mean echo amplitude: bigger things echo more.
const fn amplitude_dbm(class: Class) -> f64 {
    match class {
        Class::Vessel => -55.0,
        Class::HeavyVehicle | Class::TrackedVehicle | Class::Aircraft => -65.0,
        Class::LightVehicle => -72.0,
        Class::Person | Class::Animal | Class::Drone => -85.0,
    }
}
