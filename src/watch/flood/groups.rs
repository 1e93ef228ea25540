//! The groups of a flood: alerts of one rule in one place, said together.
//!
//! In: alerts that are held, as they open and close. Out: one alert of kind `flood` per group, in the form of a notice,
//! with the number of those it speaks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::GroupState;
use crate::time::{Span, Timestamp};
use crate::watch::alert::{Notice, State};
use crate::watch::grounds::Grounds;
use crate::watch::identity;
use crate::watch::life::{Acknowledged, Done, Group as Counts, Life};

/// The kind of a group's alert.
pub(super) const KIND: &str = "flood";
/// Width of a place, degrees: about two kilometres.
const CELL_DEG: f64 = 0.02;
/// A group is said anew at most so often, …
const SAID_EVERY: Span = Span::from_secs(60);
/// … and when it has grown by this factor.
const GROWN: f64 = 1.5;
/// Alerts named in a group's notice.
const MOST_NAMED: usize = 16;
/// Groups at once: more than this make one more of their rule, wherever they are.
const CAPACITY: usize = 256;

/// A cell, or anywhere.
pub(super) type Place = Option<[i64; 2]>;

/// All groups that are open, by rule and place.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    open: BTreeMap<(Arc<str>, Place), Group>,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) notice: Notice,
    pub(super) counts: Counts,
    pub(super) open: BTreeSet<Arc<str>>,
    pub(super) said_at: Timestamp,
}

impl Group {
    fn say(&mut self, now: Timestamp, state: State, out: &mut Vec<Notice>) {
        self.said_at = now;
        self.notice.revision = self.notice.revision.saturating_add(1);
        self.notice.state = state;
        self.notice.group = Some(self.counts.clone());
        out.push(self.notice.clone());
    }

    fn has_grown(&self) -> bool {
        let said = self.notice.group.as_ref().map_or(0, |said| said.alerts);
        f64::from(self.counts.alerts) >= GROWN * f64::from(said)
    }
}

impl Groups {
    /// An alert that is held belongs to its group from here on.
    pub(super) fn join(&mut self, sector: &str, now: Timestamp, of: &Notice, out: &mut Vec<Notice>) {
        if self.open.values().any(|group| group.open.contains(&of.alert)) {
            return;
        }
        let key = self.key(of);
        if let Some(group) = self.open.get_mut(&key) {
            group.counts.alerts = group.counts.alerts.saturating_add(1);
            if group.counts.first.len() < MOST_NAMED {
                group.counts.first.push(of.alert.clone());
            }
            group.open.insert(of.alert.clone());
            group.counts.open = count(&group.open);
            group.counts.over = false;
            group.notice.severity = group.notice.severity.max(of.severity);
            group.notice.trust_groups = group.notice.trust_groups.max(of.trust_groups);
            return;
        }
        let counts = Counts { alerts: 1, open: 1, first: vec![of.alert.clone()], over: false };
        let cell = key.1.map_or(String::new(), |[lat, lon]| format!("{lat},{lon}"));
        let notice = Notice {
            alert: identity::flood_id(sector, &of.rule, &cell, &of.alert).into(),
            revision: 1,
            state: State::Opened,
            kind: KIND,
            raised_at: now,
            event_time_sigma_s: None,
            tracks: Vec::new(),
            sensors: Vec::new(),
            count: None,
            between: None,
            crossings: None,
            trend: None,
            excess: None,
            gathering: None,
            grounds: Grounds::default(),
            life: Life { incident: of.life.incident.clone(), ..Life::default() },
            group: Some(counts.clone()),
            ..of.clone()
        };
        out.push(notice.clone());
        self.open
            .insert(key, Group { notice, counts, open: BTreeSet::from([of.alert.clone()]), said_at: now });
    }

    fn key(&self, of: &Notice) -> (Arc<str>, Place) {
        #[expect(clippy::cast_possible_truncation, reason = "degrees, and a float cast saturates")]
        let cell = |deg: f64| libm::floor(deg / CELL_DEG) as i64;
        let key = (of.rule.clone(), Some([cell(of.position.lat), cell(of.position.lon)]));
        if self.open.len() < CAPACITY || self.open.contains_key(&key) { key } else { (key.0, None) }
    }

    /// An alert is over: so is its group, with the last of them, unless the flood goes on.
    pub(super) fn closed(&mut self, now: Timestamp, alert: &str, is_flood: bool, out: &mut Vec<Notice>) {
        for group in self.open.values_mut() {
            if group.open.remove(alert) {
                group.counts.open = count(&group.open);
            }
        }
        if !is_flood {
            self.clear_empty(now, out);
        }
    }

    fn clear_empty(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        self.open.retain(|_, group| {
            let keep = !group.open.is_empty();
            if !keep {
                group.say(now, State::Cleared, out);
            }
            keep
        });
    }

    /// A second of the flood has passed.
    pub(super) fn tick(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        for group in self.open.values_mut() {
            if now.since(group.said_at) >= SAID_EVERY && group.has_grown() {
                group.say(now, State::Updated, out);
            }
        }
    }

    /// The flood is over: said of every group. One that is empty is over, too.
    pub(super) fn end(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        self.open.values_mut().for_each(|group| group.counts.over = true);
        self.clear_empty(now, out);
        self.open.values_mut().for_each(|group| group.say(now, State::Updated, out));
    }

    /// A person has seen a group, and so the open alerts it speaks for, which are given back; nothing if there is no
    /// such group.
    pub(super) fn acknowledge(
        &mut self,
        now: Timestamp,
        alert: &str,
        by: &Arc<str>,
        out: &mut Vec<Notice>,
    ) -> Option<(Done, Vec<Arc<str>>)> {
        let group = self.open.values_mut().find(|group| *group.notice.alert == *alert)?;
        let members = group.open.iter().cloned().collect();
        if group.notice.life.acknowledged.is_some() {
            return Some((Done::Already, members));
        }
        group.notice.life.acknowledged = Some(Acknowledged { by: Arc::clone(by), at: now });
        let after = Some(now.since(group.notice.raised_at));
        group.say(now, State::Updated, out);
        Some((Done::Changed { after }, members))
    }

    /// Whether this is the alert of an open group.
    pub(super) fn has(&self, alert: &str) -> bool {
        self.open.values().any(|group| *group.notice.alert == *alert)
    }

    /// Their latest notices, by id.
    pub(super) fn open(&self) -> impl Iterator<Item = &Notice> {
        self.open.values().map(|group| &group.notice)
    }

    /// Of every notice what a reload changes: under what it is said.
    pub(super) fn restate(&mut self, cite: impl Fn(&mut Notice)) {
        self.open.values_mut().for_each(|group| cite(&mut group.notice));
    }

    pub(super) fn state(&self) -> Vec<GroupState> {
        self.open.iter().map(|((_, place), group)| GroupState::new(*place, group)).collect()
    }

    pub(super) fn of(state: Vec<GroupState>) -> Option<Self> {
        let open: Option<_> = state.into_iter().map(|state| Some((state.key(), state.group()?))).collect();
        Some(Self { open: open? })
    }
}

fn count(alerts: &BTreeSet<Arc<str>>) -> u32 {
    u32::try_from(alerts.len()).unwrap_or(u32::MAX)
}
