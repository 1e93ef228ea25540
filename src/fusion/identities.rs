//! Identities that disagree: two names of one kind on one track, one name on two tracks.
//!
//! In: every claim that a track takes. Out: conflicts, once each when they begin, and those that stand. Overwrites
//! nothing: the track keeps all claims with their votes. One claim too many is a mistake; it takes some of each to be a
//! conflict, and a name that merely moves from one track to another (the first had lost its thing) is none: it has to
//! come back. Knows no position.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::classify::Claims;
use super::track::TrackId;
use crate::time::{Span, Timestamp};

/// What has not shown itself for so long is over: ships at anchor report every three minutes.
const OVER_AFTER: Span = Span::from_secs(600);
/// Claims of each of two names on one track that make a conflict.
pub(super) const LEAST_VOTES: u32 = 3;
/// Times a name must have changed its track.
const LEAST_CHANGES: u32 = 2;
/// Conflicts, begun or suspected, at most; more are counted and not looked into.
const MOST: usize = 1_024;

/// Identities that disagree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IdentityConflict {
    /// One track claims two identities of one scheme; they are in order.
    TwoOnOne {
        /// Which track.
        track: TrackId,
        /// What it claims to be.
        identities: [Arc<str>; 2],
    },
    /// One identity is claimed by two tracks in turn; they are in order.
    OneOnTwo {
        /// Which identity.
        identity: Arc<str>,
        /// Who claims it.
        tracks: [TrackId; 2],
    },
}

impl IdentityConflict {
    /// Every kind's word, for metrics.
    pub const KINDS: [&'static str; 2] = ["two_on_one", "one_on_two"];

    /// Its kind's word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TwoOnOne { .. } => Self::KINDS[0],
            Self::OneOnTwo { .. } => Self::KINDS[1],
        }
    }

    /// The tracks in question.
    #[must_use]
    pub fn tracks(&self) -> &[TrackId] {
        match self {
            Self::TwoOnOne { track, .. } => std::slice::from_ref(track),
            Self::OneOnTwo { tracks, .. } => tracks,
        }
    }

    /// The identities in question.
    #[must_use]
    pub fn identities(&self) -> &[Arc<str>] {
        match self {
            Self::TwoOnOne { identities, .. } => identities,
            Self::OneOnTwo { identity, .. } => std::slice::from_ref(identity),
        }
    }
}

/// Conflicts that stand, that are suspected, and that the last look showed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Identities {
    suspected: BTreeMap<IdentityConflict, Suspicion>,
    #[serde(skip)]
    found: Vec<IdentityConflict>,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Suspicion {
    shown: u32,
    /// When it was reported, once it was.
    since: Option<Timestamp>,
    latest: Timestamp,
}

impl Identities {
    pub(super) fn begin(&mut self) {
        self.found.clear();
    }

    /// What began with the last look.
    pub(super) fn found(&self) -> &[IdentityConflict] {
        &self.found
    }

    /// Every conflict that stands, with when it began.
    pub(super) fn standing(&self) -> impl Iterator<Item = (&IdentityConflict, Timestamp)> {
        self.suspected.iter().filter_map(|(conflict, suspicion)| Some((conflict, suspicion.since?)))
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// A confirmed track took one more claim.
    pub(super) fn claimed(&mut self, at: Timestamp, track: TrackId, claims: &Claims) {
        if let Some([a, b]) = claims.disputed(LEAST_VOTES) {
            let identities = if a <= b { [a, b] } else { [b, a] }.map(Arc::clone);
            self.show(at, IdentityConflict::TwoOnOne { track, identities }, 1);
        }
    }

    /// A confirmed track claims what another one, as believed, claimed last.
    pub(super) fn changed(&mut self, at: Timestamp, identity: &Arc<str>, one: TrackId, other: TrackId) {
        let tracks = [one.min(other), one.max(other)];
        let identity = Arc::clone(identity);
        self.show(at, IdentityConflict::OneOnTwo { identity, tracks }, LEAST_CHANGES);
    }

    fn show(&mut self, at: Timestamp, conflict: IdentityConflict, least: u32) {
        if !self.suspected.contains_key(&conflict) && self.suspected.len() >= MOST {
            self.refused += 1;
            return;
        }
        let fresh = Suspicion { shown: 0, since: None, latest: at };
        let suspicion = self.suspected.entry(conflict.clone()).or_insert(fresh);
        suspicion.shown = suspicion.shown.saturating_add(1);
        suspicion.latest = suspicion.latest.max(at);
        if suspicion.shown >= least && suspicion.since.is_none() {
            suspicion.since = Some(at);
            self.found.push(conflict);
        }
    }

    /// A track has ended: nothing stands about it any more.
    pub(super) fn end(&mut self, track: TrackId) {
        if !self.suspected.is_empty() {
            self.suspected.retain(|conflict, _| !conflict.tracks().contains(&track));
        }
    }

    /// What has not shown itself for long is over.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.suspected.retain(|_, suspicion| now.since(suspicion.latest) < OVER_AFTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::testing::{radar, sector};
    use crate::fusion::tracker::Tracker;
    use crate::scan::{Detection, Look, Measurement, Scan};
    use crate::sensor::{SensorIndex, SensorKind};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn two_names_on_one_track_are_reported_once_and_overwrite_nothing() {
        let (mut identities, mut claims) = (Identities::default(), Claims::default());
        let [b, a]: [Arc<str>; 2] = ["mmsi:2".into(), "mmsi:1".into()];
        let mut said = Vec::new();
        for second in 0..20 {
            let _ = claims.vote(if second % 3 == 0 { &a } else { &b });
            identities.begin();
            identities.claimed(at(second), TrackId(7), &claims);
            said.extend(identities.found().iter().cloned().map(|conflict| (second, conflict)));
        }
        let conflict = IdentityConflict::TwoOnOne { track: TrackId(7), identities: [a, b] };
        assert_eq!(said, [(6, conflict.clone())], "with the third claim of the rarer");
        assert_eq!(identities.standing().collect::<Vec<_>>(), [(&conflict, at(6))]);
        assert_eq!(claims.all().count(), 2);
        identities.forget(at(619));
        assert_eq!(identities.standing().count(), 0, "over");
    }

    #[test]
    fn another_scheme_or_one_mistake_is_no_conflict() {
        let (mut identities, mut claims) = (Identities::default(), Claims::default());
        for (name, times) in [("mmsi:1", 30), ("icao:1", 30), ("mmsi:2", 2)] {
            for _ in 0..times {
                let _ = claims.vote(&name.into());
                identities.claimed(at(0), TrackId(1), &claims);
            }
        }
        assert_eq!(identities.found(), []);
    }

    #[test]
    fn a_name_that_goes_to_and_fro_is_on_two_tracks_and_one_that_moves_is_not() {
        let mut identities = Identities::default();
        let name: Arc<str> = "mmsi:1".into();
        identities.changed(at(0), &name, TrackId(2), TrackId(1));
        assert_eq!(identities.found(), [], "it has moved");
        identities.changed(at(5), &name, TrackId(1), TrackId(2));
        let conflict =
            IdentityConflict::OneOnTwo { identity: name.clone(), tracks: [TrackId(1), TrackId(2)] };
        assert_eq!(identities.found(), [conflict]);
        identities.begin();
        identities.changed(at(9), &name, TrackId(2), TrackId(1));
        assert_eq!(identities.found(), [], "said once");
        identities.end(TrackId(2));
        assert_eq!(identities.standing().count(), 0);
    }

    /// A radar that sees these targets every second, and a receiver of reports: who claims what, where.
    fn tracked(targets: &[[f64; 2]], reports: &[(&str, [f64; 2])]) -> Vec<IdentityConflict> {
        let mut models = [radar("r1", 0.0, -5_000.0), radar("ais", 0.0, -5_000.0)];
        models.iter_mut().for_each(|model| model.false_alarms_per_scan = 0.1);
        models[1].kind = SensorKind::Transponder;
        let mut tracker = Tracker::new(sector(), models.to_vec());
        let place = |[e, n]: [f64; 2], identity: Option<&str>| {
            let mut detection = Detection::new(Measurement::Position {
                at: sector().plane_to_geodetic(e, n, 0.0),
                has_altitude: false,
                covariance_m2: [100.0, 0.0, 100.0],
            });
            detection.identity = identity.map(Arc::from);
            detection
        };
        let mut said = Vec::new();
        for second in 0..120_i64 {
            let seen = targets.iter().map(|target| place(*target, None)).collect();
            let turn = usize::try_from(second).unwrap();
            let report = (turn % 2 == 1).then(|| &reports[turn / 2 % reports.len()]);
            let reported = report.map(|(identity, at)| place(*at, Some(identity))).into_iter().collect();
            for (index, detections) in (0..).zip([seen, reported]) {
                let time = Timestamp::from_secs(1_767_225_600 + second);
                let (sensor, look) = (SensorIndex(index), Look::FieldOfView);
                tracker.process(&Scan { sensor, key: None, time, pose: None, look, part: None, detections });
                said.extend_from_slice(tracker.identity_conflicts());
            }
        }
        said
    }

    #[test]
    fn one_name_reported_in_two_places_is_a_conflict_of_two_tracks() {
        let (here, there) = ([0.0, 0.0], [4_000.0, 1_000.0]);
        let said = tracked(&[here, there], &[("mmsi:1", here), ("mmsi:1", there)]);
        assert!(matches!(&said[..], [IdentityConflict::OneOnTwo { .. }]), "{said:?}");
        assert_eq!(tracked(&[here, there], &[("mmsi:1", here), ("mmsi:2", there)]), []);
    }

    #[test]
    fn two_names_reported_of_one_thing_are_a_conflict_of_one_track() {
        let here = [0.0, 0.0];
        let said = tracked(&[here], &[("mmsi:1", here), ("mmsi:2", here)]);
        assert!(matches!(&said[..], [IdentityConflict::TwoOnOne { .. }]), "{said:?}");
    }

    #[test]
    fn conflicts_are_bounded() {
        let mut identities = Identities::default();
        for n in 0..2 * MOST as u64 {
            identities.changed(at(0), &"mmsi:1".into(), TrackId(0), TrackId(1 + n));
        }
        assert_eq!((identities.suspected.len(), identities.refused()), (MOST, MOST as u64));
    }
}
