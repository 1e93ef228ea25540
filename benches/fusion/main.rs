//! The whole engine on many tracks, on one core: JSON decoded, fused, watched. Every figure beside its target, all in one run.
//!
//! `cargo bench --bench fusion` takes some minutes; `cargo bench --bench fusion -- --short` shows in seconds that it runs,
//! on fewer tracks and with rings that are not full. Sizes take turns, so that what else the machine does falls on all.

mod world;

use std::time::Duration;

use linewatch::clock;
use linewatch::engine::{Engine, Event, Settings};
use linewatch::record::{Body, Record};
use world::{CLUTTER_PER_SCAN, World};

/// How much is run.
struct Plan {
    /// Tiles east and north, and seconds of world measured per turn: about as many detections for every size.
    sizes: [(usize, usize, u32); 3],
    turns: u32,
    warm_up_s: u32,
    late_s: f64,
    late_runs: u32,
    /// Snapshots are of rings filled for so long.
    filled_s: u32,
}

const FULL: Plan = Plan {
    sizes: [(3, 1, 45), (9, 3, 5), (18, 15, 1)],
    turns: 3,
    warm_up_s: 12,
    late_s: 20.0,
    late_runs: 5,
    filled_s: 140,
};
const SHORT: Plan = Plan {
    sizes: [(1, 1, 4), (3, 1, 2), (3, 3, 1)],
    turns: 2,
    warm_up_s: 8,
    late_s: 5.0,
    late_runs: 1,
    filled_s: 12,
};

/// One engine with its world, and what was measured of it.
struct Subject {
    engine: Engine,
    settings: Settings,
    world: World,
    targets: usize,
    radars: usize,
    turn_s: u32,
    detections: u64,
    scans: u64,
    /// Per turn: seconds of wall and of processor per detection.
    wall_s: Vec<f64>,
    cpu_s: Vec<f64>,
    /// Per scan.
    scan_s: Vec<f64>,
}

impl Subject {
    fn new((columns, rows, turn_s): (usize, usize, u32)) -> Self {
        let (settings, world) = world::new(columns, rows);
        Self {
            radars: settings.sensors.len() - 1,
            engine: Engine::new(settings.clone()),
            settings,
            world,
            targets: columns * rows * world::TARGETS_PER_TILE,
            turn_s,
            detections: 0,
            scans: 0,
            wall_s: Vec::new(),
            cpu_s: Vec::new(),
            scan_s: Vec::new(),
        }
    }

    fn warm_up(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for record in self.world.next_second() {
                step(&mut self.engine, &record);
            }
        }
    }

    fn turn(&mut self) {
        let (mut detections, mut wall_s, mut cpu_s) = (0, 0.0, 0.0);
        for _ in 0..self.turn_s {
            let records = self.world.next_second();
            let cpu = cpu_time();
            for record in &records {
                let began = clock::instant();
                detections += step(&mut self.engine, record);
                let took_s = began.elapsed().as_secs_f64();
                wall_s += took_s;
                if matches!(record.body, Body::Frame { .. }) {
                    self.scan_s.push(took_s);
                    self.scans += 1;
                }
            }
            cpu_s += (cpu_time() - cpu).as_secs_f64();
        }
        self.detections += detections;
        self.wall_s.push(wall_s / detections as f64);
        self.cpu_s.push(cpu_s / detections as f64);
    }

    fn clutter_share(&self) -> f64 {
        (self.scans * CLUTTER_PER_SCAN as u64) as f64 / self.detections as f64
    }
}

/// Detections used.
fn step(engine: &mut Engine, record: &Record) -> u64 {
    let used =
        |event: &Event| if let Event::Frame { detections, .. } = event { u64::from(*detections) } else { 0 };
    engine.step(record).iter().map(used).sum()
}

/// What this thread has had of a processor so far; zero where the system does not say.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// Resident memory of this process, bytes; zero where the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// The value below which `share` of the values lie.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the values")]
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn row(what: &str, measured: &str, target: &str) {
    println!("| {what} | {measured} | {target} |");
}

fn main() {
    let short = std::env::args().any(|argument| argument == "--short");
    let plan = if short { SHORT } else { FULL };
    let checked = if cfg!(debug_assertions) { "with debug assertions" } else { "without debug assertions" };
    println!("\n{} run, built {checked}\n", if short { "Short" } else { "Full" });
    println!("| what | measured | target |\n| --- | --- | --- |");
    let mut least = Subject::new(plan.sizes[0]);
    let mut subjects: Vec<Subject> = plan.sizes[1..].iter().map(|size| Subject::new(*size)).collect();
    least.warm_up(plan.warm_up_s);
    subjects.iter_mut().for_each(|subject| subject.warm_up(plan.warm_up_s));
    for _ in 0..plan.turns {
        least.turn();
        subjects.iter_mut().for_each(Subject::turn);
    }
    throughput(&least);
    scans(&least);
    growth(&least, &subjects);
    memory(&least);
    late(&mut least, &plan);
    snapshot(&mut least, &plan);
    if let Some(subject) = subjects.first_mut() {
        snapshot(subject, &plan);
    }
}

fn throughput(subject: &Subject) {
    let rate = |share| 1.0 / quantile(&subject.wall_s, 1.0 - share);
    let what = format!(
        "throughput, {} targets, {} tracks, {:.1} % clutter",
        subject.targets,
        subject.engine.picture().tracks.len(),
        100.0 * subject.clutter_share()
    );
    let measured = format!(
        "{:.0} detections/s ({:.0}–{:.0}; {:.0} a second of processor)",
        rate(0.5),
        rate(0.0),
        rate(1.0),
        1.0 / quantile(&subject.cpu_s, 0.5)
    );
    row(&what, &measured, "≥ 500,000, aim 1,000,000");
}

fn scans(subject: &Subject) {
    let ms = |share| 1e3 * quantile(&subject.scan_s, share);
    let each = subject.detections as f64 / subject.scans as f64;
    let what = |which: &str| format!("{which} of {} scans, {each:.0} detections each", subject.scans);
    row(&what("median"), &format!("{:.2} ms", ms(0.5)), "");
    row(&what("p99"), &format!("{:.2} ms", ms(0.99)), "≤ 1 ms");
    row(&what("worst"), &format!("{:.2} ms", ms(1.0)), "≤ 5 ms");
}

fn growth(least: &Subject, others: &[Subject]) {
    for (n, subject) in others.iter().enumerate() {
        let ratio = |of: fn(&Subject) -> &[f64]| quantile(of(subject), 0.5) / quantile(of(least), 0.5);
        let what = format!(
            "a detection at {} tracks and {} radars, {:.1} % clutter, over one at {}",
            subject.targets,
            subject.radars,
            100.0 * subject.clutter_share(),
            least.targets
        );
        let measured = format!(
            "{:.2} ({:.2} by processor time; {:.0} detections/s)",
            ratio(|s| &s.wall_s),
            ratio(|s| &s.cpu_s),
            1.0 / quantile(&subject.wall_s, 0.5)
        );
        row(&what, &measured, if n + 1 == others.len() { "≤ 1.5" } else { "" });
    }
}

/// The engine does one thing at a time: while it takes a late scan, the picture waits.
fn late(subject: &mut Subject, plan: &Plan) {
    let mut took_s = Vec::new();
    let mut touched = 0;
    let record = subject.world.late(plan.late_s);
    for _ in 0..plan.late_runs {
        let mut engine = subject.engine.clone();
        let began = clock::instant();
        step(&mut engine, &record);
        took_s.push(began.elapsed().as_secs_f64());
        let fed = |sensors: &[String]| sensors.iter().any(|sensor| sensor == world::WIDE);
        touched = engine.picture().tracks.iter().filter(|track| fed(&track.sensors)).count();
    }
    let measured = format!(
        "{:.1} ms (worst of {} {:.1} ms)",
        1e3 * quantile(&took_s, 0.5),
        plan.late_runs,
        1e3 * quantile(&took_s, 1.0)
    );
    row(&format!("a scan {} s late that feeds {touched} tracks", plan.late_s), &measured, "≤ 250 ms");
    row("the live picture waits for it", "as long: it is one step of the engine", "≤ 50 ms");
}

fn memory(subject: &Subject) {
    let held = subject.engine.held();
    let each = |bytes: usize, of: usize| bytes as f64 / of.max(1) as f64;
    let beyond = (held.track_bytes + held.update_bytes).saturating_sub(32 * held.updates);
    row(
        &format!("a live track itself, of {}", held.tracks),
        &format!("{:.0} B", each(held.track_bytes, held.tracks)),
        "",
    );
    row(
        &format!("an update in a track's ring, of {}", held.updates),
        &format!("{:.1} B", each(held.update_bytes, held.updates)),
        "≤ 32 B",
    );
    row(
        "a live track with its ring, beyond 32 B an update",
        &format!("{:.0} B", each(beyond, held.tracks)),
        "≤ 2,048 B",
    );
    row(
        &format!("a detection in the ring all tracks share, of {}", held.detections),
        &format!("{:.0} B", each(held.detection_bytes, held.detections)),
        "",
    );
    let told = held.track_bytes + held.update_bytes + held.detection_bytes + held.spare_bytes;
    let (now, engine) = (resident(), subject.engine.clone());
    let grown = resident().saturating_sub(now);
    drop(engine);
    row(
        "what the rows above add up to, and what a copy of the engine adds to the process",
        &format!("{:.1} MB, {:.1} MB", told as f64 / 1e6, grown as f64 / 1e6),
        "",
    );
}

/// The engine stands still while a copy of it is made, or while a snapshot is taken of itself.
fn snapshot(subject: &mut Subject, plan: &Plan) {
    subject.warm_up(plan.filled_s.saturating_sub(subject.world.seconds()));
    let engine = &subject.engine;
    let (taken_ms, bytes) = timed_ms(plan.late_runs, || engine.snapshot());
    let (copied_ms, _) = timed_ms(plan.late_runs, || engine.clone());
    let (restored_ms, again) =
        timed_ms(plan.late_runs, || Engine::restore(subject.settings.clone(), &bytes).ok());
    assert!(again.is_some_and(|again| again.snapshot() == bytes), "it was not the same again");
    row(
        &format!("a snapshot of {} targets, {} tracks", subject.targets, engine.held().tracks),
        &format!(
            "{:.1} MB in {taken_ms:.0} ms; a copy to take it of in {copied_ms:.0} ms; restored in {restored_ms:.0} ms",
            bytes.len() as f64 / 1e6
        ),
        "≤ 100 ms; restored in ≤ 5 s",
    );
}

/// Median time of so many runs, and what the last one gave.
fn timed_ms<T>(runs: u32, mut work: impl FnMut() -> T) -> (f64, T) {
    let (mut took_s, mut given) = (Vec::new(), None);
    for _ in 0..runs {
        drop(given.take());
        let began = clock::instant();
        given = Some(work());
        took_s.push(began.elapsed().as_secs_f64());
    }
    (1e3 * quantile(&took_s, 0.5), given.expect("at least one run"))
}
