//! One alert of a day.
//!
//! In: its notices, as they were said. Out: what the report says of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// What became of an alert in a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertRow {
    /// Its rule.
    pub rule: String,
    /// The rule's kind.
    pub kind: String,
    /// The clause.
    pub clause: Option<String>,
    /// The line.
    pub line: Option<String>,
    /// The zone.
    pub zone: Option<String>,
    /// Which way.
    pub direction: Option<String>,
    /// The worst it was called.
    pub severity: String,
    /// How sure, last.
    pub confidence: f64,
    /// When it happened.
    pub event_time: String,
    /// When it was first said.
    pub raised_at: String,
    /// Latitude and longitude, degrees.
    pub place: [f64; 2],
    /// Its latest revision.
    pub revision: u64,
    /// Where it is in its life.
    pub state: String,
    /// When it was cleared.
    pub cleared_at: Option<Timestamp>,
    /// Independent groups behind it.
    pub trust_groups: u64,
    /// The incident it is part of.
    pub incident: Option<String>,
    /// Who has seen it, and when.
    pub acknowledged: Option<[String; 2]>,
    /// What a person made of it.
    pub review: Option<ReviewRow>,
    /// Whether any notice of it was held in a flood.
    pub held: bool,
}

/// What a person made of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// What it was.
    pub verdict: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: String,
    /// What was taken for it.
    pub cause: Option<String>,
    /// The document that allows it.
    pub document: Option<String>,
}

/// The ladder, lowest first.
const LADDER: [&str; 4] = ["advisory", "warning", "alert", "urgent"];

impl AlertRow {
    /// What a notice says, with its alert's id.
    pub(super) fn of(notice: &Value) -> Option<(String, Self)> {
        let text = |of: &Value, key: &str| of[key].as_str().map(str::to_owned);
        let own = |key: &str| text(notice, key);
        let acknowledged = &notice["acknowledged"];
        let review = &notice["review"];
        let row = Self {
            rule: own("rule")?,
            kind: own("kind")?,
            clause: own("clause"),
            line: own("line"),
            zone: own("zone"),
            direction: own("direction"),
            severity: own("severity")?,
            confidence: notice["confidence"].as_f64()?,
            event_time: own("event_time")?,
            raised_at: own("raised_at")?,
            place: ["lat", "lon"].map(|key| notice["position"][key].as_f64().unwrap_or_default()),
            revision: notice["revision"].as_u64()?,
            state: own("state")?,
            cleared_at: None,
            trust_groups: notice["trust_groups"].as_u64().unwrap_or_default(),
            incident: own("incident"),
            acknowledged: text(acknowledged, "by").zip(text(acknowledged, "at")).map(<[String; 2]>::from),
            review: text(review, "verdict").map(|verdict| ReviewRow {
                verdict,
                by: text(review, "by").unwrap_or_default(),
                at: text(review, "at").unwrap_or_default(),
                cause: text(review, "cause"),
                document: text(review, "document"),
            }),
            held: notice["held"] == "flood",
        };
        Some((own("alert")?, row))
    }

    /// The same, said at `now`, after what was known of it.
    pub(super) fn after(mut self, before: Option<&Self>, now: Timestamp) -> Self {
        self.cleared_at = (self.state == "cleared").then(|| before.and_then(|b| b.cleared_at).unwrap_or(now));
        if let Some(before) = before {
            self.held |= before.held;
            let rung = |word: &str| LADDER.iter().position(|rung| *rung == word);
            if rung(&before.severity) > rung(&self.severity) {
                self.severity.clone_from(&before.severity);
            }
        }
        self
    }

    /// What persons made of it later.
    pub(super) fn reviewed_as(&mut self, later: Self) {
        self.acknowledged = later.acknowledged.or_else(|| self.acknowledged.take());
        self.review = later.review.or_else(|| self.review.take());
    }
}
