//! What the sensors say in one simulated world: the boxes of `linewatch simulate`, crossing and recrossing a line.

use std::path::Path;

use firmware_sims::scenario::Scenario;
use linewatch::cli::simulate::simulate;
use linewatch::config::load_for_replay;
use linewatch::engine::Settings;
use linewatch::record::{Body, Link};
use linewatch::sources::recording::Reader;
use linewatch::time::Timestamp;

/// Three boxes, four movers who never stop crossing, a zone somebody stays in.
const SCENARIO: &str = r#"{
  "name": "EXERCISE to and fro", "seed": 1, "sector": "exercise-1", "origin": [-49.0, 69.6], "metres": true,
  "duration_s": 600,
  "line": {"id": "line", "left": "East", "right": "West", "coordinates": [[0, 9000], [0, -9000]]},
  "zones": [{"id": "post", "polygon": [[-900, -400], [-900, 400], [-300, 400], [-300, -400]]}],
  "rules": [
    {"id": "crossing", "kind": "crossing", "line": "line", "clause": "1"},
    {"id": "post", "kind": "presence", "zone": "post", "clause": "2"},
    {"id": "few", "kind": "ceiling", "zone": "post", "limit": 1, "clause": "3"}
  ],
  "agents": [
    {"id": "a", "class": "light-vehicle", "speed_mps": 14, "start_s": 0, "route": [{"at": [-700, 100]}, {"at": [900, 200]}]},
    {"id": "b", "class": "light-vehicle", "speed_mps": 9, "start_s": 0, "route": [{"at": [800, -300]}, {"at": [-600, -200]}]},
    {"id": "c", "class": "heavy-vehicle", "speed_mps": 11, "start_s": 5, "route": [{"at": [-1500, 700]}, {"at": [1200, 900]}]},
    {"id": "d", "class": "person", "speed_mps": 1.6, "start_s": 0, "route": [{"at": [200, 0]}, {"at": [-200, 50]}]}
  ],
  "boxes": [
    {"id": "r1", "kind": "plot-radar", "position": [0, -3000], "phase_s": 0, "period_s": 1,
     "max_range_m": 15000, "range_sigma_m": 8, "azimuth_sigma_deg": 0.2, "detection_probability": 0.9, "false_alarms_per_scan": 2},
    {"id": "r2", "kind": "plot-radar", "position": [-2500, 2500], "phase_s": 0.5, "period_s": 1,
     "max_range_m": 15000, "range_sigma_m": 8, "azimuth_sigma_deg": 0.2, "detection_probability": 0.9, "false_alarms_per_scan": 2},
    {"id": "u1", "kind": "plot-radar", "position": [2500, 2500], "phase_s": 0.3, "period_s": 2,
     "max_range_m": 15000, "range_sigma_m": 8, "azimuth_sigma_deg": 0.2, "detection_probability": 0.9, "false_alarms_per_scan": 2}
  ]
}"#;

/// A world's voices.
#[derive(Clone)]
pub(crate) struct World {
    /// Those of its files, and others that may come into force: a sensor that is believed less, a rule less.
    pub(crate) settings: [Settings; 3],
    /// When it begins.
    pub(crate) start: Timestamp,
    /// In order of time; `u1` over UDP, the others over MQTT.
    pub(crate) said: Vec<(Timestamp, Body)>,
}

/// So many seconds of the world with this seed.
pub(crate) fn world(seed: u64, seconds: u64) -> World {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
    let seconds = seconds as f64;
    let mut scenario = Scenario::from_json(SCENARIO).unwrap();
    scenario.seed = seed;
    let simulated = simulate(&scenario, seconds).unwrap();
    let dir = tempfile::tempdir().unwrap();
    simulated.write(dir.path()).unwrap();
    let settings = load_for_replay(&dir.path().join("linewatch.toml")).unwrap().engine_settings();
    let mut reader = Reader::new(simulated.recording.as_bytes(), Path::new("recording"));
    let mut records = Vec::new();
    while reader.next_records(&mut records).unwrap() {}
    let said: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record.body {
            Body::Frame { sensor, bytes, .. } => {
                let link = if sensor.as_str() == "u1" { Link::Udp } else { Link::Mqtt };
                Some((record.received, Body::Frame { sensor, link, bytes }))
            }
            body @ Body::Status { .. } => Some((record.received, body)),
            _ => None,
        })
        .collect();
    let start = said.first().map_or(Timestamp::from_secs(0), |(at, _)| *at);
    World { settings: variants(settings), start, said }
}

fn variants(settings: Settings) -> [Settings; 3] {
    let (mut doubted, mut lenient) = (settings.clone(), settings.clone());
    doubted.sensors[0].detection_probability *= 0.9;
    lenient.agreement.rules.retain(|rule| &*rule.id != "few");
    lenient.agreement.hash = "of the agreement without a ceiling".to_owned();
    [settings, doubted, lenient]
}
