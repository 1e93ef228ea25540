//! A bundle read and checked, all but the derivation: archive, signatures, proofs, and that the parts say the same.
//!
//! In: bytes from anywhere. Out: a [`Bundle`] of which every byte follows from the signed root, but for what is yet to be
//! compared with the derivation; or the first thing that is wrong. Records are read as a stream.

use std::io::Read;

use super::archive::Reader;
use super::derive::{Derived, Deriving};
use super::proof::Proof;
use super::reading::Reading;
use super::said::{Revisions, Said};
use super::{README, Refusal, part};
use crate::engine::Engine;
use crate::engine::reload::Reload;
use crate::journal::layout::{Hash, MAX_RECORD_BYTES};
use crate::journal::record_bytes::{self, Canonical};
use crate::record::Record;
use crate::seal::checkpoint::Vouched;
use crate::seal::key::{KeyKind, VerifierKey};
use crate::seal::note::Note;
use crate::time::Timestamp;

/// The most that small parts may have.
const SMALL: u64 = 64 << 10;
/// And those that hold what was made of the records.
const LARGE: u64 = 64 << 20;
/// An engine that knows two thousand tracks is a few megabytes.
const ENGINE: u64 = 1 << 30;
const RECORDS: u64 = (1 << 33) - 1;

/// A bundle whose inputs are those that were sealed.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Which records, and of which alert.
    pub proof: Proof,
    /// Who signed the head.
    pub vouched: Vouched,
    /// What was first said.
    pub first: Said,
    /// All that was said.
    pub revisions: Revisions,
    /// What was in force when it was raised.
    pub in_force: Reload,
    /// Stamps of the first and the last record.
    pub span: (Timestamp, Timestamp),
    /// SHA-256 over all that the alert is derived from.
    pub inputs: Hash,
    begins_under: Reload,
    engine: Vec<u8>,
    track: Vec<u8>,
    plot: Vec<u8>,
}

impl Bundle {
    /// Reads and checks.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(input: impl Read) -> Result<Self, Refusal> {
        let mut archive = Reader::new(input);
        if archive.part(part::README, SMALL)? != README.as_bytes() {
            return Err(archive.refuse("it is not this version's"));
        }
        let note = archive.part(part::CHECKPOINT, SMALL)?;
        let note = Note::parse(&note).map_err(|error| archive.refuse(error.to_string()))?;
        let vouched = vouched(&note, &archive.part(part::KEYS, SMALL)?)?;
        let proof = Proof::parse(&archive.part(part::PROOF, SMALL)?)?;
        let reload = archive.part(part::RELOAD, LARGE)?;
        let engine = archive.part(part::ENGINE, ENGINE)?;
        let sealed = &vouched.checkpoint;
        if proof.end > sealed.size {
            return Err(Refusal::new(part::PROOF, "the checkpoint does not cover its records"));
        }
        let mut reading = Reading::begin(&proof, &reload, &engine, &vouched)?;
        archive.begin(part::RECORDS, RECORDS)?;
        while let Some(bytes) = next_record(&mut archive)? {
            reading.record(&proof, &bytes)?;
        }
        let read = reading.finish(&proof)?;
        if proof.root(read.tree, sealed.size)? != sealed.root {
            return Err(archive
                .refuse("the records do not lead to the signed root: they are not those that were sealed"));
        }
        let settings = archive.part(part::SETTINGS, LARGE)?;
        if settings != read.in_force {
            return Err(archive.refuse("not what the records say was in force"));
        }
        let in_force = parsed(&settings)?;
        if archive.part(part::NOTICES, LARGE)? != read.revisions.lines() {
            return Err(archive.refuse("not what the records say was said"));
        }
        let first = read.revisions.first();
        let first = first.ok_or_else(|| archive.refuse("nothing was said of this alert"))?;
        let track = archive.part(part::TRACK, LARGE)?;
        let plot = archive.part(part::PLOT, LARGE)?;
        archive.finish()?;
        let begins_under = parsed(&read.begins_under)?;
        let (revisions, span, inputs) = (read.revisions, read.span, read.inputs);
        Ok(Self {
            proof,
            vouched,
            first,
            revisions,
            in_force,
            span,
            inputs,
            begins_under,
            engine,
            track,
            plot,
        })
    }

    /// The alert derived again from the same bundle's records, read once more.
    ///
    /// # Errors
    /// They cannot be read, or the engine in it is none.
    pub fn derive(&self, input: impl Read, mut progress: impl FnMut(u64)) -> Result<Derived, Refusal> {
        let engine = if self.engine.is_empty() {
            Engine::new(self.begins_under.settings.clone())
        } else {
            let restored = Engine::restore(self.begins_under.settings.clone(), &self.engine);
            restored.map_err(|error| Refusal::new(part::ENGINE, error.to_string()))?
        };
        let mut deriving = Deriving::begin(engine, &self.first, self.in_force.settings.clone());
        let mut archive = Reader::new(input);
        for (name, most) in [
            (part::README, SMALL),
            (part::CHECKPOINT, SMALL),
            (part::KEYS, SMALL),
            (part::PROOF, SMALL),
            (part::RELOAD, LARGE),
            (part::ENGINE, ENGINE),
        ] {
            archive.part(name, most)?;
        }
        archive.begin(part::RECORDS, RECORDS)?;
        while let Some(bytes) = next_record(&mut archive)? {
            let record = decoded(&bytes)?;
            progress(record.position);
            deriving.step(&record);
        }
        Ok(deriving.finish())
    }

    /// Whether what was derived is what the bundle says.
    ///
    /// # Errors
    /// What differs.
    pub fn agrees_with(&self, derived: &Derived) -> Result<(), Refusal> {
        let (said, again) = (self.revisions.all(), derived.revisions.all());
        let differs = |what: String| Err(Refusal::new(part::NOTICES, what));
        for (nth, bytes) in (1..).zip(said) {
            match again.get(nth - 1) {
                None => return differs(format!("revision {nth} does not follow from the records")),
                Some(derived) if derived != bytes => {
                    let derived = String::from_utf8_lossy(derived);
                    return differs(format!(
                        "revision {nth} differs from what follows from the records: {derived}"
                    ));
                }
                Some(_) => {}
            }
        }
        if self.track != derived.track {
            return Err(Refusal::new(part::TRACK, "not the path that follows from the records"));
        }
        if self.plot != derived.plot.as_bytes() {
            return Err(Refusal::new(part::PLOT, "not the picture that follows from the records"));
        }
        Ok(())
    }
}

/// Who signed, by the keys in the bundle, of which every one must be needed.
fn vouched(note: &Note, keys: &[u8]) -> Result<Vouched, Refusal> {
    let refuse = |what: &str| Refusal::new(part::KEYS, what);
    let text = std::str::from_utf8(keys).ok().and_then(|text| text.strip_suffix('\n'));
    let lines = text.ok_or_else(|| refuse("not lines of text"))?.split('\n');
    let keys: Vec<VerifierKey> = lines
        .map(VerifierKey::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(&error.to_string()))?;
    let is_in_order = keys.iter().enumerate().all(|(at, key)| (key.kind == KeyKind::Log) == (at == 0));
    let vouched = Vouched::verify(note, &keys)
        .ok_or_else(|| Refusal::new(part::CHECKPOINT, "its signature does not verify"))?;
    let signed_by_all = vouched.witnesses.iter().map(|(key, _)| key).eq(keys.iter().skip(1));
    if !is_in_order || !signed_by_all || !vouched.unknown.is_empty() {
        return Err(refuse("keys and signatures are not the same, in the same order"));
    }
    Ok(vouched)
}

fn next_record(archive: &mut Reader<impl Read>) -> Result<Option<Vec<u8>>, Refusal> {
    let mut len = [0; 4];
    if !archive.read(&mut len)? {
        return Ok(None);
    }
    let len = u32::from_le_bytes(len);
    if len > MAX_RECORD_BYTES {
        return Err(archive.refuse(format!("a record of {len} bytes")));
    }
    let mut bytes = Vec::new();
    // As much room as there are bytes, whatever the length says.
    let mut left = len as usize;
    while left > 0 {
        let piece = left.min(1 << 16);
        let at = bytes.len();
        bytes.resize(at + piece, 0);
        if !archive.read(bytes.get_mut(at..).unwrap_or_default())? {
            return Err(archive.refuse("what is in it ends too early"));
        }
        left -= piece;
    }
    Ok(Some(bytes))
}

pub(super) fn decoded(bytes: &[u8]) -> Result<Record, Refusal> {
    match record_bytes::decode(bytes) {
        Ok(Canonical::Whole(record)) => Ok(record),
        _ => Err(Refusal::new(part::RECORDS, "bytes that are no record")),
    }
}

fn parsed(settings: &[u8]) -> Result<Reload, Refusal> {
    Reload::parse(settings).ok_or_else(|| Refusal::new(part::SETTINGS, "not settings of this version"))
}
