//! Position, speed, course and heading as the messages transmit them, with the values that stand for "not available".
//!
//! Source: ITU-R M.1371-5 annex 8, table 48.

use super::Bits;

/// A position as transmitted, in 1/10 000 of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Longitude, east positive; 181° if not available.
    pub lon: i32,
    /// Latitude, north positive; 91° if not available.
    pub lat: i32,
}

impl Position {
    pub(super) fn read(bits: &Bits, start: usize) -> Self {
        Self { lon: bits.i32(start, 28), lat: bits.i32(start + 28, 27) }
    }

    /// Latitude and longitude in degrees, not checked for range; nothing if the sender has none.
    #[must_use]
    pub fn degrees(self) -> Option<(f64, f64)> {
        const PER_DEGREE: i32 = 600_000;
        let available = self.lon != 181 * PER_DEGREE && self.lat != 91 * PER_DEGREE;
        let degrees = |raw| f64::from(raw) / f64::from(PER_DEGREE);
        available.then(|| (degrees(self.lat), degrees(self.lon)))
    }
}

/// Speed in tenths of a knot as knots; 1023 is "not available", 1022 only says "at least 102.2 knots".
pub(super) fn tenths_of_knots(raw: u16) -> Option<f64> {
    (raw < 1_022).then(|| f64::from(raw) / 10.0)
}

/// Course in tenths of a degree as degrees; 3600 and above is "not available".
pub(super) fn tenths_of_degrees(raw: u16) -> Option<f64> {
    (raw < 3_600).then(|| f64::from(raw) / 10.0)
}

/// Heading in degrees; 511 is "not available".
pub(super) fn whole_degrees(raw: u16) -> Option<f64> {
    (raw < 360).then(|| f64::from(raw))
}
