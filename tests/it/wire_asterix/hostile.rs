//! Bytes nobody meant: a decoder never panics, and what it lets through is finite and in range.

use super::encode::{at, crossing, frame, north, plot};
use super::sensor;
use linewatch::scan::{Look, Measurement};
use linewatch::sensor::{SensorIndex, SensorKind};
use linewatch::wire::Decoded;
use linewatch::wire::asterix::{self, Decoder};
use proptest::prelude::*;

/// Decodes a row of frames and checks whatever comes out.
fn survive(frames: &[Vec<u8>]) {
    let mut decoder = Decoder::new(SensorIndex(0), &sensor(SensorKind::Radar, None));
    for (turn, bytes) in frames.iter().enumerate() {
        let _ = asterix::peek_source(bytes);
        let mut out = Decoded::default();
        let received = at(f64::from(u32::try_from(turn).unwrap()) * 0.3);
        if let Err(rejection) = decoder.decode(received, bytes, &mut out) {
            assert!(asterix::REASONS.contains(&rejection.reason), "{rejection}");
        }
        assert!(out.refused.iter().all(|rejection| asterix::REASONS.contains(&rejection.reason)));
        for scan in &out.scans {
            if let Look::Sector { from_rad, to_rad, .. } = scan.look {
                assert!((0.0..std::f64::consts::TAU).contains(&from_rad) && to_rad.is_finite());
            }
            for detection in &scan.detections {
                assert!(detection.velocity.is_none_or(|v| v.east_mps.is_finite() && v.north_mps.is_finite()));
                match &detection.measurement {
                    Measurement::Polar(polar) => {
                        assert!(polar.range_m > 0.0 && polar.range_m < 1e6);
                        assert!((0.0..std::f64::consts::TAU).contains(&polar.azimuth_rad));
                        assert!(polar.elevation_rad.is_none_or(f64::is_finite));
                    }
                    Measurement::Position { at, covariance_m2, .. }
                    | Measurement::Track { at, covariance_m2, .. } => {
                        assert!(
                            at.lat_rad.abs() < 1.58 && at.lon_rad.abs() < 3.15 && at.altitude_m.is_finite()
                        );
                        assert!(covariance_m2.iter().all(|value| value.is_finite()));
                    }
                    Measurement::Bearing { .. } => panic!("nothing here measures bearings alone"),
                }
            }
        }
    }
}

/// Honest frames of every category, to be spoilt.
fn honest() -> Vec<Vec<u8>> {
    let surface = vec![
        0xff, 0x50, 25, 1, 1, 0x61, 0x04, 0, 0, 64, 0x10, 0, 0, 0, 0x20, 0, 0, 0, 1, 0, 128, 0, 255, 0, 0, 2,
        255, 252, 0, 6, 0,
    ];
    let adsb = vec![
        0xc3, 0x19, 0x21, 0x09, 0x40, 25, 1, 1, 0x80, 16, 0, 0, 0, 0xf0, 0, 0, 0, 0x4c, 0xa7, 0xf3, 0, 0, 64,
        0x41, 0x12, 0x10, 0, 0x40, 0, 13,
    ];
    let track = vec![
        0x9b, 0x1d, 0x11, 0x04, 25, 1, 0, 0, 64, 1, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 4, 0x80, 0x3c, 0x0a,
        0x55, 0x12, 0x34, 0, 0, 16, 0xe0, 0, 8, 0, 6, 255, 254, 0, 1, 0, 2,
    ];
    vec![
        frame(&[plot(0.1, 10.0), plot(0.2, 20.0), crossing(0.5, 45.0)]),
        frame(&[crossing(1.0, 90.0), north(1.5), plot(1.2, 100.0)]),
        frame(&[(10, surface)]),
        frame(&[(21, adsb)]),
        frame(&[(62, track)]),
    ]
}

#[test]
fn the_honest_frames_are_accepted() {
    let mut decoder = Decoder::new(SensorIndex(0), &sensor(SensorKind::Radar, Some([25, 1])));
    for bytes in honest() {
        let mut out = Decoded::default();
        assert_eq!(decoder.decode(at(0.3), &bytes, &mut out), Ok(()));
        assert_eq!((out.refused, out.unknown_fields), (vec![], 0), "{bytes:02x?}");
        assert_eq!(asterix::peek_source(&bytes), Some([25, 1]));
    }
}

#[test]
fn every_honest_frame_cut_short_is_refused() {
    for bytes in honest() {
        for length in 1..bytes.len() {
            let cut = &bytes[..length];
            // Only a cut between two blocks leaves a whole frame.
            let whole = usize::from(u16::from_be_bytes([bytes[1], bytes[2]]));
            assert_eq!(asterix::parse(cut).is_ok(), length == whole, "{cut:02x?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_survive(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8),
        category in prop::sample::select(vec![10u8, 21, 34, 48, 62, 65]),
    ) {
        survive(&frames);
        // The same with an honest header, so that the items are reached.
        let headed: Vec<_> = frames.into_iter().map(|records| frame(&[(category, records)])).collect();
        survive(&headed);
    }

    #[test]
    fn spoilt_frames_survive(
        order in prop::collection::vec(0usize..5, 1..12),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
    ) {
        let honest = honest();
        let mut frames: Vec<_> = order.iter().map(|&which| honest[which].clone()).collect();
        for (turn, (place, value)) in spoils.iter().enumerate() {
            let which = turn % frames.len();
            let at = place.index(frames[which].len());
            frames[which][at] = *value;
        }
        survive(&frames);
    }
}
