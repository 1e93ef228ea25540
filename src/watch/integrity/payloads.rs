//! Payloads that came before, or say they are older than they can be: somebody may be playing a recording.
//!
//! In: per sensor, each frame that the engine set aside as seen before, of an earlier life, or of another time; and each
//! that it used. Out: how many of each in the last ten minutes, where they are too many to be a broker's redelivery. A
//! redelivery comes in a burst after a broken connection; a recording goes on. Knows no payload.

use serde::{Deserialize, Serialize};

use super::super::grounds::Named;
use crate::time::{Span, Timestamp};

/// How a frame was not new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stale {
    /// Seen before.
    Repeated,
    /// Numbered as of before the sensor's last restart, or far behind its latest.
    Backwards,
    /// Stamped more than a day ago, or in the future.
    OutOfTime,
}

impl Stale {
    const ALL: [Self; 3] = [Self::Repeated, Self::Backwards, Self::OutOfTime];

    /// The indicator that says it.
    pub(super) const fn named(self) -> Named {
        match self {
            Self::Repeated => Named::RepeatedPayloads,
            Self::Backwards => Named::NumbersBackwards,
            Self::OutOfTime => Named::TimesOutOfRange,
        }
    }

    /// Fewer in the window say nothing: redeliveries repeat thousands, but only for a moment.
    const fn least(self) -> f64 {
        match self {
            Self::Repeated => 20.0,
            Self::Backwards | Self::OutOfTime => 3.0,
        }
    }

    /// Seconds of the window in which there must have been some.
    const fn least_s(self) -> u32 {
        match self {
            Self::Repeated => 20,
            Self::Backwards | Self::OutOfTime => 2,
        }
    }
}

/// Counts fade over this time, seconds.
const WINDOW_S: f64 = 600.0;

/// What came of one sensor that was not new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Payloads {
    counts: [Count; 3],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    /// Faded.
    number: f64,
    /// Faded count of different seconds.
    seconds: f64,
    first: Option<Timestamp>,
    latest: Timestamp,
}

impl Payloads {
    /// One more that was not new.
    pub(super) fn note(&mut self, now: Timestamp, stale: Stale) {
        let count = &mut self.counts[stale as usize];
        let kept = libm::exp(-now.since(count.latest).as_secs_f64().clamp(0.0, 1e6) / WINDOW_S);
        let is_another = count.first.is_none() || now.floor_secs() != count.latest.floor_secs();
        (count.number, count.seconds) =
            (count.number * kept + 1.0, count.seconds * kept + f64::from(is_another));
        count.first = count.first.or(Some(now));
        count.latest = now;
    }

    /// Nothing of what is long over stands.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        for count in &mut self.counts {
            if count.first.is_some() && now.since(count.latest) > Span::from_secs(600) {
                *count = Count::default();
            }
        }
    }

    /// What stands: how many lately, and since when.
    pub(super) fn standing(&self) -> impl Iterator<Item = (Stale, f64, Timestamp)> + '_ {
        Stale::ALL.into_iter().zip(&self.counts).filter_map(|(stale, count)| {
            let stands = count.number >= stale.least() && count.seconds >= f64::from(stale.least_s());
            stands.then_some((stale, count.number, count.first?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(stale: Stale, frames: impl Iterator<Item = i64>) -> usize {
        let mut payloads = Payloads::default();
        frames.for_each(|second| payloads.note(Timestamp::from_secs(1000 + second), stale));
        payloads.standing().count()
    }

    #[test]
    fn a_broker_delivers_again_in_a_burst_and_a_recording_goes_on() {
        assert_eq!(standing(Stale::Repeated, std::iter::repeat_n(0, 5_000)), 0);
        assert_eq!(standing(Stale::Repeated, 0..30), 1);
        assert_eq!(standing(Stale::Repeated, (0..30).map(|n| n * 600)), 0, "one in ten minutes");
    }

    #[test]
    fn an_earlier_life_is_told_at_once_and_forgotten_later() {
        assert_eq!(standing(Stale::Backwards, 0..2), 0);
        assert_eq!(standing(Stale::Backwards, 0..4), 1);
        let mut payloads = Payloads::default();
        (0..9).for_each(|second| payloads.note(Timestamp::from_secs(second), Stale::OutOfTime));
        payloads.forget_old(Timestamp::from_secs(608));
        assert_eq!(payloads.standing().count(), 1);
        payloads.forget_old(Timestamp::from_secs(609));
        assert_eq!(payloads, Payloads::default());
    }
}
