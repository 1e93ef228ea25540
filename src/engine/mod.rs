//! The engine: `step(&Record) -> Vec<Event>` and `picture()`. No clock, no I/O, no randomness, no async.
//!
//! It decodes a frame with its sensor's own decoder, drops repeats, sets aside what cannot be right, fuses the rest,
//! and shows the watch every track that moved. The same engine runs live, in replay, in simulation and in benches.

pub mod acts;
pub mod event;
mod health;
mod path;
pub mod reload;
mod repeats;
mod rows;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fusion::{self, Tracker};
use crate::geo::{Geodetic, LocalFrame};
use crate::record::{Body, Link, Record};
use crate::scan::Scan;
use crate::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use crate::time::{Span, Timestamp};
use crate::watch::grounds;
use crate::watch::{Agreement, Cause, Notice, Reckoned, Stale, Standing, Watch};
use crate::wire::{self, Decoded, Decoder};
pub use event::{Descent, Event, Fault, Finding, IdentityConflict, Kinship, Outcome, Picture, SensorState};
use health::Health;
pub use path::PathRow;
use repeats::{Repeats, Verdict};
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};

/// A scan may be stamped this far ahead of its receipt (a clock a little fast) and no farther.
const MAX_AHEAD: Span = Span::from_secs(30);
/// A scan stamped longer ago than this is a clock that is wrong, not a message that is late.
const MAX_BEHIND: Span = Span::from_secs(24 * 3600);
/// Stamped farther ahead of its receipt than any clock may drift.
pub const FROM_THE_FUTURE: &str = "from_the_future";
/// Stamped more than a day before its receipt.
pub const FROM_THE_PAST: &str = "from_the_past";

const STATUS_BAD_JSON: &str = "status_bad_json";
const STATUS_OUT_OF_RANGE: &str = "status_out_of_range";

/// Every reason the engine sets a frame aside under.
pub const QUARANTINE_REASONS: &[&str] =
    &[FROM_THE_FUTURE, FROM_THE_PAST, repeats::STALE_BOOT, repeats::STALE_SEQ];
/// Every reason the engine refuses a status message under.
pub const STATUS_REASONS: &[&str] = &[STATUS_BAD_JSON, STATUS_OUT_OF_RANGE];

/// What an engine is built from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The sector's id.
    pub sector: String,
    /// Nothing of this is real.
    pub exercise: bool,
    /// Origin of the sector's tangent frame.
    pub origin: Geodetic,
    /// The sensors, in configuration order.
    pub sensors: Vec<SensorModel>,
    /// What the parties agreed.
    pub agreement: Agreement,
    /// The IANA time zone whose days the daily reports are of; empty for UTC.
    #[serde(default)]
    pub time_zone: String,
    /// Name and version of the program, cited in every notice; may be empty.
    #[serde(default)]
    pub software: String,
    /// SHA-256 of the configuration file, lower-case hex, cited in every notice; may be empty.
    #[serde(default)]
    pub configuration: String,
}

/// This program's name and version, as its notices cite it.
pub const SOFTWARE: &str = concat!("linewatch ", env!("CARGO_PKG_VERSION"));

/// What comes again later than this after it was measured is no redelivery.
const REDELIVERED_FOR: Span = Span::from_secs(60);

/// The state machine of one sector. A clone goes its own way from here on.
#[derive(Clone)]
pub struct Engine {
    /// Of its settings, …
    fingerprint: [u8; 32],
    /// … and of what they say, whoever says it.
    meaning: [u8; 32],
    sector: String,
    exercise: bool,
    frame: LocalFrame,
    sensors: Vec<SensorModel>,
    by_id: BTreeMap<SensorId, SensorIndex>,
    decoders: Vec<Decoder>,
    repeats: Vec<Repeats>,
    health: Health,
    tracker: Tracker,
    watch: Watch,
    now: Option<Timestamp>,
    /// Emptied and filled again for every frame: its room is kept.
    decoded: Decoded,
    notices: Vec<Notice>,
    findings: Vec<(SensorIndex, Finding)>,
    descents: Vec<Descent>,
    conflicts: Vec<IdentityConflict>,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (fingerprint, meaning) = (snapshot::fingerprint(&settings), snapshot::meaning(&settings));
        let Settings { sector, exercise, origin, sensors, agreement, time_zone: _, software, configuration } =
            settings;
        let frame = LocalFrame::new(origin);
        let indices = || (0u16..).map(SensorIndex).zip(&sensors);
        Self {
            fingerprint,
            meaning,
            by_id: indices().map(|(index, model)| (model.id.clone(), index)).collect(),
            decoders: indices().map(|(index, model)| Decoder::new(index, model)).collect(),
            repeats: sensors.iter().map(|_| Repeats::default()).collect(),
            health: Health::new(&sensors),
            tracker: Tracker::new(frame.clone(), sensors.clone()),
            watch: Watch::new(&sector, exercise, &frame, &agreement, &sensors)
                .citing(&software, &configuration),
            now: None,
            decoded: Decoded::default(),
            notices: Vec::new(),
            findings: Vec::new(),
            descents: Vec::new(),
            conflicts: Vec::new(),
            sector,
            exercise,
            frame,
            sensors,
        }
    }

    /// Takes one record, in log order, and says what happened because of it.
    pub fn step(&mut self, record: &Record) -> Vec<Event> {
        let now = record.received;
        self.now = Some(now);
        let mut events = Vec::new();
        match &record.body {
            Body::Frame { sensor, link, bytes } => match self.by_id.get(sensor) {
                Some(&index) => self.frame(now, index, *link, bytes, &mut events),
                None => events.push(Event::UnknownSensor),
            },
            Body::Status { sensor, bytes } => match self.by_id.get(sensor) {
                Some(&index) => self.status(now, index, bytes, &mut events),
                None => events.push(Event::UnknownSensor),
            },
            Body::Tick => self.tick(now, &mut events),
            Body::Gap { .. } => self.health.not_listening_until(now),
            Body::Reload { bytes } => self.reload(bytes, &mut events),
            Body::Act { bytes } => self.act(now, bytes, &mut events),
            Body::Damage { from, to } => self.watch.damaged(now, *from, *to, &mut self.notices),
            Body::Refused { .. } => {}
            // What the engine said, and who has heard it, changes nothing of what it believes.
            Body::Notice { .. } | Body::Delivered { .. } => {}
        }
        let cause = match record.body {
            Body::Act { .. } => Cause::Act,
            Body::Tick => Cause::Tick,
            _ => Cause::Observed,
        };
        self.watch.settle(now, cause, &mut self.notices);
        events.extend(self.findings.drain(..).map(|(sensor, finding)| Event::Finding { sensor, finding }));
        events.extend(self.descents.drain(..).map(Event::Lineage));
        events.extend(self.conflicts.drain(..).map(Event::IdentityConflict));
        events.extend(self.watch.permitted().map(|leave| Event::Permitted(Arc::new(leave))));
        events.extend(self.notices.drain(..).map(|notice| Event::Notice(Arc::new(notice))));
        events
    }

    fn frame(
        &mut self,
        now: Timestamp,
        index: SensorIndex,
        link: Link,
        bytes: &[u8],
        events: &mut Vec<Event>,
    ) {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let (mut measured, mut detections) = (None, 0);
        let outcome = if self.is_repeated_payload(now, index, link, bytes) {
            Outcome::Duplicate
        } else {
            let most = self.sensors[index.index()].max_detections;
            let taken = self.decoders[index.index()].decode(now, bytes, &mut decoded);
            match taken.and_then(|()| decoded.within(most)) {
                Err(rejection) => Outcome::Rejected(rejection.reason),
                Ok(()) => {
                    let refused = decoded.refused.iter();
                    events.extend(refused.map(|r| Event::Refused { sensor: index, reason: r.reason }));
                    measured = decoded.scans.iter().map(|scan| scan.time).max();
                    let outcome = self.scans(now, &decoded.scans);
                    if outcome == Outcome::Used {
                        detections = decoded.scans.iter().map(|scan| scan.detections.len()).sum::<usize>();
                    }
                    outcome
                }
            }
        };
        // A broker sends again what was not acknowledged, for a moment; what is older is played again.
        let is_young = measured.is_none_or(|at| now.since(at) < REDELIVERED_FOR);
        let is_late = self.sensors[index.index()].kind == SensorKind::Satellite;
        if let Some(stale) = outcome.stale()
            && (stale != Stale::Repeated || !is_young && !is_late)
        {
            self.watch.stale(now, index, stale);
        }
        let detections = u32::try_from(detections).unwrap_or(u32::MAX);
        self.health.frame(index, now, outcome, detections, &decoded.scans, events);
        events.push(Event::Frame { sensor: index, outcome, detections, measured });
        self.decoded = decoded;
    }

    /// Formats that number their scans are judged by number; a link that never repeats, not at all.
    fn is_repeated_payload(&mut self, now: Timestamp, index: SensorIndex, link: Link, bytes: &[u8]) -> bool {
        let numbered = matches!(self.sensors[index.index()].format, Format::Json | Format::Frame);
        link == Link::Mqtt && !numbered && self.repeats[index.index()].is_repeated_payload(now, bytes)
    }

    /// The scans of one frame; the frame's outcome is the best of theirs.
    fn scans(&mut self, now: Timestamp, scans: &[Scan]) -> Outcome {
        let mut worst = None;
        let mut used = scans.is_empty();
        for scan in scans {
            match self.scan(now, scan) {
                Outcome::Used => used = true,
                other => worst = Some(other),
            }
        }
        match worst {
            Some(outcome) if !used => outcome,
            _ => Outcome::Used,
        }
    }

    fn scan(&mut self, now: Timestamp, scan: &Scan) -> Outcome {
        if scan.time > now.plus(MAX_AHEAD) {
            return Outcome::Quarantined(FROM_THE_FUTURE);
        }
        if now.since(scan.time) > MAX_BEHIND {
            return Outcome::Quarantined(FROM_THE_PAST);
        }
        if let Some(key) = scan.key {
            let part = scan.part.map_or(0, |(i, _)| i);
            match self.repeats[scan.sensor.index()].judge(key, part) {
                Verdict::Fresh => {}
                Verdict::Repeat => return Outcome::Duplicate,
                Verdict::Stale(reason) => return Outcome::Quarantined(reason),
            }
        }
        self.watch.reported(scan, &self.tracker);
        let outcome = self.tracker.process(scan);
        self.findings.extend_from_slice(self.tracker.findings());
        self.conflicts.extend_from_slice(self.tracker.identity_conflicts());
        self.look_at_changes(now);
        match outcome {
            fusion::Outcome::Used | fusion::Outcome::UsedLate => Outcome::Used,
            fusion::Outcome::TooLate => Outcome::TooLate,
        }
    }

    fn look_at_changes(&mut self, now: Timestamp) {
        for &id in self.tracker.updated() {
            if let Some(track) = self.tracker.view(id, None) {
                self.watch.observe(now, &track, &self.tracker, &mut self.notices);
            }
        }
        for &id in self.tracker.deleted() {
            self.watch.forget(now, id, &mut self.notices);
        }
        for link in self.tracker.descents() {
            let heir = if link.kinship == Kinship::MergedInto { link.of } else { link.track };
            if let Some(heir) = self.tracker.view(heir, None) {
                self.watch.follow(now, link, &heir, &self.tracker, &mut self.notices);
            }
        }
        self.descents.extend_from_slice(self.tracker.descents());
    }

    fn status(&mut self, now: Timestamp, index: SensorIndex, bytes: &[u8], events: &mut Vec<Event>) {
        match wire::status::decode(bytes) {
            Ok(status) => self.health.status(index, now, &status, events),
            Err(rejection) => {
                let reason = match rejection.reason {
                    "bad_json" => STATUS_BAD_JSON,
                    _ => STATUS_OUT_OF_RANGE,
                };
                events.push(Event::Refused { sensor: index, reason });
            }
        }
    }

    fn tick(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        self.tracker.tick(now);
        self.look_at_changes(now);
        self.health.tick(now, events);
        self.watch.tick(now, self.tracker.views(now), &self.tracker, &mut self.notices);
        self.look_around(now);
    }

    /// Finds out what is watched: by what was looked at, what sensors say of themselves, and what others show of them.
    fn look_around(&mut self, now: Timestamp) {
        let (tracker, health) = (&self.tracker, &self.health);
        let works = |index: SensorIndex| {
            let found = tracker.health(index).map_or(f64::NAN, |health| health.detection_ratio);
            health.watches(index) * if found.is_finite() { found.clamp(0.0, 1.0) } else { 1.0 }
        };
        let standing = |index: SensorIndex| {
            let faults = tracker.health(index).map(|health| health.faults).unwrap_or_default();
            let seldom =
                Fault::ALL.iter().zip(faults).any(|(fault, has)| has && *fault == Fault::SeldomDetects);
            let cause = health.cause(index).or(seldom.then_some(grounds::Cause::SeldomDetects));
            // What others' tracks say that it misses is no loss: a liar could make the honest look blind.
            Standing { share: health.watches(index), cause }
        };
        let indices = (0u16..).map(SensorIndex).zip(&self.sensors);
        let standings: Vec<Standing> = indices.map(|(index, _)| standing(index)).collect();
        let shares: Vec<f64> =
            (0u16..).map(SensorIndex).zip(&self.sensors).map(|(at, _)| works(at)).collect();
        let sees = |sensor: SensorIndex, place: [f64; 2]| match shares.get(sensor.index()) {
            Some(share) if *share > 0.0 => share * tracker.sees(sensor, place, now),
            _ => 0.0,
        };
        let known = health.is_settled(now).then_some((&*standings, sees));
        self.watch.look_around(now, known, &mut self.notices);
    }

    /// The sensors, in configuration order: what a [`SensorIndex`] points into.
    #[must_use]
    pub fn sensors(&self) -> &[SensorModel] {
        &self.sensors
    }

    /// Every ceiling rule with how many there were in the second that was last judged.
    pub fn reckoned(&self) -> impl Iterator<Item = (&Arc<str>, &Reckoned)> {
        self.watch.reckoned()
    }

    /// Every rule that has to learn what is usual before it can speak, and whether it has.
    pub fn determined(&self) -> impl Iterator<Item = (&Arc<str>, bool)> {
        self.watch.determined()
    }

    /// What the tracks hold in memory now.
    #[must_use]
    pub fn held(&self) -> fusion::Held {
        self.tracker.held()
    }

    /// What was foreseen of each track and approach rule when it was last looked at: track, rule, when, where it was, what.
    pub fn foreseen(
        &self,
    ) -> impl Iterator<Item = (fusion::TrackId, usize, Timestamp, [f64; 2], &crate::watch::Foreseen)> {
        self.watch.foreseen().filter_map(|(track, rule, at, foreseen)| {
            let [east_m, north_m, ..] = self.tracker.view(track, Some(at))?.estimate.mean;
            Some((track, rule, at, [east_m, north_m], foreseen))
        })
    }

    /// The received stamp of the latest record.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }
}

#[cfg(test)]
mod incident_tests;
#[cfg(test)]
mod tests;
