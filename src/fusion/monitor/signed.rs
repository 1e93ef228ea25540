//! Two-sided cumulative sums (Page 1954, Biometrika 41): small errors that always point the same way.
//!
//! In: errors in standard deviations, one after the other. Out: how far the sums have gone; the caller knows the limit.

use serde::{Deserialize, Serialize};

/// Half the shift that is to be found soonest, in standard deviations.
pub(in crate::fusion) const ALLOWANCE: f64 = 0.35;
/// No single error counts for more than this.
const MOST: f64 = 3.0;

/// An upper and a lower sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::fusion) struct Cusum {
    above: f64,
    below: f64,
}

impl Cusum {
    /// One error, in standard deviations.
    pub(in crate::fusion) fn take(&mut self, e: f64) {
        let e = e.clamp(-MOST, MOST);
        self.above = (self.above + e - ALLOWANCE).max(0.0);
        self.below = (self.below - e - ALLOWANCE).max(0.0);
    }

    /// The higher of the two.
    pub(in crate::fusion) fn highest(&self) -> f64 {
        self.above.max(self.below)
    }
}

/// Errors until a false alarm, on average, of both sums together at this limit (Siegmund 1985, Sequential Analysis,
/// eq. 2.56: one side alone runs (e^2kb − 2kb − 1) / 2k², b = limit + 1.166).
pub(in crate::fusion) fn run_length(limit: f64) -> f64 {
    let kb = 2.0 * ALLOWANCE * (limit + 1.166);
    0.5 * (libm::exp(kb) - kb - 1.0) / (2.0 * ALLOWANCE * ALLOWANCE)
}

/// The limit at which a false alarm comes once in so many errors.
pub(in crate::fusion) fn limit(run: f64) -> f64 {
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if run_length(middle) < run { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
