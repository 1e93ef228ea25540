//! Boxes as others meet them: over a real broker, a real pseudo-terminal and real datagrams.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::fs::File;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use firmware_sims::links::LinkSpec;
use firmware_sims::pace::Pace;
use firmware_sims::scenario::{BoxSpec, Scenario, kerguelen};
use firmware_sims::sensors::{BoxHandle, spawn};
use firmware_sims::world::World;
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

const WAIT: Duration = Duration::from_secs(10);

fn start(scenario: &Scenario, id: &str, faults: &[&str], link: &LinkSpec) -> BoxHandle {
    let world = Arc::new(World::new(scenario).unwrap());
    let faults = faults.iter().map(|fault| (*fault).to_string()).collect();
    let spec = BoxSpec { faults, ..scenario.find_box(id).unwrap().clone() };
    spawn(&spec, world, Pace::from_now(5.0), link, f64::INFINITY).unwrap()
}

/// A mosquitto on a free port, ended with the test.
struct Broker {
    process: Child,
    url: String,
    port: u16,
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn broker() -> Option<Broker> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program =
        ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].into_iter().find(|path| File::open(path).is_ok());
    let Some(program) = program else {
        eprintln!("SKIPPED: there is no mosquitto here; no broker was tried");
        return None;
    };
    let mut command = Command::new(program);
    let process = command.args(["-p", &port.to_string()]).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Some(Broker { process, url: format!("mqtt://127.0.0.1:{port}"), port })
}

/// Topic, retained flag and text of everything published from now on.
fn subscribe(broker: &Broker, name: &str) -> Receiver<(String, bool, String)> {
    let (client, mut connection) = Client::new(MqttOptions::new(name, "127.0.0.1", broker.port), 10);
    client.subscribe("linewatch/v1/#", QoS::AtLeastOnce).unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let _client = client;
        for event in connection.iter() {
            let Ok(Event::Incoming(Packet::Publish(publish))) = event else { continue };
            let text = String::from_utf8_lossy(&publish.payload).into_owned();
            if sender.send((publish.topic, publish.retain, text)).is_err() {
                return;
            }
        }
    });
    receiver
}

#[track_caller]
fn until(
    messages: &Receiver<(String, bool, String)>,
    wanted: impl Fn(&str, &str) -> bool,
) -> (String, bool, String) {
    loop {
        let message = messages.recv_timeout(WAIT).expect("the message should have come by now");
        if wanted(&message.0, &message.2) {
            return message;
        }
    }
}

#[test]
fn a_camera_lives_and_dies_as_its_broker_tells() {
    let Some(broker) = broker() else { return };
    let scenario = kerguelen();
    let messages = subscribe(&broker, "early");
    let link = LinkSpec::mqtt(&broker.url, &scenario.sector, "c1");
    let mut camera = start(&scenario, "c1", &[], &link);
    let status = "linewatch/v1/kerguelen-1/c1/status";
    until(&messages, |topic, text| topic == status && text.contains(r#""state":"online""#));
    let (_, retained, scan) = until(&messages, |topic, _| topic == "linewatch/v1/kerguelen-1/c1/scan");
    assert!(!retained);
    let scan: serde_json::Value = serde_json::from_str(&scan).unwrap();
    assert_eq!(scan["sensor"], "c1");
    assert!(camera.is_running());
    camera.stop();
    assert!(!camera.is_running());
    let (_, _, will) = until(&messages, |topic, text| topic == status && text.contains("offline"));
    assert_eq!(will, format!(r#"{{"state":"offline","boot":{}}}"#, scan["boot"]));
    // The will is what a later subscriber finds.
    let late = subscribe(&broker, "late");
    let (_, retained, text) = until(&late, |topic, _| topic == status);
    assert!(retained && text.contains("offline"));
}

#[test]
fn a_restart_comes_back_under_a_higher_boot() {
    let Some(broker) = broker() else { return };
    let scenario = kerguelen();
    let messages = subscribe(&broker, "early");
    let link = LinkSpec::mqtt(&broker.url, &scenario.sector, "c1");
    let _camera = start(&scenario, "c1", &["restart@5s"], &link);
    let boot =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["boot"].as_u64().unwrap();
    let (_, _, first) = until(&messages, |topic, text| topic.ends_with("status") && text.contains("online"));
    let (_, _, will) = until(&messages, |_, text| text.contains("offline"));
    let (_, _, again) = until(&messages, |topic, text| topic.ends_with("status") && text.contains("online"));
    let (_, _, scan) = until(&messages, |topic, _| topic.ends_with("scan"));
    assert_eq!([boot(&will), boot(&again), boot(&scan)], [boot(&first), boot(&first) + 1, boot(&first) + 1]);
}

#[test]
fn serial_boxes_speak_and_vanish() {
    let scenario = kerguelen();
    for (id, begins) in [("a1", &b"!AIVDM,"[..]), ("r2", b"$RAT"), ("f1", &[0])] {
        let mut running = start(&scenario, id, &[], &LinkSpec::Pty { symlink: None });
        let mut reader = File::open(running.device().unwrap()).unwrap();
        let mut heard = vec![0xff; 256];
        let count = reader.read(&mut heard).unwrap();
        let text = &heard[..count];
        assert!(text.windows(begins.len()).any(|window| window == begins), "{id}: {text:?}");
        running.stop();
        // What was under way may still be read; then the device is gone.
        while let Ok(count @ 1..) = reader.read(&mut heard) {
            assert!(count <= heard.len());
        }
        assert!(running.sent() > 0);
    }
}

#[test]
fn a_radar_sends_datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let scenario = kerguelen();
    let _radar = start(&scenario, "r1", &[], &LinkSpec::Udp(socket.local_addr().unwrap()));
    let mut categories = [0u32; 256];
    let mut datagram = [0; 2048];
    for _ in 0..48 {
        let (length, _) = socket.recv_from(&mut datagram).unwrap();
        let mut at = 0;
        while at < length {
            categories[usize::from(datagram[at])] += 1;
            at += usize::from(u16::from_be_bytes([datagram[at + 1], datagram[at + 2]]));
        }
        assert_eq!(at, length, "blocks fill the datagram");
    }
    assert!(categories[34] >= 48 && categories[48] > 10, "{} {}", categories[34], categories[48]);
}
