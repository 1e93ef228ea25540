//! The picture: what eyes and `replay --tracks` see of the engine's state, in the contract's form.

use std::collections::BTreeMap;

use super::Engine;
use super::event::{
    AlarmRow, BiasRow, ConflictRow, Leave, LineageRow, Picture, SensorHealth, SensorRow, SensorState,
    TrackRow, ZoneRow,
};
use crate::fusion::{Axis, Fault, Status, TrackId, TrackView};
use crate::scan::Class;
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};
use crate::watch::{Indicators, Notice};

/// A sensor counts as feeding a track for this long after its last contribution.
const FEEDING_FOR: Span = Span::from_secs(30);
/// Classes less likely than this are left out of a row.
const WORTH_SAYING: f64 = 1e-3;

impl Engine {
    /// All live tracks, sensors and open alerts as of the latest record.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let (mut tentative, mut fixed) = (0, 0);
        let mut tracks = Vec::new();
        if let Some(now) = self.now {
            for view in self.tracker.views(now) {
                match view.status {
                    Status::Tentative => tentative += 1,
                    Status::Confirmed | Status::Coasting => tracks.push(self.row_with_lineage(&view)),
                    Status::Fixed => fixed += 1,
                }
            }
        }
        Picture {
            time: self.now,
            sector: self.sector.clone(),
            exercise: self.exercise,
            tracks,
            tentative,
            fixed,
            sensors: self.sensor_rows(),
            zones: self.zone_rows(),
            lineage: self.lineage_rows(),
            identity_conflicts: self.conflict_rows(),
            alerts: self.watch.open().cloned().collect(),
            leave: Leave {
                gate_transits: self.watch.gate_transits(),
                exempted: self.watch.exempted().map(|(id, count)| (id.clone(), count)).collect(),
            },
            alarms: self.alarm_row(),
        }
    }

    /// Every confirmed or coasting track predicted to `at`, by ascending id.
    pub fn tracks_at(&self, at: Timestamp) -> impl Iterator<Item = TrackRow> {
        self.tracker.views(at).filter(|view| view.status.is_target()).map(|view| self.track_row(&view))
    }

    /// The latest notice of every open alert.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Notice> {
        self.watch.open()
    }

    /// How well the alarms serve those who hear them, and since when there is a flood, if there is one.
    #[must_use]
    pub fn indicators(&self) -> (&Indicators, Option<Timestamp>) {
        self.watch.indicators()
    }

    /// The share of every zone that no sensor sees, where it is known.
    pub fn blindness(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.watch.sights().map(|(zone, sight)| (&**zone, sight.map(|sight| sight.blind)))
    }

    /// What is believed of every sensor.
    pub fn sensor_states(&self) -> impl Iterator<Item = (&str, SensorState)> {
        self.sensors.iter().zip(self.health.standings()).map(|(model, of)| (model.id.as_str(), of.state))
    }

    fn track_row(&self, view: &TrackView<'_>) -> TrackRow {
        let [east_m, north_m, v_east_mps, v_north_mps] = view.estimate.mean;
        let height_m = view.altitude_m.map_or(0.0, |(height, _)| height);
        let place = self.frame.plane_to_geodetic(east_m, north_m, height_m);
        let feeding = view.sensors.iter().filter(|(_, at)| view.estimate.time.since(*at) <= FEEDING_FOR);
        let class: BTreeMap<_, _> = Class::ALL
            .iter()
            .zip(view.class)
            .filter(|(_, p)| *p >= WORTH_SAYING)
            .map(|(class, p)| (class.as_str(), rounded(p, 1e3)))
            .collect();
        TrackRow {
            time: view.estimate.time,
            track: view.id.to_string(),
            east_m: rounded(east_m, 1e3),
            north_m: rounded(north_m, 1e3),
            v_east_mps: rounded(v_east_mps, 1e4),
            v_north_mps: rounded(v_north_mps, 1e4),
            lat: rounded(place.lat_deg(), 1e8),
            lon: rounded(place.lon_deg(), 1e8),
            cov: view.estimate.covariance.iter().flatten().map(|v| rounded(*v, 1e6)).collect(),
            existence: rounded(view.existence, 1e6),
            class,
            sensors: feeding.map(|(index, _)| self.sensor_name(*index)).collect(),
            identity: view.identity.map(str::to_owned),
            status: view.status.as_str(),
            continues: None,
            split_from: None,
            merged: Vec::new(),
        }
    }

    fn row_with_lineage(&self, view: &TrackView<'_>) -> TrackRow {
        let row = self.track_row(view);
        let Some(known) = self.tracker.ancestry(view.id) else { return row };
        let id = |id: TrackId| id.to_string();
        TrackRow {
            continues: known.continues.map(id),
            split_from: known.split_from.map(id),
            merged: known.merged.iter().copied().map(id).collect(),
            ..row
        }
    }

    fn alarm_row(&self) -> AlarmRow {
        let (found, flood_since) = self.watch.indicators();
        let share = |part: u64| rounded(part as f64 / found.seconds as f64, 1e4);
        AlarmRow {
            flood_since,
            rang_lately: found.now(),
            rang_average: found.average().map(|rate| rounded(rate, 1e3)),
            rang_most: found.most,
            held: found.held,
            flood_ratio: (found.seconds > 0).then(|| share(found.flood_seconds)),
            chattering: found.chattering,
        }
    }

    fn zone_rows(&self) -> Vec<ZoneRow> {
        let shown = |v: f64| rounded(v, 1e3);
        let rows = self.watch.sights().map(|(zone, sight)| ZoneRow {
            zone: zone.to_string(),
            blind_ratio: sight.map(|sight| shown(sight.blind)),
            corroborated_ratio: sight.map(|sight| shown(sight.corroborated)),
            trust_groups: sight.map(|sight| shown(sight.trust_groups)),
            watched_by: sight
                .into_iter()
                .flat_map(|sight| {
                    sight.by_group.iter().map(|(group, share)| (group.to_string(), shown(*share)))
                })
                .collect(),
        });
        rows.collect()
    }

    fn lineage_rows(&self) -> Vec<LineageRow> {
        let rows = self.tracker.recent_descents().map(|link| LineageRow {
            time: link.at,
            kind: link.kinship.as_str(),
            track: link.track.to_string(),
            of: link.of.to_string(),
            probability: rounded(link.probability, 1e4),
        });
        rows.collect()
    }

    fn conflict_rows(&self) -> Vec<ConflictRow> {
        let rows = self.tracker.standing_conflicts().map(|(conflict, since)| ConflictRow {
            since,
            kind: conflict.kind(),
            identities: conflict.identities().iter().map(ToString::to_string).collect(),
            tracks: conflict.tracks().iter().map(ToString::to_string).collect(),
        });
        rows.collect()
    }

    fn sensor_rows(&self) -> Vec<SensorRow> {
        let rows = (0u16..).map(SensorIndex).zip(&self.sensors).zip(self.health.standings());
        rows.map(|((index, model), standing)| SensorRow {
            sensor: model.id.to_string(),
            kind: model.kind.as_str(),
            state: standing.state,
            last_received: standing.last_received,
            age_s: self
                .now
                .zip(standing.last_measured)
                .map(|(now, at)| rounded(now.since(at).as_secs_f64(), 1e3)),
            used: standing.used,
            detections: standing.detections,
            position: standing.position.map(|p| [rounded(p.lat_deg(), 1e7), rounded(p.lon_deg(), 1e7)]),
            nis_ratio: Some(self.tracker.nis_ratio(index)).filter(|ratio| ratio.is_finite()),
            health: self.sensor_health(index),
        })
        .collect()
    }

    fn sensor_health(&self, index: SensorIndex) -> SensorHealth {
        let biases = Axis::ALL.into_iter().zip(self.tracker.registration(index));
        let bias = biases.filter_map(|(axis, bias)| {
            let bias = bias?;
            let shown = |v: f64| rounded(axis.shown(v), 1e4);
            let (value, sigma) = (shown(bias.value), shown(bias.sigma));
            Some((axis.as_str(), BiasRow { value, sigma, compensated: bias.compensated }))
        });
        let mut made = SensorHealth { bias: bias.collect(), ..SensorHealth::default() };
        if let Some(health) = self.tracker.health(index) {
            let known = |v: f64| v.is_finite().then(|| rounded(v, 1e3));
            let has = Fault::ALL.iter().zip(health.faults).filter(|(_, has)| *has);
            made.faults = has.map(|(fault, _)| fault.as_str()).collect();
            made.noise_ratio = known(health.noise_ratio);
            made.clutter_ratio = known(health.clutter_ratio);
            made.detection_ratio = known(health.detection_ratio);
        }
        made
    }

    fn sensor_name(&self, index: SensorIndex) -> String {
        self.sensors[index.index()].id.to_string()
    }
}

/// `value` to the nearest 1/`steps`: enough digits to use, few enough to read.
pub(super) fn rounded(value: f64, steps: f64) -> f64 {
    let nearest = libm::round(value * steps) / steps;
    // No minus zero in the output.
    nearest + 0.0
}
