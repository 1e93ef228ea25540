//! The journal on a disk that tears, reorders, fills and fails: after any crash at any call, everything that was
//! acknowledged is there, in order, under an unbroken chain.

mod real_disk;

use linewatch::journal::history::{History, Item, Wrong};
use linewatch::journal::record_bytes::Canonical;
use linewatch::journal::snapshots;
use linewatch::journal::storage::Storage;
use linewatch::journal::writer::{Opened, Segments};
use linewatch::journal::{Log, LogError};
use linewatch::record::{Body, Record};
use linewatch::time::Timestamp;

use super::simulation::dice::Dice;
use super::simulation::disk::{Disk, Fault};

/// Small, so that a run begins many segments.
const SEGMENT_BYTES: u64 = 3_000;
const RESERVE_BYTES: usize = 1_000;
const GROUPS: u64 = 120;

fn open(disk: &Disk) -> std::io::Result<(Segments, Opened)> {
    Segments::with_limits(Box::new(disk.clone()), "east-3", SEGMENT_BYTES, RESERVE_BYTES)
}

fn act(text: &str) -> Body {
    Body::Act { bytes: text.into() }
}

fn bodies(group: u64, dice: &mut Dice) -> Vec<Body> {
    (0..=dice.below(4))
        .map(|n| act(&format!("{group}.{n} {}", "x".repeat(usize::try_from(dice.below(400)).unwrap()))))
        .collect()
}

fn texts(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| match &record.body {
        Body::Act { bytes } => Some(String::from_utf8(bytes.clone()).unwrap()),
        _ => None,
    };
    records.iter().filter_map(text).collect()
}

/// Everything readable; panics on any fault but an unfinished end.
fn read(disk: &Disk) -> Vec<Record> {
    let mut history = History::from(disk, 0).unwrap();
    let mut records = Vec::new();
    while let Some(item) = history.next_item().unwrap() {
        match item {
            Item::Entry(entry) => match entry.canonical {
                Canonical::Whole(record) => records.push(record),
                Canonical::Thinned(..) => panic!("nothing was thinned"),
            },
            Item::Fault(fault) => assert_eq!(fault.what, Wrong::Unfinished, "{fault:?}"),
        }
    }
    assert!(records.iter().zip(0..).all(|(record, position)| record.position == position));
    records
}

/// Runs until something fails; what was acknowledged.
fn run(disk: &Disk, seed: u64) -> Vec<Record> {
    let mut dice = Dice::new(seed);
    let mut acknowledged = Vec::new();
    let Ok((mut log, _)) = open(disk) else { return acknowledged };
    for group in 0..GROUPS {
        let now = Timestamp::from_nanos(i64::try_from(group).unwrap() * 137_000_000);
        match log.append(now, &mut bodies(group, &mut dice), &mut acknowledged) {
            Ok(()) | Err(LogError::Full) => {}
            Err(LogError::Failed(_)) => return acknowledged,
        }
    }
    acknowledged
}

#[test]
fn a_crash_at_any_call_loses_nothing_acknowledged() {
    let whole = Disk::default();
    run(&whole, 1);
    let calls = whole.calls();
    assert!(calls > 240, "{calls} calls");
    let mut cases = 0;
    for call in 0..calls {
        for seed in 0..6 {
            let disk = Disk::default();
            disk.fail(call, Fault::Crash);
            let acknowledged = run(&disk, 1);
            let mut dice = Dice::new(seed * 1_000 + call);
            let left = disk.after_crash((seed > 0).then_some(&mut dice));
            let (mut log, opened) = open(&left).unwrap();
            assert_eq!(opened.damage, None, "call {call}, seed {seed}: a torn tail is no damage");
            let mut after = Vec::new();
            log.append(Timestamp::from_secs(100), &mut vec![act("after")], &mut after).unwrap();
            let held = read(&left);
            assert!(
                held.starts_with(&acknowledged),
                "call {call}, seed {seed}: {} acknowledged, {} held",
                acknowledged.len(),
                held.len()
            );
            assert_eq!(texts(&held).last().map(String::as_str), Some("after"));
            cases += 1;
        }
    }
    println!("{cases} crashes at {calls} calls");
}

#[test]
fn what_a_start_relies_on_survives_a_second_crash() {
    let whole = Disk::default();
    run(&whole, 8);
    for call in 0..whole.calls() {
        for fault in [Fault::Crash, Fault::Kill] {
            let disk = Disk::default();
            disk.fail(call, fault);
            let acknowledged = run(&disk, 8);
            let mut dice = Dice::new(call);
            let left =
                if fault == Fault::Kill { disk.after_kill() } else { disk.after_crash(Some(&mut dice)) };
            // Every group begins a segment: its sync says nothing of the one before.
            let (mut log, _) = Segments::with_limits(Box::new(left.clone()), "east-3", 1, 0).unwrap();
            let before = read(&left);
            assert!(before.starts_with(&acknowledged), "{fault:?} in call {call}");
            log.append(Timestamp::from_secs(100), &mut vec![act("after")], &mut Vec::new()).unwrap();
            let held = read(&left.after_crash(None));
            assert!(held.starts_with(&before) && held.len() > before.len(), "{fault:?} in call {call}");
        }
    }
}

#[test]
fn an_error_at_any_call_stops_the_log_and_loses_nothing_acknowledged() {
    let whole = Disk::default();
    run(&whole, 2);
    for call in 0..whole.calls() {
        let disk = Disk::default();
        disk.fail(call, Fault::Eio);
        let acknowledged = run(&disk, 2);
        let left = disk.after_crash(Some(&mut Dice::new(call)));
        open(&left).unwrap();
        assert!(read(&left).starts_with(&acknowledged), "call {call}");
    }
}

#[test]
fn a_full_disk_at_any_call_takes_the_group_back_and_goes_on() {
    let whole = Disk::default();
    run(&whole, 3);
    let mut refused = 0;
    for call in 0..whole.calls() {
        let disk = Disk::default();
        disk.fail(call, Fault::Full(5));
        let acknowledged = run(&disk, 3);
        refused += usize::from(acknowledged.len() < read(&whole).len());
        let held = read(&disk.after_crash(None));
        assert!(held.starts_with(&acknowledged) && held.len() == acknowledged.len(), "call {call}");
    }
    assert!(refused > 100, "{refused} runs lost a group to a full disk");
}

#[test]
fn a_changed_byte_is_seen_wherever_it_is() {
    let disk = Disk::default();
    let acknowledged = run(&disk, 4);
    let names: Vec<String> =
        disk.names().unwrap().into_iter().filter(|name| name.ends_with(".lwj")).collect();
    assert!(names.len() > 5);
    for name in &names {
        let len = usize::try_from(disk.len(name).unwrap()).unwrap();
        for at in (0..len).step_by(7) {
            let changed = disk.after_kill();
            changed.rot(name, at);
            let mut history = History::from(&changed, 0).unwrap();
            let mut faults = 0;
            let mut same = true;
            let mut count = 0;
            loop {
                match history.next_item() {
                    Ok(None) => break,
                    Ok(Some(Item::Fault(_))) | Err(_) if faults > 100 => break,
                    Ok(Some(Item::Fault(_))) => faults += 1,
                    Err(_) => {
                        faults += 1;
                        break;
                    }
                    Ok(Some(Item::Entry(entry))) => {
                        let record = match entry.canonical {
                            Canonical::Whole(record) => record,
                            Canonical::Thinned(..) => panic!("nothing was thinned"),
                        };
                        same &= acknowledged.get(usize::try_from(record.position).unwrap()) == Some(&record);
                        count += 1;
                    }
                }
            }
            assert!(faults > 0, "{name} byte {at}");
            assert!(same, "{name} byte {at}: what is read is what was written");
            assert!(count + 60 > acknowledged.len() || count == 0 || faults > 0);
        }
    }
}

#[test]
fn damage_before_a_later_group_is_not_cut_and_the_log_goes_on_behind_it() {
    let disk = Disk::default();
    let acknowledged = run(&disk, 5);
    let last = disk.names().unwrap().into_iter().rfind(|name| name.ends_with(".lwj")).unwrap();
    let len = disk.len(&last).unwrap();
    disk.rot(&last, 80);
    let (mut log, opened) = open(&disk).unwrap();
    let (from, to) = opened.damage.expect("later groups follow");
    let end = acknowledged.last().unwrap().position + 1;
    assert!(from < to && to < end, "{from} {to} {end}: what follows can be read");
    assert_eq!(disk.len(&last).unwrap(), len, "nothing is cut");
    let mut after = Vec::new();
    let damage = Body::Damage { from, to };
    log.append(Timestamp::from_secs(100), &mut vec![damage.clone()], &mut after).unwrap();
    assert!(after[0].position == end && after.iter().any(|record| record.body == damage));
    drop(log);
    let (log, opened) = open(&disk).unwrap();
    assert_eq!((opened.damage, log.head()), (None, after.last().unwrap().position + 1), "said once");
}

#[test]
fn a_last_segment_whose_header_rotted_stays_and_the_log_goes_on_behind_it() {
    let disk = Disk::default();
    let acknowledged = run(&disk, 5);
    let end = acknowledged.last().unwrap().position + 1;
    let last = disk.names().unwrap().into_iter().rfind(|name| name.ends_with(".lwj")).unwrap();
    let len = disk.len(&last).unwrap();
    disk.rot(&last, 12);
    let (mut log, opened) = open(&disk).unwrap();
    assert!(opened.damage.is_some(), "later groups follow in it");
    assert_eq!((disk.len(&last).unwrap(), log.head()), (len, end), "nothing of it is removed");
    log.append(Timestamp::from_secs(100), &mut vec![act("after")], &mut Vec::new()).unwrap();
    drop(log);
    let mut history = History::from(&disk, 0).unwrap();
    let mut faults = Vec::new();
    while let Some(item) = history.next_item().unwrap() {
        if let Item::Fault(fault) = item {
            faults.push((fault.segment, fault.what));
        }
    }
    assert_eq!(faults, [(last, Wrong::Header)], "and nothing else is wrong");
}

#[test]
fn what_a_failed_write_left_is_not_in_the_way_for_ever() {
    let disk = Disk::default();
    disk.clone().create(&format!("{:020}.lws.tmp", 7)).unwrap();
    assert!(snapshots::keep(&mut disk.clone(), 7, b"content").unwrap());
}

#[test]
fn a_disk_that_lies_is_found_out() {
    // The test of the test: where syncs do nothing, a crash must lose something acknowledged.
    let disk = Disk::default();
    disk.lie();
    let acknowledged = run(&disk, 6);
    let left = disk.after_crash(None);
    let _ = open(&left);
    assert!(!read(&left).starts_with(&acknowledged));
}

#[test]
fn a_foreign_file_and_another_sector_are_refused() {
    let disk = Disk::default();
    disk.clone().create("00000000000000000000.lwj").unwrap().append(b"somebody else's bytes").unwrap();
    let error = open(&disk).err().unwrap().to_string();
    assert!(error.contains("not a linewatch journal segment"), "{error}");
    let disk = Disk::default();
    run(&disk, 7);
    let other = Segments::open(Box::new(disk), "west-1").err().unwrap().to_string();
    assert!(other.contains("east-3") && other.contains("folder of its own"), "{other}");
}
