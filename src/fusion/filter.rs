//! Gaussian states over [e n vₑ vₙ] and the linear steps on them.
//!
//! In: a state, a step or a measurement with its noise. Out: the next state and how well the measurement fitted.
//! Scalar code on the covariance's three blocks: they are symmetric by construction, and the motion models' structure
//! (`F = [I aI; 0 bI]`, `Q` isotropic) costs thirty multiplications instead of a hundred. Knows no track, sensor or
//! clock. Every result is checked: a covariance that is not finite and positive definite is refused.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// A mean and covariance; metres and metres per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gaussian {
    /// East, north, east velocity, north velocity.
    pub x: [f64; 4],
    /// Position block of P: ee, en, nn.
    pub pp: [f64; 3],
    /// Position–velocity block of P: e·vₑ, e·vₙ, n·vₑ, n·vₙ.
    pub pv: [f64; 4],
    /// Velocity block of P: vₑvₑ, vₑvₙ, vₙvₙ.
    pub vv: [f64; 3],
}

/// A motion step over some Δt: position gains `a`·velocity, velocity keeps `b`, isotropic process noise Q.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Step {
    pub a: f64,
    pub b: f64,
    pub q_pp: f64,
    pub q_pv: f64,
    pub q_vv: f64,
}

/// How well a measurement fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// Normalised innovation squared, d² = νᵀS⁻¹ν.
    pub d2: f64,
    /// N(0; 0, S): the density at no innovation, 1 / √((2π)ⁿ|S|).
    pub scale: f64,
}

impl Fit {
    /// N(ν; 0, S).
    #[cfg(test)]
    pub(super) fn density(&self) -> f64 {
        self.scale * libm::exp(-0.5 * self.d2)
    }
}

impl Step {
    /// Straight on for `dt_s` (may be negative) without noise.
    pub(super) const fn shift(dt_s: f64) -> Self {
        Self { a: dt_s, b: 1.0, q_pp: 0.0, q_pv: 0.0, q_vv: 0.0 }
    }
}

/// ν = z − Hx and S = HPHᵀ + R against a position; d² and its scale.
pub(super) fn fit(nu: [f64; 2], s: [f64; 3]) -> Option<Fit> {
    let det = s[0] * s[2] - s[1] * s[1];
    if !(det > 0.0 && s[0] > 0.0 && det.is_finite()) {
        return None;
    }
    let d2 = (s[2] * nu[0] * nu[0] - 2.0 * s[1] * nu[0] * nu[1] + s[0] * nu[1] * nu[1]) / det;
    d2.is_finite().then(|| Fit { d2, scale: 1.0 / (TAU * det.sqrt()) })
}

impl Gaussian {
    /// FPFᵀ + Q.
    #[inline]
    pub(super) fn advanced(&self, step: &Step) -> Self {
        let Step { a, b, q_pp, q_pv, q_vv } = *step;
        let (pp, pv, vv) = (&self.pp, &self.pv, &self.vv);
        Self {
            x: [self.x[0] + a * self.x[2], self.x[1] + a * self.x[3], b * self.x[2], b * self.x[3]],
            pp: [
                pp[0] + a * (2.0 * pv[0] + a * vv[0]) + q_pp,
                pp[1] + a * (pv[1] + pv[2] + a * vv[1]),
                pp[2] + a * (2.0 * pv[3] + a * vv[2]) + q_pp,
            ],
            pv: [
                b * (pv[0] + a * vv[0]) + q_pv,
                b * (pv[1] + a * vv[1]),
                b * (pv[2] + a * vv[1]),
                b * (pv[3] + a * vv[2]) + q_pv,
            ],
            vv: [b * b * vv[0] + q_vv, b * b * vv[1], b * b * vv[2] + q_vv],
        }
    }

    /// Linear update with a position `z` of noise `r` (ee, en, nn): P − KSKᵀ.
    #[inline]
    pub(super) fn with_position(&self, z: [f64; 2], r: [f64; 3]) -> Option<(Self, Fit)> {
        let nu = [z[0] - self.x[0], z[1] - self.x[1]];
        let s = [self.pp[0] + r[0], self.pp[1] + r[1], self.pp[2] + r[2]];
        let fit = fit(nu, s)?;
        let inv = 1.0 / (s[0] * s[2] - s[1] * s[1]);
        let (i0, i1, i2) = (s[2] * inv, -s[1] * inv, s[0] * inv);
        let (pp, pv) = (&self.pp, &self.pv);
        // Rows of PHᵀ: e, n, vₑ, vₙ; K = PHᵀS⁻¹.
        let rows = [[pp[0], pp[1]], [pp[1], pp[2]], [pv[0], pv[2]], [pv[1], pv[3]]];
        let k = rows.map(|[c, d]| [c * i0 + d * i1, c * i1 + d * i2]);
        let mut x = self.x;
        for (x, k) in x.iter_mut().zip(&k) {
            *x += k[0] * nu[0] + k[1] * nu[1];
        }
        let taken = |i: usize, j: usize| k[i][0] * rows[j][0] + k[i][1] * rows[j][1];
        let next = Self {
            x,
            pp: [pp[0] - taken(0, 0), pp[1] - taken(0, 1), pp[2] - taken(1, 1)],
            pv: [pv[0] - taken(0, 2), pv[1] - taken(0, 3), pv[2] - taken(1, 2), pv[3] - taken(1, 3)],
            vv: [self.vv[0] - taken(2, 2), self.vv[1] - taken(2, 3), self.vv[2] - taken(3, 3)],
        };
        next.is_sound().then_some((next, fit))
    }

    /// Linear update with a scalar: innovation `nu` of h·x with noise variance `r`.
    pub(super) fn with_scalar(&self, h: [f64; 4], nu: f64, r: f64) -> Option<(Self, Fit)> {
        let ph = self.times(h);
        let s = h.iter().zip(&ph).map(|(h, ph)| h * ph).sum::<f64>() + r;
        if !(s > 0.0 && s.is_finite() && nu.is_finite()) {
            return None;
        }
        let k = ph.map(|v| v / s);
        let mut x = self.x;
        for (x, k) in x.iter_mut().zip(&k) {
            *x += k * nu;
        }
        let taken = |i: usize, j: usize| k[i] * ph[j];
        let (pp, pv, vv) = (&self.pp, &self.pv, &self.vv);
        let next = Self {
            x,
            pp: [pp[0] - taken(0, 0), pp[1] - taken(0, 1), pp[2] - taken(1, 1)],
            pv: [pv[0] - taken(0, 2), pv[1] - taken(0, 3), pv[2] - taken(1, 2), pv[3] - taken(1, 3)],
            vv: [vv[0] - taken(2, 2), vv[1] - taken(2, 3), vv[2] - taken(3, 3)],
        };
        let fit = Fit { d2: nu * nu / s, scale: 1.0 / (TAU * s).sqrt() };
        next.is_sound().then_some((next, fit))
    }

    /// Ph.
    pub(super) fn times(&self, h: [f64; 4]) -> [f64; 4] {
        let (pp, pv, vv) = (&self.pp, &self.pv, &self.vv);
        [
            pp[0] * h[0] + pp[1] * h[1] + pv[0] * h[2] + pv[1] * h[3],
            pp[1] * h[0] + pp[2] * h[1] + pv[2] * h[2] + pv[3] * h[3],
            pv[0] * h[0] + pv[2] * h[1] + vv[0] * h[2] + vv[1] * h[3],
            pv[1] * h[0] + pv[3] * h[1] + vv[1] * h[2] + vv[2] * h[3],
        ]
    }

    /// The covariance multiplied by `factor`.
    pub(super) fn inflated(&self, factor: f64) -> Self {
        Self {
            x: self.x,
            pp: self.pp.map(|v| v * factor),
            pv: self.pv.map(|v| v * factor),
            vv: self.vv.map(|v| v * factor),
        }
    }

    /// The covariance in full, row by row.
    pub(super) fn covariance(&self) -> [[f64; 4]; 4] {
        let ([ee, en, nn], [ea, eb, na, nb], [aa, ab, bb]) = (self.pp, self.pv, self.vv);
        [[ee, en, ea, eb], [en, nn, na, nb], [ea, na, aa, ab], [eb, nb, ab, bb]]
    }

    /// Finite, and positive definite by the pivots of LDLᵀ.
    #[inline]
    pub(super) fn is_sound(&self) -> bool {
        let (pp, pv, vv) = (&self.pp, &self.pv, &self.vv);
        let det = pp[0] * pp[2] - pp[1] * pp[1];
        if !(pp[0] > 0.0 && pp[2] > 0.0 && det > 0.0) {
            return false;
        }
        // Schur complement of the position block.
        let inv = 1.0 / det;
        let solve = |c: f64, d: f64| [(pp[2] * c - pp[1] * d) * inv, (pp[0] * d - pp[1] * c) * inv];
        let (u, w) = (solve(pv[0], pv[2]), solve(pv[1], pv[3]));
        let s0 = vv[0] - pv[0] * u[0] - pv[2] * u[1];
        let s1 = vv[1] - pv[0] * w[0] - pv[2] * w[1];
        let s2 = vv[2] - pv[1] * w[0] - pv[3] * w[1];
        s0 > 0.0 && s0 * s2 - s1 * s1 > 0.0 && det.is_finite() && self.x.iter().all(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn sample() -> Gaussian {
        Gaussian {
            x: [10.0, 20.0, 1.0, -2.0],
            pp: [4.0, 1.0, 3.0],
            pv: [0.5, 0.2, 0.1, 0.4],
            vv: [2.0, 0.3, 1.0],
        }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} is not {b}");
    }

    #[test]
    fn constant_velocity_step_is_textbook() {
        // F P Fᵀ + Q with dt 2, q 0.5, by numpy 2.
        let (dt, q) = (2.0_f64, 0.5);
        let step =
            Step { a: dt, b: 1.0, q_pp: q * dt * dt * dt / 3.0, q_pv: q * dt * dt / 2.0, q_vv: q * dt };
        let next = sample().advanced(&step);
        for (got, want) in next.x.iter().zip([12.0, 16.0, 1.0, -2.0]) {
            close(*got, want);
        }
        for (got, want) in next.pp.iter().zip([15.333_333_333_333_334, 2.8, 9.933_333_333_333_334]) {
            close(*got, want);
        }
        for (got, want) in next.pv.iter().zip([5.5, 0.8, 0.7, 3.4]) {
            close(*got, want);
        }
        for (got, want) in next.vv.iter().zip([3.0, 0.3, 2.0]) {
            close(*got, want);
        }
    }

    #[test]
    fn position_update_equals_two_scalar_updates() {
        let (z, r) = ([11.5, 18.5], [2.0, 0.0, 0.7]);
        let (both, fit) = sample().with_position(z, r).unwrap();
        let (first, fit_e) = sample().with_scalar([1.0, 0.0, 0.0, 0.0], z[0] - sample().x[0], r[0]).unwrap();
        let (second, fit_n) = first.with_scalar([0.0, 1.0, 0.0, 0.0], z[1] - first.x[1], r[2]).unwrap();
        for (a, b) in both.covariance().concat().iter().zip(second.covariance().concat()) {
            close(*a, b);
        }
        for (a, b) in both.x.iter().zip(second.x) {
            close(*a, b);
        }
        close(fit.d2, fit_e.d2 + fit_n.d2);
        close(fit.density() / (fit_e.density() * fit_n.density()), 1.0);
    }

    #[test]
    fn what_is_not_a_covariance_is_refused() {
        let mut bad = sample();
        bad.pp = [1.0, 2.0, 1.0];
        assert!(!bad.is_sound());
        assert!(bad.with_position([0.0, 0.0], [0.1, 0.0, 0.1]).is_none());
        let mut bad = sample();
        bad.x[2] = f64::NAN;
        assert!(!bad.is_sound());
        let mut bad = sample();
        bad.vv[2] = 0.05;
        assert!(!bad.is_sound(), "the velocity block must exceed what position explains");
        assert!(sample().with_position([f64::NAN, 0.0], [1.0, 0.0, 1.0]).is_none());
    }
}
