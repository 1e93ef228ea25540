//! The real disk does what it says: seen from outside, in the calls that the kernel is asked for.

use std::path::Path;
use std::process::Command;

use linewatch::journal::Log;
use linewatch::journal::disk::Disk;
use linewatch::journal::writer::Segments;
use linewatch::record::Body;
use linewatch::time::Timestamp;

const FOLDER: &str = "LINEWATCH_TRACED_FOLDER";
const GROUPS: i64 = 5;

/// Writes a short log where it is told to, while it is watched.
#[test]
#[ignore = "is started by the test below"]
fn traced() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    let storage = Box::new(Disk::at(Path::new(&dir)).unwrap());
    let (mut log, _) = Segments::with_limits(storage, "east-3", 1 << 20, 0).unwrap();
    for second in 0..GROUPS {
        let mut bodies = vec![Body::Act { bytes: b"traced".to_vec() }];
        log.append(Timestamp::from_secs(second), &mut bodies, &mut Vec::new()).unwrap();
    }
}

#[test]
fn every_group_is_followed_by_fdatasync_and_a_new_file_by_fsync_of_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, calls) = (dir.path().join("journal"), dir.path().join("calls"));
    let traced = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=write,fdatasync,fsync", "-o"])
        .arg(&calls)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "journal::real_disk::traced", "--ignored"])
        .env(FOLDER, &folder)
        .output();
    if !traced.as_ref().is_ok_and(|traced| traced.status.success()) {
        println!("SKIPPED: strace cannot be used here: {traced:?}");
        return;
    }
    let calls = std::fs::read_to_string(&calls).unwrap();
    let of_file = |call: &str| call.contains("00000000000000000000.lwj>");
    let name = |call: &str| {
        ["write", "fdatasync", "fsync"].into_iter().find(|name| call.contains(&format!(" {name}(")))
    };
    let of_log: Vec<&str> = calls.lines().filter(|call| of_file(call)).filter_map(name).collect();
    let expected: Vec<&str> = (0..GROUPS).flat_map(|_| ["write", "fdatasync"]).collect();
    assert_eq!(of_log, expected, "{calls}");
    let of_folder = format!("{}>", folder.display());
    assert!(calls.lines().any(|call| name(call) == Some("fsync") && call.contains(&of_folder)), "{calls}");
}
