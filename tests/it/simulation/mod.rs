//! The daemon's own log, machine and delivery under simulated time, disk and network, with a fault every twenty
//! simulated seconds or so.
//!
//! `LINEWATCH_SEEDS=FROM..TO LINEWATCH_SECONDS=N cargo it simulation` runs others, and longer.

pub(crate) mod dice;
pub(crate) mod disk;
mod network;
mod oracle;
mod process;
mod run;
pub(crate) mod world;

use std::time::Instant;

/// Seeds and simulated seconds of the run that every test run makes.
const SEEDS: std::ops::Range<u64> = 1..25;
const SECONDS: u64 = 600;

#[test]
fn nothing_is_lost_whatever_happens() {
    let seeds = std::env::var("LINEWATCH_SEEDS").ok().map_or(SEEDS, |text| {
        let (from, to) = text.split_once("..").expect("LINEWATCH_SEEDS is FROM..TO");
        from.parse().unwrap()..to.parse().unwrap()
    });
    let seconds = std::env::var("LINEWATCH_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let began = Instant::now();
    let (mut simulated_s, mut faults, mut restarts, mut notices, mut failed) = (0, 0, 0, 0, Vec::new());
    for seed in seeds {
        match run::run(seed, seconds) {
            Ok(tally) => {
                simulated_s += tally.simulated_s;
                faults += tally.faults;
                restarts += tally.restarts;
                notices += tally.shown.notices;
                let (records, acknowledged) = (tally.shown.records, tally.shown.acknowledged);
                println!("seed {seed}: {records} records, {acknowledged} acknowledged, {tally:?}");
            }
            Err(broken) => {
                println!(
                    "seed {seed}: {broken}\n  LINEWATCH_SEEDS={seed}..{} LINEWATCH_SECONDS={seconds} cargo it simulation",
                    seed + 1
                );
                failed.push((seed, broken));
            }
        }
    }
    let took_s = began.elapsed().as_secs_f64();
    println!(
        "{simulated_s} simulated seconds in {took_s:.0} s, {faults} faults, {restarts} starts, {notices} notices"
    );
    assert!(failed.is_empty(), "{failed:?}");
}
