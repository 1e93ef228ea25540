//! What one look teaches about its own sensor: the tracker's step that feeds registration and monitors.
//!
//! In: a look as associated and updated. Out: comparisons, counts, now and then a search. A bounded number of pairs per
//! look is taken, round about, so that the cost does not grow with the number of targets.

use super::residual::{MOST_REFERENCES, Residual, Sighting, inverse, times};
use super::search::Peak;
use super::{AXES, Finding, Registration, Standing};
use crate::fusion::coverage::View;
use crate::fusion::live::Track;
use crate::fusion::measure::Kind;
use crate::fusion::monitor::{Compared, LookCounts};
use crate::fusion::ring::{LookNumber, Looked};
use crate::fusion::tracker::{Candidate, Tracker};
use crate::scan::Scan;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Pairs compared per second of a sensor's looks, per look at most, and looked at to find them.
const MOST_COMPARED_PER_S: f64 = 8.0;
const MOST_COMPARED: f64 = 16.0;
const MOST_CONSIDERED: usize = 64;
/// Other sensors' detections are compared with up to this age.
const MOST_AGE: Span = Span::from_nanos(2_500_000_000);
/// Comparisons share detections with one another; counted whole they would say twice what they know.
const SHARED: f64 = 0.5;
/// Comparisons farther off than this many sigmas weigh less (Huber).
const HUBER_SIGMAS: f64 = 3.0;
/// Time between searches for one sensor.
const SEARCH_EVERY: Span = Span::from_secs(5);
/// A track is one sensor's alone if no other has fed it for this long and it is as old.
const ALONE_FOR: Span = Span::from_secs(6);
/// A target is there if another sensor has seen it within this,
const HELD_FOR: Span = Span::from_secs(3);
/// and should be seen if that is told to be this probable.
const LEAST_TOLD: f64 = 0.05;
/// Looks between two counts of detections and misses.
const COUNT_EVERY: u32 = 4;

impl Tracker {
    /// Compares what a look saw with what others saw of the same tracks, and counts what it should have seen.
    pub(in crate::fusion) fn learn(&mut self, scan: &Scan, look: LookNumber, view: &View) {
        let sensor = scan.sensor;
        let at = self.latest;
        let registration = &mut self.registration;
        let of = &mut registration.sensors[sensor.index()];
        if of.begun == Timestamp::from_nanos(i64::MIN) {
            of.begun = at;
        }
        of.looks = of.looks.wrapping_add(1);
        let (looks, whole) = (of.looks, scan.part.is_none_or(|(_, n)| n <= 1));
        self.compare(scan, look);
        if whole && !self.sensors[sensor.index()].bearings_only && view.says_misses() {
            self.see(scan, view);
        }
        if whole && looks.is_multiple_of(COUNT_EVERY) {
            self.count(scan, look, view);
        }
        let due = at.since(self.registration.sensors[sensor.index()].searched) >= SEARCH_EVERY;
        if due && scan.time == self.latest {
            self.search(scan, look);
        }
        self.registration.settle(at, look + 1);
    }

    fn compare(&mut self, scan: &Scan, look: LookNumber) {
        let Some(looked) = self.looks.get(look) else { return };
        let pairs = &self.work.pairs;
        if pairs.is_empty() {
            return;
        }
        // A different beginning for every look.
        #[expect(clippy::cast_possible_truncation, reason = "only its remainder is used")]
        let start = (look as usize).wrapping_mul(7_919) % pairs.len();
        let period_s = self.sensors[scan.sensor.index()].period_s;
        let most = (MOST_COMPARED_PER_S * period_s).clamp(1.0, MOST_COMPARED);
        let mut compared = 0.0;
        for k in 0..pairs.len().min(MOST_CONSIDERED) {
            let pair = &pairs[(start + k) % pairs.len()];
            if !(pair.alone && pair.chosen) {
                continue;
            }
            let candidate = &self.work.candidates[pair.track as usize];
            let track = self.tracks.at(candidate.slot);
            let m = &looked.detections[pair.detection as usize];
            if !track.confirmed || m.is_report() {
                continue;
            }
            let own = Sighting { sensor: scan.sensor, m, site: &looked.site, at_s: m.offset_s };
            let mut others = [own; MOST_REFERENCES];
            let count = self.references(looked, look, track, &mut others);
            if count == 0 {
                continue;
            }
            let residual = Residual::between(&own, &others[..count], &candidate.mean, candidate.altitude);
            if let Some(residual) = residual {
                self.registration.take(&own, &residual, self.latest);
                compared += 1.0;
                if compared >= most {
                    break;
                }
            }
        }
        if let Some(jumped) = self.registration.jumped(scan.sensor, self.latest) {
            self.registration.restart(jumped, self.latest, look + 1);
            self.registration.findings.push((jumped, Finding::Jumped));
        }
    }

    /// What other sensors said of a track since this one last did, the freshest of each; how many.
    fn references<'a>(
        &'a self,
        looked: &Looked,
        look: LookNumber,
        track: &'a Track,
        others: &mut [Sighting<'a>; MOST_REFERENCES],
    ) -> usize {
        let mut count = 0;
        // The number of its own last look. Numbers count arrivals: a clock that is wrong puts its looks among others' times.
        let mut own_last = None;
        for (other, m, number) in track.history.detections_before(looked.time, look, &self.looks) {
            let age = looked.time.since(other.time);
            if age > MOST_AGE || count == MOST_REFERENCES {
                break;
            }
            if other.sensor == looked.sensor {
                own_last = own_last.max(Some(number));
                continue;
            }
            let known = others[..count].iter().any(|known| known.sensor == other.sensor)
                || own_last.is_some_and(|own| number < own);
            let stale = number < self.registration.sensors[other.sensor.index()].since_look;
            if known || stale || m.is_report() || m.is_bearing() {
                continue;
            }
            others[count] =
                Sighting { sensor: other.sensor, m, site: &other.site, at_s: m.offset_s - age.as_secs_f64() };
            count += 1;
        }
        count
    }

    /// Whether it saw what other sensors hold, at which range.
    fn see(&mut self, scan: &Scan, view: &View) {
        let at = scan.time;
        let since = self.registration.moved;
        self.sensors[scan.sensor.index()].sight.since(since);
        for (candidate, took) in self.work.candidates.iter().zip(&self.work.took).take(MOST_CONSIDERED) {
            let track = self.tracks.at(candidate.slot);
            let told = f64::from(candidate.told_pd);
            let held =
                track.sensors.iter().any(|(by, last)| *by != scan.sensor && at.since(*last) < HELD_FOR);
            if !held || !track.confirmed || told < LEAST_TOLD || candidate.past.is_some() {
                continue;
            }
            let mean = &candidate.mean;
            let away = [mean.x[0] - view.site.at[0], mean.x[1] - view.site.at[1]];
            let range_m = (away[0] * away[0] + away[1] * away[1]).sqrt();
            self.sensors[scan.sensor.index()].sight.note(range_m, told, *took);
        }
    }

    /// Detections and misses of what should have been seen, and detections of nothing.
    fn count(&mut self, scan: &Scan, look: LookNumber, view: &View) {
        let Some(looked) = self.looks.get(look) else { return };
        let coverage = &self.sensors[scan.sensor.index()].coverage;
        let mut counts = LookCounts {
            unclaimed: looked.detections.len() as f64,
            clutter: coverage.false_alarms(view),
            detections: looked.detections.len() as f64,
            ..LookCounts::default()
        };
        let clear = coverage.clear();
        let believed = |candidate: &Candidate| {
            let track = self.tracks.at(candidate.slot);
            track.confirmed && candidate.existence > 0.95 && candidate.past.is_none()
        };
        for candidate in &self.work.candidates {
            if f64::from(candidate.told_pd) > 0.9 * clear && believed(candidate) {
                counts.expected += f64::from(candidate.told_pd);
                counts.seen += f64::from(u8::from(candidate.fed));
            }
        }
        for pair in self.work.pairs.iter().filter(|pair| pair.chosen) {
            let candidate = &self.work.candidates[pair.track as usize];
            if self.tracks.at(candidate.slot).confirmed {
                counts.unclaimed -= 1.0;
            }
        }
        let usable = !self.sensors[scan.sensor.index()].bearings_only
            && !looked.detections.iter().any(|m| m.is_bearing() || m.is_report());
        if usable && view.says_misses() {
            let registration = &mut self.registration;
            let of = &mut registration.sensors[scan.sensor.index()];
            let said = of.monitor.count(&counts);
            registration.findings.extend(said.into_iter().flatten().map(|f| (scan.sensor, f)));
        }
    }

    /// Looks for a bias so large that the sensor's detections meet no other's tracks.
    fn search(&mut self, scan: &Scan, look: LookNumber) {
        let sensor = scan.sensor;
        let Some(looked) = self.looks.get(look) else { return };
        let (site, at) = (looked.site.at, scan.time);
        let polar = looked.detections.iter().any(|m| matches!(m.kind, Kind::Polar { .. }));
        self.registration.sensors[sensor.index()].searched = at;
        let mut search = std::mem::take(&mut self.registration.search);
        search.clear();
        for candidate in &self.work.candidates {
            let track = self.tracks.at(candidate.slot);
            if !track.confirmed || at.since(track.born) < ALONE_FOR || candidate.past.is_some() {
                continue;
            }
            match alone(track, sensor, at) {
                Some(true) => search.lonely.push(candidate.mean),
                Some(false) => search.others.push(candidate.mean),
                None => {}
            }
        }
        let found = search.peak(site, polar);
        self.registration.search = search;
        self.registration.suspect(sensor, found, at, look + 1);
    }
}

/// Whether a track that is fed now is fed by this sensor alone, or by all but this one.
fn alone(track: &Track, sensor: SensorIndex, at: Timestamp) -> Option<bool> {
    let (mut own, mut others) = (None, None);
    for (fed_by, last) in &track.sensors {
        let slot = if *fed_by == sensor { &mut own } else { &mut others };
        *slot = Some(slot.map_or(*last, |known: Timestamp| known.max(*last)));
    }
    let fed = |last: Option<Timestamp>| last.is_some_and(|last| at.since(last) < ALONE_FOR);
    match (fed(own), fed(others)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

impl Registration {
    /// One comparison into evidence and monitor.
    fn take(&mut self, own: &Sighting<'_>, residual: &Residual, at: Timestamp) {
        let sensor = own.sensor;
        let s = sensor.index();
        let scale = |other: SensorIndex| self.sensors[other.index()].unused_noise();
        let spread = residual.spread(scale(sensor), scale);
        let Some(w) = inverse(spread, residual.rows) else { return };
        // What is left once everybody's best estimate is taken off.
        let rest = |sensor: SensorIndex| -> [f64; AXES] {
            let (estimate, corrected) =
                (&self.solution.value[sensor.index()], &self.sensors[sensor.index()].correction.value);
            std::array::from_fn(|axis| estimate[axis] - corrected[axis])
        };
        let own_rest = times(&residual.own_j, &rest(sensor));
        let mut unexplained = [residual.nu[0] - own_rest[0], residual.nu[1] - own_rest[1]];
        let mut settled = self.is_settled(sensor, at);
        for reference in residual.references.iter().flatten() {
            let moved = times(&reference.j, &rest(reference.sensor));
            unexplained[0] += reference.weight * moved[0];
            unexplained[1] += reference.weight * moved[1];
            settled &= self.is_settled(reference.sensor, at);
        }
        let d = super::residual::quadratic(w, unexplained).max(0.0).sqrt();
        let weight = SHARED * (HUBER_SIGMAS / d.max(HUBER_SIGMAS));
        let corrected = |sensor: SensorIndex| &self.sensors[sensor.index()].correction.value;
        let own_taken = times(&residual.own_j, corrected(sensor));
        let raw = |reference: &super::residual::Reference| {
            let taken = times(&reference.j, corrected(reference.sensor));
            std::array::from_fn(|row| reference.nu[row] + own_taken[row] - taken[row])
        };
        self.evidence.add(sensor, residual, w.map(|w| w * weight), raw);
        self.fresh += 1;
        let compared = Compared { residual, unexplained, settled };
        self.observe(sensor, own, &compared);
        self.note_noise(s, own, residual);
    }

    /// The monitors' share of a comparison: the own sensor's whole, and what it says of the others' noise.
    fn observe(&mut self, sensor: SensorIndex, own: &Sighting<'_>, compared: &Compared<'_>) {
        if own.m.is_bearing() {
            return;
        }
        let in_force = |other: SensorIndex| self.sensors[other.index()].correction.noise;
        let told = compared.residual.spread(1.0 / in_force(sensor), |other| 1.0 / in_force(other));
        let scale = |other: SensorIndex| self.sensors[other.index()].unused_noise();
        let learned = compared.residual.spread(scale(sensor), scale);
        for reference in compared.residual.references.iter().flatten() {
            let of = &mut self.sensors[reference.sensor.index()];
            let told = reference.r.map(|r| r / of.correction.noise);
            of.monitor.weigh_noise(told, learned, compared);
        }
        let of = &mut self.sensors[sensor.index()];
        let own_told = compared.residual.own_r.map(|r| r / of.correction.noise);
        of.monitor.weigh_noise(own_told, learned, compared);
        let said = of.monitor.observe(told, learned, compared);
        self.findings.extend(said.into_iter().flatten().map(|finding| (sensor, finding)));
    }

    /// Which axes a sensor's detections say something about, and how noisy they are along them.
    fn note_noise(&mut self, s: usize, own: &Sighting<'_>, residual: &Residual) {
        let of = &mut self.sensors[s];
        for (axis, known) in of.observable.iter_mut().enumerate() {
            *known |= residual.own_j.iter().any(|row| row[axis] != 0.0);
        }
        match own.m.kind {
            Kind::Polar { range_var, azimuth, .. } => {
                let range = range_var.sqrt();
                of.noise = [range, azimuth.var.sqrt(), range, range, 0.0];
            }
            Kind::Bearing { var, .. } => of.noise[1] = var.sqrt(),
            Kind::Place | Kind::Report { .. } => {
                of.noise[2] = own.m.r[0].max(0.0).sqrt();
                of.noise[3] = own.m.r[2].max(0.0).sqrt();
            }
        }
    }

    /// The sensor whose settled estimate no longer holds, if a look has shown one.
    fn jumped(&self, sensor: SensorIndex, at: Timestamp) -> Option<SensorIndex> {
        let alarmed = self.sensors[sensor.index()].monitor.is_alarmed();
        (alarmed && self.is_settled(sensor, at)).then_some(sensor)
    }

    /// A search's result: believed when enough of them agree with the first, the more the less sure it is.
    fn suspect(&mut self, sensor: SensorIndex, found: Option<Peak>, at: Timestamp, next_look: LookNumber) {
        // Two sensors that disagree both have lonely tracks, but only for the one that is off do all of them agree.
        let clearest = |found: &Peak| {
            let others = self.sensors.iter().enumerate().filter(|(other, _)| *other != sensor.index());
            others.filter_map(|(_, of)| of.suspected).all(|(other, _)| other.places <= found.places)
        };
        let clearest = found.as_ref().is_some_and(clearest);
        let suspected = &mut self.sensors[sensor.index()].suspected;
        *suspected = match (*suspected, found) {
            (Some((first, count)), Some(found)) if found.agrees(&first) => {
                if clearest && count + 1 >= found.searches_needed() {
                    self.adopt(sensor, &found, at, next_look);
                    return;
                }
                Some((first, count + 1))
            }
            (_, Some(found)) => Some((found, 1)),
            // Once not found is not yet refuted: a look has misses.
            (Some((first, count)), None) if count > 1 => Some((first, count - 1)),
            (_, None) => None,
        };
    }
}

impl Standing {
    /// What is known of its noise and not yet in the variances its detections are used with.
    fn unused_noise(&self) -> f64 {
        self.monitor.noise_scale() / self.correction.noise
    }
}
