//! A segment's bytes: its header, its records' frames, and the chain over them (`FORMAT.md`).
//!
//! In: records. Out: bytes and hashes. Knows no file.

use sha2::{Digest, Sha256};

use super::record_bytes::{self, Canonical};
use crate::record::Record;
pub use crate::seal::tree::{Hash, leaf};

/// First bytes of every segment.
pub const MAGIC: &[u8; 8] = b"LWJOURN2";
/// No record is longer: frames are capped far below.
pub const MAX_RECORD_BYTES: u32 = 128 << 20;
/// Bytes before a record's canonical bytes.
pub const FRAME_BYTES: usize = 12;
/// Bytes of a header before the sector's name.
pub(super) const HEADER_FIXED_BYTES: usize = 50;

const AFTER_DAMAGE: u8 = 1;
const THINNED: u8 = 2;

/// What a segment says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Position of its first record.
    pub first: u64,
    /// Chain value before its first record.
    pub chain: Hash,
    /// It was begun because records before it could not be read.
    pub after_damage: bool,
    /// Its frames have made room.
    pub thinned: bool,
    /// Whose journal.
    pub sector: String,
}

impl Header {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        let flags = if self.after_damage { AFTER_DAMAGE } else { 0 } | if self.thinned { THINNED } else { 0 };
        bytes.push(flags);
        bytes.push(u8::try_from(self.sector.len()).expect("an id has at most 63 bytes"));
        bytes.extend_from_slice(self.sector.as_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the header at the beginning of `bytes`: it, and how many bytes it takes; `None` if it is not whole.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = bytes;
        if take::<8>(&mut rest)? != *MAGIC {
            return None;
        }
        let first = u64::from_le_bytes(take(&mut rest)?);
        let chain = take(&mut rest)?;
        let [flags, length] = take(&mut rest)?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        let covered = HEADER_FIXED_BYTES + name.len();
        if crc32c::crc32c(bytes.get(..covered)?) != u32::from_le_bytes(*crc) || flags & !3 != 0 {
            return None;
        }
        let sector = std::str::from_utf8(name).ok()?.to_owned();
        let header = Self {
            first,
            chain,
            after_damage: flags & AFTER_DAMAGE != 0,
            thinned: flags & THINNED != 0,
            sector,
        };
        Some((header, covered + 4))
    }
}

/// The chain value after a record.
#[must_use]
pub fn chained(before: &Hash, leaf: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(leaf);
    hash.finalize().into()
}

/// Appends one record to `out`, the `nth` of its commit group; gives its leaf.
pub fn put_record(record: &Record, nth: u32, out: &mut Vec<u8>) -> Hash {
    put(nth, out, |out| record_bytes::encode(record, out), leaf)
}

/// Appends what is left of a frame that has made room.
pub fn put_thinned(position: u64, made_room: &Hash, nth: u32, out: &mut Vec<u8>) {
    put(nth, out, |out| record_bytes::encode_thinned(position, made_room, out), |_| *made_room);
}

fn put(
    nth: u32,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>),
    leaf: impl FnOnce(&[u8]) -> Hash,
) -> Hash {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    write(out);
    let len = u32::try_from(out.len() - start - FRAME_BYTES).expect("frames are capped far below 4 GiB");
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
    out[start + 8..start + 12].copy_from_slice(&nth.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&len.to_le_bytes()), &out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    leaf(&out[start + FRAME_BYTES..])
}

/// One record as it stands in a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it says.
    pub canonical: Canonical,
    /// How many records of its commit group stand before it.
    pub nth: u32,
    /// Its leaf.
    pub leaf: Hash,
}

impl Entry {
    /// Its place in the log.
    #[must_use]
    pub fn position(&self) -> u64 {
        match &self.canonical {
            Canonical::Whole(record) => record.position,
            Canonical::Thinned(position, _) => *position,
        }
    }
}

/// The frame before a record's canonical bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) len: u32,
    crc: u32,
    nth: u32,
}

impl Frame {
    pub(super) fn parse(head: [u8; FRAME_BYTES]) -> Self {
        let [l0, l1, l2, l3, c0, c1, c2, c3, n0, n1, n2, n3] = head;
        Self {
            len: u32::from_le_bytes([l0, l1, l2, l3]),
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
            nth: u32::from_le_bytes([n0, n1, n2, n3]),
        }
    }

    /// The record with these canonical bytes; `None` if they are not the ones that were written.
    pub(super) fn record(&self, canonical: &[u8]) -> Option<Entry> {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&self.len.to_le_bytes()), &self.nth.to_le_bytes());
        if canonical.len() != self.len as usize || crc32c::crc32c_append(crc, canonical) != self.crc {
            return None;
        }
        let read = record_bytes::decode(canonical).ok()?;
        let leaf = match &read {
            Canonical::Whole(_) => leaf(canonical),
            Canonical::Thinned(_, leaf) => *leaf,
        };
        Some(Entry { canonical: read, nth: self.nth, leaf })
    }
}

/// The record at the beginning of `bytes`, if a whole one stands there, and how many bytes it takes.
pub(super) fn record_at(bytes: &[u8]) -> Option<(Entry, usize)> {
    let (head, rest) = bytes.split_first_chunk::<FRAME_BYTES>()?;
    let frame = Frame::parse(*head);
    let canonical = rest.get(..frame.len as usize)?;
    Some((frame.record(canonical)?, FRAME_BYTES + canonical.len()))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Body;
    use crate::time::Timestamp;

    #[test]
    fn a_header_comes_back_and_any_changed_byte_is_seen() {
        let header = Header {
            first: 77,
            chain: leaf(b"x"),
            after_damage: true,
            thinned: false,
            sector: "east-3".to_owned(),
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::parse(&bytes), Some((header, bytes.len())));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            assert_eq!(Header::parse(&changed), None, "byte {at}");
            assert_eq!(Header::parse(&bytes[..at]), None);
        }
    }

    #[test]
    fn a_record_comes_back_and_any_changed_byte_is_seen() {
        let record = Record {
            position: 5,
            received: Timestamp::from_secs(9),
            body: Body::Act { bytes: b"{}".to_vec() },
        };
        let mut bytes = Vec::new();
        let hash = put_record(&record, 3, &mut bytes);
        let entry = Entry { canonical: Canonical::Whole(record), nth: 3, leaf: hash };
        assert_eq!(record_at(&bytes), Some((entry, bytes.len())));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            assert_eq!(record_at(&changed), None, "byte {at}");
        }
    }

    #[test]
    fn leaf_and_chain_are_as_written_by_hand() {
        // python3 -c 'import hashlib as h; l=h.sha256(b"\0abc"); print(l.hexdigest(), h.sha256(bytes(32)+l.digest()).hexdigest())'
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(leaf(b"abc")), "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1");
        assert_eq!(
            hex(chained(&[0; 32], &leaf(b"abc"))),
            "83f951ac32b0a436bb35b6d534ec7fdb390d5cc51637028197883dd0c5f4b83d"
        );
    }
}
