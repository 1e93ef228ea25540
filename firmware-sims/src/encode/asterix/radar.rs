//! CAT048 (plots of one radar, SUR.ET1.ST05.2000-STD-04-01) and CAT034 (its service messages, -02-02).

use super::{Record, block, circle16, signed, time_of_day, unsigned};

/// A nautical mile, metres.
const NAUTICAL_MILE_M: f64 = 1852.0;

/// One primary plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot {
    /// Slant range (I048/040: 1/256 NM, 7.2 m).
    pub rho_m: f64,
    /// Azimuth clockwise from true north (I048/040: 360/65536°).
    pub theta_deg: f64,
    /// Seconds since midnight UTC (I048/140: 1/128 s).
    pub tod_s: f64,
    /// Amplitude of the echo (I048/130 PAM), dBm.
    pub amplitude_dbm: Option<i8>,
    /// Calculated Doppler speed (I048/120 CAL), whole metres per second, positive going away.
    pub doppler_mps: Option<f64>,
    /// A test or simulated target (I048/020 SIM).
    pub simulated: bool,
}

/// What a CAT034 record says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sector {
    /// The antenna passes north (message type 1).
    North {
        /// Measured time of one rotation.
        rotation_s: f64,
        /// `[lat, lon]` in degrees and height in metres of the radar, if it is told.
        position: Option<([f64; 2], f64)>,
    },
    /// The antenna enters the sector that begins here (message type 2).
    Crossing {
        /// Azimuth, in steps of 360/256°.
        azimuth_deg: f64,
    },
}

/// One CAT048 data block of primary plots.
#[must_use]
pub fn encode_cat048(sac_sic: [u8; 2], plots: &[Plot]) -> Vec<u8> {
    block(48, plots.iter().map(|plot| plot_record(sac_sic, plot)))
}

fn plot_record(sac_sic: [u8; 2], plot: &Plot) -> Vec<u8> {
    let mut record = Record::new(sac_sic);
    record.item(2, &time_of_day(plot.tod_s));
    // I048/020: TYP 001 = single primary detection.
    record.item(3, &[0b0010_0000 | u8::from(plot.simulated) << 4]);
    let rho = unsigned(plot.rho_m, NAUTICAL_MILE_M / 256.0, 2);
    record.item(4, &[rho, circle16(plot.theta_deg)].concat());
    if let Some(amplitude) = plot.amplitude_dbm {
        // I048/130: subfield 5, PAM.
        record.item(7, &[0b0000_1000, amplitude.to_be_bytes()[0]]);
    }
    if let Some(doppler) = plot.doppler_mps {
        // I048/120: subfield 1, CAL, ten bits in two's complement.
        let cal = signed(doppler.clamp(-512.0, 511.0), 1.0, 2);
        record.item(20, &[0b1000_0000, cal[0] & 0b11, cal[1]]);
    }
    record.finish()
}

/// One CAT034 data block with one record.
#[must_use]
pub fn encode_cat034(sac_sic: [u8; 2], tod_s: f64, sector: Sector) -> Vec<u8> {
    let mut record = Record::new(sac_sic);
    match sector {
        Sector::North { rotation_s, position } => {
            record.item(2, &[1]).item(3, &time_of_day(tod_s));
            record.item(5, &unsigned(rotation_s, 1.0 / 128.0, 2));
            if let Some(([lat, lon], height_m)) = position {
                // I034/120: 180/2^23 degrees.
                let lsb = 180.0 / f64::from(1 << 23);
                let fields = [signed(height_m, 1.0, 2), signed(lat, lsb, 3), signed(lon, lsb, 3)];
                record.item(11, &fields.concat());
            }
        }
        Sector::Crossing { azimuth_deg } => {
            record.item(2, &[2]).item(3, &time_of_day(tod_s));
            record.item(4, &unsigned(azimuth_deg.rem_euclid(360.0), 360.0 / 256.0, 1));
        }
    }
    block(34, [record.finish()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_by_hand() {
        let plot = Plot {
            rho_m: NAUTICAL_MILE_M,
            theta_deg: 90.0,
            tod_s: 1.0,
            amplitude_dbm: None,
            doppler_mps: Some(-3.0),
            simulated: false,
        };
        let want = [
            48,
            0,
            19, // category, length
            0b1111_0001,
            0b0000_0001,
            0b0000_0100, // 010 140 020 040, then 120
            25,
            1,
            0,
            0,
            128,
            0x20,
            1,
            0,
            0x40,
            0, // ... rho 1 NM, theta a quarter
            0x80,
            0x03,
            0xfd, // CAL -3 in ten bits
        ];
        assert_eq!(encode_cat048([25, 1], &[plot]), want);
    }

    #[test]
    fn marks_by_hand() {
        let crossing = encode_cat034([25, 1], 2.0, Sector::Crossing { azimuth_deg: 45.0 });
        assert_eq!(crossing, [34, 0, 11, 0b1111_0000, 25, 1, 2, 0, 1, 0, 32]);
        let north = encode_cat034([25, 1], 2.0, Sector::North { rotation_s: 1.5, position: None });
        assert_eq!(north, [34, 0, 12, 0b1110_1000, 25, 1, 1, 0, 1, 0, 0, 192]);
    }
}
