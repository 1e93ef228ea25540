//! Chance from a seed: the same numbers on every machine.

use super::super::chain::Law;

/// SplitMix64 (Steele, Lea & Flood 2014, OOPSLA).
pub(in crate::watch) struct Chance(u64);

impl Chance {
    pub(in crate::watch) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(in crate::watch) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Draws from a law by its distribution function.
pub(in crate::watch) struct Counts(Vec<f64>);

impl Counts {
    pub(in crate::watch) fn of(law: Law) -> Self {
        let mut sums = Vec::new();
        let mut sum = 0.0;
        for count in 0..100_000 {
            sum += law.pmf(count);
            sums.push(sum);
            if sum > 1.0 - 1e-13 {
                break;
            }
        }
        Self(sums)
    }

    pub(in crate::watch) fn draw(&self, chance: &mut Chance) -> u32 {
        let u = chance.uniform();
        u32::try_from(self.0.partition_point(|sum| *sum <= u)).expect("a table of 100,000 at most")
    }
}
