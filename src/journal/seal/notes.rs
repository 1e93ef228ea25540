//! The files of checkpoints: signed notes, one behind the other with an empty line after each.
//!
//! In: notes. Out: the same, by how much they cover. A file is begun after a megabyte, named by the size of its first
//! checkpoint; a tail that a crash tore is cut off, for nobody was told of it.

use std::io::{self, Read};

use super::append_whole;
use crate::journal::storage::{Appending, Storage, put_whole};
use crate::seal::checkpoint::Checkpoint;
use crate::seal::key::VerifierKey;
use crate::seal::note::Note;

const SUFFIX: &str = ".lwc";
const KEYS: &str = "seal.keys";
const FILE_BYTES: u64 = 1 << 20;

/// The end of the newest file.
pub(super) struct Notes {
    current: Option<(Box<dyn Appending>, u64)>,
}

impl Notes {
    /// Opens the newest file and cuts off what is torn; gives the last checkpoint, too.
    pub(super) fn open(storage: &mut dyn Storage) -> io::Result<(Self, Option<Checkpoint>)> {
        while let Some(name) = names(storage)?.pop() {
            let text = text(storage, &name)?;
            let (notes, whole) = whole(&text);
            let mut file = storage.open(&name)?;
            if whole < text.len() {
                if has_whole_behind(&text[whole..]) {
                    return Err(fault(&name, "a checkpoint in it cannot be read, though others follow it"));
                }
                file.cut(whole as u64)?;
                file.sync()?;
            }
            if let Some(last) = notes.last() {
                let last = Checkpoint::parse(&last.text).map_err(|error| fault(&name, &error.to_string()))?;
                return Ok((Self { current: Some((file, whole as u64)) }, Some(last)));
            }
            drop(file);
            storage.remove(&name)?;
            storage.sync_names()?;
        }
        Ok((Self { current: None }, None))
    }

    /// Makes a checkpoint of so many records durable; false if the disk has no room.
    pub(super) fn append(&mut self, storage: &mut dyn Storage, size: u64, note: &Note) -> io::Result<bool> {
        let bytes = format!("{note}\n").into_bytes();
        if let Some((file, at)) = self.current.as_mut().filter(|(_, at)| *at < FILE_BYTES) {
            let done = append_whole(&mut **file, *at, &bytes)?;
            *at += if done { bytes.len() as u64 } else { 0 };
            return Ok(done);
        }
        let name = format!("{size:020}{SUFFIX}");
        let mut file = match storage.create(&name) {
            Ok(file) => file,
            Err(error) if super::is_full(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        if !append_whole(&mut *file, 0, &bytes)? {
            drop(file);
            storage.remove(&name)?;
            return Ok(false);
        }
        storage.sync_names()?;
        self.current = Some((file, bytes.len() as u64));
        Ok(true)
    }
}

/// The checkpoint that was signed last.
///
/// # Errors
/// The folder cannot be read.
pub fn last(storage: &dyn Storage) -> io::Result<Option<Note>> {
    for name in names(storage)?.iter().rev() {
        if let Some(last) = whole(&text(storage, name)?).0.pop() {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

/// The first checkpoint that covers so many records.
///
/// # Errors
/// The folder cannot be read.
pub fn covering(storage: &dyn Storage, size: u64) -> io::Result<Option<Note>> {
    let names = names(storage)?;
    let at = names.partition_point(|name| name.get(..20).and_then(|n| n.parse().ok()) <= Some(size));
    for name in names.iter().skip(at.saturating_sub(1)) {
        let covers = |note: &Note| Checkpoint::parse(&note.text).is_ok_and(|read| read.size >= size);
        if let Some(note) = whole(&text(storage, name)?).0.into_iter().find(covers) {
            return Ok(Some(note));
        }
    }
    Ok(None)
}

/// All checkpoints there are, oldest first, each with its file.
///
/// # Errors
/// The folder cannot be read.
pub fn all(storage: &dyn Storage) -> io::Result<Vec<(String, Checkpoint)>> {
    let mut found = Vec::new();
    for name in names(storage)? {
        for note in whole(&text(storage, &name)?).0 {
            let read = Checkpoint::parse(&note.text).map_err(|error| fault(&name, &error.to_string()))?;
            found.push((name.clone(), read));
        }
    }
    Ok(found)
}

/// The public keys that checkpoints were signed with, oldest first.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn keys(storage: &dyn Storage) -> io::Result<Vec<VerifierKey>> {
    if !storage.names()?.iter().any(|name| name == KEYS) {
        return Ok(Vec::new());
    }
    let bytes = text(storage, KEYS)?;
    let lines = std::str::from_utf8(&bytes).map_err(|_| fault(KEYS, "is not UTF-8"))?.lines();
    lines.map(|line| VerifierKey::parse(line).map_err(|error| fault(KEYS, &error.to_string()))).collect()
}

/// Puts a key that is new behind the others; false if the disk has no room.
pub(super) fn add_key(storage: &mut dyn Storage, key: &VerifierKey) -> io::Result<bool> {
    let mut keys = keys(storage)?;
    if keys.contains(key) {
        return Ok(true);
    }
    keys.push(key.clone());
    let lines: String = keys.iter().map(|key| format!("{key}\n")).collect();
    put_whole(storage, KEYS, &[lines.as_bytes()])
}

/// Takes away the files of checkpoints that cover nothing from `first` on.
///
/// # Errors
/// The folder cannot be written.
pub(in crate::journal) fn forget_before(storage: &mut dyn Storage, first: u64) -> io::Result<()> {
    for pair in names(storage)?.windows(2) {
        if let [old, next] = pair
            && next.get(..20).and_then(|number| number.parse().ok()).is_some_and(|next: u64| next <= first)
        {
            storage.remove(old)?;
        }
    }
    Ok(())
}

fn names(storage: &dyn Storage) -> io::Result<Vec<String>> {
    let is_one = |name: &String| name.len() == 24 && name.ends_with(SUFFIX);
    Ok(storage.names()?.into_iter().filter(is_one).collect())
}

fn text(storage: &dyn Storage, name: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    storage.read(name)?.take(2 * FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The whole notes at the beginning of a file, and how many bytes they take.
fn whole(text: &[u8]) -> (Vec<Note>, usize) {
    let (mut notes, mut at) = (Vec::new(), 0);
    while let Some((note, len)) = text.get(at..).and_then(parsed) {
        notes.push(note);
        at += len;
    }
    (notes, at)
}

/// The note at the beginning of some bytes, with the empty line behind it, and how long both are.
fn parsed(bytes: &[u8]) -> Option<(Note, usize)> {
    let empty_line = |from: usize| {
        let rest = bytes.get(from..)?;
        Some(from + rest.windows(2).position(|pair| pair == b"\n\n")? + 2)
    };
    let end = empty_line(empty_line(0)?)?;
    Some((Note::parse(bytes.get(..end - 1)?).ok()?, end))
}

/// Whether a whole note stands behind one that is not: then that was whole once, for each was synced before the next.
fn has_whole_behind(torn: &[u8]) -> bool {
    let ends = torn.windows(2).enumerate().filter(|(_, pair)| pair == b"\n\n");
    ends.map(|(at, _)| at + 2).any(|at| torn.get(at..).and_then(parsed).is_some())
}

fn fault(name: &str, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {what}"))
}
