//! Field by field against pyais 3.3.1.

use linewatch::wire::nmea::ais::Message;
use serde_json::{Value, json};

use super::fields::{self, Fields, number};
use super::{heard, shared};

/// Keys of the expected records that are not compared, with why.
const NOT_COMPARED: &[(&str, &str)] = &[];

/// Types of which only the header is read: nothing in them says where anything is. Their other keys are not compared.
const HEADER_ONLY: &[u64] = &[6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 20, 22, 23, 25, 26];

#[test]
fn a_mixed_serial_stream_reads_as_pyais_reads_it() {
    check("ais-nmea.log", 183, 171);
}

#[test]
fn one_message_of_every_type_reads_as_pyais_reads_it() {
    check("libais_typeexamples.nmea", 26, 26);
}

fn check(recording: &str, sentences: usize, messages: usize) {
    let (Some(text), Some(expected)) = (shared(recording), shared(&format!("{recording}.pyais.jsonl")))
    else {
        return;
    };
    let (heard, counted) = heard(&text);
    let expected: Vec<Value> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((counted, heard.len(), expected.len()), (sentences, messages, messages));
    for (heard, expected) in heard.iter().zip(&expected) {
        assert_eq!(expected["nmea"].as_array().unwrap().last().unwrap(), &heard.line);
        compare(&heard.received.message, &expected["msg"], &heard.line);
    }
}

fn compare(message: &Message, expected: &Value, line: &str) {
    let ours = fields::of(message);
    let kind = expected["msg_type"].as_u64().unwrap();
    assert_eq!(fields::is_header_only(message), HEADER_ONLY.contains(&kind), "{line}");
    for (key, theirs) in expected.as_object().unwrap() {
        let header = matches!(key.as_str(), "msg_type" | "repeat" | "mmsi");
        let skipped = HEADER_ONLY.contains(&kind) && !header;
        if skipped || NOT_COMPARED.iter().any(|(name, _)| name == key) {
            continue;
        }
        let ours = as_pyais(key, kind, &ours);
        let same = match (ours.as_f64(), theirs.as_f64()) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-9,
            _ => ours == *theirs,
        };
        assert!(same, "{key}: ours {ours}, pyais {theirs}: {line}");
    }
}

/// Our field as pyais writes it.
fn as_pyais(key: &str, kind: u64, ours: &Fields) -> Value {
    let tenths = |name| json!(number(ours, name) / 10.0);
    let micro_degrees = |name| json!((number(ours, name) / 600_000.0 * 1e6).round() / 1e6);
    let named = |name, names: &[&str]| json!(names[usize::try_from(ours[name].as_u64().unwrap()).unwrap()]);
    let plain = |name: &str| ours.get(name).unwrap_or_else(|| panic!("no field for {key}")).clone();
    match (key, kind) {
        ("msg_type", _) => plain("type"),
        ("lat" | "lon", _) => micro_degrees(key),
        ("speed", 9 | 27) | ("course", 27) => plain(key),
        ("speed" | "course" | "draught", _) => tenths(key),
        ("turn", _) => turn(&ours["turn"]),
        ("status", _) => named("status", STATUS),
        ("maneuver", _) => named("maneuver", &["NotAvailable", "NoSpecialManeuver", "SpecialManeuver"]),
        ("epfd", _) => json!(epfd(ours["epfd"].as_u64().unwrap())),
        ("aid_type", _) => named("aid_type", AID_TYPE),
        ("ship_type", 5) => json!(ship_type(ours["shiptype"].as_u64().unwrap())),
        ("ship_type", _) => plain("shiptype"),
        ("reserved_1", 18) => plain("reserved"),
        ("reserved_1" | "reserved_2", _) => plain("regional"),
        ("full_name", _) => {
            json!([ours["name"].as_str(), ours["name_ext"].as_str()].map(Option::unwrap).concat())
        }
        _ => plain(key),
    }
}

/// Rate of turn in whole degrees per minute, or the name of the value that is none.
fn turn(raw: &Value) -> Value {
    match raw.as_i64().unwrap() {
        -128 => json!("NO_TI_DEFAULT"),
        -127 => json!("NO_TI_LEFT"),
        127 => json!("NO_TI_RIGHT"),
        _ => {
            let raw = raw.as_f64().unwrap();
            let root = raw / 4.733;
            json!((root * root).round().copysign(raw))
        }
    }
}

const STATUS: &[&str] = &[
    "UnderWayUsingEngine",
    "AtAnchor",
    "NotUnderCommand",
    "RestrictedManoeuverability",
    "ConstrainedByHerDraught",
    "Moored",
    "Aground",
    "EngagedInFishing",
    "UnderWaySailing",
    "ReservedFutureAmendmentHSC",
    "ReservedFutureAmendmentWIG",
    "PowerDrivenVesselTowingAstern",
    "PowerDrivenVesselPushingAhead",
    "ReservedFutureUse",
    "AISSARTActive",
    "Undefined",
];
const AID_TYPE: &[&str] =
    &["DEFAULT", "REFERENCE_POINT", "RACON", "FIXED", "EMERGENCY_WRECK_MARKING_BUOY", "LIGHT_NO_SECTORS"];

/// The names of the ship types that occur.
fn ship_type(raw: u64) -> &'static str {
    match raw {
        33 => "DredgingOrUnderwaterOps",
        37 => "PleasureCraft",
        40 => "HSC",
        52 => "Tug",
        55 => "LawEnforcement",
        60 => "Passenger",
        69 => "Passenger_NoAdditionalInformation",
        79 => "Cargo_NoAdditionalInformation",
        80 => "Tanker",
        90 => "OtherType",
        other => panic!("a ship type without a name here: {other}"),
    }
}

/// The names of the position fixing devices that occur.
fn epfd(raw: u64) -> &'static str {
    match raw {
        0 => "Undefined",
        1 => "GPS",
        3 => "GPS_GLONASS",
        15 => "Internal_GNSS",
        other => panic!("a position fixing device without a name here: {other}"),
    }
}
