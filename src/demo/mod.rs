//! The demonstration: an embedded broker, the simulated boxes and the daemon in one process.

pub mod broker;
pub mod stage;
