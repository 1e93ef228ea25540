//! The command line as the contract has it, on the built program: exit statuses, outputs, complaints.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use linewatch::time::Timestamp;
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

/// A minute of the built-in world, simulated once for all tests.
fn minute() -> &'static Path {
    static MINUTE: OnceLock<TempDir> = OnceLock::new();
    MINUTE
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            simulate(dir.path(), "60s");
            dir
        })
        .path()
}

fn simulate(dir: &Path, length: &str) {
    let out = dir.to_str().unwrap();
    let output = linewatch(&["simulate", "kerguelen", "--out", out, "--for", length]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("true crossings"), "{}", text(&output.stdout));
}

/// What a replay wrote.
struct Replayed {
    tracks: String,
    alerts: String,
    summary: Value,
}

fn replay(from: &Path, more: &[&str]) -> Replayed {
    let dir = tempfile::tempdir().unwrap();
    let path = |folder: &Path, name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (tracks, alerts) = (path(dir.path(), "tracks.jsonl"), path(dir.path(), "alerts.jsonl"));
    let mut arguments = vec!["replay".to_owned(), path(from, "recording.jsonl")];
    let config = path(from, "linewatch.toml");
    let named = ["--config", &config, "--tracks", &tracks, "--alerts", &alerts, "--json"];
    arguments.extend(named.iter().chain(more).map(|argument| (*argument).to_owned()));
    let output = linewatch(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 1, "one object on standard output: {lines:?}");
    Replayed { tracks: read(tracks), alerts: read(alerts), summary: serde_json::from_str(lines[0]).unwrap() }
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asserts that the object has each of these keys, of this type.
#[track_caller]
fn has(object: &Value, keys: &[(&str, fn(&Value) -> bool)]) {
    for (key, is_right) in keys {
        assert!(object.get(key).is_some_and(is_right), "`{key}` is missing or wrong: {object}");
    }
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Timestamp::parse(text).is_ok())
}

fn is_share(value: &Value) -> bool {
    value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share))
}

fn are_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string))
}

fn are_numbers<const N: usize>(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.len() == N && list.iter().all(Value::is_number))
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
    let (config, recording) = (minute().join("linewatch.toml"), minute().join("recording.jsonl"));
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
    let again = tempfile::tempdir().unwrap();
    simulate(again.path(), "60s");
    for name in ["recording.jsonl", "truth.csv", "scenario.json", "linewatch.toml", "agreement.toml"] {
        assert!(read(minute().join(name)) == read(again.path().join(name)), "{name} differs");
    }
    let other = tempfile::tempdir().unwrap();
    let out = other.path().to_str().unwrap();
    assert!(
        linewatch(&["simulate", "kerguelen", "--out", out, "--for", "60s", "--seed", "7"]).status.success()
    );
    assert!(read(minute().join("recording.jsonl")) != read(other.path().join("recording.jsonl")));
}

#[test]
fn what_was_simulated_is_good_configuration() {
    for name in ["linewatch.toml", "agreement.toml"] {
        let output = linewatch(&["check".as_ref(), minute().join(name).as_os_str()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

#[test]
fn a_replay_says_the_same_twice_and_at_any_speed() {
    let (once, twice) = (replay(minute(), &[]), replay(minute(), &[]));
    let paced = replay(minute(), &["--speed", "60"]);
    assert!(!once.alerts.is_empty() && !once.tracks.is_empty());
    for other in [&twice, &paced] {
        assert!(once.alerts == other.alerts, "notices differ");
        assert!(once.tracks == other.tracks, "tracks differ");
    }
    let wall_s = paced.summary["wall_s"].as_f64().unwrap();
    assert!(wall_s > 0.9, "a minute at 60 times takes a second, not {wall_s} s");
}

#[test]
fn tracks_come_at_every_whole_second_up_to_the_last() {
    let rows = objects(&replay(minute(), &[]).tracks);
    let times: BTreeSet<Timestamp> =
        rows.iter().map(|row| Timestamp::parse(row["time"].as_str().unwrap()).unwrap()).collect();
    assert!(times.iter().all(|time| time.floor_secs() == time.ceil_secs()), "whole seconds");
    let received: Vec<Timestamp> = objects(&read(minute().join("recording.jsonl")))
        .iter()
        .filter_map(|line| Timestamp::parse(line.get("received")?.as_str()?).ok())
        .collect();
    let last = times.last().unwrap().floor_secs();
    assert_eq!(
        last,
        received.last().unwrap().floor_secs(),
        "the last whole second not after the last received"
    );
    let first = times.first().unwrap().floor_secs();
    assert!(
        times.iter().map(|time| time.floor_secs()).eq(first..=last),
        "every second from the first track on"
    );
    // At every fifth second they are the same rows.
    let fifth = objects(&replay(minute(), &["--picture-every", "5s"]).tracks);
    let is_fifth =
        |row: &&Value| Timestamp::parse(row["time"].as_str().unwrap()).unwrap().floor_secs() % 5 == 0;
    assert_eq!(rows.iter().filter(is_fifth).cloned().collect::<Vec<_>>(), fifth);
}

#[test]
fn every_row_of_tracks_has_the_contracts_form() {
    let rows = objects(&replay(minute(), &[]).tracks);
    let mut previous = (String::new(), 0);
    for row in &rows {
        has(
            row,
            &[
                ("time", is_time),
                ("track", Value::is_string),
                ("east_m", Value::is_number),
                ("north_m", Value::is_number),
                ("v_east_mps", Value::is_number),
                ("v_north_mps", Value::is_number),
                ("lat", |v| v.as_f64().is_some_and(|lat| (-90.0..=90.0).contains(&lat))),
                ("lon", |v| v.as_f64().is_some_and(|lon| (-180.0..=180.0).contains(&lon))),
                ("cov", are_numbers::<16>),
                ("existence", is_share),
                ("class", |v| v.as_object().is_some_and(|classes| classes.values().all(is_share))),
                ("sensors", are_texts),
            ],
        );
        let cov: Vec<f64> = row["cov"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        for i in 0..4 {
            assert!(cov[5 * i] > 0.0, "a variance is positive: {row}");
            for j in 0..i {
                assert!((cov[4 * i + j] - cov[4 * j + i]).abs() < 1e-5, "a covariance is symmetric: {row}");
            }
        }
        let known = ["coasting", "confirmed"];
        assert!(known.contains(&row["status"].as_str().unwrap()), "only what is confirmed: {row}");
        // One row per track and second, by ascending id.
        let here =
            (row["time"].as_str().unwrap().to_owned(), row["track"].as_str().unwrap().parse().unwrap());
        assert!(previous < here, "{previous:?} before {here:?}");
        previous = here;
    }
    assert!(rows.iter().any(|row| row["sensors"].as_array().unwrap().len() > 1));
}

#[test]
fn every_notice_has_the_contracts_form() {
    let replayed = replay(minute(), &[]);
    let notices = objects(&replayed.alerts);
    let mut seen = BTreeSet::new();
    let is_word_of =
        |words: &'static [&'static str], value: &Value| words.contains(&value.as_str().unwrap_or(""));
    for notice in &notices {
        has(
            notice,
            &[
                ("v", |v| *v == 1),
                ("alert", |v| {
                    v.as_str().is_some_and(|id| id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()))
                }),
                ("revision", |v| v.as_u64().is_some_and(|revision| revision >= 1)),
                ("rule", Value::is_string),
                ("kind", Value::is_string),
                ("clause", Value::is_string),
                ("confidence", is_share),
                ("event_time", is_time),
                ("raised_at", is_time),
                ("position", Value::is_object),
                ("tracks", are_texts),
                ("sensors", are_texts),
                ("trust_groups", Value::is_u64),
                ("exercise", |v| *v == true),
            ],
        );
        assert!(is_word_of(&["opened", "updated", "cleared"], &notice["state"]), "{notice}");
        assert!(is_word_of(&["advisory", "warning", "alert", "urgent"], &notice["severity"]), "{notice}");
        let place = &notice["position"];
        for key in ["lat", "lon", "east_m", "north_m"] {
            assert!(place[key].is_number(), "{notice}");
        }
        assert!(are_numbers::<3>(&place["cov_m2"]), "{notice}");
        match notice["kind"].as_str().unwrap() {
            "crossing" => {
                assert!(notice["line"] == "line" && notice.get("zone").is_none(), "{notice}");
                assert!(is_word_of(&["left_to_right", "right_to_left"], &notice["direction"]), "{notice}");
            }
            "ceiling" => assert!(notice["zone"] == "assembly" && notice.get("line").is_none(), "{notice}"),
            other => panic!("no rule of kind {other}: {notice}"),
        }
        let key = (notice["alert"].as_str().unwrap().to_owned(), notice["revision"].as_u64().unwrap());
        assert_eq!((key.1 == 1, notice["state"] == "opened"), (key.1 == 1, key.1 == 1), "{notice}");
        assert!(key.1 == 1 || seen.contains(&(key.0.clone(), key.1 - 1)), "revisions count up: {notice}");
        assert!(seen.insert(key), "no revision twice: {notice}");
    }
    assert_eq!(replayed.summary["alerts"], seen.iter().filter(|(_, revision)| *revision == 1).count());
}

#[test]
fn the_summary_has_the_contracts_keys() {
    let summary = replay(minute(), &[]).summary;
    for key in ["scans", "detections", "detections_per_s", "wall_s", "tracks", "alerts", "peak_rss_bytes"] {
        assert!(summary[key].as_f64().is_some_and(|number| number > 0.0), "`{key}`: {summary}");
    }
    let scans = objects(&read(minute().join("recording.jsonl")))
        .iter()
        .filter(|line| line.get("sensor").is_some() && line.get("kind").is_none())
        .count();
    assert_eq!(summary["scans"], scans, "every frame of a clean recording is used");
    // And the same for people.
    let config = minute().join("linewatch.toml");
    let recording = minute().join("recording.jsonl");
    let output =
        linewatch(&["replay".as_ref(), recording.as_os_str(), "--config".as_ref(), config.as_os_str()]);
    assert!(output.status.success() && text(&output.stdout).contains("peak memory"));
}

/// Replays the first lines of the minute's recording, changed; gives the complaint.
fn replay_of(lines: &[String]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let recording = dir.path().join("recording.jsonl");
    std::fs::write(&recording, lines.join("\n")).unwrap();
    let config: PathBuf = minute().join("linewatch.toml");
    linewatch(&["replay".as_ref(), recording.as_os_str(), "--config".as_ref(), config.as_os_str()])
}

#[test]
fn a_recording_that_goes_back_or_is_garbled_is_refused_with_its_line() {
    let good: Vec<String> =
        read(minute().join("recording.jsonl")).lines().take(200).map(str::to_owned).collect();
    assert!(replay_of(&good).status.success());
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
        let output = replay_of(&bad);
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(&format!("recording.jsonl:{line}:")), "line {line}: {complaint}");
    }
    // What this version does not know is skipped.
    let unknown = "{\"received\":\"2026-01-01T00:00:59Z\",\"kind\":\"checkpoint\",\"head\":7}".to_owned();
    assert!(replay_of(&[&good[..], &[unknown]].concat()).status.success());
}
