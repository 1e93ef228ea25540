//! A zone that was watched and no longer is.
//!
//! In: once a second, what is watched of a rule's zone. Out: when to raise and when to clear. A zone counts as watched
//! once at least the rule's share of it has been for as long as the rule holds; it is blind once less has been for as
//! long, and watched again once that much and a little more ([`MARGIN`]) is. What was never watched is not lost. Knows no
//! sensor.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sight::Sight;
use crate::time::{Span, Timestamp};

/// Watched again takes this share more than not watched, so that what wavers says nothing twice.
const MARGIN: f64 = 0.05;

/// One zone through time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Blind {
    was_watched: bool,
    raised: bool,
    watched_since: Option<Timestamp>,
    blind_since: Option<Timestamp>,
    /// Share that each trust group watched, when enough was.
    before: BTreeMap<Arc<str>, f64>,
}

/// What a second's look changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Too little of it has been watched since this instant.
    Raise(Timestamp),
    /// It is watched again.
    Clear,
}

impl Blind {
    /// `below`: less than this share watched is too little; `hold`: for how long.
    pub(super) fn observe(
        &mut self,
        now: Timestamp,
        sight: &Sight,
        below: f64,
        hold: Span,
    ) -> Option<Change> {
        let watched = 1.0 - sight.blind;
        let enough = if self.raised { (below + MARGIN).min(1.0) } else { below };
        let is_watched = watched >= enough - 1e-9;
        self.watched_since = if is_watched { self.watched_since.or(Some(now)) } else { None };
        self.blind_since = if watched < below { self.blind_since.or(Some(now)) } else { None };
        let held = |since: Option<Timestamp>| since.is_some_and(|since| now.since(since) >= hold);
        if held(self.watched_since) {
            self.was_watched = true;
            self.before.clone_from(&sight.by_group);
            return std::mem::replace(&mut self.raised, false).then_some(Change::Clear);
        }
        if !self.raised && self.was_watched && held(self.blind_since) {
            self.raised = true;
            return self.blind_since.map(Change::Raise);
        }
        None
    }

    /// The trust groups that watched more of it before than they do now.
    pub(super) fn gone<'a>(&'a self, sight: &'a Sight) -> impl Iterator<Item = &'a Arc<str>> {
        let now = |group: &Arc<str>| sight.by_group.get(group).copied().unwrap_or(0.0);
        self.before.iter().filter(move |(group, share)| now(group) < **share - MARGIN).map(|(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(watched: impl Iterator<Item = f64>) -> Vec<(i64, Change)> {
        let mut blind = Blind::default();
        let sight = |watched: f64| Sight { blind: 1.0 - watched, ..Sight::default() };
        let hold = Span::from_secs(3);
        (0..)
            .zip(watched)
            .filter_map(|(second, watched)| {
                let change = blind.observe(Timestamp::from_secs(second), &sight(watched), 0.5, hold);
                change.map(|change| (second, change))
            })
            .collect()
    }

    #[test]
    fn what_was_watched_and_no_longer_is_is_raised_once_it_held() {
        let course = [
            0.9, 0.9, 0.9, 0.9, 0.3, 0.9, 0.3, 0.3, 0.2, 0.1, 0.0, 0.52, 0.52, 0.52, 0.52, 0.52, 0.6, 0.6,
            0.6, 0.6,
        ];
        let raise = Change::Raise(Timestamp::from_secs(6));
        assert_eq!(changes(course.into_iter()), [(9, raise), (19, Change::Clear)]);
    }

    #[test]
    fn what_was_never_watched_is_not_lost() {
        assert_eq!(changes(std::iter::repeat_n(0.2, 100)), []);
    }

    #[test]
    fn the_groups_that_are_gone_are_named() {
        let sight = |shares: &[(&str, f64)]| Sight {
            blind: 1.0 - shares.iter().map(|(_, share)| share).fold(0.0, |a, b| f64::max(a, *b)),
            by_group: shares.iter().map(|(group, share)| (Arc::from(*group), *share)).collect(),
            ..Sight::default()
        };
        let mut blind = Blind::default();
        let before = sight(&[("east", 0.4), ("mast", 0.9)]);
        for second in 0..5 {
            let _ = blind.observe(Timestamp::from_secs(second), &before, 0.5, Span::from_secs(3));
        }
        let after = sight(&[("east", 0.4)]);
        assert_eq!(blind.gone(&after).map(|group| &**group).collect::<Vec<_>>(), ["mast"]);
    }
}
