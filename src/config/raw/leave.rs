//! What an agreement says about time and people, as it is written: schedules, exemptions, its own classes, recipients.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use std::borrow::Cow;
use toml::de::DeValue;

use super::agreement::ClassWord;
use super::leaf::{Id, Text, Word, Words, inline_schema};
use super::number::Limit;
use super::read::{FromToml, table};
use crate::config::error::Report;
use crate::time::Timestamp;
use crate::watch::agreement::Day;

table! {
    /// Hours of a week by a local clock.
    Schedule
    required {
        /// An IANA time zone, as in "Asia/Nicosia".
        time_zone: Text,
        /// The hours; over midnight they are written as two.
        #[schemars(length(min = 1))]
        hours: Vec<Hours>,
    }
    optional {}
}

table! {
    /// A piece of a day.
    Hours
    required {
        /// Beginning, "HH:MM" by the local clock.
        from: ClockTime,
        /// End, "HH:MM", after the beginning; "24:00" is the day's end.
        to: ClockTime,
    }
    optional {
        /// On which days; absent or empty: every day.
        days: Vec<Word<Day>>,
    }
}

table! {
    /// A class of the agreement's own: what it includes, and what of it sensors can tell.
    ClassNode
    required {
        /// Its name, which no sensor's class has.
        id: Id,
    }
    optional {
        /// Other classes of the agreement that it includes.
        includes: Vec<Id>,
        /// The sensors' classes that one of it may be reported as.
        sensed_as: Vec<Word<ClassWord>>,
    }
}

table! {
    /// An agreed exception.
    Exemption
    required {
        /// Its name.
        id: Id,
        /// Who is exempt, in words.
        who: Text,
        /// The document that says so.
        document: Text,
        /// SHA-256 of that document, 64 lower-case hex digits.
        document_sha256: Sha256Hex,
        /// The first instant of it.
        valid_from: Instant,
        /// The instant from which on it no longer holds.
        valid_until: Instant,
    }
    optional {
        /// Rules that do not apply to them.
        rules: Vec<Id>,
        /// Lines: no rule about these applies to them.
        lines: Vec<Id>,
        /// Zones and bands: no rule about these applies to them.
        zones: Vec<Id>,
        /// What is exempt; absent or empty: anything.
        classes: Vec<Id>,
        /// Who reports one of these identities is exempt, as in "mmsi:257000000"; absent or empty: whoever.
        identities: Vec<Text>,
        /// The most that are exempt at the same time; absent: any number.
        max_number: Limit,
    }
}

table! {
    /// Identities by which whoever reports one claims to be of a party.
    Claim
    required {
        /// The party.
        party: Text,
        /// Identities in full, as in "mmsi:212000001", or their beginning with a star behind it, as in "mmsi:212*".
        #[schemars(length(min = 1))]
        identities: Vec<Text>,
    }
    optional {}
}

table! {
    /// Whom to tell.
    Recipients
    required {
        /// Its name.
        id: Id,
    }
    optional {
        /// What a person calls it.
        name: Text,
        /// The installation's sinks that reach it, by id; absent or empty: all.
        sinks: Vec<Id>,
    }
}

impl Words for Day {
    const ALL: &'static [Self] = &Self::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// Minutes after local midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockTime(pub(crate) u16);

inline_schema!(
    ClockTime,
    "clock_time",
    json_schema!({ "type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" })
);

impl Serialize for ClockTime {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

impl FromToml for ClockTime {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let minutes = value.as_str().and_then(|text| {
            let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let (hour, minute) = text.split_once(':').filter(|(h, m)| digits(h) && digits(m))?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let minutes = hour * 60 + minute;
            (minute < 60 && minutes <= 24 * 60).then_some(minutes)
        });
        if minutes.is_none() {
            report.refuse(at, "a time of the day as \"HH:MM\", from \"00:00\" to \"24:00\"");
        }
        minutes.map(Self)
    }
}

/// An instant with its offset, in quotes or as TOML's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Instant(pub(crate) Timestamp);

inline_schema!(Instant, "instant", json_schema!({ "type": "string", "format": "date-time" }));

impl FromToml for Instant {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let written = match value {
            DeValue::Datetime(instant) => Some(instant.to_string()),
            other => other.as_str().map(ToOwned::to_owned),
        };
        let instant = written.and_then(|text| Timestamp::parse(&text).ok());
        if instant.is_none() {
            report.refuse(at, "an instant with its offset, as in \"2015-02-15T00:00:00+02:00\"");
        }
        instant.map(Self)
    }
}

/// A SHA-256 in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Sha256Hex(pub(crate) String);

inline_schema!(Sha256Hex, "sha256", json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }));

impl FromToml for Sha256Hex {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let is_hex = |text: &&str| {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let hex = value.as_str().filter(is_hex);
        if hex.is_none() {
            report.refuse(at, "a SHA-256: 64 digits of 0-9 a-f, as `sha256sum` prints");
        }
        hex.map(|hex| Self(hex.to_owned()))
    }
}
