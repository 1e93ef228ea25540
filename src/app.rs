//! The only wiring: a checked installation in, a running daemon out. Startable inside a test.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::{self, Clock};
use crate::committer::Committer;
use crate::config::{self, Installation};
use crate::engine;
use crate::engine::reload::Reload;
use crate::http;
use crate::journal::Unkept;
use crate::journal::disk::Disk;
use crate::journal::retain::Keeper;
use crate::journal::seal::Sealer;
use crate::journal::storage::Storage;
use crate::machine::Machine;
use crate::metrics::{Metrics, Setup};
use crate::outbox::{Limits, Outbox};
use crate::pipeline::deciding::{Audience, Deciding, Listener};
use crate::pipeline::desk::Desk;
use crate::pipeline::holding::Holding;
use crate::pipeline::keeping::{Keeping, Snapshots};
use crate::pipeline::sealing::{MAX_WAITING, Sealing};
use crate::pipeline::{Aside, MAX_GROUPS};
use crate::record::Body;
use crate::restart::{InForce, Restarted, restart};
use crate::sinks::{self, Couriers};
use crate::sources::quota::Quotas;
use crate::sources::{self, Intake};
use crate::time::{Span, Timestamp};

/// How long sinks may take to deliver what is owed when the daemon stops.
const DRAIN: Duration = Duration::from_secs(8);
/// And when it begins again at once: what is under way may end, the rest stays owed.
const PAUSE: Duration = Duration::from_secs(1);

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
    threads: Threads,
    aside: Aside,
    http_stop: watch::Sender<bool>,
    /// Ends when the last checkpoint is out.
    checkpoints: Option<tokio::task::JoinHandle<()>>,
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
        let (intake, messages) = Intake::new(Quotas::new(&installation.quotas), Arc::clone(&metrics));
        let aside = Aside::new(intake.clone());
        let Begun { machine, committer, first, keeping, sealing, is_damaged, away } =
            begin(installation, clock, &outbox, &aside)?;
        let checkpoints = publish_checkpoints(installation, sealing.as_ref());
        metrics.journal_damaged(is_damaged);
        let closed_bytes =
            keeping.as_ref().map(|keeping| Arc::clone(&keeping.closed_bytes)).unwrap_or_default();
        intake.credit(away);
        let progress = Arc::new(AtomicU64::new(0));
        let holding = Holding {
            committer,
            first,
            aside: aside.clone(),
            clock,
            metrics: Arc::clone(&metrics),
            closed_bytes,
            started: clock::instant(),
            to_sealer: None,
        };
        // Only from here on: what the log says of deliveries has been heard.
        outbox.keep_ledger(&ledger(&aside));
        let audience = Audience { metrics: Arc::clone(&metrics), shared: Arc::clone(&shared), listener };
        let desk = Desk::new(aside.clone());
        shared.take_acts_to({
            let desk = desk.clone();
            move |bytes| desk.put(bytes)
        });
        let deciding = Deciding {
            machine,
            aside: aside.clone(),
            desk,
            reports: installation.report_dir.clone(),
            audience,
            snapshots: None,
            progress: Arc::clone(&progress),
        };
        let threads = Threads::start(holding, deciding, keeping, sealing, messages)?;
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
            threads,
            aside,
            http_stop,
            checkpoints,
        })
    }

    /// Whether a thread has ended by itself: the log could not be written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let Threads { holding, deciding, sealing, .. } = &self.threads;
        holding.is_finished()
            || deciding.is_finished()
            || sealing.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Puts other settings in force, where they are the engine's alone. What else is built at the start (the sensors'
    /// list and quotas, links, sinks, the page) needs a daemon built anew, on the same journal: then nothing has changed.
    ///
    /// # Errors
    /// Why not, for a person; the old ones stay.
    pub fn reload(&self, now: &Installation, new: &Installation) -> Result<Reloading, String> {
        let folder = |of: &Installation| of.journal.as_ref().map(|journal| journal.dir.clone());
        if new.sector != now.sector || folder(new) != folder(now) {
            return Err("the sector or the journal's folder differs: that is another installation".to_owned());
        }
        if !is_built_like(now, new) {
            return Ok(Reloading::NeedsBuilding);
        }
        self.aside.put(Body::Reload { bytes: Reload::new(new.engine_settings(), &new.hash).to_bytes() });
        Ok(Reloading::InForce)
    }

    /// Says in the log that a reload was asked for and refused.
    pub fn refuse_reload(&self, why: &str) {
        let bytes = serde_json::json!({ "act": "reload_refused", "why": why }).to_string().into_bytes();
        self.aside.put(Body::Act { bytes });
    }

    /// Stops listening, finishes what has been heard, and delivers what is owed; says what is left undelivered.
    ///
    /// # Errors
    /// The log could not be written.
    pub async fn stop(self) -> anyhow::Result<Vec<crate::outbox::Left>> {
        self.end(DRAIN).await
    }

    /// The same before another daemon is built at once: what is owed waits for that one.
    ///
    /// # Errors
    /// The log could not be written.
    pub async fn pause(self) -> anyhow::Result<Vec<crate::outbox::Left>> {
        self.end(PAUSE).await
    }

    async fn end(mut self, drain: Duration) -> anyhow::Result<Vec<crate::outbox::Left>> {
        self.shared.set_not_ready(Some("stopping".into()));
        let _ = self.stop.send(true);
        while self.sources.join_next().await.is_some() {}
        // What was heard is decided before the couriers are told that nothing more will be owed. A log that could not
        // be written has ended already, and flushes nothing.
        let _ = self.intake.flush().await;
        let left = self.couriers.drain(drain).await;
        self.aside.put(Body::Act { bytes: stopped(&left) });
        self.intake.stop().await;
        let threads = self.threads;
        let worked = tokio::task::spawn_blocking(move || threads.join()).await?;
        let _ = self.http_stop.send(true);
        if let Some(checkpoints) = self.checkpoints {
            // A broker that is away gets it after the next start.
            let _ = tokio::time::timeout(Duration::from_secs(1), checkpoints).await;
        }
        if let Some(server) = self.server {
            // A browser that holds its connection open must not hold up the stop.
            let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
        }
        worked?;
        Ok(left)
    }
}

/// What became of a reload that is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloading {
    /// The new settings are on their way into the log, and in force from there on.
    InForce,
    /// The daemon must be built anew for them.
    NeedsBuilding,
}

/// Whether everything but the engine is the same under both.
fn is_built_like(now: &Installation, new: &Installation) -> bool {
    let boxes = |of: &Installation| -> Vec<_> {
        of.sensors.iter().map(|sensor| (sensor.id.clone(), sensor.kind, sensor.format)).collect()
    };
    let zones = |of: &Installation| -> Vec<_> {
        of.agreement.zones.iter().map(|zone| Arc::clone(&zone.id)).collect()
    };
    // Metrics stand at zero from the start, by the names of zones.
    (boxes(now), zones(now)) == (boxes(new), zones(new))
        && (&now.quotas, &now.mqtt, &now.serial, &now.udp, &now.sinks)
            == (&new.quotas, &new.mqtt, &new.serial, &new.udp, &new.sinks)
        && (&now.journal, &now.seal, now.http_listen, &now.report_dir)
            == (&new.journal, &new.seal, new.http_listen, &new.report_dir)
}

/// What a far end has acknowledged is to be in the log.
fn ledger(aside: &Aside) -> crate::outbox::Ledger {
    let aside = aside.clone();
    Arc::new(move |sink: &str, sequence| aside.put(Body::Delivered { sink: sink.to_owned(), sequence }))
}

/// The act that ends a run: by whom, and what was left.
fn stopped(left: &[crate::outbox::Left]) -> Vec<u8> {
    let left: std::collections::BTreeMap<&str, usize> =
        left.iter().map(|left| (&*left.sink, left.notices)).collect();
    serde_json::json!({ "act": "stopped", "undelivered": left }).to_string().into_bytes()
}

/// The threads of the pipeline.
struct Threads {
    holding: JoinHandle<std::io::Result<()>>,
    deciding: JoinHandle<()>,
    keeping: Option<JoinHandle<()>>,
    sealing: Option<JoinHandle<std::io::Result<()>>>,
}

impl Threads {
    fn start(
        mut holding: Holding,
        mut deciding: Deciding,
        keeping: Option<Keeping>,
        sealing: Option<Sealing>,
        messages: tokio::sync::mpsc::Receiver<sources::Message>,
    ) -> anyhow::Result<Self> {
        let (to_engine, groups) = std::sync::mpsc::sync_channel(MAX_GROUPS);
        let named = |name: &str| std::thread::Builder::new().name(name.into());
        let keeping = match keeping {
            Some(keeping) => {
                let (to_keeper, snapshots) = std::sync::mpsc::sync_channel(1);
                deciding.snapshots = Some(Snapshots::new(to_keeper));
                let keeper = named("keeper").spawn(move || keeping.run(&snapshots));
                Some(keeper.context("starting the keeper's thread")?)
            }
            None => None,
        };
        let sealing = match sealing {
            Some(sealing) => {
                let (to_sealer, leaves) = std::sync::mpsc::sync_channel(MAX_WAITING);
                holding.to_sealer = Some(to_sealer);
                let sealer = named("sealer").spawn(move || sealing.run(&leaves));
                Some(sealer.context("starting the sealer's thread")?)
            }
            None => None,
        };
        Ok(Self {
            keeping,
            sealing,
            holding: named("journal")
                .spawn(move || holding.run(messages, &to_engine))
                .context("starting the journal's thread")?,
            deciding: named("engine")
                .spawn(move || deciding.run(&groups))
                .context("starting the engine's thread")?,
        })
    }

    fn join(self) -> anyhow::Result<()> {
        self.holding
            .join()
            .map_err(|_| anyhow::anyhow!("the journal's thread panicked"))?
            .context("writing the journal")?;
        self.deciding.join().map_err(|_| anyhow::anyhow!("the engine's thread panicked"))?;
        let kept = self.keeping.map_or(Ok(()), JoinHandle::join);
        kept.map_err(|_| anyhow::anyhow!("the keeper's thread panicked"))?;
        let sealed = self.sealing.map_or(Ok(Ok(())), JoinHandle::join);
        sealed.map_err(|_| anyhow::anyhow!("the sealer's thread panicked"))?.context("sealing the journal")
    }
}

/// What the pipeline begins with.
struct Begun {
    machine: Machine,
    committer: Committer,
    first: Vec<Body>,
    keeping: Option<Keeping>,
    /// Records were found that cannot be read.
    is_damaged: bool,
    sealing: Option<Sealing>,
    /// How long nobody listened.
    away: Duration,
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

fn begin(
    installation: &Installation,
    clock: Clock,
    outbox: &Arc<Outbox>,
    aside: &Aside,
) -> anyhow::Result<Begun> {
    let settings = installation.engine_settings();
    let Some(config::Journal { dir, limits }) = &installation.journal else {
        tracing::warn!("no [journal] section: nothing of what is heard will be kept");
        return Ok(Begun {
            machine: Machine::new(settings, Arc::clone(outbox)),
            committer: Committer::new(Box::new(Unkept::default()), None),
            first: Vec::new(),
            keeping: None,
            is_damaged: false,
            sealing: None,
            away: Duration::ZERO,
        });
    };
    let open = || Disk::at(dir).with_context(|| format!("opening the journal in {}", dir.display()));
    let began = clock::instant();
    let in_force = InForce { settings, configuration: installation.hash.clone() };
    let Restarted { machine, committer, first, opened, snapshot, stepped } =
        restart(Box::new(open()?), &open()?, in_force, outbox)
            .with_context(|| format!("opening the journal in {}", dir.display()))?;
    if let Some((from, to)) = opened.damage {
        tracing::error!(from, to, "records of the journal cannot be read; run `linewatch journal verify`");
    }
    if let Some(since) = opened.since {
        let (cut_bytes, took_s) = (opened.cut_bytes, began.elapsed().as_secs_f64());
        tracing::info!(%since, snapshot, stepped, cut_bytes, took_s, "going on from the journal");
    }
    let keeper = Keeper::new(Box::new(open()?), *limits);
    let sealing = sealing(installation, Box::new(open()?), committer.log().head())?;
    let (settled, aside) = (Arc::clone(&sealing.settled), aside.clone());
    let keeping = Some(Keeping { keeper, closed_bytes: Arc::default(), settled, aside });
    let away_s = opened.since.map_or(0.0, |since| clock.now().since(since).as_secs_f64());
    let away = Duration::from_secs_f64(away_s.max(0.0));
    let is_damaged = opened.damage.is_some();
    Ok(Begun { machine, committer, first, keeping, sealing: Some(sealing), is_damaged, away })
}

/// The sealer of a log whose next record is the one at `head`. One that contradicts what was signed is not gone on with.
fn sealing(installation: &Installation, storage: Box<dyn Storage>, head: u64) -> anyhow::Result<Sealing> {
    let config::Seal { key, every, every_records, .. } = &installation.seal;
    let sealer = Sealer::open(storage, key.clone(), head)?;
    if let Some(key) = key {
        tracing::info!(key = %key.public(), "the journal is sealed");
    }
    let settled = Arc::new(AtomicU64::new(sealer.settled()));
    let newest = watch::Sender::new(None);
    Ok(Sealing { sealer, every: *every, every_records: *every_records, settled, newest })
}

/// Retained on the sector's topic, where there is a broker and a key.
fn publish_checkpoints(
    installation: &Installation,
    sealing: Option<&Sealing>,
) -> Option<tokio::task::JoinHandle<()>> {
    let (broker, sealing) = (installation.mqtt.as_ref()?, sealing?);
    installation.seal.key.as_ref()?;
    let newest = sealing.newest.subscribe();
    Some(tokio::spawn(sinks::mqtt::retained::run(broker.clone(), installation.sector.clone(), newest)))
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
            clock,
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
