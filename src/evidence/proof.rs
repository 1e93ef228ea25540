//! `proof.json`: which records a bundle holds, and the hashes that lead from them to the signed root.
//!
//! In: hashes of the journal's tree; or the text. Out: the text; or whether records lead to a root. One proof stands for
//! all records: the subtrees to their left and to their right, nothing between.

use serde::{Deserialize, Serialize};

use super::{Refusal, part};
use crate::seal::proof::{Nodes, cover, includes, inclusion};
use crate::seal::tree::{Frontier, Hash, subtrees};

/// The proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Version of this form: 1.
    pub v: u32,
    /// The alert.
    pub alert: String,
    /// Position of the first record.
    pub first: u64,
    /// Behind the last.
    pub end: u64,
    /// The complete subtrees that the records before are made of, from left to right, hex.
    pub left: Vec<String>,
    /// Those from the end to the checkpoint's size.
    pub right: Vec<String>,
    /// Where the record of `reload.bin` stands, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload: Option<Place>,
}

/// One record's place in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its position.
    pub position: u64,
    /// The hashes beside its path to the root, from below, hex.
    pub path: Vec<String>,
}

impl Proof {
    /// The proof of records `first..end`, and of one before them, in a tree of `size`.
    ///
    /// # Errors
    /// A hash cannot be had.
    pub fn make<N: Nodes>(
        nodes: &mut N,
        alert: &str,
        (first, end): (u64, u64),
        reload: Option<u64>,
        size: u64,
    ) -> Result<Self, N::Error> {
        let reload = match reload {
            Some(position) => Some(Place { position, path: texts(&inclusion(nodes, position, size)?) }),
            None => None,
        };
        let (left, right) = (cover(nodes, 0, first)?, cover(nodes, end, size)?);
        let (left, right) = (texts(&left), texts(&right));
        Ok(Self { v: 1, alert: alert.to_owned(), first, end, left, right, reload })
    }

    /// Its text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers have a JSON form") + "\n"
    }

    /// Reads a text; only what is written is read.
    ///
    /// # Errors
    /// It is no proof.
    pub fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(part::PROOF, what);
        let read: Self = serde_json::from_slice(text).map_err(|error| refuse(&error.to_string()))?;
        if read.v != 1 {
            return Err(refuse("a version that is not known here"));
        }
        if read.to_text().as_bytes() != text {
            return Err(refuse("it is not written as it would be"));
        }
        if read.first >= read.end {
            return Err(refuse("it is of no record"));
        }
        Ok(read)
    }

    /// The tree before the records.
    ///
    /// # Errors
    /// No tree of this size has such subtrees.
    pub fn before(&self) -> Result<Frontier, Refusal> {
        let made = hashes(&self.left).and_then(|left| Frontier::from_peaks(self.first, left));
        made.ok_or_else(|| Refusal::new(part::PROOF, "`left` is not what a tree of so many records has"))
    }

    /// The root of the whole tree of `size`, given that of all up to the last record.
    ///
    /// # Errors
    /// No tree of this size has such subtrees.
    pub fn root(&self, mut tree: Frontier, size: u64) -> Result<Hash, Refusal> {
        let right = hashes(&self.right).filter(|right| right.len() == subtrees(self.end, size).count());
        let fits = right.is_some_and(|right| {
            subtrees(self.end, size).zip(right).all(|((level, _), hash)| tree.append(level, hash))
        });
        if fits && tree.size() == size {
            return Ok(tree.root());
        }
        Err(Refusal::new(part::PROOF, "`right` is not what a tree of so many records has"))
    }

    /// Whether the record with this leaf stands where it is said to.
    #[must_use]
    pub fn places(&self, leaf: &Hash, position: u64, size: u64, root: &Hash) -> bool {
        let Some(place) = self.reload.as_ref().filter(|place| place.position == position) else {
            return false;
        };
        position < self.first
            && hashes(&place.path).is_some_and(|path| includes(leaf, position, size, &path, root))
    }
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

/// 32 bytes from 64 lower-case digits.
fn hash(text: &str) -> Option<Hash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}
