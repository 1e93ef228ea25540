//! A watch's state, apart from the agreement: what a snapshot holds of it.
//!
//! In: a watch. Out: its state as something serde can write; and again a watch, under the same agreement, that goes on as
//! the first would have. Knows no bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::blind::Blind;
use super::ceiling::Ceiling;
use super::presence::Presence;
use super::{Watch, approach, book, crossing, doubt, sight, standing};

/// A watch's state as read: in the order in which [`Watch::state`] writes it.
#[derive(Deserialize)]
pub struct WatchState {
    lines: Vec<crossing::State>,
    presence: Presence,
    ceilings: BTreeMap<usize, Ceiling>,
    sights: sight::State,
    book: book::BookState,
    gate_transits: u64,
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
            lines, presence, ceilings, sights, book, gate_transits, approaches, blinds, doubts,
            sensors: _, rules: _, gates: _, zones: _, parties: _,
        } = self;
        let lines: Vec<_> = lines.values().map(crossing::Crossing::state).collect();
        let rest = (approaches.state(), blinds, doubts.state());
        (lines, presence, ceilings, sights.state(), book.state(), gate_transits, rest)
    }

    /// Its state as if read from a snapshot.
    #[must_use]
    pub fn read_state(&self) -> Option<WatchState> {
        postcard::from_bytes(&postcard::to_allocvec(&self.state()).ok()?).ok()
    }

    /// A new watch with the state of another under the same agreement; nothing if the state cannot be that.
    #[must_use]
    pub fn with(self, state: WatchState) -> Option<Self> {
        let Self { mut lines, rules, sights, book, approaches, doubts, .. } = self;
        if lines.len() != state.lines.len()
            || state.ceilings.keys().chain(state.blinds.keys()).any(|rule| *rule >= rules.len())
        {
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
            sights: sights.with(state.sights)?,
            book: book.with(state.book)?,
            gate_transits: state.gate_transits,
            approaches: approaches.with(state.approaches),
            blinds: state.blinds,
            doubts: doubts.with(state.doubts)?,
            ..self
        })
    }
}
