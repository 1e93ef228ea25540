//! The daemon through a real mosquitto, against a client that does nothing but listen.
//!
//! `throughput`: scans a second that reach the engine (sources, log, decoder, tracker, watch) over publishes a second
//! that reach a bare rumqttc subscriber, both at saturation. `latency`: publish of a scan to arrival of the notice it
//! causes, over publish → subscriber → publish → subscriber of the same broker, both beside 1,000 scans a second.
//! `durability`: publish → notice with the journal and without one; what it may cost is two syncs of the same disk.
//! Windows alternate; each pair gives one ratio; the table shows them all, their median and their spread.
//! Everything measured runs in a process of its own. Environment: LINEWATCH_BENCH_WINDOW_S (20), LINEWATCH_BENCH_PAIRS
//! (5), LINEWATCH_BENCH_DETECTIONS (10).
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says so by panicking")]

mod broker;
mod latency;
mod load;
mod subject;

use std::time::Duration;

use broker::Mosquitto;
use load::Load;
use subject::Subject;

/// Before a window counts, everybody has found their pace.
const WARM_UP: Duration = Duration::from_secs(2);
const SENSORS: [&str; 4] = ["r1", "r2", "r3", "r4"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["daemon", config] => subject::daemon(config),
        ["subscriber", port] => subject::subscriber(port.parse().unwrap()),
        ["publish", port, rate] => load::publish(port.parse().unwrap(), rate.parse().unwrap()),
        [] => {
            throughput();
            latency();
            durability();
        }
        ["throughput"] => throughput(),
        ["latency"] => latency(),
        ["durability"] => durability(),
        other => panic!("throughput, latency, durability or nothing, not {other:?}"),
    }
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn window() -> Duration {
    Duration::from_secs(setting("LINEWATCH_BENCH_WINDOW_S", 20))
}

fn pairs() -> u64 {
    setting("LINEWATCH_BENCH_PAIRS", 5)
}

fn throughput() {
    println!(
        "\n| pair | daemon, scans/s | bare subscriber, publishes/s | ratio |\n| ---: | ---: | ---: | ---: |"
    );
    let mut ratios = Vec::new();
    for pair in 1..=pairs() {
        let daemon = saturated(Subject::daemon);
        let bare = saturated(|broker| Subject::subscriber(broker.port));
        println!("| {pair} | {daemon:.0} | {bare:.0} | {:.3} |", daemon / bare);
        ratios.push(daemon / bare);
    }
    summarise("throughput", ratios);
}

/// Messages a second that reach a subject while the publishers send as fast as the broker takes them.
fn saturated(start: impl FnOnce(&Mosquitto) -> Subject) -> f64 {
    let broker = Mosquitto::start();
    let mut subject = start(&broker);
    let load = Load::start(broker.port, 0);
    std::thread::sleep(WARM_UP);
    let (before, since) = (subject.count(), linewatch::clock::instant());
    std::thread::sleep(window());
    let rate = (subject.count() - before) / since.elapsed().as_secs_f64();
    drop(load);
    rate
}

fn latency() {
    println!(
        "\n| pair | notice p50, ms | notice p99, ms | notices | echo p50, ms | echo p99, ms | echoes | ratio of p99 |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut ratios = Vec::new();
    for pair in 1..=pairs() {
        let notice = beside_a_thousand_scans_a_second(Subject::daemon, latency::notices);
        let echo =
            beside_a_thousand_scans_a_second(|broker| Subject::subscriber(broker.port), latency::echoes);
        let [n50, n99, e50, e99] = [(&notice, 0.5), (&notice, 0.99), (&echo, 0.5), (&echo, 0.99)]
            .map(|(of, q)| quantile(of, q) * 1e3);
        println!(
            "| {pair} | {n50:.2} | {n99:.2} | {} | {e50:.2} | {e99:.2} | {} | {:.2} |",
            notice.len(),
            echo.len(),
            n99 / e99
        );
        ratios.push(n99 / e99);
    }
    summarise("latency", ratios);
}

/// The journal may cost two syncs: the group that was under way, and one's own.
fn durability() {
    println!("\n| pair | kept p99, ms | not kept p99, ms | fdatasync p99, ms | kept ≤ not kept + 2 syncs |");
    println!("| ---: | ---: | ---: | ---: | :---: |");
    let (mut left_ms, mut held) = (Vec::new(), 0);
    for pair in 1..=pairs() {
        let p99_ms = |of: &[f64]| quantile(of, 0.99) * 1e3;
        let kept = p99_ms(&beside_a_thousand_scans_a_second(Subject::daemon, latency::notices));
        let sync = p99_ms(&syncs());
        let not = p99_ms(&beside_a_thousand_scans_a_second(Subject::forgetful_daemon, latency::notices));
        let left = not + 2.0 * sync - kept;
        println!(
            "| {pair} | {kept:.2} | {not:.2} | {sync:.2} | {} |",
            if left >= 0.0 { "yes" } else { "no" }
        );
        held += u64::from(left >= 0.0);
        left_ms.push(left);
    }
    println!("held in {held} of {} pairs", pairs());
    summarise("durability, ms left of the allowance", left_ms);
}

/// Seconds that appending a group's bytes and fdatasync take on this disk, sorted.
fn syncs() -> Vec<f64> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().unwrap();
    let group = vec![7; 20_000];
    let mut seconds: Vec<f64> = (0..1_000)
        .map(|_| {
            file.write_all(&group).unwrap();
            let began = linewatch::clock::instant();
            file.sync_data().unwrap();
            began.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn beside_a_thousand_scans_a_second(
    start: impl FnOnce(&Mosquitto) -> Subject,
    measure: impl FnOnce(u16, Duration) -> Vec<f64>,
) -> Vec<f64> {
    let broker = Mosquitto::start();
    let _subject = start(&broker);
    let _load = Load::start(broker.port, 1_000);
    std::thread::sleep(WARM_UP);
    let mut seconds = measure(broker.port, window());
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// Of sorted values; NaN of none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few thousand"
)]
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn summarise(what: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios.first().unwrap(), ratios.last().unwrap());
    println!("\n{what}: median of the ratios {:.3}, from {least:.3} to {most:.3}", quantile(&ratios, 0.5));
}
