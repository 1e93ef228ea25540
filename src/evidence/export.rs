//! A bundle from a journal.
//!
//! In: a journal's folder and an alert's id. Out: the bundle's bytes, the same every time. Before anything is written the
//! alert is derived again and compared with what was said: what does not agree is no evidence.

use std::io::{self, Write};

use super::archive::Writer;
use super::derive::{Derived, Deriving};
use super::find::{Found, find};
use super::proof::Proof;
use super::range::whole_records;
use super::said::Said;
use super::start::{self, Start, settings_of};
use super::{README, part};
use crate::journal::record_bytes;
use crate::journal::seal::kept::{Kept, Missing};
use crate::journal::seal::notes;
use crate::journal::storage::Storage;
use crate::record::{Body, Record};
use crate::seal::checkpoint::{Checkpoint, Vouched};
use crate::seal::key::VerifierKey;
use crate::seal::note::Note;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal cannot be read, or the bundle not written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nothing was said of such an alert.
    #[error("no alert {wanted} in this journal{}", .nearest.as_ref().map_or(String::new(), |id| format!("; the nearest is {id}")))]
    NoAlert {
        /// What was asked for.
        wanted: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// Several ids begin so.
    #[error("several alerts begin with {wanted}: {some} …; give more of the id")]
    ManyAlerts {
        /// What was asked for.
        wanted: String,
        /// Some of them.
        some: String,
    },
    /// No checkpoint covers it.
    #[error(
        "the alert's records end with {end}, but checkpoints cover {sealed} records: wait for the next one, or see that \
         [seal] names a key"
    )]
    NotSealed {
        /// The last record.
        end: u64,
        /// What is covered.
        sealed: u64,
    },
    /// Inputs are gone.
    #[error(
        "records {from} to {to}, which the alert rests on, have made room (keep_frames_days, max_gb) or cannot be read; \
         an older copy of the journal may still hold them"
    )]
    Gone {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Hashes are gone.
    #[error("{0}: without them nothing leads to the signed root")]
    NoProof(String),
    /// No public key verifies the checkpoint.
    #[error(
        "no key in seal.keys verifies the checkpoint of {0} records: the file was changed, or is another journal's"
    )]
    NoKey(u64),
    /// Something else was said than follows from the records.
    #[error(
        "the journal does not bear out what was said: {0}; was it said by another version of the program?"
    )]
    Differs(String),
}

impl From<Missing> for ExportError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Io(error) => Self::Io(error),
            missing @ Missing::Leaves(..) => Self::NoProof(missing.to_string()),
        }
    }
}

/// What to export.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The alert's id, or enough of its beginning.
    pub alert: &'a str,
    /// From the journal's first record on, whatever snapshots there are.
    pub whole: bool,
    /// A checkpoint with signatures of witnesses, in the place of the journal's own.
    pub cosigned: Option<&'a Note>,
    /// The keys of witnesses.
    pub witnesses: &'a [VerifierKey],
}

/// Writes the bundle; `progress` is told what is being done and how far it has come, as a position.
///
/// # Errors
/// [`ExportError`].
pub fn export<W: Write>(
    storage: &dyn Storage,
    request: &Request<'_>,
    out: W,
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<W, ExportError> {
    let found = find(storage, request.alert, |at| progress("looking for the alert", at))?;
    let first = found.revisions.first();
    let first = first.ok_or_else(|| ExportError::Differs("its notices cannot be read".to_owned()))?;
    let (note, keys) = sealed(storage, found.end, request)?;
    let happened = first.event_time.min(first.raised_at);
    let start = start::choose(storage, &found, happened, request.whole, &mut |at| {
        progress("going to the beginning", at)
    })?;
    let size = Checkpoint::parse(&note.text).map_err(|error| ExportError::Differs(error.to_string()))?.size;
    let reload = start.reload.as_ref().map(|(position, _)| *position);
    let range = (start.first, found.end);
    let proof = Proof::make(&mut Kept::new(storage)?, &found.alert, range, reload, size)?;
    let mut made = derived(storage, &found, start, &first, &mut |at| progress("deriving the alert", at))?;
    let mut writer = Writer::new(out);
    writer.part(part::README, README.as_bytes())?;
    writer.part(part::CHECKPOINT, note.to_string().as_bytes())?;
    writer.part(part::KEYS, keys.as_bytes())?;
    writer.part(part::PROOF, proof.to_text().as_bytes())?;
    writer.part(part::RELOAD, &std::mem::take(&mut made.reload))?;
    writer.part(part::ENGINE, &std::mem::take(&mut made.snapshot))?;
    writer.begin(part::RECORDS, made.bytes)?;
    let mut bytes = Vec::new();
    whole_records(storage, range.0, range.1, |record| {
        progress("writing the records", record.position);
        put(record, &mut bytes);
        Ok(writer.write(&bytes)?)
    })?;
    writer.part(part::SETTINGS, &made.settings)?;
    writer.part(part::NOTICES, &found.revisions.lines())?;
    writer.part(part::TRACK, &made.derived.track)?;
    writer.part(part::PLOT, made.derived.plot.as_bytes())?;
    Ok(writer.finish()?)
}

/// One record in `records.bin`: its length, and its canonical bytes.
fn put(record: &Record, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(&[0; 4]);
    record_bytes::encode(record, bytes);
    let len = u32::try_from(bytes.len() - 4).expect("frames are capped far below 4 GiB");
    bytes[..4].copy_from_slice(&len.to_le_bytes());
}

/// The checkpoint that covers records up to `end`, with the keys that verify it, one to a line.
fn sealed(storage: &dyn Storage, end: u64, request: &Request<'_>) -> Result<(Note, String), ExportError> {
    let own = notes::covering(storage, end)?;
    let Some(own) = request.cosigned.cloned().or(own) else {
        let last = notes::last(storage)?.and_then(|note| Checkpoint::parse(&note.text).ok());
        return Err(ExportError::NotSealed { end: end - 1, sealed: last.map_or(0, |last| last.size) });
    };
    let keys = [&notes::keys(storage)?[..], request.witnesses].concat();
    let vouched = Vouched::verify(&own, &keys);
    let size = Checkpoint::parse(&own.text).map_or(0, |read| read.size);
    if size < end {
        return Err(ExportError::NotSealed { end: end - 1, sealed: size });
    }
    let vouched = vouched.ok_or(ExportError::NoKey(size))?;
    // What nobody here can verify says nothing, and a bundle holds no byte that says nothing.
    let signatures = own.signatures.into_iter().filter(|signature| !vouched.unknown.contains(signature));
    let note = Note { signatures: signatures.collect(), ..own };
    let keys = [&vouched.log].into_iter().chain(vouched.witnesses.iter().map(|(key, _)| key));
    Ok((note, keys.map(|key| format!("{key}\n")).collect()))
}

struct Made {
    derived: Derived,
    /// Of `records.bin`.
    bytes: u64,
    settings: Vec<u8>,
    reload: Vec<u8>,
    snapshot: Vec<u8>,
}

/// The alert again, and how long its records are.
fn derived(
    storage: &dyn Storage,
    found: &Found,
    start: Start,
    first: &Said,
    progress: &mut dyn FnMut(u64),
) -> Result<Made, ExportError> {
    let differs = |what: &str| ExportError::Differs(what.to_owned());
    let in_force = found.reloads.iter().rev().find(|position| **position < found.said);
    let in_force = *in_force.ok_or_else(|| differs("no record says which settings were in force"))?;
    let (mut drawn, mut settings) = (None, Vec::new());
    whole_records(storage, in_force, in_force + 1, |record| {
        if let Body::Reload { bytes } = &record.body {
            settings.clone_from(bytes);
        }
        drawn = settings_of(record);
        Ok(())
    })?;
    let drawn = drawn.ok_or_else(|| differs("the settings in force cannot be read"))?;
    let mut deriving = Deriving::begin(start.engine, first, drawn);
    let (mut bytes, mut one) = (0, Vec::new());
    whole_records(storage, start.first, found.end, |record| {
        if record.position.is_multiple_of(256) {
            progress(record.position);
        }
        deriving.step(record);
        put(record, &mut one);
        bytes += one.len() as u64;
        Ok(())
    })?;
    let derived = deriving.finish();
    if !derived.revisions.all().starts_with(found.revisions.all()) {
        return Err(differs("derived again from its records, the alert has other notices"));
    }
    let reload = start.reload.map(|(_, bytes)| bytes).unwrap_or_default();
    Ok(Made { derived, bytes, settings, reload, snapshot: start.snapshot })
}
