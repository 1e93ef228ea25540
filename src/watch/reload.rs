//! One watch takes over from another whose agreement differs.
//!
//! In: both. Out: the new one, with every alert, stay and side whose rule says the same in both (by its hash), and
//! "cleared" for every open alert whose rule does not.

use std::collections::BTreeMap;

use super::agreement::RuleKind;
use super::book::Subject;
use super::{Cause, Notice, Watch};
use crate::time::Timestamp;

impl Watch {
    /// Ends every open alert: nothing that is known will be known any more.
    pub(crate) fn clear_all(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        let open: Vec<Subject> = self.book.all_open().map(|(subject, _)| subject).collect();
        open.into_iter().for_each(|subject| self.book.clear(subject, out));
        self.settle(now, Cause::Observed, out);
        self.flood.end(now, out);
    }

    /// Takes over from `old`.
    pub(crate) fn take_over(&mut self, old: &mut Self, out: &mut Vec<Notice>) {
        let same: BTreeMap<usize, usize> = old
            .book
            .rule_hashes()
            .enumerate()
            .filter_map(|(index, hash)| Some((index, self.book.rule_hashes().position(|new| new == hash)?)))
            .collect();
        let gone = old.book.all_open().map(|(subject, _)| subject).filter(|s| !same.contains_key(&s.rule));
        let gone: Vec<Subject> = gone.collect();
        gone.into_iter().for_each(|subject| old.book.clear(subject, out));
        let moved = |subject: Subject| Some(Subject { rule: *same.get(&subject.rule)?, ..subject });
        self.book.take_over(&old.book, moved);
        self.presence.take_over(&old.presence, moved);
        for (index, new) in &same {
            if let Some(ceiling) = old.ceilings.get(index) {
                self.ceilings.insert(*new, *ceiling);
            }
            // The hash covers the geometry: the line is the same, whatever its place in the list.
            let lines = (old.rules.get(*index).map(|r| &r.kind), self.rules.get(*new).map(|r| &r.kind));
            if let (Some(RuleKind::Crossing { line: was, .. }), Some(RuleKind::Crossing { line: is, .. })) =
                lines
                && let (Some(was), Some(is)) = (old.lines.get(was), self.lines.get_mut(is))
            {
                *is = was.clone();
            }
        }
        self.flood = old.flood.clone().restated(|notice| self.book.cite(notice));
        self.gate_transits = old.gate_transits;
    }
}
