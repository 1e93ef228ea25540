//! `linewatch replay --plot`: everything that was configured or happened is in the picture, which is the same every time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{linewatch, minute, read, refused, text};

/// Replays with a picture and gives it.
fn plot(from: &Path, more: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let svg = dir.path().join("picture.svg");
    let path = |name: &str| from.join(name).to_str().unwrap().to_owned();
    let (recording, config) = (path("recording.jsonl"), path("linewatch.toml"));
    let named = ["replay", &recording, "--config", &config, "--plot", svg.to_str().unwrap(), "--json"];
    let output = linewatch(&[&named[..], more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    read(svg)
}

fn shows(svg: &str, words: &str) -> bool {
    svg.contains(&format!(">\n{words}\n</text>"))
}

/// Values of a key in lines of JSON.
fn values(lines: &str, key: &str) -> BTreeSet<String> {
    let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects.map(|object| object[key].as_str().unwrap().to_owned()).collect()
}

fn option(dir: &TempDir, name: &str) -> String {
    dir.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_picture_has_every_sensor_track_and_alert() {
    let minute = minute();
    let (tracks, alerts) = (option(&minute, "tracks.jsonl"), option(&minute, "alerts.jsonl"));
    let truth = option(&minute, "truth.csv");
    let svg = plot(minute.path(), &["--tracks", &tracks, "--alerts", &alerts, "--truth", &truth]);
    let config: toml::Table = toml::from_str(&read(minute.path().join("linewatch.toml"))).unwrap();
    let sensors = config["sensors"].as_array().unwrap();
    assert!(sensors.len() > 3);
    for sensor in sensors {
        let id = sensor["id"].as_str().unwrap();
        assert!(shows(&svg, id), "sensor {id}");
    }
    let (tracks, alerts) = (values(&read(tracks), "track"), read(alerts));
    assert!(tracks.len() > 10);
    for id in &tracks {
        assert!(shows(&svg, id), "track {id}");
    }
    for name in
        read(&truth).lines().skip(1).map(|row| row.split(',').nth(1).unwrap()).collect::<BTreeSet<_>>()
    {
        assert!(shows(&svg, name), "true {name}");
    }
    // Of each alert the latest notice; at most one has this kind and time.
    let mut latest = std::collections::BTreeMap::new();
    for notice in alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        latest.insert(notice["alert"].as_str().unwrap().to_owned(), notice);
    }
    assert!(!latest.is_empty());
    for notice in latest.values() {
        let (kind, time) = (notice["kind"].as_str().unwrap(), notice["event_time"].as_str().unwrap());
        assert!(shows(&svg, &format!("{kind} {}", &time[11..19])), "{kind} at {time}");
    }
    assert!(svg.contains(&format!("tracks: {}, alerts: {}, true objects: ", tracks.len(), latest.len())));
    assert!(svg.contains("EXERCISE") && shows(&svg, "assembly") && svg.contains("line line: "));
}

#[test]
fn two_pictures_of_one_replay_are_the_same_and_sound_xml() {
    let minute = minute();
    let svg = plot(minute.path(), &[]);
    assert!(svg == plot(minute.path(), &["--speed", "600"]), "pictures differ");
    let path = minute.path().join("picture.svg");
    std::fs::write(&path, &svg).unwrap();
    // Somebody else's parser; it counts the texts it found.
    let count = "import sys, xml.etree.ElementTree as t\n\
        print(len(t.parse(sys.argv[1]).getroot().findall('{http://www.w3.org/2000/svg}text')))";
    let Ok(output) = Command::new("python3").args(["-c", count]).arg(&path).output() else {
        println!("SKIPPED: no python3 to read the SVG with");
        return;
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim().parse::<usize>().unwrap(), svg.matches("<text ").count());
}

#[test]
fn an_interval_and_a_place_are_what_is_drawn() {
    let minute = minute();
    let svg = plot(minute.path(), &["--plot-from", "20", "--plot-to", "2026-01-01T00:00:30Z"]);
    assert!(svg.contains("00:00:20 to 00:00:30 UTC, seconds 20 to 30"));
    let here = plot(minute.path(), &["--plot-around", "-900000,0,10"]);
    assert!(!shows(&here, "assembly") && here.contains("seconds 0 to "));
}

#[test]
fn what_is_wrong_with_a_picture_is_said() {
    let minute = minute();
    let path = |name: &str| option(&minute, name);
    let (recording, config) = (path("recording.jsonl"), path("linewatch.toml"));
    let replay = |more: &[&'static str]| {
        let named = ["replay", &recording, "--config", &config];
        named
            .iter()
            .map(|word| (*word).to_owned())
            .chain(more.iter().map(|word| (*word).to_owned()))
            .collect()
    };
    let complains = |arguments: Vec<String>, status: i32, words: &[&str]| {
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), status, words);
    };
    complains(replay(&["--plot", "/no/such/folder/x.svg"]), 1, &["/no/such/folder/x.svg", "can be written"]);
    complains(replay(&["--truth", "truth.csv"]), 2, &["--plot"]);
    complains(replay(&["--plot", "x.svg", "--plot-from", "soon"]), 2, &["such as 90"]);
    let svg = path("x.svg");
    let with = |more: &[&str]| {
        [replay(&["--plot"]), vec![svg.clone()], more.iter().map(|w| (*w).to_owned()).collect()].concat()
    };
    complains(with(&["--plot-from", "9", "--plot-to", "5"]), 1, &["before --plot-from", "exchange"]);
    std::fs::write(path("bad.csv"), "t,id,x,y\n0,a,1,2\n1,a,east,2\n").unwrap();
    complains(with(&["--truth", &path("bad.csv")]), 1, &["bad.csv:3: ", "`x`", "expected a number"]);
    std::fs::write(path("headless.csv"), "0,a,1,2\n").unwrap();
    complains(with(&["--truth", &path("headless.csv")]), 1, &["headless.csv:1: no column `t`"]);
    complains(with(&["--truth", &path("absent.csv")]), 1, &["absent.csv", "can be read"]);
}
