//! The serial source on real ptys.

use std::time::{Duration, Instant};

use linewatch::engine::{Engine, Event, Outcome, SensorState, Settings as EngineSettings};
use linewatch::geo::Geodetic;
use linewatch::record::{Body, Link, Record};
use linewatch::sensor::{Format, SensorId, SensorKind};
use linewatch::sources::serial::{self, Settings};

use crate::rig::listening::{Listening, texts};
use crate::rig::pty::Cable;
use crate::rig::sample;

const SOURCE: &str = "serial:r1";

fn start(cable: &Cable, format: Format, baud: u32) -> Listening {
    let settings = Settings { device: cable.device(), baud, sensor: SensorId::new("r1").unwrap(), format };
    Listening::start(|intake, metrics, stopped| serial::run(settings, intake, metrics, stopped))
}

#[tokio::test]
async fn lines_arrive_whole_however_they_are_cut_on_the_way() {
    let cable = Cable::plugged();
    let mut source = start(&cable, Format::Nmea, 38_400);
    source.until_up(SOURCE, true).await;
    for piece in ["$A*0", "0\r", "\n$B*01\n$C", "*02\r\n"] {
        cable.say(piece.as_bytes()).await;
    }
    let heard = source.frames(3).await;
    assert_eq!(texts(&heard), ["$A*00", "$B*01", "$C*02"]);
    assert!(
        matches!(&heard[0].body, Body::Frame { sensor, link: Link::Serial, .. } if sensor.as_str() == "r1")
    );
    assert!(heard[0].ack.is_none());
    source.stop().await;
}

#[tokio::test]
async fn every_byte_passes_through_a_line_of_field_frames() {
    let cable = Cable::plugged();
    let mut source = start(&cable, Format::Frame, 115_200);
    source.until_up(SOURCE, true).await;
    // What a terminal would take for commands, line ends, flow control and end of file is among them.
    let all: Vec<u8> = (1..=255).collect();
    cable.say(&[&[0], all.as_slice(), &[0, 0], b"second", &[0]].concat()).await;
    let heard = source.frames(2).await;
    let Body::Frame { bytes, .. } = &heard[0].body else { panic!("{:?}", heard[0].body) };
    assert_eq!(*bytes, all);
    assert_eq!(heard[1].frame().1, "second");
    source.stop().await;
}

#[tokio::test]
async fn after_noise_the_next_line_is_found() {
    let cable = Cable::plugged();
    let mut source = start(&cable, Format::Nmea, 4_800);
    source.until_up(SOURCE, true).await;
    cable.say(&vec![b'x'; 100_000]).await;
    cable.say(b"\n$A*00\n").await;
    assert_eq!(texts(&source.frames(1).await), ["$A*00"]);
    assert_eq!(source.refused("r1", "overlong"), 1.0);
    source.stop().await;
}

#[tokio::test]
async fn the_line_runs_at_the_rate_configured() {
    for baud in [4_800, 38_400, 115_200] {
        let cable = Cable::plugged();
        let source = start(&cable, Format::Nmea, baud);
        source.until_up(SOURCE, true).await;
        assert_eq!(cable.rate(), baud);
        source.stop().await;
    }
}

/// Processor time of this thread, on which the source runs too: 10 ms ticks, so read over a second.
fn thread_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // utime and stime are fields 14 and 15, the first after the name is 3.
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test]
async fn an_unplugged_line_costs_no_time_and_is_opened_again_when_it_is_back() {
    let mut cable = Cable::plugged();
    let mut source = start(&cable, Format::Nmea, 38_400);
    source.until_up(SOURCE, true).await;
    cable.say(b"$A*00\n$CUT").await;
    assert_eq!(texts(&source.frames(1).await), ["$A*00"]);
    cable.pull();
    source.until_up(SOURCE, false).await;
    let (ticks, since) = (thread_ticks(), Instant::now());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = thread_ticks() - ticks;
    assert!(since.elapsed() >= Duration::from_secs(1));
    assert!(spent < 5, "{spent} ticks of 10 ms in a second of waiting");
    cable.plug();
    source.until_up(SOURCE, true).await;
    cable.say(b"*01\n$B*02\n").await;
    assert_eq!(
        texts(&source.frames(2).await),
        ["*01", "$B*02"],
        "nothing of the old line is glued to the new"
    );
    source.stop().await;
}

#[tokio::test]
async fn a_line_whose_far_end_hangs_up_costs_no_time_while_its_path_stays() {
    let mut cable = Cable::plugged();
    let source = start(&cable, Format::Nmea, 38_400);
    source.until_up(SOURCE, true).await;
    cable.hang_up();
    source.until_up(SOURCE, false).await;
    let ticks = thread_ticks();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = thread_ticks() - ticks;
    assert!(spent < 5, "{spent} ticks of 10 ms in a second of waiting");
    source.stop().await;
}

/// What a UART at `heard_baud` makes of bytes sent at `said_baud`, 8N1: it waits for a falling edge, samples the middles of
/// eight bits, and gives the byte whatever its stop bit is, as drivers do unless told otherwise.
fn heard_at(bytes: &[u8], said_baud: usize, heard_baud: usize) -> Vec<u8> {
    // Sampled so finely that both rates divide it.
    let (per_said, per_heard) = (heard_baud / 100, said_baud / 100);
    // Idle first: an edge needs something to fall from.
    let mut line = vec![true; per_said];
    for byte in bytes {
        let bits = std::iter::once(false).chain((0..8).map(|n| byte >> n & 1 == 1)).chain([true, true]);
        line.extend(bits.flat_map(|bit| std::iter::repeat_n(bit, per_said)));
    }
    let (mut at, mut heard) = (1, Vec::new());
    while at + 10 * per_heard < line.len() {
        if !line[at - 1] || line[at] {
            at += 1;
            continue;
        }
        let bit = |n: usize| u8::from(line[at + per_heard * (2 * n + 3) / 2]);
        heard.push((0..8).map(|n| bit(n) << n).sum());
        at += per_heard * 19 / 2;
    }
    heard
}

/// Positions of an AIS receiver, one a line.
fn sentences() -> String {
    let fix = |n: u32| {
        let lat = 4_900.0 + f64::from(n) / 100.0;
        firmware_sims::encode::nmea::sentence('$', &format!("RATLL,07,{lat:.3},S,06936.000,E,b,120000.00,T,"))
    };
    (0..40).map(fix).collect()
}

#[tokio::test]
async fn at_the_wrong_rate_nothing_is_used_the_sensor_is_silent_and_no_time_is_spent() {
    assert_eq!(
        heard_at(sentences().as_bytes(), 4_800, 4_800),
        sentences().as_bytes(),
        "the UART of this test works"
    );
    let model = linewatch::sensor::SensorModel {
        position: Some(Geodetic::from_degrees(-49.0, 69.6, 20.0)),
        ..sample::sensor("r1", SensorKind::Radar, Format::Nmea)
    };
    for (said, listens) in [(4_800, 38_400), (38_400, 4_800), (9_600, 4_800)] {
        let cable = Cable::plugged();
        let mut source = start(&cable, Format::Nmea, u32::try_from(listens).unwrap());
        source.until_up(SOURCE, true).await;
        let garbled = heard_at(sentences().as_bytes(), said, listens);
        assert!(garbled.len() > 100, "{said} heard at {listens}");
        cable.say(&garbled).await;
        // Behind it a line of another sensor's software: what came before it has been heard.
        cable.say(b"\r\n$END*00\r\n").await;
        let mut engine = Engine::new(EngineSettings {
            sector: "east".into(),
            exercise: true,
            origin: Geodetic::from_degrees(-49.0, 69.6, 0.0),
            sensors: vec![model.clone()],
            agreement: Default::default(),
            time_zone: String::new(),
            software: String::new(),
            configuration: String::new(),
        });
        let mut step =
            |second, body| engine.step(&Record { position: 0, received: sample::at_s(second), body });
        step(0, Body::Tick);
        loop {
            let heard = source.next().await;
            let is_end = matches!(&heard.body, Body::Frame { bytes, .. } if bytes == b"$END*00");
            let used =
                |event: &Event| matches!(event, Event::Frame { outcome: Outcome::Used, detections: 1.., .. });
            assert!(!step(1, heard.body).iter().any(used), "{said} heard at {listens}");
            if is_end {
                break;
            }
        }
        let silent = |event: &Event| matches!(event, Event::SensorState { state: SensorState::Silent, .. });
        assert!(
            (2..40).any(|second| step(second, Body::Tick).iter().any(silent)),
            "{said} heard at {listens}"
        );
        let ticks = thread_ticks();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let spent = thread_ticks() - ticks;
        assert!(spent < 5, "{spent} ticks of 10 ms in a second of waiting");
        source.stop().await;
    }
}
