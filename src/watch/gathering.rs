//! What the rules make of groups: who moves together towards a line, or gathers near one.
//!
//! In: every ten seconds all targets. Out: notices of convergences, one alert a group while it lives. Finding the groups is
//! `convergence`'s; here is what they rest on and what is said of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Watch;
use super::agreement::{Agreement, RuleKind, Zone};
use super::alert::{self, Notice};
use super::applies::evident;
use super::book::{Finding, Subject, ladder, rounded};
use super::convergence::{Change, Convergence, Field, Group, LOOK_S, Mark, Reason};
use super::grounds::Grounds;
use super::line::{Point, plane};
use super::sensors::{Support, ages};
use crate::fusion::{TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Groups are subjects, as tracks are: their names are those of the upper half, which no track's number reaches.
const GROUPS: u64 = 1 << 63;
/// Tracks named in one notice.
const MOST_NAMED: usize = 256;
/// Scans of a week, for how often chance makes as much.
const SCANS_PER_WEEK: f64 = 10_080.0;

/// The convergence rules, each with what it looks for and what it has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Gatherings {
    rules: BTreeMap<usize, (Field, Convergence)>,
}

/// What a snapshot holds: all but what the agreement says.
#[derive(Serialize, Deserialize)]
pub(super) struct State(BTreeMap<usize, Convergence>);

/// All targets that a rule is about, with the sensors behind them.
pub(super) type Crowd<'a> = Vec<(Mark, &'a [(SensorIndex, Timestamp)])>;

impl Gatherings {
    pub(super) fn new(frame: &LocalFrame, agreement: &Agreement) -> Self {
        let rules = agreement.rules.iter().enumerate().filter_map(|(index, rule)| {
            let RuleKind::Convergence { line, zone, min_number, radius_m } = rule.kind else { return None };
            let lines = agreement.lines.iter().enumerate();
            // A rule that names nothing is about every line.
            let lines = lines.filter(|(at, _)| line.map_or(zone.is_none(), |line| line == *at));
            let lines = lines.map(|(_, line)| plane(frame, &line.vertices));
            let ring = |zone: &Zone| {
                if let Some(line) = zone.band.and_then(|band| agreement.lines.get(band.line)) {
                    return plane(frame, &line.vertices);
                }
                let mut ring = plane(frame, &zone.polygon);
                ring.extend(ring.first().copied());
                ring
            };
            let zones = zone.and_then(|zone| agreement.zones.get(zone)).map(ring);
            let targets = lines.chain(zones).collect();
            Some((index, (Field::new(targets, min_number, radius_m), Convergence::default())))
        });
        Self { rules: rules.collect() }
    }

    /// What it has seen.
    pub(super) fn state(&self) -> impl Serialize + '_ {
        self.rules.iter().map(|(rule, (_, seen))| (*rule, seen)).collect::<BTreeMap<_, _>>()
    }

    /// Has seen what another of the same rules had; nothing if it was of others.
    pub(super) fn with(mut self, State(seen): State) -> Option<Self> {
        if !seen.keys().eq(self.rules.keys()) {
            return None;
        }
        for ((_, own), seen) in self.rules.values_mut().zip(seen.into_values()) {
            *own = seen;
        }
        Some(self)
    }

    /// One rule has seen what another's had.
    pub(super) fn take_over(&mut self, other: &Self, was: usize, is: usize) {
        if let (Some((_, seen)), Some((_, own))) = (other.rules.get(&was), self.rules.get_mut(&is)) {
            *own = seen.clone();
        }
    }

    /// A track is what another was.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        self.rules.values_mut().for_each(|(_, seen)| seen.follow(before, heir));
    }

    /// Whether a rule knows how many usually come to stay.
    pub(super) fn is_determined(&self, rule: usize) -> bool {
        self.rules.get(&rule).is_some_and(|(_, seen)| seen.is_determined())
    }
}

impl Watch {
    /// An empty crowd for each rule that looks in this second.
    pub(super) fn crowds<'a>(&self, now: Timestamp) -> BTreeMap<usize, Crowd<'a>> {
        let due = now.floor_secs().rem_euclid(LOOK_S) == 0;
        self.gatherings.rules.keys().filter(|_| due).map(|rule| (*rule, Vec::new())).collect()
    }

    pub(super) fn join_crowds<'a>(
        &mut self,
        now: Timestamp,
        track: &TrackView<'a>,
        crowds: &mut BTreeMap<usize, Crowd<'a>>,
    ) {
        for (index, crowd) in crowds {
            let Some(rule) = self.rules.get(*index) else { continue };
            if !self.terms.in_force(*index, rule, now) {
                continue;
            }
            let applies = self.terms.applies(rule, now, track, false);
            if applies.is_about() {
                let [east, north, v_east, v_north] = track.estimate.mean;
                let weight = track.existence * applies.probability();
                let mark = Mark { track: track.id, at: [east, north], velocity: [v_east, v_north], weight };
                crowd.push((mark, track.sensors));
            }
        }
    }

    pub(super) fn look_for_gatherings(
        &mut self,
        now: Timestamp,
        crowds: &BTreeMap<usize, Crowd<'_>>,
        out: &mut Vec<Notice>,
    ) {
        let share = super::surge::BINS_PER_WEEK / self.sought().wanted;
        let mut found = Vec::new();
        for (rule, crowd) in crowds {
            let own = self.rules.get(*rule).and_then(|rule| rule.kind.zone());
            let zones = &self.zones;
            let free = |at: Point| {
                let elsewhere = zones.iter().enumerate().filter(|(zone, _)| Some(*zone) != own);
                !elsewhere.into_iter().any(|(_, area)| area.encloses(at))
            };
            let marks: Vec<Mark> = crowd.iter().map(|(mark, _)| *mark).collect();
            let Some((field, seen)) = self.gatherings.rules.get_mut(rule) else { continue };
            found
                .extend(seen.look(now, field, &marks, share, free).into_iter().map(|change| (*rule, change)));
        }
        for (rule, change) in found {
            let crowd = crowds.get(&rule).map_or(&[][..], |crowd| &crowd[..]);
            self.say_group(now, rule, change, crowd, out);
        }
    }

    fn say_group(
        &mut self,
        now: Timestamp,
        rule: usize,
        change: Change,
        crowd: &[(Mark, &[(SensorIndex, Timestamp)])],
        out: &mut Vec<Notice>,
    ) {
        let subject = |number: u64| Subject { track: Some(TrackId(GROUPS + number)), rule };
        match change {
            Change::Raise(group, reason) => {
                let support = self.behind(now, &group, crowd);
                let groups = support.groups;
                if self
                    .rules
                    .get(rule)
                    .is_none_or(|rule| evident(rule, sure(&reason), || groups) < sure(&reason))
                {
                    return;
                }
                let finding = Finding {
                    severity: self.bound(rule, ladder(groups, false)),
                    confidence: sure(&reason),
                    event_time: group.since,
                    event_time_sigma_s: None,
                    at: group.centre,
                    covariance_m2: group.spread,
                    direction: None,
                    tracks: named(&group),
                    support,
                    count: None,
                    between: None,
                    grounds: Grounds::default(),
                };
                self.book.open(now, subject(group.number), finding, out);
                self.book.detail(subject(group.number), out, |notice| {
                    notice.gathering = Some(said(&group, &reason))
                });
            }
            Change::Revise(group, reason) => {
                let support = self.behind(now, &group, crowd);
                let position = self.book.place(group.centre, group.spread);
                let severity = self.bound(rule, ladder(support.groups, false));
                self.book.revise(now, subject(group.number), out, |notice| {
                    notice.severity = notice.severity.max(severity);
                    (notice.confidence, notice.position) = (sure(&reason), position);
                    notice.gathering = Some(said(&group, &reason));
                    notice.tracks = named(&group).iter().map(ToString::to_string).collect();
                    (notice.sensors, notice.trust_groups) = (support.sensors, support.groups);
                });
            }
            Change::Clear(number) => self.book.clear(subject(number), out),
        }
    }

    fn behind(
        &self,
        now: Timestamp,
        group: &Group,
        crowd: &[(Mark, &[(SensorIndex, Timestamp)])],
    ) -> Support {
        let mut youngest: BTreeMap<SensorIndex, Span> = BTreeMap::new();
        let members = crowd.iter().filter(|(mark, _)| group.members.binary_search(&mark.track).is_ok());
        for (index, age) in members.flat_map(|(_, sensors)| ages(sensors, now)) {
            let least = youngest.entry(index).or_insert(age);
            *least = age.min(*least);
        }
        self.sensors.support(youngest.into_iter())
    }
}

/// P(it is on its way), or P(chance alone does not gather as many), whichever is more.
fn sure(reason: &Reason) -> f64 {
    reason.heads.max(reason.gathers.map_or(0.0, |(_, _, _, p)| 1.0 - p))
}

fn named(group: &Group) -> Vec<TrackId> {
    group.members.iter().copied().take(MOST_NAMED).collect()
}

fn said(group: &Group, reason: &Reason) -> alert::Gathering {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, and it saturates")]
    let gathers = reason.gathers.map(|(came, expected, minutes, p)| alert::Gathers {
        came: came as u32,
        expected: rounded(expected, 1e3),
        minutes: minutes as u32,
        recurs_weeks: rounded((1.0 / (p * SCANS_PER_WEEK).max(1e-9)).min(10_000.0), 1e1),
    });
    let course_rad = libm::atan2(group.velocity[0], group.velocity[1]).rem_euclid(std::f64::consts::TAU);
    alert::Gathering {
        number: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
        growth_per_min: rounded(group.growth_per_min(), 1e2),
        speed_mps: rounded(group.speed_mps(), 1e1),
        // North is 0, however it is rounded.
        course_deg: rounded(course_rad.to_degrees(), 1e0).rem_euclid(360.0),
        heads: rounded(reason.heads, 1e3),
        gathers,
    }
}
