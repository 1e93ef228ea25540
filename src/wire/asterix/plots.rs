//! Categories 048 and 010 made detections: what a radar or a surface movement sensor measured.
//!
//! In: a record, its sensor and the time of receipt. Out: a detection and its instant, or why it is none. A radar's
//! own track velocity is decoded but not passed on: it is made of the same plots, so it is no second measurement.

use super::cat010;
use super::cat048;
use super::time_of_day::TimeOfDay;
use super::units::FLIGHT_LEVEL_M;
use crate::geo::Geodetic;
use crate::scan::{Class, ClassLikelihoods, Detection, Measurement, Polar};
use crate::sensor::SensorModel;
use crate::time::Timestamp;
use crate::wire::{Rejection, ranges};

/// Simulated, test or field monitor: nothing real is there.
pub(super) const TEST_TARGET: &str = "test_target";
/// The record says that nothing was detected.
pub(super) const NO_DETECTION: &str = "no_detection";
/// The position is the sender's guess between measurements.
pub(super) const EXTRAPOLATED: &str = "extrapolated";
/// The range did not fit its item; the expansion field that has it is not read.
pub(super) const EXTENDED_RANGE: &str = "extended_range";
/// An item without which the record says nothing usable is absent.
pub(super) const MISSING_ITEM: &str = "missing_item";

/// Mean radius of the Earth (IUGG): enough for an elevation angle, which nothing weighs to better than its height.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// How likely a thing is still of a class its self-description does not name: descriptions are wrong and lie.
const OTHERWISE: f64 = 0.05;

/// A detection and the instant it was measured.
pub(super) type Timed = (Timestamp, Detection);

/// The item, or a rejection that names it.
pub(super) fn required<T>(item: Option<T>, name: &str) -> Result<T, Rejection> {
    item.ok_or_else(|| Rejection::new(MISSING_ITEM, format!("no {name}")))
}

/// The instant of a record.
pub(super) fn instant(
    time: Option<TimeOfDay>,
    name: &str,
    received: Timestamp,
) -> Result<Timestamp, Rejection> {
    required(time, name)?.near(received)
}

/// `icao:4ca7f3`; an address of all zeros or ones is nobody's.
pub(super) fn identity(address: Option<u32>) -> Option<std::sync::Arc<str>> {
    let address = address.filter(|&address| address != 0 && address != 0x00ff_ffff)?;
    Some(format!("icao:{address:06x}").into())
}

/// Likelihoods of a thing that says it is one of these.
pub(super) fn claimed(classes: &[Class]) -> ClassLikelihoods {
    Class::ALL.map(|class| if classes.contains(&class) { 1.0 } else { OTHERWISE })
}

fn refuse_tests(simulated: bool, test: bool, field_monitor: bool) -> Result<(), Rejection> {
    if simulated || test || field_monitor {
        let found = format!("simulated {simulated}, test {test}, field monitor {field_monitor}");
        return Err(Rejection::new(TEST_TARGET, found));
    }
    Ok(())
}

/// A plot of category 048.
pub(super) fn radar_plot(
    record: &cat048::Record,
    received: Timestamp,
    sensor: &SensorModel,
) -> Result<Timed, Rejection> {
    let descriptor = required(record.descriptor, "I048/020")?;
    refuse_tests(descriptor.simulated, descriptor.test, descriptor.field_monitor)?;
    if descriptor.kind == 0 {
        return Err(Rejection::new(NO_DETECTION, "I048/020 type 0"));
    }
    if descriptor.extended_range {
        return Err(Rejection::new(EXTENDED_RANGE, "I048/020 ERR"));
    }
    let time = instant(record.time_of_day, "I048/140", received)?;
    let mut polar = polar(required(record.polar, "I048/040")?, sensor)?;
    let level_m =
        record.flight_level.filter(|level| !level.garbled).map(|level| level.level * FLIGHT_LEVEL_M);
    let height_m = record.height_m.or(level_m);
    polar.elevation_rad = height_m.and_then(|height_m| elevation(polar.range_m, height_m, sensor.position));
    let mut detection = Detection::new(Measurement::Polar(polar));
    detection.identity = identity(record.address);
    Ok((time, detection))
}

/// A target report of category 010; nothing for its other messages. Positions are preferred as they come nearest to
/// what was measured and how well: geodetic where its accuracy is known, then polar, then cartesian.
pub(super) fn surface_report(
    record: &cat010::Record,
    received: Timestamp,
    sensor: &SensorModel,
) -> Result<Option<Timed>, Rejection> {
    if required(record.message_type, "I010/000")? != cat010::TARGET_REPORT {
        return Ok(None);
    }
    let descriptor = required(record.descriptor, "I010/020")?;
    refuse_tests(descriptor.simulated, descriptor.test, descriptor.field_monitor)?;
    if record.status.is_some_and(|status| status.extrapolated != 0) {
        return Err(Rejection::new(EXTRAPOLATED, "I010/170 CST"));
    }
    let time = instant(record.time_of_day, "I010/140", received)?;
    let mut detection = Detection::new(surface_measurement(record, sensor)?);
    detection.identity = identity(record.address);
    match descriptor.target {
        1 | 3 => detection.class = claimed(&[Class::Aircraft]),
        2 => detection.class = claimed(Class::named("vehicle")),
        _ => {}
    }
    Ok(Some((time, detection)))
}

fn surface_measurement(record: &cat010::Record, sensor: &SensorModel) -> Result<Measurement, Rejection> {
    let deviation = record.deviation.map(|(east_m, north_m, cross_m2)| {
        // An axis said to be exact is exact to half a unit of the item.
        let [east_m, north_m] = [east_m.max(0.125), north_m.max(0.125)];
        [east_m * east_m, cross_m2, north_m * north_m]
    });
    let geodetic = record.wgs84_deg.filter(|_| deviation.is_some() || sensor.position_sigma_m.is_some());
    let otherwise = record.polar.or_else(|| record.cartesian_m.map(|(x_m, y_m)| to_polar(x_m, y_m)));
    match (geodetic, otherwise) {
        (None, Some(found)) => polar(found, sensor).map(Measurement::Polar),
        (_, None) | (Some(_), _) => {
            let (lat_deg, lon_deg) = required(record.wgs84_deg, "I010/040, 041 or 042")?;
            Ok(Measurement::Position {
                at: ranges::position(lat_deg, lon_deg, 0.0)?,
                has_altitude: false,
                covariance_m2: ranges::covariance_or_configured(deviation, sensor)?,
            })
        }
    }
}

fn to_polar(x_m: f64, y_m: f64) -> (f64, f64) {
    (libm::hypot(x_m, y_m), libm::atan2(x_m, y_m).to_degrees())
}

fn polar((range_m, azimuth_deg): (f64, f64), sensor: &SensorModel) -> Result<Polar, Rejection> {
    use ranges::{MAX_RANGE_M, sigma_or_configured};
    Ok(Polar {
        // Less than half a unit of any item: zero is no range.
        range_m: ranges::within("range_m", range_m, 0.1, MAX_RANGE_M)?,
        azimuth_rad: ranges::azimuth("azimuth_deg", azimuth_deg)?,
        range_sigma_m: sigma_or_configured("range_sigma_m", None, sensor.range_sigma_m, MAX_RANGE_M)?,
        azimuth_sigma_rad: sigma_or_configured("azimuth_sigma_deg", None, sensor.azimuth_sigma_rad, 3.2)?,
        elevation_rad: None,
        range_rate: None,
    })
}

/// Elevation of a thing at a slant range and height over a round Earth: the law of cosines at the sensor.
fn elevation(range_m: f64, height_m: f64, sensor: Option<Geodetic>) -> Option<f64> {
    let near_m = EARTH_RADIUS_M + sensor?.altitude_m;
    let far_m = EARTH_RADIUS_M + height_m;
    let sine = (far_m * far_m - near_m * near_m - range_m * range_m) / (2.0 * range_m * near_m);
    // A height the range cannot reach (pressure, noise) says nothing about the elevation.
    (-1.0..=1.0).contains(&sine).then(|| libm::asin(sine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elevation_falls_below_the_horizon_with_distance() {
        let at = Some(Geodetic::from_degrees(45.0, 15.0, 0.0));
        let close = elevation(10_000.0, 5_000.0, at).unwrap().to_degrees();
        // sin = 0.5 - 7.5e7 / (2e4 R) = 0.5 - 0.000 588 6; over cos 30 degrees that is 0.038 94 degrees less.
        assert!((close - 29.961_06).abs() < 1e-4, "{close}");
        let level = elevation(100_000.0, 0.0, at).unwrap();
        assert!((level + 100_000.0 / (2.0 * EARTH_RADIUS_M)).abs() < 1e-6, "{level}");
        assert_eq!(elevation(1_000.0, 5_000.0, at), None);
        assert_eq!(elevation(1_000.0, 500.0, None), None);
    }

    #[test]
    fn cartesian_is_east_and_north() {
        let (range_m, azimuth_deg) = to_polar(-3.0, -4.0);
        assert!((range_m - 5.0).abs() < 1e-12 && (azimuth_deg + 143.130_102_354).abs() < 1e-6);
    }

    #[test]
    fn nobody_has_an_empty_address() {
        assert_eq!(identity(Some(0x3c660c)).as_deref(), Some("icao:3c660c"));
        assert_eq!((identity(Some(0)), identity(Some(0xff_ffff)), identity(None)), (None, None, None));
    }
}
