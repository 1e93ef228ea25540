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

mod script;

use super::motion::{DWELL_S, MODES};
use super::track::TrackView;
use script::{Leg, Script, radical_inverse, script, start};

/// Ways in a fan.
pub const WAYS: usize = 200;
/// How far ahead they go, seconds.
pub const AHEAD_S: f64 = 900.0;
const STEADY: usize = 0;
const AGILE: usize = 1;
const STOPPED: usize = 2;

/// Scripts by the mode they begin in, and standard normal starts.
#[derive(Clone, Debug)]
pub struct Fan {
    moving: [Vec<Script>; 2],
    starts: Vec<[f64; 4]>,
    /// The length of the longest start.
    farthest: f64,
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
    script: &'a Script,
}

/// A straight piece of a way: from where to where, metres east and north, and when, seconds from now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// When it begins.
    pub before_s: f64,
    /// Where it begins.
    pub from: [f64; 2],
    /// When it ends.
    pub at_s: f64,
    /// Where it ends.
    pub to: [f64; 2],
    /// Seconds of travel up to its end.
    pub gone_s: f64,
}

impl Way<'_> {
    /// Its first piece, from `after` pieces on, by the end of which it has travelled so many seconds; with the number of
    /// pieces up to its end. None where it never travels that long.
    #[must_use]
    pub fn piece(&self, after: usize, travelled_s: f64) -> Option<(usize, Piece)> {
        let legs = self.script.legs.get(after..)?;
        let at = after + legs.partition_point(|leg| leg.gone_s < travelled_s);
        let leg = self.script.legs.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.script.legs.get(before));
        let piece = Piece {
            before_s: before.map_or(self.wait_s, |before| self.wait_s + before.until_s),
            from: before.map_or(self.start_m, |before| self.end(before)),
            at_s: self.wait_s + leg.until_s,
            to: self.end(leg),
            gone_s: leg.gone_s,
        };
        Some((at + 1, piece))
    }

    fn end(&self, leg: &Leg) -> [f64; 2] {
        let ([e, n], [v_e, v_n]) = (self.start_m, self.velocity_mps);
        let (f, l) = (leg.forward_s, leg.left_s);
        [e + f * v_e - l * v_n, n + f * v_n + l * v_e]
    }

    /// How far it comes at most from where it begins, in a direction given as a unit vector, metres.
    #[must_use]
    pub fn towards_m(&self, unit: [f64; 2]) -> f64 {
        let [v_e, v_n] = self.velocity_mps;
        let (forward, left) = (unit[0] * v_e + unit[1] * v_n, unit[1] * v_e - unit[0] * v_n);
        let most = |speed: f64, [least_s, most_s]: [f64; 2]| (speed * least_s).max(speed * most_s);
        most(forward, self.script.forward_s) + most(left, self.script.left_s)
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
        let starts: Vec<[f64; 4]> = (0..WAYS).map(start).collect();
        let length = |z: &[f64; 4]| z.iter().map(|z| z * z).sum::<f64>().sqrt();
        Self {
            moving: [scripts(STEADY), scripts(AGILE)],
            farthest: starts.iter().map(length).fold(0.0, f64::max),
            starts,
            waits: (0..WAYS).map(wait).collect(),
        }
    }

    /// No way of a track comes farther from its estimate than this, metres.
    #[must_use]
    pub fn reach_m(&self, track: &TrackView<'_>, gait: &Gait) -> f64 {
        let (mean, p) = (track.estimate.mean, &track.estimate.covariance);
        // |Lz| ≤ ‖L‖ |z|, and the squares of a row of L add up to that axis' variance.
        let spread = |a: usize| self.farthest * (p[a][a].max(0.0) + p[a + 1][a + 1].max(0.0)).sqrt();
        let length = |v: [f64; 2]| (v[0] * v[0] + v[1] * v[1]).sqrt();
        let speed_mps = (length([mean[2], mean[3]]) + spread(2)).max(gait.velocity_mps.map_or(0.0, length));
        spread(0) + speed_mps * AHEAD_S
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
                let script = &self.moving[usize::from(at >= steady)][at];
                return Some(Way { start_m, velocity_mps: [x[2], x[3]], wait_s: 0.0, script });
            }
            let velocity_mps = gait.velocity_mps?;
            let wait_s = self.waits[at] * gait.still_s.max(DWELL_S[STOPPED]);
            Some(Way { start_m, velocity_mps, wait_s, script: &self.moving[STEADY][at] })
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
