//! A watch's state, apart from the agreement: what a snapshot holds of it.
//!
//! In: a watch. Out: its state as something serde can write; and again a watch, under the same agreement, that goes on as
//! the first would have. Knows no bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::applies::Used;
use super::blind::Blind;
use super::ceiling::Ceiling;
use super::gates::Passed;
use super::gathering;
use super::loiter::Loiter;
use super::presence::Presence;
use super::surge::Surges;
use super::unsaid::Unsaid;
use super::{Watch, approach, book, crossing, doubt, flood, sight, standing};

/// A watch's state as read: in the order in which [`Watch::state`] writes it.
#[derive(Deserialize)]
pub struct WatchState {
    lines: Vec<crossing::State>,
    presence: Presence,
    ceilings: BTreeMap<usize, Ceiling>,
    surges: Surges,
    gatherings: gathering::State,
    sights: sight::State,
    book: book::BookState,
    flood: flood::FloodState,
    gates: Passed,
    loiter: Loiter,
    unsaid: Unsaid,
    exemptions: Used,
    approaches: approach::State,
    blinds: BTreeMap<usize, Blind>,
    doubts: (doubt::State, standing::State),
}

impl Watch {
    /// Everything that later output depends on and the agreement does not say.
    pub fn state(&self) -> impl Serialize + '_ {
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Self {
            lines, presence, ceilings, surges, gatherings, sights, book, flood, gates, loiter, unsaid,
            terms, approaches, blinds, doubts,
            sensors: _, rules: _, grounds: _, zones: _, reckoned: _, alarm_budget_per_week: _, parties: _,
            line_ids: _, claims: _, permitted: _,
        } = self;
        let lines: Vec<_> = lines.values().map(crossing::Crossing::state).collect();
        (
            lines,
            presence,
            ceilings,
            surges,
            gatherings.state(),
            sights.state(),
            book.state(),
            flood.state(),
            gates.passed(),
            loiter,
            unsaid,
            terms.used(),
            (approaches.state(), blinds, doubts.state()),
        )
    }

    /// Its state as if read from a snapshot.
    #[must_use]
    pub fn read_state(&self) -> Option<WatchState> {
        postcard::from_bytes(&postcard::to_allocvec(&self.state()).ok()?).ok()
    }

    /// A new watch with the state of another under the same agreement; nothing if the state cannot be that.
    #[must_use]
    pub fn with(self, state: WatchState) -> Option<Self> {
        let Self { mut lines, rules, sights, book, gates, terms, gatherings, approaches, doubts, .. } = self;
        let mut named = state.ceilings.keys().chain(state.blinds.keys());
        let of_rules = named.all(|rule| *rule < rules.len()) && state.surges.are_of(rules.len());
        if lines.len() != state.lines.len() || !of_rules {
            return None;
        }
        for (line, state) in lines.values_mut().zip(state.lines) {
            line.set(state);
        }
        Some(Self {
            lines,
            rules,
            presence: state.presence,
            ceilings: state.ceilings,
            surges: state.surges,
            gatherings: gatherings.with(state.gatherings)?,
            sights: sights.with(state.sights)?,
            book: book.with(state.book)?,
            flood: flood::Flood::of(state.flood)?,
            gates: gates.with(state.gates),
            loiter: state.loiter,
            unsaid: state.unsaid,
            terms: terms.with(state.exemptions),
            approaches: approaches.with(state.approaches),
            blinds: state.blinds,
            doubts: doubts.with(state.doubts)?,
            ..self
        })
    }
}
