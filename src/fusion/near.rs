//! What a look concerns: the tracks near it, and how far from a prediction its detections can lie.
//!
//! In: a look as measured. Out: slots of tracks to predict, and bounds for the association gate's boxes. Generous on
//! purpose: what is near enough is decided track by track, and by d². Knows no motion.

use super::coverage::View;
use super::filter::Gaussian;
use super::measure::{Kind, Measured};
use super::ring::{LookNumber, Looked};
use super::table::Bounds;
use super::tracker::Tracker;
use crate::scan::{Measurement, Scan};

/// The gate reaches this many sigmas of a detection,
const GATE_SIGMAS: f64 = 4.1;
/// and as far as anything moves between its look's time and its own.
const MOST_SPEED_MPS: f64 = 400.0;

impl Tracker {
    /// Slots of the tracks that the look's region, its detections or the names they claim may concern.
    pub(super) fn find_near(&mut self, scan: &Scan, view: &View, look: LookNumber) {
        let Some(looked) = self.looks.get(look) else { return };
        let near = &mut self.work.near;
        self.tracks.near(bounds(view, looked), scan.time, near);
        let all = near.len();
        for detection in &scan.detections {
            let claimed = detection.identity.as_ref().and_then(|identity| self.claimed.get(identity));
            let reported = match &detection.measurement {
                Measurement::Track { source_track, .. } if !self.reported.is_empty() => {
                    self.reported.get(&(scan.sensor, source_track.clone())).map(|(id, _)| id)
                }
                _ => None,
            };
            near.extend(claimed.into_iter().chain(reported).filter_map(|id| self.tracks.slot(*id)));
        }
        if near.len() > all {
            near.sort_unstable_by_key(|slot| self.tracks.at(*slot).id);
            near.dedup();
        }
    }
}

/// Where a look may concern a track: its region if it has one, and around its detections. `None`: anywhere.
fn bounds(view: &View, looked: &Looked) -> Option<Bounds> {
    let region = view.bounds();
    if region.is_none() && looked.detections.iter().any(Measured::is_bearing) {
        return None;
    }
    let positions = looked.detections.iter().filter(|m| !m.is_bearing());
    Some(positions.fold(region.unwrap_or(Bounds::EMPTY), |bounds, m| {
        bounds.with(m.z, GATE_SIGMAS * m.r[0].max(m.r[2]).sqrt() + MOST_SPEED_MPS * m.offset_s.abs())
    }))
}

/// How far from a prediction a look's detections can lie: bounds over all of them.
pub(super) struct Reach {
    place_var: f64,
    range_var: f64,
    azimuth_var: f64,
    /// Most of their offsets from the look's time, either way.
    pub offset_s: f64,
    /// Some may bear a name, and are taken from farther away.
    pub named: bool,
    /// Side of a grid over them.
    pub cell_m: f64,
}

impl Reach {
    /// Of a look's positions; its bearings have no place.
    pub(super) fn of(detections: &[Measured]) -> Self {
        let mut reach = Self {
            place_var: 0.0,
            range_var: 0.0,
            azimuth_var: 0.0,
            offset_s: 0.0,
            named: false,
            cell_m: 0.0,
        };
        let (mut sigmas, mut count) = (0.0, 0.0);
        for m in detections.iter().filter(|m| !m.is_bearing()) {
            let widest = m.r[0].max(m.r[2]);
            match m.kind {
                Kind::Polar { range_var, azimuth, .. } => {
                    // What heights add along the line of sight is in `r` already; it is bounded by it.
                    reach.range_var = reach.range_var.max(range_var).max(m.r[0].min(m.r[2]));
                    reach.azimuth_var = reach.azimuth_var.max(azimuth.var);
                }
                _ => reach.place_var = reach.place_var.max(widest),
            }
            reach.named |= m.is_report() || m.velocity.is_some();
            reach.offset_s = reach.offset_s.max(m.offset_s.abs());
            sigmas += widest.sqrt();
            count += 1.0;
        }
        reach.cell_m = (4.0 * sigmas / f64::max(count, 1.0)).clamp(10.0, 2_000.0);
        reach
    }

    /// The greatest variance, on any axis, of a detection of a target at the prediction.
    pub(super) fn variance(&self, mean: &Gaussian, site: &[f64; 2]) -> f64 {
        let away = [mean.x[0] - site[0], mean.x[1] - site[1]];
        let across = 1.2 * self.azimuth_var * (away[0] * away[0] + away[1] * away[1]);
        self.place_var.max(self.range_var).max(across)
    }
}
