//! What a sensor watches now: where its looks of the last moments went.
//!
//! In: its looks. Out: the probability that a target at a place would have been reported, the same that a miss there is
//! weighed with. A look may be a part of a turn, or go where somebody pointed it: azimuths are remembered in bins with
//! the time of the latest look at each; of a satellite's passes the latest. Knows no track and no zone.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::coverage::{Coverage, View};
use crate::time::{Span, Timestamp};

/// Bins of azimuth: five degrees each.
const BINS: usize = 72;
const BIN_RAD: f64 = TAU / BINS as f64;
/// A look is what a sensor watches for this many of its periods, but for no less and no more than these, seconds.
const PERIODS: f64 = 2.5;
const LEAST_S: f64 = 10.0;
const MOST_S: f64 = 60.0;
const NEVER: Timestamp = Timestamp::from_nanos(i64::MIN);

/// Where one sensor has lately looked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Watching {
    #[serde(skip)]
    lasts: Span,
    site: [f64; 2],
    ranges: [f64; 2],
    #[serde(with = "bins")]
    looked: [Timestamp; BINS],
    pass: Option<(Timestamp, View)>,
}

/// Serde's own arrays end at 32.
mod bins {
    use super::{BINS, Deserialize, Timestamp};
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bins: &[Timestamp; BINS], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(bins)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[Timestamp; BINS], D::Error> {
        let bins = Vec::<Timestamp>::deserialize(from)?;
        bins.try_into().map_err(|_| D::Error::custom("not as many bins as a turn has"))
    }
}

impl Watching {
    pub(super) fn new(period_s: f64) -> Self {
        let lasts = Span::from_secs_f64((PERIODS * period_s).clamp(LEAST_S, MOST_S));
        Self { lasts, site: [0.0; 2], ranges: [0.0; 2], looked: [NEVER; BINS], pass: None }
    }

    /// What was seen, under the configuration of `new`.
    pub(super) fn configured_as(self, new: &Self) -> Self {
        Self { lasts: new.lasts, ..self }
    }

    /// One more look.
    pub(super) fn looked(&mut self, time: Timestamp, view: &View) {
        if !view.says_misses() {
            return;
        }
        let (Some((from_rad, width_rad)), Some(ranges)) = (view.azimuths, view.ranges()) else {
            if self.pass.as_ref().is_none_or(|(latest, _)| *latest <= time) {
                self.pass = Some((time, view.clone()));
            }
            return;
        };
        (self.site, self.ranges) = (view.site.at, ranges);
        // Every bin whose middle was looked at.
        let first = libm::ceil(from_rad / BIN_RAD - 0.5);
        let count =
            (libm::floor((from_rad + width_rad) / BIN_RAD - 0.5) - first + 1.0).clamp(0.0, BINS as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in [0, 72]")]
        let (first, count) = (first.rem_euclid(BINS as f64) as usize, count as usize);
        for bin in first..first + count {
            let looked = &mut self.looked[bin % BINS];
            *looked = time.max(*looked);
        }
    }

    /// P(reported) of a target at a place, by what was looked at lately.
    pub(super) fn sees(&self, coverage: &Coverage, place: [f64; 2], now: Timestamp) -> f64 {
        let is_recent = |time: Timestamp| now.since(time) <= self.lasts;
        let pass = self.pass.as_ref().filter(|(time, _)| is_recent(*time));
        let seen = pass.map_or(0.0, |(_, view)| coverage.seen(view, place, 1.0).pd);
        let away = [place[0] - self.site[0], place[1] - self.site[1]];
        let range2 = away[0] * away[0] + away[1] * away[1];
        if range2 > self.ranges[1] * self.ranges[1] || range2 < self.ranges[0] * self.ranges[0] {
            return seen;
        }
        let turn = (libm::atan2(away[0], away[1]) / TAU).rem_euclid(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in [0, 72)")]
        let bin = ((turn * BINS as f64) as usize).min(BINS - 1);
        if is_recent(self.looked[bin]) { seen.max(coverage.masked(place)) } else { seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::testing::{radar, sector};
    use crate::scan::Look;
    use crate::sensor::{Mask, SensorKind, SensorModel};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_000 + seconds)
    }

    fn square(half_m: f64) -> Vec<crate::geo::Geodetic> {
        let corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)];
        corners.map(|(e, n)| sector().plane_to_geodetic(e, n, 0.0)).to_vec()
    }

    /// P(seen) at places after looks at seconds 0, 1, …, asked at `now_s`.
    fn sees(model: &SensorModel, looks: &[Look], now_s: i64, places: &[[f64; 2]]) -> Vec<f64> {
        let coverage = Coverage::new(&sector(), model);
        let mut watching = Watching::new(model.period_s);
        for (second, look) in (0..).zip(looks) {
            watching.looked(at(second), &coverage.view(&sector(), None, look));
        }
        places.iter().map(|place| watching.sees(&coverage, *place, at(now_s))).collect()
    }

    #[test]
    fn a_whole_look_is_its_range_and_its_masks_for_a_while() {
        let mut model = radar("r1", 0.0, 0.0);
        model.masks = vec![Mask { polygon: square(500.0), detection_probability: 0.2 }];
        let places = [[100.0, 0.0], [2_000.0, 0.0], [0.0, -14_900.0], [15_100.0, 0.0]];
        assert_eq!(sees(&model, &[Look::FieldOfView], 0, &places), [0.2, 0.9, 0.9, 0.0]);
        assert_eq!(sees(&model, &[Look::FieldOfView], 10, &places), [0.2, 0.9, 0.9, 0.0]);
        assert_eq!(sees(&model, &[Look::FieldOfView], 11, &places), [0.0; 4], "nobody has looked since");
        assert_eq!(sees(&model, &[], 0, &places), [0.0; 4]);
    }

    #[test]
    fn a_turn_is_watched_sector_by_sector() {
        let mut model = radar("r1", 0.0, 0.0);
        model.period_s = 12.0;
        let quarter = |from: f64| Look::Sector {
            from_rad: from.to_radians(),
            to_rad: (from + 90.0).to_radians(),
            min_range_m: 100.0,
            max_range_m: 10_000.0,
        };
        let places = [[500.0, 500.0], [500.0, -500.0], [-500.0, -500.0], [0.0, 50.0], [9_000.0, 9_000.0]];
        let looks = [quarter(0.0), quarter(90.0)];
        assert_eq!(sees(&model, &looks, 2, &places), [0.9, 0.9, 0.0, 0.0, 0.0]);
        assert_eq!(sees(&model, &looks, 31, &places), [0.0, 0.9, 0.0, 0.0, 0.0], "the first is older");
    }

    #[test]
    fn a_pass_is_its_polygon_and_a_transponder_watches_nothing() {
        let mut satellite = radar("s1", 0.0, 0.0);
        (satellite.kind, satellite.position, satellite.period_s) = (SensorKind::Satellite, None, 5_400.0);
        let places = [[0.0, 0.0], [2_000.0, 0.0]];
        assert_eq!(sees(&satellite, &[Look::Polygon(square(1_000.0))], 60, &places), [0.9, 0.0]);
        assert_eq!(sees(&satellite, &[Look::Polygon(square(1_000.0))], 61, &places), [0.0, 0.0]);
        assert_eq!(sees(&satellite, &[Look::FieldOfView], 0, &places), [0.0, 0.0], "it does not say where");
        let mut ais = radar("a1", 0.0, 0.0);
        ais.kind = SensorKind::Transponder;
        assert_eq!(sees(&ais, &[Look::FieldOfView], 0, &places), [0.0, 0.0]);
    }
}
