//! Segment files: the log on disk.
//!
//! A segment is `NNNNNNNNNNNNNNNNNNNN.lwj`, named by its first position: `"LWJOURN1" · first position u64 · len u8 ·
//! sector`, then records as `len u32 · CRC-32 u32 of the bytes · bytes`, little endian. Opening cuts what a crash left
//! half-written at the very end and goes on after the last whole record, with a gap record to say so.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use super::reader::SegmentReader;
use super::{Log, record_bytes};
use crate::record::{Body, Record, Sequencer};
use crate::time::Timestamp;

pub(super) const MAGIC: &[u8; 8] = b"LWJOURN1";
/// A new segment is begun after this many bytes.
const SEGMENT_BYTES: u64 = 64 << 20;
/// Room kept from batch to batch: several times what an ordinary one needs.
const KEPT_BUFFER_BYTES: usize = 1 << 20;
/// No record is longer: frames are capped far below.
pub(super) const MAX_RECORD_BYTES: u32 = 128 << 20;

/// A log in a folder of segment files.
#[derive(Debug)]
pub struct Segments {
    dir: PathBuf,
    sector: String,
    sequencer: Sequencer,
    current: Option<File>,
    current_bytes: u64,
    closed_bytes: u64,
    /// Emptied and filled again for every batch.
    buffer: Vec<u8>,
}

impl Segments {
    /// Opens the log in `dir`, making the folder if need be. If it holds records already, a gap record stamped `now`
    /// is appended: nobody was listening since the last of them.
    ///
    /// # Errors
    /// The folder cannot be made, read or written, or a segment is not one of ours.
    pub fn open(dir: &Path, sector: &str, now: Timestamp, out: &mut Vec<Record>) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let paths = paths(dir)?;
        let mut log = Self {
            dir: dir.to_owned(),
            sector: sector.to_owned(),
            sequencer: Sequencer::default(),
            current: None,
            current_bytes: 0,
            closed_bytes: 0,
            buffer: Vec::new(),
        };
        for path in &paths {
            log.closed_bytes += std::fs::metadata(path)?.len();
        }
        // A crash between creating a segment and its first record leaves one that says nothing: look further back.
        for path in paths.iter().rev() {
            if let Some(last) = cut_torn_tail(path)? {
                log.sequencer = Sequencer::resume(&last);
                log.append(now, vec![Body::Gap { since: last.received }], out)?;
                break;
            }
        }
        Ok(log)
    }

    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        let Some(first) = records.first() else { return Ok(()) };
        if self.current.is_none() || self.current_bytes >= SEGMENT_BYTES {
            self.begin(first.position)?;
        }
        self.buffer.clear();
        for record in records {
            put_record(record, &mut self.buffer);
        }
        let file = self.current.as_mut().expect("a segment was just begun");
        file.write_all(&self.buffer)?;
        self.current_bytes += self.buffer.len() as u64;
        // One flood must not be remembered as room for ever.
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER_BYTES);
        Ok(())
    }

    fn begin(&mut self, first: u64) -> io::Result<()> {
        let path = self.dir.join(format!("{first:020}.lwj"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let header = header(first, &self.sector);
        file.write_all(&header)?;
        self.closed_bytes += self.current_bytes;
        self.current_bytes = header.len() as u64;
        self.current = Some(file);
        Ok(())
    }
}

impl Log for Segments {
    fn append(&mut self, now: Timestamp, bodies: Vec<Body>, out: &mut Vec<Record>) -> io::Result<()> {
        let from = out.len();
        for body in bodies {
            self.sequencer.place(now, body, out);
        }
        self.write(&out[from..])
    }

    fn advance(&mut self, now: Timestamp, out: &mut Vec<Record>) -> io::Result<()> {
        let from = out.len();
        self.sequencer.advance(now, out);
        self.write(&out[from..])
    }

    fn head(&self) -> u64 {
        self.sequencer.next()
    }

    fn bytes(&self) -> u64 {
        self.closed_bytes + self.current_bytes
    }
}

/// The segments of a log, oldest first.
///
/// # Errors
/// The folder cannot be read.
pub fn paths(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "lwj") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn header(first: u64, sector: &str) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.push(u8::try_from(sector.len()).expect("an id has at most 63 bytes"));
    bytes.extend_from_slice(sector.as_bytes());
    bytes
}

fn put_record(record: &Record, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    record_bytes::encode(record.received, &record.body, out);
    let len = u32::try_from(out.len() - start - 8).expect("frames are capped far below 4 GiB");
    let crc = crc32fast::hash(&out[start + 8..]);
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Cuts a segment after its last whole record and gives that record, if it has one.
fn cut_torn_tail(path: &Path) -> io::Result<Option<Record>> {
    let Some(mut reader) = SegmentReader::open(path)? else { return Ok(None) };
    let mut last = None;
    while let Some(record) = reader.next_record()? {
        last = Some(record);
    }
    let file = OpenOptions::new().write(true).open(path)?;
    if file.metadata()?.len() > reader.whole_bytes() {
        file.set_len(reader.whole_bytes())?;
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(text: &str) -> Body {
        Body::Act { bytes: text.into() }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn read_all(dir: &Path) -> Vec<Record> {
        let mut all = Vec::new();
        for path in paths(dir).unwrap() {
            let mut reader = SegmentReader::open(&path).unwrap().unwrap();
            while let Some(record) = reader.next_record().unwrap() {
                all.push(record);
            }
        }
        all
    }

    #[test]
    fn what_is_appended_is_read_back_with_its_ticks() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let mut log = Segments::open(dir.path(), "east-3", at(0), &mut out).unwrap();
        log.append(at(500), vec![act("a"), act("b")], &mut out).unwrap();
        log.append(at(2_500), vec![act("c")], &mut out).unwrap();
        log.advance(at(3_001), &mut out).unwrap();
        assert_eq!(out.len(), 6, "three acts and the ticks of seconds 1, 2 and 3");
        assert_eq!(read_all(dir.path()), out);
        assert_eq!(log.head(), 6);
    }

    #[test]
    fn a_torn_tail_is_cut_and_the_gap_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let mut log = Segments::open(dir.path(), "east-3", at(0), &mut out).unwrap();
        log.append(at(500), vec![act("a"), act("b")], &mut out).unwrap();
        drop(log);
        let path = paths(dir.path()).unwrap().remove(0);
        let whole = std::fs::metadata(&path).unwrap().len();
        for cut in 1..=18 {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(whole - cut).unwrap();
            drop(file);
            let mut out = Vec::new();
            let log = Segments::open(dir.path(), "east-3", at(9_500), &mut out).unwrap();
            assert_eq!(
                out,
                vec![Record { position: 1, received: at(9_500), body: Body::Gap { since: at(500) } }]
            );
            assert_eq!(read_all(dir.path()).len(), 2);
            drop(log);
            std::fs::remove_file(paths(dir.path()).unwrap().pop().unwrap()).unwrap();
        }
    }

    #[test]
    fn a_foreign_file_is_refused_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("00000000000000000000.lwj"), "somebody else's bytes").unwrap();
        let error = Segments::open(dir.path(), "east-3", at(0), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("not a linewatch journal segment"), "{error}");
    }
}
