//! A radar's targets (TTM, TLL) and a mobile sensor's pose (RMC, GGA, HDT).

use firmware_sims::calendar::{Utc, time_of_day_s};
use firmware_sims::encode::nmea::{TargetPosition, TargetStatus, TrackedTarget, gga, hdt, rmc, tll, ttm};
use firmware_sims::world::geo::{Frame, Place};
use linewatch::scan::{Detection, Look, Measurement};
use linewatch::sensor::{Format, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use proptest::prelude::*;

use super::{
    RECEIVED, close, close_angle, close_place, close_velocity, degrees, lat_lon, one_detection, place,
    sensor, understood,
};

/// Half of the last digit of minutes, degrees.
const MINUTES: f64 = 0.51e-5 / 60.0;
/// Half of the last digit of knots, and of degrees.
const VELOCITY: (f64, f64) = (0.0026, 0.0051);

fn radar() -> SensorModel {
    sensor(SensorKind::Radar, Format::Nmea)
}

fn status() -> impl Strategy<Value = TargetStatus> {
    prop::sample::select(vec![TargetStatus::Tracking, TargetStatus::Acquiring, TargetStatus::Lost])
}

/// A time of measurement up to 50 minutes before receipt.
fn measured() -> impl Strategy<Value = Timestamp> {
    (0..3_000_000_i64).prop_map(|ago_ms| RECEIVED.plus(Span::from_nanos(-ago_ms * 1_000_000)))
}

fn name_of(detection: &Detection) -> &str {
    match &detection.measurement {
        Measurement::Track { source_track, .. } => source_track,
        other => panic!("no track report: {other:?}"),
    }
}

/// Hundredths of a second are written.
fn close_time(found: Timestamp, said: Timestamp) {
    close("time", found.since(said).as_secs_f64(), 0.0, 0.010_001);
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_tracked_target_is_understood_as_it_was_meant(
        number in 0..100_u8,
        (range_m, bearing_deg) in (50.0..20_000.0, degrees()),
        (speed_mps, course_deg) in (0.0..60.0, degrees()),
        status in status(),
        at in measured(),
    ) {
        let utc = Utc::new(at.as_nanos());
        let name = format!("T{number:02}");
        let said = TrackedTarget { number, range_m, bearing_deg, speed_mps, course_deg, name, status, utc };
        let sentence = ttm("RA", &said);
        if status == TargetStatus::Lost {
            prop_assert_eq!(understood(&radar(), sentence.as_bytes()), vec![]);
            return Ok(());
        }
        let (scan, found) = one_detection(&radar(), sentence.as_bytes());
        close_time(scan.time, at);
        prop_assert_eq!(&scan.look, &Look::Unknown);
        prop_assert_eq!(name_of(&found), number.to_string());
        // Judged in the simulators' own geometry; the ground below the tangent plane is a fraction of a metre aside.
        let target = place(&found);
        let frame = Frame::new(Place::new([-49.0, 69.6], 20.0));
        let [east, north, _] = frame.to_enu(Place::new([target.lat_deg(), target.lon_deg()], 0.0));
        close("range", east.hypot(north), range_m, 0.3);
        close_angle("bearing", east.atan2(north), bearing_deg, 0.0051 + (0.1_f64 / range_m).to_degrees());
        if status == TargetStatus::Tracking {
            close_velocity(&found, speed_mps, course_deg, VELOCITY);
        } else {
            prop_assert_eq!(found.velocity, None, "a target being acquired has none worth reading");
        }
    }

    #[test]
    fn a_target_s_position_is_understood_as_it_was_meant(
        number in 0..100_u8,
        lat_lon in lat_lon(),
        status in status(),
        at in measured(),
    ) {
        let utc = Utc::new(at.as_nanos());
        let said = TargetPosition { number, lat_lon, name: "X".into(), status, utc };
        let sentence = tll("RA", &said);
        if status == TargetStatus::Lost {
            prop_assert_eq!(understood(&radar(), sentence.as_bytes()), vec![]);
            return Ok(());
        }
        let (scan, found) = one_detection(&radar(), sentence.as_bytes());
        close_time(scan.time, at);
        prop_assert_eq!(name_of(&found), number.to_string());
        close_place(place(&found), lat_lon, MINUTES);
    }

    #[test]
    fn a_mobile_radar_stands_where_its_receiver_says(
        lat_lon in lat_lon(),
        (height_m, separation_m) in (-50.0..4_000.0, -100.0..80.0),
        (speed_mps, course_deg, heading_deg) in (0.0..40.0, degrees(), degrees()),
        day_ns in 0..86_400_000_000_000_i64,
    ) {
        let utc = Utc::new(day_ns);
        prop_assert!(time_of_day_s(day_ns) < 86_400.0);
        let target = TargetPosition { number: 7, lat_lon, name: "X".into(), status: TargetStatus::Tracking, utc: Utc::new(RECEIVED.as_nanos()) };
        let lines = [
            gga("GP", utc, lat_lon, height_m, separation_m),
            rmc("GP", utc, lat_lon, speed_mps, course_deg),
            hdt("HE", heading_deg),
            tll("RA", &target),
        ];
        let model = SensorModel { mobile: true, position: None, ..radar() };
        let (scan, _) = one_detection(&model, lines.concat().as_bytes());
        let pose = scan.pose.expect("a mobile sensor has a pose");
        close_place(pose.position, lat_lon, MINUTES);
        close("altitude", pose.position.altitude_m, height_m + separation_m, 0.101);
        close_angle("heading", pose.heading_rad.expect("a heading"), heading_deg, 0.0051);
    }
}
