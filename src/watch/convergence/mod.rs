//! Many who move together towards a line, or gather near one, outside every zone.
//!
//! In: every ten seconds all targets of a rule's classes. Out: when to raise, revise and clear, group by group. Knows no
//! notice. Clusters are found by density (`density`), are groups through time (`group`) and are raised if they head for a
//! line (`heading`), or if more have come to stay near one than chance would make as seldom as agreed (`scan`).

mod density;
mod group;
mod heading;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};
use crate::watch::line::Point;
use group::Groups;
pub(super) use group::{Group, Mark};
use heading::{Way, distance_m};
use scan::{Ground, Scan, Window};

/// Looks are this far apart, seconds; scans that, too.
pub(super) const LOOK_S: i64 = 10;
const SCAN_S: i64 = 60;
/// Scans of a week.
const SCANS_PER_WEEK: f64 = 10_080.0;
/// A group heads for a line that it reaches within this, seconds, …
const WITHIN_S: f64 = 1800.0;
/// … with this probability, in so many looks one after the other, …
const HEADS: f64 = 0.8;
const HEADS_LOOKS: u32 = 3;
/// … no slower than this, m/s.
const SLOWEST_MPS: f64 = 0.5;
/// It no longer does at or below this, for so many looks.
const TURNED: f64 = 0.4;
const TURNED_LOOKS: u32 = 6;
/// Who gathers farther from the line than this does not gather near it, metres.
const NEAR_M: f64 = 5000.0;
/// A gathering is over when nothing was unusual for so long.
const QUIET: Span = Span::from_secs(1800);
/// Said anew when so many times as many are in it, but not more often than this.
const MATERIAL: f64 = 1.5;
const REVISED_EVERY: Span = Span::from_secs(60);

/// What a rule looks for, and where.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Lines, and outlines of zones, that it is about.
    pub targets: Vec<Vec<Point>>,
    pub least: usize,
    pub radius_m: f64,
    ground: Ground,
}

/// One rule through time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Convergence {
    groups: Groups,
    standing: BTreeMap<u64, Standing>,
    scan: Scan,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Standing {
    /// Looks one after the other at which it headed for a line, and at which it did not.
    heading: u32,
    turned: u32,
    /// When more than usual had come to where it is.
    unusual: Option<Timestamp>,
    said: Option<Said>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Said {
    at: Timestamp,
    number: usize,
    heads: bool,
}

/// Why a group is worth saying.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reason {
    /// P(it reaches the line within half an hour).
    pub heads: f64,
    /// Where more have come to stay than usual: how many, how many are usual, in how many minutes, and P(by chance).
    pub gathers: Option<(f64, f64, usize, f64)>,
}

/// What a look changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Raise(Group, Reason),
    Revise(Group, Reason),
    /// The group of this number is over, or does what it was raised for no longer.
    Clear(u64),
}

impl Field {
    pub(super) fn new(targets: Vec<Vec<Point>>, least: u32, radius_m: f64) -> Self {
        let all = targets.iter().flatten();
        let start = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        let [low, high] = all.fold(start, |[low, high], p| {
            [[low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]]
        });
        let corners = if low[0].is_finite() {
            [low.map(|x| x - NEAR_M), high.map(|x| x + NEAR_M)]
        } else {
            [[-NEAR_M; 2], [NEAR_M; 2]]
        };
        let least = usize::try_from(least).unwrap_or(usize::MAX).max(2);
        Self { targets, least, radius_m, ground: Ground::new(corners, 2.0 * radius_m) }
    }

    fn heads(&self, group: &Group) -> f64 {
        if group.speed_mps() < SLOWEST_MPS {
            return 0.0;
        }
        let (from, velocity, velocity_covariance) = (group.centre, group.velocity, group.velocity_covariance);
        let way = Way { from, velocity, velocity_covariance };
        self.targets.iter().map(|line| way.reaches(line, WITHIN_S)).fold(0.0, f64::max)
    }

    fn is_near(&self, at: Point) -> bool {
        self.targets.iter().any(|line| distance_m(at, line) <= NEAR_M)
    }
}

impl Convergence {
    /// A look at all targets of the rule's classes; `free`: whether a place is outside every zone that has rules of its own.
    /// `share`: false alarms a week that the scan may make.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        field: &Field,
        marks: &[Mark],
        share: f64,
        free: impl Fn(Point) -> bool,
    ) -> Vec<Change> {
        let places: Vec<Point> = marks.iter().map(|mark| mark.at).collect();
        let clusters: Vec<Vec<Mark>> = density::clusters(&places, field.least, field.radius_m)
            .iter()
            .map(|cluster| cluster.iter().map(|at| marks[*at]).collect())
            .collect();
        let mut changes: Vec<Change> = Vec::new();
        for over in self.groups.look(now, &clusters) {
            let said = self.standing.remove(&over.number).and_then(|standing| standing.said);
            changes.extend(said.map(|_| Change::Clear(over.number)));
        }
        let window = self.scanned(now, field, marks, share);
        for group in self.groups.list.iter().filter(|group| group.seen == now) {
            let standing = self.standing.entry(group.number).or_default();
            let window =
                window.filter(|window| field.is_near(group.centre) && window.holds(group, field.radius_m));
            let reason = Reason {
                heads: field.heads(group),
                gathers: window.map(|found| (found.came, found.expected, found.minutes, found.p)),
            };
            changes.extend(standing.judge(now, group, reason, free(group.centre)));
        }
        changes
    }

    fn scanned(&mut self, now: Timestamp, field: &Field, marks: &[Mark], share: f64) -> Option<Window> {
        if now.floor_secs().rem_euclid(SCAN_S) != 0 {
            return None;
        }
        let tracks: Vec<(TrackId, Point)> = marks.iter().map(|mark| (mark.track, mark.at)).collect();
        let freeze = self.standing.values().any(|standing| standing.said.is_some());
        let found = self.scan.minute(now, &field.ground, &tracks, freeze);
        found.filter(|window| window.p <= share / SCANS_PER_WEEK)
    }

    /// A track is what another was.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        self.groups.follow(before, heir);
        self.scan.follow(before, heir);
    }

    /// Whether the scan knows what is usual.
    pub(super) fn is_determined(&self) -> bool {
        self.scan.is_determined()
    }
}

impl Window {
    fn holds(&self, group: &Group, slack_m: f64) -> bool {
        (0..2).all(|axis| {
            let at = group.centre[axis];
            self.low[axis] - slack_m <= at && at <= self.high[axis] + slack_m
        })
    }
}

impl Standing {
    fn judge(&mut self, now: Timestamp, group: &Group, reason: Reason, free: bool) -> Option<Change> {
        let run = |holds: bool, looks: u32| if holds { looks.saturating_add(1) } else { 0 };
        self.heading = run(reason.heads >= HEADS, self.heading);
        self.turned = run(reason.heads <= TURNED, self.turned);
        self.unusual = if reason.gathers.is_some() { Some(now) } else { self.unusual };
        let heads = self.heading >= HEADS_LOOKS;
        let gathers = self.unusual.is_some_and(|at| now.since(at) < QUIET);
        let number = group.members.len();
        let Some(said) = self.said else {
            if !free || !(heads || gathers) {
                return None;
            }
            self.said = Some(Said { at: now, number, heads });
            return Some(Change::Raise(group.clone(), reason));
        };
        if self.turned >= TURNED_LOOKS && !gathers {
            self.said = None;
            return Some(Change::Clear(group.number));
        }
        let more = number as f64 >= MATERIAL * said.number as f64 || (heads && !said.heads);
        if more && now.since(said.at) >= REVISED_EVERY {
            self.said = Some(Said { at: now, number, heads: heads || said.heads });
            return Some(Change::Revise(group.clone(), reason));
        }
        None
    }
}
