//! What independent decoders make of our bytes, field by field. Needs python3 with `pyais` and `asterix_decoder`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use firmware_sims::calendar::Utc;
use firmware_sims::encode::ais::{self, Bits, ClassA, ClassB, Ship};
use firmware_sims::encode::asterix::{
    AdsbReport, Plot, Sector, SurfaceReport, SystemTrack, encode_cat010, encode_cat021, encode_cat034,
    encode_cat048, encode_cat062,
};
use firmware_sims::encode::nmea::KNOT_MPS;
use serde_json::{Value, json};

/// Runs a script with one line of input per message; its answer is one line of JSON per message, or nothing if the
/// module is missing.
fn outsider(module: &str, script: &str, input: &str) -> Option<Vec<Value>> {
    let has = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 has no module `{module}`; nothing was compared");
        return None;
    }
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{module} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Every key of `want` is in `got`: numbers to a relative 1e-6, all else exactly.
#[track_caller]
fn holds(got: &Value, want: &Value) {
    for (key, want) in want.as_object().unwrap() {
        let found = &got[key];
        let same = match (found.as_f64(), want.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * b.abs().max(1.0),
            _ => found == want,
        };
        assert!(same, "{key}: {found}, expected {want}, in {got}");
    }
}

const PYAIS: &str = r#"
import sys, json
from pyais import decode
for line in sys.stdin:
    message = decode(*[part.encode() for part in line.split()]).asdict()
    print(json.dumps({k: (v if isinstance(v, (int, float, str, bool)) else str(v)) for k, v in message.items()}))
"#;

fn ship() -> Ship {
    Ship {
        mmsi: 635_000_101,
        imo: 9_074_729,
        callsign: "FXALF".into(),
        name: "EXERCISE ALFA".into(),
        ship_type: 70,
        dimensions_m: [70, 20, 8, 9],
        draught_m: 4.5,
        destination: "PORT CHRISTMAS".into(),
    }
}

fn ais_messages() -> Vec<(Bits, Value)> {
    let place = Some([-48.978_4, 69.600_5]);
    let a = |message| ClassA {
        message,
        mmsi: 635_000_101,
        nav_status: 7,
        speed_mps: Some(15.5 * KNOT_MPS),
        accurate: true,
        lat_lon: place,
        course_deg: Some(271.3),
        heading_deg: Some(272.0),
        second: 12,
    };
    let b = ClassB {
        mmsi: 635_000_202,
        speed_mps: Some(8.1 * KNOT_MPS),
        accurate: false,
        lat_lon: place,
        course_deg: Some(0.4),
        heading_deg: None,
        second: 60,
    };
    let here = json!({"lat": -48.9784, "lon": 69.6005});
    let with = |mut base: Value, more: Value| {
        base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        base
    };
    let size = json!({"to_bow": 70, "to_stern": 20, "to_port": 8, "to_starboard": 9, "ship_type": 70});
    let mut messages: Vec<(Bits, Value)> = (1..=3)
        .map(|kind| {
            let want = json!({"msg_type": kind, "mmsi": 635_000_101, "status": 7, "speed": 15.5, "accuracy": true,
                              "course": 271.3, "heading": 272, "second": 12});
            (ais::class_a(&a(kind)), with(here.clone(), want))
        })
        .collect();
    let utc = Utc::new(1_767_225_600_000_000_000);
    messages.extend([
        (
            ais::base_station(&ais::BaseStation { mmsi: 6_350_001, utc, lat_lon: place }),
            with(here.clone(), json!({"msg_type": 4, "mmsi": 6_350_001, "year": 2026, "month": 1, "day": 1, "hour": 0})),
        ),
        (
            ais::ship(&ship()),
            with(
                size.clone(),
                json!({"msg_type": 5, "imo": 9_074_729, "callsign": "FXALF", "shipname": "EXERCISE ALFA",
                       "draught": 4.5, "destination": "PORT CHRISTMAS"}),
            ),
        ),
        (
            ais::sar_aircraft(&ais::SarAircraft {
                mmsi: 111_635_001,
                altitude_m: 303.0,
                speed_mps: 100.0 * KNOT_MPS,
                lat_lon: [-48.978_4, 69.600_5],
                course_deg: 154.5,
                second: 9,
            }),
            with(here.clone(), json!({"msg_type": 9, "alt": 303, "speed": 100, "course": 154.5, "second": 9})),
        ),
        (
            ais::class_b(&b),
            with(
                here.clone(),
                json!({"msg_type": 18, "mmsi": 635_000_202, "speed": 8.1, "course": 0.4, "heading": 511,
                       "second": 60, "cs": true}),
            ),
        ),
        (
            ais::class_b_extended(&b, &ship()),
            with(size.clone(), json!({"msg_type": 19, "shipname": "EXERCISE ALFA", "speed": 8.1, "lat": -48.9784})),
        ),
        (
            ais::aid(&ais::Aid {
                mmsi: 996_350_001,
                kind: 1,
                name: "ROCK OF THE NORTHERN CAPE BUOY".into(),
                lat_lon: [-48.978_4, 69.600_5],
            }),
            with(here, json!({"msg_type": 21, "aid_type": 1, "name": "ROCK OF THE NORTHERN", "name_ext": " CAPE BUOY"})),
        ),
        (ais::name_part(&ship()), json!({"msg_type": 24, "partno": 0, "shipname": "EXERCISE ALFA"})),
        (ais::type_part(&ship()), with(size, json!({"msg_type": 24, "partno": 1, "callsign": "FXALF"}))),
        (
            ais::long_range(&ais::LongRange {
                mmsi: 635_000_101,
                nav_status: 0,
                lat_lon: [-48.98, 69.605],
                speed_mps: 15.0 * KNOT_MPS,
                course_deg: 271.0,
            }),
            json!({"msg_type": 27, "lat": -48.98, "lon": 69.605, "speed": 15, "course": 271}),
        ),
    ]);
    messages
}

#[test]
fn pyais_reads_every_message() {
    let messages = ais_messages();
    let mut input = String::new();
    for (bits, _) in &messages {
        let parts = ais::sentences(bits, 'A', 3);
        writeln!(input, "{}", parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join(" "))
            .unwrap();
    }
    let Some(answers) = outsider("pyais", PYAIS, &input) else { return };
    assert_eq!(answers.len(), messages.len());
    for (answer, (_, want)) in answers.iter().zip(&messages) {
        holds(answer, want);
    }
}

const ASTERIX: &str = r#"
import sys, json, asterix
for line in sys.stdin:
    for record in asterix.parse(bytes.fromhex(line.strip())):
        flat = {"category": record["category"]}
        for item, fields in record.items():
            if not isinstance(fields, dict):
                continue
            for name, field in fields.items():
                if isinstance(field, dict) and "val" in field:
                    flat[item + "." + name] = field["val"]
                elif isinstance(field, dict):
                    for inner, value in field.items():
                        flat[item + "." + inner] = value["val"]
        print(json.dumps(flat))
"#;

fn asterix_blocks() -> Vec<(Vec<u8>, Value)> {
    let id = [25, 1];
    let plot = Plot {
        rho_m: 1852.0 * 2.5,
        theta_deg: 90.0 + 360.0 / 65_536.0,
        tod_s: 3600.5,
        amplitude_dbm: Some(-61),
        doppler_mps: Some(-17.0),
        simulated: true,
    };
    let place = [-48.978_4, 69.600_5];
    // The nearest multiples of each field's unit.
    let at = |bits: i32| {
        place.map(|degrees: f64| {
            let lsb = 180.0 / 2f64.powi(bits);
            (degrees / lsb).round() * lsb
        })
    };
    vec![
        (
            encode_cat048(id, &[plot]),
            json!({"category": 48, "I010.SAC": 25, "I010.SIC": 1, "I140.ToD": 3600.5, "I020.TYP": 1, "I020.SIM": 1,
                   "I040.RHO": 2.5, "I040.THETA": 90.005_493_164, "I130.PAM": -61, "I120.CAL": -17}),
        ),
        (
            encode_cat034(id, 7.5, Sector::North { rotation_s: 1.5, position: Some((place, 60.0)) }),
            json!({"category": 34, "I000.MsgTyp": 1, "I030.ToD": 7.5, "I041.RotS": 1.5, "I120.Height": 60,
                   "I120.LAT": at(23)[0], "I120.Lon": at(23)[1]}),
        ),
        (
            encode_cat034(id, 7.5, Sector::Crossing { azimuth_deg: 22.5 }),
            json!({"category": 34, "I000.MsgTyp": 2, "I030.ToD": 7.5, "I020.Azi": 22.5}),
        ),
        (
            encode_cat010(
                id,
                &[SurfaceReport {
                    tod_s: 9.25,
                    lat_lon: Some(place),
                    polar: Some((1234.0, 45.0)),
                    east_north_m: Some([-300.0, 812.0]),
                    velocity_mps: Some([-2.5, 3.25]),
                    track: Some(77),
                }],
            ),
            json!({"category": 10, "I000.MsgTyp": 1, "I140.ToD": 9.25, "I041.Lat": at(31)[0], "I041.Lon": at(31)[1],
                   "I040.RHO": 1234, "I040.Theta": 45, "I042.X": -300, "I042.Y": 812, "I202.Vx": -2.5,
                   "I202.Vy": 3.25, "I161.TrkNb": 77}),
        ),
        (
            encode_cat021(
                id,
                &[AdsbReport {
                    address: 0x3c_660c,
                    tod_s: 11.5,
                    lat_lon: place,
                    height_m: Some(6.25 * 0.3048 * 210.0),
                    velocity: Some((1852.0 / 16_384.0 * 533.0, 180.0)),
                }],
            ),
            json!({"category": 21, "I080.TAddr": "3C660C", "I071.time_applicability_position": 11.5,
                   "I131.Lat": at(30)[0], "I131.Lon": at(30)[1], "I140.geometric_height": 1312.5,
                   "I160.GS": 533.0 / 16_384.0, "I160.TA": 180}),
        ),
        (
            encode_cat062(
                id,
                &[SystemTrack { number: 812, tod_s: 13.0, lat_lon: place, velocity_mps: [-4.0, 7.75] }],
            ),
            json!({"category": 62, "I040.TrkN": 812, "I070.ToT": 13.0, "I105.Lat": at(25)[0], "I105.Lon": at(25)[1],
                   "I185.Vx": -4.0, "I185.Vy": 7.75, "I080.MON": 1}),
        ),
    ]
}

#[test]
fn asterix_decoder_reads_every_category() {
    let blocks = asterix_blocks();
    let mut input = String::new();
    for (bytes, _) in &blocks {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(input, "{hex}").unwrap();
    }
    let Some(answers) = outsider("asterix", ASTERIX, &input) else { return };
    assert_eq!(answers.len(), blocks.len());
    for (answer, (_, want)) in answers.iter().zip(&blocks) {
        holds(answer, want);
    }
}
