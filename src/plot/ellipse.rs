//! The ellipse that holds a Gaussian position with 95 % probability.
//!
//! In: a covariance, metres². Out: its axes and points on it, metres east and north.

use super::clip::Point;

/// The 95 % point of χ² with two degrees of freedom: −2 ln 0.05.
const CHI_SQ_95: f64 = 5.991_464_547_107_98;
/// Sides of an ellipse drawn as a polygon.
const SIDES: std::ops::RangeInclusive<f64> = 12.0..=72.0;

/// An ellipse about some centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ellipse {
    /// Half its longer axis, metres.
    pub major_m: f64,
    /// Half its shorter axis, metres.
    pub minor_m: f64,
    /// From east to its longer axis, anticlockwise, radians.
    pub turned_rad: f64,
}

impl Ellipse {
    /// The 95 % ellipse of a covariance: east-east, east-north, north-north, metres². Nothing for what is none.
    pub(super) fn of(cov_m2: [f64; 3]) -> Option<Self> {
        let [ee, en, nn] = cov_m2;
        let mean = 0.5 * (ee + nn);
        let apart = libm::hypot(0.5 * (ee - nn), en);
        let sound = mean.is_finite() && apart.is_finite() && ee >= 0.0 && nn >= 0.0;
        sound.then(|| Self {
            major_m: (CHI_SQ_95 * (mean + apart)).sqrt(),
            minor_m: (CHI_SQ_95 * (mean - apart).max(0.0)).sqrt(),
            turned_rad: 0.5 * libm::atan2(2.0 * en, ee - nn),
        })
    }

    /// Points around it, the first one again at the end: as many as asked for, within reason.
    pub(super) fn points(&self, centre: Point, sides: f64) -> Vec<Point> {
        let (sin, cos) = libm::sincos(self.turned_rad);
        let sides = libm::round(sides.clamp(*SIDES.start(), *SIDES.end()));
        let steps =
            std::iter::successors(Some(0.0), |step| Some(step + 1.0)).take_while(|step| *step < sides);
        let around = steps.chain([0.0]).map(|step| step * std::f64::consts::TAU / sides);
        around
            .map(|angle| {
                let (along, across) = (self.major_m * libm::cos(angle), self.minor_m * libm::sin(angle));
                [centre[0] + cos * along - sin * across, centre[1] + sin * along + cos * across]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_those_worked_by_hand() {
        // 25 along (0.8, 0.6) and 4 along (-0.6, 0.8): 25 u uᵀ + 4 v vᵀ; the axes are √χ² = 2.447747 times 5 and 2.
        let found = Ellipse::of([17.44, 10.08, 11.56]).unwrap();
        assert!((found.major_m - 12.238_734).abs() < 1e-5, "{found:?}");
        assert!((found.minor_m - 4.895_494).abs() < 1e-5, "{found:?}");
        assert!((found.turned_rad - 0.643_501_1).abs() < 1e-6, "atan2(3, 4): {found:?}");
    }

    #[test]
    fn a_circle_and_a_needle() {
        let round = Ellipse::of([9.0, 0.0, 9.0]).unwrap();
        assert!((round.major_m - round.minor_m).abs() < 1e-12 && (round.major_m - 7.343_240).abs() < 1e-5);
        let needle = Ellipse::of([0.0, 0.0, 1.0]).unwrap();
        assert!((needle.turned_rad - std::f64::consts::FRAC_PI_2).abs() < 1e-12 && needle.minor_m < 1e-12);
        assert_eq!(Ellipse::of([f64::NAN, 0.0, 1.0]), None);
        assert_eq!(Ellipse::of([-1.0, 0.0, 4.0]), None);
    }

    #[test]
    fn its_points_lie_on_it() {
        let (cov, centre) = ([17.44, 10.08, 11.56], [100.0, -50.0]);
        let points = Ellipse::of(cov).unwrap().points(centre, 30.0);
        assert_eq!(points.first(), points.last());
        assert_eq!(points.len(), 31);
        let det = cov[0] * cov[2] - cov[1] * cov[1];
        for p in points {
            let [e, n] = [p[0] - centre[0], p[1] - centre[1]];
            let d_sq = (cov[2] * e * e - 2.0 * cov[1] * e * n + cov[0] * n * n) / det;
            assert!((d_sq - CHI_SQ_95).abs() < 1e-6, "{d_sq}");
        }
    }
}
