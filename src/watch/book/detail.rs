//! What only some kinds of rules say: added to a notice in the breath in which it was opened or revised.
//!
//! In: a subject and what to add. Out: the same notice with it, in the book and among those to be sent.

use super::{Book, Subject, position};
use crate::watch::alert::{Notice, Position};
use crate::watch::area::Covariance;
use crate::watch::line::Point;

impl Book {
    /// Adds to the latest notice about a subject, which has just been appended to `out`.
    pub(in crate::watch) fn detail(
        &mut self,
        subject: Subject,
        out: &mut [Notice],
        add: impl FnOnce(&mut Notice),
    ) {
        let Some(entry) = self.entry_mut(subject) else { return };
        let (alert, revision) = (&entry.notice.alert, entry.notice.revision);
        let is_it = |said: &&mut Notice| said.alert == *alert && said.revision == revision;
        let Some(said) = out.iter_mut().rev().find(is_it) else { return };
        add(&mut entry.notice);
        *said = entry.notice.clone();
    }

    /// A place as notices give it.
    pub(in crate::watch) fn place(&self, at: Point, covariance_m2: Covariance) -> Position {
        position(&self.frame, at, covariance_m2)
    }
}
