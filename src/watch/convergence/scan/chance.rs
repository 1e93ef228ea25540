//! Chance from a seed, and the tail of what it makes at most.
//!
//! In: a seed; maxima. Out: counts; how often a maximum is as large. The same everywhere and every time.

use serde::{Deserialize, Serialize};

/// SplitMix64 (Steele, Lea & Flood 2014, OOPSLA).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: i64) -> Self {
        Self(seed.cast_unsigned().wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A Poisson count: by its distribution function, of a large mean by the rounded normal.
    pub(super) fn poisson(&mut self, mean: f64) -> f64 {
        let mut u = self.uniform();
        if mean > 50.0 {
            let z = (-2.0 * libm::log(1.0 - u)).sqrt() * libm::cos(std::f64::consts::TAU * self.uniform());
            return libm::round(mean + mean.sqrt() * z).max(0.0);
        }
        let (mut p, mut count) = (libm::exp(-mean), 0.0);
        while u >= p && count < 500.0 {
            u -= p;
            count += 1.0;
            p *= mean / count;
        }
        count
    }
}

/// How the largest of many is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gumbel {
    pub(super) at: f64,
    pub(super) scale: f64,
}

impl Gumbel {
    /// By the moments of a sample.
    pub(super) fn of(maxima: &[f64]) -> Self {
        let count = maxima.len().max(1) as f64;
        let mean = maxima.iter().sum::<f64>() / count;
        let variance = maxima.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0).max(1.0);
        let scale = (6.0 * variance).sqrt().max(1e-3) * std::f64::consts::FRAC_1_PI;
        // Euler's constant.
        Self { at: mean - 0.577_215_664_901_532_9 * scale, scale }
    }

    /// P(as large or larger).
    pub(super) fn above(self, x: f64) -> f64 {
        -libm::expm1(-libm::exp(-(x - self.at) / self.scale))
    }
}
