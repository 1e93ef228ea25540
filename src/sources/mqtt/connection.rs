//! One MQTT connection: a task of its own polls it and writes what the log has confirmed, and never waits for either.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Packet, PubAck, Publish, QoS, StateError, SubscribeFilter,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::breaker::Attempt;
use super::topic::{self, Carries};
use super::{Context, Settings};
use crate::record::{Body, Link};
use crate::sources::mqtt_options::{Acks, Session, mqtt_options, network_options};
use crate::sources::{Ack, OVERSIZE, REFUSED, RETAINED, Stopped, refused};

/// Publishes that may wait between polling and handling: more than any broker sends without acknowledgements, since
/// packet ids end at 65,535.
const MAX_POLLED: usize = 65_536;
/// Their payload bytes. Past either limit the connection is dropped, and the broker keeps what was not acknowledged.
const MAX_POLLED_BYTES: usize = 256 << 20;
/// Requests on their way to the polling task: one subscription a connection.
const REQUEST_QUEUE: usize = 4;
/// Acknowledgements written together.
const ACK_BATCH: usize = 1_024;
/// The broker must take acknowledgements within this time.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a broker that was told goodbye may take to hang up.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// How long a stopping source waits for the log to confirm what it was handed.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lost {
    #[error("a message of {0} bytes is larger than this connection reads")]
    TooLarge(usize),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Broken(String),
}

/// Why handling ended.
pub(super) enum Ended {
    Lost(Lost),
    Stopped(Stopped),
}

pub(super) struct Connection {
    incoming: mpsc::Receiver<Result<Publish, Lost>>,
    waiting_bytes: Arc<AtomicUsize>,
    acks: mpsc::UnboundedSender<u64>,
    polling: Polling,
    /// The broker has kept what came for us since the last connection.
    pub(super) is_kept: bool,
}

/// The polling task, which ends with its connection.
struct Polling(JoinHandle<()>);

impl Connection {
    /// Dials, subscribes (on a kept session too: it costs nothing and repeats the retained statuses) and starts polling.
    pub(super) async fn open(settings: &Settings, context: &Context, attempt: Attempt) -> Result<Self, Lost> {
        let mut limits = settings.clone();
        limits.max_payload_bytes = attempt.read_bytes;
        let session = if attempt.clean { Session::Clean } else { Session::Persistent };
        let options = mqtt_options(&limits, &settings.client_id, session, Acks::Manual)
            .map_err(|error| Lost::Unreachable(error.to_string()))?;
        let (client, mut event_loop) = AsyncClient::new(options, REQUEST_QUEUE);
        event_loop.set_network_options(network_options());
        let is_kept = loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(ack))) => break ack.session_present,
                Ok(_) => {}
                Err(error) => return Err(Lost::Unreachable(error.to_string())),
            }
        };
        let filters =
            topic::filters(&context.sector).map(|path| SubscribeFilter::new(path, QoS::AtLeastOnce));
        client.try_subscribe_many(filters).map_err(|error| Lost::Broken(error.to_string()))?;
        let (to_handler, incoming) = mpsc::channel(MAX_POLLED);
        let (acks, confirmed) = mpsc::unbounded_channel();
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let wire = Wire { client, event_loop, to_handler, waiting_bytes: waiting_bytes.clone(), confirmed };
        let polling = Polling(tokio::spawn(wire.run()));
        Ok(Self { incoming, waiting_bytes, acks, polling, is_kept })
    }

    /// Waits for one publish and hands it on.
    pub(super) async fn take_one(&mut self, settings: &Settings, context: &Context) -> Result<(), Ended> {
        let publish = match self.incoming.recv().await {
            Some(Ok(publish)) => publish,
            Some(Err(lost)) => return Err(Ended::Lost(lost)),
            None => return Err(Ended::Lost(Lost::Broken("polling ended".into()))),
        };
        self.waiting_bytes.fetch_sub(publish.payload.len(), Ordering::Relaxed);
        let ack =
            (publish.qos != QoS::AtMostOnce).then(|| Ack::new(self.acks.clone(), u64::from(publish.pkid)));
        let body = body_of(&publish, settings, context);
        context.intake.send(body, ack).await.map_err(Ended::Stopped)
    }

    /// Takes nothing more, lets the log confirm what it was handed, and takes leave of the broker.
    pub(super) async fn close(self) {
        let Self { incoming, acks, mut polling, .. } = self;
        drop((incoming, acks));
        // What is not confirmed in time comes again: nothing is lost by hanging up.
        let _ = tokio::time::timeout(CLOSE_WITHIN, &mut polling.0).await;
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the log is to hold of a publish.
fn body_of(publish: &Publish, settings: &Settings, context: &Context) -> Body {
    let (sensor, carries) = match topic::parse(&publish.topic, &context.sector, &context.sensors) {
        Ok(found) => found,
        Err(reason) => return refused(None, reason, &publish.payload),
    };
    let reason = if publish.payload.len() > settings.max_payload_bytes {
        OVERSIZE
    } else if publish.retain && carries == Carries::Scan {
        RETAINED
    } else {
        let (sensor, bytes) = (sensor.clone(), publish.payload.to_vec());
        return match carries {
            Carries::Scan => Body::Frame { sensor, link: Link::Mqtt, bytes },
            Carries::Status => Body::Status { sensor, bytes },
        };
    };
    refused(Some(sensor), reason, &publish.payload)
}

/// What the polling task owns.
struct Wire {
    /// Kept, because the event loop ends when its last client is gone.
    client: AsyncClient,
    event_loop: EventLoop,
    to_handler: mpsc::Sender<Result<Publish, Lost>>,
    waiting_bytes: Arc<AtomicUsize>,
    confirmed: mpsc::UnboundedReceiver<u64>,
}

impl Wire {
    /// Reads, pings and writes acknowledgements until the connection ends: a slow pipeline must not keep the
    /// keep-alive from going out.
    async fn run(mut self) {
        let mut tokens = Vec::with_capacity(ACK_BATCH);
        let lost = loop {
            // Not between the messages of one read: the fewer writes, the more messages a second.
            let is_between_reads = self.event_loop.state.events.is_empty();
            tokio::select! {
                count = self.confirmed.recv_many(&mut tokens, ACK_BATCH), if is_between_reads => {
                    if count == 0 {
                        return self.take_leave().await;
                    }
                    if let Err(lost) = self.acknowledge(&mut tokens).await {
                        break lost;
                    }
                }
                polled = self.event_loop.poll() => match polled {
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        if let Err(lost) = self.hand_on(publish) {
                            break lost;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => break lost_by(&error),
                },
            }
        };
        // The handler may have gone already, and then nobody needs to know.
        let _ = self.to_handler.send(Err(lost)).await;
    }

    fn hand_on(&self, publish: Publish) -> Result<(), Lost> {
        let bytes = publish.payload.len();
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_room = before == 0 || before + bytes <= MAX_POLLED_BYTES;
        match is_room.then(|| self.to_handler.try_send(Ok(publish))) {
            // A source that is closing takes nothing more; the broker keeps it.
            Some(Ok(()) | Err(mpsc::error::TrySendError::Closed(_))) => Ok(()),
            _ => Err(Lost::Broken("more messages than can wait; the broker keeps them".into())),
        }
    }

    /// Writes PUBACKs in the order the log confirmed them, which is the order of arrival. Past the client library's
    /// queue, which would flush each by itself.
    async fn acknowledge(&mut self, tokens: &mut Vec<u64>) -> Result<(), Lost> {
        // Between connections there is nobody to tell: the event loop reports why at the next poll.
        let Some(network) = self.event_loop.network.as_mut() else { return Ok(()) };
        let mut is_refused = false;
        let write = async {
            for token in tokens.drain(..) {
                if token == REFUSED {
                    is_refused = true;
                    break;
                }
                let id = u16::try_from(token).expect("tokens are made from packet ids");
                network.write(Packet::PubAck(PubAck::new(id))).await?;
            }
            network.flush().await
        };
        match tokio::time::timeout(FLUSH_TIMEOUT, write).await {
            Ok(_) if is_refused => {
                Err(Lost::Broken("the journal had no room; the broker sends it again".into()))
            }
            Ok(written) => written.map_err(|error| Lost::Broken(error.to_string())),
            Err(_) => Err(Lost::Broken("the broker does not take acknowledgements".into())),
        }
    }

    /// Everything handed on has been confirmed or given up.
    async fn take_leave(mut self) {
        if let Some(network) = self.event_loop.network.as_mut() {
            // A broker that is gone needs no goodbye.
            let _ = network.write(Packet::Disconnect).await;
            let _ = network.flush().await;
            // It hangs up when it has read everything; who comes back sooner under the same name takes the place of a
            // connection whose last acknowledgements nobody has read.
            let hung_up = async { while self.event_loop.poll().await.is_ok() {} };
            let _ = tokio::time::timeout(LEAVE_WITHIN, hung_up).await;
        }
        drop(self.client);
    }
}

fn lost_by(error: &ConnectionError) -> Lost {
    match error {
        ConnectionError::MqttState(StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(
            bytes,
        ))) => Lost::TooLarge(*bytes),
        other => Lost::Broken(other.to_string()),
    }
}
