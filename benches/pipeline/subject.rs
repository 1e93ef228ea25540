//! What is measured: the daemon, or a client that only listens, each a process that tells how much it has received.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use linewatch::app::App;
use linewatch::clock::Clock;
use linewatch::config;
use rumqttc::{Event, Packet, QoS};

use super::SENSORS;
use super::broker::Mosquitto;
use super::load::connect;

/// Asked on the broker, answered by the bare subscriber.
pub(crate) const PING: &str = "linewatch/v1/bench/ping";
/// Its answer.
pub(crate) const PONG: &str = "linewatch/v1/bench/pong";

/// A running process that answers every line with its count.
pub(crate) struct Subject {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Subject {
    /// The daemon.
    pub(crate) fn daemon(broker: &Mosquitto) -> Self {
        let config = configuration(broker.folder.path(), broker.port, true);
        Self::start(&["daemon", config.to_str().unwrap()])
    }

    /// The daemon without a journal: it holds nothing and acknowledges at once.
    pub(crate) fn forgetful_daemon(broker: &Mosquitto) -> Self {
        let config = configuration(broker.folder.path(), broker.port, false);
        Self::start(&["daemon", config.to_str().unwrap()])
    }

    /// A bare subscriber to every scan.
    pub(crate) fn subscriber(port: u16) -> Self {
        Self::start(&["subscriber", &port.to_string()])
    }

    fn start(arguments: &[&str]) -> Self {
        let me = std::env::current_exe().unwrap();
        let mut child =
            Command::new(me).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let ask = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut subject = Self { child, ask, answers };
        // The first answer comes when it is connected.
        subject.count();
        subject
    }

    /// What it has received so far.
    pub(crate) fn count(&mut self) -> f64 {
        self.ask.write_all(b"?\n").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers every line on stdin until there are no more.
fn answer(count: impl Fn() -> f64) {
    for _ in std::io::stdin().lines() {
        println!("{}", count());
    }
}

/// The daemon as systemd would start it, journal and sinks included.
pub(crate) fn daemon(config: &str) {
    let installation = config::load(Path::new(config)).unwrap_or_else(|errors| panic!("{errors}"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = App::start(&installation, Clock::system(), None).unwrap();
        let metrics = Arc::clone(&app.metrics);
        let sum = move |family: &str| -> f64 {
            let text = metrics.render(Clock::system().now());
            let samples = text.lines().filter(|line| line.starts_with(family));
            samples.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
        };
        while sum("linewatch_source_up") < 1.0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        tokio::task::spawn_blocking(move || answer(|| sum("linewatch_scans_total"))).await.unwrap();
        app.stop().await.unwrap();
    });
}

/// Counts what comes; answers pings.
pub(crate) fn subscriber(port: u16) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (client, mut events) = connect("bare", port);
        client.try_subscribe("linewatch/v1/bench/+/scan", QoS::AtLeastOnce).unwrap();
        client.try_subscribe(PING, QoS::AtLeastOnce).unwrap();
        let received = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&received);
        let (subscribed, is_subscribed) = tokio::sync::oneshot::channel::<()>();
        let mut subscribed = Some(subscribed);
        tokio::spawn(async move {
            loop {
                match events.poll().await.unwrap() {
                    Event::Incoming(Packet::Publish(publish)) if publish.topic == PING => {
                        client.try_publish(PONG, QoS::AtLeastOnce, false, publish.payload.to_vec()).unwrap();
                    }
                    Event::Incoming(Packet::Publish(_)) => {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    Event::Incoming(Packet::SubAck(_)) => drop(subscribed.take()),
                    _ => {}
                }
            }
        });
        let _ = is_subscribed.await;
        #[expect(clippy::cast_precision_loss, reason = "a counter")]
        let count = move || received.load(Ordering::Relaxed) as f64;
        tokio::task::spawn_blocking(|| answer(count)).await.unwrap();
    });
}

fn configuration(dir: &Path, port: u16, kept: bool) -> PathBuf {
    let journal = if kept { format!("[journal]\ndir = {:?}\n", dir.join("journal")) } else { String::new() };
    let mut text = format!(
        "[sector]\nid = \"bench\"\norigin = [-49.35, 69.35]\nexercise = true\n[agreement]\nfile = \"agreement.toml\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n{journal}[[sinks]]\nid = \"broker\"\nkind = \"mqtt\"\n"
    );
    // The radars look away from the camera's line: what they do not see there must not count against it.
    for id in SENSORS {
        text += &format!(
            "[[sensors]]\nid = \"{id}\"\nkind = \"radar\"\nposition = [-49.36, 69.32]\nmax_range_m = 15000.0\n\
             range_sigma_m = 15.0\nazimuth_sigma_deg = 0.3\ndetection_probability = 0.9\nperiod_s = 1.0\n\
             heading_deg = 45.0\nfield_of_view_deg = 90.0\nmax_frames_per_s = 1000000\n"
        );
    }
    text += "[[sensors]]\nid = \"cam\"\nkind = \"camera\"\nposition = [-49.40, 69.35]\nmax_range_m = 5000.0\n\
             azimuth_sigma_deg = 0.1\nposition_sigma_m = 3.0\ndetection_probability = 0.9\n\
             false_alarms_per_scan = 0.05\nperiod_s = 0.2\n";
    let agreement = "name = \"bench\"\nversion = \"1\"\n[[lines]]\nid = \"border\"\nleft = \"north\"\nright = \"south\"\n\
                     coordinates = [[-49.40, 69.2], [-49.40, 69.5]]\n[[rules]]\nid = \"crossing\"\nkind = \"crossing\"\n\
                     line = \"border\"\ndirection = \"any\"\n";
    std::fs::write(dir.join("agreement.toml"), agreement).unwrap();
    let path = dir.join("linewatch.toml");
    std::fs::write(&path, text).unwrap();
    path
}
