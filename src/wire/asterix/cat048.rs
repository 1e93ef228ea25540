//! Category 048, monoradar target reports, editions 1.2x and 1.3x (EUROCONTROL SPEC-0149-4).
//!
//! In: one record's octets. Out: the items this project uses, in metres, degrees and metres per second. Nothing is
//! judged here: a test target or a range of zero is reported as sent.

use super::block::{self, Entry, Layout::*, RESERVED_EXPANSION, SPECIAL_PURPOSE};
use super::read::{Reader, flag, low_signed};
use super::time_of_day::TimeOfDay;
use super::units::{ANGLE_UNIT_DEG, FOOT_M, NAUTICAL_MILE_M, SPEED_UNIT_MPS};
use crate::wire::Rejection;

const TABLE: &[Entry] = &[
    Some((10, Fixed(2))),
    Some((140, Fixed(3))),
    Some((20, Extended(1))),
    Some((40, Fixed(4))),
    Some((70, Fixed(2))),
    Some((90, Fixed(2))),
    // Radar plot characteristics.
    Some((130, Compound(&[Some(Fixed(1)); 7]))),
    Some((220, Fixed(3))),
    Some((240, Fixed(6))),
    Some((250, Repeated(8))),
    Some((161, Fixed(2))),
    Some((42, Fixed(4))),
    Some((200, Fixed(4))),
    Some((170, Extended(1))),
    Some((210, Fixed(4))),
    Some((30, Extended(1))),
    Some((80, Fixed(2))),
    Some((100, Fixed(4))),
    Some((110, Fixed(2))),
    // Radial Doppler speed.
    Some((120, Compound(&[Some(Fixed(2)), Some(Repeated(6))]))),
    Some((230, Fixed(2))),
    Some((260, Fixed(7))),
    Some((55, Fixed(1))),
    Some((50, Fixed(2))),
    Some((65, Fixed(1))),
    Some((60, Fixed(2))),
    Some((SPECIAL_PURPOSE, Explicit)),
    Some((RESERVED_EXPANSION, Explicit)),
];

/// One target report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// 010: system area and identification code.
    pub source: Option<[u8; 2]>,
    /// 140.
    pub time_of_day: Option<TimeOfDay>,
    /// 020.
    pub descriptor: Option<Descriptor>,
    /// 040: slant range in metres, azimuth in degrees clockwise from north.
    pub polar: Option<(f64, f64)>,
    /// 070: Mode 3/A code, twelve bits.
    pub mode_3a: Option<u16>,
    /// 090.
    pub flight_level: Option<FlightLevel>,
    /// 220: ICAO address, 24 bits.
    pub address: Option<u32>,
    /// 161: the radar's own track number, twelve bits.
    pub track_number: Option<u16>,
    /// 042: calculated position, metres east and north of the radar.
    pub cartesian_m: Option<(f64, f64)>,
    /// 200: calculated speed in metres per second, heading in degrees.
    pub velocity: Option<(f64, f64)>,
    /// 170.
    pub status: Option<TrackStatus>,
    /// 110: height measured by a 3D radar, metres above mean sea level.
    pub height_m: Option<f64>,
    /// Expansion and special purpose fields skipped.
    pub skipped: u32,
}

/// 020, target report descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// 0 no detection, 1 primary, 2 secondary, 3 both, 4 to 7 Mode S kinds.
    pub kind: u8,
    /// Simulated target.
    pub simulated: bool,
    /// Report from processing chain 2.
    pub chain_2: bool,
    /// Special position identification.
    pub special_identification: bool,
    /// From a fixed transponder, not from an aircraft.
    pub field_monitor: bool,
    /// Test target.
    pub test: bool,
    /// The range did not fit 040 and is in the expansion field.
    pub extended_range: bool,
}

/// 090, flight level in binary.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlightLevel {
    /// Hundreds of feet at standard pressure.
    pub level: f64,
    /// The code was not validated.
    pub unvalidated: bool,
    /// The code was garbled.
    pub garbled: bool,
}

/// 170, status of the radar's own track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackStatus {
    /// Tentative, not confirmed.
    pub tentative: bool,
    /// What maintains it: 0 both, 1 primary, 2 secondary, 3 nothing valid.
    pub maintained_by: u8,
    /// Low confidence in the association of plot and track.
    pub doubtful: bool,
    /// Horizontal manoeuvre sensed.
    pub manoeuvre: bool,
    /// Last report of this track.
    pub ended: bool,
    /// A ghost.
    pub ghost: bool,
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
            140 => self.time_of_day = Some(TimeOfDay::from_units(item.u24()?)),
            20 => self.descriptor = Some(Descriptor::read(&mut item)),
            40 => {
                let range_m = f64::from(item.u16()?) * NAUTICAL_MILE_M / 256.0;
                self.polar = Some((range_m, f64::from(item.u16()?) * ANGLE_UNIT_DEG));
            }
            70 => self.mode_3a = Some(item.u16()? & 0x0fff),
            90 => self.flight_level = Some(FlightLevel::read(item.u16()?)),
            220 => self.address = Some(item.u24()?),
            161 => self.track_number = Some(item.u16()? & 0x0fff),
            42 => {
                let x_m = f64::from(item.i16()?) * NAUTICAL_MILE_M / 128.0;
                self.cartesian_m = Some((x_m, f64::from(item.i16()?) * NAUTICAL_MILE_M / 128.0));
            }
            200 => {
                let speed_mps = f64::from(item.u16()?) * SPEED_UNIT_MPS;
                self.velocity = Some((speed_mps, f64::from(item.u16()?) * ANGLE_UNIT_DEG));
            }
            170 => self.status = Some(TrackStatus::read(&mut item)),
            110 => self.height_m = Some(f64::from(low_signed(item.u16()?, 14)) * 25.0 * FOOT_M),
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
            simulated: flag(first, 0x10),
            chain_2: flag(first, 0x08),
            special_identification: flag(first, 0x04),
            field_monitor: flag(first, 0x02),
            test: flag(second, 0x80),
            extended_range: flag(second, 0x40),
        }
    }
}

impl FlightLevel {
    fn read(word: u16) -> Self {
        Self {
            level: f64::from(low_signed(word, 14)) / 4.0,
            unvalidated: word & 0x8000 != 0,
            garbled: word & 0x4000 != 0,
        }
    }
}

impl TrackStatus {
    fn read(item: &mut Reader<'_>) -> Self {
        let [first, second] = [item.octet_or_zero(), item.octet_or_zero()];
        Self {
            tentative: flag(first, 0x80),
            maintained_by: first >> 5 & 0b11,
            doubtful: flag(first, 0x10),
            manoeuvre: flag(first, 0x08),
            ended: flag(second, 0x80),
            ghost: flag(second, 0x40),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_worked_by_hand() {
        // 010 140 020 040 090, then 110 in the third octet: 1111 0101 | 0000 0001 | 0000 1000.
        let bytes = [
            0xf5, 0x01, 0x08, 25, 201, 0x00, 0x00, 0x80, 0xb1, 0x80, 0x02, 0x80, 0x40, 0x00, 0xbf, 0xfc,
            0x3f, 0xff,
        ];
        let record = Record::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(record.source, Some([25, 201]));
        assert_eq!(record.time_of_day.map(TimeOfDay::as_secs_f64), Some(1.0));
        let descriptor = record.descriptor.unwrap();
        assert_eq!((descriptor.kind, descriptor.simulated, descriptor.test), (5, true, true));
        assert_eq!(record.polar, Some((2.5 * 1852.0, 90.0)));
        let level = record.flight_level.unwrap();
        // All but the two top bits set, less three: minus one level; not validated.
        assert_eq!((level.level, level.unvalidated, level.garbled), (-1.0, true, false));
        assert_eq!(record.height_m, Some(-25.0 * 0.3048));
    }
}
