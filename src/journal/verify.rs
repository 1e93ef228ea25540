//! Whether a journal is as it was written, and what is in it.
//!
//! In: a folder. Out: counts, and every fault. Rests on nothing but the files: length, CRC, sequence, chain.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::history::{Fault, History, Item, Wrong};
use super::layout::Hash;
use super::record_bytes::Canonical;
use super::seal::audit::Audit;
use super::storage::Storage;
use crate::record::Body;
use crate::time::Timestamp;

/// What a walk through a whole journal found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Records that can be read.
    pub records: u64,
    /// By kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Frames and status messages of each sensor: how many, and their bytes.
    pub sensors: BTreeMap<String, (u64, u64)>,
    /// Stamps of the first and the last record.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Position of the first record there is.
    pub first: Option<u64>,
    /// Position behind the last, and the chain value there.
    pub end: Option<(u64, Hash)>,
    /// Notices acknowledged, by sink.
    pub delivered: BTreeMap<String, u64>,
    /// Checkpoints whose roots are those of the records, and the records that the last of them covers.
    pub checkpoints: (u64, u64),
    /// What is not as it was written; an unfinished end is none.
    pub faults: Vec<Fault>,
    /// Bytes at the end that nobody was told of: a crash, or a group that is being written.
    pub unfinished: Option<Fault>,
}

/// Reads all of a journal; `progress` is told now and then how many records have been read.
///
/// # Errors
/// A file cannot be read, or is not ours.
pub fn examine(storage: &dyn Storage, mut progress: impl FnMut(u64)) -> io::Result<Findings> {
    let mut found = Findings::default();
    let mut history = History::from(storage, 0)?;
    let mut audit = Audit::begin(storage)?;
    while let Some(item) = history.next_item()? {
        match item {
            Item::Fault(fault) if fault.what == Wrong::Unfinished => found.unfinished = Some(fault),
            Item::Fault(fault) => found.faults.push(fault),
            Item::Entry(entry) => {
                found.first = found.first.or(Some(entry.position()));
                found.faults.extend(audit.see(&entry));
                found.count(&entry.canonical);
            }
        }
        if found.records % 4_096 == 0 {
            progress(found.records);
        }
    }
    found.checkpoints = audit.agreed();
    found.end = history.end();
    Ok(found)
}

impl Findings {
    fn count(&mut self, canonical: &Canonical) {
        self.records += 1;
        let Canonical::Whole(record) = canonical else {
            *self.kinds.entry("thinned").or_default() += 1;
            return;
        };
        let at = record.received;
        self.span = Some(self.span.map_or((at, at), |(first, _)| (first, at)));
        *self.kinds.entry(kind(&record.body)).or_default() += 1;
        match &record.body {
            Body::Frame { sensor, bytes, .. } | Body::Status { sensor, bytes } => {
                let (count, total) = self.sensors.entry(sensor.to_string()).or_default();
                *count += 1;
                *total += bytes.len() as u64;
            }
            Body::Delivered { sink, .. } => *self.delivered.entry(sink.clone()).or_default() += 1,
            _ => {}
        }
    }
}

/// A record's kind in one word, as in a recording.
fn kind(body: &Body) -> &'static str {
    match body {
        Body::Frame { .. } => "scan",
        Body::Status { .. } => "status",
        Body::Act { .. } => "act",
        Body::Tick => "tick",
        Body::Reload { .. } => "reload",
        Body::Gap { .. } => "gap",
        Body::Refused { .. } => "refused",
        Body::Notice { .. } => "notice",
        Body::Delivered { .. } => "delivered",
        Body::Damage { .. } => "damage",
    }
}

/// What `journal stat --json` and `verify --json` print.
#[derive(Debug, Serialize)]
pub struct Report {
    records: u64,
    first: Option<u64>,
    end: Option<u64>,
    /// Chain value after the last record, hex.
    chain: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    kinds: BTreeMap<&'static str, u64>,
    frames: BTreeMap<String, u64>,
    delivered: BTreeMap<String, u64>,
    /// Checkpoints that the records agree with, and how many records the last of them covers.
    checkpoints: u64,
    sealed: u64,
    faults: Vec<String>,
    unfinished: Option<String>,
}

impl Findings {
    /// For machines.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            records: self.records,
            first: self.first,
            end: self.end.map(|(next, _)| next),
            chain: self.end.map(|(_, chain)| hex(&chain)),
            from: self.span.map(|(from, _)| from),
            to: self.span.map(|(_, to)| to),
            kinds: self.kinds.clone(),
            frames: self.sensors.iter().map(|(id, (count, _))| (id.clone(), *count)).collect(),
            delivered: self.delivered.clone(),
            checkpoints: self.checkpoints.0,
            sealed: self.checkpoints.1,
            faults: self.faults.iter().map(ToString::to_string).collect(),
            unfinished: self.unfinished.as_ref().map(ToString::to_string),
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        if let (Some(first), Some((next, chain))) = (self.first, self.end) {
            lines.push(format!(
                "records    {} (positions {first} to {})",
                self.records,
                next.saturating_sub(1)
            ));
            lines.push(format!("chain      {}", hex(&chain)));
        }
        if let Some((from, to)) = self.span {
            lines.push(format!("time       {from} to {to}"));
        }
        let counts = |counts: &mut dyn Iterator<Item = (String, u64)>| {
            counts.map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
        };
        lines.push(format!(
            "kinds      {}",
            counts(&mut self.kinds.iter().map(|(k, n)| ((*k).to_owned(), *n)))
        ));
        for (sensor, (count, bytes)) in &self.sensors {
            lines.push(format!("sensor     {sensor}: {count} frames, {bytes} bytes"));
        }
        for (sink, count) in &self.delivered {
            lines.push(format!("delivered  {count} to {sink}"));
        }
        if let (checkpoints @ 1.., sealed) = self.checkpoints {
            lines.push(format!("sealed     {sealed} records by {checkpoints} checkpoints with their roots"));
        }
        lines.extend(self.unfinished.iter().map(|fault| format!("note       {fault}")));
        lines.extend(self.faults.iter().map(|fault| format!("FAULT      {fault}")));
        lines.join("\n") + "\n"
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
