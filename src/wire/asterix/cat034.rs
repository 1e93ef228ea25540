//! Category 034, monoradar service messages, editions 1.2x (EUROCONTROL SPEC-0149-2b).
//!
//! In: one record's octets. Out: what says how the antenna turns: north marks, sector crossings, the period.

use super::block::{self, Entry, Layout::*, RESERVED_EXPANSION, SPECIAL_PURPOSE};
use super::read::Reader;
use super::time_of_day::TimeOfDay;
use super::units::WGS84_24_DEG;
use crate::wire::Rejection;

const TABLE: &[Entry] = &[
    Some((10, Fixed(2))),
    Some((0, Fixed(1))),
    Some((30, Fixed(3))),
    Some((20, Fixed(1))),
    Some((41, Fixed(2))),
    // System configuration: common, two free, primary, secondary, Mode S.
    Some((50, Compound(&[Some(Fixed(1)), None, None, Some(Fixed(1)), Some(Fixed(1)), Some(Fixed(2))]))),
    // System processing mode, likewise.
    Some((60, Compound(&[Some(Fixed(1)), None, None, Some(Fixed(1)), Some(Fixed(1)), Some(Fixed(1))]))),
    Some((70, Repeated(2))),
    Some((100, Fixed(8))),
    Some((110, Fixed(1))),
    Some((120, Fixed(8))),
    Some((90, Fixed(2))),
    Some((RESERVED_EXPANSION, Explicit)),
    Some((SPECIAL_PURPOSE, Explicit)),
];

/// 000 of a north mark.
pub const NORTH_MARK: u8 = 1;
/// 000 of a sector crossing.
pub const SECTOR_CROSSING: u8 = 2;

/// One service message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// 010: system area and identification code.
    pub source: Option<[u8; 2]>,
    /// 000: [`NORTH_MARK`], [`SECTOR_CROSSING`] or another kind.
    pub message_type: Option<u8>,
    /// 030.
    pub time_of_day: Option<TimeOfDay>,
    /// 020: azimuth the antenna crossed, degrees.
    pub azimuth_deg: Option<f64>,
    /// 041: time of one turn of the antenna, seconds.
    pub period_s: Option<f64>,
    /// 120: height in metres, latitude and longitude in degrees of the radar.
    pub position: Option<(f64, f64, f64)>,
    /// Expansion and special purpose fields skipped.
    pub skipped: u32,
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
            30 => self.time_of_day = Some(TimeOfDay::from_units(item.u24()?)),
            20 => self.azimuth_deg = Some(f64::from(item.octet()?) * 360.0 / 256.0),
            41 => self.period_s = Some(f64::from(item.u16()?) / 128.0),
            120 => {
                let height_m = f64::from(item.i16()?);
                let lat_deg = f64::from(item.i24()?) * WGS84_24_DEG;
                self.position = Some((height_m, lat_deg, f64::from(item.i24()?) * WGS84_24_DEG));
            }
            RESERVED_EXPANSION | SPECIAL_PURPOSE => self.skipped += 1,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_crossing_worked_by_hand() {
        let bytes = [0xf8, 25, 14, 2, 0x3a, 0x69, 0x2b, 0x40, 0x02, 0x80];
        let record = Record::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(record.message_type, Some(SECTOR_CROSSING));
        assert_eq!(record.azimuth_deg, Some(90.0));
        assert_eq!(record.time_of_day.map(TimeOfDay::as_secs_f64), Some(29_906.335_937_5));
        assert_eq!(record.period_s, Some(5.0));
    }
}
