//! Noise on the line: whatever a decoder is given, it refuses it under a known name or gives what is sound, and goes on.

use firmware_sims::encode::asterix::{Plot, encode_cat048};
use firmware_sims::scenario::{BoxKind, kerguelen};
use firmware_sims::sensors::{Start, record};
use firmware_sims::world::World;
use linewatch::geo::Geodetic;
use linewatch::sensor::{Format, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::wire::{Decoded, reasons, status};
use proptest::prelude::*;
use proptest::sample::Index;

use super::{decoder, sensor, sound::assert_sound};

/// What happens to the bytes of one frame.
#[derive(Clone, Debug)]
enum Noise {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, u8),
    Repeat(Index),
    Swap(Index, Index),
}

fn noise() -> impl Strategy<Value = Noise> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), 1..=255_u8).prop_map(|(at, mask)| Noise::Flip(at, mask)),
        1 => at().prop_map(Noise::Cut),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Noise::Insert(at, byte)),
        1 => at().prop_map(Noise::Repeat),
        1 => (at(), at()).prop_map(|(a, b)| Noise::Swap(a, b)),
    ]
}

fn spoil(bytes: &mut Vec<u8>, noise: &[Noise]) {
    for one in noise {
        let length = bytes.len();
        if length == 0 {
            return;
        }
        match one {
            Noise::Flip(at, mask) => bytes[at.index(length)] ^= *mask,
            Noise::Cut(at) => bytes.truncate(at.index(length)),
            Noise::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Noise::Repeat(at) => bytes.extend_from_within(at.index(length)..),
            Noise::Swap(a, b) => bytes.swap(a.index(length), b.index(length)),
        }
    }
}

/// Half a minute of what a box of this kind says, each with the second it leaves the box.
fn said_by(kind: BoxKind) -> Vec<(f64, Vec<u8>)> {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let spec = scenario.boxes.iter().find(|spec| spec.kind == kind).unwrap();
    let start = Start { epoch_ns: 1_767_225_600_000_000_000, boot: 1, at_s: 0.0 };
    let said = record(spec, &world, start, 30.0).unwrap();
    said.into_iter()
        .filter(|one| one.kind == firmware_sims::links::Kind::Frame)
        .map(|one| (one.due_s, one.bytes))
        .collect()
}

fn model(kind: BoxKind) -> SensorModel {
    let scenario = kerguelen();
    let spec = scenario.boxes.iter().find(|spec| spec.kind == kind).unwrap();
    let (kind, format) = match kind {
        BoxKind::Radar => (SensorKind::Radar, Format::Asterix),
        BoxKind::RadarTracker => (SensorKind::Radar, Format::Nmea),
        BoxKind::Camera => (SensorKind::Camera, Format::Json),
        BoxKind::Satellite => (SensorKind::Satellite, Format::Json),
        BoxKind::AisReceiver => (SensorKind::Transponder, Format::Nmea),
        BoxKind::FieldNode => (SensorKind::Radar, Format::Frame),
        BoxKind::PlotRadar => (SensorKind::Radar, Format::Json),
        BoxKind::Lidar => (SensorKind::Lidar, Format::Json),
    };
    SensorModel {
        id: linewatch::sensor::SensorId::new(&spec.id).unwrap(),
        position: Some(Geodetic::from_degrees(spec.position[0], spec.position[1], spec.altitude_m)),
        period_s: spec.period_s,
        ..sensor(kind, format)
    }
}

/// Frames of one box, some spoilt, through one decoder; gives how many were spoilt and how many taken.
fn run(kind: BoxKind, noises: &[Vec<Noise>]) -> (usize, usize) {
    let model = model(kind);
    let known = reasons(model.format);
    let mut decoder = decoder(&model);
    let (mut spoilt, mut taken) = (0, 0);
    let mut out = Decoded::default();
    for ((due_s, good), noise) in said_by(kind).into_iter().zip(noises.iter().cycle()) {
        let mut bytes = good.clone();
        spoil(&mut bytes, noise);
        spoilt += usize::from(bytes != good);
        let received = Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(due_s));
        out.clear();
        match decoder.decode(received, &bytes, &mut out) {
            Ok(()) => {
                taken += 1;
                out.scans.iter().for_each(assert_sound);
                assert!(
                    out.refused.iter().all(|refused| known.contains(&refused.reason)),
                    "{:?}",
                    out.refused
                );
            }
            Err(refused) => assert!(known.contains(&refused.reason), "{refused:?}"),
        }
    }
    (spoilt, taken)
}

const KINDS: [BoxKind; 6] = [
    BoxKind::Radar,
    BoxKind::RadarTracker,
    BoxKind::Camera,
    BoxKind::Satellite,
    BoxKind::AisReceiver,
    BoxKind::FieldNode,
];

#[test]
fn without_noise_everything_is_taken() {
    for kind in KINDS {
        let frames = said_by(kind).len();
        assert!(frames > 0, "{kind} says something");
        assert_eq!(run(kind, &[Vec::new()]), (0, frames), "{kind}");
    }
}

/// CRC-32 and checksums see every single bit: it is refused, or was none of the message (the case of a hex digit).
#[test]
fn a_checked_format_sees_every_single_flipped_bit() {
    for kind in [BoxKind::FieldNode, BoxKind::AisReceiver] {
        let model = model(kind);
        let (due_s, good) = said_by(kind).into_iter().next().unwrap();
        let received = Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(due_s));
        let decode = |bytes: &[u8]| {
            let mut out = Decoded::default();
            let done = decoder(&model).decode(received, bytes, &mut out);
            done.is_ok().then_some(out.scans).filter(|scans| !scans.is_empty())
        };
        let meant = decode(&good);
        assert!(meant.is_some());
        let (mut seen, mut unharmed) = (0, 0);
        for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            match decode(&bytes) {
                None => seen += 1,
                Some(scans) => {
                    assert_eq!(Some(scans), meant, "{kind}: bit {bit} of byte {at}");
                    unharmed += 1;
                }
            }
        }
        assert!(unharmed <= 2 && seen > 100, "{kind}: {seen} seen, {unharmed} unharmed");
    }
}

/// Two plots of one datagram, the time of day of one spoilt by 17 minutes, and no mark to tell.
#[test]
fn plots_of_one_scan_lie_close_in_time() {
    let plot = |tod_s, theta_deg| Plot {
        rho_m: 5_000.0,
        theta_deg,
        tod_s,
        amplitude_dbm: None,
        doppler_mps: None,
        simulated: false,
    };
    let model = model(BoxKind::Radar);
    let mut decoder = decoder(&model);
    let mut out = Decoded::default();
    for second in 0..6 {
        let plots = [plot(1_800.0 + f64::from(second), 10.0), plot(778.0 + f64::from(second), 11.0)];
        let received = Timestamp::from_secs(1_767_225_600 + 1_800 + i64::from(second));
        decoder.decode(received, &encode_cat048([25, 1], &plots), &mut out).unwrap();
    }
    assert!(!out.scans.is_empty());
    out.scans.iter().for_each(assert_sound);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_refused_by_name_or_sound(
        kind in prop::sample::select(KINDS.to_vec()),
        noises in prop::collection::vec(prop::collection::vec(noise(), 0..4), 1..20),
    ) {
        run(kind, &noises);
    }

    #[test]
    fn noise_in_a_status_is_refused_or_sound(noise in prop::collection::vec(noise(), 0..4)) {
        let said = firmware_sims::encode::json::Status::online(7, "2026-01-01T00:00:00Z".into());
        let mut bytes = firmware_sims::encode::json::encode_status(&said);
        spoil(&mut bytes, &noise);
        match status::decode(&bytes) {
            Ok(status) => prop_assert!(status.obscured.is_none_or(|part| (0.0..=1.0).contains(&part))),
            Err(refused) => prop_assert!(status::REASONS.contains(&refused.reason)),
        }
    }
}
