//! Two engines on one journal: whichever way each came to the end of it, both owe the same notices in the same bytes, so
//! that a receiver that hears both drops every second one.

use std::time::Duration;

use linewatch::journal::history::History;
use linewatch::journal::snapshots;
use linewatch::machine::Machine;
use linewatch::sinks::plan::Now;
use linewatch::time::{Span, Timestamp};

use super::couriers::{Couriers, SINKS};
use super::dice::Dice;
use super::disk::Disk;
use super::network::FarEnd;
use super::process::outbox;
use super::run::run;
use super::world::world;

/// The machine that the journal makes, from the newest snapshot on or from the beginning; its notices.
fn machine(
    disk: &Disk,
    settings: &linewatch::engine::Settings,
    use_snapshot: bool,
) -> (Machine, Vec<String>, u64) {
    let outbox = outbox(settings);
    let restored = snapshots::newest(disk, u64::MAX, |position, content| {
        use_snapshot
            .then(|| Machine::restore(content, outbox.clone()).ok().map(|machine| (position, machine)))?
    });
    let (from, mut machine) =
        restored.unwrap().unwrap_or_else(|| (0, Machine::new(settings.clone(), outbox.clone())));
    let mut history = History::from(disk, from).unwrap();
    let mut said = Vec::new();
    while let Some(record) = history.next_record(from).unwrap() {
        machine.step(&record, |_, json| said.extend(json.map(|json| json.to_string())));
    }
    (machine, said, from)
}

#[test]
fn two_engines_on_one_journal_say_the_same_bytes_and_their_receivers_hear_each_once() {
    for seed in [3, 11] {
        let run = run(seed, world(seed, 180), 180).unwrap_or_else(|broken| panic!("{broken}"));
        let settings = &run.world.settings[0];
        let disk = run.disk.onlooker();
        // Of what made room, the second one needs a snapshot; the first has seen all of it.
        let mut whole = Machine::new(settings.clone(), outbox(settings));
        let mut all = Vec::new();
        for record in &run.oracle.records {
            whole.step(record, |_, json| all.extend(json.map(|json| json.to_string())));
        }
        let (second, tail, from) = machine(&disk, settings, true);
        assert!(from > 0, "it began at a snapshot");
        assert_eq!(whole.still().to_bytes(), second.still().to_bytes(), "seed {seed}: the same state");
        assert!(all.ends_with(&tail), "seed {seed}: the same bytes");
        // Both go on from here, and both deliver what one more alert gives rise to.
        let mut ends: [FarEnd; 4] = Default::default();
        let at = run.oracle.records.last().unwrap().received;
        let mut copies = 0;
        for machine in [&whole, &second] {
            let mut dice = Dice::new(seed);
            for (n, said) in all.iter().enumerate() {
                machine.outbox.owe(&format!("{n}"), 1, at, said.as_str().into(), true);
            }
            let mut couriers = Couriers::new(machine, &settings.sector, &mut dice);
            let mut elapsed = Duration::ZERO;
            while machine.outbox.queue(SINKS[0]).unwrap().pending() > 0 {
                let utc: Timestamp = at.plus(Span::from_secs_f64(elapsed.as_secs_f64()));
                couriers.deliver(Now { elapsed, utc }, &mut ends, &mut dice);
                elapsed += Duration::from_millis(50);
                assert!(elapsed < Duration::from_secs(3_600));
            }
            copies += all.len() as u64;
            assert_eq!(ends[0].copies, copies);
        }
        let due: std::collections::BTreeSet<_> = all.iter().map(|said| said.as_str().into()).collect();
        assert_eq!(ends[0].got, due, "seed {seed}: every second copy is byte for byte the first");
        println!("seed {seed}: {} notices, second engine from record {from}", all.len());
    }
}
