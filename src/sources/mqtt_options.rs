//! How every MQTT connection of the daemon is set up: checked settings in, the client library's options out.
//!
//! One place, so that the source that listens and the sink that speaks cannot differ in limits, TLS or socket options.

use rumqttc::{MqttOptions, NetworkOptions, Transport};

use super::mqtt::Settings;
use crate::tls::{self, TlsError};

/// Room in a packet beside its payload: fixed header, topic and packet id fit easily.
const PACKET_OVERHEAD_BYTES: usize = 64 * 1024;

/// A connection is given up as not made, and a flush as stuck, after this long.
const CONNECT_TIMEOUT_S: u64 = 5;

/// Who keeps what while a client is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// The broker keeps subscriptions and unacknowledged messages under the client's id.
    Persistent,
    /// The broker forgets everything at disconnect.
    Clean,
}

/// Who acknowledges what comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// The library, on receipt.
    Automatic,
    /// The caller, once the message is safe.
    Manual,
}

/// Options of one connection under `client_id`. TLS files are read now.
///
/// # Errors
/// A TLS file cannot be used.
pub fn mqtt_options(
    settings: &Settings,
    client_id: &str,
    session: Session,
    acks: Acks,
) -> Result<MqttOptions, TlsError> {
    let mut options = MqttOptions::new(client_id, dialled(settings), settings.port);
    options.set_keep_alive(settings.keep_alive);
    // The library's default is 10 KiB in each direction; past it the connection is dropped, again and again.
    let packet_bytes = settings.max_payload_bytes.saturating_add(PACKET_OVERHEAD_BYTES);
    options.set_max_packet_size(packet_bytes, packet_bytes);
    options.set_clean_session(session == Session::Clean);
    options.set_manual_acks(acks == Acks::Manual);
    if let Some((user, password)) = &settings.credentials {
        options.set_credentials(user, password);
    }
    if let Some(files) = &settings.tls {
        let identity = files.identity.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
        let config = tls::client_config(files.ca_file.as_deref(), identity)?;
        options.set_transport(Transport::tls_with_config(config.into()));
    }
    Ok(options)
}

/// Socket options of every connection: small packets leave at once.
#[must_use]
pub fn network_options() -> NetworkOptions {
    let mut options = NetworkOptions::new();
    options.set_tcp_nodelay(true);
    options.set_connection_timeout(CONNECT_TIMEOUT_S);
    options
}

/// The library joins host and port with a colon, so a bare IPv6 address needs its brackets; under TLS the same text
/// is also the name to verify and must stay as it is.
fn dialled(settings: &Settings) -> String {
    if settings.host.contains(':') && !settings.host.starts_with('[') && settings.tls.is_none() {
        return format!("[{}]", settings.host);
    }
    settings.host.clone()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings(host: &str) -> Settings {
        Settings {
            host: host.to_owned(),
            port: 1883,
            tls: None,
            client_id: "linewatch-a".to_owned(),
            credentials: Some(("user".to_owned(), "secret".to_owned())),
            keep_alive: Duration::from_secs(30),
            max_payload_bytes: 1 << 20,
        }
    }

    #[test]
    fn settings_reach_the_connection() {
        let options =
            mqtt_options(&settings("broker"), "linewatch-a-alerts", Session::Clean, Acks::Manual).unwrap();
        assert_eq!(options.broker_address(), ("broker".to_owned(), 1883));
        assert_eq!(options.client_id(), "linewatch-a-alerts");
        assert!(options.clean_session() && options.manual_acks());
        assert_eq!(options.keep_alive(), Duration::from_secs(30));
        assert!(options.max_packet_size() > 1 << 20, "a payload of the largest size must fit");
        let login = options.credentials().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("user", "secret"));
    }

    #[test]
    fn a_persistent_session_is_not_clean_and_ipv6_is_bracketed() {
        let options = mqtt_options(&settings("::1"), "a", Session::Persistent, Acks::Automatic).unwrap();
        assert!(!options.clean_session() && !options.manual_acks());
        assert_eq!(options.broker_address().0, "[::1]");
    }
}
