//! The command line as the contract has it, on the built program: exit statuses, complaints, and what it writes.

mod plot;
mod replay;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::rig::repository;

fn linewatch<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linewatch")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs it and expects this exit status and these words on standard error.
#[track_caller]
fn refused(arguments: &[&str], status: i32, words: &[&str]) {
    let output = linewatch(arguments);
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {complaint}");
    for word in words {
        assert!(complaint.contains(word), "{arguments:?}: `{word}` is missing: {complaint}");
    }
    assert!(!complaint.contains("internal error") && !complaint.contains("panicked"), "{complaint}");
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A minute of the built-in world.
fn minute() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    simulate(dir.path(), "60s");
    dir
}

fn simulate(dir: &Path, length: &str) {
    let out = dir.to_str().unwrap();
    let output = linewatch(&["simulate", "kerguelen", "--out", out, "--for", length]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("true crossings"), "{}", text(&output.stdout));
}

#[test]
fn help_and_examples_are_there_for_every_command() {
    let commands: &[&[&str]] =
        &[&["run"], &["demo"], &["replay"], &["check"], &["simulate"], &["journal", "export"]];
    for command in commands {
        let output = linewatch(&[command, &["--help"][..]].concat());
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        let example = format!("  linewatch {} ", command.join(" "));
        assert!(help.contains("Examples:") && help.contains(&example), "{command:?}: {help}");
    }
    let help = linewatch(&["--help"]);
    for command in ["run", "demo", "replay", "check", "simulate", "journal"] {
        assert!(text(&help.stdout).lines().any(|line| line.starts_with(&format!("  {command} "))));
    }
    assert_eq!(linewatch(&["--version"]).status.code(), Some(0));
}

#[test]
fn wrong_usage_is_status_two() {
    let none: &[&str] = &[];
    refused(none, 2, &["Usage"]);
    refused(&["fly"], 2, &["unrecognized", "Usage"]);
    refused(&["run"], 2, &["--config"]);
    refused(&["check"], 2, &["FILES"]);
    refused(&["replay", "x.jsonl"], 2, &["--config"]);
    refused(&["replay", "x", "--config", "y", "--speed", "0"], 2, &["`max` or a number above 0"]);
    refused(&["replay", "x", "--config", "y", "--picture-every", "1500ms"], 2, &["whole seconds"]);
    refused(&["simulate", "kerguelen"], 2, &["--out"]);
    refused(&["demo", "--speed", "0"], 2, &["0.01 to 100"]);
    refused(&["demo", "--for", "soon"], 2, &["--for"]);
    refused(&["journal"], 2, &["export"]);
    refused(&["journal", "export"], 2, &["DIR"]);
}

#[test]
fn what_cannot_be_read_or_written_is_status_one_and_named() {
    let minute = minute();
    let (config, recording) = (minute.path().join("linewatch.toml"), minute.path().join("recording.jsonl"));
    let (config, recording) = (config.to_str().unwrap(), recording.to_str().unwrap());
    refused(&["replay", "no-such.jsonl", "--config", config], 1, &["no-such.jsonl", "No such file"]);
    refused(&["replay", recording, "--config", "no-such.toml"], 1, &["no-such.toml", "not found"]);
    refused(&["replay", recording, "--config", recording], 1, &["recording.jsonl"]);
    refused(&["run", "--config", "no-such.toml"], 1, &["no-such.toml", "not found"]);
    refused(&["check", "no-such.toml"], 1, &["no-such.toml", "not found"]);
    let alerts = ["--alerts", "/no-such/alerts.jsonl"];
    let arguments = [&["replay", recording, "--config", config][..], &alerts].concat();
    refused(&arguments, 1, &["/no-such/alerts.jsonl", "give a path that can be written"]);
    refused(&["simulate", "no-such.json", "--out", "/tmp"], 1, &["no-such.json", "`kerguelen`"]);
    refused(&["simulate", "kerguelen", "--out", "/proc/no-such"], 1, &["/proc/no-such"]);
    refused(&["journal", "export", "no-such"], 1, &["no-such", "give the journal's folder"]);
    let empty = tempfile::tempdir().unwrap();
    refused(&["journal", "export", empty.path().to_str().unwrap()], 1, &["holds no journal segment"]);
}

#[test]
fn check_says_good_and_bad() {
    let good = repository("config/linewatch.toml");
    let output = linewatch(&["check".as_ref(), good.as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("a good installation") && output.stderr.is_empty());
    let bad = repository("tests/bad-config/many-faults.toml");
    let output = linewatch(&["check".as_ref(), bad.as_os_str()]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).lines().count() > 3, "all errors at once: {}", text(&output.stderr));
    let output = linewatch(&["check".as_ref(), bad.as_os_str(), "--json".as_ref()]);
    assert_eq!(output.status.code(), Some(1));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["ok"], false);
    assert!(verdict["errors"].as_array().unwrap().len() > 3);
}

#[test]
fn simulating_twice_gives_identical_bytes_and_another_seed_others() {
    let minute = minute();
    let again = tempfile::tempdir().unwrap();
    simulate(again.path(), "60s");
    for name in ["recording.jsonl", "truth.csv", "scenario.json", "linewatch.toml", "agreement.toml"] {
        assert!(read(minute.path().join(name)) == read(again.path().join(name)), "{name} differs");
    }
    let other = tempfile::tempdir().unwrap();
    let out = other.path().to_str().unwrap();
    assert!(
        linewatch(&["simulate", "kerguelen", "--out", out, "--for", "60s", "--seed", "7"]).status.success()
    );
    assert!(read(minute.path().join("recording.jsonl")) != read(other.path().join("recording.jsonl")));
}

#[test]
fn what_was_simulated_is_good_configuration() {
    let minute = minute();
    for name in ["linewatch.toml", "agreement.toml"] {
        let output = linewatch(&["check".as_ref(), minute.path().join(name).as_os_str()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

/// Replays the first lines of the minute's recording, changed; gives the complaint.
fn replay_of(minute: &Path, lines: &[String]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let recording = dir.path().join("recording.jsonl");
    std::fs::write(&recording, lines.join("\n")).unwrap();
    let config: PathBuf = minute.join("linewatch.toml");
    linewatch(&["replay".as_ref(), recording.as_os_str(), "--config".as_ref(), config.as_os_str()])
}

#[test]
fn a_recording_that_goes_back_or_is_garbled_is_refused_with_its_line() {
    let minute = minute();
    let good: Vec<String> =
        read(minute.path().join("recording.jsonl")).lines().take(200).map(str::to_owned).collect();
    assert!(replay_of(minute.path(), &good).status.success());
    let mut backwards = good.clone();
    backwards.swap(100, 180);
    for (bad, line) in [
        (backwards, "102"),
        ([&good[..50], &["{\"received\":".to_owned()]].concat(), "51"),
        (
            [&good[..50], &["{\"received\":\"2026-01-01T00:00:59Z\",\"sensor\":\"r1\"}".to_owned()]].concat(),
            "51",
        ),
    ] {
        let output = replay_of(minute.path(), &bad);
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(&format!("recording.jsonl:{line}:")), "line {line}: {complaint}");
    }
    // What this version does not know is skipped.
    let unknown = "{\"received\":\"2026-01-01T00:00:59Z\",\"kind\":\"checkpoint\",\"head\":7}".to_owned();
    assert!(replay_of(minute.path(), &[&good[..], &[unknown]].concat()).status.success());
}
