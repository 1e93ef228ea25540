//! Categories 021 and 062 made detections: what a transponder says of itself, and another system's tracks.
//!
//! In: a record, its sensor and the time of receipt. Out: a detection and its instant, or why it is none.

use super::cat021;
use super::cat062;
use super::plots::{EXTRAPOLATED, TEST_TARGET, Timed, claimed, identity, instant, required};
use super::units::{FLIGHT_LEVEL_M, NAUTICAL_MILE_M};
use crate::scan::{Class, Detection, Measurement, Velocity};
use crate::sensor::SensorModel;
use crate::time::Timestamp;
use crate::wire::{Rejection, ranges};

/// Radius that holds 95 % of the errors, by NACp from 1 (DO-260B, table 2-14).
const ACCURACY_95_M: [f64; 11] = [
    10.0 * NAUTICAL_MILE_M,
    4.0 * NAUTICAL_MILE_M,
    2.0 * NAUTICAL_MILE_M,
    NAUTICAL_MILE_M,
    0.5 * NAUTICAL_MILE_M,
    0.3 * NAUTICAL_MILE_M,
    0.1 * NAUTICAL_MILE_M,
    0.05 * NAUTICAL_MILE_M,
    30.0,
    10.0,
    3.0,
];
/// The 95 % radius of a circular normal distribution in sigmas: the root of -2 ln 0.05.
const SIGMAS_95: f64 = 2.447_746_830_680_816;
/// A degree of latitude, good to half a percent: for deviations, not positions.
const DEGREE_M: f64 = 111_132.0;

/// An ADS-B report of category 021.
pub(super) fn adsb_report(
    record: &cat021::Record,
    received: Timestamp,
    sensor: &SensorModel,
) -> Result<Timed, Rejection> {
    let descriptor = required(record.descriptor, "I021/040")?;
    if descriptor.simulated || descriptor.test || descriptor.field_monitor {
        return Err(Rejection::new(TEST_TARGET, "I021/040 SIM, TST or RAB"));
    }
    let time = record.position_applies.or(record.position_received).or(record.transmitted);
    let time = instant(time, "I021/071, 073 or 077", received)?;
    let (lat_deg, lon_deg) = required(record.wgs84_fine_deg.or(record.wgs84_deg), "I021/130 or 131")?;
    let height_m = record.geometric_height_m.or(record.flight_level.map(|level| level * FLIGHT_LEVEL_M));
    let mut detection = Detection::new(Measurement::Position {
        at: ranges::position(lat_deg, lon_deg, height_m.unwrap_or(0.0))?,
        has_altitude: height_m.is_some(),
        covariance_m2: ranges::covariance_or_configured(accuracy(record.quality), sensor)?,
    });
    detection.identity = identity(record.address);
    detection.velocity = match record.ground_vector {
        None => None,
        Some((speed_mps, angle_deg)) => Some(Velocity::from_course(
            ranges::within("speed_mps", speed_mps, 0.0, ranges::MAX_SPEED_MPS)?,
            ranges::azimuth("course_deg", angle_deg)?,
        )),
    };
    match record.emitter.unwrap_or(0) {
        1..=6 | 10..=12 | 15 => detection.class = claimed(&[Class::Aircraft]),
        13 => detection.class = claimed(&[Class::Drone]),
        20 | 21 => detection.class = claimed(Class::named("vehicle")),
        _ => {}
    }
    Ok((time, detection))
}

/// The covariance that a NACp stands for; nothing where the report gives none or it means "unknown".
fn accuracy(quality: Option<cat021::Quality>) -> Option<[f64; 3]> {
    let category = usize::from(quality?.accuracy?);
    let sigma_m = ACCURACY_95_M.get(category.checked_sub(1)?)? / SIGMAS_95;
    Some([sigma_m * sigma_m, 0.0, sigma_m * sigma_m])
}

/// A system track of category 062.
pub(super) fn system_track(
    record: &cat062::Record,
    received: Timestamp,
    sensor: &SensorModel,
) -> Result<Timed, Rejection> {
    let status = record.status.unwrap_or_default();
    if status.simulated {
        return Err(Rejection::new(TEST_TARGET, "I062/080 SIM"));
    }
    if status.coasting {
        return Err(Rejection::new(EXTRAPOLATED, "I062/080 CST"));
    }
    let time = instant(record.time_of_day, "I062/070", received)?;
    let [sac, sic] = required(record.source, "I062/010")?;
    let track = required(record.track_number, "I062/040")?;
    let (lat_deg, lon_deg) = required(record.wgs84_deg, "I062/105")?;
    let height_m = height(record);
    let at = ranges::position(lat_deg, lon_deg, height_m.unwrap_or(0.0))?;
    let mut detection = Detection::new(Measurement::Track {
        at,
        has_altitude: height_m.is_some(),
        covariance_m2: ranges::covariance_or_configured(estimated(record, at.lat_rad), sensor)?,
        source_track: format!("{sac}.{sic}.{track}").into(),
    });
    detection.identity = identity(record.address);
    if let Some((east_mps, north_mps)) = record.velocity_mps {
        ranges::within("speed_mps", libm::hypot(east_mps, north_mps), 0.0, ranges::MAX_SPEED_MPS)?;
        detection.velocity = Some(Velocity { east_mps, north_mps });
    }
    Ok((time, detection))
}

/// Geometric where there is one, else what the system computed from pressure, else what was last measured.
fn height(record: &cat062::Record) -> Option<f64> {
    let level = record.barometric.map(|(level, _)| level).or(record.flight_level);
    record.geometric_altitude_m.or(level.map(|level| level * FLIGHT_LEVEL_M))
}

/// The covariance the system estimates, in metres where it says so, else from degrees.
fn estimated(record: &cat062::Record, lat_rad: f64) -> Option<[f64; 3]> {
    let (east_m, north_m) = record.deviation_m.or_else(|| {
        let (lat_deg, lon_deg) = record.deviation_deg?;
        Some((lon_deg * DEGREE_M * libm::cos(lat_rad), lat_deg * DEGREE_M))
    })?;
    // An axis said to be exact is exact to half a unit of the item.
    let [east_m, north_m] = [east_m.max(0.25), north_m.max(0.25)];
    let root_m = record.covariance_root_m.unwrap_or(0.0);
    Some([east_m * east_m, root_m * root_m.abs(), north_m * north_m])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::asterix::cat021::Quality;

    #[test]
    fn accuracy_categories_are_95_percent_radii() {
        let of = |accuracy| self::accuracy(Some(Quality { accuracy, ..Quality::default() }));
        let nine = of(Some(9)).unwrap();
        // 1 - exp(-r²/2σ²) of a circular normal lies within r.
        let inside = 1.0 - libm::exp(-30.0 * 30.0 / (2.0 * nine[0]));
        assert!((inside - 0.95).abs() < 1e-12, "{inside}");
        assert_eq!((of(None), of(Some(0)), of(Some(12))), (None, None, None));
        assert!(of(Some(1)).unwrap()[0] > of(Some(11)).unwrap()[0]);
    }

    #[test]
    fn the_covariance_of_a_track_keeps_its_sign() {
        let record = cat062::Record {
            deviation_m: Some((4.0, 3.0)),
            covariance_root_m: Some(-2.0),
            ..cat062::Record::default()
        };
        assert_eq!(estimated(&record, 0.0), Some([16.0, -4.0, 9.0]));
        let record = cat062::Record { deviation_deg: Some((0.001, 0.002)), ..cat062::Record::default() };
        let [ee, en, nn] = estimated(&record, 60f64.to_radians()).unwrap();
        assert!((ee - nn).abs() < 1e-6 && en.abs() < 1e-12 && (nn.sqrt() - 111.132).abs() < 1e-9);
    }
}
