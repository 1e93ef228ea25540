//! The journal: everything that moves the engine, in one order, on a disk before anybody is told.
//!
//! Sources and engine meet only here, in [`Log`]. `FORMAT.md` beside this file describes the files to the byte;
//! [`storage`] is all that is asked of a disk.

pub mod disk;
pub mod export;
pub mod history;
pub mod layout;
pub mod reader;
pub mod record_bytes;
pub mod recover;
pub mod retain;
pub mod seal;
pub mod snapshots;
pub mod storage;
pub mod verify;
pub mod writer;

use std::io;

use crate::record::{Body, Record, Sequencer};
use crate::time::Timestamp;
use layout::Hash;

/// Where order is decided, and nowhere else.
pub trait Log: Send {
    /// Gives every body its place and stamp, puts the ticks due by `now` between and behind them, and makes all of it
    /// durable as one commit group; moves them to `out` as records.
    ///
    /// # Errors
    /// [`LogError`]: then `out` and `bodies` are as before, and none of the bodies has a place.
    fn append(
        &mut self,
        now: Timestamp,
        bodies: &mut Vec<Body>,
        out: &mut Vec<Record>,
    ) -> Result<(), LogError>;

    /// The position the next record gets.
    fn head(&self) -> u64;

    /// Chain value before the next record.
    fn chain(&self) -> Hash;

    /// Leaves of the records of the last group, in order; none where nothing is kept.
    fn leaves(&self) -> &[Hash] {
        &[]
    }

    /// Bytes of the segment that grows.
    fn bytes(&self) -> u64;

    /// Puts room aside for the day the disk is full; false if there is none now.
    ///
    /// # Errors
    /// The folder cannot be written for another reason.
    fn keep_reserve(&mut self) -> io::Result<bool>;

    /// Gives the room put aside to what comes next.
    ///
    /// # Errors
    /// The folder cannot be written.
    fn use_reserve(&mut self) -> io::Result<()>;
}

/// Why a group is not in the log: named for what is done next.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Nothing was kept and nothing is broken: what can wait must wait.
    #[error("the journal's disk is full")]
    Full,
    /// It cannot be known what is on the disk: the process must stop, and start again from what is there.
    #[error("the journal cannot be written: {0}")]
    Failed(#[from] io::Error),
}

/// A log that orders and keeps nothing: for an installation without `[journal]`.
#[derive(Debug, Default)]
pub struct Unkept(Sequencer);

impl Log for Unkept {
    fn append(
        &mut self,
        now: Timestamp,
        bodies: &mut Vec<Body>,
        out: &mut Vec<Record>,
    ) -> Result<(), LogError> {
        for body in bodies.drain(..) {
            self.0.place(now, body, out);
        }
        self.0.advance(now, out);
        Ok(())
    }

    fn head(&self) -> u64 {
        self.0.next()
    }

    fn chain(&self) -> Hash {
        [0; 32]
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn keep_reserve(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn use_reserve(&mut self) -> io::Result<()> {
        Ok(())
    }
}
