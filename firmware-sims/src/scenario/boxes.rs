//! What a scenario says of its boxes: kind, place, errors, faults.

use serde::{Deserialize, Serialize};

use super::Class;

/// What kind of box it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoxKind {
    /// A rotating radar that sends ASTERIX plots.
    Radar,
    /// A marine radar with its own tracker that sends TTM and TLL sentences.
    RadarTracker,
    /// A camera that sends JSON scans.
    Camera,
    /// A satellite's ground station that sends whole-scene track reports, late.
    Satellite,
    /// An AIS base station's receiver.
    AisReceiver,
    /// A small buried node that sends binary frames.
    FieldNode,
    /// A radar that sends the plots of each rotation as one JSON scan.
    PlotRadar,
    /// A lidar: JSON scans with as many echoes of one thing as its beams meet.
    Lidar,
}

impl BoxKind {
    /// Whether it is wired by a serial line rather than a network.
    #[must_use]
    pub const fn is_serial(self) -> bool {
        matches!(self, Self::RadarTracker | Self::AisReceiver | Self::FieldNode)
    }
}

/// One box: what it truly is, which is also what the daemon is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxSpec {
    /// Sensor id, also its topic segment.
    pub id: String,
    /// What it is.
    pub kind: BoxKind,
    /// Where it stands, `[lat, lon]`.
    pub position: [f64; 2],
    /// Height of the antenna or lens above the ellipsoid, metres.
    #[serde(default)]
    pub altitude_m: f64,
    /// Boresight, clockwise from true north.
    #[serde(default)]
    pub heading_deg: f64,
    /// Full width of the view.
    #[serde(default = "all_round")]
    pub field_of_view_deg: f64,
    /// Slant range beyond which it sees nothing.
    pub max_range_m: f64,
    /// One-sigma slant range error.
    #[serde(default)]
    pub range_sigma_m: f64,
    /// One-sigma azimuth error.
    #[serde(default)]
    pub azimuth_sigma_deg: f64,
    /// One-sigma position error per axis, for boxes that report positions.
    #[serde(default)]
    pub position_sigma_m: f64,
    /// Probability of detecting a target in view in one look.
    pub detection_probability: f64,
    /// Mean number of detections of nothing in one look.
    #[serde(default)]
    pub false_alarms_per_scan: f64,
    /// Time between looks: a radar's rotation, a camera's frame, a satellite's revisit.
    pub period_s: f64,
    /// When it first looks, seconds after it is switched on.
    #[serde(default)]
    pub phase_s: f64,
    /// Time between a look and its message leaving the box.
    #[serde(default)]
    pub delay_s: f64,
    /// Classes it can see; empty sees all.
    #[serde(default)]
    pub sees: Vec<Class>,
    /// A camera without a range: azimuths only.
    #[serde(default)]
    pub bearings_only: bool,
    /// A satellite that reports positions instead of tracks of its own.
    #[serde(default)]
    pub positions_only: bool,
    /// Fewest and most echoes of one thing in one look of a lidar.
    #[serde(default = "one_echo")]
    pub echoes: [u32; 2],
    /// Where it cannot see, or sees badly.
    #[serde(default)]
    pub masks: Vec<MaskSpec>,
    /// Boxes that could fail, or be captured, together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_group: Option<String>,
    /// ASTERIX source identity of a radar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sac_sic: Option<[u8; 2]>,
    /// What goes wrong, in the words of `--fault`.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// A part of the ground that a box sees badly or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskSpec {
    /// Corners, `[lat, lon]`, not repeated at the end.
    pub polygon: Vec<[f64; 2]>,
    /// Probability of detecting a target in there.
    #[serde(default)]
    pub detection_probability: f64,
    /// Nobody told the daemon.
    #[serde(default)]
    pub untold: bool,
}

const fn all_round() -> f64 {
    360.0
}

const fn one_echo() -> [u32; 2] {
    [1, 1]
}
