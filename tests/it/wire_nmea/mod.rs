//! The NMEA decoder against real recordings and what independent decoders made of them.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands, in its own functions too")]

mod decoder;
mod fields;
mod gpsd;
mod libais;
mod noise;
mod pyais;
mod totals;

use std::path::PathBuf;

use linewatch::time::Timestamp;
use linewatch::wire::nmea::ais::{Reader, Received};
use linewatch::wire::nmea::sentence::Line;

/// Any instant will do where the recording has none.
const RECEIVED: Timestamp = Timestamp::from_secs(1_586_295_590);

/// A file of the shared AIS recordings; nothing, loudly, if this machine does not have them.
fn shared(name: &str) -> Option<String> {
    let root = std::env::var_os("LINEWATCH_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let path = root.join("data/ais").join(name);
    if !path.exists() {
        println!("SKIPPED: {} is absent", path.display());
        return None;
    }
    Some(std::fs::read_to_string(path).unwrap())
}

/// One AIS message of a recording, with the last line that it came in.
struct Heard {
    line: String,
    received: Received,
}

/// Every AIS message of a recording in order, and the number of sentences they came in; fails on any bad line.
fn heard(recording: &str) -> (Vec<Heard>, usize) {
    let (mut reader, mut lost, mut sentences) = (Reader::default(), Vec::new(), 0);
    let mut found = Vec::new();
    for text in recording.lines().filter(|line| !line.starts_with(['#', '{'])) {
        let line = Line::parse(text.as_bytes()).unwrap_or_else(|refused| panic!("{text}: {refused}"));
        let Some(sentence) = line.sentence.filter(|sentence| matches!(sentence.kind, "VDM" | "VDO")) else {
            continue;
        };
        sentences += 1;
        match reader.read(RECEIVED, line.tag, &sentence, &mut lost) {
            Ok(Some(received)) => found.push(Heard { line: text.to_owned(), received }),
            Ok(None) => {}
            Err(refused) => panic!("{text}: {refused}"),
        }
    }
    assert_eq!(lost, [], "parts that met no others");
    (found, sentences)
}
