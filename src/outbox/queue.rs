//! What one sink is owed, oldest first, by sequence: every operation is logarithmic in what is owed.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::standing::{Revision, Standing, Standings, Told};
use super::{Beat, Delivery, Ledger, LedgerSlot, Limits, locked};
use crate::metrics::Metrics;
use crate::time::Timestamp;

/// One notice owed to one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its place among everything ever owed; grows, the same for every sink.
    pub sequence: u64,
    /// The alert's id.
    pub alert: Arc<str>,
    /// Its revision.
    pub revision: u32,
    /// When this revision was raised.
    pub raised_at: Timestamp,
    /// The bytes every sink sends.
    pub json: Arc<str>,
    /// Whether the alert is open after it.
    pub standing: bool,
    /// The revisions before it that nothing has cleared, ascending; of very many the latest. Out of a queue, those that its
    /// sink was told.
    pub earlier: Arc<[Revision]>,
    /// Who is told of the alert.
    pub told: Arc<Told>,
}

/// What one sink is owed.
#[derive(Debug)]
pub struct Queue {
    /// Whose.
    pub sink: Arc<str>,
    limits: Limits,
    metrics: Arc<Metrics>,
    ledger: LedgerSlot,
    standings: Arc<Mutex<Standings>>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Not acknowledged.
    owed: BTreeMap<u64, Owed>,
    /// Acknowledged, and not yet in the log.
    unrecorded: BTreeMap<u64, Owed>,
    /// Of both.
    bytes: usize,
    beat: Option<Beat>,
    closed: bool,
}

impl State {
    pub(super) fn of(entries: impl Iterator<Item = Owed>) -> Self {
        let owed: BTreeMap<u64, Owed> = entries.map(|owed| (owed.sequence, owed)).collect();
        let bytes = owed.values().map(|owed| owed.json.len()).sum();
        Self { owed, bytes, ..Self::default() }
    }

    /// Takes out the oldest entry of the fold, and whether it was still owed. Whether it was acknowledged must not
    /// matter to which one goes: that is not in the log.
    fn give_up_oldest(&mut self) -> Option<bool> {
        let first = |entries: &BTreeMap<u64, Owed>| entries.keys().next().copied().unwrap_or(u64::MAX);
        let still_owed = first(&self.owed) < first(&self.unrecorded);
        let entries = if still_owed { &mut self.owed } else { &mut self.unrecorded };
        let (_, gone) = entries.pop_first()?;
        self.bytes -= gone.json.len();
        Some(still_owed)
    }
}

impl Queue {
    pub(super) fn new(
        sink: &str,
        limits: Limits,
        metrics: Arc<Metrics>,
        standings: Arc<Mutex<Standings>>,
    ) -> Self {
        Self {
            sink: sink.into(),
            limits,
            metrics,
            ledger: LedgerSlot::default(),
            standings,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn keep_ledger(&self, ledger: &Ledger) {
        // The first stays: two would each journal every acknowledgement.
        let _ = self.ledger.0.set(Arc::clone(ledger));
    }

    pub(super) fn push(&self, owed: Owed) {
        let mut state = locked(&self.state);
        state.bytes += owed.json.len();
        state.owed.insert(owed.sequence, owed);
        while state.owed.len() + state.unrecorded.len() > self.limits.notices
            || state.bytes > self.limits.bytes
        {
            match state.give_up_oldest() {
                Some(true) => self.metrics.notice_outcome(&self.sink, Delivery::Dropped),
                Some(false) => {}
                None => break,
            }
        }
        self.tell(&state);
        drop(state);
        self.changed.notify_waiters();
    }

    pub(super) fn recorded(&self, sequence: u64) {
        let mut state = locked(&self.state);
        // Still owed where the log is folded after a restart; then the far end has it all the same.
        let gone = state.unrecorded.remove(&sequence).or_else(|| state.owed.remove(&sequence));
        state.bytes -= gone.map_or(0, |gone| gone.json.len());
        self.tell(&state);
    }

    pub(super) fn replace(&self, contents: State) {
        let mut state = locked(&self.state);
        *state = contents;
        self.tell(&state);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Everything of the fold, acknowledged or not, in order.
    pub(super) fn contents(&self) -> Vec<Owed> {
        let state = locked(&self.state);
        let all: BTreeMap<_, _> = state.owed.iter().chain(&state.unrecorded).collect();
        all.into_values().cloned().collect()
    }

    pub(super) fn close(&self) {
        locked(&self.state).closed = true;
        self.changed.notify_waiters();
    }

    pub(super) fn put_beat(&self, beat: Beat) {
        locked(&self.state).beat = Some(beat);
        self.changed.notify_waiters();
    }

    /// The oldest notice owed that comes after `sequence` (from the beginning for `None`).
    #[must_use]
    pub fn next_after(&self, sequence: Option<u64>) -> Option<Owed> {
        let after = sequence.map_or(Unbounded, Excluded);
        locked(&self.state).owed.range((after, Unbounded)).next().map(|(_, owed)| self.own(owed))
    }

    /// The notice as this sink is to know it: who was told late must not be referred to what it never had.
    fn own(&self, owed: &Owed) -> Owed {
        let since = owed.told.since(&self.sink);
        let mut own = owed.clone();
        if own.earlier.iter().any(|earlier| earlier.revision < since) {
            own.earlier = own.earlier.iter().filter(|earlier| earlier.revision >= since).copied().collect();
        }
        own
    }

    /// The oldest notice owed that comes after `sequence`; waits for one. `None` once the outbox is closed and nothing
    /// comes after.
    pub async fn after(&self, sequence: Option<u64>) -> Option<Owed> {
        loop {
            let changed = self.changed();
            let closed = self.is_closed();
            match self.next_after(sequence) {
                Some(owed) => return Some(owed),
                None if closed => return None,
                None => changed.await,
            }
        }
    }

    /// The notice with this sequence, if it is still owed.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<Owed> {
        locked(&self.state).owed.get(&sequence).map(|owed| self.own(owed))
    }

    /// The far end has acknowledged this notice: it is owed no more. A notice given up meanwhile stays counted as
    /// dropped, so that what was owed is always delivered + dropped + pending.
    pub fn acknowledged(&self, sequence: u64) {
        let mut state = locked(&self.state);
        let Some(owed) = state.owed.remove(&sequence) else { return };
        let ledger = self.ledger.0.get();
        match ledger {
            Some(_) => drop(state.unrecorded.insert(sequence, owed)),
            None => state.bytes -= owed.json.len(),
        }
        self.metrics.notice_outcome(&self.sink, Delivery::Delivered);
        self.tell(&state);
        drop(state);
        if let Some(ledger) = ledger {
            ledger(&self.sink, sequence);
        }
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

    /// The latest dead-man notice, if it is another than number `seen`.
    #[must_use]
    pub fn beat_after(&self, seen: Option<u64>) -> Option<Beat> {
        locked(&self.state).beat.clone().filter(|beat| Some(beat.number) != seen)
    }

    /// The alert that comes after this one by id (the first for `None`), of those open now and of those cleared less
    /// than a quarter of an hour ago, of which this sink is told.
    #[must_use]
    pub fn standing_after(&self, alert: Option<&str>) -> Option<Standing> {
        let standings = locked(&self.standings);
        let mut found = standings.after(alert)?;
        while !found.told.has(&self.sink) {
            found = standings.after(Some(&found.alert))?;
        }
        Some(found)
    }

    /// Whether nothing more will be owed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        locked(&self.state).closed
    }

    /// Ready when something is pushed, a beat is due or the outbox is closed, from the call of this function on.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn tell(&self, state: &State) {
        let oldest = state.owed.values().next().map(|owed| owed.raised_at);
        self.metrics.notices_owed(&self.sink, state.owed.len(), oldest);
    }
}
