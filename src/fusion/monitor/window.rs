//! Tests over a window of comparisons: the sum of normalised innovations squared against χ² on both sides, and the sum of
//! the signed errors against the normal distribution.
//!
//! In: errors of two degrees of freedom. Out, every [`WINDOW`] of them: the sums, judged at [`ALPHA`].

use serde::{Deserialize, Serialize};

use super::signed;

/// Comparisons in a window.
pub(in crate::fusion) const WINDOW: u32 = 50;
/// Probability that a test fails where all is as told.
pub(in crate::fusion) const ALPHA: f64 = 1e-4;
/// Comparisons between two false alarms of a signed sum: more than a month of a busy sensor's.
const CUSUM_RUN: f64 = 6e7;

/// A window being filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::fusion) struct Window {
    count: u32,
    d2: f64,
    signed: [f64; 2],
}

/// A full window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::fusion) struct Full {
    /// Sum of d² over its degrees of freedom.
    pub nis: f64,
    /// Sum of the signed errors over √n: standard normal where all is as told.
    pub signed: [f64; 2],
}

/// Where the tests fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::fusion) struct Limits {
    nis: [f64; 2],
    pub signed: f64,
    /// Of a signed sum.
    pub cusum: f64,
}

impl Window {
    /// One comparison; the window's sums when it is full.
    pub(in crate::fusion) fn take(&mut self, d2: f64, signed: [f64; 2]) -> Option<Full> {
        self.count += 1;
        self.d2 += d2;
        self.signed = [self.signed[0] + signed[0], self.signed[1] + signed[1]];
        if self.count < WINDOW {
            return None;
        }
        let n = f64::from(WINDOW);
        let full = Full { nis: self.d2 / (2.0 * n), signed: self.signed.map(|sum| sum / n.sqrt()) };
        *self = Self::default();
        Some(full)
    }
}

impl Limits {
    pub(in crate::fusion) fn new() -> Self {
        let degrees = 2.0 * f64::from(WINDOW);
        Self {
            nis: [ALPHA / 2.0, 1.0 - ALPHA / 2.0].map(|p| chi_square_quantile(p, degrees) / degrees),
            // Two-sided normal quantile: √ of χ² with one degree of freedom.
            signed: chi_square_quantile(1.0 - ALPHA, 1.0).sqrt(),
            cusum: signed::limit(CUSUM_RUN),
        }
    }

    /// −1 where the window's NIS is too low, 1 where it is too high, else 0.
    pub(in crate::fusion) fn side(&self, full: &Full) -> i32 {
        i32::from(full.nis > self.nis[1]) - i32::from(full.nis < self.nis[0])
    }

    /// Whether the errors point to one side.
    pub(in crate::fusion) fn leans(&self, full: &Full) -> bool {
        full.signed.iter().any(|sum| sum.abs() > self.signed)
    }
}

/// Regularised lower incomplete gamma function P(a, x): its series below a + 1, its continued fraction by Lentz's method
/// above (Abramowitz & Stegun 6.5.29 and 6.5.31).
fn gamma_p(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..1_000 {
            term *= x / (a + f64::from(k));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return front * sum;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut fraction = d;
    for k in 1..1_000 {
        let k = f64::from(k);
        let an = -k * (k - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        let factor = c * d;
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * fraction
}

/// The `p` quantile of χ² with any number of degrees of freedom, by bisection.
fn chi_square_quantile(p: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, degrees + 40.0 * degrees.sqrt() + 40.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if gamma_p(degrees / 2.0, middle / 2.0) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_scipy() {
        // scipy.stats.chi2.ppf.
        for (p, degrees, expected) in [
            (5e-5, 100.0, 54.112_905_401_83),
            (1.0 - 5e-5, 100.0, 164.659_070_248_175),
            (1.0 - 1e-4, 1.0, 15.136_705_226_623),
            (0.5, 7.0, 6.345_811_195_521_5),
        ] {
            let got = chi_square_quantile(p, degrees);
            assert!((got - expected).abs() < 1e-6, "{p} {degrees}: {got}");
        }
    }
}
