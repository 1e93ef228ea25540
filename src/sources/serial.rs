//! The serial source.

use std::path::PathBuf;

use crate::sensor::{Format, SensorId};

/// One serial port. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Device path.
    pub device: PathBuf,
    /// Bits per second; always 8N1.
    pub baud: u32,
    /// Whose line it is.
    pub sensor: SensorId,
    /// How its bytes are cut into frames: lines for NMEA and JSON, zero-delimited for field frames.
    pub format: Format,
}
