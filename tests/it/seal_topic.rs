//! The checkpoint's topic against mosquitto: whoever subscribes late has the newest at once, after a restart too.

use std::sync::Arc;
use std::time::Duration;

use linewatch::sinks::mqtt::retained;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::sync::watch;

use crate::rig::listening::broker;
use crate::rig::mosquitto::Mosquitto;

const TOPIC: &str = "linewatch/v1/east-3/checkpoint";

/// What is retained, for somebody who comes now.
async fn retained_at(port: u16) -> Option<String> {
    let mut options = MqttOptions::new("witness", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = AsyncClient::new(options, 10);
    client.try_subscribe(TOPIC, QoS::AtLeastOnce).unwrap();
    let heard = async {
        loop {
            if let Ok(Event::Incoming(Packet::Publish(publish))) = events.poll().await {
                if !publish.retain {
                    // It was published at this moment: not what is kept for who comes late.
                    continue;
                }
                return String::from_utf8(publish.payload.to_vec()).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(1), heard).await.ok()
}

async fn until_retained(port: u16, wanted: &str) {
    for _ in 0..20 {
        if retained_at(port).await.as_deref() == Some(wanted) {
            return;
        }
    }
    panic!("{wanted} is not retained");
}

#[tokio::test]
async fn the_newest_checkpoint_is_there_for_who_comes_late() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let newest = watch::Sender::new(None::<Arc<str>>);
    let publisher = tokio::spawn(retained::run(broker(mosquitto.port), "east-3".into(), newest.subscribe()));
    for number in 0..50 {
        newest.send_replace(Some(format!("checkpoint {number}").into()));
        tokio::task::yield_now().await;
    }
    until_retained(mosquitto.port, "checkpoint 49").await;
    mosquitto.stop();
    newest.send_replace(Some("while it was away".into()));
    mosquitto.run();
    until_retained(mosquitto.port, "while it was away").await;
    newest.send_replace(Some("the last".into()));
    drop(newest);
    tokio::time::timeout(Duration::from_secs(5), publisher)
        .await
        .expect("it ends with the last one")
        .unwrap();
    assert_eq!(retained_at(mosquitto.port).await.as_deref(), Some("the last"));
}
