//! Evidence: everything one alert rests on, in one file that can be checked by anybody, anywhere.
//!
//! In: a journal and an alert's id; or a bundle. Out: a bundle; or what it shows, once every byte of it has been checked
//! and the alert has been derived again. `FORMAT.md` beside this file describes the bundle to the byte. Knows no clock:
//! the same journal gives the same bytes.
//!
//! ```text
//! journal ─ find ─ export ──► bundle ──► read (archive, signature, proof) ─ derive ─ verify
//!                     └───────── derive (the same engine, the same records) ──┘
//! ```

mod archive;
pub mod derive;
pub mod export;
mod find;
pub mod proof;
mod range;
pub mod read;
mod reading;
mod said;
mod start;
pub mod verify;

pub use said::Said;

/// What the bundle says of itself, first of all.
pub const README: &str = include_str!("README.txt");

/// Names of the parts, in order.
pub(crate) mod part {
    pub(crate) const README: &str = "README.txt";
    pub(crate) const CHECKPOINT: &str = "checkpoint.txt";
    pub(crate) const KEYS: &str = "keys.txt";
    pub(crate) const PROOF: &str = "proof.json";
    pub(crate) const RELOAD: &str = "reload.bin";
    pub(crate) const ENGINE: &str = "engine.bin";
    pub(crate) const RECORDS: &str = "records.bin";
    pub(crate) const SETTINGS: &str = "settings.json";
    pub(crate) const NOTICES: &str = "notices.jsonl";
    pub(crate) const TRACK: &str = "track.jsonl";
    pub(crate) const PLOT: &str = "plot.svg";
}

/// Why a bundle shows nothing: which part, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {what}")]
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
