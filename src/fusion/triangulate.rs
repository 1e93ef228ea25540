//! Where two directions meet: the geometry of sensors that give bearings only.
//!
//! In: two rays, each from its own site. Out: the place they agree on with its covariance, or nothing where they are
//! too nearly parallel, meet behind a sensor or beyond its range. Two bearings are two equations for two unknowns: least
//! squares, iterated to its end, leaves no residual and lies at the intersection, so it is computed as such, and its
//! covariance is (JᵀR⁻¹J)⁻¹ there. Knows no track; what agrees by chance is weighed in `crossing`.

use serde::{Deserialize, Serialize};

/// Sites nearer to each other than this see the same side of everything, metres.
const LEAST_BASELINE_M: f64 = 20.0;
/// Nothing is taken to be nearer to a sensor than this, metres.
const LEAST_RANGE_M: f64 = 5.0;
/// Rays meet at this angle at least, as a sine,
const LEAST_SINE: f64 = 0.05;
/// and at this many standard deviations of it: else the meeting's place is anybody's guess.
const ANGLE_SIGMAS: f64 = 5.0;

/// A direction in which something was seen, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ray {
    /// East and north in the plane.
    pub site: [f64; 2],
    /// Unit vector in the plane.
    pub towards: [f64; 2],
    /// Variance of the direction, radians².
    pub var: f64,
    /// Variance across the ray that does not grow with distance: the site's own, and what the target may have moved
    /// between this ray and the other, metres².
    pub drift_var: f64,
    /// Nothing is seen beyond, metres.
    pub reach_m: f64,
}

/// Where two rays meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Meeting {
    /// East and north in the plane.
    pub at: [f64; 2],
    /// Its covariance: ee, en, nn.
    pub r: [f64; 3],
    /// Ground per unit of both directions, metres² per radian²: by how much a density on the ground becomes one of
    /// pairs of bearings.
    pub ground_m2: f64,
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// The meeting of two rays, if there is one that says something.
pub(super) fn meet(a: &Ray, b: &Ray) -> Option<Meeting> {
    let base = [b.site[0] - a.site[0], b.site[1] - a.site[1]];
    if base[0] * base[0] + base[1] * base[1] < LEAST_BASELINE_M * LEAST_BASELINE_M {
        return None;
    }
    let sine = cross(a.towards, b.towards);
    let least = LEAST_SINE.max(ANGLE_SIGMAS * (a.var + b.var).sqrt());
    if sine.is_nan() || sine.abs() < least {
        return None;
    }
    let (from_a, from_b) = (cross(base, b.towards) / sine, cross(base, a.towards) / sine);
    let within = |range_m: f64, ray: &Ray| (LEAST_RANGE_M..=ray.reach_m).contains(&range_m);
    if !within(from_a, a) || !within(from_b, b) {
        return None;
    }
    let at = [a.site[0] + from_a * a.towards[0], a.site[1] + from_a * a.towards[1]];
    let across = |range_m: f64, ray: &Ray| range_m * range_m * ray.var + ray.drift_var;
    let (va, vb) = (across(from_a, a), across(from_b, b));
    // JᵀR⁻¹J = n nᵀ/va + m mᵀ/vb with n, m normal to the rays; its inverse has the directions themselves.
    let over = 1.0 / (sine * sine);
    let entry =
        |i: usize, j: usize| (vb * a.towards[i] * a.towards[j] + va * b.towards[i] * b.towards[j]) * over;
    let made =
        Meeting { at, r: [entry(0, 0), entry(0, 1), entry(1, 1)], ground_m2: from_a * from_b / sine.abs() };
    let det = made.r[0] * made.r[2] - made.r[1] * made.r[1];
    (det > 0.0 && det.is_finite() && made.at.iter().all(|v| v.is_finite())).then_some(made)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ray(site: [f64; 2], azimuth_rad: f64, sigma_rad: f64) -> Ray {
        let (sin, cos) = libm::sincos(azimuth_rad);
        Ray { site, towards: [sin, cos], var: sigma_rad * sigma_rad, drift_var: 0.0, reach_m: 5_000.0 }
    }

    #[test]
    fn two_bearings_agree_where_an_outsider_says() {
        // scipy.optimize.least_squares on both azimuths (0.01 and 0.02 rad) from (0, 100), and inv(J.T @ J) by central
        // differences: sites (-200, 0) and (200, 50), target (30, 260).
        let a = ray([-200.0, 0.0], 0.724_250_000_748_147, 0.01);
        let b = ray([200.0, 50.0], -0.680_521_224_667_214_4, 0.02);
        let met = meet(&a, &b).unwrap();
        let expected = [30.0, 260.0, 18.083_291_45, 8.839_431_706, 24.324_962_76];
        for (got, want) in met.at.iter().chain(&met.r).zip(expected) {
            assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{met:?}");
        }
        assert_eq!(meet(&b, &a).map(|m| m.ground_m2), Some(met.ground_m2), "whichever comes first");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let a = ray([0.0, 0.0], 0.5, 0.01);
        assert!(meet(&a, &ray([300.0, 0.0], 0.5, 0.01)).is_none(), "parallel");
        assert!(meet(&a, &ray([300.0, 0.0], 0.9, 0.01)).is_none(), "behind both");
        assert!(meet(&a, &ray([300.0, 0.0], 3.0, 0.01)).is_none(), "behind one");
        assert!(meet(&a, &ray([1.0, 0.0], -0.5, 0.01)).is_none(), "from one place");
        assert!(meet(&a, &ray([300.0, 0.0], -0.5, 0.2)).is_none(), "too coarse");
        let short = Ray { reach_m: 200.0, ..ray([300.0, 0.0], -0.5, 0.01) };
        assert!(meet(&a, &short).is_none(), "beyond what one can see");
        assert!(meet(&a, &ray([300.0, 0.0], -0.5, 0.01)).is_some());
    }

    proptest! {
        #[test]
        fn whatever_meets_is_finite_and_definite(
            site in (-500.0..500.0_f64, -500.0..500.0_f64), azimuths in (-7.0..7.0_f64, -7.0..7.0_f64),
            sigmas in (0.0..0.3_f64, 1e-9..0.3_f64), drift in 0.0..100.0_f64, broken in 0..8_u8,
        ) {
            let mut a = ray([0.0, 0.0], azimuths.0, sigmas.0);
            let mut b = ray([site.0, site.1], azimuths.1, sigmas.1);
            a.drift_var = drift;
            match broken {
                0 => b.towards = a.towards,
                1 => b.site = a.site,
                2 => b.towards = [f64::NAN, 0.0],
                3 => a.var = f64::NAN,
                4 => b.site[0] = f64::INFINITY,
                _ => {}
            }
            if let Some(met) = meet(&a, &b) {
                prop_assert!(met.at.iter().chain(&met.r).all(|v| v.is_finite()), "{met:?}");
                prop_assert!(met.r[0] * met.r[2] > met.r[1] * met.r[1] && met.ground_m2 > 0.0);
            }
        }
    }
}
