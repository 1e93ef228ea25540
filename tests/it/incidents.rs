//! A library of scripted incidents: what happens, what must be said of it, and nothing else.
//!
//! Each folder `tests/incidents/NAME` holds `world.json` (who moves, who looks; metres), `rules.toml` (what the parties
//! agreed, behind the world's own lines, gates and zones), `script.json` (what else happens, and every alert that is
//! expected, written by hand before the daemon was asked), and `notices.golden` (what is said, revision by revision).

mod case;
mod expected;
mod script;

use std::fmt::Write as _;

use case::Case;
use expected::complaints;

use crate::rig::{golden, repository};

/// Every incident, by folder.
fn names() -> Vec<String> {
    let folder = repository("tests/incidents");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_incident_is_told_as_expected_and_nothing_else_is() {
    let only = std::env::var("LINEWATCH_INCIDENT").ok();
    let names: Vec<String> =
        names().into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name)).collect();
    assert!(!names.is_empty(), "no incident of that name");
    let mut wrong = Vec::new();
    for name in &names {
        let case = Case::read(name);
        let told = case.told();
        let complaints = complaints(&case.script.expected, &told.notices, told.begins_s);
        wrong.extend(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")));
        let mut text = format!("{}\n", case.script.what);
        told.lines().for_each(|line| writeln!(text, "{line}").unwrap());
        if let Err(stale) = golden(&case.folder.join("notices.golden"), &text) {
            wrong.push(format!("{name}: {stale}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_same_incident_gives_the_same_bytes() {
    let case = Case::read(&names()[0]);
    let bytes = || -> Vec<String> { case.told().notices.iter().map(|notice| notice.to_json()).collect() };
    assert_eq!(bytes(), bytes());
}
