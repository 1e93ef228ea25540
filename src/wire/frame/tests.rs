//! Tests of the field frame. Its examples are read out of FRAME.md, so that the page cannot drift from the decoder.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::sensor::{Format, SensorId, SensorKind};
use crate::wire::sound::assert_sound;

/// The bytes of an example on the page.
fn example(name: &str) -> Vec<u8> {
    let page = include_str!("../FRAME.md");
    let block = page.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let hex = block.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn model(mobile: bool) -> SensorModel {
    SensorModel {
        id: SensorId::new("n1").unwrap(),
        kind: SensorKind::Radar,
        format: Format::Frame,
        position: (!mobile).then(Geodetic::default),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile,
        trust_group: "n1".into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn decode(model: &SensorModel, bytes: &[u8]) -> Result<(Scan, u32), Rejection> {
    let mut out = Decoded::default();
    Decoder::new(SensorIndex(3), model).decode(Timestamp::default(), bytes, &mut out)?;
    assert!(out.refused.is_empty() && out.scans.len() == 1);
    Ok((out.scans.remove(0), out.unknown_fields))
}

/// A frame around these bytes, whatever they are.
fn framed(scan: &[u8]) -> Vec<u8> {
    cobs::encode_vec(&[scan, &crc32fast::hash(scan).to_le_bytes()].concat())
}

fn plain(frame: &[u8]) -> Vec<u8> {
    let mut plain = cobs::decode_vec(frame).unwrap();
    plain.truncate(plain.len() - CRC_BYTES);
    plain
}

/// Version 1, boot 0, seq 0, time 0, no pose, then these bytes.
fn scan(rest: &[u8]) -> Vec<u8> {
    framed(&[&[1, 0, 0, 0, 0], rest].concat())
}

#[test]
fn the_full_example_decodes_to_exactly_what_the_page_says() {
    let mut first = Detection::new(Measurement::Polar(Polar {
        range_m: 1234.56,
        azimuth_rad: 111.1_f64.to_radians(),
        range_sigma_m: 0.5,
        azimuth_sigma_rad: 0.3_f64.to_radians(),
        elevation_rad: Some((-1.5_f64).to_radians()),
        range_rate: Some((-3.1, 0.25)),
    }));
    first.offset = Span::from_nanos(400_000_000);
    first.snr_db = Some(12.75);
    first.class = [(1.0 - 0.8) / 7.0; Class::COUNT];
    first.class[0] = 0.8;
    let mut second = Detection::new(Measurement::Bearing {
        azimuth_rad: 24.13_f64.to_radians(),
        azimuth_sigma_rad: 0.2_f64.to_radians(),
    });
    second.offset = Span::from_nanos(-20_000_000);
    let mut third = Detection::new(Measurement::Position {
        at: Geodetic::from_degrees(-49.123_456_7, 69.123_456_7, 210.5),
        has_altitude: true,
        covariance_m2: [36.0, 0.0, 36.0],
    });
    third.class = [(1.0 - 0.9) / 5.0; Class::COUNT];
    third.class[2..5].fill(0.9);
    let expected = Scan {
        sensor: SensorIndex(3),
        key: Some(ScanKey { boot: 3, seq: 812 }),
        time: Timestamp::parse("2026-01-01T00:00:00.1Z").unwrap(),
        pose: None,
        look: Look::Sector {
            from_rad: 80.0_f64.to_radians(),
            to_rad: 140.0_f64.to_radians(),
            min_range_m: 0.0,
            max_range_m: 15_000.0,
        },
        part: None,
        detections: vec![first, second, third],
    };
    assert_eq!(decode(&model(false), &example("full")), Ok((expected, 0)));
}

#[test]
fn an_empty_look_and_a_moving_node_decode_as_the_page_says() {
    let (empty, _) = decode(&model(false), &example("empty")).unwrap();
    assert_eq!((empty.look, empty.detections.len()), (Look::FieldOfView, 0));
    assert_eq!(empty.key, Some(ScanKey { boot: 3, seq: 813 }));
    assert_eq!(empty.time, Timestamp::parse("2026-01-01T00:00:01.1Z").unwrap());
    let (mobile, unknown) = decode(&model(true), &example("mobile")).unwrap();
    let pose = Pose {
        position: Geodetic::from_degrees(-49.1, 69.2, 4.0),
        heading_rad: Some(90.0_f64.to_radians()),
        position_sigma_m: 1.5,
        heading_sigma_rad: 0.5_f64.to_radians(),
    };
    assert_eq!((mobile.pose, &mobile.look, unknown), (Some(pose), &Look::Unknown, 0));
    let configured = Measurement::Polar(Polar {
        range_m: 500.0,
        azimuth_rad: 359.999_f64.to_radians(),
        range_sigma_m: 15.0,
        azimuth_sigma_rad: 0.005,
        elevation_rad: None,
        range_rate: None,
    });
    assert_eq!(mobile.detections, [Detection::new(configured)]);
    let (fixed, unknown) = decode(&model(false), &example("mobile")).unwrap();
    assert_eq!((fixed.pose, unknown), (None, 1));
}

#[test]
fn every_refusal_has_its_name_and_every_name_its_refusal() {
    let mut torn = example("full");
    torn.truncate(torn.len() - 5);
    let mut flipped = example("full");
    flipped[20] ^= 1;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![1; MAX_FRAME_BYTES + 1], TOO_LARGE),
        (vec![], BAD_COBS),
        (vec![1, 0], BAD_COBS),
        (vec![9, 1], BAD_COBS),
        (torn, BAD_COBS),
        (vec![1], TOO_SHORT),
        (cobs::encode_vec(&[0; 4]), TOO_SHORT),
        (flipped, BAD_CRC),
        (framed(&[0]), BAD_VERSION),
        (framed(&[2]), BAD_VERSION),
        (framed(&[1]), BAD_POSTCARD),
        // A varint of six bytes, an option tag of 2, a look of alternative 3, a list longer than the frame.
        (framed(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), BAD_POSTCARD),
        (framed(&[1, 0, 0, 0, 2]), BAD_POSTCARD),
        (scan(&[3, 0]), BAD_POSTCARD),
        (scan(&[0, 0xff, 0xff, 0xff, 0xff, 0x0f]), BAD_POSTCARD),
        (scan(&[0, 0, 0]), TRAILING_BYTES),
        (scan(&[&[0, 0xe9, 7][..], &[0, 0, 0, 1, 0, 1].repeat(1_001)].concat()), TOO_MANY_DETECTIONS),
        (framed(&[1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]), BAD_TIME),
        // Class code 9; person at 0 percent; person at 101 percent.
        (scan(&[0, 1, 0, 0, 1, 9, 50, 1, 0, 1]), BAD_CLASS),
        (scan(&[0, 1, 0, 0, 1, 0, 0, 1, 0, 1]), BAD_CLASS),
        (scan(&[0, 1, 0, 0, 1, 0, 101, 1, 0, 1]), BAD_CLASS),
        // Equal azimuths; then equal ranges.
        (scan(&[1, 5, 5, 0, 1, 0]), BAD_LOOK),
        (scan(&[1, 5, 6, 1, 1, 0]), BAD_LOOK),
        // Azimuth 360,001; range 0; latitude -90.0000001; longitude 180.0000001; 600.001 s late.
        (scan(&[0, 1, 0, 0, 0, 1, 0xc1, 0xfc, 0x15, 1]), OUT_OF_RANGE),
        (scan(&[0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]), OUT_OF_RANGE),
        (scan(&[0, 1, 0, 0, 0, 2, 0x81, 0xa4, 0xa7, 0xda, 0x06, 0, 0, 1]), OUT_OF_RANGE),
        (scan(&[0, 1, 0, 0, 0, 2, 0, 0x82, 0xc8, 0xce, 0xb4, 0x0d, 0, 1]), OUT_OF_RANGE),
        (scan(&[0, 1, 0x82, 0x9f, 0x49, 0, 0, 1, 0, 1]), OUT_OF_RANGE),
        // A position without an error, which this sensor's configuration does not give either.
        (scan(&[0, 1, 0, 0, 0, 2, 0, 0, 0, 0]), NO_UNCERTAINTY),
    ];
    let mut seen = BTreeSet::new();
    for (at, (bytes, reason)) in cases.into_iter().enumerate() {
        let refusal = decode(&model(false), &bytes).expect_err(&format!("case {at}, {reason}"));
        assert_eq!(refusal.reason, reason, "case {at}: {refusal}");
        seen.insert(reason);
    }
    assert_eq!(decode(&model(true), &example("empty")).unwrap_err().reason, NO_POSE);
    seen.insert(NO_POSE);
    assert_eq!(seen, REASONS.iter().copied().collect());
}

#[test]
fn what_lies_next_to_a_refusal_is_taken() {
    for bytes in [
        scan(&[&[0, 0xe8, 7][..], &[0, 0, 0, 1, 0, 1].repeat(1_000)].concat()),
        scan(&[0, 1, 0, 0, 0, 1, 0xc0, 0xfc, 0x15, 1]),
        scan(&[0, 1, 0, 0, 0, 2, 0xff, 0xa3, 0xa7, 0xda, 0x06, 0x80, 0xc8, 0xce, 0xb4, 0x0d, 0, 1]),
        scan(&[0, 1, 0x80, 0x9f, 0x49, 0, 1, 8, 100, 1, 0, 1]),
        scan(&[1, 0, 0xc0, 0xfc, 0x15, 0, 1, 0]),
    ] {
        assert_sound(&decode(&model(false), &bytes).unwrap().0);
    }
}

/// Including the bytes of COBS, whose damage moves zeros rather than bits.
#[test]
fn one_damaged_byte_is_always_noticed() {
    let good = example("full");
    for at in 0..good.len() {
        for change in 1..=255 {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            assert!(decode(&model(false), &bytes).is_err(), "byte {at} changed by {change:02x}");
        }
    }
}

fn check(bytes: &[u8]) {
    for mobile in [true, false] {
        match decode(&model(mobile), bytes) {
            Ok((scan, _)) => assert_sound(&scan),
            Err(refusal) => assert!(REASONS.contains(&refusal.reason), "{refusal}"),
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived_with_and_without_a_frame_around_them(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        rest in prop::collection::vec(0..4_u8, 0..40),
    ) {
        check(&bytes);
        check(&framed(&bytes));
        check(&scan(&rest));
    }

    #[test]
    fn damage_inside_a_good_checksum_is_survived(
        name in prop::sample::select(vec!["full", "empty", "mobile"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = plain(&example(name));
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check(&framed(&bytes));
    }
}
