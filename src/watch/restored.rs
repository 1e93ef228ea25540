//! A watch's state, apart from the agreement: what a snapshot holds of it.
//!
//! In: a watch. Out: its state as something serde can write; and again a watch, under the same agreement, that goes on as
//! the first would have. Knows no bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ceiling::Ceiling;
use super::presence::Presence;
use super::{Watch, book, crossing, flood, sight};

/// A watch's state as read: in the order in which [`Watch::state`] writes it.
#[derive(Deserialize)]
pub struct WatchState {
    lines: Vec<crossing::State>,
    presence: Presence,
    ceilings: BTreeMap<usize, Ceiling>,
    sights: sight::State,
    book: book::BookState,
    flood: flood::FloodState,
    gate_transits: u64,
}

impl Watch {
    /// Everything that later output depends on and the agreement does not say.
    pub fn state(&self) -> impl Serialize + '_ {
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Self {
            lines, presence, ceilings, sights, book, flood, gate_transits,
            sensors: _, rules: _, gates: _, zones: _,
        } = self;
        let lines: Vec<_> = lines.values().map(crossing::Crossing::state).collect();
        (lines, presence, ceilings, sights.state(), book.state(), flood.state(), gate_transits)
    }

    /// Its state as if read from a snapshot.
    #[must_use]
    pub fn read_state(&self) -> Option<WatchState> {
        postcard::from_bytes(&postcard::to_allocvec(&self.state()).ok()?).ok()
    }

    /// A new watch with the state of another under the same agreement; nothing if the state cannot be that.
    #[must_use]
    pub fn with(self, state: WatchState) -> Option<Self> {
        let Self { mut lines, rules, sights, book, .. } = self;
        if lines.len() != state.lines.len() || state.ceilings.keys().any(|rule| *rule >= rules.len()) {
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
            flood: flood::Flood::of(state.flood)?,
            gate_transits: state.gate_transits,
            ..self
        })
    }
}
