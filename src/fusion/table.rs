//! Every live track: by name, and by place.
//!
//! In: tracks that begin and end, and once a second where they all are. Out: one track by its id or slot, and those
//! that a box on the ground may concern. A look asks for the few tracks near it instead of passing over all of them, so
//! that its cost does not depend on how many there are elsewhere. Knows no detection.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Table {
    slots: Vec<Option<Box<Track>>>,
    spare: Vec<u32>,
    /// Ids, which only ever grow, ascending, and their slots: a track's place here is its rank until places are taken
    /// anew. What ends leaves [`NOBODY`] in its place until then.
    ranks: Vec<(TrackId, u32)>,
    #[serde(skip)]
    live: usize,
    /// Ranks of the tracks, where they were when places were last taken.
    grid: Grid,
    /// Ranks of those too wide or too quick for a cell.
    everywhere: Vec<u32>,
    /// From this rank on are those begun since.
    placed_ranks: usize,
    /// Where those began; nothing for those that may be anywhere.
    begun: Vec<Option<[f64; 2]>>,
    placed: Option<Timestamp>,
    /// Ranks found, a bit each: the look's tracks in order of their ids, without sorting.
    #[serde(skip)]
    found: Vec<u64>,
}

/// In place of a slot: the track has ended.
const NOBODY: u32 = u32::MAX;
/// Beside as many as live, so many that have ended keep their ranks while time stands still.
const MOST_ENDED: usize = 65_536;

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
    pub(super) const fn len(&self) -> usize {
        self.live
    }

    /// As read from a snapshot: counted again, and nothing if what it says of itself does not fit together.
    pub(super) fn restored(mut self) -> Option<Self> {
        let occupied = |slot: u32| self.slots.get(slot as usize).map(Option::as_deref);
        let fits = |(id, slot): &(TrackId, u32)| {
            *slot == NOBODY || matches!(occupied(*slot), Some(Some(track)) if track.id == *id)
        };
        let live = self.slots.iter().flatten().count();
        let mut spare = self.spare.clone();
        spare.sort_unstable();
        spare.dedup();
        let vacant =
            spare.len() == self.spare.len() && spare.iter().all(|slot| matches!(occupied(*slot), Some(None)));
        let ranked = self.ranks.iter().filter(|(_, slot)| *slot != NOBODY).count();
        let sound = vacant
            && spare.len() + live == self.slots.len()
            && ranked == live
            && self.ranks.iter().all(fits)
            && self.ranks.is_sorted_by(|a, b| a.0 < b.0)
            && self.placed_ranks <= self.ranks.len()
            && self.everywhere.iter().all(|rank| (*rank as usize) < self.placed_ranks)
            && self.grid.restored(self.placed_ranks);
        self.live = live;
        sound.then_some(self)
    }

    /// The greatest id so far.
    pub(super) fn latest(&self) -> Option<TrackId> {
        self.ranks.last().map(|last| last.0)
    }

    /// Takes a track, of an id greater than any before, and says its slot.
    pub(super) fn insert(&mut self, track: Box<Track>) -> u32 {
        debug_assert!(self.ranks.last().is_none_or(|last| last.0 < track.id), "ids count up");
        let slot = self.spare.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("tracks are bounded far below 2^32")
        });
        if self.ranks.len() > 2 * self.live + MOST_ENDED {
            self.compact();
        }
        let recent = self.placed.is_some_and(|placed| track.state.time >= placed);
        let (place, reach_m) = reach(&track, track.state.time);
        self.begun.push((recent && reach_m < CELL_M).then_some(place));
        self.ranks.push((track.id, slot));
        self.live += 1;
        self.slots[slot as usize] = Some(track);
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Box<Track>> {
        let track = self.slots[slot as usize].take()?;
        if let Some(rank) = self.rank(track.id) {
            self.ranks[rank].1 = NOBODY;
        }
        self.live -= 1;
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

    fn rank(&self, id: TrackId) -> Option<usize> {
        self.ranks.binary_search_by_key(&id, |known| known.0).ok()
    }

    pub(super) fn slot(&self, id: TrackId) -> Option<u32> {
        self.rank(id).map(|rank| self.ranks[rank].1).filter(|slot| *slot != NOBODY)
    }

    /// Slots by ascending id.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        self.ranks.iter().map(|(_, slot)| *slot).filter(|slot| *slot != NOBODY)
    }

    /// Tracks by ascending id.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Track> {
        self.slots().map(|slot| self.at(slot))
    }

    /// Tracks in no particular, but always the same, order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.slots.iter_mut().filter_map(|slot| slot.as_deref_mut())
    }

    /// Forgets who has ended; no place holds until they are taken anew.
    fn compact(&mut self) {
        self.ranks.retain(|(_, slot)| *slot != NOBODY);
        self.everywhere.clear();
        self.grid.fill(std::iter::empty(), CELL_M);
        (self.placed, self.placed_ranks) = (None, self.ranks.len());
        self.begun.clear();
    }

    /// Takes every track's place anew if that is due.
    pub(super) fn place(&mut self, latest: Timestamp) {
        if self.placed.is_some_and(|placed| latest.since(placed) < PLACED_EVERY) {
            return;
        }
        self.compact();
        self.placed = Some(latest);
        let (slots, everywhere) = (&self.slots, &mut self.everywhere);
        let placed = (0u32..).zip(&self.ranks).filter_map(|(rank, (_, slot))| {
            let (place, reach_m) = reach(slots[*slot as usize].as_deref()?, latest);
            if reach_m < CELL_M {
                return Some((rank, place));
            }
            everywhere.push(rank);
            None
        });
        self.grid.fill(placed, CELL_M);
    }

    /// Bytes of the tables, without the tracks themselves.
    pub(super) fn table_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Box<Track>>>()
            + self.ranks.capacity() * size_of::<(TrackId, u32)>()
            + (self.spare.capacity() + self.everywhere.capacity()) * size_of::<u32>()
            + self.found.capacity() * size_of::<u64>()
            + self.begun.capacity() * size_of::<Option<[f64; 2]>>()
            + self.grid.held()
    }

    /// Slots, by ascending id, of every track that a look at `time` over `bounds` may concern; without bounds, of all.
    pub(super) fn near(&mut self, bounds: Option<Bounds>, time: Timestamp, slots: &mut Vec<u32>) {
        slots.clear();
        let recent = self.placed.is_some_and(|placed| placed.since(time) < PLACED_BACK);
        let Some(bounds) = bounds.filter(|_| recent) else {
            slots.extend(self.slots());
            return;
        };
        let middle = [0, 1].map(|axis| 0.5 * (bounds.low[axis] + bounds.high[axis]));
        let half = [0, 1].map(|axis| 0.5 * (bounds.high[axis] - bounds.low[axis]) + CELL_M);
        let found = &mut self.found;
        found.clear();
        found.resize(self.placed_ranks.div_ceil(64), 0);
        let mut mark = |rank: u32| found[rank as usize / 64] |= 1 << (rank % 64);
        if half.iter().all(|half| *half >= 0.0) {
            self.grid.within(middle, half, &mut mark);
        }
        self.everywhere.iter().copied().for_each(mark);
        for (word, bits) in found.iter().enumerate() {
            let mut left = *bits;
            while left != 0 {
                let slot = self.ranks[word * 64 + left.trailing_zeros() as usize].1;
                if slot != NOBODY {
                    slots.push(slot);
                }
                left &= left - 1;
            }
        }
        // In a large picture hundreds of tracks a second begin, most of them far away: told by their places alone.
        let inside = |place: &[f64; 2]| (0..2).all(|axis| (place[axis] - middle[axis]).abs() <= half[axis]);
        let begun = self.ranks.get(self.placed_ranks..).unwrap_or_default().iter().zip(&self.begun);
        let near = begun.filter(|((_, slot), place)| *slot != NOBODY && place.as_ref().is_none_or(inside));
        slots.extend(near.map(|((_, slot), _)| *slot));
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

    fn ids(table: &mut Table, bounds: Option<Bounds>, at_s: i64) -> Vec<u64> {
        let mut found = Vec::new();
        table.near(bounds, Timestamp::from_secs(at_s), &mut found);
        found.iter().map(|slot| table.at(*slot).id.0).collect()
    }

    #[test]
    fn a_look_finds_what_is_near_it_and_what_is_new() {
        let mut table = table(&[[0.0, 0.0], [9_000.0, 0.0], [500.0, -400.0], [0.0, 12_000.0]]);
        table.place(Timestamp::from_secs(1_000));
        let here = Some(Bounds::EMPTY.with([0.0, 0.0], 1_000.0));
        assert_eq!(ids(&mut table, here, 1_000), [1, 3]);
        table.insert(Box::new(track_at(9, [30_000.0, 0.0])));
        table.insert(Box::new(track_at(10, [1_500.0, 0.0])));
        assert_eq!(ids(&mut table, here, 1_000), [1, 3, 10], "new ones are found where they began");
        assert_eq!(ids(&mut table, here, 980), [1, 2, 3, 4, 9, 10], "the distant past passes over all");
        assert_eq!(ids(&mut table, None, 1_000), [1, 2, 3, 4, 9, 10]);
        table.place(Timestamp::from_secs(1_001));
        table.insert(Box::new(track_at(11, [30_000.0, 0.0])));
        assert_eq!(ids(&mut table, here, 1_001), [1, 3, 10, 11], "who began before may be anywhere by now");
    }

    #[test]
    fn slots_are_used_again_and_ids_are_not() {
        let mut table = table(&[[0.0, 0.0], [10.0, 0.0]]);
        table.place(Timestamp::from_secs(1_000));
        let slot = table.slot(TrackId(1)).expect("it is there");
        assert_eq!(table.remove(slot).map(|track| track.id), Some(TrackId(1)));
        assert_eq!(table.insert(Box::new(track_at(3, [20.0, 0.0]))), slot);
        let all = Some(Bounds::EMPTY.with([0.0, 0.0], 100.0));
        assert_eq!(
            ids(&mut table, all, 1_000),
            [2, 3],
            "what ended is not found through its slot's next track"
        );
        assert_eq!(table.len(), 2);
    }
}
