//! One incident from its folder to what the engine said.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use firmware_sims::scenario::{Links, Scenario};
use linewatch::cli::simulate::{Simulated, simulate};
use linewatch::config::load_for_replay;
use linewatch::engine::reload::Reload;
use linewatch::engine::{Engine, Event};
use linewatch::record::{Body, Link, Record, Sequencer};
use linewatch::sensor::SensorId;
use linewatch::sources::recording::Reader;
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Notice;

use super::script::{Happens, Script};
use crate::rig::repository;

/// World time 0 where the world does not say: 2026-01-01T00:00:00Z.
const EPOCH_S: i64 = 1_767_225_600;

/// An incident as written.
pub(crate) struct Case {
    pub(crate) folder: PathBuf,
    pub(crate) script: Script,
    world: Scenario,
}

/// What was said.
pub(crate) struct Told {
    pub(crate) notices: Vec<Notice>,
    pub(crate) begins_s: i64,
}

impl Told {
    /// A line for each revision.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let begins = Timestamp::from_secs(self.begins_s);
        self.notices.iter().map(move |notice| {
            let json: serde_json::Value = serde_json::from_str(&notice.to_json()).unwrap();
            // When the log stamped it is no part of the notice: when it happened is.
            let at_s = notice.event_time.since(begins).as_secs_f64();
            let raised_s = notice.raised_at.since(begins).as_secs_f64();
            let list = |key: &str| json.get(key).map(|value| format!(" {key} {value}")).unwrap_or_default();
            format!(
                "{} r{} {} {} {} {} p {:.3} happened {at_s:.1} s raised {raised_s:.1} s groups {}{}{}{}{}{}",
                &notice.alert[..12],
                notice.revision,
                json["state"].as_str().unwrap(),
                notice.kind,
                notice.rule,
                notice.severity.as_str(),
                notice.confidence,
                notice.trust_groups,
                list("direction"),
                list("sensors"),
                list("count"),
                list("crossings"),
                names(&json),
            )
        })
    }
}

/// The names of a notice's indicators.
fn names(json: &serde_json::Value) -> String {
    let Some(listed) = json.get("indicators").and_then(serde_json::Value::as_array) else {
        return String::new();
    };
    let names: Vec<&str> = listed.iter().filter_map(|one| one.get("name")?.as_str()).collect();
    format!(" indicators {}", names.join(","))
}

impl Case {
    pub(crate) fn read(name: &str) -> Self {
        let folder = repository(&format!("tests/incidents/{name}"));
        let world = Scenario::from_json(&text(&folder.join("world.json")))
            .unwrap_or_else(|error| panic!("{name}/world.json: {error}"));
        let script = serde_json::from_str(&text(&folder.join("script.json")))
            .unwrap_or_else(|error| panic!("{name}/script.json: {error}"));
        Self { folder, script, world }
    }

    /// Simulates, scripts and steps.
    pub(crate) fn told(&self) -> Told {
        let begins_s = self.world.begins_s.unwrap_or(EPOCH_S);
        let simulated = simulate(&self.world, self.world.duration_s).expect("the world can be run");
        let heard = self.heard(&simulated, Timestamp::from_secs(begins_s));
        let mut engine = Engine::new(self.settings("rules.toml").0);
        let (mut sequencer, mut records, mut notices) = (Sequencer::default(), Vec::new(), Vec::new());
        for (received, body) in heard {
            sequencer.place(received, body, &mut records);
            for record in records.drain(..) {
                let events = engine.step(&record);
                notices.extend(events.iter().filter_map(|event| match event {
                    Event::Notice(notice) => Some(Notice::clone(notice)),
                    _ => None,
                }));
            }
        }
        Told { notices, begins_s }
    }

    /// Settings under the world's geometry and these rules, and the hash of their configuration.
    fn settings(&self, rules: &str) -> (linewatch::engine::Settings, String) {
        let folder = tempfile::tempdir().unwrap();
        let agreement = self.world.agreement_toml() + "\n" + &text(&self.folder.join(rules));
        std::fs::write(folder.path().join("agreement.toml"), agreement).unwrap();
        let path = folder.path().join("linewatch.toml");
        std::fs::write(&path, self.world.linewatch_toml(&Links::default())).unwrap();
        let installation = load_for_replay(&path)
            .unwrap_or_else(|errors| panic!("{}/{rules}: {errors}", self.folder.display()));
        (installation.engine_settings(), installation.hash)
    }

    /// Everything that is heard, in order.
    fn heard(&self, simulated: &Simulated, begins: Timestamp) -> Vec<(Timestamp, Body)> {
        let mut reader = Reader::new(BufReader::new(simulated.recording.as_bytes()), Path::new("world"));
        let (mut said, mut heard): (Vec<Record>, Vec<(Timestamp, Body)>) = (Vec::new(), Vec::new());
        while reader.next_records(&mut said).expect("a good recording") {
            let frames = said.drain(..).filter(|record| record.body != Body::Tick);
            heard.extend(frames.map(|record| (record.received, record.body)));
        }
        let at = |seconds: f64| begins.plus(Span::from_secs_f64(seconds));
        for event in &self.script.events {
            match event {
                Happens::Status { at_s, sensor, payload } => {
                    let sensor = SensorId::new(sensor).expect("a sensor's id");
                    let bytes = payload.to_string().into_bytes();
                    heard.push((at(*at_s), Body::Status { sensor, bytes }));
                }
                Happens::Again { sensor, from_s, until_s, later_s } => {
                    let again = heard.iter().filter_map(|(received, body)| match body {
                        Body::Frame { sensor: of, bytes, .. }
                            if of.as_str() == sensor && (at(*from_s)..at(*until_s)).contains(received) =>
                        {
                            let body =
                                Body::Frame { sensor: of.clone(), link: Link::Mqtt, bytes: bytes.clone() };
                            Some((received.plus(Span::from_secs_f64(*later_s)), body))
                        }
                        _ => None,
                    });
                    let again: Vec<_> = again.collect();
                    heard.extend(again);
                }
                Happens::Reload { at_s, rules } => {
                    let (settings, hash) = self.settings(rules);
                    heard.push((at(*at_s), Body::Reload { bytes: Reload::new(settings, &hash).to_bytes() }));
                }
                Happens::Act { at_s, act } => {
                    heard.push((at(*at_s), Body::Act { bytes: act.to_string().into_bytes() }));
                }
                Happens::Gap { from_s, until_s } => {
                    heard.retain(|(received, _)| !(at(*from_s)..at(*until_s)).contains(received));
                    heard.push((at(*until_s), Body::Gap { since: at(*from_s) }));
                }
            }
        }
        // Stable: what came together stays in its order.
        heard.sort_by_key(|(received, _)| *received);
        heard
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
