//! The dead-man notice: said at a fixed interval of the log's time, so that silence means trouble.
//!
//! In: the engine's ticks. Out: per sink that wants it, the latest beat; one that was not sent in time is replaced by
//! the next. Never counted as owed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Outbox, locked};
use crate::time::Timestamp;

/// One dead-man notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Counts the intervals since 1970: two beats with the same number are the same.
    pub number: u64,
    /// The tick it was said at.
    pub time: Timestamp,
    /// How often there is one.
    pub every: Duration,
    /// Its JSON.
    pub json: Arc<str>,
}

/// Who wants beats, and what every one of them repeats.
#[derive(Clone, Debug)]
pub(super) struct DeadMan {
    sector: String,
    exercise: bool,
    every: BTreeMap<Arc<str>, Duration>,
}

/// The form of it.
#[derive(Serialize)]
struct DeadManNotice<'a> {
    v: u32,
    kind: &'static str,
    sector: &'a str,
    time: Timestamp,
    pending: BTreeMap<&'a str, usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exercise: bool,
}

impl Outbox {
    /// The same outbox, that also says every so often, to these sinks, that the engine is alive.
    #[must_use]
    pub fn with_dead_man<'a>(
        mut self,
        sector: &str,
        exercise: bool,
        every: impl IntoIterator<Item = (&'a str, Duration)>,
    ) -> Self {
        let every = every.into_iter().map(|(sink, every)| (Arc::from(sink), every)).collect();
        self.dead_man = Some(DeadMan { sector: sector.to_owned(), exercise, every });
        self
    }

    /// The log's time has come to `now`, a tick: forgets what has stood cleared long enough, and says to each sink
    /// whose interval has ended that the engine is alive. A tick that does not come is silence.
    pub fn beat(&self, now: Timestamp) {
        locked(&self.standings).forget(now);
        let Some(dead_man) = &self.dead_man else { return };
        let due = dead_man.every.iter().filter_map(|(sink, every)| {
            let queue = self.queues.iter().find(|queue| queue.sink == *sink)?;
            let number = u64::try_from(now.floor_secs()).unwrap_or(0) / every.as_secs().max(1);
            queue.beat_after(None).is_none_or(|beat| beat.number != number).then_some((queue, number, *every))
        });
        let due: Vec<_> = due.collect();
        if due.is_empty() {
            return;
        }
        let notice = DeadManNotice {
            v: 1,
            kind: "dead_man",
            sector: &dead_man.sector,
            time: now,
            pending: self.queues.iter().map(|queue| (&*queue.sink, queue.pending())).collect(),
            exercise: dead_man.exercise,
        };
        let json = serde_json::to_string(&notice).expect("its keys are text");
        let json: Arc<str> = json.into();
        for (queue, number, every) in due {
            queue.put_beat(Beat { number, time: now, every, json: Arc::clone(&json) });
        }
    }
}
