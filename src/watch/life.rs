//! What people, and the passing of time, do to an alert beside what is observed of it: acknowledged, shelved, reviewed,
//! escalated, held back, part of an incident.
//!
//! Plain data in the form of the notices, and what a person may do to it. What an act does is `book/acts`'s business.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a notice says of its alert's life; absent is what has not happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// A person has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
    /// It is silent for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelved: Option<Shelved>,
    /// A person has judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Whom it is addressed to now, where its rule names recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// The incident it is part of: alerts near in space and time have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Arc<str>>,
    /// Why this notice went to no sink; it is in the record all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// That a person has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// That it is silent for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    /// Who wants it so.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When it returns by itself.
    pub until: Timestamp,
}

/// What a person made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub by: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub verdict: Verdict,
    /// What was taken for it: always there for a false alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
    /// The document that allows it: always there for what is exempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Arc<str>>,
}

/// What an alert was, in a person's judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It happened as it was said.
    Confirmed,
    /// It did not happen.
    FalseAlarm,
    /// It happened by leave that the agreement knows.
    Exempt,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FalseAlarm => "false_alarm",
            Self::Exempt => "exempt",
        }
    }
}

/// Whom an alert is addressed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// How often it went on to the next because nobody acknowledged it.
    pub level: u32,
    /// The recipients of this level.
    pub recipients: Vec<Arc<str>>,
}

/// Why a notice goes to no sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// There are more than a person can take in: its group speaks for it.
    Flood,
    /// Its alert is shelved.
    Shelved,
}

/// Alerts that a group notice speaks for, while there are more than a person can take in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How many alerts of this rule and place it has spoken for.
    pub alerts: u32,
    /// How many of them are open.
    pub open: u32,
    /// The first of them, by id; of very many not all.
    pub first: Vec<Arc<str>>,
    /// Whether the flood is over: what comes now is said one by one again.
    pub over: bool,
}

/// Something a person does to an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The alert's id.
    pub alert: Arc<str>,
    /// Who does it.
    pub actor: Arc<str>,
    /// What.
    pub deed: Deed,
}

/// What a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// I have seen it.
    Acknowledge,
    /// Be silent about it until then.
    Shelve {
        /// Why.
        reason: Arc<str>,
        /// Until when.
        until: Timestamp,
    },
    /// Be silent no longer.
    Unshelve,
    /// This is what it was.
    Review {
        /// What.
        verdict: Verdict,
        /// What was taken for it.
        cause: Option<Arc<str>>,
        /// The document that allows it.
        document: Option<Arc<str>>,
    },
}

impl Deed {
    /// Every deed's word, for metrics and addresses.
    pub const ALL: [&'static str; 4] = ["acknowledge", "shelve", "unshelve", "review"];

    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Shelve { .. } => "shelve",
            Self::Unshelve => "unshelve",
            Self::Review { .. } => "review",
        }
    }
}

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is so from now on, and said.
    Changed {
        /// From the raising to the acknowledgement, where it is one.
        after: Option<crate::time::Span>,
    },
    /// It was so already: nothing is said.
    Already,
}

/// Why an act is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// There is no such alert, or it was over long ago.
    #[error("no such alert is open or was lately")]
    Unknown,
    /// It cannot be done to this alert now.
    #[error("{0}")]
    Impossible(&'static str),
}

impl Refusal {
    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Unknown => "unknown",
            Self::Impossible(_) => "impossible",
        }
    }
}
