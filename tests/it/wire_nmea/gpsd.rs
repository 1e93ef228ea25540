//! Field by field against gpsd: its own regression file beside the recording, sentences with its reports between.

use std::collections::BTreeMap;

use linewatch::wire::nmea::ais::{Message, Received};
use serde_json::{Value, json};

use super::fields::{self, Fields};
use super::{heard, shared};

/// Keys of the expected records that are not compared, with why.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("class", "says that it is AIS"),
    ("scaled", "says that the units are those of transmission"),
    ("status_text", "the words for status"),
    ("shiptype_text", "the words for shiptype"),
    ("epfd_text", "the words for epfd"),
];

/// Types of which only the header is read: nothing in them says where anything is. Their other keys are not compared.
const HEADER_ONLY: &[u64] = &[8];

#[test]
fn a_mixed_serial_stream_reads_as_gpsd_reads_it() {
    let Some(text) = shared("ais-nmea.log.chk") else { return };
    let (heard, _) = heard(&text);
    let expected = reports(&text);
    assert_eq!((heard.len(), expected.len()), (171, 171));
    let mut names = BTreeMap::new();
    for (heard, (line, report)) in heard.iter().zip(&expected) {
        assert_eq!(&heard.line, line);
        let message = &heard.received.message;
        if let Message::NamePart(part) = message {
            names.insert(part.header.mmsi, part.ship_name.clone());
        }
        match report {
            Some(report) => compare(&heard.received, &names, report),
            // gpsd keeps a type 24 A until B comes and reports both in one.
            None => assert!(matches!(message, Message::NamePart(_)), "gpsd says nothing: {line}"),
        }
    }
}

/// Per message its last sentence and gpsd's report of it, if there is one.
fn reports(text: &str) -> Vec<(String, Option<Value>)> {
    let mut found: Vec<(String, Option<Value>)> = Vec::new();
    for line in text.lines() {
        if line.starts_with("!AIVDM,") && !line.starts_with("!AIVDM,2,1,") {
            found.push((line.to_owned(), None));
        } else if line.starts_with("{\"class\":\"AIS\"") {
            // gpsd repeats a report when a sentence that is no AIS follows; the repeat must be the same.
            let report: Value = serde_json::from_str(line).unwrap();
            let last = &mut found.last_mut().unwrap().1;
            assert!(last.as_ref().is_none_or(|last| *last == report), "{line}");
            *last = Some(report);
        }
    }
    found
}

fn compare(received: &Received, names: &BTreeMap<u32, String>, report: &Value) {
    let message = &received.message;
    let kind = report["type"].as_u64().unwrap();
    let mut ours = fields::of(message);
    if let Message::CraftPart(part) = message {
        ours.insert("shipname", json!(names[&part.header.mmsi]));
    }
    assert_eq!(fields::is_header_only(message), HEADER_ONLY.contains(&kind), "{report}");
    for (key, theirs) in report.as_object().unwrap() {
        let header = matches!(key.as_str(), "type" | "repeat" | "mmsi");
        let skipped = HEADER_ONLY.contains(&kind) && !header;
        if skipped || NOT_COMPARED.iter().any(|(name, _)| name == key) {
            continue;
        }
        let (ours, theirs) = (as_gpsd(key, kind, &ours), as_today(key, theirs));
        assert_eq!(ours, theirs, "{key} of {report}");
    }
}

fn as_gpsd(key: &str, kind: u64, ours: &Fields) -> Value {
    let plain = |name: &str| ours.get(name).unwrap_or_else(|| panic!("no field for {key}")).clone();
    match (key, kind) {
        ("eta", _) => {
            let of = |name| ours[name].as_u64().unwrap();
            json!(format!("{:02}-{:02}T{:02}:{:02}Z", of("month"), of("day"), of("hour"), of("minute")))
        }
        ("dte", 5) => json!(u8::from(ours["dte"].as_bool().unwrap())),
        _ => plain(key),
    }
}

/// gpsd's vendor id runs on through model and serial, as before edition 4 of M.1371: its first three letters are ours.
fn as_today(key: &str, theirs: &Value) -> Value {
    match theirs.as_str() {
        Some(vendor) if key == "vendorid" => json!(vendor.chars().take(3).collect::<String>()),
        _ => theirs.clone(),
    }
}
