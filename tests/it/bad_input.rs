//! Bad input through a whole daemon: for every link and format, what is refused, under which name, and that what comes
//! after it is taken.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use firmware_sims::encode::{asterix, frame};
use linewatch::app::App;
use linewatch::clock::Clock;
use linewatch::config;
use linewatch::journal::disk::Disk;
use linewatch::journal::verify::examine;
use linewatch::sensor::Format;

use crate::rig::mosquitto::Mosquitto;
use crate::rig::pty::Cable;
use crate::rig::publisher::Publisher;
use crate::rig::sample::value;
use crate::rig::{http_client, until};

const RADAR: [u8; 2] = [25, 201];

/// Every format, by its word in the configuration.
const FORMATS: [(&str, Format); 4] =
    [("json", Format::Json), ("nmea", Format::Nmea), ("asterix", Format::Asterix), ("frame", Format::Frame)];

/// A way in, for one sensor.
enum Way {
    Mqtt,
    Serial(Cable),
    Udp(SocketAddr),
}

/// A sensor of the daemon under test.
struct Speaker {
    id: String,
    word: &'static str,
    format: Format,
    way: Way,
}

/// Every format over every link that carries it: a radar's binary blocks have no line form.
fn speakers() -> Vec<Speaker> {
    let mut all = Vec::new();
    for (word, format) in FORMATS {
        let mut add = |link: &str, way| all.push(Speaker { id: format!("{link}-{word}"), word, format, way });
        add("mqtt", Way::Mqtt);
        add("udp", Way::Udp(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()));
        if format != Format::Asterix {
            add("serial", Way::Serial(Cable::plugged()));
        }
    }
    all
}

fn configuration(speakers: &[Speaker], broker: u16, dir: &Path) -> PathBuf {
    let mut text = format!(
        "[sector]\nid = \"east\"\norigin = [-49.35, 69.35]\n[agreement]\nfile = \"agreement.toml\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{broker}\"\nmax_payload_bytes = 5000\n\
         [journal]\ndir = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n",
        dir.join("journal")
    );
    for Speaker { id, word, way, .. } in speakers {
        let source = if *word == "asterix" { format!("sac_sic = {RADAR:?}\n") } else { String::new() };
        text += &format!(
            "[[sensors]]\nid = \"{id}\"\nkind = \"radar\"\nformat = \"{word}\"\nposition = [-49.36, 69.32]\n\
             max_range_m = 15000.0\nrange_sigma_m = 15.0\nazimuth_sigma_deg = 0.3\nposition_sigma_m = 60.0\n\
             detection_probability = 0.9\nperiod_s = 1.0\n{source}"
        );
        text += &match way {
            Way::Mqtt => String::new(),
            Way::Serial(cable) => {
                format!("[[serial]]\ndevice = {:?}\nbaud = 38400\nsensor = \"{id}\"\n", cable.device())
            }
            Way::Udp(listen) => format!("[[udp]]\nlisten = \"{listen}\"\nsensor = \"{id}\"\n"),
        };
    }
    let agreement = "name = \"test\"\nversion = \"1\"\n[[lines]]\nid = \"border\"\nleft = \"north\"\nright = \"south\"\n\
                     coordinates = [[-49.35, 69.2], [-49.35, 69.5]]\n[[rules]]\nid = \"crossing\"\nkind = \"crossing\"\n\
                     line = \"border\"\ndirection = \"any\"\n";
    std::fs::write(dir.join("agreement.toml"), agreement).unwrap();
    let path = dir.join("linewatch.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// A good frame of this sensor, measured now; `seq` counts up from call to call.
fn good(id: &str, format: Format, seq: u32) -> Vec<u8> {
    let now = Clock::system().now();
    match format {
        Format::Json => format!(
            "{{\"sensor\":\"{id}\",\"boot\":1,\"seq\":{seq},\"time\":\"{now}\",\"detections\":[{{\"range_m\":900,\"azimuth_deg\":80}}]}}"
        )
        .into_bytes(),
        Format::Nmea => format!("!AIVDM,1,1,,A,13m62@001@RHQf0D3sp:U`N20000,0*66{}", if seq.is_multiple_of(2) { " " } else { "" })
            .trim_end()
            .into(),
        Format::Asterix => {
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a day")]
            let tod_s = now.as_nanos().rem_euclid(86_400_000_000_000) as f64 / 1e9;
            asterix::encode_cat034(RADAR, tod_s, asterix::Sector::North { rotation_s: 4.0, position: None })
        }
        Format::Frame => {
            let scan = frame::Scan {
                version: 1,
                boot: 1,
                seq,
                time_us: u64::try_from(now.as_nanos() / 1_000).unwrap(),
                pose: None,
                look: frame::Look::FieldOfView,
                detections: Vec::new(),
            };
            frame::encode(&scan).into_iter().filter(|&byte| byte != 0).collect()
        }
    }
}

/// Bad frames of this sensor and the name each is refused under.
fn bad(id: &str, format: Format) -> Vec<(Vec<u8>, &'static str)> {
    match format {
        Format::Json => vec![
            (b"{\"sensor\":".to_vec(), "bad_json"),
            (b"{}".to_vec(), "missing_field"),
            (good("somebody-else", format, 1), "wrong_sensor"),
            (
                format!(
                    "{{\"sensor\":\"{id}\",\"boot\":1,\"seq\":1,\"time\":\"yesterday\",\"detections\":[]}}"
                )
                .into(),
                "bad_time",
            ),
        ],
        Format::Nmea => vec![
            (b"hello".to_vec(), "bad_sentence"),
            (b"!AIVDM,1,1,,A,13m62@001@RHQf0D3sp:U`N20000,0*67".to_vec(), "bad_checksum"),
            (b"!AIVDM,1,1,,A,13m62@001@RHQf0D3sp:U`N20000,0".to_vec(), "no_checksum"),
        ],
        Format::Asterix => vec![
            (vec![99, 0, 5, 0x80, 0], "unknown_category"),
            (vec![48, 0, 200, 0x80], "bad_length"),
            (vec![34, 0, 10, 0xE0, 1, 1, 1, 0, 0, 0], "wrong_source"),
        ],
        Format::Frame => {
            let mut flipped = good(id, format, 1);
            flipped[2] ^= if flipped[2] == 0x10 { 0x20 } else { 0x10 };
            vec![(vec![200, 1], "bad_cobs"), (vec![3, 1, 2], "too_short"), (flipped, "bad_crc")]
        }
    }
}

impl Speaker {
    async fn say(&self, bytes: &[u8], boxes: &Publisher) {
        match &self.way {
            Way::Mqtt => boxes.publish(&format!("linewatch/v1/east/{}/scan", self.id), bytes).await,
            Way::Serial(cable) => {
                let end: &[u8] = if self.format == Format::Frame { &[0] } else { b"\r\n" };
                cable.say(&[bytes, end].concat()).await;
            }
            Way::Udp(listen) => {
                UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().send_to(bytes, listen).unwrap();
            }
        }
    }
}

/// Waits until a sample has this value in what `/metrics` says.
async fn until_metric(app: &App, series: &str, wanted: f64) {
    let (client, url) = (http_client(), format!("http://{}/metrics", app.http.unwrap()));
    let (mut last, mut all) = (None, String::new());
    for _ in 0..500 {
        let text = client.get(&url).send().await.unwrap().text().await.unwrap();
        last = value(&text, series);
        all = text
            .lines()
            .filter(|line| line.contains("_total") && !line.ends_with(" 0"))
            .collect::<Vec<_>>()
            .join("\n");
        if last.is_some_and(|value| value >= wanted) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(last, Some(wanted), "{series}\n{all}");
}

fn series(family: &str, id: &str, label: &str, word: &str) -> String {
    format!("linewatch_{family}_total{{{label}=\"{word}\",sector=\"east\",sensor=\"{id}\"}}")
}

#[tokio::test]
async fn whatever_comes_over_whichever_link_is_refused_by_name_and_the_next_frame_is_taken() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let speakers = speakers();
    let installation =
        config::load(&configuration(&speakers, mosquitto.port, dir.path())).unwrap_or_else(|e| panic!("{e}"));
    let app = App::start(&installation, Clock::system(), None).unwrap();
    for speaker in &speakers {
        let source = match &speaker.way {
            Way::Mqtt => "mqtt".to_owned(),
            Way::Serial(_) => format!("serial:{}", speaker.id),
            Way::Udp(listen) => format!("udp:{listen}"),
        };
        let up = format!("linewatch_source_up{{sector=\"east\",source=\"{source}\"}}");
        until_metric(&app, &up, 1.0).await;
    }
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    let mut seq = 0;
    for speaker in &speakers {
        let Speaker { id, format, .. } = speaker;
        for (at, (bytes, reason)) in (0_u32..).zip(bad(id, *format)) {
            speaker.say(&bytes, &boxes).await;
            until_metric(&app, &series("rejected", id, "reason", reason), 1.0).await;
            seq += 1;
            speaker.say(&good(id, *format, seq), &boxes).await;
            let (outcome, expected) = match (&speaker.way, format) {
                // The same sentence twice over a link that may deliver twice is one sentence.
                (Way::Mqtt, Format::Nmea) if at > 0 => ("duplicate", f64::from(at)),
                _ => ("used", f64::from(at + 1)),
            };
            until_metric(&app, &series("scans", id, "outcome", outcome), expected).await;
        }
    }
    assert!(!app.has_failed());
    app.stop().await.unwrap();
    let journal = Disk::at(&dir.path().join("journal")).unwrap();
    let found = examine(&journal, |_| {}).unwrap();
    assert!(found.faults.is_empty() && found.unfinished.is_none(), "{:?}", found.faults);
    let frames: u64 = found.sensors.values().map(|(count, _)| count).sum();
    assert!(
        frames >= 2 * u64::from(seq),
        "the log holds what was refused too: {frames} frames, {seq} good ones"
    );
}

#[tokio::test]
async fn what_a_source_or_a_status_is_refused_for_is_in_the_metrics_too() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let speakers = speakers();
    let installation =
        config::load(&configuration(&speakers, mosquitto.port, dir.path())).unwrap_or_else(|e| panic!("{e}"));
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    boxes.retain("linewatch/v1/east/mqtt-json/scan", good("mqtt-json", Format::Json, 1)).await;
    let app = App::start(&installation, Clock::system(), None).unwrap();
    // The subscription stands when the retained scan has come.
    until_metric(&app, &series("refused", "mqtt-json", "reason", "retained"), 1.0).await;
    boxes.publish("linewatch/v1/east/nobody/scan", "x").await;
    until_metric(&app, &series("refused", "", "reason", "unknown_sensor"), 1.0).await;
    boxes.publish("linewatch/v1/east/mqtt-nmea/scan", vec![b'x'; 5_001]).await;
    until_metric(&app, &series("refused", "mqtt-nmea", "reason", "oversize"), 1.0).await;
    boxes.publish("linewatch/v1/east/mqtt-nmea/scan", vec![b'x'; 500_000]).await;
    until_metric(&app, &series("refused", "mqtt-nmea", "reason", "oversize"), 2.0).await;
    boxes.publish("linewatch/v1/east/mqtt-json/status", "not json").await;
    until_metric(&app, &series("parts_refused", "mqtt-json", "reason", "status_bad_json"), 1.0).await;
    for (id, overlong) in speakers.iter().filter_map(|speaker| match &speaker.way {
        Way::Serial(cable) => Some((&speaker.id, cable)),
        _ => None,
    }) {
        until_metric(&app, &format!("linewatch_source_up{{sector=\"east\",source=\"serial:{id}\"}}"), 1.0)
            .await;
        overlong.say(&[b'x'; 70_000]).await;
        until_metric(&app, &series("refused", id, "reason", "overlong"), 1.0).await;
    }
    boxes.publish("linewatch/v1/east/mqtt-json/scan", good("mqtt-json", Format::Json, 2)).await;
    until_metric(&app, &series("scans", "mqtt-json", "outcome", "used"), 1.0).await;
    until("it goes on", 1, || !app.has_failed()).await;
    app.stop().await.unwrap();
}
