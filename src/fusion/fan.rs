//! Where a target may go: a fan of ways from a track's estimate, under the same chain of modes that it is tracked with.
//!
//! In: a track as seen from outside, and how it went before it stopped. Out: equally likely ways over a quarter of an hour,
//! made of straight legs. For tracking, the agile mode is noise; over minutes noise would make a lorry an aeroplane, so
//! here speed is kept: who turns, turns at a steady rate; who stops, goes on as before. What stood for long stands for
//! long: the mean wait is the time it has stood, but no less than the stopped mode's dwell (a survivor's law). Knows no
//! line.
//!
//! No chance: starts are points of a Kronecker sequence (Roberts 2018, "R-sequence") made normal by Box & Muller 1958; the
//! scripts of turns and stops are drawn once, from fixed seeds, and are the same for every track. They are in seconds of
//! travel along the first heading, so that a way costs two multiplications a leg and no trigonometry.

use std::f64::consts::TAU;

use super::motion::{DWELL_S, MODES, NEXT};
use super::track::TrackView;

/// Ways in a fan.
pub const WAYS: usize = 200;
/// How far ahead they go, seconds.
pub const AHEAD_S: f64 = 900.0;
/// Headings wander on a steady leg, radians per square root of a second: 2.6° in a minute.
const WANDER: f64 = 0.006;
/// Longest straight leg, seconds.
const LEG_S: f64 = 45.0;
/// Rates of turn, degrees per second, evenly between.
const TURN_DEG_S: [f64; 2] = [0.5, 6.0];
/// Turns end after this much, degrees; one leg of a turn is a chord of this, degrees.
const MOST_TURN_DEG: f64 = 180.0;
const CHORD_DEG: f64 = 20.0;
const STEADY: usize = 0;
const AGILE: usize = 1;
const STOPPED: usize = 2;

/// A straight piece of a script: until when, and where it ends, in seconds of travel forward and to the left.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Leg {
    until_s: f64,
    forward_s: f64,
    left_s: f64,
}

/// Scripts by the mode they begin in, and standard normal starts.
#[derive(Clone, Debug)]
pub struct Fan {
    moving: [Vec<Vec<Leg>>; 2],
    starts: Vec<[f64; 4]>,
    /// Exponential waits of mean one.
    waits: Vec<f64>,
}

/// How a target went when it last went, and since when it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gait {
    /// Its velocity when it last moved, east and north, metres per second.
    pub velocity_mps: Option<[f64; 2]>,
    /// Seconds that it has stood.
    pub still_s: f64,
}

/// One way that a target may go.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Where it begins, metres east and north.
    pub start_m: [f64; 2],
    velocity_mps: [f64; 2],
    wait_s: f64,
    legs: &'a [Leg],
}

impl Way<'_> {
    /// Ends of its legs: seconds from now, metres east and north.
    pub fn points(&self) -> impl Iterator<Item = (f64, [f64; 2])> + '_ {
        let ([e, n], [v_e, v_n]) = (self.start_m, self.velocity_mps);
        let waited = (self.wait_s > 0.0).then_some((self.wait_s, self.start_m));
        let legs = self.legs.iter().map(move |leg| {
            let (f, l) = (leg.forward_s, leg.left_s);
            (self.wait_s + leg.until_s, [e + f * v_e - l * v_n, n + f * v_n + l * v_e])
        });
        waited.into_iter().chain(legs)
    }

    /// Metres per second, the same on all of it that moves.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        let [e, n] = self.velocity_mps;
        (e * e + n * n).sqrt()
    }
}

impl Default for Fan {
    fn default() -> Self {
        Self::new()
    }
}

impl Fan {
    /// The one fan there is.
    #[must_use]
    pub fn new() -> Self {
        let scripts = |mode: usize| (0..WAYS).map(|at| script(at, mode)).collect();
        let wait = |at: usize| -libm::log(1.0 - radical_inverse(at, 5));
        Self {
            moving: [scripts(STEADY), scripts(AGILE)],
            starts: (0..WAYS).map(start).collect(),
            waits: (0..WAYS).map(wait).collect(),
        }
    }

    /// The ways of a track, [`WAYS`] of them; `None` for one that stands where nobody knows how it would go on.
    pub fn ways<'a>(
        &'a self,
        track: &TrackView<'_>,
        gait: &Gait,
    ) -> impl Iterator<Item = Option<Way<'a>>> + use<'a> {
        let (mean, root) = (track.estimate.mean, cholesky(&track.estimate.covariance));
        let [steady, agile, _] = shares(&track.modes);
        let gait = *gait;
        (0..WAYS).map(move |at| {
            let z = &self.starts[at];
            let x: [f64; 4] =
                std::array::from_fn(|i| mean[i] + (0..=i).map(|j| root[i][j] * z[j]).sum::<f64>());
            let start_m = [x[0], x[1]];
            if at < steady + agile {
                let legs = &self.moving[usize::from(at >= steady)][at];
                return Some(Way { start_m, velocity_mps: [x[2], x[3]], wait_s: 0.0, legs });
            }
            let velocity_mps = gait.velocity_mps?;
            let wait_s = self.waits[at] * gait.still_s.max(DWELL_S[STOPPED]);
            Some(Way { start_m, velocity_mps, wait_s, legs: &self.moving[STEADY][at] })
        })
    }
}

/// How many ways begin in each mode.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few hundred ways")]
fn shares(modes: &[f64; MODES]) -> [usize; MODES] {
    let count = |p: f64| libm::round(p.clamp(0.0, 1.0) * WAYS as f64) as usize;
    let steady = count(modes[STEADY]);
    let agile = count(modes[AGILE]).min(WAYS - steady);
    [steady, agile, WAYS - steady - agile]
}

/// One script: modes in turn until the end of the forecast.
fn script(at: usize, first: usize) -> Vec<Leg> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ ((at as u64) << 8 | first as u64));
    let (mut legs, mut mode, mut heading) = (Vec::new(), first, 0.0);
    let mut here = Leg { until_s: 0.0, forward_s: 0.0, left_s: 0.0 };
    // What comes first matters most: it is spread evenly, not by dice.
    let (mut dwell_u, mut turn_u) = (radical_inverse(at, 2), radical_inverse(at, 3));
    while here.until_s < AHEAD_S {
        let dwell_s = -DWELL_S[mode] * libm::log(1.0 - dwell_u);
        let (pieces, lasts_s, rate) = match mode {
            STEADY => (libm::ceil(dwell_s / LEG_S), dwell_s, 0.0),
            AGILE => {
                let sign = if turn_u < 0.5 { -1.0 } else { 1.0 };
                let share = (2.0 * turn_u).fract();
                let rate_deg = TURN_DEG_S[0] + share * (TURN_DEG_S[1] - TURN_DEG_S[0]);
                let lasts_s = dwell_s.min(MOST_TURN_DEG / rate_deg);
                (libm::ceil(lasts_s * rate_deg / CHORD_DEG), lasts_s, sign * rate_deg.to_radians())
            }
            _ => (1.0, dwell_s, 0.0),
        };
        let piece_s = lasts_s / pieces.max(1.0);
        let mut done = 0.0;
        while done < pieces.max(1.0) {
            let wander = if mode == STEADY { WANDER * piece_s.sqrt() * dice.normal() } else { 0.0 };
            // Along the chord of the turn, which is as good as the arc over twenty degrees.
            let towards = heading + 0.5 * (rate * piece_s + wander);
            heading += rate * piece_s + wander;
            let gone_s = if mode == STOPPED { 0.0 } else { piece_s };
            here.until_s += piece_s;
            here.forward_s += gone_s * libm::cos(towards);
            here.left_s += gone_s * libm::sin(towards);
            legs.push(here);
            done += 1.0;
        }
        let mut u = dice.uniform();
        mode = (0..MODES)
            .find(|&next| {
                u -= NEXT[mode][next];
                u < 0.0
            })
            .unwrap_or(STEADY);
        (dwell_u, turn_u) = (dice.uniform(), dice.uniform());
    }
    legs
}

/// Four standard normal numbers.
fn start(at: usize) -> [f64; 4] {
    // φ₄, the root of x⁵ = x + 1.
    let root = 1.167_303_978_261_418_7;
    let mut step = 1.0;
    let u: [f64; 4] = std::array::from_fn(|_| {
        step /= root;
        (0.5 + (at as f64 + 1.0) * step).fract()
    });
    let pair = |a: f64, b: f64| {
        let radius = (-2.0 * libm::log(1.0 - a)).sqrt();
        let (sin, cos) = libm::sincos(TAU * b);
        [radius * cos, radius * sin]
    };
    let ([a, b], [c, d]) = (pair(u[0], u[1]), pair(u[2], u[3]));
    [a, b, c, d]
}

/// Van der Corput's sequence: the digits of `at` behind the point, in reverse; in [0, 1).
fn radical_inverse(at: usize, base: usize) -> f64 {
    let (mut rest, mut unit, mut value) = (at + 1, 1.0, 0.0);
    while rest > 0 {
        unit /= base as f64;
        value += unit * (rest % base) as f64;
        rest /= base;
    }
    value
}

/// Lower triangular L with LLᵀ = P; what is not positive definite has no spread along the axis where that shows.
fn cholesky(p: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut l = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let rest = p[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            l[i][j] = match i == j {
                true => rest.max(0.0).sqrt(),
                false if l[j][j] > 0.0 => rest / l[j][j],
                false => 0.0,
            };
        }
    }
    l
}

/// `SplitMix64` (Steele, Lea & Flood 2014): a fixed sequence, not chance.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(TAU * self.uniform())
    }
}
