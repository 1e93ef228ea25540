//! What a track was made of, so that late data can be put where it belongs.
//!
//! Looks live once in the shared [`LookRing`]; a track's [`History`] holds references into it in blocks, each of which
//! begins with the full state before its first entry. A late look is put between the entries it falls between, and the
//! track is filtered again from there: where targets never share a gate the result is that of in-order arrival.
//! Blocks come from a pool and go back to it: a track that is followed allocates nothing.

use std::collections::VecDeque;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::existence::{Existence, Fades, Looking};
use super::filter::Gaussian;
use super::height::Height;
use super::measure::Measured;
use super::motion::{Imm, Motion};
use super::packed::{self, Bytes};
use super::ring::{KEPT_S, LookNumber, LookRing, Looked, RING_S};
use super::{initiate, update};
use crate::time::{Span, Timestamp};

/// In place of a detection's index: the look covered the track and did not report it.
pub(super) const MISSED: u32 = u32::MAX;
/// Entries per block: with a state of 568 bytes, 31 bytes an entry all told.
const BLOCK: usize = 50;
/// Blocks kept for reuse.
const MOST_SPARE: usize = 4_096;

/// What one look said about one track.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// The low half of the look's number.
    pub look: u32,
    /// Which of its detections, or [`MISSED`].
    pub detection: u32,
    /// Detection probability at the track, visible or not.
    pub pd: f32,
    /// What joint association made of the existence odds; NaN: the track was alone with its detection.
    pub factor: f32,
    /// P(the detection is this target's and not another's), where that is open; else one.
    pub sure: f32,
}

/// Everything that is filtered about a track.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub time: Timestamp,
    pub imm: Imm,
    pub height: Option<Height>,
    pub existence: Existence,
}

/// The state before some entries, and the entries.
#[derive(Clone, Debug)]
struct Block {
    before: State,
    /// No entry is measured before this.
    key: Timestamp,
    /// Entries `from..to` are in use; what was before `from` is part of the state already.
    from: u8,
    to: u8,
    entries: [Entry; BLOCK],
}

/// Blocks not in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool(
    #[expect(clippy::vec_box, reason = "blocks move between the pool and tracks by pointer")] Vec<Box<Block>>,
);

/// A track's entries with the states between them, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    blocks: VecDeque<Box<Block>>,
    /// Before this there is nothing to forget.
    due: Timestamp,
}

/// A track as it was, and where in its history that is.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub state: State,
    block: usize,
    entry: usize,
}

impl State {
    /// What one look did to the track; `None`, and nothing changed, if the result was not sound.
    /// `predicted`, if it is at hand, is the state's own prediction to the look's time with its mean.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        look: &Looked,
        motion: &Motion,
        fades: &mut Fades,
        predicted: Option<(&Imm, &Gaussian)>,
    ) -> Option<()> {
        let at = look.time;
        let factor = Some(f64::from(entry.factor)).filter(|factor| factor.is_finite());
        let missed = Looking { sensor: look.sensor, at, pd: f64::from(entry.pd), ratio: 0.0, factor };
        if entry.detection == MISSED {
            self.existence.look(&missed, fades);
            return Some(());
        }
        let m = look.detections.get(entry.detection as usize)?;
        let dt_s = at.since(self.time).as_secs_f64();
        let own;
        let (imm, mean) = match predicted {
            Some(predicted) => predicted,
            None => {
                let imm = motion.predict(&self.imm, dt_s);
                own = (imm, imm.mean());
                (&own.0, &own.1)
            }
        };
        let altitude = self.height.map(|height| height.at(dt_s));
        let mut next = *imm;
        let density = update::absorbed(imm, mean, altitude, &look.site, m, &mut next)?;
        if entry.sure < 1.0 {
            // Somebody is there; whether it is the one that was elsewhere a minute ago is open, and with it the speed.
            next = next.mixed(f64::from(entry.sure), &initiate::start(m, true));
        }
        let ratio = (density / m.clutter).min(1e30);
        let ratio = if m.is_report() { ratio.min(10.0) } else { ratio };
        // A direction fits whatever stands in line: it refines, and neither raises nor lowers belief.
        let ratio = if m.is_bearing() { 1.0 } else { ratio };
        self.imm = next;
        self.height = Height::after(self.height, dt_s, m.altitude);
        self.time = at;
        self.existence.look(&Looking { ratio, ..missed }, fades);
        Some(())
    }
}

/// A block as a snapshot holds it: its entries as bytes, without those not in use.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    before: State,
    key: Timestamp,
    from: u8,
    #[serde(borrow)]
    entries: Bytes<'a>,
}

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut room = [0; BLOCK * packed::ENTRY];
        let entries = Bytes(packed::entries(self.used(), &mut room));
        Kept { before: self.before, key: self.key, from: self.from, entries }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(from)?;
        let mut block = Self {
            before: kept.before,
            key: kept.key,
            from: kept.from,
            to: kept.from,
            entries: [Entry::default(); BLOCK],
        };
        let read = packed::read_entries(kept.entries.0).ok_or_else(|| D::Error::custom("half an entry"))?;
        for entry in read {
            let room = block.entries.get_mut(usize::from(block.to));
            *room.ok_or_else(|| D::Error::custom("a block too full"))? = entry;
            block.to += 1;
        }
        if usize::from(block.from) > BLOCK {
            return Err(D::Error::custom("a block that begins beyond its end"));
        }
        Ok(block)
    }
}

impl Block {
    fn used(&self) -> &[Entry] {
        &self.entries[usize::from(self.from)..usize::from(self.to)]
    }

    fn is_full(&self) -> bool {
        usize::from(self.to) == BLOCK
    }
}

impl Pool {
    /// Bytes of the blocks not in use.
    pub(super) fn held(&self) -> usize {
        self.0.len() * size_of::<Block>() + self.0.capacity() * size_of::<Box<Block>>()
    }

    fn take(&mut self, before: &State, key: Timestamp) -> Box<Block> {
        let Some(mut block) = self.0.pop() else {
            let entries = [Entry::default(); BLOCK];
            return Box::new(Block { before: *before, key, from: 0, to: 0, entries });
        };
        (block.before, block.key, block.from, block.to) = (*before, key, 0, 0);
        block
    }

    fn give(&mut self, block: Box<Block>) {
        if self.0.len() < MOST_SPARE {
            self.0.push(block);
        }
    }
}

impl History {
    /// Before the entry of a look at `time` is applied to `state`: makes room for it.
    pub(super) fn ready(&mut self, time: Timestamp, state: &State, pool: &mut Pool) {
        self.due = self.due.min(time.plus(Span::from_secs(RING_S)));
        if self.blocks.back().is_none_or(|last| last.is_full()) {
            self.blocks.push_back(pool.take(state, time));
        }
    }

    /// An entry in order, after [`History::ready`].
    pub(super) fn push(&mut self, entry: Entry) {
        let block = self.blocks.back_mut().expect("ready has made room");
        block.entries[usize::from(block.to)] = entry;
        block.to += 1;
    }

    /// The state the track began with, while that is still known; later the earliest that is.
    pub(super) fn beginning(&self) -> Option<&State> {
        self.blocks.front().map(|block| &block.before)
    }

    /// The track as it was at `at`, or nothing if it was not yet or is no longer known.
    pub(super) fn at(
        &self,
        at: Timestamp,
        looks: &LookRing,
        motion: &Motion,
        fades: &mut Fades,
    ) -> Option<Past> {
        let base = self.blocks.iter().rposition(|block| block.key <= at)?;
        let mut past = Past { state: self.blocks[base].before, block: base, entry: 0 };
        for entry in self.blocks[base].used() {
            let look = looks.of_entry(entry.look)?;
            if look.time > at {
                break;
            }
            // An entry that was refused when it came is refused again, with the same nothing for a result.
            let _ = past.state.apply(entry, look, motion, fades, None);
            past.entry += 1;
        }
        Some(past)
    }

    /// The track after each of its detections, from the last of them at or before `from` (or the oldest state known) to
    /// the present; after several at one instant, once. Empty if there is no history.
    pub(super) fn filtered_since(
        &self,
        from: Timestamp,
        looks: &LookRing,
        motion: &Motion,
        fades: &mut Fades,
    ) -> Vec<(Timestamp, Imm)> {
        let base = self.blocks.iter().rposition(|block| block.key <= from).unwrap_or(0);
        let Some(first) = self.blocks.get(base) else { return Vec::new() };
        let mut state = first.before;
        let mut filtered = vec![(state.time, state.imm)];
        for entry in self.blocks.iter().skip(base).flat_map(|block| block.used()) {
            let Some(look) = looks.of_entry(entry.look).filter(|_| entry.detection != MISSED) else {
                continue;
            };
            if state.apply(entry, look, motion, fades, None).is_none() {
                continue;
            }
            if filtered.len() == 1 && state.time <= from
                || filtered.last().is_some_and(|last| last.0 >= state.time)
            {
                filtered.pop();
            }
            filtered.push((state.time, state.imm));
        }
        filtered
    }

    /// Detections of the track measured up to `at`, other than look number `except`'s, latest first, each with its look
    /// and that look's number.
    pub(super) fn detections_before<'a>(
        &'a self,
        at: Timestamp,
        except: LookNumber,
        looks: &'a LookRing,
    ) -> impl Iterator<Item = (&'a Looked, &'a Measured, LookNumber)> {
        let entries = self.blocks.iter().rev().flat_map(|block| block.used().iter().rev());
        entries.filter(|entry| entry.detection != MISSED).filter_map(move |entry| {
            let number = looks.number(entry.look);
            let looked = looks.get(number).filter(|looked| looked.time <= at && number != except)?;
            Some((looked, looked.detections.get(entry.detection as usize)?, number))
        })
    }

    /// Puts a late entry where `past` ends and filters again from there to the present.
    /// `None`, and nothing changed, if the entry's own result is not sound.
    pub(super) fn insert(
        &mut self,
        past: &Past,
        entry: Entry,
        looks: &LookRing,
        motion: &Motion,
        fades: &mut Fades,
        pool: &mut Pool,
    ) -> Option<State> {
        let look = looks.of_entry(entry.look)?;
        let mut state = past.state;
        state.apply(&entry, look, motion, fades, None)?;
        let mut later = Vec::new();
        for (index, block) in self.blocks.iter().enumerate().skip(past.block) {
            later.extend_from_slice(&block.used()[if index == past.block { past.entry } else { 0 }..]);
        }
        while self.blocks.len() > past.block + 1 {
            pool.give(self.blocks.pop_back().expect("there are more"));
        }
        let block = &mut self.blocks[past.block];
        block.to = block.from + u8::try_from(past.entry).expect("a block has few entries");
        self.ready(look.time, &past.state, pool);
        self.push(entry);
        for entry in later {
            let Some(look) = looks.of_entry(entry.look) else { continue };
            self.ready(look.time, &state, pool);
            let _ = state.apply(&entry, look, motion, fades, None);
            self.push(entry);
        }
        Some(state)
    }

    /// Lets go of what lies before the last state that a usable look could need. Where entries are so few that a block
    /// lasts longer than looks are kept, what its looks said becomes part of the state it begins with.
    pub(super) fn forget(
        &mut self,
        latest: Timestamp,
        looks: &LookRing,
        motion: &Motion,
        fades: &mut Fades,
        pool: &mut Pool,
    ) {
        if latest < self.due {
            return;
        }
        let horizon = latest.plus(Span::from_secs(-RING_S));
        while self.blocks.get(1).is_some_and(|second| second.key <= horizon) {
            pool.give(self.blocks.pop_front().expect("there are two"));
        }
        let Some(block) = self.blocks.front_mut() else { return };
        let going = latest.plus(Span::from_secs(-KEPT_S + 2));
        while block.from < block.to {
            let entry = block.entries[usize::from(block.from)];
            let look = looks.of_entry(entry.look);
            if look.is_some_and(|look| look.time >= going) {
                break;
            }
            if let Some(look) = look {
                let _ = block.before.apply(&entry, look, motion, fades, None);
                block.key = block.key.max(look.time);
            }
            block.from += 1;
        }
        if block.from == block.to {
            (block.from, block.to) = (0, 0);
        }
        self.due = self.next_due(looks);
    }

    /// When the second block's beginning is old enough for the first to go, or the first entry for the state.
    fn next_due(&self, looks: &LookRing) -> Timestamp {
        let first = self.blocks.front().and_then(|block| block.used().first());
        let folded = match first.map(|entry| looks.of_entry(entry.look)) {
            None => Timestamp::from_nanos(i64::MAX),
            Some(None) => Timestamp::default(),
            Some(Some(look)) => look.time.plus(Span::from_secs(KEPT_S - 2)),
        };
        let second = self.blocks.get(1).map(|second| second.key.plus(Span::from_secs(RING_S)));
        second.map_or(folded, |second| folded.min(second))
    }

    /// Entries, and bytes of the blocks they stand in.
    pub(super) fn held(&self) -> (usize, usize) {
        let entries = self.blocks.iter().map(|block| block.used().len()).sum();
        (entries, self.blocks.len() * size_of::<Block>() + self.blocks.capacity() * size_of::<Box<Block>>())
    }

    /// Gives its blocks back.
    pub(super) fn release(&mut self, pool: &mut Pool) {
        self.blocks.drain(..).for_each(|block| pool.give(block));
    }
}
