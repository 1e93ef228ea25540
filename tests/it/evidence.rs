//! Evidence: from a journal to a bundle and back, and everything that must not pass for one.

mod cli;
mod edits;
pub(crate) mod past;

use std::path::Path;
use std::sync::OnceLock;

use linewatch::evidence::Said;
use linewatch::evidence::export::{ExportError, Request, export};
use linewatch::evidence::verify::{Report, verify};
use linewatch::journal::disk::Disk;
use linewatch::journal::history::History;
use linewatch::journal::retain::{Keeper, Limits};
use linewatch::journal::seal::notes;
use linewatch::record::Body;
use linewatch::seal::key::SignerKey;
use linewatch::time::{Span, Timestamp};
use tempfile::TempDir;

use past::{Plan, SMALL, key, past};

fn disk(past: &Path) -> Disk {
    Disk::at(&past.join("journal")).unwrap()
}

/// Everything that was said, oldest first, and where.
fn said(past: &Path) -> Vec<(u64, Said)> {
    let disk = disk(past);
    let mut history = History::from(&disk, 0).unwrap();
    let mut all = Vec::new();
    while let Some(record) = history.next_record(0).unwrap() {
        if let Body::Notice { bytes } = &record.body {
            // What happened by leave is logged beside what is said.
            all.extend(Said::parse(bytes).map(|said| (record.position, said)));
        }
    }
    all
}

fn exported(past: &Path, request: &Request<'_>) -> Result<Vec<u8>, ExportError> {
    export(&disk(past), request, Vec::new(), &mut |_, _| {})
}

fn verified(bytes: &[u8]) -> Report {
    verify(bytes, Some(&key().public()), |_| {}).unwrap()
}

/// The smallest journal, made once.
fn small() -> &'static TempDir {
    static SMALL_PAST: OnceLock<TempDir> = OnceLock::new();
    SMALL_PAST.get_or_init(|| past(&SMALL))
}

fn bundle(past: &TempDir) -> Vec<u8> {
    let alert = said(past.path()).remove(0).1.alert;
    exported(past.path(), &Request { alert: &alert, ..Request::default() }).unwrap()
}

#[test]
fn a_bundle_verifies_and_is_the_same_every_time() {
    let past = small();
    let bytes = bundle(past);
    assert!(bytes == bundle(past), "the same journal, other bytes");
    let report = verified(&bytes);
    let (position, first) = said(past.path()).remove(0);
    assert_eq!((&report.alert, report.event_time), (&first.alert, first.event_time));
    assert_eq!(report.records[0], 0, "from the journal's first record on");
    assert!(report.records[1] >= position && report.sealed > report.records[1]);
    assert_eq!(report.configuration, "00".repeat(32));
    let text = report.text();
    for word in [&first.alert, "crossing", "the journal's first", "linewatch/kerguelen+", &report.agreement] {
        assert!(text.contains(word), "{word} is missing: {text}");
    }
    let unpinned = verify(&bytes[..], None, |_| {}).unwrap();
    assert!(unpinned.text().contains("compare this key"));
    // Enough of the id will do.
    let alert = &first.alert[..10];
    assert!(exported(past.path(), &Request { alert, ..Request::default() }).unwrap() == bytes);
}

#[test]
fn a_bundle_from_a_snapshot_holds_only_what_came_after_it() {
    let plan = Plan { seconds: 500, sensors: &[], snapshots_s: 30, seals_s: Some(10) };
    let past = past(&plan);
    let (_, first) =
        said(past.path()).into_iter().find(|(_, said)| said.event_time.floor_secs() % 3600 > 360).unwrap();
    let alert = &*first.alert;
    let short = exported(past.path(), &Request { alert, ..Request::default() }).unwrap();
    let whole = exported(past.path(), &Request { alert, whole: true, ..Request::default() }).unwrap();
    let (from_snapshot, from_beginning) = (verified(&short), verified(&whole));
    assert!(from_snapshot.records[0] > 500 && from_beginning.records[0] == 0);
    assert_eq!(from_snapshot.records[1], from_beginning.records[1]);
    assert!(from_snapshot.text().contains("a snapshot the journal committed to"));
    let early = Timestamp::from_secs(first.event_time.floor_secs() - 300);
    assert!(from_snapshot.span[0] <= early, "what led to it is in it: {:?}", from_snapshot.span);
    // What an engine was that no record commits to is refused: here, one bit of it.
    let at = short.windows(10).position(|name| name == b"engine.bin").unwrap();
    let at = short[at..].windows(10).skip(1).position(|name| name == b"engine.bin").unwrap_or(0) + at + 1;
    let mut other = short.clone();
    other[at + 512 + 100] ^= 1;
    assert!(verify(&other[..], None, |_| {}).is_err());
}

#[test]
fn what_is_not_there_is_said_in_plain_words() {
    let past = small();
    let first = said(past.path()).remove(0).1;
    let wrong = format!("{}ffff", &first.alert[..60]);
    let error =
        exported(past.path(), &Request { alert: &wrong, ..Request::default() }).unwrap_err().to_string();
    assert!(error.contains(&wrong) && error.contains(&format!("nearest is {}", first.alert)), "{error}");
    let unsealed = past::past(&Plan { seals_s: None, ..SMALL });
    let alert = said(unsealed.path()).remove(0).1.alert;
    let error = exported(unsealed.path(), &Request { alert: &alert, ..Request::default() }).unwrap_err();
    assert!(matches!(error, ExportError::NotSealed { sealed: 0, .. }), "{error}");
    assert!(error.to_string().contains("wait for the next one"), "{error}");
}

#[test]
fn inputs_that_have_made_room_are_named() {
    let past = past(&SMALL);
    let (position, first) = said(past.path()).remove(0);
    // A later segment, so that the first may be thinned.
    let mut log = linewatch::journal::writer::Segments::with_limits(
        Box::new(disk(past.path())),
        &linewatch::journal::export::sector(&disk(past.path())).unwrap().unwrap(),
        1,
        0,
    )
    .unwrap()
    .0;
    linewatch::journal::Log::append(
        &mut log,
        Timestamp::from_secs(2_000_000_000),
        &mut vec![Body::Gap { since: Timestamp::from_secs(1_767_225_700) }],
        &mut Vec::new(),
    )
    .unwrap();
    let limits = Limits { frames: Span::from_secs(1), ..Limits::default() };
    let mut keeper = Keeper::new(Box::new(disk(past.path())), limits);
    assert_eq!(keeper.tidy(Timestamp::from_secs(2_000_000_000), u64::MAX).unwrap().thinned, 1);
    let error = exported(past.path(), &Request { alert: &first.alert, ..Request::default() }).unwrap_err();
    assert!(matches!(error, ExportError::Gone { from, to } if from < position && to < position), "{error}");
    assert!(error.to_string().contains("keep_frames_days"), "{error}");
}

#[test]
fn another_key_is_refused_and_witnesses_are_named() {
    let past = small();
    let bytes = bundle(past);
    let other = SignerKey::new("linewatch/kerguelen", &[6; 32]).public();
    let refused = verify(&bytes[..], Some(&other), |_| {}).unwrap_err().to_string();
    assert!(refused.contains("another key"), "{refused}");
    let alert = said(past.path()).remove(0).1.alert;
    let mut note = notes::last(&disk(past.path())).unwrap().unwrap();
    let (signature, witness) = SignerKey::new("w.example", &[7; 32]).cosign(1_767_225_700, &note.text);
    note.signatures.push(signature);
    let witnesses = [witness.clone()];
    let request =
        Request { alert: &alert, cosigned: Some(&note), witnesses: &witnesses, ..Request::default() };
    let report = verified(&exported(past.path(), &request).unwrap());
    assert_eq!(report.witnesses, [(witness.to_string(), 1_767_225_700)]);
    assert!(report.text().contains("2026-01-01T00:01:40.000Z by w.example"), "{}", report.text());
    // One whose key nobody gave is left out.
    let request = Request { witnesses: &[], ..request };
    assert!(verified(&exported(past.path(), &request).unwrap()).witnesses.is_empty());
}
