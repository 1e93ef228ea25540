//! The machine that the log drives: engine and outbox, folded over records.
//!
//! In: records in log order. Out: what the engine said, and what the log does not hold yet of it. The same fold runs
//! live, at a restart and in the simulator, so that all of them come to the same state. Knows no thread and no file.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::{Engine, Event};
use crate::outbox::Outbox;
use crate::record::{Body, Record};
use crate::watch::alert::State;

/// Everything that is a function of the log.
pub struct Machine {
    /// Decides.
    pub engine: Engine,
    /// Owes.
    pub outbox: Arc<Outbox>,
    /// Notices that were said and whose own records have not come by.
    unheld: BTreeSet<Vec<u8>>,
}

impl Machine {
    /// A machine that has seen nothing.
    #[must_use]
    pub fn new(engine: Engine, outbox: Arc<Outbox>) -> Self {
        Self { engine, outbox, unheld: BTreeSet::new() }
    }

    /// Takes one record. A notice it gave rise to is owed from here on; `said` is told of each, with its one encoding.
    pub fn step(&mut self, record: &Record, mut said: impl FnMut(&Event, Option<&Arc<str>>)) {
        match &record.body {
            Body::Notice { bytes } => {
                self.unheld.remove(bytes);
            }
            Body::Delivered { sink, sequence } => self.outbox.recorded(sink, *sequence),
            _ => {}
        }
        let events = self.engine.step(record);
        if record.body == Body::Tick {
            self.outbox.beat(record.received);
        }
        for event in &events {
            let Event::Notice(notice) = event else {
                said(event, None);
                continue;
            };
            let json: Arc<str> = notice.to_json().into();
            let standing = notice.state != State::Cleared;
            self.outbox.owe(&notice.alert, notice.revision, record.received, Arc::clone(&json), standing);
            self.unheld.insert(json.as_bytes().to_vec());
            said(event, Some(&json));
        }
    }

    /// Notices that were said and that the log does not hold yet.
    pub fn unheld(&self) -> impl Iterator<Item = Body> {
        self.unheld.iter().map(|bytes| Body::Notice { bytes: bytes.clone() })
    }
}
