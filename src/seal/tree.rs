//! The Merkle tree of RFC 6962, section 2.1, grown leaf by leaf.
//!
//! In: leaf hashes in order. Out: the root at any time. A tree of n leaves is held as its [`Frontier`]: the roots of the
//! complete subtrees that n is the sum of, so that a journal of years is sealed with some forty hashes in memory and one
//! or two hashings a record.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash of one leaf: SHA-256(0x00 ‖ bytes).
#[must_use]
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// Where a tree grows: the roots of its complete subtrees, the largest first. RFC 9162 calls it the compact range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier from what [`Frontier::peaks`] gave; `None` if no tree of this size has so many.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One for each bit of the size that is set, the highest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf's hash; `completed` is told of each inner node that this completes: its level and its hash.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, &Hash)) {
        let mut hash = leaf;
        for level in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a set bit of the size has its peak");
            hash = node(&left, &hash);
            completed(level + 1, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Adds a complete subtree of 2^`level` leaves; false, and nothing changed, where none can stand.
    #[must_use]
    pub fn append(&mut self, level: u32, root: Hash) -> bool {
        let Some(leaves) = 1u64.checked_shl(level) else { return false };
        if !self.size.is_multiple_of(leaves) || self.size.checked_add(leaves).is_none() {
            return false;
        }
        let mut hash = root;
        for _ in 0..(self.size >> level).trailing_ones() {
            let left = self.peaks.pop().expect("a set bit of the size has its peak");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += leaves;
        true
    }

    /// The hash of the tree so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        folded(&self.peaks).unwrap_or_else(empty)
    }
}

/// The root over neighbouring subtrees, the largest first.
#[must_use]
pub fn folded(subtrees: &[Hash]) -> Option<Hash> {
    subtrees.iter().rev().copied().reduce(|right, left| node(&left, &right))
}

/// The complete subtrees that leaves `from..to` of a tree are made of, from left to right: level and index among those
/// of its level. Each is the largest that begins where it does and ends by `to`.
pub fn subtrees(from: u64, to: u64) -> impl Iterator<Item = (u32, u64)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let left = to.checked_sub(at).filter(|left| *left > 0)?;
        let level = at.trailing_zeros().min(left.ilog2());
        let index = at >> level;
        at += 1 << level;
        Some((level, index))
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "a handful of leaves")]
pub(crate) mod tests {
    use super::*;

    /// The leaves that the RFC's first implementation, certificate-transparency, is tested with, and its roots.
    pub(crate) const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    pub(crate) fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// The definition of RFC 6962, word for word.
    pub(crate) fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty(),
            [one] => *one,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node(&by_definition(&leaves[..k]), &by_definition(&leaves[k..]))
            }
        }
    }

    pub(crate) fn many(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf(&n.to_le_bytes())).collect()
    }

    #[test]
    fn roots_are_those_that_were_published() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root(), *bytes(ROOTS[0]));
        for (text, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            frontier.push(leaf(&bytes(text)), |_, _| {});
            assert_eq!(frontier.root(), *bytes(root));
        }
    }

    #[test]
    fn a_tree_grown_leaf_by_leaf_or_by_subtrees_has_the_root_of_the_definition() {
        let leaves = many(200);
        let mut grown = Frontier::default();
        for n in 0..=200usize {
            assert_eq!(grown.root(), by_definition(&leaves[..n]), "{n}");
            assert_eq!(Frontier::from_peaks(n as u64, grown.peaks().to_vec()), Some(grown.clone()));
            for m in 0..=n {
                let mut pieced = Frontier::default();
                leaves[..m].iter().for_each(|leaf| pieced.push(*leaf, |_, _| {}));
                for (level, index) in subtrees(m as u64, n as u64) {
                    let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
                    assert!(pieced.append(level, by_definition(&leaves[from..to])));
                }
                assert_eq!(pieced, grown, "{m} of {n}");
            }
            if let Some(leaf) = leaves.get(n) {
                grown.push(*leaf, |_, _| {});
            }
        }
    }

    #[test]
    fn subtrees_stand_only_where_they_fit_and_peaks_are_counted() {
        let mut frontier = Frontier::default();
        frontier.push([1; 32], |_, _| {});
        assert!(!frontier.append(1, [2; 32]) && !frontier.append(64, [2; 32]));
        assert_eq!(frontier.size(), 1);
        assert!(Frontier::from_peaks(3, vec![[0; 32]]).is_none());
        let mut completed = Vec::new();
        for n in 0..4u8 {
            frontier = if n == 0 { Frontier::default() } else { frontier };
            frontier.push([n; 32], |level, _| completed.push((n, level)));
        }
        assert_eq!(completed, [(1, 1), (3, 1), (3, 2)]);
    }
}
