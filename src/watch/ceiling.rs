//! How many are where only so many may be.
//!
//! In: once a second, the probability of each track to be real, of the class and inside. Out: P(count > limit), the
//! count being Poisson-binomial, and when to raise, revise and clear.

use crate::fusion::TrackId;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::area::Covariance;
use super::line::Point;

/// Raised at or above.
const PASSED: f64 = 0.95;
/// Over at or below.
const KEPT: f64 = 0.5;
/// How long the one must hold …
const PASSED_FOR: Span = Span::from_secs(2);
/// … and the other.
const KEPT_FOR: Span = Span::from_secs(5);
/// An expected count that changed by this much is worth a revision, …
const MATERIAL: f64 = 1.0;
/// … but not more often than this.
const REVISED_EVERY: Span = Span::from_secs(30);
/// Less likely ones are not counted.
const NEGLIGIBLE: f64 = 1e-3;
/// Above this many steps the exact sum gives way to the normal approximation.
const MOST_STEPS: usize = 4_000_000;
/// Tracks named in one notice: the likeliest.
const MOST_NAMED: usize = 256;

/// What one second's picture says about one ceiling.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    members: Vec<Member>,
    sensors: BTreeMap<SensorIndex, Span>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    track: TrackId,
    probability: f64,
    at: Point,
}

/// One ceiling through time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ceiling {
    passed_since: Option<Timestamp>,
    kept_since: Option<Timestamp>,
    raised: bool,
    said: f64,
    said_at: Timestamp,
}

/// What a second's look changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Passed, since this instant.
    Raise(Timestamp),
    /// Still passed, by materially more or fewer.
    Revise,
    /// Kept again.
    Clear,
}

impl Tally {
    /// Counts one track.
    pub(super) fn add(
        &mut self,
        track: TrackId,
        probability: f64,
        at: Point,
        sensors: impl Iterator<Item = (SensorIndex, Span)>,
    ) {
        // NaN compares false and is nobody.
        if probability > NEGLIGIBLE {
            self.members.push(Member { track, probability: probability.min(1.0), at });
            for (index, age) in sensors {
                let youngest = self.sensors.entry(index).or_insert(age);
                *youngest = age.min(*youngest);
            }
        }
    }

    /// Expected count.
    pub(super) fn expected(&self) -> f64 {
        self.members.iter().map(|member| member.probability).sum()
    }

    /// P(count > limit), by adding one track after the other to the distribution of the count (Poisson-binomial; Hong
    /// 2013, Computational Statistics & Data Analysis 59).
    pub(super) fn exceeds(&self, limit: u32) -> f64 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.members.len() <= limit {
            return 0.0;
        }
        if self.members.len().saturating_mul(limit + 1) > MOST_STEPS {
            return self.exceeds_roughly(limit);
        }
        let mut counts = vec![0.0; limit + 1];
        counts[0] = 1.0;
        for (index, member) in self.members.iter().enumerate() {
            for count in (1..=limit.min(index + 1)).rev() {
                counts[count] =
                    counts[count] * (1.0 - member.probability) + counts[count - 1] * member.probability;
            }
            counts[0] *= 1.0 - member.probability;
        }
        (1.0 - counts.iter().sum::<f64>()).clamp(0.0, 1.0)
    }

    fn exceeds_roughly(&self, limit: usize) -> f64 {
        let variance: f64 =
            self.members.iter().map(|member| member.probability * (1.0 - member.probability)).sum();
        let excess = self.expected() - (limit as f64 + 0.5);
        super::area::normal_cdf(excess / variance.max(1e-9).sqrt())
    }

    /// Centre of those counted and their spread about it.
    pub(super) fn place(&self) -> (Point, Covariance) {
        let total = self.expected().max(f64::MIN_POSITIVE);
        let mean = |of: &dyn Fn(&Member) -> f64| {
            self.members.iter().map(|member| member.probability * of(member)).sum::<f64>() / total
        };
        let centre = [mean(&|member| member.at[0]), mean(&|member| member.at[1])];
        let spread =
            |i: usize, j: usize| mean(&|member| (member.at[i] - centre[i]) * (member.at[j] - centre[j]));
        (centre, [spread(0, 0), spread(0, 1), spread(1, 1)])
    }

    /// Those likelier inside than not, the likeliest if there are too many to name, ascending.
    pub(super) fn tracks(&self) -> Vec<TrackId> {
        let mut named: Vec<&Member> =
            self.members.iter().filter(|member| member.probability >= 0.5).collect();
        named.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.track.cmp(&b.track)));
        named.truncate(MOST_NAMED);
        let mut tracks: Vec<TrackId> = named.into_iter().map(|member| member.track).collect();
        tracks.sort_unstable();
        tracks
    }

    /// The sensors behind them, with the age of the latest contribution.
    pub(super) fn sensors(&self) -> impl Iterator<Item = (SensorIndex, Span)> + '_ {
        self.sensors.iter().map(|(&index, &age)| (index, age))
    }
}

impl Ceiling {
    /// Looks at a second's probability of being passed, and the expected count.
    pub(super) fn observe(&mut self, now: Timestamp, probability: f64, expected: f64) -> Option<Change> {
        self.passed_since = if probability >= PASSED { self.passed_since.or(Some(now)) } else { None };
        self.kept_since = if probability <= KEPT { self.kept_since.or(Some(now)) } else { None };
        let held = |since: Option<Timestamp>, span| since.filter(|&since| now.since(since) >= span);
        if !self.raised {
            let since = held(self.passed_since, PASSED_FOR)?;
            (self.raised, self.said, self.said_at) = (true, expected, now);
            return Some(Change::Raise(since));
        }
        if held(self.kept_since, KEPT_FOR).is_some() {
            self.raised = false;
            return Some(Change::Clear);
        }
        if (expected - self.said).abs() >= MATERIAL && now.since(self.said_at) >= REVISED_EVERY {
            (self.said, self.said_at) = (expected, now);
            return Some(Change::Revise);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(probabilities: &[f64]) -> Tally {
        let mut tally = Tally::default();
        for (track, &p) in (0..).zip(probabilities) {
            tally.add(TrackId(track), p, [p, 0.0], std::iter::empty());
        }
        tally
    }

    #[test]
    fn the_count_is_poisson_binomial() {
        // By hand, p = 0.9, 0.8, 0.5: P(3) = 0.36, P(2) = 0.9·0.8·0.5 + 0.9·0.2·0.5 + 0.1·0.8·0.5 = 0.49.
        let three = tally(&[0.9, 0.8, 0.5]);
        for (limit, expected) in [(0, 1.0 - 0.01), (1, 0.85), (2, 0.36), (3, 0.0)] {
            assert!((three.exceeds(limit) - expected).abs() < 1e-12, "{limit}");
        }
        assert!((three.expected() - 2.2).abs() < 1e-12);
    }

    #[test]
    fn large_counts_agree_with_the_exact_sum() {
        let many = tally(&vec![0.7; 2000]);
        for limit in [1360, 1400, 1440] {
            let (exact, rough) = (many.exceeds(limit), many.exceeds_roughly(limit as usize));
            assert!((exact - rough).abs() < 2e-3, "{limit}: {exact} {rough}");
        }
    }

    #[test]
    fn only_real_numbers_count() {
        assert_eq!(tally(&[f64::NAN, 0.0, -1.0, 1e-9]).members.len(), 0);
        assert!(tally(&[7.0, 7.0]).exceeds(1) <= 1.0);
    }

    #[test]
    fn raised_when_held_revised_when_material_cleared_when_kept() {
        let mut ceiling = Ceiling::default();
        let mut said = Vec::new();
        for second in 0..100 {
            let (probability, expected) = match second {
                0..10 => (0.2, 4.0),
                10..20 => (0.99, 6.0),
                20..60 => (0.99, 8.0),
                60..63 => (0.3, 5.0),
                63..70 => (0.7, 7.5),
                _ => (0.1, 2.0),
            };
            let now = Timestamp::from_secs(second);
            said.extend(ceiling.observe(now, probability, expected).map(|change| (second, change)));
        }
        let raise = Change::Raise(Timestamp::from_secs(10));
        assert_eq!(said, [(12, raise), (42, Change::Revise), (72, Change::Revise), (75, Change::Clear)]);
    }

    #[test]
    fn the_place_is_the_centre_with_its_spread() {
        let (centre, spread) = tally(&[1.0, 1.0, 0.5]).place();
        assert!((centre[0] - 0.9).abs() < 1e-12 && centre[1].abs() < 1e-12);
        assert!((spread[0] - (2.0 * 0.01 + 0.5 * 0.16) / 2.5).abs() < 1e-12);
        assert_eq!(tally(&[0.9, 0.4, 0.6]).tracks(), [TrackId(0), TrackId(2)]);
    }
}
