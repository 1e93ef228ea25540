//! The field frame: whole numbers on both sides, so everything comes back exactly.

use firmware_sims::encode::frame::{
    Class, Detection, Look, Measurement, Pose, RangeRate, Scan, encode, encode_body,
};
use linewatch::scan;
use linewatch::sensor::{Format, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::wire::ranges::CLASS_FLOOR;
use proptest::option::of;
use proptest::prelude::*;

use super::{close, close_angle, close_place, one_scan, place, sensor};

/// Rounding of a conversion to radians and back.
const EXACT: f64 = 1e-9;

fn mdeg() -> std::ops::Range<u32> {
    0..360_000
}

fn measurement() -> impl Strategy<Value = Measurement> {
    let rate = (-300_000..300_000, 0..5_000_u16)
        .prop_map(|(rate_cmps, sigma_cmps)| RangeRate { rate_cmps, sigma_cmps });
    let polar = (100..100_000_000_u32, mdeg(), 0..100_000_u32, 0..90_000_u32, of(-90_000..=90_000), of(rate));
    prop_oneof![
        polar.prop_map(
            |(range_cm, azimuth_mdeg, range_sigma_cm, azimuth_sigma_mdeg, elevation_mdeg, range_rate)| {
                Measurement::Polar {
                    range_cm,
                    azimuth_mdeg,
                    range_sigma_cm,
                    azimuth_sigma_mdeg,
                    elevation_mdeg,
                    range_rate,
                }
            }
        ),
        (mdeg(), 0..90_000_u32).prop_map(|(azimuth_mdeg, azimuth_sigma_mdeg)| Measurement::Bearing {
            azimuth_mdeg,
            azimuth_sigma_mdeg
        }),
        (-899_999_999..899_999_999, -1_799_999_999..1_799_999_999, of(-1_000..90_000), any::<u16>())
            .prop_map(|(lat_e7, lon_e7, altitude_dm, sigma_dm)| Measurement::Position {
                lat_e7,
                lon_e7,
                altitude_dm,
                sigma_dm
            }),
    ]
}

fn detection() -> impl Strategy<Value = Detection> {
    let class =
        (0..=8_u8, 1..=100_u8).prop_map(|(code, likelihood_percent)| Class { code, likelihood_percent });
    (-600_000..=600_000, of(-20_000..=20_000_i16), of(class), measurement()).prop_map(
        |(offset_ms, snr_cdb, class, measurement)| Detection { offset_ms, snr_cdb, class, measurement },
    )
}

fn look() -> impl Strategy<Value = Look> {
    let sector = (mdeg(), 1..360_000_u32, 0..1_000_u32, 1_001..1_000_000_u32);
    prop_oneof![
        Just(Look::FieldOfView),
        Just(Look::Unknown),
        sector.prop_map(|(from_mdeg, width, min_range_dm, max_range_dm)| Look::Sector {
            from_mdeg,
            to_mdeg: (from_mdeg + width) % 360_000,
            min_range_dm,
            max_range_dm,
        }),
    ]
}

fn pose() -> impl Strategy<Value = Pose> {
    let at = (-899_999_999..899_999_999, -1_799_999_999..1_799_999_999, -1_000..90_000);
    (at, of(mdeg()), any::<u16>(), 0..180_000_u32).prop_map(
        |((lat_e7, lon_e7, altitude_dm), heading_mdeg, position_sigma_dm, heading_sigma_mdeg)| Pose {
            lat_e7,
            lon_e7,
            altitude_dm,
            heading_mdeg,
            position_sigma_dm,
            heading_sigma_mdeg,
        },
    )
}

fn tenths(value: u32) -> f64 {
    f64::from(value) / 10.0
}

fn thousandths(value: u32) -> f64 {
    f64::from(value) / 1_000.0
}

/// What was said, or what is configured where nothing was.
fn or(said: f64, configured: f64) -> f64 {
    if said > 0.0 { said } else { configured }
}

fn same(found: &scan::Detection, said: &Detection) {
    assert_eq!(found.offset, Span::from_nanos(i64::from(said.offset_ms) * 1_000_000));
    assert_eq!(found.snr_db, said.snr_cdb.map(|snr| f64::from(snr) / 100.0));
    match said.class {
        None => assert_eq!(found.class, [1.0; 8]),
        Some(Class { code, likelihood_percent }) => {
            let codes = if code == 8 { 2..=4 } else { usize::from(code)..=usize::from(code) };
            for code in codes {
                let said = (f64::from(likelihood_percent) / 100.0).max(CLASS_FLOOR);
                close("class", found.class[code], said, 1e-12);
            }
        }
    }
    match (&found.measurement, said.measurement) {
        (
            scan::Measurement::Polar(found),
            Measurement::Polar {
                range_cm,
                azimuth_mdeg,
                range_sigma_cm,
                azimuth_sigma_mdeg,
                elevation_mdeg,
                range_rate,
            },
        ) => {
            close("range", found.range_m, f64::from(range_cm) / 100.0, EXACT);
            close_angle("azimuth", found.azimuth_rad, thousandths(azimuth_mdeg), EXACT);
            close("range sigma", found.range_sigma_m, or(f64::from(range_sigma_cm) / 100.0, 15.0), EXACT);
            let sigma = or(thousandths(azimuth_sigma_mdeg), 0.005_f64.to_degrees());
            close("azimuth sigma", found.azimuth_sigma_rad.to_degrees(), sigma, EXACT);
            assert_eq!(found.elevation_rad.is_some(), elevation_mdeg.is_some());
            let elevation = elevation_mdeg.map_or(0.0, |mdeg| f64::from(mdeg) / 1_000.0);
            close("elevation", found.elevation_rad.unwrap_or(0.0).to_degrees(), elevation, EXACT);
            assert_eq!(found.range_rate.is_some(), range_rate.is_some());
            if let (Some((rate, sigma)), Some(said)) = (found.range_rate, range_rate) {
                close("rate", rate, f64::from(said.rate_cmps) / 100.0, EXACT);
                close("rate sigma", sigma, or(f64::from(said.sigma_cmps) / 100.0, 1.0), EXACT);
            }
        }
        (
            scan::Measurement::Bearing { azimuth_rad, azimuth_sigma_rad },
            Measurement::Bearing { azimuth_mdeg, azimuth_sigma_mdeg },
        ) => {
            close_angle("azimuth", *azimuth_rad, thousandths(azimuth_mdeg), EXACT);
            let sigma = or(thousandths(azimuth_sigma_mdeg), 0.005_f64.to_degrees());
            close("azimuth sigma", azimuth_sigma_rad.to_degrees(), sigma, EXACT);
        }
        (
            scan::Measurement::Position { has_altitude, covariance_m2, .. },
            Measurement::Position { lat_e7, lon_e7, altitude_dm, sigma_dm },
        ) => {
            close_place(place(found), [f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7], EXACT);
            assert_eq!(*has_altitude, altitude_dm.is_some());
            close("altitude", place(found).altitude_m, f64::from(altitude_dm.unwrap_or(0)) / 10.0, EXACT);
            let sigma_m = or(f64::from(sigma_dm) / 10.0, 50.0);
            close("variance", covariance_m2[0], sigma_m * sigma_m, 1e-6);
        }
        (found, said) => panic!("{found:?} of {said:?}"),
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_frame_is_understood_as_it_was_meant(
        (boot, seq) in (any::<u32>(), any::<u32>()),
        time_us in 0..4_000_000_000_000_000_u64,
        pose in of(pose()),
        look in look(),
        detections in prop::collection::vec(detection(), 0..12),
    ) {
        let said = Scan { version: 1, boot, seq, time_us, pose, look, detections };
        let fixed = sensor(SensorKind::Radar, Format::Frame);
        let model = SensorModel { mobile: pose.is_some(), ..fixed };
        let found = one_scan(&model, &encode_body(&said));
        prop_assert_eq!(found.key, Some(scan::ScanKey { boot: boot.into(), seq: seq.into() }));
        prop_assert_eq!(found.time, Timestamp::from_nanos(i64::try_from(time_us).unwrap() * 1_000));
        prop_assert_eq!(found.detections.len(), said.detections.len());
        found.detections.iter().zip(&said.detections).for_each(|(found, said)| same(found, said));
        match (&found.look, look) {
            (scan::Look::FieldOfView, Look::FieldOfView) | (scan::Look::Unknown, Look::Unknown) => {}
            (scan::Look::Sector { from_rad, to_rad, min_range_m, max_range_m }, Look::Sector { from_mdeg, to_mdeg, min_range_dm, max_range_dm }) => {
                close_angle("from", *from_rad, thousandths(from_mdeg), EXACT);
                close_angle("to", *to_rad, thousandths(to_mdeg), EXACT);
                close("near", *min_range_m, tenths(min_range_dm), EXACT);
                close("far", *max_range_m, tenths(max_range_dm), EXACT);
            }
            (found, said) => prop_assert!(false, "{:?} of {:?}", found, said),
        }
        prop_assert_eq!(found.pose.is_some(), pose.is_some());
        if let (Some(found), Some(said)) = (found.pose, pose) {
            close_place(found.position, [f64::from(said.lat_e7) / 1e7, f64::from(said.lon_e7) / 1e7], EXACT);
            close("altitude", found.position.altitude_m, f64::from(said.altitude_dm) / 10.0, EXACT);
            prop_assert_eq!(found.heading_rad.is_some(), said.heading_mdeg.is_some());
            close_angle("heading", found.heading_rad.unwrap_or(0.0), thousandths(said.heading_mdeg.unwrap_or(0)), EXACT);
            close("sigma", found.position_sigma_m, or(tenths(said.position_sigma_dm.into()), 1.0), EXACT);
            close("sigma", found.heading_sigma_rad.to_degrees(), or(thousandths(said.heading_sigma_mdeg), 1.0), EXACT);
        }
    }

    #[test]
    fn the_delimiters_stand_around_a_body_without_zeros(detections in prop::collection::vec(detection(), 0..40)) {
        let said = Scan { version: 1, boot: 1, seq: 1, time_us: 1, pose: None, look: Look::Unknown, detections };
        let whole = encode(&said);
        let body = encode_body(&said);
        prop_assert_eq!(&whole[1..whole.len() - 1], &body[..]);
        prop_assert!(whole[0] == 0 && whole[whole.len() - 1] == 0 && !body.contains(&0));
    }
}
