//! Simulated boxes: radars, cameras, satellites, AIS receivers and field nodes that speak their real protocols.
//!
//! One seeded [`world`] is the only truth; [`scenario`] is what it is made from, as plain data; [`sensors`] look at it
//! with noise, misses, clutter and [`faults`]; [`encode`] turns looks into bytes, written from the standards alone;
//! [`links`] carry the bytes over MQTT, UDP or a pseudo-terminal. Knows nothing of the daemon: the two meet in bytes,
//! as in the field. The same seed gives the same truth and the same noise.

pub mod calendar;
pub mod chance;
pub mod command;
pub mod encode;
pub mod faults;
pub mod links;
pub mod pace;
pub mod scenario;
pub mod sensors;
pub mod world;
