//! Decoder skeleton.
use super::{Decoded, Rejection};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;

/// Every reason this decoder refuses under.
pub const REASONS: &[&str] = &["not_implemented"];

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub struct Decoder {
    sensor: SensorIndex,
}

impl Decoder {
    /// For one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, _model: &SensorModel) -> Self {
        Self { sensor: index }
    }

    /// Decodes one frame.
    ///
    /// # Errors
    /// The whole frame is refused.
    pub fn decode(
        &mut self,
        _received: Timestamp,
        _bytes: &[u8],
        _out: &mut Decoded,
    ) -> Result<(), Rejection> {
        Err(Rejection::new("not_implemented", format!("{:?}", self.sensor)))
    }
}

/// SAC/SIC of the first record.
#[must_use]
pub fn peek_source(_bytes: &[u8]) -> Option<[u8; 2]> {
    None
}
