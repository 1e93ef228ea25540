//! A box that publishes over real MQTT, and knows how much of it the broker has taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS};
use tokio::task::JoinHandle;

use super::until;

/// One client of a broker on loopback.
pub(crate) struct Publisher {
    client: AsyncClient,
    sent: AtomicUsize,
    acknowledged: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Connects under `id`.
    pub(crate) async fn start(port: u16, id: &str) -> Self {
        Self::connect(port, id, None).await
    }

    /// Connects under `id` and leaves a retained last will.
    pub(crate) async fn with_will(port: u16, id: &str, topic: &str, payload: &str) -> Self {
        Self::connect(port, id, Some(LastWill::new(topic, payload, QoS::AtLeastOnce, true))).await
    }

    async fn connect(port: u16, id: &str, will: Option<LastWill>) -> Self {
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(5)).set_max_packet_size(1 << 28, 1 << 28);
        if let Some(will) = will {
            options.set_last_will(will);
        }
        let (client, mut events) = AsyncClient::new(options, 100);
        let connected = loop {
            if let Event::Incoming(Packet::ConnAck(connected)) = events.poll().await.unwrap() {
                break connected;
            }
        };
        assert_eq!(connected.code, rumqttc::ConnectReturnCode::Success);
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&acknowledged);
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if matches!(event, Event::Incoming(Packet::PubAck(_))) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { client, sent: AtomicUsize::new(0), acknowledged, task }
    }

    /// Publishes at QoS 1.
    pub(crate) async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.send(topic, payload.into(), false).await;
    }

    /// Publishes at QoS 1, to be kept for whoever comes later.
    pub(crate) async fn retain(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.send(topic, payload.into(), true).await;
        self.settled().await;
    }

    async fn send(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).await.unwrap();
    }

    /// Waits until the broker has taken everything.
    pub(crate) async fn settled(&self) {
        let all_taken = || self.acknowledged.load(Ordering::Relaxed) == self.sent.load(Ordering::Relaxed);
        until("the broker has taken what was published", 30, all_taken).await;
    }

    /// Vanishes without a word, so that the broker speaks the last will.
    pub(crate) async fn vanish(self) {
        self.task.abort();
        // Waits until the socket is closed.
        let _ = self.task.await;
    }
}
