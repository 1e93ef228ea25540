//! What a track was made of, so that late data can be put where it belongs.
//!
//! Looks live once in a shared [`LookRing`]; a track's [`History`] holds references into it, and a full state every few
//! seconds. A late look is put between the entries it falls between, and the track is filtered again from there: where
//! targets never share a gate the result is that of in-order arrival. Everything is bounded by [`RING_S`].

use std::collections::VecDeque;

use super::existence::Existence;
use super::measure::{Altitude, Measured, Site};
use super::motion::{Imm, Motion};
use super::update;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// How late a look may be and still be used, seconds.
pub(super) const RING_S: i64 = 120;
/// Kept a little longer, so that what a usable look needs is there.
const KEPT_S: i64 = RING_S + 15;
/// Looks kept at most, whatever their times.
const MOST_LOOKS: usize = 65_536;
/// Time between full states, seconds.
const CHECKPOINT_S: i64 = 5;
/// In place of a detection's index: the look covered the track and did not report it.
pub(super) const MISSED: u32 = u32::MAX;

/// One look as the filter needs it.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub time: Timestamp,
    pub sensor: SensorIndex,
    pub site: Site,
    /// Density of what is no known target: clutter, and targets not yet known; per square metre, per radian.
    pub clutter_per_m2: f64,
    pub clutter_per_rad: f64,
    /// Share of it that is targets not yet known.
    pub new_share: f64,
    pub detections: Vec<Measured>,
}

/// The looks of the last [`RING_S`] seconds, in arrival order.
#[derive(Clone, Debug, Default)]
pub(super) struct LookRing {
    looks: VecDeque<Looked>,
    first: u64,
    spare: Vec<Vec<Measured>>,
}

/// What one look said about one track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub time: Timestamp,
    /// The look's number in the ring.
    pub look: u64,
    /// Which of its detections, or [`MISSED`].
    pub detection: u32,
    /// Detection probability at the track, visible or not.
    pub pd: f32,
    /// What joint association made of the existence odds; NaN: the track was alone with its detection.
    pub factor: f64,
}

/// Everything that is filtered about a track.
#[derive(Debug)]
pub(super) struct State {
    pub time: Timestamp,
    pub imm: Imm,
    pub altitude: Option<Altitude>,
    pub existence: Existence,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self { time: self.time, imm: self.imm, altitude: self.altitude, existence: self.existence.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        (self.time, self.imm, self.altitude) = (from.time, from.imm, from.altitude);
        self.existence.clone_from(&from.existence);
    }
}

#[derive(Clone, Debug)]
struct Checkpoint {
    /// Time of the first entry after it.
    key: Timestamp,
    /// That entry's number.
    next: u64,
    state: State,
}

/// A track's entries and checkpoints, oldest first.
#[derive(Clone, Debug)]
pub(super) struct History {
    checkpoints: VecDeque<Checkpoint>,
    entries: VecDeque<Entry>,
    first: u64,
}

/// A track as it was, and where in its history that is.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub state: State,
    position: usize,
}

impl LookRing {
    /// An empty list for the next look's detections.
    pub(super) fn spare(&mut self) -> Vec<Measured> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a look and says its number.
    pub(super) fn push(&mut self, look: Looked) -> u64 {
        self.looks.push_back(look);
        self.first + self.looks.len() as u64 - 1
    }

    pub(super) fn get(&self, number: u64) -> Option<&Looked> {
        self.looks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Lets go of what no usable look can need any more.
    pub(super) fn forget(&mut self, latest: Timestamp) {
        let horizon = latest.plus(Span::from_secs(-KEPT_S));
        while self.looks.front().is_some_and(|l| l.time < horizon) || self.looks.len() > MOST_LOOKS {
            if let Some(mut look) = self.looks.pop_front() {
                look.detections.clear();
                self.spare.push(look.detections);
                self.spare.truncate(64);
            }
            self.first += 1;
        }
    }
}

impl State {
    /// What one look did to the track; `None`, and nothing changed, if the result was not sound or the look is gone.
    /// `predicted`, if it is at hand, is the state's own prediction to the entry's time with its mean.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        look: &Looked,
        motion: &Motion,
        predicted: Option<(&Imm, &super::filter::Gaussian)>,
    ) -> Option<()> {
        let pd = f64::from(entry.pd);
        if entry.detection == MISSED {
            let factor = entry.factor.is_finite().then_some(entry.factor);
            self.existence.look(look.sensor, entry.time, pd, 0.0, factor);
            return Some(());
        }
        let m = look.detections.get(entry.detection as usize)?;
        let dt_s = entry.time.since(self.time).as_secs_f64();
        let own;
        let (imm, mean) = match predicted {
            Some(predicted) => predicted,
            None => {
                let imm = motion.predict(&self.imm, dt_s);
                own = (imm, imm.mean());
                (&own.0, &own.1)
            }
        };
        let (next, density) = update::absorbed(imm, mean, self.altitude, &look.site, m)?;
        let ratio = (density / look.clutter(m)).min(1e30);
        let ratio = if m.is_report() { ratio.min(10.0) } else { ratio };
        // A direction fits whatever stands in line: it refines, and neither raises nor lowers belief.
        let ratio = if m.is_bearing() { 1.0 } else { ratio };
        self.imm = next;
        self.altitude = update::altitude_after(self.altitude, dt_s, m);
        self.time = entry.time;
        self.existence.look(
            look.sensor,
            entry.time,
            pd,
            ratio,
            entry.factor.is_finite().then_some(entry.factor),
        );
        Some(())
    }
}

impl Looked {
    /// Density of clutter in the units of this detection's likelihood.
    pub(super) fn clutter(&self, m: &Measured) -> f64 {
        if m.is_bearing() { self.clutter_per_rad } else { self.clutter_per_m2 }
    }
}

impl History {
    /// A track's beginning.
    pub(super) fn new(start: &State) -> Self {
        let start = Checkpoint { key: start.time, next: 0, state: start.clone() };
        Self { checkpoints: VecDeque::from([start]), entries: VecDeque::new(), first: 0 }
    }

    /// Before an entry at `time` is applied to `state`: keep the state if the last one kept is old.
    pub(super) fn checkpoint(&mut self, time: Timestamp, state: &State) {
        let due =
            self.checkpoints.back().is_none_or(|last| time.since(last.key) >= Span::from_secs(CHECKPOINT_S));
        if due {
            let next = self.first + self.entries.len() as u64;
            self.checkpoints.push_back(Checkpoint { key: time, next, state: state.clone() });
        }
    }

    /// An entry in order.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// The track as it was at `at`, or nothing if it was not yet or is no longer known.
    pub(super) fn at(&self, at: Timestamp, looks: &LookRing, motion: &Motion) -> Option<Past> {
        let base = self.checkpoints.iter().rev().find(|checkpoint| checkpoint.key <= at)?;
        let mut past = Past { state: base.state.clone(), position: self.position(base.next)? };
        while let Some(entry) = self.entries.get(past.position).filter(|entry| entry.time <= at) {
            let look = looks.get(entry.look)?;
            // An entry that was refused when it came is refused again, with the same nothing for a result.
            let _ = past.state.apply(entry, look, motion, None);
            past.position += 1;
        }
        Some(past)
    }

    /// Detections of the track measured up to `at`, other than look number `except`'s, latest first, each with its look
    /// and that look's number.
    pub(super) fn detections_before<'a>(
        &'a self,
        at: Timestamp,
        except: u64,
        looks: &'a LookRing,
    ) -> impl Iterator<Item = (&'a Looked, &'a Measured, u64)> {
        let before =
            move |entry: &&Entry| entry.detection != MISSED && entry.time <= at && entry.look != except;
        self.entries.iter().rev().filter(before).filter_map(move |entry| {
            let looked = looks.get(entry.look)?;
            Some((looked, looked.detections.get(entry.detection as usize)?, entry.look))
        })
    }

    fn position(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// Puts a late entry where `past` ends and filters again from there to the present.
    /// `None`, and nothing changed, if the entry's own result is not sound.
    pub(super) fn insert(
        &mut self,
        past: &Past,
        entry: Entry,
        looks: &LookRing,
        motion: &Motion,
    ) -> Option<State> {
        let mut state = past.state.clone();
        let before = past.state.clone();
        state.apply(&entry, looks.get(entry.look)?, motion, None)?;
        while self.checkpoints.len() > 1 && self.checkpoints.back().is_some_and(|last| last.key > entry.time)
        {
            self.checkpoints.pop_back();
        }
        self.entries.insert(past.position, entry);
        let later: Vec<Entry> = self.entries.drain(past.position..).skip(1).collect();
        self.checkpoint(entry.time, &before);
        self.push(entry);
        for entry in later {
            self.checkpoint(entry.time, &state);
            if let Some(look) = looks.get(entry.look) {
                let _ = state.apply(&entry, look, motion, None);
            }
            self.push(entry);
        }
        Some(state)
    }

    /// Lets go of what lies before the last state that a usable look could need.
    pub(super) fn forget(&mut self, latest: Timestamp) {
        let horizon = latest.plus(Span::from_secs(-RING_S));
        while self.checkpoints.get(1).is_some_and(|second| second.key <= horizon) {
            self.checkpoints.pop_front();
        }
        let Some(keep) = self.checkpoints.front().and_then(|front| self.position(front.next)) else { return };
        self.entries.drain(..keep);
        self.first += keep as u64;
    }
}
