//! Snapshots of the machine beside the log, so that a start need not read all of it.
//!
//! In: what the machine was at one position. Out: the same, from the newest that is whole. A snapshot is only ever a
//! short cut: one that cannot be used is passed over, and the log itself says the same. `LWSNAP01 · position u64 ·
//! length u64 · SHA-256 of all this and the content · content`.

use std::borrow::Cow;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::storage::{Storage, put_whole};

const MAGIC: &[u8; 8] = b"LWSNAP01";
const HEAD_BYTES: usize = 56;
const SUFFIX: &str = ".lws";
/// The newest may turn out not to be readable.
const KEPT: usize = 2;
/// And of every so many records the first is kept as long as their frames are: evidence begins from there.
const SPAN: u64 = 1 << 20;

/// Holds `content` as what the machine was before the record at `position`, and forgets older ones. `false` if the
/// disk has no room for it.
///
/// # Errors
/// The folder cannot be written.
pub fn keep(storage: &mut dyn Storage, position: u64, content: &[u8]) -> io::Result<bool> {
    let name = format!("{position:020}{SUFFIX}");
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&position.to_le_bytes());
    head.extend_from_slice(&(content.len() as u64).to_le_bytes());
    let hash = hash(&head, content);
    head.extend_from_slice(&hash);
    if !put_whole(storage, &name, &[&head, content])? {
        return Ok(false);
    }
    let names = names(storage)?;
    let span = |name: &String| Some(position_of(name)? / SPAN);
    let newest = names.len().saturating_sub(KEPT);
    for (at, old) in names.iter().enumerate().take(newest) {
        if at > 0 && names.get(at - 1).and_then(span) == span(old) {
            storage.remove(old)?;
        }
    }
    Ok(true)
}

/// Takes away what was kept of the log before `first`, whose frames are gone; never what a start needs.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn forget_before(storage: &mut dyn Storage, first: u64) -> io::Result<()> {
    let names = names(storage)?;
    for old in names.iter().take(names.len().saturating_sub(KEPT)) {
        if position_of(old).is_some_and(|position| position < first) {
            storage.remove(old)?;
        }
    }
    Ok(())
}

/// What the log itself says of a snapshot: that the engine was this before the record at `position`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    act: Cow<'static, str>,
    /// The position.
    pub position: u64,
    /// SHA-256 of the engine's own snapshot, lower-case hex.
    pub sha256: String,
}

impl Commitment {
    const ACT: &str = "snapshot";

    /// To a snapshot with this hash.
    #[must_use]
    pub fn new(position: u64, sha256: &[u8; 32]) -> Self {
        let sha256 = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { act: Cow::Borrowed(Self::ACT), position, sha256 }
    }

    /// Its act.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and a number have a JSON form")
    }

    /// The commitment that an act is; none for any other act.
    #[must_use]
    pub fn parse(act: &[u8]) -> Option<Self> {
        serde_json::from_slice(act).ok().filter(|parsed: &Self| parsed.act == Self::ACT)
    }
}

/// The snapshots there are, newest first, each with its position, up to `end`: `use_it` says whether it will do.
///
/// # Errors
/// The folder cannot be read.
pub fn newest<T>(
    storage: &dyn Storage,
    end: u64,
    mut use_it: impl FnMut(u64, &[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    for name in names(storage)?.iter().rev() {
        let mut bytes = Vec::new();
        storage.read(name)?.read_to_end(&mut bytes)?;
        let Some((position, content)) = whole(&bytes).filter(|(position, _)| *position <= end) else {
            tracing::warn!(
                name,
                "a snapshot that is not whole, or of a log that is not here, is passed over"
            );
            continue;
        };
        if let Some(used) = use_it(position, content) {
            return Ok(Some(used));
        }
    }
    Ok(None)
}

/// Position of the older of the newest snapshots: what stands behind it in the log is needed to start.
///
/// # Errors
/// The folder cannot be read.
pub fn oldest_position(storage: &dyn Storage) -> io::Result<Option<u64>> {
    let names = names(storage)?;
    Ok(names.get(names.len().saturating_sub(KEPT)).and_then(|name| position_of(name)))
}

fn position_of(name: &str) -> Option<u64> {
    name.get(..20)?.parse().ok()
}

fn hash(head: &[u8], content: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(head).chain_update(content).finalize().into()
}

fn names(storage: &dyn Storage) -> io::Result<Vec<String>> {
    let is_one = |name: &String| name.len() == 24 && name.ends_with(SUFFIX);
    Ok(storage.names()?.into_iter().filter(is_one).collect())
}

fn whole(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, content) = bytes.split_at_checked(HEAD_BYTES)?;
    let number = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let is_whole = head.starts_with(MAGIC)
        && number(16)? == content.len() as u64
        && head.get(24..)? == hash(head.get(..24)?, content);
    is_whole.then_some((number(8)?, content))
}

#[cfg(test)]
mod tests {
    use super::super::disk::Disk;
    use super::*;

    #[test]
    fn the_newest_whole_one_is_used_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let mut disk = Disk::at(dir.path()).unwrap();
        for position in [5, 6, 70, 800] {
            assert!(keep(&mut disk, position, format!("at {position}").as_bytes()).unwrap());
        }
        let at = |end| newest(&disk, end, |position, content| Some((position, content.to_vec()))).unwrap();
        assert_eq!(at(10_000), Some((800, b"at 800".to_vec())));
        assert_eq!(at(799), Some((70, b"at 70".to_vec())), "of a log that ends before it, it is not");
        assert_eq!(at(69), Some((5, b"at 5".to_vec())), "the first of many is kept");
        forget_before(&mut Disk::at(dir.path()).unwrap(), 10_000).unwrap();
        assert_eq!(at(69), None, "while its frames are");
        assert_eq!(oldest_position(&disk).unwrap(), Some(70));
        let newest = dir.path().join(format!("{:020}.lws", 800));
        for at_byte in [0, 9, 17, 30, 57] {
            let whole = std::fs::read(&newest).unwrap();
            let mut changed = whole.clone();
            changed[at_byte] ^= 1;
            std::fs::write(&newest, changed).unwrap();
            assert_eq!(at(10_000).map(|(position, _)| position), Some(70), "byte {at_byte}");
            std::fs::write(&newest, whole).unwrap();
        }
    }

    #[test]
    fn of_many_records_one_snapshot_stays_and_any_start_has_two() {
        let dir = tempfile::tempdir().unwrap();
        let mut disk = Disk::at(dir.path()).unwrap();
        for tenth in 0..35 {
            assert!(keep(&mut disk, tenth * SPAN / 10, b"x").unwrap());
        }
        let kept: Vec<u64> = names(&disk).unwrap().iter().filter_map(|name| position_of(name)).collect();
        assert_eq!(kept, [0, SPAN, 2 * SPAN, 3 * SPAN, 33 * SPAN / 10, 34 * SPAN / 10]);
        assert_eq!(oldest_position(&disk).unwrap(), Some(33 * SPAN / 10));
    }

    #[test]
    fn what_the_log_says_of_a_snapshot_is_an_act_and_no_other_act_is() {
        let made = Commitment::new(7, &[0xab; 32]);
        let act = String::from_utf8(made.to_bytes()).unwrap();
        assert_eq!(act, format!(r#"{{"act":"snapshot","position":7,"sha256":"{}"}}"#, "ab".repeat(32)));
        assert_eq!(Commitment::parse(act.as_bytes()), Some(made));
        assert_eq!(Commitment::parse(act.replace("snapshot", "stopped").as_bytes()), None);
    }
}
