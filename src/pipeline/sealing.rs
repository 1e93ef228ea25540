//! The sealer's thread: leaves of durable records in, signed checkpoints out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock;
use crate::failpoint;
use crate::journal::layout::Hash;
use crate::journal::seal::Sealer;
use crate::seal::note::Note;

/// Groups whose leaves may wait: what finds no room is read from the disk again.
pub const MAX_WAITING: usize = 256;
/// Sealing takes at most one part in this of the thread's time, so that the journal's disk is not kept busy by it.
const SHARE: u32 = 10;

/// Leaves of durable records, from a position on.
pub struct Leaves {
    /// The position of the first.
    pub first: u64,
    /// One for each record.
    pub leaves: Vec<Hash>,
}

/// What the sealer's thread works on.
pub struct Sealing {
    /// The tree and its key.
    pub sealer: Sealer,
    /// A checkpoint is at most so old while records come.
    pub every: Duration,
    /// And covers all but so many.
    pub every_records: u64,
    /// Records that retention may take away, as far as the seal is concerned.
    pub settled: Arc<AtomicU64>,
    /// Told of the newest checkpoint.
    pub newest: watch::Sender<Option<Arc<str>>>,
}

impl Sealing {
    /// Works until the journal's thread ends.
    ///
    /// # Errors
    /// It cannot be known what was signed, or the journal cannot be read: nothing more may be signed.
    pub fn run(mut self, leaves: &Receiver<Leaves>) -> io::Result<()> {
        if let Some(last) = self.sealer.last()? {
            self.publish(&last);
        }
        let (mut sealed, mut cost) = (clock::instant(), Duration::ZERO);
        loop {
            let is_over = match leaves.recv_timeout(self.every.saturating_sub(sealed.elapsed())) {
                Ok(group) => {
                    self.take(&group)?;
                    // What else is there, or one checkpoint would follow the other in a flood.
                    while let Ok(group) = leaves.try_recv() {
                        self.take(&group)?;
                    }
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if is_over || self.is_due(sealed, cost) {
                let began = clock::instant();
                self.seal()?;
                sealed = clock::instant();
                cost = sealed.duration_since(began);
            }
            if is_over {
                return Ok(());
            }
        }
    }

    fn is_due(&self, sealed: Instant, cost: Duration) -> bool {
        let since = sealed.elapsed();
        since >= self.every || self.sealer.unsealed() >= self.every_records && since >= cost * SHARE
    }

    fn take(&mut self, group: &Leaves) -> io::Result<()> {
        self.sealer.take(group.first, &group.leaves).map_err(io::Error::other)
    }

    fn seal(&mut self) -> io::Result<()> {
        if let Some(note) = self.sealer.seal()? {
            failpoint::pass("after_seal");
            self.publish(&note);
        }
        self.settled.store(self.sealer.settled(), Ordering::Relaxed);
        Ok(())
    }

    fn publish(&self, note: &Note) {
        self.newest.send_replace(Some(note.to_string().into()));
    }
}
