use super::*;
use crate::fusion::registration::Correction;
use crate::fusion::testing::{radar, sector};
use crate::scan::{Detection, Measurement, Polar};

/// No correction.
const NONE: Correction = Correction::NONE;

/// Deterministic standard normal deviates: a 64-bit LCG (Knuth's MMIX constants) and the Box–Muller transform.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * libm::log(u)).sqrt() * libm::cos(std::f64::consts::TAU * v)
    }
}

fn polar(range_m: f64, azimuth_rad: f64, range_sigma_m: f64, azimuth_sigma_rad: f64) -> Detection {
    Detection::new(Measurement::Polar(Polar {
        range_m,
        azimuth_rad,
        range_sigma_m,
        azimuth_sigma_rad,
        elevation_rad: None,
        range_rate: None,
    }))
}

#[test]
fn the_conversion_is_unbiased_and_its_covariance_is_that_of_monte_carlo() {
    // Coarse on purpose: 0.2 rad at 1 km, where the plain conversion is 20 m short.
    let (range_m, range_sigma, azimuth_sigma) = (1_000.0, 10.0, 0.2);
    let variance: f64 = azimuth_sigma * azimuth_sigma;
    let (along, across) = unbiased_variances(range_m, range_sigma * range_sigma, &Spread::new(variance));
    let (mut noise, rounds) = (Noise(7), 200_000);
    let (mut mean, mut square) = ([0.0; 2], [0.0; 2]);
    for _ in 0..rounds {
        let r = range_m + range_sigma * noise.normal();
        let (sin, cos) = libm::sincos(azimuth_sigma * noise.normal());
        let z = [libm::exp(variance / 2.0) * r * cos - range_m, libm::exp(variance / 2.0) * r * sin];
        for axis in 0..2 {
            mean[axis] += z[axis] / f64::from(rounds);
            square[axis] += z[axis] * z[axis] / f64::from(rounds);
        }
    }
    assert!(mean[0].abs() < 0.3 && mean[1].abs() < 2.0, "{mean:?}");
    assert!((square[0] / along - 1.0).abs() < 0.02, "{} {along}", square[0]);
    assert!((square[1] / across - 1.0).abs() < 0.02, "{} {across}", square[1]);
}

#[test]
fn what_a_measurement_alone_says_is_the_mean_of_all_truths_that_could_have_given_it() {
    // Given the measured range and azimuth, truth is spread by the same errors about them (Duan, Han & Li 2004).
    let (range_m, range_sigma, azimuth_sigma) = (1_000.0, 10.0, 0.2);
    let (factor, along, across) =
        posterior_variances(range_m, range_sigma * range_sigma, &Spread::new(azimuth_sigma * azimuth_sigma));
    let (mut noise, rounds) = (Noise(11), 200_000);
    let (mut mean, mut square) = ([0.0; 2], [0.0; 2]);
    for _ in 0..rounds {
        let r = range_m + range_sigma * noise.normal();
        let (sin, cos) = libm::sincos(azimuth_sigma * noise.normal());
        for (axis, v) in [r * cos - factor * range_m, r * sin].into_iter().enumerate() {
            mean[axis] += v / f64::from(rounds);
            square[axis] += v * v / f64::from(rounds);
        }
    }
    assert!(mean[0].abs() < 0.3 && mean[1].abs() < 2.0, "{mean:?}");
    assert!((square[0] / along - 1.0).abs() < 0.02 && (square[1] / across - 1.0).abs() < 0.02);
}

#[test]
fn azimuths_are_measured_from_north_at_the_sensor() {
    // 100 km east of the origin the sensor's north leans by the convergence of meridians, 0.63° at 35.1° N.
    let frame = sector();
    let model = radar("r1", 100_000.0, 0.0);
    let site = Site::new(&frame, model.position.unwrap());
    let target = frame.plane_to_geodetic(100_000.0, 8_000.0, 0.0);
    let own = LocalFrame::new(model.position.unwrap()).to_enu(target);
    let (range_m, azimuth_rad) = (
        (own.east_m * own.east_m + own.north_m * own.north_m + own.up_m * own.up_m).sqrt(),
        libm::atan2(own.east_m, own.north_m),
    );
    assert!(azimuth_rad.abs() > 0.009, "the test would show nothing");
    let made = Measured::new(&frame, &site, &polar(range_m, azimuth_rad, 15.0, 0.005), 1.0, &NONE).unwrap();
    assert!((made.z[0] - 100_000.0).abs() < 0.3 && (made.z[1] - 8_000.0).abs() < 0.3, "{:?}", made.z);
}

#[test]
fn slant_range_comes_down_to_the_ground() {
    // A mast 300 m up, a target 1,000 m out on the ground: slant 1,044.03 m, 44 m more than the ground range.
    let frame = sector();
    let mut position = frame.origin();
    position.altitude_m = 300.0;
    let site = Site::new(&frame, position);
    let slant_m = f64::sqrt(1_000.0 * 1_000.0 + 300.0 * 300.0);
    let made = Measured::new(&frame, &site, &polar(slant_m, 0.0, 5.0, 0.001), 1.0, &NONE).unwrap();
    assert!((made.z[1] - 1_000.0).abs() < 0.1, "{:?}", made.z);
    // An unknown height of 30 m moves it by 300/1000 of that: 9 m beside the slant's 5 × 1.
    assert!((made.r[2] - (25.0 + 81.0)).abs() < 1.0, "{:?}", made.r);
    let known = Altitude { altitude_m: 100.0, var: 1.0 };
    let there =
        Gaussian { x: [0.0, 1_020.0, 0.0, 0.0], pp: [9.0, 0.0, 9.0], pv: [0.0; 4], vv: [1.0, 0.0, 1.0] };
    let (z, _) = made.position_at(&site, &there, Some(known));
    assert!((z[1] - f64::sqrt(slant_m * slant_m - 200.0 * 200.0)).abs() < 0.1, "{z:?}");
}

#[test]
fn a_bearing_is_clockwise_and_wraps() {
    let frame = sector();
    let site = Site::new(&frame, frame.origin());
    let bearing = |degrees: f64| {
        let m = Measurement::Bearing { azimuth_rad: degrees.to_radians(), azimuth_sigma_rad: 0.01 };
        Measured::new(&frame, &site, &Detection::new(m), 10.0, &NONE).unwrap()
    };
    let there =
        Gaussian { x: [-10.0, 1_000.0, 0.0, 0.0], pp: [9.0, 0.0, 9.0], pv: [0.0; 4], vv: [1.0, 0.0, 1.0] };
    let (nu, h, r) = bearing(1.0).bearing_at(&site, &there).unwrap();
    let expected = 1.0_f64.to_radians() + libm::atan2(10.0, 1_000.0);
    assert!((nu - expected).abs() < 1e-9, "across north: {nu} {expected}");
    assert!((h[0] - 1e-3).abs() < 1e-6 && h[1] > 0.0, "east is clockwise: {h:?}");
    assert!((r - 1e-4).abs() < 1e-12);
}

#[test]
fn quick_bearings_share_one_error() {
    let frame = sector();
    let site = Site::new(&frame, frame.origin());
    let m = Detection::new(Measurement::Bearing { azimuth_rad: 0.0, azimuth_sigma_rad: 0.01 });
    let Kind::Bearing { var, .. } = Measured::new(&frame, &site, &m, 0.1, &NONE).unwrap().kind else {
        panic!()
    };
    assert!((var - 1e-4 * BEARING_ERROR_S / 0.1).abs() < 1e-12);
}
