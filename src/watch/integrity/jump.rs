//! Many self-reports that leap together: interference with satellite navigation, not many liars.
//!
//! In: each leap of one identity's reported place away from where its last report would have it. Out: whether there is
//! interference now, over which region, how many identities it took along, and how much alike they leapt. A single
//! identity that leaps is its own affair. Knows no track.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::line::Point;
use crate::time::{Span, Timestamp};

/// Leaps within this time of each other are one event.
const TOGETHER: Span = Span::from_secs(120);
/// So many identities make it interference …
const LEAST: usize = 3;
/// … if they are this share of those that reported meanwhile from the region where it happened.
const LEAST_SHARE: f64 = 0.5;
/// Alike: the length of the sum of leaps over the sum of their lengths; or all to one place, as a repeater does it.
const LEAST_ALIKE: f64 = 0.7;
const ONE_PLACE_M: f64 = 1000.0;
/// The region reaches this far beyond those that leapt, metres.
const BEYOND_M: f64 = 2000.0;
/// Leaps remembered.
const CAPACITY: usize = 4_096;

/// One identity's leap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Leap {
    pub time: Timestamp,
    /// Where its last report would have it.
    pub from: Point,
    pub to: Point,
}

/// Leaps of the last two minutes, the latest of each identity.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Leaps(BTreeMap<Arc<str>, Leap>);

/// Interference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Interference {
    /// When the first of them leapt.
    pub since: Timestamp,
    /// Who leapt.
    pub identities: Vec<Arc<str>>,
    /// Middle and radius of the region it happened in, metres.
    pub center: Point,
    pub radius_m: f64,
    /// Of those that reported from there, the share that leapt.
    pub share: f64,
    /// How much alike, in [0, 1].
    pub coherence: f64,
}

impl Leaps {
    pub(super) fn note(&mut self, identity: &Arc<str>, leap: Leap) {
        if self.0.len() < CAPACITY || self.0.contains_key(identity) {
            self.0.insert(identity.clone(), leap);
        }
    }

    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.0.retain(|_, leap| now.since(leap.time) <= TOGETHER);
    }

    /// What the leaps make together; `reporting`: where each identity that reported in the same time was before.
    pub(super) fn interference<'a>(
        &self,
        reporting: impl Iterator<Item = (&'a Arc<str>, Point)>,
    ) -> Option<Interference> {
        if self.0.len() < LEAST {
            return None;
        }
        let count = self.0.len() as f64;
        let middle = |of: fn(&Leap) -> Point| {
            let sum = self.0.values().map(of).fold([0.0; 2], |a, p| [a[0] + p[0], a[1] + p[1]]);
            [sum[0] / count, sum[1] / count]
        };
        let away =
            |a: Point, b: Point| ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])).sqrt();
        let (center, target) = (middle(|leap| leap.from), middle(|leap| leap.to));
        let radius_m = self.0.values().map(|leap| away(leap.from, center)).fold(0.0, f64::max);
        let lengths: f64 = self.0.values().map(|leap| away(leap.from, leap.to)).sum();
        let common = away(center, target) * count / lengths;
        let spread_m = self.0.values().map(|leap| away(leap.to, target)).fold(0.0, f64::max);
        let coherence = if spread_m <= ONE_PLACE_M && radius_m > ONE_PLACE_M { 1.0 } else { common };
        let there = reporting
            .filter(|(identity, at)| {
                self.0.contains_key(*identity) || away(*at, center) <= radius_m + BEYOND_M
            })
            .count();
        let share = count / (there as f64).max(count);
        let is_one = coherence >= LEAST_ALIKE && share >= LEAST_SHARE;
        is_one.then(|| Interference {
            since: self.0.values().map(|leap| leap.time).min().unwrap_or_default(),
            identities: self.0.keys().cloned().collect(),
            center,
            radius_m: radius_m + BEYOND_M,
            share,
            coherence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Arc<str>> {
        (0..6).map(|n| Arc::from(format!("mmsi:{n}"))).collect()
    }

    fn found(leapt: usize, to: impl Fn(f64) -> Point) -> Option<Interference> {
        let (names, mut leaps) = (names(), Leaps::default());
        let from = |n: usize| [3000.0 * n as f64, 0.0];
        for (n, name) in names.iter().enumerate().take(leapt) {
            let leap = Leap { time: Timestamp::from_secs(n as i64), from: from(n), to: to(from(n)[0]) };
            leaps.note(name, leap);
        }
        leaps.interference(names.iter().enumerate().map(|(n, name)| (name, from(n))))
    }

    #[test]
    fn several_that_leap_alike_are_interference() {
        let all = found(5, |east| [east, 8000.0]).expect("five of six, all northwards");
        assert!(all.coherence > 0.99 && all.share > 0.8 && all.identities.len() == 5, "{all:?}");
        assert!((all.center[0] - 6000.0).abs() < 1.0 && all.radius_m >= 6000.0);
        let circle = found(5, |_| [-20_000.0, 20_000.0]).expect("all to one place");
        assert!((circle.coherence - 1.0).abs() < 1e-9);
    }

    #[test]
    fn two_or_those_that_leap_anyhow_are_not() {
        assert_eq!(found(2, |east| [east, 8000.0]), None);
        let anyhow = |east: f64| {
            let turn = 2.0 * east / 3000.0;
            [east + 9000.0 * libm::sin(turn), 9000.0 * libm::cos(turn)]
        };
        assert_eq!(found(5, anyhow), None, "in all directions");
        let mut few = Leaps::default();
        for name in names().iter().take(3) {
            few.note(name, Leap { time: Timestamp::from_secs(0), from: [0.0; 2], to: [0.0, 5000.0] });
        }
        let crowd: Vec<Arc<str>> = (10..20).map(|n| Arc::from(format!("mmsi:{n}"))).collect();
        let crowded = few.interference(names().iter().take(3).chain(&crowd).map(|name| (name, [100.0, 0.0])));
        assert_eq!(crowded, None, "three of thirteen");
        assert_eq!(few.interference(std::iter::empty()).map(|i| i.identities.len()), Some(3));
    }
}
