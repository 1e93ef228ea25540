//! What is taken off a sensor's reports before they are used: its estimated biases.
//!
//! In: a bias per axis with its variance, and how much noisier it is than told. Out: corrected ranges, azimuths, places and times, their noise the larger for
//! what the bias is not known to. Bias is reported − true. Knows no track and not how the bias was found.

use serde::{Deserialize, Serialize};

use super::{AXES, Axis};
use crate::fusion::measure::Site;
use crate::scan::Polar;
use crate::time::Span;

/// Least range left after a correction, metres: a range is positive.
const LEAST_RANGE_M: f64 = 1.0;

/// The biases in force for one sensor; zero with variance zero where nothing is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::fusion) struct Correction {
    /// By [`Axis`]: metres, radians clockwise, metres east, metres north, seconds.
    pub value: [f64; AXES],
    /// Its variance, in the squares of those units.
    pub variance: [f64; AXES],
    /// What its told variances are multiplied by.
    pub noise: f64,
}

impl Correction {
    /// Everything as reported.
    pub(in crate::fusion) const NONE: Self = Self { value: [0.0; AXES], variance: [0.0; AXES], noise: 1.0 };

    /// A range and azimuth as the sensor would have reported them without bias.
    pub(in crate::fusion) fn polar(&self, polar: &Polar) -> Polar {
        let [range, azimuth] = [Axis::Range, Axis::Azimuth].map(Axis::index);
        let widened = |sigma: f64, var: f64| {
            // As told, to the last bit, where nothing is known better.
            if var > 0.0 || (self.noise - 1.0).abs() > 1e-12 {
                (self.noise * sigma * sigma + var).sqrt()
            } else {
                sigma
            }
        };
        Polar {
            range_m: (polar.range_m - self.value[range]).max(LEAST_RANGE_M.min(polar.range_m)),
            azimuth_rad: polar.azimuth_rad - self.value[azimuth],
            range_sigma_m: widened(polar.range_sigma_m, self.variance[range]),
            azimuth_sigma_rad: widened(polar.azimuth_sigma_rad, self.variance[azimuth]),
            ..*polar
        }
    }

    /// An azimuth and its variance without bias.
    pub(in crate::fusion) fn azimuth(&self, azimuth_rad: f64, var: f64) -> (f64, f64) {
        let axis = Axis::Azimuth.index();
        (azimuth_rad - self.value[axis], self.noise * var + self.variance[axis])
    }

    /// A position in the plane and its noise without bias.
    pub(in crate::fusion) fn place(&self, z: [f64; 2], r: [f64; 3]) -> ([f64; 2], [f64; 3]) {
        let [east, north] = [Axis::East, Axis::North].map(Axis::index);
        (
            [z[0] - self.value[east], z[1] - self.value[north]],
            [
                self.noise * r[0] + self.variance[east],
                self.noise * r[1],
                self.noise * r[2] + self.variance[north],
            ],
        )
    }

    /// Where a sensor that measures from its own place really stands.
    pub(in crate::fusion) fn site(&self, site: &Site) -> Site {
        let [east, north] = [Axis::East, Axis::North].map(Axis::index);
        Site {
            at: [site.at[0] - self.value[east], site.at[1] - self.value[north]],
            position_var: site.position_var + 0.5 * (self.variance[east] + self.variance[north]),
            ..*site
        }
    }

    /// How much later than stamped a look was made: minus the clock's bias.
    pub(in crate::fusion) fn shift(&self) -> Span {
        Span::from_secs_f64(-self.value[Axis::Clock.index()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_too_large_is_made_smaller() {
        let correction = Correction {
            value: [80.0, 0.03, 5.0, -7.0, 1.0],
            variance: [16.0, 1e-6, 4.0, 2.0, 0.01],
            noise: 1.0,
        };
        let polar = Polar {
            range_m: 1_080.0,
            azimuth_rad: 0.53,
            range_sigma_m: 3.0,
            azimuth_sigma_rad: 0.0,
            elevation_rad: None,
            range_rate: None,
        };
        let made = correction.polar(&polar);
        assert!((made.range_m - 1_000.0).abs() < 1e-9 && (made.azimuth_rad - 0.5).abs() < 1e-12);
        assert!((made.range_sigma_m - 5.0).abs() < 1e-12 && (made.azimuth_sigma_rad - 1e-3).abs() < 1e-12);
        let (z, r) = correction.place([105.0, 193.0], [10.0, 1.0, 10.0]);
        assert!((z[0] - 100.0).abs() < 1e-12 && (z[1] - 200.0).abs() < 1e-12);
        assert!(r.iter().zip([14.0, 1.0, 12.0]).all(|(r, want)| (r - want).abs() < 1e-12), "{r:?}");
        assert_eq!(
            correction.shift(),
            Span::from_secs(-1),
            "what is stamped a second late was a second before"
        );
    }

    #[test]
    fn a_range_stays_positive() {
        let correction = Correction { value: [80.0, 0.0, 0.0, 0.0, 0.0], ..Correction::NONE };
        let near = Polar {
            range_m: 0.4,
            azimuth_rad: 0.0,
            range_sigma_m: 3.0,
            azimuth_sigma_rad: 0.1,
            elevation_rad: None,
            range_rate: None,
        };
        assert!((correction.polar(&near).range_m - 0.4).abs() < 1e-12);
    }

    #[test]
    fn noise_that_was_told_wrongly_is_put_right() {
        let correction = Correction { noise: 4.0, ..Correction::NONE };
        let polar = Polar {
            range_m: 1_000.0,
            azimuth_rad: 0.5,
            range_sigma_m: 3.0,
            azimuth_sigma_rad: 0.01,
            elevation_rad: None,
            range_rate: None,
        };
        let made = correction.polar(&polar);
        assert!((made.range_sigma_m - 6.0).abs() < 1e-12 && (made.azimuth_sigma_rad - 0.02).abs() < 1e-12);
        assert_eq!(correction.place([1.0, 2.0], [3.0, 1.0, 5.0]), ([1.0, 2.0], [12.0, 4.0, 20.0]));
        assert_eq!(Correction::NONE.polar(&polar), polar);
    }
}
