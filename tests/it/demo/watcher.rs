//! Who watches a demonstration: a listener inside the daemon, and a stranger subscribed on its broker.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use linewatch::engine::SensorState;
use linewatch::pipeline::deciding::{Listener, Said};
use linewatch::watch::Notice;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

/// Everything the daemon said, in order.
#[derive(Clone, Default)]
pub(super) struct Heard {
    notices: Arc<Mutex<Vec<(Notice, String)>>>,
    states: Arc<Mutex<Vec<(String, SensorState)>>>,
}

impl Heard {
    pub(super) fn listener(&self) -> Listener {
        let this = self.clone();
        Box::new(move |said| match said {
            Said::Notice(notice, json) => {
                this.notices.lock().unwrap().push(((*notice).clone(), (*json).to_owned()));
            }
            Said::SensorState(sensor, state) => {
                this.states.lock().unwrap().push(((*sensor).to_owned(), *state));
            }
        })
    }

    pub(super) fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().iter().map(|(notice, _)| notice.clone()).collect()
    }

    /// The notices' own bytes, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        self.notices.lock().unwrap().iter().map(|(_, json)| json.clone()).collect()
    }

    pub(super) fn states(&self, sensor: &str) -> Vec<SensorState> {
        let states = self.states.lock().unwrap();
        states.iter().filter(|(id, _)| id == sensor).map(|(_, state)| *state).collect()
    }
}

/// What a plain MQTT client receives on the alerts topic.
pub(super) struct Stranger {
    received: Arc<Mutex<Vec<String>>>,
    subscribed: Arc<Mutex<bool>>,
}

impl Stranger {
    pub(super) fn on(broker: SocketAddr, topic: &'static str) -> Self {
        let mut options = MqttOptions::new("stranger", broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(5));
        let (client, mut events) = AsyncClient::new(options, 10);
        let this = Self { received: Arc::default(), subscribed: Arc::default() };
        let (received, subscribed) = (Arc::clone(&this.received), Arc::clone(&this.subscribed));
        tokio::spawn(async move {
            client.subscribe(topic, QoS::AtLeastOnce).await.unwrap();
            // Ends with the broker.
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::Publish(publish)) => {
                        assert!(!publish.retain, "notices are not retained");
                        received.lock().unwrap().push(String::from_utf8(publish.payload.to_vec()).unwrap());
                    }
                    Event::Incoming(Packet::SubAck(_)) => *subscribed.lock().unwrap() = true,
                    _ => {}
                }
            }
        });
        this
    }

    pub(super) fn is_subscribed(&self) -> bool {
        *self.subscribed.lock().unwrap()
    }

    pub(super) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}
