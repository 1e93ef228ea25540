//! Category 021, ADS-B target reports, editions 2.1 to 2.6 (EUROCONTROL SPEC-0149-12).
//!
//! In: one record's octets. Out: the items this project uses, in metres, degrees and metres per second. Editions
//! before 1.0 number their items otherwise and mostly fail here on their lengths.

use super::block::{self, Entry, Layout::*, RESERVED_EXPANSION, SPECIAL_PURPOSE};
use super::read::{Reader, flag};
use super::time_of_day::TimeOfDay;
use super::units::{ANGLE_UNIT_DEG, FOOT_M, SPEED_UNIT_MPS, WGS84_24_DEG};
use crate::wire::Rejection;

const TABLE: &[Entry] = &[
    Some((10, Fixed(2))),
    Some((40, Extended(1))),
    Some((161, Fixed(2))),
    Some((15, Fixed(1))),
    Some((71, Fixed(3))),
    Some((130, Fixed(6))),
    Some((131, Fixed(8))),
    Some((72, Fixed(3))),
    Some((150, Fixed(2))),
    Some((151, Fixed(2))),
    Some((80, Fixed(3))),
    Some((73, Fixed(3))),
    Some((74, Fixed(4))),
    Some((75, Fixed(3))),
    Some((76, Fixed(4))),
    Some((140, Fixed(2))),
    Some((90, Extended(1))),
    Some((210, Fixed(1))),
    Some((70, Fixed(2))),
    Some((230, Fixed(2))),
    Some((145, Fixed(2))),
    Some((152, Fixed(2))),
    Some((200, Fixed(1))),
    Some((155, Fixed(2))),
    Some((157, Fixed(2))),
    Some((160, Fixed(4))),
    Some((165, Fixed(2))),
    Some((77, Fixed(3))),
    Some((170, Fixed(6))),
    Some((20, Fixed(1))),
    // Meteorological information: wind speed and direction, temperature, turbulence.
    Some((220, Compound(&[Some(Fixed(2)), Some(Fixed(2)), Some(Fixed(2)), Some(Fixed(1))]))),
    Some((146, Fixed(2))),
    Some((148, Fixed(2))),
    Some((110, Compound(&[Some(Extended(1)), Some(Repeated(15))]))),
    Some((16, Fixed(1))),
    Some((8, Fixed(1))),
    Some((271, Extended(1))),
    Some((132, Fixed(1))),
    Some((250, Repeated(8))),
    Some((260, Fixed(7))),
    Some((400, Fixed(1))),
    // Data ages.
    Some((295, Compound(&[Some(Fixed(1)); 23]))),
    None,
    None,
    None,
    None,
    None,
    Some((RESERVED_EXPANSION, Explicit)),
    Some((SPECIAL_PURPOSE, Explicit)),
];

/// One target report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// 010: system area and identification code of the ground station.
    pub source: Option<[u8; 2]>,
    /// 040.
    pub descriptor: Option<Descriptor>,
    /// 161: twelve bits.
    pub track_number: Option<u16>,
    /// 071: time the position applies to.
    pub position_applies: Option<TimeOfDay>,
    /// 073: time the position was received.
    pub position_received: Option<TimeOfDay>,
    /// 075: time the velocity was received.
    pub velocity_received: Option<TimeOfDay>,
    /// 077: time the report was sent.
    pub transmitted: Option<TimeOfDay>,
    /// 130: latitude and longitude, degrees.
    pub wgs84_deg: Option<(f64, f64)>,
    /// 131: the same, finer.
    pub wgs84_fine_deg: Option<(f64, f64)>,
    /// 080: target address, 24 bits.
    pub address: Option<u32>,
    /// 140: metres above the ellipsoid.
    pub geometric_height_m: Option<f64>,
    /// 090.
    pub quality: Option<Quality>,
    /// 070: Mode 3/A code, twelve bits.
    pub mode_3a: Option<u16>,
    /// 145: hundreds of feet at standard pressure.
    pub flight_level: Option<f64>,
    /// 160: ground speed in metres per second, track angle in degrees; nothing if the speed is over its range.
    pub ground_vector: Option<(f64, f64)>,
    /// 020: emitter category.
    pub emitter: Option<u8>,
    /// Expansion and special purpose fields skipped.
    pub skipped: u32,
}

/// 040, target report descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// 0 ICAO, 1 duplicate, 2 surface vehicle, 3 anonymous.
    pub address_type: u8,
    /// From a fixed transponder.
    pub field_monitor: bool,
    /// The ground bit is set.
    pub on_ground: bool,
    /// Simulated target.
    pub simulated: bool,
    /// Test target.
    pub test: bool,
    /// 0 valid, 1 suspect, 2 no information.
    pub confidence: u8,
}

/// 090, quality indicators, as the aircraft sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Velocity: uncertainty or accuracy category.
    pub velocity: u8,
    /// Position: uncertainty or integrity category.
    pub integrity: u8,
    /// Position: accuracy category (NACp), where the first extension is there.
    pub accuracy: Option<u8>,
}

impl Record {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejection> {
        let mut record = Self::default();
        block::record(reader, TABLE, |number, octets| record.item(number, Reader::new(octets)))?;
        Ok(record)
    }

    fn item(&mut self, number: u16, mut item: Reader<'_>) -> Result<(), Rejection> {
        match number {
            10 => self.source = Some(item.array()?),
            40 => self.descriptor = Some(Descriptor::read(&mut item)),
            161 => self.track_number = Some(item.u16()? & 0x0fff),
            71 => self.position_applies = Some(TimeOfDay::from_units(item.u24()?)),
            73 => self.position_received = Some(TimeOfDay::from_units(item.u24()?)),
            75 => self.velocity_received = Some(TimeOfDay::from_units(item.u24()?)),
            77 => self.transmitted = Some(TimeOfDay::from_units(item.u24()?)),
            130 => {
                let lat_deg = f64::from(item.i24()?) * WGS84_24_DEG;
                self.wgs84_deg = Some((lat_deg, f64::from(item.i24()?) * WGS84_24_DEG));
            }
            131 => {
                const UNIT_DEG: f64 = 180.0 / 1_073_741_824.0;
                let lat_deg = f64::from(item.i32()?) * UNIT_DEG;
                self.wgs84_fine_deg = Some((lat_deg, f64::from(item.i32()?) * UNIT_DEG));
            }
            80 => self.address = Some(item.u24()?),
            140 => self.geometric_height_m = Some(f64::from(item.i16()?) * 6.25 * FOOT_M),
            90 => self.quality = Some(Quality::read(&mut item)),
            70 => self.mode_3a = Some(item.u16()? & 0x0fff),
            145 => self.flight_level = Some(f64::from(item.i16()?) / 4.0),
            160 => {
                let (speed, angle) = (item.u16()?, item.u16()?);
                // The top bit says that the speed is beyond what the others can hold.
                self.ground_vector = (speed & 0x8000 == 0)
                    .then(|| (f64::from(speed) * SPEED_UNIT_MPS, f64::from(angle) * ANGLE_UNIT_DEG));
            }
            20 => self.emitter = Some(item.octet()?),
            RESERVED_EXPANSION | SPECIAL_PURPOSE => self.skipped += 1,
            _ => {}
        }
        Ok(())
    }
}

impl Descriptor {
    fn read(item: &mut Reader<'_>) -> Self {
        let [first, second] = [item.octet_or_zero(), item.octet_or_zero()];
        Self {
            address_type: first >> 5,
            field_monitor: flag(first, 0x02),
            on_ground: flag(second, 0x40),
            simulated: flag(second, 0x20),
            test: flag(second, 0x10),
            confidence: second >> 1 & 0b11,
        }
    }
}

impl Quality {
    fn read(item: &mut Reader<'_>) -> Self {
        let first = item.octet_or_zero();
        let second = item.octet().ok();
        Self {
            velocity: first >> 5,
            integrity: first >> 1 & 0x0f,
            accuracy: second.map(|octet| octet >> 1 & 0x0f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_worked_by_hand() {
        // 010 040 131 of the first octet, 080 073 of the second, 090 of the third, 160 of the fourth, 020 of the fifth.
        let bytes = [
            0b1100_0011,
            0b0001_1001,
            0b0010_0001,
            0b0000_1001,
            0b0100_0000,
            1,
            2, // 010
            0x03,
            0x20, // 040: report of a field monitor, simulated
            0x10,
            0,
            0,
            0,
            0xf0,
            0,
            0,
            0, // 131: 45 N, 45 W
            0x4c,
            0xa7,
            0xf3,
            0x00,
            0x01,
            0x00, // 080 073
            0x41,
            0x12, // 090: 2, 0, NACp 9
            0x40,
            0x00,
            0x40,
            0x00, // 160: one mile a second, east
            13,   // 020
        ];
        let record = Record::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(record.wgs84_fine_deg, Some((45.0, -45.0)));
        assert_eq!((record.address, record.emitter), (Some(0x4c_a7f3), Some(13)));
        assert_eq!(record.quality, Some(Quality { velocity: 2, integrity: 0, accuracy: Some(9) }));
        assert_eq!(record.ground_vector, Some((1852.0, 90.0)));
        assert_eq!(record.position_received.map(TimeOfDay::as_secs_f64), Some(2.0));
        let descriptor = record.descriptor.unwrap();
        assert_eq!((descriptor.field_monitor, descriptor.simulated, descriptor.test), (true, true, false));
    }
}
