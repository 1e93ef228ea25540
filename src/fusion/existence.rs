//! Whether a track is a real object: a probability, raised by detections, lowered by misses and by time.
//!
//! In: per look the detection probability and how well a detection fitted against clutter. Out: P(exists). Integrated
//! data association (Mušicki, Evans & Stanković 1994) in odds, with a two-state visibility chain per sensor so that
//! misses in a row, which have one cause, count as one (Brekke, Hem & Tokle 2021).

use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// Mean time until an unseen target has left or stopped being one, seconds.
const LIFETIME_S: f64 = 120.0;
/// Mean time a sensor's view of a target stays as it is, seconds.
const VISIBILITY_DWELL_S: f64 = 2.0;
/// How often a target is visible to a sensor that covers it.
const USUALLY_VISIBLE: f64 = 0.98;
/// The same for a sensor that has not reported it yet: it may be too small or too far for this one, and a lidar that
/// never sees a small boat must not kill what a radar holds.
const VISIBLE_UNPROVEN: f64 = 0.8;
/// Certainty has a ceiling: what has left must be able to die. P = 0.9999.
const MOST_ODDS: f64 = 1e4;
const LEAST_ODDS: f64 = 1e-9;

/// Sensors whose view of a track is remembered; the one heard of longest ago makes room.
const MOST_SENSORS: usize = 8;

/// P(exists) with what each sensor is believed to see of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Existence {
    odds: f64,
    time: Timestamp,
    known: u8,
    visible: [Visible; MOST_SENSORS],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Visible {
    time: Timestamp,
    probability: f32,
    sensor: SensorIndex,
    /// It has reported the target at least once.
    fed: bool,
}

/// p / (1 − p), clamped.
pub(super) fn odds(p: f64) -> f64 {
    (p / (1.0 - p).max(1e-12)).clamp(LEAST_ODDS, MOST_ODDS)
}

impl Existence {
    /// Of something that this sensor has just reported.
    pub(super) fn new(p: f64, sensor: SensorIndex, time: Timestamp) -> Self {
        let founder = Visible { time, probability: as_f32(USUALLY_VISIBLE), sensor, fed: true };
        Self { odds: odds(p), time, known: 1, visible: [founder; MOST_SENSORS] }
    }

    /// P(exists) at `at`, if nobody looks until then.
    pub(super) fn at(&self, at: Timestamp) -> f64 {
        let dt_s = at.since(self.time).as_secs_f64().max(0.0);
        let p = self.odds / (1.0 + self.odds);
        if dt_s > 0.0 { p * libm::exp(-dt_s / LIFETIME_S) } else { p }
    }

    /// P(visible to a sensor | exists) at `at`.
    fn visible_at(&self, sensor: SensorIndex, at: Timestamp) -> f64 {
        self.seen_by().iter().find(|v| v.sensor == sensor).map_or(VISIBLE_UNPROVEN, |v| {
            let usual = if v.fed { USUALLY_VISIBLE } else { VISIBLE_UNPROVEN };
            let dt_s = at.since(v.time).as_secs_f64().max(0.0);
            let kept = libm::exp(-dt_s / VISIBILITY_DWELL_S);
            usual + (f64::from(v.probability) - usual) * kept
        })
    }

    /// P(detected by a look | exists), given P(detected | exists and visible).
    pub(super) fn detectable(&self, sensor: SensorIndex, at: Timestamp, pd: f64) -> f64 {
        self.visible_at(sensor, at) * pd
    }

    /// One look: `ratio` is N(ν; 0, S) over the density of clutter for the detection taken, zero for a miss;
    /// `factor`, where given, is what joint association made of the odds.
    pub(super) fn look(
        &mut self,
        sensor: SensorIndex,
        at: Timestamp,
        pd: f64,
        ratio: f64,
        factor: Option<f64>,
    ) {
        let visible = self.visible_at(sensor, at);
        let evidence = |seen: f64| 1.0 - seen + seen * ratio;
        let total = evidence(visible * pd).max(1e-12);
        let moved = odds(self.at(at)) * factor.unwrap_or(total);
        if moved.is_finite() {
            (self.odds, self.time) = (moved.clamp(LEAST_ODDS, MOST_ODDS), at.max(self.time));
        }
        let seen = (visible * evidence(pd) / total).clamp(0.01, 0.999);
        let fed = ratio > 0.0;
        self.note(Visible { time: at, probability: as_f32(seen), sensor, fed });
    }

    fn seen_by(&self) -> &[Visible] {
        &self.visible[..usize::from(self.known)]
    }

    fn note(&mut self, news: Visible) {
        let known = usize::from(self.known);
        let at = self.visible[..known].iter().position(|v| v.sensor == news.sensor).unwrap_or_else(|| {
            if known < MOST_SENSORS {
                self.known += 1;
                self.visible[known] = news;
                return known;
            }
            let oldest = (0..MOST_SENSORS).min_by_key(|at| self.visible[*at].time).unwrap_or(0);
            self.visible[oldest] = news;
            oldest
        });
        self.visible[at] = Visible { fed: news.fed || self.visible[at].fed, ..news };
    }
}

/// Visibilities are kept in single precision: a probability needs no more digits.
#[expect(clippy::cast_possible_truncation, reason = "a probability in [0, 1]")]
const fn as_f32(p: f64) -> f32 {
    p as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: SensorIndex = SensorIndex(0);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn the_recursion_is_the_one_worked_by_hand() {
        // p 0.5, never looked: seen = 0.98 × 0.9 = 0.882. A hit with N/λ = 100: odds × (0.118 + 88.2) = 88.318.
        let mut e = Existence::new(0.5, R, at(0));
        e.look(R, at(0), 0.9, 100.0, None);
        assert!((e.at(at(0)) - 88.318 / 89.318).abs() < 1e-9);
        // Visibility: 0.98 × (0.1 + 90) / 88.318 = 0.99977…, held at 0.999; a miss at once: odds × (1 − 0.8991).
        e.look(R, at(0), 0.9, 0.0, None);
        let odds = 88.318 * (1.0 - 0.999 * 0.9);
        assert!((e.at(at(0)) - odds / (1.0 + odds)).abs() < 1e-8);
    }

    #[test]
    fn misses_in_a_row_have_one_cause() {
        let mut seldom = Existence::new(0.999, R, at(0));
        let mut rapid = Existence::new(0.999, R, at(0));
        for k in 1..=5 {
            seldom.look(R, at(20 * k), 0.5, 0.0, None);
            rapid.look(R, Timestamp::from_nanos(100_000_000 * k), 0.5, 0.0, None);
        }
        let aged = rapid.at(at(100));
        assert!(seldom.at(at(100)) < aged, "five looks far apart say more than five at once");
    }

    #[test]
    fn time_alone_lets_it_fade_and_steps_do_not_matter() {
        let mut stepped = Existence::new(0.9, R, at(0));
        for k in 1..=60 {
            stepped.look(R, at(k), 0.0, 0.0, None);
        }
        let expected = 0.9 * libm::exp(-60.0 / LIFETIME_S);
        assert!((stepped.at(at(60)) - expected).abs() < 1e-9);
        assert!((Existence::new(0.9, R, at(0)).at(at(60)) - expected).abs() < 1e-12);
    }
}
