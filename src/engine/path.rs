//! Where a track was, by everything measured since: for evidence.

use serde::Serialize;

use super::Engine;
use super::rows::rounded;
use crate::fusion::{Paths, TrackId};
use crate::time::Timestamp;

/// A track right after one of its measurements, smoothed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathRow {
    /// When.
    pub time: Timestamp,
    /// The track's id.
    pub track: String,
    /// East of the sector's origin.
    pub east_m: f64,
    /// North of the sector's origin.
    pub north_m: f64,
    /// Eastward velocity.
    pub v_east_mps: f64,
    /// Northward velocity.
    pub v_north_mps: f64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Covariance, row-major, e n ve vn.
    pub cov: Vec<f64>,
}

impl Engine {
    /// A track's path around `from`..`to`, as far as it is remembered; nothing of one that is no more.
    #[must_use]
    pub fn path(&self, track: TrackId, from: Timestamp, to: Timestamp) -> Vec<PathRow> {
        let Some(path) = Paths::smoothed(&self.tracker, track, from, to) else { return Vec::new() };
        let rows = path.estimates().map(|at| {
            let [east_m, north_m, v_east_mps, v_north_mps] = at.mean;
            let place = self.frame.plane_to_geodetic(east_m, north_m, 0.0);
            PathRow {
                time: at.time,
                track: track.to_string(),
                east_m: rounded(east_m, 1e3),
                north_m: rounded(north_m, 1e3),
                v_east_mps: rounded(v_east_mps, 1e4),
                v_north_mps: rounded(v_north_mps, 1e4),
                lat: rounded(place.lat_deg(), 1e8),
                lon: rounded(place.lon_deg(), 1e8),
                cov: at.covariance.iter().flatten().map(|v| rounded(*v, 1e6)).collect(),
            }
        });
        rows.collect()
    }
}
