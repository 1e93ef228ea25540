//! The records of a bundle as they go by: each in its place, and what they say of the alert.
//!
//! In: canonical bytes. Out: the tree they make, the settings, the notices. Steps no engine.

use sha2::{Digest, Sha256};

use super::proof::Proof;
use super::read::decoded;
use super::said::{Revisions, about};
use super::{Refusal, part};
use crate::journal::layout::Hash;
use crate::journal::snapshots::Commitment;
use crate::record::{Body, Record};
use crate::seal::checkpoint::Vouched;
use crate::seal::tree::{Frontier, leaf};
use crate::time::Timestamp;

/// What is gathered while the records go by.
pub(super) struct Reading {
    tree: Frontier,
    inputs: Sha256,
    revisions: Revisions,
    /// Of the record before.
    received: Option<Timestamp>,
    first_received: Option<Timestamp>,
    /// Settings that the records begin under, and those in force now; kept as they were once something was said.
    begins_under: Vec<u8>,
    in_force: Vec<u8>,
    /// What an act among the records must say of the engine in the bundle, and whether one has.
    commitment: Commitment,
    is_committed: bool,
    /// Behind the last thing that was said.
    said_to: u64,
}

/// What the records say.
pub(super) struct Gathered {
    /// The tree up to the last of them.
    pub(super) tree: Frontier,
    /// SHA-256 over all that the alert is derived from.
    pub(super) inputs: Hash,
    /// What was said of the alert.
    pub(super) revisions: Revisions,
    /// The settings they begin under, as JSON.
    pub(super) begins_under: Vec<u8>,
    /// And those in force when the alert was raised.
    pub(super) in_force: Vec<u8>,
    /// Stamps of the first and the last.
    pub(super) span: (Timestamp, Timestamp),
}

impl Reading {
    /// Before the first record: what stands before it must be proved.
    pub(super) fn begin(
        proof: &Proof,
        reload: &[u8],
        engine: &[u8],
        vouched: &Vouched,
    ) -> Result<Self, Refusal> {
        let mut begins_under = Vec::new();
        let sealed = &vouched.checkpoint;
        if proof.first > 0 {
            let record = decoded(reload).map_err(|refusal| Refusal { part: part::RELOAD, ..refusal })?;
            let Body::Reload { bytes } = record.body else {
                return Err(Refusal::new(part::RELOAD, "another kind of record"));
            };
            if !proof.places(&leaf(reload), record.position, sealed.size, &sealed.root) {
                return Err(Refusal::new(part::RELOAD, "its place in the tree is not proved"));
            }
            begins_under = bytes;
        } else if !reload.is_empty() || !engine.is_empty() || proof.reload.is_some() {
            return Err(Refusal::new(
                part::PROOF,
                "records from the first on need no engine and no settings before",
            ));
        }
        let mut inputs = Sha256::new();
        inputs.update(Sha256::digest(reload));
        inputs.update(Sha256::digest(engine));
        Ok(Self {
            tree: proof.before()?,
            inputs,
            revisions: Revisions::default(),
            received: None,
            first_received: None,
            in_force: begins_under.clone(),
            begins_under,
            commitment: Commitment::new(proof.first, &Sha256::digest(engine).into()),
            is_committed: false,
            said_to: 0,
        })
    }

    /// The next record.
    pub(super) fn record(&mut self, proof: &Proof, bytes: &[u8]) -> Result<(), Refusal> {
        let refuse = |what: String| Err(Refusal::new(part::RECORDS, what));
        let record = decoded(bytes)?;
        let Record { position, received, body } = record;
        if position != self.tree.size() || position >= proof.end {
            return refuse(format!("record {position} where {} should be", self.tree.size()));
        }
        if self.received.is_some_and(|before| received < before) {
            return refuse(format!("record {position} is stamped before the one before it"));
        }
        self.received = Some(received);
        self.first_received = self.first_received.or(Some(received));
        let hash = leaf(bytes);
        self.inputs.update(hash);
        self.tree.push(hash, |_, _| {});
        match body {
            Body::Notice { bytes } => {
                let before = self.revisions.all().len();
                if !self.revisions.take(&proof.alert, &bytes) {
                    return refuse(format!("record {position} is another text of what was said before"));
                }
                if self.revisions.all().len() > before || about(&proof.alert, &bytes).is_some() {
                    self.said_to = position + 1;
                }
            }
            Body::Reload { bytes } => {
                if position == 0 {
                    self.begins_under.clone_from(&bytes);
                }
                if self.revisions.all().is_empty() {
                    self.in_force = bytes;
                }
            }
            Body::Act { bytes } => {
                self.is_committed |= Commitment::parse(&bytes).is_some_and(|made| made == self.commitment);
            }
            _ => {}
        }
        Ok(())
    }

    /// All records have gone by.
    pub(super) fn finish(self, proof: &Proof) -> Result<Gathered, Refusal> {
        let refuse = |what: &str| Err(Refusal::new(part::RECORDS, what));
        if self.tree.size() != proof.end || self.said_to != proof.end {
            return refuse("they do not end with the last that was said of the alert");
        }
        let Some(span) = self.first_received.zip(self.received) else { return refuse("there are none") };
        if self.begins_under.is_empty() {
            return refuse("the first does not say the settings");
        }
        if proof.first > 0 && !self.is_committed {
            return Err(Refusal::new(part::ENGINE, "no record commits to it"));
        }
        Ok(Gathered {
            tree: self.tree,
            inputs: self.inputs.finalize().into(),
            revisions: self.revisions,
            begins_under: self.begins_under,
            in_force: self.in_force,
            span,
        })
    }
}
