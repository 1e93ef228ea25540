//! The end of a box where its message-level faults act: silence, stuck frames, floods, damaged bytes. Also its
//! housekeeping: a status when it comes up and every so often.

use super::{Emission, Start};
use crate::calendar;
use crate::chance::Chance;
use crate::encode::json::{Status, encode_status};
use crate::faults::{FaultError, Faults};
use crate::links::Kind;
use crate::scenario::BoxSpec;

/// Time between statuses, world seconds.
const STATUS_EVERY_S: f64 = 20.0;

/// What stands between a box's firmware and its link.
pub struct Line {
    faults: Faults,
    chance: Chance,
    start: Start,
    last_frame: Option<Vec<u8>>,
    restarts: u32,
    next_status_s: f64,
    /// A serial line has no room for a status.
    has_status: bool,
}

impl Line {
    /// The line of one box.
    ///
    /// # Errors
    /// A fault in the box's list that is none.
    pub fn new(spec: &BoxSpec, seed: u64, start: Start) -> Result<Self, FaultError> {
        Ok(Self {
            faults: Faults::parse(&spec.faults)?,
            chance: Chance::new(seed, &format!("line {}", spec.id)),
            start,
            last_frame: None,
            restarts: 0,
            next_status_s: f64::NEG_INFINITY,
            has_status: !spec.kind.is_serial(),
        })
    }

    /// The boot counter the box has at world time `t_s`.
    #[must_use]
    pub fn boot(&self, t_s: f64) -> u64 {
        self.start.boot + u64::from(self.faults.at(t_s).restarts)
    }

    /// What really goes out for one emission of the firmware.
    pub fn pass(&mut self, emission: Emission, out: &mut Vec<Emission>) {
        let due_s = emission.due_s;
        let fault = self.faults.at(due_s);
        if fault.silent {
            return;
        }
        if self.has_status && (due_s >= self.next_status_s || fault.restarts != self.restarts) {
            self.next_status_s = due_s + STATUS_EVERY_S;
            self.restarts = fault.restarts;
            let time = calendar::rfc3339(calendar::unix_ns(self.start.epoch_ns, due_s + fault.clock_skew_s));
            let bytes = encode_status(&Status::online(self.boot(due_s), time));
            out.push(Emission { due_s, kind: Kind::Status, bytes });
        }
        let mut bytes = match &self.last_frame {
            Some(frame) if fault.stuck => frame.clone(),
            _ => emission.bytes,
        };
        self.last_frame = Some(bytes.clone());
        if fault.corrupt > 0.0 {
            for byte in &mut bytes {
                if self.chance.happens(fault.corrupt) {
                    *byte = self.chance.byte();
                }
            }
        }
        for _ in 0..fault.copies {
            out.push(Emission { due_s, kind: emission.kind, bytes: bytes.clone() });
        }
    }
}
