//! The parsers of evidence bundles, without what derives an alert again.

#[path = "../../src/evidence/archive.rs"]
#[expect(dead_code, reason = "large parts are read in pieces at home")]
mod archive;
#[path = "../../src/evidence/proof.rs"]
pub mod proof;
#[path = "../../src/evidence/said.rs"]
#[expect(dead_code, reason = "lines are written at home")]
mod said;

pub(crate) mod part {
    pub(crate) const PROOF: &str = "proof.json";
}

/// Why a bundle shows nothing.
#[derive(Debug)]
pub struct Refusal {
    /// Which part.
    pub part: &'static str,
    /// What is wrong.
    pub what: String,
}

impl Refusal {
    pub(crate) fn new(part: &'static str, what: impl Into<String>) -> Self {
        Self { part, what: what.into() }
    }
}

const PARTS: [&str; 2] = ["one", "two"];
const MOST_BYTES: u64 = 1 << 20;

/// The parts of an archive that has one or two of them.
pub fn parts(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    (0..=PARTS.len()).find_map(|count| {
        let mut reader = archive::Reader::new(bytes);
        let read: Result<Vec<_>, _> =
            PARTS[..count].iter().map(|name| reader.part(name, MOST_BYTES)).collect();
        let read = read.ok()?;
        reader.finish().ok().map(|_| read)
    })
}

/// An archive of these parts.
pub fn archive(parts: &[&[u8]]) -> Vec<u8> {
    let mut writer = archive::Writer::new(Vec::new());
    for (name, part) in PARTS.iter().zip(parts) {
        writer.part(name, part).expect("memory can be written");
    }
    writer.finish().expect("memory can be written")
}

/// A proof, whose hashes may be asked for whatever they are.
pub fn proof(bytes: &[u8]) -> Option<proof::Proof> {
    let read = proof::Proof::parse(bytes).ok()?;
    if let Ok(tree) = read.before() {
        let _ = read.root(tree, read.end);
    }
    Some(read)
}

/// A notice, and what is kept of its alert's others.
pub fn said(bytes: &[u8]) {
    if let Some(one) = said::Said::parse(bytes) {
        let mut revisions = said::Revisions::default();
        // An id that is written with escapes is not recognised: then it is about another alert.
        let is_first = revisions.take(&one.alert, bytes) && one.revision == 1;
        assert!(revisions.all().len() <= usize::from(is_first));
    }
}
