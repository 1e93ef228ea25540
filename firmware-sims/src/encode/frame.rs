//! The field frame, version 1: postcard in CRC-32 in COBS between zero bytes, written from its published description.
//!
//! The structures below are that description's tables; only their order and types make the bytes.

use serde::Serialize;

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scan {
    /// Always 1 here.
    pub version: u8,
    /// Restart counter.
    pub boot: u32,
    /// Look counter within this boot.
    pub seq: u32,
    /// Microseconds since 1970.
    pub time_us: u64,
    /// Where a mobile node is.
    pub pose: Option<Pose>,
    /// What the look covered.
    pub look: Look,
    /// What it saw.
    pub detections: Vec<Detection>,
}

/// Where a mobile node is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pose {
    /// Latitude, 1e-7 degrees.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees.
    pub lon_e7: i32,
    /// Height, decimetres.
    pub altitude_dm: i32,
    /// Boresight, thousandths of a degree.
    pub heading_mdeg: Option<u32>,
    /// One-sigma position error, decimetres; 0 not said.
    pub position_sigma_dm: u16,
    /// One-sigma heading error, thousandths of a degree; 0 not said.
    pub heading_sigma_mdeg: u32,
}

/// What the look covered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Look {
    /// The configured field of view.
    FieldOfView,
    /// An azimuth and a range interval.
    Sector {
        /// Thousandths of a degree.
        from_mdeg: u32,
        /// Thousandths of a degree.
        to_mdeg: u32,
        /// Decimetres.
        min_range_dm: u32,
        /// Decimetres.
        max_range_dm: u32,
    },
    /// Not said.
    Unknown,
}

/// One report of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// Milliseconds after the look's time.
    pub offset_ms: i32,
    /// Signal to noise ratio, hundredths of a decibel.
    pub snr_cdb: Option<i16>,
    /// What it may be.
    pub class: Option<Class>,
    /// Where it is.
    pub measurement: Measurement,
}

/// What it may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Class {
    /// 0 person … 7 vessel, 8 any vehicle.
    pub code: u8,
    /// 1 to 100.
    pub likelihood_percent: u8,
}

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Measurement {
    /// Range and azimuth.
    Polar {
        /// Centimetres.
        range_cm: u32,
        /// Thousandths of a degree.
        azimuth_mdeg: u32,
        /// Centimetres; 0 as configured.
        range_sigma_cm: u32,
        /// Thousandths of a degree; 0 as configured.
        azimuth_sigma_mdeg: u32,
        /// Thousandths of a degree.
        elevation_mdeg: Option<i32>,
        /// Range rate.
        range_rate: Option<RangeRate>,
    },
    /// Azimuth alone.
    Bearing {
        /// Thousandths of a degree.
        azimuth_mdeg: u32,
        /// Thousandths of a degree; 0 as configured.
        azimuth_sigma_mdeg: u32,
    },
    /// A position.
    Position {
        /// 1e-7 degrees.
        lat_e7: i32,
        /// 1e-7 degrees.
        lon_e7: i32,
        /// Decimetres.
        altitude_dm: Option<i32>,
        /// Decimetres; 0 as configured.
        sigma_dm: u16,
    },
}

/// Range rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RangeRate {
    /// Centimetres per second, positive going away.
    pub rate_cmps: i32,
    /// One sigma; 0 not said.
    pub sigma_cmps: u16,
}

/// The frame's bytes between its delimiters.
#[must_use]
pub fn encode_body(scan: &Scan) -> Vec<u8> {
    let mut bytes = postcard::to_allocvec(scan).expect("plain data of bounded size always serialises");
    let check = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    cobs::encode_vec(&bytes)
}

/// The frame as it goes over the wire: a delimiter before it, so that earlier line noise ends there, and one after.
#[must_use]
pub fn encode(scan: &Scan) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(encode_body(scan));
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    const EMPTY: Scan = Scan {
        version: 1,
        boot: 3,
        seq: 813,
        time_us: 1_767_225_601_100_000,
        pose: None,
        look: Look::FieldOfView,
        detections: Vec::new(),
    };

    fn plain(measurement: Measurement) -> Detection {
        Detection { offset_ms: 0, snr_cdb: None, class: None, measurement }
    }

    #[test]
    fn the_published_example_empty() {
        assert_eq!(hex(&encode_body(&EMPTY)), "0d0103ad06e091c4b184e9910301010540b7a6ec");
    }

    #[test]
    fn the_published_example_mobile() {
        let polar = |range_cm, azimuth_mdeg, range_sigma_cm, azimuth_sigma_mdeg| Measurement::Polar {
            range_cm,
            azimuth_mdeg,
            range_sigma_cm,
            azimuth_sigma_mdeg,
            elevation_mdeg: None,
            range_rate: None,
        };
        let mobile = Scan {
            boot: 1,
            seq: 7,
            time_us: 1_767_225_602_000_000,
            pose: Some(Pose {
                lat_e7: -491_000_000,
                lon_e7: 692_000_000,
                altitude_dm: 40,
                heading_mdeg: Some(90_000),
                position_sigma_dm: 15,
                heading_sigma_mdeg: 500,
            }),
            look: Look::Unknown,
            detections: vec![plain(polar(50_000, 359_999, 0, 0))],
            ..EMPTY
        };
        let want = "210101078089fbb184e9910301ffc2a0d40380d4f89305500190bf050ff403020101010107d08603bffc150101010518592697";
        assert_eq!(hex(&encode_body(&mobile)), want);
    }

    #[test]
    fn the_published_example_full() {
        let full = Scan {
            seq: 812,
            boot: 3,
            time_us: 1_767_225_600_100_000,
            pose: None,
            look: Look::Sector {
                from_mdeg: 80_000,
                to_mdeg: 140_000,
                min_range_dm: 0,
                max_range_dm: 150_000,
            },
            detections: vec![
                Detection {
                    offset_ms: 400,
                    snr_cdb: Some(1275),
                    class: Some(Class { code: 0, likelihood_percent: 80 }),
                    measurement: Measurement::Polar {
                        range_cm: 123_456,
                        azimuth_mdeg: 111_100,
                        range_sigma_cm: 50,
                        azimuth_sigma_mdeg: 300,
                        elevation_mdeg: Some(-1_500),
                        range_rate: Some(RangeRate { rate_cmps: -310, sigma_cmps: 25 }),
                    },
                },
                Detection {
                    offset_ms: -20,
                    ..plain(Measurement::Bearing { azimuth_mdeg: 24_130, azimuth_sigma_mdeg: 200 })
                },
                Detection {
                    class: Some(Class { code: 8, likelihood_percent: 90 }),
                    ..plain(Measurement::Position {
                        lat_e7: -491_234_567,
                        lon_e7: 691_234_567,
                        altitude_dm: Some(2_105),
                        sigma_dm: 60,
                    })
                },
            ],
            ..EMPTY
        };
        let want = concat!(
            "0d0103ac06a08d87b184e99103080180f104e0c5080bf0930903a00601f61301025012c0c407fce30632ac0201b71701eb04192701",
            "0701c2bc01c801011701085a028d94bdd4038e9c9b930501f2203c38acf142"
        );
        assert_eq!(hex(&encode_body(&full)), want);
    }
}
