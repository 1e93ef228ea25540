//! Where things were, second by second, in bounded memory.
//!
//! In: samples in order of time. Out: a polyline for each thing. Of each thing its first and its latest sample are
//! always there; in between, when there are too many in all, every second one goes, for everything alike.

use std::collections::BTreeMap;

use super::clip::Point;
use crate::time::Timestamp;

/// The most samples kept in all: 8 MB of them.
const MAX_SAMPLES: usize = 120_000;
/// The most things; more are counted, not drawn.
const MAX_TRAILS: usize = 10_000;

/// A thing at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub time: Timestamp,
    /// Metres east and north.
    pub at: Point,
    /// East-east, east-north, north-north, metres².
    pub cov_m2: Option<[f64; 3]>,
    /// Predicted without detections.
    pub coasting: bool,
}

/// One thing's way.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    /// At least the first sample.
    kept: Vec<Sample>,
    latest: Sample,
}

/// The ways of all things of one sort, by id.
#[derive(Clone, Debug)]
pub(super) struct Trails {
    by_id: BTreeMap<String, Trail>,
    every_s: i64,
    samples: usize,
    left_out: u64,
    most_samples: usize,
}

impl Default for Trails {
    fn default() -> Self {
        let most_samples = MAX_SAMPLES;
        Self { by_id: BTreeMap::new(), every_s: 1, samples: 0, left_out: 0, most_samples }
    }
}

impl Trail {
    /// The samples in order of time.
    pub(super) fn samples(&self) -> impl Iterator<Item = &Sample> {
        let is_new = self.kept.last().is_none_or(|last| last.time != self.latest.time);
        self.kept.iter().chain(is_new.then_some(&self.latest))
    }

    /// Its first sample.
    pub(super) fn first(&self) -> &Sample {
        self.kept.first().unwrap_or(&self.latest)
    }

    /// Its latest sample.
    pub(super) fn latest(&self) -> &Sample {
        &self.latest
    }
}

impl Trails {
    /// Adds a sample to a thing's way.
    pub(super) fn push(&mut self, id: &str, sample: Sample) {
        if let Some(trail) = self.by_id.get_mut(id) {
            trail.latest = sample;
            let second = sample.time.floor_secs();
            let is_new = trail.kept.last().is_none_or(|last| last.time.floor_secs() < second);
            if is_new && second.rem_euclid(self.every_s) == 0 {
                trail.kept.push(sample);
                self.samples += 1;
            }
        } else if self.by_id.len() < MAX_TRAILS {
            self.by_id.insert(id.to_owned(), Trail { kept: vec![sample], latest: sample });
            self.samples += 1;
        } else {
            self.left_out += 1;
        }
        while self.samples > self.most_samples && self.samples > self.by_id.len() {
            self.thin();
        }
    }

    fn thin(&mut self) {
        self.every_s = self.every_s.saturating_mul(2);
        self.samples = 0;
        for trail in self.by_id.values_mut() {
            let mut is_first = true;
            let every_s = self.every_s;
            trail.kept.retain(|sample| {
                std::mem::take(&mut is_first) || sample.time.floor_secs().rem_euclid(every_s) == 0
            });
            self.samples += trail.kept.len();
        }
    }

    /// Everything, by ascending id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Trail)> {
        self.by_id.iter().map(|(id, trail)| (id.as_str(), trail))
    }

    /// One thing's way.
    pub(super) fn get(&self, id: &str) -> Option<&Trail> {
        self.by_id.get(id)
    }

    /// How many things.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Samples are this far apart, seconds, at least.
    pub(super) fn every_s(&self) -> i64 {
        self.every_s
    }

    /// Whether there were more things than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.left_out > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64) -> Sample {
        let at = [second as f64, 0.0];
        Sample { time: Timestamp::from_secs(second), at, cov_m2: None, coasting: false }
    }

    #[test]
    fn first_and_latest_stay_whatever_is_thinned() {
        let mut trails = Trails { most_samples: 100, ..Trails::default() };
        for second in 3..=1_001 {
            trails.push("7", sample(second));
        }
        let trail = trails.get("7").unwrap();
        let seconds: Vec<i64> = trail.samples().map(|sample| sample.time.floor_secs()).collect();
        assert!(trails.samples <= 100 && seconds.len() <= 101, "{}", seconds.len());
        assert_eq!((seconds[0], *seconds.last().unwrap()), (3, 1_001));
        assert_eq!(trails.every_s(), 16, "999 seconds of at most 100");
        assert!(seconds[1..seconds.len() - 1].iter().all(|second| second % 16 == 0));
    }

    #[test]
    fn more_things_than_samples_end_the_thinning() {
        let mut trails = Trails { most_samples: 2, ..Trails::default() };
        for id in ["a", "b", "c"] {
            trails.push(id, sample(1));
        }
        assert_eq!(trails.len(), 3);
    }

    #[test]
    fn one_sample_a_second_is_kept() {
        let mut trails = Trails::default();
        for tenth in 0..100 {
            let time = Timestamp::from_nanos(tenth * 100_000_000);
            trails.push("7", Sample { time, ..sample(0) });
        }
        let times: Vec<Timestamp> = trails.get("7").unwrap().samples().map(|sample| sample.time).collect();
        assert_eq!(times.len(), 11, "ten seconds, and the latest");
    }
}
