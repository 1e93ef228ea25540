//! When something was measured, from the little that a sentence says about it.
//!
//! In: the instant of receipt and a piece of a time: a relay's stamp, seconds of a minute, a time of day. Out: an
//! instant near the one of receipt. Nothing here can move it more than [`OLDEST`] back or [`NEWEST`] forward.

use crate::time::{Span, Timestamp};

/// A stamp older than this is of another occasion (a log played back, a clock never set), not of a slow link.
pub(super) const OLDEST: Span = Span::from_secs(3_600);
/// A stamp may lie this far ahead: stamps are whole seconds and clocks differ a little.
pub(super) const NEWEST: Span = Span::from_secs(1);

const MINUTE_NANOS: i64 = 60_000_000_000;
const DAY_NANOS: i64 = 86_400_000_000_000;

/// Whether a stamp can be of what was received at `received`.
pub(super) fn plausible(received: Timestamp, stamp: Timestamp) -> bool {
    let age = received.since(stamp);
    age <= OLDEST && age.as_nanos() >= -NEWEST.as_nanos()
}

/// The last instant whose UTC second of the minute is `second` and that is not after `near` + 1 s; `near` itself for
/// 60 to 63, by which AIS says that it has no time stamp (ITU-R M.1371-5, table 48).
///
/// So a report is taken to be 0 to 59 s old: a transponder on the air is 0 to 3 s old, one through a slow relay more.
pub(super) fn at_second(near: Timestamp, second: u8) -> Timestamp {
    if second >= 60 {
        return near;
    }
    let latest = near.plus(NEWEST).as_nanos();
    let ahead = (latest - i64::from(second) * 1_000_000_000).rem_euclid(MINUTE_NANOS);
    Timestamp::from_nanos(latest.saturating_sub(ahead))
}

/// The instant nearest to `near` at which it is `nanos` after midnight UTC; `near` itself if that is implausible.
pub(super) fn at_time_of_day(near: Timestamp, nanos: i64) -> Timestamp {
    let behind = (near.as_nanos() - nanos).rem_euclid(DAY_NANOS);
    let behind = if behind > DAY_NANOS / 2 { behind - DAY_NANOS } else { behind };
    let found = near.plus(Span::from_nanos(-behind));
    if plausible(near, found) { found } else { near }
}

/// `hhmmss.ss` in nanoseconds after midnight; nothing if it is anything else.
pub(super) fn parse_time_of_day(text: &str) -> Option<i64> {
    let number = |range| text.get(range).filter(|digits: &&str| digits.bytes().all(|b| b.is_ascii_digit()));
    let two = |range, below| number(range)?.parse().ok().filter(|value: &i64| *value < below);
    let whole = (two(0..2, 24)? * 60 + two(2..4, 60)?) * 60 + two(4..6, 60)?;
    let fraction = match text.get(6..)? {
        "" | "." => 0,
        rest => {
            let digits = rest.strip_prefix('.')?;
            let plain = digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
            format!("{digits:0<9}").parse().ok().filter(|_| plain)?
        }
    };
    Some(whole * 1_000_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_second_is_the_last_one_that_has_come() {
        let near = at("2026-01-01T00:00:10.400Z");
        for (second, expected) in [
            (10, "2026-01-01T00:00:10Z"),
            (9, "2026-01-01T00:00:09Z"),
            (11, "2026-01-01T00:00:11Z"),
            (12, "2025-12-31T23:59:12Z"),
            (59, "2025-12-31T23:59:59Z"),
            (60, "2026-01-01T00:00:10.400Z"),
            (63, "2026-01-01T00:00:10.400Z"),
        ] {
            assert_eq!(at_second(near, second), at(expected), "{second}");
        }
    }

    #[test]
    fn a_time_of_day_is_the_nearest_one() {
        let near = at("2026-01-01T00:00:10Z");
        for (text, expected) in [
            ("235959.50", "2025-12-31T23:59:59.500Z"),
            ("000009", "2026-01-01T00:00:09Z"),
            ("000011.000", "2026-01-01T00:00:11Z"),
            ("000012", "2026-01-01T00:00:10Z"),
            ("120000", "2026-01-01T00:00:10Z"),
        ] {
            assert_eq!(at_time_of_day(near, parse_time_of_day(text).unwrap()), at(expected), "{text}");
        }
        for bad in
            ["", "1200", "240000", "126000", "12:00:00", "120000.x", "-10000", "120000.1234567890", "1200000"]
        {
            assert_eq!(parse_time_of_day(bad), None, "{bad}");
        }
    }
}
