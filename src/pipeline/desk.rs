//! Acts of persons on their way into the log, and who waits to hear what became of each.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Aside;
use crate::engine::acts::Answer;
use crate::record::Body;

/// Acts that may wait for their answer at once: persons do not act faster.
const MOST_WAITING: usize = 256;

/// Where acts are handed in.
#[derive(Clone)]
pub struct Desk {
    aside: Aside,
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

/// Who waits for the answer to the act of these bytes.
struct Waiting {
    bytes: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

impl Desk {
    /// A desk that puts acts aside for the log.
    #[must_use]
    pub fn new(aside: Aside) -> Self {
        Self { aside, waiting: Arc::default() }
    }

    /// From now on this act waits for its place in the log; what is heard back comes once it is durable and stepped.
    /// Nothing where too many wait already.
    #[must_use]
    pub fn put(&self, bytes: Vec<u8>) -> Option<oneshot::Receiver<Answer>> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|waiting| !waiting.answer.is_closed());
        if waiting.len() >= MOST_WAITING {
            return None;
        }
        waiting.push(Waiting { bytes: bytes.clone(), answer });
        drop(waiting);
        self.aside.put(Body::Act { bytes });
        Some(answered)
    }

    /// What became of an act: told to the first who waits for one of these bytes.
    pub fn answer(&self, bytes: &[u8], answer: Answer) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = waiting.iter().position(|waiting| waiting.bytes == bytes) {
            // Who asked may have stopped waiting.
            let _ = waiting.remove(at).answer.send(answer);
        }
    }
}
