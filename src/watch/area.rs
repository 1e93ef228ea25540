//! Probability that something uncertain is inside a piece of ground.
//!
//! In: a polygon, perhaps with a floor and a ceiling, and a Gaussian position. Out: P(inside). The plane is the sector's
//! tangent plane, metres east and north.

use super::band::Band;
use super::line::{Point, Polyline, plane};
use crate::geo::LocalFrame;
use crate::watch::agreement::{Line, Zone};

/// East-east, east-north, north-north, metres².
pub(super) type Covariance = [f64; 3];

/// Half the width of the integration, standard deviations: what lies beyond is 6e-5 and shared out.
const HALF_WIDTH: f64 = 4.0;
/// Strips across it; halving their width changes no probability of the tests by 1e-3.
const STRIPS: u32 = 40;
/// Beyond this many standard deviations from its boundary one is inside or outside for certain.
const CERTAIN: f64 = 6.0;
/// No position is known better than this, metres².
const LEAST_VARIANCE_M2: f64 = 1e-4;

/// P(a standard normal variable ≤ z).
pub(super) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Sum of two covariances.
pub(super) fn plus(a: Covariance, b: Covariance) -> Covariance {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// A zone in the tangent plane.
#[derive(Clone, Debug)]
pub(super) struct Area {
    ground: Ground,
    floor_m: Option<f64>,
    ceiling_m: Option<f64>,
}

#[derive(Clone, Debug)]
enum Ground {
    Ring(Polyline),
    Band(Band),
}

impl Area {
    /// A zone of the agreement as seen in the sector's frame; a band lies beside one of `lines`.
    pub(super) fn new(frame: &LocalFrame, zone: &Zone, lines: &[Line]) -> Self {
        let ground = match &zone.band {
            Some(band) => Ground::Band(Band::new(frame, band, lines)),
            None => {
                let mut corners = plane(frame, &zone.polygon);
                corners.extend(corners.first().copied());
                Ground::Ring(Polyline::new(&corners))
            }
        };
        Self { ground, floor_m: zone.floor_m, ceiling_m: zone.ceiling_m }
    }

    /// Lowest and highest east and north.
    pub(super) fn corners(&self) -> [Point; 2] {
        let ring = match &self.ground {
            Ground::Ring(ring) => ring,
            Ground::Band(band) => return band.corners(),
        };
        let start = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        if ring.points().is_empty() {
            return [[0.0; 2]; 2];
        }
        ring.points().iter().fold(start, |[low, high], p| {
            [[low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]]
        })
    }

    /// The middle of its box, and the covariance of an even spread over it.
    pub(super) fn middle(&self) -> (Point, Covariance) {
        let [low, high] = self.corners();
        let side = [high[0] - low[0], high[1] - low[1]];
        let at = [low[0] + side[0] / 2.0, low[1] + side[1] / 2.0];
        (at, [side[0] * side[0] / 12.0, 0.0, side[1] * side[1] / 12.0])
    }

    /// Whether a place is inside, whatever its height.
    pub(super) fn encloses(&self, at: Point) -> bool {
        match &self.ground {
            Ground::Ring(ring) => ring.encloses(at),
            Ground::Band(band) => band.encloses(at),
        }
    }

    /// Whether a position could matter here: inside the zone's box or at most `reach_m` outside it.
    pub(super) fn near(&self, at: Point, reach_m: f64) -> bool {
        match &self.ground {
            Ground::Ring(ring) => ring.bounds().within(at, reach_m),
            Ground::Band(band) => band.near(at, reach_m),
        }
    }

    /// P(inside), of a Gaussian position and a height (with its one-sigma error) where one is known. An unknown height
    /// is taken to be between floor and ceiling: a zone that bars aircraft names them as its class.
    pub(super) fn inside(&self, at: Point, covariance: Covariance, altitude_m: Option<(f64, f64)>) -> f64 {
        let heights = altitude_m.map_or(1.0, |(height_m, sigma_m)| {
            let sigma_m = sigma_m.max(0.1);
            let below = |bound_m: f64| normal_cdf((bound_m - height_m) / sigma_m);
            (self.ceiling_m.map_or(1.0, below) - self.floor_m.map_or(0.0, below)).max(0.0)
        });
        let probability = heights * self.inside_plan(at, covariance);
        if probability.is_finite() { probability.clamp(0.0, 1.0) } else { 0.0 }
    }

    fn inside_plan(&self, at: Point, covariance: Covariance) -> f64 {
        let east = covariance[0].max(LEAST_VARIANCE_M2);
        let north = covariance[2].max(LEAST_VARIANCE_M2);
        if !(east + north).is_finite() || !covariance[1].is_finite() || !(at[0] + at[1]).is_finite() {
            return 0.0;
        }
        let ring = match &self.ground {
            Ground::Ring(ring) => ring,
            Ground::Band(band) => return band.inside(at, [east, covariance[1], north]),
        };
        // The trace bounds the largest eigenvalue.
        if ring.nearest(at, CERTAIN * (east + north).sqrt()).is_none() {
            return if ring.encloses(at) { 1.0 } else { 0.0 };
        }
        // Cholesky: east = l11 u, north = l21 u + l22 w, with u and w independent standard normal variables.
        let l11 = east.sqrt();
        let l21 = covariance[1] / l11;
        let l22 = (north - l21 * l21).max(LEAST_VARIANCE_M2).sqrt();
        let whitened: Vec<Point> = ring
            .points()
            .iter()
            .map(|corner| {
                let u = (corner[0] - at[0]) / l11;
                [u, (corner[1] - at[1] - l21 * u) / l22]
            })
            .collect();
        integrate(&whitened)
    }
}

/// The mass of a standard normal density in two dimensions inside a closed ring: strips in u, exact in w.
fn integrate(ring: &[Point]) -> f64 {
    let width = 2.0 * HALF_WIDTH / f64::from(STRIPS);
    let (mut inside, mut total) = (0.0, 0.0);
    let mut cuts = Vec::with_capacity(8);
    let mut lower = normal_cdf(-HALF_WIDTH);
    for strip in 0..STRIPS {
        let from = f64::from(strip) * width - HALF_WIDTH;
        let upper = normal_cdf(from + width);
        let weight = upper - lower;
        lower = upper;
        let middle = from + 0.5 * width;
        cuts.clear();
        for ends in ring.windows(2) {
            let (a, b) = (ends[0], ends[1]);
            if (a[0] > middle) != (b[0] > middle) {
                cuts.push(a[1] + (middle - a[0]) / (b[0] - a[0]) * (b[1] - a[1]));
            }
        }
        cuts.sort_unstable_by(f64::total_cmp);
        let covered: f64 = cuts.chunks_exact(2).map(|pair| normal_cdf(pair[1]) - normal_cdf(pair[0])).sum();
        inside += weight * covered;
        total += weight;
    }
    inside / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{Enu, Geodetic};

    fn square(half_m: f64) -> Area {
        let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
        let corner = |east_m, north_m| {
            let at = frame.to_geodetic(Enu { east_m, north_m, up_m: 0.0 });
            Geodetic { altitude_m: 0.0, ..at }
        };
        let polygon = vec![
            corner(-half_m, -half_m),
            corner(half_m, -half_m),
            corner(half_m, half_m),
            corner(-half_m, half_m),
        ];
        let zone = Zone { id: "z".into(), polygon, band: None, floor_m: Some(0.0), ceiling_m: Some(100.0) };
        Area::new(&frame, &zone, &[])
    }

    #[test]
    fn a_gaussian_over_a_square_is_a_product_of_two_errors() {
        // P(|x| < 100)² with σ = 50: (2 Φ(2) - 1)² = 0.954500² = 0.911070.
        let area = square(100.0);
        assert!((area.inside([0.0, 0.0], [2500.0, 0.0, 2500.0], None) - 0.911_070).abs() < 2e-3);
        // On an edge half of it: (Φ(4) - Φ(0)) · 0.9545.
        assert!((area.inside([100.0, 0.0], [2500.0, 0.0, 2500.0], None) - 0.477_22).abs() < 2e-3);
        // A corner and σ = 1 m: a quarter.
        assert!((area.inside([100.0, 100.0], [1.0, 0.0, 1.0], None) - 0.25).abs() < 2e-3);
        // Correlated, along the diagonal through a corner: P(u < 0 and v < 0) = 1/4 + asin(ρ)/(2π), ρ = 0.8.
        let expected = 0.25 + libm::asin(0.8) / std::f64::consts::TAU;
        assert!((area.inside([100.0, 100.0], [1.0, 0.8, 1.0], None) - expected).abs() < 2e-3);
    }

    #[test]
    fn far_in_and_far_out_are_certain() {
        let area = square(1000.0);
        assert_eq!(area.inside([0.0, 0.0], [1.0, 0.0, 1.0], None).to_bits(), 1f64.to_bits());
        assert_eq!(area.inside([5000.0, 0.0], [1.0, 0.0, 1.0], None).to_bits(), 0f64.to_bits());
    }

    #[test]
    fn a_known_height_counts() {
        let area = square(1000.0);
        let at = |height_m| area.inside([0.0, 0.0], [1.0, 0.0, 1.0], Some((height_m, 5.0)));
        assert!(at(50.0) > 0.999);
        assert!((at(100.0) - 0.5).abs() < 1e-6);
        assert!(at(200.0) < 1e-6);
    }
}
