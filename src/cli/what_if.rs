//! `replay --agreement OTHER`: what would have been said if the parties had agreed otherwise.
//!
//! In: every record and what was said because of it. Out: the alerts that only one agreement raises, and those that both
//! raise and say otherwise. The same alert is one of the same id; or, because an id follows from the rule's text, one of the
//! same rule within 200 m and 5 s.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::config::{self, Installation};
use crate::engine::reload::Reload;
use crate::engine::{Engine, Event};
use crate::record::{Body, Record};
use crate::time::Timestamp;
use crate::watch::{Agreement, Notice};

const SAME_WITHIN_M: f64 = 200.0;
const SAME_WITHIN_S: f64 = 5.0;

/// A second engine beside the first, under the other agreement.
pub(super) struct WhatIf {
    engine: Engine,
    agreement: Agreement,
    names: [String; 2],
    /// The latest notice of each alert, here and there.
    said: [BTreeMap<String, Notice>; 2],
}

impl WhatIf {
    /// Beside an engine of `installation`.
    ///
    /// # Errors
    /// The agreement cannot be read, or is wrong.
    pub(super) fn begin(installation: &Installation, path: &Path) -> Result<Self, Failure> {
        let agreement = config::load_other_agreement(path, installation.origin).map_err(Failure::input)?;
        let mut settings = installation.engine_settings();
        let name = |agreement: &Agreement| {
            let short = agreement.hash.get(..12).unwrap_or_default();
            format!("{}, version {} ({short})", agreement.name, agreement.version)
        };
        let names = [name(&settings.agreement), name(&agreement)];
        settings.agreement = agreement.clone();
        Ok(Self { engine: Engine::new(settings), agreement, names, said: Default::default() })
    }

    /// Takes a record, and what the first engine said because of it.
    pub(super) fn see(&mut self, record: &Record, events: &[Event]) {
        let [here, there] = &mut self.said;
        note(here, events);
        // Sensors change as they did; what was agreed stays the other.
        let otherwise = match &record.body {
            Body::Reload { bytes } => Reload::parse(bytes).map(|mut reload| {
                reload.settings.agreement = self.agreement.clone();
                let body =
                    Body::Reload { bytes: Reload::new(reload.settings, &reload.configuration).to_bytes() };
                Record { body, ..record.clone() }
            }),
            _ => None,
        };
        note(there, &self.engine.step(otherwise.as_ref().unwrap_or(record)));
    }

    /// The difference.
    pub(super) fn finish(self) -> Difference {
        let Self { names: [here, there], said: [mut only_here, mut only_there], .. } = self;
        let (mut changed, mut same) = (Vec::new(), 0);
        for is_same in [by_id, by_happening] {
            let ids: Vec<String> = only_here.keys().cloned().collect();
            for id in ids {
                let found = only_here.get(&id).and_then(|notice| {
                    let (other, _) = only_there.iter().find(|(_, other)| is_same(notice, other))?;
                    Some(other.clone())
                });
                let pair = found.and_then(|other| only_here.remove(&id).zip(only_there.remove(&other)));
                match pair {
                    Some((one, other)) if is_said_alike(&one, &other) => same += 1,
                    Some((one, other)) => {
                        changed.push(Changed { here: Row::of(&one), there: Row::of(&other) })
                    }
                    None => {}
                }
            }
        }
        let rows = |notices: BTreeMap<String, Notice>| {
            let mut rows: Vec<Row> = notices.values().map(Row::of).collect();
            rows.sort_by(|a, b| (a.event_time, &a.alert).cmp(&(b.event_time, &b.alert)));
            rows
        };
        changed.sort_by(|a, b| (a.here.event_time, &a.here.alert).cmp(&(b.here.event_time, &b.here.alert)));
        Difference { here, there, same, only_here: rows(only_here), only_there: rows(only_there), changed }
    }
}

fn note(said: &mut BTreeMap<String, Notice>, events: &[Event]) {
    for event in events {
        if let Event::Notice(notice) = event {
            said.insert(notice.alert.to_string(), (**notice).clone());
        }
    }
}

fn by_id(one: &Notice, other: &Notice) -> bool {
    one.alert == other.alert
}

fn by_happening(one: &Notice, other: &Notice) -> bool {
    let [east_m, north_m] =
        [one.position.east_m - other.position.east_m, one.position.north_m - other.position.north_m];
    one.rule == other.rule
        && one.kind == other.kind
        && one.direction == other.direction
        && libm::hypot(east_m, north_m) <= SAME_WITHIN_M
        && one.event_time.since(other.event_time).as_secs_f64().abs() <= SAME_WITHIN_S
}

/// Whether all that was said last is the same, but for the hash of the agreement and what follows from it.
fn is_said_alike(one: &Notice, other: &Notice) -> bool {
    let (alert, agreement) = (one.alert.clone(), one.agreement.clone());
    *one == Notice { alert, agreement, ..other.clone() }
}

/// One alert, as it was said last.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    alert: String,
    rule: String,
    kind: &'static str,
    severity: &'static str,
    event_time: Timestamp,
    raised_at: Timestamp,
    revisions: u32,
    lat: f64,
    lon: f64,
}

impl Row {
    fn of(notice: &Notice) -> Self {
        Self {
            alert: notice.alert.to_string(),
            rule: notice.rule.to_string(),
            kind: notice.kind,
            severity: notice.severity.as_str(),
            event_time: notice.event_time,
            raised_at: notice.raised_at,
            revisions: notice.revision,
            lat: notice.position.lat,
            lon: notice.position.lon,
        }
    }

    fn text(&self) -> String {
        let short = self.alert.get(..12).unwrap_or(&self.alert);
        let Self { rule, kind, severity, event_time, lat, lon, .. } = self;
        format!("{event_time}  {short}  {rule} ({kind}, {severity}) at {lat:.5}, {lon:.5}")
    }
}

/// One alert that both raise, and say otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    here: Row,
    there: Row,
}

/// What differs between two agreements over one recording.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    here: String,
    there: String,
    /// Alerts that both raise and say the same of.
    same: u64,
    only_here: Vec<Row>,
    only_there: Vec<Row>,
    changed: Vec<Changed>,
}

impl Difference {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut out = format!("here   {}\nthere  {}\n", self.here, self.there);
        let _ = writeln!(out, "the same under both: {}", self.same);
        for (what, rows) in [("only here", &self.only_here), ("only there", &self.only_there)] {
            let _ = writeln!(out, "{what}: {}", rows.len());
            for row in rows {
                let _ = writeln!(out, "  {}", row.text());
            }
        }
        let _ = writeln!(out, "under both, said otherwise: {}", self.changed.len());
        for Changed { here, there } in &self.changed {
            let _ = writeln!(out, "  here   {}\n  there  {}", here.text(), there.text());
        }
        out
    }
}
