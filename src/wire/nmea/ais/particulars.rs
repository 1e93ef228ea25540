//! Messages of names, types and sizes: types 5, 19 and 24.
//!
//! Field tables: ITU-R M.1371-5 annex 8, tables 52 (5), 71 (19), 79 and 80 (24 A and B).

use super::{Bits, ClassB, Header};

/// Distances from the position's reference point to a ship's sides, metres; 511 and 63 stand for that or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimensions {
    /// To the bow.
    pub to_bow: u16,
    /// To the stern.
    pub to_stern: u16,
    /// To port.
    pub to_port: u8,
    /// To starboard.
    pub to_starboard: u8,
}

impl Dimensions {
    pub(super) fn read(bits: &Bits, start: usize) -> Self {
        Self {
            to_bow: bits.u16(start, 9),
            to_stern: bits.u16(start + 9, 9),
            to_port: bits.u8(start + 18, 6),
            to_starboard: bits.u8(start + 24, 6),
        }
    }
}

/// Type 5.
#[derive(Clone, Debug, PartialEq)]
pub struct Voyage {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Edition of ITU-R M.1371 the station follows.
    pub ais_version: u8,
    /// IMO number; 0 not available.
    pub imo: u32,
    /// Up to seven characters.
    pub callsign: String,
    /// Up to 20 characters.
    pub ship_name: String,
    /// Ship and cargo type: 30 fishing, 70–79 cargo, 80–89 tanker …; 0 not available.
    pub ship_type: u8,
    /// Size.
    pub dimensions: Dimensions,
    /// Kind of position fixing device: 1 GPS …
    pub epfd: u8,
    /// Month of arrival; 0 not available.
    pub month: u8,
    /// Day of arrival; 0 not available.
    pub day: u8,
    /// Hour of arrival; 24 not available.
    pub hour: u8,
    /// Minute of arrival; 60 not available.
    pub minute: u8,
    /// Draught, 0.1 m; 0 not available.
    pub draught: u8,
    /// Up to 20 characters.
    pub destination: String,
    /// Data terminal not ready.
    pub dte: bool,
}

impl Voyage {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            ais_version: bits.u8(38, 2),
            imo: bits.u32(40, 30),
            callsign: bits.text(70, 7),
            ship_name: bits.text(112, 20),
            ship_type: bits.u8(232, 8),
            dimensions: Dimensions::read(bits, 240),
            epfd: bits.u8(270, 4),
            month: bits.u8(274, 4),
            day: bits.u8(278, 5),
            hour: bits.u8(283, 5),
            minute: bits.u8(288, 6),
            draught: bits.u8(294, 8),
            destination: bits.text(302, 20),
            // Left out by some transmitters; "not ready" is its default.
            dte: bits.len() <= 422 || bits.bit(422),
        }
    }
}

/// Type 19.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassBExtended {
    /// What type 18 says too.
    pub motion: ClassB,
    /// Up to 20 characters.
    pub ship_name: String,
    /// Ship and cargo type.
    pub ship_type: u8,
    /// Size.
    pub dimensions: Dimensions,
    /// Kind of position fixing device.
    pub epfd: u8,
    /// Data terminal not ready.
    pub dte: bool,
}

impl ClassBExtended {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            motion: ClassB::read_extended(header, bits),
            ship_name: bits.text(143, 20),
            ship_type: bits.u8(263, 8),
            dimensions: Dimensions::read(bits, 271),
            epfd: bits.u8(301, 4),
            dte: bits.bit(306),
        }
    }
}

/// Type 24 part A.
#[derive(Clone, Debug, PartialEq)]
pub struct NamePart {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Up to 20 characters.
    pub ship_name: String,
}

impl NamePart {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self { header, ship_name: bits.text(40, 20) }
    }
}

/// Type 24 part B.
#[derive(Clone, Debug, PartialEq)]
pub struct CraftPart {
    /// Type, repeat indicator, MMSI.
    pub header: Header,
    /// Ship and cargo type.
    pub ship_type: u8,
    /// The maker, three characters.
    pub vendor: String,
    /// The maker's model.
    pub model: u8,
    /// The maker's serial number.
    pub serial: u32,
    /// Up to seven characters.
    pub callsign: String,
    /// Size; of an auxiliary craft (MMSI 98…) these thirty bits are its mother ship's MMSI instead.
    pub dimensions: Dimensions,
}

impl CraftPart {
    pub(super) fn read(header: Header, bits: &Bits) -> Self {
        Self {
            header,
            ship_type: bits.u8(40, 8),
            vendor: bits.text(48, 3),
            model: bits.u8(66, 4),
            serial: bits.u32(70, 20),
            callsign: bits.text(90, 7),
            dimensions: Dimensions::read(bits, 132),
        }
    }
}
