//! A scenario from its file to what the engine made of it, second by second.
//!
//! In: a scenario. Out: truth and tracks at every whole second, what became of the frames, and what is believed of the
//! sensors at the end. The recording, the configuration and the truth go through files, as they do outside.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

use firmware_sims::scenario::Scenario;
use linewatch::cli::Failure;
use linewatch::cli::simulate::{Simulated, simulate};
use linewatch::cli::stepping::{Stepped, step_through};
use linewatch::config::load_for_replay;
use linewatch::engine::event::{SensorRow, TrackRow};
use linewatch::engine::{Descent, Engine, Event, Outcome};
use linewatch::record::Body;
use linewatch::sources::recording::Reader;
use linewatch::watch::Notice;

use crate::rig::repository;

/// World time 0: 2026-01-01T00:00:00Z.
const EPOCH_S: i64 = 1_767_225_600;

/// Somebody, where and how fast.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) at: [f64; 2],
    pub(crate) velocity: [f64; 2],
}

/// A track's published state.
#[derive(Clone, Debug)]
pub(crate) struct Estimate {
    pub(crate) id: String,
    pub(crate) at: [f64; 2],
    pub(crate) velocity: [f64; 2],
    /// Row-major, e n ve vn.
    pub(crate) covariance: [f64; 16],
}

/// Truth and picture of one whole second.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    pub(crate) t_s: i64,
    pub(crate) truth: Vec<Target>,
    pub(crate) tracks: Vec<Estimate>,
}

/// Frames of one sensor by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    pub(crate) used: u64,
    pub(crate) too_late: u64,
    /// Rejected, repeated or set aside.
    pub(crate) refused: u64,
}

/// What the engine made of a scenario.
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) seconds: Vec<Second>,
    pub(crate) frames: BTreeMap<String, Frames>,
    pub(crate) sensors: Vec<SensorRow>,
    /// Everything that was found of tracks that are one, and said of alerts.
    pub(crate) descents: Vec<Descent>,
    pub(crate) notices: Vec<Notice>,
}

/// The scenario called `name`.
pub(crate) fn scenario(name: &str) -> Scenario {
    let path = repository(&format!("tests/scenarios/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Scenario::from_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Run {
    /// Simulates and replays.
    pub(crate) fn of(scenario: Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::kept_in(folder.path(), scenario, |_| {})
    }

    /// The same with everything left in `folder`; `each` sees every row of tracks.
    pub(crate) fn kept_in(folder: &Path, scenario: Scenario, mut each: impl FnMut(&TrackRow)) -> Self {
        let simulated = simulate(&scenario, scenario.duration_s).expect("the scenario can be run");
        simulated.write(folder).expect("a temporary folder can be written");
        let Simulated { recording, truth, .. } = simulated;
        let installation = load_for_replay(&folder.join("linewatch.toml")).expect("a good configuration");
        let mut engine = Engine::new(installation.engine_settings());
        let mut tracks: BTreeMap<i64, Vec<Estimate>> = BTreeMap::new();
        let (mut descents, mut notices) = (Vec::new(), Vec::new());
        let mut outcomes: Vec<Frames> = vec![Frames::default(); engine.sensors().len()];
        let mut reader = Reader::new(BufReader::new(recording.as_bytes()), &folder.join("recording.jsonl"));
        let after = |Stepped { record, engine, events, .. }: Stepped<'_>| {
            events.iter().for_each(|event| count(event, &mut outcomes));
            for event in events {
                match event {
                    Event::Lineage(descent) => descents.push(*descent),
                    Event::Notice(notice) => notices.push(Notice::clone(notice)),
                    _ => {}
                }
            }
            if record.body == Body::Tick {
                let rows = engine.tracks_at(record.received).inspect(&mut each).map(estimate);
                tracks.insert(record.received.floor_secs() - EPOCH_S, rows.collect());
            }
            Ok::<(), Failure>(())
        };
        step_through(&mut reader, &mut engine, |_| {}, after).expect("a good recording");
        let names = engine.sensors().iter().map(|model| model.id.to_string());
        let frames = names.zip(outcomes).collect();
        let seconds = join(&truth, tracks);
        Self { scenario, seconds, frames, sensors: engine.picture().sensors, descents, notices }
    }
}

fn count(event: &Event, outcomes: &mut [Frames]) {
    if let Event::Frame { sensor, outcome, .. } = event {
        let frames = &mut outcomes[sensor.index()];
        match outcome {
            Outcome::Used => frames.used += 1,
            Outcome::TooLate => frames.too_late += 1,
            Outcome::Duplicate | Outcome::Rejected(_) | Outcome::Quarantined(_) => frames.refused += 1,
        }
    }
}

fn estimate(row: TrackRow) -> Estimate {
    Estimate {
        id: row.track,
        at: [row.east_m, row.north_m],
        velocity: [row.v_east_mps, row.v_north_mps],
        covariance: row.cov.try_into().expect("sixteen numbers"),
    }
}

/// The truth's seconds with the tracks of each.
fn join(truth: &str, mut tracks: BTreeMap<i64, Vec<Estimate>>) -> Vec<Second> {
    let mut by_second: BTreeMap<i64, Vec<Target>> = BTreeMap::new();
    for line in truth.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |k: usize| fields[k].parse::<f64>().unwrap();
        let target =
            Target { id: fields[1].to_owned(), at: [number(2), number(3)], velocity: [number(4), number(5)] };
        by_second.entry(fields[0].parse().unwrap()).or_default().push(target);
    }
    let seconds = by_second.into_iter();
    seconds
        .map(|(t_s, truth)| Second { t_s, truth, tracks: tracks.remove(&t_s).unwrap_or_default() })
        .collect()
}

impl Second {
    /// Standing targets and tracks at these places, for tests of the scorer.
    pub(crate) fn sketch(truth: &[[f64; 2]], tracks: &[[f64; 2]]) -> Self {
        let target = |(k, at): (usize, &[f64; 2])| Target { id: k.to_string(), at: *at, velocity: [0.0; 2] };
        let estimate = |(k, at): (usize, &[f64; 2])| Estimate {
            id: k.to_string(),
            at: *at,
            velocity: [0.0; 2],
            covariance: std::array::from_fn(|k| if k % 5 == 0 { 1.0 } else { 0.0 }),
        };
        Self {
            t_s: 0,
            truth: truth.iter().enumerate().map(target).collect(),
            tracks: tracks.iter().enumerate().map(estimate).collect(),
        }
    }
}
