//! A body without a driver: pushed about by white acceleration, sampled exactly on a grid of time.
//!
//! Constant velocity plus white noise of density q on the acceleration: over Δt the velocity gains a Gaussian of
//! variance qΔt, the position one of variance qΔt³/3, correlated by qΔt²/2 (Bar-Shalom, Li & Kirubarajan 2001, 6.2.2).
//! It is the motion that a filter of the same density assumes, so such a filter's claims can be tested against it.

use crate::chance::Chance;

/// Step of the grid, seconds.
const STEP_S: f64 = 0.1;

/// One body's states on the grid, from its start on.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    states: Vec<([f64; 2], [f64; 2])>,
}

impl Drift {
    /// A body that sets out from `at` with `velocity_mps` and is followed for `lasts_s`.
    pub(super) fn new(
        mut at: [f64; 2],
        mut velocity_mps: [f64; 2],
        q: f64,
        lasts_s: f64,
        chance: &mut Chance,
    ) -> Self {
        let mut states = vec![(at, velocity_mps)];
        // Cholesky factor of the covariance of (position, velocity) over one step.
        let velocity_sigma = (q * STEP_S).sqrt();
        let shared = velocity_sigma * STEP_S / 2.0;
        let own = velocity_sigma * STEP_S / 12f64.sqrt();
        let mut t_s = 0.0;
        while t_s < lasts_s {
            for axis in 0..2 {
                let (a, b) = (chance.normal(1.0), chance.normal(1.0));
                at[axis] += velocity_mps[axis] * STEP_S + shared * a + own * b;
                velocity_mps[axis] += velocity_sigma * a;
            }
            states.push((at, velocity_mps));
            t_s += STEP_S;
        }
        Self { states }
    }

    /// Position and velocity `t_s` after the start; straight on after the last state kept, still before the first.
    pub(super) fn at(&self, t_s: f64) -> ([f64; 2], [f64; 2]) {
        let steps = (t_s / STEP_S).max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; saturates"
        )]
        let index = (steps as usize).min(self.states.len() - 1);
        let (from, v) = self.states[index];
        let Some(&(to, w)) = self.states.get(index + 1) else {
            let beyond_s = t_s.max(0.0) - STEP_S * (self.states.len() - 1) as f64;
            return ([0, 1].map(|axis| from[axis] + v[axis] * beyond_s), v);
        };
        // Cubic Hermite between the grid's states.
        let u = steps - steps.floor();
        let (u2, u3) = (u * u, u * u * u);
        let place = |axis: usize| {
            (2.0 * u3 - 3.0 * u2 + 1.0) * from[axis]
                + (u3 - 2.0 * u2 + u) * STEP_S * v[axis]
                + (3.0 * u2 - 2.0 * u3) * to[axis]
                + (u3 - u2) * STEP_S * w[axis]
        };
        ([place(0), place(1)], [0, 1].map(|axis| v[axis] + u * (w[axis] - v[axis])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over many bodies: variance of velocity q·t, of position q·t³/3, and their covariance q·t²/2.
    #[test]
    fn spreads_as_white_acceleration_does() {
        let (q, t_s, n) = (0.04, 10.0, 4_000);
        let mut chance = Chance::new(3, "drift");
        let (mut pp, mut pv, mut vv) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let (at, v) = Drift::new([0.0, 5.0], [1.0, 0.0], q, 12.0, &mut chance).at(t_s);
            let (p, v) = (at[0] - t_s, v[0] - 1.0);
            (pp, pv, vv) = (pp + p * p, pv + p * v, vv + v * v);
        }
        let n = f64::from(n);
        for (found, want) in
            [(vv / n, q * t_s), (pv / n, q * t_s * t_s / 2.0), (pp / n, q * t_s.powi(3) / 3.0)]
        {
            assert!((found / want - 1.0).abs() < 0.08, "{found} {want}");
        }
    }

    #[test]
    fn is_continuous_and_goes_straight_on_at_the_end() {
        let drift = Drift::new([0.0, 0.0], [3.0, 4.0], 0.1, 5.0, &mut Chance::new(1, "d"));
        let mut before = drift.at(0.0).0;
        for k in 1..800 {
            let here = drift.at(f64::from(k) * 0.01).0;
            assert!((here[0] - before[0]).hypot(here[1] - before[1]) < 0.12, "{k}");
            before = here;
        }
    }
}
