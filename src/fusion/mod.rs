//! Fusion: scans in, tracks out.
//!
//! One tracker per sector keeps every object it believes in as a track: a state in the sector's tangent plane with
//! its covariance, a probability of existence, a class and an identity. Knows no wire format, no line and no zone.
//!
//! Letters, as in the literature: x state \[e n vₑ vₙ\], P its covariance, F and Q motion and its noise, z measurement,
//! H what it measures, R its noise, ν innovation, S = HPHᵀ + R, d² = νᵀS⁻¹ν, K gain, μ mode probabilities.
//! `tracker` is the recipe; `associate` and `initiate` are its steps; `registration` learns what sensors do wrong and
//! `monitor` says so; the rest are leaves.

mod assign;
mod associate;
mod classify;
mod clutter;
mod coverage;
mod crossing;
mod entangled;
mod exclusive;
mod existence;
pub mod fan;
mod filter;
mod gate;
mod group;
mod height;
mod held;
mod history;
mod identities;
mod initiate;
mod known;
mod lineage;
mod live;
mod measure;
mod monitor;
mod motion;
mod near;
mod packed;
mod registration;
mod restored;
mod ring;
mod rival;
mod sight;
mod sightlines;
pub mod smooth;
mod spoke;
mod stillness;
mod table;
#[cfg(test)]
mod testing;
pub mod track;
pub mod tracker;
mod triangulate;
mod update;
mod watching;

pub use classify::most_speed_mps;
pub use fan::{Fan, Gait};
pub use held::Held;
pub use identities::IdentityConflict;
pub use lineage::{Ancestry, Descent, Kinship};
pub use monitor::{Fault, Health};
pub use registration::{Axis, Bias, Finding};
pub use restored::TrackerState;
pub use smooth::{Paths, Smoothed};
pub use track::{Estimate, Status, TrackId, TrackView};
pub use tracker::{Outcome, Refused, Tracker};
