//! Instants and spans in integer nanoseconds, UTC.
//!
//! In: RFC 3339 text or nanosecond counts. Out: the same. Knows no clock: reading one is `clock.rs`'s job alone.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A UTC instant: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A signed length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(i64);

/// A text that is not an RFC 3339 instant with a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time with a zone, such as 2026-01-01T00:00:00.100Z")]
pub struct TimeError;

impl Timestamp {
    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole seconds since the epoch; saturates at the ends of the range (years 1677 and 2262).
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The last whole second at or before this instant, in seconds since the epoch.
    #[must_use]
    pub const fn floor_secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// The first whole second at or after this instant, in seconds since the epoch.
    #[must_use]
    pub const fn ceil_secs(self) -> i64 {
        -(-self.0).div_euclid(NANOS_PER_SECOND)
    }

    /// This instant moved by `span`; saturates.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this instant; negative if `earlier` is later; saturates.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Parses RFC 3339 with `Z` or a numeric offset.
    ///
    /// # Errors
    /// [`TimeError`] if the text is anything else or lies outside the years 1678 to 2261.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        i64::try_from(parsed.as_nanosecond()).map(Self).map_err(|_| TimeError)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// From seconds, rounded to the nearest nanosecond; saturates, and NaN becomes zero.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what is wanted")]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self(libm::round(secs * 1e9) as i64)
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// In seconds.
    #[must_use]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// RFC 3339 UTC with 3, 6 or 9 decimals: the fewest that lose nothing, so equal instants print alike.
impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .expect("an i64 of nanoseconds lies inside jiff's range of years");
        match self.0.rem_euclid(NANOS_PER_SECOND) {
            n if n % 1_000_000 == 0 => write!(out, "{instant:.3}"),
            n if n % 1_000 == 0 => write!(out, "{instant:.6}"),
            _ => write!(out, "{instant:.9}"),
        }
    }
}

/// As text where people read it, as nanoseconds in binary forms.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return i64::deserialize(from).map(Self);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_fewest_decimals_that_lose_nothing() {
        for text in
            ["2026-01-01T00:00:00.100Z", "2026-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999999Z"]
        {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::from_secs(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn offsets_are_taken_into_account_and_nonsense_is_refused() {
        let expected = Timestamp::from_secs(1_767_225_600);
        assert_eq!(Timestamp::parse("2026-01-01T02:00:00+02:00"), Ok(expected));
        for text in ["", "2026-01-01", "2026-01-01T00:00:00", "now", "9999-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError), "{text}");
        }
    }

    #[test]
    fn whole_seconds_round_away_from_the_instant_on_both_sides_of_the_epoch() {
        let before = Timestamp::from_nanos(-1);
        assert_eq!((before.floor_secs(), before.ceil_secs()), (-1, 0));
        let after = Timestamp::from_nanos(1);
        assert_eq!((after.floor_secs(), after.ceil_secs()), (0, 1));
        assert_eq!(Timestamp::from_secs(7).ceil_secs(), 7);
    }
}
