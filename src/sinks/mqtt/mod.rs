//! The MQTT sink: every notice to `linewatch/v1/SECTOR/alerts` at QoS 1, delivered once the broker's PUBACK is here.
//!
//! In: the sink's queue. Out: publishes over a connection of its own, client id with `-alerts` behind it. The session
//! is clean and every connection starts a fresh client, so nothing of an old connection can be mistaken for the new
//! one's. Receivers drop repeats by `(alert, revision)`. [`publish`] decides, `connection` does.

mod connection;
pub mod publish;
pub mod retained;

use std::sync::Arc;

pub use connection::Broker;
use connection::RealBroker;
use publish::{Act, Publishing, Timing};

use super::DeliveryError;
use super::drive::Stopwatch;
use super::seed;
use crate::outbox::Queue;
use crate::sources;
use crate::time::Timestamp;

const LARGEST_NOTICE_BYTES: usize = 1 << 20;

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
        let broker = RealBroker::new(self.broker.clone(), self.client_id.clone(), self.topic.clone());
        deliver(Publishing::new(Timing::default(), seed()), broker, queue).await;
    }
}

/// Carries out a plan over a line.
async fn deliver(mut plan: Publishing, mut broker: impl Broker, queue: &Queue) {
    // What is published holds no time of its own.
    let watch = Stopwatch::start(Arc::new(|| Timestamp::from_nanos(0)));
    let now = || watch.now().elapsed;
    loop {
        let changed = queue.changed();
        let went_wrong: Result<(), DeliveryError> = match plan.next(now(), queue) {
            Act::Connect => broker.connect().await.map(|()| plan.connected()),
            Act::Publish(token, json) => broker.publish(token, &json),
            Act::Wait(at) => tokio::select! {
                () = watch.until(at) => Ok(()),
                () = changed => Ok(()),
                token = broker.acknowledgement() => {
                    token.map(|token| plan.acknowledged(now(), token, queue))
                }
            },
            Act::HangUp(why) => Err(DeliveryError::Retry(why.to_owned())),
            Act::Goodbye => {
                broker.goodbye().await;
                Ok(())
            }
            Act::Done => return,
        };
        if let Err(error) = went_wrong {
            tracing::warn!(sink = %queue.sink, %error, "no connection");
            broker.hang_up();
            plan.lost(now(), queue);
        }
    }
}
