//! What a number must be before the inside may see it: shared by every decoder.

use super::Rejection;
use crate::geo::Geodetic;
use crate::sensor::SensorModel;

/// A number is NaN, infinite or outside what its field can mean.
pub const OUT_OF_RANGE: &str = "out_of_range";
/// Neither the message nor the configuration says how uncertain a detection is.
pub const NO_UNCERTAINTY: &str = "no_uncertainty";
/// A covariance is not symmetric positive definite.
pub const NOT_POSITIVE_DEFINITE: &str = "not_positive_definite";
/// A time of measurement is implausibly far from the time of receipt or outside the calendar.
pub const BAD_TIME: &str = "bad_time";

/// Farther than any ground sensor sees.
pub const MAX_RANGE_M: f64 = 1.0e6;
/// Faster than anything on the ground, at sea or in the air below orbit.
pub const MAX_SPEED_MPS: f64 = 3_500.0;

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
}
