//! ASTERIX: recorded traffic against what an independent decoder says of it, rotation into looks, hostile bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod encode;
mod hostile;
mod items;
mod radars;
mod reference;
mod rotation;

use std::path::PathBuf;

use linewatch::scan::{Class, Look, Measurement};
use linewatch::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use linewatch::time::Timestamp;
use linewatch::wire::Decoded;
use linewatch::wire::asterix::{self, Decoder, Record};

/// The folder of samples; nothing, loudly, where it is not at hand.
fn samples() -> Option<PathBuf> {
    let shared = std::env::var("LINEWATCH_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").into());
    let folder = PathBuf::from(shared).join("data/asterix");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no samples at {}", folder.display());
    None
}

/// The frames of a file with their times of receipt in seconds: a classic pcap's UDP payloads, else the whole file.
fn frames(name: &str, file: &[u8]) -> Vec<(f64, Vec<u8>)> {
    if !name.ends_with(".pcap") {
        return vec![(0.0, file.to_vec())];
    }
    let little = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((little(0), little(20)), (0xa1b2_c3d4, 1), "classic little-endian pcap of Ethernet frames");
    let mut at = 24;
    let mut out = Vec::new();
    while at < file.len() {
        let captured = little(at + 8) as usize;
        let packet = &file[at + 16..at + 16 + captured];
        assert_eq!((&packet[12..14], packet[23]), (&[8, 0][..], 17), "IPv4 and UDP");
        let udp = 14 + usize::from(packet[14] & 15) * 4;
        // The UDP length, not the packet's: short Ethernet frames are padded.
        let length = usize::from(u16::from_be_bytes([packet[udp + 4], packet[udp + 5]]));
        let time = f64::from(little(at)) + f64::from(little(at + 4)) / 1e6;
        out.push((time, packet[udp + 8..udp + length].to_vec()));
        at += 16 + captured;
    }
    out
}

/// A sensor that stands at 35.1 N 33.4 E and measures everything.
fn sensor(kind: SensorKind, sac_sic: Option<[u8; 2]>) -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").unwrap(),
        kind,
        format: Format::Asterix,
        position: Some(linewatch::geo::Geodetic::from_degrees(35.1, 33.4, 100.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 400_000.0,
        range_sigma_m: Some(50.0),
        azimuth_sigma_rad: Some(0.002),
        position_sigma_m: Some(60.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 4.0,
        mobile: false,
        trust_group: "r1".into(),
        sac_sic,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

/// Decodes frames with their times of receipt; scans and the reasons of everything refused.
fn run(
    decoder: &mut Decoder,
    frames: &[(Timestamp, Vec<u8>)],
) -> (Vec<linewatch::scan::Scan>, Vec<&'static str>) {
    let (mut scans, mut refused) = (Vec::new(), Vec::new());
    for (received, frame) in frames {
        let mut out = Decoded::default();
        match decoder.decode(*received, frame, &mut out) {
            Ok(()) => {
                scans.append(&mut out.scans);
                refused.extend(out.refused.iter().map(|rejection| rejection.reason));
            }
            Err(rejection) => refused.push(rejection.reason),
        }
    }
    assert!(refused.iter().all(|reason| asterix::REASONS.contains(reason)), "{refused:?}");
    (scans, refused)
}

fn sample(folder: &std::path::Path, name: &str, received: &str) -> (Timestamp, Vec<u8>) {
    (Timestamp::parse(received).unwrap(), std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn a_range_beyond_its_item_is_read_and_refused_by_name() {
    let Some(folder) = samples() else { return };
    // Edition 1.23: the reference decoder makes nothing of it; worked by hand from the octets.
    let (received, frame) = sample(&folder, "cat048ed1.23.bin", "2026-01-01T09:18:00Z");
    let parsed = asterix::parse(&frame).unwrap();
    let [Record::Plot(record)] = parsed.records.as_slice() else { panic!("{parsed:?}") };
    assert_eq!(record.source, Some([0, 1]));
    assert_eq!(record.address, Some(0xab_4cbd));
    assert_eq!(record.flight_level.map(|level| level.level), Some(370.0));
    assert_eq!((record.track_number, record.skipped), (Some(0x397), 1));
    let descriptor = record.descriptor.unwrap();
    assert!(descriptor.extended_range && !descriptor.test);
    let (scans, refused) =
        run(&mut Decoder::new(SensorIndex(0), &sensor(SensorKind::Radar, None)), &[(received, frame)]);
    assert_eq!((scans.len(), refused), (0, vec!["extended_range"]));
}

#[test]
fn other_categories_become_detections_that_claim_nothing() {
    let Some(folder) = samples() else { return };
    for (name, received, kind, detections) in [
        ("cat062cat065.raw", "2026-01-01T08:35:12Z", SensorKind::Radar, 2),
        ("cat062ed1.16.bin", "2026-01-01T16:00:18Z", SensorKind::Radar, 1),
        ("cat21_re.ast", "2026-01-01T08:00:03Z", SensorKind::Transponder, 2),
        ("cat021ed2.1.bin", "2026-01-01T09:18:23Z", SensorKind::Transponder, 1),
        ("cat010ed0.31.bin", "2026-01-01T06:51:33Z", SensorKind::Radar, 1),
    ] {
        let frame = sample(&folder, name, received);
        // cat21_re.ast is two blocks of one second: one frame here.
        let (scans, refused) = run(&mut Decoder::new(SensorIndex(3), &sensor(kind, None)), &[frame]);
        assert_eq!(refused, [""; 0], "{name}");
        assert_eq!(scans.len(), 1, "{name}");
        assert_eq!((&scans[0].look, scans[0].detections.len()), (&Look::Unknown, detections), "{name}");
        for detection in &scans[0].detections {
            match &detection.measurement {
                Measurement::Track { source_track, .. } => assert!(name.contains("062"), "{source_track}"),
                Measurement::Position { .. } => assert!(name.contains("21"), "{name}"),
                Measurement::Polar(polar) => {
                    assert!(name.contains("010") && (polar.range_m - 1588.0).abs() < 1e-9, "{name}");
                }
                Measurement::Bearing { .. } => panic!("{name}"),
            }
        }
    }
    let frame = sample(&folder, "cat21_re.ast", "2026-01-01T08:00:03Z");
    let model = sensor(SensorKind::Transponder, Some([0, 1]));
    let (scans, _) = run(&mut Decoder::new(SensorIndex(0), &model), &[frame]);
    let vehicle = &scans[0].detections[1];
    assert_eq!(vehicle.identity.as_deref(), Some("icao:000002"));
    assert!(vehicle.class[Class::LightVehicle as usize] > vehicle.class[Class::Aircraft as usize]);
}
