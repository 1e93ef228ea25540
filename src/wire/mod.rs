//! Decoders: a sensor's own bytes in, scans out. One file or folder per format.
//!
//! A decoder is pure, belongs to one sensor and is called in log order; its only state is what the format itself
//! spreads over several frames (multi-part AIS, a radar's rotation, a node's pose). It never panics and never lets a
//! number through that is not finite and in range. Knows nothing of tracks, rules or sockets.

pub mod asterix;
pub mod frame;
pub mod json;
pub mod nmea;
pub mod ranges;
pub mod recording;
#[cfg(test)]
pub(crate) mod sound;
pub mod status;

use serde::{Deserialize, Serialize};

use crate::scan::Scan;
use crate::sensor::{Format, SensorIndex, SensorModel};
use crate::time::Timestamp;

/// A look with more detections than its sensor may have.
pub const TOO_MANY_DETECTIONS: &str = "too_many_detections";

/// Why bytes were refused: a name to count by, and what was found where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// One of the decoder's documented reasons, `snake_case`: a metric label, so from a fixed list.
    pub reason: &'static str,
    /// For people: what was found, where.
    pub detail: String,
}

impl Rejection {
    /// A rejection under `reason`, with what was found.
    #[must_use]
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// What one accepted frame held. Reused from frame to frame by the engine, so that steady state allocates little.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The looks it completed: often one, none while a format is still collecting.
    pub scans: Vec<Scan>,
    /// Pieces of an otherwise good frame that were refused (one sentence of several, one record of a block).
    pub refused: Vec<Rejection>,
    /// Fields, sentences or items skipped because this version does not know them.
    pub unknown_fields: u32,
}

impl Decoded {
    /// Refuses a look with more detections than a sensor may have.
    ///
    /// # Errors
    /// [`TOO_MANY_DETECTIONS`].
    pub fn within(&self, max_detections: u32) -> Result<(), Rejection> {
        let most = self.scans.iter().map(|scan| scan.detections.len()).max().unwrap_or(0);
        if most <= usize::try_from(max_detections).unwrap_or(usize::MAX) {
            return Ok(());
        }
        Err(Rejection::new(TOO_MANY_DETECTIONS, format!("{most}, at most {max_detections}")))
    }

    /// Empties all three lists, keeping their room.
    pub fn clear(&mut self) {
        self.scans.clear();
        self.refused.clear();
        self.unknown_fields = 0;
    }
}

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// The contract's JSON scan.
    Json(json::Decoder),
    /// ASTERIX.
    Asterix(asterix::Decoder),
    /// NMEA 0183 and AIS.
    Nmea(nmea::Decoder),
    /// The small nodes' binary frame.
    Frame(frame::Decoder),
}

/// What a decoder carries from frame to frame, borrowed or owned.
#[derive(Serialize, Deserialize)]
enum Carried<A, N> {
    /// Every frame stands for itself.
    Nothing,
    Asterix(A),
    Nmea(N),
}

/// A decoder's state as read.
#[derive(Deserialize)]
pub struct DecoderState(Carried<asterix::State, nmea::State>);

impl Decoder {
    /// A fresh decoder for one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, model: &SensorModel) -> Self {
        match model.format {
            Format::Json => Self::Json(json::Decoder::new(index, model)),
            Format::Asterix => Self::Asterix(asterix::Decoder::new(index, model)),
            Format::Nmea => Self::Nmea(nmea::Decoder::new(index, model)),
            Format::Frame => Self::Frame(frame::Decoder::new(index, model)),
        }
    }

    /// What the format has spread over several frames, so far.
    pub fn state(&self) -> impl Serialize + '_ {
        match self {
            Self::Json(_) | Self::Frame(_) => Carried::Nothing,
            Self::Asterix(decoder) => Carried::Asterix(decoder.state()),
            Self::Nmea(decoder) => Carried::Nmea(decoder.state()),
        }
    }

    /// A new decoder with the state of another of the same sensor; nothing if the state is of another format.
    #[must_use]
    pub fn with(self, state: DecoderState) -> Option<Self> {
        match (self, state.0) {
            (decoder @ (Self::Json(_) | Self::Frame(_)), Carried::Nothing) => Some(decoder),
            (Self::Asterix(decoder), Carried::Asterix(state)) => Some(Self::Asterix(decoder.with(state))),
            (Self::Nmea(decoder), Carried::Nmea(state)) => Some(Self::Nmea(decoder.with(state))),
            _ => None,
        }
    }

    /// Decodes one frame received at `received` into `out`, which the caller has cleared.
    ///
    /// # Errors
    /// The whole frame is refused, under a named reason; `out` must then be ignored.
    pub fn decode(&mut self, received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        match self {
            Self::Json(decoder) => decoder.decode(received, bytes, out),
            Self::Asterix(decoder) => decoder.decode(received, bytes, out),
            Self::Nmea(decoder) => decoder.decode(received, bytes, out),
            Self::Frame(decoder) => decoder.decode(received, bytes, out),
        }
    }
}

/// Every reason any decoder refuses under, for metrics that are present at zero from the start.
#[must_use]
pub fn reasons(format: Format) -> &'static [&'static str] {
    match format {
        Format::Json => json::REASONS,
        Format::Asterix => asterix::REASONS,
        Format::Nmea => nmea::REASONS,
        Format::Frame => frame::REASONS,
    }
}
