//! One life of the daemon: its own log, machine, outbox and couriers' plans, between a simulated disk and network.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use linewatch::committer::{Batch, Committer};
use linewatch::engine::Settings;
use linewatch::engine::reload::Reload;
use linewatch::journal::retain::{Keeper, Limits as Kept};
use linewatch::journal::snapshots;
use linewatch::journal::writer::Segments;
use linewatch::machine::Machine;
use linewatch::metrics::{Metrics, Setup};
use linewatch::outbox::{Limits, Outbox};
use linewatch::record::{Body, Record};
use linewatch::restart::{InForce, Restarted, go_on};
use linewatch::sinks::plan::Now;
use linewatch::sources::quota::{Quota, Quotas, Worth};
use linewatch::sources::{Ack, OVER_RATE, refused};
use linewatch::time::{Span, Timestamp};
use tokio::sync::mpsc;

use super::couriers::{Couriers, SINKS};
use super::dice::Dice;
use super::disk::Disk;
use super::network::FarEnd;

/// Small, so that a run begins many segments.
const SEGMENT_BYTES: u64 = 40_000;
pub(crate) const RESERVE_BYTES: usize = 60_000;
const KEPT: Kept = Kept { frames: Span::from_secs(20), alerts: Span::from_secs(300), bytes: 10_000_000 };
/// Frames a second of one sensor: far more than it sends, far less than a flood.
const RATE: f64 = 8.0;

/// A running daemon.
pub(crate) struct Process {
    committer: Committer,
    pub(crate) machine: Machine,
    disk: Disk,
    keeper: Keeper,
    batch: Batch,
    /// Frames in the batch, and refusals.
    pub(crate) in_flight: (u64, u64),
    /// What cannot wait in it.
    urgent: u64,
    ledger: Arc<Mutex<Vec<Body>>>,
    /// The connection to the broker, and what comes back for it.
    pub(crate) connection: Option<u64>,
    acks: (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>),
    pub(crate) couriers: Couriers,
    quotas: (Quotas, Instant),
    began: Duration,
    last_tick: i64,
}

/// One commit group, and what was to be in it.
pub(crate) struct Group {
    pub(crate) records: Vec<Record>,
    /// Frames and statuses handed over, and how many of them the full disk turned away.
    pub(crate) frames: u64,
    pub(crate) turned_away: u64,
    /// Refusals handed over.
    pub(crate) refused: u64,
    /// The disk is full.
    pub(crate) is_full: bool,
    /// What cannot wait, handed over.
    pub(crate) urgent: u64,
}

/// The outbox of a new process: it owes nothing until the log says so.
pub(crate) fn outbox(settings: &Settings) -> Arc<Outbox> {
    let metrics = Metrics::new(&Setup {
        started: Timestamp::from_secs(0),
        sector: &settings.sector,
        sensors: &settings.sensors,
        sinks: &SINKS,
        zones: &[],
        quarantine_reasons: &[],
        refusal_reasons: &[],
    });
    let minute = Duration::from_secs(60);
    let outbox = Outbox::new(&SINKS, Limits::default(), &Arc::new(metrics));
    Arc::new(outbox.with_dead_man(&settings.sector, true, [("hook", minute)]))
}

impl Process {
    /// Begins from what the disk holds.
    pub(crate) fn begin(
        disk: &Disk,
        settings: &Settings,
        now: Duration,
        dice: &mut Dice,
    ) -> std::io::Result<Self> {
        let outbox = outbox(settings);
        let ledger: Arc<Mutex<Vec<Body>>> = Arc::default();
        let told = Arc::clone(&ledger);
        let in_force = InForce { settings: settings.clone(), configuration: String::new() };
        let log = Box::new(disk.clone());
        let log = Segments::with_limits(log, &settings.sector, SEGMENT_BYTES, RESERVE_BYTES)?;
        let Restarted { machine, committer, first, .. } = go_on(log, disk, in_force, &outbox)?;
        outbox.keep_ledger(
            &(Arc::new(move |sink: &str, sequence| {
                told.lock().unwrap().push(Body::Delivered { sink: sink.to_owned(), sequence });
            }) as _),
        );
        let mut batch = Batch::default();
        let urgent = first.len() as u64;
        first.into_iter().for_each(|body| batch.add(body));
        let quota = |sensor: &linewatch::sensor::SensorModel| Quota {
            sensor: sensor.id.clone(),
            per_s: RATE,
            max_payload_bytes: usize::MAX,
            worth: Worth::Ordinary,
        };
        let quotas: Vec<Quota> = settings.sensors.iter().map(quota).collect();
        Ok(Self {
            couriers: Couriers::new(&machine, &settings.sector, dice),
            committer,
            machine,
            disk: disk.clone(),
            keeper: Keeper::new(Box::new(disk.clone()), KEPT),
            batch,
            in_flight: (0, 0),
            urgent,
            ledger,
            connection: None,
            acks: mpsc::unbounded_channel(),
            quotas: (Quotas::new(&quotas), Instant::now()),
            began: now,
            last_tick: 0,
        })
    }

    /// A new connection to the broker: acknowledgements of the old one have nowhere to go.
    pub(crate) fn connected(&mut self, connection: u64) {
        self.connection = Some(connection);
        self.acks = mpsc::unbounded_channel();
    }

    /// Something came in; true if its sensor said more than it may.
    pub(crate) fn hear(&mut self, now: Duration, body: Body, token: Option<u64>) -> bool {
        let ack = token.map(|token| Ack::new(self.acks.0.clone(), token));
        let at = self.quotas.1 + now.saturating_sub(self.began);
        let admitted = match &body {
            Body::Frame { sensor, .. } | Body::Status { sensor, .. } => self.quotas.0.admit(sensor, at),
            _ => true,
        };
        let body = match &body {
            Body::Frame { sensor, bytes, .. } | Body::Status { sensor, bytes } if !admitted => {
                refused(Some(sensor), OVER_RATE, bytes)
            }
            _ => body,
        };
        if admitted {
            self.in_flight.0 += 1
        } else {
            self.in_flight.1 += 1
        }
        self.batch.hear(body, None, ack);
        !admitted
    }

    /// Other settings come into force, as on SIGHUP.
    pub(crate) fn reload(&mut self, settings: &Settings) {
        self.urgent += 1;
        self.batch.add(Body::Reload { bytes: Reload::new(settings.clone(), "").to_bytes() });
    }

    /// Tokens that may be acknowledged on the present connection.
    pub(crate) fn confirmed(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.acks.1.try_recv().ok()).collect()
    }

    /// One commit group, if there is anything to commit or a second has passed, and what follows from it.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn work(&mut self, now: Duration, wall: Timestamp) -> std::io::Result<Option<Group>> {
        for body in self.ledger.lock().unwrap().drain(..) {
            self.urgent += 1;
            self.batch.add(body);
        }
        let second = wall.floor_secs();
        if self.batch.is_empty() && second == self.last_tick {
            return Ok(None);
        }
        self.last_tick = second;
        let batch = std::mem::take(&mut self.batch);
        let (frames, refused) = self.in_flight;
        let urgent = std::mem::take(&mut self.urgent);
        let done = self.committer.commit(wall, now.saturating_sub(self.began), batch)?;
        self.in_flight = (0, 0);
        for record in &done.records {
            let (batch, urgent) = (&mut self.batch, &mut self.urgent);
            self.machine.step(record, |_, json| {
                if let Some(json) = json {
                    *urgent += 1;
                    batch.add(Body::Notice { bytes: json.as_bytes().to_vec() });
                }
            });
        }
        let (turned_away, is_full) = (done.turned_away.len() as u64, self.committer.is_full());
        Ok(Some(Group { records: done.records, frames, turned_away, refused, is_full, urgent }))
    }

    /// Keeps a snapshot, and the folder within its limits. What fails is tried again the next time.
    pub(crate) fn keep(&mut self) -> bool {
        let position = self.committer.log().head();
        let kept = snapshots::keep(&mut self.disk, position, &self.machine.still().to_bytes());
        let needed = snapshots::oldest_position(&self.disk).ok().flatten().unwrap_or(0);
        let at = self.machine.engine.now().unwrap_or_default();
        kept.is_ok() && self.keeper.tidy(at, needed).is_ok()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.committer.is_full()
    }

    /// Nothing is owed, and nothing waits for its place in the log.
    pub(crate) fn is_idle(&self) -> bool {
        self.batch.is_empty() && self.ledger.lock().unwrap().is_empty() && self.couriers.owed() == 0
    }

    /// Something was said that the log does not hold yet.
    pub(crate) fn has_said(&self) -> bool {
        self.machine.unheld().next().is_some()
    }

    pub(crate) fn head(&self) -> u64 {
        self.committer.log().head()
    }

    /// The couriers' turn.
    pub(crate) fn deliver(&mut self, now: Duration, utc: Timestamp, ends: &mut [FarEnd; 4], dice: &mut Dice) {
        let elapsed = now.saturating_sub(self.began);
        self.couriers.deliver(Now { elapsed, utc }, ends, dice);
    }
}
