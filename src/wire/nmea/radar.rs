//! A radar's tracked targets: TTM (range and bearing) and TLL (latitude and longitude).
//!
//! In: sentences, where the radar stands and how it is turned. Out: **track** reports: both sentences come from the
//! radar's own tracker, so they are positions under that tracker's number and no independent measurements.
//!
//! Source: IEC 61162-1, sentences TLL and TTM; the tracker behind them, IEC 62388.

use super::instant::{at_time_of_day, parse_time_of_day};
use super::pose::read_place;
use super::report::KNOT_MPS;
use super::sentence::{Fields, bad_field};
use super::{NO_HEADING, NO_POSE};
use crate::geo::{Enu, Geodetic, LocalFrame};
use crate::scan::{Detection, Measurement, Pose, Velocity};
use crate::sensor::SensorModel;
use crate::time::Timestamp;
use crate::wire::Rejection;
use crate::wire::ranges::{self, MAX_RANGE_M, MAX_SPEED_MPS, azimuth, within};

/// Highest target number: two digits in old editions, 1023 in the newest.
const MAX_TARGET: u16 = 1_023;

/// Where the radar stands.
pub(super) struct Site<'a> {
    pub(super) model: &'a SensorModel,
    /// Of a mobile radar.
    pub(super) pose: Option<Pose>,
    pub(super) heading_rad: Option<f64>,
}

/// A target in polar coordinates at the radar, true north.
struct Polar {
    range_m: f64,
    azimuth_rad: f64,
    relative: bool,
}

/// A target's status: tracked, being acquired (its velocity is not yet worth reading) or lost.
#[derive(PartialEq)]
enum Status {
    Tracked,
    Acquiring,
    Lost,
}

/// Tracked target message. A lost target gives nothing.
pub(super) fn ttm(
    near: Timestamp,
    site: &Site<'_>,
    mut fields: Fields<'_>,
) -> Result<Option<(Detection, Timestamp)>, Rejection> {
    let target = read_target(&mut fields)?;
    let range = fields.required("range")?;
    let bearing_deg = fields.required("bearing")?;
    let bearing_reference = fields.text();
    let speed = fields.number("speed")?;
    let course_deg = fields.number("course")?;
    let course_reference = fields.text();
    let mut fields = fields.skip(2);
    let (metres, mps) = read_units(fields.text())?;
    let mut fields = fields.skip(1);
    let status = read_status(fields.text())?;
    let mut fields = fields.skip(1);
    let measured = read_time(near, fields.text())?;
    if status == Status::Lost {
        return Ok(None);
    }
    let bearing_rad = azimuth("bearing", within("bearing", bearing_deg, 0.0, 360.0)?)?;
    let relative = bearing_reference == "R";
    let turned_rad = match bearing_reference {
        "T" => 0.0,
        "R" => site
            .heading_rad
            .ok_or_else(|| Rejection::new(NO_HEADING, "a relative bearing, no fresh HDT or THS"))?,
        other => return Err(bad_field("bearing reference", other)),
    };
    let polar = Polar {
        range_m: within("range_m", range * metres, 0.1, MAX_RANGE_M)?,
        azimuth_rad: bearing_rad + turned_rad,
        relative,
    };
    // A course that is relative is so to something that the sentence does not say: own heading or own motion.
    let velocity = match (speed, course_deg) {
        (Some(speed), Some(course_deg)) if status == Status::Tracked && course_reference == "T" => {
            let speed_mps = within("speed_mps", speed * mps, 0.0, MAX_SPEED_MPS)?;
            Some(Velocity::from_course(
                speed_mps,
                azimuth("course", within("course", course_deg, 0.0, 360.0)?)?,
            ))
        }
        _ => None,
    };
    let (at, covariance_m2) = place(site, &polar)?;
    let measurement =
        Measurement::Track { at, has_altitude: false, covariance_m2, source_track: target.into() };
    Ok(Some((Detection { velocity, ..Detection::new(measurement) }, measured)))
}

/// Target latitude and longitude. A lost target gives nothing.
pub(super) fn tll(
    near: Timestamp,
    site: &Site<'_>,
    mut fields: Fields<'_>,
) -> Result<Option<(Detection, Timestamp)>, Rejection> {
    let target = read_target(&mut fields)?;
    let (lat_deg, lon_deg) = read_place(&mut fields)?.ok_or_else(|| bad_field("lat or lon", ""))?;
    let mut fields = fields.skip(1);
    let measured = read_time(near, fields.text())?;
    if read_status(fields.text())? == Status::Lost {
        return Ok(None);
    }
    within("lon", lon_deg, -180.0, 180.0)?;
    let measurement = Measurement::Track {
        at: ranges::position(lat_deg, lon_deg, 0.0)?,
        has_altitude: false,
        covariance_m2: ranges::covariance_or_configured(None, site.model)?,
        source_track: target.into(),
    };
    Ok(Some((Detection::new(measurement), measured)))
}

/// Where a target is on the ground, and with what covariance east and north there.
fn place(site: &Site<'_>, polar: &Polar) -> Result<(Geodetic, [f64; 3]), Rejection> {
    let model = site.model;
    let stand = match site.pose {
        Some(pose) => pose.position,
        None => model.position.ok_or_else(|| Rejection::new(NO_POSE, "no fresh RMC or GGA"))?,
    };
    let range_sigma_m = ranges::sigma_or_configured("range_sigma_m", None, model.range_sigma_m, MAX_RANGE_M)?;
    let azimuth_sigma_rad = ranges::sigma_or_configured(
        "azimuth_sigma_deg",
        None,
        model.azimuth_sigma_rad,
        std::f64::consts::PI,
    )?;
    let (heading_sigma_rad, stand_sigma_m) = match site.pose {
        Some(pose) if polar.relative => (pose.heading_sigma_rad, pose.position_sigma_m),
        Some(pose) => (0.0, pose.position_sigma_m),
        None => (0.0, 0.0),
    };
    let frame = LocalFrame::new(stand);
    let (sin, cos) = libm::sincos(polar.azimuth_rad);
    let enu = Enu { east_m: polar.range_m * sin, north_m: polar.range_m * cos, up_m: 0.0 };
    let at = Geodetic { altitude_m: 0.0, ..frame.to_geodetic(enu) };
    // R diag(along², across²) Rᵀ in the radar's frame, then turned into the axes at the target.
    let along_m2 = range_sigma_m * range_sigma_m;
    let across_m = polar.range_m * libm::hypot(azimuth_sigma_rad, heading_sigma_rad);
    let across_m2 = across_m * across_m;
    let stand_m2 = stand_sigma_m * stand_sigma_m;
    let covariance = nalgebra::Matrix2::new(
        sin * sin * along_m2 + cos * cos * across_m2 + stand_m2,
        sin * cos * (along_m2 - across_m2),
        sin * cos * (along_m2 - across_m2),
        cos * cos * along_m2 + sin * sin * across_m2 + stand_m2,
    );
    let turn = frame.axes_at(at).fixed_view::<2, 2>(0, 0).into_owned();
    let there = turn.transpose() * covariance * turn;
    Ok((at, ranges::covariance([there.m11, there.m12, there.m22])?))
}

fn read_target(fields: &mut Fields<'_>) -> Result<String, Rejection> {
    let target = fields.count("target number", MAX_TARGET)?;
    target.map(|number| number.to_string()).ok_or_else(|| bad_field("target number", ""))
}

/// Metres per unit of distance and metres per second per unit of speed.
fn read_units(units: &str) -> Result<(f64, f64), Rejection> {
    match units {
        "K" => Ok((1_000.0, 1.0 / 3.6)),
        "N" => Ok((1_852.0, KNOT_MPS)),
        "S" => Ok((1_609.344, 1_609.344 / 3_600.0)),
        other => Err(bad_field("units", other)),
    }
}

fn read_status(status: &str) -> Result<Status, Rejection> {
    match status {
        "T" => Ok(Status::Tracked),
        "Q" => Ok(Status::Acquiring),
        "L" => Ok(Status::Lost),
        other => Err(bad_field("target status", other)),
    }
}

/// The time of the data if it is given.
fn read_time(near: Timestamp, text: &str) -> Result<Timestamp, Rejection> {
    if text.is_empty() {
        return Ok(near);
    }
    let nanos = parse_time_of_day(text).ok_or_else(|| bad_field("time", text))?;
    Ok(at_time_of_day(near, nanos))
}
