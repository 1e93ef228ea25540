//! Leftover bearings of several sensors, the crossings they make, and which of these become tracks.
//!
//! In: per look the bearings that nothing better known explains. Out: tracks where a crossing is the only way to explain
//! them, and the end of such a track once another way has won. Two cameras that see three things make nine crossings, six
//! of them ghosts. Each is followed as if it alone were real (`crossing`); a bearing is of one thing only, so what is
//! believed of each comes from all of them together (`exclusive`), at every look anew from all that was ever seen. While
//! two ways explain the bearings equally well, none of them is said. Bounded in bearings, sensors' looks and crossings.

use serde::{Deserialize, Serialize};

use super::coverage::View;
use super::crossing::{Crossing, Feed, REMEMBERED, SPEED_MPS, Taken};
use super::exclusive::Piece;
use super::existence::Existence;
use super::filter::{self, Gaussian};
use super::history::State;
use super::initiate;
use super::live::Track;
use super::measure::{Kind, Measured};
use super::motion::{Imm, Paces};
use super::ring::LookNumber;
use super::track::TrackId;
use super::tracker::Tracker;
use super::triangulate::{Meeting, Ray, meet};
use super::update;
use crate::scan::Scan;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Leftover bearings of one look at most: of more, no crossing could be told from the others.
const MOST_BEARINGS: usize = 32;
/// Crossings followed at once.
const MOST_CROSSINGS: usize = 128;
/// Sensors whose last look is remembered.
const MOST_EYES: usize = 512;
/// A look meets another sensor's within this many of that sensor's periods, and seconds.
const FRESH_PERIODS: f64 = 2.0;
const FRESH_MOST_S: f64 = 10.0;
/// Misses in a row, or periods and seconds unseen, after which a sensor feeds a crossing no more. It needs two.
const MOST_MISSES: u8 = 5;
const STALE_PERIODS: f64 = 5.0;
const STALE_S: f64 = 4.0;
/// Less probable than this (ln) it is not worth following.
const LEAST_SCORE: f64 = -5.0;
/// ln of how improbable it is that bearings which others share for long are only now found to agree.
const LATECOMER: f64 = 3.0;
/// Looks after which that counts.
const SETTLED: f64 = 6.0;
/// The same per look that only one of the two sensors had of it at first, and at most: it may have come into the view of
/// one before that of the other, or been missed.
const ALONE: f64 = 1.0;
const MOST_ALONE: f64 = 6.0;
/// A bearing counts as explained by a crossing that has taken this many, so much better than chance explains them (ln).
const EXPLAINS_HITS: u32 = 6;
const EXPLAINS_SCORE: f64 = 6.0;
/// A crossing becomes a track when it is so probable for so many looks in a row, each of two sensors having fed it so
/// often;
const SURE: f64 = 0.99;
const SURE_LOOKS: u8 = 4;
const SURE_HITS: u32 = 4;
/// and what became of it ends when it is so improbable for so many.
const DOUBTED: f64 = 0.01;
const DOUBTED_LOOKS: u8 = 12;
/// Existence of what it becomes, at most.
const MOST_EXISTENCE: f64 = 0.999;
/// A track in such a place (χ², two degrees, 0.9997) is what the crossing is of.
const SAME: f64 = 16.2;
/// States that differ by more than this (χ², two degrees, 0.99), in place or in velocity, are not of one thing.
pub(super) const APART: f64 = 9.2;
/// How often another kind of sensor must feed a track that bearings began until it is held by that.
pub(super) const SIGHTED: u8 = 3;

/// What is left over, and what it may be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sightlines {
    /// Each sensor's last look, by sensor.
    pub eyes: Vec<Eye>,
    pub crossings: Vec<Crossing>,
    /// Per crossing: how probable it is; `None` where too many are entangled.
    #[serde(skip)]
    pub shares: Vec<Option<f64>>,
    /// The look's leftover bearings, as indices of its detections.
    #[serde(skip)]
    pub leftover: Vec<u32>,
    /// The look's meetings.
    #[serde(skip)]
    pub met: Vec<(Meeting, [Feed; 2])>,
    /// Sensor, look, detection, and the crossing that took it.
    #[serde(skip)]
    pub uses: Vec<(SensorIndex, LookNumber, u32, usize)>,
    /// Two crossings that took one bearing, and whose, and which crossings exclude each other.
    #[serde(skip)]
    pub shared: Vec<(usize, usize, SensorIndex)>,
    #[serde(skip)]
    pub edges: Vec<(usize, usize)>,
    /// Per crossing: a name for the piece it is in.
    #[serde(skip)]
    pub pieces: Vec<usize>,
    #[serde(skip)]
    pub piece: Piece,
}

/// One sensor's last look.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Eye {
    sensor: SensorIndex,
    at: Timestamp,
    look: LookNumber,
    period_s: f64,
    /// Leftover bearings: which detection, its clutter density and ray.
    rays: Vec<(u32, f64, Ray)>,
}

impl Sightlines {
    /// Whether every sensor it names is one of so many.
    pub(super) fn is_of(&self, sensors: usize) -> bool {
        let eyes = self.eyes.iter().map(|eye| eye.sensor);
        let mut named = eyes.chain(self.crossings.iter().flat_map(|c| &c.feeds).map(|feed| feed.sensor));
        named.all(|sensor| sensor.index() < sensors)
    }
}

impl Tracker {
    /// One look's leftover bearings: into crossings, among them, and out of them into tracks.
    pub(super) fn triangulate(&mut self, scan: &Scan, view: &View, look: LookNumber) {
        let Some(looked) = self.looks.get(look) else { return };
        let directs = self.sensors[scan.sensor.index()].bearings_only
            || looked.detections.iter().any(Measured::is_bearing);
        if !directs || scan.time < self.latest {
            return;
        }
        let mut lines = std::mem::take(&mut self.sightlines);
        self.leave_over(look, &mut lines);
        self.follow(scan, view, look, &mut lines);
        self.cross(scan, view, look, &mut lines);
        lines.prune(scan.time, |sensor| self.sensors[sensor.index()].period_s);
        lines.find_conflicts();
        lines.drop_twins(scan.time);
        lines.share();
        self.decide(scan, look, &mut lines);
        self.explain(scan.sensor, look, &lines);
        self.remember(scan, look, &mut lines);
        self.sightlines = lines;
    }

    /// The bearings that no track takes but, perhaps, one that lives on bearings itself: it must go on proving itself.
    fn leave_over(&self, look: LookNumber, lines: &mut Sightlines) {
        let Some(looked) = self.looks.get(look) else { return };
        let mut claimed = vec![0.0; looked.detections.len()];
        for pair in &self.work.pairs {
            if self.tracks.at(self.work.candidates[pair.track as usize].slot).sighted == 0 {
                claimed[pair.detection as usize] += pair.probability + f64::from(u8::from(pair.chosen));
            }
        }
        lines.leftover.clear();
        let free = (0u32..).zip(looked.detections.iter()).zip(&claimed);
        let free = free.filter(|((_, m), claimed)| m.is_bearing() && **claimed < 0.5);
        lines.leftover.extend(free.map(|((index, _), _)| index).take(MOST_BEARINGS));
    }

    /// Every crossing takes the nearest bearing, or misses.
    fn follow(&self, scan: &Scan, view: &View, look: LookNumber, lines: &mut Sightlines) {
        let Some(looked) = self.looks.get(look) else { return };
        let coverage = &self.sensors[scan.sensor.index()].coverage;
        for crossing in &mut lines.crossings {
            let imm = crossing.foreseen(scan.time);
            let mean = imm.mean();
            if !mean.is_sound() {
                crossing.score = f64::NEG_INFINITY;
                continue;
            }
            let sigma_m = (0.5 * (mean.pp[0] + mean.pp[2])).sqrt();
            let seen = coverage.seen(view, [mean.x[0], mean.x[1]], sigma_m);
            if !seen.near {
                continue;
            }
            let fits = lines.leftover.iter().filter_map(|d| {
                let fit = update::innovation(&mean, None, &looked.site, &looked.detections[*d as usize])?;
                (fit.d2 < self.gates.bearing).then_some((*d, fit.d2))
            });
            let nearest = fits.min_by(|a, b| a.1.total_cmp(&b.1));
            let pd = seen.pd.max(0.1 * coverage.clear());
            let taken = nearest.is_some_and(|(detection, _)| {
                let taken = Taken { sensor: scan.sensor, at: scan.time, look, detection, pd };
                crossing.take(&imm, &looked.site, &looked.detections[detection as usize], &taken)
            });
            if let Some((detection, _)) = nearest.filter(|_| taken) {
                let source = self.work.source[detection as usize] as usize;
                crossing.classify(&scan.detections[source].class);
            } else if scan.part.is_none() && seen.pd > 0.0 {
                crossing.miss(scan.sensor, seen.pd);
            }
        }
    }

    /// Every leftover bearing meets those of other sensors' last looks.
    fn cross(&mut self, scan: &Scan, view: &View, look: LookNumber, lines: &mut Sightlines) {
        let Some(looked) = self.looks.get(look) else { return };
        let known = &self.sensors[scan.sensor.index()];
        let new_per_m2 = initiate::UNKNOWN_AT_FIRST / (view.area_m2 / view.share.max(0.01));
        let mut met = std::mem::take(&mut lines.met);
        for d in &lines.leftover {
            let m = &looked.detections[*d as usize];
            let Some(own) = ray(m, known.coverage.max_range_m()) else { continue };
            let fresh = lines.eyes.iter().filter(|eye| eye.sensor != scan.sensor && eye.is_fresh(scan.time));
            for (eye, (other_d, clutter, other)) in
                fresh.flat_map(|eye| eye.rays.iter().map(move |ray| (eye, ray)))
            {
                let moved_m = SPEED_MPS * scan.time.since(eye.at).as_secs_f64();
                let other = Ray { drift_var: other.drift_var + moved_m * moved_m, ..*other };
                let Some(place) = meet(&own, &other) else { continue };
                let pd = known.coverage.seen(view, place.at, (place.r[0] + place.r[2]).sqrt()).pd
                    * self.sensors[eye.sensor.index()].coverage.masked(place.at);
                let odds = pd.max(1e-12) * new_per_m2 * place.ground_m2 / (m.clutter * clutter);
                let part = |sensor, seen, look, detection| {
                    Feed::new(sensor, seen, look, detection, 0.5 * libm::log(odds))
                };
                let feeds =
                    [part(eye.sensor, eye.at, eye.look, *other_d), part(scan.sensor, scan.time, look, *d)];
                met.push((place, feeds));
            }
        }
        for (place, feeds) in met.drain(..) {
            if !lines.begin(scan.time, &place, feeds) {
                self.refused.crowded += 1;
            }
        }
        lines.met = met;
    }

    /// What is certain becomes a track, or is found to be one; what was and is excluded ends.
    fn decide(&mut self, scan: &Scan, look: LookNumber, lines: &mut Sightlines) {
        for at in 0..lines.crossings.len() {
            let share = lines.shares[at];
            let crossing = &mut lines.crossings[at];
            let newest = |feed: &Feed| feed.taken[(feed.hits as usize + REMEMBERED - 1) % REMEMBERED];
            let fed = crossing.feeds.iter().any(|feed| {
                feed.sensor == scan.sensor && newest(feed).is_some_and(|(number, _)| number == look)
            });
            let (Some(share), true) = (share, fed) else { continue };
            let ripe = crossing.feeds.iter().filter(|feed| feed.hits >= SURE_HITS && feed.misses == 0);
            let counted = |count: u8, holds: bool| if holds { count.saturating_add(1) } else { 0 };
            crossing.sure = counted(crossing.sure, share >= SURE && ripe.count() >= 2);
            crossing.doubted = counted(crossing.doubted, share < DOUBTED);
            crossing.track = crossing.track.filter(|id| self.tracks.slot(*id).is_some());
            let (sure, doubted) = (crossing.sure >= SURE_LOOKS, crossing.doubted >= DOUBTED_LOOKS);
            match crossing.track {
                None if sure => {
                    let found = self.track_at(scan.time, at, lines);
                    let crossing = &lines.crossings[at];
                    let id = found.or_else(|| self.begin(scan.time, crossing, share));
                    lines.crossings[at].track = id;
                }
                Some(id) if doubted => {
                    crossing.track = None;
                    self.disown(id, scan);
                }
                _ => {}
            }
        }
    }

    /// The confirmed track nearest to a crossing, if it is near enough to be of it and of no other crossing.
    fn track_at(&self, at: Timestamp, index: usize, lines: &Sightlines) -> Option<TrackId> {
        let own = lines.crossings[index].foreseen(at).mean();
        let mut paces = Paces::default();
        let near = self.work.candidates.iter().filter_map(|candidate| {
            let track = self.tracks.at(candidate.slot);
            let linked = lines.crossings.iter().any(|other| other.track == Some(track.id));
            let d2 = apart(&own, &track.estimate(at, &self.motion, &mut paces), 0)?;
            (track.confirmed && !linked && d2 < SAME).then_some((d2, track.id))
        });
        near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, id)| id)
    }

    /// A track where a crossing is.
    fn begin(&mut self, at: Timestamp, crossing: &Crossing, share: f64) -> Option<TrackId> {
        let mean = crossing.foreseen(at).mean();
        if !mean.is_sound() {
            self.refused.unsound += 1;
            return None;
        }
        if self.tracks.len() >= initiate::MOST_TRACKS {
            self.refused.crowded += 1;
            return None;
        }
        let mut feeds: Vec<&Feed> = crossing.feeds.iter().collect();
        feeds.sort_by_key(|feed| feed.sensor);
        let period = |feed: &&Feed| self.sensors[feed.sensor.index()].period_s;
        let period_s = feeds.iter().map(period).fold(f64::INFINITY, f64::min);
        let newest = *feeds.iter().max_by_key(|feed| feed.seen)?;
        let existence = Existence::new(share.min(MOST_EXISTENCE), newest.sensor, at);
        let state = State { time: at, imm: Imm::new(mean), height: None, existence };
        let id = TrackId(self.next_id);
        self.next_id += 1;
        let mut track = Track::new(id, state, period_s);
        (track.confirmed, track.sighted, track.hits) = (true, SIGHTED, crossing.hits());
        track.sensors = feeds.iter().map(|feed| (feed.sensor, feed.seen)).collect();
        track.class = crossing.class;
        track.history.ready(at, &track.state, &mut self.pool);
        let slot = self.tracks.insert(Box::new(track));
        self.note_confirmed(slot, at);
        self.updated.push(id);
        Some(id)
    }

    /// A track that bearings alone hold, and hold no more: the look's judgement will find it not to exist.
    fn disown(&mut self, id: TrackId, scan: &Scan) {
        let Some(slot) = self.tracks.slot(id) else { return };
        let track = self.tracks.at_mut(slot);
        if track.sighted > 0 {
            track.state.existence = Existence::new(0.0, scan.sensor, scan.time);
        }
    }

    /// Bearings that a crossing explains are not clutter.
    fn explain(&mut self, sensor: SensorIndex, look: LookNumber, lines: &Sightlines) {
        let trusted =
            |crossing: &&Crossing| crossing.hits() >= EXPLAINS_HITS && crossing.score > EXPLAINS_SCORE;
        for d in &lines.leftover {
            if lines
                .crossings
                .iter()
                .filter(trusted)
                .any(|crossing| crossing.took(sensor, look, *d).is_some())
            {
                self.work.free[*d as usize].0 = 0.0;
            }
        }
    }

    /// The look's leftover bearings wait for those of others.
    fn remember(&self, scan: &Scan, look: LookNumber, lines: &mut Sightlines) {
        let Some(looked) = self.looks.get(look) else { return };
        let known = &self.sensors[scan.sensor.index()];
        let rays = lines.leftover.iter().filter_map(|d| {
            let m = &looked.detections[*d as usize];
            Some((*d, m.clutter, ray(m, known.coverage.max_range_m())?))
        });
        let eye =
            Eye { sensor: scan.sensor, at: scan.time, look, period_s: known.period_s, rays: rays.collect() };
        match lines.eyes.binary_search_by_key(&scan.sensor, |eye| eye.sensor) {
            Ok(at) => lines.eyes[at] = eye,
            Err(at) if lines.eyes.len() < MOST_EYES => lines.eyes.insert(at, eye),
            Err(_) => {}
        }
    }
}

/// A bearing as a ray.
fn ray(m: &Measured, reach_m: f64) -> Option<Ray> {
    let Kind::Bearing { towards, var } = m.kind else { return None };
    Some(Ray { site: m.z, towards, var, drift_var: m.r[0].max(m.r[2]), reach_m })
}

impl Crossing {
    /// Whether a meeting may be its own.
    fn is_near(&self, met: &Meeting, at: Timestamp) -> bool {
        let dt_s = at.since(self.time).as_secs_f64();
        let mean = self.imm.mean();
        let nu = [0, 1].map(|axis| met.at[axis] - mean.x[axis] - dt_s * mean.x[axis + 2]);
        let s = [0, 1, 2].map(|at| met.r[at] + mean.pp[at]);
        filter::fit(nu, s).is_some_and(|fit| fit.d2 < APART)
    }
}

/// d² of two states' difference, in place (`from` 0) or in velocity (2).
pub(super) fn apart(a: &Gaussian, b: &Gaussian, from: usize) -> Option<f64> {
    let nu = [a.x[from] - b.x[from], a.x[from + 1] - b.x[from + 1]];
    let (p, q) = if from == 0 { (a.pp, b.pp) } else { (a.vv, b.vv) };
    filter::fit(nu, [p[0] + q[0], p[1] + q[1], p[2] + q[2]]).map(|fit| fit.d2)
}

impl Eye {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.at) <= Span::from_secs_f64((FRESH_PERIODS * self.period_s).min(FRESH_MOST_S))
    }
}

impl Sightlines {
    /// A crossing where two bearings meet, unless one has taken both; false if there is no room for it.
    fn begin(&mut self, now: Timestamp, met: &Meeting, mut feeds: [Feed; 2]) -> bool {
        let gave = |feed: &Feed| feed.taken[0].map(|(look, detection)| (feed.sensor, look, detection));
        let [Some(one), Some(two)] = [gave(&feeds[0]), gave(&feeds[1])] else { return true };
        let took = |crossing: &Crossing, of: (SensorIndex, LookNumber, u32)| {
            crossing.took(of.0, of.1, of.2).is_some()
        };
        if self.crossings.iter().any(|crossing| took(crossing, one) && took(crossing, two)) {
            return true;
        }
        let alone = feeds[0].score + feeds[1].score;
        // It would have been fed as others are by what it shares with them; but whoever saw it first saw it alone.
        let parts = [one, two].map(|(sensor, look, detection)| {
            self.part_of(sensor, look, detection).map_or((0.5 * alone, 0.0), |feed| (feed.score, feed.worth))
        });
        let (younger, elder) = (parts[0].1.min(parts[1].1), parts[0].1.max(parts[1].1));
        let settled = younger >= SETTLED;
        if settled && self.crossings.iter().any(|crossing| crossing.is_near(met, now)) {
            return true;
        }
        let penalty = (ALONE * (elder - younger)).min(MOST_ALONE) + if settled { LATECOMER } else { 0.0 };
        let mut score = alone;
        if parts[0].0 + parts[1].0 - penalty > alone {
            score = parts[0].0 + parts[1].0 - penalty;
            for (feed, part) in feeds.iter_mut().zip(parts) {
                (feed.score, feed.worth) = (part.0, part.1.max(1.0));
            }
        }
        if score.is_nan() || score < LEAST_SCORE {
            return true;
        }
        if self.crossings.len() >= MOST_CROSSINGS {
            return false;
        }
        self.crossings.push(Crossing::new(now, met, score, feeds.to_vec()));
        true
    }

    /// The part of what has been fed by whatever gave a bearing. Where several things are in line, that of the youngest:
    /// what comes late must not claim another's past.
    fn part_of(&self, sensor: SensorIndex, look: LookNumber, detection: u32) -> Option<Feed> {
        let fed = self.crossings.iter().filter_map(|crossing| crossing.took(sensor, look, detection));
        fed.min_by(|a, b| a.worth.total_cmp(&b.worth).then(b.score.total_cmp(&a.score))).copied()
    }

    /// Lets go of sensors that feed a crossing no more, and of crossings that fewer than two feed.
    fn prune(&mut self, now: Timestamp, period_s: impl Fn(SensorIndex) -> f64) {
        self.crossings.retain_mut(|crossing| {
            crossing.feeds.retain(|feed| {
                let unseen_s = now.since(feed.seen).as_secs_f64();
                feed.misses <= MOST_MISSES && unseen_s <= (STALE_PERIODS * period_s(feed.sensor)).max(STALE_S)
            });
            crossing.feeds.len() >= 2 && crossing.score >= LEAST_SCORE
        });
    }
}

#[cfg(test)]
#[path = "sightlines_tests.rs"]
mod tests;
