//! What is not observed: acts of persons, and what of all that is said goes to whom.
//!
//! In: an act, or the notices of one step. Out: what became of the one; the others, marked where they go to no sink.

use super::Watch;
use super::flood::{Cause, Indicators};
use crate::time::Timestamp;
use crate::watch::alert::Notice;
use crate::watch::life::{Act, Done, Refusal};

impl Watch {
    /// Somebody does something to an alert.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(&mut self, now: Timestamp, act: &Act, out: &mut Vec<Notice>) -> Result<Done, Refusal> {
        match self.flood.act(now, act, out) {
            None => self.book.act(now, act, out),
            Some(Err(refusal)) => Err(refusal),
            Some(Ok((done, members))) => {
                for alert in members {
                    // One that is acknowledged already, or over, needs nothing.
                    let _ = self.book.act(now, &Act { alert, ..act.clone() }, out);
                }
                Ok(done)
            }
        }
    }

    /// A step is over: of what it said, marks what goes to no sink, and adds what is said instead.
    pub fn settle(&mut self, now: Timestamp, cause: Cause, said: &mut Vec<Notice>) {
        if !said.is_empty() {
            self.flood.sift(self.book.sector(), now, cause, said);
        }
        if cause == Cause::Tick {
            let behind = self.flood.tick(now, said);
            self.book.say_again(&behind, said);
        }
    }

    /// How well the alarms serve those who hear them, and since when there is a flood, if there is one.
    #[must_use]
    pub fn indicators(&self) -> (&Indicators, Option<Timestamp>) {
        (self.flood.indicators(), self.flood.since())
    }
}
