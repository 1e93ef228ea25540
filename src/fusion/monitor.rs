//! Whether a sensor does what its configuration says: noise, clutter, detection, steadiness. One [`Monitor`] per sensor.
//!
//! In: its detections against other sensors' of the same track, never against a track it feeds itself (a filter absorbs
//! its own sensor's bias), and counts of what its looks saw. Out: ratios of found to told, faults with hysteresis, and an
//! alarm when a settled sensor suddenly is wrong. Knows no tracker.

mod signed;
mod window;

use serde::{Deserialize, Serialize};

use super::registration::Finding;
use super::registration::residual::{Residual, quadratic};
pub(super) use signed::Cusum;
pub(super) use window::{Limits, Window};

/// Weight of one comparison in the learned noise.
const NOISE_GAIN: f64 = 1.0 / 300.0;
/// Comparisons (each weighed by the sensor's share in the noise) before the learned noise is believed.
const NOISE_LEAST: f64 = 60.0;
/// Variance found over variance told beyond which a sensor is faulty, and within which it is well again.
const NOISE_FAULTY: f64 = 2.25;
const NOISE_WELL: f64 = 1.7;
/// Learned noise is held within these, whatever comes.
const NOISE_BOUNDS: [f64; 2] = [0.01, 400.0];
/// Counted looks that make a clutter ratio, and the weight of one after that many.
const COUNT_LOOKS: f64 = 40.0;
const COUNT_LEAST: f64 = 12.0;
/// Clutter found over clutter told beyond which a sensor is faulty, and within which it is well again.
const CLUTTER_FAULTY: f64 = 2.0;
const CLUTTER_WELL: f64 = 1.6;
/// The difference must also be this many standard deviations,
const CLUTTER_SIGMAS: f64 = 5.0;
/// and this much in a look, plus this share of its detections: some detections of targets are nobody's, too.
const CLUTTER_LEAST: f64 = 0.5;
const CLUTTER_SHARE: f64 = 0.05;
/// Detections over expected detections below which a sensor is faulty, and above which it is well again.
const SELDOM_FAULTY: f64 = 0.6;
const SELDOM_WELL: f64 = 0.75;
const SELDOM_LEAST: f64 = 50.0;
/// Windows in a row that must say the same.
const WINDOWS_IN_A_ROW: u32 = 3;
/// Slower targets have no direction along which a clock's error would show, metres per second.
const LEAST_SPEED_MPS: f64 = 3.0;

/// How a sensor can differ from its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Its errors are larger than told.
    NoiseUnderstated,
    /// Its errors are smaller than told.
    NoiseOverstated,
    /// More detections of nothing than told.
    ClutterUnderstated,
    /// Fewer detections of nothing than told.
    ClutterOverstated,
    /// It misses more than told.
    SeldomDetects,
    /// It errs to one side in a way no estimated bias explains.
    Leaning,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] = [
        Self::NoiseUnderstated,
        Self::NoiseOverstated,
        Self::ClutterUnderstated,
        Self::ClutterOverstated,
        Self::SeldomDetects,
        Self::Leaning,
    ];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoiseUnderstated => "noise_understated",
            Self::NoiseOverstated => "noise_overstated",
            Self::ClutterUnderstated => "clutter_understated",
            Self::ClutterOverstated => "clutter_overstated",
            Self::SeldomDetects => "seldom_detects",
            Self::Leaning => "leaning",
        }
    }
}

/// How a sensor does, against other sensors; NaN until known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// One-sigma errors found over told.
    pub noise_ratio: f64,
    /// Normalised innovation squared over its degrees of freedom against the others' detections, with told noise.
    pub nis_ratio: f64,
    /// Highest of the signed sums over its alarm limit: 1 is an alarm.
    pub cusum: f64,
    /// Detections of nothing found over told, and its one-sigma error.
    pub clutter_ratio: f64,
    /// One-sigma error of `clutter_ratio` by counting alone.
    pub clutter_ratio_sigma: f64,
    /// Detections of believed targets over those expected.
    pub detection_ratio: f64,
    /// Which of [`Fault::ALL`] it has.
    pub faults: [bool; Fault::ALL.len()],
}

/// A comparison as the monitors use it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared<'a> {
    pub residual: &'a Residual,
    /// ν without every estimated bias.
    pub unexplained: [f64; 2],
    /// Whether all whose biases are in it have stood long enough for a change to be news.
    pub settled: bool,
}

/// What one look counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LookCounts {
    pub detections: f64,
    /// Detections no confirmed track took, and how many of nothing are told.
    pub unclaimed: f64,
    pub clutter: f64,
    /// Believed targets seen and expected.
    pub seen: f64,
    pub expected: f64,
}

/// One sensor's monitor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Monitor {
    #[serde(skip, default = "Limits::new")]
    limits: Limits,
    /// Variance found over told, and how much it rests on.
    noise: f64,
    noise_weight: f64,
    nis: f64,
    window: Window,
    /// Windows in a row too high (positive) or too low, and leaning.
    off: i32,
    leaning: u32,
    signed: [Cusum; 3],
    /// Sums over counted looks, forgotten.
    counts: LookCounts,
    looks: f64,
    faults: [bool; Fault::ALL.len()],
}

/// At most one change of each of two opposite faults.
pub(super) type Said = [Option<Finding>; 2];

impl Monitor {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            noise: 1.0,
            noise_weight: 0.0,
            nis: f64::NAN,
            window: Window::default(),
            off: 0,
            leaning: 0,
            signed: [Cusum::default(); 3],
            counts: LookCounts::default(),
            looks: 0.0,
            faults: [false; Fault::ALL.len()],
        }
    }

    /// Variance found over variance told; 1 until enough is known.
    pub(super) fn noise_scale(&self) -> f64 {
        if self.noise_weight >= NOISE_LEAST { self.noise } else { 1.0 }
    }

    /// Learns a sensor's noise from a comparison in which `r` of the spread `s` is told to be its own: one step of
    /// expectation maximisation for a variance component (Dempster, Laird & Rubin 1977), run online.
    pub(super) fn weigh_noise(&mut self, r: [f64; 3], s: [f64; 3], compared: &Compared<'_>) {
        for direction in compared.residual.directions {
            let (own, total) = (quadratic(r, direction), quadratic(s, direction));
            if !(own > 0.0 && total > 0.0) {
                continue;
            }
            let share = (self.noise_scale() * own / total).min(1.0);
            let e = direction[0] * compared.unexplained[0] + direction[1] * compared.unexplained[1];
            // What of it is this sensor's, and how uncertain that is.
            let (part, left) = (share * e, self.noise_scale() * own * (1.0 - share));
            let sample = ((part * part + left) / own).min(NOISE_BOUNDS[1]);
            self.noise_weight += share;
            let gain = NOISE_GAIN.max(1.0 / (1.0 + 2.0 * self.noise_weight));
            self.noise += gain * (sample - self.noise);
            self.noise = self.noise.clamp(NOISE_BOUNDS[0], NOISE_BOUNDS[1]);
        }
    }

    /// One comparison of this sensor's own detection, its spread as `told` and as `learned`.
    pub(super) fn observe(&mut self, told: [f64; 3], learned: [f64; 3], compared: &Compared<'_>) -> Said {
        let along = |s: [f64; 3], direction: [f64; 2]| {
            let e = direction[0] * compared.unexplained[0] + direction[1] * compared.unexplained[1];
            e / quadratic(s, direction).max(1e-12).sqrt()
        };
        let [first, second] = compared.residual.directions;
        let normal = [along(learned, first), along(learned, second)];
        let Some(w) = super::registration::residual::inverse(told, 2) else { return [None; 2] };
        let d2 = quadratic(w, compared.unexplained);
        if compared.settled {
            let [east, north] = compared.residual.velocity;
            let speed = (east * east + north * north).sqrt();
            let forward = (speed > LEAST_SPEED_MPS).then(|| along(learned, [east / speed, north / speed]));
            for (sum, e) in self.signed.iter_mut().zip([Some(normal[0]), Some(normal[1]), forward]) {
                if let Some(e) = e {
                    sum.take(e);
                }
            }
        }
        let Some(done) = self.window.take(d2, normal) else { return [None; 2] };
        self.nis = if self.nis.is_nan() { done.nis } else { self.nis + 0.2 * (done.nis - self.nis) };
        self.off = match self.limits.side(&done) {
            0 => 0,
            side if self.off.signum() == side => self.off.saturating_add(side),
            side => side,
        };
        let leans = compared.settled && self.limits.leans(&done);
        self.leaning = if leans { self.leaning.saturating_add(1) } else { 0 };
        self.judge_noise()
    }

    fn judge_noise(&mut self) -> Said {
        let known = self.noise_weight >= NOISE_LEAST;
        let in_a_row = i32::try_from(WINDOWS_IN_A_ROW).unwrap_or(i32::MAX);
        let scale = self.noise_scale();
        let said = [
            self.set(
                Fault::NoiseUnderstated,
                known && scale > NOISE_FAULTY && self.off >= in_a_row,
                scale < NOISE_WELL,
            ),
            self.set(
                Fault::NoiseOverstated,
                known && scale < 1.0 / NOISE_FAULTY && self.off <= -in_a_row,
                scale > 1.0 / NOISE_WELL,
            ),
        ];
        let leaning = self.set(Fault::Leaning, self.leaning >= WINDOWS_IN_A_ROW, self.leaning == 0);
        if leaning.is_some() { [leaning, said[0].or(said[1])] } else { said }
    }

    /// One look's counts.
    pub(super) fn count(&mut self, look: &LookCounts) -> [Option<Finding>; 3] {
        let keep = 1.0 - 1.0 / COUNT_LOOKS;
        let sums = &mut self.counts;
        for (sum, new) in [
            (&mut sums.detections, look.detections),
            (&mut sums.unclaimed, look.unclaimed.max(0.0)),
            (&mut sums.clutter, look.clutter),
            (&mut sums.seen, look.seen),
            (&mut sums.expected, look.expected),
        ] {
            *sum = keep * *sum + new;
        }
        self.looks = keep * self.looks + 1.0;
        let LookCounts { detections, unclaimed, clutter, .. } = self.counts;
        let off = unclaimed - clutter;
        let clear = off.abs() > CLUTTER_SIGMAS * unclaimed.max(clutter).sqrt()
            && off.abs() > CLUTTER_LEAST * self.looks + CLUTTER_SHARE * detections
            && self.looks >= COUNT_LEAST;
        let ratio = self.clutter_ratio();
        let seen = self.detection_ratio();
        [
            self.set(Fault::ClutterUnderstated, clear && ratio > CLUTTER_FAULTY, ratio < CLUTTER_WELL),
            self.set(
                Fault::ClutterOverstated,
                clear && ratio < 1.0 / CLUTTER_FAULTY,
                ratio > 1.0 / CLUTTER_WELL,
            ),
            self.set(
                Fault::SeldomDetects,
                self.counts.expected > SELDOM_LEAST && self.looks >= COUNT_LEAST && seen < SELDOM_FAULTY,
                seen > SELDOM_WELL,
            ),
        ]
    }

    fn clutter_ratio(&self) -> f64 {
        self.counts.unclaimed / self.counts.clutter.max(1e-9)
    }

    fn detection_ratio(&self) -> f64 {
        self.counts.seen / self.counts.expected.max(1e-9)
    }

    fn set(&mut self, fault: Fault, begins: bool, ends: bool) -> Option<Finding> {
        let at = Fault::ALL.iter().position(|known| *known == fault)?;
        let has = self.faults.get_mut(at)?;
        if !*has && begins {
            *has = true;
            Some(Finding::Faulty(fault))
        } else if *has && ends && !begins {
            *has = false;
            Some(Finding::Recovered(fault))
        } else {
            None
        }
    }

    /// Whether its errors are larger or smaller than told.
    pub(super) fn is_noise_wrong(&self) -> bool {
        let wrong = [Fault::NoiseUnderstated, Fault::NoiseOverstated];
        Fault::ALL.iter().zip(self.faults).any(|(fault, has)| has && wrong.contains(fault))
    }

    /// Whether a signed sum says that a settled sensor has changed.
    pub(super) fn is_alarmed(&self) -> bool {
        self.signed.iter().any(|sum| sum.highest() > self.limits.cusum)
    }

    /// The signed sums begin anew.
    pub(super) fn restart_signed(&mut self) {
        self.signed = [Cusum::default(); 3];
        self.leaning = 0;
    }

    /// For eyes and metrics.
    pub(super) fn health(&self) -> Health {
        let counted = self.looks >= COUNT_LEAST;
        let if_known = |known: bool, value: f64| if known { value } else { f64::NAN };
        let clutter_known = counted && self.counts.clutter > 0.0;
        Health {
            noise_ratio: if_known(self.noise_weight >= NOISE_LEAST, self.noise.sqrt()),
            nis_ratio: self.nis,
            cusum: self.signed.iter().map(Cusum::highest).fold(0.0, f64::max) / self.limits.cusum,
            clutter_ratio: if_known(clutter_known, self.clutter_ratio()),
            clutter_ratio_sigma: if_known(
                clutter_known,
                self.counts.unclaimed.max(1.0).sqrt() / self.counts.clutter.max(1e-9),
            ),
            detection_ratio: if_known(self.counts.expected > SELDOM_LEAST, self.detection_ratio()),
            faults: self.faults,
        }
    }
}

#[cfg(test)]
#[path = "monitor/tests.rs"]
mod tests;
