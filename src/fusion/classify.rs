//! What a track is and who it says it is: fused, not copied from the last detection.
//!
//! In: class likelihoods and claimed identities of the detections a track took. Out: class probabilities and the
//! identity most of them claimed. Knows no motion.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::track::UNKNOWN_CLASS;
use crate::scan::ClassLikelihoods;

/// How much of what was known one further look keeps: looks of one sensor are not independent, and classifiers err.
const KEPT: f64 = 0.97;
/// Least probability of a class: nothing is ruled out for good.
const LEAST: f64 = 1e-3;
/// Different claims remembered per track.
const MOST_CLAIMS: usize = 4;
/// Votes one claim may have.
const MOST_VOTES: u32 = 50;

/// Nothing of a class is quicker than this, metres per second, in `Class::ALL`'s order: person, animal, light, heavy and
/// tracked vehicles, aircraft, drone, vessel.
const MOST_SPEED_MPS: [f64; crate::scan::Class::COUNT] = [12.0, 25.0, 70.0, 45.0, 30.0, 400.0, 80.0, 40.0];
/// A class less probable than this sets no limit.
const PLAUSIBLE: f64 = 0.05;

/// The speed that no plausible class exceeds, metres per second.
#[must_use]
pub fn most_speed_mps(class: &ClassLikelihoods) -> f64 {
    let plausible = class.iter().zip(MOST_SPEED_MPS).filter(|(p, _)| **p >= PLAUSIBLE);
    plausible.fold(0.0, |most, (_, speed)| f64::max(most, speed))
}

/// Bayes' rule with forgetting: the old probabilities are pulled towards "unknown" before the likelihoods multiply them.
pub(super) fn fuse_class(known: &mut ClassLikelihoods, seen: &ClassLikelihoods) {
    let most = seen.iter().fold(0.0_f64, |a, b| a.max(*b));
    if !(most > 0.0 && most.is_finite()) || seen.iter().all(|v| (v - most).abs() < 1e-12) {
        return;
    }
    let mut next = [0.0; crate::scan::Class::COUNT];
    for ((next, known), (seen, unknown)) in next.iter_mut().zip(&*known).zip(seen.iter().zip(&UNKNOWN_CLASS))
    {
        *next = (KEPT * known + (1.0 - KEPT) * unknown) * (seen / most).max(0.02);
    }
    let total: f64 = next.iter().sum();
    let floored = next.map(|v| (v / total).max(LEAST));
    let total: f64 = floored.iter().sum();
    *known = floored.map(|v| v / total);
}

/// Claimed identities and how often each was claimed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims(Vec<(Arc<str>, u32)>);

impl Claims {
    /// One more claim; the one that was forgotten for it, if any was.
    pub(super) fn vote(&mut self, identity: &Arc<str>) -> Option<Arc<str>> {
        let mut forgotten = None;
        if let Some((_, votes)) = self.0.iter_mut().find(|(known, _)| known == identity) {
            *votes = (*votes + 1).min(MOST_VOTES);
        } else {
            if self.0.len() == MOST_CLAIMS {
                let weakest = (0..MOST_CLAIMS).min_by_key(|&i| self.0[i].1).unwrap_or(0);
                forgotten = Some(self.0.remove(weakest).0);
            }
            self.0.push((Arc::clone(identity), 1));
        }
        forgotten
    }

    /// The claim with the most votes, the earlier one among equals.
    pub(super) fn best(&self) -> Option<&Arc<str>> {
        self.0.iter().rev().max_by_key(|(_, votes)| *votes).map(|(identity, _)| identity)
    }

    /// Whether `identity` contradicts what is claimed: the same scheme (`mmsi`, `icao`, …) with another value.
    pub(super) fn contradicts(&self, identity: &str) -> bool {
        self.best().is_some_and(|known| {
            let scheme = |text: &str| text.split_once(':').map(|(scheme, _)| scheme.to_owned());
            &**known != identity && scheme(known) == scheme(identity)
        })
    }

    /// The two claims of one scheme that have the most votes, if each has `least`.
    pub(super) fn disputed(&self, least: u32) -> Option<[&Arc<str>; 2]> {
        let best = self.best()?;
        let scheme = |text: &str| text.split_once(':').map(|(scheme, _)| scheme.to_owned());
        let others = self.0.iter().filter(|(identity, votes)| {
            *votes >= least && identity != best && scheme(identity) == scheme(best)
        });
        let (other, _) = others.max_by_key(|(_, votes)| *votes)?;
        Some([best, other])
    }

    /// What another track claimed that is the same thing; the claims that found no room.
    pub(super) fn join(&mut self, other: &Self) -> Vec<Arc<str>> {
        let votes = other.0.iter().flat_map(|(identity, votes)| (0..*votes).map(move |_| identity));
        votes.filter_map(|identity| self.vote(identity)).collect()
    }

    /// Whether it was ever claimed.
    pub(super) fn has(&self, identity: &str) -> bool {
        self.0.iter().any(|(known, _)| &**known == identity)
    }

    /// Everything claimed.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(identity, _)| identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Class;

    #[test]
    fn likelihoods_multiply_and_are_forgotten() {
        let mut class = UNKNOWN_CLASS;
        let vessel = Class::ALL.iter().position(|c| *c == Class::Vessel).unwrap();
        let mut seen = [0.1; Class::COUNT];
        seen[vessel] = 0.9;
        fuse_class(&mut class, &seen);
        // 0.9 / (0.9 + 7 × 0.1) from uniform.
        assert!((class[vessel] - 0.5625).abs() < 1e-12);
        fuse_class(&mut class, &[1.0; Class::COUNT]);
        assert!((class[vessel] - 0.5625).abs() < 1e-12, "nothing said, nothing changed");
        for _ in 0..200 {
            fuse_class(&mut class, &seen);
        }
        assert!(class[vessel] > 0.95 && (class.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        seen.swap(0, vessel);
        for _ in 0..12 {
            fuse_class(&mut class, &seen);
        }
        assert!(class[0] > 0.9, "what was wrong for long can be mended soon");
    }

    #[test]
    fn the_quickest_plausible_class_sets_the_limit() {
        assert!((most_speed_mps(&UNKNOWN_CLASS) - 400.0).abs() < 1e-12, "anything may fly");
        let person = Class::ALL.iter().position(|c| *c == Class::Person).unwrap();
        let mut class = [0.01; Class::COUNT];
        class[person] = 0.93;
        assert!((most_speed_mps(&class) - 12.0).abs() < 1e-12);
        let vessel = Class::ALL.iter().position(|c| *c == Class::Vessel).unwrap();
        (class[person], class[vessel]) = (0.5, 0.44);
        assert!((most_speed_mps(&class) - 40.0).abs() < 1e-12);
    }

    #[test]
    fn the_most_claimed_identity_stands() {
        let mut claims = Claims::default();
        let (a, b): (Arc<str>, Arc<str>) = ("mmsi:1".into(), "mmsi:2".into());
        assert_eq!(claims.vote(&a), None);
        assert_eq!(claims.vote(&b), None);
        assert_eq!(claims.best(), Some(&a), "the earlier among equals");
        assert_eq!(claims.vote(&b), None);
        assert_eq!(claims.best(), Some(&b));
        assert!(
            claims.contradicts("mmsi:1") && !claims.contradicts("icao:1") && !claims.contradicts("mmsi:2")
        );
    }

    #[test]
    fn who_claims_to_be_everybody_is_remembered_as_a_few() {
        let mut claims = Claims::default();
        let forgotten: Vec<_> = (0..10)
            .filter_map(|n| claims.vote(&Arc::from(format!("mmsi:{n}"))))
            .map(|f| f.to_string())
            .collect();
        assert_eq!(forgotten, ["mmsi:0", "mmsi:1", "mmsi:2", "mmsi:3", "mmsi:4", "mmsi:5"]);
        assert_eq!(claims.all().count(), MOST_CLAIMS);
    }
}
