//! The MQTT sink against mosquitto, and against a broker that breaks off before it has acknowledged.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use linewatch::outbox::{Limits, Outbox};
use linewatch::sinks::{Couriers, Kind};
use linewatch::sources;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::mosquitto::Mosquitto;
use crate::rig::sample::{self, at_s, metrics, notice, sink, utc, value};
use crate::rig::{program, run, until};

const TOPIC: &str = "linewatch/v1/east-3/alerts";

fn broker(port: u16) -> sources::mqtt::Settings {
    sources::mqtt::Settings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        client_id: "linewatch-east-3".to_owned(),
        credentials: None,
        keep_alive: Duration::from_secs(5),
        max_payload_bytes: 1 << 20,
    }
}

fn start(port: u16) -> (Arc<Outbox>, Couriers) {
    let outbox = Arc::new(Outbox::new(&["broker"], Limits::default(), &metrics(&["broker"])));
    let sinks = [sink("broker", Kind::Mqtt)];
    let couriers = Couriers::start(&sinks, Some(&broker(port)), "east-3", &outbox, &utc()).unwrap();
    (outbox, couriers)
}

fn owe(outbox: &Outbox, numbers: std::ops::Range<u32>) {
    for n in numbers {
        sample::owe(outbox, &notice(n));
    }
}

/// What a subscriber with a persistent session has received, through every restart of the broker.
struct Subscriber {
    received: Arc<Mutex<Vec<String>>>,
    subscribed: Arc<Mutex<bool>>,
}

impl Subscriber {
    fn start(port: u16) -> Self {
        let mut options = MqttOptions::new("headquarters", "127.0.0.1", port);
        options.set_clean_session(false).set_keep_alive(Duration::from_secs(5));
        let (client, mut events) = AsyncClient::new(options, 10);
        let (received, subscribed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(false)));
        let this = Self { received: Arc::clone(&received), subscribed: Arc::clone(&subscribed) };
        tokio::spawn(async move {
            client.try_subscribe(TOPIC, QoS::AtLeastOnce).unwrap();
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        received.lock().unwrap().push(String::from_utf8(publish.payload.to_vec()).unwrap());
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => *subscribed.lock().unwrap() = true,
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        this
    }

    /// Different notices received, in order of their first arrival.
    fn distinct(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.received.lock().unwrap().iter().filter(|text| seen.insert((*text).clone())).cloned().collect()
    }
}

#[tokio::test]
async fn notices_reach_a_subscriber_through_a_restart_of_the_broker() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let subscriber = Subscriber::start(mosquitto.port);
    until("subscribed", 10, || *subscriber.subscribed.lock().unwrap()).await;
    let (outbox, couriers) = start(mosquitto.port);
    owe(&outbox, 0..200);
    until("the first two hundred", 10, || subscriber.distinct().len() == 200).await;
    until("all acknowledged", 5, || outbox.left()[0].notices == 0).await;
    mosquitto.stop();
    owe(&outbox, 200..400);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(outbox.left()[0].notices, 200, "nothing is delivered to a broker that is down");
    mosquitto.run();
    until("the rest", 20, || subscriber.distinct().len() == 400).await;
    let expected: Vec<String> = (0..400).map(|n| notice(n).to_json()).collect();
    assert_eq!(subscriber.distinct(), expected, "byte for byte and in order");
    assert_eq!(couriers.drain(Duration::from_secs(5)).await, []);
    // In the middle of a stream: what was on its way is sent again, so repeats are allowed and losses are not.
    let (outbox, couriers) = start(mosquitto.port);
    owe(&outbox, 1000..3000);
    until("some are delivered", 10, || outbox.left()[0].notices < 1900).await;
    mosquitto.restart();
    assert_eq!(couriers.drain(Duration::from_secs(30)).await, []);
    until("all are received", 20, || subscriber.distinct().len() == 2400).await;
    assert!(!mosquitto.log().contains("protocol error"), "{}", mosquitto.log());
}

/// An authority, and a server's and a client's certificate by it, as PEM files in `folder`.
fn certificates(openssl: &Path, folder: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new(openssl);
        let made = run(command.args(arguments.split(' ')).current_dir(folder), "");
        assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";
    openssl(&format!("req -x509 -days 2 {key} -keyout ca.key -out ca.pem -subj /CN=authority"));
    for (name, extension) in
        [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")]
    {
        openssl(&format!(
            "req -x509 -days 2 {key} -keyout {name}.key -out {name}.pem -subj /CN={name} -CA ca.pem -CAkey ca.key \
             -addext basicConstraints=critical,CA:FALSE -addext {extension}"
        ));
    }
}

#[tokio::test]
async fn over_tls_both_sides_show_certificates_and_a_strangers_is_not_taken() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates(&openssl, folder.path());
    let file = |name: &str| folder.path().join(name);
    let Some(mosquitto) = Mosquitto::with_config(&format!(
        "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\nuse_identity_as_username true\n\
         allow_anonymous false\n",
        file("ca.pem").display(),
        file("server.pem").display(),
        file("server.key").display()
    )) else {
        return;
    };
    let attempt = async |ca: &str, identity: Option<(&str, &str)>| {
        let metrics = metrics(&["broker"]);
        let outbox = Arc::new(Outbox::new(&["broker"], Limits::default(), &metrics));
        owe(&outbox, 0..1);
        let mut broker = broker(mosquitto.port);
        let identity = identity.map(|(certificate, key)| (file(certificate), file(key)));
        broker.tls = Some(sources::mqtt::Tls { ca_file: Some(file(ca)), identity });
        let sinks = [sink("broker", Kind::Mqtt)];
        let _couriers = Couriers::start(&sinks, Some(&broker), "east-3", &outbox, &utc()).unwrap();
        let count = |outcome: &str| {
            let series =
                format!(r#"linewatch_notices_total{{outcome="{outcome}",sector="east-3",sink="broker"}}"#);
            value(&metrics.render(at_s(0)), &series).unwrap()
        };
        until("one attempt ends", 10, || count("delivered") + count("retry") > 0.0).await;
        count("delivered") > 0.0
    };
    assert!(attempt("ca.pem", Some(("client.pem", "client.key"))).await, "{}", mosquitto.log());
    assert!(!attempt("ca.pem", None).await, "no certificate of ours");
    assert!(
        !attempt("client.pem", Some(("client.pem", "client.key"))).await,
        "a server we have no reason to trust"
    );
    assert!(!attempt("absent.pem", None).await, "a file that is not there");
}

/// One packet of MQTT 3.1.1: first byte and body.
async fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.unwrap();
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (first, body)
}

/// Takes the next connection and its CONNECT.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (first, body) = packet(&mut stream).await;
    assert_eq!(first, 0x10, "CONNECT");
    assert_eq!(body[7] & 0x02, 0x02, "a clean session");
    assert!(String::from_utf8_lossy(&body).contains("linewatch-east-3-alerts"));
    stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    stream
}

/// The next PUBLISH: its packet id and payload.
async fn publish(stream: &mut TcpStream) -> ([u8; 2], String) {
    let (first, body) = packet(stream).await;
    assert_eq!(first, 0x32, "PUBLISH at QoS 1, first time, not retained");
    let topic_end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
    assert_eq!(&body[2..topic_end], TOPIC.as_bytes());
    let id = [body[topic_end], body[topic_end + 1]];
    (id, String::from_utf8(body[topic_end + 2..].to_vec()).unwrap())
}

#[tokio::test]
async fn delivered_means_acknowledged_and_what_was_not_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (outbox, couriers) = start(listener.local_addr().unwrap().port());
    owe(&outbox, 0..3);
    let mut first = accept(&listener).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let (id, payload) = publish(&mut first).await;
        assert_eq!(payload, notice(n).to_json());
        ids.push(id);
    }
    assert_eq!(outbox.left()[0].notices, 3, "sent is not delivered");
    // Out of order: only the second is acknowledged, then the line is cut.
    first.write_all(&[0x40, 2, ids[1][0], ids[1][1]]).await.unwrap();
    until("one is delivered", 5, || outbox.left()[0].notices == 2).await;
    drop(first);
    let mut second = accept(&listener).await;
    for n in [0, 2] {
        let (id, payload) = publish(&mut second).await;
        assert_eq!(payload, notice(n).to_json());
        second.write_all(&[0x40, 2, id[0], id[1]]).await.unwrap();
    }
    until("all are delivered", 5, || outbox.left()[0].notices == 0).await;
    let goodbye = tokio::spawn(async move { packet(&mut second).await.0 });
    assert_eq!(couriers.drain(Duration::from_secs(5)).await, []);
    assert_eq!(goodbye.await.unwrap(), 0xe0, "DISCONNECT");
}

#[tokio::test]
async fn no_more_than_a_window_is_sent_ahead_of_the_oldest_acknowledgement() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (outbox, couriers) = start(listener.local_addr().unwrap().port());
    owe(&outbox, 0..100);
    let mut stream = accept(&listener).await;
    let mut ids = Vec::new();
    for _ in 0..32 {
        ids.push(publish(&mut stream).await.0);
    }
    let more = tokio::time::timeout(Duration::from_millis(200), stream.read_u8()).await;
    assert!(more.is_err(), "the window is full");
    for [high, low] in ids {
        stream.write_all(&[0x40, 2, high, low]).await.unwrap();
    }
    assert_eq!(publish(&mut stream).await.1, notice(32).to_json());
    drop(couriers);
}

#[tokio::test]
async fn a_broker_that_refuses_is_counted_as_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = metrics(&["broker"]);
    let outbox = Arc::new(Outbox::new(&["broker"], Limits::default(), &metrics));
    owe(&outbox, 0..1);
    let sinks = [sink("broker", Kind::Mqtt)];
    let port = listener.local_addr().unwrap().port();
    let _couriers = Couriers::start(&sinks, Some(&broker(port)), "east-3", &outbox, &utc()).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    packet(&mut stream).await;
    stream.write_all(&[0x20, 2, 0, 5]).await.unwrap();
    let series = r#"linewatch_notices_total{outcome="retry",sector="east-3",sink="broker"}"#;
    until("counted", 5, || value(&metrics.render(at_s(0)), series) == Some(1.0)).await;
    assert_eq!(outbox.left()[0].notices, 1);
}
