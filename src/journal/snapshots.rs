//! Snapshots of the machine beside the log, so that a start need not read all of it.
//!
//! In: what the machine was at one position. Out: the same, from the newest that is whole. A snapshot is only ever a
//! short cut: one that cannot be used is passed over, and the log itself says the same. `LWSNAP01 · position u64 ·
//! length u64 · SHA-256 of all this and the content · content`.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::storage::{Storage, put_whole};

const MAGIC: &[u8; 8] = b"LWSNAP01";
const HEAD_BYTES: usize = 56;
const SUFFIX: &str = ".lws";
/// The newest may turn out not to be readable.
const KEPT: usize = 2;

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
    for old in names(storage)?.iter().rev().skip(KEPT) {
        storage.remove(old)?;
    }
    Ok(true)
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

/// Position of the oldest snapshot: what stands behind it in the log is needed to start.
///
/// # Errors
/// The folder cannot be read.
pub fn oldest_position(storage: &dyn Storage) -> io::Result<Option<u64>> {
    Ok(names(storage)?.first().and_then(|name| name.get(..20)?.parse().ok()))
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
        for position in [5, 70, 800] {
            assert!(keep(&mut disk, position, format!("at {position}").as_bytes()).unwrap());
        }
        let at = |end| newest(&disk, end, |position, content| Some((position, content.to_vec()))).unwrap();
        assert_eq!(at(10_000), Some((800, b"at 800".to_vec())));
        assert_eq!(at(799), Some((70, b"at 70".to_vec())), "of a log that ends before it, it is not");
        assert_eq!(at(69), None);
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
}
