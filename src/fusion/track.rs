//! What the rest of the program may see of a track.

use serde::{Deserialize, Serialize};

use crate::scan::ClassLikelihoods;
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// A track's name: counts up, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrackId(pub u64);

impl std::fmt::Display for TrackId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// Where a track is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Perhaps nothing: not shown, not watched.
    Tentative,
    /// Believed.
    Confirmed,
    /// Believed, not detected lately, predicted on.
    Coasting,
    /// An echo that has stood where it was first seen, and that nothing but radars and lidars report: on the map, no
    /// target.
    Fixed,
}

impl Status {
    /// Every status, for metrics.
    pub const ALL: [Self; 4] = [Self::Tentative, Self::Confirmed, Self::Coasting, Self::Fixed];

    /// Whether it is shown and watched.
    #[must_use]
    pub const fn is_target(self) -> bool {
        matches!(self, Self::Confirmed | Self::Coasting)
    }

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Confirmed => "confirmed",
            Self::Coasting => "coasting",
            Self::Fixed => "fixed",
        }
    }
}

/// A Gaussian state at an instant, in the sector's tangent plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The instant it holds for.
    pub time: Timestamp,
    /// East m, north m, east m/s, north m/s.
    pub mean: [f64; 4],
    /// Covariance of `mean`, symmetric positive definite, row by row.
    pub covariance: [[f64; 4]; 4],
}

/// One track as seen from outside, at the instant of its estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackView<'a> {
    /// Its name.
    pub id: TrackId,
    /// Where it is in its life.
    pub status: Status,
    /// Probability that it is a real object.
    pub existence: f64,
    /// Where and how fast.
    pub estimate: Estimate,
    /// How likely it is going steadily, turning or braking, and standing; sums to one.
    pub modes: [f64; 3],
    /// Height above the ellipsoid, metres, and its one-sigma error, where it was measured.
    pub altitude_m: Option<(f64, f64)>,
    /// Probability of each class, in `Class::ALL`'s order; sums to one.
    pub class: ClassLikelihoods,
    /// Claimed identity, if one was fused.
    pub identity: Option<&'a str>,
    /// Sensors that have fed it, ascending, each with the time of its last contribution.
    pub sensors: &'a [(SensorIndex, Timestamp)],
    /// Time of its first measurement.
    pub born: Timestamp,
    /// Time of its latest measurement.
    pub updated: Timestamp,
}

/// Uniform class probabilities: nothing is known.
pub const UNKNOWN_CLASS: ClassLikelihoods =
    [1.0 / crate::scan::Class::COUNT as f64; crate::scan::Class::COUNT];
