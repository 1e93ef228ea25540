//! The book of alerts: which are open, what was last said about each, and what their ids are.
//!
//! In: findings of the rules. Out: notices. Knows nothing of tracks but their names; knows every limit.

mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::area::Covariance;
use super::identity;
use super::instant::Instant;
use super::line::Point;
use super::sensors::Support;
use crate::fusion::TrackId;
use crate::geo::LocalFrame;
use crate::time::{Span, Timestamp};
use crate::watch::agreement::Agreement;
use crate::watch::alert::{Count, Notice, Position, Severity, State};
pub(super) use kept::BookState;

/// An alert that is over stays in the book this long after it happened: its id is taken, and it can be taken up again.
pub(super) const REMEMBERED: Span = Span::from_secs(3600);
/// An instant that moves by more than this, seconds, and by more than so many of its stated sigmas, is said anew.
const MATERIAL_S: f64 = 1.0;
const MATERIAL_SIGMAS: f64 = 2.0;
/// Alerts in the book, open or remembered.
const CAPACITY: usize = 10_000;

/// Tracks named in an alert about one thing.
const MOST_NAMED: usize = 16;

/// What an alert is about, among those in the book. Ordered by track first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Subject {
    /// The track, unless it is about many.
    pub track: Option<TrackId>,
    /// Index of the rule.
    pub rule: usize,
}

/// What a rule found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub severity: Severity,
    pub confidence: f64,
    pub event_time: Timestamp,
    pub event_time_sigma_s: Option<f64>,
    pub at: Point,
    pub covariance_m2: Covariance,
    pub direction: Option<&'static str>,
    /// Ascending.
    pub tracks: Vec<TrackId>,
    pub support: Support,
    pub count: Option<Count>,
    pub between: Option<[Timestamp; 2]>,
}

/// One alert in the book.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What was last said about it.
    pub notice: Notice,
    /// When it last changed, or happened again.
    pub latest: Timestamp,
    /// When its track was deleted.
    pub gone: Option<Timestamp>,
}

impl Entry {
    pub(super) fn is_open(&self) -> bool {
        self.notice.state != State::Cleared
    }
}

/// What every notice about a rule repeats.
#[derive(Clone, Debug)]
struct Heading {
    hash: String,
    id: Arc<str>,
    clause: Option<Arc<str>>,
    kind: &'static str,
    line: Option<Arc<str>>,
    zone: Option<Arc<str>>,
}

/// Every alert that is open or was lately.
#[derive(Clone, Debug)]
pub(super) struct Book {
    sector: String,
    exercise: bool,
    agreement: Arc<str>,
    frame: LocalFrame,
    headings: Vec<Heading>,
    alerts: BTreeMap<Arc<str>, (Subject, Entry)>,
    /// The latest alert about each subject.
    subjects: BTreeMap<Subject, Arc<str>>,
    refused: u64,
}

impl Book {
    pub(super) fn new(sector: &str, exercise: bool, frame: &LocalFrame, agreement: &Agreement) -> Self {
        let headings = agreement
            .rules
            .iter()
            .map(|rule| {
                let line = rule.kind.line().and_then(|line| agreement.lines.get(line));
                let line = line.map(|line| line.id.clone());
                let zone = rule.kind.zone().and_then(|zone| agreement.zones.get(zone));
                let zone = zone.map(|zone| zone.id.clone());
                let hash = identity::rule_hash(agreement, rule);
                let (id, clause, kind) = (rule.id.clone(), rule.clause.clone(), rule.kind.as_str());
                Heading { hash, id, clause, kind, line, zone }
            })
            .collect();
        Self {
            sector: sector.to_owned(),
            exercise,
            agreement: agreement.hash.as_str().into(),
            frame: frame.clone(),
            headings,
            alerts: BTreeMap::new(),
            subjects: BTreeMap::new(),
            refused: 0,
        }
    }

    /// The hash of every rule, in the agreement's order.
    pub(super) fn rule_hashes(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(|heading| &*heading.hash)
    }

    /// Every alert of another, open or remembered, under the rules' new places; what has none is forgotten.
    pub(super) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        let restated = other.alerts.iter().filter_map(|(id, (subject, entry))| {
            let subject = moved(*subject)?;
            Some((id.clone(), (subject, self.restated(subject, entry)?)))
        });
        let alerts: Vec<_> = restated.collect();
        self.alerts.extend(alerts);
        let subjects = other.subjects.iter();
        self.subjects.extend(subjects.filter_map(|(subject, id)| Some((moved(*subject)?, id.clone()))));
        self.refused = other.refused;
    }

    /// Opens an alert. False, and counted, if the book is full of open ones.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        subject: Subject,
        finding: Finding,
        out: &mut Vec<Notice>,
    ) -> bool {
        // One subject, one open alert.
        self.clear(subject, out);
        let Some(heading) = self.headings.get(subject.rule) else { return false };
        if self.alerts.len() >= CAPACITY && !forget_oldest(&mut self.alerts, &mut self.subjects) {
            self.refused += 1;
            return false;
        }
        let position = position(&self.frame, finding.at, finding.covariance_m2);
        let cell =
            if subject.track.is_some() { identity::cell(position.lat, position.lon) } else { String::new() };
        let alert: Arc<str> = (0..=u32::MAX)
            .map(|ordinal| {
                identity::alert_id(&self.sector, &heading.hash, &cell, finding.event_time, ordinal)
            })
            .find(|id| !self.alerts.contains_key(id.as_str()))
            .expect("a bounded book leaves an ordinal free")
            .into();
        let notice = Notice {
            v: 1,
            alert: alert.clone(),
            revision: 1,
            state: State::Opened,
            rule: heading.id.clone(),
            kind: heading.kind,
            clause: heading.clause.clone(),
            severity: finding.severity,
            confidence: rounded(finding.confidence, 1e4),
            event_time: finding.event_time,
            event_time_sigma_s: finding.event_time_sigma_s.map(|sigma_s| rounded(sigma_s, 1e3)),
            raised_at: now,
            line: heading.line.clone(),
            zone: heading.zone.clone(),
            direction: finding.direction,
            position,
            tracks: finding.tracks.iter().map(ToString::to_string).collect(),
            sensors: finding.support.sensors,
            trust_groups: finding.support.groups,
            count: finding.count.map(rounded_count),
            between: finding.between,
            crossings: None,
            agreement: self.agreement.clone(),
            exercise: self.exercise,
        };
        out.push(notice.clone());
        self.subjects.insert(subject, alert.clone());
        self.alerts.insert(alert, (subject, Entry { notice, latest: now, gone: None }));
        true
    }

    /// Says something new about the latest alert of a subject, open or remembered; one that was over is open again.
    pub(super) fn revise(
        &mut self,
        now: Timestamp,
        subject: Subject,
        out: &mut Vec<Notice>,
        change: impl FnOnce(&mut Notice),
    ) {
        if let Some(entry) = self.entry_mut(subject) {
            change(&mut entry.notice);
            entry.notice.confidence = rounded(entry.notice.confidence, 1e4);
            entry.notice.count = entry.notice.count.map(rounded_count);
            entry.notice.revision = entry.notice.revision.saturating_add(1);
            entry.notice.state = State::Updated;
            (entry.latest, entry.gone) = (now, None);
            out.push(entry.notice.clone());
        }
    }

    /// Raises severity when more trust groups stand behind an open alert than before.
    pub(super) fn corroborate(
        &mut self,
        now: Timestamp,
        subject: Subject,
        support: Support,
        out: &mut Vec<Notice>,
    ) {
        let Some(entry) = self.entry_mut(subject).filter(|entry| entry.is_open()) else { return };
        let severity = severity(support.groups);
        if severity > entry.notice.severity {
            let latest = entry.latest;
            self.revise(now, subject, out, |notice| {
                notice.severity = severity;
                notice.sensors = support.sensors;
                notice.trust_groups = support.groups;
            });
            // It was seen better; it did not happen again.
            if let Some(entry) = self.entry_mut(subject) {
                entry.latest = latest;
            }
        }
    }

    /// Says a crossing's instant and place anew, where another look at the path has moved them materially.
    pub(super) fn restate(
        &mut self,
        now: Timestamp,
        subject: Subject,
        instant: &Instant,
        out: &mut Vec<Notice>,
    ) {
        let Some(entry) = self.entry(subject).filter(|entry| entry.is_open()) else { return };
        let (latest, notice) = (entry.latest, &entry.notice);
        let moved_s = instant.time.since(notice.event_time).as_secs_f64().abs();
        if moved_s <= MATERIAL_S.max(MATERIAL_SIGMAS * notice.event_time_sigma_s.unwrap_or(0.0)) {
            return;
        }
        let position = position(&self.frame, instant.at, instant.covariance_m2);
        self.revise(now, subject, out, |notice| {
            notice.event_time = instant.time;
            notice.event_time_sigma_s = instant.sigma_s.map(|sigma_s| rounded(sigma_s, 1e3));
            notice.position = position;
        });
        // It was seen better; it did not happen again.
        if let Some(entry) = self.entry_mut(subject) {
            entry.latest = latest;
        }
    }

    /// Clears the open alert about a subject, if there is one.
    pub(super) fn clear(&mut self, subject: Subject, out: &mut Vec<Notice>) {
        if let Some(entry) = self.entry_mut(subject).filter(|entry| entry.is_open()) {
            entry.notice.revision = entry.notice.revision.saturating_add(1);
            entry.notice.state = State::Cleared;
            out.push(entry.notice.clone());
        }
    }

    /// The latest alert about a subject.
    pub(super) fn entry(&self, subject: Subject) -> Option<&Entry> {
        self.alerts.get(self.subjects.get(&subject)?).map(|(_, entry)| entry)
    }

    fn entry_mut(&mut self, subject: Subject) -> Option<&mut Entry> {
        self.alerts.get_mut(self.subjects.get(&subject)?).map(|(_, entry)| entry)
    }

    /// The subjects that one track has, whose latest alert is open.
    pub(super) fn about(&self, track: TrackId) -> impl Iterator<Item = Subject> + '_ {
        let from = Subject { track: Some(track), rule: 0 };
        let to = Subject { track: Some(track), rule: usize::MAX };
        self.subjects
            .range(from..=to)
            .filter(|(_, id)| self.alerts.get(*id).is_some_and(|(_, entry)| entry.is_open()))
            .map(|(&subject, _)| subject)
    }

    /// Notes that a track is gone, on every alert about it.
    pub(super) fn track_gone(&mut self, now: Timestamp, track: TrackId) {
        let subjects: Vec<Subject> = self.about(track).collect();
        for subject in subjects {
            if let Some(entry) = self.entry_mut(subject) {
                entry.gone = Some(now);
            }
        }
    }

    /// Whether the latest alert of a subject is over because its track was gone.
    pub(super) fn is_interrupted(&self, subject: Subject) -> bool {
        self.entry(subject).is_some_and(|entry| !entry.is_open() && entry.gone.is_some())
    }

    /// What was interrupted goes on: the same alert, with what is known of it now.
    pub(super) fn resume(
        &mut self,
        now: Timestamp,
        subject: Subject,
        finding: Finding,
        out: &mut Vec<Notice>,
    ) {
        self.revise(now, subject, out, |notice| {
            notice.confidence = finding.confidence;
            notice.severity = notice.severity.max(finding.severity);
            (notice.sensors, notice.trust_groups) = (finding.support.sensors, finding.support.groups);
        });
    }

    /// Everything about one track is about `heir` from now on; of two open alerts of one rule the later is cleared.
    /// The rules of which an alert about `heir` is open now.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId, out: &mut Vec<Notice>) -> Vec<usize> {
        let from = Subject { track: Some(before), rule: 0 };
        let to = Subject { track: Some(before), rule: usize::MAX };
        let subjects: Vec<Subject> = self.subjects.range(from..=to).map(|(&subject, _)| subject).collect();
        for subject in subjects {
            let successor = Subject { track: Some(heir), ..subject };
            let standing = |entry: &Entry| (entry.is_open(), std::cmp::Reverse(entry.notice.raised_at));
            if self.entry(successor).map(standing) > self.entry(subject).map(standing) {
                self.clear(subject, out);
                self.subjects.remove(&subject);
                continue;
            }
            self.clear(successor, out);
            let Some(id) = self.subjects.remove(&subject) else { continue };
            if let Some((of, entry)) = self.alerts.get_mut(&id) {
                *of = successor;
                name(&mut entry.notice.tracks, heir);
                if entry.is_open() {
                    entry.gone = None;
                    entry.notice.revision = entry.notice.revision.saturating_add(1);
                    entry.notice.state = State::Updated;
                    out.push(entry.notice.clone());
                }
            }
            self.subjects.insert(successor, id);
        }
        self.about(heir).map(|subject| subject.rule).collect()
    }

    /// Every open alert with its subject, by id.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (Subject, &Entry)> {
        self.alerts.values().filter(|(_, entry)| entry.is_open()).map(|(subject, entry)| (*subject, entry))
    }

    /// Forgets what is over and long past.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        let subjects = &mut self.subjects;
        self.alerts.retain(|id, (subject, entry)| {
            let keep = entry.is_open() || now.since(entry.notice.event_time) < REMEMBERED;
            if !keep && subjects.get(subject) == Some(id) {
                subjects.remove(subject);
            }
            keep
        });
    }

    /// Alerts that found the book full.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

/// One trust group alone never exceeds a warning; two make an alert.
pub(super) fn severity(trust_groups: u32) -> Severity {
    if trust_groups >= 2 { Severity::Alert } else { Severity::Warning }
}

fn forget_oldest(
    alerts: &mut BTreeMap<Arc<str>, (Subject, Entry)>,
    subjects: &mut BTreeMap<Subject, Arc<str>>,
) -> bool {
    let oldest = alerts
        .iter()
        .filter(|(_, (_, entry))| !entry.is_open())
        .min_by_key(|(_, (_, entry))| entry.notice.event_time)
        .map(|(id, (subject, _))| (id.clone(), *subject));
    if let Some((id, subject)) = &oldest {
        alerts.remove(id);
        if subjects.get(subject) == Some(id) {
            subjects.remove(subject);
        }
    }
    oldest.is_some()
}

/// Adds a track to those named, ascending; of too many the oldest is left out.
fn name(tracks: &mut Vec<String>, track: TrackId) {
    let number = |name: &String| name.parse::<u64>().unwrap_or(u64::MAX);
    if let Err(at) = tracks.binary_search_by_key(&track.0, number) {
        tracks.insert(at, track.to_string());
    }
    if tracks.len() > MOST_NAMED {
        tracks.remove(0);
    }
}

/// Rounded as notices are: 1e-7 degrees, centimetres, tenths of square metres.
fn position(frame: &LocalFrame, at: Point, covariance_m2: Covariance) -> Position {
    let geodetic = frame.plane_to_geodetic(at[0], at[1], 0.0);
    Position {
        lat: rounded(geodetic.lat_deg(), 1e7),
        lon: rounded(geodetic.lon_deg(), 1e7),
        east_m: rounded(at[0], 1e2),
        north_m: rounded(at[1], 1e2),
        cov_m2: covariance_m2.map(|x| rounded(x, 1e1)),
    }
}

fn rounded_count(count: Count) -> Count {
    Count { expected: rounded(count.expected, 1e2), ..count }
}

/// To the nearest 1 / `per_unit`, without a negative zero: equal values print alike.
fn rounded(x: f64, per_unit: f64) -> f64 {
    libm::round(x * per_unit) / per_unit + 0.0
}
