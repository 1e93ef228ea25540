//! Whether the records there are have the roots that were signed.
//!
//! In: every entry of a log in order. Out: each checkpoint that says otherwise. Where the log's beginning is gone, the file
//! `tree` stands for it; where that is gone too, nothing can be said.

use std::io;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::kept::Kept;
use super::{notes, unreadable};
use crate::journal::history::{Fault, Wrong};
use crate::journal::layout::Entry;
use crate::journal::recover::{first_of, segments};
use crate::journal::storage::Storage;
use crate::seal::checkpoint::Checkpoint;
use crate::seal::proof::cover;
use crate::seal::tree::Frontier;

/// A walk beside the records.
pub struct Audit {
    /// The tree of the records seen; none where its beginning cannot be known.
    frontier: Option<Frontier>,
    checkpoints: Peekable<IntoIter<(String, Checkpoint)>>,
    agreed: (u64, u64),
}

impl Audit {
    /// Begins with the oldest record there is.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn begin(storage: &dyn Storage) -> io::Result<Self> {
        let first = segments(storage)?.first().and_then(|name| first_of(name)).unwrap_or(0);
        let peaks = cover(&mut Kept::new(storage)?, 0, first).ok();
        let frontier = peaks.and_then(|peaks| Frontier::from_peaks(first, peaks));
        let mut checkpoints = notes::all(storage)?;
        checkpoints.retain(|(_, checkpoint)| checkpoint.size > first);
        Ok(Self { frontier, checkpoints: checkpoints.into_iter().peekable(), agreed: (0, 0) })
    }

    /// The next entry; gives what does not agree with it.
    pub fn see(&mut self, entry: &Entry) -> Option<Fault> {
        let frontier = self.frontier.as_mut()?;
        let mut found = None;
        while frontier.size() <= entry.position() {
            let at = frontier.size();
            frontier.push(if at == entry.position() { entry.leaf } else { unreadable(at) }, |_, _| {});
            while let Some((segment, signed)) = self.checkpoints.next_if(|(_, next)| next.size <= at + 1) {
                if signed.size == at + 1 && signed.root == frontier.root() {
                    self.agreed = (self.agreed.0 + 1, signed.size);
                } else {
                    found.get_or_insert(Fault { segment, offset: 0, what: Wrong::Checkpoint(signed.size) });
                }
            }
        }
        found
    }

    /// Checkpoints that the records agree with, and how many the last of them covers.
    #[must_use]
    pub fn agreed(&self) -> (u64, u64) {
        self.agreed
    }
}
