//! `linewatch replay`: what it writes, to the letter of the contract, and the same every time.

use std::collections::BTreeSet;
use std::path::Path;

use linewatch::time::Timestamp;
use serde_json::Value;

use super::{linewatch, minute, read, text};

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

/// A key and what its value must be.
type Expected = (&'static str, fn(&Value) -> bool);

/// Asserts that the object has each of these keys, of this type.
#[track_caller]
fn has(object: &Value, keys: &[Expected]) {
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
fn a_replay_says_the_same_twice_and_at_any_speed() {
    let minute = minute();
    let (once, twice) = (replay(minute.path(), &[]), replay(minute.path(), &[]));
    let paced = replay(minute.path(), &["--speed", "60"]);
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
    let minute = minute();
    let rows = objects(&replay(minute.path(), &[]).tracks);
    let times: BTreeSet<Timestamp> =
        rows.iter().map(|row| Timestamp::parse(row["time"].as_str().unwrap()).unwrap()).collect();
    assert!(times.iter().all(|time| time.floor_secs() == time.ceil_secs()), "whole seconds");
    let received: Vec<Timestamp> = objects(&read(minute.path().join("recording.jsonl")))
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
    let fifth = objects(&replay(minute.path(), &["--picture-every", "5s"]).tracks);
    let is_fifth =
        |row: &&Value| Timestamp::parse(row["time"].as_str().unwrap()).unwrap().floor_secs() % 5 == 0;
    assert_eq!(rows.iter().filter(is_fifth).cloned().collect::<Vec<_>>(), fifth);
}

#[test]
fn every_row_of_tracks_has_the_contracts_form() {
    let minute = minute();
    let rows = objects(&replay(minute.path(), &[]).tracks);
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
    let minute = minute();
    let replayed = replay(minute.path(), &[]);
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
                let sigma_s = notice["event_time_sigma_s"].as_f64();
                assert!(sigma_s.is_some_and(|sigma_s| (0.01..30.0).contains(&sigma_s)), "{notice}");
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
    let minute = minute();
    let summary = replay(minute.path(), &[]).summary;
    for key in ["scans", "detections", "detections_per_s", "wall_s", "tracks", "alerts", "peak_rss_bytes"] {
        assert!(summary[key].as_f64().is_some_and(|number| number > 0.0), "`{key}`: {summary}");
    }
    let scans = objects(&read(minute.path().join("recording.jsonl")))
        .iter()
        .filter(|line| line.get("sensor").is_some() && line.get("kind").is_none())
        .count();
    assert_eq!(summary["scans"], scans, "every frame of a clean recording is used");
    // And the same for people.
    let config = minute.path().join("linewatch.toml");
    let recording = minute.path().join("recording.jsonl");
    let output =
        linewatch(&["replay".as_ref(), recording.as_os_str(), "--config".as_ref(), config.as_os_str()]);
    assert!(output.status.success() && text(&output.stdout).contains("peak memory"));
}

#[test]
fn what_if_the_rule_had_been_another_is_a_difference_of_alerts() {
    let minute = minute();
    let other = |change: &dyn Fn(String) -> String| {
        let path = minute.path().join("other.toml");
        std::fs::write(&path, change(read(minute.path().join("agreement.toml")))).unwrap();
        replay(minute.path(), &["--agreement", path.to_str().unwrap()]).summary["difference"].clone()
    };
    let count = |difference: &Value, what: &str| difference[what].as_array().unwrap().len();
    let none = other(&|text| text);
    assert!(none["same"].as_u64().unwrap() > 1, "{none}");
    assert_eq!([count(&none, "only_here"), count(&none, "only_there"), count(&none, "changed")], [0, 0, 0]);
    // Another clause, another hash, another id: the same happening, said otherwise.
    let reworded = other(&|text| text.replace("clause = \"", "clause = \"new "));
    assert_eq!([count(&reworded, "only_here"), count(&reworded, "only_there")], [0, 0], "{reworded}");
    assert!(count(&reworded, "changed") > 0, "{reworded}");
    // A rule less: its alerts are only here.
    let fewer = other(&|text| {
        let (before, rule) = text.rsplit_once("[[rules]]").unwrap();
        assert!(before.contains("[[rules]]") && rule.contains("kind"));
        before.to_owned()
    });
    assert_eq!((count(&fewer, "only_there"), count(&fewer, "changed")), (0, 0), "{fewer}");
    let without = fewer["same"].as_u64().unwrap() + count(&fewer, "only_here") as u64;
    assert_eq!(without, none["same"].as_u64().unwrap());
}
