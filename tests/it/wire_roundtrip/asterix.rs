//! ASTERIX CAT010, 021, 034, 048 and 062: items one by one, then what they are to fusion.

use firmware_sims::encode::asterix::{
    AdsbReport, Plot, Sector, SurfaceReport, SystemTrack, encode_cat010, encode_cat021, encode_cat034,
    encode_cat048, encode_cat062,
};
use linewatch::scan::{Look, Measurement};
use linewatch::sensor::{Format, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::wire::Decoded;
use linewatch::wire::asterix::{Record, TimeOfDay, parse};
use proptest::option::of;
use proptest::prelude::*;

use super::{
    RECEIVED, close, close_angle, close_place, close_velocity, decoder, degrees, lat_lon, one_detection,
    place, sensor,
};

const SOURCE: [u8; 2] = [25, 1];
/// Half of 1/128 s, of 360/65536°, of 1/256 NM.
const TOD_S: f64 = 0.003_91;
const ANGLE_DEG: f64 = 0.002_75;
const RHO_M: f64 = 3.618;
/// Seconds since midnight at [`RECEIVED`].
const NOON_S: f64 = 43_200.0;

fn half_turn(power: i32) -> f64 {
    0.501 * 180.0 / 2f64.powi(power)
}

fn model() -> SensorModel {
    SensorModel { sac_sic: Some(SOURCE), ..sensor(SensorKind::Radar, Format::Asterix) }
}

/// The one record of one block.
fn one(bytes: &[u8]) -> Record {
    let mut frame = parse(bytes).unwrap();
    assert_eq!((frame.records.len(), frame.skipped), (1, 0));
    frame.records.remove(0)
}

#[track_caller]
fn close_tod(found: Option<TimeOfDay>, said_s: f64) {
    let apart = (found.expect("a time of day").as_secs_f64() - said_s).rem_euclid(86_400.0);
    assert!(apart.min(86_400.0 - apart) <= TOD_S, "{found:?} of {said_s} s");
}

#[track_caller]
fn close_pair(found: Option<(f64, f64)>, said: Option<[f64; 2]>, within: f64) {
    assert_eq!(found.is_some(), said.is_some());
    if let (Some(found), Some(said)) = (found, said) {
        close("first", found.0, said[0], within);
        close("second", found.1, said[1], within);
    }
}

fn velocity() -> impl Strategy<Value = [f64; 2]> {
    (-300.0..300.0, -300.0..300.0).prop_map(|(east, north)| [east, north])
}

fn surface() -> impl Strategy<Value = SurfaceReport> {
    let polar = of((1.0..65_000.0, degrees()));
    let plane = of((-32_000.0..32_000.0, -32_000.0..32_000.0).prop_map(|(east, north)| [east, north]));
    (0.0..86_399.9, of(lat_lon()), polar, plane, of(velocity()), of(0..4_096_u16)).prop_map(
        |(tod_s, lat_lon, polar, east_north_m, velocity_mps, track)| SurfaceReport {
            tod_s,
            lat_lon,
            polar,
            east_north_m,
            velocity_mps,
            track,
        },
    )
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn plots(rho_m in 0.0..470_000.0, theta_deg in degrees(), tod_s in 0.0..86_399.9, amplitude_dbm in of(any::<i8>()), doppler_mps in of(-500.0..500.0), simulated in any::<bool>()) {
        let said = Plot { rho_m, theta_deg, tod_s, amplitude_dbm, doppler_mps, simulated };
        let Record::Plot(found) = one(&encode_cat048(SOURCE, &[said])) else { panic!("no plot") };
        prop_assert_eq!(found.source, Some(SOURCE));
        close_tod(found.time_of_day, tod_s);
        let (range_m, azimuth_deg) = found.polar.expect("a position");
        close("range", range_m, rho_m, RHO_M);
        close_angle("azimuth", azimuth_deg.to_radians(), theta_deg, ANGLE_DEG);
        let descriptor = found.descriptor.expect("a descriptor");
        prop_assert_eq!((descriptor.kind, descriptor.simulated, descriptor.test), (1, simulated, false));
    }

    #[test]
    fn antenna_marks(tod_s in 0.0..86_399.9, rotation_s in 0.5..60.0, at in of((lat_lon(), -100.0..9_000.0)), step in 0..256_u16) {
        let north = encode_cat034(SOURCE, tod_s, Sector::North { rotation_s, position: at });
        let Record::Service(found) = one(&north) else { panic!("no mark") };
        prop_assert_eq!((found.source, found.message_type, found.azimuth_deg), (Some(SOURCE), Some(1), None));
        close_tod(found.time_of_day, tod_s);
        close("rotation", found.period_s.expect("a period"), rotation_s, TOD_S);
        prop_assert_eq!(found.position.is_some(), at.is_some());
        if let (Some((height, lat, lon)), Some((said, height_m))) = (found.position, at) {
            close_pair(Some((lat, lon)), Some(said), half_turn(23));
            close("height", height, height_m, 0.501);
        }
        let azimuth_deg = f64::from(step) * 360.0 / 256.0;
        let Record::Service(found) = one(&encode_cat034(SOURCE, tod_s, Sector::Crossing { azimuth_deg })) else { panic!("no mark") };
        prop_assert_eq!((found.message_type, found.azimuth_deg), (Some(2), Some(azimuth_deg)));
        close_tod(found.time_of_day, tod_s);
    }

    #[test]
    fn surface_reports(said in surface()) {
        let Record::Surface(found) = one(&encode_cat010(SOURCE, &[said])) else { panic!("no report") };
        prop_assert_eq!((found.source, found.message_type), (Some(SOURCE), Some(1)));
        close_tod(found.time_of_day, said.tod_s);
        close_pair(found.wgs84_deg, said.lat_lon, half_turn(31));
        close_pair(found.cartesian_m, said.east_north_m, 0.501);
        close_pair(found.velocity_mps, said.velocity_mps, 0.1251);
        prop_assert_eq!(found.track_number, said.track);
        prop_assert_eq!(found.polar.is_some(), said.polar.is_some());
        if let (Some((range, azimuth)), Some((range_m, azimuth_deg))) = (found.polar, said.polar) {
            close("range", range, range_m, 0.501);
            close_angle("azimuth", azimuth.to_radians(), azimuth_deg, ANGLE_DEG);
        }
    }

    #[test]
    fn adsb_reports(address in 1..0xff_ffff_u32, ago_s in 0.0..900.0, lat_lon in lat_lon(), height_m in of(-300.0..20_000.0), velocity in of((0.0..600.0, degrees()))) {
        let said = AdsbReport { address, tod_s: NOON_S - ago_s, lat_lon, height_m, velocity };
        let bytes = encode_cat021(SOURCE, &[said]);
        let Record::Adsb(found) = one(&bytes) else { panic!("no report") };
        prop_assert_eq!((found.source, found.address), (Some(SOURCE), Some(address)));
        close_tod(found.position_applies, said.tod_s);
        close_pair(found.wgs84_fine_deg.or(found.wgs84_deg), Some(lat_lon), half_turn(30));
        let (scan, found) = one_detection(&model(), &bytes);
        close("age", RECEIVED.since(scan.time).as_secs_f64(), ago_s, TOD_S);
        close_place(place(&found), lat_lon, half_turn(30));
        close("height", place(&found).altitude_m, height_m.unwrap_or(0.0), 0.96);
        let identity = format!("icao:{address:06x}");
        prop_assert_eq!(found.identity.as_deref(), Some(identity.as_str()));
        prop_assert_eq!(found.velocity.is_some(), velocity.is_some());
        if let Some((speed_mps, course_deg)) = velocity {
            close_velocity(&found, speed_mps, course_deg, (0.0566, ANGLE_DEG));
        }
    }

    #[test]
    fn system_tracks(number in any::<u16>(), ago_s in 0.0..900.0, lat_lon in lat_lon(), velocity_mps in velocity()) {
        let said = SystemTrack { number, tod_s: NOON_S - ago_s, lat_lon, velocity_mps };
        let (scan, found) = one_detection(&model(), &encode_cat062(SOURCE, &[said]));
        close("age", RECEIVED.since(scan.time).as_secs_f64(), ago_s, TOD_S);
        prop_assert_eq!(&scan.look, &Look::Unknown);
        close_place(place(&found), lat_lon, half_turn(25));
        let velocity = found.velocity.expect("a velocity");
        close_pair(Some((velocity.east_mps, velocity.north_mps)), Some(velocity_mps), 0.1251);
        let Measurement::Track { source_track, .. } = &found.measurement else { panic!("no track: {found:?}") };
        prop_assert_eq!(&**source_track, format!("25.1.{number}"));
    }

    /// Whatever a radar sees in three turns comes out once, each plot as it was measured.
    #[test]
    fn a_rotation_keeps_every_plot(plots in prop::collection::vec((0..48_u16, 0.01..0.99, 500.0..100_000.0), 0..40)) {
        const SECTOR_S: f64 = 0.25;
        let rotation_s = 16.0 * SECTOR_S;
        let model = SensorModel { period_s: rotation_s, max_range_m: 200_000.0, ..model() };
        let mut decoder = decoder(&model);
        let (mut found, mut said) = (Vec::new(), Vec::new());
        for sector in 0..6 * 16_u16 {
            let at_s = NOON_S + f64::from(sector) * SECTOR_S;
            let azimuth_deg = f64::from(sector % 16) * 22.5;
            let mut bytes = Vec::new();
            let mut here: Vec<&(u16, f64, f64)> = plots.iter().filter(|(k, ..)| k + 1 == sector).collect();
            here.sort_by(|a, b| a.1.total_cmp(&b.1));
            let here: Vec<Plot> = here.into_iter().map(|(k, share, rho_m)| Plot {
                rho_m: *rho_m,
                theta_deg: (f64::from(k % 16) + share) * 22.5,
                tod_s: at_s + (share - 1.0) * SECTOR_S,
                amplitude_dbm: None,
                doppler_mps: None,
                simulated: false,
            }).collect();
            if !here.is_empty() {
                bytes.extend(encode_cat048(SOURCE, &here));
            }
            if azimuth_deg < 1.0 {
                bytes.extend(encode_cat034(SOURCE, at_s, Sector::North { rotation_s, position: None }));
            }
            bytes.extend(encode_cat034(SOURCE, at_s, Sector::Crossing { azimuth_deg }));
            said.extend(here);
            let mut out = Decoded::default();
            let received = Timestamp::from_nanos(RECEIVED.as_nanos() + i64::from(sector) * 250_000_000).plus(Span::from_nanos(10_000_000));
            decoder.decode(received, &bytes, &mut out).unwrap();
            prop_assert_eq!(&out.refused, &vec![]);
            for scan in out.scans {
                for detection in scan.detections {
                    let Measurement::Polar(polar) = detection.measurement else { panic!("no plot: {detection:?}") };
                    let measured_s = scan.time.plus(detection.offset).since(RECEIVED).as_secs_f64();
                    found.push((measured_s + NOON_S, polar));
                }
            }
        }
        prop_assert_eq!(found.len(), said.len());
        for plot in &said {
            let is_it = |(measured_s, polar): &(f64, linewatch::scan::Polar)| {
                let turn = (polar.azimuth_rad.to_degrees() - plot.theta_deg).rem_euclid(360.0);
                (measured_s - plot.tod_s).abs() <= TOD_S
                    && (polar.range_m - plot.rho_m).abs() <= RHO_M
                    && turn.min(360.0 - turn) <= ANGLE_DEG
            };
            let at = found.iter().position(is_it);
            prop_assert!(at.is_some(), "lost: {:?}", plot);
            found.swap_remove(at.unwrap());
        }
    }
}
