//! Sources own sockets and ports: they frame bytes, check size, rate and topic, and hand them on. They decode nothing.

pub mod mqtt;
pub mod mqtt_options;
pub mod serial;
pub mod udp;
