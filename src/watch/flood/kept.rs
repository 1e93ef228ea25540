//! A flood's group as a snapshot holds it: the whole of its notice, for no rule makes it again.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::groups::{Group, KIND, Place};
use crate::time::Timestamp;
use crate::watch::agreement::Direction;
use crate::watch::alert::{Notice, Position, Severity, State};
use crate::watch::grounds::Grounds;
use crate::watch::life::{Group as Counts, Life};

/// One group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::watch) struct GroupState {
    place: Place,
    open: BTreeSet<Arc<str>>,
    said_at: Timestamp,
    alert: Arc<str>,
    revision: u32,
    state: State,
    rule: Arc<str>,
    clause: Option<Arc<str>>,
    severity: Severity,
    confidence: f64,
    event_time: Timestamp,
    raised_at: Timestamp,
    line: Option<Arc<str>>,
    zone: Option<Arc<str>>,
    direction: Option<Direction>,
    position: Position,
    trust_groups: u32,
    /// As JSON: what is absent in it, postcard would not find again.
    life: String,
    said: Option<Counts>,
    counts: Counts,
    measured_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    software: Option<Arc<str>>,
    configuration: Option<Arc<str>>,
    agreement: Arc<str>,
    exercise: bool,
}

impl GroupState {
    pub(super) fn new(place: Place, group: &Group) -> Self {
        let Group { notice, counts, open, said_at } = group.clone();
        // Every field by name: a new one has to be given its place, or is nothing that a group says.
        #[rustfmt::skip]
        let Notice {
            alert, revision, state, rule, clause, severity, confidence, event_time, raised_at, line, zone, direction,
            position, trust_groups, life, group, measured_at, received_at, software, configuration, agreement, exercise,
            v: _, kind: _, event_time_sigma_s: _, tracks: _, sensors: _, count: _, between: _, crossings: _,
            trend: _, excess: _, gathering: _, grounds: _,
        } = notice;
        let all = [Direction::Any, Direction::LeftToRight, Direction::RightToLeft];
        let direction = direction.and_then(|word| all.into_iter().find(|known| known.as_str() == word));
        let life = serde_json::to_string(&life).expect("plain texts and numbers");
        #[rustfmt::skip]
        let state = Self {
            place, open, said_at, alert, revision, state, rule, clause, severity, confidence, event_time, raised_at,
            line, zone, direction, position, trust_groups, life, said: group, counts, measured_at, received_at,
            software, configuration, agreement, exercise,
        };
        state
    }

    pub(super) fn key(&self) -> (Arc<str>, Place) {
        (Arc::clone(&self.rule), self.place)
    }

    /// None if its life is none.
    pub(super) fn group(self) -> Option<Group> {
        let life: Life = serde_json::from_str(&self.life).ok()?;
        let notice = Notice {
            v: 1,
            alert: self.alert,
            revision: self.revision,
            state: self.state,
            rule: self.rule,
            kind: KIND,
            clause: self.clause,
            severity: self.severity,
            confidence: self.confidence,
            event_time: self.event_time,
            event_time_sigma_s: None,
            raised_at: self.raised_at,
            line: self.line,
            zone: self.zone,
            direction: self.direction.map(Direction::as_str),
            position: self.position,
            tracks: Vec::new(),
            sensors: Vec::new(),
            trust_groups: self.trust_groups,
            count: None,
            between: None,
            crossings: None,
            trend: None,
            excess: None,
            gathering: None,
            grounds: Grounds::default(),
            life,
            group: self.said,
            measured_at: self.measured_at,
            received_at: self.received_at,
            software: self.software,
            configuration: self.configuration,
            agreement: self.agreement,
            exercise: self.exercise,
        };
        Some(Group { notice, counts: self.counts, open: self.open, said_at: self.said_at })
    }
}
