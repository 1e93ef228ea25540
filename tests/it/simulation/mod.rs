//! The daemon's own log, machine and delivery under simulated time, disk and network, with a fault every fifteen
//! simulated seconds or so.
//!
//! `LINEWATCH_SEEDS=FROM..TO LINEWATCH_SECONDS=N cargo it simulation` runs others, and longer.

mod alertmanager;
mod clocks;
mod couriers;
pub(crate) mod dice;
pub(crate) mod disk;
mod every_call;
mod faults;
mod network;
mod oracle;
mod order;
mod process;
mod rot;
mod run;
mod storm;
mod twins;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use world::world;

/// Seeds and simulated seconds of the run that every test run makes.
const SEEDS: std::ops::Range<u64> = 1..25;
const SECONDS: u64 = 600;

fn seeds() -> std::ops::Range<u64> {
    std::env::var("LINEWATCH_SEEDS").ok().map_or(SEEDS, |text| {
        let (from, to) = text.split_once("..").expect("LINEWATCH_SEEDS is FROM..TO");
        from.parse().unwrap()..to.parse().unwrap()
    })
}

fn seconds() -> u64 {
    std::env::var("LINEWATCH_SECONDS").map_or(SECONDS, |text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_whatever_happens() {
    let (seconds, began) = (seconds(), Instant::now());
    let (mut simulated_s, mut cases, mut failed) = (0, BTreeMap::<&str, u64>::new(), Vec::new());
    for seed in seeds() {
        match run::run(seed, world(seed % 1_000_003, seconds), seconds) {
            Ok(run::Run { tally, .. }) => {
                simulated_s += tally.simulated_s;
                for (kind, count) in &tally.cases {
                    *cases.entry(*kind).or_default() += count;
                }
                let run::Tally { restarts, calls, shown, .. } = &tally;
                let totals = [
                    ("(starts)", *restarts),
                    ("(calls of the disk)", *calls),
                    ("(records)", shown.records as u64),
                    ("(records that made room)", shown.thinned as u64 + shown.removed),
                    ("(notices)", shown.notices as u64),
                    ("(messages acknowledged)", shown.acknowledged as u64),
                    ("(frames found to be repeats)", shown.duplicates as u64),
                ];
                for (kind, count) in totals {
                    *cases.entry(kind).or_default() += count;
                }
            }
            Err(broken) => {
                println!(
                    "seed {seed}: {broken}\n  LINEWATCH_SEEDS={seed}..{} LINEWATCH_SECONDS={seconds} cargo it simulation",
                    seed + 1
                );
                failed.push((seed, broken));
                if std::env::var_os("LINEWATCH_FAIL_FAST").is_some() {
                    break;
                }
            }
        }
    }
    let took_s = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let times = simulated_s as f64 / took_s;
    println!("{simulated_s} simulated seconds in {took_s:.1} s: {times:.0} times as fast");
    cases.iter().for_each(|(kind, count)| println!("{count:>10}  {kind}"));
    assert!(failed.is_empty(), "{failed:?}");
}
