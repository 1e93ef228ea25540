//! The scan inside a field frame as it is laid out: the structures of FRAME.md, nothing judged yet.
//!
//! In: the bytes after COBS and CRC-32. Out: plain structures of whole numbers. The order of fields and alternatives
//! *is* the format: a change here is a new version.

use serde::Deserialize;

use super::{BAD_POSTCARD, BAD_VERSION, TRAILING_BYTES, VERSION};
use crate::wire::Rejection;

/// What follows the version.
#[derive(Deserialize)]
pub(super) struct Scan {
    pub(super) boot: u32,
    pub(super) seq: u32,
    pub(super) time_us: u64,
    pub(super) pose: Option<Pose>,
    pub(super) look: Look,
    pub(super) detections: Vec<Detection>,
}

#[derive(Deserialize)]
pub(super) struct Pose {
    pub(super) lat_e7: i32,
    pub(super) lon_e7: i32,
    pub(super) altitude_dm: i32,
    pub(super) heading_mdeg: Option<u32>,
    pub(super) position_sigma_dm: u16,
    pub(super) heading_sigma_mdeg: u32,
}

#[derive(Deserialize)]
pub(super) enum Look {
    FieldOfView,
    Sector { from_mdeg: u32, to_mdeg: u32, min_range_dm: u32, max_range_dm: u32 },
    Unknown,
}

#[derive(Deserialize)]
pub(super) struct Detection {
    pub(super) offset_ms: i32,
    pub(super) snr_cdb: Option<i16>,
    pub(super) class: Option<Class>,
    pub(super) measurement: Measurement,
}

#[derive(Deserialize)]
pub(super) struct Class {
    pub(super) code: u8,
    pub(super) likelihood_percent: u8,
}

#[derive(Deserialize)]
pub(super) enum Measurement {
    Polar(Polar),
    Bearing { azimuth_mdeg: u32, azimuth_sigma_mdeg: u32 },
    Position { lat_e7: i32, lon_e7: i32, altitude_dm: Option<i32>, sigma_dm: u16 },
}

#[derive(Deserialize)]
pub(super) struct Polar {
    pub(super) range_cm: u32,
    pub(super) azimuth_mdeg: u32,
    pub(super) range_sigma_cm: u32,
    pub(super) azimuth_sigma_mdeg: u32,
    pub(super) elevation_mdeg: Option<i32>,
    pub(super) range_rate: Option<RangeRate>,
}

#[derive(Deserialize)]
pub(super) struct RangeRate {
    pub(super) rate_cmps: i32,
    pub(super) sigma_cmps: u16,
}

/// Reads the version and, if it is ours, the scan after it, which must be all there is.
pub(super) fn read(bytes: &[u8]) -> Result<Scan, Rejection> {
    let rest = match bytes.split_first() {
        Some((&VERSION, rest)) => rest,
        other => {
            let found = other.map(|(version, _)| version);
            return Err(Rejection::new(BAD_VERSION, format!("version {found:?}, expected {VERSION}")));
        }
    };
    let (scan, left) = postcard::take_from_bytes::<Scan>(rest)
        .map_err(|error| Rejection::new(BAD_POSTCARD, error.to_string()))?;
    if !left.is_empty() {
        return Err(Rejection::new(TRAILING_BYTES, format!("{} bytes after the scan", left.len())));
    }
    Ok(scan)
}
