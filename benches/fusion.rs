//! The whole engine on many tracks: JSON decoded, fused, watched, at the density of the evaluation scenarios.
//!
//! Tiles of 20 km with three radars at 1 Hz, clutter and 370 targets that hold course; a line runs through the middle. Reported per detection, clutter included (its share is printed), on one core.

#![expect(missing_docs, reason = "criterion's macro makes an undocumented function")]

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
/// Living targets in `scenario.py 500`, on 20 km by 20 km with three radars: one tile.
const TARGETS_PER_TILE: usize = 370;
const TILE_M: f64 = 20_000.0;
const RANGE_M: f64 = 15_000.0;
const CLUTTER_PER_SCAN: usize = 20;
/// Seconds of scans before measuring, so that every target has its track, and seconds measured.
const WARM_UP_S: u32 = 20;
const MEASURED_S: u32 = 5;
/// Where the radars stand in a tile, as parts of half its width.
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

fn radar(n: usize, position: Geodetic) -> SensorModel {
    SensorModel {
        id: name(n),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(position),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: RANGE_M,
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

/// Settings and the records of every second, on `columns` by `rows` tiles with 370 targets each.
fn world(columns: usize, rows: usize) -> (Settings, Vec<Vec<Record>>) {
    let frame = LocalFrame::new(origin());
    let tiles = (0..columns).flat_map(|x| (0..rows).map(move |y| [x as f64 * TILE_M, y as f64 * TILE_M]));
    let radars: Vec<[f64; 2]> = tiles
        .flat_map(|[x, y]| {
            PLACES.map(|(dx, dy)| [x + (1.0 + dx) * TILE_M / 2.0, y + (1.0 + dy) * TILE_M / 2.0])
        })
        .collect();
    let place = |[x, y]: [f64; 2]| frame.plane_to_geodetic(x, y, 0.0);
    let sensors = radars.iter().enumerate().map(|(n, at)| radar(n, place(*at))).collect();
    let (width_m, height_m) = (columns as f64 * TILE_M, rows as f64 * TILE_M);
    let vertices = [0.0, 0.5, 1.0].map(|part| place([part * width_m, height_m / 2.0])).to_vec();
    let line = Line { id: "line".into(), left: "north".into(), right: "south".into(), vertices };
    let kind = RuleKind::Crossing { line: 0, direction: Direction::Any };
    let rule = Rule { id: "crossing".into(), clause: None, classes: Vec::new(), kind };
    let agreement = Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() };
    let settings = Settings { sector: "bench".into(), exercise: true, origin: origin(), sensors, agreement };
    let mut lcg = Lcg(7);
    let mut state = || {
        let (heading, speed) = (lcg.unit() * std::f64::consts::TAU, 1.0 + 20.0 * lcg.unit());
        let (sin, cos) = libm::sincos(heading);
        [lcg.unit() * width_m, lcg.unit() * height_m, speed * sin, speed * cos]
    };
    let targets: Vec<[f64; 4]> = (0..columns * rows * TARGETS_PER_TILE).map(|_| state()).collect();
    (settings, seconds(&targets, &radars, &mut lcg))
}

fn seconds(targets: &[[f64; 4]], radars: &[[f64; 2]], lcg: &mut Lcg) -> Vec<Vec<Record>> {
    let mut position = 0;
    let mut record = |received, body| {
        position += 1;
        Record { position: position - 1, received, body }
    };
    let second = |second: u32| {
        let mut records = Vec::new();
        // All radars turn once a second, a third of a second apart.
        for phase in 0..PLACES.len() {
            let after_s = f64::from(second) + 0.3 * phase as f64;
            let time = START.plus(Span::from_secs_f64(after_s));
            for n in (phase..radars.len()).step_by(PLACES.len()) {
                let text = scan(n, radars[n], second, after_s, targets, lcg);
                let body = Body::Frame { sensor: name(n), link: Link::Recording, bytes: text.into_bytes() };
                records.push(record(time, body));
            }
        }
        records.push(record(START.plus(Span::from_secs(i64::from(second) + 1)), Body::Tick));
        records
    };
    (0..WARM_UP_S + MEASURED_S).map(second).collect()
}

/// What radar `n` at `[x, y]` sees `after_s` seconds in, as a JSON scan.
fn scan(
    n: usize,
    [x, y]: [f64; 2],
    second: u32,
    after_s: f64,
    targets: &[[f64; 4]],
    lcg: &mut Lcg,
) -> String {
    let (time, seq) = (START.plus(Span::from_secs_f64(after_s)), second + 1);
    let mut text = format!(r#"{{"sensor":"R{n}","boot":1,"seq":{seq},"time":"{time}","detections":["#);
    let mut put = |range: f64, azimuth_deg: f64| {
        let comma = if text.ends_with('[') { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{comma}{{"range_m":{range:.2},"azimuth_deg":{azimuth_deg:.4}}}"#);
    };
    for [e, north, ve, vn] in targets {
        let (dx, dy) = (e + ve * after_s - x, north + vn * after_s - y);
        let range_m = libm::hypot(dx, dy);
        if range_m < RANGE_M && lcg.unit() < 0.9 {
            let azimuth_deg = libm::atan2(dx, dy).to_degrees() + 0.3 * lcg.normal();
            put((range_m + 15.0 * lcg.normal()).max(1.0), azimuth_deg);
        }
    }
    for _ in 0..CLUTTER_PER_SCAN {
        put(RANGE_M * lcg.unit().sqrt(), 360.0 * lcg.unit());
    }
    text + "]}"
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
    for (columns, rows) in [(1, 1), (3, 1), (9, 3)] {
        let targets = columns * rows * TARGETS_PER_TILE;
        let (settings, seconds) = world(columns, rows);
        let mut warm = Engine::new(settings);
        run(&mut warm, &seconds[..WARM_UP_S as usize]);
        let measured = &seconds[WARM_UP_S as usize..];
        let detections = run(&mut warm.clone(), measured);
        let clutter = columns * rows * PLACES.len() * MEASURED_S as usize * CLUTTER_PER_SCAN;
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
