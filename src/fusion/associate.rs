//! The tracker's steps from a measured look to updated tracks: predict, gate, associate, update, miss.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assign::Pair;
use super::coverage::View;
use super::filter::Gaussian;
use super::history::{Entry, MISSED};
use super::initiate::SELDOM_S;
use super::measure::{Kind, Measured};
use super::near::Reach;
use super::ring::LookNumber;
use super::track::TrackId;
use super::tracker::{Candidate, Tracker};
use super::{existence, ring, update};
use crate::scan::Scan;
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

/// Even where a sensor should see nothing it may: configured limits are round numbers. Share of its usual probability.
const LEAST_DETECTION: f64 = 0.1;
/// Directions refine only tracks believed this much.
const BEARING_EXISTENCE: f64 = 0.9;
/// Looks that must have fed a track before its innovations say something about a sensor.
const SETTLED_HITS: u32 = 8;
/// Known worse than this, metres, one sigma, a track could be anywhere: one that only seldom looks have fed takes no other
/// sensor's detection, and whose detection it takes is open.
const WIDE_M: f64 = 200.0;
/// Misses less probable than this are not worth an entry.
const LEAST_MISS: f32 = 0.01;
/// How much more a pairing weighs if the detection claims the track's own identity.
const SAME_IDENTITY: f64 = 1_000.0;
/// A self-report that claims the track's identity is taken from this much farther away (in d²).
const IDENTITY_GATE: f64 = 25.0;

impl Tracker {
    /// Predicts the tracks a look may have seen to its time; for a late look, as they then were.
    pub(super) fn predict(&mut self, scan: &Scan, view: &View, look: LookNumber) {
        let (sensor, at) = (scan.sensor, scan.time);
        self.find_near(scan, view, look);
        let known = &self.sensors[sensor.index()];
        let coverage = &known.coverage;
        let work = &mut self.work;
        work.candidates.clear();
        work.pasts.clear();
        work.paces.clear();
        for &slot in &work.near {
            let track = self.tracks.at(slot);
            if track.born > at {
                continue;
            }
            let (place, sigma_m) = track.roughly_at(at);
            if !coverage.seen(view, place, sigma_m).near {
                continue;
            }
            let past = (track.state.time > at)
                .then(|| track.history.at(at, &self.looks, &self.motion, &mut work.fades));
            let past = match past {
                Some(None) => continue,
                Some(Some(past)) => {
                    work.pasts.push(past);
                    Some(work.pasts.len() - 1)
                }
                None => None,
            };
            let state = past.map_or(&track.state, |index| &work.pasts[index].state);
            let dt_s = at.since(state.time).as_secs_f64();
            let imm = work.paces.get(&self.motion, dt_s).predict(&state.imm);
            let mean = imm.mean();
            if !mean.is_sound() {
                self.refused.unsound += 1;
                continue;
            }
            let sigma_m = (0.5 * (mean.pp[0] + mean.pp[2])).sqrt();
            let seen = coverage.seen(view, [mean.x[0], mean.x[1]], sigma_m);
            let away = [mean.x[0] - view.site.at[0], mean.x[1] - view.site.at[1]];
            let learned = known.sight.factor((away[0] * away[0] + away[1] * away[1]).sqrt());
            let pd = seen.pd.max(LEAST_DETECTION * coverage.masked([mean.x[0], mean.x[1]]));
            let visible = state.existence.visible_at(sensor, at, &mut work.fades);
            work.candidates.push(Candidate {
                slot,
                imm,
                mean,
                altitude: state.height.map(|height| height.at(dt_s)),
                existence: state.existence.at(at, &mut work.fades),
                visible,
                detectable: visible * pd,
                miss_pd: as_f32(seen.pd * learned),
                told_pd: as_f32(seen.pd),
                past,
                fed: false,
            });
        }
    }

    /// Finds the pairs of candidate and detection that pass the association gate, with their weights.
    pub(super) fn gate(&mut self, scan: &Scan, look: LookNumber) {
        let Some(looked) = self.looks.get(look) else { return };
        let work = &mut self.work;
        work.pairs.clear();
        let reach = Reach::of(&looked.detections);
        let often = self.sensors[scan.sensor.index()].period_s < SELDOM_S;
        let positions = (0u32..).zip(looked.detections.iter()).filter(|(_, m)| !m.is_bearing());
        work.grid.fill(positions.map(|(index, m)| (index, m.z)), reach.cell_m);
        let bearings = looked.detections.iter().any(Measured::is_bearing);
        for (c, candidate) in (0u32..).zip(&work.candidates) {
            let mut consider = |d: u32| {
                let m = &looked.detections[d as usize];
                let Some(fit) = update::innovation(&candidate.mean, candidate.altitude, &looked.site, m)
                else {
                    return;
                };
                let gate = if m.is_bearing() { self.gates.bearing } else { self.gates.position };
                let identity = scan.detections[work.source[d as usize] as usize].identity.as_deref();
                let track = self.tracks.at(candidate.slot);
                // A direction lends no substance to what is not believed yet.
                if m.is_bearing()
                    && track.sighted == 0
                    && !(track.confirmed && candidate.existence > BEARING_EXISTENCE)
                {
                    return;
                }
                let claims = &track.claims;
                let same = identity.is_some_and(|identity| claims.has(identity))
                    || knows_report(&self.reported, scan, m, self.tracks.at(candidate.slot).id);
                if fit.d2 > if same { IDENTITY_GATE * gate } else { gate }
                    || !same && identity.is_some_and(|identity| claims.contradicts(identity))
                    || !m.is_bearing() && !track.can_reach(m, scan.time)
                    || !same && often && track.period_s >= SELDOM_S && is_wide(&candidate.mean)
                {
                    return;
                }
                let missed = 1.0 - (candidate.existence * candidate.detectable).clamp(1e-9, 0.999_99);
                // How likely its sensor sees it is judged where it says it saw it: tracks are wider than masks.
                let seen = candidate.existence * candidate.visible * f64::from(m.pd);
                let density = fit.scale * libm::exp(-0.5 * fit.d2);
                let mut weight = seen / missed * density / m.clutter;
                if same {
                    weight = weight.max(1.0) * SAME_IDENTITY;
                }
                work.pairs.push(Pair::new(c, d, weight, fit.d2));
            };
            let mean = &candidate.mean;
            let spread = reach.variance(mean, &looked.site.at) + looked.site.position_var;
            let widen = if reach.named { IDENTITY_GATE } else { 1.0 } * self.gates.position;
            let half = [(0, 0), (1, 2)].map(|(x, p): (usize, usize)| {
                (widen * (mean.pp[p] + spread)).sqrt()
                    + reach.offset_s * (mean.x[2 + x].abs() + mean.vv[p].sqrt() * 4.0)
            });
            work.grid.within([mean.x[0], mean.x[1]], half, &mut consider);
            if bearings {
                for (d, _) in (0u32..).zip(looked.detections.iter()).filter(|(_, m)| m.is_bearing()) {
                    consider(d);
                }
            }
        }
    }

    /// Solves the gate graph; notes how much of every detection no track claims.
    pub(super) fn associate(&mut self, look: LookNumber) {
        let detections = self.looks.get(look).map_or(0, |looked| looked.detections.len());
        let work = &mut self.work;
        work.associator.solve(&mut work.pairs, work.candidates.len(), detections);
        work.free.clear();
        work.free.resize(detections, (1.0, false));
        for pair in &work.pairs {
            let free = &mut work.free[pair.detection as usize];
            free.0 = (free.0 - pair.probability).max(0.0);
            free.1 |= pair.chosen;
        }
    }

    /// Gives every track the detection it was assigned, and every contested track without one its miss.
    pub(super) fn update(&mut self, scan: &Scan, look: LookNumber) {
        let pairs = std::mem::take(&mut self.work.pairs);
        // Ordered by component, then track: one run of pairs per candidate.
        for run in pairs.chunk_by(|a, b| a.track == b.track) {
            let c = run[0].track as usize;
            let candidate = &self.work.candidates[c];
            let sighted = self.tracks.at(candidate.slot).sighted > 0;
            let bearing = self.is_bearing(look, run[0].detection);
            let plain = run[0].alone && !(sighted && bearing);
            let factor = if plain { f64::NAN } else { joint_factor(candidate, run) };
            if !run[0].alone && bearing && !sighted {
                continue;
            }
            let Some(pair) = run.iter().find(|pair| pair.chosen) else {
                if factor.is_finite()
                    && (sighted || !self.sensors[scan.sensor.index()].bearings_only)
                    && candidate.miss_pd > LEAST_MISS
                    && scan.part.is_none()
                {
                    let entry = Entry {
                        look: ring::low(look),
                        detection: MISSED,
                        pd: candidate.miss_pd,
                        factor: as_f32(factor),
                        sure: 1.0,
                    };
                    self.enter(c, entry);
                    self.work.candidates[c].fed = true;
                }
                continue;
            };
            let pd = self.pd_of(look, pair.detection);
            // Which target a pass saw is open only to a track that could be anywhere by now.
            let open = !pair.alone
                && self.sensors[scan.sensor.index()].period_s >= SELDOM_S
                && is_wide(&candidate.mean);
            let entry = Entry {
                look: ring::low(look),
                detection: pair.detection,
                pd,
                factor: as_f32(factor),
                sure: if open { as_f32(pair.probability.max(0.01)) } else { 1.0 },
            };
            if self.enter(c, entry).is_none() {
                self.refused.unsound += 1;
                continue;
            }
            self.credit(c, scan, look, pair);
        }
        self.work.pairs = pairs;
        self.updated.sort_unstable();
    }

    /// Directions are taken only where nothing else could have given them: two things in line drag each other's tracks.
    fn is_bearing(&self, look: LookNumber, detection: u32) -> bool {
        self.looks
            .get(look)
            .and_then(|looked| looked.detections.get(detection as usize))
            .is_some_and(Measured::is_bearing)
    }

    fn pd_of(&self, look: LookNumber, detection: u32) -> f32 {
        self.looks
            .get(look)
            .and_then(|looked| looked.detections.get(detection as usize))
            .map_or(0.0, |m| m.pd)
    }

    /// What a taken detection says beside the state.
    fn credit(&mut self, c: usize, scan: &Scan, look: LookNumber, pair: &Pair) {
        self.work.candidates[c].fed = true;
        let slot = self.work.candidates[c].slot;
        let detection = &scan.detections[self.work.source[pair.detection as usize] as usize];
        let period_s = self.sensors[scan.sensor.index()].period_s;
        let track = self.tracks.at_mut(slot);
        let forgotten = track.credit(scan.sensor, scan.time, period_s, detection);
        let measured = self.looks.get(look).and_then(|l| l.detections.get(pair.detection as usize));
        if let Some(measured) = measured {
            track.stand(measured, self.sensors[scan.sensor.index()].names);
        }
        if !matches!(detection.measurement, crate::scan::Measurement::Bearing { .. }) {
            track.sighted = track.sighted.saturating_sub(1);
        }
        let (id, confirmed) = (track.id, track.confirmed && track.hits >= SETTLED_HITS);
        self.updated.push(id);
        if let Some(forgotten) = forgotten.filter(|identity| self.claimed.get(identity) == Some(&id)) {
            self.claimed.remove(&forgotten);
        }
        if let Some(identity) = &detection.identity {
            let before = self.claimed.insert(identity.clone(), id).filter(|before| *before != id);
            let believed = self.tracks.at(slot).confirmed;
            let is_believed =
                |id: &TrackId| self.tracks.slot(*id).is_some_and(|s| self.tracks.at(s).confirmed);
            if let Some(before) = before.filter(|before| believed && is_believed(before)) {
                self.identities.changed(scan.time, identity, id, before);
            }
            if believed {
                self.identities.claimed(scan.time, id, &self.tracks.at(slot).claims);
            }
        }
        match &detection.measurement {
            crate::scan::Measurement::Track { source_track, .. } => {
                self.reported.insert((scan.sensor, source_track.clone()), (id, scan.time));
            }
            crate::scan::Measurement::Bearing { .. } if pair.alone && confirmed => {
                self.sensors[scan.sensor.index()].note_nis(pair.d2);
            }
            _ if pair.alone && confirmed => {
                self.sensors[scan.sensor.index()].note_nis(pair.d2 / 2.0);
            }
            _ => {}
        }
    }

    /// Lowers the existence of everything the look covered and did not report.
    pub(super) fn miss(&mut self, scan: &Scan, look: LookNumber) {
        let known = &mut self.sensors[scan.sensor.index()];
        let Some(fed_before) = known.complete(scan, &self.updated) else { return };
        if let Some(looked) = self.looks.get(look).filter(|looked| !looked.detections.is_empty()) {
            known.bearings_only = looked.detections.iter().all(Measured::is_bearing);
        }
        if known.bearings_only {
            let bearings = self.looks.get(look).into_iter().flat_map(|looked| looked.detections.iter());
            for (m, (free, _)) in bearings.zip(&self.work.free) {
                m.cell.into_iter().for_each(|cell| known.clutter.found(cell, *free));
            }
        }
        let directs = known.bearings_only;
        for c in 0..self.work.candidates.len() {
            let candidate = &self.work.candidates[c];
            // What bearings alone have begun, their absence must be able to end; on others it says nothing.
            if directs && self.tracks.at(candidate.slot).sighted == 0 {
                continue;
            }
            let fed = candidate.fed
                || !fed_before.is_empty()
                    && fed_before.binary_search(&self.tracks.at(candidate.slot).id).is_ok();
            if !fed && candidate.miss_pd > LEAST_MISS {
                let entry = Entry {
                    look: ring::low(look),
                    detection: MISSED,
                    pd: candidate.miss_pd,
                    factor: f32::NAN,
                    sure: 1.0,
                };
                self.enter(c, entry);
            }
        }
    }

    /// One entry into a track, now or where it belongs in the past. `None` if its result was refused.
    fn enter(&mut self, c: usize, entry: Entry) -> Option<()> {
        let candidate = &self.work.candidates[c];
        let track = self.tracks.at_mut(candidate.slot);
        let looked = self.looks.of_entry(entry.look)?;
        if let Some(past) = candidate.past {
            let past = &self.work.pasts[past];
            track.state = {
                let fades = &mut self.work.fades;
                track.history.insert(past, entry, &self.looks, &self.motion, fades, &mut self.pool)?
            };
        } else {
            let predicted = Some((&candidate.imm, &candidate.mean));
            track.history.ready(looked.time, &track.state, &mut self.pool);
            track.state.apply(&entry, looked, &self.motion, &mut self.work.fades, predicted)?;
            track.history.push(entry);
        }
        if entry.detection != MISSED || candidate.past.is_some() {
            track.mean = track.state.imm.mean();
        }
        Some(())
    }
}

/// Whether a report bears a name that this track was last reported under.
fn knows_report(
    reported: &BTreeMap<(SensorIndex, Arc<str>), (TrackId, Timestamp)>,
    scan: &Scan,
    m: &Measured,
    id: TrackId,
) -> bool {
    let Kind::Report { name } = &m.kind else { return false };
    reported.get(&(scan.sensor, name.clone())).is_some_and(|(known, _)| *known == id)
}

/// Whether what only a seldom look knows could be anywhere by now: what appears then is new, and lineage says whose heir.
fn is_wide(mean: &Gaussian) -> bool {
    mean.pp[0].max(mean.pp[2]) > WIDE_M * WIDE_M
}

/// What joint association makes of a track's existence odds: Σ P(takes j) + P(missed) P(exists | missed).
fn joint_factor(candidate: &Candidate, run: &[Pair]) -> f64 {
    let taken: f64 = run.iter().map(|pair| pair.probability).sum::<f64>().min(1.0);
    let (e, q) = (candidate.existence, candidate.detectable);
    let after = taken + (1.0 - taken) * e * (1.0 - q) / (1.0 - e * q).max(1e-12);
    existence::odds(after) / existence::odds(e)
}

/// Entries keep detection probabilities in single precision; the live path must use the same number.
#[expect(clippy::cast_possible_truncation, reason = "a probability needs no more digits")]
fn as_f32(p: f64) -> f32 {
    p as f32
}

/// For [`Tracker::judge`]: nothing measured before this is news.
pub(super) fn is_late(scan_time: Timestamp, latest: Timestamp) -> bool {
    latest.since(scan_time).as_secs_f64() > 2.0
}
