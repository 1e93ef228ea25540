//! The outbox owes every notice to every sink until the far end has acknowledged it.
//!
//! In: notices with their one encoding. Out: per sink, what is owed next. Each sink has a queue of its own, so a slow
//! one holds up nobody else. Kept in memory and bounded: a full queue gives up its oldest notice and counts it.
//! Knows no sink kind and no socket; reads no clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::watch::Notice;

/// How much is owed to one sink before the oldest is given up.
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

/// One notice owed to one sink.
#[derive(Clone, Debug)]
pub struct Owed {
    /// Its place among everything ever owed; grows, the same for every sink.
    pub sequence: u64,
    /// What is said.
    pub notice: Arc<Notice>,
    /// The bytes every sink sends.
    pub json: Arc<str>,
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
    next_sequence: Mutex<u64>,
    queues: Vec<Arc<Queue>>,
}

impl Outbox {
    /// An outbox that owes nothing yet, to these sinks.
    #[must_use]
    pub fn new(sinks: &[&str], limits: Limits, metrics: &Arc<Metrics>) -> Self {
        let queues =
            sinks.iter().map(|sink| Arc::new(Queue::new(sink, limits, Arc::clone(metrics)))).collect();
        Self { next_sequence: Mutex::new(0), queues }
    }

    /// From now on `notice` is owed to every sink. `json` is the notice's own encoding, made once.
    pub fn owe(&self, notice: &Arc<Notice>, json: &Arc<str>) {
        // Held throughout, so that every queue sees the same order.
        let mut next = locked(&self.next_sequence);
        for queue in &self.queues {
            queue.push(Owed { sequence: *next, notice: Arc::clone(notice), json: Arc::clone(json) });
        }
        *next += 1;
    }

    /// The queue of one sink.
    #[must_use]
    pub fn queue(&self, sink: &str) -> Option<Arc<Queue>> {
        self.queues.iter().find(|queue| &*queue.sink == sink).cloned()
    }

    /// The log says that a sink's far end has acknowledged this notice.
    pub fn recorded(&self, sink: &str, sequence: u64) {
        if let Some(queue) = self.queue(sink) {
            let mut state = locked(&queue.state);
            if let Ok(at) = state.owed.binary_search_by_key(&sequence, |owed| owed.sequence) {
                state.owed.remove(at);
            }
        }
    }

    /// Nothing more will be owed: couriers end once their queue is empty.
    pub fn close(&self) {
        for queue in &self.queues {
            locked(&queue.state).closed = true;
            queue.changed.notify_waiters();
        }
    }

    /// What every sink is still owed.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        self.queues.iter().map(|q| Left { sink: Arc::clone(&q.sink), notices: q.pending() }).collect()
    }
}

/// What one sink is owed, oldest first.
#[derive(Debug)]
pub struct Queue {
    /// Whose.
    pub sink: Arc<str>,
    limits: Limits,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    owed: VecDeque<Owed>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    fn new(sink: &str, limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self { sink: sink.into(), limits, metrics, state: Mutex::default(), changed: Notify::new() }
    }

    fn push(&self, owed: Owed) {
        let mut state = locked(&self.state);
        state.bytes += owed.json.len();
        state.owed.push_back(owed);
        while state.owed.len() > self.limits.notices || state.bytes > self.limits.bytes {
            let Some(given_up) = state.owed.pop_front() else { break };
            state.bytes -= given_up.json.len();
            self.metrics.notice_outcome(&self.sink, Delivery::Dropped);
        }
        self.tell(&state);
        drop(state);
        self.changed.notify_waiters();
    }

    /// The oldest notice owed that comes after `sequence` (from the beginning for `None`); waits for one. `None` once
    /// the outbox is closed and nothing comes after.
    pub async fn after(&self, sequence: Option<u64>) -> Option<Owed> {
        loop {
            let changed = self.changed.notified();
            {
                let state = locked(&self.state);
                let at = sequence.map_or(0, |s| state.owed.partition_point(|owed| owed.sequence <= s));
                match state.owed.get(at) {
                    Some(owed) => return Some(owed.clone()),
                    None if state.closed => return None,
                    None => {}
                }
            }
            changed.await;
        }
    }

    /// The notice with this sequence, if it is still owed.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<Owed> {
        let state = locked(&self.state);
        let at = state.owed.binary_search_by_key(&sequence, |owed| owed.sequence).ok()?;
        state.owed.get(at).cloned()
    }

    /// The far end has acknowledged this notice: it is owed no more. A notice given up meanwhile stays counted as
    /// dropped, so that what was owed is always delivered + dropped + pending.
    pub fn acknowledged(&self, sequence: u64) {
        let mut state = locked(&self.state);
        let Ok(at) = state.owed.binary_search_by_key(&sequence, |owed| owed.sequence) else { return };
        if let Some(owed) = state.owed.remove(at) {
            state.bytes -= owed.json.len();
            self.metrics.notice_outcome(&self.sink, Delivery::Delivered);
        }
        self.tell(&state);
    }

    /// An attempt failed; the notice stays owed.
    pub fn retried(&self) {
        self.metrics.notice_outcome(&self.sink, Delivery::Retry);
    }

    /// How many notices are owed.
    #[must_use]
    pub fn pending(&self) -> usize {
        locked(&self.state).owed.len()
    }

    /// Returns when the outbox is closed.
    pub async fn closed(&self) {
        loop {
            let changed = self.changed.notified();
            if locked(&self.state).closed {
                return;
            }
            changed.await;
        }
    }

    fn tell(&self, state: &State) {
        let oldest = state.owed.front().map(|owed| owed.notice.raised_at);
        self.metrics.notices_owed(&self.sink, state.owed.len(), oldest);
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

/// A queue is consistent between any two statements, so a panic elsewhere while it was locked does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
