//! Whether a new track is one that was lost: the likelihood of all that it was made of, either way.
//!
//! In: a lost track as it was when last measured, and a new one with its detections. Out: ln of the density of those
//! detections if they continue the lost track over their density if the track began with them, the first one's place
//! apart, of which the other account is a density of new targets. Both run through the same filter that made the tracks
//! (Yeom, Kirubarajan & Bar-Shalom 2004 compare states; the detections themselves say the same without the new track's
//! made-up first velocity in them). Knows nobody else.

use serde::{Deserialize, Serialize};

use super::super::classify::Claims;
use super::super::filter::{self, Gaussian};
use super::super::history::State;
use super::super::live::Track;
use super::super::measure::Measured;
use super::super::motion::{Imm, Motion};
use super::super::ring::{LookNumber, LookRing, Looked};
use super::super::track::{Estimate, TrackId};
use super::super::update;
use super::GAP;
use crate::scan::{Class, ClassLikelihoods};
use crate::time::{Span, Timestamp};

/// Places and velocities that differ by more (χ², two degrees, 0.999) are not of one thing.
const GATE_D2: f64 = 13.8;
/// Detections that are weighed at most: a track's first.
const MOST_DETECTIONS: usize = 12;
/// Nothing gets faster than it was lost by more than this while out of sight, on average, metres per second;
const MOST_FASTER_MPS: f64 = 30.0;
/// nor is its place known better than this before it is worked out, metres.
const ROUGHLY_M: f64 = 300.0;
/// An identity that both claim makes it likelier by so much.
const SAME_IDENTITY: f64 = 1_000.0;
/// Classes never say more than this against it.
const LEAST_CLASS: f64 = 0.01;

/// A confirmed track that has ended, as it was when it was last measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lost {
    pub id: TrackId,
    state: State,
    mean: Gaussian,
    updated: Timestamp,
    class: ClassLikelihoods,
    claims: Claims,
}

/// How a new track began.
pub(super) struct Beginning<'a> {
    track: &'a Track,
    start: &'a State,
    detections: Vec<(&'a Looked, &'a Measured)>,
}

impl<'a> Beginning<'a> {
    pub(super) fn of(track: &'a Track, looks: &'a LookRing) -> Option<Self> {
        let start = track.history.beginning()?;
        let all = track.history.detections_before(track.updated, LookNumber::MAX, looks);
        let since = all.map(|(looked, m, _)| (looked, m)).filter(|(looked, _)| looked.time >= start.time);
        let mut detections: Vec<_> = since.collect();
        detections.reverse();
        detections.truncate(MOST_DETECTIONS);
        Some(Self { track, start, detections })
    }
}

/// One account of the detections, on its way through them.
struct Account {
    imm: Imm,
    time: Timestamp,
}

impl Account {
    fn to(&mut self, at: Timestamp, motion: &Motion) -> Gaussian {
        self.imm = motion.predict(&self.imm, at.since(self.time).as_secs_f64());
        self.time = self.time.max(at);
        self.imm.mean()
    }

    /// N(ν; 0, S) of the next detection, which is taken in.
    fn take(&mut self, looked: &Looked, m: &Measured, motion: &Motion) -> Option<f64> {
        let mean = self.to(looked.time, motion);
        let mut next = self.imm;
        let density = update::absorbed(&self.imm, &mean, None, &looked.site, m, &mut next)?;
        self.imm = next;
        Some(density.max(1e-300))
    }
}

impl Lost {
    pub(super) fn new(track: &Track) -> Self {
        Self {
            id: track.id,
            state: track.state,
            mean: track.mean,
            updated: track.updated,
            class: track.class,
            claims: track.claims.clone(),
        }
    }

    /// When it was last measured.
    pub(super) fn last(&self) -> Timestamp {
        self.updated
    }

    /// Where it was then.
    pub(super) fn estimate(&self) -> Estimate {
        Estimate { time: self.state.time, mean: self.mean.x, covariance: self.mean.covariance() }
    }

    /// Whether it is worth working out if this track may be it: it began after, soon, and not too far away.
    pub(super) fn may_be(&self, track: &Track) -> bool {
        let gap = track.born.since(self.updated);
        if gap <= Span::ZERO || gap > GAP {
            return false;
        }
        let (x, to) = (&self.mean.x, track.roughly_at(track.born).0);
        let away = [to[0] - x[0], to[1] - x[1]];
        let speed_mps = (x[2] * x[2] + x[3] * x[3]).sqrt() + MOST_FASTER_MPS;
        let reach_m = ROUGHLY_M + speed_mps * track.born.since(self.state.time).as_secs_f64();
        away[0] * away[0] + away[1] * away[1] <= reach_m * reach_m
    }

    /// ln of how much likelier the beginning is if it continues this track, per m⁻² of its first place.
    pub(super) fn log_ratio(&self, beginning: &Beginning<'_>, motion: &Motion) -> Option<f64> {
        let Beginning { track, start, detections } = beginning;
        let mut new = Account { imm: start.imm, time: start.time };
        let first = start.imm.mean();
        let mut same = Account { imm: self.state.imm, time: self.state.time };
        let there = same.to(start.time, motion);
        let (z, r) = ([first.x[0], first.x[1]], first.pp);
        if !near([z[0] - there.x[0], z[1] - there.x[1]], there.pp, r) {
            return None;
        }
        let mut next = same.imm;
        let density = same.imm.updated(&mut next, |mode| mode.with_position(z, r))?;
        let mut before = Account { imm: self.state.imm, time: self.state.time };
        same.imm = next;
        let mut ratio = libm::log(density.max(1e-300));
        for (looked, m) in detections {
            let (Some(a), Some(b)) = (same.take(looked, m, motion), new.take(looked, m, motion)) else {
                continue;
            };
            ratio += libm::log(a / b);
        }
        let (was, is) = (before.to(new.time, motion), new.imm.mean());
        if !near([is.x[2] - was.x[2], is.x[3] - was.x[3]], was.vv, is.vv) {
            return None;
        }
        Some(ratio + self.likeness(track)?)
    }

    /// ln of what class, identity and height say; `None` if they say no.
    fn likeness(&self, track: &Track) -> Option<f64> {
        if track.claims.best().is_some_and(|identity| self.claims.contradicts(identity)) {
            return None;
        }
        if let (Some(was), Some(is)) = (self.state.height, track.state.height) {
            let dt_s = track.state.time.since(self.state.time).as_secs_f64();
            let (was, is) = (was.at(dt_s), is.at(0.0));
            let apart_m = is.altitude_m - was.altitude_m;
            if apart_m * apart_m > GATE_D2 * (was.var + is.var) {
                return None;
            }
        }
        let both: f64 = self.class.iter().zip(&track.class).map(|(a, b)| a * b).sum();
        let class = (Class::COUNT as f64 * both).max(LEAST_CLASS);
        let shared = track.claims.all().any(|identity| self.claims.has(identity));
        Some(libm::log(class) + if shared { libm::log(SAME_IDENTITY) } else { 0.0 })
    }
}

/// Whether two vectors that differ by `nu` may be one, given the covariances of both.
fn near(nu: [f64; 2], p: [f64; 3], q: [f64; 3]) -> bool {
    filter::fit(nu, [p[0] + q[0], p[1] + q[1], p[2] + q[2]]).is_some_and(|fit| fit.d2 <= GATE_D2)
}
