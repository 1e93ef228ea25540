//! Messages of things that move: types 1, 2, 3, 9, 18 and 27.
//!
//! Field tables: ITU-R M.1371-5 annex 8, tables 48 (1–3), 61 (9), 70 (18), 88 (27).

use super::position::{tenths_of_degrees, tenths_of_knots, whole_degrees};
use super::{Bits, Header, Position};

/// Types 1, 2 and 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassA {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Navigational status: 0 under way using engine, 1 at anchor, 5 moored … 15 not defined.
    pub status: u8,
    /// Rate of turn: 4.733 √(degrees per minute), signed, starboard positive; ±127 a turn of unknown rate, -128 none.
    pub turn: i8,
    /// Speed over ground, 0.1 knot; 1023 not available.
    pub speed: u16,
    /// Whether the position is better than 10 m.
    pub accuracy: bool,
    /// Where.
    pub position: Position,
    /// Course over ground, 0.1 degree; 3600 not available.
    pub course: u16,
    /// True heading, degrees; 511 not available.
    pub heading: u16,
    /// UTC second of the position; 60 not available, 61 manual, 62 dead reckoning, 63 inoperative.
    pub second: u8,
    /// Special manoeuvre: 0 not available, 1 no, 2 yes.
    pub maneuver: u8,
    /// Receiver autonomous integrity monitoring in use.
    pub raim: bool,
    /// Communication state, 19 bits.
    pub radio: u32,
}

impl ClassA {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            status: bits.u8(38, 4),
            turn: bits.u8(42, 8).cast_signed(),
            speed: bits.u16(50, 10),
            accuracy: bits.bit(60),
            position: Position::read(bits, 61),
            course: bits.u16(116, 12),
            heading: bits.u16(128, 9),
            second: bits.u8(137, 6),
            maneuver: bits.u8(143, 2),
            raim: bits.bit(148),
            radio: bits.u32(149, 19),
        }
    }

    /// Speed over ground, knots.
    #[must_use]
    pub fn speed_kn(&self) -> Option<f64> {
        tenths_of_knots(self.speed)
    }

    /// Course over ground, degrees.
    #[must_use]
    pub fn course_deg(&self) -> Option<f64> {
        tenths_of_degrees(self.course)
    }

    /// True heading, degrees.
    #[must_use]
    pub fn heading_deg(&self) -> Option<f64> {
        whole_degrees(self.heading)
    }
}

/// Type 9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aircraft {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Altitude, metres; 4095 not available, 4094 that or higher.
    pub altitude: u16,
    /// Speed over ground, whole knots; 1023 not available.
    pub speed: u16,
    /// Whether the position is better than 10 m.
    pub accuracy: bool,
    /// Where.
    pub position: Position,
    /// Course over ground, 0.1 degree; 3600 not available.
    pub course: u16,
    /// UTC second of the position, as in [`ClassA::second`].
    pub second: u8,
    /// Altitude sensor and spare bits, eight in all.
    pub regional: u8,
    /// Data terminal not ready.
    pub dte: bool,
    /// In assigned mode.
    pub assigned: bool,
    /// Receiver autonomous integrity monitoring in use.
    pub raim: bool,
    /// Communication state with its selector, 20 bits.
    pub radio: u32,
}

impl Aircraft {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            altitude: bits.u16(38, 12),
            speed: bits.u16(50, 10),
            accuracy: bits.bit(60),
            position: Position::read(bits, 61),
            course: bits.u16(116, 12),
            second: bits.u8(128, 6),
            regional: bits.u8(134, 8),
            dte: bits.bit(142),
            assigned: bits.bit(146),
            raim: bits.bit(147),
            radio: bits.u32(148, 20),
        }
    }

    /// Speed over ground, knots.
    #[must_use]
    pub fn speed_kn(&self) -> Option<f64> {
        (self.speed < 1_022).then(|| f64::from(self.speed))
    }

    /// Course over ground, degrees.
    #[must_use]
    pub fn course_deg(&self) -> Option<f64> {
        tenths_of_degrees(self.course)
    }

    /// Altitude, metres. Bit 0 of `regional` says whether GNSS or a barometer gave it; its datum is not said.
    #[must_use]
    pub fn altitude_m(&self) -> Option<f64> {
        (self.altitude < 4_094).then(|| f64::from(self.altitude))
    }
}

/// Type 18, and the first half of type 19.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassB {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Reserved, eight bits.
    pub reserved: u8,
    /// Speed over ground, 0.1 knot; 1023 not available.
    pub speed: u16,
    /// Whether the position is better than 10 m.
    pub accuracy: bool,
    /// Where.
    pub position: Position,
    /// Course over ground, 0.1 degree; 3600 not available.
    pub course: u16,
    /// True heading, degrees; 511 not available.
    pub heading: u16,
    /// UTC second of the position, as in [`ClassA::second`].
    pub second: u8,
    /// Reserved: two bits in type 18, four in type 19.
    pub regional: u8,
    /// Carrier sense unit (type 18 only, as all that follow).
    pub cs: bool,
    /// Has a display.
    pub display: bool,
    /// Has digital selective calling.
    pub dsc: bool,
    /// Can use the whole marine band.
    pub band: bool,
    /// Obeys message 22.
    pub msg22: bool,
    /// In assigned mode (type 19 too).
    pub assigned: bool,
    /// Receiver autonomous integrity monitoring in use (type 19 too).
    pub raim: bool,
    /// Communication state with its selector, 20 bits.
    pub radio: u32,
}

impl ClassB {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            regional: bits.u8(139, 2),
            cs: bits.bit(141),
            display: bits.bit(142),
            dsc: bits.bit(143),
            band: bits.bit(144),
            msg22: bits.bit(145),
            assigned: bits.bit(146),
            raim: bits.bit(147),
            radio: bits.u32(148, 20),
            ..Self::read_extended(header, bits)
        }
    }

    /// The same first half with type 19's flags, which stand elsewhere (table 71).
    pub(super) fn read_extended(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            reserved: bits.u8(38, 8),
            speed: bits.u16(46, 10),
            accuracy: bits.bit(56),
            position: Position::read(bits, 57),
            course: bits.u16(112, 12),
            heading: bits.u16(124, 9),
            second: bits.u8(133, 6),
            regional: bits.u8(139, 4),
            cs: false,
            display: false,
            dsc: false,
            band: false,
            msg22: false,
            assigned: bits.bit(307),
            raim: bits.bit(305),
            radio: 0,
        }
    }

    /// Speed over ground, knots.
    #[must_use]
    pub fn speed_kn(&self) -> Option<f64> {
        tenths_of_knots(self.speed)
    }

    /// Course over ground, degrees.
    #[must_use]
    pub fn course_deg(&self) -> Option<f64> {
        tenths_of_degrees(self.course)
    }

    /// True heading, degrees.
    #[must_use]
    pub fn heading_deg(&self) -> Option<f64> {
        whole_degrees(self.heading)
    }
}

/// Type 27.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongRange {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Whether the position is better than 10 m (before it was rounded for this message).
    pub accuracy: bool,
    /// Receiver autonomous integrity monitoring in use.
    pub raim: bool,
    /// Navigational status, as in [`ClassA::status`].
    pub status: u8,
    /// Where, rounded to 1/10 of a minute but in 1/10 000 like all others.
    pub position: Position,
    /// Speed over ground, whole knots; 63 not available.
    pub speed: u8,
    /// Course over ground, whole degrees; 511 not available.
    pub course: u16,
    /// The last bit but one as transmitted: position latency in edition 5, "not from GNSS" before.
    pub gnss: bool,
}

impl LongRange {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            accuracy: bits.bit(38),
            raim: bits.bit(39),
            status: bits.u8(40, 4),
            // 18 and 17 bits: times 1 000 they stay inside an i32.
            position: Position { lon: bits.i32(44, 18) * 1_000, lat: bits.i32(62, 17) * 1_000 },
            speed: bits.u8(79, 6),
            course: bits.u16(85, 9),
            gnss: bits.bit(94),
        }
    }

    /// Speed over ground, knots.
    #[must_use]
    pub fn speed_kn(&self) -> Option<f64> {
        (self.speed < 63).then(|| f64::from(self.speed))
    }

    /// Course over ground, degrees.
    #[must_use]
    pub fn course_deg(&self) -> Option<f64> {
        whole_degrees(self.course)
    }
}
