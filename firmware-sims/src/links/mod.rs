//! What carries a box's bytes: a broker, a serial line, datagrams, or a terminal for people.
//!
//! In: frames and statuses. A box keeps nothing it cannot send: what a link cannot take now is lost, as in the field.

mod console;
mod mqtt;
mod pty;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Which link a box has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkSpec {
    /// A broker.
    Mqtt {
        /// `mqtt://host:port`; no TLS.
        url: String,
        /// First part of the topics, as `linewatch/v1`.
        prefix: String,
        /// Sector, a topic segment.
        sector: String,
        /// Sensor, a topic segment.
        sensor: String,
    },
    /// Datagrams to this address, one per frame.
    Udp(SocketAddr),
    /// A pseudo-terminal, whose reader's end may also be reachable under a fixed path.
    Pty {
        /// Symbolic link to make to the reader's end.
        symlink: Option<PathBuf>,
    },
    /// Standard output: text as it is, all else as hex.
    Console,
}

impl LinkSpec {
    /// The contract's topics of a sensor on a broker.
    #[must_use]
    pub fn mqtt(url: &str, sector: &str, sensor: &str) -> Self {
        Self::Mqtt {
            url: url.into(),
            prefix: "linewatch/v1".into(),
            sector: sector.into(),
            sensor: sensor.into(),
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One frame in the sensor's format.
    Frame,
    /// How the box feels; only brokers carry it.
    Status,
}

/// An open link.
pub trait Link: Send {
    /// Hands over one message; false if it is lost.
    fn send(&mut self, kind: Kind, bytes: &[u8]) -> bool;

    /// The box restarts under a new boot counter: its connections end as if the plug had been pulled.
    ///
    /// # Errors
    /// The link cannot be opened again.
    fn restart(&mut self, _boot: u64) -> io::Result<()> {
        Ok(())
    }

    /// The path a reader opens, for a serial line.
    fn device(&self) -> Option<&Path> {
        None
    }
}

/// Opens a link for a box in its life number `boot`. Dropping it is pulling the plug.
///
/// # Errors
/// A malformed address, a socket or a pseudo-terminal that cannot be made. A broker that is away is no error: the link
/// tries again for as long as it is open.
pub fn open(spec: &LinkSpec, boot: u64) -> io::Result<Box<dyn Link>> {
    Ok(match spec {
        LinkSpec::Mqtt { url, prefix, sector, sensor } => {
            Box::new(mqtt::Mqtt::open(url, &format!("{prefix}/{sector}/{sensor}"), boot)?)
        }
        LinkSpec::Udp(address) => Box::new(udp::Udp::open(*address)?),
        LinkSpec::Pty { symlink } => Box::new(pty::Pty::open(symlink.as_deref())?),
        LinkSpec::Console => Box::new(console::Console),
    })
}
