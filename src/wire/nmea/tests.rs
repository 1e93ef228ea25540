//! The decoder as a whole: lines in, scans out.

use std::sync::Arc;

use super::*;
use crate::geo::{Geodetic, LocalFrame};
use crate::scan::{Measurement, Velocity};
use crate::sensor::{Format, SensorId, SensorKind};

const RECEIVED: Timestamp = Timestamp::from_secs(1_767_225_610);
const SHIP: &str = "AIVDM,1,1,,B,13aDp<PP000IwSlN?Wm@0?wN2<1T,0";

fn model() -> SensorModel {
    SensorModel {
        id: SensorId::new("r1").unwrap(),
        kind: SensorKind::Radar,
        format: Format::Nmea,
        position: Some(Geodetic::from_degrees(-49.0, 69.0, 30.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 50_000.0,
        range_sigma_m: Some(20.0),
        azimuth_sigma_rad: Some(0.01),
        position_sigma_m: Some(60.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 3.0,
        mobile: false,
        trust_group: Arc::from("r1"),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn summed(text: &str) -> String {
    format!("{text}*{:02X}", text.bytes().fold(0, |sum, byte| sum ^ byte))
}

/// Decodes sentences given without frame and checksum, one frame each; gives the last frame's outcome.
fn decode(model: &SensorModel, bodies: &[&str]) -> Result<Decoded, Rejection> {
    let mut decoder = Decoder::new(SensorIndex(0), model);
    let mut outcome = Ok(Decoded::default());
    for body in bodies {
        let mut out = Decoded::default();
        let line = format!("${}", summed(body));
        outcome = decoder.decode(RECEIVED, line.as_bytes(), &mut out).map(|()| out);
    }
    outcome
}

fn reason(model: &SensorModel, bodies: &[&str]) -> &'static str {
    decode(model, bodies).unwrap_err().reason
}

/// The only detection of the only scan, as a track report: where from `origin`, covariance, number.
fn track(decoded: &Decoded, origin: Geodetic) -> (f64, f64, [f64; 3], &str) {
    let [scan] = decoded.scans.as_slice() else { panic!("{decoded:?}") };
    let [detection] = scan.detections.as_slice() else { panic!("{decoded:?}") };
    let Measurement::Track { at, covariance_m2, source_track, .. } = &detection.measurement else {
        panic!("{decoded:?}")
    };
    let enu = LocalFrame::new(origin).to_enu(*at);
    (enu.east_m, enu.north_m, *covariance_m2, source_track)
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected}");
}

#[test]
fn a_tracked_target_is_a_track_report_at_its_range_and_bearing() {
    let model = model();
    let decoded = decode(&model, &["RATTM,12,10.0,090.0,T,36.0,180.0,T,1.2,-3.0,K,,T,,000009.50,A"]).unwrap();
    let (east_m, north_m, [ee, en, nn], number) = track(&decoded, model.position.unwrap());
    assert_eq!(number, "12");
    near(east_m, 10_000.0, 0.1);
    near(north_m, 0.0, 0.1);
    // Along the beam 20 m; across it 10 km times 0.01 rad. The axes at the target are turned by 0.1°.
    near(ee.sqrt(), 20.0, 0.1);
    near(nn.sqrt(), 100.0, 0.1);
    near(en, 0.0, 20.0);
    let scan = &decoded.scans[0];
    assert_eq!(scan.time, Timestamp::from_nanos(1_767_225_609_500_000_000));
    assert_eq!((scan.pose, &scan.look), (None, &Look::Unknown));
    let Velocity { east_mps, north_mps } = scan.detections[0].velocity.unwrap();
    near(east_mps, 0.0, 1e-9);
    near(north_mps, -10.0, 1e-9);
}

#[test]
fn units_are_kilometres_nautical_or_statute_miles() {
    for (unit, range_m, speed_mps) in
        [("K", 5_000.0, 10.0 / 3.6), ("N", 9_260.0, 5.144_444), ("S", 8_046.72, 4.470_4)]
    {
        let body = format!("RATTM,1,5.0,0.0,T,10.0,0.0,T,,,{unit},,T,,,");
        let decoded = decode(&model(), &[&body]).unwrap();
        near(track(&decoded, model().position.unwrap()).1, range_m, 0.1);
        near(decoded.scans[0].detections[0].velocity.unwrap().north_mps, speed_mps, 1e-6);
    }
}

#[test]
fn a_relative_bearing_needs_a_fresh_heading() {
    let target = "RATTM,7,1.0,350.0,R,5.0,10.0,R,,,N,,T,,,";
    assert_eq!(reason(&model(), &[target]), NO_HEADING);
    for heading in ["HEHDT,100.0,T", "HETHS,100.0,A"] {
        let decoded = decode(&model(), &[heading, target]).unwrap();
        let (east_m, north_m, ..) = track(&decoded, model().position.unwrap());
        near(libm::atan2(east_m, north_m).to_degrees(), 90.0, 1e-3);
        assert_eq!(decoded.scans[0].detections[0].velocity, None, "a relative course is none over ground");
    }
    assert_eq!(reason(&model(), &["HETHS,100.0,E", target]), NO_HEADING);
}

#[test]
fn a_lost_target_is_no_detection_and_one_being_acquired_has_no_velocity() {
    for (status, scans) in [("T", 1), ("Q", 1), ("L", 0)] {
        let ttm = decode(&model(), &[&format!("RATTM,7,1.0,0.0,T,5.0,10.0,T,,,N,,{status},,,")]).unwrap();
        let tll = decode(&model(), &[&format!("RATLL,7,4900.6,S,06900.0,E,,,{status},")]).unwrap();
        assert_eq!((ttm.scans.len(), tll.scans.len()), (scans, scans), "{status}");
        let moving = ttm.scans.first().is_some_and(|scan| scan.detections[0].velocity.is_some());
        assert_eq!(moving, status == "T");
    }
}

#[test]
fn a_target_position_is_taken_as_it_stands() {
    let decoded = decode(&model(), &["RATLL,1023,4900.600,S,06900.000,E,NAME,000008.00,T,R"]).unwrap();
    let (east_m, north_m, covariance, number) = track(&decoded, Geodetic::from_degrees(-49.01, 69.0, 0.0));
    assert_eq!((number, covariance), ("1023", [3_600.0, 0.0, 3_600.0]));
    near(libm::hypot(east_m, north_m), 0.0, 1e-3);
    assert_eq!(decoded.scans[0].time, Timestamp::from_secs(1_767_225_608));
}

#[test]
fn a_target_without_what_it_needs_is_refused() {
    let no_sigma = SensorModel { range_sigma_m: None, position_sigma_m: None, ..model() };
    for (model, body, expected) in [
        (&model(), "RATTM,,1.0,0.0,T,,,,,,N,,T,,,", BAD_FIELD),
        (&model(), "RATTM,7,,0.0,T,,,,,,N,,T,,,", BAD_FIELD),
        (&model(), "RATTM,7,1.0,0.0,M,,,,,,N,,T,,,", BAD_FIELD),
        (&model(), "RATTM,7,1.0,0.0,T,,,,,,X,,T,,,", BAD_FIELD),
        (&model(), "RATTM,7,1.0,0.0,T,,,,,,N,,X,,,", BAD_FIELD),
        (&model(), "RATTM,7,1.0,0.0,T,,,,,,N,,T,,250000,", BAD_FIELD),
        (&model(), "RATTM,7,0.0,0.0,T,,,,,,N,,T,,,", ranges::OUT_OF_RANGE),
        (&model(), "RATTM,7,1.0,361.0,T,,,,,,N,,T,,,", ranges::OUT_OF_RANGE),
        (&model(), "RATLL,7,4900.0,S,,,,,T,", BAD_FIELD),
        (&model(), "RATLL,7,9100.0,S,06900.0,E,,,T,", ranges::OUT_OF_RANGE),
        (&no_sigma, "RATTM,7,1.0,0.0,T,,,,,,N,,T,,,", ranges::NO_UNCERTAINTY),
        (&no_sigma, "RATLL,7,4900.0,S,06900.0,E,,,T,", ranges::NO_UNCERTAINTY),
    ] {
        assert_eq!(reason(model, &[body]), expected, "{body}");
    }
}

#[test]
fn a_mobile_radar_stands_where_it_last_said() {
    let mobile = SensorModel { mobile: true, position: None, ..model() };
    let target = "RATTM,7,1.0,0.0,T,,,,,,N,,T,,,";
    assert_eq!(reason(&mobile, &[target]), NO_POSE);
    for void in [
        "GPRMC,000010,V,4800.0,S,06800.0,E,10.0,90.0,010126,,",
        "GPRMC,000010,A,4800.0,S,06800.0,E,10.0,90.0,010126,,,S",
        "GPGGA,000010,4800.0,S,06800.0,E,0,00,,,M,,M,,",
        "GPGGA,000010,4800.0,S,06800.0,E,8,09,1.0,12.0,M,30.0,M,,",
        "GPGGA,000010,,,,,1,09,1.0,12.0,M,30.0,M,,",
    ] {
        assert_eq!(reason(&mobile, &[void, target]), NO_POSE, "{void}");
    }
    let rmc = "GPRMC,000010,A,4800.0,S,06800.0,E,10.0,90.0,010126,,,D";
    let gga = "GPGGA,000010,4800.0,S,06800.0,E,1,09,1.0,12.0,M,30.0,M,,";
    let decoded = decode(&mobile, &[rmc, gga, "HEHDT,45.0,T", target]).unwrap();
    let pose = decoded.scans[0].pose.unwrap();
    assert_eq!(pose.position, Geodetic::from_degrees(-48.0, 68.0, 42.0));
    near(pose.heading_rad.unwrap().to_degrees(), 45.0, 1e-12);
    let (east_m, north_m, [ee, ..], _) = track(&decoded, pose.position);
    near(libm::hypot(east_m, north_m), 1_852.0, 0.1);
    near(ee, 18.52 * 18.52 + 5.3 * 5.3, 0.1);
}

#[test]
fn a_pose_grows_uncertain_and_is_given_up() {
    let mobile = SensorModel { mobile: true, position: None, ..model() };
    let mut decoder = Decoder::new(SensorIndex(0), &mobile);
    let mut at = |secs: i64, body: &str| {
        let mut out = Decoded::default();
        let now = RECEIVED.plus(crate::time::Span::from_secs(secs));
        decoder.decode(now, format!("${}", summed(body)).as_bytes(), &mut out).map(|()| out)
    };
    at(0, "GPRMC,000010,A,4800.0,S,06800.0,E,19.438444924,90.0,010126,,,D").unwrap();
    let target = "RATTM,7,1.0,0.0,T,,,,,,N,,T,,,";
    let sigma_m = at(5, target).unwrap().scans[0].pose.unwrap().position_sigma_m;
    near(sigma_m, libm::hypot(5.3, 50.0), 1e-6);
    assert_eq!(at(11, target).unwrap_err().reason, NO_POSE);
}

#[test]
fn the_own_ship_is_a_pose_and_no_target() {
    let mobile = SensorModel { mobile: true, position: None, ..model() };
    let own = SHIP.replace("VDM", "VDO");
    assert!(decode(&mobile, &[&own]).unwrap().scans.is_empty());
    let scan = &decode(&mobile, &[&own, SHIP]).unwrap().scans[0];
    let Measurement::Position { at, .. } = scan.detections[0].measurement else { panic!("{scan:?}") };
    assert_eq!(scan.pose.unwrap().position, at);
}

#[test]
fn the_tag_block_says_when_if_it_can_be() {
    let mut decoder = Decoder::new(SensorIndex(0), &model());
    let ship = summed("AIVDM,1,1,,B,13aDp<PP000IwSlN?Wm@0?wv2<1T,0");
    let mut decode = |tag: &str| {
        let mut out = Decoded::default();
        let line = format!("\\{}\\!{ship}", summed(tag));
        decoder.decode(RECEIVED, line.as_bytes(), &mut out).unwrap();
        (out.scans[0].time.since(RECEIVED), out.refused.first().map(|refused| refused.reason))
    };
    let secs = crate::time::Span::from_secs;
    // The report's own second is 63: it has no time.
    assert_eq!(decode("c:1767225600"), (secs(-10), None));
    assert_eq!(decode("g:1-2-9,c:1767225601000"), (secs(-9), None));
    assert_eq!(decode("g:2-2-9"), (secs(-9), None));
    assert_eq!(decode("g:2-2-8"), (secs(0), None));
    assert_eq!(decode("c:1767225612"), (secs(0), Some(ranges::BAD_TIME)));
    assert_eq!(decode("c:1767222000"), (secs(0), Some(ranges::BAD_TIME)));
}

#[test]
fn one_bad_line_of_several_is_refused_alone() {
    let mut decoder = Decoder::new(SensorIndex(0), &model());
    let (good, bad) = (format!("!{}", summed(SHIP)), "!AIVDM,1,1,,B,13aDp<PP0,0*00");
    let mut decode = |frame: &str| {
        let mut out = Decoded::default();
        let outcome = decoder.decode(RECEIVED, frame.as_bytes(), &mut out).map_err(|refused| refused.reason);
        (outcome, out.scans.len(), out.refused.len(), out.unknown_fields)
    };
    assert_eq!(decode(&format!("{bad}\r\n{good}\r\n$GP\r\n")), (Ok(()), 1, 2, 0));
    assert_eq!(decode(bad).0, Err(BAD_CHECKSUM));
    assert_eq!(decode(&format!("junk\n{bad}")).0, Err(BAD_SENTENCE));
    assert_eq!(decode("\r\n# a comment\n\n"), (Ok(()), 0, 0, 0));
    assert_eq!(decode(&format!("${}", summed("GPZDA,195719,16,04,14,-02,00"))), (Ok(()), 0, 0, 1));
    assert_eq!(decode(&format!("{good},r003669946,1325394060\r\n")), (Ok(()), 1, 0, 1));
}

#[test]
fn a_report_says_what_it_claims_to_be() {
    let claims = |bodies: &[&str]| {
        let class = decode(&model(), bodies).unwrap().scans[0].detections[0].class;
        let claimed = crate::scan::Class::ALL.iter().zip(class).filter(|(_, says)| *says > 0.5);
        claimed.map(|(class, _)| class.as_str()).collect::<Vec<_>>()
    };
    // Type 9, and type 1 under the MMSIs 111232501, 111111111 and 972123456.
    assert_eq!(claims(&["AIVDM,1,1,,B,91b55uA;hbOS@OhQAC062Ch2089h,0"]), ["aircraft"]);
    assert_eq!(claims(&["AIVDM,1,1,,B,11b55u@P000IwSlN?Wm@0?wN0000,0"]), ["aircraft"]);
    assert_eq!(claims(&["AIVDM,1,1,,B,11aucihP000IwSlN?Wm@0?wN0000,0"]), ["vessel"]);
    assert_eq!(claims(&["AIVDM,1,1,,B,1>O5e@0P000IwSlN?Wm@0?wN0000,0"]), ["person", "vessel"]);
}

#[test]
fn what_is_not_available_is_left_out() {
    // The same report with longitude 181°, latitude 91°; with speed 1023; with course 3600; with MMSI 0.
    let report = |body: &str| decode(&model(), &[body]).unwrap();
    assert!(report("AIVDM,1,1,,B,13aDp<PP00<tSF0l4Q@00?wN0000,0").scans.is_empty());
    for (body, velocity, identity) in [
        ("AIVDM,1,1,,B,13aDp<PP?w0IwSlN?Wm@0?wN0000,0", None, true),
        ("AIVDM,1,1,,B,13aDp<PP1T0IwSlN?WmN4?wN0000,0", None, true),
        ("AIVDM,1,1,,B,1000000P000IwSlN?Wm@0?wN0000,0", Some(Velocity::default()), false),
    ] {
        let decoded = report(body);
        let detection = &decoded.scans[0].detections[0];
        assert_eq!((detection.velocity, detection.identity.is_some()), (velocity, identity), "{body}");
    }
}
