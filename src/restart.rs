//! Where a process begins: from what the disk holds.
//!
//! In: the journal's folder and the settings now in force. Out: the machine as it was, the log ready to go on, and
//! what must be said of the time between. The newest usable snapshot and the log behind it make the state, so that a
//! start takes the same time after a day and after a year. The daemon and the simulator begin the same way. Knows no
//! clock.

use std::io;
use std::sync::Arc;

use crate::committer::Committer;
use crate::engine::Settings;
use crate::engine::reload::Reload;
use crate::journal::Log as _;
use crate::journal::history::History;
use crate::journal::snapshots;
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
    /// Where the snapshot was taken that it went on from.
    pub snapshot: Option<u64>,
    /// Records stepped to come to this state.
    pub stepped: u64,
}

/// What a process begins under.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The settings.
    pub settings: Settings,
    /// SHA-256 of the configuration file, lower-case hex.
    pub configuration: String,
}

/// Opens the log, and brings a machine to where the log ends. `new_outbox` makes one that owes nothing.
///
/// # Errors
/// The journal's folder cannot be read or written, or is not this sector's.
pub fn restart(
    log_storage: Box<dyn Storage>,
    tail_storage: &dyn Storage,
    in_force: InForce,
    outbox: &Arc<Outbox>,
) -> io::Result<Restarted> {
    go_on(Segments::open(log_storage, &in_force.settings.sector)?, tail_storage, in_force, outbox)
}

/// The same with a log that is open already.
///
/// # Errors
/// As [`restart`].
pub fn go_on(
    (mut log, opened): (Segments, Opened),
    tail_storage: &dyn Storage,
    in_force: InForce,
    outbox: &Arc<Outbox>,
) -> io::Result<Restarted> {
    let InForce { settings, configuration } = in_force;
    // For the day it is full; where it is now, nothing can be put aside.
    log.keep_reserve()?;
    let restored = snapshots::newest(tail_storage, log.head(), |position, content| {
        Machine::restore(content, Arc::clone(outbox))
            .inspect_err(|why| tracing::warn!(position, why, "a snapshot is passed over"))
            .ok()
            .map(|machine| (position, machine))
    })?;
    let snapshot = restored.as_ref().map(|(position, _)| *position);
    let (from, mut machine) =
        restored.unwrap_or_else(|| (0, Machine::new(settings.clone(), Arc::clone(outbox))));
    let mut tail = History::from(tail_storage, from)?;
    let mut stepped = 0;
    while let Some(record) = tail.next_record(from)? {
        machine.step(&record, |_, _| {});
        stepped += 1;
    }
    let damage = opened.damage.map(|(from, to)| Body::Damage { from, to });
    let gap = opened.since.map(|since| Body::Gap { since });
    // Said before the process ended, and not held: said again now, in the same bytes.
    let unheld: Vec<Body> = machine.unheld().collect();
    let is_new = opened.since.is_none() || !machine.engine.is_under(&settings);
    let reload = is_new.then(|| Body::Reload { bytes: Reload::new(settings, &configuration).to_bytes() });
    // The gap before all else: nobody saw the seconds it speaks of.
    let first = gap.into_iter().chain(damage).chain(reload).chain(unheld).collect();
    let committer = Committer::new(Box::new(log), opened.since);
    Ok(Restarted { machine, committer, first, opened, snapshot, stepped })
}
