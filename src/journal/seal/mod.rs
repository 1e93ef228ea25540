//! The seal of a log: its head, signed every so often, and what later proofs need.
//!
//! In: the leaves of durable records. Out: signed checkpoints, in files beside the segments (`FORMAT.md`, "Seal"). Every
//! checkpoint follows from the one before it: what is on the disk is compared with it first, and where the two contradict
//! each other nothing is ever signed again. Knows no clock; who calls decides when.

pub mod audit;
pub mod edge;
pub mod kept;
pub mod nodes;
pub mod notes;
pub mod state;

use std::io;

use super::history::{History, Item};
use super::layout::{Hash, leaf};
use super::recover::{first_of, segments};
use super::storage::{Appending, Storage, is_full};
use crate::seal::checkpoint::Checkpoint;
use crate::seal::key::SignerKey;
use crate::seal::note::Note;
use crate::seal::proof::cover;
use crate::seal::tree::{Frontier, folded};
use kept::Kept;
use nodes::{BLOCK_LEVEL, Nodes};
use notes::Notes;

/// Why a log cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The folder cannot be read or written.
    #[error("the journal's seal cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// What is in the journal is not what was signed.
    #[error(
        "the journal contradicts its last checkpoint, of {size} records: what was signed then is not what is there now. \
         Nothing more will be signed over it. Keep the folder as it is for who must find out why, and give [journal] a \
         new folder"
    )]
    Contradiction {
        /// Records that the checkpoint covers.
        size: u64,
    },
    /// There is less than was signed.
    #[error(
        "the journal holds {head} records, but its last checkpoint covers {size}: its end was cut, or an older copy was \
         put back. Put back the newest copy, or keep the folder as it is and give [journal] a new one"
    )]
    Shorter {
        /// Records there are.
        head: u64,
        /// Records that the checkpoint covers.
        size: u64,
    },
    /// What the tree must be made of is not there any more.
    #[error(
        "the journal's records {from} to {to} are gone and the files `tree` and `seal.state`, which would stand for them, \
         are not there or do not fit: put those back, or give [journal] a new folder"
    )]
    Gone {
        /// The first.
        from: u64,
        /// Behind the last.
        to: u64,
    },
}

/// Seals one log.
pub struct Sealer {
    storage: Box<dyn Storage>,
    key: Option<SignerKey>,
    frontier: Frontier,
    nodes: Nodes,
    notes: Notes,
    /// Records that the state on the disk covers.
    settled: u64,
    /// Records that the last checkpoint covers.
    sealed: u64,
}

impl Sealer {
    /// The sealer of a log whose next record is the one at `head`. Without a key it signs nothing, but keeps what a later
    /// key will need.
    ///
    /// # Errors
    /// [`SealError`]; then nothing must be signed.
    pub fn open(mut storage: Box<dyn Storage>, key: Option<SignerKey>, head: u64) -> Result<Self, SealError> {
        let (notes, last) = Notes::open(&mut *storage)?;
        if let Some(key) = &key {
            notes::add_key(&mut *storage, &key.public())?;
        }
        if let Some(last) = last.as_ref().filter(|last| last.size > head) {
            return Err(SealError::Shorter { head, size: last.size });
        }
        let frontier = state::read(&*storage)?.filter(|frontier| frontier.size() <= head);
        let mut nodes = Nodes::open(&mut *storage)?;
        let frontier = match frontier {
            Some(frontier) if nodes.cut_to(frontier.size())? => frontier,
            _ => {
                nodes.cut_to(0)?;
                Frontier::default()
            }
        };
        let (settled, sealed) = (frontier.size(), last.as_ref().map_or(0, |last| last.size));
        let mut sealer = Self { storage, key, frontier, nodes, notes, settled, sealed };
        if let Some(last) = &last {
            sealer.agree_with(last)?;
        }
        sealer.catch_up(head)?;
        Ok(sealer)
    }

    /// The tree of the records there are must be the one that was signed.
    fn agree_with(&mut self, last: &Checkpoint) -> Result<(), SealError> {
        let root = if self.frontier.size() > last.size {
            // Nobody signed for a while: the tree as it was then, from what is kept of it.
            let mut kept = Kept::new(&*self.storage)?;
            let peaks = cover(&mut kept, 0, last.size);
            let peaks = peaks.map_err(|missing| missing.into_seal_error())?;
            folded(&peaks).unwrap_or_else(crate::seal::tree::empty)
        } else {
            self.catch_up(last.size)?;
            self.frontier.root()
        };
        if root == last.root { Ok(()) } else { Err(SealError::Contradiction { size: last.size }) }
    }

    /// Adds the leaves of durable records from position `first` on. What is between is read from the disk.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn take(&mut self, first: u64, leaves: &[Hash]) -> Result<(), SealError> {
        if first > self.frontier.size() {
            self.catch_up(first)?;
        }
        for (position, leaf) in (first..).zip(leaves) {
            if position == self.frontier.size() {
                grow(&mut self.frontier, &mut self.nodes, *leaf);
            }
        }
        Ok(())
    }

    /// Signs the head, and makes it and what later proofs need durable. Gives the checkpoint; none without a key, without
    /// anything new, or on a full disk, where it is tried again the next time.
    ///
    /// # Errors
    /// It cannot be known what is on the disk: nothing may be signed any more.
    pub fn seal(&mut self) -> io::Result<Option<Note>> {
        if !self.nodes.save()? {
            return Ok(None);
        }
        let note = match &self.key {
            Some(key) if self.frontier.size() > self.sealed => {
                let (origin, size) = (key.name().to_owned(), self.frontier.size());
                let note = Checkpoint { origin, size, root: self.frontier.root() }.signed(key);
                if !self.notes.append(&mut *self.storage, size, &note)? {
                    return Ok(None);
                }
                self.sealed = size;
                Some(note)
            }
            _ => None,
        };
        if self.frontier.size() > self.settled && state::write(&mut *self.storage, &self.frontier)? {
            self.settled = self.frontier.size();
        }
        Ok(note)
    }

    /// Records whose leaves are not needed any more: retention may take them away.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// Records since the last checkpoint.
    #[must_use]
    pub fn unsealed(&self) -> u64 {
        self.frontier.size() - self.sealed.min(self.frontier.size())
    }

    /// The checkpoint that was signed last, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn last(&self) -> io::Result<Option<Note>> {
        notes::last(&*self.storage)
    }

    /// Reads the leaves of the records before `to` that the tree does not have yet.
    fn catch_up(&mut self, to: u64) -> Result<(), SealError> {
        let from = self.frontier.size();
        if from >= to {
            return Ok(());
        }
        let oldest = segments(&*self.storage)?.first().and_then(|name| first_of(name)).unwrap_or(0);
        if from < oldest {
            return Err(SealError::Gone { from, to: oldest });
        }
        let (storage, frontier, nodes) = (&*self.storage, &mut self.frontier, &mut self.nodes);
        let mut history = History::from(storage, from)?;
        while let Some(item) = history.next_item()? {
            let Item::Entry(entry) = item else { continue };
            if entry.position() >= to {
                break;
            }
            if entry.position() >= frontier.size() {
                (frontier.size()..entry.position()).for_each(|lost| grow(frontier, nodes, unreadable(lost)));
                grow(frontier, nodes, entry.leaf);
            }
        }
        (frontier.size()..to).for_each(|lost| grow(frontier, nodes, unreadable(lost)));
        Ok(())
    }
}

fn grow(frontier: &mut Frontier, nodes: &mut Nodes, leaf: Hash) {
    frontier.push(leaf, |level, hash| {
        if level >= BLOCK_LEVEL {
            nodes.add(hash);
        }
    });
}

/// The leaf that stands for a record which could not be read before it was sealed.
#[must_use]
pub fn unreadable(position: u64) -> Hash {
    leaf(&[&position.to_le_bytes()[..], &[254]].concat())
}

/// Appends to a file and syncs it, or takes back what was written: false if there is no room.
fn append_whole(file: &mut dyn Appending, at: u64, bytes: &[u8]) -> io::Result<bool> {
    match file.append(bytes).and_then(|()| file.sync()) {
        Ok(()) => Ok(true),
        Err(error) if is_full(&error) => file.cut(at).map(|()| false),
        Err(error) => Err(error),
    }
}
