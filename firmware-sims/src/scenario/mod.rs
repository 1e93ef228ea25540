//! What a simulated world is made from, as plain data: agents and their routes, the agreement's geometry, the boxes.
//!
//! Read from JSON, or built in ([`kerguelen`]). Positions are `[lat, lon]` in degrees, WGS-84; a file may instead say
//! `"metres": true` and give every position as `[east, north]` of its origin. Times are seconds of world time, which
//! starts at 0. Nothing here says when anybody crosses: that follows from the routes.

mod boxes;
mod kerguelen;
mod layout;
mod members;
mod render;

pub use boxes::{BoxKind, BoxSpec, MaskSpec};
pub use kerguelen::kerguelen;
pub(crate) use members::Member;
pub use members::{Followers, PopulationSpec};
pub use render::Links;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A whole scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// For people.
    pub name: String,
    /// Everything random follows from it.
    pub seed: u64,
    /// The sector's id, also the MQTT topic segment.
    pub sector: String,
    /// When world time 0 is, Unix seconds; absent: 2026-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_s: Option<i64>,
    /// Origin of local metres, `[lat, lon]`.
    pub origin: [f64; 2],
    /// In a file: every other position is `[east, north]` of the origin, metres. Once read it never is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub metres: bool,
    /// How long a simulation of it runs, unless told otherwise, seconds.
    pub duration_s: f64,
    /// The line.
    pub line: LineSpec,
    /// Authorised crossings.
    #[serde(default)]
    pub gates: Vec<GateSpec>,
    /// Zones that rules name.
    #[serde(default)]
    pub zones: Vec<ZoneSpec>,
    /// The agreement's rules.
    #[serde(default)]
    pub rules: Vec<RuleSpec>,
    /// Who moves, one by one.
    #[serde(default)]
    pub agents: Vec<AgentSpec>,
    /// Who moves, in crowds.
    #[serde(default)]
    pub populations: Vec<PopulationSpec>,
    /// Who watches.
    pub boxes: Vec<BoxSpec>,
}

/// A line between two parties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// Its id.
    pub id: String,
    /// The party on the left, walking along the coordinates.
    pub left: String,
    /// The party on the right.
    pub right: String,
    /// Vertices, `[lat, lon]`.
    pub coordinates: Vec<[f64; 2]>,
}

/// A place where crossing is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// Its id.
    pub id: String,
    /// Centre, `[lat, lon]`.
    pub center: [f64; 2],
    /// Radius, metres.
    pub radius_m: f64,
    /// Who may pass.
    pub classes: Vec<Class>,
    /// `any`, `left_to_right` or `right_to_left`.
    pub direction: String,
}

/// A polygon on the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneSpec {
    /// Its id.
    pub id: String,
    /// Corners, `[lat, lon]`, not repeated at the end.
    pub polygon: Vec<[f64; 2]>,
}

/// A clause made testable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Its id.
    pub id: String,
    /// `crossing`, `presence` or `ceiling`.
    pub kind: String,
    /// The line of a crossing rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The zone of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Whom it binds; empty binds all.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// The ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The clause it makes testable.
    pub clause: String,
}

/// What an agent is; the words are those of the JSON scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A person on foot.
    Person,
    /// An animal.
    Animal,
    /// A car, pick-up or van.
    LightVehicle,
    /// A lorry or bus.
    HeavyVehicle,
    /// A vehicle on tracks.
    TrackedVehicle,
    /// A manned aircraft.
    Aircraft,
    /// An unmanned one.
    Drone,
    /// A ship or boat.
    Vessel,
}

impl Class {
    /// Its word in messages and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Animal => "animal",
            Self::LightVehicle => "light-vehicle",
            Self::HeavyVehicle => "heavy-vehicle",
            Self::TrackedVehicle => "tracked-vehicle",
            Self::Aircraft => "aircraft",
            Self::Drone => "drone",
            Self::Vessel => "vessel",
        }
    }
}

/// One mover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// Its name in the truth.
    pub id: String,
    /// What it is.
    pub class: Class,
    /// Cruising speed, metres per second.
    pub speed_mps: f64,
    /// Height above the ground, metres.
    #[serde(default)]
    pub altitude_m: f64,
    /// When it sets out, world seconds; may be negative: it is then already on its way at 0.
    #[serde(default)]
    pub start_s: f64,
    /// Where it goes.
    pub route: Vec<Waypoint>,
    /// What it does at the end of the route.
    #[serde(default)]
    pub then: Then,
    /// Its AIS station, if it carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ais: Option<AisSpec>,
    /// It does not exist: these boxes alone, by their ids, report it as though it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_by: Vec<String>,
    /// Others that come after it on the same route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followers: Option<Followers>,
    /// It has no driver: from the first waypoint it sets out towards the second and is pushed about by white
    /// acceleration of this spectral density per axis, m²/s³.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub white_acceleration_m2ps3: Option<f64>,
}

/// A corner of a route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waypoint {
    /// Where, `[lat, lon]`.
    pub at: [f64; 2],
    /// How long to stand there, seconds; absent: pass through without stopping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_s: Option<f64>,
}

/// What follows the last waypoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It stands there for good.
    Stay,
    /// It leaves the world.
    Vanish,
    /// It goes back the way it came, and again.
    #[default]
    Return,
    /// It closes the circuit to the first waypoint, and again.
    Loop,
}

/// A ship's AIS station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AisSpec {
    /// Nine digits.
    pub mmsi: u32,
    /// Ship's name, at most twenty characters.
    pub name: String,
    /// Call sign, at most seven characters.
    pub callsign: String,
    /// Type of ship and cargo (ITU-R M.1371 table 53).
    pub ship_type: u8,
    /// Class B station (messages 18 and 24 instead of 1 and 5).
    #[serde(default)]
    pub class_b: bool,
    /// It is switched off from this world time on, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_from_s: Option<f64>,
    /// Bow, stern, port, starboard of the antenna, metres.
    pub dimensions_m: [u16; 4],
}

/// A scenario that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// Key path, as `agents[3].route`.
    pub path: String,
    /// What was found there and what is expected.
    pub problem: String,
}

impl ScenarioError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for ScenarioError {}

impl Scenario {
    /// Reads a scenario from JSON.
    ///
    /// # Errors
    /// The text is no JSON, or no scenario; the message names the line and the key.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        let mut read: Self =
            serde_json::from_str(text).map_err(|error| ScenarioError::new("scenario", error.to_string()))?;
        if std::mem::take(&mut read.metres) {
            let layout = layout::Layout::new(read.origin);
            read.each_position(|at| *at = layout.at(at[0], at[1]));
        }
        Ok(read)
    }

    /// Every position but the origin.
    fn each_position(&mut self, mut change: impl FnMut(&mut [f64; 2])) {
        self.line.coordinates.iter_mut().for_each(&mut change);
        self.gates.iter_mut().map(|gate| &mut gate.center).for_each(&mut change);
        self.zones.iter_mut().flat_map(|zone| &mut zone.polygon).for_each(&mut change);
        self.agents
            .iter_mut()
            .flat_map(|agent| &mut agent.route)
            .map(|corner| &mut corner.at)
            .for_each(&mut change);
        self.populations.iter_mut().flat_map(|population| &mut population.area).for_each(&mut change);
        for spec in &mut self.boxes {
            change(&mut spec.position);
            spec.masks.iter_mut().flat_map(|mask| &mut mask.polygon).for_each(&mut change);
        }
    }

    /// The scenario as JSON, readable by [`Scenario::from_json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with string keys always serialises")
    }

    /// The box called `id`.
    #[must_use]
    pub fn find_box(&self, id: &str) -> Option<&BoxSpec> {
        self.boxes.iter().find(|spec| spec.id == id)
    }
}
