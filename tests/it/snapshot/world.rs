//! Worlds for snapshots: what the simulators say, and what links make of it.
//!
//! In: a scenario. Out: settings and records. Some frames come late, some twice; sentences come one by one; a patrol on
//! the move sends its looks in parts; the daemon was away once.

use std::fmt::Write as _;
use std::io::BufReader;

use firmware_sims::scenario::{BoxKind, BoxSpec, Scenario, kerguelen};
use linewatch::cli::simulate::{Simulated, simulate};
use linewatch::config::load_for_replay;
use linewatch::engine::Settings;
use linewatch::geo::LocalFrame;
use linewatch::record::{Body, Link, Record, Sequencer};
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::sources::recording::Reader;
use linewatch::time::{Span, Timestamp};

use crate::rig::repository;

/// No world is run for longer.
const MOST_S: f64 = 240.0;
const START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// Parts of a look of the patrol.
const PARTS: usize = 3;

/// A small generator of its own: what it gives never changes.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below `most`")]
    pub(crate) fn below(&mut self, most: usize) -> usize {
        (self.unit() * most as f64) as usize
    }
}

/// What an engine is to be run through.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) settings: Settings,
    pub(crate) records: Vec<Record>,
    /// Records that bring another piece of what has begun.
    pub(crate) between_parts: Vec<usize>,
}

impl World {
    /// One of the scenario files.
    pub(crate) fn scenario(name: &str) -> Self {
        let text = std::fs::read_to_string(repository(&format!("tests/scenarios/{name}.json"))).unwrap();
        Self::of(Scenario::from_json(&text).unwrap())
    }

    /// The demo's world with more of everything: a lidar, sensors that lean, restart, babble and damage their bytes.
    pub(crate) fn kerguelen() -> Self {
        let mut scenario = kerguelen();
        let camera = scenario.boxes.iter().find(|spec| spec.id == "c3").unwrap();
        let lidar = BoxSpec {
            id: "l1".into(),
            kind: BoxKind::Lidar,
            max_range_m: 300.0,
            range_sigma_m: 0.1,
            echoes: [1, 6],
            false_alarms_per_scan: 1.0,
            ..camera.clone()
        };
        scenario.boxes.push(lidar);
        for spec in &mut scenario.boxes {
            let fault = match (spec.id.as_str(), spec.kind) {
                ("c1", _) => "restart@70s",
                ("c3", _) => "bias-azimuth=3deg",
                (_, BoxKind::Radar) => "clutter=x3@60s..120s",
                (_, BoxKind::AisReceiver) => "flood=x2@50s..90s",
                (_, BoxKind::FieldNode) => "corrupt=0.002",
                _ => continue,
            };
            spec.faults.push(fault.into());
        }
        Self::of(scenario)
    }

    fn of(scenario: Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulated = simulate(&scenario, scenario.duration_s.min(MOST_S)).unwrap();
        simulated.write(folder.path()).unwrap();
        let Simulated { recording, truth, .. } = simulated;
        let mut settings = load_for_replay(&folder.path().join("linewatch.toml")).unwrap().engine_settings();
        let mut reader = Reader::new(BufReader::new(recording.as_bytes()), folder.path());
        let mut records = Vec::new();
        while reader.next_records(&mut records).unwrap() {}
        let mut dice = Dice::new(7);
        let mut said = links(records, &settings, &mut dice);
        said.extend(patrol(&settings, &truth));
        settings.sensors.push(patrol_model());
        said.sort_by_key(|(at, _)| *at);
        let records = placed(said);
        let begun = |record: &Record| match &record.body {
            Body::Frame { bytes, .. } => {
                let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                holds("\"part\":[2") || holds("\"part\":[3") || holds("VDM,2,2")
            }
            _ => false,
        };
        let between_parts = (0..records.len()).filter(|index| begun(&records[*index])).collect();
        Self { name: scenario.name, settings, records, between_parts }
    }
}

/// What came over the links: sentences one by one, a little of everything late, twice, or both.
fn links(records: Vec<Record>, settings: &Settings, dice: &mut Dice) -> Vec<(Timestamp, Body)> {
    let mut said = Vec::new();
    for Record { received, body, .. } in records {
        let Body::Frame { sensor, bytes, .. } = body else {
            if body != Body::Tick {
                said.push((received, body));
            }
            continue;
        };
        let nmea = settings.sensors.iter().any(|model| model.id == sensor && model.format == Format::Nmea);
        let lines: Vec<Vec<u8>> = if nmea {
            bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
        } else {
            vec![bytes]
        };
        for bytes in lines {
            let body = Body::Frame { sensor: sensor.clone(), link: Link::Mqtt, bytes };
            let mut delay = |share: f64, most_s: f64| {
                let late_s = if dice.unit() < share { most_s * dice.unit() } else { 0.0 };
                received.plus(Span::from_secs_f64(late_s))
            };
            let (once, again) = (delay(0.05, 8.0), delay(0.04, 20.0));
            if again > received {
                said.push((again, body.clone()));
            }
            said.push((once, body));
        }
    }
    said
}

fn patrol_id() -> SensorId {
    SensorId::new("patrol").unwrap()
}

fn patrol_model() -> SensorModel {
    SensorModel {
        id: patrol_id(),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: None,
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 4_000.0,
        range_sigma_m: Some(8.0),
        azimuth_sigma_rad: Some(0.006),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 2.0,
        max_detections: 10_000,
        period_s: 2.0,
        mobile: true,
        trust_group: "patrol".into(),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

/// A radar on a truck, whose looks at the true places come in parts a fifth of a second apart, one part in ten not at all.
fn patrol(settings: &Settings, truth: &str) -> Vec<(Timestamp, Body)> {
    let frame = LocalFrame::new(settings.origin);
    let mut dice = Dice::new(11);
    let mut seconds: Vec<(i64, Vec<[f64; 2]>)> = Vec::new();
    for line in truth.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (t_s, at) = (fields[0].parse().unwrap(), [2, 3].map(|k| fields[k].parse::<f64>().unwrap()));
        match seconds.last_mut() {
            Some((last, places)) if *last == t_s => places.push(at),
            _ => seconds.push((t_s, vec![at])),
        }
    }
    let mut said = Vec::new();
    for (t_s, places) in seconds.into_iter().filter(|(t_s, _)| t_s % 2 == 0) {
        let own = [-600.0 + 5.0 * t_s as f64, -300.0];
        let stands = frame.plane_to_geodetic(own[0], own[1], 0.0);
        let time = START.plus(Span::from_secs(t_s));
        for part in 0..PARTS {
            let mut detections = String::new();
            for [e, n] in places.iter().skip(part).step_by(PARTS) {
                let (dx, dy) =
                    (e - own[0] + 16.0 * (dice.unit() - 0.5), n - own[1] + 16.0 * (dice.unit() - 0.5));
                let (range_m, azimuth_deg) = (dx.hypot(dy), dx.atan2(dy).to_degrees().rem_euclid(359.99));
                if range_m < 4_000.0 && range_m > 20.0 {
                    let comma = if detections.is_empty() { "" } else { "," };
                    let _ = write!(
                        detections,
                        r#"{comma}{{"range_m":{range_m:.2},"azimuth_deg":{azimuth_deg:.3}}}"#
                    );
                }
            }
            let bytes = format!(
                r#"{{"sensor":"patrol","boot":1,"seq":{},"time":"{time}","part":[{},{PARTS}],"pose":{{"position":[{:.7},{:.7}],"altitude_m":2.0,"heading_deg":90.0}},"detections":[{detections}]}}"#,
                t_s + 1,
                part + 1,
                stands.lat_deg(),
                stands.lon_deg(),
            );
            if dice.unit() > 0.1 {
                let received = time.plus(Span::from_nanos(200_000_000 * (1 + i64::try_from(part).unwrap())));
                said.push((
                    received,
                    Body::Frame { sensor: patrol_id(), link: Link::Mqtt, bytes: bytes.into() },
                ));
            }
        }
    }
    said
}

/// In log order, with the ticks between; seven seconds in the middle nobody listened.
fn placed(said: Vec<(Timestamp, Body)>) -> Vec<Record> {
    let (mut sequencer, mut records) = (Sequencer::default(), Vec::new());
    let away = said[said.len() * 3 / 5].0;
    let back = away.plus(Span::from_secs(7));
    let mut gap = Some(Body::Gap { since: away });
    for (at, body) in said {
        if at > away && at < back {
            continue;
        }
        if at >= back
            && let Some(gap) = gap.take()
        {
            sequencer.place(back, gap, &mut records);
        }
        sequencer.place(at, body, &mut records);
    }
    sequencer.finish(&mut records);
    records
}
