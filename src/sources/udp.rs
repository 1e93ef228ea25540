//! The UDP source: unicast or multicast datagrams, one frame each.
//!
//! Several radars may share a port; a datagram's ASTERIX source identity says whose it is. Nothing is acknowledged and
//! nobody can be held back: when the pipeline has no room a datagram is dropped and counted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::{Intake, Stopped, UNKNOWN_SENSOR, refused, told_to};
use crate::backoff::Backoff;
use crate::metrics::Metrics;
use crate::record::{Body, Link};
use crate::sensor::SensorId;
use crate::wire::asterix::peek_source;

/// The largest datagram there is.
const LARGEST_DATAGRAM_BYTES: usize = 65_536;
/// What the kernel may hold for us while the pipeline is busy.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
const BACKOFF_BASE: Duration = Duration::from_millis(250);
const BACKOFF_CAP: Duration = Duration::from_secs(5);

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

impl Settings {
    /// The socket's label in metrics and logs.
    #[must_use]
    pub fn label(&self) -> String {
        format!("udp:{}", self.listen)
    }

    /// Whose datagram this is.
    fn sensor_of(&self, datagram: &[u8]) -> Option<&SensorId> {
        if let [(only, _)] = self.sensors.as_slice() {
            // Its decoder checks the identity, and counts what is not its own by name.
            return Some(only);
        }
        let source = peek_source(datagram)?;
        self.sensors.iter().find(|(_, identity)| *identity == Some(source)).map(|(id, _)| id)
    }
}

/// Receives until `stop` turns true or the pipeline is gone.
pub async fn run(settings: Settings, intake: Intake, metrics: Arc<Metrics>, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(BACKOFF_BASE, BACKOFF_CAP);
    loop {
        let ended = tokio::select! {
            ended = session(&settings, &intake, &metrics, &mut backoff) => ended,
            () = told_to(&mut stop) => return,
        };
        metrics.source_up(&settings.label(), false);
        let Err(error) = ended else { return };
        let wait = backoff.next_wait();
        tracing::warn!(listen = %settings.listen, %error, retry_in = ?wait, "UDP socket failed");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to(&mut stop) => return,
        }
    }
}

async fn session(
    settings: &Settings,
    intake: &Intake,
    metrics: &Metrics,
    backoff: &mut Backoff,
) -> std::io::Result<()> {
    let socket = open(settings)?;
    metrics.source_up(&settings.label(), true);
    tracing::info!(listen = %settings.listen, group = ?settings.group, "UDP socket open");
    let mut buffer = vec![0; LARGEST_DATAGRAM_BYTES];
    loop {
        let read = socket.recv(&mut buffer).await?;
        backoff.reset();
        let datagram = &buffer[..read];
        let Some(sensor) = settings.sensor_of(datagram) else {
            if let Err(Stopped) = intake.try_send(refused(None, UNKNOWN_SENSOR, datagram)) {
                return Ok(());
            }
            continue;
        };
        let body = Body::Frame { sensor: sensor.clone(), link: Link::Udp, bytes: datagram.to_vec() };
        if let Err(Stopped) = intake.try_send(body) {
            return Ok(());
        }
    }
}

fn open(settings: &Settings) -> std::io::Result<UdpSocket> {
    let domain = if settings.listen.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if settings.group.is_some() {
        // Several listeners of one group may live on one host.
        socket.set_reuse_address(true)?;
    }
    // The kernel may give less; that is no reason not to listen.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    match (settings.group, settings.listen) {
        (Some(group), SocketAddr::V4(listen)) => {
            // Bound to the group, so that unicast to the same port is not taken for it.
            socket.bind(&SocketAddr::from((group, listen.port())).into())?;
            socket.join_multicast_v4(&group, listen.ip())?;
        }
        _ => socket.bind(&settings.listen.into())?,
    }
    UdpSocket::from_std(socket.into())
}
