//! Reads what [`super::segment`] wrote, or what is left of it.
//!
//! In: the bytes of one segment, from a file or from anywhere. Out: its whole records in order, up to the end or to the
//! first that is not whole. Whatever the bytes say, no more memory is taken than there are bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::record_bytes;
use super::segment::{MAGIC, MAX_RECORD_BYTES};
use crate::record::Record;

/// Reads one segment's records in order.
pub struct SegmentReader<R = BufReader<File>> {
    input: R,
    /// The sector the segment was written for.
    pub sector: String,
    next: u64,
    whole_bytes: u64,
}

impl SegmentReader {
    /// Opens a segment; `None` if a crash left it without a whole header.
    ///
    /// # Errors
    /// It cannot be read, or is not a segment.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let input = BufReader::with_capacity(1 << 20, File::open(path)?);
        Self::begin(input)
            .map_err(|error| io::Error::new(error.kind(), format!("{} {error}", path.display())))
    }
}

impl<R: Read> SegmentReader<R> {
    /// Reads a segment's header; `None` if it is not whole.
    ///
    /// # Errors
    /// `input` cannot be read, or is not a segment.
    pub fn begin(mut input: R) -> io::Result<Option<Self>> {
        let mut fixed = [0; 17];
        if !read_whole(&mut input, &mut fixed)? {
            return Ok(None);
        }
        let [m0, m1, m2, m3, m4, m5, m6, m7, f0, f1, f2, f3, f4, f5, f6, f7, length] = fixed;
        if [m0, m1, m2, m3, m4, m5, m6, m7] != *MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "is not a linewatch journal segment"));
        }
        let mut sector = vec![0; usize::from(length)];
        if !read_whole(&mut input, &mut sector)? {
            return Ok(None);
        }
        Ok(Some(Self {
            input,
            whole_bytes: 17 + sector.len() as u64,
            sector: String::from_utf8_lossy(&sector).into_owned(),
            next: u64::from_le_bytes([f0, f1, f2, f3, f4, f5, f6, f7]),
        }))
    }

    /// The next whole record; `None` at the end or at a torn tail.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        let mut head = [0; 8];
        if !read_whole(&mut self.input, &mut head)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        if len > MAX_RECORD_BYTES {
            return Ok(None);
        }
        // A torn length may promise far more than there is: room is made for what comes, not for what is promised.
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(u64::from(len)).read_to_end(&mut bytes)?;
        let crc = u32::from_le_bytes([c0, c1, c2, c3]);
        // A position past the last number is no place in any log.
        let after = self.next.checked_add(1);
        let (Some(after), true) = (after, read == len as usize && crc32fast::hash(&bytes) == crc) else {
            return Ok(None);
        };
        let Ok((received, body)) = record_bytes::decode(&bytes) else { return Ok(None) };
        self.whole_bytes += 8 + u64::from(len);
        let position = std::mem::replace(&mut self.next, after);
        Ok(Some(Record { position, received, body }))
    }

    /// Bytes up to the end of the last whole record.
    #[must_use]
    pub fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }
}

/// Fills `buffer`; false if the input ends before.
fn read_whole(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
