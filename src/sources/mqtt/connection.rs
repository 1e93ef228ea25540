//! One MQTT connection: polled by a task that does nothing else, acknowledged by one that does nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Packet, Publish, QoS, StateError, SubscribeFilter,
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::breaker::Attempt;
use super::topic::{self, Carries};
use super::{Context, Settings};
use crate::record::{Body, Link};
use crate::sources::mqtt_options::{Acks, Session, mqtt_options, network_options};
use crate::sources::{Ack, OVERSIZE, RETAINED, Stopped};

/// Publishes that may wait between polling and handling: more than any broker sends without acknowledgements, since
/// packet ids end at 65,535.
const MAX_POLLED: usize = 65_536;
/// Their payload bytes. Past either limit the connection is dropped, and the broker keeps what was not acknowledged.
const MAX_POLLED_BYTES: usize = 256 << 20;
/// Acknowledgements on their way to the polling task.
const ACK_QUEUE: usize = 1_024;

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
    tasks: [JoinHandle<()>; 2],
}

impl Connection {
    /// Dials, subscribes (on a kept session too: it costs nothing and repeats the retained statuses) and starts polling.
    pub(super) async fn open(settings: &Settings, context: &Context, attempt: Attempt) -> Result<Self, Lost> {
        let mut limits = settings.clone();
        limits.max_payload_bytes = attempt.read_bytes;
        let session = if attempt.clean { Session::Clean } else { Session::Persistent };
        let options = mqtt_options(&limits, &settings.client_id, session, Acks::Manual)
            .map_err(|error| Lost::Unreachable(error.to_string()))?;
        let (client, mut event_loop) = AsyncClient::new(options, ACK_QUEUE);
        event_loop.set_network_options(network_options());
        loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(error) => return Err(Lost::Unreachable(error.to_string())),
            }
        }
        let filters =
            topic::filters(&context.sector).map(|path| SubscribeFilter::new(path, QoS::AtLeastOnce));
        client.try_subscribe_many(filters).map_err(|error| Lost::Broken(error.to_string()))?;
        let (to_handler, incoming) = mpsc::channel(MAX_POLLED);
        let (acks, to_acknowledge) = mpsc::unbounded_channel();
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let polling = tokio::spawn(poll(event_loop, to_handler, waiting_bytes.clone()));
        let acknowledging = tokio::spawn(acknowledge(client, to_acknowledge));
        Ok(Self { incoming, waiting_bytes, acks, tasks: [polling, acknowledging] })
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
        let (body, refused) = body_of(&publish, settings, context);
        if let Some((sensor, reason)) = refused {
            context.metrics.refused(&sensor, reason, 1);
        }
        let sent = match body {
            Some(body) => context.intake.send(body, ack).await,
            None => context.intake.confirm(ack).await,
        };
        sent.map_err(Ended::Stopped)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

type Refusal = (String, &'static str);

/// What the log is to hold of a publish, and under which name it was refused, if it was.
fn body_of(publish: &Publish, settings: &Settings, context: &Context) -> (Option<Body>, Option<Refusal>) {
    let (sensor, carries) = match topic::parse(&publish.topic, &context.sector, &context.sensors) {
        Ok(found) => found,
        // Whoever invents topics must not invent metric labels: it is counted under no sensor's name.
        Err(reason) => return (None, Some((String::new(), reason))),
    };
    let reason = if publish.payload.len() > settings.max_payload_bytes {
        OVERSIZE
    } else if publish.retain && carries == Carries::Scan {
        RETAINED
    } else {
        let (sensor, bytes) = (sensor.clone(), publish.payload.to_vec());
        let body = match carries {
            Carries::Scan => Body::Frame { sensor, link: Link::Mqtt, bytes },
            Carries::Status => Body::Status { sensor, bytes },
        };
        return (Some(body), None);
    };
    let first_sha256 = Sha256::digest(&publish.payload).into();
    let body = Body::Refused { sensor: sensor.clone(), count: 1, reason: reason.into(), first_sha256 };
    (Some(body), Some((sensor.to_string(), reason)))
}

/// Polls and nothing else: a slow pipeline must not keep the keep-alive from going out.
async fn poll(
    mut event_loop: EventLoop,
    to_handler: mpsc::Sender<Result<Publish, Lost>>,
    waiting_bytes: Arc<AtomicUsize>,
) {
    let lost = loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let bytes = publish.payload.len();
                let waiting = waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
                if waiting > MAX_POLLED_BYTES || to_handler.try_send(Ok(publish)).is_err() {
                    break Lost::Broken("more messages than can wait; the broker keeps them".into());
                }
            }
            Ok(_) => {}
            Err(error) => break lost_by(&error),
        }
    };
    // The handler may have gone already, and then nobody needs to know.
    let _ = to_handler.send(Err(lost)).await;
}

fn lost_by(error: &ConnectionError) -> Lost {
    match error {
        ConnectionError::MqttState(StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(
            bytes,
        ))) => Lost::TooLarge(*bytes),
        other => Lost::Broken(other.to_string()),
    }
}

/// Sends PUBACKs in the order the log confirmed them, which is the order of arrival.
async fn acknowledge(client: AsyncClient, mut confirmed: mpsc::UnboundedReceiver<u64>) {
    while let Some(token) = confirmed.recv().await {
        let mut publish = Publish::new("", QoS::AtLeastOnce, Vec::new());
        publish.pkid = u16::try_from(token).expect("tokens are made from packet ids");
        if client.ack(&publish).await.is_err() {
            return;
        }
    }
}
