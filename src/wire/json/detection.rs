//! One detection of the JSON scan: from as it is written to as it is true.
//!
//! In: the fields found and the sensor's configuration. Out: a detection of exactly one form, or a named reason.
//!
//! A measured quantity of another form (a covariance beside a range) makes a detection ambiguous and is refused. A
//! mere companion that this form has no use for (an elevation beside a lone azimuth, an error of a quantity that is
//! not there) is checked, ignored, and counted like an unknown field.

use std::sync::Arc;

use super::message::{Classes, Detection as Written, Text};
use crate::scan::{ClassLikelihoods, Detection, Measurement, Polar, Velocity};
use crate::sensor::SensorModel;
use crate::time::Span;
use crate::wire::Rejection;
use crate::wire::ranges::{self, MAX_RANGE_M, MAX_SPEED_MPS, MIN_RANGE_M, within};

/// Measured quantities of two forms at once.
pub(super) const AMBIGUOUS: &str = "ambiguous_detection";
/// None of the forms.
pub(super) const NO_MEASUREMENT: &str = "no_measurement";
/// `range_m` alone says nothing about where.
pub(super) const RANGE_WITHOUT_AZIMUTH: &str = "range_without_azimuth";
/// `lat` without `lon` or the reverse.
pub(super) const INCOMPLETE_POSITION: &str = "incomplete_position";
/// `speed_mps` without `course_deg` or the reverse.
pub(super) const INCOMPLETE_VELOCITY: &str = "incomplete_velocity";
/// A name that is empty, too long, or holds control characters.
pub(super) const BAD_NAME: &str = "bad_name";

/// Longest `identity` and `source_track`, bytes.
const MAX_NAME_BYTES: usize = 64;

/// Judges one detection; adds what it ignored to `unknown`.
pub(super) fn judge(
    written: &Written<'_>,
    model: &SensorModel,
    unknown: &mut u32,
) -> Result<Detection, Rejection> {
    let measurement = measurement(written, model)?;
    let ignored = companions_without_use(written, &measurement)?;
    *unknown = unknown.saturating_add(written.unknown).saturating_add(ignored);
    let mut detection = Detection::new(measurement);
    if let Some(dt_s) = written.dt_s {
        detection.offset =
            Span::from_secs_f64(within("dt_s", dt_s, -ranges::MAX_OFFSET_S, ranges::MAX_OFFSET_S)?);
    }
    detection.snr_db = optional("snr_db", written.snr_db, -ranges::MAX_SNR_DB, ranges::MAX_SNR_DB)?;
    detection.velocity = velocity(written)?;
    if let Some(classes) = &written.class {
        *unknown = unknown.saturating_add(classes.unknown);
        detection.class = likelihoods(classes)?;
    }
    detection.identity = written.identity.as_ref().map(|text| name("identity", text)).transpose()?;
    Ok(detection)
}

fn measurement(written: &Written<'_>, model: &SensorModel) -> Result<Measurement, Rejection> {
    let seen_from_sensor = written.range_m.is_some() || written.azimuth_deg.is_some();
    let placed = written.lat.is_some() || written.lon.is_some();
    let of_position = written.alt_m.is_some() || written.cov_m2.is_some() || written.source_track.is_some();
    let of_sensor = written.elevation_deg.is_some() || written.range_rate_mps.is_some();
    if seen_from_sensor && (placed || of_position) || placed && of_sensor {
        return Err(Rejection::new(AMBIGUOUS, "both as seen from the sensor and as a position"));
    }
    match (written.range_m, written.azimuth_deg, written.lat, written.lon) {
        (Some(range_m), Some(azimuth_deg), ..) => polar(written, range_m, azimuth_deg, model),
        (None, Some(azimuth_deg), ..) => Ok(Measurement::Bearing {
            azimuth_rad: ranges::azimuth("azimuth_deg", azimuth_deg)?,
            azimuth_sigma_rad: ranges::azimuth_sigma(written.azimuth_sigma_deg, model)?,
        }),
        (Some(_), None, ..) => Err(Rejection::new(RANGE_WITHOUT_AZIMUTH, "range_m without azimuth_deg")),
        (None, None, Some(lat), Some(lon)) => position(written, lat, lon, model),
        (None, None, None, None) => {
            Err(Rejection::new(NO_MEASUREMENT, "neither azimuth_deg nor lat and lon"))
        }
        (None, None, ..) => Err(Rejection::new(INCOMPLETE_POSITION, "lat and lon go together")),
    }
}

fn polar(
    written: &Written<'_>,
    range_m: f64,
    azimuth_deg: f64,
    model: &SensorModel,
) -> Result<Measurement, Rejection> {
    let range_rate = match written.range_rate_mps {
        None => None,
        Some(rate) => Some((
            within("range_rate_mps", rate, -MAX_SPEED_MPS, MAX_SPEED_MPS)?,
            ranges::sigma_or_configured(
                "range_rate_sigma_mps",
                written.range_rate_sigma_mps,
                Some(ranges::DEFAULT_RANGE_RATE_SIGMA_MPS),
                MAX_SPEED_MPS,
            )?,
        )),
    };
    Ok(Measurement::Polar(Polar {
        range_m: within("range_m", range_m, MIN_RANGE_M, MAX_RANGE_M)?,
        azimuth_rad: ranges::azimuth("azimuth_deg", azimuth_deg)?,
        range_sigma_m: ranges::sigma_or_configured(
            "range_sigma_m",
            written.range_sigma_m,
            model.range_sigma_m,
            ranges::MAX_RANGE_SIGMA_M,
        )?,
        azimuth_sigma_rad: ranges::azimuth_sigma(written.azimuth_sigma_deg, model)?,
        elevation_rad: optional("elevation_deg", written.elevation_deg, -90.0, 90.0)?.map(f64::to_radians),
        range_rate,
    }))
}

fn position(
    written: &Written<'_>,
    lat: f64,
    lon: f64,
    model: &SensorModel,
) -> Result<Measurement, Rejection> {
    let at = ranges::position(lat, lon, written.alt_m.unwrap_or(0.0))?;
    let has_altitude = written.alt_m.is_some();
    let covariance_m2 = ranges::covariance_or_configured(written.cov_m2, model)?;
    Ok(match &written.source_track {
        None => Measurement::Position { at, has_altitude, covariance_m2 },
        Some(text) => {
            let source_track = name("source_track", text)?;
            Measurement::Track { at, has_altitude, covariance_m2, source_track }
        }
    })
}

/// Checks the companions this form has no use for and counts them.
fn companions_without_use(written: &Written<'_>, measurement: &Measurement) -> Result<u32, Rejection> {
    let polar = matches!(measurement, Measurement::Polar(_));
    let bearing = matches!(measurement, Measurement::Bearing { .. });
    let rate_used = polar && written.range_rate_mps.is_some();
    let companions = [
        ("range_sigma_m", written.range_sigma_m, polar, 0.0, ranges::MAX_RANGE_SIGMA_M),
        ("azimuth_sigma_deg", written.azimuth_sigma_deg, polar || bearing, 0.0, 180.0),
        ("elevation_deg", written.elevation_deg, polar, -90.0, 90.0),
        ("range_rate_mps", written.range_rate_mps, polar, -MAX_SPEED_MPS, MAX_SPEED_MPS),
        ("range_rate_sigma_mps", written.range_rate_sigma_mps, rate_used, 0.0, MAX_SPEED_MPS),
    ];
    let mut ignored = 0;
    for (field, value, used, low, high) in companions {
        if !used && optional(field, value, low, high)?.is_some() {
            ignored += 1;
        }
    }
    Ok(ignored)
}

fn velocity(written: &Written<'_>) -> Result<Option<Velocity>, Rejection> {
    match (written.speed_mps, written.course_deg) {
        (None, None) => Ok(None),
        (Some(speed), Some(course)) => {
            let speed_mps = within("speed_mps", speed, 0.0, MAX_SPEED_MPS)?;
            Ok(Some(Velocity::from_course(speed_mps, ranges::azimuth("course_deg", course)?)))
        }
        _ => Err(Rejection::new(INCOMPLETE_VELOCITY, "speed_mps and course_deg go together")),
    }
}

fn likelihoods(classes: &Classes) -> Result<ClassLikelihoods, Rejection> {
    for value in classes.named.iter().chain([&classes.vehicle]).flatten() {
        within("class", *value, 0.0, 1.0)?;
    }
    ranges::class_likelihoods(classes.named, classes.vehicle)
}

fn name(field: &str, text: &Text<'_>) -> Result<Arc<str>, Rejection> {
    let text = text.0.as_ref();
    if text.is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        let detail = format!("{field} of {} bytes, expected 1 to {MAX_NAME_BYTES}, printable", text.len());
        return Err(Rejection::new(BAD_NAME, detail));
    }
    Ok(text.into())
}

/// `value` if it is absent or inside `low..=high`.
pub(super) fn optional(
    field: &str,
    value: Option<f64>,
    low: f64,
    high: f64,
) -> Result<Option<f64>, Rejection> {
    value.map(|value| within(field, value, low, high)).transpose()
}
