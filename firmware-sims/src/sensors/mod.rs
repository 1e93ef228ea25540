//! The boxes: each looks at the world at its own times and says what it saw in its own language.
//!
//! A [`Firmware`] is pure in world time: it produces emissions with the world time at which each leaves the box. [`spawn`]
//! runs one in a thread against a clock and a link; [`record`] runs one as fast as it goes, for simulated recordings.

mod ais_receiver;
mod camera;
mod field_node;
mod line;
mod plots;
mod radar;
mod radar_tracker;
mod rig;
mod running;
mod satellite;

pub use line::Line;
pub use running::{BoxHandle, spawn};

use std::fmt;

use crate::faults::{FaultError, Faults};
use crate::links::Kind;
use crate::scenario::{BoxKind, BoxSpec};
use crate::world::World;
use rig::Rig;

/// One message of a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    /// World time at which it leaves the box, seconds.
    pub due_s: f64,
    /// What it is.
    pub kind: Kind,
    /// Its bytes as they go over the wire.
    pub bytes: Vec<u8>,
}

/// What runs in a box.
pub trait Firmware: Send {
    /// The next look: appends what it makes the box send, in order. Never goes back in time.
    fn step(&mut self, world: &World, out: &mut Vec<Emission>);
}

/// How a box is switched on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// World time 0, nanoseconds since 1970.
    pub epoch_ns: i64,
    /// Its restart counter.
    pub boot: u64,
    /// World time at which it starts to look, seconds.
    pub at_s: f64,
}

/// The firmware of a box, its faults not yet on the line (see [`Line`]).
///
/// # Errors
/// A fault in the box's list that is none.
pub fn firmware(spec: &BoxSpec, world: &World, start: Start) -> Result<Box<dyn Firmware>, FaultError> {
    let faults = Faults::parse(&spec.faults)?;
    let start = Start { at_s: start.at_s + spec.phase_s, ..start };
    let rig = Rig::new(spec.clone(), world, start, faults);
    Ok(match spec.kind {
        BoxKind::Radar => Box::new(radar::Radar::new(rig)),
        BoxKind::RadarTracker => Box::new(radar_tracker::RadarTracker::new(rig)),
        BoxKind::Camera => Box::new(camera::Camera::new(rig)),
        BoxKind::Satellite => Box::new(satellite::Satellite::new(rig)),
        BoxKind::AisReceiver => Box::new(ais_receiver::AisReceiver::new(rig)),
        BoxKind::FieldNode => Box::new(field_node::FieldNode::new(rig)),
        BoxKind::PlotRadar | BoxKind::Lidar => Box::new(plots::Plots::new(rig)),
    })
}

/// Everything a box says until world time `until_s`, faults included, as its receiver would frame it: datagrams and
/// JSON as they are, sentences without their line ends, field frames without their delimiters.
///
/// # Errors
/// A fault in the box's list that is none.
pub fn record(
    spec: &BoxSpec,
    world: &World,
    start: Start,
    until_s: f64,
) -> Result<Vec<Emission>, FaultError> {
    let mut firmware = firmware(spec, world, start)?;
    let mut line = Line::new(spec, world.seed(), start)?;
    let (mut batch, mut sent, mut said) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        firmware.step(world, &mut batch);
        for emission in batch.drain(..) {
            if emission.due_s > until_s {
                return Ok(said);
            }
            line.pass(emission, &mut sent);
            said.extend(sent.drain(..).map(|emission| unframed(spec.kind, emission)));
        }
    }
}

fn unframed(kind: BoxKind, mut emission: Emission) -> Emission {
    if emission.kind == Kind::Status || !kind.is_serial() {
        return emission;
    }
    let ends: &[u8] = if kind == BoxKind::FieldNode { &[0] } else { b"\r\n" };
    while emission.bytes.last().is_some_and(|byte| ends.contains(byte)) {
        emission.bytes.pop();
    }
    let first = emission.bytes.iter().position(|byte| !ends.contains(byte)).unwrap_or(0);
    emission.bytes.drain(..first);
    emission
}

impl fmt::Display for BoxKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Radar => "radar",
            Self::RadarTracker => "radar-tracker",
            Self::Camera => "camera",
            Self::Satellite => "satellite",
            Self::AisReceiver => "ais-receiver",
            Self::FieldNode => "field-node",
            Self::PlotRadar => "plot-radar",
            Self::Lidar => "lidar",
        })
    }
}

#[cfg(test)]
mod plots_tests;
#[cfg(test)]
mod tests;
