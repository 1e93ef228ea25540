//! Field by field against libais: one message of each type, scaled and in single precision.

use linewatch::wire::nmea::ais::Message;
use serde_json::{Value, json};

use super::fields::{self, Fields, number};
use super::{heard, shared};

/// Keys of the expected records that are not compared, with why.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("class", "says that it is AIS"),
    ("device", "says where libais read"),
    ("scaled", "says that the units are physical"),
    ("status_text", "the words for status"),
    ("shiptype_text", "the words for shiptype"),
    ("epfd_text", "the words for epfd"),
    ("aid_type_text", "the words for aid_type"),
    ("spare", "unused bits; pyais and gpsd read none either"),
    ("spare2", "unused bits"),
    ("sync_state", "part of radio, which pyais gives whole and is compared there"),
    ("slot_timeout", "part of radio"),
    ("slot_number", "part of radio"),
    ("slot_increment", "part of radio"),
    ("slots_to_allocate", "part of radio"),
    ("keep_flag", "part of radio"),
    ("received_stations", "part of radio"),
    ("commstate_cs_fill", "part of radio"),
    ("transmission_ctl", "a spare bit of type 4 since edition 2"),
    ("mode", "under this name the assigned bit, which pyais gives and is compared there"),
    ("alt_sensor", "part of regional, which pyais gives whole and is compared there"),
];

/// Types of which only the header is read: nothing in them says where anything is. Their other keys are not compared.
const HEADER_ONLY: &[u64] = &[6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 20, 22, 23, 25, 26];

#[test]
fn one_message_of_every_type_reads_as_libais_reads_it() {
    let (Some(text), Some(expected)) =
        (shared("libais_typeexamples.nmea"), shared("libais_typeexamples.json"))
    else {
        return;
    };
    let (heard, _) = heard(&text);
    let expected: Vec<Value> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((heard.len(), expected.len()), (26, 26));
    for (heard, expected) in heard.iter().zip(&expected) {
        compare(&heard.received.message, expected);
    }
}

fn compare(message: &Message, expected: &Value) {
    let ours = fields::of(message);
    let kind = expected["type"].as_u64().unwrap();
    assert_eq!(fields::is_header_only(message), HEADER_ONLY.contains(&kind), "{expected}");
    for (key, theirs) in expected.as_object().unwrap() {
        let header = matches!(key.as_str(), "type" | "repeat" | "mmsi");
        let skipped = HEADER_ONLY.contains(&kind) && !header;
        if skipped || NOT_COMPARED.iter().any(|(name, _)| name == key) {
            continue;
        }
        let ours = as_libais(key, kind, &ours);
        let same = match (ours.as_f64(), theirs.as_f64()) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-7 * ours.abs().max(1.0),
            _ => ours == *theirs,
        };
        assert!(same, "{key}: ours {ours}, libais {theirs}: {expected}");
    }
}

fn as_libais(key: &str, kind: u64, ours: &Fields) -> Value {
    let plain = |name: &str| ours.get(name).unwrap_or_else(|| panic!("no field for {key}")).clone();
    match (key, kind) {
        ("lat" | "lon", _) => json!(number(ours, key) / 600_000.0),
        ("speed" | "course", 27) => plain(key),
        // Scaled like a ship's although type 9 counts whole knots (M.1371-5 table 61, and pyais).
        ("speed" | "course" | "draught", _) => json!(number(ours, key) / 10.0),
        ("turn", _) => match number(ours, "turn") {
            none if none <= -128.0 => Value::Null,
            raw => json!((raw / 4.733 * (raw / 4.733)).copysign(raw)),
        },
        ("imo", _) => json!(plain("imo").to_string()),
        ("dte", 5 | 9) => json!(number(ours, "dte")),
        // Inverted there: the bit is 0 for a position from GNSS.
        ("gnss", _) => json!(ours["gnss"] == json!(false)),
        ("part_num", _) => plain("partno"),
        ("unit", _) => plain("cs"),
        ("timestamp", _) => {
            let of = |name| ours[name].as_u64().unwrap();
            let day = format!("{:04}-{:02}-{:02}", of("year"), of("month"), of("day"));
            json!(format!("{day}T{:02}:{:02}:{:02}Z", of("hour"), of("minute"), of("second")))
        }
        // libais's own table has - for _, [ for ], ` for ' and so on in three places; pyais has the standard's.
        ("name", 21) => {
            let name = plain("name").as_str().unwrap().replace("7_+P]['<", "7-+P][`<");
            json!(name)
        }
        _ => plain(key),
    }
}
