//! MQTT 3.1.1, QoS 1: scans, a retained status, and a last will that says the box is gone.
//!
//! One thread per connection does nothing but poll it. Pulling the plug closes the socket without a DISCONNECT, so that
//! the broker speaks the will.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rumqttc::{Client, Connection, Event, LastWill, MqttOptions, NetworkOptions, Packet, QoS};

use super::{Kind, Link};
use crate::encode::json;

/// Messages waiting for the network; a box forgets what comes beyond.
const QUEUE: usize = 2_000;
/// Largest packet sent or taken.
const MAX_PACKET_BYTES: usize = 2 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Mqtt {
    host: String,
    port: u16,
    topics: String,
    life: Arc<Life>,
}

/// What one connected life of the box shares with its polling thread.
struct Life {
    /// Dropping the only sender ends the polling.
    client: Mutex<Option<Client>>,
    status: Mutex<Vec<u8>>,
    connected: AtomicBool,
    over: AtomicBool,
}

impl Mqtt {
    pub(super) fn open(url: &str, topics: &str, boot: u64) -> io::Result<Self> {
        let (host, port) = address(url)?;
        let life = live(&host, port, topics, boot)?;
        Ok(Self { host, port, topics: topics.into(), life })
    }
}

impl Link for Mqtt {
    fn send(&mut self, kind: Kind, bytes: &[u8]) -> bool {
        if kind == Kind::Status {
            *lock(&self.life.status) = bytes.to_vec();
            return self.life.connected.load(Ordering::Relaxed) && self.life.publish_status(&self.topics);
        }
        let client = lock(&self.life.client);
        let topic = format!("{}/scan", self.topics);
        client
            .as_ref()
            .is_some_and(|client| client.try_publish(topic, QoS::AtLeastOnce, false, bytes).is_ok())
    }

    fn restart(&mut self, boot: u64) -> io::Result<()> {
        self.life.end();
        self.life = live(&self.host, self.port, &self.topics, boot)?;
        Ok(())
    }
}

impl Drop for Mqtt {
    fn drop(&mut self) {
        self.life.end();
    }
}

impl Life {
    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        lock(&self.client).take();
    }

    fn publish_status(&self, topics: &str) -> bool {
        let status = lock(&self.status).clone();
        let topic = format!("{topics}/status");
        let client = lock(&self.client);
        !status.is_empty()
            && client
                .as_ref()
                .is_some_and(|client| client.try_publish(topic, QoS::AtLeastOnce, true, status).is_ok())
    }
}

/// Connects in a thread of its own and keeps connecting.
fn live(host: &str, port: u16, topics: &str, boot: u64) -> io::Result<Arc<Life>> {
    let mut options = MqttOptions::new(format!("box-{}", topics.replace('/', "-")), host, port);
    options.set_keep_alive(Duration::from_secs(5));
    options.set_clean_session(true);
    options.set_inflight(100);
    options.set_max_packet_size(MAX_PACKET_BYTES, MAX_PACKET_BYTES);
    let will = json::encode_status(&json::Status::will(boot));
    options.set_last_will(LastWill::new(format!("{topics}/status"), will, QoS::AtLeastOnce, true));
    let (client, mut connection) = Client::new(options, QUEUE);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    connection.eventloop.set_network_options(network);
    let life = Arc::new(Life {
        client: Mutex::new(Some(client)),
        status: Mutex::new(Vec::new()),
        connected: AtomicBool::new(false),
        over: AtomicBool::new(false),
    });
    let (shared, topics) = (Arc::clone(&life), topics.to_owned());
    thread::Builder::new().name("box mqtt".into()).spawn(move || poll(connection, &shared, &topics))?;
    Ok(life)
}

fn poll(mut connection: Connection, life: &Life, topics: &str) {
    let mut pause = FIRST_PAUSE;
    while !life.over.load(Ordering::Relaxed) {
        match connection.recv() {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                pause = FIRST_PAUSE;
                life.connected.store(true, Ordering::Relaxed);
                life.publish_status(topics);
            }
            Ok(Ok(_)) => {}
            Ok(Err(_)) => {
                life.connected.store(false, Ordering::Relaxed);
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            // Nobody holds the sending side any more: the plug is out.
            Err(_) => return,
        }
    }
}

/// Host and port of `mqtt://host[:port]`.
fn address(url: &str) -> io::Result<(String, u16)> {
    let wrong = || {
        let message = format!("broker `{url}`: expected mqtt://HOST[:PORT], as mqtt://127.0.0.1:1883");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    let rest = url.strip_prefix("mqtt://").ok_or_else(wrong)?.trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (rest, 1883),
    };
    if host.is_empty() { Err(wrong()) } else { Ok((host.trim_matches(['[', ']']).into(), port)) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_addresses() {
        assert_eq!(address("mqtt://127.0.0.1:1884").unwrap(), ("127.0.0.1".into(), 1884));
        assert_eq!(address("mqtt://broker/").unwrap(), ("broker".into(), 1883));
        for bad in ["127.0.0.1:1883", "mqtt://", "mqtts://x", "mqtt://x:y"] {
            assert!(address(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
