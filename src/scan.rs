//! The vocabulary between decoders and fusion: what one look of one sensor said.
//!
//! Every number here is finite and in range and every error is known; decoders refuse what is not. Angles are
//! radians, azimuths clockwise from true north at the sensor, in [0, 2π).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geo::Geodetic;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// One look of one sensor. No detections means "looked and saw nothing".
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Whose look.
    pub sensor: SensorIndex,
    /// The sender's own numbering, where the format has one.
    pub key: Option<ScanKey>,
    /// When the look was made; a detection may differ by its `offset`.
    pub time: Timestamp,
    /// Where the sensor was, for a mobile one.
    pub pose: Option<Pose>,
    /// What the look covered.
    pub look: Look,
    /// Which piece of the look this is, as (i, n) with i in 1..=n.
    pub part: Option<(u16, u16)>,
    /// What it saw.
    pub detections: Vec<Detection>,
}

/// The sender's numbering of a scan: `seq` counts up within a `boot`, `boot` counts restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScanKey {
    /// Restart counter.
    pub boot: u64,
    /// Scan counter.
    pub seq: u64,
}

/// Where a mobile sensor was and how it was turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Position and height.
    pub position: Geodetic,
    /// Boresight, clockwise from true north, where it is given.
    pub heading_rad: Option<f64>,
    /// One-sigma position error per axis, metres.
    pub position_sigma_m: f64,
    /// One-sigma heading error.
    pub heading_sigma_rad: f64,
}

/// What a look covered; outside it a target that was not reported was not missed.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The sensor's configured field of view.
    FieldOfView,
    /// An azimuth interval, clockwise from `from_rad` to `to_rad` (through north if to < from; all round if
    /// `to_rad - from_rad` is 2π), and a slant range interval.
    Sector {
        /// Start of the interval.
        from_rad: f64,
        /// End of the interval.
        to_rad: f64,
        /// Nearest range looked at.
        min_range_m: f64,
        /// Farthest range looked at.
        max_range_m: f64,
    },
    /// A polygon on the ground, at least three corners.
    Polygon(Vec<Geodetic>),
    /// It says nothing about what it did not report.
    Unknown,
}

/// One report of one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// What was measured, with its errors.
    pub measurement: Measurement,
    /// Measured this long after the scan's time; may be negative.
    pub offset: Span,
    /// Signal to noise ratio, decibels.
    pub snr_db: Option<f64>,
    /// Reported velocity over ground, for transponders and track reports.
    pub velocity: Option<Velocity>,
    /// Likelihood of each class, indexed by [`Class`]; all ones if nothing is said.
    pub class: ClassLikelihoods,
    /// `mmsi:257000000`, `icao:4ca7f3`, … as claimed.
    pub identity: Option<Arc<str>>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Measurement {
    /// Slant range and azimuth.
    Polar(Polar),
    /// Azimuth alone: a camera.
    Bearing {
        /// Azimuth.
        azimuth_rad: f64,
        /// One-sigma error.
        azimuth_sigma_rad: f64,
    },
    /// A position.
    Position {
        /// Where; altitude is zero if not given (`has_altitude`).
        at: Geodetic,
        /// Whether the altitude was measured.
        has_altitude: bool,
        /// East-east, east-north, north-north, in metres² at the position; positive definite.
        covariance_m2: [f64; 3],
    },
    /// Another system's own track: not an independent measurement.
    Track {
        /// Where.
        at: Geodetic,
        /// Whether the altitude was measured.
        has_altitude: bool,
        /// East-east, east-north, north-north, in metres²; positive definite.
        covariance_m2: [f64; 3],
        /// The other system's name for it.
        source_track: Arc<str>,
    },
}

/// A slant range and azimuth, with what may come beside them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polar {
    /// Slant range, positive.
    pub range_m: f64,
    /// Azimuth.
    pub azimuth_rad: f64,
    /// One-sigma range error.
    pub range_sigma_m: f64,
    /// One-sigma azimuth error.
    pub azimuth_sigma_rad: f64,
    /// Elevation above the sensor's horizontal plane.
    pub elevation_rad: Option<f64>,
    /// Range rate (positive going away) and its one-sigma error, metres per second.
    pub range_rate: Option<(f64, f64)>,
}

/// Velocity over ground, metres per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Velocity {
    /// Eastward at the reported position.
    pub east_mps: f64,
    /// Northward at the reported position.
    pub north_mps: f64,
}

impl Velocity {
    /// From speed and course (clockwise from true north).
    #[must_use]
    pub fn from_course(speed_mps: f64, course_rad: f64) -> Self {
        let (sin, cos) = libm::sincos(course_rad);
        Self { east_mps: speed_mps * sin, north_mps: speed_mps * cos }
    }
}

/// What a thing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// A person on foot.
    Person,
    /// An animal.
    Animal,
    /// A car, pick-up or van.
    LightVehicle,
    /// A lorry or bus.
    HeavyVehicle,
    /// A vehicle on tracks.
    TrackedVehicle,
    /// A manned aircraft.
    Aircraft,
    /// An unmanned one.
    Drone,
    /// A ship or boat.
    Vessel,
}

/// A likelihood per [`Class`], in [`Class::ALL`]'s order; not normalised, at least one positive.
pub type ClassLikelihoods = [f64; Class::COUNT];

impl Class {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// Every class, in the contract's order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Person,
        Self::Animal,
        Self::LightVehicle,
        Self::HeavyVehicle,
        Self::TrackedVehicle,
        Self::Aircraft,
        Self::Drone,
        Self::Vessel,
    ];

    /// Its word in messages and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Animal => "animal",
            Self::LightVehicle => "light-vehicle",
            Self::HeavyVehicle => "heavy-vehicle",
            Self::TrackedVehicle => "tracked-vehicle",
            Self::Aircraft => "aircraft",
            Self::Drone => "drone",
            Self::Vessel => "vessel",
        }
    }

    /// The classes a word stands for: `vehicle` for its three kinds, none for an unknown word.
    #[must_use]
    pub fn named(word: &str) -> &'static [Self] {
        if word == "vehicle" {
            return &[Self::LightVehicle, Self::HeavyVehicle, Self::TrackedVehicle];
        }
        Self::ALL
            .iter()
            .position(|class| class.as_str() == word)
            .map_or(&[], |at| Self::ALL.get(at..=at).expect("a position found in the list lies inside it"))
    }
}

impl Detection {
    /// A detection that says where and nothing else.
    #[must_use]
    pub fn new(measurement: Measurement) -> Self {
        Self {
            measurement,
            offset: Span::ZERO,
            snr_db: None,
            velocity: None,
            class: [1.0; Class::COUNT],
            identity: None,
        }
    }
}
