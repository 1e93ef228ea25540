//! The agreement's geometry: lines, zones, bands, gates.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::leave::Schedule;
use crate::geo::Geodetic;
use crate::scan::Class;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Its name.
    pub id: Arc<str>,
    /// At least three corners, not closed, no self-intersection; altitudes are zero. Empty for a band.
    pub polygon: Vec<Geodetic>,
    /// For a band: what it lies beside.
    pub band: Option<Band>,
    /// Lowest height above the ellipsoid that counts, metres.
    pub floor_m: Option<f64>,
    /// Highest height that counts, metres.
    pub ceiling_m: Option<f64>,
}

/// Ground between two distances from a line, on one side of it. Like the line it ends where the line ends: past the ends
/// no side is determined, and nothing is in the band.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Index into the agreement's lines.
    pub line: usize,
    /// Whose side.
    pub flank: Flank,
    /// Where it begins, metres from the line.
    pub from_m: f64,
    /// Where it ends, metres from the line; more than `from_m`.
    pub to_m: f64,
}

/// A side of a line, walking along its vertices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Flank {
    /// The left party's.
    Left,
    /// The right party's.
    Right,
}

impl Flank {
    /// Its word in hashes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// An authorised crossing point: a disc on a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The agreement's own names among those that make up `classes`.
    pub nodes: Vec<Arc<str>>,
    /// Which way.
    pub direction: Direction,
    /// When; none for always.
    pub schedule: Option<Schedule>,
    /// The most that may pass within an hour; what comes beyond that has crossed without leave.
    pub max_per_hour: Option<u32>,
}

/// Which way across a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Either way.
    #[default]
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
