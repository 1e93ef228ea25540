//! Whole looks through the whole tracker: three radars and a camera, forty targets, one of them wrong.

use super::*;
use crate::fusion::testing::{radar, sector};
use crate::fusion::tracker::Tracker;
use crate::fusion::{Fault, Status};
use crate::geo::LocalFrame;
use crate::scan::{Detection, Look, Measurement, Polar, Scan};
use crate::time::Span;

const SITES: [[f64; 2]; 3] = [[-7_000.0, -4_000.0], [0.0, -6_500.0], [7_000.0, -4_000.0]];
const TARGETS: u32 = 40;
const R2: SensorIndex = SensorIndex(1);
const CAMERA: SensorIndex = SensorIndex(3);

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

/// What is wrong with R2 and the camera, and how much the radars err.
#[derive(Clone, Copy, Default)]
struct Wrong {
    range_m: f64,
    azimuth_rad: f64,
    camera_clock_s: f64,
    noise: f64,
    /// Only R1 and R2 look.
    two: bool,
}

struct World {
    tracker: Tracker,
    frames: [LocalFrame; 3],
    noise: Noise,
    second: u32,
    found: Vec<(SensorIndex, Finding)>,
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(seconds))
}

/// Straight tracks spread over the sector by the golden ratio, quick ones among them.
fn target(k: u32, t: f64) -> [f64; 2] {
    let k = f64::from(k);
    let (a, b) = ((k * 0.618_034).fract(), (k * 0.754_878).fract());
    let (sin, cos) = libm::sincos(k);
    let speed = 3.0 + 14.0 * (k * 0.569_84).fract();
    [16_000.0 * a - 8_000.0 + speed * t * sin, 16_000.0 * b - 8_000.0 + speed * t * cos]
}

fn polar(range_m: f64, azimuth_rad: f64) -> Detection {
    Detection::new(Measurement::Polar(Polar {
        range_m: range_m.max(1.0),
        azimuth_rad,
        range_sigma_m: 15.0,
        azimuth_sigma_rad: 0.005,
        elevation_rad: None,
        range_rate: None,
    }))
}

impl World {
    fn new() -> Self {
        let mut models: Vec<_> =
            ["r1", "r2", "r3"].iter().zip(SITES).map(|(id, [e, n])| radar(id, e, n)).collect();
        let frames = std::array::from_fn(|s| LocalFrame::new(models[s].position.unwrap()));
        let mut camera = radar("c1", 0.0, 0.0);
        camera.kind = SensorKind::Camera;
        (camera.max_range_m, camera.false_alarms_per_scan, camera.period_s) = (9_000.0, 0.05, 0.5);
        models.push(camera);
        let tracker = Tracker::new(sector(), models);
        Self { tracker, frames, noise: Noise(5), second: 0, found: Vec::new() }
    }

    fn polar(&mut self, s: usize, place: [f64; 2], wrong: &Wrong) -> Detection {
        let there = self.frames[s].to_enu(sector().plane_to_geodetic(place[0], place[1], 0.0));
        let (mut range_m, mut azimuth_rad) = (
            libm::hypot(there.ground_distance_m(), there.up_m) + 15.0 * wrong.noise * self.noise.normal(),
            libm::atan2(there.east_m, there.north_m) + 0.005 * wrong.noise * self.noise.normal(),
        );
        if s == 1 {
            range_m += wrong.range_m;
            azimuth_rad += wrong.azimuth_rad;
        }
        polar(range_m, azimuth_rad.rem_euclid(std::f64::consts::TAU))
    }

    fn look(&mut self, sensor: u16, stamped: f64, detections: Vec<Detection>) {
        self.tracker.process(&Scan {
            sensor: SensorIndex(sensor),
            key: None,
            time: at(stamped),
            pose: None,
            look: Look::FieldOfView,
            part: None,
            detections,
        });
        self.found.extend_from_slice(self.tracker.findings());
    }

    /// `seconds` more of everybody's looks.
    fn run(&mut self, seconds: u32, wrong: &Wrong) {
        for _ in 0..seconds {
            let t = f64::from(self.second);
            self.second += 1;
            for s in 0..if wrong.two { 2u16 } else { 3 } {
                let t = t + 0.3 * f64::from(s);
                let mut detections = Vec::new();
                for k in 0..TARGETS {
                    if self.noise.uniform() < 0.9 {
                        detections.push(self.polar(usize::from(s), target(k, t), wrong));
                    }
                }
                // Twenty false alarms, as told.
                for _ in 0..20 {
                    let range_m = 15_000.0 * self.noise.uniform().sqrt();
                    detections.push(polar(range_m, std::f64::consts::TAU * self.noise.uniform()));
                }
                self.look(s, t, detections);
                if s > 0 && !wrong.two {
                    self.camera(t + 0.1, wrong);
                }
            }
        }
    }

    fn camera(&mut self, t: f64, wrong: &Wrong) {
        let mut detections = Vec::new();
        for k in 0..TARGETS {
            let [e, n] = target(k, t - wrong.camera_clock_s);
            if self.noise.uniform() < 0.85 && e * e + n * n < 8e7 {
                let (e, n) = (e + 10.0 * self.noise.normal(), n + 10.0 * self.noise.normal());
                detections.push(Detection::new(Measurement::Position {
                    at: sector().plane_to_geodetic(e, n, 0.0),
                    has_altitude: false,
                    covariance_m2: [100.0, 0.0, 100.0],
                }));
            }
        }
        // Stamped as its clock says: late by the error, so that it is fused as now.
        self.look(3, t, detections);
    }

    fn bias(&self, sensor: SensorIndex, axis: Axis) -> Bias {
        self.tracker.registration(sensor)[axis.index()].expect("observable")
    }

    /// Confirmed tracks that no target is near, and targets that have not exactly one track.
    fn confusion(&self) -> (usize, usize) {
        let t = f64::from(self.second);
        let tracks: Vec<[f64; 4]> = self
            .tracker
            .views(at(t))
            .filter(|view| view.status != Status::Tentative)
            .map(|view| view.estimate.mean)
            .collect();
        let near = |p: &[f64; 4], k: u32| {
            let place = target(k, t);
            libm::hypot(p[0] - place[0], p[1] - place[1]) < 100.0
        };
        let stray = tracks.iter().filter(|p| (0..TARGETS).all(|k| !near(p, k))).count();
        let uneven = (0..TARGETS).filter(|k| tracks.iter().filter(|p| near(p, *k)).count() != 1).count();
        (stray, uneven)
    }
}

const TRUE: Wrong = Wrong { range_m: 0.0, azimuth_rad: 0.0, camera_clock_s: 0.0, noise: 1.0, two: false };

#[test]
fn nothing_is_corrected_where_nothing_is_wrong() {
    let mut world = World::new();
    world.run(150, &TRUE);
    assert_eq!(world.found, vec![]);
    for sensor in 0..4 {
        for bias in world.tracker.registration(SensorIndex(sensor)).into_iter().flatten() {
            assert!(!bias.compensated && bias.value.abs() < 4.0 * bias.sigma, "{sensor} {bias:?}");
        }
        let health = world.tracker.health(SensorIndex(sensor)).unwrap();
        assert!((0.85..1.15).contains(&health.noise_ratio), "{sensor} {health:?}");
        assert!((0.7..1.3).contains(&health.nis_ratio), "{sensor} {health:?}");
    }
}

#[test]
fn a_radar_two_degrees_off_clockwise_is_found_outside_every_gate_and_corrected() {
    for sign in [1.0, -1.0] {
        let mut world = World::new();
        let azimuth_rad = sign * 2.0_f64.to_radians();
        world.run(90, &Wrong { azimuth_rad, ..TRUE });
        let bias = world.bias(R2, Axis::Azimuth);
        assert!(bias.compensated && (bias.value - azimuth_rad).abs() < 0.001, "{bias:?}");
        assert!(
            world.found.iter().any(|(sensor, found)| *sensor == R2
                && matches!(found, Finding::Found { axis: Axis::Azimuth, .. }))
        );
        assert!(world.found.iter().all(|(sensor, _)| *sensor == R2), "{:?}", world.found);
        assert_eq!(world.confusion(), (0, 0), "tracks of the time before have gone");
    }
}

#[test]
fn of_two_radars_the_one_that_is_turned_is_corrected() {
    let mut world = World::new();
    world.run(90, &Wrong { azimuth_rad: 0.035, two: true, ..TRUE });
    let (right, turned) = (world.bias(SensorIndex(0), Axis::Azimuth), world.bias(R2, Axis::Azimuth));
    assert!(!right.compensated && right.value.abs() < 0.003, "{right:?}");
    assert!(turned.compensated && (turned.value - 0.035).abs() < 0.003, "{turned:?}");
    assert_eq!(world.confusion(), (0, 0));
}

#[test]
fn a_radar_that_measures_eighty_metres_long_is_corrected() {
    for range_m in [80.0, -80.0] {
        let mut world = World::new();
        world.run(100, &Wrong { range_m, ..TRUE });
        let bias = world.bias(R2, Axis::Range);
        assert!(bias.compensated && (bias.value - range_m).abs() < 8.0, "{bias:?}");
        assert_eq!(world.confusion(), (0, 0));
    }
}

#[test]
fn a_camera_that_stamps_a_second_late_is_corrected() {
    for camera_clock_s in [1.0, -1.0] {
        let mut world = World::new();
        world.run(120, &Wrong { camera_clock_s, ..TRUE });
        let bias = world.bias(CAMERA, Axis::Clock);
        assert!(bias.compensated && (bias.value - camera_clock_s).abs() < 0.1, "{bias:?}");
        for other in 0..3 {
            assert!(!world.bias(SensorIndex(other), Axis::Clock).compensated, "{other} is right");
        }
    }
}

#[test]
fn a_jump_is_an_event_and_the_new_bias_is_found() {
    let mut world = World::new();
    world.run(90, &TRUE);
    assert_eq!(world.found, vec![]);
    let azimuth_rad = 0.007;
    world.run(80, &Wrong { azimuth_rad, ..TRUE });
    assert!(world.found.contains(&(R2, Finding::Jumped)), "{:?}", world.found);
    assert!(world.found.iter().all(|(sensor, _)| *sensor == R2), "{:?}", world.found);
    let bias = world.bias(R2, Axis::Azimuth);
    assert!(bias.compensated && (bias.value - azimuth_rad).abs() < 0.001, "{bias:?}");
    // And back, far outside the gate from where it is corrected to.
    world.run(90, &Wrong { azimuth_rad: -0.04, ..TRUE });
    let bias = world.bias(R2, Axis::Azimuth);
    assert!(bias.compensated && (bias.value + 0.04).abs() < 0.001, "{bias:?}");
    assert_eq!(world.found.iter().filter(|(_, found)| *found == Finding::Jumped).count(), 2);
    // By now some have driven to the very edge of what two radars reach.
    let (stray, uneven) = world.confusion();
    assert!(stray == 0 && uneven <= 1, "{stray} {uneven}");
}

#[test]
fn radars_noisier_than_told_are_faulty_and_the_camera_is_not() {
    let mut world = World::new();
    world.run(120, &Wrong { noise: 2.0, ..TRUE });
    let has = |sensor: u16| {
        let health = world.tracker.health(SensorIndex(sensor)).unwrap();
        Fault::ALL.into_iter().zip(health.faults).filter(|(_, has)| *has).map(|(f, _)| f).collect::<Vec<_>>()
    };
    for radar in 0..3 {
        assert!(has(radar).contains(&Fault::NoiseUnderstated), "{radar}: {:?}", has(radar));
    }
    assert!(!has(3).contains(&Fault::NoiseUnderstated), "{:?}", has(3));
}

#[test]
fn the_same_looks_give_the_same_corrections() {
    let run = || {
        let mut world = World::new();
        world.run(40, &Wrong { azimuth_rad: 0.03, ..TRUE });
        world.tracker.registration(R2)
    };
    assert_eq!(run(), run());
}
