//! `agreement.toml` as it is written: its geometry. Rules are in `rule`, what is about time and people in `leave`.

use super::leaf::{Id, Position, Text, Word, Words};
use super::leave::{Claim, ClassNode, Exemption, Recipients, Schedule};
use super::number::{AltitudeM, LengthM, Limit, OffsetM, PerWeek};
use super::read::table;
use super::rule::Rule;
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
        /// Who agreed. Where it is given, lines and rules name no others.
        parties: Vec<Text>,
        /// False alarms a week that all surge charts together may raise. Default 1.
        alarm_budget: PerWeek,
        /// The agreement's own names for what is watched.
        classes: Vec<ClassNode>,
        /// Lines that may not be crossed without leave.
        lines: Vec<Line>,
        /// Pieces of ground.
        zones: Vec<Zone>,
        /// Ground between two distances from a line; a rule names one as its zone.
        bands: Vec<Band>,
        /// Authorised crossing points.
        gates: Vec<Gate>,
        /// What is watched for.
        rules: Vec<Rule>,
        /// Agreed exceptions.
        exemptions: Vec<Exemption>,
        /// Which identities claim to be of which party: held against where who reports them was first seen.
        claims: Vec<Claim>,
        /// Who is told.
        recipients: Vec<Recipients>,
    }
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
    /// Ground between two distances from a line, on one side of it. It ends where the line ends.
    Band
    required {
        /// Its name, which no zone has.
        id: Id,
        /// The line it lies beside.
        line: Id,
        /// Whose side: the party on the line's left or right.
        side: Text,
        /// Where it ends, metres from the line.
        to_m: LengthM,
    }
    optional {
        /// Where it begins, metres from the line. Default 0: at the line.
        from_m: OffsetM,
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
        classes: Vec<Id>,
        /// Which way. Default any.
        direction: Word<Direction>,
        /// When it is open; absent: always.
        schedule: Schedule,
        /// The most that may pass within an hour; absent: any number.
        max_per_hour: Limit,
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
