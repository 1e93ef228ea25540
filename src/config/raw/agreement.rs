//! `agreement.toml` as it is written.

use super::leaf::{Id, Position, Text, Word, Words};
use super::number::{AltitudeM, LengthM, Limit};
use super::read::table;
use crate::scan::Class;
use crate::watch::agreement::Direction;

table! {
    /// agreement.toml: what the parties agreed.
    Agreement
    required {
        /// Its name.
        name: Text,
        /// Its version, as the parties count.
        version: Text,
    }
    optional {
        /// Lines that may not be crossed without leave.
        lines: Vec<Line>,
        /// Pieces of ground.
        zones: Vec<Zone>,
        /// Authorised crossing points.
        gates: Vec<Gate>,
        /// What is watched for.
        rules: Vec<Rule>,
    }
    later { exemptions, recipients, }
}

table! {
    /// A line with a party on each side.
    Line
    required {
        /// Its name.
        id: Id,
        /// The party on the left, walking along the line.
        left: Text,
        /// The party on the right.
        right: Text,
    }
    optional {
        /// Vertices [lat, lon], degrees, at least two. Either this or `geojson`.
        #[schemars(length(min = 2))]
        coordinates: Vec<Position>,
        /// A GeoJSON file with one LineString, relative to this file. Either this or `coordinates`.
        geojson: Text,
    }
}

table! {
    /// A piece of ground, with a floor and a ceiling where air matters.
    Zone
    required {
        /// Its name.
        id: Id,
        /// Corners [lat, lon], degrees; at least three, the first not repeated.
        #[schemars(length(min = 3))]
        polygon: Vec<Position>,
    }
    optional {
        /// Lowest height over the ellipsoid that counts, metres; absent: from the ground.
        floor_m: AltitudeM,
        /// Highest height that counts, metres; absent: no limit.
        ceiling_m: AltitudeM,
    }
}

table! {
    /// An authorised crossing point: a disc on a line.
    Gate
    required {
        /// Its name.
        id: Id,
        /// The line it opens.
        line: Id,
        /// Centre of the disc: [lat, lon], degrees.
        center: Position,
        /// Its radius, metres.
        radius_m: LengthM,
    }
    optional {
        /// Who may pass; absent or empty: anything.
        classes: Vec<Word<ClassWord>>,
        /// Which way. Default any.
        direction: Word<Direction>,
    }
}

table! {
    /// One clause made testable.
    Rule
    required {
        /// Its name.
        id: Id,
        /// What it says.
        kind: Word<RuleWord>,
    }
    optional {
        /// The clause it stands for.
        clause: Text,
        /// For crossing: which line.
        line: Id,
        /// For presence and ceiling: which zone.
        zone: Id,
        /// For crossing: which way is barred. Default any.
        direction: Word<Direction>,
        /// Whom it is about; absent or empty: anything.
        classes: Vec<Word<ClassWord>>,
        /// For ceiling: the most that may be in the zone at once.
        limit: Limit,
    }
}

/// The kinds of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum RuleWord {
    /// Nobody crosses the line.
    Crossing,
    /// Nobody is in the zone.
    Presence,
    /// No more than the limit are in the zone.
    Ceiling,
}

impl Words for RuleWord {
    const ALL: &'static [Self] = &[Self::Crossing, Self::Presence, Self::Ceiling];
    const LATER: &'static [&'static str] =
        &["approach", "surge", "loiter", "convergence", "blind", "integrity"];
    fn word(self) -> &'static str {
        match self {
            Self::Crossing => "crossing",
            Self::Presence => "presence",
            Self::Ceiling => "ceiling",
        }
    }
}

impl Words for Direction {
    const ALL: &'static [Self] = &[Self::Any, Self::LeftToRight, Self::RightToLeft];
    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// A class, or `vehicle` for its three kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum ClassWord {
    /// One class.
    One(Class),
    /// Light, heavy and tracked.
    Vehicle,
}

impl ClassWord {
    /// What the word stands for.
    pub(in crate::config) fn classes(self) -> &'static [Class] {
        Class::named(self.word())
    }
}

impl Words for ClassWord {
    const ALL: &'static [Self] = &[
        Self::One(Class::Person),
        Self::One(Class::Animal),
        Self::One(Class::LightVehicle),
        Self::One(Class::HeavyVehicle),
        Self::One(Class::TrackedVehicle),
        Self::One(Class::Aircraft),
        Self::One(Class::Drone),
        Self::One(Class::Vessel),
        Self::Vehicle,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::One(class) => class.as_str(),
            Self::Vehicle => "vehicle",
        }
    }
}
