//! What follows from what is known: which biases are corrected, which sensor has jumped.
//!
//! In: the evidence as it grows, what the search and the monitors say. Out: corrections in force and findings. A
//! correction begins where a bias is certain and worth it, and ends with hysteresis.

use super::evidence::Row;
use super::search::{Peak, Shape};
use super::{AXES, Axis, Bias, Finding, Registration, solve};
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Evidence fades with this time, seconds.
const WINDOW_S: f64 = 120.0;
/// Time between solutions.
const EVERY: Span = Span::from_secs(3);
/// Comparisons before a sensor's estimate is worth acting on.
pub(super) const LEAST_COMPARED: f64 = 60.0;
/// Sigmas a bias needs to be corrected, and to stay so.
const BEGIN_SIGMAS: f64 = 4.0;
const END_SIGMAS: f64 = 2.0;
/// And its size, as a share of the sensor's own noise along the axis.
const WORTH: f64 = 0.3;
/// Least sizes worth correcting, by axis.
const LEAST: Row = [2.0, 0.000_5, 2.0, 2.0, 0.1];
/// A correction follows its estimate in steps of this share of what is worth correcting.
const STEP: f64 = 0.25;
/// The noise used follows the noise learned in steps of this factor.
const NOISE_STEP: f64 = 1.25;
/// Searches rest for this long after a correction has begun.
const HOLD: Span = Span::from_secs(10);
/// A sensor whose estimate is this old and has this many comparisons is settled: what changes then is a jump.
const SETTLED: Span = Span::from_secs(30);
const SETTLED_COMPARED: f64 = 200.0;

impl Registration {
    /// Weighs the evidence as of `at`; once in a while solves it and acts on what it says. `next_look` is the number
    /// of the next look.
    pub(super) fn settle(&mut self, at: Timestamp, next_look: u64) {
        if self.weighed == Timestamp::from_nanos(i64::MIN) {
            self.weighed = at;
        }
        let passed = at.since(self.weighed);
        if passed < EVERY {
            return;
        }
        self.weighed = at;
        self.evidence.forget(libm::exp(-passed.as_secs_f64() / WINDOW_S));
        if std::mem::take(&mut self.fresh) == 0 {
            return;
        }
        let Some(solution) = solve::solve(&self.evidence, &self.solution) else { return };
        self.solution = solution;
        for sensor in (0..self.sensors.len()).filter_map(|s| u16::try_from(s).ok()).map(SensorIndex) {
            if self.evidence.own[sensor.index()].count >= LEAST_COMPARED {
                self.decide(sensor, next_look);
            }
        }
    }

    /// Begins, follows and ends corrections of one sensor.
    fn decide(&mut self, sensor: SensorIndex, next_look: u64) {
        let s = sensor.index();
        let of = &mut self.sensors[s];
        let wrong = of.monitor.is_noise_wrong();
        let noise = if wrong { of.monitor.noise_scale() } else { 1.0 };
        let change = noise / of.correction.noise;
        let mut changed = false;
        if !(1.0 / NOISE_STEP..=NOISE_STEP).contains(&change) || !wrong && (change - 1.0).abs() > 1e-12 {
            of.correction.noise = noise;
            of.since_look = next_look;
        }
        for axis in Axis::ALL.into_iter().filter(|axis| of.observable[axis.index()]) {
            let a = axis.index();
            let (value, variance) = (self.solution.value[s][a], self.solution.variance[s][a]);
            let (size, sigma) = (value.abs(), variance.max(0.0).sqrt());
            let worth = LEAST[a].max(WORTH * of.noise[a]);
            let before = of.compensated[a];
            let (sigmas, least) = if before { (END_SIGMAS, 0.3 * worth) } else { (BEGIN_SIGMAS, worth) };
            // While the search suspects more than the gate lets through, a part of it is no news.
            let now = size > sigmas * sigma && size > least && (before || of.suspected.is_none());
            of.compensated[a] = now;
            let bias = Bias { value, sigma, compensated: now };
            let wanted = if now { value } else { 0.0 };
            let off = (wanted - of.correction.value[a]).abs();
            if before != now || off > (STEP * worth).max(0.5 * sigma) {
                of.correction.value[a] = wanted;
                of.correction.variance[a] = if now { variance } else { 0.0 };
                of.since_look = next_look;
            }
            if now && !before {
                changed = true;
                self.findings.push((sensor, Finding::Compensated { axis, bias }));
            } else if before && !now {
                self.findings.push((sensor, Finding::Released { axis }));
            }
        }
        if changed {
            self.moved = next_look;
            self.hold_searches(self.weighed);
        }
    }

    /// What was just corrected leaves tracks behind that look like somebody's bias until they have died.
    fn hold_searches(&mut self, at: Timestamp) {
        for of in &mut self.sensors {
            of.suspected = None;
            of.searched = at.plus(HOLD);
        }
    }

    /// Takes over what two searches in a row found.
    pub(super) fn adopt(&mut self, sensor: SensorIndex, peak: &Peak, at: Timestamp, next_look: u64) {
        let s = sensor.index();
        let was_settled = self.is_settled(sensor, at);
        let axes = match peak.shape {
            Shape::Polar => [Axis::Range, Axis::Azimuth],
            Shape::Plane => [Axis::East, Axis::North],
        };
        self.restart(sensor, at, next_look);
        let of = &mut self.sensors[s];
        let (mut value, mut variance) = (of.correction.value, [0.0; AXES]);
        let found = axes.into_iter().zip(peak.offset).zip(peak.sigma);
        let clock = (peak.clock_s != 0.0).then_some(((Axis::Clock, peak.clock_s), peak.clock_sigma_s));
        for ((axis, offset), sigma) in found.chain(clock) {
            let a = axis.index();
            variance[a] = sigma * sigma;
            // Votes agree on both axes; only what is off is news.
            if offset.abs() > BEGIN_SIGMAS * sigma || axis == Axis::Clock {
                value[a] += offset;
                of.compensated[a] = true;
                of.correction.variance[a] = variance[a];
                let bias = Bias { value: value[a], sigma, compensated: true };
                self.findings.push((sensor, Finding::Found { axis, bias }));
            }
        }
        of.correction.value = value;
        for a in (0..AXES).filter(|a| variance[*a] > 0.0) {
            self.solution.value[s][a] = value[a];
            self.solution.variance[s][a] = variance[a];
        }
        self.evidence.seed(sensor, &value, &variance);
        self.moved = next_look;
        self.hold_searches(at);
        if was_settled {
            self.findings.push((sensor, Finding::Jumped));
        }
    }

    /// A sensor's estimate begins anew; what is corrected stays corrected until more is known.
    pub(super) fn restart(&mut self, sensor: SensorIndex, at: Timestamp, next_look: u64) {
        self.evidence.drop_sensor(sensor);
        let of = &mut self.sensors[sensor.index()];
        of.begun = at;
        of.since_look = next_look;
        of.suspected = None;
        self.moved = next_look;
        // Everybody compared with it was off as well.
        self.sensors.iter_mut().for_each(|of| of.monitor.restart_signed());
    }

    /// Whether a sensor's estimate has stood long enough for a change to be news.
    pub(super) fn is_settled(&self, sensor: SensorIndex, at: Timestamp) -> bool {
        let begun = self.sensors[sensor.index()].begun;
        begun != Timestamp::from_nanos(i64::MIN)
            && at.since(begun) >= SETTLED
            && self.evidence.own[sensor.index()].count >= SETTLED_COMPARED
    }
}
