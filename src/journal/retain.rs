//! What becomes of old segments: first they are compressed, then their frames make room, at last they go.
//!
//! In: a folder, limits, the log's time. Out: less of it. Raw frames go before alerts: a thinned segment keeps every notice,
//! act and delivery, and of each frame its leaf, so that the chain still holds. Nothing that a start needs is touched.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::history::plain;
use super::layout::{put_record, put_thinned};
use super::reader::SegmentReader;
use super::record_bytes::Canonical;
use super::recover::{OPEN_SUFFIX, first_of, segments};
use super::seal::{edge, notes};
use super::snapshots;
use super::storage::{Storage, put_whole};
use crate::record::Body;
use crate::time::{Span, Timestamp};

/// How much is kept. Checked by `config`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Frames go when they are older than this.
    pub frames: Span,
    /// Everything goes when it is older than this.
    pub alerts: Span,
    /// Past this many bytes the oldest frames go, then the oldest of all.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let day = 24 * 3600;
        Self { frames: Span::from_secs(30 * day), alerts: Span::from_secs(3650 * day), bytes: 100 << 30 }
    }
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Segments compressed.
    pub compressed: u32,
    /// Segments whose frames made room.
    pub thinned: u32,
    /// Segments that went.
    pub removed: u32,
    /// Bytes of all segments but the open one, now.
    pub bytes: u64,
}

/// Keeps a journal's folder within its limits.
pub struct Keeper {
    storage: Box<dyn Storage>,
    limits: Limits,
    /// Stamps of the last records of closed segments, by their first positions: they do not change.
    latest: BTreeMap<u64, Timestamp>,
}

impl Keeper {
    /// A keeper of the log in `storage`.
    #[must_use]
    pub fn new(storage: Box<dyn Storage>, limits: Limits) -> Self {
        Self { storage, limits, latest: BTreeMap::new() }
    }

    /// The folder, for the snapshots that lie in it, too.
    pub fn storage(&mut self) -> &mut dyn Storage {
        &mut *self.storage
    }

    /// One round over all segments that are closed and end before `needed`, the position a start would begin at.
    ///
    /// # Errors
    /// The folder cannot be read or written. A full disk is none: what cannot be compressed now can be later.
    pub fn tidy(&mut self, now: Timestamp, needed: u64) -> io::Result<Done> {
        let mut done = Done::default();
        remove_superseded(&mut *self.storage)?;
        let mut spare: Vec<(String, u64)> = Vec::new();
        for pair in segments(&*self.storage)?.windows(2) {
            let [name, next] = pair else { continue };
            if first_of(next).is_none_or(|next| next > needed) {
                done.bytes += self.storage.len(name)?;
                continue;
            }
            if let Some(name) = self.grow_old(name, now, &mut done)? {
                let bytes = self.storage.len(&name)?;
                spare.push((name, bytes));
            }
        }
        self.make_room(&mut spare, &mut done)?;
        done.bytes += spare.iter().map(|(_, bytes)| bytes).sum::<u64>();
        if done.removed > 0 {
            self.storage.sync_names()?;
        }
        self.forget_what_is_gone()?;
        Ok(done)
    }

    /// Snapshots without their frames, and checkpoints without their records, show nothing.
    fn forget_what_is_gone(&mut self) -> io::Result<()> {
        let names = segments(&*self.storage)?;
        let first = |name: Option<&String>| name.and_then(|name| first_of(name));
        if let Some(with_frames) = first(names.iter().find(|name| is_thick(name))) {
            snapshots::forget_before(&mut *self.storage, with_frames)?;
        }
        let Some(oldest) = first(names.first()) else { return Ok(()) };
        edge::forget_all_but(&mut *self.storage, oldest)?;
        notes::forget_before(&mut *self.storage, oldest)
    }

    /// What becomes of one segment by its age; `None` if it is gone.
    fn grow_old(&mut self, name: &str, now: Timestamp, done: &mut Done) -> io::Result<Option<String>> {
        let name = compress(&mut *self.storage, name, done)?;
        let Some(age) = self.latest(&name)?.map(|latest| now.since(latest)) else { return Ok(Some(name)) };
        if age > self.limits.alerts {
            self.remove(&name)?;
            done.removed += 1;
            return Ok(None);
        }
        if age > self.limits.frames && is_thick(&name) {
            return thin(&mut *self.storage, &name, done).map(Some);
        }
        Ok(Some(name))
    }

    /// Past the limit of bytes: frames of the oldest first, then the oldest of all.
    fn make_room(&mut self, spare: &mut Vec<(String, u64)>, done: &mut Done) -> io::Result<()> {
        let limit = self.limits.bytes.saturating_sub(done.bytes);
        let is_over = |spare: &[(String, u64)]| spare.iter().map(|(_, bytes)| bytes).sum::<u64>() > limit;
        for at in 0..spare.len() {
            if !is_over(spare) {
                return Ok(());
            }
            if is_thick(&spare[at].0) {
                let name = thin(&mut *self.storage, &spare[at].0, done)?;
                spare[at] = (name.clone(), self.storage.len(&name)?);
            }
        }
        while is_over(spare) && !spare.is_empty() {
            self.remove(&spare[0].0)?;
            done.removed += 1;
            spare.remove(0);
        }
        Ok(())
    }

    /// A segment goes; what proofs about the records behind it need of it stays.
    fn remove(&mut self, name: &str) -> io::Result<()> {
        let names = segments(&*self.storage)?;
        let next = names.get(1).filter(|_| names[0] == name).and_then(|next| first_of(next));
        let waiting = next.map(|next| edge::keep(&mut *self.storage, next)).transpose()?.flatten();
        self.storage.remove(name)?;
        if let (Some(next), Some(bytes)) = (next, waiting) {
            // There is room now.
            edge::put(&mut *self.storage, next, &bytes)?;
        }
        Ok(())
    }

    fn latest(&mut self, name: &str) -> io::Result<Option<Timestamp>> {
        let first = first_of(name).unwrap_or_default();
        if let Some(latest) = self.latest.get(&first) {
            return Ok(Some(*latest));
        }
        let Some(mut reader) = SegmentReader::begin(plain(&*self.storage, name)?)? else { return Ok(None) };
        while reader.next_entry()?.is_some() {}
        if let Some(latest) = reader.latest() {
            self.latest.insert(first, latest);
        }
        Ok(reader.latest())
    }
}

fn is_thick(name: &str) -> bool {
    name.contains(OPEN_SUFFIX)
}

/// A crash between the new form's name and the old one's removal leaves both.
fn remove_superseded(storage: &mut dyn Storage) -> io::Result<()> {
    let names = storage.names()?;
    let mut removed = false;
    for pair in names.windows(2) {
        if let [old, new] = pair
            && first_of(old).is_some()
            && first_of(old) == first_of(new)
        {
            storage.remove(old)?;
            removed = true;
        }
    }
    if removed { storage.sync_names() } else { Ok(()) }
}

/// Puts `bytes` in the place of `old`, under `new`; whichever is there after a crash is whole.
fn replace(storage: &mut dyn Storage, old: &str, new: &str, bytes: &[u8]) -> io::Result<bool> {
    if !put_whole(storage, new, &[bytes])? {
        return Ok(false);
    }
    storage.remove(old)?;
    storage.sync_names()?;
    Ok(true)
}

fn compress(storage: &mut dyn Storage, name: &str, done: &mut Done) -> io::Result<String> {
    if !name.ends_with(OPEN_SUFFIX) {
        return Ok(name.to_owned());
    }
    let mut bytes = Vec::new();
    storage.read(name)?.read_to_end(&mut bytes)?;
    let compressed = zstd::stream::encode_all(&bytes[..], 3)?;
    let new = format!("{name}.zst");
    if replace(storage, name, &new, &compressed)? {
        done.compressed += 1;
        return Ok(new);
    }
    Ok(name.to_owned())
}

/// Lets a segment's frames make room; a segment that is not whole stays as it is.
fn thin(storage: &mut dyn Storage, name: &str, done: &mut Done) -> io::Result<String> {
    let Some(mut reader) = SegmentReader::begin(plain(storage, name)?)? else { return Ok(name.to_owned()) };
    let mut header = reader.header.clone();
    header.thinned = true;
    let mut bytes = header.to_bytes();
    while let Some(entry) = reader.next_entry()? {
        match entry.canonical {
            Canonical::Whole(record) if !matches!(record.body, Body::Frame { .. }) => {
                put_record(&record, entry.nth, &mut bytes);
            }
            _ => put_thinned(entry.position(), &entry.leaf, entry.nth, &mut bytes),
        }
    }
    let whole = io::copy(&mut plain(storage, name)?, &mut io::sink())?;
    if reader.whole_bytes() != whole {
        return Ok(name.to_owned());
    }
    let stem = name.get(..20).unwrap_or(name);
    let new = format!("{stem}.lwk.zst");
    if replace(storage, name, &new, &zstd::stream::encode_all(&bytes[..], 3)?)? {
        done.thinned += 1;
        return Ok(new);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::Log;
    use super::super::disk::Disk;
    use super::super::history::History;
    use super::super::seal::Sealer;
    use super::super::seal::kept::Kept;
    use super::super::verify::examine;
    use super::super::writer::Segments;
    use super::*;
    use crate::record::{Link, Record};
    use crate::seal::proof::{Nodes as _, cover, includes, inclusion};
    use crate::seal::tree::folded;
    use crate::sensor::SensorId;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    /// A journal of many small segments, one frame and one notice a second.
    fn journal(dir: &std::path::Path) -> Vec<Record> {
        let open = || Box::new(Disk::at(dir).unwrap());
        let (mut log, _) = Segments::with_limits(open(), "east-3", 2_000, 0).unwrap();
        let mut records = Vec::new();
        for second in 0..100 {
            // Like what sensors send, no two alike: what is alike compresses to nothing.
            let bytes = (0..8u8).flat_map(|n| Sha256::digest(format!("{n} {second}"))).collect();
            let frame = Body::Frame { sensor: SensorId::new("r1").unwrap(), link: Link::Udp, bytes };
            let notice = Body::Notice { bytes: format!("{{\"n\":{second}}}").into_bytes() };
            log.append(at(second), &mut vec![frame, notice], &mut records).unwrap();
        }
        records
    }

    fn tidied(dir: &std::path::Path, now: i64, needed: u64, limits: Limits) -> Done {
        Keeper::new(Box::new(Disk::at(dir).unwrap()), limits).tidy(at(now), needed).unwrap()
    }

    fn notices(dir: &std::path::Path) -> usize {
        let disk = Disk::at(dir).unwrap();
        let mut history = History::from(&disk, 0).unwrap();
        let mut count = 0;
        while let Some(record) = history.next_record(0).unwrap() {
            count += usize::from(matches!(record.body, Body::Notice { .. }));
        }
        count
    }

    #[test]
    fn old_frames_make_room_notices_stay_and_the_chain_holds() {
        let dir = tempfile::tempdir().unwrap();
        let records = journal(dir.path());
        let disk = Disk::at(dir.path()).unwrap();
        let before = examine(&disk, |_| {}).unwrap();
        let end = records.last().unwrap().position + 1;
        let limits = Limits { frames: Span::from_secs(40), ..Limits::default() };
        let done = tidied(dir.path(), 100, end, limits);
        assert!(done.compressed > 3 && done.thinned > 3 && done.removed == 0, "{done:?}");
        let after = examine(&disk, |_| {}).unwrap();
        assert_eq!((after.end, after.records), (before.end, before.records));
        assert!(after.faults.is_empty(), "{:?}", after.faults);
        assert_eq!(notices(dir.path()), 100);
        assert!((30..60).contains(&after.sensors["r1"].0), "{:?}", after.sensors);
        assert_eq!(tidied(dir.path(), 100, end, limits), Done { bytes: done.bytes, ..Done::default() });
        // What a start needs is not touched.
        let dir = tempfile::tempdir().unwrap();
        journal(dir.path());
        assert_eq!(tidied(dir.path(), 1_000_000, 0, limits).compressed, 0);
    }

    #[test]
    fn past_the_limit_of_bytes_frames_go_before_alerts() {
        let dir = tempfile::tempdir().unwrap();
        let end = journal(dir.path()).last().unwrap().position + 1;
        let all = tidied(dir.path(), 100, end, Limits::default());
        let less = tidied(dir.path(), 100, end, Limits { bytes: all.bytes - 500, ..Limits::default() });
        assert!(less.thinned > 0 && less.removed == 0 && less.bytes <= all.bytes - 500, "{less:?}");
        assert_eq!(notices(dir.path()), 100);
        let none = tidied(dir.path(), 100, end, Limits { bytes: 1_000, ..Limits::default() });
        assert!(none.removed > 0 && none.bytes <= 1_000, "{none:?}");
        let disk = Disk::at(dir.path()).unwrap();
        let found = examine(&disk, |_| {}).unwrap();
        assert!(found.faults.is_empty() && found.first > Some(0), "the rest holds together: {found:?}");
    }

    #[test]
    fn whatever_a_crash_leaves_of_a_replacement_reads_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let end = journal(dir.path()).last().unwrap().position + 1;
        let disk = Disk::at(dir.path()).unwrap();
        let before = examine(&disk, |_| {}).unwrap();
        let first = segments(&disk).unwrap().remove(0);
        let kept = std::fs::read(dir.path().join(&first)).unwrap();
        tidied(dir.path(), 100, end, Limits::default());
        std::fs::write(dir.path().join(&first), kept).unwrap();
        let after = examine(&disk, |_| {}).unwrap();
        assert_eq!((after.records, after.end, after.faults.len()), (before.records, before.end, 0));
        assert_eq!(tidied(dir.path(), 100, end, Limits::default()).compressed, 0);
        assert_eq!(examine(&disk, |_| {}).unwrap().records, before.records);
    }

    #[test]
    fn the_oldest_records_that_are_left_can_be_proved() {
        let dir = tempfile::tempdir().unwrap();
        let disk = || Box::new(Disk::at(dir.path()).unwrap());
        let (mut log, _) = Segments::with_limits(disk(), "east-3", 20_000, 0).unwrap();
        let mut records = Vec::new();
        for second in 0..2_500 {
            let notice = Body::Notice { bytes: format!("{{\"n\":{second}}}").into_bytes() };
            log.append(at(second), &mut vec![notice], &mut records).unwrap();
        }
        let end = records.last().unwrap().position + 1;
        let mut sealer = Sealer::open(disk(), None, end).unwrap();
        sealer.seal().unwrap();
        let whole: Vec<_> =
            (0..end).map(|n| Kept::new(&*disk()).unwrap().node(0, n).unwrap()).step_by(97).collect();
        let left = cover(&mut Kept::new(&*disk()).unwrap(), 0, end).unwrap();
        let mut oldest = 0;
        for age in [2_200, 1_200, 600] {
            let done =
                tidied(dir.path(), 2_500, end, Limits { alerts: Span::from_secs(age), ..Limits::default() });
            assert!(done.removed > 0, "{done:?}");
            let names = segments(&*disk()).unwrap();
            oldest = first_of(&names[0]).unwrap();
            assert!(oldest % 1_024 > 0, "{oldest}: a block's edge shows nothing");
            let edges = disk().names().unwrap().iter().filter(|name| name.starts_with("edge-")).count();
            assert_eq!(edges, 1);
            let storage = disk();
            let mut kept = Kept::new(&*storage).unwrap();
            for position in oldest..end {
                let path = inclusion(&mut kept, position, end).unwrap();
                if position % 97 == 0 {
                    let leaf = &whole[usize::try_from(position / 97).unwrap()];
                    assert!(includes(leaf, position, end, &path, &folded(&left).unwrap()), "{position}");
                }
            }
            assert!(examine(&*disk(), |_| {}).unwrap().faults.is_empty());
        }
        std::fs::remove_file(dir.path().join(format!("edge-{oldest:020}"))).unwrap();
        assert!(
            inclusion(&mut Kept::new(&*disk()).unwrap(), oldest, end).is_err(),
            "the edge is what proves it"
        );
    }
}
