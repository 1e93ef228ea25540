//! The seal: one hash over everything a log has said so far, and a signature under it.
//!
//! In: leaves in order, texts, keys. Out: roots, proofs, signed notes. Straight arithmetic after RFC 6962 (9162) and the
//! C2SP specifications signed-note, tlog-checkpoint and tlog-cosignature; knows no journal, no file and no clock.

pub mod checkpoint;
pub mod key;
pub mod note;
pub mod proof;
pub mod tree;
