//! Which tracks are one thing under several names.
//!
//! In: tracks that are confirmed, lost and found to be two of one. Out: links between ids. An id is never used again, and
//! a track keeps its own for life: what comes out of a shadow under a new id *continues* the lost one, what parts from
//! another is *split* from it, and of two tracks of one thing the younger is *merged* into the older. Observes only: no
//! track becomes another for what is recorded here. Knows no line, no zone and no alert.
//!
//! Stitching is an assignment of new tracks to lost ones (Yeom, Kirubarajan & Bar-Shalom 2004; Stone Soup's
//! `TrackStitcher` solves the same one, with a distance for the weight): the weight of a pair is a likelihood ratio
//! ([`stitch`]), the alternatives are that the lost one stays lost and that the new one is new, and the marginal
//! probabilities are the associator's. Certain enough is linked, the rest is weighed again with what comes next.

mod stitch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::assign::{Associator, Pair};
use super::filter;
use super::live::Track;
use super::table::Bounds;
use super::track::{Estimate, TrackId};
use super::tracker::Tracker;
use crate::time::{Span, Timestamp};
use stitch::Lost;

/// Probability that records a link.
const SURE: f64 = 0.9;
/// What has been lost for longer is not looked for among the new.
const GAP: Span = Span::from_secs(180);
/// P(what was lost comes back within [`GAP`], at a moment that is as good as any other).
const RETURNS: f64 = 0.5;
/// Looks that must have fed a track before its loss is one, and before a new one's velocity says whom it continues;
const LEAST_HITS: u32 = 5;
/// where looks are rare, so much time must do.
const SPEAKS_AFTER: Span = Span::from_secs(15);
/// Lost tracks remembered, and new ones that wait for their past to be known: the oldest make room.
const MOST_LOST: usize = 1_024;
const MOST_FRESH: usize = 256;
/// How long a new track waits: the one it continues may still be thought alive, somewhere else.
const WAITS: Span = Span::from_secs(60);
/// A new track must have lived so long since it was confirmed to have parted from another: clutter's do not.
const PARTS_AFTER: Span = Span::from_secs(5);
/// An established track parts so often, per second,
const PARTING_RATE: f64 = 1.0 / 1_800.0;
/// once it is so old and so well fed;
const ESTABLISHED: Span = Span::from_secs(10);
const ESTABLISHED_HITS: u32 = 8;
/// who parts is so far from the other when first seen, metres, beside both one's errors,
const PARTED_M: f64 = 15.0;
/// and no farther than this (χ², two degrees, 0.99).
const PARTED_D2: f64 = 9.21;
/// New tracks before any was counted: so many in so long, seconds; and how long they count.
const PRIOR_BIRTHS: f64 = 1.0;
const PRIOR_S: f64 = 60.0;
const BIRTHS_MEMORY_S: f64 = 300.0;
/// Links kept for eyes, and ids that were merged into one track.
const MOST_RECENT: usize = 256;
const MOST_MERGED: usize = 8;

/// How one track comes from, or goes into, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kinship {
    /// The same thing after a gap.
    Continues,
    /// Something that was not told apart from it before.
    SplitFrom,
    /// The same thing, tracked twice.
    MergedInto,
}

impl Kinship {
    /// Every kinship, for metrics.
    pub const ALL: [Self; 3] = [Self::Continues, Self::SplitFrom, Self::MergedInto];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continues => "continues",
            Self::SplitFrom => "split_from",
            Self::MergedInto => "merged_into",
        }
    }
}

/// One link: `track` continues, is split from, or was merged into `of`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descent {
    /// Which of the three.
    pub kinship: Kinship,
    /// The younger.
    pub track: TrackId,
    /// The older.
    pub of: TrackId,
    /// When the younger was first measured; for a merger, when it ended.
    pub at: Timestamp,
    /// Probability of the link against its alternatives.
    pub probability: f64,
    /// For a continuation: where the older was when it was last measured.
    pub last: Option<Estimate>,
}

/// What a live track is known to come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestry {
    /// It is this track after a gap.
    pub continues: Option<TrackId>,
    /// It parted from this one.
    pub split_from: Option<TrackId>,
    /// The latest that were found to be this one tracked twice.
    pub merged: Vec<TrackId>,
}

/// The links found so far, and who may yet be linked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Lineage {
    lost: VecDeque<Lost>,
    fresh: VecDeque<Fresh>,
    births: Births,
    ancestry: BTreeMap<TrackId, Ancestry>,
    #[serde(skip)]
    found: Vec<Descent>,
    recent: VecDeque<Descent>,
    #[serde(skip)]
    near: Vec<u32>,
    #[serde(skip)]
    pairs: Vec<Pair>,
    #[serde(skip)]
    associator: Associator,
    /// Lost or new tracks that had to make room before their time.
    crowded: u64,
}

/// A confirmed track whose past is not settled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Fresh {
    id: TrackId,
    confirmed: Timestamp,
    /// Who may have parted into it, and the density of finding it there, per square metre.
    parent: Option<(TrackId, f64)>,
}

/// How often something new is confirmed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Births {
    count: f64,
    exposed_s: f64,
    as_of: Option<Timestamp>,
}

impl Births {
    fn fade(&mut self, now: Timestamp) {
        let dt_s = self.as_of.map_or(0.0, |at| now.since(at).as_secs_f64()).clamp(0.0, 1e6);
        let kept = libm::exp(-dt_s / BIRTHS_MEMORY_S);
        self.count *= kept;
        self.exposed_s = BIRTHS_MEMORY_S + (self.exposed_s - BIRTHS_MEMORY_S) * kept;
        self.as_of = self.as_of.max(Some(now));
    }

    /// Per second.
    fn rate(&self) -> f64 {
        (PRIOR_BIRTHS + self.count) / (PRIOR_S + self.exposed_s)
    }
}

impl Lineage {
    /// What the last look or tick found.
    pub(super) fn found(&self) -> &[Descent] {
        &self.found
    }

    /// The latest links, oldest first.
    pub(super) fn recent(&self) -> impl Iterator<Item = &Descent> {
        self.recent.iter()
    }

    pub(super) fn ancestry(&self, id: TrackId) -> Option<&Ancestry> {
        self.ancestry.get(&id)
    }

    pub(super) fn crowded(&self) -> u64 {
        self.crowded
    }

    /// Before a look or a tick.
    pub(super) fn begin(&mut self) {
        self.found.clear();
    }

    /// A track ends: merged into another, or lost.
    pub(super) fn end(&mut self, track: &Track, merged_into: Option<TrackId>, at: Timestamp) {
        self.ancestry.remove(&track.id);
        if !track.confirmed {
            return;
        }
        self.fresh.retain(|fresh| fresh.id != track.id);
        if let Some(of) = merged_into {
            let kinship = Kinship::MergedInto;
            self.record(Descent { kinship, track: track.id, of, at, probability: 1.0, last: None });
        } else if track.hits >= LEAST_HITS && !track.stillness.is_fixed() {
            if self.lost.len() == MOST_LOST {
                self.lost.pop_front();
                self.crowded += 1;
            }
            self.lost.push_back(Lost::new(track));
        }
    }

    fn record(&mut self, link: Descent) {
        let Descent { kinship, track, of, .. } = link;
        let child = if kinship == Kinship::MergedInto { of } else { track };
        let known = self.ancestry.entry(child).or_default();
        match kinship {
            Kinship::Continues => known.continues = Some(of),
            Kinship::SplitFrom => known.split_from = Some(of),
            Kinship::MergedInto => {
                if known.merged.len() == MOST_MERGED {
                    known.merged.remove(0);
                }
                known.merged.push(track);
            }
        }
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(link);
        self.found.push(link);
    }
}

impl Tracker {
    /// A track has just been confirmed.
    pub(super) fn note_confirmed(&mut self, slot: u32, at: Timestamp) {
        let parent = self.parent(slot);
        let lineage = &mut self.lineage;
        lineage.births.fade(at);
        lineage.births.count += 1.0;
        if lineage.fresh.len() == MOST_FRESH {
            lineage.fresh.pop_front();
            lineage.crowded += 1;
        }
        lineage.fresh.push_back(Fresh { id: self.tracks.at(slot).id, confirmed: at, parent });
    }

    /// The established track next to which a new one was first seen, and the density of finding it there.
    fn parent(&mut self, slot: u32) -> Option<(TrackId, f64)> {
        let born = self.tracks.at(slot).born;
        let start = self.tracks.at(slot).history.beginning()?.imm.mean();
        let (z, r) = ([start.x[0], start.x[1]], start.pp);
        let reach_m = 4.0 * (r[0] + r[2]).sqrt() + 4.0 * PARTED_M;
        let near = &mut self.lineage.near;
        self.tracks.near(Some(Bounds::EMPTY.with(z, reach_m)), born, near);
        let mut best = None;
        for other in near.iter().filter(|other| **other != slot).map(|other| self.tracks.at(*other)) {
            if !other.confirmed
                || other.stillness.is_fixed()
                || other.hits < ESTABLISHED_HITS
                || born.since(other.born) < ESTABLISHED
                || other.updated < born
            {
                continue;
            }
            let fades = &mut self.work.fades;
            let past = other.history.at(born, &self.looks, &self.motion, fades);
            let Some(state) = past.map(|past| past.state) else { continue };
            let dt_s = born.since(state.time).as_secs_f64();
            let mean = self.motion.predict(&state.imm, dt_s).mean();
            let s = [mean.pp[0] + r[0] + PARTED_M * PARTED_M, mean.pp[1] + r[1]];
            let s = [s[0], s[1], mean.pp[2] + r[2] + PARTED_M * PARTED_M];
            let fit = filter::fit([z[0] - mean.x[0], z[1] - mean.x[1]], s);
            let density =
                fit.filter(|fit| fit.d2 < PARTED_D2).map(|fit| fit.scale * libm::exp(-0.5 * fit.d2));
            if density > best.map(|(_, density)| density) {
                best = density.map(|density| (other.id, density));
            }
        }
        best
    }

    /// Once a second: who of the new is who of the lost, and who has parted from whom.
    pub(super) fn link(&mut self, now: Timestamp) {
        let lineage = &mut self.lineage;
        lineage.births.fade(now);
        lineage.lost.retain(|lost| now.since(lost.last()) <= GAP);
        let tracks = &self.tracks;
        lineage.fresh.retain(|fresh| now.since(fresh.confirmed) <= WAITS && tracks.slot(fresh.id).is_some());
        if lineage.fresh.is_empty() {
            return;
        }
        self.weigh(now);
        let lineage = &mut self.lineage;
        lineage.associator.solve(&mut lineage.pairs, lineage.lost.len(), lineage.fresh.len());
        let pairs = std::mem::take(&mut lineage.pairs);
        let mut linked = vec![false; self.lineage.fresh.len()];
        let mut stitched = vec![0.0; self.lineage.fresh.len()];
        for pair in &pairs {
            let (lost, fresh) = (pair.track as usize, pair.detection as usize);
            stitched[fresh] += pair.weight;
            let split = self.parting(fresh);
            if pair.chosen && pair.probability >= SURE && pair.weight * (1.0 - SURE) >= split * SURE {
                linked[fresh] = true;
                self.continued(fresh, lost, pair.probability);
            }
        }
        self.lineage.pairs = pairs;
        for (fresh, linked) in linked.iter_mut().enumerate().filter(|(_, linked)| !**linked) {
            *linked = self.parted(fresh, stitched[fresh], now);
        }
        let mut linked = linked.into_iter();
        self.lineage.fresh.retain(|_| !linked.next().unwrap_or(false));
        let gone: Vec<TrackId> = self.lineage.found.iter().filter_map(continued_of).collect();
        self.lineage.lost.retain(|lost| !gone.contains(&lost.id));
    }

    /// Every pair of a lost and a new track that may be one, with its weight against the new one being new.
    fn weigh(&mut self, now: Timestamp) {
        let lineage = &mut self.lineage;
        lineage.pairs.clear();
        for (f, fresh) in (0u32..).zip(&lineage.fresh) {
            let Some(slot) = self.tracks.slot(fresh.id) else { continue };
            let track = self.tracks.at(slot);
            let young = track.hits < LEAST_HITS && now.since(fresh.confirmed) < SPEAKS_AFTER;
            if young || track.stillness.is_fixed() {
                continue;
            }
            let near = (0u32..).zip(&lineage.lost).filter(|(_, lost)| lost.may_be(track));
            let mut near = near.peekable();
            if near.peek().is_none() {
                continue;
            }
            let beginning = stitch::Beginning::of(track, &self.looks);
            let (returning, new) =
                (RETURNS / GAP.as_secs_f64(), new_per_m2_s(lineage.births, self.sensors.as_slice(), track));
            for (l, lost) in near {
                let Some(ratio) = beginning.as_ref().and_then(|b| lost.log_ratio(b, &self.motion)) else {
                    continue;
                };
                let weight = libm::exp(ratio.min(100.0)) * returning / new;
                lineage.pairs.push(Pair::new(l, f, weight, 0.0));
            }
        }
    }

    /// How much likelier it is that a new track parted from its neighbour than that it is new.
    fn parting(&self, fresh: usize) -> f64 {
        let Some((fresh, (_, density))) = self.lineage.fresh.get(fresh).and_then(|f| Some((f, f.parent?)))
        else {
            return 0.0;
        };
        let Some(slot) = self.tracks.slot(fresh.id) else { return 0.0 };
        PARTING_RATE * density / new_per_m2_s(self.lineage.births, &self.sensors, self.tracks.at(slot))
    }

    fn continued(&mut self, fresh: usize, lost: usize, probability: f64) {
        let (Some(fresh), Some(lost)) = (self.lineage.fresh.get(fresh), self.lineage.lost.get(lost)) else {
            return;
        };
        let Some(slot) = self.tracks.slot(fresh.id) else { return };
        let (track, of, at) = (fresh.id, lost.id, self.tracks.at(slot).born);
        let last = Some(lost.estimate());
        self.lineage.births.count = (self.lineage.births.count - 1.0).max(0.0);
        self.lineage.record(Descent { kinship: Kinship::Continues, track, of, at, probability, last });
    }

    /// Records that a new track parted from its neighbour if that is by far the best account of it.
    fn parted(&mut self, fresh: usize, stitched: f64, now: Timestamp) -> bool {
        let split = self.parting(fresh);
        let probability = split / (1.0 + stitched + split);
        let Some((fresh, (of, _))) = self.lineage.fresh.get(fresh).and_then(|f| Some((f, f.parent?))) else {
            return false;
        };
        let lives = self.tracks.slot(of).is_some() && now.since(fresh.confirmed) >= PARTS_AFTER;
        let Some(slot) = self.tracks.slot(fresh.id).filter(|_| lives && probability >= SURE) else {
            return false;
        };
        let (track, at) = (fresh.id, self.tracks.at(slot).born);
        self.lineage.record(Descent { kinship: Kinship::SplitFrom, track, of, at, probability, last: None });
        true
    }

    /// What the last `process` or `tick` found out about which tracks are one.
    #[must_use]
    pub fn descents(&self) -> &[Descent] {
        self.lineage.found()
    }

    /// The latest links, oldest first; a few hundred.
    pub fn recent_descents(&self) -> impl Iterator<Item = &Descent> {
        self.lineage.recent()
    }

    /// What a live track is known to come from.
    #[must_use]
    pub fn ancestry(&self, id: TrackId) -> Option<&Ancestry> {
        self.lineage.ancestry(id)
    }
}

fn continued_of(link: &Descent) -> Option<TrackId> {
    (link.kinship == Kinship::Continues).then_some(link.of)
}

/// How densely new targets come where a track began, per square metre and second: all there are, over what the sensor
/// that began it covers.
fn new_per_m2_s(births: Births, sensors: &[super::known::Known], track: &Track) -> f64 {
    let founder = track.founder.map(|(sensor, _)| sensor).or_else(|| track.sensors.first().map(|(s, _)| *s));
    let known = founder.and_then(|sensor| sensors.get(sensor.index()));
    births.rate() / known.map_or(1e8, |known| known.coverage.field_m2()).max(1.0)
}
