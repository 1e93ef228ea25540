//! One alert in a journal: what was said of it, and from where it can be derived again.
//!
//! In: a journal and an id, or its beginning. Out: positions. Reads the whole journal once.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;

use super::export::ExportError;
use super::said::Revisions;
use crate::journal::history::{History, Item};
use crate::journal::record_bytes::Canonical;
use crate::journal::snapshots::Commitment;
use crate::journal::storage::Storage;
use crate::record::{Body, Record};
use crate::time::Timestamp;

/// What was found.
pub(super) struct Found {
    /// The whole id.
    pub(super) alert: String,
    /// What was said of it.
    pub(super) revisions: Revisions,
    /// Where it was first said.
    pub(super) said: u64,
    /// Behind the last that was said of it.
    pub(super) end: u64,
    /// Snapshots that the log commits to, and when it did.
    pub(super) commitments: Vec<(Commitment, Timestamp)>,
    /// Where settings were put in force.
    pub(super) reloads: Vec<u64>,
}

#[derive(Deserialize)]
struct Named {
    alert: String,
}

/// What a walk collects.
#[derive(Default)]
struct Walk {
    /// Alerts whose ids begin as asked: what was said of each, and where.
    alerts: BTreeMap<String, Vec<(u64, Vec<u8>)>>,
    nearest: Option<(usize, String)>,
    commitments: Vec<(Commitment, Timestamp)>,
    reloads: Vec<u64>,
}

/// Finds the alert; `progress` is told of positions.
pub(super) fn find(
    storage: &dyn Storage,
    wanted: &str,
    mut progress: impl FnMut(u64),
) -> Result<Found, ExportError> {
    let mut walk = Walk::default();
    let mut history = History::from(storage, 0)?;
    while let Some(item) = history.next_item()? {
        if let Item::Entry(entry) = item
            && let Canonical::Whole(record) = entry.canonical
        {
            if record.position.is_multiple_of(4_096) {
                progress(record.position);
            }
            walk.see(wanted, &record);
        }
    }
    walk.found(wanted)
}

impl Walk {
    fn see(&mut self, wanted: &str, record: &Record) {
        match &record.body {
            Body::Notice { bytes } => {
                let Ok(Named { alert }) = serde_json::from_slice(bytes) else { return };
                if alert.starts_with(wanted) {
                    self.alerts.entry(alert).or_default().push((record.position, bytes.clone()));
                } else {
                    let alike = alert.bytes().zip(wanted.bytes()).filter(|(a, b)| a == b).count();
                    if self.nearest.as_ref().is_none_or(|(best, _)| alike > *best) {
                        self.nearest = Some((alike, alert));
                    }
                }
            }
            Body::Act { bytes } => {
                let commitment = Commitment::parse(bytes);
                self.commitments.extend(commitment.map(|commitment| (commitment, record.received)));
            }
            Body::Reload { .. } => self.reloads.push(record.position),
            _ => {}
        }
    }

    fn found(mut self, wanted: &str) -> Result<Found, ExportError> {
        if self.alerts.len() > 1 {
            let some = self.alerts.into_keys().take(3).collect::<Vec<_>>().join(", ");
            return Err(ExportError::ManyAlerts { wanted: wanted.to_owned(), some });
        }
        let Some((alert, said)) = self.alerts.pop_first() else {
            let nearest = self.nearest.map(|(_, alert)| alert);
            return Err(ExportError::NoAlert { wanted: wanted.to_owned(), nearest });
        };
        let mut revisions = Revisions::default();
        for (position, bytes) in &said {
            if !revisions.take(&alert, bytes) {
                return Err(ExportError::Differs(format!(
                    "record {position} is another text of a revision that was said before, or one before it is gone"
                )));
            }
        }
        let (Some((said, _)), Some((last, _))) = (said.first(), said.last()) else {
            return Err(ExportError::Io(io::Error::other("an alert of which nothing was said")));
        };
        Ok(Found {
            said: *said,
            end: last + 1,
            alert,
            revisions,
            commitments: self.commitments,
            reloads: self.reloads,
        })
    }
}
