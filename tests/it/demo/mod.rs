//! The demonstration as a newcomer meets it: what it shows in its first minute, each of its boxes without the others'
//! help, its journal replayed, and the program itself.

mod alone;
mod minute;
mod program;
mod watcher;

use firmware_sims::scenario::{Scenario, kerguelen};
use linewatch::demo::stage::{Options, Stage};
use linewatch::pipeline::deciding::Listener;
use linewatch::time::Timestamp;
use tempfile::TempDir;

use crate::rig::sample::value;

/// A stage with its own folder, on free ports.
pub(crate) fn stage(scenario: Scenario, speed: f64, listener: Option<Listener>) -> (Stage, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let http = "127.0.0.1:0".parse().unwrap();
    let options = Options { speed, http, dir: dir.path().to_owned() };
    (Stage::start(scenario, &options, listener).unwrap(), dir)
}

/// World seconds of a stamp.
fn world_s(stage: &Stage, at: Timestamp) -> f64 {
    at.since(Timestamp::from_nanos(stage.pace.epoch_ns)).as_secs_f64()
}

/// What `/metrics` says of one sensor: frames by outcome, or detections.
struct Counters(String);

impl Counters {
    fn of(stage: &Stage) -> Self {
        Self(stage.app.metrics.render(Timestamp::from_nanos(stage.pace.unix_ns(stage.pace.now_s()))))
    }

    fn used(&self, sensor: &str) -> f64 {
        self.scans(sensor, "used")
    }

    fn scans(&self, sensor: &str, outcome: &str) -> f64 {
        let labels = format!("outcome=\"{outcome}\",sector=\"kerguelen-1\",sensor=\"{sensor}\"");
        value(&self.0, &format!("linewatch_scans_total{{{labels}}}")).expect("present from the start")
    }

    fn detections(&self, sensor: &str) -> f64 {
        let labels = format!("sector=\"kerguelen-1\",sensor=\"{sensor}\"");
        value(&self.0, &format!("linewatch_detections_total{{{labels}}}")).expect("present from the start")
    }
}
