//! How targets move: an interacting multiple model filter (Blom & Bar-Shalom 1988, IEEE TAC 33-8) over three modes.
//!
//! In: a state and a time step. Out: the state then. The mode chain is continuous in time, Π = exp(ΛΔt), so that
//! nothing depends on how often somebody looks, and Δt = 0 mixes nothing.

use serde::{Deserialize, Serialize};

use super::filter::{Fit, Gaussian, Step};

/// How many modes.
pub(super) const MODES: usize = 3;
/// Which of them turns and brakes.
const AGILE: usize = 1;

/// Mean dwell in each mode, seconds: steady, agile, stopped.
pub(super) const DWELL_S: [f64; MODES] = [90.0, 20.0, 30.0];
/// Where a mode goes when it ends, in the same order. Only neighbours: who stops has braked before.
pub(super) const NEXT: [[f64; MODES]; MODES] = [[0.0, 0.9, 0.1], [0.7, 0.0, 0.3], [0.3, 0.7, 0.0]];
/// Spectral density of white acceleration, steady and agile, m²/s³.
const STEADY_Q: f64 = 0.01;
const AGILE_Q: f64 = 2.5;
/// The same in the air: what is quicker than this, m/s, flies, and turns with half a g.
const FLYING_Q: f64 = 40.0;
const FLYING_MPS: f64 = 45.0;
/// A stopped target's velocity fades with this rate, 1/s, around a residual speed, m/s.
const STOPPED_RATE: f64 = 2.0;
const STOPPED_SPEED: f64 = 0.15;

/// A Gaussian per mode and the probability of each mode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Imm {
    pub modes: [Gaussian; MODES],
    pub mu: [f64; MODES],
}

/// The mode chain with exp(ΛΔt) in closed form: Λ's eigenvalues are 0, −a, −b, each with its projector.
#[derive(Clone, Debug)]
pub(super) struct Motion {
    rates: [f64; 2],
    projectors: [Matrix; 3],
}

/// The mode chain and the modes' steps over one Δt.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    dt_s: f64,
    chain: Matrix,
    steps: [Step; MODES],
    /// The agile step in the air.
    flying: Step,
}

type Matrix = [[f64; MODES]; MODES];

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..MODES).map(|k| a[i][k] * b[k][j]).sum()))
}

fn plus_diagonal(m: &Matrix, d: f64) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[i][j] + if i == j { d } else { 0.0 }))
}

fn scaled(m: &Matrix, s: f64) -> Matrix {
    m.map(|row| row.map(|v| v * s))
}

impl Motion {
    /// The chain of the constants above.
    pub(super) fn new() -> Self {
        let generator: Matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| (if i == j { -1.0 } else { NEXT[i][j] }) / DWELL_S[i])
        });
        let g = &generator;
        let trace = g[0][0] + g[1][1] + g[2][2];
        let minor = |i: usize, j: usize| g[i][i] * g[j][j] - g[i][j] * g[j][i];
        let minors = minor(0, 1) + minor(0, 2) + minor(1, 2);
        let root = (trace * trace - 4.0 * minors).sqrt();
        assert!(root > 0.0, "the chain's eigenvalues are real and distinct");
        let (a, b) = ((-trace + root) / 2.0, (-trace - root) / 2.0);
        // Sylvester's formula: the projector of each eigenvalue is the product of (Λ − other) / (own − other).
        let (plus_a, plus_b) = (plus_diagonal(g, a), plus_diagonal(g, b));
        let projectors = [
            scaled(&product(&plus_a, &plus_b), 1.0 / (a * b)),
            scaled(&product(g, &plus_b), 1.0 / (-a * (b - a))),
            scaled(&product(g, &plus_a), 1.0 / (-b * (a - b))),
        ];
        Self { rates: [a, b], projectors }
    }

    /// exp(ΛΔt).
    fn transition(&self, dt_s: f64) -> Matrix {
        let (ea, eb) = (libm::exp(-self.rates[0] * dt_s), libm::exp(-self.rates[1] * dt_s));
        let [p0, pa, pb] = &self.projectors;
        std::array::from_fn(|i| std::array::from_fn(|j| (p0[i][j] + ea * pa[i][j] + eb * pb[i][j]).max(0.0)))
    }

    fn steps(dt_s: f64) -> [Step; MODES] {
        [white_acceleration(STEADY_Q, dt_s), white_acceleration(AGILE_Q, dt_s), stopped(dt_s)]
    }

    /// What `dt_s` ≥ 0 does: worked out once for all tracks last updated together.
    pub(super) fn pace(&self, dt_s: f64) -> Pace {
        let flying = white_acceleration(FLYING_Q, dt_s);
        Pace { dt_s, chain: self.transition(dt_s), steps: Self::steps(dt_s), flying }
    }

    /// The state `dt_s` ≥ 0 later.
    pub(super) fn predict(&self, from: &Imm, dt_s: f64) -> Imm {
        if dt_s > 0.0 { self.pace(dt_s).predict(from) } else { *from }
    }
}

/// Most Δt remembered at once.
const MOST_PACES: usize = 16;

/// The paces of one look: tracks that were last updated by the same look share theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct Paces(Vec<Pace>);

impl Paces {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The pace over `dt_s`, made if it is not at hand.
    pub(super) fn get(&mut self, motion: &Motion, dt_s: f64) -> &Pace {
        let known = self.0.iter().position(|pace| pace.dt_s.to_bits() == dt_s.to_bits());
        let at = known.unwrap_or_else(|| {
            if self.0.len() == MOST_PACES {
                self.0.pop();
            }
            self.0.push(motion.pace(dt_s));
            self.0.len() - 1
        });
        &self.0[at]
    }
}

impl Pace {
    /// Mixed, then moved mode by mode.
    pub(super) fn predict(&self, from: &Imm) -> Imm {
        if self.dt_s <= 0.0 {
            return *from;
        }
        let (c, flies) = self.next(from);
        let total: f64 = c.iter().sum();
        // Written out: each mode is made where it stays.
        let mode = |j: usize| self.before(from, &c, j).advanced(self.step(flies, j));
        Imm { modes: [mode(0), mode(1), mode(2)], mu: c.map(|v| v / total) }
    }

    /// Probabilities of the modes that come next.
    pub(super) fn modes(&self, from: &Imm) -> [f64; MODES] {
        let (c, _) = self.next(from);
        let total: f64 = c.iter().sum();
        c.map(|v| v / total)
    }

    /// What a prediction moves: per mode that comes next its probability, the state before mixed for it, and its step.
    pub(super) fn mixed(&self, from: &Imm) -> [(f64, Gaussian, &Step); MODES] {
        let (c, flies) = self.next(from);
        std::array::from_fn(|j| (c[j], self.before(from, &c, j), self.step(flies, j)))
    }

    /// Probabilities of the modes that come next, and whether the target flies.
    #[inline]
    fn next(&self, from: &Imm) -> ([f64; MODES], bool) {
        let mut c = [0.0; MODES];
        for (row, mu) in self.chain.iter().zip(&from.mu) {
            for (c, pi) in c.iter_mut().zip(row) {
                *c += pi * mu;
            }
        }
        let velocity =
            [2, 3].map(|axis| from.modes.iter().zip(&from.mu).map(|(g, mu)| mu * g.x[axis]).sum::<f64>());
        (c, velocity[0] * velocity[0] + velocity[1] * velocity[1] > FLYING_MPS * FLYING_MPS)
    }

    /// The state before, mixed for mode `j`.
    #[inline]
    fn before(&self, from: &Imm, c: &[f64; MODES], j: usize) -> Gaussian {
        let weight = |i: usize| self.chain[i][j] * from.mu[i] / c[j];
        moment_matched(&from.modes, &[weight(0), weight(1), weight(2)])
    }

    #[inline]
    fn step(&self, flies: bool, j: usize) -> &Step {
        if flies && j == AGILE { &self.flying } else { &self.steps[j] }
    }
}

/// Constant velocity under white acceleration of density `q` (Bar-Shalom, Li & Kirubarajan 2001, eq. 6.2.2-4).
pub(super) fn white_acceleration(q: f64, dt_s: f64) -> Step {
    let dt2 = dt_s * dt_s;
    Step { a: dt_s, b: 1.0, q_pp: q * dt2 * dt_s / 3.0, q_pv: q * dt2 / 2.0, q_vv: q * dt_s }
}

/// Velocity as an Ornstein–Uhlenbeck process around zero, position its integral (Coraluppi & Carthel 2012).
fn stopped(dt_s: f64) -> Step {
    let (rate, variance) = (STOPPED_RATE, STOPPED_SPEED * STOPPED_SPEED);
    let b = libm::exp(-rate * dt_s);
    let a = (1.0 - b) / rate;
    // 2ρσ² is the driving density; below 1e-4 the closed form of q_pp cancels, and its leading term is exact enough.
    let q_pp = if rate * dt_s < 1e-4 {
        2.0 * rate * variance * dt_s * dt_s * dt_s / 3.0
    } else {
        2.0 * variance / rate * (dt_s - 2.0 * a + (1.0 - b * b) / (2.0 * rate))
    };
    Step { a, b, q_pp, q_pv: variance * (1.0 - b) * (1.0 - b) / rate, q_vv: variance * (1.0 - b * b) }
}

/// Mean and covariance of a mixture.
#[inline]
fn moment_matched<const N: usize>(modes: &[Gaussian; N], weights: &[f64; N]) -> Gaussian {
    let mut x = [0.0; 4];
    for (g, w) in modes.iter().zip(weights) {
        for (x, v) in x.iter_mut().zip(&g.x) {
            *x += w * v;
        }
    }
    let (mut pp, mut pv, mut vv) = ([0.0; 3], [0.0; 4], [0.0; 3]);
    for (g, w) in modes.iter().zip(weights) {
        let d = [g.x[0] - x[0], g.x[1] - x[1], g.x[2] - x[2], g.x[3] - x[3]];
        pp[0] += w * (g.pp[0] + d[0] * d[0]);
        pp[1] += w * (g.pp[1] + d[0] * d[1]);
        pp[2] += w * (g.pp[2] + d[1] * d[1]);
        pv[0] += w * (g.pv[0] + d[0] * d[2]);
        pv[1] += w * (g.pv[1] + d[0] * d[3]);
        pv[2] += w * (g.pv[2] + d[1] * d[2]);
        pv[3] += w * (g.pv[3] + d[1] * d[3]);
        vv[0] += w * (g.vv[0] + d[2] * d[2]);
        vv[1] += w * (g.vv[1] + d[2] * d[3]);
        vv[2] += w * (g.vv[2] + d[3] * d[3]);
    }
    Gaussian { x, pp, pv, vv }
}

impl Imm {
    /// All modes alike, at the chain's usual shares for something just seen.
    pub(super) fn new(start: Gaussian) -> Self {
        Self { modes: [start; MODES], mu: [0.6, 0.25, 0.15] }
    }

    /// Mean and covariance over all modes.
    pub(super) fn mean(&self) -> Gaussian {
        moment_matched(&self.modes, &self.mu)
    }

    /// Every mode moved by the same step.
    pub(super) fn advanced(&self, step: &Step) -> Self {
        let [first, second, third] = &self.modes;
        Self { modes: [first.advanced(step), second.advanced(step), third.advanced(step)], mu: self.mu }
    }

    /// This with probability `share`, else `other`: the moments of both, mode by mode.
    pub(super) fn mixed(&self, share: f64, other: &Self) -> Self {
        let mu: [f64; MODES] = std::array::from_fn(|j| share * self.mu[j] + (1.0 - share) * other.mu[j]);
        let modes = std::array::from_fn(|j| {
            let own = share * self.mu[j] / mu[j];
            moment_matched(&[self.modes[j], other.modes[j]], &[own, 1.0 - own])
        });
        Self { modes, mu }
    }

    /// Every mode updated into `next`, mode probabilities by how well each foresaw it; N(ν; 0, S) of the whole mixture.
    /// `None` if any mode's result is not sound: `next` is nothing then.
    pub(super) fn updated(
        &self,
        next: &mut Self,
        update: impl Fn(&Gaussian) -> Option<(Gaussian, Fit)>,
    ) -> Option<f64> {
        let mut fits = [Fit { d2: 0.0, scale: 0.0 }; MODES];
        for ((mode, fit), before) in next.modes.iter_mut().zip(&mut fits).zip(&self.modes) {
            (*mode, *fit) = update(before)?;
        }
        // Relative to the best, so that a surprise to all modes still tells them apart.
        let least = fits.iter().fold(f64::INFINITY, |a, fit| a.min(fit.d2));
        let mut mu = self.mu;
        for (mu, fit) in mu.iter_mut().zip(&fits) {
            *mu *= fit.scale * libm::exp(-0.5 * (fit.d2 - least));
        }
        let total: f64 = mu.iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        // No mode is ever given up: it could not come back.
        let mu = mu.map(|v| (v / total).max(1e-6));
        let sum: f64 = mu.iter().sum();
        next.mu = mu.map(|v| v / sum);
        Some(total * libm::exp(-0.5 * least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Imm {
        let g = |v: f64| Gaussian {
            x: [v, 2.0 * v, 3.0, -v],
            pp: [100.0 + v, 3.0, 90.0],
            pv: [5.0, 1.0, 1.0, 4.0],
            vv: [9.0, 0.5, 8.0],
        };
        Imm { modes: [g(1.0), g(2.0), g(3.0)], mu: [0.5, 0.3, 0.2] }
    }

    #[test]
    fn no_time_mixes_nothing() {
        assert_eq!(Motion::new().predict(&start(), 0.0), start());
        let chain = Motion::new().transition(0.0);
        for (i, row) in chain.iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                assert!((v - if i == j { 1.0 } else { 0.0 }).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_chain_is_a_semigroup_of_probabilities() {
        let motion = Motion::new();
        let (one, two, three) = (motion.transition(1.3), motion.transition(2.9), motion.transition(4.2));
        let composed = product(&one, &two);
        for (row, want) in composed.iter().zip(&three) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (a, b) in row.iter().zip(want) {
                assert!((a - b).abs() < 1e-12);
            }
        }
        // To first order the probability of leaving is Δt / dwell.
        let leaving = 1.0 - motion.transition(1e-4)[0][0];
        assert!((leaving * DWELL_S[0] / 1e-4 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn what_flies_may_turn_harder() {
        let spread = |speed: f64| {
            let mut imm = start();
            imm.modes.iter_mut().for_each(|mode| (mode.x[2], mode.x[3]) = (speed, 0.0));
            Motion::new().predict(&imm, 2.0).modes[AGILE].vv[0]
        };
        // The mixing does not depend on a velocity that all modes share; the noise of two seconds does.
        assert!((spread(60.0) - spread(30.0) - 2.0 * (FLYING_Q - AGILE_Q)).abs() < 1e-9);
    }

    #[test]
    fn the_stopped_step_composes() {
        // Two half steps equal a whole one: the discretisation is exact, not an Euler step.
        let g = start().modes[0];
        let twice = g.advanced(&stopped(0.4)).advanced(&stopped(0.4));
        let once = g.advanced(&stopped(0.8));
        for (a, b) in twice.covariance().concat().iter().zip(once.covariance().concat()) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        let cv = |dt| white_acceleration(1.7, dt);
        let (twice, once) = (g.advanced(&cv(0.4)).advanced(&cv(0.4)), g.advanced(&cv(0.8)));
        for (a, b) in twice.covariance().concat().iter().zip(once.covariance().concat()) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn mixture_moments_are_those_of_numpy() {
        // np.average and the weighted outer products of the three samples above.
        let mean = start().mean();
        let expected = [1.7, 3.4, 3.0, -1.7];
        for (a, b) in mean.x.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12);
        }
        let variance = 0.5 * 0.49 + 0.3 * 0.09 + 0.2 * 1.69;
        assert!((mean.pp[0] - (101.7 + variance)).abs() < 1e-12);
        assert!((mean.pp[2] - (90.0 + 4.0 * variance)).abs() < 1e-12);
        assert!((mean.vv[2] - (8.0 + variance)).abs() < 1e-12);
        assert!((mean.pv[1] - (1.0 - variance)).abs() < 1e-12);
    }
}
