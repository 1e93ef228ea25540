#![doc = include_str!("ARCHITECTURE.md")]

pub mod geo;
pub mod record;
pub mod scan;
pub mod sensor;
pub mod time;
pub mod wire;
