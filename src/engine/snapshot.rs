//! Snapshots: an engine's whole state as bytes, and the engine again from them.
//!
//! In: an engine, or bytes and the settings they were made under. Out: bytes, or an engine that goes on, bit for bit, as
//! the first would have. State alone is written; what configuration says is made anew from the settings, whose
//! fingerprint the bytes carry, so that no state ever runs under other sensors or another agreement. Bytes that are no
//! snapshot are refused and cost no more memory than a few times their own length. Knows no file.
//!
//! ```text
//! version, u32 little-endian │ SHA-256 of the settings, 32 bytes │ state (postcard)
//! ```
//! No checksum: that is the business of the file which keeps it.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::health::Health;
use super::repeats::Repeats;
use super::{Engine, Settings};
use crate::fusion::TrackerState;
use crate::time::Timestamp;
use crate::watch::WatchState;
use crate::wire::{Decoder, DecoderState};

/// The form of the state. Whoever adds, removes or moves a field of it raises this: the bytes do not say what they are.
pub const SNAPSHOT_VERSION: u32 = 4;

const HEAD: usize = 4 + FINGERPRINT;
const FINGERPRINT: usize = 32;

/// Why bytes did not become an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Made by a program whose state has another form.
    #[error("a snapshot of version {found}, not {SNAPSHOT_VERSION}")]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// Made under another configuration or agreement.
    #[error("a snapshot made under other settings")]
    OtherSettings,
    /// Cut, too long, or no snapshot.
    #[error("not a snapshot")]
    Malformed,
    /// Names something that is not there.
    #[error("a snapshot whose {0} do not fit together")]
    Inconsistent(&'static str),
}

/// An engine's state as read: in the order in which [`Engine::snapshot`] writes it.
#[derive(Deserialize)]
struct State {
    decoders: Vec<DecoderState>,
    repeats: Vec<Repeats>,
    health: Health,
    tracker: TrackerState,
    watch: WatchState,
    now: Option<Timestamp>,
}

/// SHA-256 over everything an engine is built from.
pub(super) fn fingerprint(settings: &Settings) -> [u8; FINGERPRINT] {
    let bytes = postcard::to_allocvec(settings).expect("settings are plain numbers, texts and lists");
    Sha256::digest(bytes).into()
}

/// The same, without which program and file say it.
pub(super) fn meaning(settings: &Settings) -> [u8; FINGERPRINT] {
    fingerprint(&Settings { software: String::new(), configuration: String::new(), ..settings.clone() })
}

impl Engine {
    /// Everything that later output depends on, as bytes. Restored, it gives the same bytes again.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Self {
            decoders, repeats, health, tracker, watch, now, fingerprint, meaning: _,
            // Configuration, and what is kept for its room or emptied within a step.
            sector: _, exercise: _, frame: _, sensors: _, by_id: _, decoded: _, notices: _, findings: _, descents: _,
            conflicts: _,
        } = self;
        let mut bytes = SNAPSHOT_VERSION.to_le_bytes().to_vec();
        bytes.extend_from_slice(fingerprint);
        let decoders: Vec<_> = decoders.iter().map(Decoder::state).collect();
        let state = (decoders, repeats, health, tracker.state(), watch.state(), now);
        postcard::to_extend(&state, bytes).expect("state is plain numbers, texts and lists of known length")
    }

    /// The engine that a snapshot was taken of.
    ///
    /// # Errors
    /// The bytes are not a snapshot of an engine with these settings, made by a program of this version.
    pub fn restore(settings: Settings, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (head, bytes) = bytes.split_at_checked(HEAD).ok_or(SnapshotError::Malformed)?;
        let (version, fingerprint) = head.split_first_chunk().ok_or(SnapshotError::Malformed)?;
        let found = u32::from_le_bytes(*version);
        if found != SNAPSHOT_VERSION {
            return Err(SnapshotError::OtherVersion { found });
        }
        let new = Self::new(settings);
        if fingerprint != new.fingerprint {
            return Err(SnapshotError::OtherSettings);
        }
        let (state, rest) = postcard::take_from_bytes(bytes).map_err(|_| SnapshotError::Malformed)?;
        if rest.is_empty() { new.with(state) } else { Err(SnapshotError::Malformed) }
    }

    /// This engine with all that another knows, whose sensors are the same boxes; none if it does not fit.
    pub(super) fn with_state_of(self, other: &Self) -> Option<Self> {
        let bytes = other.snapshot();
        let (state, _) = postcard::take_from_bytes(bytes.get(HEAD..)?).ok()?;
        let watch = self.watch.clone();
        let state = State { watch: watch.read_state()?, ..state };
        self.with(state).ok()
    }

    fn with(self, state: State) -> Result<Self, SnapshotError> {
        let sensors = self.sensors.len();
        if state.decoders.len() != sensors || state.repeats.len() != sensors {
            return Err(SnapshotError::Inconsistent("sensors"));
        }
        let decoders = self.decoders.into_iter().zip(state.decoders);
        let decoders: Option<_> = decoders.map(|(decoder, state)| decoder.with(state)).collect();
        let unlike = SnapshotError::Inconsistent;
        Ok(Self {
            decoders: decoders.ok_or(unlike("decoders"))?,
            repeats: state.repeats.into_iter().map(Repeats::restored).collect(),
            health: state.health.configured_as(&self.health).ok_or(unlike("sensors"))?,
            tracker: self.tracker.with(state.tracker).ok_or(unlike("tracks"))?,
            watch: self.watch.with(state.watch).ok_or(unlike("alerts"))?,
            now: state.now,
            ..self
        })
    }
}

#[cfg(test)]
mod tests;
