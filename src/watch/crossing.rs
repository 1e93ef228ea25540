//! Who is on which side of a line, and who changes it.
//!
//! In: estimates of one track after the other, each with the allowance for lasting errors. Out: crossings, with the
//! instant and the place where the path crossed: the smoothed one (`instant`), or where that does not cross the way from
//! estimate to estimate. Knows no rule and no gate.
//!
//! Per track and line the side is *latched*: it starts with the first side that is likelier than [`FIRST`], and changes
//! only when the other side has P ≥ [`BEYOND`]. Between the two the track is indeterminate and nothing changes. While a
//! track is tentative its first side may still be corrected; a crossing is said only of confirmed ones. A track first
//! seen beyond the line, or gone there around the line's end, has not crossed it: its side is latched in silence.
//!
//! A track far from the line (beyond what it could cover in [`AHEAD_S`]) needs no memory: its side is plain to see.

mod gap;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::area::{Covariance, normal_cdf, plus};
use super::instant::{self, Instant};
use super::line::{Nearest, Point, Polyline};
use crate::fusion::{Paths, Status, TrackId, TrackView};
use crate::time::{Span, Timestamp};
use crate::watch::agreement::Direction;

/// P(beyond) that makes a crossing.
const BEYOND: f64 = 0.95;
/// P(side) that latches a side for the first time. Lower than [`BEYOND`], so that a track that starts just before the
/// line is not lost; the way from here to beyond still spans more than 2.3 sigma of the allowance.
const FIRST: f64 = 0.75;
/// A track is remembered within this distance of a line, metres, …
const NEAR_M: f64 = 500.0;
/// … plus what it covers in this time, seconds, at a speed of at most [`FASTEST_MPS`].
const AHEAD_S: f64 = 30.0;
/// Metres per second.
const FASTEST_MPS: f64 = 1000.0;
/// Sides remembered per line.
const CAPACITY: usize = 200_000;
/// The path is smoothed from this long before the estimates crossed: what walks up to a line and lingers.
const BEFORE: Span = Span::from_secs(60);
/// Width of an even spread in standard deviations: √12.
const EVEN: f64 = 3.464_101_615_137_754_6;
/// This many standard deviations past an end a track has left the line's side.
const PAST_THE_END: f64 = 3.0;

/// A side of a line, walking along its vertices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    /// The direction of a crossing that ends on this side.
    pub(super) const fn direction(self) -> Direction {
        match self {
            Self::Left => Direction::RightToLeft,
            Self::Right => Direction::LeftToRight,
        }
    }
}

/// A track that was on one side and is on the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Crossed {
    /// The side it is on now.
    pub to: Side,
    /// When and where its path crossed. Where only the estimates did, their covariance, with the allowance.
    pub instant: Instant,
    /// P(it was on the one side) × P(it is on the other).
    pub probability: f64,
    /// Where nobody saw it happen: last seen before it, and first seen after it.
    pub between: Option<[Timestamp; 2]>,
}

/// One line and the sides of the tracks near it.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    line: Polyline,
    paths: BTreeMap<TrackId, Path>,
    /// Of tracks that have ended, and when: another may turn out to be the same.
    gone: BTreeMap<TrackId, (Timestamp, Path)>,
    refused: u64,
}

/// What is remembered of a track near a line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Path {
    latched: Option<Side>,
    /// The highest probability the latched side has had.
    certainty: f64,
    last: Sample,
    /// The latest change of the estimate to the side that is not latched.
    change: Option<Change>,
    /// When it last crossed.
    turned: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Sample {
    time: Timestamp,
    at: Point,
    covariance: Covariance,
    /// None where the line divides nothing.
    side: Option<Side>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Change {
    to: Side,
    time: Timestamp,
    at: Point,
    covariance: Covariance,
    between: Option<[Timestamp; 2]>,
}

/// What a snapshot holds of a line: all but the line.
pub(super) type State = (BTreeMap<TrackId, Path>, BTreeMap<TrackId, (Timestamp, Path)>, u64);

impl Crossing {
    /// Its state alone, in the order of [`State`].
    pub(super) fn state(&self) -> impl Serialize + '_ {
        let Self { paths, gone, refused, line: _ } = self;
        (paths, gone, refused)
    }

    /// A new one with the state of another.
    pub(super) fn set(&mut self, state: State) {
        (self.paths, self.gone, self.refused) = state;
    }

    pub(super) fn new(line: Polyline) -> Self {
        Self { line, paths: BTreeMap::new(), gone: BTreeMap::new(), refused: 0 }
    }

    /// Whether another is of the same line, whatever its name.
    pub(super) fn is_of_the_line_of(&self, other: &Self) -> bool {
        self.line.points() == other.line.points()
    }

    /// The line itself.
    pub(super) fn line(&self) -> &Polyline {
        &self.line
    }

    /// Whether a track's estimate is on another side than the one it is known to be on.
    pub(super) fn is_undecided(&self, track: &TrackView<'_>) -> bool {
        let Some(latched) = self.paths.get(&track.id).and_then(|path| path.latched) else { return false };
        let here = self.line.nearest([track.estimate.mean[0], track.estimate.mean[1]], f64::MAX);
        here.is_some_and(|here| here.beside && (here.signed_m < 0.0) != (latched == Side::Right))
    }

    /// Tracks that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// A track is gone.
    pub(super) fn forget(&mut self, now: Timestamp, track: TrackId) {
        if let Some(path) = self.paths.remove(&track).filter(|_| self.gone.len() < CAPACITY) {
            self.gone.insert(track, (now, path));
        }
    }

    /// Looks at a track right after a measurement. `bias` is asked for only near the line.
    pub(super) fn observe(
        &mut self,
        track: &TrackView<'_>,
        paths: &impl Paths,
        bias: impl FnOnce() -> Covariance,
    ) -> Option<Crossed> {
        let [east, north, v_east, v_north] = track.estimate.mean;
        let at = [east, north];
        let covariance = plan(&track.estimate.covariance);
        let speed_mps = (v_east * v_east + v_north * v_north).sqrt().min(FASTEST_MPS);
        let reach_m = NEAR_M + AHEAD_S * speed_mps + 4.0 * (covariance[0] + covariance[2]).max(0.0).sqrt();
        // NaN compares false: a broken estimate is near nothing.
        let near = reach_m.is_finite() && self.line.bounds().within(at, reach_m);
        if !near && !self.paths.contains_key(&track.id) {
            return None;
        }
        let found = self.line.nearest(at, reach_m);
        if found.is_none() && !self.paths.contains_key(&track.id) {
            return None;
        }
        let nearest = found.or_else(|| self.line.nearest(at, f64::MAX))?;
        let allowed = plus(covariance, bias());
        let sigma_m = variance_along(allowed, nearest.normal).sqrt();
        if !sigma_m.is_finite() {
            return None;
        }
        let crossed = self.step(track, &nearest, at, allowed, sigma_m);
        if found.is_none() {
            self.paths.remove(&track.id);
        }
        let mut crossed = crossed?;
        let seen = self.instant(track.id, crossed.to, crossed.instant.time, track.estimate.time, paths);
        crossed.instant = seen.unwrap_or(crossed.instant);
        Some(crossed)
    }

    /// When and where a track crossed to this side about then, by all that is known of it up to `until`.
    pub(super) fn instant(
        &self,
        track: TrackId,
        to: Side,
        about: Timestamp,
        until: Timestamp,
        paths: &impl Paths,
    ) -> Option<Instant> {
        let before = about.plus(Span::from_nanos(-BEFORE.as_nanos()));
        instant::crossed(&self.line, &paths.smoothed(track, before, until)?, to, about)
    }

    fn step(
        &mut self,
        track: &TrackView<'_>,
        nearest: &Nearest,
        at: Point,
        covariance: Covariance,
        sigma_m: f64,
    ) -> Option<Crossed> {
        let side = nearest.beside.then_some(if nearest.signed_m < 0.0 { Side::Right } else { Side::Left });
        let sample = Sample { time: track.estimate.time, at, covariance, side };
        if !self.paths.contains_key(&track.id) && self.paths.len() >= CAPACITY {
            self.refused += 1;
            return None;
        }
        let fresh = Path { latched: None, certainty: 0.0, last: sample, change: None, turned: None };
        let path = self.paths.entry(track.id).or_insert(fresh);
        let last = std::mem::replace(&mut path.last, sample);
        let Some(side) = side else {
            path.change = None;
            if nearest.signed_m.abs() > PAST_THE_END * sigma_m {
                path.latched = None;
            }
            return None;
        };
        if last.side.is_some_and(|before| before != side) && path.latched != Some(side) {
            path.change = change(&self.line, last, sample);
        }
        let left = normal_cdf(nearest.signed_m / sigma_m);
        let likelihood = if side == Side::Left { left } else { 1.0 - left };
        path.settle(track.status, side, likelihood)
    }
}

impl Path {
    /// `side` is where the estimate is, `likelihood` its probability, at least one half.
    fn settle(&mut self, status: Status, side: Side, likelihood: f64) -> Option<Crossed> {
        match self.latched {
            Some(latched) if latched == side => {
                self.certainty = self.certainty.max(likelihood);
                None
            }
            Some(_) if status.is_target() => {
                if likelihood < BEYOND {
                    return None;
                }
                let before = std::mem::replace(&mut self.certainty, likelihood);
                self.latched = Some(side);
                let change = self.change.take().filter(|change| change.to == side)?;
                self.turned = Some(change.time);
                Some(Crossed {
                    to: side,
                    instant: Instant {
                        time: change.time,
                        // Any time between is as good as any other: an even spread.
                        sigma_s: change.between.map(|[from, to]| to.since(from).as_secs_f64() / EVEN),
                        at: change.at,
                        covariance_m2: change.covariance,
                    },
                    probability: before * likelihood,
                    between: change.between,
                })
            }
            _ => {
                if likelihood >= FIRST {
                    (self.latched, self.certainty, self.change) = (Some(side), likelihood, None);
                }
                None
            }
        }
    }
}

/// Where the straight way between two samples on different sides crosses; nothing if it passes around an end.
fn change(line: &Polyline, from: Sample, to: Sample) -> Option<Change> {
    let (mut low, mut high) = (0.0, 1.0);
    let on_way =
        |t: f64| [from.at[0] + t * (to.at[0] - from.at[0]), from.at[1] + t * (to.at[1] - from.at[1])];
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        let nearest = line.nearest(on_way(middle), f64::MAX).filter(|nearest| nearest.beside)?;
        let side = if nearest.signed_m < 0.0 { Side::Right } else { Side::Left };
        if Some(side) == from.side {
            low = middle;
        } else {
            high = middle;
        }
    }
    let between = to.time.since(from.time).max(Span::ZERO).as_secs_f64();
    // A late measurement may take an estimate back: then it crossed when the older of the two says.
    let start = from.time.min(to.time);
    let time = start.plus(Span::from_secs_f64(libm::round(high * between * 1e3) / 1e3));
    Some(Change { to: to.side?, time, at: on_way(high), covariance: to.covariance, between: None })
}

/// The position part of a track's covariance.
pub(super) fn plan(covariance: &[[f64; 4]; 4]) -> Covariance {
    [covariance[0][0], covariance[0][1], covariance[1][1]]
}

pub(super) fn variance_along(covariance: Covariance, normal: Point) -> f64 {
    let [u, v] = normal;
    (u * u * covariance[0] + 2.0 * u * v * covariance[1] + v * v * covariance[2]).max(1e-6)
}
