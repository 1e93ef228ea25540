//! Where a process begins: from what the disk holds.
//!
//! In: the journal's folder and the settings now in force. Out: the machine as it was, the log ready to go on, and
//! what must be said of the time between. The daemon and the simulator begin the same way. Knows no clock.

use std::io;
use std::sync::Arc;

use crate::committer::Committer;
use crate::engine::{Engine, Settings};
use crate::journal::history::History;
use crate::journal::storage::Storage;
use crate::journal::writer::{Opened, Segments};
use crate::machine::Machine;
use crate::outbox::Outbox;
use crate::record::Body;

/// A process that may begin.
pub struct Restarted {
    /// As the log has left it.
    pub machine: Machine,
    /// The log.
    pub committer: Committer,
    /// What must stand in the log before anything else.
    pub first: Vec<Body>,
    /// What opening the log found.
    pub opened: Opened,
    /// Records stepped to come to this state.
    pub stepped: u64,
}

/// Opens the log, and brings a machine to where the log ends.
///
/// # Errors
/// The journal's folder cannot be read or written, or is not this sector's.
pub fn restart(
    log_storage: Box<dyn Storage>,
    tail_storage: &dyn Storage,
    settings: Settings,
    outbox: Arc<Outbox>,
) -> io::Result<Restarted> {
    let (log, opened) = Segments::open(log_storage, &settings.sector)?;
    let mut machine = Machine::new(Engine::new(settings), outbox);
    let mut tail = History::from(tail_storage, 0)?;
    let mut stepped = 0;
    while let Some(record) = tail.next_record(0)? {
        machine.step(&record, |_, _| {});
        stepped += 1;
    }
    let damage = opened.damage.map(|(from, to)| Body::Damage { from, to });
    let gap = opened.since.map(|since| Body::Gap { since });
    // Said before the process ended, and not held: said again now, in the same bytes.
    let unheld: Vec<Body> = machine.unheld().collect();
    let first = damage.into_iter().chain(gap).chain(unheld).collect();
    Ok(Restarted { machine, committer: Committer::new(Box::new(log), opened.since), first, opened, stepped })
}
