//! The book's alerts as a snapshot holds them: what was said of each, without what its rule says anyhow.
//!
//! In: the book. Out: the same book, under the same agreement. Knows no bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Book, Entry, Heading, Subject};
use crate::time::Timestamp;
use crate::watch::agreement::Direction;
use crate::watch::alert::{Count, Excess, Gathering, Notice, Position, Severity, State, Trend};

/// One alert.
#[derive(Serialize, Deserialize)]
struct Kept {
    subject: Subject,
    latest: Timestamp,
    gone: Option<Timestamp>,
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
}

/// What a snapshot holds of a book: its alerts, the latest about each subject, and how many found no room.
#[derive(Serialize, Deserialize)]
pub(in crate::watch) struct BookState {
    alerts: Vec<Kept>,
    subjects: BTreeMap<Subject, Arc<str>>,
    refused: u64,
}

impl Kept {
    fn new((subject, entry): &(Subject, Entry)) -> Self {
        let Entry { notice, latest, gone } = entry.clone();
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Notice {
            alert, revision, state, severity, confidence, event_time, event_time_sigma_s, raised_at, direction,
            position, tracks, sensors, trust_groups, count, between, crossings, trend, excess, gathering,
            v: _, rule: _, kind: _, clause: _, line: _, zone: _, agreement: _, exercise: _,
        } = notice;
        let all = [Direction::Any, Direction::LeftToRight, Direction::RightToLeft];
        let direction = direction.and_then(|word| all.into_iter().find(|known| known.as_str() == word));
        #[rustfmt::skip]
        let kept = Self {
            subject: *subject, latest, gone, alert, revision, state, severity, confidence, event_time,
            event_time_sigma_s, raised_at, direction, position, tracks, sensors, trust_groups, count, between,
            crossings, trend, excess, gathering,
        };
        kept
    }

    fn entry(self, heading: &Heading, book: &Book) -> Entry {
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
            agreement: book.agreement.clone(),
            exercise: book.exercise,
        };
        Entry { notice, latest: self.latest, gone: self.gone }
    }
}

impl Book {
    /// An alert of another book in this one's words: what is said of it from here on cites this agreement, as it would
    /// after a restart.
    pub(super) fn restated(&self, subject: Subject, entry: &Entry) -> Option<Entry> {
        let heading = self.headings.get(subject.rule)?;
        Some(Kept::new(&(subject, entry.clone())).entry(heading, self))
    }

    /// Its state alone.
    pub(in crate::watch) fn state(&self) -> BookState {
        let Self { alerts, subjects, refused, sector: _, exercise: _, agreement: _, frame: _, headings: _ } =
            self;
        let alerts = alerts.values().map(Kept::new).collect();
        BookState { alerts, subjects: subjects.clone(), refused: *refused }
    }

    /// A new book with the alerts of another under the same agreement; nothing if they are of other rules.
    pub(in crate::watch) fn with(self, state: BookState) -> Option<Self> {
        let mut alerts = BTreeMap::new();
        for kept in state.alerts {
            let (subject, alert) = (kept.subject, kept.alert.clone());
            let heading = self.headings.get(subject.rule)?;
            alerts.insert(alert, (subject, kept.entry(heading, &self)));
        }
        Some(Self { alerts, subjects: state.subjects, refused: state.refused, ..self })
    }
}
