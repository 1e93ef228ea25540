//! The daemon's own log, machine and delivery under simulated time, disk and network.

pub(crate) mod dice;
pub(crate) mod disk;
