//! How long an antenna's turn takes.
//!
//! The configured time holds until the radar says another (I034/041) or shows it: north to north, or the same crossing
//! again. Winds slow antennas by a few percent; an observation that differs by half from what was learned comes of a
//! lost mark and is ignored, unless three agree on it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Shortest and longest turn believed.
const BELIEVED_S: std::ops::RangeInclusive<f64> = 0.1..=60.0;

/// The time of one turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Period {
    seconds: f64,
    learned: bool,
    disagreements: u8,
    /// The crossing whose return shows the period: when and where.
    reference: Option<(Timestamp, f64)>,
}

impl Period {
    pub(super) const fn new(seconds: f64) -> Self {
        Self { seconds, learned: false, disagreements: 0, reference: None }
    }

    pub(super) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The antenna crossed an azimuth.
    pub(super) fn crossed(&mut self, time: Timestamp, azimuth_rad: f64) {
        if let Some((before, reference_rad)) = self.reference {
            let since_s = time.since(before).as_secs_f64();
            if (reference_rad - azimuth_rad).abs() < 1e-6 {
                self.observe(since_s);
            } else if since_s <= *BELIEVED_S.end() {
                return;
            }
        }
        self.reference = Some((time, azimuth_rad));
    }

    /// A turn took, or is said to take, so long.
    pub(super) fn observe(&mut self, seconds: f64) {
        if !BELIEVED_S.contains(&seconds) {
            return;
        }
        let agrees = (0.5 * self.seconds..1.5 * self.seconds).contains(&seconds);
        self.disagreements = if agrees { 0 } else { self.disagreements.saturating_add(1) };
        if agrees || !self.learned || self.disagreements >= 3 {
            self.seconds = seconds;
            self.learned = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(crossings: &[(i64, f64)], expected_s: f64) {
        let mut period = Period::new(1.0);
        for &(seconds, azimuth_rad) in crossings {
            period.crossed(Timestamp::from_secs(seconds), azimuth_rad);
        }
        assert!((period.seconds() - expected_s).abs() < 1e-9, "{}", period.seconds());
    }

    #[test]
    fn the_same_crossing_again_shows_the_period() {
        check(&[(0, 1.0), (3, 2.0), (9, 3.0)], 1.0);
        check(&[(0, 1.0), (3, 2.0), (10, 1.0)], 10.0);
        // A lost turn is ignored, a slower antenna is believed in the end.
        check(&[(0, 1.0), (10, 1.0), (30, 1.0)], 10.0);
        check(&[(0, 1.0), (10, 1.0), (30, 1.0), (50, 1.0), (70, 1.0)], 20.0);
        // The reference crossing is lost for good: another one takes its place.
        check(&[(0, 1.0), (70, 2.0), (75, 2.0)], 5.0);
    }
}
