//! Where a number is going: whether it will pass a limit before long.
//!
//! In: an expected number every few seconds. Out: P(it passes the limit within a time), and how soon, most likely. Knows no
//! track. The number is taken for a random walk with a drift: its drift is what it rose over a window of half the time that
//! is looked ahead, its variance what its steps show, but no less than if each rise were one arrival after the other. The probability is that of a Brownian
//! motion's first passage (Cox & Miller 1965, section 5.7), averaged over what the drift may be.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};
use crate::watch::area::normal_cdf;

/// A sample is taken this often.
const EVERY_S: i64 = 10;
/// So many are kept: ten minutes, the longest window.
const KEPT: usize = 60;
/// Fewer show no trend.
const FEWEST: usize = 7;
/// What rose by less than this in all may be one thing that came and went.
const LEAST_RISE: f64 = 2.0;
/// Gauss–Hermite nodes and weights of a standard normal.
const NODES: [(f64, f64); 5] = [
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
];

/// The latest numbers, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Trend {
    numbers: Vec<f64>,
    latest: Option<Timestamp>,
}

/// What a trend says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) struct Outlook {
    /// P(passed within the horizon).
    pub probability: f64,
    /// How long until the drift alone would take it there.
    pub after: Span,
}

impl Trend {
    /// Takes a second's number. After a pause it begins anew.
    pub(super) fn observe(&mut self, now: Timestamp, number: f64) {
        let is_due = |latest: Timestamp| now.since(latest) >= Span::from_secs(EVERY_S);
        if self.latest.is_some_and(|latest| now.since(latest) > Span::from_secs(2 * EVERY_S)) {
            self.numbers.clear();
        }
        if self.latest.is_none_or(is_due) {
            if self.numbers.len() >= KEPT {
                self.numbers.remove(0);
            }
            self.numbers.push(number);
            self.latest = Some(now);
        }
    }

    /// Forgets what was: other ground is watched now.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether it will pass the limit. Nothing while nothing rises.
    pub(super) fn outlook(&self, limit: u32, horizon: Span) -> Option<Outlook> {
        let horizon_s = horizon.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and it saturates"
        )]
        let wanted = (0.5 * horizon_s / EVERY_S as f64) as usize + 1;
        let numbers = self.numbers.get(self.numbers.len().saturating_sub(wanted.max(FEWEST))..)?;
        let (first, last) = numbers.first().zip(numbers.last())?;
        let rise = last - first;
        if numbers.len() < FEWEST || rise < LEAST_RISE {
            return None;
        }
        let lasted_s = EVERY_S as f64 * (numbers.len() - 1) as f64;
        let drift = rise / lasted_s;
        let steps = numbers.windows(2).map(|pair| pair[1] - pair[0] - drift * EVERY_S as f64);
        let variance = (steps.map(|step| step * step).sum::<f64>() / lasted_s).max(drift);
        let away = (f64::from(limit) + 1.0 - last).max(0.0);
        let sigma = (variance / lasted_s).sqrt();
        let passes =
            |(z, weight): (f64, f64)| weight * first_passage(away, drift + z * sigma, variance, horizon_s);
        let probability = NODES.into_iter().map(passes).sum::<f64>().clamp(0.0, 1.0);
        Some(Outlook { probability, after: Span::from_secs_f64(away / drift) })
    }
}

/// P(a Brownian motion with this drift and variance per second gets so far within a time).
fn first_passage(away: f64, drift: f64, variance: f64, within_s: f64) -> f64 {
    if away <= 0.0 {
        return 1.0;
    }
    let sigma = (variance * within_s).sqrt().max(1e-9);
    let straight = normal_cdf((drift * within_s - away) / sigma);
    // exp of a large number times next to nothing: where that is no number the first term is nearly one.
    let there_and_back = libm::exp((2.0 * drift * away / variance).min(500.0))
        * normal_cdf((-drift * within_s - away) / sigma);
    (straight + there_and_back).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rising(per_min: f64, minutes: i64) -> Trend {
        let mut trend = Trend::default();
        for second in 0..=60 * minutes {
            // One after the other, as things come.
            trend.observe(Timestamp::from_secs(second), libm::floor(per_min * second as f64 / 60.0));
        }
        trend
    }

    #[test]
    fn the_first_passage_is_that_of_the_inverse_gaussian() {
        // scipy.stats.invgauss(mu / lam, scale=lam).cdf(t) with mu = a/v, lam = a²/s²: a 10, v 0.02, s² 0.02, t 600;
        // and a 5, v 0.01, s² 0.05, t 300.
        for ((away, drift, variance, within_s), expected) in
            [((10.0, 0.02, 0.02, 600.0), 0.770_091_399_4), ((5.0, 0.01, 0.05, 300.0), 0.446_383_913_4)]
        {
            let found = first_passage(away, drift, variance, within_s);
            assert!((found - expected).abs() < 1e-8, "{found}");
        }
        assert!(first_passage(0.0, -1.0, 1.0, 1.0) >= 1.0);
    }

    #[test]
    fn what_rises_towards_the_limit_is_foreseen_and_what_stands_is_not() {
        // Two a minute, twelve after six minutes: five more take two and a half minutes.
        let trend = rising(2.0, 6);
        let soon = trend.outlook(16, Span::from_secs(300)).unwrap();
        assert!(soon.probability > 0.8 && (soon.after.as_secs_f64() - 150.0).abs() < 5.0, "{soon:?}");
        let far = trend.outlook(60, Span::from_secs(300)).unwrap();
        assert!(far.probability < 0.01, "{far:?}");
        assert_eq!(rising(0.0, 6).outlook(3, Span::from_secs(300)), None);
        assert_eq!(rising(1.0, 1).outlook(3, Span::from_secs(300)), None, "one more is no trend");
    }

    #[test]
    fn it_is_bounded_and_begins_anew_after_a_pause() {
        let mut trend = rising(3.0, 60);
        assert_eq!(trend.numbers.len(), KEPT);
        trend.observe(Timestamp::from_secs(4000), 0.0);
        assert_eq!(trend.numbers.len(), 1);
    }
}
