//! What the fuzz targets share: sensors to decode for, and what must hold of anything accepted.

// The included file finds these as `crate::geo` and `crate::scan`, as it does at home.
use linewatch::{geo, scan};

#[path = "../../src/wire/sound.rs"]
mod sound;

use linewatch::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use linewatch::time::Timestamp;
use linewatch::wire::{self, Decoded, Decoder};

/// Feeds `frames` in turn to a fixed radar's and to a mobile transponder's decoder of one format, and panics if a
/// reason is not in the format's list or an accepted number is not finite and in range.
pub fn decode<'a>(format: Format, frames: impl Iterator<Item = &'a [u8]> + Clone) {
    for (kind, mobile) in [(SensorKind::Radar, false), (SensorKind::Transponder, true)] {
        let model = model(format, kind, mobile);
        let mut decoder = Decoder::new(SensorIndex(0), &model);
        let mut out = Decoded::default();
        let mut received_s = 1_767_225_600;
        for frame in frames.clone() {
            out.clear();
            let outcome = decoder.decode(Timestamp::from_secs(received_s), frame, &mut out);
            let refused = out.refused.iter().chain(outcome.as_ref().err());
            for refusal in refused {
                assert!(wire::reasons(format).contains(&refusal.reason), "{refusal}");
            }
            if outcome.is_ok() {
                out.scans.iter().for_each(sound::assert_sound);
            }
            received_s += 1;
        }
    }
}

fn model(format: Format, kind: SensorKind, mobile: bool) -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").expect("r1 is an id"),
        kind,
        format,
        position: (!mobile).then(|| geo::Geodetic::from_degrees(35.06, 33.32, 12.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: Some(60.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 20.0,
        period_s: 1.0,
        mobile,
        trust_group: "r1".into(),
        sac_sic: None,
        masks: Vec::new(),
    }
}
