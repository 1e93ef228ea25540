//! Crossings that exclude each other: which share their bearings, which have become one, and what is believed of each.
//!
//! In: crossings with the bearings they took lately. Out: the probability of each, given all. Bounded by the number of
//! crossings. Knows no track.

use super::crossing::Crossing;
use super::exclusive::MOST_MEMBERS;
use super::sightlines::{APART, Sightlines, apart};
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// Crossings that took the same bearing in this many of the looks remembered of one sensor exclude each other: what
/// passes in line with another shares fewer.
const SHARED: usize = 3;

impl Sightlines {
    /// Pairs of crossings that have taken one bearing lately.
    pub(super) fn find_conflicts(&mut self) {
        self.uses.clear();
        for (index, crossing) in self.crossings.iter().enumerate() {
            for feed in &crossing.feeds {
                let taken = feed.taken.iter().flatten();
                self.uses.extend(taken.map(|(look, detection)| (feed.sensor, *look, *detection, index)));
            }
        }
        self.uses.sort_unstable();
        self.shared.clear();
        for group in self.uses.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            for (at, a) in group.iter().enumerate() {
                self.shared.extend(group[at + 1..].iter().map(|b| (a.3, b.3, a.0)));
            }
        }
        self.shared.sort_unstable();
        let filled = |at: usize, sensor: SensorIndex| {
            let feed = self.crossings[at].feeds.iter().find(|feed| feed.sensor == sensor);
            feed.map_or(0, |feed| feed.taken.iter().flatten().count())
        };
        let often = |group: &&[(usize, usize, SensorIndex)]| {
            let (a, b, sensor) = group[0];
            group.len() >= SHARED.min(filled(a, sensor)).min(filled(b, sensor))
        };
        self.edges.clear();
        self.edges
            .extend(self.shared.chunk_by(|a, b| a == b).filter(often).map(|group| (group[0].0, group[0].1)));
        self.edges.dedup();
    }

    /// Of two crossings that have become one, only the better stays; the older among equals.
    pub(super) fn drop_twins(&mut self, now: Timestamp) {
        let mut dead = vec![false; self.crossings.len()];
        for &(a, b) in &self.edges {
            if dead[a] || dead[b] || !self.are_twins(&self.crossings[a], &self.crossings[b], now) {
                continue;
            }
            let rank = |at: usize| (self.crossings[at].track.is_some(), self.crossings[at].score);
            dead[if rank(b) > rank(a) { a } else { b }] = true;
        }
        if dead.contains(&true) {
            let mut at = dead.iter();
            self.crossings.retain(|_| at.next().is_some_and(|dead| !dead));
            self.find_conflicts();
        }
    }

    fn are_twins(&self, a: &Crossing, b: &Crossing, now: Timestamp) -> bool {
        let same = a.feeds.iter().filter(|feed| {
            let other = b.feeds.iter().find(|other| other.sensor == feed.sensor);
            other.is_some_and(|other| {
                feed.taken.iter().all(|entry| entry.is_some() && other.taken.contains(entry))
            })
        });
        let alike = || {
            let (a, b) = (a.foreseen(now).mean(), b.foreseen(now).mean());
            [0, 2].iter().all(|from| apart(&a, &b, *from).is_some_and(|d2| d2 < APART))
        };
        same.count() >= 2 && alike()
    }

    /// How probable each crossing is, given all.
    pub(super) fn share(&mut self) {
        let count = self.crossings.len();
        self.shares.clear();
        self.shares.resize(count, None);
        self.pieces.clear();
        self.pieces.extend(0..count);
        for &(a, b) in &self.edges {
            let (a, b) = (self.pieces[a], self.pieces[b]);
            if a != b {
                self.pieces
                    .iter_mut()
                    .filter(|piece| **piece == a.max(b))
                    .for_each(|piece| *piece = a.min(b));
            }
        }
        for name in 0..count {
            let members: Vec<usize> = (0..count).filter(|at| self.pieces[*at] == name).collect();
            if members.is_empty() || members.len() > MOST_MEMBERS {
                continue;
            }
            self.piece.scores.clear();
            self.piece.scores.extend(members.iter().map(|at| self.crossings[*at].score));
            self.piece.conflicts.clear();
            self.piece.conflicts.resize(members.len(), 0);
            for &(a, b) in self.edges.iter().filter(|(a, _)| self.pieces[*a] == name) {
                if let (Ok(a), Ok(b)) = (members.binary_search(&a), members.binary_search(&b)) {
                    self.piece.conflicts[a] |= 1 << b;
                    self.piece.conflicts[b] |= 1 << a;
                }
            }
            if self.piece.solve() {
                for (at, share) in members.iter().zip(&self.piece.shares) {
                    self.shares[*at] = Some(*share);
                }
            }
        }
    }
}
