//! The MQTT source: scans and statuses of the sector's sensors, at QoS 1.
//!
//! In: publishes. Out: arrivals, in the broker's order. A PUBACK goes out only when the log holds the frame, in order,
//! and never on a later connection than the one the frame came by: each connection has its own client and its own
//! acknowledgements. The session is persistent, so what was not acknowledged comes again.

mod breaker;
mod connection;
mod topic;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Intake, Stopped};
use crate::backoff::Backoff;
use crate::metrics::Metrics;
use crate::sensor::SensorId;
use breaker::Breaker;
use connection::{Connection, Lost};

const BACKOFF_BASE: Duration = Duration::from_millis(250);
/// Low, because a broker must be found again within 15 s of its return.
const BACKOFF_CAP: Duration = Duration::from_secs(5);

/// How to reach the broker. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS, from `mqtts://`.
    pub tls: Option<Tls>,
    /// MQTT client id: the session's name at the broker.
    pub client_id: String,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Keep-alive interval.
    pub keep_alive: Duration,
    /// Largest payload taken.
    pub max_payload_bytes: usize,
}

/// TLS material: paths, read when connecting.
#[derive(Clone, Debug, PartialEq)]
pub struct Tls {
    /// Certificate authority, PEM; the system's roots if absent.
    pub ca_file: Option<PathBuf>,
    /// Client certificate and key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Everything the source needs beside its settings.
#[derive(Clone)]
pub struct Context {
    /// Whose topics.
    pub sector: String,
    /// The sensors that may speak: a topic that names another is refused.
    pub sensors: Arc<[SensorId]>,
    /// Where arrivals go.
    pub intake: Intake,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Listens until `stop` turns true or the pipeline is gone; reconnects for ever with back-off and jitter.
pub async fn run(settings: Settings, context: Context, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(BACKOFF_BASE, BACKOFF_CAP);
    let mut breaker = Breaker::new(settings.max_payload_bytes);
    loop {
        let ended = tokio::select! {
            ended = listen(&settings, &context, &mut breaker, &mut backoff) => ended,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        context.metrics.source_up("mqtt", false);
        match ended {
            Ended::Stopped => return,
            Ended::Lost(lost) => {
                let wait = backoff.next_wait();
                tracing::warn!(broker = %settings.host, error = %lost, retry_in = ?wait, "no MQTT connection");
                breaker.lost(&lost);
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = stop.wait_for(|stop| *stop) => return,
                }
            }
        }
    }
}

enum Ended {
    Stopped,
    Lost(Lost),
}

/// One connection, from dialling to its end.
async fn listen(
    settings: &Settings,
    context: &Context,
    breaker: &mut Breaker,
    backoff: &mut Backoff,
) -> Ended {
    let attempt = breaker.attempt();
    let mut connection = match Connection::open(settings, context, attempt).await {
        Ok(connection) => connection,
        Err(lost) => return Ended::Lost(lost),
    };
    context.metrics.source_up("mqtt", true);
    tracing::info!(broker = %settings.host, "MQTT connected");
    backoff.reset();
    loop {
        match connection.take_one(settings, context).await {
            Ok(()) => breaker.progressed(),
            Err(connection::Ended::Lost(lost)) => return Ended::Lost(lost),
            Err(connection::Ended::Stopped(Stopped)) => return Ended::Stopped,
        }
    }
}
