//! AIS messages to detections: what a transponder says about its own position.
//!
//! In: a message, what its sender said before, the sensor's configuration. Out: a [`Detection`] and when it was
//! measured, or nothing if the message has no position or is not of something that moves.

use super::ais::{Message, Position};
use super::instant::at_second;
use super::ships::Ship;
use crate::scan::{Class, ClassLikelihoods, Detection, Measurement, Velocity};
use crate::sensor::SensorModel;
use crate::time::Timestamp;
use crate::wire::Rejection;
use crate::wire::ranges::{self, OUT_OF_RANGE, within};

/// One-sigma error per axis where the accuracy flag is set: "≤ 10 m" (ITU-R M.1371-5, table 50), taken as two sigma.
const ACCURATE_SIGMA_M: f64 = 5.0;
/// One-sigma error per axis where it is not ("> 10 m"): three times that, as unaided GNSS with a poor antenna has.
const PLAIN_SIGMA_M: f64 = 15.0;
/// Least error of a long-range report: its position is rounded to 1/10 minute (table 88), 185.2 m of latitude, and may
/// be some seconds old without saying so.
const LONG_RANGE_SIGMA_M: f64 = 185.2;
/// Metres per second in a knot (exact).
pub(super) const KNOT_MPS: f64 = 1_852.0 / 3_600.0;
/// Likelihood of the classes a report does not claim: a transponder can be carried anywhere.
const UNLIKELY: f64 = 0.02;

/// The part of a position report that all of them share.
struct SelfReport {
    position: Position,
    accuracy: bool,
    speed_kn: Option<f64>,
    course_deg: Option<f64>,
    second: u8,
    altitude_m: Option<f64>,
    least_sigma_m: f64,
}

impl SelfReport {
    /// Of types 1, 2, 3, 9, 18, 19 and 27; base stations (4) and marks (21) are no targets.
    fn of(message: &Message) -> Option<Self> {
        let report = |position, accuracy, speed_kn, course_deg, second| Self {
            position,
            accuracy,
            speed_kn,
            course_deg,
            second,
            altitude_m: None,
            least_sigma_m: 0.0,
        };
        Some(match message {
            Message::ClassA(m) => report(m.position, m.accuracy, m.speed_kn(), m.course_deg(), m.second),
            Message::ClassB(m) => report(m.position, m.accuracy, m.speed_kn(), m.course_deg(), m.second),
            Message::ClassBExtended(m) => {
                let m = &m.motion;
                report(m.position, m.accuracy, m.speed_kn(), m.course_deg(), m.second)
            }
            Message::Aircraft(m) => Self {
                altitude_m: m.altitude_m(),
                ..report(m.position, m.accuracy, m.speed_kn(), m.course_deg(), m.second)
            },
            Message::LongRange(m) => Self {
                least_sigma_m: LONG_RANGE_SIGMA_M,
                ..report(m.position, m.accuracy, m.speed_kn(), m.course_deg(), 60)
            },
            _ => return None,
        })
    }
}

/// The detection that a message makes, and when it was measured given that it came at `near`.
///
/// # Errors
/// `out_of_range` for a position off the globe or an MMSI of ten digits, else as [`ranges::covariance`].
pub(super) fn detection(
    message: &Message,
    ship: &Ship,
    model: &SensorModel,
    near: Timestamp,
) -> Result<Option<(Detection, Timestamp)>, Rejection> {
    let Some(report) = SelfReport::of(message) else { return Ok(None) };
    let Some((lat_deg, lon_deg)) = report.position.degrees() else { return Ok(None) };
    let mmsi = message.header().mmsi;
    if mmsi > 999_999_999 {
        return Err(Rejection::new(OUT_OF_RANGE, format!("mmsi = {mmsi}, expected nine digits")));
    }
    // Elsewhere 200° east is a way to write 160° west; a transponder never does.
    within("lon", lon_deg, -180.0, 180.0)?;
    let at = ranges::position(lat_deg, lon_deg, report.altitude_m.unwrap_or(0.0))?;
    let by_flag_m = if report.accuracy { ACCURATE_SIGMA_M } else { PLAIN_SIGMA_M };
    let sigma_m = model.position_sigma_m.unwrap_or(by_flag_m).max(report.least_sigma_m);
    let covariance_m2 = ranges::covariance([sigma_m * sigma_m, 0.0, sigma_m * sigma_m])?;
    let has_altitude = report.altitude_m.is_some();
    let detection = Detection {
        velocity: velocity(report.speed_kn, report.course_deg),
        class: class(message, ship),
        // 0 is what an unprogrammed transponder sends: two of them are not one.
        identity: (mmsi != 0).then(|| ship.identity.clone()),
        ..Detection::new(Measurement::Position { at, has_altitude, covariance_m2 })
    };
    Ok(Some((detection, at_second(near, report.second))))
}

/// Speed and course over ground; a ship that lies still needs no course.
fn velocity(speed_kn: Option<f64>, course_deg: Option<f64>) -> Option<Velocity> {
    match (speed_kn?, course_deg) {
        (speed_kn, Some(course_deg)) => {
            Some(Velocity::from_course(speed_kn * KNOT_MPS, course_deg.to_radians()))
        }
        (speed_kn, None) => (speed_kn <= 0.0).then(Velocity::default),
    }
}

/// What the sender claims to be, by message, MMSI (ITU-R M.585-9: 111 aircraft, 970 to 974 rescue beacons and people
/// overboard) and ship type (20 to 29 wing in ground).
fn class(message: &Message, ship: &Ship) -> ClassLikelihoods {
    let mmsi = message.header().mmsi;
    let wing_in_ground = ship.ship_type.is_some_and(|kind| (20..30).contains(&kind));
    let claimed: &[Class] = match mmsi {
        _ if matches!(message, Message::Aircraft(_)) => &[Class::Aircraft],
        // 111 and a country (200 to 799): 111111111 is a ship whose MMSI nobody has set.
        111_200_000..=111_799_999 => &[Class::Aircraft],
        970_000_000..=974_999_999 => &[Class::Person, Class::Vessel],
        _ if wing_in_ground => &[Class::Vessel, Class::Aircraft],
        _ => &[Class::Vessel],
    };
    Class::ALL.map(|class| if claimed.contains(&class) { 1.0 } else { UNLIKELY })
}
