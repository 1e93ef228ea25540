//! The daemon's metrics: events and measurements in, Prometheus text out.
//!
//! Every family of [`METRICS`] is there from the start, counters at zero for every label value that is known, so that
//! a rate is right from its first increment. Reads no clock: `now` is an argument of [`Metrics::render`].

mod alarms;
mod begin;
mod families;
pub mod table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::{GaugeVec, Histogram, IntCounter, IntCounterVec, Registry, TextEncoder};

use crate::engine::{Event, Fault, Finding, Outcome, Picture, SensorState};
use crate::outbox::Delivery;
use crate::record::{Body, Record};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;
use crate::watch::alert::{Notice, State};
use crate::watch::life::Done;
use alarms::Alarms;
pub use begin::Setup;
use families::Families;
pub use table::{Kind, METRICS, Metric};

/// Why a frame is shed: by what it is worth while there is no room in memory, or because the disk is full.
pub const SHED_CLASSES: [&str; 4] = ["redundant", "ordinary", "near_line", DISK_FULL];
/// The disk is full.
pub const DISK_FULL: &str = "disk_full";
/// What registration estimates of a sensor, each with its unit.
pub const BIAS_AXES: [&str; 5] = ["range_m", "azimuth_deg", "east_m", "north_m", "clock_s"];
const TRACK_STATUSES: [&str; 4] = ["tentative", "fixed", "confirmed", "coasting"];
/// States of an alert that is still open.
const OPEN_STATES: [&str; 2] = ["opened", "updated"];

/// All metrics. Shared by every thread.
pub struct Metrics {
    registry: Registry,
    started: Timestamp,
    per_sensor: Vec<PerSensor>,
    rejected: IntCounterVec,
    quarantined: IntCounterVec,
    parts_refused: IntCounterVec,
    refused: IntCounterVec,
    shed: IntCounterVec,
    unknown_sensor: IntCounter,
    page_shed: IntCounter,
    source_up: GaugeVec,
    scan_age: GaugeVec,
    sensor_state: GaugeVec,
    sensor_bias: GaugeVec,
    sensor_fault: GaugeVec,
    nis_ratio: GaugeVec,
    noise_ratio: GaugeVec,
    clutter_ratio: GaugeVec,
    detection_ratio: GaugeVec,
    tracks: GaugeVec,
    lineage: IntCounterVec,
    identity_conflicts: IntCounterVec,
    picture_age: GaugeVec,
    step: Histogram,
    ingest_to_notice: Histogram,
    alerts: GaugeVec,
    alerts_total: IntCounterVec,
    alarms: Alarms,
    acts: IntCounterVec,
    acknowledged_after: Histogram,
    notices_pending: GaugeVec,
    notices_age: GaugeVec,
    notices_total: IntCounterVec,
    journal_bytes: GaugeVec,
    journal_full: GaugeVec,
    journal_damaged: GaugeVec,
    reload_ok: GaugeVec,
    received: IntCounterVec,
    journaled: IntCounterVec,
    journal_sync: Histogram,
    blind_ratio: GaugeVec,
    zone_trust_groups: GaugeVec,
    gate_transits: IntCounter,
    exempted: IntCounterVec,
    seen: Mutex<Seen>,
}

/// The counters a frame touches, looked up once.
struct PerSensor {
    id: String,
    used: IntCounter,
    duplicate: IntCounter,
    rejected: IntCounter,
    quarantined: IntCounter,
    too_late: IntCounter,
    detections: IntCounter,
}

/// What ages and open alerts are computed from.
#[derive(Default)]
struct Seen {
    last_scan: BTreeMap<SensorIndex, Timestamp>,
    picture: Option<Timestamp>,
    oldest_owed: BTreeMap<Arc<str>, Option<Timestamp>>,
    open: BTreeMap<Arc<str>, [&'static str; 3]>,
}

impl Metrics {
    /// Every family, with every label value that is known.
    #[must_use]
    pub fn new(setup: &Setup<'_>) -> Self {
        let mut families = Families::register(setup.sector);
        let scans = families.counter("linewatch_scans_total");
        let detections = families.counter("linewatch_detections_total");
        let build_info = families.gauge("linewatch_build_info");
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let metrics = Self {
            started: setup.started,
            per_sensor: setup.sensors.iter().map(|s| PerSensor::new(s, &scans, &detections)).collect(),
            rejected: families.counter("linewatch_rejected_total"),
            quarantined: families.counter("linewatch_quarantined_total"),
            parts_refused: families.counter("linewatch_parts_refused_total"),
            refused: families.counter("linewatch_refused_total"),
            shed: families.counter("linewatch_arrivals_shed_total"),
            page_shed: families.counter("linewatch_page_updates_shed_total").with_label_values(NONE),
            unknown_sensor: families.counter("linewatch_unknown_sensor_frames_total").with_label_values(NONE),
            source_up: families.gauge("linewatch_source_up"),
            scan_age: families.gauge("linewatch_scan_age_seconds"),
            sensor_state: families.gauge("linewatch_sensor_state"),
            sensor_bias: families.gauge("linewatch_sensor_bias"),
            sensor_fault: families.gauge("linewatch_sensor_fault"),
            nis_ratio: families.gauge("linewatch_sensor_nis_ratio"),
            noise_ratio: families.gauge("linewatch_sensor_noise_ratio"),
            clutter_ratio: families.gauge("linewatch_sensor_clutter_ratio"),
            detection_ratio: families.gauge("linewatch_sensor_detection_ratio"),
            tracks: families.gauge("linewatch_tracks"),
            lineage: families.counter("linewatch_lineage_total"),
            identity_conflicts: families.counter("linewatch_identity_conflicts_total"),
            picture_age: families.gauge("linewatch_picture_age_seconds"),
            step: families.histogram("linewatch_step_seconds").with_label_values(NONE),
            ingest_to_notice: families
                .histogram("linewatch_ingest_to_notice_seconds")
                .with_label_values(NONE),
            alerts: families.gauge("linewatch_alerts"),
            alerts_total: families.counter("linewatch_alerts_total"),
            alarms: Alarms::new(&mut families),
            acts: families.counter("linewatch_acts_total"),
            acknowledged_after: families
                .histogram("linewatch_acknowledged_after_seconds")
                .with_label_values(NONE),
            notices_pending: families.gauge("linewatch_notices_pending"),
            notices_age: families.gauge("linewatch_notices_oldest_age_seconds"),
            notices_total: families.counter("linewatch_notices_total"),
            journal_bytes: families.gauge("linewatch_journal_bytes"),
            journal_full: families.gauge("linewatch_journal_full"),
            journal_damaged: families.gauge("linewatch_journal_damaged"),
            reload_ok: families.gauge("linewatch_config_reload_successful"),
            received: families.counter("linewatch_frames_received_total"),
            journaled: families.counter("linewatch_frames_journaled_total"),
            journal_sync: families.histogram("linewatch_journal_sync_seconds").with_label_values(NONE),
            blind_ratio: families.gauge("linewatch_blind_ratio"),
            zone_trust_groups: families.gauge("linewatch_zone_trust_groups"),
            gate_transits: families.counter("linewatch_gate_transits_total").with_label_values(NONE),
            exempted: families.counter("linewatch_exempted_total"),
            registry: families.finish(),
            seen: Mutex::default(),
        };
        metrics.begin(setup);
        metrics
    }

    /// Counts one event of the engine.
    pub fn observe(&self, event: &Event) {
        match event {
            Event::Frame { sensor, outcome, detections, measured } => {
                let Some(of) = self.per_sensor.get(sensor.index()) else { return };
                self.count_frame(of, *outcome, *detections);
                if let (Outcome::Used, Some(measured)) = (outcome, measured) {
                    let mut seen = self.seen();
                    let last = seen.last_scan.entry(*sensor).or_insert(*measured);
                    *last = (*last).max(*measured);
                }
            }
            Event::Refused { sensor, reason } => {
                self.parts_refused.with_label_values(&[self.sensor_id(*sensor), reason]).inc();
            }
            Event::UnknownSensor => self.unknown_sensor.inc(),
            // Counted where the picture is shown: a restart goes on counting.
            Event::Reloaded { .. } | Event::Permitted(_) => {}
            Event::SensorState { sensor, state } => self.set_state(self.sensor_id(*sensor), *state),
            Event::Finding { sensor, finding } => match finding {
                Finding::Faulty(fault) => self.set_fault(self.sensor_id(*sensor), *fault, true),
                Finding::Recovered(fault) => self.set_fault(self.sensor_id(*sensor), *fault, false),
                _ => {}
            },
            Event::Lineage(link) => self.lineage.with_label_values(&[link.kinship.as_str()]).inc(),
            Event::IdentityConflict(conflict) => {
                self.identity_conflicts.with_label_values(&[conflict.kind()]).inc();
            }
            Event::Act { deed, outcome } => {
                let word = match outcome {
                    Ok(Done::Changed { .. }) => "done",
                    Ok(Done::Already) => "already",
                    Err(refusal) => refusal.as_str(),
                };
                self.acts.with_label_values(&[deed, word]).inc();
                if let Ok(Done::Changed { after: Some(after) }) = outcome {
                    self.acknowledged_after.observe(after.as_secs_f64());
                }
            }
            Event::Notice(notice) => {
                if notice.state == State::Opened {
                    self.alerts_total.with_label_values(&[notice.kind, notice.severity.as_str()]).inc();
                }
                self.show_alert(&mut self.seen(), notice);
            }
        }
    }

    fn count_frame(&self, of: &PerSensor, outcome: Outcome, detections: u32) {
        match outcome {
            Outcome::Used => {
                of.used.inc();
                of.detections.inc_by(u64::from(detections));
            }
            Outcome::Duplicate => of.duplicate.inc(),
            Outcome::TooLate => of.too_late.inc(),
            Outcome::Rejected(reason) => {
                of.rejected.inc();
                self.rejected.with_label_values(&[of.id.as_str(), reason]).inc();
            }
            Outcome::Quarantined(reason) => {
                of.quarantined.inc();
                self.quarantined.with_label_values(&[of.id.as_str(), reason]).inc();
            }
        }
    }

    /// Shows what only the picture knows: tracks by status, NIS, and exactly the alerts that are open.
    pub fn show(&self, picture: &Picture) {
        self.tracks.with_label_values(&["tentative"]).set(picture.tentative as f64);
        self.tracks.with_label_values(&["fixed"]).set(picture.fixed as f64);
        for status in &TRACK_STATUSES[2..] {
            let count = picture.tracks.iter().filter(|track| track.status == *status).count();
            self.tracks.with_label_values(&[status]).set(count as f64);
        }
        for row in &picture.sensors {
            for (family, ratio) in [
                (&self.nis_ratio, row.nis_ratio),
                (&self.noise_ratio, row.health.noise_ratio),
                (&self.clutter_ratio, row.health.clutter_ratio),
                (&self.detection_ratio, row.health.detection_ratio),
            ] {
                if let Some(ratio) = ratio {
                    family.with_label_values(&[&row.sensor]).set(ratio);
                }
            }
            for (axis, bias) in &row.health.bias {
                self.sensor_bias.with_label_values(&[row.sensor.as_str(), axis]).set(bias.value);
            }
        }
        for row in &picture.zones {
            self.blind_ratio(&row.zone, row.blind_ratio.unwrap_or(f64::NAN));
            let groups = row.trust_groups.unwrap_or(f64::NAN);
            self.zone_trust_groups.with_label_values(&[&row.zone]).set(groups);
        }
        let grown = |counter: &IntCounter, to: u64| counter.inc_by(to.saturating_sub(counter.get()));
        grown(&self.gate_transits, picture.leave.gate_transits);
        for (exemption, count) in &picture.leave.exempted {
            grown(&self.exempted.with_label_values(&[&**exemption]), *count);
        }
        self.show_alarms(picture);
        let mut seen = self.seen();
        seen.picture = picture.time.or(seen.picture);
        for (_, labels) in std::mem::take(&mut seen.open) {
            self.alerts.with_label_values(&labels).dec();
        }
        for notice in &picture.alerts {
            self.show_alert(&mut seen, notice);
        }
    }

    fn show_alert(&self, seen: &mut Seen, notice: &Notice) {
        if let Some(before) = seen.open.remove(&notice.alert) {
            self.alerts.with_label_values(&before).dec();
        }
        let state = match notice.state {
            State::Opened => OPEN_STATES[0],
            State::Updated => OPEN_STATES[1],
            State::Cleared => return,
        };
        let labels = [notice.kind, notice.severity.as_str(), state];
        self.alerts.with_label_values(&labels).inc();
        seen.open.insert(Arc::clone(&notice.alert), labels);
    }

    fn set_state(&self, sensor: &str, now: SensorState) {
        for state in SensorState::ALL {
            let value = f64::from(u8::from(state == now));
            self.sensor_state.with_label_values(&[sensor, state.as_str()]).set(value);
        }
    }

    fn set_fault(&self, sensor: &str, fault: Fault, has: bool) {
        self.sensor_fault.with_label_values(&[sensor, fault.as_str()]).set(f64::from(u8::from(has)));
    }

    /// A sensor's estimated systematic error along one of [`BIAS_AXES`].
    pub fn sensor_bias(&self, sensor: SensorIndex, axis: &str, value: f64) {
        self.sensor_bias.with_label_values(&[self.sensor_id(sensor), axis]).set(value);
    }

    /// `count` frames were refused before they were journaled; `sensor` is empty where the claim could not be read.
    pub fn refused(&self, sensor: &str, reason: &str, count: u64) {
        self.refused.with_label_values(&[sensor, reason]).inc_by(count);
    }

    /// `count` frames of a sensor were dropped because more came than can be taken; `class` is one of [`SHED_CLASSES`].
    pub fn shed(&self, sensor: &str, class: &str, count: u64) {
        self.shed.with_label_values(&[sensor, class]).inc_by(count);
    }

    /// An update of the page was left out.
    pub fn page_shed(&self) {
        self.page_shed.inc();
    }

    /// Whether this start found damage in the journal.
    pub fn journal_damaged(&self, is_damaged: bool) {
        self.journal_damaged.with_label_values(NONE).set(f64::from(u8::from(is_damaged)));
    }

    /// A source connected or opened, or no longer is.
    pub fn source_up(&self, source: &str, up: bool) {
        self.source_up.with_label_values(&[source]).set(f64::from(u8::from(up)));
    }

    /// How long the engine took for one record.
    pub fn step_took(&self, seconds: f64) {
        self.step.observe(seconds);
    }

    /// How long it took from receiving a frame to owing the notice it caused.
    pub fn notice_took(&self, seconds: f64) {
        self.ingest_to_notice.observe(seconds);
    }

    /// How long one sync of the journal took.
    pub fn sync_took(&self, seconds: f64) {
        self.journal_sync.observe(seconds);
    }

    /// How large the journal is.
    pub fn journal_bytes(&self, bytes: u64) {
        self.journal_bytes.with_label_values(NONE).set(bytes as f64);
    }

    /// Whether its disk is full.
    pub fn journal_full(&self, is_full: bool) {
        self.journal_full.with_label_values(NONE).set(f64::from(u8::from(is_full)));
    }

    /// Whether the last reading of the files put them in force.
    pub fn reloaded(&self, well: bool) {
        self.reload_ok.with_label_values(NONE).set(f64::from(u8::from(well)));
    }

    /// A source heard frames of a sensor, whatever became of them.
    pub fn received(&self, sensor: &str, count: u64) {
        self.received.with_label_values(&[sensor]).inc_by(count);
    }

    /// Records that are durable now.
    pub fn journaled(&self, records: &[Record]) {
        for record in records {
            if let Body::Frame { sensor, .. } | Body::Status { sensor, .. } = &record.body {
                self.journaled.with_label_values(&[sensor.as_str()]).inc();
            }
        }
    }

    /// Fraction of a zone no sensor sees.
    pub fn blind_ratio(&self, zone: &str, ratio: f64) {
        self.blind_ratio.with_label_values(&[zone]).set(ratio);
    }

    /// What a sink is owed: how many notices, and when the oldest was raised.
    pub fn notices_owed(&self, sink: &Arc<str>, pending: usize, oldest: Option<Timestamp>) {
        self.notices_pending.with_label_values(&[sink]).set(pending as f64);
        self.seen().oldest_owed.insert(Arc::clone(sink), oldest);
    }

    /// What became of a notice, or of one attempt.
    pub fn notice_outcome(&self, sink: &str, outcome: Delivery) {
        self.notices_total.with_label_values(&[sink, outcome.as_str()]).inc();
    }

    /// Everything in Prometheus' text format; ages are as of `now`.
    #[must_use]
    pub fn render(&self, now: Timestamp) -> String {
        self.set_ages(now);
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("gathered families have names and samples of their own type")
    }

    fn set_ages(&self, now: Timestamp) {
        let age_s = |since: Timestamp| now.since(since).as_secs_f64().max(0.0);
        let seen = self.seen();
        for (at, of) in (0_u16..).zip(&self.per_sensor) {
            let since = seen.last_scan.get(&SensorIndex(at)).copied().unwrap_or(self.started);
            self.scan_age.with_label_values(&[&of.id]).set(age_s(since));
        }
        for (sink, oldest) in &seen.oldest_owed {
            self.notices_age.with_label_values(&[sink]).set(oldest.map_or(0.0, age_s));
        }
        self.picture_age.with_label_values(NONE).set(seen.picture.map_or(f64::NAN, age_s));
    }

    fn sensor_id(&self, sensor: SensorIndex) -> &str {
        self.per_sensor.get(sensor.index()).map_or("", |of| &of.id)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl PerSensor {
    fn new(sensor: &SensorModel, scans: &IntCounterVec, detections: &IntCounterVec) -> Self {
        let id = sensor.id.as_str();
        let outcome = |word| scans.with_label_values(&[id, word]);
        Self {
            used: outcome("used"),
            duplicate: outcome("duplicate"),
            rejected: outcome("rejected"),
            quarantined: outcome("quarantined"),
            too_late: outcome("too_late"),
            detections: detections.with_label_values(&[id]),
            id: id.to_owned(),
        }
    }
}

/// The label values of a family without labels.
const NONE: &[&str] = &[];
