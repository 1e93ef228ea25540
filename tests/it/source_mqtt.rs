//! The MQTT source against mosquitto and against the built-in broker: what both must do alike, and what only a broker
//! that can be stopped and started shows.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use linewatch::demo::broker::Broker;
use linewatch::record::Body;
use linewatch::sensor::SensorId;

use crate::rig::listening::{Heard, Listening, broker, texts};
use crate::rig::mosquitto::Mosquitto;
use crate::rig::publisher::Publisher;

const SCAN: &str = "linewatch/v1/east/r1/scan";
const STATUS: &str = "linewatch/v1/east/cam-2/status";

/// Each case once with each broker, given its port.
macro_rules! with_both_brokers {
    ($($case:ident)*) => {
        mod mosquitto {
            $(#[tokio::test]
            async fn $case() {
                let Some(broker) = super::Mosquitto::start() else { return };
                super::$case(broker.port).await;
            })*
        }
        mod built_in {
            $(#[tokio::test]
            async fn $case() {
                let address = super::SocketAddr::from((super::Ipv4Addr::LOCALHOST, 0));
                let broker = super::Broker::start(address).unwrap();
                super::$case(broker.address().port()).await;
            })*
        }
    };
}

with_both_brokers! {
    publishes_arrive_in_order_from_the_sensor_of_the_topic
    what_is_refused_has_a_name_and_does_not_come_again
    a_message_too_large_to_read_is_refused_and_the_next_ones_arrive
    statuses_and_last_wills_arrive
}

async fn publishes_arrive_in_order_from_the_sensor_of_the_topic(port: u16) {
    let mut source = Listening::subscribed(broker(port)).await;
    let boxes = Publisher::start(port, "boxes").await;
    let mut expected = Vec::new();
    for n in 0..500 {
        let sensor = if n % 3 == 0 { "cam-2" } else { "r1" };
        boxes.publish(&format!("linewatch/v1/east/{sensor}/scan"), n.to_string()).await;
        expected.push((sensor.to_owned(), n.to_string()));
    }
    let mut heard = Vec::new();
    for frame in source.frames(500).await {
        heard.push(frame.frame());
        frame.confirm();
    }
    assert_eq!(heard, expected);
    source.stop().await;
}

#[tokio::test]
async fn what_the_log_did_not_confirm_comes_again_and_nothing_else() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let mut heard = stop_and_start_again(mosquitto.port).await;
    // At least once: on a busy machine a connection may be lost and made again, and all of it comes once more.
    let mut seen = std::collections::BTreeSet::new();
    heard.retain(|frame| seen.insert(frame.clone()));
    assert_eq!(heard, ["3", "4", "new", "while nobody listened"]);
}

/// The built-in broker may send what was not acknowledged twice when a client is back at once, and then in any order:
/// at least once, as MQTT has it.
#[tokio::test]
async fn what_the_log_did_not_confirm_comes_again_from_the_built_in_broker() {
    let broker = Broker::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let heard = stop_and_start_again(broker.address().port()).await;
    for text in ["3", "4", "new", "while nobody listened"] {
        assert!(heard.contains(&text.to_owned()), "{heard:?}");
    }
    assert!(!["0", "1", "2"].iter().any(|confirmed| heard.contains(&(*confirmed).to_owned())), "{heard:?}");
}

/// Everything that comes after the log has confirmed the first three of five, the source has been stopped and started,
/// and that once more with a message in between.
async fn stop_and_start_again(port: u16) -> Vec<String> {
    let mut source = Listening::subscribed(broker(port)).await;
    let boxes = Publisher::start(port, "boxes").await;
    for n in 0..5 {
        boxes.publish(SCAN, n.to_string()).await;
    }
    let heard = source.frames(5).await;
    heard.into_iter().take(3).for_each(Heard::confirm);
    source.stop().await;
    let mut source = Listening::mqtt(broker(port));
    boxes.publish(SCAN, "new").await;
    let mut again = Vec::new();
    confirm_until("new", &mut source, &mut again).await;
    source.stop().await;
    boxes.publish(SCAN, "while nobody listened").await;
    boxes.settled().await;
    let mut source = Listening::mqtt(broker(port));
    confirm_until("while nobody listened", &mut source, &mut again).await;
    source.stop().await;
    again
}

async fn confirm_until(last: &str, source: &mut Listening, heard: &mut Vec<String>) {
    loop {
        let frame = source.frames(1).await.remove(0);
        let text = frame.frame().1;
        frame.confirm();
        heard.push(text);
        if heard.last().is_some_and(|text| text == last) {
            return;
        }
    }
}

/// A daemon of an earlier version had subscribed to more: the session still holds it.
async fn subscribe_to_everything(port: u16) {
    let mut options = rumqttc::MqttOptions::new(broker(port).client_id, "127.0.0.1", port);
    options.set_clean_session(false);
    let (client, mut events) = rumqttc::AsyncClient::new(options, 10);
    client.try_subscribe("linewatch/v1/#", rumqttc::QoS::AtLeastOnce).unwrap();
    while !matches!(events.poll().await.unwrap(), rumqttc::Event::Incoming(rumqttc::Packet::SubAck(_))) {}
    client.try_disconnect().unwrap();
    while events.poll().await.is_ok() {}
}

async fn what_is_refused_has_a_name_and_does_not_come_again(port: u16) {
    let boxes = Publisher::start(port, "boxes").await;
    boxes.retain("linewatch/v1/east/cam-2/scan", "kept for later").await;
    subscribe_to_everything(port).await;
    let settings = || {
        let mut settings = broker(port);
        settings.max_payload_bytes = 1_000;
        settings
    };
    let mut source = Listening::subscribed(settings()).await;
    boxes.publish("linewatch/v1/east/x9/scan", "who?").await;
    boxes.publish("linewatch/v1/west/r1/scan", "not ours").await;
    boxes.publish(SCAN, vec![b'x'; 1_001]).await;
    boxes.publish(SCAN, vec![b'x'; 1_000]).await;
    let good = source.frames(1).await.remove(0);
    assert_eq!(good.frame().1.len(), 1_000);
    good.confirm();
    // A broker may deliver once for each of two subscriptions that overlap.
    for (sensor, reason) in [("", "unknown_sensor"), ("", "bad_topic"), ("r1", "oversize")] {
        assert!((1.0..=2.0).contains(&source.refused(sensor, reason)), "{sensor} {reason}");
    }
    assert!(source.refused("cam-2", "retained") >= 1.0);
    source.stop().await;
    let mut source = Listening::mqtt(settings());
    boxes.publish(SCAN, "next").await;
    confirm_until("next", &mut source, &mut Vec::new()).await;
    assert_eq!(source.refused("", "unknown_sensor"), 0.0, "refused once is acknowledged");
    assert_eq!(source.refused("r1", "oversize"), 0.0);
    source.stop().await;
}

async fn a_message_too_large_to_read_is_refused_and_the_next_ones_arrive(port: u16) {
    let settings = || {
        let mut settings = broker(port);
        settings.max_payload_bytes = 1_000;
        settings
    };
    let mut source = Listening::subscribed(settings()).await;
    let boxes = Publisher::start(port, "boxes").await;
    boxes.publish(SCAN, "before").await;
    boxes.publish(SCAN, vec![b'x'; 3_000_000]).await;
    boxes.publish(SCAN, "after").await;
    let mut oversize = 0;
    let mut texts_heard = Vec::new();
    while texts_heard.last().is_none_or(|last| last != "after") {
        let heard = source.next().await;
        match &heard.body {
            Body::Frame { .. } => texts_heard.push(heard.frame().1),
            Body::Refused { sensor, count: 1, reason, .. } => {
                assert_eq!(
                    (sensor.as_ref().map(SensorId::as_str), reason.as_str()),
                    (Some("r1"), "oversize")
                );
                oversize += 1;
            }
            _ => {}
        }
        heard.confirm();
    }
    texts_heard.dedup();
    assert_eq!(texts_heard, ["before", "after"]);
    assert_eq!(oversize, 1);
    source.stop().await;
    let mut source = Listening::mqtt(settings());
    boxes.publish(SCAN, "later").await;
    assert_eq!(texts(&source.frames(1).await), ["later"], "what was refused does not come again");
    assert_eq!(source.refused("r1", "oversize"), 0.0);
    source.stop().await;
}

async fn statuses_and_last_wills_arrive(port: u16) {
    let mut source = Listening::subscribed(broker(port)).await;
    let camera = Publisher::with_will(port, "cam-2", STATUS, "the will").await;
    camera.retain(STATUS, "online").await;
    assert_eq!(status(&mut source).await, "online");
    camera.vanish().await;
    assert_eq!(status(&mut source).await, "the will");
    source.stop().await;
    // Retained: whoever comes later is told.
    let mut source = Listening::mqtt(broker(port));
    let mut told = [status(&mut source).await, status(&mut source).await];
    told.sort();
    assert_eq!(told, ["herald", "the will"]);
    source.stop().await;
}

/// The text of the next arrival, which must be a status.
async fn status(source: &mut Listening) -> String {
    let heard = source.next().await;
    let Body::Status { bytes, .. } = &heard.body else { panic!("{:?}", heard.body) };
    let text = String::from_utf8(bytes.clone()).unwrap();
    heard.confirm();
    text
}

#[tokio::test]
async fn after_a_restart_of_the_broker_what_was_not_confirmed_comes_within_fifteen_seconds() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let mut source = Listening::subscribed(broker(mosquitto.port)).await;
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    for n in 0..5 {
        boxes.publish(SCAN, n.to_string()).await;
    }
    boxes.settled().await;
    let held = source.frames(5).await;
    mosquitto.stop();
    source.until_up("mqtt", false).await;
    // Confirmed to a connection that is gone: that must not confirm anything on the next.
    held.into_iter().for_each(Heard::confirm);
    mosquitto.run();
    let back = Instant::now();
    assert_eq!(texts(&source.frames(5).await), ["0", "1", "2", "3", "4"]);
    assert!(back.elapsed() < Duration::from_secs(15), "{:?}", back.elapsed());
    source.stop().await;
}

#[tokio::test]
async fn a_broker_that_lost_everything_is_subscribed_to_again() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let mut source = Listening::subscribed(broker(mosquitto.port)).await;
    mosquitto.stop();
    mosquitto.forget();
    mosquitto.run();
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    boxes.retain("linewatch/v1/east/r1/status", "herald").await;
    source.next().await.confirm();
    boxes.publish(SCAN, "heard").await;
    let heard = source.frames(1).await;
    assert_eq!(texts(&heard), ["heard"]);
    heard.into_iter().for_each(Heard::confirm);
    // And once more after a power cut, with nothing saved.
    mosquitto.kill();
    source.until_up("mqtt", false).await;
    mosquitto.run();
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    boxes.retain("linewatch/v1/east/r1/status", "herald").await;
    source.next().await.confirm();
    boxes.publish(SCAN, "heard again").await;
    assert_eq!(texts(&source.frames(1).await), ["heard again"]);
    source.stop().await;
}

#[tokio::test]
async fn a_pipeline_that_stands_still_costs_neither_the_connection_nor_a_frame() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let mut settings = broker(mosquitto.port);
    settings.keep_alive = Duration::from_secs(1);
    let mut source = Listening::subscribed(settings).await;
    let boxes = Publisher::start(mosquitto.port, "boxes").await;
    // More bytes than may wait, so that the hand-over itself stands still.
    for n in 0..1_600 {
        boxes.publish(SCAN, format!("{n:0>50000}")).await;
    }
    boxes.settled().await;
    // Mosquitto drops a client after one and a half keep-alives of silence: three have passed when this has.
    let since = Instant::now();
    crate::rig::until("three keep-alives", 10, || since.elapsed() > Duration::from_secs(3)).await;
    for n in 0..1_600 {
        let frame = source.frames(1).await.remove(0);
        assert_eq!(frame.frame().1.parse::<u32>(), Ok(n));
        frame.confirm();
    }
    assert!(!mosquitto.log().contains("exceeded timeout"), "{}", mosquitto.log());
    source.stop().await;
}
