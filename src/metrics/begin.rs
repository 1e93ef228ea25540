//! What the metrics show before anything has happened: every known label value, counters at zero.

use std::sync::Arc;

use super::{BIAS_AXES, Metrics, OPEN_STATES, SHED_CLASSES, TRACK_STATUSES};
use crate::engine::{Fault, IdentityConflict, Kinship, Picture, STATUS_REASONS, SensorState};
use crate::outbox::Delivery;
use crate::sensor::SensorModel;
use crate::time::Timestamp;
use crate::watch::agreement::RuleKind;
use crate::watch::alert::Severity;
use crate::watch::life::Deed;
use crate::wire;

/// The label values that are known before anything happens.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// When the process started.
    pub started: Timestamp,
    /// The sector's id.
    pub sector: &'a str,
    /// Every configured sensor, in configuration order.
    pub sensors: &'a [SensorModel],
    /// Every sink's id.
    pub sinks: &'a [&'a str],
    /// Every zone's id.
    pub zones: &'a [&'a str],
    /// Every reason the engine quarantines under.
    pub quarantine_reasons: &'a [&'a str],
    /// Every reason a source refuses under.
    pub refusal_reasons: &'a [&'a str],
}

/// Kinds of statements that are no rule's own.
const OTHER_KINDS: [&str; 3] = ["first_observed_beyond", "flood", "journal_damaged"];

impl Metrics {
    /// Puts every known label value in place: counters at zero, what is not known yet at NaN.
    pub(super) fn begin(&self, setup: &Setup<'_>) {
        for sensor in setup.sensors {
            self.begin_sensor(sensor, setup);
        }
        for reason in setup.refusal_reasons {
            self.refused.with_label_values(&["", *reason]);
        }
        for status in TRACK_STATUSES {
            self.tracks.with_label_values(&[status]);
        }
        for kinship in Kinship::ALL {
            self.lineage.with_label_values(&[kinship.as_str()]);
        }
        for kind in IdentityConflict::KINDS {
            self.identity_conflicts.with_label_values(&[kind]);
        }
        for &kind in RuleKind::ALL.iter().chain(&OTHER_KINDS) {
            for severity in Severity::ALL {
                self.alerts_total.with_label_values(&[kind, severity.as_str()]);
                for state in OPEN_STATES {
                    self.alerts.with_label_values(&[kind, severity.as_str(), state]);
                }
            }
        }
        self.show_alarms(&Picture::default());
        for deed in Deed::ALL {
            for outcome in ["done", "already", "unknown", "impossible"] {
                self.acts.with_label_values(&[deed, outcome]);
            }
        }
        for sink in setup.sinks {
            self.notices_owed(&Arc::from(*sink), 0, None);
            for outcome in Delivery::ALL {
                self.notices_total.with_label_values(&[*sink, outcome.as_str()]);
            }
        }
        for zone in setup.zones {
            self.blind_ratio(zone, f64::NAN);
            self.zone_trust_groups.with_label_values(&[*zone]).set(f64::NAN);
        }
        self.journal_bytes(0);
        self.journal_full(false);
        self.journal_damaged(false);
        self.reloaded(true);
        self.received.with_label_values(&[""]);
    }

    fn begin_sensor(&self, sensor: &SensorModel, setup: &Setup<'_>) {
        let id = sensor.id.as_str();
        self.received.with_label_values(&[id]);
        self.journaled.with_label_values(&[id]);
        let decoder = wire::reasons(sensor.format);
        for reason in decoder {
            self.rejected.with_label_values(&[id, *reason]);
        }
        for reason in decoder.iter().chain(STATUS_REASONS) {
            self.parts_refused.with_label_values(&[id, *reason]);
        }
        for reason in setup.quarantine_reasons {
            self.quarantined.with_label_values(&[id, *reason]);
        }
        for reason in setup.refusal_reasons {
            self.refused.with_label_values(&[id, *reason]);
        }
        for class in SHED_CLASSES {
            self.shed.with_label_values(&[id, class]);
        }
        self.set_state(id, SensorState::Unknown);
        for axis in BIAS_AXES {
            self.sensor_bias.with_label_values(&[id, axis]).set(f64::NAN);
        }
        for fault in Fault::ALL {
            self.set_fault(id, fault, false);
        }
        for family in [&self.nis_ratio, &self.noise_ratio, &self.clutter_ratio, &self.detection_ratio] {
            family.with_label_values(&[id]).set(f64::NAN);
        }
    }
}
