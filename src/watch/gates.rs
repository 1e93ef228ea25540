//! Authorised crossing points: who may pass, which way, when and how many.
//!
//! In: crossings, and what may become one. Out: whether one is by leave: inside a gate's disc, in its direction, at its
//! hours, by something that is of its classes with P ≥ 0.5, and not more of them within an hour than are allowed. That is a
//! transit: counted and logged, not alerted. What is only foreseen, or was not seen, asks the same and takes no place in the
//! rate. A gate without classes lets everything pass; a gate with classes does not open for what is not known: a uniform
//! class gives `vehicle` 3/8. What comes in excess of the rate has crossed without leave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agreement::{Agreement, Direction, Gate};
use super::area::{Covariance, normal_cdf};
use super::calendar::Calendar;
use super::crossing::{Side, variance_along};
use super::line::Point;
use super::passage::{Passage, is_of, matches};
use crate::fusion::TrackView;
use crate::geo::LocalFrame;
use crate::scan::Class;
use crate::time::{Span, Timestamp};

/// Over which a rate is counted.
const HOUR: Span = Span::from_secs(3600);

/// The gates of one agreement.
#[derive(Clone, Debug)]
pub(super) struct Gates {
    discs: Vec<Disc>,
    passed: Passed,
}

/// A crossing, seen or supposed.
#[derive(Clone, Copy, Debug)]
pub(super) struct There {
    pub line: usize,
    /// The side it goes to.
    pub to: Side,
    pub at: Point,
    pub time: Timestamp,
}

/// All of the gates that is state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Passed {
    /// When somebody passed lately, of gates with a rate, by gate: never more than the rate.
    recent: BTreeMap<usize, VecDeque<Timestamp>>,
    transits: u64,
}

/// A gate in the tangent plane.
#[derive(Clone, Debug)]
struct Disc {
    id: Arc<str>,
    line: usize,
    center: Point,
    radius_m: f64,
    classes: Vec<Class>,
    direction: Direction,
    calendar: Option<Calendar>,
    max_per_hour: Option<u32>,
}

impl Gates {
    pub(super) fn new(frame: &LocalFrame, agreement: &Agreement) -> Self {
        let discs = agreement.gates.iter().map(|gate| Disc::new(frame, gate)).collect();
        Self { discs, passed: Passed::default() }
    }

    /// The gate by whose leave a crossing is, if there is one; then it is counted.
    pub(super) fn permit(&mut self, passage: &Passage<'_>) -> Option<usize> {
        let Passage { line, track, crossed, .. } = *passage;
        let instant = crossed.instant;
        let there = There { line, to: crossed.to, at: instant.at, time: instant.time };
        let index = self.opens(&there, track)?;
        if let Some(Disc { max_per_hour: Some(_), .. }) = self.discs.get(index) {
            self.passed.take(index, instant.time);
        }
        self.passed.transits += 1;
        Some(index)
    }

    /// The gate that would let a track through there and then, if there is one.
    pub(super) fn opens(&self, there: &There, track: &TrackView<'_>) -> Option<usize> {
        (0..self.discs.len()).find(|index| self.is_open(*index, there, track))
    }

    fn is_open(&self, index: usize, there: &There, track: &TrackView<'_>) -> bool {
        self.discs.get(index).is_some_and(|disc| {
            disc.admits(there, track)
                && disc.max_per_hour.is_none_or(|most| self.passed.has_room(index, most, there.time))
        })
    }

    /// The likeliest gate that would let a track through then, and P(it lies around a place known so badly, on a line that
    /// goes along there).
    pub(super) fn probably_opens(
        &self,
        there: &There,
        covariance: Covariance,
        along: Point,
        track: &TrackView<'_>,
    ) -> Option<(usize, f64)> {
        let sigma_m = variance_along(covariance, along).max(1.0).sqrt();
        let chances = self.discs.iter().enumerate().filter_map(|(index, disc)| {
            let off = [disc.center[0] - there.at[0], disc.center[1] - there.at[1]];
            let (forth_m, beside_m) =
                (off[0] * along[0] + off[1] * along[1], off[1] * along[0] - off[0] * along[1]);
            let half_m = (disc.radius_m * disc.radius_m - beside_m * beside_m).max(0.0).sqrt();
            if !self.is_open(index, &There { at: disc.center, ..*there }, track) {
                return None;
            }
            Some((index, normal_cdf((forth_m + half_m) / sigma_m) - normal_cdf((forth_m - half_m) / sigma_m)))
        });
        chances.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// A gate's name.
    pub(super) fn id(&self, index: usize) -> Option<&Arc<str>> {
        self.discs.get(index).map(|disc| &disc.id)
    }

    /// Crossings by leave.
    pub(super) fn transits(&self) -> u64 {
        self.passed.transits
    }

    /// What a snapshot holds.
    pub(super) fn passed(&self) -> &Passed {
        &self.passed
    }

    /// Goes on with what others of the same agreement had seen.
    pub(super) fn with(self, passed: Passed) -> Self {
        Self { passed, ..self }
    }

    /// Goes on with what others had seen of the gates that have the same names.
    pub(super) fn take_over(&mut self, other: &Self) {
        let known = |index: &usize| {
            let id = &other.discs.get(*index)?.id;
            self.discs.iter().position(|disc| disc.id == *id)
        };
        let recent = other.passed.recent.iter();
        let recent = recent.filter_map(|(index, times)| Some((known(index)?, times.clone()))).collect();
        self.passed = Passed { recent, transits: other.passed.transits };
    }
}

impl Passed {
    fn has_room(&self, index: usize, most: u32, at: Timestamp) -> bool {
        let times = self.recent.get(&index).into_iter().flatten();
        let lately = times.filter(|time| at.since(**time) < HOUR).count();
        lately < usize::try_from(most).unwrap_or(usize::MAX)
    }

    fn take(&mut self, index: usize, at: Timestamp) {
        let times = self.recent.entry(index).or_default();
        times.retain(|time| at.since(*time) < HOUR);
        times.push_back(at);
    }
}

impl Disc {
    fn new(frame: &LocalFrame, gate: &Gate) -> Self {
        let center = frame.to_enu(gate.center);
        Self {
            id: gate.id.clone(),
            line: gate.line,
            center: [center.east_m, center.north_m],
            radius_m: gate.radius_m,
            classes: gate.classes.clone(),
            direction: gate.direction,
            calendar: gate.schedule.as_ref().and_then(Calendar::new),
            max_per_hour: gate.max_per_hour,
        }
    }

    fn admits(&self, there: &There, track: &TrackView<'_>) -> bool {
        let (east, north) = (there.at[0] - self.center[0], there.at[1] - self.center[1]);
        self.line == there.line
            && east * east + north * north <= self.radius_m * self.radius_m
            && matches(self.direction, there.to)
            && is_of(track, &self.classes)
            && self.calendar.as_ref().is_none_or(|calendar| calendar.is_open(there.time))
    }
}
