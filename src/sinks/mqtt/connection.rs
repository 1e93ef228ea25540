//! The MQTT sink's line to a real broker, and the trait of any.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Outgoing, Packet, QoS};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::publish::{Token, WINDOW};
use crate::sinks::DeliveryError;
use crate::sources;
use crate::sources::mqtt_options::{Acks, Session, mqtt_options, network_options};

const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// A line to a broker: publishes go out in order, their acknowledgements come back one by one.
pub trait Broker: Send {
    /// Connects anew, with a clean session; whatever was before is gone.
    fn connect(&mut self) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Hands over one publish at QoS 1; returns at once.
    fn publish(&mut self, token: Token, payload: &str) -> Result<(), DeliveryError>;

    /// The next acknowledgement. Without a connection, waits for ever.
    fn acknowledgement(&mut self) -> impl Future<Output = Result<Token, DeliveryError>> + Send;

    /// Drops the connection as it is.
    fn hang_up(&mut self);

    /// Says goodbye, so that the broker logs no broken connection.
    fn goodbye(&mut self) -> impl Future<Output = ()> + Send;
}

/// The real one.
pub(super) struct RealBroker {
    settings: sources::mqtt::Settings,
    client_id: String,
    topic: String,
    /// The broker keeps the last one for who subscribes later.
    retain: bool,
    connection: Option<Connection>,
}

impl RealBroker {
    pub(super) fn new(settings: sources::mqtt::Settings, client_id: String, topic: String) -> Self {
        Self { settings, client_id, topic, retain: false, connection: None }
    }

    /// The same, whose last publish is kept for who subscribes later.
    pub(super) fn retaining(self) -> Self {
        Self { retain: true, ..self }
    }
}

impl Broker for RealBroker {
    async fn connect(&mut self) -> Result<(), DeliveryError> {
        self.connection = None;
        self.connection = Some(Connection::open(&self.settings, &self.client_id).await?);
        Ok(())
    }

    fn publish(&mut self, token: Token, payload: &str) -> Result<(), DeliveryError> {
        let connection = self.connection.as_mut();
        let publish = connection.ok_or_else(|| retry("not connected"))?;
        publish.publish(&self.topic, self.retain, token, payload)
    }

    async fn acknowledgement(&mut self) -> Result<Token, DeliveryError> {
        let Some(connection) = &mut self.connection else { return std::future::pending().await };
        loop {
            let event = connection.event().await?;
            if let Some(token) = connection.packets.see(&event) {
                return Ok(token);
            }
        }
    }

    fn hang_up(&mut self) {
        self.connection = None;
    }

    async fn goodbye(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if connection.client.try_disconnect().is_err() {
            return;
        }
        let said = async {
            while !matches!(connection.event().await, Err(_) | Ok(Event::Outgoing(Outgoing::Disconnect))) {}
        };
        // Everything is acknowledged already: if this takes too long, nothing is lost.
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, said).await;
    }
}

fn retry(why: impl ToString) -> DeliveryError {
    DeliveryError::Retry(why.to_string())
}

/// One live connection. Its client is polled by a task that does nothing else, so that keep-alives go out whatever
/// the courier waits for.
struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Event, ConnectionError>>,
    packets: Packets,
    polling: JoinHandle<()>,
}

impl Connection {
    async fn open(broker: &sources::mqtt::Settings, client_id: &str) -> Result<Self, DeliveryError> {
        let options = mqtt_options(broker, client_id, Session::Clean, Acks::Automatic).map_err(retry)?;
        let (client, mut event_loop) = AsyncClient::new(options, WINDOW + 1);
        event_loop.set_network_options(network_options());
        let (to_courier, events) = mpsc::channel(2 * WINDOW);
        let polling = tokio::spawn(poll(event_loop, to_courier));
        let mut connection = Self { client, events, packets: Packets::default(), polling };
        while !matches!(connection.event().await?, Event::Incoming(Packet::ConnAck(_))) {}
        Ok(connection)
    }

    async fn event(&mut self) -> Result<Event, DeliveryError> {
        match self.events.recv().await {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(retry(error)),
            None => Err(retry("connection closed")),
        }
    }

    /// Hands a publish to the polling task; its queue has room for a whole window.
    fn publish(
        &mut self,
        topic: &str,
        retain: bool,
        token: Token,
        payload: &str,
    ) -> Result<(), DeliveryError> {
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload.as_bytes()).map_err(retry)?;
        self.packets.handed_over(token);
        Ok(())
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

/// Which packet carries what: the client library numbers publishes when it sends them, in the order handed over.
#[derive(Debug, Default)]
struct Packets {
    waiting: VecDeque<Token>,
    sent: Vec<(u16, Token)>,
}

impl Packets {
    fn handed_over(&mut self, token: Token) {
        self.waiting.push_back(token);
    }

    /// Takes note of what the connection did; what it acknowledges, if it acknowledges anything.
    fn see(&mut self, event: &Event) -> Option<Token> {
        match event {
            Event::Outgoing(Outgoing::Publish(packet)) => {
                self.sent.push((*packet, self.waiting.pop_front()?));
                None
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                let at = self.sent.iter().position(|(packet, _)| *packet == ack.pkid)?;
                Some(self.sent.remove(at).1)
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
        let mut packets = Packets::default();
        packets.handed_over(Token::Notice(70));
        packets.handed_over(Token::Notice(71));
        assert_eq!(packets.see(&ack(1)), None, "nothing has been sent yet");
        for event in [sent(1), sent(2)] {
            assert_eq!(packets.see(&event), None);
        }
        assert_eq!(packets.see(&ack(2)), Some(Token::Notice(71)));
        assert_eq!(packets.see(&ack(2)), None);
        assert_eq!(packets.see(&ack(1)), Some(Token::Notice(70)));
    }
}
