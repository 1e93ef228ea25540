//! The journal's thread: arrivals in, durable records out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use tokio::sync::mpsc;

use super::sealing::Leaves;
use super::{Aside, PICTURE_EVERY};
use crate::clock::{self, Clock};
use crate::committer::{Batch, Committer, GROUP, Group};
use crate::failpoint;
use crate::metrics::{DISK_FULL, Metrics};
use crate::record::Body;
use crate::sources::Message;

/// What the journal's thread works on.
pub struct Holding {
    /// The log.
    pub committer: Committer,
    /// What must come before anything else: that nobody listened, what could not be read.
    pub first: Vec<Body>,
    /// What comes from inside.
    pub aside: Aside,
    /// The clock that stamps.
    pub clock: Clock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Bytes of closed segments, by the keeper.
    pub closed_bytes: Arc<AtomicU64>,
    /// When its stop watch was started.
    pub started: Instant,
    /// The sealer, where the log is kept.
    pub to_sealer: Option<SyncSender<Leaves>>,
}

impl Holding {
    /// Works until told to stop, or until every source is gone; the engine's thread ends with it.
    ///
    /// # Errors
    /// It cannot be known what the disk holds: nothing may be acted on any more, so the daemon must stop.
    pub fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        to_engine: &SyncSender<Group>,
    ) -> std::io::Result<()> {
        let mut shown = clock::instant();
        let mut batch = Batch::default();
        std::mem::take(&mut self.first).into_iter().for_each(|body| batch.add(body));
        let mut stop = false;
        if !batch.is_empty() && !self.hold(batch, to_engine)? {
            return Ok(());
        }
        while !stop {
            let batch = self.gather(&mut messages);
            stop = batch.stop;
            if !self.hold(batch, to_engine)? {
                break;
            }
            if stop || shown.elapsed() >= PICTURE_EVERY {
                shown = clock::instant();
                let closed = self.closed_bytes.load(Ordering::Relaxed);
                self.metrics.journal_bytes(closed + self.committer.log().bytes());
                self.metrics.journal_full(self.committer.is_full());
            }
        }
        Ok(())
    }

    /// Waits for something, and takes what else is there: a group is begun as soon as the one before it is safe.
    fn gather(&self, messages: &mut mpsc::Receiver<Message>) -> Batch {
        let mut batch = Batch::default();
        match messages.blocking_recv() {
            Some(first) => batch.take(first),
            None => batch.stop = true,
        }
        while batch.len() < GROUP && !batch.stop {
            let Ok(message) = messages.try_recv() else { break };
            batch.take(message);
        }
        self.aside.take().into_iter().for_each(|body| batch.add(body));
        batch
    }

    /// False if the engine's thread is gone.
    fn hold(&mut self, batch: Batch, to_engine: &SyncSender<Group>) -> std::io::Result<bool> {
        let began = clock::instant();
        let watch = began.duration_since(self.started);
        let mut group = self.committer.commit(self.clock.now(), watch, batch)?;
        self.metrics.sync_took(began.elapsed().as_secs_f64());
        failpoint::pass("after_ack");
        let leaves = std::mem::take(&mut group.leaves);
        if let (Some(to_sealer), Some(record)) = (&self.to_sealer, group.records.first()) {
            // A sealer that is busy reads from the disk what it missed.
            let _ = to_sealer.try_send(Leaves { first: record.position, leaves });
        }
        self.metrics.journaled(&group.records);
        group.turned_away.iter().for_each(|sensor| self.metrics.shed(sensor.as_str(), DISK_FULL, 1));
        Ok(to_engine.send(group).is_ok())
    }
}
