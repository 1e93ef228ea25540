//! How many there are: the distribution of a number of which part is seen and part is not.
//!
//! In: the probability of each thing seen to be one of those counted, and the share of the ground that nobody watches. Out:
//! P(more than the limit are seen), and an interval for all. Knows no track and no rule.
//!
//! What is seen is Poisson-binomial: one thing after the other is added to the distribution (Hong 2013, Computational
//! Statistics & Data Analysis 59). What is not seen is taken to be as dense as what is: with a rate of Jeffreys' prior, of
//! which m were seen on the watched share c of the ground, the number on the rest is negative binomial of size m + ½ and
//! mean (m + ½)(1 − c)/c. That is an assumption, and who hides does so where nobody looks: it widens the interval that is
//! reported, and never raises anything by itself.

/// Above this many steps the exact sum gives way to the normal approximation.
const MOST_STEPS: usize = 4_000_000;
/// The same for the interval, which is worked out less often than asked for.
const MOST_COUNTED: usize = 600;
/// Less than this share watched says nothing about the rest.
const LEAST_WATCHED: f64 = 0.2;
/// Numbers beyond this are not told apart.
const MOST: usize = 100_000;
/// Half of what an interval leaves out.
const TAIL: f64 = 0.025;
/// Standard normal deviate of that.
const DEVIATE: f64 = 1.959_963_984_540_054;

/// P(more than `limit` of them).
pub(super) fn exceeds(probabilities: &[f64], limit: u32) -> f64 {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if probabilities.len() <= limit {
        return 0.0;
    }
    if probabilities.len().saturating_mul(limit + 1) > MOST_STEPS {
        return exceeds_roughly(probabilities, limit);
    }
    (1.0 - seen(probabilities, limit).iter().sum::<f64>()).clamp(0.0, 1.0)
}

fn exceeds_roughly(probabilities: &[f64], limit: usize) -> f64 {
    let variance: f64 = probabilities.iter().map(|p| p * (1.0 - p)).sum();
    let excess = probabilities.iter().sum::<f64>() - (limit as f64 + 0.5);
    crate::watch::area::normal_cdf(excess / variance.max(1e-9).sqrt())
}

/// P(exactly 0, 1, … `most` of them).
fn seen(probabilities: &[f64], most: usize) -> Vec<f64> {
    let mut counts = vec![0.0; most + 1];
    counts[0] = 1.0;
    for (index, p) in probabilities.iter().enumerate() {
        for count in (1..=most.min(index + 1)).rev() {
            counts[count] = counts[count] * (1.0 - p) + counts[count - 1] * p;
        }
        counts[0] *= 1.0 - p;
    }
    counts
}

/// What is thought of those that nobody sees.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Unseen {
    size: f64,
    /// Watched share.
    watched: f64,
}

impl Unseen {
    fn mean(self) -> f64 {
        self.size * (1.0 - self.watched) / self.watched
    }

    fn variance(self) -> f64 {
        self.mean() / self.watched
    }

    /// P(exactly 0, 1, …), until less than a tail of a tail is left.
    fn counts(self) -> Vec<f64> {
        let mut p = libm::pow(self.watched, self.size);
        let (mut counts, mut sum) = (vec![p], p);
        while sum < 1.0 - 1e-6 * TAIL && counts.len() < MOST {
            let n = counts.len() as f64;
            p *= (self.size + n - 1.0) / n * (1.0 - self.watched);
            counts.push(p);
            sum += p;
        }
        counts
    }
}

/// How many are on all of the ground, and how many of them nobody sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) struct Whole {
    /// Expected number of those unseen; nothing where too little is watched to say.
    pub unseen: Option<f64>,
    /// 95 % interval of all; without an upper end where too little is watched to say.
    pub interval: (u32, Option<u32>),
}

/// All of them, where a share `blind` of the ground is unwatched.
pub(super) fn whole(probabilities: &[f64], blind: f64) -> Whole {
    let watched = 1.0 - blind.clamp(0.0, 1.0);
    let expected: f64 = probabilities.iter().sum();
    let variance: f64 = probabilities.iter().map(|p| p * (1.0 - p)).sum();
    let exact = probabilities.len() <= MOST_COUNTED;
    if watched < LEAST_WATCHED {
        let low = if exact {
            quantile(&seen(probabilities, probabilities.len()), TAIL)
        } else {
            rough(expected, variance, -DEVIATE)
        };
        return Whole { unseen: None, interval: (low, None) };
    }
    let unseen = Unseen { size: expected + 0.5, watched };
    let interval = if exact {
        let all = convolved(&seen(probabilities, probabilities.len()), &unseen.counts());
        (quantile(&all, TAIL), Some(quantile(&all, 1.0 - TAIL)))
    } else {
        let (mean, variance) = (expected + unseen.mean(), variance + unseen.variance());
        (rough(mean, variance, -DEVIATE), Some(rough(mean, variance, DEVIATE)))
    };
    Whole { unseen: Some(unseen.mean()), interval }
}

fn convolved(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; a.len() + b.len() - 1];
    for (i, p) in a.iter().enumerate().filter(|(_, p)| **p > 1e-12) {
        for (j, q) in b.iter().enumerate() {
            sum[i + j] += p * q;
        }
    }
    sum
}

/// The least number that has at least so much at and below it.
fn quantile(counts: &[f64], share: f64) -> u32 {
    let mut sum = 0.0;
    let below = counts.iter().take_while(|p| {
        sum += **p;
        sum < share
    });
    u32::try_from(below.count().min(counts.len() - 1)).unwrap_or(u32::MAX)
}

fn rough(mean: f64, variance: f64, deviate: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and it saturates"
    )]
    let number = libm::round((mean + deviate * variance.max(0.0).sqrt()).max(0.0)) as u32;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P(more than `limit`), by going through every way it can be.
    fn by_hand(probabilities: &[f64], limit: u32) -> f64 {
        let ways = 0..1_u32 << probabilities.len();
        let chance = |way: u32| -> f64 {
            let each = probabilities.iter().enumerate();
            each.map(|(bit, p)| if way >> bit & 1 == 1 { *p } else { 1.0 - p }).product()
        };
        ways.filter(|way| way.count_ones() > limit).map(chance).sum()
    }

    #[test]
    fn it_is_the_sum_over_every_way() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for number in 0..=12_usize {
            let probabilities: Vec<f64> = (0..number).map(|_| draw()).collect();
            for limit in 0..13 {
                let (found, expected) = (exceeds(&probabilities, limit), by_hand(&probabilities, limit));
                assert!((found - expected).abs() < 1e-12, "{number} {limit}: {found} {expected}");
            }
        }
    }

    #[test]
    fn larger_numbers_are_those_of_a_fourier_transform() {
        // By numpy: p = 0.02 + 0.96 ((7 i) mod 60)/60, i < 60; the distribution by the discrete Fourier transform of its
        // characteristic function (Hong 2013, eq. 7), which shares no step with the recursion.
        let many: Vec<f64> = (0..60).map(|i| 0.02 + 0.96 * f64::from(7 * i % 60) / 60.0).collect();
        for (limit, expected) in
            [(20, 0.997_613_736_376), (29, 0.502_442_301_792), (35, 0.031_214_805_669), (45, 1.953_725_9e-7)]
        {
            assert!((exceeds(&many, limit) - expected).abs() < 1e-10, "{limit}: {}", exceeds(&many, limit));
        }
    }

    #[test]
    fn large_counts_agree_with_the_exact_sum() {
        let many = vec![0.7; 2000];
        for limit in [1360, 1400, 1440] {
            let (exact, rough) = (exceeds(&many, limit), exceeds_roughly(&many, limit as usize));
            assert!((exact - rough).abs() < 2e-3, "{limit}: {exact} {rough}");
        }
    }

    #[test]
    fn what_is_not_seen_is_as_dense_as_what_is() {
        // scipy.stats.nbinom(12.5, 0.75): mean 4.1667, its 2.5 % and 97.5 % points 0 and 9.
        let found = whole(&[1.0; 12], 0.25);
        assert!((found.unseen.unwrap() - 4.166_667).abs() < 1e-5, "{found:?}");
        assert_eq!(found.interval, (12, Some(21)));
        assert_eq!(whole(&[1.0; 12], 0.0), Whole { unseen: Some(0.0), interval: (12, Some(12)) });
        // Nobody seen on half of the ground does not mean that nobody is on the other.
        let (_, most) = whole(&[], 0.5).interval;
        assert!(most.is_some_and(|most| most >= 1));
        assert_eq!(whole(&[1.0; 3], 0.9), Whole { unseen: None, interval: (3, None) });
    }

    #[test]
    fn the_interval_holds_nineteen_in_twenty() {
        // scipy.stats.binom(20, 0.5): 2.5 % and 97.5 % points 6 and 14.
        assert_eq!(whole(&[0.5; 20], 0.0).interval, (6, Some(14)));
        let (low, high) = whole(&[0.5; 2000], 0.1).interval;
        let high = high.unwrap();
        assert!((1000..1112).contains(&low) && (1112..1220).contains(&high), "{low} {high}");
    }
}
