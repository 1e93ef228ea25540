//! Messages of things that stay where they are: types 4 (base station) and 21 (aid to navigation).
//!
//! Field tables: ITU-R M.1371-5 annex 8, tables 51 (4) and 73 (21).

use super::{Bits, Dimensions, Header, Position};

/// Type 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaseStation {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// UTC year; 0 not available.
    pub year: u16,
    /// Month, 1 to 12; 0 not available.
    pub month: u8,
    /// Day, 1 to 31; 0 not available.
    pub day: u8,
    /// Hour; 24 not available.
    pub hour: u8,
    /// Minute; 60 not available.
    pub minute: u8,
    /// Second; 60 not available.
    pub second: u8,
    /// Whether the position is better than 10 m.
    pub accuracy: bool,
    /// Where.
    pub position: Position,
    /// Kind of position fixing device: 1 GPS, 7 surveyed …
    pub epfd: u8,
    /// Receiver autonomous integrity monitoring in use.
    pub raim: bool,
    /// Communication state, 19 bits.
    pub radio: u32,
}

impl BaseStation {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            year: bits.u16(38, 14),
            month: bits.u8(52, 4),
            day: bits.u8(56, 5),
            hour: bits.u8(61, 5),
            minute: bits.u8(66, 6),
            second: bits.u8(72, 6),
            accuracy: bits.bit(78),
            position: Position::read(bits, 79),
            epfd: bits.u8(134, 4),
            raim: bits.bit(148),
            radio: bits.u32(149, 19),
        }
    }
}

/// Type 21.
#[derive(Clone, Debug, PartialEq)]
pub struct Aid {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Kind of aid: 5 a light without sectors, 20 a cardinal mark …
    pub aid_type: u8,
    /// Up to 20 characters.
    pub name: String,
    /// Up to 14 more.
    pub name_extension: String,
    /// Whether the position is better than 10 m.
    pub accuracy: bool,
    /// Where.
    pub position: Position,
    /// Distances from the reference point to its edges.
    pub dimensions: Dimensions,
    /// Kind of position fixing device.
    pub epfd: u8,
    /// UTC second of the position, as in [`super::ClassA::second`].
    pub second: u8,
    /// A floating aid is off its place.
    pub off_position: bool,
    /// Reserved, eight bits.
    pub regional: u8,
    /// Receiver autonomous integrity monitoring in use.
    pub raim: bool,
    /// There is nothing at the place but the message.
    pub virtual_aid: bool,
    /// In assigned mode.
    pub assigned: bool,
}

impl Aid {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            aid_type: bits.u8(38, 5),
            name: bits.text(43, 20),
            name_extension: bits.text(272, 14),
            accuracy: bits.bit(163),
            position: Position::read(bits, 164),
            dimensions: Dimensions::read(bits, 219),
            epfd: bits.u8(249, 4),
            second: bits.u8(253, 6),
            off_position: bits.bit(259),
            regional: bits.u8(260, 8),
            raim: bits.bit(268),
            virtual_aid: bits.bit(269),
            assigned: bits.bit(270),
        }
    }
}
