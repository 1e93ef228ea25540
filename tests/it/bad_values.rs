//! Numbers no sensor may mean: NaN, infinities, huge ones, negative variances, ellipses that are none, places beyond the
//! Earth. Whatever a well-formed message holds, it is refused under a known name or what is taken is sound, and an engine
//! that takes it goes on with a picture of plain numbers.
//!
//! `LINEWATCH_CASES=10000000 cargo it bad_values` runs more than every test run does.

use firmware_sims::encode::asterix::{Plot, encode_cat048};
use firmware_sims::encode::frame::{self, Measurement, RangeRate};
use firmware_sims::encode::nmea::sentence;
use linewatch::engine::{Engine, Event, Outcome, Settings};
use linewatch::geo::Geodetic;
use linewatch::record::{Body, Link, Record};
use linewatch::sensor::{Format, SensorIndex, SensorKind, SensorModel};
use linewatch::time::{Span, Timestamp};
use linewatch::wire::{Decoded, Decoder, reasons};

use crate::rig::sample;
use crate::simulation::dice::Dice;
use crate::wire_roundtrip::sound::assert_sound;

/// Cases of each format in every test run.
const CASES: u64 = 40_000;
/// A case in so many goes on into an engine.
const STEPPED: u64 = 50;
const FORMATS: [Format; 4] = [Format::Json, Format::Frame, Format::Nmea, Format::Asterix];

/// What JSON, or a careless writer of it, can say of a number.
const WORDS: [&str; 24] = [
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "1e999",
    "-1e999",
    "1e308",
    "-1e308",
    "1.7976931348623157e308",
    "1e-320",
    "5e-324",
    "0",
    "-0.0",
    "-1",
    "-4.0",
    "1e9",
    "1e-12",
    "361",
    "90.0001",
    "180.0001",
    "\"7\"",
    "[]",
    "true",
    "18446744073709551616",
];
/// Members of a detection, and what they are when they are sane.
const MEMBERS: [(&str, f64); 14] = [
    ("range_m", 4_000.0),
    ("azimuth_deg", 200.0),
    ("elevation_deg", 2.0),
    ("range_rate_mps", -3.0),
    ("lat", -49.0),
    ("lon", 69.6),
    ("alt_m", 20.0),
    ("speed_mps", 5.0),
    ("course_deg", 90.0),
    ("dt_s", 0.1),
    ("snr_db", 12.0),
    ("range_sigma_m", 5.0),
    ("azimuth_sigma_deg", 0.1),
    ("position_sigma_m", 5.0),
];

fn model(format: Format) -> SensorModel {
    let kind = if format == Format::Nmea { SensorKind::Transponder } else { SensorKind::Radar };
    let position = Some(Geodetic::from_degrees(-49.0, 69.6, 20.0));
    SensorModel { position, ..sample::sensor("r1", kind, format) }
}

/// A number that may be anything.
fn number(dice: &mut Dice, sane: f64) -> String {
    match dice.below(24) {
        0 => WORDS[usize::try_from(dice.below(WORDS.len() as u64)).unwrap()].to_owned(),
        1 => {
            let any = f64::from_bits(dice.next());
            if any.is_finite() { format!("{any:e}") } else { any.to_string() }
        }
        // The wrong unit: degrees as radians, metres as kilometres, and the other way round.
        2 => format!(
            "{}",
            sane * [57.3, 0.01745, 1_000.0, 0.001, -1.0][usize::try_from(dice.below(5)).unwrap()]
        ),
        _ => format!("{sane}"),
    }
}

fn json(dice: &mut Dice, seq: u64, time: Timestamp) -> Vec<u8> {
    let mut members: Vec<String> = Vec::new();
    // Polar, a bearing, a position; now and then what does not belong together.
    let (needed, useful): (&[usize], &[usize]) = match dice.below(3) {
        0 => (&[0, 1], &[2, 3, 9, 10, 11, 12]),
        1 => (&[1], &[9, 10, 12]),
        _ => (&[4, 5], &[6, 7, 8, 9, 10, 13]),
    };
    for (at, (name, sane)) in MEMBERS.into_iter().enumerate() {
        let wanted = if needed.contains(&at) {
            true
        } else if useful.contains(&at) {
            dice.once_in(3)
        } else {
            dice.once_in(200)
        };
        if wanted {
            members.push(format!("\"{name}\":{}", number(dice, sane)));
        }
    }
    if dice.once_in(8) {
        let [a, b, c] = [4.0, 0.0, 4.0].map(|sane| number(dice, sane));
        members.push(format!("\"cov_m2\":[{a},{b},{c}]"));
    }
    let pose = match dice.below(4) {
        0 => {
            let [lat, lon, heading] = [-49.0, 69.6, 10.0].map(|sane| number(dice, sane));
            format!("\"pose\":{{\"position\":[{lat},{lon}],\"heading_deg\":{heading}}},")
        }
        1 => {
            let [from, to, near, far] = [10.0, 80.0, 0.0, 9_000.0].map(|sane| number(dice, sane));
            format!("\"look\":{{\"azimuth_deg\":[{from},{to}],\"range_m\":[{near},{far}]}},")
        }
        _ => String::new(),
    };
    let members = members.join(",");
    format!("{{\"sensor\":\"r1\",\"boot\":1,\"seq\":{seq},\"time\":\"{time}\",{pose}\"detections\":[{{{members}}}]}}")
        .into_bytes()
}

fn field_frame(dice: &mut Dice, seq: u64, time: Timestamp) -> Vec<u8> {
    let u32_of = |dice: &mut Dice, sane: u32| match dice.below(16) {
        0 => u32::MAX,
        1 => 0,
        2 => u32::try_from(dice.next() >> 32).unwrap(),
        _ => sane,
    };
    let i32_of = |dice: &mut Dice, sane: i32| match dice.below(16) {
        0 => i32::MIN,
        1 => i32::MAX,
        2 => u32_of(dice, 0).cast_signed(),
        _ => sane,
    };
    let small = |dice: &mut Dice| u16::try_from(dice.next() >> 48).unwrap();
    let measurement = match dice.below(3) {
        0 => Measurement::Polar {
            range_cm: u32_of(dice, 400_000),
            azimuth_mdeg: u32_of(dice, 200_000),
            range_sigma_cm: u32_of(dice, 500),
            azimuth_sigma_mdeg: u32_of(dice, 100),
            elevation_mdeg: dice.once_in(2).then(|| i32_of(dice, 2_000)),
            range_rate: dice
                .once_in(2)
                .then(|| RangeRate { rate_cmps: i32_of(dice, -300), sigma_cmps: small(dice) }),
        },
        1 => Measurement::Bearing {
            azimuth_mdeg: u32_of(dice, 200_000),
            azimuth_sigma_mdeg: u32_of(dice, 100),
        },
        _ => Measurement::Position {
            lat_e7: i32_of(dice, -490_000_000),
            lon_e7: i32_of(dice, 696_000_000),
            altitude_dm: dice.once_in(2).then(|| i32_of(dice, 200)),
            sigma_dm: small(dice),
        },
    };
    let class = dice.once_in(3).then(|| {
        let [code, likelihood_percent, ..] = dice.next().to_le_bytes();
        frame::Class { code, likelihood_percent }
    });
    let look = if dice.once_in(3) {
        frame::Look::Sector {
            from_mdeg: u32_of(dice, 10_000),
            to_mdeg: u32_of(dice, 80_000),
            min_range_dm: u32_of(dice, 0),
            max_range_dm: u32_of(dice, 90_000),
        }
    } else {
        frame::Look::FieldOfView
    };
    let snr_cdb = Some(small(dice).cast_signed());
    let detection = frame::Detection { offset_ms: i32_of(dice, 100), snr_cdb, class, measurement };
    let time_us =
        if dice.once_in(20) { dice.next() } else { u64::try_from(time.as_nanos() / 1_000).unwrap() };
    let seq = u32::try_from(seq).unwrap();
    let detections = vec![detection];
    frame::encode_body(&frame::Scan { version: 1, boot: 1, seq, time_us, pose: None, look, detections })
}

fn nmea(dice: &mut Dice) -> Vec<u8> {
    let mut of = |sane: f64| number(dice, sane);
    let body = match of(1.0).len() % 3 {
        0 => format!("RATTM,07,{},{},T,{},{},T,,,N,b,T,,120000.00,A", of(2.0), of(200.0), of(9.0), of(90.0)),
        1 => format!("RATLL,07,{},S,{},E,b,120000.00,T,", of(4_900.0), of(6_936.0)),
        _ => format!(
            "GPRMC,120000.00,A,{},S,{},E,{},{},010126,,,A",
            of(4_900.0),
            of(6_936.0),
            of(9.0),
            of(90.0)
        ),
    };
    sentence('$', &body).trim_end().as_bytes().to_vec()
}

fn asterix(dice: &mut Dice, time: Timestamp) -> Vec<u8> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let tod_s = time.floor_secs().rem_euclid(86_400) as f64;
    let plot = Plot {
        rho_m: 4_000.0,
        theta_deg: 200.0,
        tod_s,
        amplitude_dbm: Some(-60),
        doppler_mps: Some(-3.0),
        simulated: false,
    };
    let mut bytes = encode_cat048([25, 1], &[plot]);
    // No item has a checksum: any of its bytes may be any other.
    for _ in 0..=dice.below(4) {
        let at = 3 + usize::try_from(dice.below(bytes.len() as u64 - 3)).unwrap();
        let [byte, ..] = dice.next().to_le_bytes();
        bytes[at] = byte;
    }
    bytes
}

fn message(format: Format, dice: &mut Dice, seq: u64, time: Timestamp) -> Vec<u8> {
    match format {
        Format::Json => json(dice, seq, time),
        Format::Frame => field_frame(dice, seq, time),
        Format::Nmea => nmea(dice),
        Format::Asterix => asterix(dice, time),
    }
}

fn engine(format: Format) -> Engine {
    Engine::new(Settings {
        sector: "test".into(),
        exercise: true,
        origin: Geodetic::from_degrees(-49.0, 69.6, 0.0),
        sensors: vec![model(format)],
        agreement: Default::default(),
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    })
}

/// What an engine shows is plain numbers: a NaN has no form in JSON but `null`.
fn assert_plain(engine: &Engine) {
    for track in engine.picture().tracks {
        let row = serde_json::to_value(&track).unwrap();
        for name in ["lat", "lon", "east_m", "north_m", "existence"] {
            assert!(row.get(name).is_none_or(serde_json::Value::is_number), "{name} in {row}");
        }
    }
}

/// (cases, taken, used by the engine)
fn run(format: Format, cases: u64) -> (u64, u64, u64) {
    let (model, known) = (model(format), reasons(format));
    let mut dice = Dice::new(format as u64 + 1);
    let (mut decoder, mut engine) = (Decoder::new(SensorIndex(0), &model), engine(format));
    let (mut out, mut taken, mut used) = (Decoded::default(), 0, 0);
    let start = Timestamp::from_secs(1_767_268_800);
    for case in 0..cases {
        let now = start.plus(Span::from_nanos(i64::try_from(case % 1_000_000).unwrap() * 10_000_000));
        let bytes = message(format, &mut dice, case, now);
        out.clear();
        let outcome = decoder.decode(now, &bytes, &mut out);
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        for refused in out.refused.iter().chain(outcome.as_ref().err()) {
            assert!(known.contains(&refused.reason), "{refused} of {}", text());
        }
        if outcome.is_ok() {
            out.scans.iter().for_each(assert_sound);
            taken += u64::from(!out.scans.is_empty());
        }
        if case % STEPPED == 0 {
            let sensor = model.id.clone();
            let record = Record {
                position: case,
                received: now,
                body: Body::Frame { sensor, link: Link::Udp, bytes },
            };
            for event in engine.step(&record) {
                used += u64::from(matches!(event, Event::Frame { outcome: Outcome::Used, .. }));
            }
        }
        if case % (40 * STEPPED) == 0 {
            engine.step(&Record { position: case, received: now, body: Body::Tick });
            assert_plain(&engine);
        }
    }
    (cases, taken, used)
}

#[test]
fn no_number_is_believed_that_cannot_be_meant() {
    let cases = std::env::var("LINEWATCH_CASES").map_or(CASES, |text| text.parse::<u64>().unwrap() / 4);
    for format in FORMATS {
        let (cases, taken, used) = run(format, cases);
        println!("{format:?}: {cases} cases, {taken} taken, {used} of every {STEPPED}th used by an engine");
        assert!(taken > 0 && taken < cases, "{format:?}: both happen");
        assert!(used > 0, "{format:?}: the engine sees some");
    }
}
