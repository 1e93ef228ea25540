//! The only wiring: a checked installation in, a running daemon out. Startable inside a test.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Installation;
use crate::engine::{self, Engine};
use crate::http;
use crate::journal::segment::Segments;
use crate::journal::{Log, Unkept};
use crate::metrics::{Metrics, Setup};
use crate::outbox::{Limits, Outbox};
use crate::pipeline::{Listener, Pipeline};
use crate::sinks::Couriers;
use crate::sources::{self, Intake};
use crate::time::{Span, Timestamp};

/// How long sinks may take to deliver what is owed when the daemon stops.
const DRAIN: Duration = Duration::from_secs(8);

/// A running daemon.
pub struct App {
    /// Where HTTP listens, if it does.
    pub http: Option<SocketAddr>,
    /// The page's state: picture and readiness.
    pub shared: Arc<http::Shared>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Moves while the engine makes progress.
    pub progress: Arc<AtomicU64>,
    intake: Intake,
    stop: watch::Sender<bool>,
    sources: JoinSet<()>,
    couriers: Couriers,
    server: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    pipeline: JoinHandle<std::io::Result<()>>,
    http_stop: watch::Sender<bool>,
}

impl App {
    /// Starts everything the installation names. `listener` is told of what is worth telling a person.
    ///
    /// # Errors
    /// The journal cannot be opened, or HTTP not listened on.
    pub fn start(
        installation: &Installation,
        clock: Clock,
        listener: Option<Listener>,
    ) -> anyhow::Result<Self> {
        let metrics = Arc::new(new_metrics(installation, clock.now()));
        let sinks: Vec<&str> = installation.sinks.iter().map(|sink| sink.id.as_str()).collect();
        let dead_men = installation.sinks.iter().filter_map(|sink| Some((sink.id.as_str(), sink.dead_man?)));
        let outbox = Outbox::new(&sinks, Limits::default(), &metrics);
        let outbox = Arc::new(outbox.with_dead_man(&installation.sector, installation.exercise, dead_men));
        let shared = Arc::new(http::Shared::new(Arc::clone(&metrics), move || clock.now()));
        let (intake, messages) = Intake::new();
        let mut backlog = Vec::new();
        let log = open_log(installation, clock, &mut backlog)?;
        let progress = Arc::new(AtomicU64::new(0));
        let pipeline = Pipeline {
            log,
            backlog,
            engine: Engine::new(installation.engine_settings()),
            clock,
            metrics: Arc::clone(&metrics),
            outbox: Arc::clone(&outbox),
            shared: Arc::clone(&shared),
            listener,
            progress: Arc::clone(&progress),
        };
        let pipeline = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || pipeline.run(messages))
            .context("starting the engine's thread")?;
        let (http_stop, http_stopped) = watch::channel(false);
        let (http, server) = serve_http(installation.http_listen, &shared, http_stopped)?;
        let (stop, stopped) = watch::channel(false);
        let sources = start_sources(installation, &intake, &metrics, clock, &stopped);
        let couriers = Couriers::start(
            &installation.sinks,
            installation.mqtt.as_ref(),
            &installation.sector,
            &outbox,
            &(Arc::new(move || clock.now()) as _),
        )?;
        shared.set_not_ready(None);
        Ok(Self {
            http,
            shared,
            metrics,
            progress,
            intake,
            stop,
            sources,
            couriers,
            server,
            pipeline,
            http_stop,
        })
    }

    /// Whether the engine's thread has ended by itself: the log could not be written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.pipeline.is_finished()
    }

    /// Stops listening, finishes what has been heard, and delivers what is owed; says what is left undelivered.
    ///
    /// # Errors
    /// The log could not be written.
    pub async fn stop(mut self) -> anyhow::Result<Vec<crate::outbox::Left>> {
        self.shared.set_not_ready(Some("stopping".into()));
        let _ = self.stop.send(true);
        while self.sources.join_next().await.is_some() {}
        self.intake.stop().await;
        let pipeline = self.pipeline;
        let worked = tokio::task::spawn_blocking(move || pipeline.join()).await?;
        let left = self.couriers.drain(DRAIN).await;
        let _ = self.http_stop.send(true);
        if let Some(server) = self.server {
            // A browser that holds its connection open must not hold up the stop.
            let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
        }
        worked
            .map_err(|_| anyhow::anyhow!("the engine's thread panicked"))?
            .context("writing the journal")?;
        Ok(left)
    }
}

fn new_metrics(installation: &Installation, started: Timestamp) -> Metrics {
    let sinks: Vec<&str> = installation.sinks.iter().map(|sink| sink.id.as_str()).collect();
    let zones: Vec<&str> = installation.agreement.zones.iter().map(|zone| &*zone.id).collect();
    Metrics::new(&Setup {
        started,
        sector: &installation.sector,
        sensors: &installation.sensors,
        sinks: &sinks,
        zones: &zones,
        quarantine_reasons: engine::QUARANTINE_REASONS,
        refusal_reasons: sources::REASONS,
    })
}

fn open_log(
    installation: &Installation,
    clock: Clock,
    backlog: &mut Vec<crate::record::Record>,
) -> anyhow::Result<Box<dyn Log>> {
    let Some(dir) = &installation.journal_dir else {
        tracing::warn!("no [journal] section: nothing of what is heard will be kept");
        return Ok(Box::new(Unkept::default()));
    };
    let log = Segments::open(dir, &installation.sector, clock.now(), backlog)
        .with_context(|| format!("opening the journal in {}", dir.display()))?;
    Ok(Box::new(log))
}

type Server = tokio::task::JoinHandle<std::io::Result<()>>;

fn serve_http(
    listen: Option<SocketAddr>,
    shared: &Arc<http::Shared>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<(Option<SocketAddr>, Option<Server>)> {
    let Some(listen) = listen else { return Ok((None, None)) };
    let listener = TcpListener::bind(listen).with_context(|| {
        format!("cannot serve HTTP on {listen}; give another address, or port 0 for any free one")
    })?;
    let address = listener.local_addr().context("the HTTP listener's own address")?;
    let shutdown = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let server = tokio::spawn(http::serve(listener, Arc::clone(shared), shutdown));
    Ok((Some(address), Some(server)))
}

fn start_sources(
    installation: &Installation,
    intake: &Intake,
    metrics: &Arc<Metrics>,
    clock: Clock,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let Some(settings) = &installation.mqtt {
        let context = sources::mqtt::Context {
            sector: installation.sector.clone(),
            sensors: installation.sensors.iter().map(|sensor| sensor.id.clone()).collect(),
            intake: intake.clone(),
            metrics: Arc::clone(metrics),
        };
        tasks.spawn(sources::mqtt::run(settings.clone(), context, stopped.clone()));
    }
    for settings in &installation.serial {
        let (intake, metrics) = (intake.clone(), Arc::clone(metrics));
        tasks.spawn(sources::serial::run(settings.clone(), intake, metrics, stopped.clone()));
    }
    for settings in &installation.udp {
        let (intake, metrics) = (intake.clone(), Arc::clone(metrics));
        tasks.spawn(sources::udp::run(settings.clone(), intake, metrics, stopped.clone()));
    }
    tasks.spawn(tick(clock, intake.clone(), stopped.clone()));
    tasks
}

/// Tells the pipeline of every whole second, a little after it has passed.
async fn tick(clock: Clock, intake: Intake, mut stopped: watch::Receiver<bool>) {
    loop {
        let next = Timestamp::from_secs(clock.now().floor_secs() + 1).plus(Span::from_nanos(1));
        tokio::select! {
            () = tokio::time::sleep(clock.until(next)) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        if intake.tick().await.is_err() {
            return;
        }
    }
}
