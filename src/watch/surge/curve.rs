//! A smooth curve over the hours of a week, fitted to counts.
//!
//! In: for each hour of the week how many came, and how long was watched. Out: the rate of each hour and how well the curve
//! is known there. The logarithm of the rate is a sum of waves of the week (a Poisson regression with a log link, fitted by
//! iteratively reweighted least squares; McCullagh & Nelder 1989, ch. 6; waves as Farrington et al. 1996 and Höhle & Paul
//! 2008 use for seasons). Knows no zone and no threshold.

use std::f64::consts::TAU;

/// Hours of a week.
pub(super) const HOURS: usize = 168;
/// Waves per week: the week's own, the day's with its overtones, and what tells one day's shape from another's.
const WAVES: [f64; 9] = [1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 14.0, 21.0, 28.0];
/// A mean, and a cosine and a sine for each wave.
const TERMS: usize = 1 + 2 * WAVES.len();
/// A wave's amplitude in the logarithm is of this order beforehand: what nothing was seen of stays flat.
const PRIOR_VARIANCE: f64 = 1.0;
/// No hour has less than this beforehand, arrivals per bin: nothing seen is little, not nothing.
const LEAST_RATE: f64 = 1e-3;
const STEPS: usize = 12;

type Terms = [f64; TERMS];

/// A fitted curve.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    at: Terms,
    /// Lower triangle of the information, as its Cholesky factor.
    factor: [Terms; TERMS],
    waves: Vec<Terms>,
}

impl Curve {
    /// Fits counts with their exposures, hour by hour. Nothing where nothing was watched.
    pub(super) fn fit(counts: &[(f64, f64); HOURS]) -> Option<Self> {
        let (count, exposure) = counts.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        if exposure <= 0.0 {
            return None;
        }
        let waves: Vec<Terms> = (0..HOURS).map(terms).collect();
        let mut at = [0.0; TERMS];
        at[0] = libm::log((count / exposure).max(LEAST_RATE));
        let mut factor = [[0.0; TERMS]; TERMS];
        for _ in 0..STEPS {
            let (information, gradient) = derivatives(counts, &waves, &at);
            factor = cholesky(&information)?;
            let step = solve(&factor, &gradient);
            let largest = step.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            // A long step overshoots a logarithm.
            let share = (1.0 / largest).min(1.0);
            at.iter_mut().zip(step).for_each(|(at, step)| *at += share * step);
            if largest < 1e-9 {
                break;
            }
        }
        at.iter().all(|x| x.is_finite()).then_some(Self { at, factor, waves })
    }

    /// Rate of an hour, arrivals per unit of exposure.
    pub(super) fn rate(&self, hour: usize) -> f64 {
        self.waves.get(hour).map_or(0.0, |terms| libm::exp(dot(&self.at, terms).clamp(-20.0, 20.0)))
    }

    /// Relative variance of that rate, were the counts Poisson.
    pub(super) fn variance(&self, hour: usize) -> f64 {
        // With L Lᵀ the information, xᵀ (L Lᵀ)⁻¹ x is the square of L⁻¹ x.
        let Some(mut x) = self.waves.get(hour).copied() else { return 0.0 };
        forward(&self.factor, &mut x);
        dot(&x, &x)
    }
}

/// Information (with what is known beforehand) and gradient of the logarithm of the likelihood.
fn derivatives(counts: &[(f64, f64); HOURS], waves: &[Terms], at: &Terms) -> ([Terms; TERMS], Terms) {
    let mut information = [[0.0; TERMS]; TERMS];
    let mut gradient = [0.0; TERMS];
    for i in 1..TERMS {
        information[i][i] = 1.0 / PRIOR_VARIANCE;
        gradient[i] = -at[i] / PRIOR_VARIANCE;
    }
    information[0][0] = 1e-9;
    for ((count, exposure), terms) in counts.iter().zip(waves) {
        if *exposure <= 0.0 {
            continue;
        }
        let expected = exposure * libm::exp(dot(at, terms).clamp(-20.0, 20.0));
        for i in 0..TERMS {
            gradient[i] += (count - expected) * terms[i];
            for j in 0..=i {
                information[i][j] += expected * terms[i] * terms[j];
            }
        }
    }
    (information, gradient)
}

fn terms(hour: usize) -> Terms {
    let mut terms = [1.0; TERMS];
    for (wave, pair) in WAVES.iter().zip(terms[1..].chunks_exact_mut(2)) {
        let (sin, cos) = libm::sincos(TAU * wave * hour as f64 / HOURS as f64);
        (pair[0], pair[1]) = (cos, sin);
    }
    terms
}

fn dot(a: &Terms, b: &Terms) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// L with L Lᵀ = A, of which only the lower triangle is read.
fn cholesky(a: &[Terms; TERMS]) -> Option<[Terms; TERMS]> {
    let mut l = [[0.0; TERMS]; TERMS];
    for i in 0..TERMS {
        for j in 0..=i {
            let known: f64 = (0..j).map(|m| l[i][m] * l[j][m]).sum();
            let rest = a[i][j] - known;
            l[i][j] = if i == j { rest.sqrt() } else { rest / l[j][j] };
        }
        // NaN compares false.
        if l[i][i].is_nan() || l[i][i] <= 0.0 {
            return None;
        }
    }
    Some(l)
}

/// x with L Lᵀ x = b.
fn solve(l: &[Terms; TERMS], b: &Terms) -> Terms {
    let mut x = *b;
    forward(l, &mut x);
    for i in (0..TERMS).rev() {
        x[i] = (x[i] - (i + 1..TERMS).map(|m| l[m][i] * x[m]).sum::<f64>()) / l[i][i];
    }
    x
}

/// L⁻¹ x, in its place.
fn forward(l: &[Terms; TERMS], x: &mut Terms) {
    for i in 0..TERMS {
        x[i] = (x[i] - (0..i).map(|m| l[i][m] * x[m]).sum::<f64>()) / l[i][i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(rate: impl Fn(f64) -> f64, exposure: f64) -> Curve {
        let mut counts = [(0.0, exposure); HOURS];
        counts.iter_mut().zip(0..168).for_each(|(c, hour)| c.0 = exposure * rate(f64::from(hour)));
        Curve::fit(&counts).unwrap()
    }

    #[test]
    fn a_curve_of_its_own_waves_is_found_again() {
        let rate = |hour: f64| {
            libm::exp(1.0 + 0.8 * libm::cos(TAU * (hour - 9.0) / 24.0) - 0.4 * libm::sin(TAU * hour / 168.0))
        };
        // Much was seen, so that what is known beforehand weighs nothing.
        let curve = fitted(rate, 1e6);
        for hour in [0, 9, 50, 167] {
            let expected = rate(hour as f64);
            assert!((curve.rate(hour) / expected - 1.0).abs() < 1e-4, "{hour}: {}", curve.rate(hour));
        }
    }

    #[test]
    fn it_is_known_as_well_as_so_many_counts_tell() {
        // A flat rate: the information of each of 19 orthogonal terms is the count (half of it for waves), so the
        // relative variance of any hour is (1 + 18) / count.
        let (exposure, rate) = (96.0, 4.0);
        let curve = fitted(|_| rate, exposure);
        let expected = 19.0 / (168.0 * exposure * rate);
        assert!((curve.variance(20) / expected - 1.0).abs() < 1e-3, "{}", curve.variance(20));
        assert!((curve.rate(20) / rate - 1.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_seen_is_little_and_uncertain() {
        let curve = fitted(|_| 0.0, 10.0);
        assert!(curve.rate(3) < 0.01 && curve.rate(3) > 0.0 && curve.variance(3) > 0.1);
        assert!(Curve::fit(&[(0.0, 0.0); HOURS]).is_none());
        let mut one_day = [(0.0, 0.0); HOURS];
        one_day[..24].fill((40.0, 10.0));
        let curve = Curve::fit(&one_day).unwrap();
        assert!((curve.rate(12) / 4.0 - 1.0).abs() < 0.05 && curve.variance(100) > 4.0 * curve.variance(12));
    }
}
