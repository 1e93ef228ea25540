//! The book of alerts: which are open, what was last said about each, and what their ids are.
//!
//! In: findings of the rules, acts of persons, seconds. Out: notices. Knows nothing of tracks but their names and when
//! they were last measured; knows every limit.
//!
//! ```text
//! open ─ revising (only what is material) ─ clear        what was observed
//! acts (acknowledge, shelve, review) ─ time (returns, goes on to the next recipients)
//! near (incidents: alerts near in space and time)        kept (snapshots, reloads)
//! ```

mod acts;
mod detail;
mod heading;
mod kept;
mod material;
mod near;
mod revising;
mod rounding;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::area::Covariance;
use super::grounds::Grounds;
use super::identity;
use super::line::Point;
use super::sensors::Support;
use crate::fusion::TrackId;
use crate::geo::LocalFrame;
use crate::time::{Span, Timestamp};
use crate::watch::agreement::Agreement;
use crate::watch::alert::{Count, Notice, Position, Severity, State};
use crate::watch::life::Life;
use heading::{Cited, Heading};
pub(super) use kept::BookState;
use near::Incidents;
pub(super) use revising::ladder;
pub(super) use rounding::rounded;
use rounding::{position, rounded_count};
use time::Heard;

/// An alert that is over stays in the book this long after it happened: its id is taken, and it can be taken up again.
pub(super) const REMEMBERED: Span = Span::from_secs(3600);
/// After that it can be reviewed for so long.
const REVIEWED_FOR: Span = Span::from_secs(7 * 24 * 3600);
/// Alerts in the book, open or remembered.
const CAPACITY: usize = 10_000;
/// Alerts that can still be reviewed: the oldest are left out.
const PAST_CAPACITY: usize = 2_000;

/// The kind of a statement about what was first observed beyond a line.
pub(super) const FIRST_OBSERVED_BEYOND: &str = "first_observed_beyond";

/// The kind of a statement about records of the journal that cannot be read any more.
pub(super) const JOURNAL_DAMAGED: &str = "journal_damaged";

/// What an alert is about, among those in the book. Ordered by track first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Subject {
    /// The track, unless it is about many.
    pub track: Option<TrackId>,
    /// Index of the rule; of its other statement, that and the number of rules; of what is said of the system itself,
    /// twice that number.
    pub rule: usize,
}

/// Where the subject of one agreement's alert stands under another; nothing where its rule is in that no more. `same`:
/// where each rule stands, and of both how many rules there are.
pub(super) fn moved(
    subject: Subject,
    same: &BTreeMap<usize, usize>,
    [old, new]: [usize; 2],
) -> Option<Subject> {
    let rule = match subject.rule {
        rule if rule < old => *same.get(&rule)?,
        rule if rule < 2 * old => new + same.get(&(rule - old))?,
        _ => 2 * new,
    };
    Some(Subject { rule, ..subject })
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
    pub grounds: Grounds,
}

impl Finding {
    /// One about sensors rather than about what they see.
    pub(super) fn about_sensors(
        severity: Severity,
        event_time: Timestamp,
        at: Point,
        covariance_m2: Covariance,
    ) -> Self {
        Self {
            severity,
            confidence: 1.0,
            event_time,
            event_time_sigma_s: None,
            at,
            covariance_m2,
            direction: None,
            tracks: Vec::new(),
            support: Support::default(),
            count: None,
            between: None,
            grounds: Grounds::default(),
        }
    }
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
    /// Its severity by itself, whatever happened near it.
    rung: Severity,
    /// Since when it waits for somebody to acknowledge it.
    waits_since: Timestamp,
}

impl Entry {
    pub(super) fn is_open(&self) -> bool {
        self.notice.state != State::Cleared
    }

    /// Says what its notice now holds, as the next revision.
    fn say(&mut self, state: State, out: &mut Vec<Notice>) {
        self.notice.revision = self.notice.revision.saturating_add(1);
        self.notice.state = state;
        out.push(self.notice.clone());
    }

    /// Says it in the state it is in: opened becomes updated.
    fn say_again(&mut self, out: &mut Vec<Notice>) {
        let state = if self.is_open() { State::Updated } else { State::Cleared };
        self.say(state, out);
    }
}

/// Every alert that is open or was lately.
#[derive(Clone, Debug)]
pub(super) struct Book {
    sector: String,
    cited: Cited,
    frame: LocalFrame,
    headings: Vec<Heading>,
    alerts: BTreeMap<Arc<str>, (Subject, Entry)>,
    /// The latest alert about each subject.
    subjects: BTreeMap<Subject, Arc<str>>,
    /// Those that are over and can still be reviewed.
    past: BTreeMap<Arc<str>, (Subject, Entry)>,
    incidents: Incidents,
    /// When each live track was last measured, and when that was received.
    heard: BTreeMap<TrackId, Heard>,
    refused: u64,
}

impl Book {
    pub(super) fn new(sector: &str, exercise: bool, frame: &LocalFrame, agreement: &Agreement) -> Self {
        let rules = agreement.rules.iter().map(|rule| Heading::new(agreement, rule));
        // What a rule says besides stands after all that rules say.
        let headings = rules.clone().chain(rules.map(Heading::beyond)).chain([Heading::system()]).collect();
        let agreement = agreement.hash.as_str().into();
        Self {
            sector: sector.to_owned(),
            cited: Cited { exercise, agreement, software: None, configuration: None },
            frame: frame.clone(),
            headings,
            alerts: BTreeMap::new(),
            subjects: BTreeMap::new(),
            past: BTreeMap::new(),
            incidents: Incidents::default(),
            heard: BTreeMap::new(),
            refused: 0,
        }
    }

    /// The same book, that says in every notice which program, under which configuration, says it.
    pub(super) fn citing(mut self, software: &str, configuration: &str) -> Self {
        let given = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        (self.cited.software, self.cited.configuration) = (given(software), given(configuration));
        self
    }

    /// The sector.
    pub(super) fn sector(&self) -> &str {
        &self.sector
    }

    /// The agreement that is cited, and whether nothing is real.
    pub(super) fn cites(&self) -> (Arc<str>, bool) {
        (self.cited.agreement.clone(), self.cited.exercise)
    }

    /// Puts what is in force now in place of what a notice cites.
    pub(super) fn cite(&self, notice: &mut Notice) {
        let Cited { exercise, agreement, software, configuration } = self.cited.clone();
        (notice.exercise, notice.agreement) = (exercise, agreement);
        (notice.software, notice.configuration) = (software, configuration);
    }

    /// Says once more what is open of these.
    pub(super) fn say_again(&mut self, alerts: &BTreeSet<Arc<str>>, out: &mut Vec<Notice>) {
        for alert in alerts {
            let found = self.alerts.get_mut(alert).filter(|(_, entry)| entry.is_open());
            found.into_iter().for_each(|(_, entry)| entry.say_again(out));
        }
    }

    /// The hash of every rule, in the agreement's order.
    pub(super) fn rule_hashes(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(|heading| &*heading.hash)
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
        let alert = self.free_id(subject, heading, &position, finding.event_time);
        let (measured_at, received_at) = self.times(finding.tracks.iter().copied());
        let rung = heading.bounds.bound(finding.severity);
        let near = near::Newcomer { subject, rung, time: finding.event_time, position: &position };
        // What became of the record is near nothing that was observed.
        let (incident, completes) = if heading.kind == JOURNAL_DAMAGED {
            (None, false)
        } else {
            let (incident, completes) = self.incidents.join(&self.sector, &alert, &near);
            (Some(incident), completes)
        };
        let severity = if completes { heading.bounds.bound(Severity::Urgent) } else { rung };
        let life = Life { escalation: heading.addressed(0), incident, ..Life::default() };
        let notice = Notice {
            v: 1,
            alert: alert.clone(),
            revision: 1,
            state: State::Opened,
            rule: heading.id.clone(),
            kind: heading.kind,
            clause: heading.clause.clone(),
            severity,
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
            trend: None,
            excess: None,
            gathering: None,
            grounds: finding.grounds,
            life,
            group: None,
            measured_at,
            received_at,
            software: self.cited.software.clone(),
            configuration: self.cited.configuration.clone(),
            agreement: self.cited.agreement.clone(),
            exercise: self.cited.exercise,
        };
        out.push(notice.clone());
        self.subjects.insert(subject, alert.clone());
        let entry = Entry { notice, latest: now, gone: None, rung, waits_since: now };
        self.alerts.insert(alert, (subject, entry));
        true
    }

    /// The id of what happened there and then; what has happened in that cell and bucket before takes another ordinal.
    fn free_id(&self, subject: Subject, heading: &Heading, at: &Position, event_time: Timestamp) -> Arc<str> {
        let cell = if subject.track.is_some() { identity::cell(at.lat, at.lon) } else { String::new() };
        let taken = |id: &str| self.alerts.contains_key(id) || self.past.contains_key(id);
        (0..=u32::MAX)
            .map(|ordinal| identity::alert_id(&self.sector, &heading.hash, &cell, event_time, ordinal))
            .find(|id| !taken(id))
            .expect("a bounded book leaves an ordinal free")
            .into()
    }

    /// Clears the open alert about a subject, if there is one.
    pub(super) fn clear(&mut self, subject: Subject, out: &mut Vec<Notice>) {
        if let Some(entry) = self.entry_mut(subject).filter(|entry| entry.is_open()) {
            entry.notice.life.shelved = None;
            entry.say(State::Cleared, out);
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

    /// Every open alert with its subject, by id.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (Subject, &Entry)> {
        self.alerts.values().filter(|(_, entry)| entry.is_open()).map(|(subject, entry)| (*subject, entry))
    }

    /// The latest alert about a subject has to do with this other one; said with what is said next.
    pub(super) fn relate(&mut self, subject: Subject, other: Option<&str>) {
        if let Some(entry) = self.entry_mut(subject) {
            entry.notice.grounds.related = other.map(str::to_owned);
        }
    }

    /// Alerts that found the book full.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
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
