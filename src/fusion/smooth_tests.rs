//! Against independent arithmetic, simulated targets and the tracker.

use proptest::prelude::*;

use super::*;
use crate::fusion::filter;
use crate::fusion::motion;
use crate::fusion::testing::{radar, sector};
use crate::scan::{Detection, Look, Measurement, Scan};
use crate::sensor::SensorIndex;
use crate::time::Span;

fn close(got: &Gaussian, x: [f64; 4], p: [[f64; 4]; 4]) {
    for (got, want) in got.x.iter().zip(x) {
        assert!((got - want).abs() < 1e-9, "{got} is not {want}");
    }
    for (got, want) in got.covariance().as_flattened().iter().zip(p.as_flattened()) {
        assert!((got - want).abs() < 1e-9, "{got} is not {want}");
    }
}

#[test]
fn one_model_gives_the_posterior_of_all_states_at_once() {
    // numpy 2: the information matrix of all four states (prior, motion 0.5 m²/s³, positions) inverted as a whole.
    let positions = [[3.0, -1.0], [6.5, 1.5], [7.0, 0.5], [15.0, 4.0]];
    let steps = [1.0, 0.7, 2.0].map(|dt_s| motion::white_acceleration(0.5, dt_s));
    let mut state =
        Gaussian { x: [0.0, 0.0, 2.0, 1.0], pp: [25.0, 0.0, 36.0], pv: [0.0; 4], vv: [4.0, 0.0, 9.0] };
    let mut filtered = Vec::new();
    for (k, z) in positions.into_iter().enumerate() {
        if k > 0 {
            state = state.advanced(&steps[k - 1]);
        }
        state = state.with_position(z, [9.0, 2.0, 16.0]).unwrap().0;
        filtered.push(state);
    }
    let mut smoothed = filtered.clone();
    for k in (0..3).rev() {
        let part = [(0.3, filtered[k], &steps[k])];
        smoothed[k] = stepped_back(&filtered[k], &part, &smoothed[k + 1]).unwrap();
        let (before, after) = (filtered[k], smoothed[k]);
        assert!(after.pp[0] < before.pp[0] && after.pp[2] < before.pp[2] && after.vv[0] < before.vv[0]);
    }
    close(
        &smoothed[0],
        [2.723_261_632_978, -0.564_791_774_224, 2.950_408_007_674, 1.133_027_123_972],
        [
            [3.930_463_256_223, 0.632_886_149_697, -1.260_589_873_631, -0.164_319_492_271],
            [0.632_886_149_697, 6.867_305_821_195, -0.155_263_453_587, -2.286_252_900_594],
            [-1.260_589_873_631, -0.155_263_453_587, 1.197_247_863_246, 0.117_430_983_646],
            [-0.164_319_492_271, -2.286_252_900_594, 0.117_430_983_646, 1.968_601_796_163],
        ],
    );
    close(
        &smoothed[1],
        [5.727_146_310_881, 0.570_577_012_927, 3.051_437_517_882, 1.136_356_915_622],
        [
            [2.355_053_516_533, 0.426_217_784_44, -0.349_867_472_718, -0.043_785_858_151],
            [0.426_217_784_44, 4.005_209_211_996, -0.040_884_216_325, -0.626_199_397_364],
            [-0.349_867_472_718, -0.040_884_216_325, 1.057_038_302_987, 0.136_832_824_482],
            [-0.043_785_858_151, -0.626_199_397_364, 0.136_832_824_482, 1.773_311_397_363],
        ],
    );
}

#[test]
fn a_mixture_steps_back_by_its_joint_moments() {
    // numpy 2: moments of the joint of both states, stacked part by part; then P + G(P₊ − M)Gᵀ.
    let a = Gaussian {
        x: [10.0, 20.0, 1.0, -2.0],
        pp: [4.0, 1.0, 3.0],
        pv: [0.5, 0.2, 0.1, 0.4],
        vv: [2.0, 0.3, 1.0],
    };
    let b = Gaussian {
        x: [12.0, 19.0, 2.0, 0.0],
        pp: [9.0, -1.0, 6.0],
        pv: [0.1, 0.3, 0.2, 0.5],
        vv: [3.0, 0.1, 2.0],
    };
    let steady = motion::white_acceleration(0.1, 2.0);
    let fading = Step { a: 0.8, b: 0.5, q_pp: 0.3, q_pv: 0.1, q_vv: 0.2 };
    let mean = Gaussian {
        x: [10.6, 19.7, 1.3, -1.4],
        pp: [6.34, -0.02, 4.11],
        pv: [0.8, 1.07, -0.08, 0.01],
        vv: [2.51, 0.66, 2.14],
    };
    let after = Gaussian {
        x: [13.5, 17.0, 1.2, -0.8],
        pp: [2.0, 0.1, 1.5],
        pv: [0.2, 0.0, 0.1, 0.2],
        vv: [0.7, 0.05, 0.6],
    };
    close(
        &stepped_back(&mean, &[(1.4, a, &steady), (0.6, b, &fading)], &after).unwrap(),
        [11.287_188_204_79, 18.759_079_077_051, 1.676_660_981_198, -0.864_595_115_193],
        [
            [3.554_376_316_927, -0.115_781_179_017, -0.897_796_379_348, 0.022_074_112_137],
            [-0.115_781_179_017, 2.736_927_998_656, -0.281_115_321_3, -0.816_444_004_901],
            [-0.897_796_379_348, -0.281_115_321_3, 1.151_981_602_027, 0.186_250_100_26],
            [0.022_074_112_137, -0.816_444_004_901, 0.186_250_100_26, 0.814_566_207_113],
        ],
    );
}

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

const SIGMA_M: f64 = 15.0;

/// Truth that drives on, turns with one to six degrees a second and stops, by the seed: east, north and their rates every
/// second.
fn driven(seed: u64, seconds: usize) -> Vec<[f64; 4]> {
    let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (0..20).for_each(|_| {
        noise.uniform();
    });
    let cruise =
        if noise.uniform() < 0.35 { 1.0 + 2.0 * noise.uniform() } else { 4.0 + 21.0 * noise.uniform() };
    let mut heading = std::f64::consts::TAU * noise.uniform();
    let (mut speed, mut at) = (cruise, [0.0, 0.0]);
    let (mut mode, mut left_s) = (0, 5.0 - 50.0 * libm::log(noise.uniform()));
    let mut omega = 0.0;
    let mut path = Vec::new();
    for step in 0..10 * seconds {
        left_s -= 0.1;
        if left_s <= 0.0 {
            if mode != 0 {
                (mode, omega, left_s) = (0, 0.0, 5.0 - 50.0 * libm::log(noise.uniform()));
            } else if noise.uniform() < 0.65 {
                let sign = if noise.uniform() < 0.5 { -1.0 } else { 1.0 };
                (mode, omega) = (1, sign * (1.0 + 5.0 * noise.uniform()).to_radians());
                left_s = 8.0 + 12.0 * noise.uniform();
            } else {
                (mode, omega, left_s) = (2, 0.0, 15.0 + 25.0 * noise.uniform());
            }
        }
        let wanted = if mode == 2 { 0.0 } else { cruise };
        speed = (speed + f64::clamp(wanted - speed, -0.2, 0.15)).max(0.0);
        heading += 0.1 * omega;
        let velocity = [speed * libm::cos(heading), speed * libm::sin(heading)];
        if step % 10 == 0 {
            path.push([at[0], at[1], velocity[0], velocity[1]]);
        }
        at = [at[0] + 0.1 * velocity[0], at[1] + 0.1 * velocity[1]];
    }
    path
}

/// The filter on that, with a position every so many seconds.
fn followed(motion: &Motion, path: &[[f64; 4]], seed: u64, every: usize) -> Vec<(Timestamp, Imm)> {
    let mut noise = Noise(seed.wrapping_mul(77_777).wrapping_add(5));
    let r = [SIGMA_M * SIGMA_M, 0.0, SIGMA_M * SIGMA_M];
    let mut states: Vec<(Timestamp, Imm)> = Vec::new();
    for (second, truth) in (0i64..).zip(path).step_by(every) {
        let z = [truth[0] + SIGMA_M * noise.normal(), truth[1] + SIGMA_M * noise.normal()];
        let imm = match states.last() {
            None => {
                Imm::new(Gaussian { x: [z[0], z[1], 0.0, 0.0], pp: r, pv: [0.0; 4], vv: [200.0, 0.0, 200.0] })
            }
            Some((_, last)) => {
                let predicted = motion.predict(last, every as f64);
                let mut next = predicted;
                predicted.updated(&mut next, |mode| mode.with_position(z, r)).expect("sound");
                next
            }
        };
        states.push((Timestamp::from_secs(second), imm));
    }
    states
}

fn nees(state: &Gaussian, truth: &[f64; 4]) -> f64 {
    let nu: [f64; 4] = std::array::from_fn(|axis| truth[axis] - state.x[axis]);
    dot(&nu, &solved(&cholesky(&state.covariance()).expect("positive definite"), nu))
}

/// Sums of what errors say: position error², NEES of the position and of the whole state.
#[derive(Clone, Copy, Debug, Default)]
struct Errors {
    count: f64,
    square_m2: f64,
    position: f64,
    state: f64,
}

impl Errors {
    fn note(&mut self, state: &Gaussian, truth: &[f64; 4]) {
        let nu = [truth[0] - state.x[0], truth[1] - state.x[1]];
        self.count += 1.0;
        self.square_m2 += nu[0] * nu[0] + nu[1] * nu[1];
        self.position += filter::fit(nu, state.pp).expect("positive definite").d2 / 2.0;
        self.state += nees(state, truth) / 4.0;
    }

    /// Root mean square error, m; NEES over dimensions, of the position and of the state.
    fn means(&self) -> [f64; 3] {
        [(self.square_m2 / self.count).sqrt(), self.position / self.count, self.state / self.count]
    }
}

fn gaussian(e: &Estimate) -> Gaussian {
    let c = &e.covariance;
    Gaussian {
        x: e.mean,
        pp: [c[0][0], c[0][1], c[1][1]],
        pv: [c[0][2], c[0][3], c[1][2], c[1][3]],
        vv: [c[2][2], c[2][3], c[3][3]],
    }
}

#[test]
fn smoothing_halves_the_error_and_knows_what_is_left() {
    let motion = Motion::new();
    let (mut filtered, mut smoothed, mut between) = <(Errors, Errors, Errors)>::default();
    for seed in 1..=60 {
        let path = driven(seed, 200);
        let states = followed(&motion, &path, seed, 1);
        let seldom = Smoothed::over(&motion, followed(&motion, &path, seed, 4)).unwrap();
        let often = Smoothed::over(&motion, states.clone()).unwrap();
        for k in 20..190 {
            filtered.note(&states[k].1.mean(), &path[k]);
            smoothed.note(&often.nodes[k].smoothed, &path[k]);
            let at = Timestamp::from_secs(i64::try_from(k).unwrap());
            if k % 4 == 2 {
                between.note(&gaussian(&seldom.at(at).unwrap()), &path[k]);
            }
        }
    }
    let [before_m, ..] = filtered.means();
    let [after_m, position, state] = smoothed.means();
    assert!(after_m < 0.56 * before_m, "{before_m} {after_m}");
    assert!((0.75..1.1).contains(&position) && (0.45..1.1).contains(&state), "{:?}", smoothed.means());
    let [_, position, state] = between.means();
    assert!((0.75..1.1).contains(&position) && (0.45..1.1).contains(&state), "{:?}", between.means());
}

#[test]
fn what_moves_as_the_model_says_is_consistent() {
    // The truth is drawn from the agile mode's noise and the mode is known: nothing but arithmetic can be wrong.
    let step = motion::white_acceleration(2.5, 1.0);
    let mut errors = Errors::default();
    for seed in 1..=60_u64 {
        // Neighbouring seeds of this generator go together.
        let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        (0..9).for_each(|_| {
            noise.uniform();
        });
        let mut truth = [0.0, 0.0, 10.0, -5.0];
        let start = Gaussian { x: truth, pp: [1.0, 0.0, 1.0], pv: [0.0; 4], vv: [1.0, 0.0, 1.0] };
        (0..4).for_each(|axis| truth[axis] += noise.normal());
        let (mut truths, mut states) = (vec![truth], vec![start]);
        for _ in 0..100 {
            // Cholesky of the step's Q.
            let (lead, along) = (step.q_vv.sqrt(), step.q_pv / step.q_vv.sqrt());
            let rest = (step.q_pp - along * along).sqrt();
            for axis in 0..2 {
                let (u, w) = (noise.normal(), noise.normal());
                truth[axis] += step.a * truth[axis + 2] + along * u + rest * w;
                truth[axis + 2] += lead * u;
            }
            let z = [truth[0] + SIGMA_M * noise.normal(), truth[1] + SIGMA_M * noise.normal()];
            let predicted = states.last().unwrap().advanced(&step);
            states.push(predicted.with_position(z, [SIGMA_M * SIGMA_M, 0.0, SIGMA_M * SIGMA_M]).unwrap().0);
            truths.push(truth);
        }
        let mut later = *states.last().unwrap();
        for (state, truth) in states.iter().zip(&truths).rev().skip(1) {
            later = stepped_back(state, &[(1.0, *state, &step)], &later).unwrap();
            errors.note(&later, truth);
        }
    }
    let [_, position, state] = errors.means();
    assert!((0.93..1.07).contains(&position) && (0.93..1.07).contains(&state), "{:?}", errors.means());
}

#[test]
fn between_two_updates_it_is_continuous_and_outside_there_is_nothing() {
    let motion = Motion::new();
    let path = Smoothed::over(&motion, followed(&motion, &driven(3, 60), 3, 4)).unwrap();
    let (first, last) = path.span();
    assert_eq!((first, last), (Timestamp::from_secs(0), Timestamp::from_secs(56)));
    assert_eq!(path.at(first.plus(Span::from_nanos(-1))), None);
    assert_eq!(path.at(last.plus(Span::from_nanos(1))), None);
    for node in path.estimates() {
        assert_eq!(path.at(node.time), Some(node));
        for off_ns in [-1_000_000, 1_000_000] {
            let Some(beside) = path.at(node.time.plus(Span::from_nanos(off_ns))) else { continue };
            let moved_m = libm::hypot(beside.mean[0] - node.mean[0], beside.mean[1] - node.mean[1]);
            assert!(moved_m < 0.05, "{moved_m} m in a millisecond");
            assert!((beside.covariance[0][0] / node.covariance[0][0] - 1.0).abs() < 0.01);
        }
    }
}

fn place(second: f64, east_m: f64, north_m: f64) -> Scan {
    let at = sector().plane_to_geodetic(east_m, north_m, 0.0);
    let measurement = Measurement::Position { at, has_altitude: false, covariance_m2: [100.0, 0.0, 100.0] };
    Scan {
        sensor: SensorIndex(0),
        key: None,
        time: Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(second)),
        pose: None,
        look: Look::FieldOfView,
        part: None,
        detections: vec![Detection::new(measurement)],
    }
}

#[test]
fn a_track_has_a_past_as_far_as_its_ring_goes() {
    let mut tracker = Tracker::new(sector(), vec![radar("r1", 0.0, -5_000.0)]);
    let mut noise = Noise(5);
    for second in 0..200 {
        let t = f64::from(second);
        tracker.process(&place(t, 10.0 * t + 10.0 * noise.normal(), 500.0 + 10.0 * noise.normal()));
    }
    let at = |second: f64| place(second, 0.0, 0.0).time;
    let (id, now) = tracker.views(at(199.0)).map(|view| (view.id, view.estimate)).next().expect("one track");
    let path = tracker.smoothed(id, at(150.2), at(170.7)).expect("it lives");
    assert_eq!(path.span(), (at(150.0), at(171.0)));
    assert_eq!(path.estimates().count(), 22);
    let there = path.at(at(160.5)).expect("within");
    assert!((there.mean[0] - 1_605.0).abs() < 8.0 && (there.mean[1] - 500.0).abs() < 8.0, "{there:?}");
    assert!(there.covariance[0][0] < 0.6 * now.covariance[0][0], "{there:?}");
    let whole = tracker.smoothed(id, at(0.0), at(500.0)).expect("it lives");
    assert_eq!(whole.estimates().next_back(), Some(now), "nothing comes after the last");
    let (first, _) = whole.span();
    assert!(first > at(40.0) && first <= at(79.0), "two minutes are remembered, and no more: {first}");
    // A late scan changes the past that it belongs to.
    tracker.process(&place(160.4, 1_611.0, 505.0));
    let moved = tracker.smoothed(id, at(150.2), at(170.7)).expect("it lives").at(at(160.5)).expect("within");
    assert!(moved.mean[0] > there.mean[0] && moved.covariance[0][0] < there.covariance[0][0], "{moved:?}");
    assert!(tracker.smoothed(TrackId(999), at(150.0), at(160.0)).is_none());
}

proptest! {
    /// Whatever positions come when: finite, positive definite, at updates and between.
    #[test]
    fn no_path_becomes_unsound(
        looks in prop::collection::vec((1e-6..90.0f64, -3e4..3e4f64, -3e4..3e4f64, 0.1..500.0f64), 2..40),
        share in 0.0..1.0f64,
    ) {
        let motion = Motion::new();
        let start = Gaussian { x: [0.0; 4], pp: [100.0, 0.0, 100.0], pv: [0.0; 4], vv: [25.0, 0.0, 25.0] };
        let mut states = vec![(Timestamp::from_secs(0), Imm::new(start))];
        for (dt_s, east_m, north_m, sigma_m) in looks {
            let (time, imm) = states[states.len() - 1];
            let predicted = motion.predict(&imm, dt_s);
            let r = [sigma_m * sigma_m, 0.0, sigma_m * sigma_m];
            let mut next = predicted;
            if predicted.updated(&mut next, |mode| mode.with_position([east_m, north_m], r)).is_some() {
                states.push((time.plus(Span::from_secs_f64(dt_s)), next));
            }
        }
        let path = Smoothed::over(&motion, states).unwrap();
        for node in path.estimates() {
            prop_assert!(gaussian(&node).is_sound(), "{node:?}");
        }
        let (first, last) = path.span();
        let at = first.plus(Span::from_secs_f64(share * last.since(first).as_secs_f64()));
        if let Some(found) = path.at(at) {
            prop_assert!(gaussian(&found).is_sound(), "{found:?}");
        }
    }
}
