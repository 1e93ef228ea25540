//! The log on a disk: commit groups at the end of segment files.
//!
//! In: bodies. Out: the same as records, once a successful sync covers them. A group is written and synced as one; the
//! next is begun only then. An error of a sync is the end: nothing is tried again, the process must stop. A full disk
//! is not: the group is taken back, and whoever called decides what can wait.

use std::io;

use super::layout::{Hash, put_record};
use super::recover::{self, End, OPEN_SUFFIX};
use super::storage::{Appending, Storage, is_full, put_whole};
use super::{Log, LogError};
use crate::failpoint;
use crate::record::{Body, Record, Sequencer};
use crate::time::Timestamp;

/// A new segment is begun after this many bytes.
const SEGMENT_BYTES: u64 = 64 << 20;
/// Room kept from group to group: several times what an ordinary one needs.
const KEPT_BUFFER_BYTES: usize = 1 << 20;
/// Kept on the disk for alerts and acts on the day it is full.
const RESERVE_BYTES: usize = 16 << 20;
const RESERVE: &str = "reserve";

/// A log in a folder of segment files.
pub struct Segments {
    storage: Box<dyn Storage>,
    sector: String,
    sequencer: Sequencer,
    chain: Hash,
    current: Option<Current>,
    segment_bytes: u64,
    reserve_bytes: usize,
    after_damage: bool,
    /// Emptied and filled again for every group.
    buffer: Vec<u8>,
    /// Of the last group.
    leaves: Vec<Hash>,
}

/// The segment that grows.
struct Current {
    file: Box<dyn Appending>,
    bytes: u64,
}

/// What opening a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Stamp of the last record held, if there is one: nobody listened since.
    pub since: Option<Timestamp>,
    /// Positions that could not be read though they had been synced.
    pub damage: Option<(u64, u64)>,
    /// Bytes of a group that was never acknowledged, cut off.
    pub cut_bytes: u64,
}

impl Segments {
    /// Opens the log in `storage`, or begins one. Nothing is appended: what must be said of the time since the last
    /// record is the caller's first group.
    ///
    /// # Errors
    /// The folder cannot be read or written, a file in it is not ours, or it is another sector's.
    pub fn open(storage: Box<dyn Storage>, sector: &str) -> io::Result<(Self, Opened)> {
        Self::with_limits(storage, sector, SEGMENT_BYTES, RESERVE_BYTES)
    }

    /// The same, with segments and a reserve of other sizes.
    ///
    /// # Errors
    /// As [`Segments::open`].
    pub fn with_limits(
        mut storage: Box<dyn Storage>,
        sector: &str,
        segment_bytes: u64,
        reserve_bytes: usize,
    ) -> io::Result<(Self, Opened)> {
        let end = recover::recover(&mut *storage, sector)?;
        let current = match &end.open {
            Some((name, bytes)) => Some(Current { file: storage.open(name)?, bytes: *bytes }),
            None => None,
        };
        let opened = Opened {
            since: end.last.as_ref().map(|last| last.received),
            damage: end.damage,
            cut_bytes: end.cut_bytes,
        };
        let End { next, chain, last, damage, .. } = end;
        let log = Self {
            sequencer: last.as_ref().map_or_else(Sequencer::default, Sequencer::resume).skip_to(next),
            storage,
            sector: sector.to_owned(),
            chain,
            current,
            segment_bytes,
            reserve_bytes,
            after_damage: damage.is_some(),
            buffer: Vec::new(),
            leaves: Vec::new(),
        };
        Ok((log, opened))
    }

    /// Writes and syncs one group, or takes it back.
    fn commit(&mut self, records: &[Record], after: Sequencer) -> Result<(), LogError> {
        self.leaves.clear();
        let Some(first) = records.first() else { return Ok(()) };
        self.buffer.clear();
        let begins = self.current.as_ref().is_none_or(|current| current.bytes >= self.segment_bytes);
        if begins {
            let header =
                recover::header_after(first.position, self.chain, self.after_damage, &self.sector).to_bytes();
            self.buffer.extend_from_slice(&header);
        }
        let mut chain = self.chain;
        let mut leaves = std::mem::take(&mut self.leaves);
        for (nth, record) in (0..).zip(records) {
            let leaf = put_record(record, nth, &mut self.buffer);
            chain = super::layout::chained(&chain, &leaf);
            leaves.push(leaf);
        }
        if begins {
            self.begin(first.position)?
        } else {
            self.extend()?
        }
        (self.chain, self.leaves) = (chain, leaves);
        self.sequencer = after;
        self.after_damage = false;
        // One flood must not be remembered as room for ever.
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER_BYTES);
        Ok(())
    }

    fn extend(&mut self) -> Result<(), LogError> {
        let current = self.current.as_mut().expect("a segment is open");
        failpoint::pass("before_write");
        if let Err(error) = current.file.append(&self.buffer) {
            if !is_full(&error) {
                return Err(LogError::Failed(error));
            }
            current.file.cut(current.bytes).map_err(LogError::Failed)?;
            return Err(LogError::Full);
        }
        failpoint::pass("after_write");
        current.file.sync().map_err(LogError::Failed)?;
        failpoint::pass("after_sync");
        current.bytes += self.buffer.len() as u64;
        Ok(())
    }

    /// Begins a segment with what is in the buffer. The one before has been synced with its last group.
    fn begin(&mut self, first: u64) -> Result<(), LogError> {
        let name = format!("{first:020}{OPEN_SUFFIX}");
        let mut file = match self.storage.create(&name) {
            Ok(file) => file,
            Err(error) if is_full(&error) => return Err(LogError::Full),
            Err(error) => return Err(LogError::Failed(error)),
        };
        if let Err(error) = file.append(&self.buffer) {
            if !is_full(&error) {
                return Err(LogError::Failed(error));
            }
            drop(file);
            self.storage.remove(&name).map_err(LogError::Failed)?;
            return Err(LogError::Full);
        }
        file.sync().map_err(LogError::Failed)?;
        self.storage.sync_names().map_err(LogError::Failed)?;
        self.current = Some(Current { file, bytes: self.buffer.len() as u64 });
        Ok(())
    }
}

impl Log for Segments {
    fn append(
        &mut self,
        now: Timestamp,
        bodies: &mut Vec<Body>,
        out: &mut Vec<Record>,
    ) -> Result<(), LogError> {
        let from = out.len();
        let mut sequencer = self.sequencer.clone();
        for body in bodies.drain(..) {
            sequencer.place(now, body, out);
        }
        sequencer.advance(now, out);
        let done = self.commit(&out[from..], sequencer);
        if done.is_err() {
            let taken_back = out.drain(from..).map(|record| record.body);
            bodies.extend(taken_back.filter(|body| *body != Body::Tick));
        }
        done
    }

    fn head(&self) -> u64 {
        self.sequencer.next()
    }

    fn chain(&self) -> Hash {
        self.chain
    }

    fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    fn bytes(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.bytes)
    }

    fn keep_reserve(&mut self) -> io::Result<bool> {
        if self.reserve_bytes == 0 || self.storage.names()?.iter().any(|name| name == RESERVE) {
            return Ok(true);
        }
        put_whole(&mut *self.storage, RESERVE, &[&vec![0; self.reserve_bytes]])
    }

    fn use_reserve(&mut self) -> io::Result<()> {
        if self.storage.names()?.iter().any(|name| name == RESERVE) {
            self.storage.remove(RESERVE)?;
        }
        Ok(())
    }
}
