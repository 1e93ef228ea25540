//! Where each track was first seen, and whether it should have been seen before; whether one group alone still sees it.
//!
//! In: once a second every live confirmed track, and what the sensors' standing says of it. Out: what is remembered. A
//! track that continues another began where that one began. Knows no rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::area::Covariance;
use super::crossing::plan;
use super::line::Point;
use crate::fusion::{TrackId, TrackView};
use crate::time::{Span, Timestamp};

/// Alone so unlikely unseen by the others, for so long, and it is said.
const ALONE: f64 = 1e-3;
const ALONE_FOR: Span = Span::from_secs(30);
/// Younger tracks may not have been reached by the others' looks.
const YOUNG: Span = Span::from_secs(30);
/// So long after it began it is known how a track goes.
const KNOWN_AFTER: Span = Span::from_secs(8);
/// A track's turn comes every so many seconds.
const EVERY_S: i64 = 5;
/// The beginning of a track that has ended is remembered for so long.
const REMEMBERED: Span = Span::from_secs(600);
/// Tracks remembered.
const CAPACITY: usize = 200_000;

/// One track's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct First {
    pub time: Timestamp,
    pub at: Point,
    pub covariance: Covariance,
    /// P(it would not have been seen on its way there).
    pub unseen: f64,
    alone: Option<(Timestamp, f64)>,
    /// Whether it emerged beside a line has been asked.
    asked: bool,
}

impl First {
    pub(super) fn new(time: Timestamp, at: Point, covariance: Covariance, unseen: f64) -> Self {
        Self { time, at, covariance, unseen, alone: None, asked: false }
    }

    /// Since when one group alone has seen it though others look there, and P(none of them would have).
    pub(super) fn alone(&self, now: Timestamp) -> Option<(Timestamp, f64)> {
        self.alone.filter(|(since, _)| now.since(*since) >= ALONE_FOR)
    }
}

/// Every live track's beginning.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Firsts {
    of: BTreeMap<TrackId, First>,
    /// Of tracks that have ended, and when: another may turn out to be the same.
    gone: BTreeMap<TrackId, (Timestamp, First)>,
    pub refused: u64,
}

impl Firsts {
    /// A live track: remembers where it is if it is new; `unseen` says how likely it would not have been seen before.
    pub(super) fn see(&mut self, track: &TrackView<'_>, unseen: impl FnOnce(Point) -> f64) {
        if self.of.contains_key(&track.id) {
            return;
        }
        if self.of.len() >= CAPACITY {
            self.refused += 1;
            return;
        }
        // Confirmed some looks after it was born: back to where that was, straight.
        let [east, north, v_east, v_north] = track.estimate.mean;
        let age_s = track.estimate.time.since(track.born).as_secs_f64().clamp(0.0, 60.0);
        let at = [east - age_s * v_east, north - age_s * v_north];
        let speed_variance = track.estimate.covariance[2][2] + track.estimate.covariance[3][3];
        let [ee, en, nn] = plan(&track.estimate.covariance);
        let drift = 0.5 * age_s * age_s * speed_variance.max(0.0);
        let covariance = [ee + drift, en, nn + drift];
        let first = First::new(track.born, at, covariance, unseen(at));
        self.of.insert(track.id, first);
    }

    /// Whether it is this track's turn to be asked for who else sees it.
    pub(super) fn is_turn(now: Timestamp, track: &TrackView<'_>) -> bool {
        let turn = i64::try_from(track.id.0 % EVERY_S.unsigned_abs()).unwrap_or(0);
        (now.floor_secs() + turn) % EVERY_S == 0 && now.since(track.born) >= YOUNG
    }

    /// One group alone supports it, or several; P(none of the others would have reported it).
    pub(super) fn supported(&mut self, now: Timestamp, track: TrackId, groups: u32, unreported: f64) {
        if let Some(first) = self.of.get_mut(&track) {
            let is_alone = groups == 1 && unreported <= ALONE;
            let since = first.alone.map_or(now, |(since, _)| since);
            first.alone = is_alone.then_some((since, unreported));
        }
    }

    pub(super) fn get(&self, track: TrackId) -> Option<&First> {
        self.of.get(&track)
    }

    /// A track's beginning, once, when it is old enough to know how it goes.
    pub(super) fn ask(&mut self, now: Timestamp, track: TrackId) -> Option<First> {
        let first = self.of.get_mut(&track)?;
        let is_due = !first.asked && now.since(first.time) >= KNOWN_AFTER;
        first.asked |= is_due;
        is_due.then_some(*first)
    }

    /// Tracks that one group alone has seen for long though others look there, ascending.
    pub(super) fn all_alone(&self, now: Timestamp) -> impl Iterator<Item = TrackId> {
        self.of.iter().filter(move |(_, first)| first.alone(now).is_some()).map(|(track, _)| *track)
    }

    /// `heir` is what was known as `before`: it began where the older of the two did.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        let gone = self.gone.remove(&before).map(|(_, first)| first);
        let Some(old) = self.of.remove(&before).or(gone) else { return };
        let begun = self.of.entry(heir).or_insert(old);
        if old.time < begun.time {
            *begun = old;
        }
    }

    /// A track has ended.
    pub(super) fn forget(&mut self, now: Timestamp, track: TrackId) {
        if let Some(first) = self.of.remove(&track).filter(|_| self.gone.len() < CAPACITY) {
            self.gone.insert(track, (now, first));
        }
    }

    /// Forgets those that have long ended.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.gone.retain(|_, (at, _)| now.since(*at) < REMEMBERED);
    }
}
