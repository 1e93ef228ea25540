//! ASTERIX time of day (1/128 s since midnight UTC, no date) made an instant, with the help of the time of receipt.

use crate::time::{Span, Timestamp};
use crate::wire::{Rejection, ranges};

const NANOS_PER_UNIT: i64 = 1_000_000_000 / 128;
const NANOS_PER_DAY: i64 = 86_400 * 1_000_000_000;
const UNITS_PER_DAY: u32 = 86_400 * 128;
/// A clock set to local time is at least this wrong, and a report this old describes another world.
const FARTHEST: Span = Span::from_secs(1_500);

/// A time of day as its category sends it: units of 1/128 s, below a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// From units of 1/128 s.
    #[must_use]
    pub const fn from_units(units: u32) -> Self {
        Self(units)
    }

    /// Seconds since midnight.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        f64::from(self.0) / 128.0
    }

    /// The instant with this time of day that is nearest to `received`.
    ///
    /// # Errors
    /// `out_of_range` for a day longer than a day, `bad_time` if even that instant is 25 minutes away or more.
    pub fn near(self, received: Timestamp) -> Result<Timestamp, Rejection> {
        if self.0 >= UNITS_PER_DAY {
            let found = format!("time of day {} s, expected below 86400", self.as_secs_f64());
            return Err(Rejection::new(ranges::OUT_OF_RANGE, found));
        }
        let nanos = received.as_nanos();
        let midnight = nanos.saturating_sub(nanos.rem_euclid(NANOS_PER_DAY));
        let today = midnight.saturating_add(i64::from(self.0) * NANOS_PER_UNIT);
        let ahead = today.saturating_sub(nanos);
        let nearest = match ahead {
            _ if ahead > NANOS_PER_DAY / 2 => today.saturating_sub(NANOS_PER_DAY),
            _ if ahead < -NANOS_PER_DAY / 2 => today.saturating_add(NANOS_PER_DAY),
            _ => today,
        };
        let instant = Timestamp::from_nanos(nearest);
        let apart = instant.since(received);
        if apart >= FARTHEST || apart <= Span::from_nanos(-FARTHEST.as_nanos()) {
            let found = format!("time of day is {} s from the time of receipt", apart.as_secs_f64());
            return Err(Rejection::new(ranges::BAD_TIME, found));
        }
        Ok(instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(received: &str, seconds: f64) -> Result<String, &'static str> {
        let units = Span::from_secs_f64(seconds).as_nanos() / NANOS_PER_UNIT;
        let time = TimeOfDay::from_units(u32::try_from(units).unwrap());
        time.near(Timestamp::parse(received).unwrap()).map(|t| t.to_string()).map_err(|r| r.reason)
    }

    #[test]
    fn midnight_lies_between_measuring_and_receiving_both_ways() {
        let late = near("2026-03-01T00:00:01Z", 86_399.5);
        assert_eq!(late.as_deref(), Ok("2026-02-28T23:59:59.500Z"));
        let early = near("2026-02-28T23:59:59.900Z", 0.25);
        assert_eq!(early.as_deref(), Ok("2026-03-01T00:00:00.250Z"));
        let same = near("2026-02-28T12:00:01Z", 43_200.0);
        assert_eq!(same.as_deref(), Ok("2026-02-28T12:00:00.000Z"));
    }

    #[test]
    fn another_zone_s_clock_and_a_longer_day_are_refused() {
        assert_eq!(near("2026-03-01T12:00:00Z", 13.0 * 3600.0), Err("bad_time"));
        assert_eq!(near("2026-03-01T12:00:00Z", 0.0), Err("bad_time"));
        assert_eq!(near("2026-03-01T00:00:00Z", 86_400.0), Err("out_of_range"));
    }
}
