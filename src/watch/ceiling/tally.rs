//! What one second's picture says about one place: who is in it, with what probability.
//!
//! In: track after track. Out: how many, where, and which of them to name. Knows no limit.

use std::collections::BTreeMap;

use super::number::{Whole, exceeds, whole};
use crate::fusion::TrackId;
use crate::sensor::SensorIndex;
use crate::time::Span;
use crate::watch::area::Covariance;
use crate::watch::line::Point;

/// Less likely ones are not counted.
const NEGLIGIBLE: f64 = 1e-3;
/// Tracks named in one notice: the likeliest.
const MOST_NAMED: usize = 256;

/// Who is in a place.
#[derive(Clone, Debug, Default)]
pub(in crate::watch) struct Tally {
    members: Vec<Member>,
    sensors: BTreeMap<SensorIndex, Span>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    track: TrackId,
    probability: f64,
    at: Point,
}

impl Tally {
    /// Counts one track.
    pub(in crate::watch) fn add(
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
    pub(in crate::watch) fn expected(&self) -> f64 {
        self.members.iter().map(|member| member.probability).sum()
    }

    fn probabilities(&self) -> Vec<f64> {
        self.members.iter().map(|member| member.probability).collect()
    }

    /// P(more than `limit` are seen).
    pub(in crate::watch) fn exceeds(&self, limit: u32) -> f64 {
        exceeds(&self.probabilities(), limit)
    }

    /// All there are, where nobody watches a share `blind` of the place.
    pub(in crate::watch) fn whole(&self, blind: f64) -> Whole {
        whole(&self.probabilities(), blind)
    }

    /// Those likelier inside than not, in the order of the tracks.
    pub(in crate::watch) fn likely(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.members.iter().filter(|member| member.probability >= 0.5).map(|member| member.track)
    }

    /// Centre of those counted and their spread about it.
    pub(in crate::watch) fn place(&self) -> (Point, Covariance) {
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
    pub(in crate::watch) fn tracks(&self) -> Vec<TrackId> {
        let mut named: Vec<&Member> =
            self.members.iter().filter(|member| member.probability >= 0.5).collect();
        named.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.track.cmp(&b.track)));
        named.truncate(MOST_NAMED);
        let mut tracks: Vec<TrackId> = named.into_iter().map(|member| member.track).collect();
        tracks.sort_unstable();
        tracks
    }

    /// The sensors behind them, with the age of the latest contribution.
    pub(in crate::watch) fn sensors(&self) -> impl Iterator<Item = (SensorIndex, Span)> + '_ {
        self.sensors.iter().map(|(&index, &age)| (index, age))
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
    fn only_real_numbers_count() {
        assert_eq!(tally(&[f64::NAN, 0.0, -1.0, 1e-9]).members.len(), 0);
        assert!(tally(&[7.0, 7.0]).exceeds(1) <= 1.0);
    }

    #[test]
    fn the_place_is_the_centre_with_its_spread() {
        let (centre, spread) = tally(&[1.0, 1.0, 0.5]).place();
        assert!((centre[0] - 0.9).abs() < 1e-12 && centre[1].abs() < 1e-12);
        assert!((spread[0] - (2.0 * 0.01 + 0.5 * 0.16) / 2.5).abs() < 1e-12);
        assert_eq!(tally(&[0.9, 0.4, 0.6]).tracks(), [TrackId(0), TrackId(2)]);
        assert!((tally(&[0.9, 0.8, 0.5]).expected() - 2.2).abs() < 1e-12);
    }
}
