//! How much a sensor's errors differ from what it says of them.
//!
//! In: innovations of unambiguous pairings with settled tracks. Out: a factor on the sensor's stated variances, by
//! stochastic approximation of E[d²/dof] = 1 on its logarithm (Robbins & Monro 1951): a sensor that claims a tenth of its
//! error loses its own detections out of the gate, one that claims twice as much is not used for what it is worth.
//! Small differences are the motion model's, not the sensor's: the factor leaks back to one and does nothing near it.

/// Step per pairing whose uncertainty is all the sensor's.
const STEP: f64 = 0.01;
/// One surprise counts for no more than this.
const MOST_SURPRISE: f64 = 5.0;
/// Share of itself that the logarithm gives back per step.
const LEAK: f64 = 0.15;
/// Nearer to one than this (as a logarithm) it does nothing; it stops doing something below the other.
const BEGINS: f64 = 0.75;
const ENDS: f64 = 0.5;
/// Least and most factor ever believed.
const LEAST: f64 = 1.0 / 9.0;
const MOST: f64 = 400.0;

/// One sensor's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Noise {
    ln_factor: f64,
    active: bool,
}

impl Noise {
    /// d² per degree of freedom of a pairing; `share` of S is the sensor's own error.
    pub(super) fn note(&mut self, per_degree: f64, share: f64) {
        let surprise = (per_degree - 1.0).min(MOST_SURPRISE);
        let next = self.ln_factor + STEP * (share * surprise - LEAK * self.ln_factor);
        self.ln_factor = next.clamp(libm::log(LEAST), libm::log(MOST));
        self.active = self.ln_factor.abs() > if self.active { ENDS } else { BEGINS };
    }

    /// Actual variance over stated.
    pub(super) fn factor(self) -> f64 {
        if self.active { libm::exp(self.ln_factor) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairings of a sensor whose variance is `truth` times what it says, with tracks a third as uncertain.
    fn learned(truth: f64, pairings: u32) -> f64 {
        let mut noise = Noise::default();
        let mut state = 1_u64;
        for _ in 0..pairings {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
            // d² of two degrees of freedom is exponential with mean two.
            let (track, stated) = (1.0 / 3.0, noise.factor());
            let per_degree = -libm::log(1.0 - unit) * (track + truth) / (track + stated);
            noise.note(per_degree, stated / (track + stated));
        }
        noise.factor()
    }

    #[test]
    fn what_a_sensor_says_is_corrected_by_what_it_does() {
        assert!((learned(1.0, 3_000) - 1.0).abs() < 1e-12);
        // Short of the truth by what leaks back: where truth / factor − 1 = LEAK ln(factor) / share.
        for (truth, low, high) in [(0.25, 0.2, 0.5), (4.0, 2.2, 4.5), (100.0, 40.0, 110.0)] {
            let got = learned(truth, 3_000);
            assert!((low..high).contains(&got), "{truth}: {got}");
        }
    }
}
