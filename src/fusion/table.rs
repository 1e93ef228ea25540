//! Every live track: by name, and by place.
//!
//! In: tracks that begin and end, and once a second where they all are. Out: one track by its id or slot, and those
//! that a box on the ground may concern. A look asks for the few tracks near it instead of passing over all of them, so
//! that its cost does not depend on how many there are elsewhere. Knows no detection.

use std::collections::BTreeMap;

use super::gate::Grid;
use super::live::Track;
use super::track::TrackId;
use crate::time::{Span, Timestamp};

/// Side of a cell, and how far outside its cell a track of the grid may be looked for, metres.
const CELL_M: f64 = 1_000.0;
/// Places are taken anew this often.
const PLACED_EVERY: Span = Span::from_secs(1);
/// A look this much older than the latest still finds a track through its place; older ones pass over all.
const PLACED_BACK: Span = Span::from_secs(3);
/// A track may be this many sigmas off its predicted place,
const SIGMAS: f64 = 6.0;
/// and a look still concerns what is this far outside its bounds, metres: configured limits are round numbers.
pub(super) const TOLERANCE_M: f64 = 100.0;

/// A box on the ground: lowest and highest east and north, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub low: [f64; 2],
    pub high: [f64; 2],
}

/// Live tracks in slots that stay theirs for life.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    slots: Vec<Option<Box<Track>>>,
    spare: Vec<u32>,
    by_id: BTreeMap<TrackId, u32>,
    /// Where the tracks were when places were last taken; those deleted since are still in it.
    grid: Grid,
    /// Too wide or too quick for a cell, or begun since.
    everywhere: Vec<u32>,
    placed: Option<Timestamp>,
}

impl Bounds {
    /// Contains nothing.
    pub(super) const EMPTY: Self = Self { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };

    /// Widened to hold `p` with `margin_m` around it.
    pub(super) fn with(mut self, p: [f64; 2], margin_m: f64) -> Self {
        for (p, (low, high)) in p.iter().zip(self.low.iter_mut().zip(&mut self.high)) {
            *low = low.min(p - margin_m);
            *high = high.max(p + margin_m);
        }
        self
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Takes a track and says its slot.
    pub(super) fn insert(&mut self, track: Box<Track>) -> u32 {
        let slot = self.spare.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("tracks are bounded far below 2^32")
        });
        self.by_id.insert(track.id, slot);
        self.slots[slot as usize] = Some(track);
        self.everywhere.push(slot);
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Box<Track>> {
        let track = self.slots[slot as usize].take()?;
        self.by_id.remove(&track.id);
        self.spare.push(slot);
        Some(track)
    }

    /// The track in a slot that is known to hold one.
    pub(super) fn at(&self, slot: u32) -> &Track {
        self.slots[slot as usize].as_deref().expect("a slot handed out holds its track until it is removed")
    }

    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Track {
        self.slots[slot as usize]
            .as_deref_mut()
            .expect("a slot handed out holds its track until it is removed")
    }

    pub(super) fn slot(&self, id: TrackId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// Slots by ascending id.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        self.by_id.values().copied()
    }

    /// Tracks by ascending id.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Track> {
        self.slots().map(|slot| self.at(slot))
    }

    /// Tracks in no particular, but always the same, order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.slots.iter_mut().filter_map(|slot| slot.as_deref_mut())
    }

    /// Takes every track's place anew if that is due.
    pub(super) fn place(&mut self, latest: Timestamp) {
        if self.placed.is_some_and(|placed| latest.since(placed) < PLACED_EVERY) {
            return;
        }
        self.placed = Some(latest);
        self.everywhere.clear();
        let everywhere = &mut self.everywhere;
        let tracks = (0u32..).zip(&self.slots).filter_map(|(slot, track)| Some((slot, track.as_deref()?)));
        let placed = tracks.filter_map(|(slot, track)| {
            let (place, reach_m) = reach(track, latest);
            if reach_m < CELL_M {
                return Some((slot, place));
            }
            everywhere.push(slot);
            None
        });
        self.grid.fill(placed, CELL_M);
    }

    /// Slots, by ascending id, of every track that a look at `time` over `bounds` may concern; without bounds, of all.
    pub(super) fn near(&self, bounds: Option<Bounds>, time: Timestamp, found: &mut Vec<u32>) {
        found.clear();
        let recent = self.placed.is_some_and(|placed| placed.since(time) < PLACED_BACK);
        let Some(bounds) = bounds.filter(|_| recent) else {
            found.extend(self.slots());
            return;
        };
        let middle = [0, 1].map(|axis| 0.5 * (bounds.low[axis] + bounds.high[axis]));
        let half = [0, 1].map(|axis| 0.5 * (bounds.high[axis] - bounds.low[axis]) + CELL_M);
        if half.iter().all(|half| *half >= 0.0) {
            self.grid.within(middle, half, |slot| found.push(slot));
        }
        found.extend_from_slice(&self.everywhere);
        found.retain(|slot| self.slots[*slot as usize].is_some());
        found.sort_unstable_by_key(|slot| self.at(*slot).id);
        found.dedup();
    }
}

/// Where a track is now, and how far from there it may be looked for until places are taken again, or by a look that
/// is a little late.
fn reach(track: &Track, now: Timestamp) -> ([f64; 2], f64) {
    let (place, _) = track.roughly_at(now);
    let longest = PLACED_EVERY.max(PLACED_BACK);
    let (_, sigma_m) = track.roughly_at(now.plus(longest));
    let [_, _, ve, vn] = track.mean.x;
    (place, SIGMAS * sigma_m + TOLERANCE_M + longest.as_secs_f64() * (ve * ve + vn * vn).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::testing::track_at;

    fn table(places: &[[f64; 2]]) -> Table {
        let mut table = Table::default();
        for (id, place) in (1u64..).zip(places) {
            table.insert(Box::new(track_at(id, *place)));
        }
        table
    }

    fn ids(table: &Table, bounds: Option<Bounds>, at_s: i64) -> Vec<u64> {
        let mut found = Vec::new();
        table.near(bounds, Timestamp::from_secs(at_s), &mut found);
        found.iter().map(|slot| table.at(*slot).id.0).collect()
    }

    #[test]
    fn a_look_finds_what_is_near_it_and_what_is_new() {
        let mut table = table(&[[0.0, 0.0], [9_000.0, 0.0], [500.0, -400.0], [0.0, 12_000.0]]);
        table.place(Timestamp::from_secs(1_000));
        let here = Some(Bounds::EMPTY.with([0.0, 0.0], 1_000.0));
        assert_eq!(ids(&table, here, 1_000), [1, 3]);
        table.insert(Box::new(track_at(9, [30_000.0, 0.0])));
        assert_eq!(ids(&table, here, 1_000), [1, 3, 9], "new ones are found everywhere until placed");
        assert_eq!(ids(&table, here, 980), [1, 2, 3, 4, 9], "the distant past passes over all");
        assert_eq!(ids(&table, None, 1_000), [1, 2, 3, 4, 9]);
    }

    #[test]
    fn slots_are_used_again_and_ids_are_not() {
        let mut table = table(&[[0.0, 0.0], [10.0, 0.0]]);
        table.place(Timestamp::from_secs(1_000));
        let slot = table.slot(TrackId(1)).expect("it is there");
        assert_eq!(table.remove(slot).map(|track| track.id), Some(TrackId(1)));
        assert_eq!(table.insert(Box::new(track_at(3, [20.0, 0.0]))), slot);
        let all = Some(Bounds::EMPTY.with([0.0, 0.0], 100.0));
        assert_eq!(ids(&table, all, 1_000), [2, 3], "once each, though the slot is placed twice");
        assert_eq!(table.len(), 2);
    }
}
