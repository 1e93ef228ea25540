//! More come into a place than usual.
//!
//! In: once a second, who is in each place, and whether it is watched. Out: when to raise, revise and clear. Knows no
//! geometry. An arrival is a track, or any it descends from, that is in the place for the first time. Whoever is there
//! when a place begins to be watched has not arrived, so what comes in the first two minutes is nobody's.
//!
//! ```text
//! seconds ─ arrivals ─ bins of 5 min ─ chart ─┬─ baseline (curve): what is usual at this hour of the week
//!                                             └─ chain: the threshold that makes false alarms as rare as agreed
//! ```
//! All charts share one budget of false alarms. Before two weeks have been watched nothing is usual: not determined.

mod baseline;
mod chain;
mod chart;
mod curve;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};
pub(super) use chart::BINS_PER_WEEK;
use chart::{BIN_S, Chart, bin_start};
pub(super) use chart::{Change, Excess, Sought};

/// Watched for so long, a place shows who comes, and not who was there.
const SETTLED: Span = Span::from_secs(120);
/// A place of which less than this share is watched is not.
const LEAST_SHARE: f64 = 0.5;
/// How many times the usual is worth finding.
const RATIO: f64 = 2.0;
/// Lineages remembered to have been in one place.
const CAPACITY: usize = 50_000;
/// Arrivals named in one notice: the latest.
const MOST_NAMED: usize = 64;

/// The charts, by rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Surges {
    posts: BTreeMap<usize, Post>,
    refused: u64,
}

/// One place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Post {
    chart: Chart,
    /// Tracks that are alive and have been here, or descend from one.
    known: BTreeSet<TrackId>,
    /// The latest to come, oldest first.
    latest: Vec<TrackId>,
    bin: Option<Bin>,
    watched_since: Option<Timestamp>,
}

/// The bin that is being counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bin {
    start: Timestamp,
    arrivals: u32,
    watched_s: u32,
}

/// What all charts together may do: false alarms a week, shared evenly.
pub(super) fn sought(charts: usize, budget_per_week: f64) -> Sought {
    let each = budget_per_week.max(1e-6) / charts.max(1) as f64;
    Sought { ratio: RATIO, wanted: BINS_PER_WEEK / each }
}

impl Surges {
    /// A second of one place: who is in it, and what share of it nobody watches, if that is known.
    pub(super) fn second(
        &mut self,
        now: Timestamp,
        rule: usize,
        inside: impl Iterator<Item = TrackId>,
        blind: Option<f64>,
        sought: Sought,
    ) -> Option<Change> {
        let post = self.posts.entry(rule).or_default();
        let watched = blind.is_some_and(|blind| 1.0 - blind >= LEAST_SHARE);
        post.watched_since = if watched { post.watched_since.or(Some(now)) } else { None };
        let counts = post.watched_since.is_some_and(|since| now.since(since) >= SETTLED);
        let change = post.close_bin(now, sought);
        let mut arrivals = 0;
        for track in inside {
            if post.known.contains(&track) {
                continue;
            }
            if post.known.len() >= CAPACITY {
                self.refused += 1;
                continue;
            }
            post.known.insert(track);
            if counts {
                arrivals += 1;
                post.latest.push(track);
            }
        }
        let surplus = post.latest.len().saturating_sub(MOST_NAMED);
        post.latest.drain(..surplus);
        if let Some(bin) = &mut post.bin {
            bin.arrivals += arrivals;
            bin.watched_s += u32::from(counts);
        }
        change
    }

    /// Works out one chart's next threshold, if one is owed: a few milliseconds, so one a second.
    pub(super) fn prepare(&mut self, sought: Sought) {
        for post in self.posts.values_mut() {
            if post.bin.is_some_and(|bin| post.chart.prepare(bin.start, sought)) {
                return;
            }
        }
    }

    /// The latest arrivals, ascending.
    pub(super) fn latest(&self, rule: usize) -> Vec<TrackId> {
        let mut latest = self.posts.get(&rule).map_or(Vec::new(), |post| post.latest.clone());
        latest.sort_unstable();
        latest.dedup();
        latest
    }

    /// Whether it is known what is usual in a rule's place now.
    pub(super) fn is_determined(&self, rule: usize) -> bool {
        self.posts.get(&rule).is_some_and(|post| post.chart.is_determined())
    }

    /// A track is gone.
    pub(super) fn forget(&mut self, track: TrackId) {
        self.posts.values_mut().for_each(|post| {
            post.known.remove(&track);
        });
    }

    /// A track is what was known under another name.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        for post in self.posts.values_mut().filter(|post| post.known.contains(&before)) {
            post.known.insert(heir);
        }
    }

    /// One rule's chart of another.
    pub(super) fn take_over(&mut self, other: &Self, was: usize, is: usize) {
        if let Some(post) = other.posts.get(&was) {
            self.posts.insert(is, post.clone());
        }
        self.refused = other.refused;
    }

    /// Whether all charts are of rules below this.
    pub(super) fn are_of(&self, rules: usize) -> bool {
        self.posts.keys().all(|rule| *rule < rules)
    }

    /// Lineages that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

impl Post {
    fn close_bin(&mut self, now: Timestamp, sought: Sought) -> Option<Change> {
        let start = bin_start(now);
        let over = self.bin.filter(|bin| bin.start != start);
        if over.is_some() || self.bin.is_none() {
            self.bin = Some(Bin { start, arrivals: 0, watched_s: 0 });
        }
        let over = over?;
        let watched = (f64::from(over.watched_s) / BIN_S as f64).min(1.0);
        self.chart.bin(over.start, over.arrivals, watched, sought)
    }
}
