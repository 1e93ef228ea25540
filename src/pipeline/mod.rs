//! Two threads between the sources and the outbox: one holds, one decides.
//!
//! The journal's thread ([`holding`]) takes what sources heard, makes it durable group by group, lets go of its
//! acknowledgements and hands the records on. The engine's thread ([`deciding`]) steps them, and hands what the engine
//! said to the outbox, the metrics and the page; what must be in the log too goes back through [`Aside`].

pub mod deciding;
pub mod desk;
pub mod holding;
pub mod keeping;
pub mod sealing;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::record::Body;
use crate::sources::Intake;

/// How often the page's picture is made anew.
const PICTURE_EVERY: Duration = Duration::from_millis(200);
/// Groups that may wait between the threads: then the disk waits for the engine.
pub const MAX_GROUPS: usize = 64;

/// What must be in the log and no source heard: notices said, deliveries acknowledged, acts. Never blocks, or the two
/// threads could wait for each other; bounded by what the outbox may owe.
#[derive(Clone)]
pub struct Aside {
    bodies: Arc<Mutex<Vec<Body>>>,
    intake: Intake,
}

impl Aside {
    /// An empty one, which wakes the journal's thread through `intake`.
    #[must_use]
    pub fn new(intake: Intake) -> Self {
        Self { bodies: Arc::default(), intake }
    }

    /// From now on `body` waits for its place in the log.
    pub fn put(&self, body: Body) {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        self.intake.nudge();
    }

    fn take(&self) -> Vec<Body> {
        std::mem::take(&mut *self.bodies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
