//! What durability costs: group commit against plain appending with fdatasync, and how long a start takes by the length
//! of the history. `cargo bench --bench journal`; prints every figure beside what it should be.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use linewatch::clock;
use linewatch::committer::{Batch, Committer, GROUP};
use linewatch::engine::Settings;
use linewatch::geo::Geodetic;
use linewatch::journal::disk::Disk;
use linewatch::journal::snapshots;
use linewatch::journal::writer::Segments;
use linewatch::machine::Machine;
use linewatch::metrics::{Metrics, Setup};
use linewatch::outbox::{Limits, Outbox};
use linewatch::record::{Body, Link};
use linewatch::restart::{InForce, restart};
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::time::Timestamp;
use linewatch::watch::agreement::Agreement;

/// A scan of ten detections or so.
const FRAME_BYTES: usize = 600;
const EPOCH_S: i64 = 1_767_225_600;

fn main() {
    let folder = std::env::var("LINEWATCH_BENCH_DIR").unwrap_or_else(|_| "target/bench-journal".to_owned());
    let folder = Path::new(&folder);
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("the folder can be made");
    throughput(folder);
    recovery(folder);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

/// Both in turn, so that what the machine does meanwhile falls on both.
fn throughput(folder: &Path) {
    const FRAMES: usize = 100_000;
    println!("group commit, {FRAMES} frames of {FRAME_BYTES} bytes in groups of {GROUP}, five pairs in turn");
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for pair in 0..5 {
        plain.push(append_plainly(&folder.join(format!("plain-{pair}")), FRAMES));
        ours.push(commit(&folder.join(format!("journal-{pair}")), FRAMES));
    }
    let median = |of: &mut Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let ratios: Vec<f64> = ours.iter().zip(&plain).map(|(ours, plain)| ours / plain).collect();
    let (ours, plain) = (median(&mut ours), median(&mut plain));
    println!("  journaled           {ours:>9.0} scans/s   (at least 50 000)");
    println!("  append + fdatasync  {plain:>9.0} scans/s   the same bytes in the same groups");
    println!("  ratio               {:>9.2}             pairs {ratios:.2?}", ours / plain);
}

fn frame(nth: usize) -> Body {
    let mut bytes = format!(r#"{{"sensor":"r1","boot":1,"seq":{nth},"#).into_bytes();
    bytes.resize(FRAME_BYTES, b'7');
    Body::Frame { sensor: sensor().id, link: Link::Mqtt, bytes }
}

fn commit(dir: &Path, frames: usize) -> f64 {
    let (log, _) =
        Segments::open(Box::new(Disk::at(dir).expect("a folder")), "bench").expect("a new journal");
    let mut committer = Committer::new(Box::new(log), None);
    let bodies: Vec<Body> = (0..frames).map(frame).collect();
    let began = clock::instant();
    for group in bodies.chunks(GROUP) {
        let mut batch = Batch::default();
        group.iter().for_each(|body| batch.add(body.clone()));
        let now = Timestamp::from_secs(EPOCH_S);
        committer.commit(now, began.elapsed(), batch).expect("the disk has room");
    }
    per_second(frames, began.elapsed())
}

fn append_plainly(path: &Path, frames: usize) -> f64 {
    let mut file = OpenOptions::new().create_new(true).append(true).open(path).expect("a new file");
    let group = vec![b'7'; GROUP * (FRAME_BYTES + 30)];
    let began = clock::instant();
    for _ in 0..frames.div_ceil(GROUP) {
        file.write_all(&group).and_then(|()| file.sync_data()).expect("the disk has room");
    }
    per_second(frames, began.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// The same tail behind ever longer histories.
fn recovery(folder: &Path) {
    const TAIL: usize = 5_000;
    println!("start from a snapshot and a tail of {TAIL} records (at most 5 s, whatever the history)");
    for history in [10_000, 100_000, 1_000_000] {
        let dir = folder.join(format!("history-{history}"));
        let (log, _) =
            Segments::open(Box::new(Disk::at(&dir).expect("a folder")), "bench").expect("a new journal");
        let mut committer = Committer::new(Box::new(log), None);
        let mut machine = Machine::new(settings(), outbox());
        let mut nth = 0;
        while nth < history {
            if nth == history - TAIL {
                let position = committer.log().head();
                let mut disk = Disk::at(&dir).expect("a folder");
                snapshots::keep(&mut disk, position, &machine.still().to_bytes()).expect("the disk has room");
            }
            let mut batch = Batch::default();
            (nth..nth + 250).for_each(|nth| batch.add(frame(nth)));
            nth += 250;
            let seconds = EPOCH_S + i64::try_from(nth / 500).expect("a few hours");
            let group = committer.commit(Timestamp::from_secs(seconds), Duration::ZERO, batch).expect("room");
            group.records.iter().for_each(|record| machine.step(record, |_, _| {}));
        }
        drop(committer);
        let began = clock::instant();
        let disk = || Disk::at(&dir).expect("a folder");
        let in_force = InForce { settings: settings(), configuration: String::new() };
        let restarted = restart(Box::new(disk()), &disk(), in_force, &outbox()).expect("a journal");
        let took_ms = began.elapsed().as_secs_f64() * 1e3;
        assert!(restarted.snapshot.is_some());
        let bar: String = std::iter::successors(Some(0.0), |at| Some(at + 20.0))
            .take_while(|at| *at <= took_ms)
            .map(|_| '#')
            .collect();
        println!("  {history:>9} records  {took_ms:>8.0} ms  {bar}");
    }
}

fn outbox() -> Arc<Outbox> {
    let metrics = Metrics::new(&Setup {
        started: Timestamp::from_secs(0),
        sector: "bench",
        sensors: &[],
        sinks: &[],
        zones: &[],
        quarantine_reasons: &[],
        refusal_reasons: &[],
    });
    Arc::new(Outbox::new(&[], Limits::default(), &Arc::new(metrics)))
}

fn settings() -> Settings {
    Settings {
        sector: "bench".into(),
        exercise: true,
        origin: Geodetic::from_degrees(-49.0, 69.6, 0.0),
        sensors: vec![sensor()],
        agreement: Agreement::default(),
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    }
}

fn sensor() -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").expect("an id"),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(Geodetic::from_degrees(-49.0, 69.6, 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: "r1".into(),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}
