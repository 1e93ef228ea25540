//! Category 062, system track data, editions 1.16 to 1.21 (EUROCONTROL SPEC-0149-9).
//!
//! In: one record's octets. Out: the items this project uses, in metres, degrees and metres per second.

use super::block::{self, Entry, Layout, Layout::*, RESERVED_EXPANSION, SPECIAL_PURPOSE};
use super::read::{Reader, flag};
use super::time_of_day::TimeOfDay;
use super::units::FOOT_M;
use crate::wire::Rejection;

const F1: Option<Layout> = Some(Fixed(1));
const F2: Option<Layout> = Some(Fixed(2));
const F3: Option<Layout> = Some(Fixed(3));
const F4: Option<Layout> = Some(Fixed(4));
const F6: Option<Layout> = Some(Fixed(6));
const F7: Option<Layout> = Some(Fixed(7));

/// 380, aircraft derived data; its first subfield is the address.
const DERIVED: &[Option<Layout>] = &[
    F3,
    F6,
    F2,
    F2,
    F2,
    F2,
    F2,
    Some(Extended(1)),
    Some(Repeated(15)),
    F2,
    F2,
    F7,
    F2,
    F2,
    F2,
    F2,
    F2,
    F2,
    F1,
    Some(Fixed(8)),
    F1,
    F6,
    F2,
    F1,
    Some(Repeated(8)),
    F2,
    F2,
    F2,
];
/// 500, estimated accuracies: cartesian position, its covariance, geodetic position, two heights, velocity, …
const ACCURACIES: &[Option<Layout>] = &[F4, F2, F4, F1, F1, F2, F2, F1];
/// 390, flight plan.
const PLAN: &[Option<Layout>] =
    &[F2, F7, F4, F1, F4, F1, F4, F4, F3, F2, F2, Some(Repeated(4)), F6, F1, F7, F7, F2, F7];

const TABLE: &[Entry] = &[
    Some((10, Fixed(2))),
    None,
    Some((15, Fixed(1))),
    Some((70, Fixed(3))),
    Some((105, Fixed(8))),
    Some((100, Fixed(6))),
    Some((185, Fixed(4))),
    Some((210, Fixed(2))),
    Some((60, Fixed(2))),
    Some((245, Fixed(7))),
    Some((380, Compound(DERIVED))),
    Some((40, Fixed(2))),
    Some((80, Extended(1))),
    Some((290, Compound(&[F1, F1, F1, F1, F2, F1, F1, F1, F1, F1]))),
    Some((200, Fixed(1))),
    Some((295, Compound(&[F1; 31]))),
    Some((136, Fixed(2))),
    Some((130, Fixed(2))),
    Some((135, Fixed(2))),
    Some((220, Fixed(2))),
    Some((390, Compound(PLAN))),
    Some((270, Extended(1))),
    Some((300, Fixed(1))),
    Some((110, Compound(&[F1, F4, F6, F2, F2, F1, F1]))),
    Some((120, Fixed(2))),
    Some((510, Extended(3))),
    Some((500, Compound(ACCURACIES))),
    Some((340, Compound(&[F2, F4, F2, F2, F2, F1]))),
    None,
    None,
    None,
    None,
    None,
    Some((RESERVED_EXPANSION, Explicit)),
    Some((SPECIAL_PURPOSE, Explicit)),
];

/// A half turn in 2²⁵ parts.
const WGS84_UNIT_DEG: f64 = 180.0 / 33_554_432.0;

/// One system track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// 010: system area and identification code.
    pub source: Option<[u8; 2]>,
    /// 040: track number.
    pub track_number: Option<u16>,
    /// 070: time the track applies to.
    pub time_of_day: Option<TimeOfDay>,
    /// 080.
    pub status: Option<Status>,
    /// 100: metres in the system's plane.
    pub cartesian_m: Option<(f64, f64)>,
    /// 105: latitude and longitude, degrees.
    pub wgs84_deg: Option<(f64, f64)>,
    /// 060: Mode 3/A code, twelve bits.
    pub mode_3a: Option<u16>,
    /// 130: geometric altitude, metres above mean sea level.
    pub geometric_altitude_m: Option<f64>,
    /// 135: barometric altitude in hundreds of feet, and whether it is corrected for pressure.
    pub barometric: Option<(f64, bool)>,
    /// 136: measured flight level, hundreds of feet.
    pub flight_level: Option<f64>,
    /// 185: metres per second east and north.
    pub velocity_mps: Option<(f64, f64)>,
    /// 380/1: ICAO address, 24 bits.
    pub address: Option<u32>,
    /// 500/1: standard deviations east and north, metres.
    pub deviation_m: Option<(f64, f64)>,
    /// 500/2: the root of the covariance with its sign, metres.
    pub covariance_root_m: Option<f64>,
    /// 500/3: standard deviations of latitude and longitude, degrees.
    pub deviation_deg: Option<(f64, f64)>,
    /// Expansion and special purpose fields skipped.
    pub skipped: u32,
}

/// 080, track status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// One sensor feeds it.
    pub monosensor: bool,
    /// Tentative, not confirmed.
    pub tentative: bool,
    /// Simulated.
    pub simulated: bool,
    /// Last message of this track.
    pub ended: bool,
    /// Coasting: no update for longer than the system tolerates.
    pub coasting: bool,
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
            40 => self.track_number = Some(item.u16()?),
            70 => self.time_of_day = Some(TimeOfDay::from_units(item.u24()?)),
            80 => self.status = Some(Status::read(&mut item)),
            100 => self.cartesian_m = Some((f64::from(item.i24()?) / 2.0, f64::from(item.i24()?) / 2.0)),
            105 => {
                let lat_deg = f64::from(item.i32()?) * WGS84_UNIT_DEG;
                self.wgs84_deg = Some((lat_deg, f64::from(item.i32()?) * WGS84_UNIT_DEG));
            }
            60 => self.mode_3a = Some(item.u16()? & 0x0fff),
            130 => self.geometric_altitude_m = Some(f64::from(item.i16()?) * 6.25 * FOOT_M),
            135 => {
                let word = item.u16()?;
                let level = f64::from(super::read::low_signed(word, 15)) / 4.0;
                self.barometric = Some((level, word & 0x8000 != 0));
            }
            136 => self.flight_level = Some(f64::from(item.i16()?) / 4.0),
            185 => self.velocity_mps = Some((f64::from(item.i16()?) / 4.0, f64::from(item.i16()?) / 4.0)),
            380 => self.derived(item)?,
            500 => self.accuracies(item)?,
            RESERVED_EXPANSION | SPECIAL_PURPOSE => self.skipped += 1,
            _ => {}
        }
        Ok(())
    }

    fn derived(&mut self, mut item: Reader<'_>) -> Result<(), Rejection> {
        block::subfields(&mut item, DERIVED, |place, octets| {
            if place == 1 {
                self.address = Some(Reader::new(octets).u24()?);
            }
            Ok(())
        })
    }

    fn accuracies(&mut self, mut item: Reader<'_>) -> Result<(), Rejection> {
        block::subfields(&mut item, ACCURACIES, |place, octets| {
            let mut field = Reader::new(octets);
            match place {
                1 => {
                    let east_m = f64::from(field.u16()?) / 2.0;
                    self.deviation_m = Some((east_m, f64::from(field.u16()?) / 2.0));
                }
                2 => self.covariance_root_m = Some(f64::from(field.i16()?) / 2.0),
                3 => {
                    let lat_deg = f64::from(field.u16()?) * WGS84_UNIT_DEG;
                    self.deviation_deg = Some((lat_deg, f64::from(field.u16()?) * WGS84_UNIT_DEG));
                }
                _ => {}
            }
            Ok(())
        })
    }
}

impl Status {
    fn read(item: &mut Reader<'_>) -> Self {
        let [first, second] = [item.octet_or_zero(), item.octet_or_zero()];
        let [_, fourth] = [item.octet_or_zero(), item.octet_or_zero()];
        Self {
            monosensor: flag(first, 0x80),
            tentative: flag(first, 0x02),
            simulated: flag(second, 0x80),
            ended: flag(second, 0x40),
            coasting: flag(fourth, 0x80),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_worked_by_hand() {
        // 010 070 105 185 | 380 040 080 | 130 | 500.
        let bytes = [
            0b1001_1011,
            0b0001_1101,
            0b0001_0001,
            0b0000_0100,
            25,
            100,
            0x00,
            0x00,
            0x80, // 010 070
            0x01,
            0x00,
            0x00,
            0x00,
            0xff,
            0x00,
            0x00,
            0x00, // 105: 90 N, 90 W
            0xff,
            0xff,
            0x00,
            0x04, // 185
            0x80,
            0x3c,
            0x0a,
            0x55, // 380/1
            0x12,
            0x34,
            0x01,
            0x81,
            0x01,
            0x80, // 040, 080: simulated, coasting
            0x00,
            0x10, // 130: 100 ft
            0xe0,
            0x00,
            0x08,
            0x00,
            0x06,
            0xff,
            0xfe,
            0x00,
            0x01,
            0x00,
            0x02, // 500/1 to 3
        ];
        let record = Record::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(record.wgs84_deg, Some((90.0, -90.0)));
        assert_eq!(record.velocity_mps, Some((-0.25, 1.0)));
        assert_eq!((record.address, record.track_number), (Some(0x3c_0a55), Some(0x1234)));
        assert_eq!(record.geometric_altitude_m, Some(16.0 * 6.25 * 0.3048));
        assert_eq!((record.deviation_m, record.covariance_root_m), (Some((4.0, 3.0)), Some(-1.0)));
        assert_eq!(record.deviation_deg, Some((WGS84_UNIT_DEG, 2.0 * WGS84_UNIT_DEG)));
        let status = record.status.unwrap();
        assert_eq!((status.simulated, status.coasting, status.tentative), (true, true, false));
    }
}
