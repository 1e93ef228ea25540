//! Carries out a plan in real time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::DeliveryError;
use super::plan::{FarEnd, Next, Now, Plan};
use crate::clock;
use crate::outbox::Queue;
use crate::time::Timestamp;

/// What time it is.
pub type Utc = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Time as plans are told it.
pub(super) struct Stopwatch {
    began: Instant,
    utc: Utc,
}

impl Stopwatch {
    pub(super) fn start(utc: Utc) -> Self {
        Self { began: clock::instant(), utc }
    }

    pub(super) fn now(&self) -> Now {
        Now { elapsed: self.began.elapsed(), utc: (self.utc)() }
    }

    /// Waits until then; for ever for `None`.
    pub(super) async fn until(&self, at: Option<Duration>) {
        match at {
            Some(at) => tokio::time::sleep_until((self.began + at).into()).await,
            None => std::future::pending().await,
        }
    }
}

/// Delivers until the outbox is closed and nothing is owed.
pub async fn deliver(mut plan: impl Plan, mut far_end: impl FarEnd, queue: &Queue, utc: Utc) {
    let watch = Stopwatch::start(utc);
    loop {
        let changed = queue.changed();
        match plan.next(watch.now(), queue) {
            Next::Send(parcel) => {
                let answer = tokio::time::timeout(parcel.patience, far_end.send(&parcel)).await;
                let answer =
                    answer.unwrap_or_else(|_| Err(DeliveryError::Retry("no answer in time".to_owned())));
                plan.answered(watch.now(), answer, queue);
            }
            Next::Wait(at) => tokio::select! {
                () = watch.until(at) => {}
                () = changed => {}
            },
            Next::Done => return,
        }
    }
}
