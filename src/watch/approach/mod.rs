//! Early warning: who is likely to cross a line soon.
//!
//! In: once a second, the live tracks; each is looked at every few seconds, in turn. Out: when to raise, revise and clear,
//! and what is foreseen. An approach is raised once the probability of a first passage within the rule's horizon has
//! been at least its threshold for as long as it has to hold, and over once it has been at most half of that for
//! [`CLEAR_AFTER`]. Who crosses by leave is not coming: a gate that it will probably go through is no line. Knows no gate and
//! no class.

mod first;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::book::Subject;
use super::line::{Point, Polyline};
use crate::fusion::{Fan, Gait, TrackId, TrackView};
use crate::time::{Span, Timestamp};
use crate::watch::agreement::Direction;
pub use first::Foreseen;
use first::Look;

/// A track's turn comes every so many seconds.
const EVERY_S: i64 = 3;
/// Under this share of the threshold …
const OVER_BELOW: f64 = 0.5;
/// … for so long, an approach is over.
const CLEAR_AFTER: Span = Span::from_secs(15);
/// Less likely ones within the longest horizon need no memory.
const NEGLIGIBLE: f64 = 0.01;
/// The time to go has changed materially when it is this share of what was said, …
const MATERIAL: f64 = 0.5;
/// … but no more often than this.
const REVISED_EVERY: Span = Span::from_secs(60);
/// Likelier than this to stand, it stands.
const STANDS: f64 = 0.5;
/// Tracks and rules remembered.
const CAPACITY: usize = 100_000;

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub direction: Direction,
    /// How far ahead.
    pub horizon: Span,
    pub threshold: f64,
    pub hold: Span,
}

/// What a look changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// It has been likely since this instant.
    Raise(Timestamp, Foreseen),
    /// It is materially nearer.
    Revise(Foreseen),
    /// It is no longer likely.
    Clear,
}

/// The approaches of all tracks, by rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Approaches {
    /// None where no rule asks.
    fan: Option<std::sync::Arc<Fan>>,
    state: State,
}

/// What a snapshot holds: all but the fan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    nearing: BTreeMap<Subject, Nearing>,
    gaits: BTreeMap<TrackId, Walk>,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Nearing {
    likely_since: Option<Timestamp>,
    unlikely_since: Option<Timestamp>,
    raised: bool,
    /// When something was said, and the median it said.
    said: Option<(Timestamp, f64)>,
    looked: Timestamp,
    foreseen: Foreseen,
}

/// How a track last went: its latest two velocities while it moved.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Walk {
    velocities_mps: [Option<[f64; 2]>; 2],
    still_since: Option<Timestamp>,
}

impl Walk {
    fn step(&mut self, track: &TrackView<'_>) {
        let [.., v_east, v_north] = track.estimate.mean;
        if track.modes[2] > STANDS {
            self.still_since = self.still_since.or(Some(track.estimate.time));
        } else {
            self.still_since = None;
            self.velocities_mps = [self.velocities_mps[1], Some([v_east, v_north])];
        }
    }

    /// Who brakes was quicker before: the quicker of the two velocities is how it goes.
    fn gait(&self, now: Timestamp) -> Gait {
        let square = |v: &[f64; 2]| v[0] * v[0] + v[1] * v[1];
        let quickest = self.velocities_mps.iter().flatten().max_by(|a, b| square(a).total_cmp(&square(b)));
        let still_s = self.still_since.map_or(0.0, |since| now.since(since).as_secs_f64().max(0.0));
        Gait { velocity_mps: quickest.copied(), still_s }
    }
}

impl Approaches {
    /// Nothing foreseen yet; `asked`: whether any rule will ask.
    pub(super) fn new(asked: bool) -> Self {
        Self { fan: asked.then(|| Fan::new().into()), state: State::default() }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn with(self, state: State) -> Self {
        Self { state, ..self }
    }

    /// Whether it is this track's turn; notes how it goes.
    pub(super) fn is_turn(&mut self, now: Timestamp, track: &TrackView<'_>) -> bool {
        let turn = i64::try_from(track.id.0 % EVERY_S.unsigned_abs()).unwrap_or(0);
        if self.fan.is_none() || (now.floor_secs() + turn) % EVERY_S != 0 {
            return false;
        }
        let gaits = &mut self.state.gaits;
        if gaits.len() < CAPACITY || gaits.contains_key(&track.id) {
            gaits.entry(track.id).or_default().step(track);
        }
        true
    }

    /// Looks ahead for one track and one rule. `by_leave`: whether who crosses there, so many seconds from now, to the left
    /// or not, may; nothing where the rule is not about the track at all.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        subject: Subject,
        track: &TrackView<'_>,
        line: &Polyline,
        asked: &Asked,
        by_leave: Option<&dyn Fn(Point, f64, bool) -> bool>,
    ) -> Option<Change> {
        let known = self.state.nearing.contains_key(&subject);
        if !known && by_leave.is_none() {
            return None;
        }
        let gait = self.state.gaits.get(&track.id).map(|walk| walk.gait(now)).unwrap_or_default();
        // What turns out to be nothing that the rule is about is not coming.
        let foreseen = self.fan.as_ref().zip(by_leave).and_then(|(fan, by_leave)| {
            first::foresee(fan, &Look { line, asked, track, gait: &gait, by_leave })
        });
        let foreseen = foreseen.unwrap_or_default();
        let within = foreseen.within.map(|p| p * track.existence);
        let [asked_for, by_leave] = [foreseen.asked, foreseen.by_leave].map(|p| p * track.existence);
        let foreseen = Foreseen { within, asked: asked_for, by_leave, ..foreseen };
        self.judge(now, subject, &foreseen, asked)
    }

    fn judge(
        &mut self,
        now: Timestamp,
        subject: Subject,
        foreseen: &Foreseen,
        asked: &Asked,
    ) -> Option<Change> {
        let nearing = &mut self.state.nearing;
        if !nearing.contains_key(&subject) {
            if foreseen.within[2] < NEGLIGIBLE {
                return None;
            }
            if nearing.len() >= CAPACITY {
                self.state.refused += 1;
                return None;
            }
        }
        let fresh = Nearing {
            likely_since: None,
            unlikely_since: None,
            raised: false,
            said: None,
            looked: now,
            foreseen: *foreseen,
        };
        let one = nearing.entry(subject).or_insert(fresh);
        (one.looked, one.foreseen) = (now, *foreseen);
        let change = one.step(now, asked);
        if !one.raised && foreseen.within[2] < NEGLIGIBLE {
            nearing.remove(&subject);
        }
        change
    }

    /// What came near has crossed, and is near no more: whether it had been said to be coming.
    pub(super) fn crossed(&mut self, subject: Subject) -> bool {
        self.state.nearing.remove(&subject).is_some_and(|one| one.raised)
    }

    /// A track is gone; alerts about it are cleared by whoever clears alerts about tracks that are gone.
    pub(super) fn forget(&mut self, track: TrackId) {
        self.state.gaits.remove(&track);
        let (from, to) =
            (Subject { track: Some(track), rule: 0 }, Subject { track: Some(track), rule: usize::MAX });
        let subjects: Vec<Subject> =
            self.state.nearing.range(from..=to).map(|(&subject, _)| subject).collect();
        for subject in subjects {
            self.state.nearing.remove(&subject);
        }
    }

    /// A track is what came near under another name, and was said to.
    pub(super) fn adopt(&mut self, now: Timestamp, subject: Subject) {
        let nearing = &mut self.state.nearing;
        if nearing.len() < CAPACITY || nearing.contains_key(&subject) {
            let fresh = Nearing {
                likely_since: None,
                unlikely_since: None,
                raised: true,
                said: Some((now, f64::INFINITY)),
                looked: now,
                foreseen: Foreseen::default(),
            };
            nearing.entry(subject).or_insert(fresh).raised = true;
        } else {
            self.state.refused += 1;
        }
    }

    /// Everything of another, under the rules' new places.
    pub(super) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        let nearing = other.state.nearing.iter();
        self.state.nearing.extend(nearing.filter_map(|(subject, one)| Some((moved(*subject)?, *one))));
        self.state.gaits.clone_from(&other.state.gaits);
        self.state.refused = other.state.refused;
    }

    /// What was foreseen at the latest look of each track and rule: when, and what.
    pub(super) fn foreseen(&self) -> impl Iterator<Item = (Subject, Timestamp, &Foreseen)> {
        self.state.nearing.iter().map(|(subject, one)| (*subject, one.looked, &one.foreseen))
    }

    /// Tracks that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.state.refused
    }
}

impl Nearing {
    fn step(&mut self, now: Timestamp, asked: &Asked) -> Option<Change> {
        let (foreseen, probability) = (self.foreseen, self.foreseen.asked);
        let (likely, unlikely) =
            (probability >= asked.threshold, probability <= OVER_BELOW * asked.threshold);
        self.likely_since = if likely { self.likely_since.or(Some(now)) } else { None };
        self.unlikely_since = if unlikely { self.unlikely_since.or(Some(now)) } else { None };
        let held = |since: Option<Timestamp>, hold: Span| since.is_some_and(|since| now.since(since) >= hold);
        if !self.raised && held(self.likely_since, asked.hold) {
            self.raised = true;
            self.said = Some((now, foreseen.median_s));
            return self.likely_since.map(|since| Change::Raise(since, foreseen));
        }
        if self.raised && held(self.unlikely_since, CLEAR_AFTER) {
            (self.raised, self.said) = (false, None);
            return Some(Change::Clear);
        }
        let (at, median_s) = self.said.filter(|_| self.raised && likely)?;
        let nearer = foreseen.median_s <= MATERIAL * median_s && now.since(at) >= REVISED_EVERY;
        if nearer {
            self.said = Some((now, foreseen.median_s));
        }
        nearer.then_some(Change::Revise(foreseen))
    }
}
