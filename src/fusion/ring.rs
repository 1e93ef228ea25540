//! The looks of the last two minutes, each with its detections, once for all tracks that refer to them.
//!
//! In: looks in arrival order. Out: one look by its number. Bounded in time and in number. Knows no track.

use std::collections::VecDeque;

use super::measure::{Measured, Site};
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// How late a look may be and still be used, seconds.
pub(super) const RING_S: i64 = 120;
/// Kept a little longer, so that what a usable look needs is there.
pub(super) const KEPT_S: i64 = RING_S + 15;
/// Looks kept at most, whatever their times: two thousand a second.
const MOST_LOOKS: usize = 1 << 18;

/// One look as the filter needs it.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub time: Timestamp,
    pub sensor: SensorIndex,
    pub site: Site,
    pub detections: Box<[Measured]>,
}

/// A look's number: counts up and wraps, long after what it named has gone.
pub(super) type LookNumber = u32;

/// The looks of the last [`RING_S`] seconds, in arrival order.
#[derive(Clone, Debug, Default)]
pub(super) struct LookRing {
    looks: VecDeque<Looked>,
    first: LookNumber,
}

impl LookRing {
    /// Takes a look and says its number.
    pub(super) fn push(&mut self, look: Looked) -> LookNumber {
        let ahead = u32::try_from(self.looks.len()).expect("looks are bounded far below 2^32");
        self.looks.push_back(look);
        self.first.wrapping_add(ahead)
    }

    pub(super) fn get(&self, number: LookNumber) -> Option<&Looked> {
        self.looks.get(number.wrapping_sub(self.first) as usize)
    }

    /// Lets go of what no usable look can need any more.
    pub(super) fn forget(&mut self, latest: Timestamp) {
        let horizon = latest.plus(Span::from_secs(-KEPT_S));
        while self.looks.front().is_some_and(|l| l.time < horizon) || self.looks.len() > MOST_LOOKS {
            self.looks.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }
}
