//! Seeded randomness: one independent stream per name, so that adding a box changes no other box's noise.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers, fixed by a seed and a name.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream called `name` under `seed`.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(fnv1a(name.as_bytes()));
        Self(generator)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// Uniform in [from, to).
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// True with probability `p`.
    pub fn happens(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Gaussian with mean zero and standard deviation `sigma` (Box & Muller 1958).
    pub fn normal(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        sigma * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Poisson with the given mean (Knuth's product of uniforms; for the small means of clutter).
    pub fn poisson(&mut self, mean: f64) -> usize {
        let limit = (-mean.clamp(0.0, 500.0)).exp();
        let (mut count, mut product) = (0, self.unit());
        while product > limit {
            count += 1;
            product *= self.unit();
        }
        count
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.0.random()
    }
}

/// The 64-bit FNV-1a hash: a stable number for a name.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_seed_and_name() {
        let draw = |seed, name| {
            let mut chance = Chance::new(seed, name);
            [chance.unit(), chance.normal(1.0)].map(f64::to_bits)
        };
        assert_eq!(draw(1, "r1"), draw(1, "r1"));
        assert_ne!(draw(1, "r1"), draw(1, "r2"));
        assert_ne!(draw(1, "r1"), draw(2, "r1"));
    }

    #[test]
    fn moments_are_as_asked() {
        let mut chance = Chance::new(7, "moments");
        let n = 20_000;
        let (mut sum, mut square, mut count) = (0.0, 0.0, 0);
        for _ in 0..n {
            let x = chance.normal(3.0);
            sum += x;
            square += x * x;
            count += chance.poisson(4.0);
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.1);
        assert!((square / n - 9.0).abs() < 0.4);
        let mean = f64::from(u32::try_from(count).unwrap()) / n;
        assert!((mean - 4.0).abs() < 0.1, "{mean}");
    }
}
