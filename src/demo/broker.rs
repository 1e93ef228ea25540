//! An MQTT broker inside the process, for the demo and for tests.
//!
//! In: a loopback address. Out: a broker that lets anybody in and keeps sessions, wills and retained messages in memory
//! until it is dropped. Knows nothing of the daemon: they meet in bytes.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::{Context as _, ensure};
use mqtt5::broker::MqttBroker;
use mqtt5::broker::config::{AuthConfig, BrokerConfig, RateLimitConfig, StorageBackend, StorageConfig};
use mqtt5::broker::server::BrokerShutdownHandle;

/// Far above any scan, so that the daemon's own limit is the one that is met.
const MAX_PACKET_BYTES: usize = 64 << 20;
/// Messages sent to one subscriber and not acknowledged yet: a slow log must not idle the wire.
const MAX_IN_FLIGHT: u16 = 1_000;
/// Messages kept for a subscriber that is away or slow.
const MAX_QUEUED: usize = 100_000;
/// Their bytes.
const MAX_QUEUED_BYTES: usize = 64 << 20;

/// A running broker; dropping it disconnects every client and forgets everything.
pub struct Broker {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts a broker on `addr`, which must be loopback; port 0 takes a free one. It runs on a thread of its own, so a
    /// busy daemon beside it cannot slow it down unseen.
    ///
    /// # Errors
    /// The address is not loopback, or cannot be listened on.
    pub fn start(addr: SocketAddr) -> anyhow::Result<Self> {
        ensure!(
            addr.ip().is_loopback(),
            "{addr}: the built-in broker asks nobody's name, so it stays on loopback"
        );
        let (started, is_started) = mpsc::channel();
        // The runtime is made and used on that thread alone, so that a caller may be inside a runtime of its own.
        let thread = std::thread::Builder::new()
            .name("broker".into())
            .spawn(move || {
                if let Err(error) = serve(addr, &started) {
                    tracing::error!("the built-in broker: {error:#}");
                    // Nobody waits any more if it had started.
                    let _ = started.send(Err(error));
                }
            })
            .context("starting the broker's thread")?;
        let (address, shutdown) = is_started.recv().context("the broker ended before it was ready")??;
        Ok(Self { address, shutdown, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shutdown.shutdown();
        if let Some(thread) = self.thread.take() {
            // A broker that panicked is as gone as one that stopped.
            let _ = thread.join();
        }
    }
}

type Started = anyhow::Result<(SocketAddr, BrokerShutdownHandle)>;

/// Serves until shut down; tells `started` once clients may come.
fn serve(addr: SocketAddr, started: &mpsc::Sender<Started>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut broker = MqttBroker::with_config(settings(addr)).await?;
        let address = broker.local_addr().context("the broker's own address")?;
        let shutdown = broker.shutdown_handle();
        let mut readiness = broker.ready_receiver();
        let started = started.clone();
        tokio::spawn(async move {
            if readiness.wait_for(|ready| *ready).await.is_ok() {
                // The caller waits for exactly this.
                let _ = started.send(Ok((address, shutdown)));
            }
        });
        Ok(broker.run().await?)
    })
}

fn settings(addr: SocketAddr) -> BrokerConfig {
    BrokerConfig {
        bind_addresses: vec![addr],
        max_packet_size: MAX_PACKET_BYTES,
        max_outbound_inflight: MAX_IN_FLIGHT,
        client_channel_capacity: MAX_QUEUED,
        auth_config: AuthConfig {
            allow_anonymous: true,
            rate_limit: RateLimitConfig { enabled: false, ..RateLimitConfig::default() },
            ..AuthConfig::default()
        },
        storage_config: StorageConfig {
            backend: StorageBackend::Memory,
            enable_persistence: true,
            max_queued_messages_per_client: MAX_QUEUED,
            max_queued_bytes_per_client: MAX_QUEUED_BYTES,
            ..StorageConfig::default()
        },
        sys_topics_enabled: false,
        ..BrokerConfig::default()
    }
}
