//! A camera with recognition: JSON scans of positions with their covariance, or of bearings alone.

use std::collections::BTreeMap;

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar;
use crate::chance::Chance;
use crate::encode::json::{Detection, Scan, encode_scan};
use crate::links::Kind;
use crate::scenario::Class;
use crate::world::World;
use crate::world::geo::Polar;

/// Time from exposure to message, world seconds.
const LATENCY_S: f64 = 0.06;

pub(super) struct Camera {
    rig: Rig,
    at_s: f64,
}

impl Camera {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, at_s }
    }

    fn report(&mut self, polar: Polar, class: Option<Class>) -> Detection {
        let class = class.map_or_else(BTreeMap::new, |class| likelihoods(class, &mut self.rig.chance));
        if self.rig.spec.bearings_only {
            let azimuth_deg = Some(self.rig.measured(polar, self.at_s).azimuth_deg);
            let azimuth_sigma_deg = Some(self.rig.spec.azimuth_sigma_deg);
            return Detection { azimuth_deg, azimuth_sigma_deg, class, ..Detection::default() };
        }
        let fault = self.rig.disturbance(self.at_s);
        // Depth from the ground plane worsens with distance; the cross error is the pixel's.
        let along_sigma = self.rig.spec.range_sigma_m * (0.25 + polar.range_m / 500.0);
        let cross_sigma = (polar.range_m * self.rig.spec.azimuth_sigma_deg.to_radians()).max(0.3);
        let along = self.rig.chance.normal(along_sigma) * fault.noise + fault.range_bias_m;
        let cross = self.rig.chance.normal(cross_sigma) * fault.noise;
        let (sin, cos) = (polar.azimuth_deg + fault.azimuth_bias_deg).to_radians().sin_cos();
        let plane = polar.range_m * polar.elevation_deg.to_radians().cos() + along;
        let at = [plane * sin + cross * cos, plane * cos - cross * sin];
        let place = self.rig.frame.ground(at, 0.0);
        let (a, c) = (along_sigma * along_sigma, cross_sigma * cross_sigma);
        let milli = |value: f64| (value * 1e3).round() / 1e3;
        let cov_m2 = [
            milli(a * sin * sin + c * cos * cos),
            milli((a - c) * sin * cos),
            milli(a * cos * cos + c * sin * sin),
        ];
        Detection {
            lat: Some(place.lat_deg),
            lon: Some(place.lon_deg),
            cov_m2: Some(cov_m2),
            class,
            ..Detection::default()
        }
    }
}

impl Firmware for Camera {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        let t_s = self.at_s;
        let mut seen: Vec<(Polar, Option<Class>)> = Vec::new();
        for (state, polar) in self.rig.detected(world, t_s) {
            seen.push((polar, Some(state.class)));
        }
        let nothing = self.rig.false_alarms(self.rig.spec.false_alarms_per_scan, t_s);
        seen.extend(nothing.into_iter().map(|polar| (polar, None)));
        let detections = seen.into_iter().map(|(polar, class)| self.report(polar, class)).collect();
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
        let due_s = t_s + LATENCY_S + self.rig.spec.delay_s;
        out.push(Emission { due_s, kind: Kind::Frame, bytes: encode_scan(&scan) });
        self.at_s += self.rig.spec.period_s;
    }
}

/// What a recogniser says of an agent: mostly right, never certain.
pub(super) fn likelihoods(class: Class, chance: &mut Chance) -> BTreeMap<&'static str, f64> {
    use Class::{Aircraft, Animal, Drone, HeavyVehicle, LightVehicle, Person, TrackedVehicle, Vessel};
    let sure = (chance.between(0.8, 0.97) * 100.0).round() / 100.0;
    let (second, third) = match class {
        Person => (Animal, LightVehicle),
        Animal => (Person, LightVehicle),
        LightVehicle => (HeavyVehicle, Person),
        HeavyVehicle => (LightVehicle, TrackedVehicle),
        TrackedVehicle => (HeavyVehicle, LightVehicle),
        Aircraft => (Drone, Vessel),
        Drone => (Aircraft, Animal),
        Vessel => (HeavyVehicle, LightVehicle),
    };
    let cents = |value: f64| (value * 100.0).round() / 100.0;
    let rest = 1.0 - sure;
    BTreeMap::from([
        (class.as_str(), sure),
        (second.as_str(), cents(rest * 0.6).max(0.01)),
        (third.as_str(), cents(rest * 0.3).max(0.01)),
    ])
}
