//! A satellite's ground station: every so often the whole scene as track reports, or as mere positions, a good while
//! after the picture.

use std::collections::BTreeMap;

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar;
use crate::encode::json::{Detection, Scan, encode_scan};
use crate::links::Kind;
use crate::world::World;
use crate::world::geo::{Frame, Place};

/// One-sigma error of a reported velocity component, metres per second.
const VELOCITY_SIGMA_MPS: f64 = 1.0;

pub(super) struct Satellite {
    rig: Rig,
    at_s: f64,
}

impl Satellite {
    pub(super) fn new(rig: Rig) -> Self {
        let at_s = rig.start.at_s;
        Self { rig, at_s }
    }
}

impl Firmware for Satellite {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        let t_s = self.at_s;
        let fault = self.rig.disturbance(t_s);
        let sigma_m = self.rig.spec.position_sigma_m;
        let is_tracked = !self.rig.spec.positions_only;
        let mut detections = Vec::new();
        // It looks from above: everything in the scene is in view.
        let id = self.rig.spec.id.clone();
        for state in world.as_told_by(&id, t_s) {
            let p = self.rig.spec.detection_probability * (1.0 - fault.drop_out);
            let missed = !self.rig.chance.happens(p);
            if !self.rig.sees(state.class) || missed {
                continue;
            }
            let mut error = || self.rig.chance.normal(1.0) * fault.noise;
            let [east, north] = [error() * sigma_m, error() * sigma_m];
            let [ve, vn] = state.velocity_mps.map(|v| v + error() * VELOCITY_SIGMA_MPS);
            let here = Frame::new(Place { alt_m: 0.0, ..state.place });
            let place = here.ground([east + fault.range_bias_m, north], state.place.alt_m);
            detections.push(Detection {
                lat: Some(place.lat_deg),
                lon: Some(place.lon_deg),
                cov_m2: Some([sigma_m * sigma_m, 0.0, sigma_m * sigma_m]),
                speed_mps: is_tracked.then_some(ve.hypot(vn)),
                course_deg: is_tracked.then_some(ve.atan2(vn).to_degrees().rem_euclid(360.0)),
                source_track: is_tracked.then(|| format!("S-{}", 100 + state.index)),
                class: BTreeMap::from([(state.class.as_str(), 0.7)]),
                ..Detection::default()
            });
        }
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
