//! The pure library alone, without the daemon: a few invented minutes of scans in, notices and tracks out.
//!
//! ```text
//! cargo run --release --no-default-features --example replay_pure
//! ```
//!
//! Everything follows from one seed and the crate's own arithmetic, so any two builds must print the same bytes;
//! `tests/determinism` holds a debug and a release build to that. The last line is the SHA-256 of all before it.

use std::fmt::Write as _;

use linewatch::engine::{Engine, Event, Settings};
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::record::{Body, Link, Record, Sequencer};
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Agreement;
use linewatch::watch::agreement::{Direction, Line, Rule, RuleKind, Terms};
use sha2::{Digest as _, Sha256};

/// How much is invented, seconds.
const LENGTH_S: i64 = 180;
/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// Name, kind, metres east and north, view clockwise from north in degrees, reach in metres.
type Watcher = (&'static str, SensorKind, [f64; 2], [f64; 2], f64);
/// Who watches.
const SENSORS: [Watcher; 5] = [
    ("r1", SensorKind::Radar, [800.0, -400.0], [0.0, 360.0], 9_000.0),
    ("r2", SensorKind::Radar, [-900.0, 700.0], [0.0, 360.0], 7_000.0),
    ("r3", SensorKind::Radar, [100.0, 2_500.0], [0.0, 360.0], 8_000.0),
    ("c1", SensorKind::Camera, [300.0, -100.0], [225.0, 315.0], 1_500.0),
    ("c2", SensorKind::Camera, [-300.0, 200.0], [60.0, 130.0], 1_500.0),
];
/// How many move: each from somewhere to somewhere, swaying.
const MOVERS: usize = 14;

/// A linear congruential generator (Knuth, MMIX): enough to invent a world, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Nearly normal, one sigma 1: twelve uniform numbers have variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

fn main() {
    let records = invent();
    let mut engine = Engine::new(settings());
    let mut printed = String::new();
    for record in &records {
        for event in engine.step(record) {
            if let Event::Notice(notice) = event {
                // Writing to a string cannot fail.
                let _ = writeln!(printed, "{}", notice.to_json());
            }
        }
        if record.body == Body::Tick {
            for row in engine.tracks_at(record.received) {
                let row = serde_json::to_string(&row).expect("a row is plain data");
                let _ = writeln!(printed, "{row}");
            }
        }
    }
    print!("{printed}");
    let hash = Sha256::digest(printed.as_bytes());
    println!("sha256 {}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}

fn origin() -> Geodetic {
    Geodetic::from_degrees(-49.0, 69.6, 0.0)
}

fn settings() -> Settings {
    let frame = LocalFrame::new(origin());
    let at = |[east_m, north_m]: [f64; 2]| frame.plane_to_geodetic(east_m, north_m, 0.0);
    let sensors = SENSORS.iter().map(|&(name, kind, place, [from_deg, to_deg], reach_m)| SensorModel {
        id: SensorId::new(name).expect("a name that ids can have"),
        kind,
        format: Format::Json,
        position: Some(at(place)),
        heading_rad: (f64::midpoint(from_deg, to_deg) % 360.0).to_radians(),
        field_of_view_rad: (to_deg - from_deg).to_radians(),
        max_range_m: reach_m,
        range_sigma_m: (kind == SensorKind::Radar).then_some(12.0),
        azimuth_sigma_rad: Some(0.004),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 3.0,
        max_detections: linewatch::sensor::MAX_DETECTIONS,
        period_s: 1.0,
        mobile: false,
        trust_group: name.into(),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    });
    let vertices = vec![at([20.0, -4_000.0]), at([-60.0, -500.0]), at([50.0, 900.0]), at([0.0, 4_000.0])];
    let line = Line { id: "line".into(), left: "west".into(), right: "east".into(), vertices };
    let kind = RuleKind::Crossing { line: 0, direction: Direction::Any };
    let rule =
        Rule { id: "crossing".into(), clause: None, classes: Vec::new(), kind, terms: Terms::default() };
    let agreement = Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() };
    let sensors = sensors.collect();
    Settings {
        sector: "pure".into(),
        exercise: true,
        origin: origin(),
        sensors,
        agreement,
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    }
}

/// Every sensor's look of every second, some of them late.
fn invent() -> Vec<Record> {
    let mut chance = Chance(49_069);
    let movers: Vec<[f64; 4]> = (0..MOVERS)
        .map(|_| {
            let (east, north) = (chance.between(-1_500.0, 1_500.0), chance.between(-2_500.0, 2_500.0));
            // Mostly towards the line, so that there is something to tell.
            [east, north, -east / chance.between(60.0, 200.0), chance.between(-3.0, 3.0)]
        })
        .collect();
    let mut frames: Vec<(Timestamp, usize, String)> = Vec::new();
    for second in 0..LENGTH_S {
        for sensor in 0..SENSORS.len() {
            let measured =
                START.plus(Span::from_nanos(second * 1_000_000_000 + 170_000_000 * (sensor as i64)));
            let elapsed_s = measured.since(START).as_secs_f64();
            let text = look(sensor, second, measured, &movers, elapsed_s, &mut chance);
            // One in twenty is held up on its way.
            let delay_s = if chance.unit() < 0.05 { chance.between(0.5, 4.0) } else { 0.05 };
            frames.push((measured.plus(Span::from_secs_f64(delay_s)), sensor, text));
        }
    }
    frames.sort();
    let (mut sequencer, mut records) = (Sequencer::default(), Vec::new());
    for (received, sensor, text) in frames {
        let sensor = SensorId::new(SENSORS[sensor].0).expect("a name that ids can have");
        sequencer.place(
            received,
            Body::Frame { sensor, link: Link::Recording, bytes: text.into() },
            &mut records,
        );
    }
    sequencer.finish(&mut records);
    records
}

/// One look as JSON: what is in view with noise, and a few detections of nothing.
fn look(
    sensor: usize,
    seq: i64,
    time: Timestamp,
    movers: &[[f64; 4]],
    elapsed_s: f64,
    chance: &mut Chance,
) -> String {
    let (name, kind, place, [from_deg, to_deg], reach_m) = SENSORS[sensor];
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for [east, north, v_east, v_north] in movers {
        let sway = 8.0 * libm::sin(elapsed_s / 9.0 + north);
        let x = east + v_east * elapsed_s + sway - place[0];
        let y = north + v_north * elapsed_s - place[1];
        let range_m = libm::hypot(x, y) + 12.0 * chance.normal();
        let azimuth_deg = (libm::atan2(x, y) + 0.004 * chance.normal()).to_degrees();
        let azimuth_deg = azimuth_deg - 360.0 * libm::floor(azimuth_deg / 360.0);
        let in_view = (from_deg..to_deg).contains(&azimuth_deg) && (30.0..reach_m).contains(&range_m);
        if in_view && chance.unit() < 0.9 {
            seen.push((range_m, azimuth_deg));
        }
    }
    while chance.unit() < 0.75 {
        seen.push((chance.between(100.0, reach_m), chance.between(from_deg, to_deg)));
    }
    let detections: Vec<String> = seen
        .iter()
        .map(|(range_m, azimuth_deg)| match kind {
            SensorKind::Camera => format!("{{\"azimuth_deg\":{azimuth_deg:.4}}}"),
            _ => format!("{{\"range_m\":{range_m:.2},\"azimuth_deg\":{azimuth_deg:.4}}}"),
        })
        .collect();
    let detections = detections.join(",");
    format!(
        "{{\"sensor\":\"{name}\",\"boot\":1,\"seq\":{seq},\"time\":\"{time}\",\"detections\":[{detections}]}}"
    )
}
