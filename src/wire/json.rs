//! The JSON scan of the contract: one message is one look of one sensor.
//!
//! In: the payload's bytes and the sensor's configuration. Out: one scan, or one named reason. Keeps nothing from one
//! message to the next.
//!
//! **A message is taken whole or not at all.** A sender that garbles one number is not to be half believed: what it
//! did not see (the misses of this look) would rest on a list known to be damaged, and counters of scans and
//! detections would no longer agree with what the sender counted.
//!
//! Fields this version does not know are ignored and counted, so that newer boxes may say more; so is what is known
//! but has no meaning here (the pose of a fixed sensor). A field of the contract may be `null` for "absent", and may
//! not come twice. Depth costs no stack: known fields nest only as far as their form goes, and unknown ones are
//! skipped without recursion.

mod detection;
mod message;
#[cfg(test)]
mod tests;

use serde::Deserialize as _;
use serde_json::error::Category;

use super::ranges::{
    self, BAD_CLASS, BAD_LOOK, BAD_TIME, NO_POSE, NO_UNCERTAINTY, NOT_POSITIVE_DEFINITE, OUT_OF_RANGE,
};
use super::{Decoded, Rejection, TOO_MANY_DETECTIONS};
use crate::geo::Geodetic;
use crate::scan::{Look, Measurement, Pose, Scan, ScanKey};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;

/// Longest payload taken, bytes: what a broker link is limited to as well.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// Most detections in one message; more than any one look of a ground sensor, and 0.1 s of work.
pub const MAX_DETECTIONS: usize = 10_000;
/// Most corners of a look's polygon.
pub const MAX_LOOK_CORNERS: usize = 1_000;

/// Longer than [`MAX_PAYLOAD_BYTES`].
const TOO_LARGE: &str = "too_large";
/// Not JSON, or nested too deeply, or a number too large to be one.
const BAD_JSON: &str = "bad_json";
/// A known field holds another type than it should, or a list of another length.
const BAD_TYPE: &str = "bad_type";
/// A known field twice.
const DUPLICATE_FIELD: &str = "duplicate_field";
/// More after the end of the object.
const TRAILING_BYTES: &str = "trailing_bytes";
/// A required field is absent.
const MISSING_FIELD: &str = "missing_field";
/// The payload claims to be another sensor's.
const WRONG_SENSOR: &str = "wrong_sensor";
/// `part` is not one of its own number.
const BAD_PART: &str = "bad_part";

/// Every reason this decoder refuses under.
pub const REASONS: &[&str] = &[
    TOO_LARGE,
    BAD_JSON,
    BAD_TYPE,
    DUPLICATE_FIELD,
    TRAILING_BYTES,
    TOO_MANY_DETECTIONS,
    MISSING_FIELD,
    WRONG_SENSOR,
    BAD_TIME,
    NO_POSE,
    BAD_LOOK,
    BAD_PART,
    detection::AMBIGUOUS,
    detection::NO_MEASUREMENT,
    detection::RANGE_WITHOUT_AZIMUTH,
    detection::INCOMPLETE_POSITION,
    detection::INCOMPLETE_VELOCITY,
    detection::BAD_NAME,
    BAD_CLASS,
    NO_UNCERTAINTY,
    NOT_POSITIVE_DEFINITE,
    OUT_OF_RANGE,
];

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub struct Decoder {
    index: SensorIndex,
    model: SensorModel,
}

impl Decoder {
    /// For one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, model: &SensorModel) -> Self {
        Self { index, model: model.clone() }
    }

    /// Decodes one message into exactly one scan.
    ///
    /// Whether the scan's time is plausible is the engine's to judge, not this decoder's.
    ///
    /// # Errors
    /// The whole message is refused, under one of [`REASONS`].
    pub fn decode(&mut self, _received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        let message = parse(bytes)?;
        let sensor = required("sensor", message.sensor)?.0;
        if sensor != self.model.id.as_str() {
            let detail = format!("sensor is {:?}, expected {:?}", shortened(&sensor), self.model.id.as_str());
            return Err(Rejection::new(WRONG_SENSOR, detail));
        }
        let key = ScanKey { boot: required("boot", message.boot)?, seq: required("seq", message.seq)? };
        let time = Timestamp::parse(&required("time", message.time)?.0)
            .map_err(|error| Rejection::new(BAD_TIME, format!("time is {error}")))?;
        let mut unknown = message.unknown;
        let pose = self.pose(message.pose, &mut unknown)?;
        let written = required("detections", message.detections)?.0;
        let mut detections = Vec::with_capacity(written.len());
        for (at, one) in written.iter().enumerate() {
            let judged = detection::judge(one, &self.model, &mut unknown).map_err(|refusal| {
                Rejection::new(refusal.reason, format!("detections[{at}]: {}", refusal.detail))
            })?;
            detections.push(judged);
        }
        let only_tracks = !detections.is_empty()
            && detections.iter().all(|one| matches!(one.measurement, Measurement::Track { .. }));
        let given = message.look.map(|look| self.look(look, &mut unknown)).transpose()?;
        let look = match given {
            _ if only_tracks => Look::Unknown,
            Some(look) => look,
            None => ranges::default_look(self.model.kind),
        };
        let part = message.part.map(part).transpose()?;
        out.unknown_fields = out.unknown_fields.saturating_add(unknown);
        out.scans.push(Scan { sensor: self.index, key: Some(key), time, pose, look, part, detections });
        Ok(())
    }

    fn pose(&self, written: Option<message::Pose<'_>>, unknown: &mut u32) -> Result<Option<Pose>, Rejection> {
        if !self.model.mobile {
            *unknown = unknown.saturating_add(u32::from(written.is_some()));
            return Ok(None);
        }
        let written = written.ok_or_else(|| Rejection::new(NO_POSE, "a mobile sensor must send its pose"))?;
        *unknown = unknown.saturating_add(written.unknown);
        let [lat, lon] = required("pose.position", written.position)?;
        let position_sigma_m = written.position_sigma_m.unwrap_or(ranges::DEFAULT_POSE_SIGMA_M);
        let heading_sigma_deg = written.heading_sigma_deg.unwrap_or(ranges::DEFAULT_HEADING_SIGMA_DEG);
        Ok(Some(Pose {
            position: ranges::position(lat, lon, written.altitude_m.unwrap_or(0.0))?,
            heading_rad: written
                .heading_deg
                .map(|heading| ranges::azimuth("pose.heading_deg", heading))
                .transpose()?,
            position_sigma_m: ranges::within("pose.position_sigma_m", position_sigma_m, 0.0, 1.0e5)?,
            heading_sigma_rad: ranges::within("pose.heading_sigma_deg", heading_sigma_deg, 0.0, 180.0)?
                .to_radians(),
        }))
    }

    fn look(&self, written: message::Look<'_>, unknown: &mut u32) -> Result<Look, Rejection> {
        *unknown = unknown.saturating_add(written.unknown);
        match (written.azimuth_deg, written.range_m, written.polygon) {
            (Some(azimuths), range, None) => {
                // A camera has azimuth bounds and no range to bound.
                let [near, far] = range.unwrap_or([0.0, self.model.max_range_m]);
                ranges::sector(azimuths, near, far)
            }
            (None, None, Some(corners)) => polygon(&corners),
            _ => Err(Rejection::new(BAD_LOOK, "expected azimuth_deg and range_m, or polygon")),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<message::Message<'_>, Rejection> {
    if bytes.len() > MAX_PAYLOAD_BYTES {
        let detail = format!("{} bytes, at most {MAX_PAYLOAD_BYTES}", bytes.len());
        return Err(Rejection::new(TOO_LARGE, detail));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let message = message::Message::deserialize(&mut parser).map_err(|error| named(&error))?;
    parser.end().map_err(|error| Rejection::new(TRAILING_BYTES, error.to_string()))?;
    Ok(message)
}

/// The reason behind a parser's error, which is one type for all of them.
fn named(error: &serde_json::Error) -> Rejection {
    // The parser's own messages about types begin with "invalid", so a sender's text cannot pass for one of ours.
    let text = error.to_string();
    let reason = match error.classify() {
        Category::Data if text.starts_with(message::DUPLICATE) => DUPLICATE_FIELD,
        Category::Data if text.starts_with(message::TOO_MANY) => TOO_MANY_DETECTIONS,
        Category::Data => BAD_TYPE,
        Category::Syntax | Category::Eof | Category::Io => BAD_JSON,
    };
    Rejection::new(reason, shortened(&text))
}

/// The beginning of a text from outside, so that a refusal stays short whatever was sent.
fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

fn required<T>(field: &str, value: Option<T>) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::new(MISSING_FIELD, field))
}

fn part([i, n]: [u16; 2]) -> Result<(u16, u16), Rejection> {
    if i >= 1 && i <= n {
        return Ok((i, n));
    }
    Err(Rejection::new(BAD_PART, format!("part = [{i}, {n}], expected [i, n] with 1 <= i <= n")))
}

fn polygon(corners: &[[f64; 2]]) -> Result<Look, Rejection> {
    // Some senders repeat the first corner at the end, as GeoJSON does.
    let open = match corners.split_last() {
        Some((last, others)) if others.first() == Some(last) => others,
        _ => corners,
    };
    if !(3..=MAX_LOOK_CORNERS).contains(&open.len()) {
        let detail = format!("polygon of {} corners, expected 3 to {MAX_LOOK_CORNERS}", open.len());
        return Err(Rejection::new(BAD_LOOK, detail));
    }
    let places: Result<Vec<Geodetic>, Rejection> =
        open.iter().map(|&[lat, lon]| ranges::position(lat, lon, 0.0)).collect();
    Ok(Look::Polygon(places?))
}
