//! Parked on the line with errors that last though they are reported as white.

use super::*;
use crate::fusion::Estimate;
use crate::watch::agreement::Direction;

/// Numerical Recipes' 64-bit linear congruential generator, top bits.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Box and Muller 1958.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

/// A constant-velocity Kalman filter across the line that believes its errors of 10 m white, one look a second.
struct Filter {
    x: [f64; 2],
    p: [[f64; 2]; 2],
}

impl Filter {
    fn step(&mut self, z: f64) {
        let q = 0.09;
        let (p, x) = (&mut self.p, &mut self.x);
        x[0] += x[1];
        let p00 = p[0][0] + 2.0 * p[0][1] + p[1][1] + q / 4.0;
        let p01 = p[0][1] + p[1][1] + q / 2.0;
        let p11 = p[1][1] + q;
        let (k0, k1) = (p00 / (p00 + 100.0), p01 / (p00 + 100.0));
        let innovation = z - x[0];
        *x = [x[0] + k0 * innovation, x[1] + k1 * innovation];
        *p = [[(1.0 - k0) * p00, (1.0 - k0) * p01], [(1.0 - k0) * p01, p11 - k1 * p01]];
    }
}

/// Notices about a target that starts `from_m` from the line at `speed_mps`, under first-order Gauss-Markov errors of
/// 10 m with a correlation time of 60 s.
fn run(seed: u64, from_m: f64, speed_mps: f64, seconds: i64) -> Vec<Notice> {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    let mut noise = Noise(seed);
    let stay = libm::exp(-1.0 / 60.0);
    let mut error_m = 10.0 * noise.normal();
    let mut filter = Filter { x: [from_m + error_m, 0.0], p: [[100.0, 0.0], [0.0, 25.0]] };
    for second in 1..=seconds {
        error_m = stay * error_m + (1.0 - stay * stay).sqrt() * 10.0 * noise.normal();
        filter.step(from_m + speed_mps * second as f64 + error_m);
        let now = Timestamp::from_secs(second);
        let fed = testing::fed_by(&[0], now);
        let mut view = testing::view(1, second as f64, [0.0, filter.x[0], 0.0, filter.x[1]], 3.0, &fed);
        let mut covariance = view.estimate.covariance;
        covariance[1][1] = filter.p[0][0];
        view.estimate = Estimate { covariance, ..view.estimate };
        scene.watch.observe(now, &view, &NoPaths, &mut scene.said);
    }
    scene.said
}

#[test]
fn parked_on_the_line_it_changes_sides_less_than_once_in_two_hours() {
    let hours = 200;
    let changes: usize = (0..hours).map(|seed| run(seed, 0.0, 0.0, 3600).len()).sum();
    assert!(changes * 2 <= 200, "{changes} changes in {hours} hours");
}

#[test]
fn walkers_and_vehicles_are_raised_in_time_all_the_same() {
    for (speed_mps, from_m, limit_s) in [(1.4, -100.0, 25.0), (10.0, -150.0, 5.0)] {
        let seconds = 150;
        let mut delays: Vec<f64> = (0..101)
            .map(|seed| {
                let said = run(1000 + seed, from_m, speed_mps, seconds);
                assert_eq!(said.len(), 1, "{speed_mps} m/s, seed {seed}");
                said[0].raised_at.since(Timestamp::from_secs(0)).as_secs_f64() + from_m / speed_mps
            })
            .collect();
        delays.sort_unstable_by(f64::total_cmp);
        assert!(delays[50] <= limit_s, "{speed_mps} m/s: median {} s", delays[50]);
    }
}
