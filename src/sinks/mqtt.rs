//! The MQTT sink: every notice to `linewatch/v1/SECTOR/alerts` at QoS 1, delivered once the broker's PUBACK is here.
//!
//! In: the sink's queue. Out: publishes over a connection of its own, client id with `-alerts` behind it, in order, a
//! bounded window ahead of the oldest acknowledgement. The session is clean and every connection starts a fresh
//! client: what was not acknowledged is owed by the outbox, so neither the broker nor the client library needs to
//! remember it, and nothing of an old connection can be mistaken for the new one's. Receivers drop repeats by
//! `(alert, revision)`.

use std::collections::VecDeque;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Outgoing, Packet, QoS};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::DeliveryError;
use crate::backoff::Backoff;
use crate::outbox::Queue;
use crate::sources;
use crate::sources::mqtt_options::{Acks, Session, mqtt_options, network_options};

/// How far publishing runs ahead of the oldest missing acknowledgement. Below the client library's own limit of 100,
/// so that its packet ids cannot collide.
const WINDOW: usize = 32;
const ACK_TIMEOUT: Duration = Duration::from_secs(10);
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);
const LARGEST_NOTICE_BYTES: usize = 1 << 20;
const BACKOFF_BASE: Duration = Duration::from_millis(250);
/// Low, because a broker must be found again within 15 s of its return.
const BACKOFF_CAP: Duration = Duration::from_secs(5);

/// Delivers one sector's notices to one broker.
#[derive(Clone, Debug)]
pub struct Courier {
    broker: sources::mqtt::Settings,
    client_id: String,
    topic: String,
}

impl Courier {
    /// A courier for `sector` to `broker`.
    #[must_use]
    pub fn new(broker: &sources::mqtt::Settings, sector: &str) -> Self {
        let mut broker = broker.clone();
        // The limit is meant for what sensors send; a notice must fit whatever it says.
        broker.max_payload_bytes = broker.max_payload_bytes.max(LARGEST_NOTICE_BYTES);
        Self {
            client_id: format!("{}-alerts", broker.client_id),
            topic: format!("linewatch/v1/{sector}/alerts"),
            broker,
        }
    }

    /// Delivers until the outbox is closed and nothing is owed. Connects at once, so that a broker that cannot be
    /// reached shows before the first alert.
    pub async fn run(&self, queue: &Queue) {
        let mut backoff = Backoff::new(BACKOFF_BASE, BACKOFF_CAP);
        while let Err(error) = self.deliver(queue, &mut backoff).await {
            tracing::warn!(sink = %queue.sink, %error, "no connection");
            if queue.pending() > 0 {
                queue.retried();
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    /// One connection, until nothing more will ever be owed.
    ///
    /// # Errors
    /// The connection failed, or an acknowledgement is overdue.
    async fn deliver(&self, queue: &Queue, backoff: &mut Backoff) -> Result<(), DeliveryError> {
        let mut connection = Connection::open(&self.broker, &self.client_id).await?;
        let mut window = Window::default();
        let mut closing = false;
        let mut overdue = Box::pin(tokio::time::sleep(ACK_TIMEOUT));
        loop {
            if closing && window.is_empty() {
                connection.close().await;
                return Ok(());
            }
            tokio::select! {
                event = connection.event() => {
                    if let Some(sequence) = window.see(&event?) {
                        queue.acknowledged(sequence);
                        backoff.reset();
                        overdue = Box::pin(tokio::time::sleep(ACK_TIMEOUT));
                    }
                }
                owed = queue.after(window.newest), if !closing && window.has_room() => match owed {
                    Some(owed) => {
                        if window.is_empty() {
                            overdue = Box::pin(tokio::time::sleep(ACK_TIMEOUT));
                        }
                        connection.publish(&self.topic, owed.json.as_bytes())?;
                        window.push(owed.sequence);
                    }
                    None => closing = true,
                },
                () = &mut overdue, if !window.is_empty() => {
                    return Err(DeliveryError::Retry("no acknowledgement in time".to_owned()));
                }
            }
        }
    }
}

/// One live connection. Its client is polled by a task that does nothing else, so that keep-alives go out whatever
/// the courier waits for.
struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Event, ConnectionError>>,
    polling: JoinHandle<()>,
}

impl Connection {
    async fn open(broker: &sources::mqtt::Settings, client_id: &str) -> Result<Self, DeliveryError> {
        let options = mqtt_options(broker, client_id, Session::Clean, Acks::Automatic)
            .map_err(|error| DeliveryError::Retry(error.to_string()))?;
        let (client, mut event_loop) = AsyncClient::new(options, WINDOW + 1);
        event_loop.set_network_options(network_options());
        let (to_courier, events) = mpsc::channel(2 * WINDOW);
        let polling = tokio::spawn(poll(event_loop, to_courier));
        let mut connection = Self { client, events, polling };
        while !matches!(connection.event().await?, Event::Incoming(Packet::ConnAck(_))) {}
        Ok(connection)
    }

    async fn event(&mut self) -> Result<Event, DeliveryError> {
        match self.events.recv().await {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(DeliveryError::Retry(error.to_string())),
            None => Err(DeliveryError::Retry("connection closed".to_owned())),
        }
    }

    /// Hands a publish to the polling task; its queue has room for a whole window.
    fn publish(&self, topic: &str, payload: &[u8]) -> Result<(), DeliveryError> {
        self.client
            .try_publish(topic, QoS::AtLeastOnce, false, payload)
            .map_err(|error| DeliveryError::Retry(error.to_string()))
    }

    /// Says goodbye, so that the broker logs no broken connection.
    async fn close(mut self) {
        if self.client.try_disconnect().is_err() {
            return;
        }
        let said = async {
            while !matches!(self.event().await, Err(_) | Ok(Event::Outgoing(Outgoing::Disconnect))) {}
        };
        // Everything is acknowledged already: if this takes too long, nothing is lost.
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, said).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

async fn poll(mut event_loop: EventLoop, to_courier: mpsc::Sender<Result<Event, ConnectionError>>) {
    loop {
        let event = event_loop.poll().await;
        let over = event.is_err();
        if to_courier.send(event).await.is_err() || over {
            return;
        }
    }
}

/// What has been published on this connection from the oldest missing acknowledgement on, in order.
#[derive(Debug, Default)]
struct Window {
    slots: VecDeque<Slot>,
    newest: Option<u64>,
}

#[derive(Debug)]
struct Slot {
    sequence: u64,
    /// Given by the client library when it sends.
    packet: Option<u16>,
    acknowledged: bool,
}

impl Window {
    fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn has_room(&self) -> bool {
        self.slots.len() < WINDOW
    }

    fn push(&mut self, sequence: u64) {
        self.slots.push_back(Slot { sequence, packet: None, acknowledged: false });
        self.newest = Some(sequence);
    }

    /// Takes note of what the connection did; the sequence it acknowledges, if it acknowledges one.
    fn see(&mut self, event: &Event) -> Option<u64> {
        match event {
            Event::Outgoing(Outgoing::Publish(packet)) => {
                self.slots.iter_mut().find(|slot| slot.packet.is_none())?.packet = Some(*packet);
                None
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                let of_this = |slot: &&mut Slot| slot.packet == Some(ack.pkid) && !slot.acknowledged;
                let slot = self.slots.iter_mut().find(of_this)?;
                slot.acknowledged = true;
                let sequence = slot.sequence;
                while self.slots.front().is_some_and(|slot| slot.acknowledged) {
                    self.slots.pop_front();
                }
                Some(sequence)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::PubAck;

    use super::*;

    fn sent(packet: u16) -> Event {
        Event::Outgoing(Outgoing::Publish(packet))
    }

    fn ack(packet: u16) -> Event {
        Event::Incoming(Packet::PubAck(PubAck::new(packet)))
    }

    #[test]
    fn an_acknowledgement_counts_for_the_notice_its_packet_carried_and_once() {
        let mut window = Window::default();
        window.push(70);
        window.push(71);
        assert_eq!(window.see(&ack(1)), None, "nothing has been sent yet");
        for event in [sent(1), sent(2)] {
            assert_eq!(window.see(&event), None);
        }
        assert_eq!(window.see(&ack(2)), Some(71));
        assert!(!window.is_empty(), "70 is still out");
        assert_eq!(window.see(&ack(2)), None);
        assert_eq!(window.see(&ack(1)), Some(70));
        assert!(window.is_empty());
        assert_eq!(window.newest, Some(71));
    }

    #[test]
    fn the_window_counts_from_the_oldest_missing_acknowledgement() {
        let mut window = Window::default();
        for sequence in 0..WINDOW as u64 {
            window.push(sequence);
            window.see(&sent(u16::try_from(sequence).unwrap() + 1));
        }
        for packet in 2..=u16::try_from(WINDOW).unwrap() {
            window.see(&ack(packet));
        }
        assert!(!window.has_room(), "the first is not acknowledged");
        window.see(&ack(1));
        assert!(window.has_room() && window.is_empty());
    }
}
