//! AIS messages 1 to 5, 9, 18, 19, 21, 24 and 27: their fields one by one, then what they are to fusion.

use firmware_sims::calendar::Utc;
use firmware_sims::encode::ais::{self, Bits};
use linewatch::sensor::{Format, SensorKind};
use linewatch::wire::nmea::ais::{Message, Position, Reader};
use linewatch::wire::nmea::sentence::Line;
use proptest::option::of;
use proptest::prelude::*;

use super::{
    RECEIVED, close, close_angle, close_place, close_velocity, degrees, lat_lon, one_detection, place, sensor,
};

const KNOT_MPS: f64 = 1_852.0 / 3_600.0;
/// Half of 1/10 000 minute, degrees.
const FINE_DEG: f64 = 0.501e-4 / 60.0;
/// Half of 1/10 minute, degrees.
const COARSE_DEG: f64 = 0.0501 / 60.0;

/// The one message that a message's sentences hold.
fn message(bits: &Bits) -> Message {
    let (mut reader, mut lost, mut found) = (Reader::default(), Vec::new(), Vec::new());
    for sentence in ais::sentences(bits, 'B', 3) {
        let line = Line::parse(sentence.trim_end().as_bytes()).unwrap();
        let read = reader.read(RECEIVED, line.tag, &line.sentence.expect("a sentence"), &mut lost).unwrap();
        found.extend(read.map(|received| received.message));
    }
    assert_eq!(lost, []);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn frame(bits: &Bits) -> String {
    ais::sentences(bits, 'A', 0).concat()
}

fn mmsi() -> std::ops::Range<u32> {
    200_000_000..800_000_000
}

/// Text that survives: trailing spaces and what the alphabet lacks do not.
fn text(longest: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("([A-Z0-9][A-Z0-9 .-]{{0,{}}}[A-Z0-9])?", longest - 2)).unwrap()
}

fn ship() -> impl Strategy<Value = ais::Ship> {
    let size = (0..512_u16, 0..512_u16, 0..64_u16, 0..64_u16).prop_map(|(b, s, p, q)| [b, s, p, q]);
    (mmsi(), 0..1_073_741_824_u32, text(7), text(20), any::<u8>(), size, 0.0..25.5, text(20)).prop_map(
        |(mmsi, imo, callsign, name, ship_type, dimensions_m, draught_m, destination)| ais::Ship {
            mmsi,
            imo,
            callsign,
            name,
            ship_type,
            dimensions_m,
            draught_m,
            destination,
        },
    )
}

fn class_a() -> impl Strategy<Value = ais::ClassA> {
    let known = (of(0.0..52.0), of(lat_lon()), of(degrees()), of(degrees()));
    (1..=3_u8, mmsi(), 0..16_u8, any::<bool>(), known, 0..=63_u8).prop_map(
        |(message, mmsi, nav_status, accurate, (speed_mps, lat_lon, course_deg, heading_deg), second)| {
            ais::ClassA {
                message,
                mmsi,
                nav_status,
                speed_mps,
                accurate,
                lat_lon,
                course_deg,
                heading_deg,
                second,
            }
        },
    )
}

fn class_b() -> impl Strategy<Value = ais::ClassB> {
    class_a().prop_map(|a| ais::ClassB {
        mmsi: a.mmsi,
        speed_mps: a.speed_mps,
        accurate: a.accurate,
        lat_lon: a.lat_lon,
        course_deg: a.course_deg,
        heading_deg: a.heading_deg,
        second: a.second,
    })
}

/// Both absent, or both there and close.
fn close_option(what: &str, found: Option<f64>, said: Option<f64>, within: f64) {
    assert_eq!(found.is_some(), said.is_some(), "{what}");
    close(what, found.unwrap_or(0.0), said.unwrap_or(0.0), within);
}

fn close_degrees(what: &str, found: Option<f64>, said: Option<f64>, within: f64) {
    assert_eq!(found.is_some(), said.is_some(), "{what}");
    close_angle(what, found.unwrap_or(0.0).to_radians(), said.unwrap_or(0.0), within);
}

fn close_position(found: Position, said: Option<[f64; 2]>, within: f64) {
    let found = found.degrees();
    close_option("latitude", found.map(|(lat, _)| lat), said.map(|[lat, _]| lat), within);
    close_option("longitude", found.map(|(_, lon)| lon), said.map(|[_, lon]| lon), within);
}

/// What messages 18 and 19 share, and 1 to 3 too.
macro_rules! same_motion {
    ($found:expr, $said:expr) => {
        assert_eq!($found.header.mmsi, $said.mmsi);
        assert_eq!(($found.accuracy, $found.second), ($said.accurate, $said.second));
        close_option("speed", $found.speed_kn(), $said.speed_mps.map(|speed| speed / KNOT_MPS), 0.0501);
        close_position($found.position, $said.lat_lon, FINE_DEG);
        close_degrees("course", $found.course_deg(), $said.course_deg, 0.0501);
        close_degrees("heading", $found.heading_deg(), $said.heading_deg, 0.501);
    };
}

fn sides(found: linewatch::wire::nmea::ais::Dimensions) -> [u16; 4] {
    [found.to_bow, found.to_stern, found.to_port.into(), found.to_starboard.into()]
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn class_a_positions(said in class_a()) {
        let Message::ClassA(found) = message(&ais::class_a(&said)) else { panic!("no class A") };
        prop_assert_eq!((found.header.kind, found.status), (said.message, said.nav_status));
        prop_assert_eq!(found.turn, -128, "no turn is said");
        same_motion!(found, said);
    }

    #[test]
    fn class_b_positions_with_and_without_a_ship(said in class_b(), ship in ship()) {
        let Message::ClassB(found) = message(&ais::class_b(&said)) else { panic!("no class B") };
        prop_assert_eq!(found.header.kind, 18);
        same_motion!(found, said);
        let Message::ClassBExtended(found) = message(&ais::class_b_extended(&said, &ship)) else { panic!("no 19") };
        same_motion!(found.motion, said);
        prop_assert_eq!((found.ship_name, found.ship_type), (ship.name, ship.ship_type));
        prop_assert_eq!(sides(found.dimensions), ship.dimensions_m);
    }

    #[test]
    fn ships_particulars(said in ship()) {
        let Message::Voyage(found) = message(&ais::ship(&said)) else { panic!("no message 5") };
        prop_assert_eq!((found.header.mmsi, found.imo), (said.mmsi, said.imo));
        prop_assert_eq!((&found.callsign, &found.ship_name, found.ship_type), (&said.callsign, &said.name, said.ship_type));
        prop_assert_eq!(sides(found.dimensions), said.dimensions_m);
        close("draught", f64::from(found.draught) / 10.0, said.draught_m, 0.0501);
        prop_assert_eq!(&found.destination, &said.destination);
        prop_assert_eq!((found.month, found.day, found.hour, found.minute), (0, 0, 24, 60), "no arrival is said");
        let Message::NamePart(found) = message(&ais::name_part(&said)) else { panic!("no 24 A") };
        prop_assert_eq!((found.header.mmsi, &found.ship_name), (said.mmsi, &said.name));
        let Message::CraftPart(found) = message(&ais::type_part(&said)) else { panic!("no 24 B") };
        prop_assert_eq!((found.header.mmsi, found.ship_type, &found.callsign), (said.mmsi, said.ship_type, &said.callsign));
        prop_assert_eq!((sides(found.dimensions), found.vendor.as_str()), (said.dimensions_m, "SIM"));
    }

    #[test]
    fn base_stations_and_marks(mmsi in mmsi(), unix_s in 0..4_000_000_000_i64, at in lat_lon(), kind in 0..32_u8, name in "[A-Z0-9]{1,34}") {
        let utc = Utc::new(unix_s * 1_000_000_000);
        let said = ais::BaseStation { mmsi, utc, lat_lon: Some(at) };
        let Message::BaseStation(found) = message(&ais::base_station(&said)) else { panic!("no message 4") };
        prop_assert_eq!((found.header.mmsi, i64::from(found.year), found.month, found.day), (mmsi, utc.year, utc.month, utc.day));
        prop_assert_eq!((found.hour, found.minute, found.second), (utc.hour, utc.minute, utc.second));
        close_position(found.position, Some(at), FINE_DEG);
        let Message::Aid(found) = message(&ais::aid(&ais::Aid { mmsi, kind, name: name.clone(), lat_lon: at })) else { panic!("no 21") };
        prop_assert_eq!((found.header.mmsi, found.aid_type), (mmsi, kind));
        prop_assert_eq!(found.name + &found.name_extension, name);
        close_position(found.position, Some(at), FINE_DEG);
    }

    #[test]
    fn aircraft_and_long_range(mmsi in mmsi(), at in lat_lon(), altitude_m in 0.0..4_093.0, (speed_mps, course_deg) in (0.0..30.0, degrees()), second in 0..64_u8) {
        let said = ais::SarAircraft { mmsi, altitude_m, speed_mps: speed_mps * 10.0, lat_lon: at, course_deg, second };
        let Message::Aircraft(found) = message(&ais::sar_aircraft(&said)) else { panic!("no message 9") };
        prop_assert_eq!((found.header.mmsi, found.second), (mmsi, second));
        close_option("altitude", found.altitude_m(), Some(altitude_m), 0.501);
        close_option("speed", found.speed_kn(), Some(speed_mps * 10.0 / KNOT_MPS), 0.501);
        close_degrees("course", found.course_deg(), Some(course_deg), 0.0501);
        close_position(found.position, Some(at), FINE_DEG);
        let said = ais::LongRange { mmsi, nav_status: 5, lat_lon: at, speed_mps, course_deg };
        let Message::LongRange(found) = message(&ais::long_range(&said)) else { panic!("no message 27") };
        prop_assert_eq!((found.header.mmsi, found.status), (mmsi, 5));
        close_option("speed", found.speed_kn(), Some(speed_mps / KNOT_MPS), 0.501);
        close_degrees("course", found.course_deg(), Some(course_deg), 0.501);
        close_position(found.position, Some(at), COARSE_DEG);
    }

    #[test]
    fn a_position_report_is_a_detection_of_a_ship_by_its_name(said in class_a()) {
        let (Some(at), Some(speed_mps), Some(course_deg)) = (said.lat_lon, said.speed_mps, said.course_deg) else { return Ok(()) };
        let model = sensor(SensorKind::Transponder, Format::Nmea);
        let (scan, found) = one_detection(&model, frame(&ais::class_a(&said)).as_bytes());
        close_place(place(&found), at, FINE_DEG);
        close_velocity(&found, speed_mps, course_deg, (0.0501 * KNOT_MPS, 0.0501));
        let identity = format!("mmsi:{}", said.mmsi);
        prop_assert_eq!(found.identity.as_deref(), Some(identity.as_str()));
        let age_s = RECEIVED.since(scan.time).as_secs_f64();
        prop_assert!((-1.0..60.0).contains(&age_s), "{} s before receipt", age_s);
        if said.second < 60 {
            prop_assert_eq!(scan.time.floor_secs() % 60, i64::from(said.second));
        }
    }
}
