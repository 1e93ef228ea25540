//! Proofs about a tree: that a leaf stands in it, and that a larger one only went on from a smaller one (RFC 9162, 2.1.3
//! and 2.1.4).
//!
//! In: hashes of complete subtrees, wherever they are kept. Out: audit paths, and whether one holds.

use super::tree::{Hash, folded, node, subtrees};

/// Gives the hash of the complete subtree `index` of a level: that of leaves `index << level` and on.
pub trait Nodes {
    /// Why one cannot be had.
    type Error;

    /// The hash.
    ///
    /// # Errors
    /// It cannot be had.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The hashes of the complete subtrees that leaves `from..to` are made of.
///
/// # Errors
/// One of them cannot be had.
pub fn cover<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Vec<Hash>, N::Error> {
    subtrees(from, to).map(|(level, index)| nodes.node(level, index)).collect()
}

/// `PATH(index, D[size])`: the hashes that lead from a leaf to the root.
///
/// # Errors
/// One of them cannot be had.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        let beside = if index < middle { (middle, to) } else { (from, middle) };
        path.extend(root_of(nodes, beside)?);
        (from, to) = if index < middle { (from, middle) } else { (middle, to) };
    }
    path.reverse();
    Ok(path)
}

/// `PROOF(before, D[size])`: the hashes that show a tree of `size` to have grown from one of `before`, above 0.
///
/// # Errors
/// One of them cannot be had.
pub fn consistency<N: Nodes>(nodes: &mut N, before: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut to, mut is_old_root) = (0, size, true);
    let mut path = Vec::new();
    while before != to {
        let middle = from + split(to - from);
        if before <= middle {
            path.extend(root_of(nodes, (middle, to))?);
            to = middle;
        } else {
            path.extend(root_of(nodes, (from, middle))?);
            (from, is_old_root) = (middle, false);
        }
    }
    if !is_old_root {
        path.extend(root_of(nodes, (from, to))?);
    }
    path.reverse();
    Ok(path)
}

/// Whether a path leads from a leaf to the root of a tree of `size`.
#[must_use]
pub fn includes(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(beside, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// A tree: its size and root.
pub type Head<'a> = (u64, &'a Hash);

/// Whether a path shows the tree `after` to have grown from the tree `before`.
#[must_use]
pub fn is_consistent(before: Head<'_>, after: Head<'_>, path: &[Hash]) -> bool {
    let ((first, old), (second, new)) = (before, after);
    if first == second {
        return path.is_empty() && old == new;
    }
    if first == 0 || first > second {
        return false;
    }
    let whole = first.is_power_of_two().then_some(old);
    let Some((seed, rest)) = whole.map_or_else(|| path.split_first(), |old| Some((old, path))) else {
        return false;
    };
    let level = (first - 1).trailing_ones();
    let (mut at, mut last) = ((first - 1) >> level, (second - 1) >> level);
    let (mut of_old, mut of_new) = (*seed, *seed);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = node(beside, &of_old);
            of_new = node(beside, &of_new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = node(&of_new, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == *old && of_new == *new
}

/// The largest power of two below `n`, which is above one.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

fn root_of<N: Nodes>(nodes: &mut N, (from, to): (u64, u64)) -> Result<Option<Hash>, N::Error> {
    Ok(folded(&cover(nodes, from, to)?))
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "two hundred leaves")]
mod tests {
    use super::super::tree::leaf;
    use super::super::tree::tests::{LEAVES, by_definition, bytes, many};
    use super::*;

    struct Leaves(Vec<Hash>);

    impl Nodes for Leaves {
        type Error = ();
        fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
            let [from, to] = [index, index + 1].map(|index| (index << level) as usize);
            self.0.get(from..to).map(by_definition).ok_or(())
        }
    }

    fn hex(path: &[Hash]) -> Vec<String> {
        path.iter().map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
    }

    #[test]
    fn paths_are_those_that_were_published() {
        let mut nodes = Leaves(LEAVES.iter().map(|text| leaf(&bytes(text))).collect());
        // certificate-transparency, merkle_tree_test.cc: the sixth leaf of eight, and from six leaves to eight.
        assert_eq!(
            hex(&inclusion(&mut nodes, 5, 8).unwrap()),
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        assert_eq!(
            hex(&consistency(&mut nodes, 6, 8).unwrap()),
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    #[test]
    fn every_leaf_of_every_tree_has_a_path_that_holds_for_it_alone() {
        let leaves = many(200);
        let mut nodes = Leaves(leaves.clone());
        for size in 1..=200u64 {
            let root = by_definition(&leaves[..size as usize]);
            for index in 0..size {
                let path = inclusion(&mut nodes, index, size).unwrap();
                let leaf = &leaves[index as usize];
                assert!(includes(leaf, index, size, &path, &root), "{index} of {size}");
                assert!(!includes(&leaves[(index as usize + 1) % 200], index, size, &path, &root));
                let other = (index + 1) % size;
                assert!(size == 1 || !includes(leaf, other, size, &path, &root));
                assert!(!includes(leaf, index, size, &[&path[..], &[[0; 32]]].concat(), &root));
                assert!(!includes(leaf, size, size, &path, &root));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!includes(leaf, index, size, shorter, &root));
                }
            }
        }
    }

    #[test]
    fn every_tree_shows_that_it_grew_from_every_smaller_one() {
        let leaves = many(200);
        let mut nodes = Leaves(leaves.clone());
        let roots: Vec<Hash> = (0..=200).map(|size| by_definition(&leaves[..size])).collect();
        for after in 1..=200u64 {
            for before in 1..=after {
                let path = consistency(&mut nodes, before, after).unwrap();
                let (old, new) = (&roots[before as usize], &roots[after as usize]);
                assert!(is_consistent((before, old), (after, new), &path), "{before} to {after}");
                assert!(!is_consistent((before, &[7; 32]), (after, new), &path));
                assert!(!is_consistent((before, old), (after, &[7; 32]), &path));
                let longer = [&path[..], &[[0; 32]]].concat();
                assert!(!is_consistent((before, old), (after, new), &longer));
                assert!(before == after || !is_consistent((after, new), (before, old), &path));
            }
        }
    }
}
