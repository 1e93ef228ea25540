//! Whether a track is a real object: a probability, raised by detections, lowered by misses and by time.
//!
//! In: per look the detection probability and how well a detection fitted against clutter. Out: P(exists). Integrated
//! data association (Mušicki, Evans & Stanković 1994) in odds, with a two-state visibility chain per sensor so that
//! misses in a row, which have one cause, count as one (Brekke, Hem & Tokle 2021).

use serde::{Deserialize, Serialize};

use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Mean time until an unseen target has left or stopped being one, seconds.
const LIFETIME_S: f64 = 180.0;
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Kept", try_from = "Kept")]
pub(super) struct Existence {
    odds: f64,
    time: Timestamp,
    known: u8,
    visible: [Visible; MOST_SENSORS],
}

/// What one look says about whether a track exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looking {
    pub sensor: SensorIndex,
    pub at: Timestamp,
    /// P(detected | exists and visible).
    pub pd: f64,
    /// N(ν; 0, S) over the density of clutter for the detection taken, zero for a miss.
    pub ratio: f64,
    /// What joint association made of the odds, where there was any.
    pub factor: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Visible {
    time: Timestamp,
    probability: f32,
    sensor: SensorIndex,
    /// It has reported the target at least once.
    fed: bool,
}

/// e^(−Δt/lifetime) and e^(−Δt/dwell): tracks that were last looked at together share them.
#[derive(Clone, Debug)]
pub(super) struct Fades([(i64, f64, f64); FADES]);

const FADES: usize = 64;

impl Default for Fades {
    fn default() -> Self {
        Self([(0, 1.0, 1.0); FADES])
    }
}

impl Fades {
    /// Both for Δt ≥ 0; the past fades nothing.
    fn over(&mut self, span: Span) -> (f64, f64) {
        let ns = span.as_nanos().max(0);
        // Any spread over the slots will do; scans come at multiples of milliseconds.
        #[expect(clippy::cast_sign_loss, reason = "not negative")]
        let slot = ((ns as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize;
        let known = &mut self.0[slot];
        if known.0 != ns {
            let dt_s = Span::from_nanos(ns).as_secs_f64();
            *known = (ns, libm::exp(-dt_s / LIFETIME_S), libm::exp(-dt_s / VISIBILITY_DWELL_S));
        }
        (known.1, known.2)
    }
}

/// p / (1 − p), clamped.
pub(super) fn odds(p: f64) -> f64 {
    (p / (1.0 - p).max(1e-12)).clamp(LEAST_ODDS, MOST_ODDS)
}

/// The same without unused room.
#[derive(Serialize, Deserialize)]
struct Kept {
    odds: f64,
    time: Timestamp,
    visible: Vec<Visible>,
}

impl From<Existence> for Kept {
    fn from(existence: Existence) -> Self {
        Self { odds: existence.odds, time: existence.time, visible: existence.seen_by().to_vec() }
    }
}

impl TryFrom<Kept> for Existence {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let founder = *kept.visible.first().ok_or("an existence that nobody has seen")?;
        let mut visible = [founder; MOST_SENSORS];
        let known = visible.get_mut(..kept.visible.len()).ok_or("an existence that too many have seen")?;
        known.copy_from_slice(&kept.visible);
        let known = u8::try_from(kept.visible.len()).map_err(|_| "an existence that too many have seen")?;
        Ok(Self { odds: kept.odds, time: kept.time, known, visible })
    }
}

impl Existence {
    /// Of something that this sensor has just reported.
    pub(super) fn new(p: f64, sensor: SensorIndex, time: Timestamp) -> Self {
        let founder = Visible { time, probability: as_f32(USUALLY_VISIBLE), sensor, fed: true };
        Self { odds: odds(p), time, known: 1, visible: [founder; MOST_SENSORS] }
    }

    /// P(exists) at `at`, if nobody looks until then.
    pub(super) fn at(&self, at: Timestamp, fades: &mut Fades) -> f64 {
        self.odds / (1.0 + self.odds) * fades.over(at.since(self.time)).0
    }

    /// The same for one who asks once and has no [`Fades`] at hand.
    pub(super) fn once_at(&self, at: Timestamp) -> f64 {
        let span = at.since(self.time);
        let fade = if span > Span::ZERO { libm::exp(-span.as_secs_f64() / LIFETIME_S) } else { 1.0 };
        self.odds / (1.0 + self.odds) * fade
    }

    /// P(visible to a sensor | exists) at `at`.
    pub(super) fn visible_at(&self, sensor: SensorIndex, at: Timestamp, fades: &mut Fades) -> f64 {
        self.seen_by().iter().find(|v| v.sensor == sensor).map_or(VISIBLE_UNPROVEN, |v| {
            let usual = if v.fed { USUALLY_VISIBLE } else { VISIBLE_UNPROVEN };
            usual + (f64::from(v.probability) - usual) * fades.over(at.since(v.time)).1
        })
    }

    /// One look.
    pub(super) fn look(&mut self, look: &Looking, fades: &mut Fades) {
        let Looking { sensor, at, pd, ratio, factor } = *look;
        let visible = self.visible_at(sensor, at, fades);
        let evidence = |seen: f64| 1.0 - seen + seen * ratio;
        let total = evidence(visible * pd).max(1e-12);
        let moved = odds(self.at(at, fades)) * factor.unwrap_or(total);
        if moved.is_finite() {
            (self.odds, self.time) = (moved.clamp(LEAST_ODDS, MOST_ODDS), at.max(self.time));
        }
        let seen = (visible * evidence(pd) / total).clamp(0.01, 0.999);
        self.note(Visible { time: at, probability: as_f32(seen), sensor, fed: ratio > 0.0 });
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

    fn looking(at: Timestamp, pd: f64, ratio: f64) -> Looking {
        Looking { sensor: R, at, pd, ratio, factor: None }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn the_recursion_is_the_one_worked_by_hand() {
        // p 0.5, never looked: seen = 0.98 × 0.9 = 0.882. A hit with N/λ = 100: odds × (0.118 + 88.2) = 88.318.
        let mut e = Existence::new(0.5, R, at(0));
        e.look(&looking(at(0), 0.9, 100.0), &mut Fades::default());
        assert!((e.at(at(0), &mut Fades::default()) - 88.318 / 89.318).abs() < 1e-9);
        // Visibility: 0.98 × (0.1 + 90) / 88.318 = 0.99977…, held at 0.999; a miss at once: odds × (1 − 0.8991).
        e.look(&looking(at(0), 0.9, 0.0), &mut Fades::default());
        let odds = 88.318 * (1.0 - 0.999 * 0.9);
        assert!((e.at(at(0), &mut Fades::default()) - odds / (1.0 + odds)).abs() < 1e-8);
    }

    #[test]
    fn misses_in_a_row_have_one_cause() {
        let mut seldom = Existence::new(0.999, R, at(0));
        let mut rapid = Existence::new(0.999, R, at(0));
        for k in 1..=5 {
            seldom.look(&looking(at(20 * k), 0.5, 0.0), &mut Fades::default());
            rapid.look(&looking(Timestamp::from_nanos(100_000_000 * k), 0.5, 0.0), &mut Fades::default());
        }
        let aged = rapid.at(at(100), &mut Fades::default());
        assert!(
            seldom.at(at(100), &mut Fades::default()) < aged,
            "five looks far apart say more than five at once"
        );
    }

    #[test]
    fn time_alone_lets_it_fade_and_steps_do_not_matter() {
        let mut stepped = Existence::new(0.9, R, at(0));
        for k in 1..=60 {
            stepped.look(&looking(at(k), 0.0, 0.0), &mut Fades::default());
        }
        let expected = 0.9 * libm::exp(-60.0 / LIFETIME_S);
        assert!((stepped.at(at(60), &mut Fades::default()) - expected).abs() < 1e-9);
        assert!((Existence::new(0.9, R, at(0)).at(at(60), &mut Fades::default()) - expected).abs() < 1e-12);
    }
}
