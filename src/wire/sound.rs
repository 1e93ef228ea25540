//! What every accepted scan owes to fusion, as assertions: shared by the decoders' tests and the fuzz targets.
//!
//! The fuzz crate includes this file by its path and gives it `crate::scan` and `crate::geo`; nothing else is used.

use std::f64::consts::{PI, TAU};

use crate::geo::Geodetic;
use crate::scan::{Look, Measurement, Scan};

/// Panics, naming the number, unless every number of the scan is finite and in its range.
pub(crate) fn assert_sound(scan: &Scan) {
    if let Some(pose) = scan.pose {
        place(pose.position);
        pose.heading_rad.into_iter().for_each(azimuth);
        within("pose sigma", pose.position_sigma_m, 0.0, 1.0e6);
        within("heading sigma", pose.heading_sigma_rad, 0.0, PI);
    }
    look(&scan.look);
    if let Some((i, n)) = scan.part {
        assert!(1 <= i && i <= n, "part {i} of {n}");
    }
    for detection in &scan.detections {
        measurement(&detection.measurement);
        within("offset", detection.offset.as_secs_f64(), -600.0, 600.0);
        detection.snr_db.into_iter().for_each(|snr| within("snr", snr, -400.0, 400.0));
        if let Some(velocity) = detection.velocity {
            within("east speed", velocity.east_mps, -3_501.0, 3_501.0);
            within("north speed", velocity.north_mps, -3_501.0, 3_501.0);
        }
        detection.class.into_iter().for_each(|likelihood| within("class", likelihood, 0.0, 1.0));
        assert!(detection.class.iter().any(|likelihood| *likelihood > 0.0), "every class impossible");
        detection.identity.iter().for_each(|name| short(name));
    }
}

fn look(look: &Look) {
    match look {
        Look::FieldOfView | Look::Unknown => {}
        Look::Sector { from_rad, to_rad, min_range_m, max_range_m } => {
            within("sector start", *from_rad, 0.0, TAU);
            within("sector end", *to_rad, 0.0, TAU);
            assert!((to_rad - from_rad).abs() > 0.0, "empty sector at {from_rad}");
            within("nearest range", *min_range_m, 0.0, 1.0e6);
            within("farthest range", *max_range_m, *min_range_m, 1.0e6);
        }
        Look::Polygon(corners) => {
            assert!((3..=1_000).contains(&corners.len()), "{} corners", corners.len());
            corners.iter().copied().for_each(place);
        }
    }
}

fn measurement(measurement: &Measurement) {
    match measurement {
        Measurement::Polar(polar) => {
            within("range", polar.range_m, 1e-3, 1.0e6);
            azimuth(polar.azimuth_rad);
            within("range sigma", polar.range_sigma_m, 1e-9, 1.0e6);
            within("azimuth sigma", polar.azimuth_sigma_rad, 1e-11, PI);
            polar.elevation_rad.into_iter().for_each(|up| within("elevation", up, -PI / 2.0, PI / 2.0));
            if let Some((rate, sigma)) = polar.range_rate {
                within("range rate", rate, -3_500.0, 3_500.0);
                within("range rate sigma", sigma, 1e-9, 3_500.0);
            }
        }
        Measurement::Bearing { azimuth_rad, azimuth_sigma_rad } => {
            azimuth(*azimuth_rad);
            within("azimuth sigma", *azimuth_sigma_rad, 1e-11, PI);
        }
        Measurement::Position { at, covariance_m2, .. } => {
            place(*at);
            ellipse(*covariance_m2);
        }
        Measurement::Track { at, covariance_m2, source_track, .. } => {
            place(*at);
            ellipse(*covariance_m2);
            short(source_track);
        }
    }
}

fn place(at: Geodetic) {
    within("latitude", at.lat_rad, -PI / 2.0, PI / 2.0);
    within("longitude", at.lon_rad, -PI, PI);
    within("altitude", at.altitude_m, -1_000.0, 100_000.0);
}

fn azimuth(azimuth_rad: f64) {
    within("azimuth", azimuth_rad, 0.0, TAU);
    assert!(azimuth_rad < TAU, "a whole turn");
}

fn ellipse([ee, en, nn]: [f64; 3]) {
    within("east variance", ee, 1e-6, 1e12);
    within("north variance", nn, 1e-6, 1e12);
    within("covariance", en, -1e12, 1e12);
    assert!(ee * nn - en * en > 0.0, "not positive definite: {ee} {en} {nn}");
}

fn short(name: &str) {
    assert!((1..=64).contains(&name.len()), "a name of {} bytes", name.len());
}

/// Written so that NaN fails.
fn within(what: &str, value: f64, low: f64, high: f64) {
    assert!(value >= low && value <= high, "{what} = {value}, expected {low} to {high}");
}
