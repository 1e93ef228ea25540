//! A byte changes while nobody looks, as on a failing disk: a start goes on, what is wrong is said, and nothing beside
//! the damaged records is lost.

use std::time::Duration;

use linewatch::journal::history::{History, Item};
use linewatch::journal::record_bytes::Canonical;
use linewatch::journal::storage::Storage;
use linewatch::journal::verify::examine;
use linewatch::record::{Body, Record};
use linewatch::time::Span;

use super::dice::Dice;
use super::disk::Disk;
use super::process::Process;
use super::run::{Run, run};
use super::world::world;

/// A segment's header of this world's sector.
const HEADER_BYTES: usize = 54 + "exercise-1".len();

/// Records that can be read.
fn readable(disk: &Disk) -> Vec<Record> {
    let mut history = History::from(disk, 0).unwrap();
    let mut records = Vec::new();
    while let Some(item) = history.next_item().unwrap() {
        if let Item::Entry(entry) = item
            && let Canonical::Whole(record) = entry.canonical
        {
            records.push(record);
        }
    }
    records
}

/// Goes on from a disk, and holds one more group.
fn go_on(disk: &Disk, run: &Run) -> Result<Vec<Record>, String> {
    let settings = &run.world.settings[run.settings];
    let failed = |error: std::io::Error| format!("it does not start: {error}");
    let mut process = Process::begin(disk, settings, Duration::ZERO, &mut Dice::new(1)).map_err(failed)?;
    let later = run.oracle.records.last().unwrap().received.plus(Span::from_secs(5));
    let group = process.work(Duration::from_secs(1), later).map_err(failed)?;
    Ok(group.map(|group| group.records).unwrap_or_default())
}

fn rot(run: &Run, name: &str, at: usize) -> Result<(), String> {
    let whole = run.disk.after_kill();
    let before = readable(&whole);
    let disk = run.disk.after_kill();
    disk.rot(name, at);
    let is_last = whole.names().unwrap().iter().rfind(|other| is_segment(other)) == Some(&name.to_owned());
    let found = examine(&disk, |_| {}).map_err(|error| format!("cannot be examined: {error}"))?;
    if found.faults.is_empty() && found.unfinished.is_none() {
        return Err("nothing is wrong by `journal verify`".to_owned());
    }
    let left = readable(&disk);
    if let Some(other) = left.iter().find(|record| before.get(index(&before, record)) != Some(record)) {
        return Err(format!("reads what was not written: {other:?}"));
    }
    // Compressed, everything behind the byte is lost with it.
    // So it is behind its header's bytes, and in the last group, which may never have been whole.
    let in_segment = !name.ends_with(".zst") && at >= HEADER_BYTES && found.unfinished.is_none();
    if in_segment && left.len() + 1 < before.len() {
        return Err(format!("{} of {} records are left", left.len(), before.len()));
    }
    let said = go_on(&disk, run)?;
    let damage = said.iter().any(|record| matches!(record.body, Body::Damage { .. }));
    if is_last && !found.faults.is_empty() && !damage {
        return Err("nothing says that there is damage".to_owned());
    }
    if !found.faults.is_empty() && disk.names().unwrap().iter().all(|other| other != name) {
        return Err("the start took the segment away".to_owned());
    }
    let after = readable(&disk);
    if left.iter().any(|record| !after.contains(record)) {
        return Err("the start lost records".to_owned());
    }
    Ok(())
}

fn is_segment(name: &str) -> bool {
    name.contains(".lwj") || name.contains(".lwk")
}

fn index(records: &[Record], of: &Record) -> usize {
    records.partition_point(|record| record.position < of.position)
}

#[test]
fn a_byte_that_changed_costs_its_record_and_no_other() {
    let run = run(7, world(7, 240), 240).map_err(|broken| panic!("{broken}")).unwrap();
    let names: Vec<String> = run.disk.names().unwrap().into_iter().filter(|name| is_segment(name)).collect();
    assert!(names.len() > 2, "{names:?}");
    let (mut dice, mut broken) = (Dice::new(7), Vec::new());
    for name in &names {
        for _ in 0..12 {
            let at = usize::try_from(dice.below(run.disk.content(name).len() as u64)).unwrap();
            if let Err(what) = rot(&run, name, at) {
                broken.push(format!("{name} byte {at}: {what}"));
            }
        }
    }
    assert!(broken.is_empty(), "{} of {}:\n{}", broken.len(), 12 * names.len(), broken.join("\n"));
    println!("{} changed bytes", 12 * names.len());
}
