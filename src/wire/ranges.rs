//! What a number must be before the inside may see it: shared by every decoder.

use super::Rejection;
use crate::geo::Geodetic;
use crate::scan::{Class, ClassLikelihoods, Look};
use crate::sensor::{SensorKind, SensorModel};

/// A number is NaN, infinite or outside what its field can mean.
pub const OUT_OF_RANGE: &str = "out_of_range";
/// Neither the message nor the configuration says how uncertain a detection is.
pub const NO_UNCERTAINTY: &str = "no_uncertainty";
/// A covariance is not symmetric positive definite.
pub const NOT_POSITIVE_DEFINITE: &str = "not_positive_definite";
/// A time of measurement is implausibly far from the time of receipt or outside the calendar.
pub const BAD_TIME: &str = "bad_time";
/// Class likelihoods that rule everything out, or a class that is not in the list.
pub const BAD_CLASS: &str = "bad_class";
/// What a look says it covered is empty, impossible, or of no known form.
pub const BAD_LOOK: &str = "bad_look";
/// A mobile sensor did not say where it was.
pub const NO_POSE: &str = "no_pose";

/// Farther than any ground sensor sees.
pub const MAX_RANGE_M: f64 = 1.0e6;
/// Faster than anything on the ground, at sea or in the air below orbit.
pub const MAX_SPEED_MPS: f64 = 3_500.0;
/// Nearer is inside the sensor, and leaves azimuths without meaning.
pub const MIN_RANGE_M: f64 = 0.01;
/// A range error beyond this makes a range a bearing.
pub const MAX_RANGE_SIGMA_M: f64 = 1.0e5;
/// A detection is made at most this long before or after its scan's time.
pub const MAX_OFFSET_S: f64 = 600.0;
/// Beyond what any receiver can tell apart.
pub const MAX_SNR_DB: f64 = 200.0;
/// One-sigma range rate error where the message gives none: there is no configuration for it, and 1 m/s is a poor
/// radar's, so that a good one is believed too little rather than too much.
pub const DEFAULT_RANGE_RATE_SIGMA_MPS: f64 = 1.0;
/// One-sigma position error of a pose that gives none, metres.
pub const DEFAULT_POSE_SIGMA_M: f64 = 1.0;
/// One-sigma heading error of a pose that gives none, degrees.
pub const DEFAULT_HEADING_SIGMA_DEG: f64 = 1.0;
/// No single report calls a class less likely than this: one classifier's certainty must not be for ever.
pub const CLASS_FLOOR: f64 = 0.01;

/// `value` if it is finite and inside `low..=high`.
///
/// # Errors
/// [`OUT_OF_RANGE`] with the field's name and the value.
pub fn within(field: &str, value: f64, low: f64, high: f64) -> Result<f64, Rejection> {
    // Written so that NaN fails.
    if value >= low && value <= high {
        return Ok(value);
    }
    Err(Rejection::new(OUT_OF_RANGE, format!("{field} = {value}, expected {low} to {high}")))
}

/// A latitude and longitude in degrees as a position; longitudes up to 360 are taken and wrapped.
///
/// # Errors
/// [`OUT_OF_RANGE`].
pub fn position(lat_deg: f64, lon_deg: f64, altitude_m: f64) -> Result<Geodetic, Rejection> {
    let lat_deg = within("lat", lat_deg, -90.0, 90.0)?;
    let lon_deg = within("lon", lon_deg, -180.0, 360.0)?;
    let altitude_m = within("altitude_m", altitude_m, -1_000.0, 100_000.0)?;
    let wrapped_deg = if lon_deg > 180.0 { lon_deg - 360.0 } else { lon_deg };
    Ok(Geodetic::from_degrees(lat_deg, wrapped_deg, altitude_m))
}

/// An azimuth in degrees (any turn from -360 to 720) as radians in [0, 2π).
///
/// # Errors
/// [`OUT_OF_RANGE`].
pub fn azimuth(field: &str, degrees: f64) -> Result<f64, Rejection> {
    let degrees = within(field, degrees, -360.0, 720.0)?;
    let turn = degrees - 360.0 * libm::floor(degrees / 360.0);
    // -1e-17 wraps to exactly 360, which is the same direction as 0.
    Ok(if turn >= 360.0 { 0.0 } else { turn.to_radians() })
}

/// A covariance (east-east, east-north, north-north) in metres², which must be positive definite.
///
/// # Errors
/// [`OUT_OF_RANGE`] or [`NOT_POSITIVE_DEFINITE`].
pub fn covariance(values: [f64; 3]) -> Result<[f64; 3], Rejection> {
    let [ee, en, nn] = values;
    within("cov_m2[0]", ee, 0.0, 1e12)?;
    within("cov_m2[1]", en, -1e12, 1e12)?;
    within("cov_m2[2]", nn, 0.0, 1e12)?;
    // Relative, so that rounding in a thin ellipse is refused before it can break a Cholesky factor.
    if ee < 1e-6 || nn < 1e-6 || ee * nn - en * en <= 1e-9 * ee * nn {
        return Err(Rejection::new(NOT_POSITIVE_DEFINITE, format!("cov_m2 = [{ee}, {en}, {nn}]")));
    }
    Ok(values)
}

/// The covariance of a reported position: the message's own, else the configured sigma in both axes.
///
/// # Errors
/// [`NO_UNCERTAINTY`] if there is neither, else as [`covariance`].
pub fn covariance_or_configured(
    given: Option<[f64; 3]>,
    sensor: &SensorModel,
) -> Result<[f64; 3], Rejection> {
    match (given, sensor.position_sigma_m) {
        (Some(values), _) => covariance(values),
        (None, Some(sigma)) => covariance([sigma * sigma, 0.0, sigma * sigma]),
        (None, None) => {
            Err(Rejection::new(NO_UNCERTAINTY, "no cov_m2 in the message, no position_sigma_m configured"))
        }
    }
}

/// A one-sigma error: the message's own, else the configured one; positive and at most `high`.
///
/// # Errors
/// [`NO_UNCERTAINTY`] or [`OUT_OF_RANGE`].
pub fn sigma_or_configured(
    field: &str,
    given: Option<f64>,
    configured: Option<f64>,
    high: f64,
) -> Result<f64, Rejection> {
    match given.or(configured) {
        Some(sigma) => within(field, sigma, 1e-9, high),
        None => Err(Rejection::new(NO_UNCERTAINTY, format!("no {field} in the message or configuration"))),
    }
}

/// A one-sigma azimuth error in radians: the message's own, given in degrees, else the configured one.
///
/// # Errors
/// [`NO_UNCERTAINTY`] or [`OUT_OF_RANGE`].
pub fn azimuth_sigma(given_deg: Option<f64>, sensor: &SensorModel) -> Result<f64, Rejection> {
    match given_deg {
        Some(degrees) => Ok(within("azimuth_sigma_deg", degrees, 1e-9, 180.0)?.to_radians()),
        None => {
            sigma_or_configured("azimuth_sigma_deg", None, sensor.azimuth_sigma_rad, std::f64::consts::PI)
        }
    }
}

/// A likelihood for every class from those that were named, each in [0, 1]; `vehicle` stands for its three kinds
/// where they are not named themselves.
///
/// Classes of which nothing was said share evenly what the words leave of 1, and none is below [`CLASS_FLOOR`].
/// If nothing at all was said, all are equal.
///
/// # Errors
/// [`BAD_CLASS`] if everything named is zero.
pub fn class_likelihoods(
    named: [Option<f64>; Class::COUNT],
    vehicle: Option<f64>,
) -> Result<ClassLikelihoods, Rejection> {
    let said = || named.iter().chain([&vehicle]).flatten();
    if said().next().is_none() {
        return Ok([1.0; Class::COUNT]);
    }
    let sum: f64 = said().sum();
    if sum <= 0.0 {
        return Err(Rejection::new(BAD_CLASS, "every class is given the likelihood zero"));
    }
    let mut all = named;
    for (slot, class) in all.iter_mut().zip(Class::ALL) {
        if slot.is_none() && Class::named("vehicle").contains(&class) {
            *slot = vehicle;
        }
    }
    let silent = all.iter().filter(|slot| slot.is_none()).count();
    let share = (1.0 - sum).max(0.0) / silent.max(1) as f64;
    Ok(all.map(|slot| slot.unwrap_or(share).max(CLASS_FLOOR)))
}

/// What a look covers that does not say so: a self-report or a scene of unknown extent denies nothing.
#[must_use]
pub fn default_look(kind: SensorKind) -> Look {
    match kind {
        SensorKind::Radar | SensorKind::Camera | SensorKind::Lidar => Look::FieldOfView,
        SensorKind::Satellite | SensorKind::Transponder => Look::Unknown,
    }
}

/// Azimuth bounds as written (degrees, clockwise from the first) and slant ranges as a sector.
///
/// # Errors
/// [`OUT_OF_RANGE`], or [`BAD_LOOK`] if it is empty or wider than a turn.
pub fn sector([from_deg, to_deg]: [f64; 2], near_m: f64, far_m: f64) -> Result<Look, Rejection> {
    let mut from_rad = azimuth("look.azimuth_deg[0]", from_deg)?;
    let mut to_rad = azimuth("look.azimuth_deg[1]", to_deg)?;
    let min_range_m = within("look.range_m[0]", near_m, 0.0, MAX_RANGE_M)?;
    let max_range_m = within("look.range_m[1]", far_m, 0.0, MAX_RANGE_M)?;
    let width_deg = to_deg - from_deg;
    if width_deg > 360.0 {
        return Err(Rejection::new(BAD_LOOK, format!("azimuth_deg is {width_deg} degrees wide")));
    }
    if width_deg >= 360.0 {
        (from_rad, to_rad) = (0.0, std::f64::consts::TAU);
    } else if (to_rad - from_rad).abs() <= 0.0 {
        return Err(Rejection::new(BAD_LOOK, format!("azimuth_deg = [{from_deg}, {to_deg}] is empty")));
    }
    if min_range_m >= max_range_m {
        return Err(Rejection::new(BAD_LOOK, format!("range_m = [{near_m}, {far_m}] is empty")));
    }
    Ok(Look::Sector { from_rad, to_rad, min_range_m, max_range_m })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_not_a_number_passes() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 90.1, -90.1] {
            assert_eq!(position(bad, 0.0, 0.0).unwrap_err().reason, OUT_OF_RANGE);
            assert!(covariance([1.0, bad, 1.0]).is_err() && covariance([bad, 0.0, 1e-7]).is_err());
        }
    }

    #[test]
    fn azimuths_end_in_one_turn() {
        for (degrees, expected) in [(0.0, 0.0), (360.0, 0.0), (-90.0, 270.0), (450.0, 90.0), (-1e-17, 0.0)] {
            assert_eq!(azimuth("azimuth_deg", degrees).map(f64::to_degrees), Ok(expected));
        }
    }

    #[test]
    fn a_covariance_must_be_an_ellipse() {
        assert!(covariance([132.7, 183.9, 556.3]).is_ok());
        for bad in [[1.0, 2.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [-1.0, 0.0, 1.0]] {
            assert!(covariance(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn classes_of_which_nothing_was_said_share_the_rest() {
        let mut named = [None; Class::COUNT];
        assert_eq!(class_likelihoods(named, None), Ok([1.0; Class::COUNT]));
        named[0] = Some(0.0);
        assert_eq!(class_likelihoods(named, None).unwrap_err().reason, BAD_CLASS);
        named[4] = Some(0.25);
        // Person and tracked-vehicle are named, the other two vehicles are 0.5, four classes share 1 - 0.75.
        let all = class_likelihoods(named, Some(0.5));
        assert_eq!(all, Ok([CLASS_FLOOR, 0.0625, 0.5, 0.5, 0.25, 0.0625, 0.0625, 0.0625]));
    }
}
