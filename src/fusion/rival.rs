//! Two tracks of one thing: association alone never parts them, it feeds them in turn.
//!
//! In: per look who took a detection that others could have taken, too. Out: the younger of two tracks that are one. The
//! evidence is a likelihood ratio: of two real targets a look that sees one with probability p sees exactly one with
//! 2p(1 − p), of one target with p; a look that sees both settles it. Where a sensor sees every other time, nothing is
//! learned, and nothing is merged.

use serde::{Deserialize, Serialize};

use super::filter;
use super::ring::LookNumber;
use super::table::Table;
use super::track::TrackId;
use super::tracker::{Candidate, Tracker};

/// ln of the likelihood ratio that merges: one in a hundred and sixty thousand.
const MERGE: f64 = 12.0;
/// States that differ by more than this (χ², two degrees, 0.99), in place or in velocity, are not of one thing.
const APART: f64 = 9.2;

/// What a track knows of an older one that may be the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rival {
    pub with: TrackId,
    score: f64,
}

impl Rival {
    /// Whether the two are one.
    pub(super) fn is_one(self) -> bool {
        self.score >= MERGE
    }
}

impl Tracker {
    /// Weighs every detection that one track took and another could have.
    pub(super) fn rivals(&mut self, look: LookNumber) {
        let Some(looked) = self.looks.get(look) else { return };
        let work = &mut self.work;
        work.contested.clear();
        work.took.clear();
        work.took.resize(work.candidates.len(), false);
        for pair in work.pairs.iter().filter(|pair| pair.chosen) {
            work.took[pair.track as usize] = true;
        }
        let open = work.pairs.iter().filter(|pair| !pair.alone);
        work.contested.extend(open.map(|pair| (pair.detection, pair.track, pair.chosen)));
        work.contested.sort_unstable();
        for group in work.contested.chunk_by(|a, b| a.0 == b.0) {
            let bearing = looked.detections.get(group[0].0 as usize).is_none_or(|m| m.is_bearing());
            let Some(taker) = group.iter().find(|entry| entry.2).map(|entry| entry.1) else { continue };
            for other in group.iter().map(|entry| entry.1).filter(|other| *other != taker && !bearing) {
                let both = work.took[other as usize];
                weigh(&mut self.tracks, &work.candidates, (taker, other), both);
            }
        }
    }
}

/// One look of two candidates, of which the first took a detection and the second took another, or none.
fn weigh(tracks: &mut Table, candidates: &[Candidate], pair: (u32, u32), both: bool) {
    let (a, b) = (&candidates[pair.0 as usize], &candidates[pair.1 as usize]);
    if a.past.is_some() || b.past.is_some() {
        return;
    }
    let (elder, younger) = if tracks.at(a.slot).id < tracks.at(b.slot).id { (a, b) } else { (b, a) };
    let with = tracks.at(elder.slot).id;
    let rival = &mut tracks.at_mut(younger.slot).rival;
    if both {
        if rival.with == with {
            *rival = Rival::default();
        }
        return;
    }
    if !alike(elder, younger) {
        return;
    }
    if rival.with != with {
        *rival = Rival { with, score: 0.0 };
    }
    let missed = 1.0 - f64::from(a.told_pd.min(b.told_pd));
    rival.score = (rival.score - libm::log(2.0 * missed.clamp(1e-3, 1.0))).max(0.0);
}

/// Whether two predicted tracks may be one thing.
fn alike(a: &Candidate, b: &Candidate) -> bool {
    let within = |at: usize, p: [f64; 3], q: [f64; 3]| {
        let nu = [a.mean.x[at] - b.mean.x[at], a.mean.x[at + 1] - b.mean.x[at + 1]];
        filter::fit(nu, [p[0] + q[0], p[1] + q[1], p[2] + q[2]]).is_some_and(|fit| fit.d2 < APART)
    };
    within(0, a.mean.pp, b.mean.pp) && within(2, a.mean.vv, b.mean.vv)
}
