//! A journal as a daemon would have left it: a simulated world through log, machine, keeper and sealer, in one thread.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use firmware_sims::scenario::kerguelen;
use linewatch::cli::simulate::simulate;
use linewatch::committer::Batch;
use linewatch::config::load_for_replay;
use linewatch::engine::Settings;
use linewatch::journal::disk::Disk;
use linewatch::journal::seal::Sealer;
use linewatch::journal::snapshots::{self, Commitment};
use linewatch::metrics::{Metrics, Setup};
use linewatch::outbox::{Limits, Outbox};
use linewatch::record::{Body, Record};
use linewatch::restart::{InForce, Restarted, restart};
use linewatch::seal::key::SignerKey;
use linewatch::sources::recording::Reader;
use linewatch::time::Timestamp;
use tempfile::TempDir;

pub(crate) fn key() -> SignerKey {
    SignerKey::new("linewatch/kerguelen", &[5; 32])
}

/// What is to happen.
pub(crate) struct Plan<'a> {
    pub(crate) seconds: u32,
    /// Sensors that are heard; all if none is named.
    pub(crate) sensors: &'a [&'a str],
    /// A snapshot is kept every so many seconds.
    pub(crate) snapshots_s: i64,
    /// A checkpoint is signed every so many; never for none.
    pub(crate) seals_s: Option<i64>,
}

/// The smallest world in which somebody crosses.
pub(crate) const SMALL: Plan<'_> =
    Plan { seconds: 50, sensors: &["f1"], snapshots_s: 1_000, seals_s: Some(10) };

/// The demo's world, configured in `dir`: its settings, and what happened.
pub(crate) fn world(dir: &Path, seconds: u32) -> (Settings, Vec<Record>) {
    simulate(&kerguelen(), f64::from(seconds)).unwrap().write(dir).unwrap();
    let settings = load_for_replay(&dir.join("linewatch.toml")).unwrap().engine_settings();
    let mut reader = Reader::open(&dir.join("recording.jsonl")).unwrap();
    let mut records = Vec::new();
    while reader.next_records(&mut records).unwrap() {}
    (settings, records)
}

fn outbox(settings: &Settings) -> Arc<Outbox> {
    let metrics = Metrics::new(&Setup {
        started: Timestamp::from_secs(0),
        sector: &settings.sector,
        sensors: &settings.sensors,
        sinks: &[],
        zones: &[],
        quarantine_reasons: &[],
        refusal_reasons: &[],
    });
    Arc::new(Outbox::new(&[], Limits::default(), &Arc::new(metrics)))
}

/// The journal in `journal` of the folder.
pub(crate) fn past(plan: &Plan<'_>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (settings, records) = world(dir.path(), plan.seconds);
    let journal = dir.path().join("journal");
    let open = || Box::new(Disk::at(&journal).unwrap());
    let in_force = InForce { settings: settings.clone(), configuration: "00".repeat(32) };
    let Restarted { mut machine, mut committer, first, .. } =
        restart(open(), &*open(), in_force, &outbox(&settings)).unwrap();
    let key = plan.seals_s.map(|_| key());
    let mut sealer = Sealer::open(open(), key, committer.log().head()).unwrap();
    let mut batch = Batch::default();
    first.into_iter().for_each(|body| batch.add(body));
    let is_heard = |body: &Body| match body {
        Body::Frame { sensor, .. } | Body::Status { sensor, .. } => {
            plan.sensors.is_empty() || plan.sensors.contains(&sensor.as_str())
        }
        _ => true,
    };
    let start = records.first().unwrap().received.floor_secs();
    for record in records.into_iter().filter(|record| is_heard(&record.body)) {
        let tick = record.body == Body::Tick;
        if !tick {
            batch.hear(record.body, None, None);
        }
        if !tick && batch.len() < 16 {
            continue;
        }
        let first = committer.log().head();
        let group = committer.commit(record.received, Duration::ZERO, std::mem::take(&mut batch)).unwrap();
        sealer.take(first, &group.leaves).unwrap();
        for record in &group.records {
            machine.step(record, |_, json| {
                let notice = json.map(|json| Body::Notice { bytes: json.as_bytes().to_vec() });
                notice.into_iter().for_each(|body| batch.add(body));
            });
        }
        let second = record.received.floor_secs() - start;
        if tick && second > 0 && second % plan.snapshots_s == 0 {
            let (bytes, hash) = machine.still().to_bytes_and_hash();
            let position = committer.log().head();
            assert!(snapshots::keep(&mut *open(), position, &bytes).unwrap());
            batch.add(Body::Act { bytes: Commitment::new(position, &hash).to_bytes() });
        }
        if tick && plan.seals_s.is_some_and(|every| second % every == 0) {
            sealer.seal().unwrap();
        }
    }
    dir
}
