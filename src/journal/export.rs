//! A journal as a recording: what `linewatch journal export` writes and `linewatch replay` reads.

use std::io::{self, Write};

use super::history::History;
use super::reader::SegmentReader;
use super::recover::segments;
use super::storage::Storage;
use crate::record::{Body, Record};
use crate::wire::recording::{header_line, record_line};

/// Writes every record of a journal to `out` as a recording; gives the number of lines.
///
/// Ticks are not written, replay makes them; but where the journal ends in ticks, a last act at their stamp carries
/// them over, or an alert that only the passing of time raised would be lost.
///
/// # Errors
/// The journal cannot be read or `out` not written.
pub fn export(storage: &dyn Storage, out: &mut impl Write) -> io::Result<u64> {
    let Some(sector) = sector(storage)? else { return Ok(0) };
    writeln!(out, "{}", header_line(&sector))?;
    let mut lines = 1;
    let mut ended_in_tick = None;
    let mut history = History::from(storage, 0)?;
    while let Some(Record { received, body, .. }) = history.next_record(0)? {
        if body == Body::Tick {
            ended_in_tick = Some(received);
        }
        if let Some(line) = record_line(received, &body) {
            ended_in_tick = None;
            writeln!(out, "{line}")?;
            lines += 1;
        }
    }
    if let Some(received) = ended_in_tick {
        let end = Body::Act { bytes: br#"{"act":"end_of_journal"}"#.to_vec() };
        writeln!(out, "{}", record_line(received, &end).unwrap_or_default())?;
        lines += 1;
    }
    Ok(lines)
}

/// Whose journal it is; `None` if it holds nothing.
///
/// # Errors
/// It cannot be read.
pub fn sector(storage: &dyn Storage) -> io::Result<Option<String>> {
    for name in segments(storage)? {
        if let Some(reader) = SegmentReader::begin(super::history::plain(storage, &name)?)? {
            return Ok(Some(reader.header.sector));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Log;
    use super::super::disk::Disk;
    use super::super::writer::Segments;
    use super::*;
    use crate::sources::recording::Reader;
    use crate::time::Timestamp;

    #[test]
    fn an_exported_journal_replays_to_the_same_records() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Segments::open(Box::new(Disk::at(dir.path()).unwrap()), "east-3").unwrap();
        let at = |millis: i64| Timestamp::from_nanos(millis * 1_000_000);
        let mut live = Vec::new();
        let status = |text: &str| Body::Status {
            sensor: crate::sensor::SensorId::new("r1").unwrap(),
            bytes: text.into(),
        };
        let (mut log, _) = open();
        log.append(at(500), &mut vec![status("{}"), status("not json")], &mut live).unwrap();
        log.append(at(2_700), &mut Vec::new(), &mut live).unwrap();
        log.append(at(4_000), &mut vec![status("{\"x\":1}")], &mut live).unwrap();
        log.append(at(5_500), &mut Vec::new(), &mut live).unwrap();
        drop(log);
        // Down for a while, then on again.
        let (mut log, opened) = open();
        let gap = Body::Gap { since: opened.since.unwrap() };
        log.append(at(60_100), &mut vec![gap], &mut live).unwrap();
        log.append(at(62_500), &mut Vec::new(), &mut live).unwrap();
        let mut text = Vec::new();
        export(&Disk::at(dir.path()).unwrap(), &mut text).unwrap();
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
