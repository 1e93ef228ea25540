//! The UDP source.

use std::net::{Ipv4Addr, SocketAddr};

use crate::sensor::SensorId;

/// One UDP socket. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Multicast group to join.
    pub group: Option<Ipv4Addr>,
    /// Who may speak here: one sensor, or several told apart by their ASTERIX source identity.
    pub sensors: Vec<(SensorId, Option<[u8; 2]>)>,
}
