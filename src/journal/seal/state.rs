//! How far the tree has grown, beside the log: so that a start need not read all of it.
//!
//! `LWSEAL01 · size u64 · one hash for each bit of the size that is set, the highest first · SHA-256 of all this`.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::journal::storage::{Storage, put_whole};
use crate::seal::tree::{Frontier, Hash};

const MAGIC: &[u8; 8] = b"LWSEAL01";
/// The file's name.
pub const NAME: &str = "seal.state";
const MOST_BYTES: u64 = 16 + 65 * 32;

/// Holds the tree as it is; false if the disk has no room.
pub(super) fn write(storage: &mut dyn Storage, frontier: &Frontier) -> io::Result<bool> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&frontier.size().to_le_bytes());
    frontier.peaks().iter().for_each(|peak| bytes.extend_from_slice(peak));
    let hash = Sha256::digest(&bytes);
    put_whole(storage, NAME, &[&bytes, &hash])
}

/// The tree as it was held last; `None` if it is not there, or not whole.
pub(super) fn read(storage: &dyn Storage) -> io::Result<Option<Frontier>> {
    if !storage.names()?.iter().any(|name| name == NAME) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    storage.read(NAME)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let frontier = parse(&bytes);
    if frontier.is_none() {
        tracing::warn!(NAME, "is not whole: the tree is made again from the records");
    }
    Ok(frontier)
}

fn parse(bytes: &[u8]) -> Option<Frontier> {
    let (covered, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if hash != &Sha256::digest(covered)[..] {
        return None;
    }
    let (size, peaks) = covered.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let (peaks, rest) = peaks.as_chunks::<32>();
    let peaks: Vec<Hash> = peaks.to_vec();
    rest.is_empty().then(|| Frontier::from_peaks(u64::from_le_bytes(*size), peaks))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::disk::Disk;

    #[test]
    fn a_tree_comes_back_and_any_changed_byte_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let mut disk = Disk::at(dir.path()).unwrap();
        assert_eq!(read(&disk).unwrap(), None);
        let mut frontier = Frontier::default();
        (0..11u8).for_each(|n| frontier.push([n; 32], |_, _| {}));
        assert!(write(&mut disk, &frontier).unwrap());
        assert_eq!(read(&disk).unwrap(), Some(frontier));
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(parse(&changed).is_none() && parse(&whole[..at]).is_none(), "byte {at}");
        }
    }
}
