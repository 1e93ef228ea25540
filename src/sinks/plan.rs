//! What a courier decides, apart from how it is done: pure state machines that are told the time and what the far end
//! answered, and say what to do next. The daemon's couriers and a simulator drive the same ones.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::DeliveryError;
use crate::outbox::Queue;
use crate::time::Timestamp;

/// So many failures in a row after the outbox was closed, and a far end is not waited for any longer: what it is owed is
/// owed still when the daemon is started again.
pub const FAILURES_TO_PART: u32 = 2;

/// The time a plan is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since the courier began; never goes back.
    pub elapsed: Duration,
    /// What time it is, for what is said; no decision rests on it.
    pub utc: Timestamp,
}

/// One thing to bring to a far end that answers each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// What it is for the receiver: two with the same name are copies of one. None where the receiver tells by content.
    pub name: Option<String>,
    /// The content's media type.
    pub content_type: &'static str,
    /// The content.
    pub body: Arc<str>,
    /// An answer that takes longer is none.
    pub patience: Duration,
}

/// What a courier does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Bring this, and tell the plan the answer.
    Send(Parcel),
    /// Ask again at this time at the latest, and whenever the queue has changed.
    Wait(Option<Duration>),
    /// The outbox is closed, and nothing is left that could be done now.
    Done,
}

/// The decisions of a courier to a far end that answers one parcel at a time.
pub trait Plan: Send {
    /// What to do. Called again only after the answer, if it was to send.
    fn next(&mut self, now: Now, queue: &Queue) -> Next;

    /// What came of the parcel: nothing says that the far end has it but `Ok`.
    fn answered(&mut self, now: Now, answer: Result<(), DeliveryError>, queue: &Queue);
}

/// A far end that answers one parcel at a time.
pub trait FarEnd: Send {
    /// Brings one parcel; what the far end said to it.
    fn send(&mut self, parcel: &Parcel) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}
