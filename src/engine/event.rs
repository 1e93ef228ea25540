//! What the engine says happened: events for counters and sinks, and the picture for eyes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::fusion::{Descent, Fault, Finding, IdentityConflict, Kinship};
use crate::sensor::SensorIndex;
use crate::time::Timestamp;
use crate::watch::life::{Done, Refusal};
use crate::watch::permitted::Permitted;
use crate::watch::{Notice, Stale};

/// One thing that happened because of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A frame has been dealt with: exactly one of these per frame of a configured sensor.
    Frame {
        /// Whose.
        sensor: SensorIndex,
        /// What became of it.
        outcome: Outcome,
        /// Detections in the scans it completed.
        detections: u32,
        /// When its latest scan was measured.
        measured: Option<Timestamp>,
    },
    /// A piece of an otherwise good frame, or a status message, was refused.
    Refused {
        /// Whose.
        sensor: SensorIndex,
        /// Under which name.
        reason: &'static str,
    },
    /// A record named a sensor that is not configured.
    UnknownSensor,
    /// A sensor's state changed.
    SensorState {
        /// Whose.
        sensor: SensorIndex,
        /// What it is now.
        state: SensorState,
    },
    /// Something was found out about a sensor's biases or faults.
    Finding {
        /// Whose.
        sensor: SensorIndex,
        /// What.
        finding: Finding,
    },
    /// Two tracks were found to be one thing, or one to have parted from the other.
    Lineage(Descent),
    /// Identities began to disagree.
    IdentityConflict(IdentityConflict),
    /// Other settings are in force from here on.
    Reloaded {
        /// What was known of tracks went over: the sensors are the same, in the same order.
        carried: bool,
    },
    /// A person did something to an alert, or tried.
    Act {
        /// What: one of `Deed::ALL`, or `unknown`.
        deed: &'static str,
        /// What it did, or why nothing.
        outcome: Result<Done, Refusal>,
    },
    /// Something happened by leave: through a gate, or under an exemption. In the record, owed to nobody.
    Permitted(Arc<Permitted>),
    /// Something is said; owed to every sink from now on, unless it is held.
    Notice(Arc<Notice>),
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Decoded and fused (or collected by its decoder until the look is complete).
    Used,
    /// Seen before.
    Duplicate,
    /// Not understood, under this name.
    Rejected(&'static str),
    /// Understood, but its time or number cannot be right, under this name.
    Quarantined(&'static str),
    /// Measured too long ago to be used.
    TooLate,
}

impl Outcome {
    /// Every outcome's word, for metrics.
    pub const ALL: [&'static str; 5] = ["used", "duplicate", "rejected", "quarantined", "too_late"];

    /// How it was not new, if that is why it was set aside.
    pub(super) fn stale(self) -> Option<Stale> {
        match self {
            Self::Duplicate => Some(Stale::Repeated),
            Self::Quarantined(super::FROM_THE_FUTURE | super::FROM_THE_PAST) => Some(Stale::OutOfTime),
            Self::Quarantined(_) => Some(Stale::Backwards),
            Self::Used | Self::Rejected(_) | Self::TooLate => None,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Duplicate => "duplicate",
            Self::Rejected(_) => "rejected",
            Self::Quarantined(_) => "quarantined",
            Self::TooLate => "too_late",
        }
    }
}

/// What is believed of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SensorState {
    /// Never heard.
    Unknown,
    /// Heard lately, says it is well.
    Online,
    /// Heard lately, says it is not well.
    Degraded,
    /// It, or its last will, says it is gone.
    Offline,
    /// Said nothing for several of its periods.
    Silent,
}

impl SensorState {
    /// Every state, for metrics.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Online, Self::Degraded, Self::Offline, Self::Silent];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Online => "online",
            Self::Degraded => "degraded",
            Self::Offline => "offline",
            Self::Silent => "silent",
        }
    }
}

/// All live tracks, sensors and open alerts now; what the page and the API show.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// The engine's now.
    pub time: Option<Timestamp>,
    /// Which sector.
    pub sector: String,
    /// Nothing of this is real.
    pub exercise: bool,
    /// Confirmed and coasting tracks, by ascending id.
    pub tracks: Vec<TrackRow>,
    /// Tentative tracks: how many.
    pub tentative: usize,
    /// Fixed echoes: how many.
    pub fixed: usize,
    /// Every configured sensor, in configuration order.
    pub sensors: Vec<SensorRow>,
    /// Every zone of the agreement, in its order.
    pub zones: Vec<ZoneRow>,
    /// The latest links between tracks, oldest first; a few hundred.
    pub lineage: Vec<LineageRow>,
    /// Identities that disagree now.
    pub identity_conflicts: Vec<ConflictRow>,
    /// Open alerts' latest notices, by id; a flood's groups behind them.
    pub alerts: Vec<Notice>,
    /// How well the alarms serve those who hear them.
    pub alarms: AlarmRow,
    /// What was let pass; for metrics alone.
    #[serde(skip)]
    pub leave: Leave,
}

/// What happened by leave so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// Crossings through gates.
    pub gate_transits: u64,
    /// How often use was made of each exemption, by its id.
    pub exempted: Vec<(Arc<str>, u64)>,
}

/// One track in the picture; also one line of `replay --tracks`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackRow {
    /// The instant the state holds for.
    pub time: Timestamp,
    /// The track's id.
    pub track: String,
    /// East of the sector's origin.
    pub east_m: f64,
    /// North of the sector's origin.
    pub north_m: f64,
    /// Eastward velocity.
    pub v_east_mps: f64,
    /// Northward velocity.
    pub v_north_mps: f64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Covariance, row-major, e n ve vn.
    pub cov: Vec<f64>,
    /// Probability that it is real.
    pub existence: f64,
    /// Probability of each class that has at least one in a thousand.
    pub class: std::collections::BTreeMap<&'static str, f64>,
    /// The sensors that fed it in the last half minute.
    pub sensors: Vec<String>,
    /// Claimed identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Confirmed or coasting.
    pub status: &'static str,
    /// The track that this one continues after a gap. Lineage is in the picture only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The track that this one parted from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_from: Option<String>,
    /// The latest tracks that turned out to be this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<String>,
}

/// The alarms' indicators (EEMUA 191), since the log began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AlarmRow {
    /// Since when there is a flood, if there is one.
    pub flood_since: Option<Timestamp>,
    /// Notices that rang in the last ten minutes.
    pub rang_lately: usize,
    /// Notices that rang per ten minutes, on average; absent until known.
    pub rang_average: Option<f64>,
    /// The most that rang in any ten minutes.
    pub rang_most: u32,
    /// Notices held, in floods and of shelved alerts.
    pub held: u64,
    /// Share of the time in flood; absent until known.
    pub flood_ratio: Option<f64>,
    /// Alerts that came back within a minute of their end.
    pub chattering: u64,
}

/// How much of a zone is watched; absent until known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ZoneRow {
    /// Its id.
    pub zone: String,
    /// Share of it that no sensor sees, in [0, 1].
    pub blind_ratio: Option<f64>,
    /// Share that at least two trust groups see.
    pub corroborated_ratio: Option<f64>,
    /// Trust groups that see a place of it, on average.
    pub trust_groups: Option<f64>,
    /// Share that each trust group sees, of those that see any.
    pub watched_by: std::collections::BTreeMap<String, f64>,
}

/// One link between two tracks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineageRow {
    /// When the younger was first measured; for a merger, when it ended.
    pub time: Timestamp,
    /// `continues`, `split_from` or `merged_into`.
    pub kind: &'static str,
    /// The younger.
    pub track: String,
    /// The older.
    pub of: String,
    /// Probability against its alternatives.
    pub probability: f64,
}

/// Identities that disagree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConflictRow {
    /// When it was first reported.
    pub since: Timestamp,
    /// `two_on_one` or `one_on_two`.
    pub kind: &'static str,
    /// The identities in question.
    pub identities: Vec<String>,
    /// The tracks in question.
    pub tracks: Vec<String>,
}

/// One sensor in the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensorRow {
    /// Its id.
    pub sensor: String,
    /// Its kind.
    pub kind: &'static str,
    /// What is believed of it.
    pub state: SensorState,
    /// When its last scan was received.
    pub last_received: Option<Timestamp>,
    /// Time since its latest scan was measured, seconds.
    pub age_s: Option<f64>,
    /// Frames used.
    pub used: u64,
    /// Detections in them.
    pub detections: u64,
    /// Where it stands or stood last, degrees.
    pub position: Option<[f64; 2]>,
    /// Normalised innovation squared over its degrees of freedom; absent until known.
    pub nis_ratio: Option<f64>,
    /// What other sensors show of it.
    pub health: SensorHealth,
}

/// What other sensors show of one sensor; absent until known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SensorHealth {
    /// Systematic errors, reported − true, by axis (`range_m`, `azimuth_deg`, `east_m`, `north_m`, `clock_s`).
    pub bias: std::collections::BTreeMap<&'static str, BiasRow>,
    /// What it does that its configuration does not say.
    pub faults: Vec<&'static str>,
    /// One-sigma errors found over told.
    pub noise_ratio: Option<f64>,
    /// Detections of nothing found over told.
    pub clutter_ratio: Option<f64>,
    /// Detections of believed targets over those expected.
    pub detection_ratio: Option<f64>,
}

/// One systematic error, in the unit its axis names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BiasRow {
    /// Reported − true.
    pub value: f64,
    /// One-sigma error of it.
    pub sigma: f64,
    /// Whether it is taken off the sensor's detections now.
    pub compensated: bool,
}
