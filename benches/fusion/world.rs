//! What the bench's engine sees: tiles of 20 km with three radars at 1 Hz, 370 targets that hold course, and clutter.
//!
//! The density is that of `scenario.py 500`, whatever the number of tiles; a line runs through the middle. Records are
//! made second by second, outside the time measured. A wide-area sensor reports nothing until it is asked for a late
//! scan.

use std::fmt::Write as _;

use linewatch::engine::Settings;
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::record::{Body, Link, Record};
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::agreement::{Agreement, Direction, Line, Rule, RuleKind, Terms};

const START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// Living targets in `scenario.py 500`, on 20 km by 20 km with three radars: one tile.
pub(crate) const TARGETS_PER_TILE: usize = 370;
/// False alarms per radar scan.
pub(crate) const CLUTTER_PER_SCAN: usize = 20;
const TILE_M: f64 = 20_000.0;
const RANGE_M: f64 = 15_000.0;
/// Where the radars stand in a tile, as parts of half its width.
const PLACES: [(f64, f64); 3] = [(-0.7, -0.4), (0.0, -0.65), (0.7, -0.4)];
/// The wide-area sensor.
pub(crate) const WIDE: &str = "S1";
const WIDE_SIGMA_M: f64 = 30.0;

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

struct Radar {
    name: SensorId,
    at: [f64; 2],
    /// Targets that may come into its range, by where they began.
    targets: Vec<usize>,
}

/// Everything there is, second by second.
pub(crate) struct World {
    frame: LocalFrame,
    radars: Vec<Radar>,
    /// East, north, east velocity, north velocity, at the start.
    targets: Vec<[f64; 4]>,
    lcg: Lcg,
    position: u64,
    second: u32,
}

fn model(id: SensorId, kind: SensorKind, position: Option<Geodetic>) -> SensorModel {
    let radar = kind == SensorKind::Radar;
    SensorModel {
        trust_group: id.as_str().into(),
        id,
        kind,
        format: Format::Json,
        position,
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: if radar { RANGE_M } else { 1e6 },
        range_sigma_m: radar.then_some(15.0),
        azimuth_sigma_rad: radar.then(|| 0.3_f64.to_radians()),
        position_sigma_m: (!radar).then_some(WIDE_SIGMA_M),
        detection_probability: 0.9,
        false_alarms_per_scan: if radar { CLUTTER_PER_SCAN as f64 } else { 0.0 },
        max_detections: 10_000,
        period_s: if radar { 1.0 } else { 600.0 },
        mobile: false,
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn id(text: &str) -> SensorId {
    SensorId::new(text).expect("a letter and digits are an id")
}

/// An engine's settings and its world, on `columns` by `rows` tiles.
pub(crate) fn new(columns: usize, rows: usize) -> (Settings, World) {
    let origin = Geodetic::from_degrees(35.1, 33.4, 0.0);
    let frame = LocalFrame::new(origin);
    let (width_m, height_m) = (columns as f64 * TILE_M, rows as f64 * TILE_M);
    let mut lcg = Lcg(7);
    let mut state = || {
        let (heading, speed) = (lcg.unit() * std::f64::consts::TAU, 1.0 + 20.0 * lcg.unit());
        let (sin, cos) = libm::sincos(heading);
        [(lcg.unit() - 0.5) * width_m, (lcg.unit() - 0.5) * height_m, speed * sin, speed * cos]
    };
    let targets: Vec<[f64; 4]> = (0..columns * rows * TARGETS_PER_TILE).map(|_| state()).collect();
    let tile =
        |[e, n]: [f64; 2]| [(e + width_m / 2.0) / TILE_M, (n + height_m / 2.0) / TILE_M].map(libm::floor);
    let mut by_tile = vec![Vec::new(); columns * rows];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tiles are few")]
    let at = |[x, y]: [f64; 2]| x as usize * rows + y as usize;
    for (index, target) in targets.iter().enumerate() {
        by_tile[at(tile([target[0], target[1]]))].push(index);
    }
    let near = |x: usize, y: usize| {
        let columns = x.saturating_sub(1)..(x + 2).min(columns);
        columns.flat_map(move |x| (y.saturating_sub(1)..(y + 2).min(rows)).map(move |y| x * rows + y))
    };
    let mut radars = Vec::new();
    for (x, y) in (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))) {
        for (dx, dy) in PLACES {
            let part =
                |index: usize, d: f64, whole_m: f64| (index as f64 + 0.5 + d / 2.0) * TILE_M - whole_m / 2.0;
            let mut targets: Vec<usize> = near(x, y).flat_map(|tile| by_tile[tile].iter().copied()).collect();
            targets.sort_unstable();
            let at = [part(x, dx, width_m), part(y, dy, height_m)];
            radars.push(Radar { name: id(&format!("R{}", radars.len())), at, targets });
        }
    }
    let place = |[e, n]: [f64; 2]| frame.plane_to_geodetic(e, n, 0.0);
    let mut sensors: Vec<SensorModel> = radars
        .iter()
        .map(|radar| model(radar.name.clone(), SensorKind::Radar, Some(place(radar.at))))
        .collect();
    sensors.push(model(id(WIDE), SensorKind::Satellite, None));
    let vertices = [-0.5, 0.0, 0.5].map(|part| place([part * width_m, 0.0])).to_vec();
    let line = Line { id: "line".into(), left: "north".into(), right: "south".into(), vertices };
    let kind = RuleKind::Crossing { line: 0, direction: Direction::Any };
    let rule =
        Rule { id: "crossing".into(), clause: None, classes: Vec::new(), kind, terms: Terms::default() };
    let agreement = Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() };
    let (software, configuration) = (String::new(), String::new());
    let sector = "bench".into();
    let settings = Settings {
        sector,
        exercise: true,
        origin,
        sensors,
        agreement,
        time_zone: String::new(),
        software,
        configuration,
    };
    (settings, World { frame, radars, targets, lcg, position: 0, second: 0 })
}

impl World {
    fn record(&mut self, received: Timestamp, body: Body) -> Record {
        self.position += 1;
        Record { position: self.position - 1, received, body }
    }

    fn frame(&mut self, received: Timestamp, sensor: SensorId, text: String) -> Record {
        self.record(received, Body::Frame { sensor, link: Link::Recording, bytes: text.into_bytes() })
    }

    /// The next second: all radars turn once, a third of a second apart, and the second is over.
    pub(crate) fn next_second(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for phase in 0..PLACES.len() {
            let after_s = f64::from(self.second) + 0.3 * phase as f64;
            for radar in (phase..self.radars.len()).step_by(PLACES.len()) {
                let text = self.scan(radar, after_s);
                let name = self.radars[radar].name.clone();
                records.push(self.frame(START.plus(Span::from_secs_f64(after_s)), name, text));
            }
        }
        self.second += 1;
        let over = START.plus(Span::from_secs(i64::from(self.second)));
        records.push(self.record(over, Body::Tick));
        records
    }

    /// How much of it there has been.
    pub(crate) const fn seconds(&self) -> u32 {
        self.second
    }

    /// What a radar sees `after_s` seconds in, as a JSON scan.
    fn scan(&mut self, radar: usize, after_s: f64) -> String {
        let Radar { name, at: [x, y], targets } = &self.radars[radar];
        let lcg = &mut self.lcg;
        let mut text = head(name, self.second, after_s);
        let mut put = |range: f64, azimuth_deg: f64| {
            let comma = if text.ends_with('[') { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(text, r#"{comma}{{"range_m":{range:.2},"azimuth_deg":{azimuth_deg:.4}}}"#);
        };
        for [e, north, ve, vn] in targets.iter().map(|target| self.targets[*target]) {
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

    /// Now arrives where every target was `late_s` ago, from the wide-area sensor.
    pub(crate) fn late(&mut self, late_s: f64) -> Record {
        let now_s = f64::from(self.second);
        let after_s = now_s - late_s;
        let mut text = head(&id(WIDE), self.second, after_s);
        for [e, n, ve, vn] in self.targets.clone() {
            let error = [WIDE_SIGMA_M * self.lcg.normal(), WIDE_SIGMA_M * self.lcg.normal()];
            let at =
                self.frame.plane_to_geodetic(e + ve * after_s + error[0], n + vn * after_s + error[1], 0.0);
            let comma = if text.ends_with('[') { "" } else { "," };
            let _ = write!(text, r#"{comma}{{"lat":{:.7},"lon":{:.7}}}"#, at.lat_deg(), at.lon_deg());
        }
        let received = START.plus(Span::from_secs_f64(now_s));
        self.frame(received, id(WIDE), text + "]}")
    }
}

/// A message up to its first detection.
fn head(sensor: &SensorId, second: u32, after_s: f64) -> String {
    let time = START.plus(Span::from_secs_f64(after_s));
    let (sensor, seq) = (sensor.as_str(), second + 1);
    format!(r#"{{"sensor":"{sensor}","boot":1,"seq":{seq},"time":"{time}","detections":["#)
}
