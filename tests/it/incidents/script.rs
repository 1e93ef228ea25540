//! `script.json`: what happens beside the world's own course, and what is to be said.

use serde::Deserialize;

/// A script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// In one sentence.
    pub(crate) what: String,
    /// What else happens.
    #[serde(default)]
    pub(crate) events: Vec<Happens>,
    /// Every alert that is to be opened, and no other may be.
    pub(crate) expected: Vec<Expected>,
}

/// One thing that happens at a world time, seconds.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Happens {
    /// A sensor says how it is.
    Status { at_s: f64, sensor: String, payload: serde_json::Value },
    /// What a sensor said then is sent again later, byte for byte.
    Again { sensor: String, from_s: f64, until_s: f64, later_s: f64 },
    /// The parties agreed on something else: another file in the place of `rules.toml`.
    Reload { at_s: f64, rules: String },
    /// Somebody of the mission does something.
    Act { at_s: f64, act: serde_json::Value },
    /// The daemon was away.
    Gap { from_s: f64, until_s: f64 },
}

/// An alert that is to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) kind: String,
    pub(crate) rule: String,
    /// How many of them. Default one.
    #[serde(default = "one")]
    pub(crate) times: usize,
    /// Earliest and latest world time at which it is first said, seconds.
    pub(crate) raised_s: [f64; 2],
    /// The highest severity that it reaches.
    #[serde(default)]
    pub(crate) severity: Option<String>,
    /// It is over in the end, or not.
    #[serde(default)]
    pub(crate) cleared: Option<bool>,
    /// Names of deception indicators that it carries in the end.
    #[serde(default)]
    pub(crate) indicators: Vec<String>,
    /// Its last revision, in JSON, holds these fields with these values.
    #[serde(default)]
    pub(crate) holds: serde_json::Map<String, serde_json::Value>,
}

fn one() -> usize {
    1
}
