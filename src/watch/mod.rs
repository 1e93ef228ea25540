//! Watch: tracks in, alerts out.
//!
//! Knows the agreement and the tracks as others may see them; knows no wire format and no sink. Everything it says is
//! a [`Notice`] about an alert whose id is a hash of what happened.

pub mod agreement;
pub mod alert;

use crate::fusion::{TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::sensor::SensorModel;
use crate::time::Timestamp;
pub use agreement::Agreement;
pub use alert::Notice;

/// The rules of one agreement and what they have seen so far.
#[derive(Clone, Debug)]
pub struct Watch {
    sector: String,
}

impl Watch {
    /// A watch that has seen nothing yet. `exercise` marks every notice.
    #[must_use]
    pub fn new(
        sector: &str,
        exercise: bool,
        _frame: &LocalFrame,
        _agreement: &Agreement,
        _sensors: &[SensorModel],
    ) -> Self {
        let _ = exercise;
        Self { sector: sector.to_owned() }
    }

    /// Looks at one track right after a measurement updated it; appends what is to be said.
    pub fn observe(&mut self, _now: Timestamp, _track: &TrackView<'_>, _out: &mut Vec<Notice>) {
        let _ = &self.sector;
    }

    /// A track is gone.
    pub fn forget(&mut self, _now: Timestamp, _track: TrackId, _out: &mut Vec<Notice>) {}

    /// A whole second has passed; `tracks` are all live ones, predicted to `now`.
    pub fn tick<'a>(
        &mut self,
        _now: Timestamp,
        _tracks: impl Iterator<Item = TrackView<'a>>,
        _out: &mut Vec<Notice>,
    ) {
    }

    /// The latest notice of every alert that is open now, by alert id.
    pub fn open(&self) -> impl Iterator<Item = &Notice> {
        std::iter::empty()
    }
}
