//! One watch takes over from another whose agreement differs.
//!
//! In: both. Out: the new one, with every alert, stay and side that still stands for something, and "cleared" for every
//! open alert that does not.
//!
//! A rule is in both if it says the same in both (by its hash), or has the same name, kind and geometry and other terms:
//! other dates, hours, classes, limits. Its alerts go on under the ids they have; what the new terms do not support any
//! more clears by itself, as it would if the thing had left. The sides of a line are kept with the line, whatever rules
//! are about it, so that who is on his way across is not lost, and nobody is said to have crossed who only was there.

use std::collections::BTreeMap;

use super::book::{self, Subject};
use super::{Cause, Notice, Watch};
use crate::time::Timestamp;

impl Watch {
    /// Ends every open alert but those about the system itself: nothing that is known of tracks will be known any more.
    pub(crate) fn clear_all(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        let system = 2 * self.rules.len();
        let open = self.book.all_open().map(|(subject, _)| subject).filter(|subject| subject.rule < system);
        let open: Vec<Subject> = open.collect();
        open.into_iter().for_each(|subject| self.book.clear(subject, out));
        self.settle(now, Cause::Observed, out);
        self.flood.end(now, out);
    }

    /// Takes over from `old` what is about no track and no rule.
    pub(crate) fn keep_system(&mut self, old: &Self) {
        self.book.keep_system(&old.book, [old.rules.len(), self.rules.len()]);
    }

    /// Takes over from `old`.
    pub(crate) fn take_over(&mut self, old: &mut Self, out: &mut Vec<Notice>) {
        let same: BTreeMap<usize, usize> = old
            .book
            .rule_hashes()
            .zip(&old.grounds)
            .enumerate()
            .filter_map(|(index, (hash, ground))| {
                let exact = self.book.rule_hashes().position(|new| new == hash);
                let new = exact.or_else(|| self.grounds.iter().position(|new| new == ground));
                Some((index, new?))
            })
            .collect();
        let rules = [old.rules.len(), self.rules.len()];
        let moved = |subject: Subject| book::moved(subject, &same, rules);
        let gone = old.book.all_open().map(|(subject, _)| subject).filter(|s| moved(*s).is_none());
        let gone: Vec<Subject> = gone.collect();
        gone.into_iter().for_each(|subject| old.book.clear(subject, out));
        self.book.take_over(&old.book, moved);
        self.presence.take_over(&old.presence, moved);
        for (index, new) in &same {
            if let Some(ceiling) = old.ceilings.get(index) {
                self.ceilings.insert(*new, ceiling.clone());
            }
            self.surges.take_over(&old.surges, *index, *new);
            self.gatherings.take_over(&old.gatherings, *index, *new);
            if let Some(blind) = old.blinds.get(index) {
                self.blinds.insert(*new, blind.clone());
            }
        }
        for line in self.lines.values_mut() {
            if let Some(was) = old.lines.values().find(|was| was.is_of_the_line_of(line)) {
                *line = was.clone();
            }
        }
        self.loiter.take_over(&old.loiter, moved);
        self.unsaid.take_over(&old.unsaid, moved);
        self.gates.take_over(&old.gates);
        self.terms.take_over(&old.terms);
        self.flood = old.flood.clone().restated(|notice| self.book.cite(notice));
        self.approaches.take_over(&old.approaches, moved);
        // What is known of sensors and identities is of no rule.
        self.doubts = old.doubts.clone();
    }
}
