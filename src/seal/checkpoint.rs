//! Checkpoints (C2SP tlog-checkpoint): what is signed of a tree.
//!
//! In: origin, size, root. Out: the note's text, and the same from a text. Strict: only what is written here is read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::key::{KeyKind, SignerKey, VerifierKey};
use super::note::{Note, Signature, is_name};
use super::tree::Hash;

/// Why a note is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint (C2SP tlog-checkpoint): {0}")]
pub struct NotACheckpoint(&'static str);

/// The head of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: also the name of the key that signs.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note's text.
    ///
    /// # Errors
    /// [`NotACheckpoint`].
    pub fn parse(text: &str) -> Result<Self, NotACheckpoint> {
        let mut lines = text.split('\n');
        let mut next = || lines.next().unwrap_or_default();
        let (origin, size, root) = (next(), next(), next());
        if lines.next() != Some("") || lines.next().is_some() {
            return Err(NotACheckpoint("three lines are needed: origin, size, root"));
        }
        if !is_name(origin) {
            return Err(NotACheckpoint("the origin is no name"));
        }
        let parsed: u64 = size.parse().map_err(|_| NotACheckpoint("the size is no number"))?;
        let bytes = BASE64.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = bytes.ok_or(NotACheckpoint("the root is not 32 bytes in base64"))?;
        let read = Self { origin: origin.to_owned(), size: parsed, root };
        // A plus or a zero before the number would be read, too.
        if read.to_string() == text {
            Ok(read)
        } else {
            Err(NotACheckpoint("the size is not in plain digits"))
        }
    }

    /// The checkpoint signed.
    #[must_use]
    pub fn signed(&self, key: &SignerKey) -> Note {
        let text = self.to_string();
        let signatures = vec![key.sign(&text)];
        Note { text, signatures }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root))
    }
}

/// Who vouches for a checkpoint, of those whose keys are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed it.
    pub log: VerifierKey,
    /// Witnesses, and when each says that it saw it, seconds since 1970.
    pub witnesses: Vec<(VerifierKey, u64)>,
    /// Lines of signature by nobody whose key is given.
    pub unknown: Vec<Signature>,
}

impl Vouched {
    /// Verifies a checkpoint's signatures by these keys; `None` unless one of a log named by its origin holds, or if one by a
    /// key that is given does not.
    #[must_use]
    pub fn verify(note: &Note, keys: &[VerifierKey]) -> Option<Self> {
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        let (mut log, mut witnesses, mut unknown) = (None, Vec::new(), Vec::new());
        for signature in &note.signatures {
            let is_by = |key: &&VerifierKey| key.name == signature.name && key.id() == signature.id;
            let Some(key) = keys.iter().find(is_by) else {
                unknown.push(signature.clone());
                continue;
            };
            if !key.verifies(&note.text, signature) {
                return None;
            }
            match key.kind {
                KeyKind::Log if key.name == checkpoint.origin && log.is_none() => log = Some(key.clone()),
                KeyKind::Log => unknown.push(signature.clone()),
                KeyKind::Witness => witnesses.push((key.clone(), super::key::cosigned_at(signature)?)),
            }
        }
        Some(Self { checkpoint, log: log?, witnesses, unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Checkpoint {
        Checkpoint { origin: "linewatch/east-3".into(), size: 20, root: [7; 32] }
    }

    #[test]
    fn a_checkpoint_is_three_lines_and_nothing_else() {
        let text = head().to_string();
        assert_eq!(text, format!("linewatch/east-3\n20\n{}=\n", "BwcH".repeat(10) + "Bwc"));
        assert_eq!(Checkpoint::parse(&text), Ok(head()));
        for (from, to) in
            [("20", "020"), ("20", "+20"), ("20", "-1"), ("20", "18446744073709551616"), ("e", " ")]
        {
            assert!(Checkpoint::parse(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
        for bad in [format!("{text}more\n"), text.trim_end().to_owned(), text.replace("BwcHBw", "BwcH")] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_vouches_is_told_and_a_false_signature_of_a_known_key_spoils_all() {
        let key = SignerKey::new("linewatch/east-3", &[1; 32]);
        let witness = SignerKey::new("w.example", &[2; 32]);
        let mut note = head().signed(&key);
        let (cosigned, witness_key) = witness.cosign(1_700_000_000, &note.text);
        note.signatures.push(cosigned);
        let keys = [key.public(), witness_key.clone()];
        let vouched = Vouched::verify(&note, &keys).unwrap();
        assert_eq!((vouched.checkpoint, vouched.log), (head(), key.public()));
        assert_eq!(vouched.witnesses, [(witness_key, 1_700_000_000)]);
        assert!(vouched.unknown.is_empty());
        assert_eq!(Vouched::verify(&note, &keys[..1]).unwrap().unknown.len(), 1);
        assert!(Vouched::verify(&note, &keys[1..]).is_none(), "a witness alone is not the log");
        let mut false_time = note.clone();
        false_time.signatures[1].bytes[7] ^= 1;
        assert!(Vouched::verify(&false_time, &keys).is_none());
        let other = SignerKey::new("linewatch/west", &[3; 32]);
        let note = Note { signatures: vec![other.sign(&note.text)], ..note };
        assert!(Vouched::verify(&note, &[other.public()]).is_none(), "not the log of that origin");
    }
}
