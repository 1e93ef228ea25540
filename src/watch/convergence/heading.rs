//! Whether a group is on its way to a line.
//!
//! In: where a group is, how it moves and how well that is known, and a line. Out: P(it gets there within a time, if it goes
//! on as it goes). A group may turn or slow down: its velocity is given an error of its own besides that of the mean of
//! its members. The probability is summed over velocities on a lattice. Knows no track.

use crate::watch::area::Covariance;
use crate::watch::line::Point;

/// A group changes its velocity by this share of its speed, and by this at least, m/s: one sigma.
const CHANGES: f64 = 0.15;
const CHANGES_LEAST_MPS: f64 = 0.3;
/// Half the width of the lattice, sigmas, and its points on an axis.
const HALF_WIDTH: f64 = 3.0;
const POINTS: u32 = 13;

/// A group on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub from: Point,
    pub velocity: Point,
    pub velocity_covariance: Covariance,
}

impl Way {
    /// P(it reaches the line within so many seconds).
    pub(super) fn reaches(&self, line: &[Point], within_s: f64) -> f64 {
        let [east, north] = self.velocity;
        let change = (CHANGES * libm::hypot(east, north)).max(CHANGES_LEAST_MPS);
        let [ee, en, nn] = self.velocity_covariance;
        let l11 = (ee + change * change).sqrt();
        let l21 = en / l11;
        let l22 = (nn + change * change - l21 * l21).max(1e-6).sqrt();
        let (mut there, mut all) = (0.0, 0.0);
        for (u, weight_u) in lattice() {
            for (w, weight_w) in lattice() {
                let velocity = [east + l11 * u, north + l21 * u + l22 * w];
                let to = [self.from[0] + within_s * velocity[0], self.from[1] + within_s * velocity[1]];
                let weight = weight_u * weight_w;
                all += weight;
                if line.windows(2).any(|ends| cross(self.from, to, ends[0], ends[1])) {
                    there += weight;
                }
            }
        }
        there / all
    }
}

/// Standard normal deviates with their densities.
fn lattice() -> impl Iterator<Item = (f64, f64)> {
    (0..POINTS).map(|point| {
        let z = HALF_WIDTH * (2.0 * f64::from(point) / f64::from(POINTS - 1) - 1.0);
        (z, libm::exp(-0.5 * z * z))
    })
}

/// Whether two segments meet.
fn cross(a: Point, b: Point, c: Point, d: Point) -> bool {
    let side = |p: Point, q: Point, r: Point| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    let apart = |x: f64, y: f64| x * y > 0.0;
    !apart(side(a, b, c), side(a, b, d)) && !apart(side(c, d, a), side(c, d, b))
}

/// From a point to the nearest of a line.
pub(super) fn distance_m(from: Point, line: &[Point]) -> f64 {
    let to = |ends: &[Point]| {
        let (a, along) = (ends[0], [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]]);
        let squared = along[0] * along[0] + along[1] * along[1];
        let dot = (from[0] - a[0]) * along[0] + (from[1] - a[1]) * along[1];
        let t = if squared > 0.0 { (dot / squared).clamp(0.0, 1.0) } else { 0.0 };
        libm::hypot(from[0] - a[0] - t * along[0], from[1] - a[1] - t * along[1])
    };
    line.windows(2).map(to).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::area::normal_cdf;

    const LINE: [Point; 2] = [[-50_000.0, 0.0], [50_000.0, 0.0]];

    #[test]
    fn towards_a_long_line_only_the_speed_across_counts() {
        // 5 km south at 4 m/s north, sigma² 0.25 + 0.6² : P(v ≥ 5000/1200) = Φ(−0.16667/√0.61).
        let way = Way { from: [0.0, -5_000.0], velocity: [0.0, 4.0], velocity_covariance: [0.25, 0.0, 0.25] };
        let expected = normal_cdf((4.0 - 5_000.0 / 1_200.0) / 0.61_f64.sqrt());
        let found = way.reaches(&LINE, 1_200.0);
        assert!((found - expected).abs() < 0.06, "{found} {expected}");
        assert!(way.reaches(&LINE, 3_600.0) > 0.99);
        assert!(Way { velocity: [0.0, -4.0], ..way }.reaches(&LINE, 3_600.0) < 0.01, "away");
        assert!(Way { velocity: [8.0, 0.0], ..way }.reaches(&LINE, 600.0) < 0.01, "along");
    }

    #[test]
    fn a_line_ends_and_those_who_do_not_agree_go_nowhere() {
        let short = [[-100.0, 0.0], [100.0, 0.0]];
        let way =
            Way { from: [5_000.0, -5_000.0], velocity: [0.0, 8.0], velocity_covariance: [0.1, 0.0, 0.1] };
        assert!(way.reaches(&short, 1_800.0) < 0.01);
        let crowd = Way { from: [0.0, -3_000.0], velocity: [0.0, 0.3], velocity_covariance: [0.3, 0.0, 0.3] };
        assert!(crowd.reaches(&LINE, 1_800.0) < 0.3);
        assert!((distance_m([3_000.0, 400.0], &short) - libm::hypot(2_900.0, 400.0)).abs() < 1e-9);
    }
}
