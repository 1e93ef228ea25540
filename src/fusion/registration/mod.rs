//! Registration: every sensor's biases in range, azimuth, place and clock, found while it works and taken off.
//!
//! In: looks as fused, track by track. Out: a bias with its uncertainty per sensor and axis, the corrections in force, and
//! findings (found, corrected, jumped). Three parts: `residual` and `evidence` compare each detection with what other
//! sensors last said of the same track; `solve` finds all biases together; `search` finds what is so far off that its
//! detections meet no other sensor's track. `settle` decides what is corrected.
//!
//! Bias = reported − true: azimuth clockwise, clock stamp − true.

mod correction;
mod evidence;
mod learn;
pub(super) mod residual;
mod search;
mod settle;
mod solve;

pub(super) use correction::Correction;
use serde::{Deserialize, Serialize};

use evidence::{Evidence, Row};
use search::Peak;
use solve::Solution;

use super::monitor::{Limits, Monitor};
use crate::sensor::{SensorIndex, SensorKind, SensorModel};
use crate::time::Timestamp;

/// How many ways a sensor can be wrong.
pub(super) const AXES: usize = 5;

/// A way a sensor can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Slant range, metres.
    Range,
    /// Azimuth or heading, radians, clockwise.
    Azimuth,
    /// Reported or own place eastward, metres.
    East,
    /// The same northward, metres.
    North,
    /// Time stamps, seconds late.
    Clock,
}

impl Axis {
    /// Every axis.
    pub const ALL: [Self; AXES] = [Self::Range, Self::Azimuth, Self::East, Self::North, Self::Clock];

    /// Its place in [`Axis::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its word in metrics and pictures, with the unit those show it in.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Range => "range_m",
            Self::Azimuth => "azimuth_deg",
            Self::East => "east_m",
            Self::North => "north_m",
            Self::Clock => "clock_s",
        }
    }

    /// A value of this axis in the unit of its word: azimuths in degrees, the others as they are.
    #[must_use]
    pub fn shown(self, value: f64) -> f64 {
        if self == Self::Azimuth { value.to_degrees() } else { value }
    }
}

/// A bias as estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bias {
    /// Reported − true, in the axis's unit (radians for azimuth).
    pub value: f64,
    /// One-sigma error of `value`; the prior's where nothing is known.
    pub sigma: f64,
    /// Whether it is taken off the sensor's detections now.
    pub compensated: bool,
}

/// Something that was found out about a sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// A bias far outside every gate was found by search.
    Found {
        /// Along which axis.
        axis: Axis,
        /// The bias.
        bias: Bias,
    },
    /// A bias has become significant and is corrected from now on.
    Compensated {
        /// Along which axis.
        axis: Axis,
        /// The bias.
        bias: Bias,
    },
    /// A bias is no longer significant; its correction has ended.
    Released {
        /// Along which axis.
        axis: Axis,
    },
    /// A sensor that was settled is suddenly wrong otherwise: its estimate begins anew.
    Jumped,
    /// It is not what its configuration says.
    Faulty(super::monitor::Fault),
    /// It is again what its configuration says.
    Recovered(super::monitor::Fault),
}

/// What is known of one sensor.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Standing {
    /// Axes along which its detections say anything.
    observable: [bool; AXES],
    /// One sigma of its own noise per axis, as last told.
    noise: Row,
    correction: Correction,
    compensated: [bool; AXES],
    /// Looks from this number on were measured with the correction in force.
    since_look: u64,
    /// When its estimate began.
    begun: Timestamp,
    /// Looks seen; some work is done only every few.
    looks: u32,
    searched: Timestamp,
    /// What a search found, waiting for others to find it again, and how many have.
    suspected: Option<(Peak, u32)>,
    monitor: Monitor,
}

/// Every sensor's registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Registration {
    sensors: Vec<Standing>,
    evidence: Evidence,
    solution: Solution,
    /// The evidence is weighed as of this time.
    weighed: Timestamp,
    /// Comparisons since the last solution.
    fresh: u32,
    /// From this look on nobody is off as much as before: what was learned of who sees whom begins anew.
    pub(super) moved: u64,
    #[serde(skip)]
    findings: Vec<(SensorIndex, Finding)>,
    #[serde(skip)]
    search: search::Search,
}

/// Prior one-sigma biases by axis for a sensor that stands still: its place is surveyed, its clock disciplined.
const FIXED_PRIOR: Row = [30.0, 0.017_453, 5.0, 5.0, 0.25];
/// For one that reports positions: nothing but its place and clock can be wrong.
const PLACE_PRIOR_M: f64 = 15.0;

fn prior(model: &SensorModel) -> Row {
    let mut prior = FIXED_PRIOR;
    if !matches!(model.kind, SensorKind::Radar | SensorKind::Lidar) {
        (prior[Axis::East.index()], prior[Axis::North.index()]) = (PLACE_PRIOR_M, PLACE_PRIOR_M);
    }
    prior
}

impl Registration {
    /// Nothing known of any sensor.
    pub(super) fn new(sensors: &[SensorModel]) -> Self {
        let start = Timestamp::from_nanos(i64::MIN);
        let scales: Vec<Row> = sensors.iter().map(prior).collect();
        let limits = Limits::new();
        let standing = |model: &SensorModel| Standing {
            observable: [false; AXES],
            noise: [
                model.range_sigma_m.unwrap_or(0.0),
                model.azimuth_sigma_rad.unwrap_or(0.0),
                model.position_sigma_m.unwrap_or(0.0),
                model.position_sigma_m.unwrap_or(0.0),
                0.0,
            ],
            correction: Correction::NONE,
            compensated: [false; AXES],
            since_look: 0,
            begun: start,
            looks: 0,
            searched: start,
            suspected: None,
            monitor: Monitor::new(limits),
        };
        Self {
            sensors: sensors.iter().map(standing).collect(),
            solution: Solution::prior(&scales),
            evidence: Evidence::new(scales),
            weighed: start,
            fresh: 0,
            moved: 0,
            findings: Vec::new(),
            search: search::Search::default(),
        }
    }

    /// What was learned, under the configuration of `new`; nothing if it is of another number of sensors.
    pub(super) fn configured_as(mut self, new: &Self) -> Option<Self> {
        let sensors = new.sensors.len();
        self.evidence.scales.clone_from(&new.evidence.scales);
        let lengths = [self.sensors.len(), self.evidence.own.len(), self.solution.value.len()];
        let fits = lengths == [sensors; 3]
            && self.solution.variance.len() == sensors
            && self.evidence.pairs.keys().all(|(low, high)| low < high && high.index() < sensors);
        fits.then_some(self)
    }

    /// What is taken off a sensor's detections now.
    pub(super) fn correction(&self, sensor: SensorIndex) -> Correction {
        self.sensors.get(sensor.index()).map_or(Correction::NONE, |of| of.correction)
    }

    /// A sensor's biases by [`Axis`]; `None` along axes its detections say nothing about.
    pub(super) fn biases(&self, sensor: SensorIndex) -> [Option<Bias>; AXES] {
        let Some(of) = self.sensors.get(sensor.index()) else { return [None; AXES] };
        let (value, variance) =
            (&self.solution.value[sensor.index()], &self.solution.variance[sensor.index()]);
        std::array::from_fn(|axis| {
            of.observable[axis].then(|| Bias {
                value: value[axis],
                sigma: variance[axis].max(0.0).sqrt(),
                compensated: of.compensated[axis],
            })
        })
    }

    /// What a sensor does beside what it should.
    pub(super) fn monitor(&self, sensor: SensorIndex) -> Option<&Monitor> {
        self.sensors.get(sensor.index()).map(|of| &of.monitor)
    }

    /// What the last look found out.
    pub(super) fn findings(&self) -> &[(SensorIndex, Finding)] {
        &self.findings
    }

    /// Forgets the last look's findings.
    pub(super) fn begin_look(&mut self) {
        self.findings.clear();
    }
}

#[cfg(test)]
mod tests;
