//! A tracker's state, apart from what it is configured with: what a snapshot holds of it.
//!
//! In: a tracker. Out: its state as something serde can write; and again a tracker, of the same sensors, that goes on as
//! the first would have. Buffers kept for their room alone are left out. Knows no bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identities::Identities;
use super::known;
use super::lineage::Lineage;
use super::live::Track;
use super::registration::Registration;
use super::ring::LookRing;
use super::sightlines::Sightlines;
use super::stillness::EchoMap;
use super::table::Table;
use super::track::TrackId;
use super::tracker::{Refused, Tracker};
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

type Claimed = BTreeMap<Arc<str>, TrackId>;
type Reported = BTreeMap<(SensorIndex, Arc<str>), (TrackId, Timestamp)>;

/// A tracker's state as read: in the order in which [`Tracker::state`] writes it.
#[derive(Deserialize)]
pub struct TrackerState {
    sensors: Vec<known::State>,
    tracks: Table,
    looks: LookRing,
    echoes: EchoMap,
    latest: Timestamp,
    next_id: u64,
    claimed: Claimed,
    reported: Reported,
    refused: Refused,
    registration: Registration,
    sightlines: Sightlines,
    lineage: Lineage,
    identities: Identities,
}

impl Tracker {
    /// Everything that later output depends on and configuration does not say.
    pub fn state(&self) -> impl Serialize + '_ {
        // Every field by name: a new one has to be given its place.
        #[rustfmt::skip]
        let Self {
            sensors, tracks, looks, echoes, latest, next_id, claimed, reported, refused, registration, sightlines,
            lineage, identities,
            // Configuration, and what is kept for its room or read before the next look.
            frame: _, motion: _, gates: _, pool: _, updated: _, deleted: _, work: _,
        } = self;
        let sensors: Vec<_> = sensors.iter().map(known::Known::state).collect();
        let learned = (registration, sightlines, lineage, identities);
        (sensors, tracks, looks, echoes, latest, next_id, claimed, reported, refused, learned)
    }

    /// A new tracker with the state of another of the same sensors; nothing if the state cannot be that.
    #[must_use]
    pub fn with(self, state: TrackerState) -> Option<Self> {
        let count = self.sensors.len();
        if state.sensors.len() != count {
            return None;
        }
        let sensors = self.sensors.into_iter().zip(state.sensors);
        let restored = Self {
            sensors: sensors.map(|(known, state)| known.with(state)).collect(),
            tracks: state.tracks.restored()?,
            looks: state.looks,
            echoes: state.echoes,
            latest: state.latest,
            next_id: state.next_id,
            claimed: state.claimed,
            reported: state.reported,
            refused: state.refused,
            registration: state.registration.configured_as(&self.registration)?,
            sightlines: state.sightlines,
            lineage: state.lineage,
            identities: state.identities,
            ..self
        };
        restored.is_sound().then_some(restored)
    }

    /// Whether what is named in it is there.
    fn is_sound(&self) -> bool {
        let count = self.sensors.len();
        let known = |track: &Track| {
            let fed = track.sensors.iter().map(|(sensor, _)| *sensor);
            let mut named = fed.chain(track.founder.map(|(sensor, _)| sensor));
            named.all(|sensor| sensor.index() < count)
        };
        self.tracks.latest().is_none_or(|latest| latest.0 < self.next_id)
            && self.tracks.iter().all(known)
            && self.looks.is_of(count)
            && self.sightlines.is_of(count)
    }
}
