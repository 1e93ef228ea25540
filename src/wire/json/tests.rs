//! Tests of the JSON scan.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::scan::{Class, Detection, Polar, Velocity};
use crate::sensor::{Format, SensorId, SensorKind};
use crate::time::Span;
use crate::wire::sound::assert_sound;

/// The contract's example, without white space.
const EXAMPLE: &str = concat!(
    r#"{"sensor":"r1","boot":1,"seq":812,"time":"2026-01-01T00:00:00.100Z","#,
    r#""pose":{"position":[35.06,33.32],"altitude_m":4.0,"heading_deg":90.0},"#,
    r#""look":{"azimuth_deg":[80.0,140.0],"range_m":[0,15000]},"detections":["#,
    r#"{"range_m":10826.4,"azimuth_deg":111.1,"elevation_deg":0.2,"range_rate_mps":-3.1,"dt_s":0.4},"#,
    r#"{"azimuth_deg":24.13},{"lat":35.1153,"lon":33.3122,"alt_m":210.0,"cov_m2":[132.7,183.9,556.3]},"#,
    r#"{"lat":35.1,"lon":33.4,"speed_mps":8.0,"course_deg":271.0,"source_track":"S-118","#,
    r#""class":{"vehicle":0.8,"person":0.1},"identity":"mmsi:257000000"}]}"#
);

fn model(kind: SensorKind, mobile: bool) -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").unwrap(),
        kind,
        format: Format::Json,
        position: (!mobile).then(|| Geodetic::from_degrees(35.0, 33.0, 0.0)),
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
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn decode(model: &SensorModel, text: impl AsRef<[u8]>) -> Result<(Scan, u32), Rejection> {
    let mut out = Decoded::default();
    Decoder::new(SensorIndex(3), model).decode(Timestamp::default(), text.as_ref(), &mut out)?;
    assert!(out.refused.is_empty() && out.scans.len() == 1);
    Ok((out.scans.remove(0), out.unknown_fields))
}

/// A message of a fixed radar with these members after the four that every message has.
fn message(rest: &str) -> String {
    format!(r#"{{"sensor":"r1","boot":1,"seq":2,"time":"2026-01-01T00:00:00Z",{rest}}}"#)
}

fn one(detection: &str) -> String {
    message(&format!(r#""detections":[{detection}]"#))
}

#[test]
fn the_contracts_example_decodes_to_exactly_what_it_says() {
    let (scan, unknown) = decode(&model(SensorKind::Radar, true), EXAMPLE).unwrap();
    let polar = Measurement::Polar(Polar {
        range_m: 10826.4,
        azimuth_rad: 111.1_f64.to_radians(),
        range_sigma_m: 15.0,
        azimuth_sigma_rad: 0.005,
        elevation_rad: Some(0.2_f64.to_radians()),
        range_rate: Some((-3.1, 1.0)),
    });
    let mut first = Detection::new(polar);
    first.offset = Span::from_nanos(400_000_000);
    let azimuth_rad = 24.13_f64.to_radians();
    let second = Detection::new(Measurement::Bearing { azimuth_rad, azimuth_sigma_rad: 0.005 });
    let third = Detection::new(Measurement::Position {
        at: Geodetic::from_degrees(35.1153, 33.3122, 210.0),
        has_altitude: true,
        covariance_m2: [132.7, 183.9, 556.3],
    });
    let mut fourth = Detection::new(Measurement::Track {
        at: Geodetic::from_degrees(35.1, 33.4, 0.0),
        has_altitude: false,
        covariance_m2: [3600.0, 0.0, 3600.0],
        source_track: "S-118".into(),
    });
    fourth.velocity = Some(Velocity::from_course(8.0, 271.0_f64.to_radians()));
    fourth.class = [0.01; Class::COUNT];
    fourth.class[0] = 0.1;
    fourth.class[2..5].fill(0.8);
    // What 0.8 and 0.1 leave of 1, shared by the four classes not named.
    for at in [1, 5, 6, 7] {
        fourth.class[at] = (1.0 - (0.1 + 0.8)) / 4.0;
    }
    fourth.identity = Some("mmsi:257000000".into());
    let expected = Scan {
        sensor: SensorIndex(3),
        key: Some(ScanKey { boot: 1, seq: 812 }),
        time: Timestamp::parse("2026-01-01T00:00:00.1Z").unwrap(),
        pose: Some(Pose {
            position: Geodetic::from_degrees(35.06, 33.32, 4.0),
            heading_rad: Some(90.0_f64.to_radians()),
            position_sigma_m: 1.0,
            heading_sigma_rad: 1.0_f64.to_radians(),
        }),
        look: Look::Sector {
            from_rad: 80.0_f64.to_radians(),
            to_rad: 140.0_f64.to_radians(),
            min_range_m: 0.0,
            max_range_m: 15_000.0,
        },
        part: None,
        detections: vec![first, second, third, fourth],
    };
    assert_eq!((scan, unknown), (expected, 0));
}

/// Bad messages as a whole.
fn bad_messages() -> Vec<(String, &'static str)> {
    let mut table: Vec<(String, &'static str)> = [
        ("", BAD_JSON),
        ("{", BAD_JSON),
        ("\u{feff}{}", BAD_JSON),
        (r#"{"boot":1e400}"#, BAD_JSON),
        ("[]", BAD_TYPE),
        ("null", BAD_TYPE),
        (r#"{"boot":-1}"#, BAD_TYPE),
        (r#"{"seq":18446744073709551616}"#, BAD_TYPE),
        (r#"{"sensor":1}"#, BAD_TYPE),
        (r#"{"boot":1,"boot":1}"#, DUPLICATE_FIELD),
        (r#"{"sensor":null,"sensor":"r1"}"#, DUPLICATE_FIELD),
        (r#"{"detections":[{"class":{"vehicle":1,"vehicle":1}}]}"#, DUPLICATE_FIELD),
        (r#"{"detections":[{"identity":"duplicate field","azimuth_deg":"duplicate field"}]}"#, BAD_TYPE),
        ("{}{}", TRAILING_BYTES),
        ("{} x", TRAILING_BYTES),
        ("{}", MISSING_FIELD),
        (r#"{"sensor":"r2"}"#, WRONG_SENSOR),
        (r#"{"sensor":"R1","boot":1}"#, WRONG_SENSOR),
        (r#"{"sensor":"r1","boot":1,"seq":1,"time":"yesterday"}"#, BAD_TIME),
        (r#"{"sensor":"r1","boot":1,"seq":1,"time":"2026-01-01T00:00:00"}"#, BAD_TIME),
    ]
    .map(|(text, reason)| (text.to_owned(), reason))
    .into();
    table.push((format!("{{}}{}", " ".repeat(MAX_PAYLOAD_BYTES)), TOO_LARGE));
    table.push((message(&format!(r#""detections":[{}{{}}]"#, "{},".repeat(10_000))), TOO_MANY_DETECTIONS));
    table.push((format!(r#"{{"look":{}"#, "[".repeat(100_000)), BAD_TYPE));
    table.push((format!(r#"{{"deep":{}"#, "[".repeat(1_000_000)), BAD_JSON));
    table
}

/// Messages with one bad detection.
fn bad_detections() -> Vec<(String, &'static str)> {
    let mut table = Vec::from(
        [
            ("{}", detection::NO_MEASUREMENT),
            (r#"{"alt_m":1,"snr_db":2}"#, detection::NO_MEASUREMENT),
            (r#"{"range_m":1}"#, detection::RANGE_WITHOUT_AZIMUTH),
            (r#"{"lat":1}"#, detection::INCOMPLETE_POSITION),
            (r#"{"lon":1,"cov_m2":[1,0,1]}"#, detection::INCOMPLETE_POSITION),
            (r#"{"azimuth_deg":1,"lat":1,"lon":1}"#, detection::AMBIGUOUS),
            (r#"{"azimuth_deg":1,"cov_m2":[1,0,1]}"#, detection::AMBIGUOUS),
            (r#"{"range_m":1,"azimuth_deg":1,"source_track":"a"}"#, detection::AMBIGUOUS),
            (r#"{"lat":1,"lon":1,"range_rate_mps":1}"#, detection::AMBIGUOUS),
            (r#"{"azimuth_deg":1}"#, NO_UNCERTAINTY),
            (r#"{"range_m":1,"azimuth_deg":1,"azimuth_sigma_deg":1}"#, NO_UNCERTAINTY),
            (r#"{"lat":1,"lon":1}"#, NO_UNCERTAINTY),
            (r#"{"lat":1,"lon":1,"cov_m2":[1,2,1]}"#, NOT_POSITIVE_DEFINITE),
            (r#"{"lat":91,"lon":1,"cov_m2":[1,0,1]}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1e300,"azimuth_sigma_deg":1}"#, OUT_OF_RANGE),
            (r#"{"range_m":0,"azimuth_deg":1,"azimuth_sigma_deg":1,"range_sigma_m":1}"#, OUT_OF_RANGE),
            (r#"{"range_m":1,"azimuth_deg":1,"azimuth_sigma_deg":1,"range_sigma_m":0}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"elevation_deg":91}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"dt_s":-601}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"snr_db":1e9}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"class":{"person":1.1}}"#, OUT_OF_RANGE),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"class":{"person":0,"vehicle":0}}"#, BAD_CLASS),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"identity":""}"#, detection::BAD_NAME),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"identity":"a\nb"}"#, detection::BAD_NAME),
            (r#"{"azimuth_deg":1,"azimuth_sigma_deg":1,"speed_mps":1}"#, detection::INCOMPLETE_VELOCITY),
            (r#"{"lat":1,"lon":1,"cov_m2":[1,0,1],"course_deg":1}"#, detection::INCOMPLETE_VELOCITY),
        ]
        .map(|(text, reason)| (one(text), reason)),
    );
    let long = "x".repeat(65);
    let track = format!(r#"{{"lat":1,"lon":1,"cov_m2":[1,0,1],"source_track":"{long}"}}"#);
    table.push((one(&track), detection::BAD_NAME));
    table
}

/// Messages whose other members are bad.
fn bad_members() -> Vec<(String, &'static str)> {
    Vec::from(
        [
            (r#""detections":null"#, MISSING_FIELD),
            (r#""detections":[null]"#, BAD_TYPE),
            (r#""detections":[],"part":[0,2]"#, BAD_PART),
            (r#""detections":[],"part":[3,2]"#, BAD_PART),
            (r#""detections":[],"part":[1]"#, BAD_TYPE),
            (r#""detections":[],"look":{}"#, BAD_LOOK),
            (r#""detections":[],"look":{"range_m":[0,1]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"azimuth_deg":[0,1],"range_m":[1,1]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"azimuth_deg":[5,5],"range_m":[0,1]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"azimuth_deg":[0,361],"range_m":[0,1]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"azimuth_deg":[0,1],"polygon":[[0,0],[0,1],[1,1]]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"polygon":[[0,0],[0,1],[0,0]]}"#, BAD_LOOK),
            (r#""detections":[],"look":{"polygon":[[0,0],[0,1],[99,0]]}"#, OUT_OF_RANGE),
        ]
        .map(|(text, reason)| (message(text), reason)),
    )
}

#[test]
fn every_refusal_has_its_name_and_every_name_its_refusal() {
    let mut fixed = model(SensorKind::Radar, false);
    (fixed.range_sigma_m, fixed.azimuth_sigma_rad, fixed.position_sigma_m) = (None, None, None);
    let mut seen = BTreeSet::new();
    for (text, reason) in [bad_messages(), bad_members(), bad_detections()].concat() {
        let shown = shortened(&text);
        let refusal = decode(&fixed, &text).expect_err(&shown);
        assert_eq!(refusal.reason, reason, "{shown}: {refusal}");
        assert!(refusal.detail.len() < 600, "{shown}");
        seen.insert(reason);
    }
    let mobile = model(SensorKind::Radar, true);
    assert_eq!(decode(&mobile, message(r#""detections":[]"#)).unwrap_err().reason, NO_POSE);
    let poseless = message(r#""detections":[],"pose":{"heading_deg":1}"#);
    assert_eq!(decode(&mobile, poseless).unwrap_err().reason, MISSING_FIELD);
    seen.insert(NO_POSE);
    assert_eq!(seen, REASONS.iter().copied().collect());
}

#[test]
fn what_is_not_known_is_counted_and_changes_nothing() {
    let plain = decode(&model(SensorKind::Radar, true), EXAMPLE).unwrap().0;
    let mut richer = EXAMPLE.replacen('{', r#"{"firmware":{"a":[1,{}]},"humidity":null,"#, 1);
    richer = richer.replace(r#""pose":{"#, r#""pose":{"roll_deg":1,"#);
    richer = richer.replace(r#""look":{"#, r#""look":{"mode":"x","#);
    richer = richer.replace(
        r#"{"azimuth_deg":24"#,
        r#"{"hot":true,"elevation_deg":1,"range_sigma_m":5,"azimuth_deg":24"#,
    );
    richer = richer.replace(r#""class":{"#, r#""class":{"bicycle":0.7,"#);
    // Two at the top, one each in pose, look and class, three in a bearing (two of them known but of no use there).
    assert_eq!(decode(&model(SensorKind::Radar, true), richer).unwrap(), (plain, 8));
    let no_rate = one(r#"{"range_m":1,"azimuth_deg":1,"range_rate_sigma_mps":1}"#);
    assert_eq!(decode(&model(SensorKind::Radar, false), no_rate).unwrap().1, 1);
    let deep = message(&format!(r#""a":{}{},"detections":[]"#, "[".repeat(500_000), "]".repeat(500_000)));
    assert_eq!(decode(&model(SensorKind::Radar, false), deep).unwrap().1, 1);
    let (scan, unknown) = decode(&model(SensorKind::Radar, false), EXAMPLE).unwrap();
    assert_eq!((scan.pose, unknown), (None, 1));
}

#[test]
fn looks_say_no_more_than_the_sensor_can() {
    let look = |kind, rest: &str| decode(&model(kind, false), message(rest)).unwrap().0.look;
    let empty = r#""detections":[]"#;
    assert_eq!(look(SensorKind::Camera, empty), Look::FieldOfView);
    assert_eq!(look(SensorKind::Satellite, empty), Look::Unknown);
    assert_eq!(look(SensorKind::Transponder, empty), Look::Unknown);
    let tracks = r#""look":{"azimuth_deg":[0,90]},"detections":[{"lat":1,"lon":1,"source_track":"a"}]"#;
    assert_eq!(look(SensorKind::Radar, tracks), Look::Unknown);
    let scene = r#""detections":[],"look":{"polygon":[[0,0],[0,1],[1,1],[0,0]]}"#;
    assert!(matches!(look(SensorKind::Satellite, scene), Look::Polygon(corners) if corners.len() == 3));
    for (bounds, from, to) in [
        ("[350,10]", 350.0, 10.0),
        ("[-10,10]", 350.0, 10.0),
        ("[0,360]", 0.0, 360.0),
        ("[90,450]", 0.0, 360.0),
    ] {
        let rest = format!(r#""detections":[],"look":{{"azimuth_deg":{bounds}}}"#);
        let expected = Look::Sector {
            from_rad: f64::to_radians(from),
            to_rad: f64::to_radians(to),
            min_range_m: 0.0,
            max_range_m: 15_000.0,
        };
        assert_eq!(look(SensorKind::Camera, &rest), expected, "{bounds}");
    }
}

/// Numbers and texts at the edges of what fields hold.
fn edge_value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "0",
            "-0.0",
            "1",
            "-1",
            "1e-320",
            "1e308",
            "-1e308",
            "359.9999999999999999",
            "360",
            "720",
            "-1e-17",
            "90",
            "180",
            "1e6",
            "null",
            "true",
            "\"x\"",
            "[0,1]",
            "[1,0,1]",
            "[1e12,1e12,1e12]",
            "{}",
            "[]",
            "{\"person\":1e-320}",
            "{\"vehicle\":1,\"drone\":1}",
        ])
        .prop_map(str::to_owned),
        any::<f64>().prop_map(|value| format!("{value:e}")),
        (-400.0..800.0_f64).prop_map(|value| value.to_string()),
    ]
}

const FIELDS: &[&str] = &[
    "range_m",
    "azimuth_deg",
    "range_sigma_m",
    "azimuth_sigma_deg",
    "elevation_deg",
    "range_rate_mps",
    "range_rate_sigma_mps",
    "lat",
    "lon",
    "alt_m",
    "cov_m2",
    "speed_mps",
    "course_deg",
    "dt_s",
    "snr_db",
    "source_track",
    "identity",
    "class",
    "other",
];

fn check(bytes: &[u8]) {
    for mobile in [true, false] {
        match decode(&model(SensorKind::Radar, mobile), bytes) {
            Ok((scan, _)) => assert_sound(&scan),
            Err(refusal) => assert!(REASONS.contains(&refusal.reason), "{refusal}"),
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn damaged_messages_are_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"0123456789-.eE,"[usize::from(byte) % 15]),
                _ => { bytes.remove(at); }
            }
        }
        check(&bytes);
    }

    #[test]
    fn whatever_is_accepted_is_sound(
        fields in prop::collection::btree_map(prop::sample::select(FIELDS), edge_value(), 0..6),
    ) {
        let members: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        check(one(&format!("{{{}}}", members.join(","))).as_bytes());
    }
}
