//! The decoder as the engine uses it: a recording's lines in, scans out.

use std::sync::Arc;

use linewatch::geo::Geodetic;
use linewatch::scan::{Class, Detection, Look, Measurement, Scan};
use linewatch::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use linewatch::wire::nmea::ais::Message;
use linewatch::wire::nmea::{Decoder, REASONS};
use linewatch::wire::{Decoded, Rejection};

use super::fields::{self, Fields};
use super::{RECEIVED, heard, shared};

/// A transponder receiver somewhere, without configured errors.
pub(super) fn model() -> SensorModel {
    SensorModel {
        id: SensorId::new("ais-1").unwrap(),
        kind: SensorKind::Transponder,
        format: Format::Nmea,
        position: Some(Geodetic::from_degrees(52.84, 5.7, 10.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 100_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: Arc::from("ais-1"),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

/// Decodes `lines` one frame each; gives the scans, what was refused, and what was not known.
pub(super) fn decode<'a>(
    decoder: &mut Decoder,
    lines: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Scan>, Vec<Rejection>, u32) {
    let (mut scans, mut refused, mut unknown, mut out) = (Vec::new(), Vec::new(), 0, Decoded::default());
    for line in lines {
        out.clear();
        match decoder.decode(RECEIVED, line, &mut out) {
            Ok(()) => {
                scans.append(&mut out.scans);
                refused.append(&mut out.refused);
                unknown += out.unknown_fields;
            }
            Err(reason) => refused.push(reason),
        }
    }
    assert!(refused.iter().all(|refused| REASONS.contains(&refused.reason)), "{refused:?}");
    (scans, refused, unknown)
}

/// The position reports that must come out as detections, of ships whose position is known and on the globe.
fn reports(text: &str) -> Vec<Fields> {
    let (heard, _) = heard(text);
    let others = heard.iter().filter(|heard| !heard.received.own_ship);
    let moving = others.filter(|heard| {
        !matches!(heard.received.message, Message::Aid(_) | Message::BaseStation(_) | Message::Other(_))
    });
    let fields = moving.map(|heard| fields::of(&heard.received.message));
    let on_globe = |fields: &Fields| {
        let of = |name| fields.get(name).and_then(|raw| raw.as_i64());
        of("lat").is_some_and(|lat| lat.abs() <= 54_000_000)
            && of("lon").is_some_and(|lon| lon.abs() <= 108_000_000)
    };
    fields.filter(on_globe).collect()
}

/// The counts are pyais's; the three refusals are the random bits of types 2, 9 and 27, which lie off the globe.
#[test]
fn every_position_of_every_recording_becomes_one_detection() {
    for (recording, detections, reasons) in [
        ("ais-nmea.log", 141, vec![]),
        ("gofree-merrimac.log", 1_322, vec![]),
        ("replay_dump.txt", 45, vec![]),
        ("stream_example.txt", 2_941, vec![]),
        ("libais_typeexamples.nmea", 3, vec!["out_of_range"; 3]),
    ] {
        let Some(text) = shared(recording) else { return };
        let (scans, refused, _) =
            decode(&mut Decoder::new(SensorIndex(3), &model()), text.split('\n').map(str::as_bytes));
        let expected = reports(&text);
        let found: Vec<_> = refused.iter().map(|refused| refused.reason).collect();
        assert_eq!((scans.len(), expected.len(), found), (detections, detections, reasons), "{recording}");
        for (scan, expected) in scans.iter().zip(&expected) {
            check(scan, expected);
        }
    }
}

fn check(scan: &Scan, expected: &Fields) {
    let [detection] = scan.detections.as_slice() else { panic!("{scan:?}") };
    let of = |name: &str| expected.get(name).and_then(serde_json::Value::as_i64);
    let kind = of("type").unwrap();
    assert_eq!((scan.sensor, &scan.look, scan.part), (SensorIndex(3), &Look::Unknown, None));
    assert_eq!(detection.identity.as_deref().unwrap(), format!("mmsi:{:09}", of("mmsi").unwrap()));
    let Measurement::Position { at, covariance_m2, .. } = detection.measurement else { panic!("{scan:?}") };
    let near = |found: f64, raw: i64| assert!((found * 600_000.0 - raw as f64).abs() < 1e-3, "{scan:?}");
    near(at.lat_deg(), of("lat").unwrap());
    near(at.lon_deg(), of("lon").unwrap());
    let variance_m2 = if expected["accuracy"] == true { 25.0 } else { 225.0 };
    let off = covariance_m2.iter().zip([variance_m2, 0.0, variance_m2]).map(|(found, is)| (found - is).abs());
    assert!(off.sum::<f64>() < 1e-9, "{covariance_m2:?}");
    velocity(detection, of("speed").unwrap(), of("course").unwrap());
    let class = if kind == 9 { Class::Aircraft } else { Class::Vessel };
    assert!(Class::ALL.iter().zip(detection.class).all(|(each, says)| (*each == class) == (says > 0.5)));
    // Seconds 60 and above are no time; below, the time of receipt moves back by less than a minute.
    let age_s = RECEIVED.since(scan.time).as_secs_f64();
    match of("second").filter(|second| *second < 60) {
        Some(second) => {
            assert!((-1.0..59.0).contains(&age_s) && scan.time.floor_secs().rem_euclid(60) == second)
        }
        None => assert_eq!(scan.time, RECEIVED),
    }
}

/// Knots and degrees over ground from east and north, or nothing.
fn velocity(detection: &Detection, speed: i64, course: i64) {
    match detection.velocity {
        None => assert!(speed >= 1_022 || course >= 3_600, "{detection:?}"),
        Some(velocity) => {
            let knots = libm::hypot(velocity.east_mps, velocity.north_mps) * 3_600.0 / 1_852.0;
            assert!((knots * 10.0 - speed as f64).abs() < 1e-6, "{detection:?}");
            let degrees = libm::atan2(velocity.east_mps, velocity.north_mps).to_degrees().rem_euclid(360.0);
            assert!(speed == 0 || (degrees * 10.0 - course as f64).abs() < 1e-6, "{detection:?}");
        }
    }
}

#[test]
fn a_ship_receiver_takes_its_pose_from_its_own_instruments() {
    let Some(text) = shared("ais-nmea.log") else { return };
    let mobile = SensorModel { mobile: true, position: None, ..model() };
    let mut decoder = Decoder::new(SensorIndex(3), &mobile);
    let (scans, refused, _) = decode(&mut decoder, text.split('\n').map(str::as_bytes));
    assert_eq!((scans.len(), refused.len()), (141, 0));
    for scan in &scans {
        let at = scan.pose.expect("the receiver speaks before the first report").position;
        // Moored: all its fixes lie within some metres of 52°50.5367' N 5°42.3492' E, 45.8 - 6 m over the ellipsoid.
        assert!(
            (at.lat_deg() - 52.842_278).abs() < 1e-4 && (at.lon_deg() - 5.705_820).abs() < 1e-4,
            "{at:?}"
        );
        assert!((30.0..50.0).contains(&at.altitude_m), "{at:?}");
    }
}

#[test]
fn names_and_types_are_remembered() {
    let Some(text) = shared("ais-nmea.log") else { return };
    let mut decoder = Decoder::new(SensorIndex(3), &model());
    decode(&mut decoder, text.split('\n').map(str::as_bytes));
    let ship = decoder.ship(371_255_000).unwrap();
    assert_eq!((ship.name.as_deref(), ship.callsign.as_deref()), (Some("SEA ENTERPRISE"), Some("HP6683")));
    assert_eq!((&*ship.identity, ship.ship_type), ("mmsi:371255000", Some(90)));
    let ship = decoder.ship(244_670_701).unwrap();
    assert_eq!((ship.name.as_deref(), ship.ship_type), (Some("BRANDAL"), Some(37)));
}
