//! The tracker: for each look, predict, gate, associate, update, treat misses, initiate, prune.
//!
//! In: scans in log order, and the passing of time. Out: tracks. Pure: the same scans give the same tracks, bit for bit.
//! Knows no wire format, no line and no zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::assign::{Associator, Pair};
use super::coverage::View;
use super::existence::Fades;
use super::filter::Gaussian;
use super::gate::{self, Grid};
use super::group::Grouping;
use super::history::{Past, Pool};
use super::identities::{Identities, IdentityConflict};
use super::known::Known;
use super::lineage::Lineage;
use super::measure::{Altitude, Measured};
use super::monitor::Health;
use super::motion::{Imm, Motion, Paces};
use super::registration::{Axis, Bias, Finding, Registration};
use super::ring::{LookNumber, LookRing, Looked, RING_S};
use super::sightlines::Sightlines;
use super::spoke::Spokes;
use super::stillness::EchoMap;
use super::table::Table;
use super::track::{TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::scan::Scan;
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::{Span, Timestamp};

/// Probability that a target's own detection lies inside the gate.
const GATE_PROBABILITY: f64 = 0.9997;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Pairings whose result was not finite and positive definite.
    pub unsound: u64,
    /// Detections without usable geometry.
    pub degenerate: u64,
    /// Scans measured before the ring's beginning.
    pub too_late: u64,
    /// New tracks not begun because the table was full.
    pub crowded: u64,
    /// Lost or new tracks whose lineage was given up before its time because too many waited.
    pub unlinked: u64,
    /// Disagreements of identities not looked into because too many were.
    pub conflicts: u64,
}

/// Every track of one sector.
#[derive(Clone, Debug)]
pub struct Tracker {
    pub(super) frame: LocalFrame,
    pub(super) sensors: Vec<Known>,
    pub(super) motion: Motion,
    pub(super) gates: Gates,
    pub(super) tracks: Table,
    pub(super) looks: LookRing,
    pub(super) pool: Pool,
    pub(super) echoes: EchoMap,
    /// Latest measurement time processed.
    pub(super) latest: Timestamp,
    pub(super) next_id: u64,
    pub(super) updated: Vec<TrackId>,
    pub(super) deleted: Vec<TrackId>,
    /// Who last claimed an identity.
    pub(super) claimed: BTreeMap<Arc<str>, TrackId>,
    /// Which track another system's track was last taken for, and when.
    pub(super) reported: BTreeMap<(SensorIndex, Arc<str>), (TrackId, Timestamp)>,
    pub(super) refused: Refused,
    pub(super) registration: Registration,
    pub(super) sightlines: Sightlines,
    pub(super) lineage: Lineage,
    pub(super) identities: Identities,
    pub(super) work: Work,
}

/// Later than this, a scan is associated at its own time and what came since is filtered again.
const SLIGHTLY_LATE: Span = Span::from_nanos(500_000_000);

/// χ² thresholds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    pub bearing: f64,
    pub position: f64,
}

/// A track that a look may have seen, predicted to its time.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// In `tracks`.
    pub slot: u32,
    pub imm: Imm,
    pub mean: Gaussian,
    pub altitude: Option<Altitude>,
    pub existence: f64,
    /// P(visible to the look's sensor | exists); P(detected | exists), never quite zero where nothing is told to hide it.
    pub visible: f64,
    pub detectable: f64,
    /// Detection probability for a miss, as learned and as told.
    pub miss_pd: f32,
    pub told_pd: f32,
    /// For a late look: the track as it was, in `Work::pasts`.
    pub past: Option<usize>,
    pub fed: bool,
}

/// Buffers of one look, kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub candidates: Vec<Candidate>,
    pub pasts: Vec<Past>,
    pub near: Vec<u32>,
    pub paces: Paces,
    pub fades: Fades,
    pub pairs: Vec<Pair>,
    pub grid: Grid,
    pub associator: Associator,
    /// Per detection: how much of it no track claims, and whether one took it.
    pub free: Vec<(f64, bool)>,
    /// Scan's index of each measured detection.
    pub source: Vec<u32>,
    pub measured: Vec<Measured>,
    pub grouping: Grouping,
    pub spokes: Spokes,
    /// Detection, candidate and whether it took it, of contested pairs.
    pub contested: Vec<(u32, u32, bool)>,
    /// Per candidate: whether it took any detection.
    pub took: Vec<bool>,
}

impl Tracker {
    /// An empty picture.
    #[must_use]
    pub fn new(frame: LocalFrame, sensors: Vec<SensorModel>) -> Self {
        Self {
            registration: Registration::new(&sensors),
            sensors: sensors.iter().map(|model| Known::new(&frame, model)).collect(),
            frame,
            motion: Motion::new(),
            gates: Gates {
                bearing: gate::chi_square_quantile(GATE_PROBABILITY, false),
                position: gate::chi_square_quantile(GATE_PROBABILITY, true),
            },
            tracks: Table::default(),
            looks: LookRing::default(),
            pool: Pool::default(),
            echoes: EchoMap::default(),
            latest: Timestamp::from_nanos(i64::MIN),
            next_id: 1,
            updated: Vec::new(),
            deleted: Vec::new(),
            claimed: BTreeMap::new(),
            reported: BTreeMap::new(),
            refused: Refused::default(),
            sightlines: Sightlines::default(),
            lineage: Lineage::default(),
            identities: Identities::default(),
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
        self.lineage.begin();
        self.identities.begin();
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
        self.predict(scan, &view, look);
        self.gate(scan, look);
        self.associate(look);
        self.update(scan, look);
        self.rivals(look);
        self.triangulate(scan, &view, look);
        self.miss(scan, look);
        self.learn(scan, look, &view);
        self.initiate(scan, look, &view);
        self.judge(scan.time);
        if late { Outcome::UsedLate } else { Outcome::Used }
    }

    /// Time passes without measurements: tracks fade and are deleted.
    pub fn tick(&mut self, now: Timestamp) {
        self.updated.clear();
        self.deleted.clear();
        self.registration.begin_look();
        self.lineage.begin();
        self.identities.begin();
        self.prune(now);
        self.link(now);
        self.identities.forget(now);
    }

    /// Moves the latest time on; once a second lets go of what the ring no longer holds, and takes places anew.
    fn turn(&mut self, time: Timestamp) {
        let before = self.latest;
        self.latest = before.max(time);
        if self.latest.floor_secs() != before.floor_secs() {
            for track in self.tracks.iter_mut() {
                let fades = &mut self.work.fades;
                track.history.forget(self.latest, &self.looks, &self.motion, fades, &mut self.pool);
            }
            self.looks.forget(self.latest);
            self.tracks.place(self.latest);
        }
    }

    /// Brings a scan's detections into the plane and its look into the ring.
    fn measure(&mut self, scan: &Scan) -> (View, LookNumber) {
        let known = &mut self.sensors[scan.sensor.index()];
        let correction = self.registration.correction(scan.sensor);
        let mut view = known.coverage.view(&self.frame, scan.pose.as_ref(), &scan.look);
        view.site = correction.site(&view.site);
        let unknown = known.unknown(scan.time, view.share);
        let work = &mut self.work;
        work.measured.clear();
        work.source.clear();
        for (index, detection) in (0u32..).zip(&scan.detections) {
            let made = Measured::new(&self.frame, &view.site, detection, known.period_s, &correction);
            let Some(measured) = made else {
                self.refused.degenerate += 1;
                continue;
            };
            work.measured.push(measured);
            work.source.push(index);
        }
        known.look(scan, &view, &mut work.spokes, &work.measured);
        for (at, measured) in work.measured.iter_mut().enumerate() {
            let detection = &scan.detections[work.source[at] as usize];
            known.surroundings(&view, unknown, work.spokes.behind[at], detection, measured);
        }
        if known.resolves {
            work.grouping.merge(&mut work.measured, &mut work.source);
        }
        let look = self.looks.push(Looked {
            time: scan.time,
            sensor: scan.sensor,
            site: view.site,
            detections: self.work.measured.drain(..).collect(),
        });
        (view, look)
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
        let track = self.tracks.at(self.tracks.slot(id)?);
        Some(track.view(at.unwrap_or(track.state.time), &self.motion, &mut Paces::default()))
    }

    /// Every live track predicted to `at`, by ascending id. Tentative ones are among them.
    pub fn views(&self, at: Timestamp) -> impl Iterator<Item = TrackView<'_>> {
        // Tracks that the same look updated are as far from `at`.
        let mut paces = Paces::default();
        self.tracks.iter().map(move |track| track.view(at, &self.motion, &mut paces))
    }

    /// Normalised innovation squared over its degrees of freedom, averaged per sensor; NaN until known.
    #[must_use]
    pub fn nis_ratio(&self, sensor: SensorIndex) -> f64 {
        self.sensors.get(sensor.index()).map_or(f64::NAN, Known::nis_ratio)
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

    /// P(one round of a sensor's looks reports a target at a place in the plane), as it has lately looked: by range, field
    /// of view, masks, and where its looks went. Zero for a sensor whose silence says nothing.
    #[must_use]
    pub fn sees(&self, sensor: SensorIndex, place: [f64; 2], now: Timestamp) -> f64 {
        let known = self.sensors.get(sensor.index());
        known.map_or(0.0, |known| known.watching.sees(&known.coverage, place, now))
    }

    /// What the last `process` found out about sensors.
    #[must_use]
    pub fn findings(&self) -> &[(SensorIndex, Finding)] {
        self.registration.findings()
    }

    /// Identities whose disagreement began with the last `process`.
    #[must_use]
    pub fn identity_conflicts(&self) -> &[IdentityConflict] {
        self.identities.found()
    }

    /// Disagreements of identities that stand, with when each began.
    pub fn standing_conflicts(&self) -> impl Iterator<Item = (&IdentityConflict, Timestamp)> {
        self.identities.standing()
    }

    /// What was refused so far.
    #[must_use]
    pub fn refused(&self) -> Refused {
        let (unlinked, conflicts) = (self.lineage.crowded(), self.identities.refused());
        Refused { unlinked, conflicts, ..self.refused }
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
