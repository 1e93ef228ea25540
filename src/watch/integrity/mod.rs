//! Whether what is reported can be believed: indicators, each a test of its own with its own value.
//!
//! In: self-reports, frames that were not new, identities that disagree, and once a second the tracks. Out: what stands
//! against each track and each sensor. Nothing here says that somebody lies: a person reads the values. Tests that need
//! the geometry of coverage are `lone`'s; what a notice says of them is put together in `corroboration`.

mod claims;
mod jump;
mod kinematics;
mod payloads;
mod self_report;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grounds::{Indicator, Named};
use super::line::Point;
use crate::fusion::{IdentityConflict, Paths, TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::scan::{Measurement, Scan};
use crate::sensor::{SensorIndex, SensorKind};
use crate::time::Timestamp;
use claims::{Claims, Report};
use jump::Interference;
use kinematics::Kinematics;
use payloads::Payloads;
pub use payloads::Stale;

/// Everything that the tests remember.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Integrity {
    claims: Claims,
    kinematics: Kinematics,
    payloads: BTreeMap<SensorIndex, Payloads>,
    conflicts: Vec<(IdentityConflict, Timestamp)>,
    /// Middle and radius of the region, and how many identities, where navigation was last interfered with.
    region: Option<Region>,
}

/// Where navigation is interfered with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Region {
    pub since: Timestamp,
    pub center: Point,
    pub radius_m: f64,
    pub identities: usize,
    /// How much alike they leapt, in [0, 1].
    pub coherence: f64,
}

/// What an indicator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum About {
    /// A track that others than transponders measure, or that nobody else does.
    Track(TrackId),
    /// A sensor.
    Sensor(SensorIndex),
    /// An identity without a track, or all of the sector.
    Sector,
}

impl Integrity {
    /// A scan is about to be fused: what transponders say of themselves, and other systems of their tracks, is compared with
    /// what is known without it.
    pub(super) fn reported(&mut self, scan: &Scan, kind: SensorKind, frame: &LocalFrame, paths: &impl Paths) {
        for detection in &scan.detections {
            if let Measurement::Track { at, covariance_m2, source_track, .. } = &detection.measurement {
                let (place, time) = (frame.to_enu(*at), scan.time.plus(detection.offset));
                let at = [place.east_m, place.north_m];
                self.kinematics.reported(scan.sensor, source_track, time, at, *covariance_m2);
            }
            if kind != SensorKind::Transponder {
                continue;
            }
            let (Some(identity), Measurement::Position { at, covariance_m2, .. }) =
                (&detection.identity, &detection.measurement)
            else {
                continue;
            };
            let place = frame.to_enu(*at);
            let report = Report {
                receiver: scan.sensor,
                time: scan.time.plus(detection.offset),
                at: [place.east_m, place.north_m],
                covariance: *covariance_m2,
                velocity_mps: detection.velocity.map(|v| [v.east_mps, v.north_mps]),
            };
            self.claims.reported(identity, report, paths);
        }
    }

    /// A frame was not new.
    pub(super) fn stale(&mut self, now: Timestamp, sensor: SensorIndex, stale: Stale) {
        self.payloads.entry(sensor).or_default().note(now, stale);
    }

    /// A live track, once a second.
    pub(super) fn moves(&mut self, now: Timestamp, track: &TrackView<'_>) {
        self.kinematics.moves(now, track);
    }

    /// A live track that bears an identity; `measured`: when something else than a transponder last fed it.
    pub(super) fn bears(&mut self, now: Timestamp, track: &TrackView<'_>, measured: Option<Timestamp>) {
        self.claims.bears(now, track, measured);
    }

    /// A track is gone, or goes on as another.
    pub(super) fn renamed(&mut self, track: TrackId, heir: Option<TrackId>) {
        self.claims.renamed(track, heir);
        self.kinematics.renamed(track, heir);
    }

    /// A second has passed.
    pub(super) fn tick(&mut self, now: Timestamp, paths: &impl Paths) {
        if let Some(Interference { since, identities, center, radius_m, coherence, share: _ }) =
            self.claims.tick(now)
        {
            let since = self.region.map_or(since, |region| region.since);
            self.region = Some(Region { since, center, radius_m, identities: identities.len(), coherence });
        }
        self.kinematics.tick(now);
        self.payloads.values_mut().for_each(|payloads| payloads.forget_old(now));
        self.conflicts = paths.conflicts();
    }

    /// Everything that stands now, by what it is about. `is_lost`: whether a sensor is known not to hear; `name`: a
    /// sensor's name.
    pub(super) fn standing(
        &mut self,
        now: Timestamp,
        is_lost: impl Fn(SensorIndex) -> bool,
        name: impl Fn(SensorIndex) -> String,
    ) -> BTreeMap<About, Vec<Indicator>> {
        let mut standing: BTreeMap<About, Vec<Indicator>> = BTreeMap::new();
        let suspicions = self.claims.suspicions(now, is_lost);
        if !suspicions.iter().any(|suspicion| suspicion.name == Named::GnssInterference) {
            self.region = None;
        }
        for suspicion in suspicions {
            let about = suspicion.body.map_or(About::Sector, About::Track);
            // Interference is the sector's affair, and each of its victims'.
            let abouts = [Some(about), (suspicion.name == Named::GnssInterference).then_some(About::Sector)];
            for about in abouts.into_iter().flatten() {
                let list = standing.entry(about).or_default();
                let said = list.iter().any(|i| i.name == suspicion.name && about == About::Sector);
                if !(said && suspicion.name == Named::GnssInterference) {
                    list.push(Indicator {
                        name: suspicion.name,
                        value: suspicion.value,
                        since: Some(suspicion.since),
                        identity: (about != About::Sector || suspicion.name != Named::GnssInterference)
                            .then(|| suspicion.identity.to_string()),
                        sensor: None,
                    });
                }
            }
        }
        for (conflict, since) in &self.conflicts {
            let (named, count) = match conflict {
                IdentityConflict::OneOnTwo { tracks, .. } => (Named::IdentityInTwoPlaces, tracks.len()),
                IdentityConflict::TwoOnOne { identities, .. } => (Named::TwoIdentities, identities.len()),
            };
            let identities: Vec<&str> = conflict.identities().iter().map(|identity| &**identity).collect();
            for track in conflict.tracks() {
                standing.entry(About::Track(*track)).or_default().push(Indicator {
                    name: named,
                    value: count as f64,
                    since: Some(*since),
                    identity: Some(identities.join(" ")),
                    sensor: None,
                });
            }
        }
        let impossible = |value, since| Indicator {
            name: Named::ImpossibleSpeed,
            value,
            since: Some(since),
            identity: None,
            sensor: None,
        };
        for (track, speed_mps, since) in self.kinematics.too_quick(now) {
            standing.entry(About::Track(track)).or_default().push(impossible(speed_mps, since));
        }
        for (sensor, source_track, speed_mps, at) in self.kinematics.leaping() {
            let (identity, sensor_name) = (Some(format!("track:{source_track}")), Some(name(sensor)));
            let made = Indicator { identity, sensor: sensor_name, ..impossible(speed_mps, at) };
            standing.entry(About::Sensor(sensor)).or_default().push(made);
        }
        for (sensor, payloads) in &self.payloads {
            for (stale, number, since) in payloads.standing() {
                standing.entry(About::Sensor(*sensor)).or_default().push(Indicator {
                    name: stale.named(),
                    value: libm::round(number),
                    since: Some(since),
                    identity: None,
                    sensor: Some(name(*sensor)),
                });
            }
        }
        standing
    }

    /// Where navigation is interfered with now.
    pub(super) fn region(&self) -> Option<Region> {
        self.region
    }

    /// Where an identity reported itself last.
    pub(super) fn place(&self, identity: &str) -> Option<(Point, [f64; 3])> {
        self.claims.place(identity)
    }

    /// Identities that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.claims.refused + self.kinematics.refused
    }
}
