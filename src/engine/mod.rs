//! The engine: `step(&Record) -> Vec<Event>` and `picture()`. No clock, no I/O, no randomness, no async.

pub mod event;

pub use event::{Event, Outcome, Picture, SensorState};
