//! When something holds, for whom it does not, and who is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::scan::Class;
use crate::time::Timestamp;

/// Hours of a week by the local clock of an IANA time zone; `calendar` says when that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The zone's name in the IANA database, as in `Asia/Nicosia`.
    pub time_zone: Arc<str>,
    /// At least one.
    pub hours: Vec<Hours>,
}

/// A piece of a day, on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// On which days, ascending; never empty.
    pub days: Vec<Day>,
    /// First minute after local midnight.
    pub from_min: u16,
    /// The minute after the last; at most 1440, more than `from_min`.
    pub to_min: u16,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Its word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }
}

/// From when, inclusive, until when, exclusive; an end that is not given is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The instant after the last.
    pub until: Option<Timestamp>,
}

impl Validity {
    /// Whether it holds at an instant.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// An agreed exception: dated, named, with the document it stands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exemption {
    /// Its name.
    pub id: Arc<str>,
    /// Who is exempt, in words.
    pub who: Arc<str>,
    /// The document that says so.
    pub document: Arc<str>,
    /// SHA-256 of that document, lower-case hex.
    pub document_sha256: Arc<str>,
    /// From when until when.
    pub validity: Validity,
    /// Rules, lines and zones it is about, by index; a rule is concerned if it is named or its line or zone is.
    pub rules: Vec<usize>,
    /// Lines.
    pub lines: Vec<usize>,
    /// Zones.
    pub zones: Vec<usize>,
    /// What is exempt, as the sensors name it; empty for anything.
    pub classes: Vec<Class>,
    /// The agreement's own names among those that make up `classes`.
    pub nodes: Vec<Arc<str>>,
    /// Whose identity is exempt, as in `mmsi:257000000`; empty for any and none.
    pub identities: Vec<Arc<str>>,
    /// The most that are exempt at the same time; none for any number.
    pub max_number: Option<u32>,
}

/// Identities by which whoever reports one claims to be of a party: a flag in a ship's number, a block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The party.
    pub party: Arc<str>,
    /// The identities, each in full, or its beginning with a `*` behind it: `mmsi:212*`.
    pub identities: Vec<Arc<str>>,
}

/// A named list of whom to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Its name.
    pub id: Arc<str>,
    /// What a person calls it.
    pub name: Option<Arc<str>>,
    /// The installation's sinks that reach it, by id; empty for all.
    pub sinks: Vec<Arc<str>>,
}
