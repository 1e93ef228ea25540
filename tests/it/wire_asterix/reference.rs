//! Item for item what an independent decoder reads.
//!
//! Every key of the expected files is either compared or listed in [`NOT_COMPARED`] with its reason; a record or an
//! item that one side has and the other lacks fails.

use std::collections::{BTreeMap, BTreeSet};

use linewatch::wire::asterix::{self, Record};
use serde_json::Value;

use super::{frames, items, samples};

/// Keys (category/item/subfield, or a beginning of one) that are not compared, and why not.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("*/category", "it chooses the record type"),
    ("*/crc", "the reference decoder's bookkeeping"),
    ("*/hexdata", "the reference decoder's bookkeeping"),
    ("*/len", "the reference decoder's bookkeeping; a wrong length shows in the items that follow"),
    ("*/pcap_ts", "the capture's clock, not the sender's"),
    ("*/FX", "field extension bits say only that octets follow"),
    ("*/spare", "means nothing"),
    ("010/I020/CHN", "processing chain: not used"),
    ("010/I020/CRT", "corrupted replies: not used"),
    ("010/I020/DCR", "differential correction: not used"),
    ("010/I020/LOP", "magnetic loops: not used"),
    ("010/I170/DOU", "track quality: not used"),
    ("010/I170/GHO", "track quality: not used"),
    ("010/I170/MAH", "track quality: not used"),
    ("010/I170/MRS", "track quality: not used"),
    ("010/I170/TCC", "kind of projection: not used"),
    ("010/I170/TOM", "kind of movement: not used"),
    ("010/I210", "acceleration: not used"),
    ("010/I270", "size: not used"),
    ("021/I015", "service: not used"),
    ("021/I016", "report period: not used"),
    ("021/I040/ARC", "altitude resolution: not used"),
    ("021/I040/DCR", "differential correction: not used"),
    ("021/I040/RC", "range check: not used"),
    ("021/I040/SAA", "selected altitude: not used"),
    ("021/I074", "finer than 1/128 s, and the reference misreads it: 900 million seconds"),
    ("021/I132", "amplitude: not used"),
    ("021/I170", "call sign: the address identifies"),
    ("021/I200", "target status: not used"),
    ("021/I210", "link version: not used"),
    ("021/I295", "data ages: not used"),
    ("021/IRE", "expansion field: skipped by length"),
    ("034/I050", "configuration: not used"),
    ("034/I060", "processing mode: not used"),
    ("048/I070/G", "Mode 3/A garbled: not used"),
    ("048/I070/L", "Mode 3/A smoothed: not used"),
    ("048/I070/V", "Mode 3/A validated: not used"),
    ("048/I130", "plot characteristics: not used"),
    ("048/I170/CDM", "climbing or descending: not used"),
    ("048/I170/SUP", "cluster support: not used"),
    ("048/I170/TCC", "kind of projection: not used"),
    ("048/I230", "communications capability: not used"),
    ("048/I240", "call sign: the address identifies"),
    ("048/I250", "Mode S registers: not used"),
    ("062/I015", "service: not used"),
    ("062/I060/CH", "Mode 3/A changed: not used"),
    ("062/I060/G", "Mode 3/A garbled: not used"),
    ("062/I060/V", "Mode 3/A validated: not used"),
    ("062/I080/AAC", "status not used"),
    ("062/I080/ADS", "status not used"),
    ("062/I080/AFF", "status not used"),
    ("062/I080/AMA", "status not used"),
    ("062/I080/FPC", "status not used"),
    ("062/I080/KOS", "status not used"),
    ("062/I080/MD4", "status not used"),
    ("062/I080/MD5", "status not used"),
    ("062/I080/MDS", "status not used"),
    ("062/I080/ME", "status not used"),
    ("062/I080/MI", "status not used"),
    ("062/I080/MRH", "status not used"),
    ("062/I080/PSR", "status not used"),
    ("062/I080/SPI", "status not used"),
    ("062/I080/SRC", "status not used"),
    ("062/I080/SSR", "status not used"),
    ("062/I080/STP", "status not used"),
    ("062/I080/SUC", "status not used"),
    ("062/I080/TSB", "status not used"),
    ("062/I200", "mode of movement: not used"),
    ("062/I210", "acceleration: not used"),
    ("062/I220", "climb: not used"),
    ("062/I290", "update ages: not used"),
    ("062/I295", "data ages: not used"),
    ("062/I340", "last measurement behind the track: not used"),
    ("062/I380/COM", "communications capability: not used"),
    ("062/I380/ID", "call sign: the address identifies"),
    ("062/I390", "flight plan: not used"),
    ("062/I510", "composed track number: not used"),
    ("065", "service messages of a tracker: the category is skipped and counted"),
];

fn expected(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every leaf of one expected record under its key; repeated items share theirs.
fn leaves(category: u64, record: &Value) -> Vec<(String, Value)> {
    fn walk(key: &str, value: &Value, out: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(fields) => match fields.get("val") {
                Some(leaf) => out.push((key.to_owned(), leaf.clone())),
                None => fields.iter().for_each(|(name, field)| walk(&format!("{key}/{name}"), field, out)),
            },
            Value::Array(values) => values.iter().for_each(|value| walk(key, value, out)),
            leaf => out.push((key.to_owned(), leaf.clone())),
        }
    }
    let mut out = Vec::new();
    for (name, value) in record.as_object().unwrap() {
        walk(&format!("{category:03}/{name}"), value, &mut out);
    }
    out
}

/// The entry of [`NOT_COMPARED`] that covers a key.
fn excuse(key: &str) -> Option<&'static str> {
    let covers = |entry: &str| match entry.strip_prefix('*') {
        Some(end) => key.ends_with(end),
        None => key == entry || key.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/')),
    };
    NOT_COMPARED.iter().map(|(entry, _)| *entry).find(|entry| covers(entry))
}

/// Items whose unit the reference decoder rounds (to 0.000 021 457 67 degrees), and what that may make.
const ROUNDED: &[(&str, f64)] = &[("034/I120/LAT", 1e-5), ("034/I120/Lon", 1e-5)];

fn same(key: &str, ours: &Value, theirs: &Value) -> bool {
    let rounded = ROUNDED.iter().find(|(item, _)| *item == key);
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(ours), Some(theirs)) => {
            (ours - theirs).abs() <= rounded.map_or(1e-9 * theirs.abs().max(1.0), |(_, off)| *off)
        }
        _ => ours == theirs,
    }
}

fn compare(place: &str, record: &Record, theirs: &Value, excused: &mut BTreeSet<&'static str>) {
    let (category, ours) = items::of(record);
    assert_eq!(theirs["category"], category, "{place}: category");
    let mut ours: BTreeMap<String, Option<Value>> = ours.into_iter().collect();
    for (key, theirs) in leaves(category, theirs) {
        match (ours.remove(&key), excuse(&key)) {
            (Some(Some(ours)), _) => {
                assert!(same(&key, &ours, &theirs), "{place} {key}: {ours} is not {theirs}")
            }
            (Some(None), _) => panic!("{place} {key}: missed {theirs}"),
            (None, Some(entry)) => drop(excused.insert(entry)),
            (None, None) => panic!("{place} {key}: neither compared nor excused"),
        }
    }
    for (key, ours) in ours {
        // A flag of an octet that was not sent is off.
        assert!(matches!(ours, None | Some(Value::Number(_))), "{place} {key}: only we have {ours:?}");
        let off = ours.as_ref().is_none_or(|ours| ours.as_f64() == Some(0.0) && items::is_extension(&key));
        assert!(off, "{place} {key}: only we have {ours:?}");
    }
}

#[test]
fn every_sample_agrees_with_the_independent_decoder() {
    let Some(folder) = samples() else { return };
    let mut excused = BTreeSet::new();
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The reference decoder reads no item of this one: the test below does.
        if name.ends_with(".jsonl") || name == "cat048ed1.23.bin" {
            continue;
        }
        let beside = ["expected", "asterix_decoder"].map(|kind| folder.join(format!("{name}.{kind}.jsonl")));
        let beside = beside.iter().find(|path| path.is_file()).expect("every sample has its expectation");
        let theirs = expected(&std::fs::read_to_string(beside).unwrap());
        let (mut ours, mut skipped) = (Vec::new(), 0);
        for (_, frame) in frames(&name, &std::fs::read(&path).unwrap()) {
            let parsed = asterix::parse(&frame).unwrap_or_else(|error| panic!("{name}: {error}"));
            ours.extend(parsed.records);
            skipped += u64::from(parsed.skipped);
        }
        let (known, unknown): (Vec<_>, Vec<_>) = theirs.iter().partition(|record| record["category"] != 65);
        assert_eq!(ours.len(), known.len(), "{name}: records");
        let expansions = known.iter().filter(|record| record.get("IRE").is_some()).count();
        assert_eq!(
            skipped,
            (unknown.len() + expansions) as u64,
            "{name}: skipped blocks and expansion fields"
        );
        excused
            .extend(unknown.iter().flat_map(|record| leaves(65, record)).filter_map(|(key, _)| excuse(&key)));
        for (at, (ours, theirs)) in ours.iter().zip(known).enumerate() {
            compare(&format!("{name} record {}", at + 1), ours, theirs, &mut excused);
        }
        files += 1;
    }
    assert_eq!(files, 8, "samples read");
    let stale: Vec<_> =
        NOT_COMPARED.iter().map(|(entry, _)| entry).filter(|e| !excused.contains(**e)).collect();
    assert!(stale.is_empty(), "excuses that nothing needs: {stale:?}");
}
