//! Who is where nobody may be.
//!
//! In: once a second, P(it exists and is inside) of each track near a zone. Out: when to raise and when to clear. A stay
//! is raised once the probability has been at least [`INSIDE`] for [`HELD`], and over once it has been at most
//! [`OUTSIDE`] for as long; what happened is dated to when it became likelier than not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::book::Subject;
use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};

/// Raised at or above.
const INSIDE: f64 = 0.95;
/// Over at or below.
const OUTSIDE: f64 = 0.2;
/// A track this unlikely to be inside needs no memory.
const NEGLIGIBLE: f64 = 0.01;
/// How long either must hold.
const HELD: Span = Span::from_secs(3);
/// Stays remembered.
const CAPACITY: usize = 100_000;

/// The stays of all tracks, by rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Presence {
    stays: BTreeMap<Subject, Stay>,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Stay {
    entered: Option<Timestamp>,
    sure_since: Option<Timestamp>,
    out_since: Option<Timestamp>,
    raised: bool,
}

/// What a second's look changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is inside, since this instant.
    Raise(Timestamp),
    /// It has left.
    Clear,
}

impl Presence {
    /// Every stay of another, under the rules' new places.
    pub(super) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        self.stays.extend(other.stays.iter().filter_map(|(subject, stay)| Some((moved(*subject)?, *stay))));
        self.refused = other.refused;
    }

    /// Looks at one track's probability of being in one rule's zone.
    pub(super) fn observe(&mut self, now: Timestamp, subject: Subject, probability: f64) -> Option<Change> {
        if !self.stays.contains_key(&subject) {
            // NaN compares false and is nowhere.
            if probability.is_nan() || probability <= NEGLIGIBLE {
                return None;
            }
            if self.stays.len() >= CAPACITY {
                self.refused += 1;
                return None;
            }
        }
        let stay = self.stays.entry(subject).or_default();
        let change = stay.step(now, probability);
        if !stay.raised && probability <= NEGLIGIBLE {
            self.stays.remove(&subject);
        }
        change
    }

    /// A track is what was found to be inside under another name.
    pub(super) fn adopt(&mut self, subject: Subject) {
        if self.stays.len() < CAPACITY || self.stays.contains_key(&subject) {
            self.stays.entry(subject).or_default().raised = true;
        } else {
            self.refused += 1;
        }
    }

    /// A track is gone; its raised stays are cleared by whoever clears alerts about tracks that are gone.
    pub(super) fn forget(&mut self, track: TrackId) {
        let from = Subject { track: Some(track), rule: 0 };
        let to = Subject { track: Some(track), rule: usize::MAX };
        let subjects: Vec<Subject> = self.stays.range(from..=to).map(|(&subject, _)| subject).collect();
        for subject in subjects {
            self.stays.remove(&subject);
        }
    }

    /// Tracks that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

impl Stay {
    fn step(&mut self, now: Timestamp, probability: f64) -> Option<Change> {
        self.entered = if probability >= 0.5 { self.entered.or(Some(now)) } else { None };
        self.sure_since = if probability >= INSIDE { self.sure_since.or(Some(now)) } else { None };
        self.out_since = if probability <= OUTSIDE { self.out_since.or(Some(now)) } else { None };
        let held = |since: Option<Timestamp>| since.is_some_and(|since| now.since(since) >= HELD);
        if !self.raised && held(self.sure_since) {
            self.raised = true;
            return self.entered.map(Change::Raise);
        }
        if self.raised && held(self.out_since) {
            self.raised = false;
            return Some(Change::Clear);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(probabilities: &[f64]) -> Vec<(i64, Change)> {
        let mut presence = Presence::default();
        let subject = Subject { track: Some(TrackId(1)), rule: 0 };
        (0..)
            .zip(probabilities)
            .filter_map(|(second, &p)| {
                presence.observe(Timestamp::from_secs(second), subject, p).map(|change| (second, change))
            })
            .collect()
    }

    #[test]
    fn a_stay_is_raised_once_held_and_dated_to_its_beginning() {
        let raise = Change::Raise(Timestamp::from_secs(1));
        assert_eq!(changes(&[0.1, 0.6, 0.96, 0.99, 0.99, 0.99, 0.99, 0.99]), [(5, raise)]);
        assert_eq!(changes(&[0.96, 0.99, 0.9, 0.99, 0.99, 0.9]), [], "never held");
    }

    #[test]
    fn it_is_over_only_when_clearly_out_for_a_while() {
        let raise = Change::Raise(Timestamp::from_secs(0));
        let wavering = [1.0, 1.0, 1.0, 1.0, 0.1, 0.3, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1];
        assert_eq!(changes(&wavering), [(3, raise), (12, Change::Clear)]);
    }

    #[test]
    fn what_is_no_number_is_nowhere() {
        assert_eq!(changes(&[f64::NAN; 10]), []);
    }
}
