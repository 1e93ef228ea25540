//! What must hold, whatever happened: the promises L1 to L6 and those of the alerts' lives.
//!
//! In: the disk, what the broker knows to be acknowledged, what the far ends got. It folds the journal anew in a machine
//! of its own; it uses no counter of the daemon that ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linewatch::engine::{Event, Outcome, Settings};
use linewatch::journal::history::History;
use linewatch::journal::verify::examine;
use linewatch::machine::Machine;
use linewatch::record::{Body, Record};

use super::disk::Disk;
use super::network::{Broker, FarEnd};
use super::process::outbox;

/// What a whole run has shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) records: usize,
    pub(crate) notices: usize,
    pub(crate) acknowledged: usize,
    pub(crate) duplicates: usize,
}

/// The records of a disk; what is wrong with it, if anything is.
fn records(disk: &Disk) -> Result<Vec<Record>, String> {
    let found = examine(disk, |_| {}).map_err(|error| format!("L4: {error}"))?;
    if let Some(fault) = found.faults.first() {
        return Err(format!("L4: {fault}"));
    }
    let mut history = History::from(disk, 0).map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    while let Some(record) = history.next_record(0).map_err(|error| error.to_string())? {
        records.push(record);
    }
    let is_gapless = records.iter().zip(0..).all(|(record, position)| record.position == position);
    if is_gapless { Ok(records) } else { Err("L4: the sequence has a gap".to_owned()) }
}

/// L1 and L4: everything acknowledged is held.
pub(crate) fn held(disk: &Disk, broker: &Broker) -> Result<Vec<Record>, String> {
    let records = records(disk)?;
    let frames: BTreeSet<&[u8]> = records.iter().filter_map(|record| bytes(&record.body)).collect();
    for (id, body) in &broker.acknowledged {
        if !bytes(body).is_some_and(|bytes| frames.contains(bytes)) {
            return Err(format!("L1: message {id} was acknowledged and is not in the journal"));
        }
    }
    Ok(records)
}

/// Everything, once all that is owed has been delivered.
pub(crate) fn all(
    disk: &Disk,
    settings: &Settings,
    broker: &Broker,
    ends: &[FarEnd; 2],
) -> Result<Shown, String> {
    let records = held(disk, broker)?;
    let mut machine = Machine::new(settings.clone(), outbox(settings));
    let mut shown =
        Shown { records: records.len(), acknowledged: broker.acknowledged.len(), ..Shown::default() };
    let mut used: BTreeMap<&[u8], u32> = BTreeMap::new();
    let (mut derived, mut held) = (BTreeSet::<Arc<str>>::new(), BTreeSet::<Arc<str>>::new());
    let (mut frames, mut outcomes) = (0, 0);
    for record in &records {
        if let Body::Notice { bytes } = &record.body {
            held.insert(String::from_utf8_lossy(bytes).into());
        }
        frames += usize::from(matches!(record.body, Body::Frame { .. }));
        machine.step(record, |event, json| {
            derived.extend(json.cloned());
            if let Event::Frame { outcome, .. } = event {
                outcomes += 1;
                shown.duplicates += usize::from(*outcome == Outcome::Duplicate);
                if *outcome == Outcome::Used {
                    *used.entry(bytes(&record.body).unwrap_or_default()).or_default() += 1;
                }
            }
        });
    }
    if let Some((_, times)) = used.iter().find(|(_, times)| **times > 1) {
        return Err(format!("L1: a frame was used {times} times"));
    }
    if frames != outcomes {
        return Err(format!("L5: {frames} frames, {outcomes} outcomes"));
    }
    if derived != held {
        let (missing, extra) = (derived.difference(&held).count(), held.difference(&derived).count());
        return Err(format!(
            "L3: of the notices that follow from the log it lacks {missing}, and holds {extra} others"
        ));
    }
    for (name, end) in super::process::SINKS.iter().zip(ends) {
        if end.got != held {
            let (lacks, extra) = (held.difference(&end.got).count(), end.got.difference(&held).count());
            return Err(format!(
                "L2/L3: {name} lacks {lacks} notices and has {extra} that the journal has not"
            ));
        }
    }
    lives(&held)?;
    shown.notices = held.len();
    Ok(shown)
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

fn bytes(body: &Body) -> Option<&[u8]> {
    match body {
        Body::Frame { bytes, .. } | Body::Status { bytes, .. } => Some(bytes),
        _ => None,
    }
}
