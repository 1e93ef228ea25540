//! The outbox owes every notice to every sink until the far end has acknowledged it.
//!
//! In: notices as the engine raises them, and the log's word that one was delivered. Out: per sink, what is owed next.
//! It is a fold over the log: [`Outbox::owe`] and [`Outbox::recorded`] in the log's order give the same contents
//! whatever the sinks did meanwhile. A notice is owed to those it is addressed to and to whoever was told of its alert.
//! What a far end acknowledged is never sent again by this process, but stays until the log holds the acknowledgement. Each sink has a queue of its own, so a slow one holds up nobody else; a full
//! queue gives up its oldest notice and counts it. Knows no sink kind and no socket; reads no clock.

mod beat;
mod queue;
mod snapshot;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::metrics::Metrics;
use crate::time::Timestamp;
pub use beat::Beat;
use beat::DeadMan;
pub use queue::{Owed, Queue};
pub use snapshot::SnapshotError;
use standing::Standings;
pub use standing::{Revision, Standing, To, Told};

/// Told of every acknowledgement of a far end, with the sink and the notice's sequence: the log is to hold it.
pub type Ledger = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// How much is owed to one sink before the oldest is given up. There is no limit of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Notices.
    pub notices: usize,
    /// Bytes of their JSON.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { notices: 100_000, bytes: 256 << 20 }
    }
}

/// What is left when a drain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The sink.
    pub sink: Arc<str>,
    /// Notices it is still owed.
    pub notices: usize,
}

/// All queues.
#[derive(Debug)]
pub struct Outbox {
    order: Mutex<Order>,
    standings: Arc<Mutex<Standings>>,
    queues: Vec<Arc<Queue>>,
    dead_man: Option<DeadMan>,
}

/// What is the same for every sink.
#[derive(Debug, Default)]
struct Order {
    next_sequence: u64,
}

impl Outbox {
    /// An outbox that owes nothing yet, to these sinks.
    #[must_use]
    pub fn new(sinks: &[&str], limits: Limits, metrics: &Arc<Metrics>) -> Self {
        let standings = Arc::new(Mutex::new(Standings::default()));
        let queue = |sink: &&str| Queue::new(sink, limits, Arc::clone(metrics), Arc::clone(&standings));
        let queues = sinks.iter().map(queue).map(Arc::new).collect();
        Self { order: Mutex::default(), standings, queues, dead_man: None }
    }

    /// From now on every acknowledgement is told to `ledger`, and what is acknowledged stays in the fold until
    /// [`Outbox::recorded`] says that the log holds it. Without a ledger there is no log, and it goes at once.
    pub fn keep_ledger(&self, ledger: &Ledger) {
        for queue in &self.queues {
            queue.keep_ledger(ledger);
        }
    }

    /// From now on this notice is owed to every sink; its sequence. `raised_at` is the stamp of the record that made
    /// the engine raise this revision, `json` the notice's own encoding, made once; `standing` is whether its alert is
    /// open after it.
    pub fn owe(
        &self,
        alert: &str,
        revision: u32,
        raised_at: Timestamp,
        json: Arc<str>,
        standing: bool,
    ) -> u64 {
        self.owe_to(&To::All, alert, Revision { revision, raised_at }, json, standing)
    }

    /// The same, for those it is addressed to, and all who have been told of its alert before. Where none of the sinks
    /// that it names is there, it goes to all: what nobody hears nobody can miss.
    pub fn owe_to(&self, to: &To, alert: &str, latest: Revision, json: Arc<str>, standing: bool) -> u64 {
        let is_there = |sink: &Arc<str>| self.queues.iter().any(|queue| queue.sink == *sink);
        let to = match to {
            To::Sinks(sinks) if sinks.iter().any(is_there) => Some(sinks),
            To::Sinks(_) | To::All => None,
        };
        // Held throughout, so that every queue sees the same order.
        let mut order = locked(&self.order);
        let sequence = order.next_sequence;
        order.next_sequence += 1;
        let (Standing { alert, told, .. }, earlier) =
            locked(&self.standings).say(sequence, alert, latest, &json, standing, to);
        let Revision { revision, raised_at } = latest;
        let told = Arc::new(told);
        let owed = Owed { sequence, alert, revision, raised_at, json, standing, earlier, told };
        for queue in self.queues.iter().filter(|queue| owed.told.has(&queue.sink)) {
            queue.push(owed.clone());
        }
        sequence
    }

    /// A notice that is held, and owed to nobody; its sequence, for in the log it counts like any other.
    pub fn pass_over(&self) -> u64 {
        let mut order = locked(&self.order);
        order.next_sequence += 1;
        order.next_sequence - 1
    }

    /// The log holds that this sink acknowledged this notice: the entry goes for good. A sink or notice that is not
    /// known is nothing to do.
    pub fn recorded(&self, sink: &str, sequence: u64) {
        if let Some(queue) = self.queues.iter().find(|queue| &*queue.sink == sink) {
            queue.recorded(sequence);
        }
    }

    /// The sequence that the next notice gets: how many were raised since the journal began.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        locked(&self.order).next_sequence
    }

    /// The queue of one sink.
    #[must_use]
    pub fn queue(&self, sink: &str) -> Option<Arc<Queue>> {
        self.queues.iter().find(|queue| &*queue.sink == sink).cloned()
    }

    /// Nothing more will be owed: couriers end once their queue is empty.
    pub fn close(&self) {
        self.queues.iter().for_each(|queue| queue.close());
    }

    /// What every sink is still owed.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        self.queues.iter().map(|q| Left { sink: Arc::clone(&q.sink), notices: q.pending() }).collect()
    }
}

/// What became of one attempt, or of a notice; a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Acknowledged by the far end.
    Delivered,
    /// An attempt failed; another follows.
    Retry,
    /// Given up because the queue was full.
    Dropped,
}

impl Delivery {
    /// Every outcome, for metrics.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Retry, Self::Dropped];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Dropped => "dropped",
        }
    }
}

/// Contents are consistent between any two statements, so a panic elsewhere while they were locked does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A ledger that is set once.
#[derive(Default)]
struct LedgerSlot(OnceLock<Ledger>);

impl std::fmt::Debug for LedgerSlot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("LedgerSlot").field(&self.0.get().is_some()).finish()
    }
}
