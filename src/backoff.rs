//! How long to wait before trying again: longer each time, up to a cap, and never in step with others.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The waits after one failure, two, three, …
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
    chance: StdRng,
}

impl Backoff {
    /// Waits of about `base`, doubling up to `cap`, unlike those of any other process.
    #[must_use]
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self::seeded(base, cap, rand::rng().random())
    }

    /// The same, with waits that are a function of the seed.
    #[must_use]
    pub fn seeded(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, failures: 0, chance: StdRng::seed_from_u64(seed) }
    }

    /// It worked: the next wait is short again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The wait after one more failure: between half and all of the doubled time, so that many clients of one server
    /// do not come back together.
    pub fn next_wait(&mut self) -> Duration {
        let full = self.base.saturating_mul(1 << self.failures.min(16)).min(self.cap);
        self.failures = self.failures.saturating_add(1);
        full.mul_f64(self.chance.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        for expected_s in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let wait_s = backoff.next_wait().as_secs_f64();
            assert!((expected_s / 2.0..=expected_s).contains(&wait_s), "{wait_s} for {expected_s}");
        }
        for _ in 0..100 {
            assert!(backoff.next_wait() <= Duration::from_secs(30));
        }
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_millis(500));
    }

    #[test]
    fn the_same_seed_waits_the_same_and_others_differently() {
        let waits = |seed| {
            let mut backoff = Backoff::seeded(Duration::from_millis(500), Duration::from_secs(30), seed);
            (0..8).map(|_| backoff.next_wait()).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
