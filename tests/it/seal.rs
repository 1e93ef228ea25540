//! The seal of a journal on a disk that tears, fills and fails: after any crash at any call every checkpoint that was given
//! away is there, has the root of the records, and the next one goes on from it.

use linewatch::journal::history::{History, Item};
use linewatch::journal::seal::kept::Kept;
use linewatch::journal::seal::{SealError, Sealer, notes};
use linewatch::journal::storage::Storage;
use linewatch::journal::verify::examine;
use linewatch::journal::writer::Segments;
use linewatch::journal::{Log, LogError};
use linewatch::record::Body;
use linewatch::seal::checkpoint::{Checkpoint, Vouched};
use linewatch::seal::key::SignerKey;
use linewatch::seal::note::Note;
use linewatch::seal::proof::{consistency, includes, inclusion, is_consistent};
use linewatch::seal::tree::{Frontier, Hash};
use linewatch::time::Timestamp;

use super::simulation::dice::Dice;
use super::simulation::disk::{Disk, Fault};

const GROUPS: u64 = 60;
/// Small, so that a run begins many segments.
const SEGMENT_BYTES: u64 = 1_500;

fn key() -> SignerKey {
    SignerKey::new("linewatch/east-3", &[5; 32])
}

fn open(disk: &Disk) -> (Segments, Result<Sealer, SealError>) {
    let (log, _) = Segments::with_limits(Box::new(disk.clone()), "east-3", SEGMENT_BYTES, 0).unwrap();
    let sealer = Sealer::open(Box::new(disk.clone()), Some(key()), log.head());
    (log, sealer)
}

/// Appends and seals until something fails; every checkpoint that was given away goes to `signed`.
fn run(disk: &Disk, seed: u64, signed: &mut Vec<Note>) -> Result<(), LogError> {
    let mut dice = Dice::new(seed);
    let (mut log, _) = Segments::with_limits(Box::new(disk.clone()), "east-3", SEGMENT_BYTES, 0)?;
    let mut sealer =
        Sealer::open(Box::new(disk.clone()), Some(key()), log.head()).map_err(|error| match error {
            SealError::Io(error) => LogError::Failed(error),
            other => panic!("{other}"),
        })?;
    for group in 0..GROUPS {
        let text = format!("{seed} {group} {}", "x".repeat(usize::try_from(dice.below(200)).unwrap()));
        let first = log.head();
        let at = Timestamp::from_secs(i64::try_from(first / 8).unwrap());
        log.append(at, &mut vec![Body::Act { bytes: text.into() }], &mut Vec::new())?;
        if dice.below(4) > 0 {
            sealer
                .take(first, log.leaves())
                .map_err(|error| LogError::Failed(std::io::Error::other(error)))?;
        }
        if dice.below(3) == 0 {
            signed.extend(sealer.seal()?);
        }
    }
    Ok(())
}

fn leaves(disk: &Disk) -> Vec<Hash> {
    let mut history = History::from(disk, 0).unwrap();
    let mut leaves = Vec::new();
    while let Some(item) = history.next_item().unwrap() {
        if let Item::Entry(entry) = item {
            leaves.push(entry.leaf);
        }
    }
    leaves
}

fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf, |_, _| {}));
    frontier.root()
}

/// Every checkpoint verifies, has the records' root, and is in the folder.
fn check(disk: &Disk, signed: &[Note]) {
    let leaves = leaves(disk);
    let kept = notes::all(disk).unwrap();
    for note in signed {
        let head = Vouched::verify(note, &[key().public()]).unwrap().checkpoint;
        assert_eq!(head.root, root(&leaves[..usize::try_from(head.size).unwrap()]), "{}", head.size);
        assert!(kept.iter().any(|(_, kept)| *kept == head));
    }
    let found = examine(disk, |_| {}).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.checkpoints.0, kept.len() as u64);
}

#[test]
fn after_a_crash_at_any_call_nothing_that_was_signed_is_contradicted() {
    let whole = Disk::default();
    run(&whole, 1, &mut Vec::new()).unwrap();
    let calls = whole.calls();
    let mut crashed = 0;
    for call in 0..calls {
        for fault in [Fault::Crash, Fault::Eio, Fault::Full(40)] {
            let (disk, mut signed) = (Disk::default(), Vec::new());
            disk.fail(call, fault);
            crashed += u32::from(run(&disk, 1, &mut signed).is_err());
            let mut dice = Dice::new(call);
            let left = disk.after_crash((call % 2 == 0).then_some(&mut dice));
            left.heal();
            check(&left, &signed);
            run(&left, 2, &mut signed).unwrap();
            check(&left, &signed);
        }
    }
    assert!(calls > 300 && crashed > 300, "{calls} calls, {crashed} ended");
}

/// A journal with its seal, and the same of other records under the first one's checkpoints.
fn rewritten(keep: impl Fn(&str) -> bool) -> Disk {
    let (disk, other) = (Disk::default(), Disk::default());
    run(&disk, 1, &mut Vec::new()).unwrap();
    run(&other, 9, &mut Vec::new()).unwrap();
    let mut forged = Disk::default();
    for (from, is_wanted) in [(&disk, true), (&other, false)] {
        for name in from.names().unwrap().iter().filter(|name| keep(name) == is_wanted) {
            let mut file = forged.create(name).unwrap();
            file.append(&from.content(name)).unwrap();
        }
    }
    forged
}

#[test]
fn rewritten_history_is_never_signed() {
    let forged = rewritten(|name| name.ends_with(".lwc"));
    let (_, sealer) = open(&forged);
    assert!(matches!(sealer.err(), Some(SealError::Contradiction { size }) if size > 10));
    let found = examine(&forged, |_| {}).unwrap();
    assert!(
        found.faults.iter().any(|fault| fault.to_string().contains("another root")),
        "{:?}",
        found.faults
    );
    // With the state of the tree as it was, what is signed goes on from the true one; `verify` still sees the forgery.
    let forged = rewritten(|name| !name.ends_with(".lwj"));
    assert!(!examine(&forged, |_| {}).unwrap().faults.is_empty());
}

#[test]
fn an_end_that_was_cut_and_a_beginning_that_is_gone_are_said() {
    let disk = Disk::default();
    run(&disk, 1, &mut Vec::new()).unwrap();
    let mut names: Vec<String> = disk.names().unwrap();
    names.retain(|name| name.ends_with(".lwj"));
    assert!(names.len() > 3);
    disk.clone().remove(names.last().unwrap()).unwrap();
    let error = open(&disk).1.err().unwrap();
    assert!(
        matches!(error, SealError::Shorter { .. }) && error.to_string().contains("older copy"),
        "{error}"
    );
    let disk = Disk::default();
    run(&disk, 1, &mut Vec::new()).unwrap();
    disk.clone().remove(&names[0]).unwrap();
    assert!(open(&disk).1.is_ok(), "what was sealed stands for it");
    disk.clone().remove("seal.state").unwrap();
    let error = open(&disk).1.err().unwrap();
    assert!(matches!(error, SealError::Gone { from: 0, .. }), "{error}");
}

#[test]
fn proofs_come_from_the_folder_with_and_without_the_file_of_hashes() {
    let disk = Disk::default();
    let (mut log, sealer) = open(&disk);
    let mut sealer = sealer.unwrap();
    let mut heads = Vec::new();
    for group in 0..40u64 {
        let first = log.head();
        let bodies = (0..99).map(|n| Body::Act { bytes: format!("{group} {n}").into() });
        log.append(Timestamp::from_secs(0), &mut bodies.collect(), &mut Vec::new()).unwrap();
        sealer.take(first, log.leaves()).unwrap();
        heads.extend(sealer.seal().unwrap().map(|note| Checkpoint::parse(&note.text).unwrap()));
    }
    let leaves = leaves(&disk);
    let last = heads.last().unwrap();
    assert_eq!((leaves.len() as u64, heads.len()), (last.size, 40));
    for round in 0..2 {
        let mut kept = Kept::new(&disk).unwrap();
        for index in (0..last.size).step_by(373) {
            let path = inclusion(&mut kept, index, last.size).unwrap();
            let leaf = &leaves[usize::try_from(index).unwrap()];
            assert!(includes(leaf, index, last.size, &path, &last.root), "{index}, round {round}");
        }
        for before in heads.iter().step_by(7) {
            let path = consistency(&mut kept, before.size, last.size).unwrap();
            assert!(is_consistent((before.size, &before.root), (last.size, &last.root), &path));
        }
        assert!(inclusion(&mut kept, 0, last.size + 1).is_err(), "of what is not there nothing is shown");
        if round == 0 {
            assert!(disk.len("tree").unwrap() >= 3 * 32);
            disk.clone().remove("tree").unwrap();
        }
    }
    let (_, sealer) = open(&disk);
    assert!(sealer.is_ok(), "made again from the records");
    assert!(disk.len("tree").unwrap() >= 3 * 32 || sealer.unwrap().seal().unwrap().is_none());
}
