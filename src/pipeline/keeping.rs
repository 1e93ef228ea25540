//! The keeper's thread: snapshots to the disk, and old segments out of the way.
//!
//! In: what the machine was at one position. Out: a start that takes seconds, and a folder within its limits. Nothing
//! here may hold up the journal or the engine; what it cannot do now it does the next time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use super::Aside;
use crate::clock;
use crate::failpoint;
use crate::journal::retain::Keeper;
use crate::journal::snapshots::{self, Commitment};
use crate::machine::{Machine, Still};
use crate::record::Body;
use crate::time::Timestamp;

/// A start steps at most about this much of the engine's time.
const TAIL: Duration = Duration::from_secs(1);
/// A snapshot is at most this old.
const OLDEST: Duration = Duration::from_secs(60);
/// Taking snapshots takes at most one part in this of the engine's time.
const SHARE: u32 = 20;

/// What the machine was before the record at a position.
pub struct Snapshot {
    /// The position.
    pub position: u64,
    /// The machine there.
    pub machine: Still,
    /// The log's time there, from which ages are counted: a clock that somebody sets must not make records old.
    pub at: Option<Timestamp>,
}

/// When the engine's thread takes snapshots.
pub struct Snapshots {
    to_keeper: SyncSender<Snapshot>,
    taken: Instant,
    /// How long the last one took to take.
    cost: Duration,
    /// Time stepped since.
    stepped: Duration,
}

impl Snapshots {
    /// None taken yet.
    #[must_use]
    pub fn new(to_keeper: SyncSender<Snapshot>) -> Self {
        Self { to_keeper, taken: clock::instant(), cost: Duration::ZERO, stepped: Duration::ZERO }
    }

    /// The engine has stepped for so long.
    pub fn stepped(&mut self, took: Duration) {
        self.stepped += took;
    }

    /// Takes one of the machine, whose next record is the one at `position`, if it is time.
    pub fn take_if_due(&mut self, machine: &Machine, position: u64) {
        let since = self.taken.elapsed();
        if (self.stepped >= TAIL || since >= OLDEST) && since >= self.cost * SHARE {
            self.take(machine, position, false);
        }
    }

    /// Takes one; the last of a run waits for the keeper.
    pub fn take(&mut self, machine: &Machine, position: u64, wait: bool) {
        let began = clock::instant();
        let snapshot = Snapshot { position, machine: machine.still(), at: machine.engine.now() };
        self.taken = clock::instant();
        self.cost = self.taken.duration_since(began);
        let sent = if wait {
            self.to_keeper.send(snapshot).map_err(|_| ())
        } else {
            match self.to_keeper.try_send(snapshot) {
                // The keeper is busy with the one before: the next will do.
                Err(TrySendError::Full(_)) | Ok(()) => Ok(()),
                Err(TrySendError::Disconnected(_)) => Err(()),
            }
        };
        if sent.is_ok() {
            self.stepped = Duration::ZERO;
        }
    }
}

/// What the keeper works on.
pub struct Keeping {
    /// The folder.
    pub keeper: Keeper,
    /// Bytes of closed segments.
    pub closed_bytes: Arc<AtomicU64>,
    /// Records that the seal needs no more.
    pub settled: Arc<AtomicU64>,
    /// The way into the log: it is told of every snapshot, so that no other can be shown later.
    pub aside: Aside,
}

impl Keeping {
    /// Works until the engine's thread ends.
    pub fn run(mut self, snapshots: &Receiver<Snapshot>) {
        while let Ok(Snapshot { position, machine, at }) = snapshots.recv() {
            let (bytes, hash) = machine.to_bytes_and_hash();
            match snapshots::keep(self.keeper.storage(), position, &bytes) {
                Ok(true) => {
                    failpoint::pass("after_snapshot");
                    self.aside.put(Body::Act { bytes: Commitment::new(position, &hash).to_bytes() });
                }
                Ok(false) => tracing::warn!("no room for a snapshot: a start would take longer"),
                Err(error) => tracing::error!(%error, "a snapshot could not be written"),
            }
            let needed = snapshots::oldest_position(self.keeper.storage()).ok().flatten().unwrap_or(0);
            let needed = needed.min(self.settled.load(Ordering::Relaxed));
            let Some(at) = at else { continue };
            match self.keeper.tidy(at, needed) {
                Ok(done) => {
                    self.closed_bytes.store(done.bytes, Ordering::Relaxed);
                    if done.thinned + done.removed > 0 {
                        tracing::info!(?done, "old segments of the journal made room");
                    }
                }
                Err(error) => tracing::error!(%error, "the journal's folder could not be tidied"),
            }
        }
    }
}
