//! Whatever arrives: no panic, only documented reasons, only finite numbers.

use linewatch::scan::{Measurement, Scan};
use linewatch::sensor::{SensorIndex, SensorModel};
use linewatch::time::Timestamp;
use linewatch::wire::Decoded;
use linewatch::wire::nmea::{Decoder, REASONS};
use proptest::prelude::*;

use super::decoder::model;

/// One good sentence of every kind, without frame and checksum.
const BODIES: &[&str] = &[
    "AIVDM,1,1,,B,13aDp<PP000IwSlN?Wm@0?wN2<1T,0",
    "AIVDM,1,1,,B,9muc;QvN2`TG6BE76wm;U7u>K>?b,0",
    "AIVDM,1,1,,B,B5MiOp0006g4up6:EV403wr5oP06,0",
    "AIVDM,1,1,,B,KvQ:1o`7EBrBQ`?w,0",
    "AIVDM,2,1,9,B,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1`?164vc03S1CCAD,0",
    "AIVDM,2,2,9,B,`88888888888880,2",
    "AIVDO,1,1,,B,13aDp<PP000IwSlN?Wm@0?wN2<1T,0",
    "RATTM,12,5.31,111.1,R,12.0,271.0,T,1.2,-3.0,N,,T,,120000.00,A",
    "RATLL,12,5250.53,N,00542.34,E,NAME,120000.00,T,",
    "GPRMC,213950.00,A,5250.53669,N,00542.34920,E,0.020,,070420,,,A",
    "GPGGA,213950.00,5250.53669,N,00542.34920,E,1,09,1.03,-6.0,M,45.8,M,,",
    "HEHDT,274.07,T",
    "HETHS,274.07,A",
];

/// A line whose checksums are right whatever it says, so that what is behind them is reached.
fn framed(tag: &str, body: &str) -> String {
    let summed = |text: &str| format!("{text}*{:02X}", text.bytes().fold(0, |sum, byte| sum ^ byte));
    let tag = if tag.is_empty() { String::new() } else { format!("\\{}\\", summed(tag)) };
    format!("{tag}!{}\r\n", summed(body))
}

fn finite(scan: &Scan) -> bool {
    scan.detections.iter().all(|detection| {
        let (at, covariance) = match &detection.measurement {
            Measurement::Position { at, covariance_m2, .. }
            | Measurement::Track { at, covariance_m2, .. } => (at, covariance_m2),
            other => panic!("NMEA makes no {other:?}"),
        };
        let velocity = detection.velocity.unwrap_or_default();
        let pose = scan.pose.map_or([0.0; 5], |pose| {
            let place = pose.position;
            [
                place.lat_rad,
                place.lon_rad,
                place.altitude_m,
                pose.heading_rad.unwrap_or(0.0),
                pose.position_sigma_m,
            ]
        });
        let numbers = [at.lat_rad, at.lon_rad, at.altitude_m, velocity.east_mps, velocity.north_mps];
        numbers.iter().chain(covariance).chain(&pose).all(|number| number.is_finite())
            && at.lat_deg().abs() <= 90.0
            && at.lon_deg().abs() <= 180.0
            && covariance[0] * covariance[2] > covariance[1] * covariance[1]
    })
}

/// Decodes the frames on a fixed and on a mobile sensor and checks all that comes out; gives the number of scans.
fn survives(frames: &[Vec<u8>]) -> usize {
    let fixed = SensorModel { position_sigma_m: Some(60.0), ..model() };
    let mobile = SensorModel { mobile: true, position: None, ..fixed.clone() };
    let mut scans = 0;
    for model in [fixed, mobile] {
        let mut decoder = Decoder::new(SensorIndex(0), &model);
        let mut out = Decoded::default();
        for (at, frame) in (0..).zip(frames) {
            out.clear();
            let received = Timestamp::from_secs(1_586_295_590 + at);
            let refused = decoder.decode(received, frame, &mut out).err();
            assert!(out.refused.iter().chain(&refused).all(|refused| REASONS.contains(&refused.reason)));
            assert!(refused.is_some() || out.scans.iter().all(finite), "{out:?}");
            scans += out.scans.len();
        }
    }
    scans
}

#[test]
fn the_good_sentences_are_good() {
    let frames: Vec<_> = BODIES.iter().rev().map(|body| framed("", body).into_bytes()).collect();
    // Three AIS positions (type 9 here is off the globe, 27 too) and two targets, on both sensors.
    assert_eq!(survives(&frames), 2 * 4);
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), " -~"), 0..4);
    let tag =
        prop_oneof![Just(String::new()), "g:[0-9]-[0-9]-[0-9]", "c:[0-9]{0,20}", "[ -~&&[^*\\\\]]{0,20}"];
    (prop::sample::select(BODIES), edits, tag, any::<bool>()).prop_map(|(body, edits, tag, reframe)| {
        let mut bytes = body.as_bytes().to_vec();
        for (at, with) in edits {
            let at = at.index(bytes.len());
            bytes[at] = with.as_bytes()[0];
        }
        let text = String::from_utf8(bytes).unwrap();
        if reframe { framed(&tag, &text.replace('*', "0")).into_bytes() } else { text.into_bytes() }
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        survives(&frames);
    }

    #[test]
    fn sentences_with_wrong_characters(frames in prop::collection::vec(mutated(), 1..20)) {
        survives(&frames);
    }

    #[test]
    fn any_payload(payload in "[0-W`-w]{1,80}", fill in 0..6, kind in "[12359BCEHK]") {
        survives(&[framed("", &format!("AIVDM,1,1,,A,{kind}{payload},{fill}")).into_bytes()]);
    }
}
