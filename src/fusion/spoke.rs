//! Which detections of a look lie behind a nearer one in the same direction.
//!
//! In: polar detections of one look. Out: per detection whether something nearer stands before it, and what share of the
//! field lies behind something. A strong echo near a radar throws others behind itself, out to the end of its range:
//! waves lit twice, reflections between it and the mast. Whether a sensor does that is learned in `clutter`; here is only
//! the geometry.

use std::f64::consts::TAU;

use super::measure::{Kind, Measured};

/// Directions are the same within this many standard deviations of the azimuth,
const SIGMAS: f64 = 2.0;
/// and finer than this they are not told apart, radians.
const LEAST_WIDTH: f64 = 0.01;
/// Nearer by this factor: closer together they may be one thing.
const NEARER: f64 = 0.8;

/// Buffers kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Spokes {
    /// Nearest range per direction.
    nearest: Vec<f64>,
    /// Direction and range of each detection; a range of none for what is not polar.
    seen: Vec<(usize, f64)>,
    /// Per detection.
    pub behind: Vec<bool>,
}

impl Spokes {
    /// Fills `behind`; the share of a field of `width_rad` out to `range_m` that lies behind something.
    pub(super) fn find(&mut self, measured: &[Measured], width_rad: f64, range_m: f64) -> f64 {
        self.behind.clear();
        self.behind.resize(measured.len(), false);
        let var = |m: &Measured| if let Kind::Polar { azimuth, .. } = m.kind { azimuth.var } else { 0.0 };
        let widest = measured.iter().map(var).fold(0.0, f64::max);
        if widest == 0.0 || measured.len() < 2 {
            return 0.0;
        }
        let count = TAU / (SIGMAS * widest.sqrt()).max(LEAST_WIDTH);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 629")]
        let bins = count.max(1.0) as usize;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in [0, bins)")]
        let bin = |azimuth: f64| ((azimuth / TAU * bins as f64) as usize).min(bins - 1);
        self.seen.clear();
        self.seen.extend(measured.iter().map(|m| match m.kind {
            Kind::Polar { range_m, towards, .. } => {
                let azimuth = libm::atan2(towards[0], towards[1]);
                (bin(if azimuth < 0.0 { azimuth + TAU } else { azimuth }), range_m)
            }
            _ => (0, f64::NAN),
        }));
        self.nearest.clear();
        self.nearest.resize(bins, f64::INFINITY);
        for (at, range) in &self.seen {
            self.nearest[*at] = self.nearest[*at].min(*range);
        }
        let before = |at: usize| {
            let sides = [self.nearest[(at + bins - 1) % bins], self.nearest[(at + 1) % bins]];
            sides.into_iter().fold(self.nearest[at], f64::min)
        };
        for (behind, (at, range)) in self.behind.iter_mut().zip(&self.seen) {
            *behind = before(*at) < NEARER * range;
        }
        let free = |at: usize| (before(at) / (NEARER * range_m)).min(1.0);
        let covered: f64 = (0..bins).map(|at| 1.0 - free(at) * free(at)).sum();
        (covered * TAU / (bins as f64 * width_rad.clamp(1e-3, TAU))).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::measure::Site;
    use crate::fusion::registration::Correction;
    use crate::fusion::testing::sector;
    use crate::geo::Geodetic;
    use crate::scan::{Detection, Measurement, Polar};

    fn found(places: &[(f64, f64)]) -> (Vec<bool>, f64) {
        let site = Site::new(&sector(), Geodetic::from_degrees(35.1, 33.4, 0.0));
        let measured: Vec<Measured> = places
            .iter()
            .map(|(range_m, degrees)| {
                let polar = Polar {
                    range_m: *range_m,
                    azimuth_rad: degrees.to_radians(),
                    range_sigma_m: 4.0,
                    azimuth_sigma_rad: 2.5_f64.to_radians(),
                    elevation_rad: None,
                    range_rate: None,
                };
                let detection = Detection::new(Measurement::Polar(polar));
                Measured::new(&sector(), &site, &detection, 1.0, &Correction::NONE).unwrap()
            })
            .collect();
        let mut spokes = Spokes::default();
        let share = spokes.find(&measured, TAU, 600.0);
        (spokes.behind, share)
    }

    #[test]
    fn what_stands_behind_something_is_told() {
        let (behind, share) = found(&[
            (100.0, 298.0),
            (340.0, 300.0),
            (490.0, 296.0),
            (90.0, 120.0),
            (110.0, 121.0),
            (500.0, 20.0),
        ]);
        assert_eq!(behind, [false, true, true, false, false, false]);
        // Three directions of five degrees each behind three things, hardly any before the last: a twelfth or so.
        assert!((0.06..0.13).contains(&share), "{share}");
    }

    #[test]
    fn north_is_no_border() {
        assert_eq!(found(&[(100.0, 359.5), (400.0, 0.5)]).0, [false, true]);
        assert_eq!(found(&[(100.0, 359.5)]), (vec![false], 0.0));
    }
}
