//! Where the records of a bundle begin, and the engine there.
//!
//! In: a journal and what was found in it. Out: the journal's first record, or the last snapshot that the log committed to
//! well before the alert. A snapshot need not lie in the folder: it follows from the log, and is made again from it.

use sha2::{Digest, Sha256};

use super::export::ExportError;
use super::find::Found;
use super::range::whole_records;
use crate::engine::reload::Reload;
use crate::engine::{Engine, Settings};
use crate::journal::history::History;
use crate::journal::record_bytes;
use crate::journal::recover::{first_of, segments};
use crate::journal::snapshots::{self, Commitment};
use crate::journal::storage::Storage;
use crate::machine::engine_of;
use crate::record::{Body, Record};
use crate::time::{Span, Timestamp};

/// What was said in the five minutes before it happened belongs to the alert: its tracks are older than it is.
const BEFORE: Span = Span::from_secs(-300);
/// Snapshots tried, from the newest back, before the journal's beginning.
const TRIES: usize = 3;

/// Where the records begin.
pub(super) struct Start {
    /// Position of the first.
    pub(super) first: u64,
    /// The engine before it.
    pub(super) engine: Engine,
    /// `engine.bin`; empty at the journal's beginning.
    pub(super) snapshot: Vec<u8>,
    /// `reload.bin`, and where that record stands.
    pub(super) reload: Option<(u64, Vec<u8>)>,
}

/// Chooses; `progress` is told of positions.
pub(super) fn choose(
    storage: &dyn Storage,
    found: &Found,
    happened: Timestamp,
    whole: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Start, ExportError> {
    let early = happened.plus(BEFORE);
    let is_early =
        |(commitment, at): &&(Commitment, Timestamp)| *at <= early && commitment.position < found.said;
    let candidates = found.commitments.iter().rev().filter(is_early).take(if whole { 0 } else { TRIES });
    for (commitment, _) in candidates {
        match from_snapshot(storage, found, commitment, progress) {
            Ok(Some(start)) => return Ok(start),
            // Made by another version, or its frames are gone: an older one may do.
            Ok(None) | Err(ExportError::Gone { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let oldest = segments(storage)?.first().and_then(|name| first_of(name)).unwrap_or(0);
    if oldest > 0 {
        return Err(ExportError::Gone { from: 0, to: oldest - 1 });
    }
    Ok(Start { first: 0, engine: Engine::new(beginning(storage)?), snapshot: Vec::new(), reload: None })
}

/// The settings that the journal's first record puts in force.
fn beginning(storage: &dyn Storage) -> Result<Settings, ExportError> {
    let first = History::from(storage, 0)?.next_record(0)?;
    let reload = first.filter(|record| record.position == 0).and_then(|record| settings_of(&record));
    reload.ok_or_else(|| {
        ExportError::Differs("the journal's first record does not say the settings".to_owned())
    })
}

pub(super) fn settings_of(record: &Record) -> Option<Settings> {
    match &record.body {
        Body::Reload { bytes } => Reload::parse(bytes).map(|reload| reload.settings),
        _ => None,
    }
}

fn from_snapshot(
    storage: &dyn Storage,
    found: &Found,
    commitment: &Commitment,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Start>, ExportError> {
    let first = commitment.position;
    let Some(reload) = found.reloads.iter().rev().find(|position| **position < first) else {
        return Ok(None);
    };
    let base = snapshots::newest(storage, first, |position, content| {
        engine_of(content).ok().map(|(_, engine)| (position, engine))
    })?;
    let (base, mut engine) = match base {
        Some(base) => base,
        None => (0, Engine::new(beginning(storage)?)),
    };
    whole_records(storage, base, first, |record| {
        if record.position.is_multiple_of(4_096) {
            progress(record.position);
        }
        engine.step(record);
        Ok(())
    })?;
    let snapshot = engine.snapshot();
    let hash: [u8; 32] = Sha256::digest(&snapshot).into();
    if Commitment::new(first, &hash) != *commitment {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    whole_records(storage, *reload, reload + 1, |record| {
        record_bytes::encode(record, &mut bytes);
        Ok(())
    })?;
    Ok(Some(Start { first, engine, snapshot, reload: Some((*reload, bytes)) }))
}
