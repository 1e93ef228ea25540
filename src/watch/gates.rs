//! Authorised crossing points: who may pass, which way, when and how many.
//!
//! In: crossings. Out: whether one is by leave: inside a gate's disc, in its direction, at its hours, by something that is
//! of its classes with P ≥ 0.5, and not more of them within an hour than are allowed. That is a transit: counted, not
//! alerted. A gate without classes lets everything pass; a gate with classes does not open for what is not known: a
//! uniform class gives `vehicle` 3/8. What comes in excess of the rate has crossed without leave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agreement::{Agreement, Direction, Gate};
use super::calendar::Calendar;
use super::line::Point;
use super::passage::{Passage, is_of, matches};
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

    /// Whether a crossing is by leave; then it is counted.
    pub(super) fn permit(&mut self, passage: &Passage<'_>) -> bool {
        let at = passage.crossed.instant.time;
        let permits =
            |(index, disc): (usize, &Disc)| disc.admits(passage).then_some((index, disc.max_per_hour));
        let open: Vec<_> = self.discs.iter().enumerate().filter_map(permits).collect();
        for (index, most) in open {
            let room = most.is_none_or(|most| self.passed.take(index, most, at));
            if room {
                self.passed.transits += 1;
                return true;
            }
        }
        false
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
    fn take(&mut self, index: usize, most: u32, at: Timestamp) -> bool {
        let times = self.recent.entry(index).or_default();
        times.retain(|time| at.since(*time) < HOUR);
        let room = times.len() < usize::try_from(most).unwrap_or(usize::MAX);
        if room {
            times.push_back(at);
        }
        room
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

    fn admits(&self, passage: &Passage<'_>) -> bool {
        let Passage { line, track, crossed, .. } = *passage;
        let at = crossed.instant.at;
        let (east, north) = (at[0] - self.center[0], at[1] - self.center[1]);
        self.line == line
            && east * east + north * north <= self.radius_m * self.radius_m
            && matches(self.direction, crossed.to)
            && is_of(track, &self.classes)
            && self.calendar.as_ref().is_none_or(|calendar| calendar.is_open(crossed.instant.time))
    }
}
