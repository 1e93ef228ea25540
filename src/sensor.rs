//! What is known about a sensor before it speaks: identity, place, errors, and what it can see.
//!
//! Made by `config` from the checked file, read by `wire` (to fill in errors a message leaves out), by `fusion` and by
//! the engine. Holds no state.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geo::Geodetic;

/// A sensor's name: `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`, also its topic segment, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SensorId(Arc<str>);

impl SensorId {
    /// The name if it has the form that ids have, else nothing.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        is_id(name).then(|| Self(name.into()))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SensorId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Whether a text has the form of every id in configuration, topics and messages.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A sensor's place in the configured list: how the engine, fusion and watch name it among themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SensorIndex(pub u16);

impl SensorIndex {
    /// As an index into the list of sensors.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What kind of box it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SensorKind {
    /// Range and azimuth of whatever reflects.
    Radar,
    /// Bearings or positions of what it recognises.
    Camera,
    /// Range and azimuth, short and precise.
    Lidar,
    /// Positions or tracks of a whole scene, minutes late.
    Satellite,
    /// Self-reports of ships and aircraft (AIS, ADS-B): they say where they are, and sometimes lie.
    Transponder,
}

impl SensorKind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 5] = [Self::Radar, Self::Camera, Self::Lidar, Self::Satellite, Self::Transponder];

    /// Its word in configuration files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Radar => "radar",
            Self::Camera => "camera",
            Self::Lidar => "lidar",
            Self::Satellite => "satellite",
            Self::Transponder => "transponder",
        }
    }

    /// Whether a look of such a sensor that finds nothing says that nothing is there.
    #[must_use]
    pub const fn counts_misses(self) -> bool {
        !matches!(self, Self::Transponder)
    }
}

/// The language a sensor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// The JSON scan of the contract.
    Json,
    /// ASTERIX CAT010, 021, 034, 048, 062.
    Asterix,
    /// NMEA 0183 sentences, AIS among them.
    Nmea,
    /// The COBS-framed binary scan of small nodes.
    Frame,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Asterix, Self::Nmea, Self::Frame];

    /// Its word in configuration files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Asterix => "asterix",
            Self::Nmea => "nmea",
            Self::Frame => "frame",
        }
    }
}

/// Most detections in one look, if a sensor is not told otherwise: more than any ground sensor has, and 0.1 s of work.
pub const MAX_DETECTIONS: u32 = 10_000;
/// Lasting errors allowed for unless somebody says otherwise, in one-sigma.
pub const BIAS_SIGMAS: f64 = 3.0;

/// A patch where a sensor sees badly or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mask {
    /// Corners, at least three, not repeated at the end; altitudes are zero.
    pub polygon: Vec<Geodetic>,
    /// Detection probability inside, in [0, 1].
    pub detection_probability: f64,
}

/// One configured sensor. Every number is finite and in range: `config` has checked it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorModel {
    /// Its name.
    pub id: SensorId,
    /// What it is.
    pub kind: SensorKind,
    /// What it speaks.
    pub format: Format,
    /// Where it stands; `None` for a mobile sensor, whose scans carry their pose.
    pub position: Option<Geodetic>,
    /// Boresight, clockwise from true north; it only points the field of view, azimuths include it already.
    pub heading_rad: f64,
    /// Full width of the field of view, in (0, 2π].
    pub field_of_view_rad: f64,
    /// Beyond this slant range it sees nothing.
    pub max_range_m: f64,
    /// One-sigma slant range error, where the message gives none.
    pub range_sigma_m: Option<f64>,
    /// One-sigma azimuth error, where the message gives none.
    pub azimuth_sigma_rad: Option<f64>,
    /// One-sigma position error per axis, for reported positions without a covariance.
    pub position_sigma_m: Option<f64>,
    /// Probability that a target in view is detected in one look, in (0, 1).
    pub detection_probability: f64,
    /// Expected number of detections of nothing in one look.
    pub false_alarms_per_scan: f64,
    /// Nominal time between looks.
    pub period_s: f64,
    /// Whether each scan carries the sensor's pose.
    pub mobile: bool,
    /// Sensors that could fail, or be captured, together.
    pub trust_group: Arc<str>,
    /// ASTERIX source identity this sensor must claim.
    pub sac_sic: Option<[u8; 2]>,
    /// A look with more detections is refused.
    #[serde(default = "most_detections")]
    pub max_detections: u32,
    /// Of the part of its errors that stays, this many of their one-sigma are allowed for: P(beyond a line) ≥ 0.95 needs
    /// that much of it.
    pub bias_sigmas: f64,
    /// Where it sees badly.
    pub masks: Vec<Mask>,
}

fn most_detections() -> u32 {
    MAX_DETECTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_form() {
        for good in ["r1", "R1", "a", "mast-7.cam_2", &"x".repeat(63)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "-a", ".a", "a/b", "a b", "ä", "a#", "+", &"x".repeat(64)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
