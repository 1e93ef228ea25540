//! Scripts of turns and stops, and where ways begin: drawn once, the same for every track.
//!
//! In: a number and the mode a script begins in. Out: legs in seconds of travel along the first heading.

use std::f64::consts::TAU;

use super::super::motion::{DWELL_S, MODES, NEXT};
use super::{AGILE, AHEAD_S, STEADY, STOPPED};

/// Headings wander on a steady leg, radians per square root of a second: 2.6° in a minute.
const WANDER: f64 = 0.006;
/// Longest straight leg, seconds.
const LEG_S: f64 = 45.0;
/// Rates of turn, degrees per second, evenly between.
const TURN_DEG_S: [f64; 2] = [0.5, 6.0];
/// Turns end after this much, degrees; one leg of a turn is a chord of this, degrees.
const MOST_TURN_DEG: f64 = 180.0;
const CHORD_DEG: f64 = 20.0;

/// A straight piece of a script: until when, where it ends, in seconds of travel forward and to the left, and how much
/// travel that took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leg {
    pub(super) until_s: f64,
    pub(super) forward_s: f64,
    pub(super) left_s: f64,
    pub(super) gone_s: f64,
}

/// Legs, and the box that their ends lie in: least and most forward and to the left, seconds of travel.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) legs: Vec<Leg>,
    pub(super) forward_s: [f64; 2],
    pub(super) left_s: [f64; 2],
}

/// One script: modes in turn until the end of the forecast.
pub(super) fn script(at: usize, first: usize) -> Script {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ ((at as u64) << 8 | first as u64));
    let (mut legs, mut mode, mut heading) = (Vec::new(), first, 0.0);
    let mut here = Leg { until_s: 0.0, forward_s: 0.0, left_s: 0.0, gone_s: 0.0 };
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
            here.gone_s += gone_s;
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
    // A way may turn back at once: where it begins lies in the box.
    let bounds = |of: fn(&Leg) -> f64| {
        legs.iter().map(of).fold([0.0_f64; 2], |[least, most], x| [least.min(x), most.max(x)])
    };
    let (forward_s, left_s) = (bounds(|leg| leg.forward_s), bounds(|leg| leg.left_s));
    Script { legs, forward_s, left_s }
}

/// Four standard normal numbers.
pub(super) fn start(at: usize) -> [f64; 4] {
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
pub(super) fn radical_inverse(at: usize, base: usize) -> f64 {
    let (mut rest, mut unit, mut value) = (at + 1, 1.0, 0.0);
    while rest > 0 {
        unit /= base as f64;
        value += unit * (rest % base) as f64;
        rest /= base;
    }
    value
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
