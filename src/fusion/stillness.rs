//! Whether something has ever moved: persistent echoes of quays, rocks and masts belong on a map, not among the targets.
//!
//! In: a track's state after each detection. Out: fixed or not. An echo is fixed when nothing but a radar or a lidar has
//! reported it, it has stood since it was first seen, and it was seen well enough to know. One significant movement ends that
//! for good: what drove there and parked stays a target. Fixed echoes keep their tracks, so that they take their
//! own detections and what starts to move is known at once, under the same id. What was learned of an echo outlives its
//! track: a quay that is seen now and then does not begin anew each time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::filter::Gaussian;
use crate::time::{Span, Timestamp};

/// Seen standing for at least so long, seconds,
const LEAST_AGE_S: f64 = 8.0;
/// and so well that who walks this slowly would have been noticed, metres per second,
const SLOW_MPS: f64 = 0.7;
/// by this many sigmas of the velocity fitted to all that was measured of it.
const SPEED_SIGMAS: f64 = 4.0;
/// Slower than this is the wandering of an echo over what gives it.
const WANDER_MPS: f64 = 0.25;
/// It moves, too, when it is this many sigmas, and metres, from where it stood.
const PLACE_SIGMAS: f64 = 5.0;
const PLACE_M: f64 = 6.0;

/// Side of the echo map's cells, metres,
const CELL_M: f64 = 20.0;
/// how many it holds, and for how long nothing need be heard of one.
const MOST_ECHOES: usize = 8_192;
const REMEMBERED: Span = Span::from_secs(3_600);

/// One track's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stillness {
    since: Timestamp,
    moved: bool,
    /// Where it stood when it was found fixed: east, north and the variance of either.
    anchor: Option<[f64; 3]>,
    fit: Fit,
}

/// Straight line through positions, weighted: Σw, Σwt, Σwt², Σwz, Σwtz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Fit {
    w: f64,
    wt: f64,
    wtt: f64,
    wz: [f64; 2],
    wtz: [f64; 2],
}

impl Fit {
    fn add(&mut self, t_s: f64, z: [f64; 2], var: f64) {
        let w = 1.0 / var;
        self.w += w;
        self.wt += w * t_s;
        self.wtt += w * t_s * t_s;
        for (z, (wz, wtz)) in z.iter().zip(self.wz.iter_mut().zip(&mut self.wtz)) {
            *wz += w * z;
            *wtz += w * t_s * z;
        }
    }

    /// Speed and its standard deviation per axis, once there are three points.
    fn speed(&self) -> Option<(f64, f64)> {
        let about_mean = self.wtt - self.wt * self.wt / self.w;
        if about_mean.is_nan() || about_mean <= 1e-12 {
            return None;
        }
        let v = [0, 1].map(|axis| (self.wtz[axis] - self.wt * self.wz[axis] / self.w) / about_mean);
        Some(((v[0] * v[0] + v[1] * v[1]).sqrt(), (1.0 / about_mean).sqrt()))
    }
}

impl Stillness {
    /// Of something first seen now.
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, moved: false, anchor: None, fit: Fit::default() }
    }

    /// After a position measured at `z` with variance `var` (the larger axis).
    /// `named`: a camera, a satellite or a transponder has reported it, or its class is known.
    pub(super) fn note(&mut self, at: Timestamp, z: [f64; 2], var: f64, named: bool, mean: &Gaussian) {
        if self.moved {
            return;
        }
        let age_s = at.since(self.since).as_secs_f64();
        let gone = self.anchor.is_some_and(|[e, n, var]| {
            let away = [mean.x[0] - e, mean.x[1] - n];
            let reach = PLACE_M + PLACE_SIGMAS * (var + mean.pp[0].max(mean.pp[2])).sqrt();
            away[0] * away[0] + away[1] * away[1] > reach * reach
        });
        self.fit.add(age_s, z, var.max(1e-6));
        let speed = self.fit.speed();
        let quick = speed.is_some_and(|(speed, sigma)| speed > WANDER_MPS + SPEED_SIGMAS * sigma);
        self.moved = named || quick || gone;
        if self.moved {
            self.anchor = None;
        } else if self.anchor.is_none()
            && age_s >= LEAST_AGE_S
            && speed.is_some_and(|(_, sigma)| WANDER_MPS + SPEED_SIGMAS * sigma < SLOW_MPS)
        {
            self.anchor = Some([mean.x[0], mean.x[1], mean.pp[0].max(mean.pp[2])]);
        }
    }

    /// Whether it is a fixed echo.
    pub(super) const fn is_fixed(&self) -> bool {
        self.anchor.is_some()
    }
}

/// What was learned of echoes whose tracks have ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct EchoMap(BTreeMap<(i32, i32), (Timestamp, Stillness)>);

impl EchoMap {
    fn cell(place: [f64; 2]) -> (i32, i32) {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to what an i32 holds")]
        let index = |m: f64| libm::floor(m / CELL_M).clamp(-1e9, 1e9) as i32;
        (index(place[1]), index(place[0]))
    }

    /// A track ended at `place`, unless it had moved.
    pub(super) fn keep(&mut self, place: [f64; 2], at: Timestamp, stillness: Stillness) {
        if stillness.moved || stillness.fit.speed().is_none() {
            return;
        }
        self.0.insert(Self::cell(place), (at, stillness));
        if self.0.len() > MOST_ECHOES {
            self.0.retain(|_, (last, _)| at.since(*last) < REMEMBERED);
            if self.0.len() > MOST_ECHOES {
                self.0.pop_first();
            }
        }
    }

    /// What is known of a new track at `place`: of the echo there, or nothing.
    pub(super) fn recall(&mut self, place: [f64; 2], at: Timestamp) -> Stillness {
        let (row, column) = Self::cell(place);
        let known = (row - 1..=row + 1)
            .flat_map(|row| self.0.range((row, column - 1)..=(row, column + 1)))
            .filter(|(_, (last, _))| at.since(*last) < REMEMBERED)
            .map(|(cell, _)| *cell)
            .min_by_key(|cell| ((cell.0 - row).abs() + (cell.1 - column).abs(), *cell));
        known.and_then(|cell| self.0.remove(&cell)).map_or(Stillness::new(at), |(_, stillness)| stillness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks once a second, 3 m errors in turn, at `speed` until `stop`, then standing.
    fn after(seconds: u32, speed: f64, stop: u32, named: bool) -> Stillness {
        let mut stillness = Stillness::new(Timestamp::from_secs(0));
        for k in 0..seconds {
            let place = speed * f64::from(k.min(stop));
            let error = if k % 2 == 0 { 3.0 } else { -3.0 };
            let mean = Gaussian {
                x: [place, 0.0, 0.0, 0.0],
                pp: [1.0, 0.0, 1.0],
                pv: [0.0; 4],
                vv: [0.04, 0.0, 0.04],
            };
            stillness.note(Timestamp::from_secs(i64::from(k)), [place + error, error], 9.0, named, &mean);
        }
        stillness
    }

    #[test]
    fn what_never_moved_is_fixed_and_what_did_is_not() {
        assert!(after(40, 0.0, 0, false).is_fixed());
        assert!(!after(40, 0.0, 0, true).is_fixed(), "a camera knows what it saw");
        assert!(!after(8, 0.0, 0, false).is_fixed(), "too soon to say");
        assert!(!after(15, 1.0, 99, false).is_fixed() && !after(60, 1.0, 99, false).is_fixed(), "it walks");
        assert!(!after(200, 5.0, 20, false).is_fixed(), "it parked");
    }

    #[test]
    fn an_echo_outlives_its_track() {
        let mut map = EchoMap::default();
        let end = Timestamp::from_secs(40);
        map.keep([0.0, 0.0], end, after(40, 0.0, 0, false));
        map.keep([500.0, 0.0], end, after(40, 5.0, 99, false));
        assert!(!map.recall([500.0, 0.0], end).is_fixed(), "that one had moved");
        assert!(!map.recall([100.0, 0.0], end).is_fixed(), "nothing was there");
        assert!(map.recall([12.0, -9.0], end).is_fixed(), "it was here");
        assert!(!map.recall([0.0, 0.0], end).is_fixed(), "and is now the new track's");
        map.keep([0.0, 0.0], end, after(40, 0.0, 0, false));
        assert!(!map.recall([0.0, 0.0], Timestamp::from_secs(9_999)).is_fixed(), "long ago");
    }

    #[test]
    fn whoever_crawls_is_found_out() {
        assert!(!after(200, 0.15, 999, false).is_fixed());
    }

    #[test]
    fn the_fitted_velocity_is_that_of_least_squares() {
        // np.polyfit([0, 1, 2, 4], [0, 2, 3, 9], 1): slope 2.2286 (78/35); variance 4 / Σ(t − t̄)² = 4 / 8.75.
        let mut fit = Fit::default();
        for (t, z) in [(0.0, 0.0), (1.0, 2.0), (2.0, 3.0), (4.0, 9.0)] {
            fit.add(t, [z, 0.0], 4.0);
        }
        let (speed, sigma) = fit.speed().unwrap();
        assert!((speed - 78.0 / 35.0).abs() < 1e-9, "{speed}");
        assert!((sigma - (4.0_f64 / 8.75).sqrt()).abs() < 1e-12, "{sigma}");
    }
}
