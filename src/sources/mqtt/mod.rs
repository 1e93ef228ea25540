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
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Intake, Stopped, told_to};
use crate::backoff::Backoff;
use crate::clock::{self, Clock};
use crate::metrics::Metrics;
use crate::record::Body;
use crate::sensor::SensorId;
use crate::time::Timestamp;
use breaker::Breaker;
use connection::{Connection, Lost};

const BACKOFF_BASE: Duration = Duration::from_millis(250);
/// Low, because a broker must be found again within 15 s of its return.
const BACKOFF_CAP: Duration = Duration::from_secs(5);
/// A connection that lasted this long was neither ended by its first message nor taken over by a twin.
const STEADY: Duration = Duration::from_secs(10);

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
    /// For when nobody listened.
    pub clock: Clock,
}

/// Listens until `stop` turns true or the pipeline is gone; reconnects for ever with back-off and jitter.
pub async fn run(settings: Settings, context: Context, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(BACKOFF_BASE, BACKOFF_CAP);
    let mut breaker = Breaker::new(settings.max_payload_bytes);
    let mut deaf = None;
    loop {
        let attempt = breaker.attempt();
        if attempt.clean {
            tracing::error!(broker = %settings.host, "the MQTT session yields nothing and is thrown away");
        }
        let opened = tokio::select! {
            opened = Connection::open(&settings, &context, attempt) => opened,
            () = told_to(&mut stop) => return,
        };
        let since = clock::instant();
        let lost = match opened {
            Ok(connection) => {
                if hear_again(&connection, deaf.take(), &context).await.is_err() {
                    return;
                }
                match listen(connection, &settings, &context, &mut breaker, &mut stop).await {
                    Some(lost) => lost,
                    None => return context.metrics.source_up("mqtt", false),
                }
            }
            Err(lost) => lost,
        };
        context.metrics.source_up("mqtt", false);
        deaf = deaf.or(Some((context.clock.now(), clock::instant())));
        let was_steady = since.elapsed() >= STEADY;
        breaker.lost(&lost, was_steady);
        if was_steady {
            backoff.reset();
        }
        let wait = backoff.next_wait();
        tracing::warn!(broker = %settings.host, error = %lost, retry_in = ?wait, "no MQTT connection");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to(&mut stop) => return,
        }
    }
}

/// What was said while there was no connection comes now, if the broker has kept it; if not, the log says so.
async fn hear_again(
    connection: &Connection,
    deaf: Option<(Timestamp, Instant)>,
    context: &Context,
) -> Result<(), Stopped> {
    let Some((since, at)) = deaf else { return Ok(()) };
    if connection.is_kept {
        context.intake.credit(at.elapsed());
        return Ok(());
    }
    tracing::warn!(%since, "the broker kept nothing: what sensors said since is lost");
    context.intake.send(Body::Gap { since }, None).await
}

/// One connection to its end: why it was lost, or nothing if it is time to stop.
async fn listen(
    mut connection: Connection,
    settings: &Settings,
    context: &Context,
    breaker: &mut Breaker,
    stop: &mut watch::Receiver<bool>,
) -> Option<Lost> {
    context.metrics.source_up("mqtt", true);
    tracing::info!(broker = %settings.host, "MQTT connected");
    loop {
        let taken = tokio::select! {
            taken = connection.take_one(settings, context) => Some(taken),
            () = told_to(stop) => None,
        };
        match taken {
            Some(Ok(())) => breaker.progressed(),
            Some(Err(connection::Ended::Lost(lost))) => return Some(lost),
            Some(Err(connection::Ended::Stopped(Stopped))) => return None,
            None => {
                connection.close().await;
                return None;
            }
        }
    }
}
