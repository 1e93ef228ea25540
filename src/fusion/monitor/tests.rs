use super::*;

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

/// Shares of windows in which the NIS test and the signed test find a bias of `shift` standard deviations on one axis.
fn found(shift: f64, windows: u32) -> (f64, f64) {
    let (limits, mut noise) = (Limits::new(), Noise(11));
    let (mut by_nis, mut by_sign) = (0, 0);
    for _ in 0..windows {
        let mut window = Window::default();
        let full = loop {
            let e = [noise.normal() + shift, noise.normal()];
            if let Some(full) = window.take(e[0] * e[0] + e[1] * e[1], e) {
                break full;
            }
        };
        by_nis += u32::from(limits.side(&full) != 0);
        by_sign += u32::from(full.signed[0].abs() > limits.signed);
    }
    (f64::from(by_nis) / f64::from(windows), f64::from(by_sign) / f64::from(windows))
}

/// Two dimensions, 50 looks, α = 1e-4: what the squared errors hide the signed ones show.
#[test]
fn a_small_bias_shows_in_the_signs_and_hardly_in_the_squares() {
    let (by_nis, by_sign) = found(0.7, 4_000);
    assert!((0.01..0.03).contains(&by_nis), "{by_nis}");
    assert!((0.84..0.88).contains(&by_sign), "{by_sign}");
    let (by_nis, by_sign) = found(0.0, 20_000);
    assert!(by_nis < 5e-4 && by_sign < 5e-4, "false alarms: {by_nis} {by_sign}");
}

#[test]
fn the_signed_sums_run_as_long_as_computed() {
    // At a limit low enough to be waited for: the mean of 400 runs, two-sided.
    let (limit, mut noise) = (5.0, Noise(5));
    let mut total = 0.0;
    for _ in 0..400 {
        let mut sum = Cusum::default();
        while sum.highest() <= limit {
            sum.take(noise.normal());
            total += 1.0;
        }
    }
    let ratio = total / 400.0 / signed::run_length(limit);
    assert!((0.85..1.2).contains(&ratio), "{ratio}");
    assert!((signed::run_length(signed::limit(1e6)) / 1e6 - 1.0).abs() < 1e-6);
}

/// A sensor of told variance 100 per axis against a reference of told variance 50.
fn compare(own: &mut Monitor, other: &mut Monitor, unexplained: [f64; 2]) -> Said {
    let residual = Residual {
        rows: 2,
        nu: unexplained,
        own_r: [100.0, 0.0, 100.0],
        extra: [0.0; 3],
        own_j: [[0.0; 5]; 2],
        references: [None; 3],
        directions: [[1.0, 0.0], [0.0, 1.0]],
        velocity: [10.0, 0.0],
    };
    let compared = Compared { residual: &residual, unexplained, settled: true };
    let total = 100.0 * own.noise_scale() + 50.0 * other.noise_scale();
    let learned = [total, 0.0, total];
    other.weigh_noise([50.0, 0.0, 50.0], learned, &compared);
    own.weigh_noise(residual.own_r, learned, &compared);
    own.observe([150.0, 0.0, 150.0], learned, &compared)
}

#[test]
fn a_sensor_noisier_or_quieter_than_told_is_a_fault_and_one_as_told_is_not() {
    // One-sigma errors over told ones, and the fault each must give.
    for (ratio, expected) in [
        (1.0, None),
        (10.0, Some(Fault::NoiseUnderstated)),
        (2.0, Some(Fault::NoiseUnderstated)),
        (0.2, Some(Fault::NoiseOverstated)),
    ] {
        let mut noise = Noise(3);
        let (mut own, mut other) = (Monitor::new(Limits::new()), Monitor::new(Limits::new()));
        let mut said = Vec::new();
        for _ in 0..4_000 {
            let e = [0.0; 2].map(|_: f64| ratio * 10.0 * noise.normal() + 50.0_f64.sqrt() * noise.normal());
            said.extend(compare(&mut own, &mut other, e).into_iter().flatten());
        }
        assert_eq!(said, expected.map(Finding::Faulty).into_iter().collect::<Vec<_>>(), "{ratio}");
    }
}

#[test]
fn clutter_told_wrongly_is_a_fault() {
    for (told, expected) in
        [(20.0, None), (5.0, Some(Fault::ClutterUnderstated)), (80.0, Some(Fault::ClutterOverstated))]
    {
        let mut monitor = Monitor::new(Limits::new());
        let mut said = Vec::new();
        for k in 0..60 {
            let unclaimed = 20.0 + f64::from(k % 7) - 3.0;
            let look = LookCounts { detections: 70.0, unclaimed, clutter: told, seen: 45.0, expected: 50.0 };
            said.extend(monitor.count(&look).into_iter().flatten());
        }
        assert_eq!(said, expected.map(Finding::Faulty).into_iter().collect::<Vec<_>>(), "{told}");
        let ratio = monitor.health().clutter_ratio;
        assert!((ratio * told / 20.0 - 1.0).abs() < 0.05, "{ratio}");
    }
}
