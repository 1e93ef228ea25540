//! Sinks deliver notices; a slow one slows nobody else.
//!
//! In: what the outbox owes. Out: bytes to the far end, and an acknowledgement back to the outbox once the far end has
//! answered. One courier task per sink; a courier knows its own queue and nothing of the others. What a courier
//! decides is a [`plan`] without clock or socket; [`drive`] and [`mqtt`] carry plans out.

pub mod alertmanager;
pub mod cap;
pub mod drive;
mod files;
mod http;
pub mod insist;
pub mod mqtt;
pub mod plan;
pub mod real;
#[cfg(test)]
mod testing;
pub mod webhook;

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::task::JoinSet;

use crate::outbox::{Left, Outbox};
use crate::sources;
use drive::Utc;

/// One configured sink. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Its name, also its metric label.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// How often it is told that the engine is alive; never for `None`.
    pub dead_man: Option<Duration>,
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
    /// Alertmanager's API.
    Alertmanager(alertmanager::Settings),
    /// CAP 1.2 messages as files, POSTed, or both.
    Cap(cap::Settings),
}

/// Why a delivery, or a sink, failed: named for what is done next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// Starts one courier per sink on the current runtime. `broker` is the `[mqtt]` section; `utc` tells the time for
    /// far ends that must be told one.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if a sink can never work: its URL is none, it needs a broker and there is none, or
    /// the outbox does not know it. Then none is started.
    pub fn start(
        sinks: &[Settings],
        broker: Option<&sources::mqtt::Settings>,
        sector: &str,
        outbox: &Arc<Outbox>,
        utc: &Utc,
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
                Kind::Alertmanager(settings) => {
                    let courier = alertmanager::courier(settings, sector, Arc::clone(utc))?;
                    tasks.spawn(async move { courier.run(&queue).await });
                }
                Kind::Cap(settings) => {
                    let courier = cap::courier(settings, sector)?;
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

/// A seed for the waits of one courier, unlike those of any other.
fn seed() -> u64 {
    rand::rng().random()
}
