//! Who stays longer than is allowed.
//!
//! In: once a second, P(it exists and is inside) of each track near a zone. Out: when to raise and when to clear. A stay
//! begins when its track becomes likelier inside than not; an absence no longer than the rule's `leave` does not end it,
//! nor does a track's loss if another takes its place within that time. It is too long, and dated so, at its beginning
//! plus what is allowed. Time under an exemption, or while the rule is not in force, is no part of a stay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::book::Subject;
use super::presence::Change;
use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};

/// Likelier inside than not.
const INSIDE: f64 = 0.5;
/// Said only where it is as sure as a presence.
const SURE: f64 = 0.95;
/// Stays remembered.
const CAPACITY: usize = 100_000;

/// The stays of all tracks, by rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Loiter {
    stays: BTreeMap<Subject, Stay>,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stay {
    since: Timestamp,
    last: Timestamp,
    leave: Span,
    raised: bool,
}

impl Loiter {
    /// Looks at one track's probability of being in one rule's zone.
    pub(super) fn observe(
        &mut self,
        now: Timestamp,
        subject: Subject,
        probability: f64,
        [longer_than, leave]: [Span; 2],
    ) -> Option<Change> {
        if !self.stays.contains_key(&subject) {
            if probability.is_nan() || probability < INSIDE {
                return None;
            }
            if self.stays.len() >= CAPACITY {
                self.refused += 1;
                return None;
            }
        }
        let stay = self.stays.entry(subject).or_insert(Stay { since: now, last: now, leave, raised: false });
        if probability >= INSIDE {
            stay.last = now;
        } else if now.since(stay.last) > leave {
            let raised = stay.raised;
            self.stays.remove(&subject);
            return raised.then_some(Change::Clear);
        }
        let too_long = now.since(stay.since) > longer_than;
        if !stay.raised && too_long && probability >= SURE {
            stay.raised = true;
            return Some(Change::Raise(stay.since.plus(longer_than)));
        }
        None
    }

    /// Two tracks are one: the longer stay counts.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        let from = Subject { track: Some(before), rule: 0 };
        let to = Subject { track: Some(before), rule: usize::MAX };
        let subjects: Vec<Subject> = self.stays.range(from..=to).map(|(&subject, _)| subject).collect();
        for subject in subjects {
            let Some(old) = self.stays.remove(&subject) else { continue };
            let stay = self.stays.entry(Subject { track: Some(heir), ..subject }).or_insert(old);
            stay.since = stay.since.min(old.since);
            stay.last = stay.last.max(old.last);
            stay.raised |= old.raised;
        }
    }

    /// Forgets stays whose tracks have been gone for longer than their rule lets one be away.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.stays.retain(|_, stay| now.since(stay.last) <= stay.leave);
    }

    /// Every stay of another, under the rules' new places.
    pub(super) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        self.stays.extend(other.stays.iter().filter_map(|(subject, stay)| Some((moved(*subject)?, *stay))));
        self.refused = other.refused;
    }

    /// Tracks that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [Span; 2] = [Span::from_secs(100), Span::from_secs(20)];

    /// Changes of one track that is inside where `inside` says so, a look a second.
    fn changes(seconds: i64, inside: impl Fn(i64) -> bool) -> Vec<(i64, Change)> {
        let mut loiter = Loiter::default();
        let subject = Subject { track: Some(TrackId(1)), rule: 0 };
        let look = |second| {
            let probability = if inside(second) { 0.99 } else { 0.0 };
            let now = Timestamp::from_secs(second);
            Some((second, loiter.observe(now, subject, probability, ALLOWED)?))
        };
        (0..seconds).filter_map(look).collect()
    }

    #[test]
    fn a_stay_is_too_long_from_its_beginning_plus_what_is_allowed() {
        let raise = Change::Raise(Timestamp::from_secs(110));
        assert_eq!(changes(200, |second| second >= 10), [(111, raise)]);
        assert_eq!(changes(101, |_| true), [], "as long as is allowed");
    }

    #[test]
    fn a_short_absence_does_not_begin_it_anew_and_a_long_one_does() {
        let raise = |second| Change::Raise(Timestamp::from_secs(second));
        assert_eq!(changes(200, |second| !(50..70).contains(&second)), [(101, raise(100))]);
        assert_eq!(changes(200, |second| !(50..75).contains(&second)), [(176, raise(175))]);
        assert_eq!(changes(300, |second| second < 150), [(101, raise(100)), (170, Change::Clear)]);
    }

    #[test]
    fn an_heir_goes_on_with_the_stay() {
        let mut loiter = Loiter::default();
        let of = |track| Subject { track: Some(TrackId(track)), rule: 3 };
        let look = |loiter: &mut Loiter, second, track| {
            loiter.observe(Timestamp::from_secs(second), of(track), 1.0, ALLOWED)
        };
        assert_eq!(look(&mut loiter, 0, 1), None);
        assert_eq!(look(&mut loiter, 90, 1), None);
        assert_eq!(look(&mut loiter, 100, 2), None);
        loiter.follow(TrackId(1), TrackId(2));
        assert_eq!(look(&mut loiter, 101, 2), Some(Change::Raise(Timestamp::from_secs(100))));
        loiter.forget_old(Timestamp::from_secs(122));
        assert!(loiter.stays.is_empty());
    }
}
