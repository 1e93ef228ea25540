//! The checkpoint's topic: the newest signed head of the journal, retained, so that whoever subscribes has it at once.
//!
//! In: the newest, whenever there is one. Out: publishes at QoS 1 over a connection of its own. Only the newest counts:
//! it covers all before it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::connection::{Broker, RealBroker};
use super::publish::Token;
use crate::backoff::Backoff;
use crate::sinks::{DeliveryError, seed};
use crate::sources;

const BASE: Duration = Duration::from_millis(250);
const CAP: Duration = Duration::from_secs(5);
/// Without an acknowledgement for so long the line is dead.
const OVERDUE: Duration = Duration::from_secs(10);

/// Publishes until the sender is gone and its last word is acknowledged.
pub async fn run(
    broker: sources::mqtt::Settings,
    sector: String,
    mut newest: watch::Receiver<Option<Arc<str>>>,
) {
    let client_id = format!("{}-checkpoint", broker.client_id);
    let topic = format!("linewatch/v1/{sector}/checkpoint");
    let mut broker = RealBroker::new(broker, client_id, topic).retaining();
    let mut backoff = Backoff::seeded(BASE, CAP, seed());
    while let Err(error) = publish(&mut broker, &mut newest, &mut backoff).await {
        tracing::warn!(%error, "no connection to publish checkpoints over");
        broker.hang_up();
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

async fn publish(
    broker: &mut impl Broker,
    newest: &mut watch::Receiver<Option<Arc<str>>>,
    backoff: &mut Backoff,
) -> Result<(), DeliveryError> {
    broker.connect().await?;
    let (mut acknowledged, mut under_way) = (None, None);
    let mut is_over = false;
    for number in 0.. {
        let wanted = newest.borrow_and_update().clone();
        if wanted != acknowledged && under_way.is_none() {
            if let Some(text) = &wanted {
                broker.publish(Token::Beat(number), text)?;
            }
            under_way.clone_from(&wanted);
        }
        if is_over && wanted == acknowledged {
            break;
        }
        tokio::select! {
            changed = newest.changed(), if !is_over => is_over = changed.is_err(),
            token = broker.acknowledgement() => {
                token?;
                backoff.reset();
                acknowledged = under_way.take();
            }
            () = tokio::time::sleep(OVERDUE), if under_way.is_some() => {
                return Err(DeliveryError::Retry("no acknowledgement in time".to_owned()));
            }
        }
    }
    broker.goodbye().await;
    Ok(())
}
