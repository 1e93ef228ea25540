//! Ground between two distances from a line, on one side of it.
//!
//! In: a line, a side and two distances; a Gaussian position. Out: P(inside). What counts is the signed distance to the
//! line's nearest point: an inner corner of the line does not thin the band, an outer one rounds it. Like the line, a band
//! exists only beside it: past a line's ends no side is determined, and nothing is inside.
//!
//! P(inside) takes the line to be straight as far as the position is uncertain, that is: the normal of its nearest point
//! holds for all of it, and near an end the distance to the line and the way past its end are taken for independent. For
//! a position ten times better known than the band is wide and the line bends, that is exact to 0.01.

use super::area::{Covariance, normal_cdf};
use super::line::{Point, Polyline, plane};
use crate::geo::LocalFrame;
use crate::watch::agreement::{self, Flank, Line};

/// A band in the tangent plane.
#[derive(Clone, Debug)]
pub(super) struct Band {
    line: Polyline,
    /// 1 on the left, -1 on the right.
    sign: f64,
    from_m: f64,
    to_m: f64,
}

impl Band {
    /// A band of the agreement as seen in the sector's frame; beside a line that is not there it is nowhere.
    pub(super) fn new(frame: &LocalFrame, band: &agreement::Band, lines: &[Line]) -> Self {
        let vertices = lines.get(band.line).map_or(Vec::new(), |line| plane(frame, &line.vertices));
        let sign = if band.flank == Flank::Left { 1.0 } else { -1.0 };
        Self { line: Polyline::new(&vertices), sign, from_m: band.from_m, to_m: band.to_m }
    }

    /// Lowest and highest east and north that may be inside.
    pub(super) fn corners(&self) -> [Point; 2] {
        let mut found: Option<[Point; 2]> = None;
        for &[east, north] in self.line.points() {
            let [low, high] = found.unwrap_or([[east, north]; 2]);
            found = Some([[low[0].min(east), low[1].min(north)], [high[0].max(east), high[1].max(north)]]);
        }
        let [low, high] = found.unwrap_or_default();
        [[low[0] - self.to_m, low[1] - self.to_m], [high[0] + self.to_m, high[1] + self.to_m]]
    }

    /// Whether a place is inside.
    pub(super) fn encloses(&self, at: Point) -> bool {
        let nearest = self.line.nearest(at, self.to_m).filter(|nearest| nearest.beside);
        nearest.is_some_and(|nearest| {
            let own_m = self.sign * nearest.signed_m;
            own_m >= self.from_m && own_m <= self.to_m
        })
    }

    /// Whether a place is inside or at most `reach_m` outside of where it may be.
    pub(super) fn near(&self, at: Point, reach_m: f64) -> bool {
        self.line.bounds().within(at, self.to_m + reach_m)
    }

    /// P(inside), of a Gaussian position.
    pub(super) fn inside(&self, at: Point, covariance: Covariance) -> f64 {
        let Some(nearest) = self.line.nearest(at, f64::MAX) else { return 0.0 };
        let sigma_m = sigma_along(covariance, nearest.normal);
        let own_m = self.sign * nearest.signed_m;
        let within = normal_cdf((self.to_m - own_m) / sigma_m) - normal_cdf((self.from_m - own_m) / sigma_m);
        let beside = self
            .line
            .inward(at, f64::MAX)
            .map_or(1.0, |(inward_m, direction)| normal_cdf(inward_m / sigma_along(covariance, direction)));
        within.max(0.0) * beside
    }
}

fn sigma_along(covariance: Covariance, [u, v]: Point) -> f64 {
    (u * u * covariance[0] + 2.0 * u * v * covariance[1] + v * v * covariance[2]).max(1e-6).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{frame, geodetic};

    /// Along the east axis from -10 to 10 km, then north for 10 km: left is north-west.
    fn bent(flank: Flank, from_m: f64, to_m: f64) -> Band {
        let vertices = vec![geodetic(-10_000.0, 0.0), geodetic(10_000.0, 0.0), geodetic(10_000.0, 10_000.0)];
        let line = Line { id: "l".into(), left: "a".into(), right: "b".into(), vertices };
        Band::new(&frame(), &agreement::Band { line: 0, flank, from_m, to_m }, &[line])
    }

    const ROUND: Covariance = [10_000.0, 0.0, 10_000.0];

    #[test]
    fn a_gaussian_between_two_distances_is_a_difference_of_two_errors() {
        let band = bent(Flank::Left, 1000.0, 1200.0);
        // σ = 100 m in the middle: Φ(1) - Φ(-1) = 0.682689; on the inner edge Φ(2) - Φ(0) = 0.477250.
        for (north_m, expected) in [(1100.0, 0.682_689), (1000.0, 0.477_250), (-1100.0, 0.0)] {
            assert!((band.inside([-5000.0, north_m], ROUND) - expected).abs() < 2e-3, "{north_m}");
        }
        let other = bent(Flank::Right, 1000.0, 1200.0);
        assert!((other.inside([-5000.0, -1100.0], ROUND) - 0.682_689).abs() < 2e-3);
    }

    #[test]
    fn it_ends_where_the_line_ends() {
        let band = bent(Flank::Left, 0.0, 5000.0);
        assert!((band.inside([-10_000.0, 2500.0], ROUND) - 0.5).abs() < 2e-3, "abreast of the end");
        assert!((band.inside([-10_100.0, 2500.0], ROUND) - 0.158_655).abs() < 2e-3);
        assert!(band.inside([-11_000.0, 100.0], ROUND) < 1e-9);
        assert!(!band.encloses([-10_001.0, 100.0]) && band.encloses([-9_999.0, 100.0]));
    }

    #[test]
    fn an_outer_corner_is_round_and_an_inner_one_is_no_gap() {
        let outer = bent(Flank::Right, 0.0, 5000.0);
        assert!(outer.encloses([13_000.0, -3000.0]), "4.24 km from the corner");
        assert!(!outer.encloses([14_000.0, -4000.0]), "5.66 km");
        let inner = bent(Flank::Left, 4000.0, 5000.0);
        assert!(
            inner.encloses([5500.0, 4500.0]) && !inner.encloses([8000.0, 4500.0]),
            "2 km from the other leg"
        );
    }

    #[test]
    fn beside_a_line_that_is_not_there_is_nowhere() {
        let band = Band::new(
            &frame(),
            &agreement::Band { line: 7, flank: Flank::Left, from_m: 0.0, to_m: 9.0 },
            &[],
        );
        assert!(!band.encloses([0.0, 0.0]) && band.inside([0.0, 0.0], ROUND) <= 0.0);
        assert!(band.corners().iter().flatten().all(|x| x.is_finite()));
    }
}
