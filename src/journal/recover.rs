//! What a crash left, and where the log goes on (`FORMAT.md`, "Reading what a crash left").
//!
//! In: a folder. Out: its end, with the torn tail of a group that nobody was told of cut off. Looks at the last segment
//! only, so that a start takes the same time after a day and after a year.

use std::io::{self, Read};

use super::history::plain;
use super::layout::{Hash, Header};
use super::reader::{SegmentReader, find_record};
use super::record_bytes::Canonical;
use super::storage::Storage;
use crate::record::Record;

/// Suffix of a segment that may still grow.
pub(super) const OPEN_SUFFIX: &str = ".lwj";
const UNFINISHED_SUFFIX: &str = ".tmp";
/// Room for what stands behind a bad record: a segment and its last group are far smaller.
const MAX_REST_BYTES: u64 = 1 << 30;

/// Where a log ends.
#[derive(Debug, Default)]
pub(super) struct End {
    /// The position that the next record gets.
    pub(super) next: u64,
    /// Chain value before it.
    pub(super) chain: Hash,
    /// The last record that could be read.
    pub(super) last: Option<Record>,
    /// The segment to go on with, and its length.
    pub(super) open: Option<(String, u64)>,
    /// Positions that could not be read, in the last segment: the first run of them.
    pub(super) damage: Option<(u64, u64)>,
    /// Bytes cut off because nobody can have been told that they were kept.
    pub(super) cut_bytes: u64,
}

/// The segments of a log, oldest first: those that are open, closed, compressed or thinned.
///
/// # Errors
/// The folder cannot be read.
pub fn segments(storage: &dyn Storage) -> io::Result<Vec<String>> {
    let mut names: Vec<String> =
        storage.names()?.into_iter().filter(|name| first_of(name).is_some()).collect();
    // A crash may leave a segment beside what it was being replaced with: the fuller one sorts first.
    names.dedup_by_key(|name| first_of(name));
    Ok(names)
}

/// The position in a segment's name.
#[must_use]
pub fn first_of(name: &str) -> Option<u64> {
    let (digits, suffix) = name.split_at_checked(20)?;
    let is_segment = matches!(suffix, ".lwj" | ".lwj.zst" | ".lwk" | ".lwk.zst");
    (is_segment && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Finds the end of the log, and mends what a crash left there.
///
/// # Errors
/// The folder cannot be read or written, or a file in it is not ours.
pub(super) fn recover(storage: &mut dyn Storage, sector: &str) -> io::Result<End> {
    remove_unfinished(storage)?;
    let mut names = segments(storage)?;
    while let Some(name) = names.pop() {
        let Some(reader) = begin(storage, &name)? else {
            let first = first_of(&name).unwrap_or_default();
            if let Some(found) = behind_damage(&rest_of(storage, &name, 0)?, first) {
                // Its header was whole once: groups were begun after the first.
                let length = storage.len(&name)?;
                make_durable(storage, &name, found.group_at as u64, length)?;
                let damage = Some((first, found.first));
                let chain = names.last().map_or(Ok(None), |before| chain_after(storage, before))?;
                return Ok(End {
                    next: found.next,
                    chain: chain.unwrap_or_default(),
                    last: found.last,
                    damage,
                    ..End::default()
                });
            }
            // Nothing of it can have been acknowledged: its first group is not whole, not even the header.
            storage.remove(&name)?;
            storage.sync_names()?;
            continue;
        };
        if reader.header.sector != sector {
            let found = &reader.header.sector;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{name} is of sector {found:?}, not {sector:?}; give this sector a folder of its own"
                ),
            ));
        }
        let first = reader.header.first;
        let end = end_of(storage, &name, reader)?;
        if end.next > first || end.damage.is_some() {
            return Ok(end);
        }
        // Only its header was whole: the log ends with the segment before.
        storage.remove(&name)?;
        storage.sync_names()?;
    }
    Ok(End::default())
}

type Reading = SegmentReader<io::BufReader<Box<dyn Read + Send>>>;

pub(super) fn begin(storage: &dyn Storage, name: &str) -> io::Result<Option<Reading>> {
    SegmentReader::begin(storage.read(name)?)
        .map_err(|error| io::Error::new(error.kind(), format!("{name} {error}")))
}

/// The chain value behind a segment's records; none if its header cannot be read.
fn chain_after(storage: &dyn Storage, name: &str) -> io::Result<Option<Hash>> {
    let Some(mut reader) = SegmentReader::begin(plain(storage, name)?)? else { return Ok(None) };
    while reader.next_entry()?.is_some() {}
    Ok(Some(reader.chain))
}

fn end_of(storage: &mut dyn Storage, name: &str, mut reader: Reading) -> io::Result<End> {
    let mut last = None;
    while let Some(entry) = reader.next_entry()? {
        if let Canonical::Whole(record) = entry.canonical {
            last = Some(record);
        }
    }
    let mut end = End { next: reader.next, chain: reader.chain, last, ..End::default() };
    let (whole, group_at) = (reader.whole_bytes(), reader.group_at());
    let length = storage.len(name)?;
    drop(reader);
    let rest = rest_of(storage, name, whole)?;
    if let Some(found) = behind_damage(&rest, end.next) {
        make_durable(storage, name, whole + found.group_at as u64, length)?;
        end.damage = Some((end.next, found.first));
        end.last = found.last.or(end.last);
        end.next = found.next;
        return Ok(end);
    }
    make_durable(storage, name, group_at, whole)?;
    end.cut_bytes = length - whole;
    // A segment that is closed stays as it is.
    end.open = name.ends_with(OPEN_SUFFIX).then(|| (name.to_owned(), whole));
    Ok(end)
}

/// A process that was killed, or whose sync failed, may have written its last group and brought neither it nor the
/// segment's name to the disk; a sync that follows a failed one passes over what was not written since. So that group
/// is written again, in its place, before anything relies on it. Groups before it were synced before it was begun.
fn make_durable(storage: &mut dyn Storage, name: &str, group_at: u64, whole: u64) -> io::Result<()> {
    let mut group = rest_of(storage, name, group_at)?;
    group.truncate(usize::try_from(whole - group_at).unwrap_or(usize::MAX));
    let is_torn = storage.len(name)? > whole;
    let mut file = storage.open(name)?;
    if is_torn {
        file.cut(whole)?;
    }
    file.rewrite(group_at, &group)?;
    file.sync()?;
    storage.sync_names()
}

/// The bytes of a segment from `from` on.
pub(super) fn rest_of(storage: &dyn Storage, name: &str, from: u64) -> io::Result<Vec<u8>> {
    let mut input = storage.read(name)?;
    io::copy(&mut input.by_ref().take(from), &mut io::sink())?;
    let mut rest = Vec::new();
    input.take(MAX_REST_BYTES).read_to_end(&mut rest)?;
    Ok(rest)
}

/// Readable records behind a bad one that had been synced.
pub(super) struct Found {
    /// Where in the bytes the last group begins, as far as it can be read.
    group_at: usize,
    first: u64,
    next: u64,
    last: Option<Record>,
}

/// Looks behind a record that is not whole, at `expected`: nothing if no group was begun after it, so that it was never
/// synced; else where the readable records end.
pub(super) fn behind_damage(rest: &[u8], expected: u64) -> Option<Found> {
    let (mut rest, mut next, mut last, mut first) = (rest, expected, None, None);
    let (mut was_synced, mut passed, mut group_at) = (false, 0, 0);
    while let Some((at, entry)) = find_record(rest, next) {
        let position = entry.position();
        if entry.nth == 0 || first.is_none() {
            group_at = passed + at;
        }
        passed += at + 1;
        was_synced |= position - u64::from(entry.nth).min(position) > expected;
        next = position.saturating_add(1);
        first = first.or(Some(position));
        if let Canonical::Whole(record) = entry.canonical {
            last = Some(record);
        }
        rest = rest.get(at + 1..)?;
    }
    let first = first.filter(|_| was_synced)?;
    Some(Found { group_at, first, next, last })
}

fn remove_unfinished(storage: &mut dyn Storage) -> io::Result<()> {
    let unfinished: Vec<String> =
        storage.names()?.into_iter().filter(|name| name.ends_with(UNFINISHED_SUFFIX)).collect();
    for name in &unfinished {
        storage.remove(name)?;
    }
    if unfinished.is_empty() { Ok(()) } else { storage.sync_names() }
}

/// A segment that begins at `end`.
pub(super) fn header_after(next: u64, chain: Hash, after_damage: bool, sector: &str) -> Header {
    Header { first: next, chain, after_damage, thinned: false, sector: sector.to_owned() }
}
