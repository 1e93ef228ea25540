//! The tracker: for each look, predict, gate, associate, update, treat misses, initiate, prune.
//!
//! In: scans in log order, and the passing of time. Out: tracks. Pure: the same scans give the same tracks, bit for bit.
//! Knows no wire format, no line and no zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assign::{Associator, Pair};
use super::coverage::{Coverage, View};
use super::filter::Gaussian;
use super::gate::{self, Grid};
use super::history::{LookRing, Looked, Past, RING_S};
use super::initiate;
use super::live::Track;
use super::measure::{Altitude, Measured};
use super::monitor::Health;
use super::motion::{Imm, Motion, Paces};
use super::registration::{Axis, Bias, Finding, Registration};
use super::track::{TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::scan::{Scan, ScanKey};
use crate::sensor::{SensorIndex, SensorKind, SensorModel};
use crate::time::{Span, Timestamp};

/// Probability that a target's own detection lies inside the gate.
const GATE_PROBABILITY: f64 = 0.9997;
/// Mean time for unseen targets to come back where nobody looked, seconds.
const RETURN_S: f64 = 600.0;
/// Weight of the past in a sensor's NIS ratio: about this many pairings.
const NIS_WINDOW: f64 = 500.0;

/// What became of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Used in order.
    Used,
    /// Used, though something measured later had been processed before.
    UsedLate,
    /// Measured before the ring's beginning: not used.
    TooLate,
}

/// What the tracker refused or could not use, counted from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Pairings whose result was not finite and positive definite.
    pub unsound: u64,
    /// Detections without usable geometry.
    pub degenerate: u64,
    /// Scans measured before the ring's beginning.
    pub too_late: u64,
    /// New tracks not begun because the table was full.
    pub crowded: u64,
}

/// Every track of one sector.
#[derive(Clone, Debug)]
pub struct Tracker {
    pub(super) frame: LocalFrame,
    pub(super) sensors: Vec<Known>,
    pub(super) motion: Motion,
    pub(super) gates: Gates,
    /// By ascending id.
    #[expect(clippy::vec_box, reason = "a track is a kilobyte; deleting one must not move all behind it")]
    pub(super) tracks: Vec<Box<Track>>,
    pub(super) looks: LookRing,
    /// Latest measurement time processed.
    pub(super) latest: Timestamp,
    pub(super) next_id: u64,
    pub(super) updated: Vec<TrackId>,
    pub(super) deleted: Vec<TrackId>,
    /// Who last claimed an identity.
    pub(super) claimed: BTreeMap<Arc<str>, TrackId>,
    /// Which track another system's track was last taken for.
    pub(super) reported: BTreeMap<(SensorIndex, Arc<str>), TrackId>,
    pub(super) refused: Refused,
    pub(super) registration: Registration,
    pub(super) work: Work,
}

/// Later than this, a scan is associated at its own time and what came since is filtered again.
const SLIGHTLY_LATE: Span = Span::from_nanos(500_000_000);

/// What is known of one sensor.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub coverage: Coverage,
    pub period_s: f64,
    /// It sees several echoes of one thing.
    pub resolves: bool,
    /// Its looks give directions only.
    pub bearings_only: bool,
    /// Share of the first look's unknown targets that no look since has had a chance at, and as of when.
    unsearched: f64,
    searched: Timestamp,
    nis: f64,
    pairings: f64,
    parts: Option<Parts>,
}

/// A look that is coming in pieces.
#[derive(Clone, Debug)]
struct Parts {
    key: Option<ScanKey>,
    time: Timestamp,
    missing: Vec<bool>,
    fed: Vec<TrackId>,
}

/// χ² thresholds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    pub bearing: f64,
    pub position: f64,
}

/// A track that a look may have seen, predicted to its time.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Index in `tracks`.
    pub slot: usize,
    pub imm: Imm,
    pub mean: Gaussian,
    pub altitude: Option<Altitude>,
    pub existence: f64,
    /// P(detected | exists), visibility included, for pairing.
    pub detectable: f64,
    /// Detection probability for pairing, never quite zero, and for a miss.
    pub pd: f32,
    pub miss_pd: f32,
    /// For a late look: the track as it was, in `Work::pasts`.
    pub past: Option<usize>,
    pub fed: bool,
}

/// Buffers of one look, kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub candidates: Vec<Candidate>,
    pub pasts: Vec<Past>,
    pub paces: Paces,
    pub pairs: Vec<Pair>,
    pub grid: Grid,
    pub associator: Associator,
    /// Per detection: how much of it no track claims, and whether one took it.
    pub free: Vec<(f64, bool)>,
    /// Scan's index of each measured detection.
    pub source: Vec<u32>,
}

impl Known {
    /// Targets that a look at `at` may find new; the look takes its share of them away, time brings them back.
    fn unknown(&mut self, at: Timestamp, share: f64) -> f64 {
        let idle_s = at.since(self.searched).as_secs_f64().clamp(0.0, 1e6);
        self.searched = self.searched.max(at);
        self.unsearched = 1.0 - (1.0 - self.unsearched) * libm::exp(-idle_s / RETURN_S);
        let (first, later) = (initiate::UNKNOWN_AT_FIRST, initiate::UNKNOWN_LATER);
        let unknown = later + (first - later) * self.unsearched;
        self.unsearched *= 1.0 - share * self.coverage.clear();
        unknown
    }
}

impl Tracker {
    /// An empty picture.
    #[must_use]
    pub fn new(frame: LocalFrame, sensors: Vec<SensorModel>) -> Self {
        let known = |model: &SensorModel| Known {
            coverage: Coverage::new(&frame, model),
            period_s: model.period_s,
            resolves: model.kind == SensorKind::Lidar,
            bearings_only: false,
            unsearched: 1.0,
            searched: Timestamp::from_nanos(i64::MIN),
            nis: 0.0,
            pairings: 0.0,
            parts: None,
        };
        Self {
            registration: Registration::new(&sensors),
            sensors: sensors.iter().map(known).collect(),
            frame,
            motion: Motion::new(),
            gates: Gates {
                bearing: gate::chi_square_quantile(GATE_PROBABILITY, false),
                position: gate::chi_square_quantile(GATE_PROBABILITY, true),
            },
            tracks: Vec::new(),
            looks: LookRing::default(),
            latest: Timestamp::from_nanos(i64::MIN),
            next_id: 1,
            updated: Vec::new(),
            deleted: Vec::new(),
            claimed: BTreeMap::new(),
            reported: BTreeMap::new(),
            refused: Refused::default(),
            work: Work::default(),
        }
    }

    /// Fuses one scan, in log order.
    ///
    /// Hundreds of sensors never arrive quite in order. A scan that is late by no more than half a second is fused
    /// at the latest time, its detections measured that much before it, instead of refiltering all that came since:
    /// half a second of a hard turn (2.5 m/s²) is 0.3 m, less than any sensor's error.
    pub fn process(&mut self, scan: &Scan) -> Outcome {
        let shift = self.registration.correction(scan.sensor).shift();
        if shift == Span::ZERO {
            return self.process_in_order(scan);
        }
        let mut moved = scan.clone();
        moved.time = scan.time.plus(shift);
        self.process_in_order(&moved)
    }

    fn process_in_order(&mut self, scan: &Scan) -> Outcome {
        let begun = self.latest > Timestamp::from_nanos(i64::MIN);
        let behind = if begun { self.latest.since(scan.time) } else { Span::ZERO };
        if behind <= Span::ZERO || behind > SLIGHTLY_LATE {
            return self.process_at_its_time(scan);
        }
        let mut moved = scan.clone();
        moved.time = self.latest;
        for detection in &mut moved.detections {
            detection.offset =
                Span::from_nanos(detection.offset.as_nanos().saturating_sub(behind.as_nanos()));
        }
        self.process_at_its_time(&moved);
        Outcome::UsedLate
    }

    fn process_at_its_time(&mut self, scan: &Scan) -> Outcome {
        self.updated.clear();
        self.deleted.clear();
        self.registration.begin_look();
        let begun = self.latest > Timestamp::from_nanos(i64::MIN);
        let late = begun && scan.time < self.latest;
        let horizon = Span::from_secs(RING_S).as_nanos();
        if scan.sensor.index() >= self.sensors.len()
            || late && self.latest.since(scan.time).as_nanos() > horizon
        {
            self.refused.too_late += 1;
            return Outcome::TooLate;
        }
        self.turn(scan.time);
        let (view, look) = self.measure(scan);
        self.predict(scan, &view);
        self.gate(scan, look);
        self.associate(look);
        self.update(scan, look);
        if self.complete(scan) {
            self.miss(scan, look);
        }
        self.learn(scan, look, &view);
        self.initiate(scan, look);
        self.judge(scan.time);
        if late { Outcome::UsedLate } else { Outcome::Used }
    }

    /// Time passes without measurements: tracks fade and are deleted.
    pub fn tick(&mut self, now: Timestamp) {
        self.updated.clear();
        self.deleted.clear();
        self.registration.begin_look();
        self.prune(now);
    }

    /// Moves the latest time on; once a second lets go of what the ring no longer holds.
    fn turn(&mut self, time: Timestamp) {
        let before = self.latest;
        self.latest = before.max(time);
        if self.latest.floor_secs() != before.floor_secs() {
            self.looks.forget(self.latest);
            for track in &mut self.tracks {
                track.history.forget(self.latest);
            }
        }
    }

    /// Brings a scan's detections into the plane and its look into the ring.
    fn measure(&mut self, scan: &Scan) -> (View, u64) {
        let known = &mut self.sensors[scan.sensor.index()];
        let period_s = known.period_s;
        let correction = self.registration.correction(scan.sensor);
        let mut view = known.coverage.view(&self.frame, scan.pose.as_ref(), &scan.look);
        view.site = correction.site(&view.site);
        let mut detections = self.looks.spare();
        self.work.source.clear();
        for (index, detection) in (0u32..).zip(&scan.detections) {
            if let Some(measured) = Measured::new(&self.frame, &view.site, detection, period_s, &correction) {
                detections.push(measured);
                self.work.source.push(index);
            } else {
                self.refused.degenerate += 1;
            }
        }
        let unknown = known.unknown(scan.time, view.share);
        let new_per_m2 = known.coverage.clear() * unknown / (view.area_m2 / view.share.max(0.01));
        let look = self.looks.push(Looked {
            time: scan.time,
            sensor: scan.sensor,
            site: view.site,
            clutter_per_m2: view.clutter_per_m2 + new_per_m2,
            clutter_per_rad: view.clutter_per_rad,
            new_share: new_per_m2 / (view.clutter_per_m2 + new_per_m2),
            detections,
        });
        (view, look)
    }

    /// Whether this scan ends a look, so that its misses count.
    fn complete(&mut self, scan: &Scan) -> bool {
        let Some((part, of)) = scan.part.filter(|(_, of)| *of > 1) else { return true };
        let known = &mut self.sensors[scan.sensor.index()];
        let mut parts = known
            .parts
            .take()
            .filter(|parts| {
                let same = if scan.key.is_some() { parts.key == scan.key } else { parts.time == scan.time };
                same && parts.missing.len() == usize::from(of)
            })
            .unwrap_or_else(|| Parts {
                key: scan.key,
                time: scan.time,
                missing: vec![true; usize::from(of)],
                fed: Vec::new(),
            });
        if let Some(missing) = parts.missing.get_mut(usize::from(part).wrapping_sub(1)) {
            *missing = false;
        }
        parts.fed.extend(&self.updated);
        if parts.missing.iter().any(|missing| *missing) {
            known.parts = Some(parts);
            return false;
        }
        for candidate in &mut self.work.candidates {
            candidate.fed |= parts.fed.contains(&self.tracks[candidate.slot].id);
        }
        true
    }

    /// One more unambiguous pairing of a sensor.
    pub(super) fn note_nis(&mut self, sensor: SensorIndex, per_degree: f64) {
        let known = &mut self.sensors[sensor.index()];
        known.pairings = (known.pairings + 1.0).min(NIS_WINDOW);
        known.nis += (per_degree - known.nis) / known.pairings;
    }

    /// Tracks the last `process` or `tick` updated with a measurement, ascending.
    #[must_use]
    pub fn updated(&self) -> &[TrackId] {
        &self.updated
    }

    /// Tracks the last `process` or `tick` deleted, ascending.
    #[must_use]
    pub fn deleted(&self) -> &[TrackId] {
        &self.deleted
    }

    /// One live track predicted to `at`, or as of its latest update.
    #[must_use]
    pub fn view(&self, id: TrackId, at: Option<Timestamp>) -> Option<TrackView<'_>> {
        let track = &self.tracks[self.slot(id)?];
        Some(track.view(at.unwrap_or(track.state.time), &self.motion))
    }

    /// Every live track predicted to `at`, by ascending id. Tentative ones are among them.
    pub fn views(&self, at: Timestamp) -> impl Iterator<Item = TrackView<'_>> {
        self.tracks.iter().map(move |track| track.view(at, &self.motion))
    }

    /// Normalised innovation squared over its degrees of freedom, averaged per sensor; NaN until known.
    #[must_use]
    pub fn nis_ratio(&self, sensor: SensorIndex) -> f64 {
        self.sensors
            .get(sensor.index())
            .filter(|known| known.pairings >= 20.0)
            .map_or(f64::NAN, |known| known.nis)
    }

    /// A sensor's estimated biases, in [`Axis::ALL`]'s order; `None` along axes its detections say nothing about.
    #[must_use]
    pub fn registration(&self, sensor: SensorIndex) -> [Option<Bias>; Axis::ALL.len()] {
        self.registration.biases(sensor)
    }

    /// How a sensor does, against other sensors.
    #[must_use]
    pub fn health(&self, sensor: SensorIndex) -> Option<Health> {
        self.registration.monitor(sensor).map(super::monitor::Monitor::health)
    }

    /// What the last `process` found out about sensors.
    #[must_use]
    pub fn findings(&self) -> &[(SensorIndex, Finding)] {
        self.registration.findings()
    }

    /// What was refused so far.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    pub(super) fn slot(&self, id: TrackId) -> Option<usize> {
        self.tracks.binary_search_by_key(&id, |track| track.id).ok()
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
