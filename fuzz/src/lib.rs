//! What the fuzz targets share: sensors to decode for, what must hold of anything accepted, and the two parsers that
//! the pure library does not have.

// The included files find these as `crate::geo` and so on, as they do at home.
use linewatch::{geo, record, scan, sensor, time};

// Of the daemon, but pure: included by their paths, so that the daemon's hundred libraries need not be instrumented.
pub mod evidence;
#[path = "../../src/failpoint.rs"]
pub mod failpoint;
#[path = "../../src/sources/serial/framing.rs"]
pub mod framing;
#[path = "../../src/journal/mod.rs"]
pub mod journal;
#[path = "../../src/seal/mod.rs"]
pub mod seal;
#[path = "../../src/wire/sound.rs"]
mod sound;

use linewatch::watch::Agreement;
use linewatch::watch::agreement::{Direction, Line, Rule, RuleKind};
use linewatch::wire::{self, Decoded, Decoder};
use sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use time::Timestamp;

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

/// An engine of a radar, an AIS receiver and a node of field frames, with one line to cross.
pub fn settings() -> linewatch::engine::Settings {
    let origin = geo::Geodetic::from_degrees(35.06, 33.32, 0.0);
    let vertices =
        vec![geo::Geodetic::from_degrees(35.0, 33.3, 0.0), geo::Geodetic::from_degrees(35.1, 33.3, 0.0)];
    let line = Line { id: "line".into(), left: "west".into(), right: "east".into(), vertices };
    let kind = RuleKind::Crossing { line: 0, direction: Direction::Any };
    let rule =
        Rule { id: "crossing".into(), clause: None, classes: Vec::new(), kind, terms: Default::default() };
    let mut sensors = Vec::new();
    for (id, format, kind) in [
        ("r1", Format::Json, SensorKind::Radar),
        ("ais", Format::Nmea, SensorKind::Transponder),
        ("node", Format::Frame, SensorKind::Radar),
    ] {
        sensors.push(SensorModel { id: SensorId::new(id).expect("an id"), ..model(format, kind, false) });
    }
    linewatch::engine::Settings {
        sector: "fuzz".into(),
        exercise: true,
        origin,
        sensors,
        agreement: Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() },
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    }
}

/// The input as pieces that each begin with their length in one byte.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first()?;
        let (piece, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        Some(piece)
    })
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
        max_detections: 10_000,
        period_s: 1.0,
        mobile,
        trust_group: "r1".into(),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}
