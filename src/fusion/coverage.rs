//! What a look could have seen: detection probability and clutter density at a place.
//!
//! In: a configured sensor, where it stood and what the look covered. Out: how likely a target at a place would have
//! been reported. A miss means something only where that is above zero. Knows no track.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

use crate::fusion::measure::Site;
use crate::fusion::table::{Bounds, TOLERANCE_M};
use crate::geo::{Geodetic, LocalFrame};
use crate::scan::{Look, Pose};
use crate::sensor::{SensorKind, SensorModel};

/// Least clutter density, per square metre: nothing is ever impossible.
const LEAST_CLUTTER_PER_M2: f64 = 1e-10;
/// A target known worse than this, metres, is missed where it may be outside what was looked at, or in a mask,
const WIDE_M: f64 = 50.0;
/// until it is this many sigmas inside.
const SURELY_SIGMAS: f64 = 2.0;
/// Least clutter density of bearings, per radian.
const LEAST_CLUTTER_PER_RAD: f64 = 1e-3;

/// A polygon in the plane with its bounding box.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Vec<[f64; 2]>", try_from = "Vec<[f64; 2]>")]
struct Patch {
    corners: Vec<[f64; 2]>,
    low: [f64; 2],
    high: [f64; 2],
}

/// What never changes about what a sensor can see.
#[derive(Clone, Debug)]
pub(super) struct Coverage {
    kind: SensorKind,
    site: Option<Site>,
    heading_rad: f64,
    half_width_rad: f64,
    max_range_m: f64,
    detection_probability: f64,
    false_alarms: f64,
    masks: Vec<(Patch, f64)>,
}

/// One look: its region and how densely clutter lies in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct View {
    pub site: Site,
    region: Region,
    /// Expected detections of nothing per square metre of the look.
    pub clutter_per_m2: f64,
    /// The same per radian, for bearings.
    pub clutter_per_rad: f64,
    /// Ground covered, square metres, and its share of the sensor's whole field of view.
    pub area_m2: f64,
    pub share: f64,
    /// Azimuths looked at, where the look has a limit: from, and how far clockwise, radians.
    pub azimuths: Option<(f64, f64)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Region {
    /// Anything may be reported, nothing must.
    Unknown,
    Sector {
        towards: [f64; 2],
        half_width_rad: f64,
        min_range_m: f64,
        max_range_m: f64,
    },
    Polygon(Patch),
}

impl View {
    /// Nearest and farthest range that a look by azimuth covers, metres.
    pub(super) fn ranges(&self) -> Option<[f64; 2]> {
        match &self.region {
            Region::Sector { min_range_m, max_range_m, .. } => Some([*min_range_m, *max_range_m]),
            Region::Unknown | Region::Polygon(_) => None,
        }
    }

    /// What the look can concern; `None` if it does not say.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        match &self.region {
            Region::Unknown => None,
            Region::Sector { max_range_m, .. } => Some(Bounds::EMPTY.with(self.site.at, *max_range_m)),
            Region::Polygon(patch) => Some(Bounds { low: patch.low, high: patch.high }),
        }
    }
}

/// A place in a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// Probability that a target there would have been reported.
    pub pd: f64,
    /// Whether a detection could belong to a target there at all.
    pub near: bool,
}

impl View {
    /// Whether what the look did not report, and what it reported too much, says anything.
    pub(super) fn says_misses(&self) -> bool {
        !matches!(self.region, Region::Unknown)
    }
}

impl From<Patch> for Vec<[f64; 2]> {
    fn from(patch: Patch) -> Self {
        patch.corners
    }
}

impl TryFrom<Vec<[f64; 2]>> for Patch {
    type Error = &'static str;

    fn try_from(corners: Vec<[f64; 2]>) -> Result<Self, Self::Error> {
        if corners.is_empty() { Err("a polygon without corners") } else { Ok(Self::of(corners)) }
    }
}

impl Patch {
    fn new(frame: &LocalFrame, corners: &[Geodetic]) -> Self {
        Self::of(
            corners.iter().map(|corner| frame.to_enu(*corner)).map(|enu| [enu.east_m, enu.north_m]).collect(),
        )
    }

    fn of(corners: Vec<[f64; 2]>) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in &corners {
            for axis in 0..2 {
                low[axis] = low[axis].min(corner[axis]);
                high[axis] = high[axis].max(corner[axis]);
            }
        }
        Self { corners, low, high }
    }

    /// Even–odd rule.
    fn contains(&self, p: [f64; 2]) -> bool {
        if (0..2).any(|axis| p[axis] < self.low[axis] || p[axis] > self.high[axis]) {
            return false;
        }
        let mut inside = false;
        let mut from = self.corners[self.corners.len() - 1];
        for &to in &self.corners {
            if (to[1] > p[1]) != (from[1] > p[1]) {
                let east = to[0] + (p[1] - to[1]) / (from[1] - to[1]) * (from[0] - to[0]);
                inside ^= p[0] < east;
            }
            from = to;
        }
        inside
    }

    /// Shoelace formula, square metres.
    fn area_m2(&self) -> f64 {
        let mut twice = 0.0;
        let mut from = self.corners[self.corners.len() - 1];
        for &to in &self.corners {
            twice += from[0] * to[1] - to[0] * from[1];
            from = to;
        }
        0.5 * twice.abs()
    }
}

impl Coverage {
    /// What the configuration says.
    pub(super) fn new(frame: &LocalFrame, model: &SensorModel) -> Self {
        Self {
            kind: model.kind,
            site: model.position.map(|position| Site::new(frame, position)),
            heading_rad: model.heading_rad,
            half_width_rad: model.field_of_view_rad / 2.0,
            max_range_m: model.max_range_m,
            detection_probability: model.detection_probability,
            false_alarms: model.false_alarms_per_scan,
            masks: model
                .masks
                .iter()
                .filter(|mask| mask.polygon.len() >= 3)
                .map(|mask| (Patch::new(frame, &mask.polygon), mask.detection_probability))
                .collect(),
        }
    }

    /// One look of this sensor.
    pub(super) fn view(&self, frame: &LocalFrame, pose: Option<&Pose>, look: &Look) -> View {
        let site = pose.map(|pose| Site::of_pose(frame, pose)).or(self.site).unwrap_or_default();
        let placed = pose.is_some() || self.site.is_some();
        let mut azimuths = None;
        let mut sector = |middle_rad: f64, half_width_rad: f64, min_range_m: f64, max_range_m: f64| {
            let half_width_rad = half_width_rad.min(PI);
            azimuths = Some((middle_rad - half_width_rad, 2.0 * half_width_rad));
            Region::Sector { towards: site.direction(middle_rad), half_width_rad, min_range_m, max_range_m }
        };
        let heading_rad = pose.and_then(|pose| pose.heading_rad).unwrap_or(self.heading_rad);
        // A satellite pass covers what it says it covered; a configured radius says nothing about one pass.
        let unsaid = self.kind == SensorKind::Satellite && matches!(look, Look::FieldOfView);
        let region = match look {
            _ if !placed && !matches!(look, Look::Polygon(_)) => Region::Unknown,
            Look::FieldOfView => sector(heading_rad, self.half_width_rad, 0.0, self.max_range_m),
            Look::Sector { from_rad, to_rad, min_range_m, max_range_m } => {
                let width = to_rad - from_rad;
                let width = if width < 0.0 { width + TAU } else { width };
                sector(from_rad + width / 2.0, width / 2.0, *min_range_m, max_range_m.min(self.max_range_m))
            }
            Look::Polygon(corners) if corners.len() >= 3 => Region::Polygon(Patch::new(frame, corners)),
            Look::Polygon(_) | Look::Unknown => Region::Unknown,
        };
        let whole_m2 = self.half_width_rad.min(PI) * self.max_range_m * self.max_range_m;
        let (area_m2, width_rad) = match &region {
            Region::Unknown => (whole_m2, 2.0 * self.half_width_rad),
            Region::Sector { half_width_rad, min_range_m, max_range_m, .. } => {
                let rings = max_range_m * max_range_m - min_range_m * min_range_m;
                (half_width_rad * rings, 2.0 * half_width_rad)
            }
            Region::Polygon(patch) => (patch.area_m2(), 2.0 * self.half_width_rad),
        };
        // The configured count belongs to the whole field of view: a narrower look has its share of it.
        let share = (area_m2 / whole_m2).clamp(0.0, 1.0);
        let false_alarms = self.false_alarms * if share > 0.0 { share } else { 1.0 };
        let counts = self.kind.counts_misses() && !unsaid;
        View {
            clutter_per_m2: (false_alarms / area_m2.max(1.0)).max(LEAST_CLUTTER_PER_M2),
            clutter_per_rad: (false_alarms / width_rad.max(1e-3)).max(LEAST_CLUTTER_PER_RAD),
            region: if counts { region } else { Region::Unknown },
            site,
            area_m2: area_m2.max(1.0),
            share,
            azimuths,
        }
    }

    /// How a target at `p`, known to `sigma_m`, stands in a look.
    pub(super) fn seen(&self, view: &View, p: [f64; 2], sigma_m: f64) -> Seen {
        let margin_m = match &view.region {
            Region::Unknown => return Seen { pd: 0.0, near: true },
            Region::Polygon(patch) => {
                return Seen { pd: if patch.contains(p) { self.masked(p) } else { 0.0 }, near: true };
            }
            Region::Sector { towards, half_width_rad, min_range_m, max_range_m } => {
                let d = [p[0] - view.site.at[0], p[1] - view.site.at[1]];
                let range_m = (d[0] * d[0] + d[1] * d[1]).sqrt();
                let mut margin_m = max_range_m - range_m;
                if *min_range_m > 0.0 {
                    margin_m = margin_m.min(range_m - min_range_m);
                }
                if *half_width_rad < PI && margin_m > -(6.0 * sigma_m + TOLERANCE_M) {
                    let off_rad = libm::atan2(
                        (towards[0] * d[1] - towards[1] * d[0]).abs(),
                        towards[0] * d[0] + towards[1] * d[1],
                    );
                    margin_m = margin_m.min((half_width_rad - off_rad) * range_m);
                }
                margin_m
            }
        };
        let near = margin_m > -(6.0 * sigma_m + TOLERANCE_M);
        let sigma_m = sigma_m.max(1.0);
        let inside = if sigma_m < WIDE_M {
            // The share of the target's own uncertainty that lies inside, by a straight line for the error function.
            0.5 + margin_m / (3.5 * sigma_m)
        } else {
            // Whoever may stand just outside is missed again and again for one cause: no evidence until surely inside.
            margin_m / (SURELY_SIGMAS * sigma_m)
        };
        let inside = inside.clamp(0.0, 1.0);
        Seen { pd: if inside > 0.0 { inside * self.masked_around(p, sigma_m) } else { 0.0 }, near }
    }

    pub(super) fn is_satellite(&self) -> bool {
        self.kind == SensorKind::Satellite
    }

    /// Detection probability at `p` of a sensor that stands still and looks everywhere it can.
    pub(super) fn usually(&self, p: [f64; 2]) -> f64 {
        let Some(site) = self.site.filter(|_| self.kind.counts_misses()) else { return 0.0 };
        let d = [p[0] - site.at[0], p[1] - site.at[1]];
        let range_m = (d[0] * d[0] + d[1] * d[1]).sqrt();
        let towards = site.direction(self.heading_rad);
        let along_m = towards[0] * d[0] + towards[1] * d[1];
        let inside =
            range_m < self.max_range_m && along_m >= range_m * libm::cos(self.half_width_rad.min(PI));
        if inside { self.masked(p) } else { 0.0 }
    }

    /// Least detection probability where a target known to `sigma_m` around `p` may be.
    fn masked_around(&self, p: [f64; 2], sigma_m: f64) -> f64 {
        let here = self.masked(p);
        if self.masks.is_empty() || sigma_m < WIDE_M {
            return here;
        }
        let reach_m = SURELY_SIGMAS * sigma_m;
        [[reach_m, 0.0], [-reach_m, 0.0], [0.0, reach_m], [0.0, -reach_m]]
            .iter()
            .fold(here, |least, off| least.min(self.masked([p[0] + off[0], p[1] + off[1]])))
    }

    /// Detection probability at a place, whatever a look covered.
    pub(super) fn masked(&self, p: [f64; 2]) -> f64 {
        self.masks
            .iter()
            .filter(|(patch, _)| patch.contains(p))
            .fold(self.detection_probability, |pd, (_, in_mask)| pd.min(*in_mask))
    }

    /// Beyond this nothing is seen, metres.
    pub(super) fn max_range_m(&self) -> f64 {
        self.max_range_m
    }

    /// Ground that its field of view covers, square metres.
    pub(super) fn field_m2(&self) -> f64 {
        self.half_width_rad.min(PI) * self.max_range_m * self.max_range_m
    }

    /// Detections of nothing that are told to be in one look.
    pub(super) fn false_alarms(&self, view: &View) -> f64 {
        self.false_alarms * view.share
    }

    /// Detection probability where nothing hides the target.
    pub(super) fn clear(&self) -> f64 {
        self.detection_probability
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::fusion::testing::{radar, sector};

    #[test]
    fn detection_probability_follows_the_look_and_the_masks() {
        let frame = sector();
        let mut model = radar("r1", 0.0, 0.0);
        model.field_of_view_rad = PI / 2.0;
        model.max_range_m = 5_000.0;
        model.masks = vec![crate::sensor::Mask {
            polygon: [(-500.0, 2_000.0), (500.0, 2_000.0), (500.0, 3_000.0), (-500.0, 3_000.0)]
                .map(|(e, n)| frame.plane_to_geodetic(e, n, 0.0))
                .to_vec(),
            detection_probability: 0.2,
        }];
        let coverage = Coverage::new(&frame, &model);
        let pd = |look: &Look, p| coverage.seen(&coverage.view(&frame, None, look), p, 10.0).pd;
        let whole = &Look::FieldOfView;
        assert!((pd(whole, [0.0, 1_000.0]) - 0.9).abs() < 1e-12);
        assert!((pd(whole, [0.0, 2_500.0]) - 0.2).abs() < 1e-12, "masked");
        assert!((pd(whole, [0.0, 5_000.0]) - 0.45).abs() < 0.01, "on the edge");
        assert!(pd(whole, [0.0, 5_100.0]) < 1e-12, "too far");
        assert!(pd(whole, [2_000.0, 1_000.0]) < 1e-12, "outside the field of view");
        let narrow = Look::Sector { from_rad: 6.2, to_rad: 0.1, min_range_m: 1_500.0, max_range_m: 1_900.0 };
        assert!((pd(&narrow, [0.0, 1_700.0]) - 0.9).abs() < 1e-12, "through north");
        assert!(pd(&narrow, [0.0, 1_000.0]) < 1e-12, "nearer than looked at");
        assert!(pd(&Look::Unknown, [0.0, 1_000.0]) < 1e-12, "it does not say");
    }

    #[test]
    fn clutter_density_is_the_configured_count_over_the_area() {
        let frame = sector();
        let coverage = Coverage::new(&frame, &radar("r1", 0.0, 0.0));
        let density = coverage.view(&frame, None, &Look::FieldOfView).clutter_per_m2;
        // 20 false alarms on a disc of 15 km: 2.8294e-8 per square metre.
        assert!((density / 2.829_421e-8 - 1.0).abs() < 1e-6);
        let half = Look::Sector { from_rad: 0.0, to_rad: PI, min_range_m: 0.0, max_range_m: 15_000.0 };
        let view = coverage.view(&frame, None, &half);
        assert!((view.clutter_per_m2 / density - 1.0).abs() < 1e-9, "a part of the field has its share");
    }
}
