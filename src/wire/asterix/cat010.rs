//! Category 010, surface movement reports, edition 1.1 (EUROCONTROL SPEC-0149-7).
//!
//! In: one record's octets. Out: the items this project uses, in metres, degrees and metres per second.

use super::block::{self, Entry, Layout::*, RESERVED_EXPANSION, SPECIAL_PURPOSE};
use super::read::{Reader, flag, low_signed};
use super::time_of_day::TimeOfDay;
use super::units::{ANGLE_UNIT_DEG, FOOT_M, SPEED_UNIT_MPS};
use crate::wire::Rejection;

const TABLE: &[Entry] = &[
    Some((10, Fixed(2))),
    Some((0, Fixed(1))),
    Some((20, Extended(1))),
    Some((140, Fixed(3))),
    Some((41, Fixed(8))),
    Some((40, Fixed(4))),
    Some((42, Fixed(4))),
    Some((200, Fixed(4))),
    Some((202, Fixed(4))),
    Some((161, Fixed(2))),
    Some((170, Extended(1))),
    Some((60, Fixed(2))),
    Some((220, Fixed(3))),
    Some((245, Fixed(7))),
    Some((250, Repeated(8))),
    Some((300, Fixed(1))),
    Some((90, Fixed(2))),
    Some((91, Fixed(2))),
    Some((270, Extended(1))),
    Some((550, Fixed(1))),
    Some((310, Fixed(1))),
    Some((500, Fixed(4))),
    Some((280, Repeated(2))),
    Some((131, Fixed(1))),
    Some((210, Fixed(2))),
    None,
    Some((SPECIAL_PURPOSE, Explicit)),
    Some((RESERVED_EXPANSION, Explicit)),
];

/// 000 of a target report; the other types carry no target.
pub const TARGET_REPORT: u8 = 1;

/// One message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// 010: system area and identification code.
    pub source: Option<[u8; 2]>,
    /// 000.
    pub message_type: Option<u8>,
    /// 020.
    pub descriptor: Option<Descriptor>,
    /// 140.
    pub time_of_day: Option<TimeOfDay>,
    /// 041: latitude and longitude, degrees.
    pub wgs84_deg: Option<(f64, f64)>,
    /// 040: range in metres, azimuth in degrees clockwise from north.
    pub polar: Option<(f64, f64)>,
    /// 042: metres east and north of the reference point.
    pub cartesian_m: Option<(f64, f64)>,
    /// 200: speed in metres per second, track angle in degrees.
    pub velocity_polar: Option<(f64, f64)>,
    /// 202: metres per second east and north.
    pub velocity_mps: Option<(f64, f64)>,
    /// 161: twelve bits.
    pub track_number: Option<u16>,
    /// 170.
    pub status: Option<TrackStatus>,
    /// 220: ICAO address, 24 bits.
    pub address: Option<u32>,
    /// 090: hundreds of feet at standard pressure.
    pub flight_level: Option<f64>,
    /// 091: metres above the reference point.
    pub height_m: Option<f64>,
    /// 500: standard deviations east and north in metres, and the covariance in metres².
    pub deviation: Option<(f64, f64, f64)>,
    /// Expansion and special purpose fields skipped.
    pub skipped: u32,
}

/// 020, target report descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// 0 and 1 multilateration, 2 ADS-B, 3 primary radar, 4 magnetic loop, 5 HF multilateration, 7 other.
    pub kind: u8,
    /// The ground bit is set.
    pub on_ground: bool,
    /// Simulated target.
    pub simulated: bool,
    /// Test target.
    pub test: bool,
    /// From a fixed transponder.
    pub field_monitor: bool,
    /// 0 undetermined, 1 aircraft, 2 ground vehicle, 3 helicopter.
    pub target: u8,
}

/// 170, track status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackStatus {
    /// In its initialisation phase.
    pub tentative: bool,
    /// Last report.
    pub ended: bool,
    /// 0 measured, 1 to 3 extrapolated for three reasons.
    pub extrapolated: u8,
    /// Smoothed, not measured, position.
    pub smoothed: bool,
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
            0 => self.message_type = Some(item.octet()?),
            20 => self.descriptor = Some(Descriptor::read(&mut item)),
            140 => self.time_of_day = Some(TimeOfDay::from_units(item.u24()?)),
            41 => {
                const UNIT_DEG: f64 = 180.0 / 2_147_483_648.0;
                let lat_deg = f64::from(item.i32()?) * UNIT_DEG;
                self.wgs84_deg = Some((lat_deg, f64::from(item.i32()?) * UNIT_DEG));
            }
            40 => {
                let range_m = f64::from(item.u16()?);
                self.polar = Some((range_m, f64::from(item.u16()?) * ANGLE_UNIT_DEG));
            }
            42 => self.cartesian_m = Some((f64::from(item.i16()?), f64::from(item.i16()?))),
            200 => {
                let speed_mps = f64::from(item.u16()?) * SPEED_UNIT_MPS;
                self.velocity_polar = Some((speed_mps, f64::from(item.u16()?) * ANGLE_UNIT_DEG));
            }
            202 => self.velocity_mps = Some((f64::from(item.i16()?) / 4.0, f64::from(item.i16()?) / 4.0)),
            161 => self.track_number = Some(item.u16()? & 0x0fff),
            170 => self.status = Some(TrackStatus::read(&mut item)),
            220 => self.address = Some(item.u24()?),
            90 => self.flight_level = Some(f64::from(low_signed(item.u16()?, 14)) / 4.0),
            91 => self.height_m = Some(f64::from(item.i16()?) * 6.25 * FOOT_M),
            500 => {
                let east_m = f64::from(item.octet()?) / 4.0;
                let north_m = f64::from(item.octet()?) / 4.0;
                self.deviation = Some((east_m, north_m, f64::from(item.i16()?) / 4.0));
            }
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
            kind: first >> 5,
            on_ground: flag(first, 0x04),
            simulated: flag(second, 0x80),
            test: flag(second, 0x40),
            field_monitor: flag(second, 0x20),
            target: second >> 1 & 0b11,
        }
    }
}

impl TrackStatus {
    fn read(item: &mut Reader<'_>) -> Self {
        let first = item.octet_or_zero();
        Self {
            tentative: flag(first, 0x80),
            ended: flag(first, 0x40),
            extrapolated: first >> 4 & 0b11,
            smoothed: flag(first, 0x02),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_worked_by_hand() {
        // 010 000 020 041 040 042 of the first octet, 202 and 170 of the second, 500 of the fourth.
        let bytes = [
            0b1110_1111,
            0b0101_0001,
            0x01,
            0x80,
            0,
            1,
            1,
            0x61,
            0x44, // 010 000 020
            0x40,
            0,
            0,
            0,
            0xe0,
            0,
            0,
            0, // 041: 90 N, 45 W
            0x01,
            0x00,
            0x80,
            0x00, // 040: 256 m, 180 degrees
            0xff,
            0xff,
            0x00,
            0x02, // 042
            0xff,
            0xfc,
            0x00,
            0x06, // 202
            0x22, // 170: extrapolated in a masked area, smoothed
            8,
            4,
            0xff,
            0xfc, // 500
        ];
        let record = Record::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(record.wgs84_deg, Some((90.0, -45.0)));
        assert_eq!(record.polar, Some((256.0, 180.0)));
        assert_eq!(record.cartesian_m, Some((-1.0, 2.0)));
        assert_eq!(record.velocity_mps, Some((-1.0, 1.5)));
        assert_eq!(record.deviation, Some((2.0, 1.0, -1.0)));
        let descriptor = record.descriptor.unwrap();
        assert_eq!((descriptor.kind, descriptor.test, descriptor.target), (3, true, 2));
        let status = record.status.unwrap();
        assert_eq!((status.extrapolated, status.smoothed, status.tentative), (2, true, false));
    }
}
