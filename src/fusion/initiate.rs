//! Beginning and end of tracks: from leftover detections to tentative, confirmed, deleted.

use std::sync::Arc;

use super::coverage::View;
use super::existence::{Existence, Fades};
use super::filter::Gaussian;
use super::height::Height;
use super::history::State;
use super::live::Track;
use super::measure::Measured;
use super::motion::{Imm, MODES, Paces};
use super::ring::LookNumber;
use super::track::TrackId;
use super::tracker::Tracker;
use crate::scan::{Measurement, Scan};
use crate::time::{Span, Timestamp};

/// How many targets that no track has yet a sensor's first look may find,
pub(super) const UNKNOWN_AT_FIRST: f64 = 3.0;
/// and, once its looks have found what was there, any later one.
pub(super) const UNKNOWN_LATER: f64 = 0.3;
/// Existence of a track begun from another system's report.
const REPORT_EXISTENCE: f64 = 0.5;
/// A detection less probably new than this begins nothing.
const LEAST_NEW: f64 = 1e-3;
/// Existence that confirms what one sensor reports: its false alarms may have one cause, and follow each other;
const CONFIRM_ALONE: f64 = 0.999;
/// what several report; and the looks it needs at least.
const CONFIRM_TOGETHER: f64 = 0.99;
const CONFIRM_HITS: u32 = 2;
/// What looks this seldom, seconds, is believed sooner: its next look is a minute away. And where nothing else watches,
/// what it reports beyond its false alarms is believed at once, if that is more than them.
pub(super) const SELDOM_S: f64 = 20.0;
const CONFIRM_SELDOM: f64 = 0.9;
const SURPLUS_LEAST: f64 = 0.5;
/// A place is watched by a sensor that looked within this many of its periods and would see a target there this probably.
const WATCHED_PERIODS: f64 = 5.0;
const WATCHED_PD: f64 = 0.3;
/// Existence below which a track is deleted, while tentative and once confirmed: one that a second without echoes has put
/// in doubt is not shown (see `Track::status`), but found again under its own id.
const DELETE_TENTATIVE: f64 = 5e-4;
const DELETE_CONFIRMED: f64 = 0.05;
/// A track that could be anywhere within this (one sigma, metres) is of no use,
const MOST_SIGMA_M: f64 = 500.0;
/// or within this per second of its quickest sensor's period: a satellite's tracks are never better known.
const MOST_SIGMA_MPS: f64 = 40.0;
/// A tentative track that nothing feeds lives for this many periods of its sensor, and at least, seconds.
const SEED_PERIODS: f64 = 4.0;
const SEED_LEAST_S: f64 = 4.0;
/// One-sigma speed per axis of something seen once, by mode: steady, agile, stopped, m/s.
const START_SPEED_MPS: [f64; MODES] = [10.0, 18.0, 0.7];
/// The same over the minute between two looks of what looks seldom: nobody keeps up a sprint.
const SELDOM_SPEED_MPS: [f64; MODES] = [8.0, 12.0, 0.7];
/// Half the length of what gives a lidar several echoes, metres.
const EXTENT_M: f64 = 10.0;
/// How long a name that another system reported a track under is remembered.
const REPORT_REMEMBERED: Span = Span::from_secs(3_600);
/// Tracks at most: beyond it nothing new begins.
pub(super) const MOST_TRACKS: usize = 250_000;

impl Tracker {
    /// Begins a tentative track from every detection that no track took.
    pub(super) fn initiate(&mut self, scan: &Scan, look: LookNumber, view: &View) {
        let late = super::associate::is_late(scan.time, self.latest);
        let Some(looked) = self.looks.get(look) else { return };
        let period_s = self.sensors[scan.sensor.index()].period_s;
        let lidar = self.sensors[scan.sensor.index()].resolves;
        // A transponder says of itself where it is, and may lie: only what a satellite saw is a surplus of sightings.
        let passes = period_s >= SELDOM_S && self.sensors[scan.sensor.index()].coverage.is_satellite();
        let surplus = if passes { self.surplus(scan, view) } else { 0.0 };
        let mut begun = Vec::new();
        for (index, m) in looked.detections.iter().enumerate() {
            let (free, taken) = self.work.free[index];
            let alone = surplus > SURPLUS_LEAST && !m.is_report() && !self.is_watched(m.z);
            let new_share = if alone { surplus } else { f64::from(m.new_share) };
            let existence = if m.is_report() { REPORT_EXISTENCE * free } else { new_share * free };
            let contested = m.is_report() && free < 1.0;
            let echo = lidar && self.is_echo(m);
            if echo
                || taken
                || contested
                || m.is_bearing()
                || existence < LEAST_NEW
                || late && self.is_known_since(scan, m)
            {
                continue;
            }
            begun.push((index, existence, alone));
        }
        for (index, existence, alone) in begun {
            if self.tracks.len() >= MOST_TRACKS {
                self.refused.crowded += 1;
                continue;
            }
            let Some(m) = self.looks.get(look).map(|looked| &looked.detections[index]) else { continue };
            let state = State {
                time: scan.time,
                imm: start(m, period_s >= SELDOM_S),
                height: m.altitude.map(Height::new),
                existence: Existence::new(existence, scan.sensor, scan.time),
            };
            if !state.imm.mean().is_sound() {
                self.refused.unsound += 1;
                continue;
            }
            let id = TrackId(self.next_id);
            self.next_id += 1;
            let mut track = Track::new(id, state, period_s);
            let detection = &scan.detections[self.work.source[index] as usize];
            let _ = track.credit(scan.sensor, scan.time, period_s, detection);
            track.stillness = self.echoes.recall(m.z, scan.time);
            track.confirmed = alone;
            track.founder = m.cell.map(|cell| (scan.sensor, cell));
            if let Some(identity) = &detection.identity {
                self.claimed.entry(identity.clone()).or_insert(id);
            }
            if let Measurement::Track { source_track, .. } = &detection.measurement {
                self.reported.insert((scan.sensor, source_track.clone()), (id, scan.time));
            }
            track.history.ready(scan.time, &track.state, &mut self.pool);
            let slot = self.tracks.insert(Box::new(track));
            if alone {
                self.note_confirmed(slot, scan.time);
            }
            self.updated.push(id);
        }
    }

    /// Share of a look's leftovers that is more than its false alarms.
    fn surplus(&self, scan: &Scan, view: &View) -> f64 {
        let left: f64 = self.work.free.iter().filter(|(_, taken)| !taken).map(|(free, _)| free).sum();
        let false_alarms = self.sensors[scan.sensor.index()].coverage.false_alarms(view);
        ((left - false_alarms) / left.max(1.0)).max(0.0)
    }

    /// Whether a sensor that looks often, and did lately, would see what is at `p`.
    fn is_watched(&self, p: [f64; 2]) -> bool {
        self.sensors.iter().any(|known| {
            known.period_s < SELDOM_S
                && known.idle_s(self.latest) < WATCHED_PERIODS * known.period_s
                && known.coverage.usually(p) >= WATCHED_PD
        })
    }

    /// Whether a late detection belongs to a track that began only after it was measured.
    fn is_known_since(&self, scan: &Scan, m: &Measured) -> bool {
        let mut paces = Paces::default();
        self.tracks.iter().filter(|track| track.born > scan.time && track.confirmed).any(|track| {
            let then = track.estimate(scan.time, &self.motion, &mut paces);
            let nu = [m.z[0] - then.x[0], m.z[1] - then.x[1]];
            let s = [then.pp[0] + m.r[0], then.pp[1] + m.r[1], then.pp[2] + m.r[2]];
            super::filter::fit(nu, s).is_some_and(|fit| fit.d2 < self.gates.position)
        })
    }

    /// Whether a leftover lies within the extent of something that this look fed already.
    fn is_echo(&self, m: &Measured) -> bool {
        self.work.candidates.iter().filter(|candidate| candidate.fed).any(|candidate| {
            let mean = &self.tracks.at(candidate.slot).mean;
            let nu = [m.z[0] - mean.x[0], m.z[1] - mean.x[1]];
            let reach = EXTENT_M + 2.0 * (mean.pp[0] + mean.pp[2] + m.r[0] + m.r[2]).sqrt();
            self.tracks.at(candidate.slot).confirmed && nu[0] * nu[0] + nu[1] * nu[1] < reach * reach
        })
    }

    /// Confirms and deletes among the tracks that this look touched.
    pub(super) fn judge(&mut self, at: Timestamp) {
        for c in 0..self.work.candidates.len() {
            let slot = self.work.candidates[c].slot;
            let track = self.tracks.at_mut(slot);
            let existence = track.state.existence.at(at, &mut self.work.fades);
            let news = !track.confirmed && is_enough(track, existence);
            track.confirmed |= news;
            let least = if track.confirmed { DELETE_CONFIRMED } else { DELETE_TENTATIVE };
            if existence < least || track.rival.is_one() {
                self.delete(slot, at);
            } else if news {
                self.note_confirmed(slot, at);
            }
        }
        self.close_deletions();
    }

    /// Deletes every track that has faded by `now`.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let fades = &mut self.work.fades;
        let faded = |slot: &u32| !lives(self.tracks.at(*slot), now, fades);
        let dead: Vec<u32> = self.tracks.slots().filter(faded).collect();
        dead.into_iter().for_each(|slot| self.delete(slot, now));
        // A reporter that names its track anew each time must not fill the memory of a track that lives.
        self.reported.retain(|_, (_, at)| now.since(*at) < REPORT_REMEMBERED);
        self.close_deletions();
    }

    fn delete(&mut self, slot: u32, at: Timestamp) {
        let Some(mut track) = self.tracks.remove(slot) else { return };
        let merged_into = track.rival.is_one().then_some(track.rival.with);
        let merged_into = merged_into.filter(|of| self.tracks.slot(*of).is_some());
        self.lineage.end(&track, merged_into, at);
        self.identities.end(track.id);
        if let Some(of) = merged_into {
            self.bequeath(&track, of);
        }
        track.history.release(&mut self.pool);
        if track.confirmed {
            let place = [track.mean.x[0], track.mean.x[1]];
            self.echoes.keep(place, track.updated, track.stillness);
        }
        if let Some((sensor, cell)) = track.founder.filter(|_| !track.confirmed) {
            self.sensors[sensor.index()].clutter.found(cell, f64::from(track.hits));
        }
        self.deleted.push(track.id);
        for identity in track.claims.all() {
            if self.claimed.get(identity) == Some(&track.id) {
                self.claimed.remove(identity);
            }
        }
    }

    /// Who a track was said to be is said of the one that it is: names that disagree are kept, and reported.
    fn bequeath(&mut self, track: &Track, heir: TrackId) {
        let Some(slot) = self.tracks.slot(heir) else { return };
        let forgotten = self.tracks.at_mut(slot).claims.join(&track.claims);
        for identity in track.claims.all() {
            if self.claimed.get(identity) == Some(&track.id) {
                self.claimed.insert(Arc::clone(identity), heir);
            }
        }
        for identity in &forgotten {
            if self.claimed.get(identity) == Some(&heir) {
                self.claimed.remove(identity);
            }
        }
    }

    /// Forgets what else was known of the tracks just deleted.
    fn close_deletions(&mut self) {
        if self.deleted.is_empty() {
            return;
        }
        self.deleted.sort_unstable();
        let deleted = &self.deleted;
        self.reported.retain(|_, (id, _)| deleted.binary_search(id).is_err());
        self.updated.retain(|id| deleted.binary_search(id).is_err());
    }
}

fn is_enough(track: &Track, existence: f64) -> bool {
    let (enough, hits) = if track.period_s >= SELDOM_S {
        (CONFIRM_SELDOM, CONFIRM_HITS)
    } else if track.sensors.len() > 1 {
        (CONFIRM_TOGETHER, CONFIRM_HITS)
    } else {
        (CONFIRM_ALONE, CONFIRM_HITS)
    };
    existence >= enough && track.hits >= hits
}

fn lives(track: &Track, now: Timestamp, fades: &mut Fades) -> bool {
    let existence = track.state.existence.at(now, fades);
    let (_, sigma_m) = track.roughly_at(now);
    if sigma_m > MOST_SIGMA_M.max(MOST_SIGMA_MPS * track.period_s) {
        return false;
    }
    if track.confirmed {
        return existence >= DELETE_CONFIRMED;
    }
    let unfed_s = now.since(track.updated).as_secs_f64();
    existence >= DELETE_TENTATIVE && unfed_s <= (SEED_PERIODS * track.period_s).max(SEED_LEAST_S)
}

/// Where and how fast something is that one detection shows.
pub(super) fn start(m: &Measured, seldom: bool) -> Imm {
    let (velocity, known_var) = m.velocity.map_or(([0.0; 2], None), |(v, var)| (v, Some(var)));
    let z = [m.z[0] - m.offset_s * velocity[0], m.z[1] - m.offset_s * velocity[1]];
    let mut begun =
        Gaussian { x: [z[0], z[1], velocity[0], velocity[1]], pp: m.r, pv: [0.0; 4], vv: [1.0, 0.0, 1.0] };
    let mut imm = Imm::new(begun);
    for (mode, sigma) in imm.modes.iter_mut().zip(if seldom { SELDOM_SPEED_MPS } else { START_SPEED_MPS }) {
        let var = known_var.unwrap_or(sigma * sigma);
        begun.vv = [var, 0.0, var];
        *mode = begun;
    }
    imm
}
