//! The webhook: each notice is POSTed as the contract's JSON, one after the other, until the far end answers 2xx.
//!
//! Receivers drop repeats by `(alert, revision)`, which is also the `Idempotency-Key`. A dead-man notice has no key.

use std::sync::Arc;

use super::drive::{Utc, deliver};
use super::insist::{Insist, Wording};
use super::real::RealFarEnd;
use super::{DeliveryError, seed};
use crate::outbox::{Beat, Owed, Queue};
use crate::time::Timestamp;

pub use super::insist::Timing;

const JSON: &str = "application/json";

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    to: RealFarEnd,
    timing: Timing,
}

/// A webhook's words: the contract's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Wording for Json {
    fn notice(&self, owed: &Owed) -> (String, &'static str, Arc<str>) {
        (format!("{}.{}", owed.alert, owed.revision), JSON, Arc::clone(&owed.json))
    }

    fn beat(&self, beat: &Beat) -> Option<(&'static str, Arc<str>)> {
        Some((JSON, Arc::clone(&beat.json)))
    }
}

impl Webhook {
    /// A webhook to `url`, `http` or `https`.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if that is no such URL.
    pub fn new(url: &str) -> Result<Self, DeliveryError> {
        Self::with_timing(url, Timing::default())
    }

    /// The same, with other waits.
    ///
    /// # Errors
    /// As [`Webhook::new`].
    pub fn with_timing(url: &str, timing: Timing) -> Result<Self, DeliveryError> {
        Ok(Self { to: RealFarEnd::post(url, timing.attempt)?, timing })
    }

    /// Delivers until the outbox is closed and nothing is owed.
    pub async fn run(&self, queue: &Queue) {
        // Its words hold no time of its own.
        let utc: Utc = Arc::new(|| Timestamp::from_nanos(0));
        deliver(Insist::new(Json, self.timing, seed()), self.to.clone(), queue, utc).await;
    }
}
