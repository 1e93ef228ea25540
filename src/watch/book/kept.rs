//! The book's alerts as a snapshot holds them: what was said of each, without what its rule says anyhow.
//!
//! In: the book. Out: the same book, under the same agreement. Knows no bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::near::Incidents;
use super::time::Heard;
use super::{Book, Entry, Heading, Subject};
use crate::fusion::TrackId;
use crate::time::Timestamp;
use crate::watch::agreement::Direction;
use crate::watch::alert::{Count, Excess, Gathering, Notice, Position, Severity, State, Trend};
use crate::watch::life::Life;

/// One alert.
#[derive(Serialize, Deserialize)]
struct Kept {
    subject: Subject,
    latest: Timestamp,
    gone: Option<Timestamp>,
    rung: Severity,
    waits_since: Timestamp,
    alert: Arc<str>,
    revision: u32,
    state: State,
    severity: Severity,
    confidence: f64,
    event_time: Timestamp,
    event_time_sigma_s: Option<f64>,
    raised_at: Timestamp,
    direction: Option<Direction>,
    position: Position,
    tracks: Vec<String>,
    sensors: Vec<String>,
    trust_groups: u32,
    count: Option<Count>,
    between: Option<[Timestamp; 2]>,
    crossings: Option<u32>,
    trend: Option<Trend>,
    excess: Option<Excess>,
    gathering: Option<Gathering>,
    /// As JSON: what is absent in it, postcard would not find again.
    life: String,
    /// Likewise.
    grounds: String,
    measured_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
}

/// What a snapshot holds of a book: its alerts, the latest about each subject, and how many found no room.
#[derive(Serialize, Deserialize)]
pub(in crate::watch) struct BookState {
    alerts: Vec<Kept>,
    subjects: BTreeMap<Subject, Arc<str>>,
    past: Vec<Kept>,
    incidents: Incidents,
    heard: BTreeMap<TrackId, Heard>,
    refused: u64,
}

impl Kept {
    fn new((subject, entry): &(Subject, Entry)) -> Self {
        let Entry { notice, latest, gone, rung, waits_since } = entry.clone();
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Notice {
            alert, revision, state, severity, confidence, event_time, event_time_sigma_s, raised_at, direction,
            position, tracks, sensors, trust_groups, count, between, crossings, trend, excess,
            gathering, life, grounds, measured_at, received_at,
            v: _, rule: _, kind: _, clause: _, line: _, zone: _, agreement: _, exercise: _, software: _,
            configuration: _,
            // Groups are the flood's.
            group: _,
        } = notice;
        let life = serde_json::to_string(&life).expect("plain texts and numbers");
        let grounds = serde_json::to_string(&grounds).expect("plain texts and numbers");
        let all = [Direction::Any, Direction::LeftToRight, Direction::RightToLeft];
        let direction = direction.and_then(|word| all.into_iter().find(|known| known.as_str() == word));
        #[rustfmt::skip]
        let kept = Self {
            subject: *subject, latest, gone, rung, waits_since, alert, revision, state, severity, confidence, event_time,
            event_time_sigma_s, raised_at, direction, position, tracks, sensors, trust_groups, count, between,
            crossings, trend, excess, gathering, life, grounds, measured_at, received_at,
        };
        kept
    }

    /// None if its life is none.
    fn entry(self, heading: &Heading, book: &Book) -> Option<Entry> {
        let life: Life = serde_json::from_str(&self.life).ok()?;
        let grounds = serde_json::from_str(&self.grounds).ok()?;
        let cited = book.cited.clone();
        let notice = Notice {
            v: 1,
            alert: self.alert,
            revision: self.revision,
            state: self.state,
            rule: heading.id.clone(),
            kind: heading.kind,
            clause: heading.clause.clone(),
            severity: self.severity,
            confidence: self.confidence,
            event_time: self.event_time,
            event_time_sigma_s: self.event_time_sigma_s,
            raised_at: self.raised_at,
            line: heading.line.clone(),
            zone: heading.zone.clone(),
            direction: self.direction.map(Direction::as_str),
            position: self.position,
            tracks: self.tracks,
            sensors: self.sensors,
            trust_groups: self.trust_groups,
            count: self.count,
            between: self.between,
            crossings: self.crossings,
            trend: self.trend,
            excess: self.excess,
            gathering: self.gathering,
            grounds,
            life,
            group: None,
            measured_at: self.measured_at,
            received_at: self.received_at,
            software: cited.software,
            configuration: cited.configuration,
            agreement: cited.agreement,
            exercise: cited.exercise,
        };
        let Self { latest, gone, rung, waits_since, .. } = self;
        Some(Entry { notice, latest, gone, rung, waits_since })
    }
}

impl Book {
    /// Every alert of another, open or remembered, under the rules' new places; what has none is forgotten.
    pub(in crate::watch) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        let restated = |of: &BTreeMap<Arc<str>, (Subject, Entry)>| -> Vec<_> {
            let restated = of.iter().filter_map(|(id, (subject, entry))| {
                let subject = moved(*subject)?;
                Some((id.clone(), (subject, self.restated(subject, entry)?)))
            });
            restated.collect()
        };
        let (alerts, past) = (restated(&other.alerts), restated(&other.past));
        self.alerts.extend(alerts);
        self.past.extend(past);
        let subjects = other.subjects.iter();
        self.subjects.extend(subjects.filter_map(|(subject, id)| Some((moved(*subject)?, id.clone()))));
        self.incidents = other.incidents.clone();
        self.heard.clone_from(&other.heard);
        self.refused = other.refused;
    }

    /// Of another, whose tracks are not this one's, only what no rule and no track is about.
    pub(in crate::watch) fn keep_system(&mut self, other: &Self, [old, new]: [usize; 2]) {
        self.take_over(other, |subject| super::moved(subject, &BTreeMap::new(), [old, new]));
        self.heard.clear();
    }

    /// An alert of another book in this one's words: what is said of it from here on cites this agreement, as it would
    /// after a restart.
    fn restated(&self, subject: Subject, entry: &Entry) -> Option<Entry> {
        let heading = self.headings.get(subject.rule)?;
        Kept::new(&(subject, entry.clone())).entry(heading, self)
    }

    /// Its state alone.
    pub(in crate::watch) fn state(&self) -> BookState {
        #[rustfmt::skip]
        let Self {
            alerts, subjects, past, incidents, heard, refused,
            sector: _, cited: _, frame: _, headings: _,
        } = self;
        BookState {
            alerts: alerts.values().map(Kept::new).collect(),
            subjects: subjects.clone(),
            past: past.values().map(Kept::new).collect(),
            incidents: incidents.clone(),
            heard: heard.clone(),
            refused: *refused,
        }
    }

    /// A new book with the alerts of another under the same agreement; nothing if they are of other rules.
    pub(in crate::watch) fn with(self, state: BookState) -> Option<Self> {
        let entries = |kept: Vec<Kept>| -> Option<BTreeMap<_, _>> {
            let entry = |kept: Kept| {
                let (subject, alert) = (kept.subject, kept.alert.clone());
                let heading = self.headings.get(subject.rule)?;
                Some((alert, (subject, kept.entry(heading, &self)?)))
            };
            kept.into_iter().map(entry).collect()
        };
        let BookState { alerts, subjects, past, incidents, heard, refused } = state;
        let (alerts, past) = (entries(alerts)?, entries(past)?);
        Some(Self { alerts, subjects, past, incidents, heard, refused, ..self })
    }
}
