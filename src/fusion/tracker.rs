//! Tracker skeleton.

use crate::fusion::track::{TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::scan::Scan;
use crate::sensor::SensorModel;
use crate::time::Timestamp;

/// What became of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Used in order.
    Used,
    /// Used, though something measured later had been processed before.
    UsedLate,
    /// Measured before the ring's beginning: not used.
    TooLate,
}

/// Every track of one sector.
#[derive(Clone, Debug)]
pub struct Tracker {
    frame: LocalFrame,
    sensors: Vec<SensorModel>,
}

impl Tracker {
    /// An empty picture.
    #[must_use]
    pub fn new(frame: LocalFrame, sensors: Vec<SensorModel>) -> Self {
        Self { frame, sensors }
    }

    /// Fuses one scan, in log order.
    pub fn process(&mut self, _scan: &Scan) -> Outcome {
        Outcome::Used
    }

    /// Time passes without measurements: tracks fade and are deleted.
    pub fn tick(&mut self, _now: Timestamp) {}

    /// Tracks the last `process` or `tick` updated with a measurement, ascending.
    #[must_use]
    pub fn updated(&self) -> &[TrackId] {
        &[]
    }

    /// Tracks the last `process` or `tick` deleted, ascending.
    #[must_use]
    pub fn deleted(&self) -> &[TrackId] {
        &[]
    }

    /// One live track predicted to `at`, or as of its latest update.
    #[must_use]
    pub fn view(&self, _id: TrackId, _at: Option<Timestamp>) -> Option<TrackView<'_>> {
        None
    }

    /// Every live track predicted to `at`, by ascending id. Tentative ones are among them.
    pub fn views(&self, _at: Timestamp) -> impl Iterator<Item = TrackView<'_>> {
        let _ = (&self.frame, &self.sensors);
        std::iter::empty()
    }

    /// Normalised innovation squared over its degrees of freedom, averaged per sensor; NaN until known.
    #[must_use]
    pub fn nis_ratio(&self, _sensor: crate::sensor::SensorIndex) -> f64 {
        f64::NAN
    }
}
