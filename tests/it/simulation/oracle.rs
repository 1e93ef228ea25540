//! What must hold, whatever happened: the promises L1 to L5 and those of the alerts' lives.
//!
//! In: the disk, as an onlooker sees it, what the broker knows to be acknowledged, what the far ends got. It folds the
//! journal in a machine of its own that never restarts, and keeps every record it has seen durable; it uses no counter
//! of the daemon that ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linewatch::engine::{Event, Outcome, Settings};
use linewatch::journal::history::{History, Item, Wrong};
use linewatch::journal::record_bytes::Canonical;
use linewatch::journal::verify::examine;
use linewatch::machine::Machine;
use linewatch::record::{Body, Record};
use linewatch::sinks::insist::Wording;

use super::couriers::{SINKS, cap};
use super::disk::Disk;
use super::network::{Broker, FarEnd};
use super::process::{Process, outbox};

/// What a whole run has shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) records: usize,
    pub(crate) notices: usize,
    pub(crate) acknowledged: usize,
    pub(crate) duplicates: usize,
    pub(crate) thinned: usize,
    pub(crate) removed: u64,
}

pub(crate) struct Oracle {
    machine: Machine,
    settings: Settings,
    /// Everything that has been durable.
    pub(crate) records: Vec<Record>,
    frames: BTreeSet<Vec<u8>>,
    /// Frames and statuses, and refusals.
    pub(crate) counted: (u64, u64),
    used: BTreeMap<Vec<u8>, u32>,
    outcomes: (u64, u64),
    duplicates: usize,
    derived: BTreeSet<Arc<str>>,
    held: BTreeSet<Arc<str>>,
    /// The CAP messages that follow, and the newest notice there is one of.
    cap: BTreeSet<Arc<str>>,
    cap_newest: Option<u64>,
    /// The second of the latest tick.
    ticked: Option<i64>,
}

impl Oracle {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            machine: Machine::new(settings.clone(), outbox(settings)),
            settings: settings.clone(),
            records: Vec::new(),
            frames: BTreeSet::new(),
            counted: (0, 0),
            used: BTreeMap::new(),
            outcomes: (0, 0),
            duplicates: 0,
            derived: BTreeSet::new(),
            held: BTreeSet::new(),
            cap: BTreeSet::new(),
            cap_newest: None,
            ticked: None,
        }
    }

    /// Takes what has become durable since.
    pub(crate) fn look(&mut self, disk: &Disk) -> Result<(), String> {
        let disk = disk.onlooker();
        let failed = |error: std::io::Error| format!("L4: {error}");
        let next = self.records.len() as u64;
        let mut history = History::from(&disk, next).map_err(failed)?;
        while let Some(item) = history.next_item().map_err(failed)? {
            match item {
                Item::Entry(entry) if entry.position() < next => {}
                Item::Entry(entry) => match entry.canonical {
                    Canonical::Whole(record) => self.take(record)?,
                    Canonical::Thinned(position, _) => {
                        return Err(format!("L4: record {position} made room before its time"));
                    }
                },
                Item::Fault(fault) if fault.what == Wrong::Unfinished => {}
                Item::Fault(fault) => return Err(format!("L4: {fault}")),
            }
        }
        Ok(())
    }

    fn take(&mut self, record: Record) -> Result<(), String> {
        if record.position != self.records.len() as u64 {
            return Err(format!("L4: record {} follows on {}", record.position, self.records.len()));
        }
        self.time(&record)?;
        match &record.body {
            Body::Notice { bytes } => drop(self.held.insert(String::from_utf8_lossy(bytes).into())),
            Body::Frame { bytes, .. } | Body::Status { bytes, .. } => {
                self.counted.0 += 1;
                self.frames.insert(bytes.clone());
            }
            Body::Refused { count, .. } => self.counted.1 += count,
            _ => {}
        }
        self.outcomes.0 += u64::from(matches!(record.body, Body::Frame { .. }));
        let Self { machine, derived, outcomes, duplicates, used, .. } = self;
        machine.step(&record, |event, json| {
            derived.extend(json.cloned());
            if let Event::Frame { outcome, .. } = event {
                outcomes.1 += 1;
                *duplicates += usize::from(*outcome == Outcome::Duplicate);
                if let (Outcome::Used, Body::Frame { bytes, .. }) = (outcome, &record.body) {
                    *used.entry(bytes.clone()).or_default() += 1;
                }
            }
        });
        let queue = self.machine.outbox.queue("cap").unwrap();
        while let Some(owed) = queue.next_after(self.cap_newest) {
            self.cap_newest = Some(owed.sequence);
            self.cap.insert(cap(&self.settings.sector).notice(&owed).2);
        }
        self.records.push(record);
        Ok(())
    }

    /// A tick stands after every record of its second and before every later one, and none is left out but in a gap.
    fn time(&mut self, record: &Record) -> Result<(), String> {
        let at = record.received;
        let wrong = |why: &str| Err(format!("record {} at {at}: {why}", record.position));
        if self.records.last().is_some_and(|last| last.received > at) {
            return wrong("time goes backwards");
        }
        match (&record.body, self.ticked) {
            (Body::Tick, Some(ticked)) if at.floor_secs() != ticked + 1 => return wrong("not the next tick"),
            (Body::Tick, _) => self.ticked = Some(at.floor_secs()),
            (Body::Gap { .. }, _) | (_, None) => self.ticked = Some(at.ceil_secs() - 1),
            (_, Some(ticked)) if at.ceil_secs() - 1 != ticked => return wrong("its ticks are elsewhere"),
            _ => {}
        }
        Ok(())
    }

    /// A process is what the fold of the whole journal is, bit for bit: also when it has just begun.
    pub(crate) fn is_the_same(&self, process: &Process) -> Result<(), String> {
        if process.head() != self.records.len() as u64 {
            let held = self.records.len();
            return Err(format!("L4: {held} records were durable, the log goes on at {}", process.head()));
        }
        let (restored, folded) = (process.machine.still().to_bytes(), self.machine.still().to_bytes());
        if restored != folded {
            let (at, what) = (process.head(), differs(&restored, &folded));
            return Err(format!("the machine at {at} is not the one that the whole journal makes: {what}"));
        }
        Ok(())
    }

    /// Whether a frame of these bytes has been seen durable.
    pub(crate) fn has(&self, bytes: &[u8]) -> bool {
        self.frames.contains(bytes)
    }

    /// L1: everything acknowledged is held, or counted as refused.
    pub(crate) fn holds(&self, broker: &Broker, refused: &BTreeSet<u64>) -> Result<(), String> {
        let mut only_counted = 0;
        for (id, body) in &broker.acknowledged {
            let (Body::Frame { bytes, .. } | Body::Status { bytes, .. }) = body else { continue };
            match self.frames.contains(bytes) {
                true => {}
                false if refused.contains(id) => only_counted += 1,
                false => {
                    return Err(format!("L1: message {id} was acknowledged and is not in the journal"));
                }
            }
        }
        if only_counted > self.counted.1 {
            return Err(format!("L1: {only_counted} acknowledged refusals, {} counted", self.counted.1));
        }
        Ok(())
    }

    /// Everything, once all that is owed has been delivered.
    pub(crate) fn all(&self, disk: &Disk, broker: &Broker, ends: &[FarEnd; 4]) -> Result<Shown, String> {
        let (thinned, removed) = self.compare(disk)?;
        if let Some((_, times)) = self.used.iter().find(|(_, times)| **times > 1) {
            return Err(format!("L1: a frame was used {times} times"));
        }
        if self.outcomes.0 != self.outcomes.1 {
            return Err(format!("L5: frames and outcomes {:?}", self.outcomes));
        }
        same("L3: of what follows from it the journal", &self.held, &self.derived)?;
        let [hook, topic, am, cap] = ends;
        // What a flood held back is in the journal, and owed to nobody.
        let owed = self.held.iter().filter(|notice| !notice.contains("\"held\":\"")).cloned().collect();
        same("L2/L3: hook", &hook.got, &owed)?;
        same("L2/L3: topic", &topic.got, &owed)?;
        same("L2/L3: cap", &cap.got, &self.cap)?;
        super::alertmanager::told(&am.got, &owed)?;
        for sink in SINKS {
            let owed = self.machine.outbox.queue(sink).unwrap().pending();
            if owed > 0 {
                return Err(format!("L2: by the journal {owed} notices are still owed to {sink}"));
            }
        }
        lives(&self.held)?;
        Ok(Shown {
            records: self.records.len(),
            notices: self.held.len(),
            acknowledged: broker.acknowledged.len(),
            duplicates: self.duplicates,
            thinned,
            removed,
        })
    }

    /// L4: what the disk still holds is what was written, but for frames that made room.
    fn compare(&self, disk: &Disk) -> Result<(usize, u64), String> {
        let disk = disk.onlooker();
        let failed = |error: std::io::Error| format!("L4: {error}");
        let found = examine(&disk, |_| {}).map_err(failed)?;
        if let Some(fault) = found.faults.first() {
            return Err(format!("L4: {fault}"));
        }
        let (mut thinned, mut next) = (0, found.first.unwrap_or(0));
        let mut history = History::from(&disk, 0).map_err(failed)?;
        while let Some(item) = history.next_item().map_err(failed)? {
            let Item::Entry(entry) = item else { continue };
            let written = self.records.get(usize::try_from(next).unwrap());
            let is_frame = written.is_some_and(|record| matches!(record.body, Body::Frame { .. }));
            match entry.canonical {
                Canonical::Whole(record) if written == Some(&record) => {}
                Canonical::Thinned(position, _) if position == next && is_frame => thinned += 1,
                other => return Err(format!("L4: at {next} stands {other:?}")),
            }
            next += 1;
        }
        if next == self.records.len() as u64 {
            Ok((thinned, found.first.unwrap_or(0)))
        } else {
            Err(format!("L4: the journal ends at {next} of {}", self.records.len()))
        }
    }
}

/// Which parts of two machines differ.
fn differs(a: &[u8], b: &[u8]) -> String {
    type Parts = (Settings, Vec<u8>, Vec<u8>, BTreeSet<Vec<u8>>);
    let of = |bytes| postcard::from_bytes::<Parts>(bytes).unwrap();
    let (a, b) = (of(a), of(b));
    let settings = if format!("{:?}", a.0) == format!("{:?}", b.0) { "" } else { "settings " };
    let at = a.1.iter().zip(&b.1).position(|(a, b)| a != b);
    let engine =
        if a.1 == b.1 { String::new() } else { format!("engine ({} {} at {at:?}) ", a.1.len(), b.1.len()) };
    let outbox = if a.2 == b.2 { String::new() } else { format!("outbox ({} {}) ", a.2.len(), b.2.len()) };
    let unheld = if a.3 == b.3 { String::new() } else { format!("unheld ({} {})", a.3.len(), b.3.len()) };
    format!("{settings}{engine}{outbox}{unheld}")
}

fn same(what: &str, got: &BTreeSet<Arc<str>>, due: &BTreeSet<Arc<str>>) -> Result<(), String> {
    let (lacks, extra) = (due.difference(got).count(), got.difference(due).count());
    if lacks + extra == 0 { Ok(()) } else { Err(format!("{what} lacks {lacks} and has {extra} others")) }
}

/// Revisions count from 1 without a gap, one form each, and nothing follows the end.
fn lives(notices: &BTreeSet<Arc<str>>) -> Result<(), String> {
    let mut by_alert: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for notice in notices {
        let notice: serde_json::Value = serde_json::from_str(notice).map_err(|error| error.to_string())?;
        let (alert, revision) = (notice["alert"].to_string(), notice["revision"].as_u64().unwrap_or(0));
        let state = notice["state"].to_string();
        if by_alert.entry(alert.clone()).or_default().insert(revision, state).is_some() {
            return Err(format!("alert {alert} has two forms of revision {revision}"));
        }
    }
    for (alert, revisions) in &by_alert {
        let in_order = revisions.keys().zip(1u64..).all(|(revision, expected)| *revision == expected);
        let ends = revisions.values().rev().skip(1).all(|state| state != "\"cleared\"");
        if !in_order || !ends {
            return Err(format!("alert {alert} lived a life that cannot be: {revisions:?}"));
        }
    }
    Ok(())
}
