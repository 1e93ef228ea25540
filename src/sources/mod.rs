//! Sources own sockets and ports: they frame bytes, check size, rate and topic, and hand them on. They decode nothing.
//!
//! Everything they hear goes through one bounded [`Intake`] to the pipeline, which gives it its place in the log and
//! only then lets go of the [`Ack`].

pub mod mqtt;
pub mod mqtt_options;
pub mod quota;
pub mod recording;
pub mod serial;
pub mod udp;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::clock;
use crate::metrics::Metrics;
use crate::record::Body;
use crate::sensor::SensorId;
use quota::{Quotas, Worth};

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

/// More than this sensor may say.
pub const OVER_RATE: &str = "over_rate";

/// Every reason a source refuses under, for metrics that stand at zero from the start.
pub const REASONS: &[&str] = &[BAD_TOPIC, UNKNOWN_SENSOR, OVERSIZE, RETAINED, OVERLONG, OVER_RATE];

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
    /// The clock has passed a whole second.
    Tick,
    /// Something that no source heard waits to be held.
    Nudge,
    /// To be answered when everything before it has been stepped.
    Flush(oneshot::Sender<()>),
    /// Nothing more will come: finish what is here.
    Stop,
}

/// The token that says: hang up, and be sent again what was not acknowledged. No packet has this id.
pub const REFUSED: u64 = u64::MAX;

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

    /// The log does not hold it and never will: whoever sent it must send it again.
    pub fn refuse(self) {
        let _ = self.to.send(REFUSED);
    }
}

/// The way in: bounded in items and bytes, shared by all sources. Everything heard is counted here, once, as received,
/// and, if so, as refused or shed.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    quotas: Arc<Quotas>,
    metrics: Arc<Metrics>,
}

/// The pipeline has stopped: so must the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has stopped")]
pub struct Stopped;

impl Intake {
    /// The way in and its other end.
    #[must_use]
    pub fn new(quotas: Quotas, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Message>) {
        let (queue, receiver) = mpsc::channel(MAX_WAITING);
        let room = Arc::new(Semaphore::new(MAX_WAITING_BYTES));
        (Self { queue, room, quotas: Arc::new(quotas), metrics }, receiver)
    }

    /// Nobody listened for so long: no sensor has said too much if all of it comes now.
    pub fn credit(&self, away: Duration) {
        self.quotas.credit(away);
    }

    /// Hands an arrival on, waiting for room.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn send(&self, body: Body, ack: Option<Ack>) -> Result<(), Stopped> {
        let at = clock::instant();
        let body = self.within_quota(body, at);
        let room = self.room.clone().acquire_many_owned(weight(&body)).await.map_err(|_| Stopped)?;
        let message = Message::Arrival(Arrival { body, at, ack, _room: Some(room) });
        self.queue.send(message).await.map_err(|_| Stopped)
    }

    /// Hands an arrival on if there is room now for what it is worth: for datagrams, which nobody will send again and
    /// nobody can hold back. False if it had to be dropped.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn try_send(&self, body: Body) -> Result<bool, Stopped> {
        let at = clock::instant();
        let sensor = sensor_of(&body).cloned();
        let body = self.within_quota(body, at);
        let is_frame = !matches!(body, Body::Refused { .. });
        let worth = sensor.as_ref().map_or(Worth::default(), |sensor| self.quotas.worth(sensor));
        if self.free() < worth.needs_free() {
            return Ok(self.dropped(sensor.as_ref(), is_frame));
        }
        let sent = match self.room.clone().try_acquire_many_owned(weight(&body)) {
            Ok(room) => {
                self.queue.try_send(Message::Arrival(Arrival { body, at, ack: None, _room: Some(room) }))
            }
            Err(_) => return Ok(self.dropped(sensor.as_ref(), is_frame)),
        };
        match sent {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(self.dropped(sensor.as_ref(), is_frame)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Stopped),
        }
    }

    /// The share of the room that is free, by items or by bytes, whichever is less.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn free(&self) -> f64 {
        let items = self.queue.capacity() as f64 / MAX_WAITING as f64;
        items.min(self.room.available_permits() as f64 / MAX_WAITING_BYTES as f64)
    }

    /// Always false: it was not handed on.
    fn dropped(&self, sensor: Option<&SensorId>, is_frame: bool) -> bool {
        if let (Some(sensor), true) = (sensor, is_frame) {
            self.metrics.shed(sensor.as_str(), self.quotas.worth(sensor).as_str(), 1);
        }
        false
    }

    /// The arrival, or that it was refused because its sensor says more than it may.
    fn within_quota(&self, body: Body, now: Instant) -> Body {
        if let Body::Refused { sensor, count, reason, .. } = &body {
            self.count_refused(sensor.as_ref(), reason, *count);
            return body;
        }
        let (Body::Frame { sensor, bytes, .. } | Body::Status { sensor, bytes }) = &body else { return body };
        self.metrics.received(sensor.as_str(), 1);
        // Both are asked: what is too long counts against the rate, too.
        let reason = match (self.quotas.admit(sensor, now), self.quotas.holds(sensor, bytes.len())) {
            (true, true) => return body,
            (true, false) => OVERSIZE,
            (false, _) => OVER_RATE,
        };
        self.metrics.refused(sensor.as_str(), reason, 1);
        refused(Some(sensor), reason, bytes)
    }

    fn count_refused(&self, sensor: Option<&SensorId>, reason: &str, count: u64) {
        let sensor = sensor.map_or("", SensorId::as_str);
        self.metrics.received(sensor, count);
        self.metrics.refused(sensor, reason, count);
    }

    /// Tells the pipeline that a second has passed.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn tick(&self) -> Result<(), Stopped> {
        self.queue.send(Message::Tick).await.map_err(|_| Stopped)
    }

    /// Tells the pipeline that something waits; where its queue is full it needs no telling.
    pub fn nudge(&self) {
        let _ = self.queue.try_send(Message::Nudge);
    }

    /// Waits until everything handed on so far has been held and stepped.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn flush(&self) -> Result<(), Stopped> {
        let (done, is_done) = oneshot::channel();
        self.queue.send(Message::Flush(done)).await.map_err(|_| Stopped)?;
        is_done.await.map_err(|_| Stopped)
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

/// That one message was refused before it could become a frame. Whoever invents names must not invent metric labels:
/// what names no sensor of ours is counted under none.
#[must_use]
pub fn refused(sensor: Option<&SensorId>, reason: &str, bytes: &[u8]) -> Body {
    let first_sha256 = Sha256::digest(bytes).into();
    Body::Refused { sensor: sensor.cloned(), count: 1, reason: reason.to_owned(), first_sha256 }
}

fn sensor_of(body: &Body) -> Option<&SensorId> {
    match body {
        Body::Frame { sensor, .. } | Body::Status { sensor, .. } => Some(sensor),
        _ => None,
    }
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
    use crate::metrics::Setup;
    use crate::record::Link;
    use crate::sensor::SensorId;

    fn intake(quotas: Quotas) -> (Intake, mpsc::Receiver<Message>) {
        let setup = Setup {
            started: crate::time::Timestamp::from_secs(0),
            sector: "east",
            sensors: &[],
            sinks: &[],
            zones: &[],
            quarantine_reasons: &[],
            refusal_reasons: REASONS,
        };
        Intake::new(quotas, Arc::new(Metrics::new(&setup)))
    }

    fn frame(sensor: &str, len: usize) -> Body {
        Body::Frame { sensor: SensorId::new(sensor).unwrap(), link: Link::Udp, bytes: vec![0; len] }
    }

    #[tokio::test]
    async fn what_is_worth_least_is_dropped_first() {
        let quota = |(sensor, worth)| {
            let sensor = SensorId::new(sensor).unwrap();
            quota::Quota { sensor, per_s: 1e6, max_payload_bytes: MAX_WAITING_BYTES, worth }
        };
        let all = [("spare", Worth::Redundant), ("only", Worth::Ordinary), ("near", Worth::NearLine)];
        let (intake, _receiver) = intake(Quotas::new(&all.map(quota)));
        let taken = || all.map(|(sensor, _)| intake.try_send(frame(sensor, 1)).unwrap());
        assert_eq!(taken(), [true, true, true]);
        intake.try_send(frame("near", MAX_WAITING_BYTES / 2)).unwrap();
        assert_eq!(taken(), [false, true, true]);
        intake.try_send(frame("near", MAX_WAITING_BYTES / 4)).unwrap();
        assert_eq!(taken(), [false, false, true]);
        let text = intake.metrics.render(crate::time::Timestamp::from_secs(0));
        for (sensor, worth, count) in [("spare", "redundant", 2), ("only", "ordinary", 1)] {
            let line = format!("{{class=\"{worth}\",sensor=\"{sensor}\",sector=\"east\"}} {count}");
            assert!(text.contains(&format!("linewatch_arrivals_shed_total{line}")), "{line} in {text}");
        }
    }

    #[tokio::test]
    async fn a_payload_over_its_sensors_cap_is_refused_by_name() {
        let sensor = SensorId::new("u1").unwrap();
        let quota = quota::Quota { sensor, per_s: 5.0, max_payload_bytes: 10, worth: Worth::NearLine };
        let (intake, mut receiver) = intake(Quotas::new(&[quota]));
        for len in [10, 11] {
            intake.try_send(frame("u1", len)).unwrap();
        }
        let mut reasons = Vec::new();
        while let Ok(Message::Arrival(arrival)) = receiver.try_recv() {
            reasons.push(match arrival.body {
                Body::Refused { reason, .. } => reason,
                _ => String::new(),
            });
        }
        assert_eq!(reasons, ["", OVERSIZE]);
    }

    #[tokio::test]
    async fn what_may_wait_is_bounded_in_bytes_and_room_comes_back() {
        let (intake, mut receiver) = intake(Quotas::default());
        let frame = |len| frame("u1", len);
        assert_eq!(intake.try_send(frame(MAX_WAITING_BYTES)), Ok(true));
        assert_eq!(intake.try_send(frame(1)), Ok(false), "no room left");
        drop(receiver.recv().await);
        assert_eq!(intake.try_send(frame(1)), Ok(true));
        drop(receiver);
        assert_eq!(intake.try_send(frame(1)), Err(Stopped));
    }
}
