//! UTC dates from nanoseconds since 1970: what the formats print.

/// Nanoseconds in a second.
pub const NS_PER_S: i64 = 1_000_000_000;

/// A UTC date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc {
    /// Year of our era.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
}

impl Utc {
    /// The date of an instant (Howard Hinnant, "chrono-compatible low-level date algorithms").
    #[must_use]
    pub fn new(unix_ns: i64) -> Self {
        let seconds = unix_ns.div_euclid(NS_PER_S);
        let of_day = seconds.rem_euclid(86_400);
        let days = seconds.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let small = |value: i64| u8::try_from(value).expect("a calendar field is below 61");
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * shifted + 2) / 5 + 1),
            hour: small(of_day / 3_600),
            minute: small(of_day / 60 % 60),
            second: small(of_day % 60),
            nanosecond: u32::try_from(unix_ns.rem_euclid(NS_PER_S)).expect("a remainder below 1e9"),
        }
    }

    /// RFC 3339 with microseconds, as `2026-01-01T00:00:00.100000Z`.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        let Self { year, month, day, hour, minute, second, nanosecond } = self;
        let micro = nanosecond / 1_000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
    }

    /// `hhmmss.ss` as NMEA 0183 has it.
    #[must_use]
    pub fn nmea_time(&self) -> String {
        let hundredths = self.nanosecond / 10_000_000;
        format!("{:02}{:02}{:02}.{hundredths:02}", self.hour, self.minute, self.second)
    }
}

/// RFC 3339 of nanoseconds since 1970.
#[must_use]
pub fn rfc3339(unix_ns: i64) -> String {
    Utc::new(unix_ns).rfc3339()
}

/// Seconds since midnight UTC.
#[must_use]
pub fn time_of_day_s(unix_ns: i64) -> f64 {
    let ns = i32::try_from(unix_ns.rem_euclid(NS_PER_S)).expect("a remainder below 1e9");
    let s = i32::try_from(unix_ns.div_euclid(NS_PER_S).rem_euclid(86_400)).expect("a day has 86,400 seconds");
    f64::from(s) + f64::from(ns) * 1e-9
}

/// Nanoseconds since 1970 of `t_s` seconds after `epoch_ns`, to the microsecond.
#[must_use]
pub fn unix_ns(epoch_ns: i64, t_s: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "world time is hours, far below 2^63 microseconds")]
    let micros = (t_s * 1e6).round() as i64;
    epoch_ns.saturating_add(micros.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_other_tools_print_them() {
        // `date -u -d @N`
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_767_225_600, "2026-01-01T00:00:00.000000Z"),
            (1_795_356_732, "2026-11-22T14:12:12.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(rfc3339(seconds * NS_PER_S), text);
        }
        let utc = Utc::new(1_767_225_600 * NS_PER_S + 123_456_789);
        assert_eq!(
            (utc.rfc3339().as_str(), utc.nmea_time().as_str()),
            ("2026-01-01T00:00:00.123456Z", "000000.12")
        );
    }

    #[test]
    fn time_of_day_keeps_the_fraction() {
        let ns = unix_ns(1_767_225_600 * NS_PER_S, 86_400.0 + 3_600.5);
        assert!((time_of_day_s(ns) - 3_600.5).abs() < 1e-9);
    }
}
