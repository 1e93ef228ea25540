//! The file `tree`: hashes of complete subtrees of 1,024 leaves and more, in the order in which they become complete.
//!
//! With them a proof needs only the leaves near what it proves, and still stands when older segments are gone. A
//! thousandth of a frame's size for each record.

use std::io::{self, Read};

use super::append_whole;
use crate::journal::storage::{Appending, Storage};
use crate::seal::tree::Hash;

/// The file's name.
pub const NAME: &str = "tree";
/// Subtrees of 2^this leaves are the smallest that are kept.
pub const BLOCK_LEVEL: u32 = 10;
const HASH_BYTES: u64 = 32;

/// The end of the file, to which nodes are appended.
pub(super) struct Nodes {
    file: Box<dyn Appending>,
    bytes: u64,
    /// Not yet in the file.
    waiting: Vec<u8>,
}

impl Nodes {
    pub(super) fn open(storage: &mut dyn Storage) -> io::Result<Self> {
        let is_there = storage.names()?.iter().any(|name| name == NAME);
        let (file, bytes) = if is_there {
            (storage.open(NAME)?, storage.len(NAME)?)
        } else {
            let file = storage.create(NAME)?;
            storage.sync_names()?;
            (file, 0)
        };
        Ok(Self { file, bytes, waiting: Vec::new() })
    }

    /// Cuts the file to what a tree of `size` leaves has in it; false, and nothing changed, if there is less.
    pub(super) fn cut_to(&mut self, size: u64) -> io::Result<bool> {
        let wanted = count(size >> BLOCK_LEVEL) * HASH_BYTES;
        if self.bytes < wanted {
            return Ok(false);
        }
        if self.bytes > wanted {
            self.file.cut(wanted)?;
            self.bytes = wanted;
        }
        Ok(true)
    }

    pub(super) fn add(&mut self, hash: &Hash) {
        self.waiting.extend_from_slice(hash);
    }

    /// Makes durable what is waiting; false if the disk has no room.
    pub(super) fn save(&mut self) -> io::Result<bool> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        if !append_whole(&mut *self.file, self.bytes, &self.waiting)? {
            return Ok(false);
        }
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(true)
    }
}

/// The node at a place of the file, if it is that long.
pub(super) fn read(storage: &dyn Storage, level: u32, index: u64) -> io::Result<Option<Hash>> {
    let Some(place) = place(level - BLOCK_LEVEL, index) else { return Ok(None) };
    if !storage.names()?.iter().any(|name| name == NAME) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    storage.read_from(NAME, place * HASH_BYTES)?.take(HASH_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes.try_into().ok())
}

/// Where the node `index` of a level above the blocks stands: behind everything that was complete before it.
fn place(level: u32, index: u64) -> Option<u64> {
    // The last block that it holds, and what was complete when that was.
    let last = ((index + 1).checked_shl(level).filter(|end| end >> level == index + 1))? - 1;
    Some(count(last) + u64::from(level))
}

/// Nodes of a tree of so many blocks: every bit of every number below counts how often it was carried.
fn count(blocks: u64) -> u64 {
    2 * blocks - u64::from(blocks.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::tree::Frontier;

    #[test]
    fn every_node_is_found_where_it_was_written() {
        let mut frontier = Frontier::default();
        let mut written = Vec::new();
        for n in 0..100u64 {
            assert_eq!(written.len() as u64, count(n));
            written.push((0, n));
            let mut levels = Vec::new();
            frontier.push([0; 32], |level, _| levels.push(level));
            written.extend(levels.into_iter().map(|level| (level, n >> level)));
        }
        for (at, (level, index)) in written.into_iter().enumerate() {
            assert_eq!(place(level, index), Some(at as u64), "level {level}, {index}");
        }
        assert_eq!(place(60, 1 << 10), None);
    }
}
