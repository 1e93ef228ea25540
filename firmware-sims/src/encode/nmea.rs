//! NMEA 0183 sentences (IEC 61162-1): framing, checksum, and those a radar's tracker and a mobile box send.
//!
//! In: numbers in degrees, metres, metres per second. Out: `$…*hh\r\n`.

use crate::calendar::Utc;

/// Metres in a nautical mile.
pub const NAUTICAL_MILE_M: f64 = 1852.0;
/// Metres per second in a knot.
pub const KNOT_MPS: f64 = NAUTICAL_MILE_M / 3600.0;

/// A sentence around `body` (what stands between the start character and `*`), with its checksum and line end.
#[must_use]
pub fn sentence(start: char, body: &str) -> String {
    let checksum = body.bytes().fold(0u8, |sum, byte| sum ^ byte);
    format!("{start}{body}*{checksum:02X}\r\n")
}

/// `\c:…,s:…*hh\` ahead of a sentence: when the receiver heard it (NMEA 0183 v4.10, tag block), seconds since 1970.
#[must_use]
pub fn tag_block(source: &str, unix_s: i64) -> String {
    let body = format!("s:{source},c:{unix_s}");
    let checksum = body.bytes().fold(0u8, |sum, byte| sum ^ byte);
    format!("\\{body}*{checksum:02X}\\")
}

/// Status of a tracked target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetStatus {
    /// `T`.
    Tracking,
    /// `Q`: being acquired.
    Acquiring,
    /// `L`.
    Lost,
}

impl TargetStatus {
    const fn letter(self) -> char {
        match self {
            Self::Tracking => 'T',
            Self::Acquiring => 'Q',
            Self::Lost => 'L',
        }
    }
}

/// A tracked target, relative to the radar: for TTM.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedTarget {
    /// 0 to 99.
    pub number: u8,
    /// Distance, metres.
    pub range_m: f64,
    /// Bearing clockwise from true north, degrees.
    pub bearing_deg: f64,
    /// Speed over ground.
    pub speed_mps: f64,
    /// Course over ground, true.
    pub course_deg: f64,
    /// Name, no commas or asterisks.
    pub name: String,
    /// Status.
    pub status: TargetStatus,
    /// When it was measured.
    pub utc: Utc,
}

/// TTM: everything true, in nautical miles and knots. Closest-approach fields are empty: the radar stands still.
#[must_use]
pub fn ttm(talker: &str, target: &TrackedTarget) -> String {
    let body = format!(
        "{talker}TTM,{:02},{:.4},{:.2},T,{:.2},{:.2},T,,,N,{},{},,{},A",
        target.number,
        target.range_m / NAUTICAL_MILE_M,
        wrapped(target.bearing_deg, 2),
        target.speed_mps / KNOT_MPS,
        wrapped(target.course_deg, 2),
        target.name,
        target.status.letter(),
        target.utc.nmea_time(),
    );
    sentence('$', &body)
}

/// A tracked target by latitude and longitude: for TLL.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetPosition {
    /// 0 to 99.
    pub number: u8,
    /// `[lat, lon]`, degrees.
    pub lat_lon: [f64; 2],
    /// Name, no commas or asterisks.
    pub name: String,
    /// Status.
    pub status: TargetStatus,
    /// When it was measured.
    pub utc: Utc,
}

/// TLL.
#[must_use]
pub fn tll(talker: &str, target: &TargetPosition) -> String {
    let body = format!(
        "{talker}TLL,{:02},{},{},{},{},",
        target.number,
        position(target.lat_lon),
        target.name,
        target.utc.nmea_time(),
        target.status.letter(),
    );
    sentence('$', &body)
}

/// RMC: position, speed and course of the box itself.
#[must_use]
pub fn rmc(talker: &str, utc: Utc, lat_lon: [f64; 2], speed_mps: f64, course_deg: f64) -> String {
    let body = format!(
        "{talker}RMC,{},A,{},{:.2},{:.2},{:02}{:02}{:02},,,A",
        utc.nmea_time(),
        position(lat_lon),
        speed_mps / KNOT_MPS,
        wrapped(course_deg, 2),
        utc.day,
        utc.month,
        utc.year.rem_euclid(100),
    );
    sentence('$', &body)
}

/// GGA: position and height above the geoid, with the geoid's separation, of the box itself.
#[must_use]
pub fn gga(talker: &str, utc: Utc, lat_lon: [f64; 2], above_geoid_m: f64, separation_m: f64) -> String {
    let body = format!(
        "{talker}GGA,{},{},1,09,0.9,{above_geoid_m:.1},M,{separation_m:.1},M,,",
        utc.nmea_time(),
        position(lat_lon),
    );
    sentence('$', &body)
}

/// HDT: heading of the box itself, true.
#[must_use]
pub fn hdt(talker: &str, heading_deg: f64) -> String {
    sentence('$', &format!("{talker}HDT,{:.2},T", wrapped(heading_deg, 2)))
}

/// An angle in [0, 360) even after rounding to `decimals`.
fn wrapped(degrees: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    ((degrees * scale).round() / scale).rem_euclid(360.0)
}

/// `ddmm.mmmmm,N,dddmm.mmmmm,E`: rounded as a whole, so that minutes never read 60.
fn position([lat, lon]: [f64; 2]) -> String {
    let part = |degrees: f64, width: usize| {
        let minutes = (degrees.abs() * 60.0 * 1e5).round() / 1e5;
        let whole = (minutes / 60.0).floor();
        format!("{whole:0width$.0}{:08.5}", minutes - whole * 60.0)
    };
    let (ns, ew) = (if lat < 0.0 { 'S' } else { 'N' }, if lon < 0.0 { 'W' } else { 'E' });
    format!("{},{ns},{},{ew}", part(lat, 2), part(lon, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_a_published_sentence() {
        // The customary GGA example.
        let body = "GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,";
        assert_eq!(sentence('$', body), format!("${body}*47\r\n"));
    }

    #[test]
    fn positions_never_read_sixty_minutes() {
        assert_eq!(position([-48.999_999_999, 69.6]), "4900.00000,S,06936.00000,E");
        assert_eq!(position([48.1173, -11.516_667]), "4807.03800,N,01131.00002,W");
    }

    #[test]
    fn ttm_and_tll_have_their_fields() {
        let utc = Utc::new(1_767_225_600_250_000_000);
        let target = TrackedTarget {
            number: 7,
            range_m: 1852.0,
            bearing_deg: 359.999,
            speed_mps: KNOT_MPS * 10.0,
            course_deg: 90.0,
            name: "T07".into(),
            status: TargetStatus::Tracking,
            utc,
        };
        let text = ttm("RA", &target);
        assert!(text.starts_with("$RATTM,07,1.0000,0.00,T,10.00,90.00,T,,,N,T07,T,,000000.25,A*"), "{text}");
        let target = TargetPosition {
            number: 7,
            lat_lon: [-49.5, 69.25],
            name: "T07".into(),
            status: TargetStatus::Lost,
            utc,
        };
        let text = tll("RA", &target);
        assert!(text.starts_with("$RATLL,07,4930.00000,S,06915.00000,E,T07,000000.25,L,*"), "{text}");
    }
}
