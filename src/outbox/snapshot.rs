//! The fold's contents as bytes, and back.
//!
//! Layout: one byte, the version (2); then postcard of [`Stored`]. A notice stands once, however many sinks it is owed
//! to. Acknowledgements that the log does not hold yet are no part of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::queue::State;
use super::standing::{Revision, Standings, Told};
use super::{Outbox, Owed, locked};
use crate::time::Timestamp;

const VERSION: u8 = 2;

/// Why bytes are no outbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Another version wrote it.
    #[error("an outbox of version {0:?}, and this program reads version {VERSION}")]
    Version(Option<u8>),
    /// They are damaged.
    #[error("not an outbox: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Stored {
    next_sequence: u64,
    notices: Vec<StoredNotice>,
    /// What each sink is owed, by sequence.
    sinks: Vec<(Arc<str>, Vec<u64>)>,
    standings: Standings,
}

#[derive(Serialize, Deserialize)]
struct StoredNotice {
    sequence: u64,
    alert: Arc<str>,
    revision: u32,
    raised_at_ns: i64,
    json: Arc<str>,
    standing: bool,
    earlier: Vec<Revision>,
    told: Told,
}

impl Outbox {
    /// The contents of the fold: what every sink is owed, acknowledged but unrecorded included, what stands, and the
    /// next sequence.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        // Held throughout, so that nothing is owed to one sink and not yet to the next.
        let order = locked(&self.order);
        let mut notices = BTreeMap::new();
        let mut sinks = Vec::new();
        for queue in &self.queues {
            let contents = queue.contents();
            sinks.push((Arc::clone(&queue.sink), contents.iter().map(|owed| owed.sequence).collect()));
            notices.extend(contents.into_iter().map(|owed| (owed.sequence, owed)));
        }
        let stored = Stored {
            next_sequence: order.next_sequence,
            notices: notices.into_values().map(StoredNotice::from).collect(),
            sinks,
            standings: locked(&self.standings).clone(),
        };
        postcard::to_extend(&stored, vec![VERSION]).expect("memory takes what is written to it")
    }

    /// Takes over the contents of a snapshot in place of its own. A sink the snapshot does not know is owed nothing of
    /// it; what a sink was owed that is no more is forgotten.
    ///
    /// # Errors
    /// The bytes are no snapshot of this version; nothing has changed then.
    pub fn restore(&self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let Some((&VERSION, rest)) = bytes.split_first() else {
            return Err(SnapshotError::Version(bytes.first().copied()));
        };
        let damaged = |why: &dyn std::fmt::Display| SnapshotError::Damaged(why.to_string());
        let (stored, over): (Stored, _) = postcard::take_from_bytes(rest).map_err(|error| damaged(&error))?;
        if !over.is_empty() {
            return Err(damaged(&"bytes after its end"));
        }
        let notices: BTreeMap<u64, Owed> =
            stored.notices.into_iter().map(|notice| (notice.sequence, notice.into())).collect();
        if notices.keys().next_back().is_some_and(|last| *last >= stored.next_sequence) {
            return Err(damaged(&"a notice from the future"));
        }
        let mut contents: BTreeMap<Arc<str>, Vec<Owed>> = BTreeMap::new();
        for (sink, sequences) in stored.sinks {
            let owed: Option<Vec<Owed>> = sequences.iter().map(|of| notices.get(of).cloned()).collect();
            contents.insert(sink, owed.ok_or_else(|| damaged(&"a sink is owed what is not there"))?);
        }
        locked(&self.order).next_sequence = stored.next_sequence;
        *locked(&self.standings) = stored.standings;
        for queue in &self.queues {
            queue.replace(State::of(contents.remove(&queue.sink).unwrap_or_default().into_iter()));
        }
        Ok(())
    }
}

impl From<Owed> for StoredNotice {
    fn from(owed: Owed) -> Self {
        Self {
            sequence: owed.sequence,
            alert: owed.alert,
            revision: owed.revision,
            raised_at_ns: owed.raised_at.as_nanos(),
            json: owed.json,
            standing: owed.standing,
            earlier: owed.earlier.to_vec(),
            told: Told::clone(&owed.told),
        }
    }
}

impl From<StoredNotice> for Owed {
    fn from(stored: StoredNotice) -> Self {
        Self {
            sequence: stored.sequence,
            alert: stored.alert,
            revision: stored.revision,
            raised_at: Timestamp::from_nanos(stored.raised_at_ns),
            json: stored.json,
            standing: stored.standing,
            earlier: stored.earlier.into(),
            told: stored.told.into(),
        }
    }
}
