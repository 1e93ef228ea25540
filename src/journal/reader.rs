//! Reads what [`super::writer`] wrote, or what is left of it.
//!
//! In: the bytes of one segment, from a file or from anywhere. Out: its whole records in order, up to the end or to the
//! first that is not whole. Whatever the bytes say, no more memory is taken than there are bytes.

use std::io::{self, BufReader, Read};

use super::layout::{Entry, FRAME_BYTES, Frame, HEADER_FIXED_BYTES, Hash, Header, MAGIC, MAX_RECORD_BYTES};
use super::layout::{chained, record_at};
use super::record_bytes::Canonical;
use crate::record::Record;
use crate::time::Timestamp;

/// Reads one segment's records in order.
pub struct SegmentReader<R> {
    input: R,
    /// What the segment says of itself.
    pub header: Header,
    /// The position that the next record must have.
    pub next: u64,
    /// Chain value after the last record read.
    pub chain: Hash,
    latest: Option<Timestamp>,
    whole_bytes: u64,
    group_at: u64,
}

impl<R: Read> SegmentReader<BufReader<R>> {
    /// Reads a segment's header; `None` if it is not whole.
    ///
    /// # Errors
    /// `input` cannot be read, or is not a segment.
    pub fn begin(input: R) -> io::Result<Option<Self>> {
        let mut input = BufReader::with_capacity(1 << 20, input);
        let mut bytes = Vec::new();
        input.by_ref().take(HEADER_FIXED_BYTES as u64).read_to_end(&mut bytes)?;
        let magic = bytes.get(..MAGIC.len()).unwrap_or(&bytes);
        // A page that was never written reads as zeros: that is nobody's file.
        if !MAGIC.starts_with(magic) && magic.iter().any(|byte| *byte != 0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "is not a linewatch journal segment"));
        }
        let Some(&[.., length]) = bytes.first_chunk::<HEADER_FIXED_BYTES>() else { return Ok(None) };
        input.by_ref().take(u64::from(length) + 4).read_to_end(&mut bytes)?;
        let Some((header, len)) = Header::parse(&bytes) else { return Ok(None) };
        Ok(Some(Self {
            input,
            next: header.first,
            chain: header.chain,
            latest: None,
            whole_bytes: len as u64,
            group_at: 0,
            header,
        }))
    }

    /// The next whole record, as it stands; `None` at the end or at the first that is not whole.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut head = [0; FRAME_BYTES];
        if !read_whole(&mut self.input, &mut head)? {
            return Ok(None);
        }
        let frame = Frame::parse(head);
        if frame.len > MAX_RECORD_BYTES {
            return Ok(None);
        }
        // A torn length may promise far more than there is: room is made for what comes, not for what is promised.
        let mut bytes = Vec::new();
        self.input.by_ref().take(u64::from(frame.len)).read_to_end(&mut bytes)?;
        let Some(entry) = frame.record(&bytes).filter(|entry| self.follows(entry)) else { return Ok(None) };
        if entry.nth == 0 && self.next > self.header.first {
            self.group_at = self.whole_bytes;
        }
        self.whole_bytes += (FRAME_BYTES + bytes.len()) as u64;
        self.next += 1;
        self.chain = chained(&self.chain, &entry.leaf);
        if let Canonical::Whole(record) = &entry.canonical {
            self.latest = Some(record.received);
        }
        Ok(Some(entry))
    }

    /// The next whole record; those that have made room are passed over.
    ///
    /// # Errors
    /// As [`SegmentReader::next_entry`].
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        while let Some(entry) = self.next_entry()? {
            if let Canonical::Whole(record) = entry.canonical {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn follows(&self, entry: &Entry) -> bool {
        let in_time = match &entry.canonical {
            Canonical::Whole(record) => self.latest.is_none_or(|latest| record.received >= latest),
            Canonical::Thinned(..) => self.header.thinned,
        };
        // A position past the last number is no place in any log.
        entry.position() == self.next && self.next < u64::MAX && u64::from(entry.nth) <= self.next && in_time
    }

    /// Bytes up to the end of the last whole record.
    #[must_use]
    pub fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// Where the commit group of the last whole record begins; the first of a segment was written with its header.
    #[must_use]
    pub fn group_at(&self) -> u64 {
        self.group_at
    }

    /// Stamp of the last whole record that still has one.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }
}

/// Finds the first whole record in `bytes` with a position of `expected` or a later one: where it stands, and it.
#[must_use]
pub(super) fn find_record(bytes: &[u8], expected: u64) -> Option<(usize, Entry)> {
    (0..bytes.len().saturating_sub(FRAME_BYTES + 8)).find_map(|at| {
        let rest = bytes.get(at..)?;
        // Cheap things first: nearly every place is none.
        let position = rest.get(FRAME_BYTES..)?.first_chunk::<8>()?;
        let ahead = u64::from_le_bytes(*position).checked_sub(expected)?;
        if ahead > u64::from(u32::MAX) {
            return None;
        }
        record_at(rest).map(|(entry, _)| (at, entry))
    })
}

/// Fills `buffer`; false if the input ends before.
fn read_whole(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
