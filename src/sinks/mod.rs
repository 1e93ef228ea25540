//! Sinks deliver notices; a slow one slows nobody else.
//!
//! In: what the outbox owes. Out: bytes to the far end, and an acknowledgement back to the outbox once the far end has
//! answered. One courier task per sink; a courier knows its own queue and nothing of the others.

pub mod mqtt;
pub mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::outbox::{Left, Outbox};
use crate::sources;

/// One configured sink. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Its name, also its metric label.
    pub id: String,
    /// What it is.
    pub kind: Kind,
}

/// Where a sink delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// HTTP POST of each notice until the far end answers 2xx.
    Webhook {
        /// Where to.
        url: String,
    },
    /// The sector's alerts topic, over the `[mqtt]` section's broker.
    Mqtt,
}

/// Why a delivery, or a sink, failed: named for what is done next.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The far end cannot be reached or is not well: everything owed to it waits.
    #[error("will be tried again: {0}")]
    Retry(String),
    /// It will not work this way: a notice is set aside and tried again seldom, a sink is not started.
    #[error("refused: {0}")]
    Permanent(String),
}

/// The running couriers.
#[derive(Debug)]
pub struct Couriers {
    tasks: JoinSet<()>,
    outbox: Arc<Outbox>,
}

impl Couriers {
    /// Starts one courier per sink on the current runtime. `broker` is the `[mqtt]` section.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if a sink can never work: its URL is none, it needs a broker and there is none, or
    /// the outbox does not know it. Then none is started.
    pub fn start(
        sinks: &[Settings],
        broker: Option<&sources::mqtt::Settings>,
        sector: &str,
        outbox: &Arc<Outbox>,
    ) -> Result<Self, DeliveryError> {
        let never = |sink: &Settings, why: &str| DeliveryError::Permanent(format!("sink {}: {why}", sink.id));
        let mut tasks = JoinSet::new();
        for sink in sinks {
            let queue = outbox.queue(&sink.id).ok_or_else(|| never(sink, "not in the outbox"))?;
            match &sink.kind {
                Kind::Webhook { url } => {
                    let webhook = webhook::Webhook::new(url)?;
                    tasks.spawn(async move { webhook.run(&queue).await });
                }
                Kind::Mqtt => {
                    let broker = broker.ok_or_else(|| never(sink, "no [mqtt] section says which broker"))?;
                    let courier = mqtt::Courier::new(broker, sector);
                    tasks.spawn(async move { courier.run(&queue).await });
                }
            }
        }
        Ok(Self { tasks, outbox: Arc::clone(outbox) })
    }

    /// Closes the outbox and gives the couriers until `deadline` to deliver what is owed; says what is left.
    pub async fn drain(mut self, deadline: Duration) -> Vec<Left> {
        self.outbox.close();
        let all_done = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all_done).await.is_err() {
            tracing::warn!(deadline_s = deadline.as_secs_f64(), "not every notice was delivered in time");
        }
        self.tasks.shutdown().await;
        self.outbox.left().into_iter().filter(|left| left.notices > 0).collect()
    }
}
