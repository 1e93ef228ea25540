//! The records of a log from any position on, across its segments.
//!
//! In: a folder. Out: every record that can be read, in order; what cannot be read is said and passed over, for a log
//! with a hole in it still says more than none. Compressed segments are read like plain ones.

use std::io::{self, BufReader, Read};

use super::layout::{Entry, Hash, record_at};
use super::reader::{SegmentReader, find_record};
use super::record_bytes::Canonical;
use super::recover::{behind_damage, first_of, rest_of, segments};
use super::storage::Storage;
use crate::record::Record;

/// One step through a log.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The next record that can be read, or what is left of it.
    Entry(Entry),
    /// Bytes that are no record stand here.
    Fault(Fault),
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which file.
    pub segment: String,
    /// Where in it.
    pub offset: u64,
    /// What is wrong there.
    pub what: Wrong,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}: {}", self.segment, self.offset, self.what)
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The segment's first bytes.
    #[error("the header is not whole")]
    Header,
    /// The end of the log: a group that was being written.
    #[error("unfinished: bytes of a group that was never acknowledged, or is being written")]
    Unfinished,
    /// Readable records follow.
    #[error("records cannot be read")]
    Records,
    /// It does not begin where the one before it ends.
    #[error("expected to begin with record {expected}, begins with {found}")]
    Gap {
        /// Behind the last record before.
        expected: u64,
        /// What the header says.
        found: u64,
    },
    /// Its chain value is not that of the one before it.
    #[error("the chain value before it is not the one the records before it give")]
    Chain,
    /// A checkpoint whose root is another one than that of the records it covers.
    #[error("the checkpoint of {0} records has another root than the records there are")]
    Checkpoint(u64),
}

/// Walks a log.
pub struct History<'a> {
    storage: &'a dyn Storage,
    names: std::vec::IntoIter<String>,
    open: Option<Open>,
    /// Behind the last record read, and the chain value there.
    end: Option<(u64, Hash)>,
    is_last: bool,
}

struct Open {
    name: String,
    reader: SegmentReader<BufReader<Box<dyn Read + Send>>>,
    /// What stands behind a bad record: read as a whole, entry by entry.
    rest: Option<(Vec<u8>, usize, u64)>,
}

impl<'a> History<'a> {
    /// A walk that begins with the segment that holds `position`, or with the oldest there is.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn from(storage: &'a dyn Storage, position: u64) -> io::Result<Self> {
        let names = segments(storage)?;
        let at = names.partition_point(|name| first_of(name).is_some_and(|first| first <= position));
        let names: Vec<String> = names.into_iter().skip(at.saturating_sub(1)).collect();
        Ok(Self { storage, names: names.into_iter(), open: None, end: None, is_last: false })
    }

    /// The next record at or after `position`; faults and what has made room are passed over.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn next_record(&mut self, position: u64) -> io::Result<Option<Record>> {
        while let Some(item) = self.next_item()? {
            if let Item::Entry(Entry { canonical: Canonical::Whole(record), .. }) = item
                && record.position >= position
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Position behind the last record read and the chain value there.
    #[must_use]
    pub fn end(&self) -> Option<(u64, Hash)> {
        self.end
    }

    /// The next thing there is.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn next_item(&mut self) -> io::Result<Option<Item>> {
        loop {
            let Some(mut open) = self.open.take() else {
                let Some(name) = self.names.next() else { return Ok(None) };
                self.is_last = self.names.len() == 0;
                match self.begin(name)? {
                    Some(fault) => return Ok(Some(Item::Fault(fault))),
                    None => continue,
                }
            };
            if let Some(item) = self.step(&mut open)? {
                self.open = Some(open);
                return Ok(Some(item));
            }
        }
    }

    fn begin(&mut self, name: String) -> io::Result<Option<Fault>> {
        let fault = |what| Fault { segment: name.clone(), offset: 0, what };
        let begun = SegmentReader::begin(plain(self.storage, &name)?);
        let begun = if is_compressed(&name) { begun.or(Ok(None)) } else { begun };
        let reader = begun.map_err(|error| io::Error::new(error.kind(), format!("{name} {error}")))?;
        let Some(reader) = reader else {
            let first = first_of(&name).unwrap_or_default();
            let is_torn = self.is_last
                && (is_compressed(&name)
                    || behind_damage(&rest_of(self.storage, &name, 0)?, first).is_none());
            return Ok(Some(fault(if is_torn { Wrong::Unfinished } else { Wrong::Header })));
        };
        let header = &reader.header;
        let wrong = match self.end {
            Some((expected, _)) if expected != header.first && !header.after_damage => {
                Some(Wrong::Gap { expected, found: header.first })
            }
            Some((_, chain)) if chain != header.chain && !header.after_damage => Some(Wrong::Chain),
            _ => None,
        };
        let found = wrong.map(fault);
        self.open = Some(Open { name, reader, rest: None });
        Ok(found)
    }

    fn step(&mut self, open: &mut Open) -> io::Result<Option<Item>> {
        if open.rest.is_none() {
            let read = open.reader.next_entry();
            self.end = Some((open.reader.next, open.reader.chain));
            let whole = open.reader.whole_bytes();
            match read {
                Ok(Some(entry)) => return Ok(Some(Item::Entry(entry))),
                Ok(None) => {}
                Err(_) if is_compressed(&open.name) => {
                    // Behind a byte that changed nothing of it can be read.
                    open.rest = Some((Vec::new(), 0, open.reader.next));
                    let fault = Fault { segment: open.name.clone(), offset: whole, what: Wrong::Records };
                    return Ok(Some(Item::Fault(fault)));
                }
                Err(error) => return Err(error),
            }
            let rest = rest_of_plain(self.storage, &open.name, whole)?;
            if rest.is_empty() {
                return Ok(None);
            }
            let is_torn = self.is_last && behind_damage(&rest, open.reader.next).is_none();
            let what = if is_torn { Wrong::Unfinished } else { Wrong::Records };
            // What can be read of a group that is not whole was never acknowledged, and is cut off at the next start.
            open.rest = Some((if is_torn { Vec::new() } else { rest }, 0, open.reader.next));
            let fault = Fault { segment: open.name.clone(), offset: whole, what };
            return Ok(Some(Item::Fault(fault)));
        }
        let Some((rest, at, next)) = &mut open.rest else { return Ok(None) };
        let left = rest.get(*at..).unwrap_or_default();
        let Some((offset, entry)) = find_record(left, *next) else { return Ok(None) };
        let len = record_at(&left[offset..]).map_or(1, |(_, len)| len);
        (*at, *next) = (*at + offset + len, entry.position().saturating_add(1));
        self.end = Some((*next, open.reader.chain));
        Ok(Some(Item::Entry(entry)))
    }
}

fn is_compressed(name: &str) -> bool {
    name.ends_with(".zst")
}

/// A segment's bytes as they were written.
pub(super) fn plain(storage: &dyn Storage, name: &str) -> io::Result<Box<dyn Read + Send>> {
    let input = storage.read(name)?;
    if is_compressed(name) {
        return Ok(Box::new(zstd::stream::read::Decoder::new(input)?));
    }
    Ok(input)
}

fn rest_of_plain(storage: &dyn Storage, name: &str, from: u64) -> io::Result<Vec<u8>> {
    if !is_compressed(name) {
        return rest_of(storage, name, from);
    }
    let mut input = plain(storage, name)?;
    io::copy(&mut input.by_ref().take(from), &mut io::sink())?;
    let mut rest = Vec::new();
    input.read_to_end(&mut rest)?;
    Ok(rest)
}
