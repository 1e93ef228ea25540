#![doc = include_str!("FRAME.md")]
//!
//! # This module
//! In: the bytes between two delimiters and the sensor's configuration. Out: one scan, or one named reason. Keeps
//! nothing from one frame to the next but its buffer. Splitting the line at delimiters is the serial reader's work.

mod layout;
#[cfg(test)]
mod tests;

use super::ranges::{
    self, BAD_CLASS, BAD_LOOK, BAD_TIME, MAX_RANGE_M, MAX_SPEED_MPS, MIN_RANGE_M, NO_POSE, NO_UNCERTAINTY,
    OUT_OF_RANGE, within,
};
use super::{Decoded, Rejection, TOO_MANY_DETECTIONS};
use crate::geo::Geodetic;
use crate::scan::{Class, ClassLikelihoods, Detection, Look, Measurement, Polar, Pose, Scan, ScanKey};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::{Span, Timestamp};

/// Longest frame taken, bytes between delimiters.
pub const MAX_FRAME_BYTES: usize = 1 << 16;
/// Most detections in one frame.
pub const MAX_DETECTIONS: usize = 1_000;
/// The version of the layout this decoder knows.
pub const VERSION: u8 = 1;

const CRC_BYTES: usize = 4;

const TOO_LARGE: &str = "too_large";
const BAD_COBS: &str = "bad_cobs";
const TOO_SHORT: &str = "too_short";
const BAD_CRC: &str = "bad_crc";
const BAD_VERSION: &str = "bad_version";
const BAD_POSTCARD: &str = "bad_postcard";
const TRAILING_BYTES: &str = "trailing_bytes";

/// Every reason this decoder refuses under; what each means is in the table above.
pub const REASONS: &[&str] = &[
    TOO_LARGE,
    BAD_COBS,
    TOO_SHORT,
    BAD_CRC,
    BAD_VERSION,
    BAD_POSTCARD,
    TRAILING_BYTES,
    TOO_MANY_DETECTIONS,
    BAD_TIME,
    NO_POSE,
    BAD_CLASS,
    BAD_LOOK,
    OUT_OF_RANGE,
    NO_UNCERTAINTY,
];

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub struct Decoder {
    index: SensorIndex,
    model: SensorModel,
    /// The frame being decoded, unstuffed in place.
    plain: Vec<u8>,
}

impl Decoder {
    /// For one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, model: &SensorModel) -> Self {
        Self { index, model: model.clone(), plain: Vec::new() }
    }

    /// Decodes the bytes between two delimiters into exactly one scan.
    ///
    /// Whether the scan's time is plausible is the engine's to judge, not this decoder's.
    ///
    /// # Errors
    /// The whole frame is refused, under one of [`REASONS`].
    pub fn decode(&mut self, _received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        let written = layout::read(unstuff(bytes, &mut self.plain)?)?;
        if written.detections.len() > MAX_DETECTIONS {
            let detail = format!("{}, at most {MAX_DETECTIONS}", written.detections.len());
            return Err(Rejection::new(TOO_MANY_DETECTIONS, detail));
        }
        let time = time(written.time_us)?;
        let mut unknown = 0;
        let pose = match (self.model.mobile, &written.pose) {
            (true, None) => return Err(Rejection::new(NO_POSE, "a mobile sensor must send its pose")),
            (true, Some(given)) => Some(pose(given)?),
            (false, given) => {
                unknown = u32::from(given.is_some());
                None
            }
        };
        let look = match written.look {
            layout::Look::FieldOfView => ranges::default_look(self.model.kind),
            layout::Look::Sector { from_mdeg, to_mdeg, min_range_dm, max_range_dm } => ranges::sector(
                [turn_deg("from_mdeg", from_mdeg)?, turn_deg("to_mdeg", to_mdeg)?],
                f64::from(min_range_dm) / 10.0,
                f64::from(max_range_dm) / 10.0,
            )?,
            layout::Look::Unknown => Look::Unknown,
        };
        let mut detections = Vec::with_capacity(written.detections.len());
        for (at, one) in written.detections.iter().enumerate() {
            let judged = detection(one, &self.model).map_err(|refusal| {
                Rejection::new(refusal.reason, format!("detections[{at}]: {}", refusal.detail))
            })?;
            detections.push(judged);
        }
        let key = ScanKey { boot: u64::from(written.boot), seq: u64::from(written.seq) };
        out.unknown_fields = out.unknown_fields.saturating_add(unknown);
        out.scans.push(Scan { sensor: self.index, key: Some(key), time, pose, look, part: None, detections });
        Ok(())
    }
}

/// Undoes COBS into `plain` and checks the CRC-32; what is left is the scan.
fn unstuff<'a>(bytes: &[u8], plain: &'a mut Vec<u8>) -> Result<&'a [u8], Rejection> {
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(Rejection::new(TOO_LARGE, format!("{} bytes, at most {MAX_FRAME_BYTES}", bytes.len())));
    }
    if bytes.contains(&0) {
        return Err(Rejection::new(BAD_COBS, "a zero inside the frame"));
    }
    plain.clear();
    plain.extend_from_slice(bytes);
    let length = cobs::decode_in_place(plain).map_err(|error| Rejection::new(BAD_COBS, error.to_string()))?;
    plain.truncate(length);
    let Some((scan, &crc)) = plain.split_last_chunk::<CRC_BYTES>().filter(|(scan, _)| !scan.is_empty())
    else {
        return Err(Rejection::new(TOO_SHORT, format!("{length} bytes after unstuffing")));
    };
    let (claimed, computed) = (u32::from_le_bytes(crc), crc32fast::hash(scan));
    if claimed != computed {
        return Err(Rejection::new(BAD_CRC, format!("{claimed:08x}, computed {computed:08x}")));
    }
    Ok(scan)
}

fn time(time_us: u64) -> Result<Timestamp, Rejection> {
    i64::try_from(time_us)
        .ok()
        .and_then(|micros| micros.checked_mul(1_000))
        .map(Timestamp::from_nanos)
        .ok_or_else(|| Rejection::new(BAD_TIME, format!("time_us = {time_us}")))
}

fn pose(written: &layout::Pose) -> Result<Pose, Rejection> {
    let position_sigma_m = match written.position_sigma_dm {
        0 => ranges::DEFAULT_POSE_SIGMA_M,
        sigma_dm => f64::from(sigma_dm) / 10.0,
    };
    let heading_sigma_deg = match written.heading_sigma_mdeg {
        0 => ranges::DEFAULT_HEADING_SIGMA_DEG,
        sigma_mdeg => within("heading_sigma_mdeg", f64::from(sigma_mdeg), 0.0, 180_000.0)? / 1_000.0,
    };
    Ok(Pose {
        position: place(written.lat_e7, written.lon_e7, Some(written.altitude_dm))?,
        heading_rad: written.heading_mdeg.map(|mdeg| azimuth("heading_mdeg", mdeg)).transpose()?,
        position_sigma_m,
        heading_sigma_rad: heading_sigma_deg.to_radians(),
    })
}

fn detection(written: &layout::Detection, model: &SensorModel) -> Result<Detection, Rejection> {
    let mut detection = Detection::new(measurement(&written.measurement, model)?);
    let offset_s = f64::from(written.offset_ms) / 1_000.0;
    within("offset_ms / 1000", offset_s, -ranges::MAX_OFFSET_S, ranges::MAX_OFFSET_S)?;
    detection.offset = Span::from_nanos(i64::from(written.offset_ms) * 1_000_000);
    if let Some(snr_cdb) = written.snr_cdb {
        let snr_db = f64::from(snr_cdb) / 100.0;
        detection.snr_db = Some(within("snr_cdb / 100", snr_db, -ranges::MAX_SNR_DB, ranges::MAX_SNR_DB)?);
    }
    if let Some(class) = &written.class {
        detection.class = likelihoods(class)?;
    }
    Ok(detection)
}

fn likelihoods(written: &layout::Class) -> Result<ClassLikelihoods, Rejection> {
    let mut named = [None; Class::COUNT];
    let mut vehicle = None;
    let code = usize::from(written.code);
    let slot = if code == Class::COUNT { Some(&mut vehicle) } else { named.get_mut(code) };
    match (slot, written.likelihood_percent) {
        (Some(slot), percent @ 1..=100) => *slot = Some(f64::from(percent) / 100.0),
        (_, percent) => {
            return Err(Rejection::new(BAD_CLASS, format!("code {code}, likelihood {percent} percent")));
        }
    }
    ranges::class_likelihoods(named, vehicle)
}

fn measurement(written: &layout::Measurement, model: &SensorModel) -> Result<Measurement, Rejection> {
    match *written {
        layout::Measurement::Polar(ref written) => Ok(Measurement::Polar(polar(written, model)?)),
        layout::Measurement::Bearing { azimuth_mdeg, azimuth_sigma_mdeg } => Ok(Measurement::Bearing {
            azimuth_rad: azimuth("azimuth_mdeg", azimuth_mdeg)?,
            azimuth_sigma_rad: ranges::azimuth_sigma(given(azimuth_sigma_mdeg, 1_000.0), model)?,
        }),
        layout::Measurement::Position { lat_e7, lon_e7, altitude_dm, sigma_dm } => {
            let variance_m2 =
                given(u32::from(sigma_dm), 10.0).map(|sigma| [sigma * sigma, 0.0, sigma * sigma]);
            Ok(Measurement::Position {
                at: place(lat_e7, lon_e7, altitude_dm)?,
                has_altitude: altitude_dm.is_some(),
                covariance_m2: ranges::covariance_or_configured(variance_m2, model)?,
            })
        }
    }
}

fn polar(written: &layout::Polar, model: &SensorModel) -> Result<Polar, Rejection> {
    let range_rate = match &written.range_rate {
        None => None,
        Some(rate) => Some((
            within("rate_cmps / 100", f64::from(rate.rate_cmps) / 100.0, -MAX_SPEED_MPS, MAX_SPEED_MPS)?,
            given(u32::from(rate.sigma_cmps), 100.0).unwrap_or(ranges::DEFAULT_RANGE_RATE_SIGMA_MPS),
        )),
    };
    let elevation_deg = match written.elevation_mdeg {
        None => None,
        Some(mdeg) => Some(within("elevation_mdeg / 1000", f64::from(mdeg) / 1_000.0, -90.0, 90.0)?),
    };
    Ok(Polar {
        range_m: within("range_cm / 100", f64::from(written.range_cm) / 100.0, MIN_RANGE_M, MAX_RANGE_M)?,
        azimuth_rad: azimuth("azimuth_mdeg", written.azimuth_mdeg)?,
        range_sigma_m: ranges::sigma_or_configured(
            "range_sigma_cm / 100",
            given(written.range_sigma_cm, 100.0),
            model.range_sigma_m,
            ranges::MAX_RANGE_SIGMA_M,
        )?,
        azimuth_sigma_rad: ranges::azimuth_sigma(given(written.azimuth_sigma_mdeg, 1_000.0), model)?,
        elevation_rad: elevation_deg.map(f64::to_radians),
        range_rate,
    })
}

/// An error in whole units as one in metres or degrees; zero means that none was given.
fn given(sigma: u32, units: f64) -> Option<f64> {
    (sigma != 0).then(|| f64::from(sigma) / units)
}

fn place(lat_e7: i32, lon_e7: i32, altitude_dm: Option<i32>) -> Result<Geodetic, Rejection> {
    let lon_deg = within("lon_e7 / 1e7", f64::from(lon_e7) / 1e7, -180.0, 180.0)?;
    ranges::position(f64::from(lat_e7) / 1e7, lon_deg, f64::from(altitude_dm.unwrap_or(0)) / 10.0)
}

fn azimuth(field: &str, mdeg: u32) -> Result<f64, Rejection> {
    ranges::azimuth(field, turn_deg(field, mdeg)?)
}

fn turn_deg(field: &str, mdeg: u32) -> Result<f64, Rejection> {
    Ok(within(field, f64::from(mdeg), 0.0, 360_000.0)? / 1_000.0)
}
