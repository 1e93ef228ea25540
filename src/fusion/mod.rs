//! Fusion: scans in, tracks out.
//!
//! One tracker per sector keeps every object it believes in as a track: a state in the sector's tangent plane with
//! its covariance, a probability of existence, a class and an identity. Knows no wire format, no line and no zone.

pub mod track;
pub mod tracker;

pub use track::{Estimate, Status, TrackId, TrackView};
pub use tracker::{Outcome, Tracker};
