//! The simulators' encoders against the daemon's decoders: what one side says is what the other understands, within
//! the format's resolution; and what noise makes of it is refused or still sound.

mod ais;
mod asterix;
mod corrupted;
mod frame;
mod json;
mod nmea;
#[path = "../../../src/wire/sound.rs"]
pub(crate) mod sound;

use linewatch::geo::Geodetic;
use linewatch::scan::{Detection, Measurement, Scan};
use linewatch::sensor::{Format, SensorIndex, SensorKind, SensorModel};
use linewatch::time::Timestamp;
use linewatch::wire::{Decoded, Decoder};
use proptest::prelude::*;

use crate::rig::sample;

/// When everything here is received: 2026-01-01T12:00:00Z.
const RECEIVED: Timestamp = Timestamp::from_secs(1_767_268_800);

/// Nothing is written beside the tests.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// A fixed sensor.
fn sensor(kind: SensorKind, format: Format) -> SensorModel {
    SensorModel {
        position: Some(Geodetic::from_degrees(-49.0, 69.6, 20.0)),
        ..sample::sensor("x1", kind, format)
    }
}

fn decoder(model: &SensorModel) -> Decoder {
    Decoder::new(SensorIndex(0), model)
}

/// What a fresh decoder makes of one frame: nothing refused, nothing unknown.
fn understood(model: &SensorModel, bytes: &[u8]) -> Vec<Scan> {
    let mut out = Decoded::default();
    let done = decoder(model).decode(RECEIVED, bytes, &mut out);
    done.unwrap_or_else(|refused| panic!("{refused}: {}", String::from_utf8_lossy(bytes)));
    assert_eq!((out.refused, out.unknown_fields), (Vec::new(), 0), "{}", String::from_utf8_lossy(bytes));
    out.scans.iter().for_each(sound::assert_sound);
    out.scans
}

/// The one scan of one frame.
fn one_scan(model: &SensorModel, bytes: &[u8]) -> Scan {
    let mut scans = understood(model, bytes);
    assert_eq!(scans.len(), 1, "{scans:?}");
    scans.remove(0)
}

/// The one detection of the one scan of one frame.
fn one_detection(model: &SensorModel, bytes: &[u8]) -> (Scan, Detection) {
    let mut scan = one_scan(model, bytes);
    assert_eq!(scan.detections.len(), 1, "{scan:?}");
    let detection = scan.detections.remove(0);
    (scan, detection)
}

/// Where a reported position or track is.
#[track_caller]
fn place(detection: &Detection) -> Geodetic {
    match &detection.measurement {
        Measurement::Position { at, .. } | Measurement::Track { at, .. } => *at,
        other => panic!("no place: {other:?}"),
    }
}

#[track_caller]
fn close(what: &str, found: f64, said: f64, within: f64) {
    assert!((found - said).abs() <= within, "{what}: found {found}, said {said} ± {within}");
}

/// Degrees that may differ by a whole turn.
#[track_caller]
fn close_angle(what: &str, found_rad: f64, said_deg: f64, within_deg: f64) {
    let apart = (found_rad.to_degrees() - said_deg).rem_euclid(360.0);
    assert!(
        apart.min(360.0 - apart) <= within_deg,
        "{what}: found {} degrees, said {said_deg}",
        found_rad.to_degrees()
    );
}

#[track_caller]
fn close_place(found: Geodetic, said: [f64; 2], within_deg: f64) {
    close("latitude", found.lat_deg(), said[0], within_deg);
    close("longitude", found.lon_deg(), said[1], within_deg);
}

#[track_caller]
fn close_velocity(detection: &Detection, speed_mps: f64, course_deg: f64, within: (f64, f64)) {
    let velocity = detection.velocity.expect("a velocity");
    let speed = velocity.east_mps.hypot(velocity.north_mps);
    close("speed", speed, speed_mps, within.0);
    if speed > 0.1 {
        close_angle("course", velocity.east_mps.atan2(velocity.north_mps), course_deg, within.1);
    }
}

fn lat_lon() -> impl Strategy<Value = [f64; 2]> {
    (-89.9..89.9, -179.9..179.9).prop_map(|(lat, lon)| [lat, lon])
}

fn degrees() -> std::ops::Range<f64> {
    0.0..360.0
}
