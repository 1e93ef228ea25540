//! The MQTT source.

use std::path::PathBuf;
use std::time::Duration;

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
