//! The JSON scan and status of the contract.

use std::collections::BTreeMap;

use firmware_sims::calendar::Utc;
use firmware_sims::encode::json::{Detection, Look, Pose, Scan, Status, encode_scan, encode_status};
use linewatch::scan::{self, Class, Measurement};
use linewatch::sensor::{Format, SensorKind};
use linewatch::time::Timestamp;
use linewatch::wire::ranges::CLASS_FLOOR;
use linewatch::wire::status;
use proptest::option::of;
use proptest::prelude::*;

use super::{close, close_angle, close_place, close_velocity, degrees, lat_lon, one_scan, place, sensor};

/// Milliseconds and micro-units: half of the last digit written.
const MILLI: f64 = 0.000_51;
const MICRO: f64 = 0.000_000_51;

fn polar() -> impl Strategy<Value = Detection> {
    let beside = (of(-90.0..90.0), of(-300.0..300.0), of(0.5..100.0), of(0.01..10.0), of(-30.0..80.0));
    (1.0..100_000.0, degrees(), beside).prop_map(|(range, azimuth, (up, rate, r_sigma, a_sigma, snr))| {
        Detection {
            range_m: Some(range),
            azimuth_deg: Some(azimuth),
            elevation_deg: up,
            range_rate_mps: rate,
            range_sigma_m: r_sigma,
            azimuth_sigma_deg: a_sigma,
            snr_db: snr,
            ..Detection::default()
        }
    })
}

fn bearing() -> impl Strategy<Value = Detection> {
    (degrees(), of(0.01..10.0), of(-5.0..5.0)).prop_map(|(azimuth, sigma, dt)| Detection {
        azimuth_deg: Some(azimuth),
        azimuth_sigma_deg: sigma,
        dt_s: dt,
        ..Detection::default()
    })
}

fn position() -> impl Strategy<Value = Detection> {
    let cov = (1.0..1e4, 1.0..1e4, -0.9..0.9)
        .prop_map(|(ee, nn, rho): (f64, f64, f64)| [ee, rho * (ee * nn).sqrt(), nn]);
    let class = of((prop::sample::select(Class::ALL.to_vec()), 0.0..1.0));
    (lat_lon(), of(-100.0..9_000.0), of(cov), class).prop_map(|([lat, lon], alt, cov, class)| Detection {
        lat: Some(lat),
        lon: Some(lon),
        alt_m: alt,
        cov_m2: cov,
        class: class
            .into_iter()
            .map(|(class, likelihood)| (class.as_str(), likelihood))
            .collect::<BTreeMap<_, _>>(),
        ..Detection::default()
    })
}

fn track() -> impl Strategy<Value = Detection> {
    (position(), "[A-Z]-[0-9]{1,6}", 0.0..300.0, degrees(), of("mmsi:[1-7][0-9]{8}")).prop_map(
        |(position, name, speed, course, identity)| Detection {
            source_track: Some(name),
            speed_mps: Some(speed),
            course_deg: Some(course),
            identity,
            ..position
        },
    )
}

fn detection() -> impl Strategy<Value = Detection> {
    prop_oneof![polar(), bearing(), position(), track()].prop_filter("a class of likelihood 0", |detection| {
        detection.class.values().all(|likelihood| *likelihood > 0.0)
    })
}

fn look() -> impl Strategy<Value = Option<Look>> {
    let sector =
        (degrees(), 1.0..359.0, 0.0..1_000.0, 1_000.1..100_000.0).prop_map(|(from, width, near, far)| {
            Look::Sector { azimuth_deg: [from, (from + width) % 360.0], range_m: [near, far] }
        });
    let polygon = prop::collection::vec(lat_lon(), 3..9).prop_map(|polygon| Look::Polygon { polygon });
    of(prop_oneof![sector, polygon])
}

fn same(found: &scan::Detection, said: &Detection) {
    match &found.measurement {
        Measurement::Polar(polar) => {
            close("range", polar.range_m, said.range_m.unwrap(), MILLI);
            close_angle("azimuth", polar.azimuth_rad, said.azimuth_deg.unwrap(), MICRO);
            assert_eq!(polar.elevation_rad.is_some(), said.elevation_deg.is_some());
            if let (Some(found), Some(said)) = (polar.elevation_rad, said.elevation_deg) {
                close("elevation", found.to_degrees(), said, MILLI);
            }
            assert_eq!(polar.range_rate.is_some(), said.range_rate_mps.is_some());
            if let (Some((found, _)), Some(said)) = (polar.range_rate, said.range_rate_mps) {
                close("range rate", found, said, MILLI);
            }
            close("range sigma", polar.range_sigma_m, said.range_sigma_m.unwrap_or(15.0), MILLI);
            if let Some(said) = said.azimuth_sigma_deg {
                close("azimuth sigma", polar.azimuth_sigma_rad.to_degrees(), said, MICRO);
            }
        }
        Measurement::Bearing { azimuth_rad, azimuth_sigma_rad } => {
            assert!(said.range_m.is_none());
            close_angle("azimuth", *azimuth_rad, said.azimuth_deg.unwrap(), MICRO);
            let said = said.azimuth_sigma_deg.unwrap_or(0.005_f64.to_degrees());
            close("azimuth sigma", azimuth_sigma_rad.to_degrees(), said, MICRO);
        }
        Measurement::Position { has_altitude, covariance_m2, .. }
        | Measurement::Track { has_altitude, covariance_m2, .. } => {
            close_place(place(found), [said.lat.unwrap(), said.lon.unwrap()], 0.51e-7);
            assert_eq!(*has_altitude, said.alt_m.is_some());
            close("altitude", place(found).altitude_m, said.alt_m.unwrap_or(0.0), MILLI);
            assert_eq!(*covariance_m2, said.cov_m2.unwrap_or([2_500.0, 0.0, 2_500.0]), "the very numbers");
        }
    }
    let named = match &found.measurement {
        Measurement::Track { source_track, .. } => Some(&**source_track),
        _ => None,
    };
    assert_eq!(named, said.source_track.as_deref());
    if let (Some(speed), Some(course)) = (said.speed_mps, said.course_deg) {
        close_velocity(found, speed, course, (MILLI, MILLI));
    }
    assert_eq!(found.velocity.is_some(), said.speed_mps.is_some());
    assert_eq!(found.identity.as_deref(), said.identity.as_deref());
    assert_eq!(found.snr_db.is_some(), said.snr_db.is_some());
    close("snr", found.snr_db.unwrap_or(0.0), said.snr_db.unwrap_or(0.0), MILLI);
    close("offset", found.offset.as_secs_f64(), said.dt_s.unwrap_or(0.0), MICRO);
    for class in Class::ALL {
        if let Some(likelihood) = said.class.get(class.as_str()) {
            close(class.as_str(), found.class[class as usize], likelihood.max(CLASS_FLOOR), 1e-12);
        }
    }
    assert_eq!(said.class.is_empty(), found.class == [1.0; Class::COUNT]);
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_scan_is_understood_as_it_was_meant(
        (boot, seq, micros) in (any::<u64>(), any::<u64>(), 0..4_000_000_000_000_000_i64),
        look in look(),
        part in of((1..=8_u16).prop_flat_map(|n| (1..=n, Just(n)))),
        detections in prop::collection::vec(detection(), 0..12),
    ) {
        let said = Scan {
            sensor: "x1".into(),
            boot,
            seq,
            time: Utc::new(micros * 1_000).rfc3339(),
            look,
            part: part.map(|(i, n)| [i, n]),
            pose: None,
            detections,
        };
        let found = one_scan(&sensor(SensorKind::Radar, Format::Json), &encode_scan(&said));
        prop_assert_eq!(found.key, Some(scan::ScanKey { boot, seq }));
        prop_assert_eq!(found.time, Timestamp::from_nanos(micros * 1_000));
        prop_assert_eq!(found.part, part);
        prop_assert_eq!(found.detections.len(), said.detections.len());
        found.detections.iter().zip(&said.detections).for_each(|(found, said)| same(found, said));
        let only_tracks = !said.detections.is_empty() && said.detections.iter().all(|d| d.source_track.is_some());
        match (&found.look, &said.look) {
            (scan::Look::Unknown, _) => prop_assert!(only_tracks),
            (scan::Look::FieldOfView, None) => {}
            (scan::Look::Sector { from_rad, to_rad, min_range_m, max_range_m }, Some(Look::Sector { azimuth_deg, range_m })) => {
                close_angle("from", *from_rad, azimuth_deg[0], 1e-9);
                close_angle("to", *to_rad, azimuth_deg[1], 1e-9);
                prop_assert_eq!([*min_range_m, *max_range_m], *range_m);
            }
            (scan::Look::Polygon(corners), Some(Look::Polygon { polygon })) => {
                prop_assert_eq!(corners.len(), polygon.len());
                corners.iter().zip(polygon).for_each(|(found, said)| close_place(*found, *said, 1e-12));
            }
            (found, said) => prop_assert!(false, "{:?} of {:?}", found, said),
        }
    }

    #[test]
    fn a_pose_is_understood_as_it_was_meant(
        (at, altitude_m, heading_deg) in (lat_lon(), -100.0..9_000.0, degrees()),
    ) {
        let pose = Some(Pose { position: at, altitude_m, heading_deg });
        let time = Utc::new(0).rfc3339();
        let said = Scan { sensor: "x1".into(), boot: 1, seq: 1, time, look: None, part: None, pose, detections: vec![] };
        let model = linewatch::sensor::SensorModel { mobile: true, position: None, ..sensor(SensorKind::Radar, Format::Json) };
        let found = one_scan(&model, &encode_scan(&said)).pose.expect("a mobile sensor has a pose");
        close_place(found.position, at, 1e-12);
        close("altitude", found.position.altitude_m, altitude_m, 1e-9);
        close_angle("heading", found.heading_rad.expect("a heading"), heading_deg, 1e-9);
    }

    #[test]
    fn a_status_is_understood_as_it_was_meant(
        state in prop::sample::select(vec!["online", "degraded", "offline"]),
        boot in any::<u64>(),
        micros in of(0..4_000_000_000_000_000_i64),
        tamper in of(any::<bool>()),
        gnss in of(prop::sample::select(vec!["locked", "lost", "jammed"])),
        obscured in of(0.0..=1.0),
    ) {
        let time = micros.map(|micros| Utc::new(micros * 1_000).rfc3339());
        let said = Status { state, boot, time, tamper, gnss, obscured };
        let found = status::decode(&encode_status(&said)).unwrap();
        prop_assert_eq!(format!("{:?}", found.state).to_lowercase(), state);
        prop_assert_eq!(found.boot, boot);
        prop_assert_eq!(found.time, micros.map(|micros| Timestamp::from_nanos(micros * 1_000)));
        prop_assert_eq!(found.tamper, tamper.unwrap_or(false));
        prop_assert_eq!(found.gnss.map(|gnss| format!("{gnss:?}").to_lowercase()), gnss.map(str::to_owned));
        prop_assert_eq!(found.obscured, obscured, "the very number");
    }
}
