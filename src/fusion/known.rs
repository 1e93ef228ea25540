//! What the tracker knows of each sensor beside its configuration: whether its looks come in pieces, how much of its
//! field is still unsearched, how consistent it is.
//!
//! In: its looks and pairings. Out: how many unknown targets a look may find, whether a look is complete. Knows no track
//! but by id.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::clutter::Clutter;
use super::coverage::{Coverage, View};
use super::initiate;
use super::measure::Measured;
use super::sight::Sight;
use super::spoke::Spokes;
use super::track::TrackId;
use super::watching::Watching;
use crate::geo::LocalFrame;
use crate::scan::{Detection, Measurement, Scan, ScanKey};
use crate::sensor::{SensorKind, SensorModel};
use crate::time::Timestamp;

/// Mean time for unseen targets to come back where nobody looked, seconds.
const RETURN_S: f64 = 600.0;
/// Weight of the past in a sensor's NIS ratio: about this many pairings.
const NIS_WINDOW: f64 = 500.0;
/// Pairings before the ratio means anything.
const NIS_LEAST: f64 = 20.0;

/// What is known of one sensor.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub coverage: Coverage,
    pub clutter: Clutter,
    /// Where it has lately looked.
    pub watching: Watching,
    pub sight: Sight,
    pub period_s: f64,
    /// What it reports is something, not merely an echo.
    pub names: bool,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parts {
    key: Option<ScanKey>,
    time: Timestamp,
    missing: Vec<bool>,
    fed: Vec<TrackId>,
}

/// What a snapshot holds of a sensor: all but its configuration.
pub(super) type State = (Clutter, Watching, Sight, bool, f64, Timestamp, f64, f64, Option<Parts>);

impl Known {
    /// Its state alone, in the order of [`State`].
    pub(super) fn state(&self) -> impl Serialize + '_ {
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Self {
            clutter, watching, sight, bearings_only, unsearched, searched, nis, pairings, parts,
            coverage: _, period_s: _, names: _, resolves: _,
        } = self;
        (clutter, watching, sight, bearings_only, unsearched, searched, nis, pairings, parts)
    }

    /// A new one with the state of another.
    pub(super) fn with(self, state: State) -> Self {
        let (clutter, watching, sight, bearings_only, unsearched, searched, nis, pairings, parts) = state;
        Self {
            clutter: clutter.configured_as(&self.clutter),
            watching: watching.configured_as(&self.watching),
            sight: sight.configured_as(&self.sight),
            bearings_only,
            unsearched,
            searched,
            nis,
            pairings,
            parts,
            ..self
        }
    }

    pub(super) fn new(frame: &LocalFrame, model: &SensorModel) -> Self {
        Self {
            coverage: Coverage::new(frame, model),
            clutter: Clutter::new(model.false_alarms_per_scan, model.max_range_m),
            watching: Watching::new(model.period_s),
            sight: Sight::new(model.detection_probability, model.max_range_m, model.period_s),
            period_s: model.period_s,
            names: !matches!(model.kind, SensorKind::Radar | SensorKind::Lidar),
            resolves: model.kind == SensorKind::Lidar,
            bearings_only: false,
            unsearched: 1.0,
            searched: Timestamp::from_nanos(i64::MIN),
            nis: 0.0,
            pairings: 0.0,
            parts: None,
        }
    }

    /// Time since its last look, seconds.
    pub(super) fn idle_s(&self, now: Timestamp) -> f64 {
        now.since(self.searched).as_secs_f64()
    }

    /// Targets that a look at `at` may find new; the look takes its share of them away, time brings them back.
    pub(super) fn unknown(&mut self, at: Timestamp, share: f64) -> f64 {
        let idle_s = at.since(self.searched).as_secs_f64().clamp(0.0, 1e6);
        self.searched = self.searched.max(at);
        self.unsearched = 1.0 - (1.0 - self.unsearched) * libm::exp(-idle_s / RETURN_S);
        let (first, later) = (initiate::UNKNOWN_AT_FIRST, initiate::UNKNOWN_LATER);
        let unknown = later + (first - later) * self.unsearched;
        self.unsearched *= 1.0 - share * self.coverage.clear();
        unknown
    }

    /// One more look, with what it measured: what the sensor's false alarms are learned from.
    pub(super) fn look(&mut self, scan: &Scan, view: &View, spokes: &mut Spokes, measured: &[Measured]) {
        let width_rad = view.azimuths.map_or(TAU, |(_, width)| width);
        let behind = spokes.find(measured, width_rad, self.coverage.max_range_m());
        self.watching.looked(scan.time, view);
        self.sight.looked(scan.time);
        if let Some(azimuths) = view.azimuths {
            let pieces = f64::from(scan.part.map_or(1, |(_, of)| of.max(1)));
            self.clutter.looked(scan.time, azimuths, view.share / pieces, behind);
        }
    }

    /// Densities at a detection of a look that covers `view` and may find `unknown` new targets.
    pub(super) fn surroundings(
        &self,
        view: &View,
        unknown: f64,
        behind: bool,
        detection: &Detection,
        m: &mut Measured,
    ) {
        let placed = view.azimuths.is_some();
        let away = [m.z[0] - view.site.at[0], m.z[1] - view.site.at[1]];
        m.cell = match &detection.measurement {
            Measurement::Polar(polar) => Some(self.clutter.cell(polar.azimuth_rad, polar.range_m, behind)),
            Measurement::Bearing { azimuth_rad, .. } => Some(self.clutter.cell(*azimuth_rad, 0.0, false)),
            Measurement::Position { .. } if placed => {
                let range_m = (away[0] * away[0] + away[1] * away[1]).sqrt();
                Some(self.clutter.cell(libm::atan2(away[0], away[1]), range_m, false))
            }
            Measurement::Position { .. } | Measurement::Track { .. } => None,
        };
        // As told: what this sensor seldom sees here would as seldom be seen new, and the two are weighed against another.
        m.pd = as_f32(if m.is_bearing() { self.coverage.clear() } else { self.coverage.masked(m.z) });
        let factor = m.cell.map_or(1.0, |cell| self.clutter.factor(cell));
        if m.is_bearing() {
            m.clutter = view.clutter_per_rad * factor;
        } else {
            let new_per_m2 = self.coverage.clear() * unknown / (view.area_m2 / view.share.max(0.01));
            m.clutter = view.clutter_per_m2 * factor + new_per_m2;
            m.new_share = as_f32(new_per_m2 / m.clutter);
        }
    }

    /// Takes a scan that fed these tracks. If it ends a look: every track that the look fed in its other pieces,
    /// ascending; nothing while pieces are missing.
    pub(super) fn complete(&mut self, scan: &Scan, fed: &[TrackId]) -> Option<Vec<TrackId>> {
        let Some((part, of)) = scan.part.filter(|(_, of)| *of > 1) else { return Some(Vec::new()) };
        let same = |parts: &Parts| {
            let named = if scan.key.is_some() { parts.key == scan.key } else { parts.time == scan.time };
            named && parts.missing.len() == usize::from(of)
        };
        let mut parts = self.parts.take().filter(same).unwrap_or_else(|| Parts {
            key: scan.key,
            time: scan.time,
            missing: vec![true; usize::from(of)],
            fed: Vec::new(),
        });
        if let Some(missing) = parts.missing.get_mut(usize::from(part).wrapping_sub(1)) {
            *missing = false;
        }
        parts.fed.extend(fed);
        if parts.missing.iter().any(|missing| *missing) {
            self.parts = Some(parts);
            return None;
        }
        parts.fed.sort_unstable();
        Some(parts.fed)
    }

    /// One more unambiguous pairing.
    pub(super) fn note_nis(&mut self, per_degree: f64) {
        self.pairings = (self.pairings + 1.0).min(NIS_WINDOW);
        self.nis += (per_degree - self.nis) / self.pairings;
    }

    /// Normalised innovation squared over its degrees of freedom, averaged; NaN until known.
    pub(super) fn nis_ratio(&self) -> f64 {
        if self.pairings >= NIS_LEAST { self.nis } else { f64::NAN }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share in [0, 1] needs no more digits")]
const fn as_f32(share: f64) -> f32 {
    share as f32
}
