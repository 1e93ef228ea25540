//! AIS: what ships, aircraft, marks and shore stations say about themselves over VHF.
//!
//! In: VDM and VDO sentences. Out: [`Message`]s with their fields as transmitted (raw units, sentinels included) and
//! methods that give the physical value where there is one. Knows no sensor, scan or clock.
//!
//! Source: ITU-R M.1371-5 annex 8 (numbering of bits from zero as in gpsd's AIVDM page, which agrees).

mod bits;
mod fixed;
mod moving;
mod particulars;
mod parts;
mod position;

pub use bits::Bits;
pub use fixed::{Aid, BaseStation};
pub use moving::{Aircraft, ClassA, ClassB, LongRange};
pub use particulars::{ClassBExtended, CraftPart, Dimensions, NamePart, Voyage};
pub use parts::{Reader, Received};
pub use position::Position;

use super::SHORT_PAYLOAD;
use crate::wire::Rejection;

/// What every message starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The message's type, 1 to 27; 0 and 28 to 63 are not assigned.
    pub kind: u8,
    /// How often it has been repeated, 3 = do not repeat.
    pub repeat: u8,
    /// Who it is about. Thirty bits: more than nine digits is no MMSI.
    pub mmsi: u32,
}

/// One message, by its form.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Types 1, 2, 3: position of a class A ship.
    ClassA(ClassA),
    /// Type 4: a base station's position and time.
    BaseStation(BaseStation),
    /// Type 5: a class A ship's name, type, size and voyage.
    Voyage(Voyage),
    /// Type 9: position of a search and rescue aircraft.
    Aircraft(Aircraft),
    /// Type 18: position of a class B ship.
    ClassB(ClassB),
    /// Type 19: the same with name, type and size.
    ClassBExtended(ClassBExtended),
    /// Type 21: a mark: buoy, light, virtual aid to navigation.
    Aid(Aid),
    /// Type 24 part A: a class B ship's name.
    NamePart(NamePart),
    /// Type 24 part B: its type, size, call sign.
    CraftPart(CraftPart),
    /// Type 27: a coarse position meant for satellites.
    LongRange(LongRange),
    /// Any other type: its header alone.
    Other(Header),
}

impl Message {
    /// Reads a whole message.
    ///
    /// # Errors
    /// `short_payload` if it ends before the last field that its type must have.
    pub fn decode(bits: &Bits) -> Result<Self, Rejection> {
        let header = Header { kind: bits.u8(0, 6), repeat: bits.u8(6, 2), mmsi: bits.u32(8, 30) };
        let part = bits.u8(38, 2);
        let (least, read): (usize, fn(Header, &Bits) -> Self) = match (header.kind, part) {
            (1..=3, _) => (168, |header, bits| Self::ClassA(ClassA::read(header, bits))),
            (4, _) => (168, |header, bits| Self::BaseStation(BaseStation::read(header, bits))),
            // Some transmitters leave out the last four bits: gpsd and others take these too.
            (5, _) => (420, |header, bits| Self::Voyage(Voyage::read(header, bits))),
            (9, _) => (168, |header, bits| Self::Aircraft(Aircraft::read(header, bits))),
            (18, _) => (168, |header, bits| Self::ClassB(ClassB::read(header, bits))),
            (19, _) => (308, |header, bits| Self::ClassBExtended(ClassBExtended::read(header, bits))),
            (21, _) => (271, |header, bits| Self::Aid(Aid::read(header, bits))),
            (24, 0) => (160, |header, bits| Self::NamePart(NamePart::read(header, bits))),
            (24, 1) => (162, |header, bits| Self::CraftPart(CraftPart::read(header, bits))),
            (27, _) => (95, |header, bits| Self::LongRange(LongRange::read(header, bits))),
            _ => (38, |header, _| Self::Other(header)),
        };
        if bits.len() < least {
            let detail = format!("type {}: {} bits, at least {least}", header.kind, bits.len());
            return Err(Rejection::new(SHORT_PAYLOAD, detail));
        }
        Ok(read(header, bits))
    }

    /// What it starts with.
    #[must_use]
    pub const fn header(&self) -> Header {
        match self {
            Self::ClassA(message) => message.header,
            Self::BaseStation(message) => message.header,
            Self::Voyage(message) => message.header,
            Self::Aircraft(message) => message.header,
            Self::ClassB(message) => message.header,
            Self::ClassBExtended(message) => message.motion.header,
            Self::Aid(message) => message.header,
            Self::NamePart(message) => message.header,
            Self::CraftPart(message) => message.header,
            Self::LongRange(message) => message.header,
            Self::Other(header) => *header,
        }
    }
}
