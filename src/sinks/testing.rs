//! Plans against far ends in simulated time.

use std::sync::Arc;
use std::time::Duration;

use super::DeliveryError;
use super::plan::{Next, Now, Parcel, Plan};
use crate::metrics::{Metrics, Setup};
use crate::outbox::{Limits, Outbox, Queue};
use crate::time::{Span, Timestamp};

/// When everything begins.
pub(super) const START: Timestamp = Timestamp::from_secs(1_767_225_600);

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// An outbox with one sink.
pub(super) fn outbox() -> (Outbox, Arc<Queue>) {
    let metrics = Arc::new(Metrics::new(&Setup {
        started: START,
        sector: "east-3",
        sensors: &[],
        sinks: &["hq"],
        zones: &[],
        quarantine_reasons: &[],
        refusal_reasons: &[],
    }));
    let outbox = Outbox::new(&["hq"], Limits::default(), &metrics);
    let queue = outbox.queue("hq").unwrap();
    (outbox, queue)
}

/// Owes revision 1 of as many alerts.
pub(super) fn owe(outbox: &Outbox, alerts: std::ops::Range<u32>) {
    for n in alerts {
        say(outbox, n, 1, "opened", START);
    }
}

/// Owes one revision of the `n`th alert.
pub(super) fn say(outbox: &Outbox, n: u32, revision: u32, state: &str, at: Timestamp) {
    let json = format!(
        r#"{{"v":1,"alert":"{n:08}","revision":{revision},"state":"{state}","kind":"crossing","raised_at":"{START}"}}"#
    );
    outbox.owe(&format!("{n:08}"), revision, at, json.into(), state != "cleared");
}

pub(super) fn down() -> Result<(), DeliveryError> {
    Err(DeliveryError::Retry("500".to_owned()))
}

pub(super) fn refused() -> Result<(), DeliveryError> {
    Err(DeliveryError::Permanent("422".to_owned()))
}

/// A plan at a moment of simulated time.
pub(super) struct Simulated<P> {
    pub(super) plan: P,
    pub(super) elapsed: Duration,
}

impl<P: Plan> Simulated<P> {
    pub(super) fn new(plan: P) -> Self {
        Self { plan, elapsed: Duration::ZERO }
    }

    pub(super) fn now(&self) -> Now {
        let elapsed = Span::from_nanos(i64::try_from(self.elapsed.as_nanos()).unwrap());
        Now { elapsed: self.elapsed, utc: START.plus(elapsed) }
    }

    /// Runs until `until`, or until the plan is done; `far_end` is told when it got what, and how long it takes to say
    /// what. Returns whether the plan is done.
    pub(super) fn run(
        &mut self,
        queue: &Queue,
        until: Duration,
        mut far_end: impl FnMut(Duration, &Parcel) -> (Duration, Result<(), DeliveryError>),
    ) -> bool {
        while self.elapsed < until {
            match self.plan.next(self.now(), queue) {
                Next::Send(parcel) => {
                    let (took, answer) = far_end(self.elapsed, &parcel);
                    let in_time = took < parcel.patience;
                    self.elapsed += took.min(parcel.patience);
                    let late = || Err(DeliveryError::Retry("no answer in time".to_owned()));
                    self.plan.answered(self.now(), if in_time { answer } else { late() }, queue);
                }
                Next::Wait(at) => {
                    let at = at.unwrap_or(until);
                    assert!(at > self.elapsed, "waits for what has been");
                    self.elapsed = at.min(until);
                }
                Next::Done => return true,
            }
        }
        false
    }
}
