//! Our records under the independent decoder's names and units.

use linewatch::wire::asterix::{Record, TimeOfDay, cat010, cat021, cat034, cat048, cat062};
use serde_json::{Value, json};

const NAUTICAL_MILE_M: f64 = 1852.0;
const FOOT_M: f64 = 0.3048;
type Items = Vec<(String, Option<Value>)>;

/// Subfields of octets that may be left out, and then are off.
pub(super) fn is_extension(key: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        "048/I020/TST",
        "048/I020/ERR",
        "048/I170/TRE",
        "048/I170/GHO",
        "010/I020/SIM",
        "010/I020/TST",
        "010/I020/RAB",
        "010/I020/TOT",
        "021/I040/GBS",
        "021/I040/SIM",
        "021/I040/TST",
        "021/I040/CL",
        "062/I080/SIM",
        "062/I080/TSE",
        "062/I080/CST",
    ];
    EXTENSIONS.contains(&key)
}

/// The category and every item we decode.
pub(super) fn of(record: &Record) -> (u64, Items) {
    let (category, items): (u64, Vec<(&str, Option<Value>)>) = match record {
        Record::Surface(record) => (10, surface(record)),
        Record::Adsb(record) => (21, adsb(record)),
        Record::Service(record) => (34, service(record)),
        Record::Plot(record) => (48, plot(record)),
        Record::Track(record) => (62, track(record)),
    };
    let [sac, sic] = record.source().map_or([None, None], |[sac, sic]| [Some(json!(sac)), Some(json!(sic))]);
    let mut out: Items =
        vec![(format!("{category:03}/I010/SAC"), sac), (format!("{category:03}/I010/SIC"), sic)];
    out.extend(items.into_iter().map(|(key, value)| (format!("{category:03}/{key}"), value)));
    (category, out)
}

fn number(value: Option<f64>) -> Option<Value> {
    value.map(|value| json!(value))
}

fn pair(value: Option<(f64, f64)>, unit: f64) -> [Option<Value>; 2] {
    [number(value.map(|pair| pair.0 / unit)), number(value.map(|pair| pair.1))]
}

fn seconds(time: Option<TimeOfDay>) -> Option<Value> {
    number(time.map(TimeOfDay::as_secs_f64))
}

fn octal(code: Option<u16>) -> Option<Value> {
    code.map(|code| json!(format!("{code:04o}")))
}

fn hex(address: Option<u32>) -> Option<Value> {
    address.map(|address| json!(format!("{address:06X}")))
}

fn bits<T: Copy>(group: Option<T>, of: impl Fn(T) -> u8) -> Option<Value> {
    group.map(|group| json!(of(group)))
}

fn surface(record: &cat010::Record) -> Vec<(&'static str, Option<Value>)> {
    let [rho, theta] = pair(record.polar, 1.0);
    let [x, y] = pair(record.cartesian_m, 1.0);
    let [lat, lon] = pair(record.wgs84_deg, 1.0);
    let [speed, angle] = pair(record.velocity_polar, NAUTICAL_MILE_M);
    let [vx, vy] = pair(record.velocity_mps, 1.0);
    let (descriptor, status) = (record.descriptor, record.status);
    vec![
        ("I000/MsgTyp", record.message_type.map(|kind| json!(kind))),
        ("I020/TYP", bits(descriptor, |of| of.kind)),
        ("I020/GBS", bits(descriptor, |of| of.on_ground.into())),
        ("I020/SIM", bits(descriptor, |of| of.simulated.into())),
        ("I020/TST", bits(descriptor, |of| of.test.into())),
        ("I020/RAB", bits(descriptor, |of| of.field_monitor.into())),
        ("I020/TOT", bits(descriptor, |of| of.target)),
        ("I140/ToD", seconds(record.time_of_day)),
        ("I040/RHO", rho),
        ("I040/Theta", theta),
        ("I041/Lat", lat),
        ("I041/Lon", lon),
        ("I042/X", x),
        ("I042/Y", y),
        ("I090/FL", number(record.flight_level)),
        ("I091/Height", number(record.height_m)),
        ("I161/TrkNb", record.track_number.map(|number| json!(number))),
        ("I170/CNF", bits(status, |of| of.tentative.into())),
        ("I170/CST", bits(status, |of| of.extrapolated)),
        ("I170/STH", bits(status, |of| of.smoothed.into())),
        ("I170/TRE", bits(status, |of| of.ended.into())),
        ("I200/GS", speed),
        ("I200/TA", angle),
        ("I202/Vx", vx),
        ("I202/Vy", vy),
        ("I220/TAddr", hex(record.address)),
        ("I500/Qx", number(record.deviation.map(|deviation| deviation.0))),
    ]
}

fn adsb(record: &cat021::Record) -> Vec<(&'static str, Option<Value>)> {
    let [lat, lon] = pair(record.wgs84_deg, 1.0);
    let [lat_fine, lon_fine] = pair(record.wgs84_fine_deg, 1.0);
    let [speed, angle] = pair(record.ground_vector, NAUTICAL_MILE_M);
    let (descriptor, quality) = (record.descriptor, record.quality);
    vec![
        ("I020/ECAT", record.emitter.map(|category| json!(category))),
        ("I040/ATP", bits(descriptor, |of| of.address_type)),
        ("I040/RAB", bits(descriptor, |of| of.field_monitor.into())),
        ("I040/GBS", bits(descriptor, |of| of.on_ground.into())),
        ("I040/SIM", bits(descriptor, |of| of.simulated.into())),
        ("I040/TST", bits(descriptor, |of| of.test.into())),
        ("I040/CL", bits(descriptor, |of| of.confidence)),
        ("I070/Mode3A", octal(record.mode_3a)),
        ("I071/time_applicability_position", seconds(record.position_applies)),
        ("I073/time_reception_position", seconds(record.position_received)),
        ("I075/time_reception_velocity", seconds(record.velocity_received)),
        ("I077/time_report_transmission", seconds(record.transmitted)),
        ("I080/TAddr", hex(record.address)),
        ("I090/NUCr_or_NACv", bits(quality, |of| of.velocity)),
        ("I090/NUCp_or_NIC", bits(quality, |of| of.integrity)),
        ("I090/NACp", quality.and_then(|of| of.accuracy).map(|accuracy| json!(accuracy))),
        ("I130/Lat", lat),
        ("I130/Lon", lon),
        ("I131/Lat", lat_fine),
        ("I131/Lon", lon_fine),
        ("I140/geometric_height", number(record.geometric_height_m.map(|height_m| height_m / FOOT_M))),
        ("I145/FL", number(record.flight_level)),
        ("I160/GS", speed),
        ("I160/TA", angle),
        ("I161/TrackN", record.track_number.map(|number| json!(number))),
    ]
}

fn service(record: &cat034::Record) -> Vec<(&'static str, Option<Value>)> {
    vec![
        ("I000/MsgTyp", record.message_type.map(|kind| json!(kind))),
        ("I020/Azi", number(record.azimuth_deg)),
        ("I030/ToD", seconds(record.time_of_day)),
        ("I041/RotS", number(record.period_s)),
        ("I120/Height", number(record.position.map(|position| position.0))),
        ("I120/LAT", number(record.position.map(|position| position.1))),
        ("I120/Lon", number(record.position.map(|position| position.2))),
    ]
}

fn plot(record: &cat048::Record) -> Vec<(&'static str, Option<Value>)> {
    let [rho, theta] = pair(record.polar, NAUTICAL_MILE_M);
    let cartesian = record.cartesian_m.map(|(x_m, y_m)| (x_m, y_m / NAUTICAL_MILE_M));
    let [x, y] = pair(cartesian, NAUTICAL_MILE_M);
    let [speed, heading] = pair(record.velocity, NAUTICAL_MILE_M / 3600.0);
    let (descriptor, level, status) = (record.descriptor, record.flight_level, record.status);
    vec![
        ("I020/TYP", bits(descriptor, |of| of.kind)),
        ("I020/SIM", bits(descriptor, |of| of.simulated.into())),
        ("I020/RDP", bits(descriptor, |of| of.chain_2.into())),
        ("I020/SPI", bits(descriptor, |of| of.special_identification.into())),
        ("I020/RAB", bits(descriptor, |of| of.field_monitor.into())),
        ("I020/TST", bits(descriptor, |of| of.test.into())),
        ("I020/ERR", bits(descriptor, |of| of.extended_range.into())),
        ("I040/RHO", rho),
        ("I040/THETA", theta),
        ("I042/X", x),
        ("I042/Y", y),
        ("I070/Mode3A", octal(record.mode_3a)),
        ("I090/FL", number(level.map(|level| level.level))),
        ("I090/V", bits(level, |of| of.unvalidated.into())),
        ("I090/G", bits(level, |of| of.garbled.into())),
        ("I110/3D_Height", number(record.height_m.map(|height_m| height_m / FOOT_M))),
        ("I140/ToD", seconds(record.time_of_day)),
        ("I161/Tn", record.track_number.map(|number| json!(number))),
        ("I170/CNF", bits(status, |of| of.tentative.into())),
        ("I170/RAD", bits(status, |of| of.maintained_by)),
        ("I170/DOU", bits(status, |of| of.doubtful.into())),
        ("I170/MAH", bits(status, |of| of.manoeuvre.into())),
        ("I170/TRE", bits(status, |of| of.ended.into())),
        ("I170/GHO", bits(status, |of| of.ghost.into())),
        ("I200/CGS", speed),
        ("I200/CHdg", heading),
        ("I220/ACAddr", hex(record.address)),
    ]
}

fn track(record: &cat062::Record) -> Vec<(&'static str, Option<Value>)> {
    let [lat, lon] = pair(record.wgs84_deg, 1.0);
    let [x, y] = pair(record.cartesian_m, 1.0);
    let [vx, vy] = pair(record.velocity_mps, 1.0);
    let status = record.status;
    vec![
        ("I040/TrkN", record.track_number.map(|number| json!(number))),
        ("I060/Mode3A", octal(record.mode_3a)),
        ("I070/ToT", seconds(record.time_of_day)),
        ("I080/MON", bits(status, |of| of.monosensor.into())),
        ("I080/CNF", bits(status, |of| of.tentative.into())),
        ("I080/SIM", bits(status, |of| of.simulated.into())),
        ("I080/TSE", bits(status, |of| of.ended.into())),
        ("I080/CST", bits(status, |of| of.coasting.into())),
        ("I100/X", x),
        ("I100/Y", y),
        ("I105/Lat", lat),
        ("I105/Lon", lon),
        ("I130/Alt", number(record.geometric_altitude_m.map(|altitude_m| altitude_m / FOOT_M))),
        ("I135/CTBA", number(record.barometric.map(|(level, _)| level * 100.0))),
        ("I135/QNH", bits(record.barometric, |(_, corrected)| corrected.into())),
        ("I136/MFL", number(record.flight_level.map(|level| level * 100.0))),
        ("I185/Vx", vx),
        ("I185/Vy", vy),
        ("I380/ADR/ADR", hex(record.address)),
        ("I500/APC", number(record.deviation_m.map(|deviation| deviation.0))),
    ]
}
