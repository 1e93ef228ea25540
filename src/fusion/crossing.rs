//! One hypothesis that bearings of several sensors are of one thing: where it would be, how well that goes on to fit.
//!
//! In: the bearings it takes and the looks that missed it. Out: its state and the logarithm of how much better it
//! explains them than chance does. With two cameras a crossing of the wrong lines takes bearings as faithfully as the
//! right one; what tells them apart is that things go straight on mostly and crossings of the wrong lines do not, so its
//! motion is filtered with modes that are much steadier than a track's, and every turn has its price. Decides nothing.

use serde::{Deserialize, Serialize};

use super::classify;
use super::filter::Gaussian;
use super::measure::{Measured, Site};
use super::motion::{Imm, MODES, white_acceleration};
use super::ring::LookNumber;
use super::track::{TrackId, UNKNOWN_CLASS};
use super::triangulate::Meeting;
use super::update;
use crate::scan::ClassLikelihoods;
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// Spectral density of white acceleration by mode: straight on, wavering, turning; m²/s³.
const DENSITY: [f64; MODES] = [1e-3, 2e-2, 2.5];
/// Mean dwell in each, seconds, and where it goes then.
const DWELL_S: [f64; MODES] = [50.0, 18.0, 6.0];
const NEXT: [[f64; MODES]; MODES] = [[0.0, 0.85, 0.15], [0.95, 0.0, 0.05], [0.5, 0.5, 0.0]];
/// Their shares at first.
const AT_FIRST: [f64; MODES] = [0.75, 0.2, 0.05];
/// One-sigma speed per axis of something seen once, m/s.
pub(super) const SPEED_MPS: f64 = 10.0;
/// How often a target is visible to a camera that has reported it, and to one that has not.
const VISIBLE: f64 = 0.98;
const VISIBLE_UNPROVEN: f64 = 0.8;
/// Looks remembered per sensor.
pub(super) const REMEMBERED: usize = 4;
/// Sensors that may feed one.
const MOST_SENSORS: usize = 8;

/// A hypothesis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Crossing {
    pub time: Timestamp,
    pub imm: Imm,
    /// ln of P(bearings and misses | it is there) over P(the same | chance).
    pub score: f64,
    /// What each sensor gave it.
    pub feeds: Vec<Feed>,
    /// Looks in a row after which it was all but certain, and all but excluded.
    pub sure: u8,
    pub doubted: u8,
    pub class: ClassLikelihoods,
    /// The track it became.
    pub track: Option<TrackId>,
}

/// What one sensor gave a hypothesis.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Feed {
    pub sensor: SensorIndex,
    pub seen: Timestamp,
    pub hits: u32,
    /// Its part in the score: what this sensor's looks said.
    pub score: f64,
    /// How many hits that stands for.
    pub worth: f64,
    /// Looks in a row that should have shown it and did not.
    pub misses: u8,
    /// Look and detection of the last bearings it took, in turn.
    pub taken: [Option<(LookNumber, u32)>; REMEMBERED],
}

impl Feed {
    pub(super) fn new(
        sensor: SensorIndex,
        seen: Timestamp,
        look: LookNumber,
        detection: u32,
        score: f64,
    ) -> Self {
        let mut taken = [None; REMEMBERED];
        taken[0] = Some((look, detection));
        Self { sensor, seen, hits: 1, score, worth: 1.0, misses: 0, taken }
    }
}

/// One look's bearing as a hypothesis would take it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub sensor: SensorIndex,
    pub at: Timestamp,
    pub look: LookNumber,
    pub detection: u32,
    /// Probability that the look reports a visible target there.
    pub pd: f64,
}

impl Crossing {
    /// At a meeting of two bearings, of which `feeds` says which.
    pub(super) fn new(time: Timestamp, met: &Meeting, score: f64, feeds: Vec<Feed>) -> Self {
        let var = SPEED_MPS * SPEED_MPS;
        let start =
            Gaussian { x: [met.at[0], met.at[1], 0.0, 0.0], pp: met.r, pv: [0.0; 4], vv: [var, 0.0, var] };
        let imm = Imm { modes: [start; MODES], mu: AT_FIRST };
        Self { time, imm, score, feeds, sure: 0, doubted: 0, class: UNKNOWN_CLASS, track: None }
    }

    /// Its state at `at`, not before its own time.
    pub(super) fn foreseen(&self, at: Timestamp) -> Imm {
        let dt_s = at.since(self.time).as_secs_f64();
        if dt_s <= 0.0 {
            return self.imm;
        }
        let leaving = DWELL_S.map(|dwell_s| 1.0 - libm::exp(-dt_s / dwell_s));
        let chain = |i: usize, j: usize| if i == j { 1.0 - leaving[i] } else { leaving[i] * NEXT[i][j] };
        let mut next = self.imm;
        for (j, (mode, mu)) in next.modes.iter_mut().zip(&mut next.mu).enumerate() {
            let share: [f64; MODES] = std::array::from_fn(|i| chain(i, j) * self.imm.mu[i]);
            *mu = share.iter().sum();
            let mixed = Imm { modes: self.imm.modes, mu: share.map(|v| v / *mu) };
            *mode = mixed.mean().advanced(&white_acceleration(DENSITY[j], dt_s));
        }
        next
    }

    fn visible(&self, sensor: SensorIndex) -> f64 {
        if self.feeds.iter().any(|feed| feed.sensor == sensor) { VISIBLE } else { VISIBLE_UNPROVEN }
    }

    /// Takes a bearing; false, and nothing changed, if the result is not sound.
    pub(super) fn take(&mut self, foreseen: &Imm, site: &Site, m: &Measured, taken: &Taken) -> bool {
        let mut next = *foreseen;
        let Some(density) = update::absorbed(foreseen, &foreseen.mean(), None, site, m, &mut next) else {
            return false;
        };
        let ratio = self.visible(taken.sensor) * taken.pd * density / m.clutter;
        if !(ratio > 0.0 && ratio.is_finite()) {
            return false;
        }
        let news = libm::log(ratio);
        self.score += news;
        (self.imm, self.time) = (next, self.time.max(taken.at));
        let entry = Some((taken.look, taken.detection));
        if let Some(feed) = self.feeds.iter_mut().find(|feed| feed.sensor == taken.sensor) {
            feed.taken[feed.hits as usize % REMEMBERED] = entry;
            (feed.seen, feed.hits, feed.misses) = (taken.at, feed.hits.saturating_add(1), 0);
            (feed.score, feed.worth) = (feed.score + news, feed.worth + 1.0);
        } else if self.feeds.len() < MOST_SENSORS {
            self.feeds.push(Feed::new(taken.sensor, taken.at, taken.look, taken.detection, news));
        }
        true
    }

    /// A look that should have shown it with probability `pd` did not.
    pub(super) fn miss(&mut self, sensor: SensorIndex, pd: f64) {
        let news = libm::log(1.0 - (self.visible(sensor) * pd).clamp(0.0, 0.99));
        self.score += news;
        if let Some(feed) = self.feeds.iter_mut().find(|feed| feed.sensor == sensor) {
            feed.misses = feed.misses.saturating_add(1);
            feed.score += news;
        }
    }

    /// What a sensor gave it, if a certain bearing was part of that lately.
    pub(super) fn took(&self, sensor: SensorIndex, look: LookNumber, detection: u32) -> Option<&Feed> {
        let entry = Some((look, detection));
        self.feeds.iter().find(|feed| feed.sensor == sensor && feed.taken.contains(&entry))
    }

    /// Looks that fed it.
    pub(super) fn hits(&self) -> u32 {
        self.feeds.iter().fold(0, |sum, feed| sum.saturating_add(feed.hits))
    }

    /// What a bearing says of what it is.
    pub(super) fn classify(&mut self, seen: &ClassLikelihoods) {
        classify::fuse_class(&mut self.class, seen);
    }
}
