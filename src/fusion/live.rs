//! A track from inside: its filtered state, what it was made of, what it is and who it says it is.
//!
//! In: entries the tracker decided on. Out: the public view. Decides nothing about association.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::classify::{self, Claims};
use super::clutter::Cell;
use super::filter::Gaussian;
use super::history::{History, State};
use super::measure::Measured;
use super::motion::{self, Motion, Paces};
use super::rival::Rival;
use super::stillness::Stillness;
use super::track::{Estimate, Status, TrackId, TrackView, UNKNOWN_CLASS};
use crate::scan::{ClassLikelihoods, Detection};
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// A confirmed track coasts when nothing has fed it for this many of its quickest sensor's periods,
const COAST_PERIODS: f64 = 3.0;
/// but not sooner than this, seconds.
const COAST_LEAST_S: f64 = 2.0;
/// Below this P(exists) what was confirmed is in doubt: perhaps nothing, as before it was confirmed.
const DOUBTED: f64 = 0.2;
/// A detection may lie this many sigmas beyond what a target can have come.
const REACH_SIGMAS: f64 = 4.0;
/// Growth of velocity variance when an estimate is asked for before its time, m²/s³.
const BACKWARD_DENSITY: f64 = 2.0;

/// One track.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Track {
    pub id: TrackId,
    pub born: Timestamp,
    pub updated: Timestamp,
    pub confirmed: bool,
    /// Looks that fed it.
    pub hits: u32,
    pub state: State,
    /// The state over all modes.
    pub mean: Gaussian,
    pub history: History,
    pub class: ClassLikelihoods,
    /// What it can be is no quicker, metres per second.
    pub most_speed_mps: f64,
    pub claims: Claims,
    pub sensors: Vec<(SensorIndex, Timestamp)>,
    pub stillness: Stillness,
    pub rival: Rival,
    /// Whose detection began it, and where in that sensor's field.
    pub founder: Option<(SensorIndex, Cell)>,
    /// Shortest period of the sensors that fed it, seconds.
    pub period_s: f64,
    /// Above zero for what bearings alone have begun: how often another kind of sensor must feed it until it is held by
    /// that. Until then bearings and their absence say whether it is there; afterwards they only refine.
    pub sighted: u8,
}

impl Track {
    pub(super) fn new(id: TrackId, state: State, period_s: f64) -> Self {
        let stillness = Stillness::new(state.time);
        Self {
            id,
            born: state.time,
            updated: state.time,
            confirmed: false,
            hits: 0,
            mean: state.imm.mean(),
            history: History::default(),
            state,
            class: UNKNOWN_CLASS,
            most_speed_mps: classify::most_speed_mps(&UNKNOWN_CLASS),
            claims: Claims::default(),
            sensors: Vec::new(),
            stillness,
            rival: Rival::default(),
            founder: None,
            period_s,
            sighted: 0,
        }
    }

    /// What is known beside the state, after a detection measured at `time`; the claimed identity that was forgotten.
    pub(super) fn credit(
        &mut self,
        sensor: SensorIndex,
        time: Timestamp,
        period_s: f64,
        detection: &Detection,
    ) -> Option<Arc<str>> {
        self.hits = self.hits.saturating_add(1);
        self.updated = self.updated.max(time);
        self.period_s = self.period_s.min(period_s);
        match self.sensors.binary_search_by_key(&sensor, |known| known.0) {
            Ok(at) => self.sensors[at].1 = self.sensors[at].1.max(time),
            Err(at) => self.sensors.insert(at, (sensor, time)),
        }
        classify::fuse_class(&mut self.class, &detection.class);
        self.most_speed_mps = classify::most_speed_mps(&self.class);
        detection.identity.as_ref().and_then(|identity| self.claims.vote(identity))
    }

    /// After a detection: whether it stands still, for good. `named`: by a sensor that knows what it sees.
    pub(super) fn stand(&mut self, m: &Measured, named: bool) {
        let known = named || self.claims.best().is_some() || self.class != UNKNOWN_CLASS;
        let var = m.r[0].max(m.r[2]);
        self.stillness.note(self.updated, m.z, var, known || m.is_bearing(), &self.mean);
    }

    /// Whether what it is could have come to `m`, measured at `at`, since it was last seen.
    pub(super) fn can_reach(&self, m: &Measured, at: Timestamp) -> bool {
        let dt_s = at.since(self.state.time).as_secs_f64().abs() + m.offset_s.abs();
        let (x, pp) = (&self.mean.x, &self.mean.pp);
        let away = [m.z[0] - x[0], m.z[1] - x[1]];
        let reach_m = self.most_speed_mps * dt_s + REACH_SIGMAS * (pp[0] + pp[2] + m.r[0] + m.r[2]).sqrt();
        away[0] * away[0] + away[1] * away[1] <= reach_m * reach_m
    }

    /// Bytes it takes, without its history's blocks.
    pub(super) fn bytes(&self) -> usize {
        let claims: usize =
            self.claims.all().map(|identity| size_of::<(Arc<str>, f64)>() + identity.len()).sum();
        size_of::<Self>() + self.sensors.capacity() * size_of::<(SensorIndex, Timestamp)>() + claims
    }

    /// Straight on from the last state, for finding out whether a look can have seen it: place and one-sigma radius.
    pub(super) fn roughly_at(&self, at: Timestamp) -> ([f64; 2], f64) {
        let dt_s = at.since(self.state.time).as_secs_f64();
        let (x, pp, vv) = (&self.mean.x, &self.mean.pp, &self.mean.vv);
        let variance = pp[0] + pp[2] + dt_s * dt_s * (vv[0] + vv[2] + 0.5 * dt_s.abs());
        ([x[0] + dt_s * x[2], x[1] + dt_s * x[3]], variance.sqrt())
    }

    /// The state over all modes at `at`.
    pub(super) fn estimate(&self, at: Timestamp, motion: &Motion, paces: &mut Paces) -> Gaussian {
        let dt_s = at.since(self.state.time).as_secs_f64();
        if dt_s > 0.0 {
            paces.get(motion, dt_s).predict(&self.state.imm).mean()
        } else if dt_s < 0.0 {
            let mut step = motion::white_acceleration(BACKWARD_DENSITY, -dt_s);
            (step.a, step.q_pv) = (dt_s, -step.q_pv);
            self.mean.advanced(&step)
        } else {
            self.mean
        }
    }

    pub(super) fn status(&self, at: Timestamp) -> Status {
        let unseen_s = at.since(self.updated).as_secs_f64();
        if !self.confirmed || self.state.existence.once_at(at) < DOUBTED {
            Status::Tentative
        } else if self.stillness.is_fixed() {
            Status::Fixed
        } else if unseen_s > (COAST_PERIODS * self.period_s).max(COAST_LEAST_S) {
            Status::Coasting
        } else {
            Status::Confirmed
        }
    }

    pub(super) fn view(&self, at: Timestamp, motion: &Motion, paces: &mut Paces) -> TrackView<'_> {
        let estimate = self.estimate(at, motion, paces);
        let ahead_s = at.since(self.state.time).as_secs_f64();
        TrackView {
            id: self.id,
            status: self.status(at),
            existence: self.state.existence.once_at(at),
            estimate: Estimate { time: at, mean: estimate.x, covariance: estimate.covariance() },
            modes: if ahead_s > 0.0 {
                paces.get(motion, ahead_s).modes(&self.state.imm)
            } else {
                self.state.imm.mu
            },
            altitude_m: self.state.height.map(|height| {
                let then = height.at(at.since(self.state.time).as_secs_f64());
                (then.altitude_m, then.var.sqrt())
            }),
            class: self.class,
            identity: self.claims.best().map(|identity| &**identity),
            sensors: &self.sensors,
            born: self.born,
            updated: self.updated,
        }
    }
}
