//! `linewatch evidence` and `verify` as programs.

use std::process::{Command, Output};

use serde_json::Value;

use super::{key, said, small};

fn linewatch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linewatch")).args(arguments).output().unwrap()
}

#[test]
fn a_bundle_goes_out_and_is_verified_by_whoever_gets_it() {
    let past = small().path();
    let alert = said(past).remove(0).1.alert;
    let dir = tempfile::tempdir().unwrap();
    let (journal, file) = (past.join("journal"), dir.path().join("a.bundle"));
    let (journal, out) = (journal.to_str().unwrap(), file.to_str().unwrap());
    let made = linewatch(&["evidence", &alert, "--journal", journal, "--out", out]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let public = key().public().to_string();
    let verified = linewatch(&["verify", out, "--key", &public, "--json"]);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(
        (verified.status.code(), &report["ok"], &report["alert"]),
        (Some(0), &true.into(), &alert.clone().into())
    );
    let table = linewatch(&["verify", out]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("the alert follows from it"));

    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = linewatch(&["verify", out, "--json"]);
    let report: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((refused.status.code(), &report["ok"]), (Some(1), &false.into()));
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("not to be relied on"), "{words}");

    let none = linewatch(&["evidence", "ffffffff", "--journal", journal, "--out", out]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("the nearest is"), "{none:?}");
}

#[test]
fn a_key_is_made_once_and_kept_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("seal.key");
    let path = file.to_str().unwrap();
    let made = linewatch(&["journal", "key", path, "--origin", "linewatch/east-3"]);
    let public = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success() && public.starts_with("linewatch/east-3+"), "{public}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = linewatch(&["journal", "key", path]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), public);
    let other = linewatch(&["journal", "key", path, "--origin", "linewatch/west"]);
    assert_eq!(other.status.code(), Some(1));
    let missing = linewatch(&["journal", "key", dir.path().join("no").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("--origin"));
}
