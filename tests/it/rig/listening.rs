//! A source on its own: what it hands on is held here, and confirmed when the test says so.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use linewatch::clock::Clock;
use linewatch::metrics::Metrics;
use linewatch::record::Body;
use linewatch::sources::quota::Quotas;
use linewatch::sources::{Ack, Intake, Message, mqtt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::publisher::Publisher;
use super::sample::{sensor, value};
use super::until;
use linewatch::metrics::Setup;
use linewatch::sensor::{Format, SensorId, SensorKind};

/// How long anything that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Something heard, not confirmed yet.
pub(crate) struct Heard {
    pub(crate) body: Body,
    pub(crate) ack: Option<Ack>,
}

impl Heard {
    /// Sensor and bytes of a frame, as text.
    pub(crate) fn frame(&self) -> (String, String) {
        match &self.body {
            Body::Frame { sensor, bytes, .. } => {
                (sensor.to_string(), String::from_utf8_lossy(bytes).into_owned())
            }
            other => panic!("not a frame: {other:?}"),
        }
    }

    /// The log holds it.
    pub(crate) fn confirm(self) {
        if let Some(ack) = self.ack {
            ack.confirm();
        }
    }
}

/// A running source.
pub(crate) struct Listening {
    pub(crate) metrics: Arc<Metrics>,
    messages: mpsc::Receiver<Message>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The sensors of [`Listening::mqtt`].
pub(crate) const SENSORS: [&str; 2] = ["r1", "cam-2"];

/// How a source under test reaches a broker on loopback.
pub(crate) fn broker(port: u16) -> mqtt::Settings {
    mqtt::Settings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        client_id: "linewatch-east".to_owned(),
        credentials: None,
        keep_alive: Duration::from_secs(5),
        max_payload_bytes: 1 << 20,
    }
}

impl Listening {
    /// Starts a source.
    pub(crate) fn start<F>(source: impl FnOnce(Intake, Arc<Metrics>, watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let metrics = Arc::new(Metrics::new(&Setup {
            started: super::sample::START,
            sector: "east",
            sensors: &SENSORS.map(|id| sensor(id, SensorKind::Radar, Format::Json)),
            sinks: &[],
            zones: &[],
            quarantine_reasons: &[],
            refusal_reasons: linewatch::sources::REASONS,
        }));
        let (intake, messages) = Intake::new(Quotas::default(), Arc::clone(&metrics));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(source(intake, Arc::clone(&metrics), stopped));
        Self { metrics, messages, stop, task }
    }

    /// Starts an MQTT source of sector `east`.
    pub(crate) fn mqtt(settings: mqtt::Settings) -> Self {
        Self::start(|intake, metrics, stopped| {
            let sensors = SENSORS.iter().map(|id| SensorId::new(id).unwrap()).collect();
            let context =
                mqtt::Context { sector: "east".to_owned(), sensors, intake, metrics, clock: Clock::system() };
            mqtt::run(settings, context, stopped)
        })
    }

    /// Starts an MQTT source and waits until its subscription stands: a retained status comes when it does.
    pub(crate) async fn subscribed(settings: mqtt::Settings) -> Self {
        let herald = Publisher::start(settings.port, "herald").await;
        herald.retain("linewatch/v1/east/r1/status", "herald").await;
        let mut source = Self::mqtt(settings);
        loop {
            let heard = source.next().await;
            let is_herald = matches!(heard.body, Body::Status { .. });
            heard.confirm();
            if is_herald {
                return source;
            }
        }
    }

    /// The next arrival.
    pub(crate) async fn next(&mut self) -> Heard {
        let message = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        match message.expect("something must come").expect("the source must live") {
            Message::Arrival(arrival) => Heard { body: arrival.body, ack: arrival.ack },
            Message::Tick | Message::Nudge | Message::Flush(_) | Message::Stop => {
                panic!("no source sends these")
            }
        }
    }

    /// The next `count` frames, unconfirmed; everything else that comes is confirmed.
    pub(crate) async fn frames(&mut self, count: usize) -> Vec<Heard> {
        let mut frames = Vec::new();
        while frames.len() < count {
            match self.next().await {
                heard if matches!(heard.body, Body::Frame { .. }) => frames.push(heard),
                other => other.confirm(),
            }
        }
        frames
    }

    /// Waits until `linewatch_source_up` of a source is 1 or 0.
    pub(crate) async fn until_up(&self, source: &str, up: bool) {
        let series = format!("linewatch_source_up{{sector=\"east\",source=\"{source}\"}}");
        let wanted = if up { "1" } else { "0" };
        until(&format!("{series} {wanted}"), 20, || {
            value(&self.metrics.render(super::sample::START), &series)
                .is_some_and(|value| value.to_string() == wanted)
        })
        .await;
    }

    /// How often something was refused.
    pub(crate) fn refused(&self, sensor: &str, reason: &str) -> f64 {
        let series =
            format!("linewatch_refused_total{{reason=\"{reason}\",sector=\"east\",sensor=\"{sensor}\"}}");
        value(&self.metrics.render(super::sample::START), &series).unwrap()
    }

    /// Tells the source to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.task).await.expect("a source stops when told").unwrap();
    }
}

/// Sensor and text of each.
pub(crate) fn texts(heard: &[Heard]) -> Vec<String> {
    heard.iter().map(|heard| heard.frame().1).collect()
}
