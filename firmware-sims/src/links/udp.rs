//! Datagrams, one frame in each.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::{Kind, Link};

pub(super) struct Udp {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Udp {
    pub(super) fn open(to: SocketAddr) -> io::Result<Self> {
        let any = if to.is_ipv4() {
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
        } else {
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
        };
        Ok(Self { socket: UdpSocket::bind(any)?, to })
    }
}

impl Link for Udp {
    fn send(&mut self, kind: Kind, bytes: &[u8]) -> bool {
        // An unreachable listener answers with an error that belongs to an earlier datagram; it is just lost.
        kind == Kind::Frame && self.socket.send_to(bytes, self.to).is_ok()
    }
}
