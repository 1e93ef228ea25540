//! What is usual in a place at an hour of the week, learned.
//!
//! In: bins of five minutes, each with how many came and how much of it was watched. Out: for an hour of the week the law
//! of a bin, or rather several laws with weights: how well the mean is known is part of it. Knows no threshold.
//!
//! A smooth curve over the week (`curve`) is fitted to eight weeks; an hour departs from it as far as all hours together
//! show that hours do (the empirical Bayes of DerSimonian & Laird 1986, Controlled Clinical Trials 7). The variance is
//! a multiple of the mean: that of bins about their own hour, or of hours about what was expected, whichever is more.

use serde::{Deserialize, Serialize};

use super::chain::{LEAST_MEAN, Law};
use super::curve::{Curve, HOURS};

/// Bins of an hour.
pub(super) const BINS_PER_HOUR: f64 = 12.0;
/// Weeks that are remembered: of older ones a share.
const WEEKS: f64 = 8.0;
/// Weeks that must have been watched before anything is usual …
const LEAST_WEEKS: f64 = 2.0;
/// … and the mean of a bin be known to within this, relatively, one sigma.
const MOST_SIGMA: f64 = 0.3;
/// A bin watched for less than this share tells nothing.
pub(super) const LEAST_WATCHED: f64 = 0.2;
/// Nothing varies more than this many times what Poisson counts do.
const MOST_DISPERSION: f64 = 20.0;
/// Dispersion counts as one before it was seen, with the weight of so many hours.
const PRIOR_HOURS: f64 = 12.0;
/// Gauss–Hermite nodes and weights of a standard normal, the middle one first.
const NODES: [(f64, f64); 5] = [
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
];

/// What was learned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Baseline {
    /// By hour of the week: arrivals and watched bins of the last weeks.
    cells: Vec<(f64, f64)>,
    /// Of bins about their hour's mean: squares over means, and how many hours.
    bins: (f64, f64),
    /// Of hours about what was expected.
    hours: (f64, f64),
    hour: Hour,
}

/// The hour that is being counted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Hour {
    of_week: usize,
    arrivals: f64,
    watched: f64,
    /// Of whole bins: their number, sum and sum of squares.
    whole: (f64, f64, f64),
    /// What was expected of what was watched; nothing while nothing is usual.
    expected: Option<f64>,
}

/// What is usual in one hour of the week.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Usual {
    /// Arrivals in a bin.
    pub mean: f64,
    /// Relative error of that, one sigma.
    pub sigma: f64,
    /// Variance over mean of what comes in a bin.
    pub dispersion: f64,
}

impl Usual {
    /// The laws this may be, with their weights; the likeliest first.
    pub(super) fn laws(&self) -> [(Law, f64); 5] {
        let variance = libm::log1p(self.sigma * self.sigma);
        NODES.map(|(z, weight)| {
            let mean = self.mean * libm::exp(z * variance.sqrt() - 0.5 * variance);
            (Law { mean: mean.max(LEAST_MEAN), dispersion: self.dispersion }, weight)
        })
    }
}

impl Baseline {
    /// Learns a bin: how many came in the share of it that was watched.
    pub(super) fn learn(&mut self, of_week: usize, arrivals: u32, watched: f64, usual: Option<&Usual>) {
        if self.hour.of_week != of_week {
            self.close();
            self.hour = Hour { of_week, expected: usual.map(|_| 0.0), ..Hour::default() };
        }
        if watched < LEAST_WATCHED {
            return;
        }
        let (hour, arrivals) = (&mut self.hour, f64::from(arrivals));
        (hour.arrivals, hour.watched) = (hour.arrivals + arrivals, hour.watched + watched);
        if watched >= 1.0 {
            let (count, sum, squares) = hour.whole;
            hour.whole = (count + 1.0, sum + arrivals, squares + arrivals * arrivals);
        }
        hour.expected = hour.expected.zip(usual).map(|(sum, usual)| sum + watched * usual.mean);
    }

    /// Forgets the hour that is being counted: something is the matter in it.
    pub(super) fn drop_hour(&mut self) {
        let Hour { of_week, .. } = self.hour;
        self.hour = Hour { of_week, ..Hour::default() };
    }

    fn close(&mut self) {
        let Hour { of_week, arrivals, watched, whole, expected } = self.hour;
        self.cells.resize(HOURS, (0.0, 0.0));
        let Some(cell) = self.cells.get_mut(of_week).filter(|_| watched > 0.0) else { return };
        let kept = (((WEEKS - 1.0) * BINS_PER_HOUR) / cell.1.max(1e-9)).min(1.0);
        *cell = (kept * cell.0 + arrivals, kept * cell.1 + watched);
        let (count, sum, squares) = whole;
        if count >= 2.0 && sum > 0.0 {
            let variance = (squares - sum * sum / count) / (count - 1.0);
            forget_and_add(&mut self.bins, variance, sum / count);
        }
        if let Some(expected) = expected.filter(|expected| *expected > 0.0) {
            let off = arrivals - expected;
            forget_and_add(&mut self.hours, off * off, expected);
        }
    }

    /// What is usual in an hour of the week; nothing before that is known.
    pub(super) fn usual(&self, of_week: usize) -> Option<Usual> {
        let cells: &[(f64, f64); HOURS] = self.cells.as_slice().try_into().ok()?;
        let watched: f64 = cells.iter().map(|cell| cell.1).sum();
        if watched < LEAST_WEEKS * HOURS as f64 * BINS_PER_HOUR * 0.98 {
            return None;
        }
        let curve = Curve::fit(cells)?;
        let dispersion = ratio(self.bins).max(ratio(self.hours)).clamp(1.0, MOST_DISPERSION);
        let spread = spread(cells, &curve, dispersion);
        let (arrivals, watched) = cells.get(of_week)?;
        let smooth = curve.rate(of_week);
        // The hour's own weight beside the curve's: more where hours differ more, and where more came.
        let own = spread / (spread + dispersion / (smooth * watched).max(1e-9));
        let own_mean = if *watched > 0.0 { arrivals / watched } else { smooth };
        let mean = ((1.0 - own) * smooth + own * own_mean).max(LEAST_MEAN);
        let variance =
            (1.0 - own) * spread + (1.0 - own) * (1.0 - own) * dispersion * curve.variance(of_week);
        // What is taken for the least is not known worse than that: an error of its own size is no error.
        let sigma = (variance.sqrt() * (smooth / mean).min(1.0)).min(1.0);
        (sigma <= MOST_SIGMA).then_some(Usual { mean, sigma, dispersion })
    }
}

/// Relative variance of hours about the curve, beyond what chance makes.
fn spread(cells: &[(f64, f64); HOURS], curve: &Curve, dispersion: f64) -> f64 {
    let (mut excess, mut weight) = (0.0, 0.0);
    for (hour, (arrivals, watched)) in cells.iter().enumerate() {
        let expected = watched * curve.rate(hour);
        // Of a fitted curve's residuals a share is gone into the fit.
        let chance = dispersion * expected * (1.0 - expected * curve.variance(hour)).max(0.0);
        excess += (arrivals - expected) * (arrivals - expected) - chance;
        weight += expected * expected;
    }
    (excess / weight.max(1e-9)).max(0.0)
}

/// Adds to a pair of sums that remembers as many hours as the baseline.
fn forget_and_add(sums: &mut (f64, f64), square: f64, mean: f64) {
    let kept = 1.0 - 1.0 / (WEEKS * HOURS as f64);
    *sums = (kept * sums.0 + square, kept * sums.1 + mean);
}

fn ratio((squares, means): (f64, f64)) -> f64 {
    let prior = PRIOR_HOURS * LEAST_MEAN;
    (squares + prior) / (means + prior)
}
