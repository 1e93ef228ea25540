//! Incidents: alerts near in space and time are one, under one id.
//!
//! In: alerts as they are opened, and how well each is supported. Out: the incident of each, and the one alert that
//! makes an incident urgent. Clusters grow one alert at a time, in the log's order: an alert joins the incident that has
//! another alert nearest to it, within 2 km and a quarter of an hour, as long as the whole stays within 5 km and an hour
//! of its first. The id is a hash of the sector and of the first alert's cell and time bucket, made as alerts' own are.
//!
//! Three things, each corroborated by itself, make an incident urgent: three alerts about one vehicle do not, nor does
//! any number that one trust group alone reports. Urgent is the alert that completes the three, and no other: were every
//! later one urgent, too, nothing would be left to be grouped in a flood.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::time::{Span, Timestamp};
use crate::watch::alert::{Position, Severity};
use crate::watch::identity;

/// Alerts farther from every one of an incident, metres, …
const NEAR_M: f64 = 2_000.0;
/// … or later than all of them by more, are another.
const NEAR_IN: Span = Span::from_secs(900);
/// No incident reaches farther from its first alert, metres, …
const FARTHEST_M: f64 = 5_000.0;
/// … or lasts longer.
const LONGEST: Span = Span::from_secs(3600);
/// An alert that is told late still finds its incident for so long.
const FORGOTTEN_AFTER: Span = Span::from_secs(2 * 3600);
/// Several: so many things make an incident urgent.
const SEVERAL: usize = 3;
/// Alerts remembered of one incident, and incidents.
const CAPACITY: usize = 1_000;

/// The incidents of the last hours.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Incidents {
    by_id: BTreeMap<Arc<str>, Incident>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Incident {
    first: Member,
    members: BTreeMap<Arc<str>, Member>,
    /// Whether one of them has made it urgent.
    is_urgent: bool,
}

/// An alert that is being opened.
pub(super) struct Newcomer<'a> {
    pub(super) subject: Subject,
    pub(super) rung: Severity,
    pub(super) time: Timestamp,
    pub(super) position: &'a Position,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Member {
    subject: Subject,
    at: [f64; 2],
    time: Timestamp,
    rung: Severity,
}

impl Member {
    fn apart_m(&self, other: &Self) -> f64 {
        libm::hypot(self.at[0] - other.at[0], self.at[1] - other.at[1])
    }

    fn apart(&self, other: &Self) -> Span {
        let (early, late) = if self.time < other.time { (self, other) } else { (other, self) };
        late.time.since(early.time)
    }
}

impl Incident {
    /// How far the nearest of its alerts is, metres; nothing where the newcomer is no part of it.
    fn distance_m(&self, newcomer: &Member) -> Option<f64> {
        let fits = newcomer.apart_m(&self.first) <= FARTHEST_M
            && newcomer.apart(&self.first) <= LONGEST
            && self.members.len() < CAPACITY;
        let near = self.members.values().filter(|member| fits && newcomer.apart(member) <= NEAR_IN);
        near.map(|member| newcomer.apart_m(member))
            .filter(|apart_m| *apart_m <= NEAR_M)
            .min_by(f64::total_cmp)
    }

    /// Whether several things are corroborated, and nothing has made it urgent yet: then something has now.
    fn completes(&mut self) -> bool {
        let corroborated = self.members.values().filter(|member| member.rung >= Severity::Alert);
        // What is about one track is about one thing; what is about many is one per rule.
        let things: BTreeSet<_> = corroborated
            .map(|m| (m.subject.track, m.subject.track.is_none().then_some(m.subject.rule)))
            .collect();
        let completes = !self.is_urgent && things.len() >= SEVERAL;
        self.is_urgent |= completes;
        completes
    }
}

impl Incidents {
    /// Finds the incident of a new alert; its id, and whether this alert makes it urgent.
    pub(super) fn join(&mut self, sector: &str, alert: &Arc<str>, of: &Newcomer<'_>) -> (Arc<str>, bool) {
        let Newcomer { subject, rung, time, position } = *of;
        let newcomer = Member { subject, at: [position.east_m, position.north_m], time, rung };
        let near = self.by_id.iter().filter_map(|(id, of)| Some((of.distance_m(&newcomer)?, id)));
        let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let id = nearest.map(|(_, id)| Arc::clone(id)).unwrap_or_else(|| {
            let cell = identity::cell(position.lat, position.lon);
            let free = |ordinal| identity::incident_id(sector, &cell, time, ordinal);
            let mut ids = (0..=u32::MAX).map(free);
            ids.find(|id| !self.by_id.contains_key(id.as_str())).expect("a bounded table leaves one").into()
        });
        let begun = || Incident { first: newcomer, members: BTreeMap::new(), is_urgent: false };
        let incident = self.by_id.entry(Arc::clone(&id)).or_insert_with(begun);
        incident.members.insert(Arc::clone(alert), newcomer);
        let completes = incident.completes();
        if self.by_id.len() > CAPACITY {
            let oldest = self.by_id.iter().filter(|(of, _)| **of != id).min_by_key(|(_, of)| of.first.time);
            let oldest = oldest.map(|(of, _)| Arc::clone(of));
            oldest.map(|of| self.by_id.remove(&of));
        }
        (id, completes)
    }

    /// An alert is better supported than it was: whether that makes its incident urgent.
    pub(super) fn is_completed_by(&mut self, alert: &str, rung: Severity) -> bool {
        let mut incidents = self.by_id.values_mut();
        let Some(incident) = incidents.find(|incident| incident.members.contains_key(alert)) else {
            return false;
        };
        if let Some(member) = incident.members.get_mut(alert) {
            member.rung = member.rung.max(rung);
        }
        incident.completes()
    }

    /// Forgets what no new alert can join any more, even one that is told late.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.by_id.retain(|_, incident| now.since(incident.first.time) <= FORGOTTEN_AFTER);
    }
}
