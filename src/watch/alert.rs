//! Notices: what is said about an alert, in the contract's form, and the one encoder of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::watch::grounds::Grounds;
use crate::watch::life::{Group, Life};

/// One message about one alert. `(alert, revision)` is the receiver's key for dropping repeats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// Version of this form: 1.
    pub v: u32,
    /// Lower-case hex SHA-256 over what happened.
    pub alert: Arc<str>,
    /// Counts from 1.
    pub revision: u32,
    /// Where the alert is in its life.
    pub state: State,
    /// The rule.
    pub rule: Arc<str>,
    /// The rule's kind.
    pub kind: &'static str,
    /// The clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<Arc<str>>,
    /// How bad.
    pub severity: Severity,
    /// How sure, in [0, 1].
    pub confidence: f64,
    /// When it happened.
    pub event_time: Timestamp,
    /// One-sigma error of `event_time`, seconds, where it is known: for a crossing by the track's smoothed path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_sigma_s: Option<f64>,
    /// When the daemon first said so.
    pub raised_at: Timestamp,
    /// The line, for a crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Arc<str>>,
    /// The zone, for presence and ceilings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Arc<str>>,
    /// Which way, for a crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
    /// Where.
    pub position: Position,
    /// The tracks it rests on, ascending.
    pub tracks: Vec<String>,
    /// The sensors that feed them, ascending.
    pub sensors: Vec<String>,
    /// How many independent groups those sensors make.
    pub trust_groups: u32,
    /// Counted objects, for a ceiling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// For a crossing that nobody saw happen: last seen before it, first seen after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<[Timestamp; 2]>,
    /// How often the line was crossed, to and fro, where more than once: a contested crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crossings: Option<u32>,
    /// For a ceiling that is not passed yet: that it will be, if this goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// For a surge: what came, against what is usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excess: Option<Excess>,
    /// For a convergence: who moves together, or gathers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gathering: Option<Gathering>,
    /// What it stands on, and what speaks against it.
    #[serde(flatten)]
    pub grounds: Grounds,
    /// What people, and the passing of time, did to it.
    #[serde(flatten)]
    pub life: Life,
    /// The alerts it speaks for, where it is a flood's group notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// When the latest measurement that it rests on was made; absent where it rests on no track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_at: Option<Timestamp>,
    /// When that measurement was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// Name and version of the program that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<Arc<str>>,
    /// SHA-256 of the configuration it says so under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Arc<str>>,
    /// SHA-256 of the agreement.
    pub agreement: Arc<str>,
    /// Present and true when nothing of this is real.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// First said.
    Opened,
    /// Materially changed.
    Updated,
    /// Over.
    Cleared,
}

/// The ladder of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Advisory,
    /// One trust group alone never exceeds this.
    Warning,
    /// Corroborated.
    Alert,
    /// Several together.
    Urgent,
}

impl Severity {
    /// Every rung, for metrics.
    pub const ALL: [Self; 4] = [Self::Advisory, Self::Warning, Self::Alert, Self::Urgent];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Warning => "warning",
            Self::Alert => "alert",
            Self::Urgent => "urgent",
        }
    }
}

/// Where something happened, both ways of saying it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// East of the sector's origin, metres.
    pub east_m: f64,
    /// North of the sector's origin, metres.
    pub north_m: f64,
    /// East-east, east-north, north-north, metres².
    pub cov_m2: [f64; 3],
}

/// A count against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Expected number of those seen.
    pub expected: f64,
    /// The most that may be there.
    pub limit: u32,
    /// How many more are expected where nobody looks, were it as dense there as elsewhere; null where too little is
    /// watched to say.
    pub unseen: Option<f64>,
    /// 95 % interval of all, seen and unseen; its upper end null where too little is watched to say.
    pub interval: (u32, Option<u32>),
}

/// Where a number is going.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// P(the limit is passed within the rule's horizon).
    pub probability: f64,
    /// When, as it rises on average, seconds from the notice.
    pub after_s: f64,
}

/// More arrivals than usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excess {
    /// How many came since the event time.
    pub arrivals: u32,
    /// How many come usually, per hour, at this hour of the week.
    pub expected_per_h: f64,
    /// The chart's sum as a share of its threshold: at one it alarms.
    pub statistic: f64,
}

/// Who moves together, or gathers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gathering {
    /// How many tracks.
    pub number: u32,
    /// How many more each minute, lately.
    pub growth_per_min: f64,
    /// Mean speed over ground, metres per second.
    pub speed_mps: f64,
    /// Where to, degrees clockwise from north.
    pub course_deg: f64,
    /// P(it reaches the line within half an hour, if it goes on so).
    pub heads: f64,
    /// Where more have come to stay than usual; null where not.
    pub gathers: Option<Gathers>,
}

/// More have come to stay than usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gathers {
    /// How many.
    pub came: u32,
    /// How many do usually in that time.
    pub expected: f64,
    /// In the last so many minutes.
    pub minutes: u32,
    /// Once in so many weeks chance alone makes as unlikely a number somewhere on the ground that is scanned; at most 10,000.
    pub recurs_weeks: f64,
}

impl Notice {
    /// The notice as the one line of JSON that every sink sends.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a notice holds no map with keys that are not text")
    }
}
