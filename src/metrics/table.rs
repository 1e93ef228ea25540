//! Every metric the daemon shows, as data: registration, the README's table and the lints of rules and dashboards
//! all read this one list.

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Full name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels, beside the constant `sector`.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// What kind of metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size; the buckets' upper bounds, seconds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// From one record's work (tens of microseconds) to a stall somebody would notice.
const STEP_BUCKETS: &[f64] =
    &[0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.025, 0.1, 0.25, 1.0];
/// From one commit group to the ten seconds within which a crossing must be told.
const NOTICE_BUCKETS: &[f64] =
    &[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From a good flash drive to a dying one.
const SYNC_BUCKETS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// From somebody who sits before it to the next shift.
const ACKNOWLEDGED_BUCKETS: &[f64] = &[10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 28800.0];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, buckets: &'static [f64], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), labels: &[], help }
}

/// Every metric, beside the standard `process_*` ones.
pub const METRICS: &[Metric] = &[
    counter("linewatch_scans_total", &["sensor", "outcome"], "Frames dealt with, by what became of them."),
    counter("linewatch_detections_total", &["sensor"], "Detections in the frames that were used."),
    counter("linewatch_rejected_total", &["sensor", "reason"], "Frames not understood, by reason."),
    counter(
        "linewatch_quarantined_total",
        &["sensor", "reason"],
        "Frames understood whose time or number cannot be right, by reason.",
    ),
    counter(
        "linewatch_parts_refused_total",
        &["sensor", "reason"],
        "Pieces of otherwise good frames, and status messages, that were refused.",
    ),
    counter(
        "linewatch_frames_received_total",
        &["sensor"],
        "Frames and status messages heard; no sensor where the claim could not be read.",
    ),
    counter("linewatch_frames_journaled_total", &["sensor"], "Frames and status messages in the journal."),
    counter(
        "linewatch_refused_total",
        &["sensor", "reason"],
        "Frames refused before they were journaled; no sensor where the claim could not be read.",
    ),
    counter(
        "linewatch_arrivals_shed_total",
        &["sensor", "class"],
        "Frames dropped because more came than can be taken, by class: redundant, ordinary, near_line, disk_full.",
    ),
    counter(
        "linewatch_page_updates_shed_total",
        &[],
        "Updates of the page left out because the engine was behind.",
    ),
    counter("linewatch_unknown_sensor_frames_total", &[], "Records of a sensor that is not configured."),
    gauge("linewatch_source_up", &["source"], "1 while the source is connected or open."),
    gauge(
        "linewatch_scan_age_seconds",
        &["sensor"],
        "Time since the latest scan was measured; since the process started until there is one.",
    ),
    gauge("linewatch_sensor_state", &["sensor", "state"], "1 for the state a sensor is in."),
    gauge(
        "linewatch_sensor_bias",
        &["sensor", "axis"],
        "Estimated systematic error, in the unit the axis names; NaN until known.",
    ),
    gauge(
        "linewatch_sensor_fault",
        &["sensor", "fault"],
        "1 while other sensors show that a sensor is not what its configuration says.",
    ),
    gauge(
        "linewatch_sensor_nis_ratio",
        &["sensor"],
        "Normalised innovation squared over its degrees of freedom: 1 is as configured; NaN until known.",
    ),
    gauge(
        "linewatch_sensor_noise_ratio",
        &["sensor"],
        "One-sigma errors that other sensors show over those configured; NaN until known.",
    ),
    gauge(
        "linewatch_sensor_clutter_ratio",
        &["sensor"],
        "Detections of nothing over those configured; NaN until known.",
    ),
    gauge(
        "linewatch_sensor_detection_ratio",
        &["sensor"],
        "Detections of believed targets over those expected; NaN until known.",
    ),
    gauge("linewatch_tracks", &["status"], "Live tracks."),
    counter(
        "linewatch_lineage_total",
        &["kind"],
        "Tracks found to continue, to have parted from or to be the same as another.",
    ),
    counter(
        "linewatch_identity_conflicts_total",
        &["kind"],
        "Identities that began to disagree: two on one track, or one on two.",
    ),
    gauge(
        "linewatch_picture_age_seconds",
        &[],
        "Time since the engine's own now; NaN before its first record.",
    ),
    histogram("linewatch_step_seconds", STEP_BUCKETS, "Time the engine takes for one record."),
    histogram(
        "linewatch_ingest_to_notice_seconds",
        NOTICE_BUCKETS,
        "Time from receiving a frame to owing the notice it caused.",
    ),
    gauge(
        "linewatch_alerts",
        &["kind", "severity", "state"],
        "Open alerts, by the state of their latest notice.",
    ),
    counter("linewatch_alerts_total", &["kind", "severity"], "Alerts opened, by their first severity."),
    gauge(
        "linewatch_alerts_waiting",
        &["for"],
        "Open alerts that nobody has acknowledged, that are shelved, or that have stood for more than a day.",
    ),
    gauge(
        "linewatch_alarm_rate",
        &["over"],
        "Notices that rang per ten minutes: in the last ten, the most ever, on average; NaN until known.",
    ),
    gauge("linewatch_alarm_flood", &[], "1 while there are more notices than a person can take in."),
    gauge("linewatch_alarm_flood_ratio", &[], "Share of the time in flood; NaN until known."),
    gauge("linewatch_alarm_held", &[], "Notices held so far, in floods and of shelved alerts."),
    gauge("linewatch_alarm_chattering", &[], "Alerts so far that came back within a minute of their end."),
    counter(
        "linewatch_acts_total",
        &["act", "outcome"],
        "What persons did to alerts: done, so already, or refused and why.",
    ),
    histogram(
        "linewatch_acknowledged_after_seconds",
        ACKNOWLEDGED_BUCKETS,
        "Time from raising an alert to its acknowledgement.",
    ),
    gauge("linewatch_notices_pending", &["sink"], "Notices a sink is still owed."),
    gauge(
        "linewatch_notices_oldest_age_seconds",
        &["sink"],
        "Time since the oldest notice still owed was raised; 0 if none is.",
    ),
    counter(
        "linewatch_notices_total",
        &["sink", "outcome"],
        "Notices delivered or dropped, and attempts that will be retried.",
    ),
    gauge("linewatch_journal_bytes", &[], "Size of the journal."),
    gauge(
        "linewatch_config_reload_successful",
        &[],
        "1 if the last reading of the configuration put it in force, 0 if the one before stays.",
    ),
    gauge(
        "linewatch_journal_damaged",
        &[],
        "1 if this start found records that cannot be read: what is left was kept, and the journal goes on behind it.",
    ),
    gauge("linewatch_journal_full", &[], "1 while the journal's disk is full: frames wait, alerts go on."),
    histogram("linewatch_journal_sync_seconds", SYNC_BUCKETS, "Time one sync of the journal takes."),
    gauge("linewatch_blind_ratio", &["zone"], "Fraction of a zone no sensor sees now; NaN until known."),
    gauge(
        "linewatch_zone_trust_groups",
        &["zone"],
        "Trust groups that see a place of a zone now, on average; NaN until known.",
    ),
    counter("linewatch_gate_transits_total", &[], "Crossings by leave, through a gate."),
    counter("linewatch_exempted_total", &["exemption"], "How often use was made of an exemption."),
    gauge("linewatch_build_info", &["version"], "Always 1; which version runs."),
];
