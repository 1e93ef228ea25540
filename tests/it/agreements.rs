//! Agreements of the world, as files: each loads, is said back in its golden words, and alerts when a clause is broken and
//! not while it is kept.

use std::path::{Path, PathBuf};

use linewatch::config::{explain, load_agreement};
use linewatch::fusion::{Estimate, Paths, Smoothed, Status, TrackId, TrackView};
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::scan::Class;
use linewatch::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::alert::{Notice, State};
use linewatch::watch::{Agreement, Watch};

use super::config::golden;

fn file(name: &str) -> PathBuf {
    Path::new("config/examples/agreements").join(format!("{name}.toml"))
}

fn agreement(name: &str) -> Agreement {
    load_agreement(&file(name)).unwrap_or_else(|errors| panic!("{errors}")).0
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Remembers no track.
struct NoPaths;

impl Paths for NoPaths {
    fn smoothed(&self, _: TrackId, _: Timestamp, _: Timestamp) -> Option<Smoothed> {
        None
    }
}

/// A thing that stands somewhere.
#[derive(Clone, Copy)]
struct Thing {
    id: u64,
    class: Class,
    lat: f64,
    lon: f64,
    altitude_m: Option<(f64, f64)>,
    identity: Option<&'static str>,
}

fn thing(id: u64, class: Class, lat: f64, lon: f64) -> Thing {
    Thing { id, class, lat, lon, altitude_m: None, identity: None }
}

/// A watch with what it said.
struct Scene {
    watch: Watch,
    frame: LocalFrame,
    now: Timestamp,
    said: Vec<Notice>,
}

impl Scene {
    fn new(name: &str, start: &str) -> Self {
        let frame = LocalFrame::new(Geodetic::from_degrees(0.0, 0.0, 0.0));
        let watch = Watch::new("test", false, &frame, &agreement(name), &[radar()]);
        Self { watch, frame, now: at(start), said: Vec::new() }
    }

    /// Looks at these for so many seconds, a look every `every_s`.
    fn stand(&mut self, things: &[Thing], seconds: i64, every_s: i64) {
        let end = self.now.plus(Span::from_secs(seconds));
        while self.now < end {
            let fed = [(SensorIndex(0), self.now)];
            let views: Vec<_> = things.iter().map(|thing| view(&self.frame, self.now, thing, &fed)).collect();
            self.watch.tick(self.now, views.into_iter(), &NoPaths, &mut self.said);
            self.now = self.now.plus(Span::from_secs(every_s));
        }
    }

    /// Drives one thing from place to place in a minute, a look a second.
    fn drive(&mut self, thing: Thing, to: [f64; 2]) {
        for second in 0..=60 {
            let share = f64::from(second) / 60.0;
            let place = Thing {
                lat: thing.lat + share * (to[0] - thing.lat),
                lon: thing.lon + share * (to[1] - thing.lon),
                ..thing
            };
            let fed = [(SensorIndex(0), self.now)];
            let seen = view(&self.frame, self.now, &place, &fed);
            self.watch.observe(self.now, &seen, &NoPaths, &mut self.said);
            self.now = self.now.plus(Span::from_secs(1));
        }
    }

    /// The rules about which something has been opened, ascending.
    fn broken(&self) -> Vec<String> {
        let opened = self.said.iter().filter(|notice| notice.state == State::Opened);
        let mut rules: Vec<String> = opened.map(|notice| notice.rule.to_string()).collect();
        rules.sort();
        rules.dedup();
        rules
    }
}

fn radar() -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").unwrap(),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(Geodetic::from_degrees(0.0, 0.0, 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 100_000.0,
        range_sigma_m: None,
        azimuth_sigma_rad: None,
        position_sigma_m: Some(10.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        bias_sigmas: 3.0,
        period_s: 1.0,
        mobile: false,
        trust_group: "r1".into(),
        sac_sic: None,
        masks: Vec::new(),
    }
}

fn view<'a>(
    frame: &LocalFrame,
    now: Timestamp,
    thing: &'a Thing,
    fed: &'a [(SensorIndex, Timestamp)],
) -> TrackView<'a> {
    let at = frame.to_enu(Geodetic::from_degrees(thing.lat, thing.lon, 0.0));
    let mut covariance = [[0.0; 4]; 4];
    for (axis, variance) in [9.0, 9.0, 1.0, 1.0].into_iter().enumerate() {
        covariance[axis][axis] = variance;
    }
    TrackView {
        id: TrackId(thing.id),
        status: Status::Confirmed,
        existence: 0.9999,
        estimate: Estimate { time: now, mean: [at.east_m, at.north_m, 0.0, 0.0], covariance },
        modes: [1.0, 0.0, 0.0],
        altitude_m: thing.altitude_m,
        class: Class::ALL.map(|class| if class == thing.class { 1.0 } else { 0.0 }),
        identity: thing.identity,
        sensors: fed,
        born: now,
        updated: now,
    }
}

/// So many of a class, in rows about a place.
fn many(count: u64, class: Class, lat: f64, lon: f64) -> Vec<Thing> {
    let place = |id: u64| {
        let [row, column] = [id / 20, id % 20].map(|step| step as f64 * 0.0005);
        thing(id, class, lat + row, lon + column)
    };
    (0..count).map(place).collect()
}

#[test]
fn every_agreement_is_said_back_in_its_golden_words() {
    let now = at("2026-01-20T09:30:00Z");
    let names = ["undof-1974", "minsk-2", "sinai", "cfe-transit"];
    let here = std::fs::read_dir("config/examples/agreements").unwrap().count();
    assert_eq!(here, names.len(), "every example has its test");
    for name in names {
        let text = explain(&agreement(name), now);
        golden(Path::new(&format!("tests/golden/explain-{name}.txt")), &text);
    }
}

#[test]
fn disengagement_counts_tanks_by_band_and_side() {
    let tanks = |count, lon| many(count, Class::TrackedVehicle, 0.15, lon);
    // Five kilometres west of line A, and as far east of line B.
    for (lon, rule) in [(-0.045, "israel-tanks-10"), (0.070, "syria-tanks-10")] {
        let mut scene = Scene::new("undof-1974", "1974-07-01T12:00:00Z");
        scene.stand(&tanks(75, lon), 10, 1);
        assert_eq!(scene.broken(), [""; 0], "seventy-five are allowed");
        scene.stand(&tanks(78, lon), 10, 1);
        assert_eq!(scene.broken(), [rule]);
    }
    // Fifteen kilometres away four hundred and fifty are.
    let mut scene = Scene::new("undof-1974", "1974-07-01T12:00:00Z");
    scene.stand(&tanks(300, -0.135), 10, 1);
    assert_eq!(scene.broken(), [""; 0]);
    scene.stand(&tanks(460, -0.135), 10, 1);
    assert_eq!(scene.broken(), ["israel-tanks-20"]);
    scene.stand(&[thing(999, Class::TrackedVehicle, 0.15, 0.015)], 10, 1);
    assert_eq!(scene.broken(), ["israel-tanks-20", "separation-empty"]);
}

#[test]
fn disengagement_lets_the_road_through_by_day() {
    let lorry = thing(1, Class::HeavyVehicle, 0.10, -0.005);
    // Noon and midnight on the clocks of Damascus.
    for (start, broken) in [("1974-07-01T09:00:00Z", 0), ("1974-07-01T21:00:00Z", 1)] {
        let mut scene = Scene::new("undof-1974", start);
        scene.drive(lorry, [0.10, 0.005]);
        assert_eq!(scene.broken().len(), broken, "{start}: {:?}", scene.broken());
    }
    let mut scene = Scene::new("undof-1974", "1974-07-01T09:00:00Z");
    scene.drive(Thing { lat: 0.15, ..lorry }, [0.15, 0.005]);
    assert_eq!(scene.broken(), ["israel-stays-west"], "beside the road there is no gate");
}

#[test]
fn withdrawal_has_its_distances_and_its_dates() {
    // 20, 30 and 60 km west of the line, which there runs at 0.05° east.
    let [near, middle, far] = [-0.130, -0.220, -0.489].map(|lon| thing(1, Class::HeavyVehicle, 0.0, lon));
    let guns = ["west-guns-25", "west-heavy-rockets-70", "west-rockets-35"];
    for (start, place, broken) in [
        ("2015-02-20T12:00:00Z", near, &guns[..0]),
        ("2015-03-10T12:00:00Z", near, &guns[..]),
        ("2015-03-10T12:00:00Z", middle, &guns[1..]),
        ("2015-03-10T12:00:00Z", far, &guns[1..2]),
    ] {
        let mut scene = Scene::new("minsk-2", start);
        scene.stand(&[place], 10, 1);
        assert_eq!(scene.broken(), broken, "{start} at {}", place.lon);
    }
    let tank = thing(1, Class::TrackedVehicle, 0.0, 0.10);
    for (start, broken) in [("2015-06-01T12:00:00Z", 1), ("2015-11-01T12:00:00Z", 2)] {
        let mut scene = Scene::new("minsk-2", start);
        scene.stand(&[tank], 10, 1);
        assert_eq!(scene.broken().len(), broken, "{start}: {:?}", scene.broken());
    }
}

#[test]
fn a_stage_that_begins_is_dated_to_its_beginning() {
    let mut scene = Scene::new("minsk-2", "2015-03-02T21:59:30Z");
    scene.stand(&[thing(1, Class::HeavyVehicle, 0.0, -0.13)], 60, 1);
    assert!(!scene.said.is_empty());
    let dated = scene.said.iter().filter(|notice| notice.event_time == at("2015-03-02T22:00:00Z"));
    assert_eq!(dated.count(), scene.said.len());
}

#[test]
fn the_sinai_has_zones_and_agreed_exceptions() {
    let in_c = |id| thing(id, Class::HeavyVehicle, 0.1 + 0.001 * id as f64, -0.1);
    let company = [in_c(0), in_c(1), in_c(2)];
    let mut scene = Scene::new("sinai", "2026-02-14T21:59:30Z");
    scene.stand(&company, 30, 1);
    assert_eq!(scene.broken(), [""; 0], "agreed until the fifteenth");
    scene.stand(&company, 30, 1);
    assert_eq!(scene.broken(), ["c-no-armour"]);
    assert!(scene.said.iter().all(|notice| notice.event_time == at("2026-02-14T22:00:00Z")));
    let mut scene = Scene::new("sinai", "2026-01-20T12:00:00Z");
    scene.stand(&[company.as_slice(), &[in_c(3)]].concat(), 10, 1);
    assert_eq!(scene.broken(), ["c-no-armour"], "three have leave, not four");
    let mut scene = Scene::new("sinai", "2026-01-20T12:00:00Z");
    let own = Thing {
        altitude_m: Some((900.0, 20.0)),
        identity: Some("icao:4b1805"),
        ..thing(1, Class::Aircraft, 0.1, -0.1)
    };
    scene.stand(&[own, thing(2, Class::TrackedVehicle, 0.1, -0.7)], 10, 1);
    assert_eq!(scene.broken(), [""; 0], "the mission's own aircraft, and a tank in A");
    let other = Thing { id: 3, identity: Some("icao:000001"), ..own };
    scene.stand(&[other, thing(2, Class::TrackedVehicle, 0.1, -0.3)], 10, 1);
    assert_eq!(scene.broken(), ["b-no-tanks", "c-no-flights"]);
}

#[test]
fn transit_takes_seven_days_at_most() {
    let tank = thing(1, Class::TrackedVehicle, 0.0, 0.0);
    let (day, minute) = (86_400, 60);
    let mut scene = Scene::new("cfe-transit", "2026-01-01T00:00:00Z");
    scene.stand(&[tank], 3 * day, minute);
    scene.stand(&[Thing { lat: 0.5, ..tank }], day / 4, minute);
    scene.stand(&[tank], 3 * day + day / 2, minute);
    assert_eq!(scene.broken(), [""; 0]);
    scene.stand(&[tank], day / 2, minute);
    assert_eq!(scene.broken(), ["transit-seven-days"], "a short absence is no new transit");
    assert_eq!(scene.said[0].event_time, at("2026-01-08T00:00:00Z"));
    let mut scene = Scene::new("cfe-transit", "2026-01-01T00:00:00Z");
    for id in 0..3 {
        scene.stand(&[thing(id, Class::TrackedVehicle, 0.0, 0.0)], 5 * day, minute);
        scene.stand(&[thing(id, Class::TrackedVehicle, 0.5, 0.0)], day, minute);
    }
    assert_eq!(scene.broken(), [""; 0], "each of them passes through");
}
