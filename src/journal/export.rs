//! A journal as a recording: what `linewatch journal export` writes and `linewatch replay` reads.

use std::io::{self, Write};
use std::path::Path;

use super::segment::{SegmentReader, paths};
use crate::record::Body;
use crate::wire::recording::{header_line, record_line};

/// Writes every record of the journal in `dir` to `out` as a recording; gives the number of lines.
///
/// Ticks are not written, replay makes them; but where the journal ends in ticks, a last act at their stamp carries
/// them over, or an alert that only the passing of time raised would be lost.
///
/// # Errors
/// The journal cannot be read or `out` not written.
pub fn export(dir: &Path, out: &mut impl Write) -> io::Result<u64> {
    let mut lines = 0;
    let mut ended_in_tick = None;
    for path in paths(dir)? {
        let Some(mut reader) = SegmentReader::open(&path)? else { continue };
        if lines == 0 {
            writeln!(out, "{}", header_line(&reader.sector))?;
            lines += 1;
        }
        while let Some(record) = reader.next_record()? {
            ended_in_tick = (record.body == Body::Tick).then_some(record.received);
            if let Some(line) = record_line(record.received, &record.body) {
                writeln!(out, "{line}")?;
                lines += 1;
            }
        }
    }
    if let Some(received) = ended_in_tick {
        let end = Body::Act { bytes: br#"{"act":"end_of_journal"}"#.to_vec() };
        writeln!(out, "{}", record_line(received, &end).unwrap_or_default())?;
        lines += 1;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::super::Log;
    use super::super::segment::Segments;
    use super::*;
    use crate::record::Record;
    use crate::sources::recording::Reader;
    use crate::time::Timestamp;

    #[test]
    fn an_exported_journal_replays_to_the_same_records() {
        let dir = tempfile::tempdir().unwrap();
        let at = |millis: i64| Timestamp::from_nanos(millis * 1_000_000);
        let mut live = Vec::new();
        let mut log = Segments::open(dir.path(), "east-3", at(0), &mut live).unwrap();
        let status = |text: &str| Body::Status {
            sensor: crate::sensor::SensorId::new("r1").unwrap(),
            bytes: text.into(),
        };
        log.append(at(500), vec![status("{}"), status("not json")], &mut live).unwrap();
        log.advance(at(2_700), &mut live).unwrap();
        log.append(at(4_000), vec![status("{\"x\":1}")], &mut live).unwrap();
        log.advance(at(5_500), &mut live).unwrap();
        drop(log);
        // Down for a while, then on again.
        let mut log = Segments::open(dir.path(), "east-3", at(60_100), &mut live).unwrap();
        log.advance(at(62_500), &mut live).unwrap();
        let mut text = Vec::new();
        export(dir.path(), &mut text).unwrap();
        let mut reader = Reader::new(&text[..], Path::new("export"));
        let mut replayed: Vec<Record> = Vec::new();
        while reader.next_records(&mut replayed).unwrap() {}
        assert_eq!(reader.sector(), Some("east-3"));
        let plain = |records: &[Record]| -> Vec<(Timestamp, Body)> {
            let kept = records.iter().filter(|r| !matches!(r.body, Body::Act { .. }));
            kept.map(|r| (r.received, r.body.clone())).collect()
        };
        assert_eq!(plain(&replayed), plain(&live));
    }
}
