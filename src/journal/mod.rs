//! The journal: everything that moves the engine, in one order.
//!
//! Sources and engine meet only here, in [`Log`]. Durability (fdatasync before acknowledgement), hash chain and seal
//! come to these files later; order and interface stand.

pub mod export;
mod reader;
pub mod record_bytes;
pub mod segment;

use std::io;

use crate::record::{Body, Record, Sequencer};
use crate::time::Timestamp;

/// Where order is decided, and nowhere else.
pub trait Log: Send {
    /// Gives every body its place and stamp, ticks between them, and holds them; appends the records to `out`.
    ///
    /// # Errors
    /// They could not be held: the caller must not act on them and must stop.
    fn append(&mut self, now: Timestamp, bodies: Vec<Body>, out: &mut Vec<Record>) -> io::Result<()>;

    /// Holds the ticks of every whole second before `now`; appends them to `out`.
    ///
    /// # Errors
    /// As [`Log::append`].
    fn advance(&mut self, now: Timestamp, out: &mut Vec<Record>) -> io::Result<()>;

    /// The position the next record gets.
    fn head(&self) -> u64;

    /// Bytes held.
    fn bytes(&self) -> u64;
}

/// A log that orders and keeps nothing: for an installation without `[journal]`.
#[derive(Debug, Default)]
pub struct Unkept(Sequencer);

impl Log for Unkept {
    fn append(&mut self, now: Timestamp, bodies: Vec<Body>, out: &mut Vec<Record>) -> io::Result<()> {
        for body in bodies {
            self.0.place(now, body, out);
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, out: &mut Vec<Record>) -> io::Result<()> {
        self.0.advance(now, out);
        Ok(())
    }

    fn head(&self) -> u64 {
        self.0.next()
    }

    fn bytes(&self) -> u64 {
        0
    }
}
