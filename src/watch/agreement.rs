//! What the parties agreed, as data: checked by `config`, hashed, cited in every alert.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geo::Geodetic;
use crate::scan::Class;

/// The agreement of one sector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its name.
    pub name: String,
    /// Its version, as the parties count.
    pub version: String,
    /// SHA-256 over the file's canonical form, lower-case hex.
    pub hash: String,
    /// Lines that may not be crossed without leave.
    pub lines: Vec<Line>,
    /// Pieces of ground.
    pub zones: Vec<Zone>,
    /// Authorised crossing points.
    pub gates: Vec<Gate>,
    /// What is watched for.
    pub rules: Vec<Rule>,
}

/// A line with a party on each side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub id: Arc<str>,
    /// The party on the left, walking along the vertices.
    pub left: Arc<str>,
    /// The party on the right.
    pub right: Arc<str>,
    /// At least two, no two neighbours equal, no self-intersection; altitudes are zero.
    pub vertices: Vec<Geodetic>,
}

/// A piece of ground, with a floor and a ceiling where air matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Its name.
    pub id: Arc<str>,
    /// At least three corners, not closed, no self-intersection; altitudes are zero.
    pub polygon: Vec<Geodetic>,
    /// Lowest height above the ellipsoid that counts, metres.
    pub floor_m: Option<f64>,
    /// Highest height that counts, metres.
    pub ceiling_m: Option<f64>,
}

/// An authorised crossing point: a disc on a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub id: Arc<str>,
    /// Index into the agreement's lines.
    pub line: usize,
    /// Centre of the disc.
    pub center: Geodetic,
    /// Its radius.
    pub radius_m: f64,
    /// Who may pass; empty for anything.
    pub classes: Vec<Class>,
    /// Which way.
    pub direction: Direction,
}

/// Which way across a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Either way.
    Any,
    /// From the left party's side to the right party's.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

impl Direction {
    /// Its word in files and notices.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::LeftToRight => "left_to_right",
            Self::RightToLeft => "right_to_left",
        }
    }
}

/// One clause made testable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub id: Arc<str>,
    /// The clause it stands for.
    pub clause: Option<Arc<str>>,
    /// Whom it is about; empty for anything.
    pub classes: Vec<Class>,
    /// What it says.
    pub kind: RuleKind,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RuleKind {
    /// Nobody crosses this line in this direction outside its gates.
    Crossing {
        /// Index into the agreement's lines.
        line: usize,
        /// Which way is barred.
        direction: Direction,
    },
    /// Nobody is in this zone.
    Presence {
        /// Index into the agreement's zones.
        zone: usize,
    },
    /// No more than `limit` are in this zone at once.
    Ceiling {
        /// Index into the agreement's zones.
        zone: usize,
        /// The most that may be there.
        limit: u32,
    },
}

impl RuleKind {
    /// Its word in files, notices and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Crossing { .. } => "crossing",
            Self::Presence { .. } => "presence",
            Self::Ceiling { .. } => "ceiling",
        }
    }

    /// Every kind's word, for metrics that stand at zero from the start.
    pub const ALL: [&'static str; 3] = ["crossing", "presence", "ceiling"];
}
