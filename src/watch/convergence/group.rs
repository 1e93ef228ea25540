//! Groups through time: which cluster of this look is which of the last, and how it moves and grows.
//!
//! In: every ten seconds the clusters, as members with their places and velocities. Out: groups that keep their number while
//! they live. A cluster is the group that it shares most members with, by at least half of the smaller of both; a group
//! that is not found for a minute is over. Knows no rule.

use serde::{Deserialize, Serialize};

use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};
use crate::watch::area::Covariance;
use crate::watch::line::Point;

/// A group that was not found for so long is over.
const LOST: Span = Span::from_secs(60);
/// Groups of one rule.
const CAPACITY: usize = 256;
/// How many it was is remembered once a minute, so often.
const MINUTES: usize = 30;

/// One of a cluster.
#[derive(Clone, Copy, Debug)]
pub(in crate::watch) struct Mark {
    pub track: TrackId,
    pub at: Point,
    pub velocity: Point,
    /// P(of the rule's classes and real).
    pub weight: f64,
}

/// A group as it was last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::watch) struct Group {
    /// Counts up, never used again.
    pub number: u64,
    pub since: Timestamp,
    pub seen: Timestamp,
    /// Ascending.
    pub members: Vec<TrackId>,
    /// Expected number of real ones.
    pub expected: f64,
    pub centre: Point,
    pub spread: Covariance,
    pub velocity: Point,
    /// Of the mean velocity, by how the members differ.
    pub velocity_covariance: Covariance,
    /// Number of members, once a minute, oldest first.
    pub numbers: Vec<u32>,
}

/// The groups of one rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Groups {
    pub(super) list: Vec<Group>,
    next: u64,
}

impl Groups {
    /// Takes a look's clusters; returns the groups that are over.
    pub(super) fn look(&mut self, now: Timestamp, clusters: &[Vec<Mark>]) -> Vec<Group> {
        let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
        let members: Vec<Vec<TrackId>> = clusters.iter().map(|cluster| sorted(cluster)).collect();
        for (at, group) in self.list.iter().enumerate() {
            for (cluster, inside) in members.iter().enumerate() {
                let shared = inside.iter().filter(|track| group.members.binary_search(track).is_ok()).count();
                if 2 * shared >= inside.len().min(group.members.len()) && shared > 0 {
                    pairs.push((shared, at, cluster));
                }
            }
        }
        // The most shared first; of equals the older group, the earlier cluster.
        pairs.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let (mut taken, mut found) = (vec![false; self.list.len()], vec![false; clusters.len()]);
        for (_, at, cluster) in pairs {
            if !taken[at] && !found[cluster] {
                (taken[at], found[cluster]) = (true, true);
                self.list[at].update(now, &clusters[cluster], members[cluster].clone());
            }
        }
        for (cluster, _) in found.iter().enumerate().filter(|(_, found)| !**found) {
            if self.list.len() < CAPACITY {
                self.list.push(Group::new(self.next, now, &clusters[cluster], members[cluster].clone()));
                self.next += 1;
            }
        }
        let (kept, over) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|group: &Group| now.since(group.seen) < LOST);
        self.list = kept;
        over
    }

    /// A track is what another was.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        for group in &mut self.list {
            if let Ok(at) = group.members.binary_search(&before) {
                group.members.remove(at);
                if let Err(at) = group.members.binary_search(&heir) {
                    group.members.insert(at, heir);
                }
            }
        }
    }
}

fn sorted(cluster: &[Mark]) -> Vec<TrackId> {
    let mut tracks: Vec<TrackId> = cluster.iter().map(|mark| mark.track).collect();
    tracks.sort_unstable();
    tracks
}

impl Group {
    fn new(number: u64, now: Timestamp, cluster: &[Mark], members: Vec<TrackId>) -> Self {
        let nothing = [0.0; 3];
        let mut group = Self {
            number,
            since: now,
            seen: now,
            members: Vec::new(),
            expected: 0.0,
            centre: [0.0; 2],
            spread: nothing,
            velocity: [0.0; 2],
            velocity_covariance: nothing,
            numbers: Vec::new(),
        };
        group.update(now, cluster, members);
        group
    }

    fn update(&mut self, now: Timestamp, cluster: &[Mark], members: Vec<TrackId>) {
        let minute = |at: Timestamp| at.floor_secs().div_euclid(60);
        if self.numbers.is_empty() || minute(now) != minute(self.seen) {
            if self.numbers.len() >= MINUTES {
                self.numbers.remove(0);
            }
            self.numbers.push(u32::try_from(members.len()).unwrap_or(u32::MAX));
        }
        (self.seen, self.members) = (now, members);
        let count = cluster.len().max(1) as f64;
        self.expected = cluster.iter().map(|mark| mark.weight).sum();
        (self.centre, self.spread) = moments(cluster.iter().map(|mark| mark.at));
        let (velocity, differ) = moments(cluster.iter().map(|mark| mark.velocity));
        // The error of a mean: members drive together, but not exactly.
        (self.velocity, self.velocity_covariance) = (velocity, differ.map(|x| x / count));
    }

    /// How many more it is than at the beginning of what is remembered, per minute.
    pub(in crate::watch) fn growth_per_min(&self) -> f64 {
        let Some((first, last)) = self.numbers.first().zip(self.numbers.last()) else { return 0.0 };
        (f64::from(*last) - f64::from(*first)) / (self.numbers.len() - 1).max(1) as f64
    }

    /// Metres per second.
    pub(in crate::watch) fn speed_mps(&self) -> f64 {
        libm::hypot(self.velocity[0], self.velocity[1])
    }
}

/// Mean and covariance.
fn moments(points: impl Iterator<Item = Point> + Clone) -> (Point, Covariance) {
    let count = points.clone().count().max(1) as f64;
    let sum = points.clone().fold([0.0; 2], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    let mean = [sum[0] / count, sum[1] / count];
    let product =
        |i: usize, j: usize| points.clone().map(|p| (p[i] - mean[i]) * (p[j] - mean[j])).sum::<f64>() / count;
    (mean, [product(0, 0), product(0, 1), product(1, 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(tracks: &[u64], east_m: f64) -> Vec<Mark> {
        let mark = |(place, track): (usize, &u64)| Mark {
            track: TrackId(*track),
            at: [east_m + 60.0 * place as f64, 0.0],
            velocity: [10.0 + place as f64, 0.0],
            weight: 0.9,
        };
        tracks.iter().enumerate().map(mark).collect()
    }

    fn numbers(groups: &Groups) -> Vec<u64> {
        groups.list.iter().map(|group| group.number).collect()
    }

    #[test]
    fn a_group_keeps_its_number_while_its_members_change() {
        let (mut groups, at) = (Groups::default(), Timestamp::from_secs);
        groups.look(at(0), &[cluster(&[1, 2, 3, 4], 0.0), cluster(&[5, 6, 7], 5e3)]);
        assert_eq!(numbers(&groups), [0, 1]);
        groups.look(at(10), &[cluster(&[5, 6, 8, 9], 5e3), cluster(&[1, 2, 3, 10, 11, 12], 100.0)]);
        assert_eq!(numbers(&groups), [0, 1]);
        assert_eq!(groups.list[1].members, [5, 6, 8, 9].map(TrackId));
        groups.follow(TrackId(6), TrackId(60));
        assert_eq!(groups.list[1].members, [5, 8, 9, 60].map(TrackId));
        // It parts: the larger half is it, the other is new.
        groups.look(at(20), &[cluster(&[1, 2, 3, 10], 200.0), cluster(&[11, 12], 900.0)]);
        assert_eq!(numbers(&groups), [0, 1, 2]);
        assert_eq!(groups.list[0].since, at(0));
        // Not seen for a minute it is over, and its number is not given again.
        let over = groups.look(at(70), &[cluster(&[1, 2, 3, 10], 700.0)]);
        assert_eq!(over.iter().map(|group| group.number).collect::<Vec<_>>(), [1]);
        groups.look(at(80), &[cluster(&[5, 8, 9], 0.0)]);
        assert_eq!(groups.list.last().map(|group| group.number), Some(3));
    }

    #[test]
    fn it_moves_as_its_members_do_on_average() {
        let mut groups = Groups::default();
        groups.look(Timestamp::from_secs(0), &[cluster(&[1, 2, 3], 0.0)]);
        let group = &groups.list[0];
        assert!((group.centre[0] - 60.0).abs() < 1e-9 && (group.speed_mps() - 11.0).abs() < 1e-9);
        // Velocities 10, 11, 12: variance 2/3, of the mean of three 2/9.
        assert!(
            (group.velocity_covariance[0] - 2.0 / 9.0).abs() < 1e-9 && (group.expected - 2.7).abs() < 1e-9
        );
    }

    #[test]
    fn growth_is_told_by_the_minute() {
        let mut groups = Groups::default();
        for minute in 0..40_u64 {
            let tracks: Vec<u64> = (0..5 + 2 * minute).collect();
            groups.look(Timestamp::from_secs(60 * i64::try_from(minute).unwrap()), &[cluster(&tracks, 0.0)]);
        }
        assert!((groups.list[0].growth_per_min() - 2.0).abs() < 1e-9);
        assert_eq!((groups.list[0].numbers.len(), groups.list.len()), (MINUTES, 1));
    }
}
