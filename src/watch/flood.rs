//! The alarm budget (EEMUA 191): what of all that is said goes to people, and when there is too much, in groups.
//!
//! In: every notice of one step, in order. Out: the same notices, those that go to no sink marked as held; and group
//! notices. The record keeps everything; only what rings is thinned.
//!
//! A notice rings when it opens an alert or says something new of one; one that clears, and one by which a person's act
//! is answered, does not. Ten that ring in ten minutes are a flood, fewer than five end it. In a flood, alerts are grouped
//! by rule and place: of each group one alert of kind `flood` is said, opened, with its number when that has grown by
//! half, and cleared when nothing in it is open any more. What is urgent never waits. What was told before the flood
//! began and changed in it is said once more when it ends. The notices of a shelved alert ring only when it returns.

mod groups;
mod indicators;
mod kept;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};
use crate::watch::alert::{Notice, Severity, State};
use crate::watch::life::{Act, Deed, Done, Held, Refusal};
use groups::Groups;
pub use indicators::Indicators;
use kept::GroupState;

/// What is counted together.
const WINDOW: Span = Span::from_secs(600);
/// So many notices within it are a flood …
const BEGINS: usize = 10;
/// … which ends when there are fewer than this.
const ENDS: usize = 5;
/// Alerts that can be waiting to be told, or to be told again.
const CAPACITY: usize = 20_000;

/// What rings, and what waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Flood {
    /// When something would have rung, within the window.
    rung: VecDeque<Timestamp>,
    /// Since when there is a flood.
    since: Option<Timestamp>,
    /// Open alerts of which no sink has heard.
    untold: BTreeSet<Arc<str>>,
    /// Alerts of which sinks have heard, and which have changed since.
    behind: BTreeSet<Arc<str>>,
    groups: Groups,
    indicators: Indicators,
}

/// A flood's state as a snapshot holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct FloodState {
    rung: VecDeque<Timestamp>,
    since: Option<Timestamp>,
    untold: BTreeSet<Arc<str>>,
    behind: BTreeSet<Arc<str>>,
    groups: Vec<GroupState>,
    indicators: Indicators,
}

/// Why the notices of one step were said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Something was observed.
    Observed,
    /// A whole second has passed.
    Tick,
    /// A person did something: the answer rings nobody.
    Act,
}

/// What came of an act on a group, and the alerts it speaks for.
type Acted = Result<(Done, Vec<Arc<str>>), Refusal>;

impl Flood {
    /// Marks those of a step's notices that are held, and adds those of groups.
    pub(super) fn sift(&mut self, sector: &str, now: Timestamp, cause: Cause, notices: &mut Vec<Notice>) {
        let mut groups = Vec::new();
        for notice in notices.iter_mut() {
            notice.life.held = self.judge(sector, now, cause, notice, &mut groups);
            self.indicators.hear(now, notice, cause != Cause::Act);
        }
        for notice in &groups {
            self.indicators.hear(now, notice, true);
        }
        notices.append(&mut groups);
    }

    /// Why a notice goes to no sink, if it does not.
    fn judge(
        &mut self,
        sector: &str,
        now: Timestamp,
        cause: Cause,
        notice: &Notice,
        out: &mut Vec<Notice>,
    ) -> Option<Held> {
        let is_told = !self.untold.contains(&notice.alert);
        if notice.state == State::Cleared {
            self.behind.remove(&notice.alert);
            self.groups.closed(now, &notice.alert, self.since.is_some(), out);
            // Of what no sink has heard, none needs to hear that it is over.
            return self.untold.remove(&notice.alert).then_some(Held::Flood);
        }
        if cause == Cause::Act {
            return (!is_told).then_some(Held::Flood);
        }
        if notice.life.shelved.is_some() {
            return Some(Held::Shelved);
        }
        self.ring(now);
        if notice.severity == Severity::Urgent {
            self.untold.remove(&notice.alert);
            self.behind.remove(&notice.alert);
            return None;
        }
        if self.since.is_none() || self.untold.len() + self.behind.len() >= CAPACITY {
            self.untold.remove(&notice.alert);
            return None;
        }
        if notice.state == State::Opened || !is_told {
            self.untold.insert(notice.alert.clone());
            self.groups.join(sector, now, notice, out);
        } else {
            self.behind.insert(notice.alert.clone());
        }
        Some(Held::Flood)
    }

    fn ring(&mut self, now: Timestamp) {
        self.forget(now);
        self.rung.push_back(now);
        if self.rung.len() > CAPACITY {
            self.rung.pop_front();
        }
        if self.rung.len() >= BEGINS && self.since.is_none() {
            self.since = Some(now);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.rung.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            self.rung.pop_front();
        }
    }

    /// A whole second has passed. Those alerts are to be said once more, of which sinks have heard before the flood
    /// that ends now and not since.
    pub(super) fn tick(&mut self, now: Timestamp, out: &mut Vec<Notice>) -> BTreeSet<Arc<str>> {
        self.forget(now);
        self.indicators.tick(now, self.since.is_some());
        if self.since.is_none() {
            return BTreeSet::new();
        }
        let before = out.len();
        let ends = self.rung.len() < ENDS;
        if ends {
            self.since = None;
            self.groups.end(now, out);
        } else {
            self.groups.tick(now, out);
        }
        for notice in out.iter().skip(before) {
            self.indicators.hear(now, notice, true);
        }
        if ends { std::mem::take(&mut self.behind) } else { BTreeSet::new() }
    }

    /// The open group notices, by id.
    pub(super) fn open(&self) -> impl Iterator<Item = &Notice> {
        self.groups.open()
    }

    /// Does to the group of this alert what somebody wants done; also the alerts that it speaks for are seen then. Nothing
    /// if it is no group's.
    pub(super) fn act(&mut self, now: Timestamp, act: &Act, out: &mut Vec<Notice>) -> Option<Acted> {
        if !self.groups.has(&act.alert) {
            return None;
        }
        if act.deed != Deed::Acknowledge {
            return Some(Err(Refusal::Impossible("a flood's group can only be acknowledged")));
        }
        self.groups.acknowledge(now, &act.alert, &act.actor, out).map(Ok)
    }

    /// Everything is over, because nothing that is known will be known any more.
    pub(super) fn end(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        self.groups.end(now, out);
    }

    /// The same, whose groups cite what is in force now.
    pub(super) fn restated(mut self, cite: impl Fn(&mut Notice)) -> Self {
        self.groups.restate(cite);
        self
    }

    /// How well the alarms serve those who hear them.
    pub(super) fn indicators(&self) -> &Indicators {
        &self.indicators
    }

    /// Since when there is a flood, if there is one.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Its state.
    pub(super) fn state(&self) -> FloodState {
        let Self { rung, since, untold, behind, groups, indicators } = self;
        FloodState {
            rung: rung.clone(),
            since: *since,
            untold: untold.clone(),
            behind: behind.clone(),
            groups: groups.state(),
            indicators: indicators.clone(),
        }
    }

    /// The flood of that state; none if its notices are none.
    pub(super) fn of(state: FloodState) -> Option<Self> {
        let FloodState { rung, since, untold, behind, groups, indicators } = state;
        Some(Self { rung, since, untold, behind, groups: Groups::of(groups)?, indicators })
    }
}
