//! How much of what is there a sensor really detects, over range: told by its configuration, learned from targets that
//! other sensors hold.
//!
//! In: per look, targets it should have seen by what it was told, each with its range and whether it was seen. Out: the
//! detection probability at a range as a factor on the told one. A lidar told to see 250 m sees a low boat at 80: its
//! misses beyond say nothing, and must not kill what a radar holds. Counts per ring fade with time, so that fog may
//! come and go. Knows no track.

use serde::{Deserialize, Serialize};

use super::ring::LookNumber;
use crate::time::Timestamp;

/// Rings of equal width up to the greatest range.
const RINGS: usize = 12;
/// What was told weighs as much as this many detections.
const PRIOR: f64 = 6.0;
/// Time in which what was learned fades to a third, seconds.
const MEMORY_S: f64 = 300.0;
/// A target that was seen, or missed, will be again for this long: looks in between are one, seconds.
const DWELL_S: f64 = 2.0;
/// Least that is ever believed of the told probability.
const LEAST: f64 = 0.02;

/// What one sensor has detected of what others hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sight {
    #[serde(skip)]
    ring_m: f64,
    #[serde(skip)]
    most: f64,
    /// Share of a dwell that one look is.
    #[serde(skip)]
    weight: f64,
    expected: [f64; RINGS],
    seen: [f64; RINGS],
    factors: [f64; RINGS],
    as_of: Timestamp,
    since: LookNumber,
}

impl Sight {
    /// Nothing learned yet of a sensor told to detect with probability `told` out to `max_range_m` every `period_s`.
    pub(super) fn new(told: f64, max_range_m: f64, period_s: f64) -> Self {
        Self {
            ring_m: max_range_m / RINGS as f64,
            most: 0.99 / told.max(0.01),
            weight: (period_s / DWELL_S).clamp(0.01, 1.0),
            expected: [0.0; RINGS],
            seen: [0.0; RINGS],
            factors: [1.0; RINGS],
            as_of: Timestamp::from_nanos(i64::MIN),
            since: 0,
        }
    }

    /// What was learned, under the configuration of `new`.
    pub(super) fn configured_as(self, new: &Self) -> Self {
        Self { ring_m: new.ring_m, most: new.most, weight: new.weight, ..self }
    }

    /// What was learned before look `since`, while some sensor pointed elsewhere, is worth nothing.
    pub(super) fn since(&mut self, since: LookNumber) {
        if self.since != since {
            self.since = since;
            (self.expected, self.seen, self.factors) = ([0.0; RINGS], [0.0; RINGS], [1.0; RINGS]);
        }
    }

    /// A look at `time` begins: the past fades.
    pub(super) fn looked(&mut self, time: Timestamp) {
        let dt_s = time.since(self.as_of).as_secs_f64();
        if dt_s <= 0.0 {
            return;
        }
        self.as_of = time;
        let kept = libm::exp(-dt_s.min(1e6) / MEMORY_S);
        for ring in 0..RINGS {
            self.expected[ring] *= kept;
            self.seen[ring] *= kept;
            let factor = (PRIOR + self.seen[ring]) / (PRIOR + self.expected[ring]);
            self.factors[ring] = factor.clamp(LEAST, self.most.max(1.0));
        }
    }

    /// A target at `range_m`, to be seen with probability `told`, was or was not.
    pub(super) fn note(&mut self, range_m: f64, told: f64, seen: bool) {
        let ring = self.ring(range_m);
        self.expected[ring] += self.weight * told;
        self.seen[ring] += self.weight * f64::from(u8::from(seen));
    }

    /// Detection probability at `range_m` over the told one.
    pub(super) fn factor(&self, range_m: f64) -> f64 {
        self.factors[self.ring(range_m)]
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the number of rings"
    )]
    fn ring(&self, range_m: f64) -> usize {
        (range_m / self.ring_m).clamp(0.0, RINGS as f64 - 1.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_seen_far_out_is_no_longer_expected_there() {
        let mut lidar = Sight::new(0.65, 240.0, 0.1);
        for k in 0..1_200 {
            lidar.looked(Timestamp::from_nanos(100_000_000 * k));
            lidar.note(50.0, 0.65, k % 20 < 13);
            lidar.note(190.0, 0.65, false);
        }
        lidar.looked(Timestamp::from_secs(120));
        assert!((lidar.factor(50.0) - 1.0).abs() < 0.02, "seen as told: {}", lidar.factor(50.0));
        // 1,200 looks of 0.05 dwells each, 0.65 expected, faded over two minutes: 32 missed in place of none.
        assert!(lidar.factor(190.0) < 0.2, "{}", lidar.factor(190.0));
        assert!((lidar.factor(110.0) - 1.0).abs() < 1e-12, "nothing was there to see");
        lidar.looked(Timestamp::from_secs(120 + 3_000));
        assert!(lidar.factor(190.0) > 0.95, "forgotten");
    }

    #[test]
    fn it_never_detects_more_than_everything() {
        let mut radar = Sight::new(0.9, 15_000.0, 1.0);
        for k in 0..3_000 {
            radar.looked(Timestamp::from_secs(k));
            radar.note(4_000.0, 0.9, true);
        }
        assert!(radar.factor(4_000.0) > 1.05 && 0.9 * radar.factor(4_000.0) <= 0.99 + 1e-12);
        assert!(radar.factor(f64::INFINITY).is_finite() && radar.factor(0.0).is_finite());
    }
}
