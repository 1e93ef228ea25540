//! Files `edge-N`: the leaves that stood before the oldest record there is, as far as its block of 1,024 reaches back.
//!
//! In: a log whose oldest segments are about to go. Out: what stands for them in proofs about records near the edge: the
//! file `tree` holds whole blocks only. At most 32 KiB, one file at a time, two while a segment goes.
//!
//! `LWEDGE01 · first u64 · 32 bytes for each leaf from there to N · SHA-256 of all this`.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::kept::Kept;
use super::nodes::BLOCK_LEVEL;
use crate::journal::storage::{Storage, put_whole};
use crate::seal::tree::Hash;

const MAGIC: &[u8; 8] = b"LWEDGE01";
const PREFIX: &str = "edge-";
const MOST_BYTES: u64 = 16 + 32 * (1 << BLOCK_LEVEL) + 32;

/// The leaves before a log's oldest record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    /// Position of the first of them.
    pub(super) first: u64,
    pub(super) leaves: Vec<Hash>,
}

/// Holds what proofs will need once the records before `oldest` are gone; the bytes, if the disk had no room for them.
///
/// # Errors
/// The folder cannot be read or written.
pub fn keep(storage: &mut dyn Storage, oldest: u64) -> io::Result<Option<Vec<u8>>> {
    let first = oldest >> BLOCK_LEVEL << BLOCK_LEVEL;
    if first == oldest {
        return Ok(None);
    }
    // What cannot be had any more, nothing can stand for.
    let Ok(leaves) = Kept::new(storage)?.leaves(first, oldest).map(<[Hash]>::to_vec) else { return Ok(None) };
    let mut bytes = [&MAGIC[..], &first.to_le_bytes()].concat();
    leaves.iter().for_each(|leaf| bytes.extend_from_slice(leaf));
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok((!put(storage, oldest, &bytes)?).then_some(bytes))
}

/// Writes what there was no room for; false if there is none still.
///
/// # Errors
/// The folder cannot be written.
pub fn put(storage: &mut dyn Storage, oldest: u64, bytes: &[u8]) -> io::Result<bool> {
    put_whole(storage, &name(oldest), &[bytes])
}

/// Forgets the edges of other beginnings than this.
///
/// # Errors
/// The folder cannot be read or written.
pub fn forget_all_but(storage: &mut dyn Storage, oldest: u64) -> io::Result<()> {
    let others: Vec<String> = storage.names()?.into_iter().filter(|found| is_other(found, oldest)).collect();
    others.iter().try_for_each(|found| storage.remove(found))?;
    if others.is_empty() { Ok(()) } else { storage.sync_names() }
}

fn is_other(found: &str, oldest: u64) -> bool {
    found.starts_with(PREFIX) && !found.contains('.') && found != name(oldest)
}

fn name(oldest: u64) -> String {
    format!("{PREFIX}{oldest:020}")
}

/// The edge of a log that begins at `oldest`; one without leaves if there is none, or it is not whole.
pub(super) fn read(storage: &dyn Storage, oldest: u64) -> io::Result<Edge> {
    let name = name(oldest);
    if !storage.names()?.contains(&name) {
        return Ok(Edge::default());
    }
    let mut bytes = Vec::new();
    storage.read(&name)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let edge = parse(&bytes).filter(|edge| edge.first + edge.leaves.len() as u64 == oldest);
    if edge.is_none() {
        tracing::warn!(%name, "is not whole: the oldest records cannot be proved");
    }
    Ok(edge.unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Option<Edge> {
    let (covered, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if hash != &Sha256::digest(covered)[..] {
        return None;
    }
    let (first, leaves) = covered.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let (leaves, rest) = leaves.as_chunks::<32>();
    rest.is_empty().then(|| Edge { first: u64::from_le_bytes(*first), leaves: leaves.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::disk::Disk;

    #[test]
    fn any_changed_byte_is_seen_and_other_edges_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let mut disk = Disk::at(dir.path()).unwrap();
        let mut bytes = [&MAGIC[..], &1_024_u64.to_le_bytes(), &[7; 32], &[8; 32]].concat();
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        assert!(put(&mut disk, 1_026, &bytes).unwrap() && put(&mut disk, 3_000, &bytes).unwrap());
        let edge = Edge { first: 1_024, leaves: vec![[7; 32], [8; 32]] };
        assert_eq!(read(&disk, 1_026).unwrap(), edge);
        assert_eq!(read(&disk, 3_000).unwrap(), Edge::default(), "not of this beginning");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(parse(&changed).is_none() && parse(&bytes[..at]).is_none(), "byte {at}");
        }
        forget_all_but(&mut disk, 1_026).unwrap();
        assert_eq!(disk.names().unwrap(), ["edge-00000000000000001026"]);
    }
}
