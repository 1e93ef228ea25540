//! Minimal CAT010 (surface movement), CAT021 (ADS-B) and CAT062 (system track) reports.

use super::{Record, block, circle16, signed, time_of_day, unsigned};

/// A target report of a surface movement sensor (CAT010 edition 1.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceReport {
    /// Seconds since midnight UTC.
    pub tod_s: f64,
    /// `[lat, lon]` in degrees (I010/041), if reported.
    pub lat_lon: Option<[f64; 2]>,
    /// Slant range in whole metres and azimuth in degrees (I010/040), if reported.
    pub polar: Option<(f64, f64)>,
    /// Metres east and north of the sensor (I010/042), if reported.
    pub east_north_m: Option<[f64; 2]>,
    /// Velocity east and north, 0.25 m/s (I010/202), if reported.
    pub velocity_mps: Option<[f64; 2]>,
    /// Track number, 0 to 4,095 (I010/161), if it is a track.
    pub track: Option<u16>,
}

/// One CAT010 data block of target reports.
#[must_use]
pub fn encode_cat010(sac_sic: [u8; 2], reports: &[SurfaceReport]) -> Vec<u8> {
    let record = |report: &SurfaceReport| {
        let mut record = Record::new(sac_sic);
        // Message type 1, target report; I010/020 TYP 3, primary radar.
        record.item(2, &[1]).item(3, &[0b0110_0000]).item(4, &time_of_day(report.tod_s));
        if let Some([lat, lon]) = report.lat_lon {
            let lsb = 180.0 / f64::from(1u32 << 31);
            record.item(5, &[signed(lat, lsb, 4), signed(lon, lsb, 4)].concat());
        }
        if let Some((range_m, azimuth_deg)) = report.polar {
            record.item(6, &[unsigned(range_m, 1.0, 2), circle16(azimuth_deg)].concat());
        }
        if let Some([east, north]) = report.east_north_m {
            record.item(7, &[signed(east, 1.0, 2), signed(north, 1.0, 2)].concat());
        }
        if let Some([east, north]) = report.velocity_mps {
            record.item(9, &[signed(east, 0.25, 2), signed(north, 0.25, 2)].concat());
        }
        if let Some(track) = report.track {
            record.item(10, &(track & 0x0fff).to_be_bytes());
            record.item(11, &[0]);
        }
        record.finish()
    };
    block(10, reports.iter().map(record))
}

/// An ADS-B report (CAT021 edition 2.x).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdsbReport {
    /// 24-bit address (I021/080).
    pub address: u32,
    /// Time of applicability of the position, seconds since midnight UTC (I021/071).
    pub tod_s: f64,
    /// `[lat, lon]` in degrees (I021/131, 180/2^30).
    pub lat_lon: [f64; 2],
    /// Geometric height (I021/140, 6.25 ft), metres.
    pub height_m: Option<f64>,
    /// Speed over ground and track angle (I021/160).
    pub velocity: Option<(f64, f64)>,
}

/// One CAT021 data block.
#[must_use]
pub fn encode_cat021(sac_sic: [u8; 2], reports: &[AdsbReport]) -> Vec<u8> {
    let record = |report: &AdsbReport| {
        let mut record = Record::new(sac_sic);
        let lsb = 180.0 / f64::from(1u32 << 30);
        let [lat, lon] = report.lat_lon;
        // I021/040: 24-bit ICAO address, 25 ft reporting.
        record.item(2, &[0]).item(5, &time_of_day(report.tod_s));
        record.item(7, &[signed(lat, lsb, 4), signed(lon, lsb, 4)].concat());
        record.item(11, report.address.to_be_bytes().split_at(1).1);
        if let Some(height_m) = report.height_m {
            record.item(16, &signed(height_m, 6.25 * 0.3048, 2));
        }
        // I021/090: nothing is known of the position's quality but that it is there.
        record.item(17, &[0]);
        if let Some((speed_mps, course_deg)) = report.velocity {
            // Ground speed in 2^-14 NM/s below the range-exceeded bit.
            let speed = unsigned(speed_mps.min(3703.0), 1852.0 / 16_384.0, 2);
            record.item(26, &[speed, circle16(course_deg)].concat());
        }
        record.finish()
    };
    block(21, reports.iter().map(record))
}

/// A system track (CAT062 edition 1.1x).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemTrack {
    /// Track number (I062/040).
    pub number: u16,
    /// Seconds since midnight UTC (I062/070).
    pub tod_s: f64,
    /// `[lat, lon]` in degrees (I062/105, 180/2^25).
    pub lat_lon: [f64; 2],
    /// Velocity east and north (I062/185, 0.25 m/s).
    pub velocity_mps: [f64; 2],
}

/// One CAT062 data block.
#[must_use]
pub fn encode_cat062(sac_sic: [u8; 2], tracks: &[SystemTrack]) -> Vec<u8> {
    let record = |track: &SystemTrack| {
        let mut record = Record::new(sac_sic);
        let lsb = 180.0 / f64::from(1 << 25);
        let [lat, lon] = track.lat_lon;
        let [east, north] = track.velocity_mps;
        record.item(4, &time_of_day(track.tod_s));
        record.item(5, &[signed(lat, lsb, 4), signed(lon, lsb, 4)].concat());
        record.item(7, &[signed(east, 0.25, 2), signed(north, 0.25, 2)].concat());
        record.item(12, &track.number.to_be_bytes());
        // I062/080: monosensor, confirmed.
        record.item(13, &[0b1000_0000]);
        record.finish()
    };
    block(62, tracks.iter().map(record))
}
