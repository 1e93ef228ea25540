//! Sources own sockets and ports: they frame bytes, check size, rate and topic, and hand them on. They decode nothing.
//!
//! Everything they hear goes through one bounded [`Intake`] to the pipeline, which gives it its place in the log and
//! only then lets go of the [`Ack`].

pub mod mqtt;
pub mod mqtt_options;
pub mod recording;
pub mod serial;
pub mod udp;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::clock;
use crate::record::Body;

/// Not a topic of this sector's sensors.
pub const BAD_TOPIC: &str = "bad_topic";
/// The topic, or the datagram, names a sensor that is not configured.
pub const UNKNOWN_SENSOR: &str = "unknown_sensor";
/// Larger than the configured limit.
pub const OVERSIZE: &str = "oversize";
/// A scan that the broker kept for whoever comes later: not news.
pub const RETAINED: &str = "retained";
/// A line or frame longer than any sensor writes: the line is noise until the next delimiter.
pub const OVERLONG: &str = "overlong";

/// Every reason a source refuses under, for metrics that stand at zero from the start.
pub const REASONS: &[&str] = &[BAD_TOPIC, UNKNOWN_SENSOR, OVERSIZE, RETAINED, OVERLONG];

/// Arrivals that may wait for the pipeline.
const MAX_WAITING: usize = 16_384;
/// Bytes of frames that may wait for the pipeline.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// Something a source heard.
pub struct Arrival {
    /// What the log is to hold.
    pub body: Body,
    /// When it was read from the wire: for latency, never for decisions.
    pub at: Instant,
    /// Told once the log holds it.
    pub ack: Option<Ack>,
    /// Its share of the bytes that may wait.
    _room: Option<OwnedSemaphorePermit>,
}

/// What the pipeline is told.
pub enum Message {
    /// A source heard something.
    Arrival(Arrival),
    /// An acknowledgement that waits for nothing but its turn.
    Confirm(Ack),
    /// The clock has passed a whole second.
    Tick,
    /// Nothing more will come: finish what is here.
    Stop,
}

/// A promise to confirm one delivery to its sender, in the order of arrival.
pub struct Ack {
    to: mpsc::UnboundedSender<u64>,
    token: u64,
}

impl Ack {
    /// An acknowledgement that sends `token` to `to` when the log holds the frame. The channel needs no bound of its
    /// own: there are never more tokens than arrivals waiting.
    #[must_use]
    pub fn new(to: mpsc::UnboundedSender<u64>, token: u64) -> Self {
        Self { to, token }
    }

    /// The log holds it.
    pub fn confirm(self) {
        // The receiver is gone if its connection is: then there is nobody to tell.
        let _ = self.to.send(self.token);
    }
}

/// The way in: bounded in items and bytes, shared by all sources.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

/// The pipeline has stopped: so must the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has stopped")]
pub struct Stopped;

impl Intake {
    /// The way in and its other end.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Message>) {
        let (queue, receiver) = mpsc::channel(MAX_WAITING);
        (Self { queue, room: Arc::new(Semaphore::new(MAX_WAITING_BYTES)) }, receiver)
    }

    /// Hands an arrival on, waiting for room.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn send(&self, body: Body, ack: Option<Ack>) -> Result<(), Stopped> {
        let at = clock::instant();
        let room = self.room.clone().acquire_many_owned(weight(&body)).await.map_err(|_| Stopped)?;
        let message = Message::Arrival(Arrival { body, at, ack, _room: Some(room) });
        self.queue.send(message).await.map_err(|_| Stopped)
    }

    /// Hands an arrival on if there is room now: for datagrams, which nobody will send again and nobody can hold back.
    /// False if it had to be dropped.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn try_send(&self, body: Body) -> Result<bool, Stopped> {
        let at = clock::instant();
        let Ok(room) = self.room.clone().try_acquire_many_owned(weight(&body)) else { return Ok(false) };
        let message = Message::Arrival(Arrival { body, at, ack: None, _room: Some(room) });
        match self.queue.try_send(message) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Stopped),
        }
    }

    /// Lets go of an acknowledgement in its turn, for a message of which the log holds nothing.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn confirm(&self, ack: Option<Ack>) -> Result<(), Stopped> {
        match ack {
            Some(ack) => self.queue.send(Message::Confirm(ack)).await.map_err(|_| Stopped),
            None => Ok(()),
        }
    }

    /// Tells the pipeline that a second has passed.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn tick(&self) -> Result<(), Stopped> {
        self.queue.send(Message::Tick).await.map_err(|_| Stopped)
    }

    /// Tells the pipeline to finish what is here and stop.
    pub async fn stop(&self) {
        // A pipeline that has already stopped needs no telling.
        let _ = self.queue.send(Message::Stop).await;
    }
}

/// Waits until `stop` turns true, or until nobody is left to turn it.
async fn told_to(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn weight(body: &Body) -> u32 {
    let bytes = match body {
        Body::Frame { bytes, .. } | Body::Status { bytes, .. } => bytes.len(),
        _ => 0,
    };
    u32::try_from(bytes.clamp(64, MAX_WAITING_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Link;
    use crate::sensor::SensorId;

    #[tokio::test]
    async fn what_may_wait_is_bounded_in_bytes_and_room_comes_back() {
        let (intake, mut receiver) = Intake::new();
        let frame =
            |len| Body::Frame { sensor: SensorId::new("u1").unwrap(), link: Link::Udp, bytes: vec![0; len] };
        assert_eq!(intake.try_send(frame(MAX_WAITING_BYTES)), Ok(true));
        assert_eq!(intake.try_send(frame(1)), Ok(false), "no room left");
        drop(receiver.recv().await);
        assert_eq!(intake.try_send(frame(1)), Ok(true));
        drop(receiver);
        assert_eq!(intake.try_send(frame(1)), Err(Stopped));
    }
}
