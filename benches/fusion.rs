//! The whole engine on many tracks: JSON decoded, fused, watched, at the density of the evaluation scenarios.
//!
//! Three radars at 1 Hz with clutter look at targets that hold course at constant density; a line runs through the
//! middle. Reported per detection, clutter included (its share is printed), on one core.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use linewatch::engine::{Engine, Event, Settings};
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::record::{Body, Link, Record};
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::agreement::{Agreement, Direction, Line, Rule, RuleKind};

const START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// Living targets per square metre in `scenario.py 500`: 370 on 20 km by 20 km.
const DENSITY_PER_M2: f64 = 370.0 / 4.0e8;
const CLUTTER_PER_SCAN: usize = 20;
/// Seconds of scans before measuring, so that every target has its track, and seconds measured.
const WARM_UP_S: u32 = 20;
const MEASURED_S: u32 = 5;
/// Where the radars stand, as parts of half the area's width.
const PLACES: [(f64, f64); 3] = [(-0.7, -0.4), (0.0, -0.65), (0.7, -0.4)];

/// A small linear congruential generator: the bench must not depend on anybody's random numbers.
struct Lcg(u64);

impl Lcg {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

fn origin() -> Geodetic {
    Geodetic::from_degrees(35.1, 33.4, 0.0)
}

fn name(n: usize) -> SensorId {
    SensorId::new(&format!("R{n}")).expect("R and a digit is an id")
}

fn radar(n: usize, position: Geodetic, range_m: f64) -> SensorModel {
    SensorModel {
        id: name(n),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(position),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: range_m,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.3_f64.to_radians()),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: CLUTTER_PER_SCAN as f64,
        period_s: 1.0,
        mobile: false,
        trust_group: format!("R{n}").into(),
        sac_sic: None,
        masks: Vec::new(),
    }
}

/// Settings and the records of every second, for `targets` targets.
fn world(targets: usize) -> (Settings, Vec<Vec<Record>>) {
    let half_m = (targets as f64 / DENSITY_PER_M2).sqrt() / 2.0;
    let range_m = half_m * 2.2;
    let frame = LocalFrame::new(origin());
    let place = |x: f64, y: f64| frame.plane_to_geodetic(x * half_m, y * half_m, 0.0);
    let sensors = PLACES.iter().enumerate().map(|(n, (x, y))| radar(n, place(*x, *y), range_m)).collect();
    let vertices = vec![place(-1.0, 0.0), place(0.0, 0.0), place(1.0, 0.0)];
    let line = Line { id: "line".into(), left: "north".into(), right: "south".into(), vertices };
    let kind = RuleKind::Crossing { line: 0, direction: Direction::Any };
    let rule = Rule { id: "crossing".into(), clause: None, classes: Vec::new(), kind };
    let agreement = Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() };
    let settings = Settings { sector: "bench".into(), exercise: true, origin: origin(), sensors, agreement };
    (settings, seconds(targets, half_m, range_m))
}

fn seconds(targets: usize, half_m: f64, range_m: f64) -> Vec<Vec<Record>> {
    let mut lcg = Lcg(7);
    let mut state = || {
        let (heading, speed) = (lcg.unit() * std::f64::consts::TAU, 1.0 + 20.0 * lcg.unit());
        let (sin, cos) = libm::sincos(heading);
        [half_m * (2.0 * lcg.unit() - 1.0), half_m * (2.0 * lcg.unit() - 1.0), speed * sin, speed * cos]
    };
    let states: Vec<[f64; 4]> = (0..targets).map(|_| state()).collect();
    let mut position = 0;
    let mut record = |received, body| {
        position += 1;
        Record { position: position - 1, received, body }
    };
    let second = |second: u32| {
        let mut records = Vec::new();
        for n in 0..PLACES.len() {
            let after_s = f64::from(second) + 0.3 * n as f64;
            let time = START.plus(Span::from_secs_f64(after_s));
            let bytes = scan(n, second, time, after_s, &states, half_m, range_m, &mut lcg);
            records.push(record(time, Body::Frame { sensor: name(n), link: Link::Recording, bytes }));
        }
        records.push(record(START.plus(Span::from_secs(i64::from(second) + 1)), Body::Tick));
        records
    };
    (0..WARM_UP_S + MEASURED_S).map(second).collect()
}

#[expect(clippy::too_many_arguments, reason = "a bench's one scan needs all of its world")]
fn scan(
    n: usize,
    second: u32,
    time: Timestamp,
    after_s: f64,
    states: &[[f64; 4]],
    half_m: f64,
    range_m: f64,
    lcg: &mut Lcg,
) -> Vec<u8> {
    let (x, y) = (PLACES[n].0 * half_m, PLACES[n].1 * half_m);
    let seq = second + 1;
    let mut text = format!(r#"{{"sensor":"R{n}","boot":1,"seq":{seq},"time":"{time}","detections":["#);
    let mut put = |range: f64, azimuth_deg: f64| {
        let comma = if text.ends_with('[') { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{comma}{{"range_m":{range:.2},"azimuth_deg":{azimuth_deg:.4}}}"#);
    };
    for [e, north, ve, vn] in states {
        if lcg.unit() < 0.9 {
            let (dx, dy) = (e + ve * after_s - x, north + vn * after_s - y);
            let azimuth_deg = libm::atan2(dx, dy).to_degrees() + 0.3 * lcg.normal();
            put((libm::hypot(dx, dy) + 15.0 * lcg.normal()).max(1.0), azimuth_deg);
        }
    }
    for _ in 0..CLUTTER_PER_SCAN {
        put(range_m * lcg.unit().sqrt(), 360.0 * lcg.unit());
    }
    text.push_str("]}");
    text.into_bytes()
}

fn run(engine: &mut Engine, seconds: &[Vec<Record>]) -> u64 {
    let mut detections = 0;
    for record in seconds.iter().flatten() {
        for event in engine.step(record) {
            if let Event::Frame { detections: n, .. } = event {
                detections += u64::from(n);
            }
        }
    }
    detections
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10);
    for targets in [100, 1_000, 10_000] {
        let (settings, seconds) = world(targets);
        let mut warm = Engine::new(settings);
        run(&mut warm, &seconds[..WARM_UP_S as usize]);
        let measured = &seconds[WARM_UP_S as usize..];
        let detections = run(&mut warm.clone(), measured);
        let clutter = 3 * MEASURED_S as usize * CLUTTER_PER_SCAN;
        println!(
            "{targets} targets: {} tracks, {detections} detections a round, {:.1} % clutter",
            warm.picture().tracks.len(),
            100.0 * clutter as f64 / detections as f64
        );
        group.throughput(Throughput::Elements(detections));
        group.bench_with_input(BenchmarkId::from_parameter(targets), measured, |bencher, measured| {
            bencher.iter_batched_ref(
                || warm.clone(),
                |engine| black_box(run(engine, measured)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
