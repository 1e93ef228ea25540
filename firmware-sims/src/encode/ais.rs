//! AIS messages (ITU-R M.1371-5) as AIVDM sentences (IEC 61162-1 with NMEA 0183 armouring).
//!
//! In: messages in degrees, metres per second, metres. Out: one or more `!AIVDM` sentences. `None` in a field is the
//! standard's "not available".

use super::nmea::{KNOT_MPS, sentence};

/// A position report of a class A station (messages 1, 2, 3).
#[derive(Clone, Debug, PartialEq)]
pub struct ClassA {
    /// Message 1 (scheduled), 2 (assigned) or 3 (interrogated).
    pub message: u8,
    /// Nine digits.
    pub mmsi: u32,
    /// 0 under way using engine, 1 at anchor, 5 moored, 7 fishing, 15 undefined.
    pub nav_status: u8,
    /// Speed over ground.
    pub speed_mps: Option<f64>,
    /// Better than 10 m.
    pub accurate: bool,
    /// `[lat, lon]`, degrees.
    pub lat_lon: Option<[f64; 2]>,
    /// Course over ground.
    pub course_deg: Option<f64>,
    /// True heading.
    pub heading_deg: Option<f64>,
    /// UTC second of the fix, 60 not available.
    pub second: u8,
}

/// A position report of a class B station (messages 18, 19), or of message 19 with its static part.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassB {
    /// Nine digits.
    pub mmsi: u32,
    /// Speed over ground.
    pub speed_mps: Option<f64>,
    /// Better than 10 m.
    pub accurate: bool,
    /// `[lat, lon]`, degrees.
    pub lat_lon: Option<[f64; 2]>,
    /// Course over ground.
    pub course_deg: Option<f64>,
    /// True heading.
    pub heading_deg: Option<f64>,
    /// UTC second of the fix, 60 not available.
    pub second: u8,
}

/// Static data of a ship (messages 5, 19, 24).
#[derive(Clone, Debug, PartialEq)]
pub struct Ship {
    /// Nine digits.
    pub mmsi: u32,
    /// IMO number, 0 if none.
    pub imo: u32,
    /// At most 7 characters.
    pub callsign: String,
    /// At most 20 characters.
    pub name: String,
    /// Type of ship and cargo.
    pub ship_type: u8,
    /// Bow, stern, port, starboard of the antenna, metres.
    pub dimensions_m: [u16; 4],
    /// Present draught, metres.
    pub draught_m: f64,
    /// At most 20 characters.
    pub destination: String,
}

/// A base station report (message 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaseStation {
    /// Nine digits.
    pub mmsi: u32,
    /// UTC.
    pub utc: crate::calendar::Utc,
    /// `[lat, lon]`, degrees.
    pub lat_lon: Option<[f64; 2]>,
}

/// A search and rescue aircraft's report (message 9).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SarAircraft {
    /// Nine digits.
    pub mmsi: u32,
    /// Height, metres, at most 4,094.
    pub altitude_m: f64,
    /// Speed over ground (whole knots on the air).
    pub speed_mps: f64,
    /// `[lat, lon]`, degrees.
    pub lat_lon: [f64; 2],
    /// Course over ground.
    pub course_deg: f64,
    /// UTC second of the fix.
    pub second: u8,
}

/// An aid to navigation (message 21).
#[derive(Clone, Debug, PartialEq)]
pub struct Aid {
    /// Nine digits.
    pub mmsi: u32,
    /// Type of aid, table 74.
    pub kind: u8,
    /// At most 34 characters.
    pub name: String,
    /// `[lat, lon]`, degrees.
    pub lat_lon: [f64; 2],
}

/// A long-range report (message 27): tenths of minutes, whole knots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongRange {
    /// Nine digits.
    pub mmsi: u32,
    /// As in [`ClassA`].
    pub nav_status: u8,
    /// `[lat, lon]`, degrees.
    pub lat_lon: [f64; 2],
    /// Speed over ground.
    pub speed_mps: f64,
    /// Course over ground.
    pub course_deg: f64,
}

/// A message's bits, most significant first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<bool>);

impl Bits {
    fn start(message: u8, mmsi: u32) -> Self {
        let mut bits = Self::default();
        bits.unsigned(u64::from(message), 6);
        bits.unsigned(0, 2);
        bits.unsigned(u64::from(mmsi), 30);
        bits
    }

    fn unsigned(&mut self, value: u64, width: u32) -> &mut Self {
        let value = value.min((1 << width) - 1);
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn signed(&mut self, value: i64, width: u32) -> &mut Self {
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Six-bit text, padded with `@`; what the alphabet lacks becomes `?`.
    fn text(&mut self, text: &str, characters: usize) -> &mut Self {
        let padded = text.bytes().map(|byte| byte.to_ascii_uppercase()).chain(std::iter::repeat(b'@'));
        for byte in padded.take(characters) {
            let code = match byte {
                b'@'..=b'_' => byte - b'@',
                b' '..=b'?' => byte,
                _ => b'?',
            };
            self.unsigned(u64::from(code), 6);
        }
        self
    }

    fn speed(&mut self, speed_mps: Option<f64>) -> &mut Self {
        self.unsigned(
            speed_mps.map_or(1023, |speed| whole(speed / KNOT_MPS * 10.0).clamp(0, 1022).unsigned_abs()),
            10,
        )
    }

    fn position(&mut self, lat_lon: Option<[f64; 2]>) -> &mut Self {
        let [lat, lon] = lat_lon.unwrap_or([91.0, 181.0]);
        self.signed(whole(lon * 600_000.0), 28).signed(whole(lat * 600_000.0), 27)
    }

    fn course(&mut self, course_deg: Option<f64>) -> &mut Self {
        self.unsigned(
            course_deg.map_or(3600, |course| whole(course * 10.0).rem_euclid(3600).unsigned_abs()),
            12,
        )
    }

    fn heading(&mut self, heading_deg: Option<f64>) -> &mut Self {
        self.unsigned(heading_deg.map_or(511, |heading| whole(heading).rem_euclid(360).unsigned_abs()), 9)
    }

    fn dimensions(&mut self, [bow, stern, port, starboard]: [u16; 4]) -> &mut Self {
        self.unsigned(bow.into(), 9).unsigned(stern.into(), 9);
        self.unsigned(port.into(), 6).unsigned(starboard.into(), 6)
    }
}

/// Messages 1, 2 and 3.
#[must_use]
pub fn class_a(report: &ClassA) -> Bits {
    let mut bits = Bits::start(report.message, report.mmsi);
    bits.unsigned(report.nav_status.into(), 4).signed(-128, 8).speed(report.speed_mps);
    bits.unsigned(report.accurate.into(), 1).position(report.lat_lon).course(report.course_deg);
    bits.heading(report.heading_deg).unsigned(report.second.into(), 6);
    bits.unsigned(0, 2).unsigned(0, 3).unsigned(0, 1).unsigned(0, 19);
    bits
}

/// Message 4.
#[must_use]
pub fn base_station(report: &BaseStation) -> Bits {
    let utc = report.utc;
    let mut bits = Bits::start(4, report.mmsi);
    bits.unsigned(utc.year.unsigned_abs(), 14).unsigned(utc.month.into(), 4).unsigned(utc.day.into(), 5);
    bits.unsigned(utc.hour.into(), 5).unsigned(utc.minute.into(), 6).unsigned(utc.second.into(), 6);
    bits.unsigned(1, 1).position(report.lat_lon).unsigned(7, 4);
    bits.unsigned(0, 10).unsigned(0, 1).unsigned(0, 19);
    bits
}

/// Message 5: 424 bits, two sentences.
#[must_use]
pub fn ship(ship: &Ship) -> Bits {
    let mut bits = Bits::start(5, ship.mmsi);
    bits.unsigned(0, 2).unsigned(ship.imo.into(), 30).text(&ship.callsign, 7).text(&ship.name, 20);
    bits.unsigned(ship.ship_type.into(), 8).dimensions(ship.dimensions_m).unsigned(1, 4);
    // No estimated time of arrival: month 0, day 0, hour 24, minute 60.
    bits.unsigned(0, 4).unsigned(0, 5).unsigned(24, 5).unsigned(60, 6);
    bits.unsigned(whole(ship.draught_m * 10.0).unsigned_abs(), 8).text(&ship.destination, 20);
    bits.unsigned(0, 1).unsigned(0, 1);
    bits
}

/// Message 9.
#[must_use]
pub fn sar_aircraft(report: &SarAircraft) -> Bits {
    let mut bits = Bits::start(9, report.mmsi);
    bits.unsigned(whole(report.altitude_m).clamp(0, 4094).unsigned_abs(), 12);
    bits.unsigned(whole(report.speed_mps / KNOT_MPS).clamp(0, 1022).unsigned_abs(), 10);
    bits.unsigned(1, 1).position(Some(report.lat_lon)).course(Some(report.course_deg));
    bits.unsigned(report.second.into(), 6).unsigned(0, 8).unsigned(1, 1).unsigned(0, 3);
    bits.unsigned(0, 1).unsigned(0, 1).unsigned(0, 20);
    bits
}

/// Message 18.
#[must_use]
pub fn class_b(report: &ClassB) -> Bits {
    let mut bits = class_b_start(18, report);
    // Carrier-sense unit, no display, no DSC, whole band, no message 22, autonomous, no RAIM.
    bits.unsigned(0, 2).unsigned(0b100_1000, 7).unsigned(0, 20);
    bits
}

/// Message 19: a class B report with the ship's name, type and size.
#[must_use]
pub fn class_b_extended(report: &ClassB, ship: &Ship) -> Bits {
    let mut bits = class_b_start(19, report);
    bits.unsigned(0, 4).text(&ship.name, 20).unsigned(ship.ship_type.into(), 8);
    bits.dimensions(ship.dimensions_m).unsigned(1, 4);
    bits.unsigned(0, 1).unsigned(1, 1).unsigned(0, 1).unsigned(0, 4);
    bits
}

fn class_b_start(message: u8, report: &ClassB) -> Bits {
    let mut bits = Bits::start(message, report.mmsi);
    bits.unsigned(0, 8).speed(report.speed_mps).unsigned(report.accurate.into(), 1);
    bits.position(report.lat_lon).course(report.course_deg).heading(report.heading_deg);
    bits.unsigned(report.second.into(), 6);
    bits
}

/// Message 21.
#[must_use]
pub fn aid(aid: &Aid) -> Bits {
    let mut bits = Bits::start(21, aid.mmsi);
    bits.unsigned(aid.kind.into(), 5).text(&aid.name, 20).unsigned(1, 1).position(Some(aid.lat_lon));
    bits.dimensions([0; 4]).unsigned(7, 4).unsigned(60, 6).unsigned(0, 1).unsigned(0, 8);
    bits.unsigned(0, 1).unsigned(0, 1).unsigned(0, 1).unsigned(0, 1);
    let beyond = aid.name.get(20..).unwrap_or("");
    bits.text(beyond, beyond.len().min(14));
    // The extension is padded to whole bytes.
    while !bits.0.len().is_multiple_of(8) {
        bits.0.push(false);
    }
    bits
}

/// Message 24, part A: the name.
#[must_use]
pub fn name_part(ship: &Ship) -> Bits {
    let mut bits = Bits::start(24, ship.mmsi);
    bits.unsigned(0, 2).text(&ship.name, 20);
    bits
}

/// Message 24, part B: type, call sign, size.
#[must_use]
pub fn type_part(ship: &Ship) -> Bits {
    let mut bits = Bits::start(24, ship.mmsi);
    bits.unsigned(1, 2).unsigned(ship.ship_type.into(), 8).text("SIM", 3).unsigned(0, 24);
    bits.text(&ship.callsign, 7).dimensions(ship.dimensions_m).unsigned(1, 4).unsigned(0, 2);
    bits
}

/// Message 27.
#[must_use]
pub fn long_range(report: &LongRange) -> Bits {
    let [lat, lon] = report.lat_lon;
    let mut bits = Bits::start(27, report.mmsi);
    bits.unsigned(1, 1).unsigned(0, 1).unsigned(report.nav_status.into(), 4);
    bits.signed(whole(lon * 600.0), 18).signed(whole(lat * 600.0), 17);
    bits.unsigned(whole(report.speed_mps / KNOT_MPS).clamp(0, 62).unsigned_abs(), 6);
    bits.unsigned(whole(report.course_deg).rem_euclid(360).unsigned_abs(), 9).unsigned(0, 1).unsigned(0, 1);
    bits
}

/// The bits as AIVDM sentences, at most 56 characters of payload each; `sequence` (0 to 9) ties several together.
#[must_use]
pub fn sentences(bits: &Bits, channel: char, sequence: u8) -> Vec<String> {
    let fill = (6 - bits.0.len() % 6) % 6;
    let payload: Vec<u8> = bits
        .0
        .chunks(6)
        .map(|six| {
            let value = (0..6).fold(0u8, |sum, k| sum << 1 | u8::from(six.get(k).copied().unwrap_or(false)));
            if value < 40 { value + 48 } else { value + 56 }
        })
        .collect();
    let parts: Vec<&[u8]> = payload.chunks(56).collect();
    let count = parts.len();
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let tie = if count > 1 { sequence.to_string() } else { String::new() };
            let fill = if index + 1 == count { fill } else { 0 };
            let text = String::from_utf8_lossy(part);
            sentence('!', &format!("AIVDM,{count},{},{tie},{channel},{text},{fill}", index + 1))
        })
        .collect()
}

/// Rounded to the nearest whole number.
fn whole(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casting saturates, and every field is clamped to its width"
    )]
    let whole = value.round() as i64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ship_of(name: &str) -> Ship {
        Ship {
            mmsi: 635_000_101,
            imo: 0,
            callsign: "FXALF".into(),
            name: name.into(),
            ship_type: 70,
            dimensions_m: [70, 20, 8, 8],
            draught_m: 4.5,
            destination: "EXERCISE".into(),
        }
    }

    #[test]
    fn every_message_has_its_length() {
        let b = ClassB {
            mmsi: 1,
            speed_mps: None,
            accurate: false,
            lat_lon: None,
            course_deg: None,
            heading_deg: None,
            second: 60,
        };
        let ship = ship_of("A");
        let lengths = [
            ship_bits(&ship),
            class_b(&b).0.len(),
            class_b_extended(&b, &ship).0.len(),
            name_part(&ship).0.len(),
            type_part(&ship).0.len(),
        ];
        assert_eq!(lengths, [424, 168, 312, 160, 168]);
    }

    fn ship_bits(of: &Ship) -> usize {
        ship(of).0.len()
    }

    #[test]
    fn long_messages_come_in_tied_parts() {
        let parts = sentences(&ship(&ship_of("EXERCISE ALFA")), 'B', 3);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].starts_with("!AIVDM,2,1,3,B,") && parts[1].starts_with("!AIVDM,2,2,3,B,"));
        assert!(parts[1].contains(",2*"), "424 bits leave two fill bits: {}", parts[1]);
    }

    #[test]
    fn a_position_report_is_one_sentence_of_28_characters() {
        let report = ClassA {
            message: 1,
            mmsi: 635_000_101,
            nav_status: 0,
            speed_mps: Some(8.0),
            accurate: true,
            lat_lon: Some([-48.98, 69.6]),
            course_deg: Some(271.3),
            heading_deg: Some(271.0),
            second: 12,
        };
        let parts = sentences(&class_a(&report), 'A', 0);
        assert_eq!(parts.len(), 1);
        let payload = parts[0].split(',').nth(5).unwrap();
        assert_eq!((payload.len(), &payload[..1]), (28, "1"));
    }
}
