//! The looks of the last two minutes, each with its detections, once for all tracks that refer to them.
//!
//! In: looks in arrival order. Out: one look by its number. Bounded in time and in number. Knows no track.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::measure::{Measured, Site};
use super::packed::{self, Bytes};
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
    /// Shared with copies of the engine: a look never changes once it is here.
    pub detections: Arc<[Measured]>,
}

/// A look as a snapshot holds it: its detections as bytes.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    time: Timestamp,
    sensor: SensorIndex,
    site: Site,
    #[serde(borrow)]
    detections: Bytes<'a>,
}

impl Serialize for Looked {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let packed = packed::detections(&self.detections);
        let Self { time, sensor, site, .. } = *self;
        Kept { time, sensor, site, detections: Bytes(&packed) }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Looked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Kept { time, sensor, site, detections } = Kept::deserialize(from)?;
        let detections = packed::read_detections(detections.0);
        let detections = detections.ok_or_else(|| D::Error::custom("no such detection"))?;
        Ok(Self { time, sensor, site, detections })
    }
}

/// A look's number: counts arrivals.
pub(super) type LookNumber = u64;

/// The looks of the last [`RING_S`] seconds, in arrival order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LookRing {
    looks: VecDeque<Looked>,
    first: LookNumber,
}

/// The low half of a look's number, which is enough to name one that is still there.
#[expect(clippy::cast_possible_truncation, reason = "the low half on purpose")]
pub(super) const fn low(number: LookNumber) -> u32 {
    number as u32
}

impl LookRing {
    /// Whether every sensor it names is one of so many, and there are numbers left.
    pub(super) fn is_of(&self, sensors: usize) -> bool {
        self.first < u64::MAX / 2 && self.looks.iter().all(|look| look.sensor.index() < sensors)
    }

    /// Takes a look and says its number.
    pub(super) fn push(&mut self, look: Looked) -> LookNumber {
        self.looks.push_back(look);
        self.first + self.looks.len() as u64 - 1
    }

    /// The number whose low half this is, of a look that has not long gone.
    pub(super) const fn number(&self, of: u32) -> LookNumber {
        self.first.wrapping_add(of.wrapping_sub(low(self.first)) as u64)
    }

    pub(super) fn get(&self, number: LookNumber) -> Option<&Looked> {
        self.looks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The look that a track's entry names.
    pub(super) fn of_entry(&self, look: u32) -> Option<&Looked> {
        self.get(self.number(look))
    }

    /// Detections, and bytes of the looks they stand in.
    pub(super) fn held(&self) -> (usize, usize) {
        let detections: usize = self.looks.iter().map(|look| look.detections.len()).sum();
        (detections, detections * size_of::<Measured>() + self.looks.capacity() * size_of::<Looked>())
    }

    /// Lets go of what no usable look can need any more.
    pub(super) fn forget(&mut self, latest: Timestamp) {
        let horizon = latest.plus(Span::from_secs(-KEPT_S));
        while self.looks.front().is_some_and(|l| l.time < horizon) || self.looks.len() > MOST_LOOKS {
            self.looks.pop_front();
            self.first += 1;
        }
    }
}
