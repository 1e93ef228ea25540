//! Hashes of a log's tree as its folder has them: large subtrees from the file `tree`, small ones from the records and from
//! what stands for those that are gone (`edge`).
//!
//! In: a folder. Out: [`Nodes`] for proofs. One block of leaves is held at a time.

use std::io;

use super::edge::{self, Edge};
use super::nodes::{self, BLOCK_LEVEL};
use super::{SealError, unreadable};
use crate::journal::history::{History, Item};
use crate::journal::recover::{first_of, segments};
use crate::journal::storage::Storage;
use crate::seal::proof::Nodes;
use crate::seal::tree::{Hash, folded, node};

/// Why a hash cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// The folder cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The leaves are gone, and nothing stands for them.
    #[error("the hashes of records {0} to {1} are not there any more")]
    Leaves(u64, u64),
}

impl Missing {
    pub(super) fn into_seal_error(self) -> SealError {
        match self {
            Self::Io(error) => SealError::Io(error),
            Self::Leaves(from, to) => SealError::Gone { from, to: to.saturating_add(1) },
        }
    }
}

/// The nodes of a log's tree.
pub struct Kept<'a> {
    storage: &'a dyn Storage,
    oldest: u64,
    /// The leaves before the oldest record.
    edge: Edge,
    /// A block's number, and the leaves of it that there are.
    block: Option<(u64, Vec<Hash>)>,
}

impl<'a> Kept<'a> {
    /// Of the log in `storage`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn new(storage: &'a dyn Storage) -> io::Result<Self> {
        let oldest = segments(storage)?.first().and_then(|name| first_of(name)).unwrap_or(0);
        Ok(Self { storage, oldest, edge: edge::read(storage, oldest)?, block: None })
    }

    pub(super) fn leaves(&mut self, from: u64, to: u64) -> Result<&[Hash], Missing> {
        let block = from >> BLOCK_LEVEL;
        let missing = || Missing::Leaves(from, to - 1);
        let begin = self.begin(block);
        if from < begin {
            return Err(missing());
        }
        if self.block.as_ref().is_none_or(|(held, _)| *held != block) {
            self.block = Some((block, self.read(block)?));
        }
        let (_, leaves) = self.block.as_ref().expect("it was just read");
        let [from, to] = [from, to].map(|at| usize::try_from(at - begin).unwrap_or(usize::MAX));
        leaves.get(from..to).ok_or_else(missing)
    }

    /// Position of the first leaf of a block that there is.
    fn begin(&self, block: u64) -> u64 {
        let first = block << BLOCK_LEVEL;
        if first == self.edge.first && !self.edge.leaves.is_empty() { first } else { first.max(self.oldest) }
    }

    /// The leaves of a block, from the first there is on, until the log ends.
    fn read(&self, block: u64) -> io::Result<Vec<Hash>> {
        let (from, to) = ((block << BLOCK_LEVEL).max(self.oldest), (block + 1) << BLOCK_LEVEL);
        let mut leaves = if self.begin(block) < from { self.edge.leaves.clone() } else { Vec::new() };
        let mut next = from;
        let mut history = History::from(self.storage, from)?;
        while let Some(item) = history.next_item()? {
            let Item::Entry(entry) = item else { continue };
            let position = entry.position();
            if position >= next {
                leaves.extend((next..position.min(to)).map(unreadable));
                if position >= to {
                    break;
                }
                leaves.push(entry.leaf);
                next = position + 1;
            }
        }
        Ok(leaves)
    }
}

impl Nodes for Kept<'_> {
    type Error = Missing;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Missing> {
        if level < BLOCK_LEVEL {
            let leaves = self.leaves(index << level, (index + 1) << level)?;
            return Ok(complete(leaves));
        }
        if let Some(kept) = nodes::read(self.storage, level, index)? {
            return Ok(kept);
        }
        if level == BLOCK_LEVEL {
            return Ok(complete(self.leaves(index << level, (index + 1) << level)?));
        }
        Ok(node(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?))
    }
}

/// The root over a power of two of leaves.
fn complete(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).filter_map(folded).collect();
    }
    level.pop().unwrap_or_else(crate::seal::tree::empty)
}
