//! One life of the daemon: its own log, machine, outbox and couriers' plans, between a simulated disk and network.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use linewatch::committer::{Batch, Committer};
use linewatch::engine::{Event, Settings};
use linewatch::journal::snapshots;
use linewatch::machine::Machine;
use linewatch::metrics::{Metrics, Setup};
use linewatch::outbox::{Limits, Outbox, Queue};
use linewatch::record::{Body, Record};
use linewatch::restart::{InForce, Restarted, restart};
use linewatch::sinks::DeliveryError;
use linewatch::sinks::insist::{Insist, Timing};
use linewatch::sinks::mqtt::publish::{Act, Publishing, Timing as PublishTiming, Token};
use linewatch::sinks::plan::{Next, Now, Parcel, Plan};
use linewatch::sinks::webhook::Json;
use linewatch::sources::Ack;
use linewatch::time::Timestamp;
use tokio::sync::mpsc;

use super::dice::Dice;
use super::disk::Disk;
use super::network::{FarEnd, Mood};

pub(crate) const SINKS: [&str; 2] = ["hook", "topic"];

/// A running daemon.
pub(crate) struct Process {
    committer: Committer,
    pub(crate) machine: Machine,
    disk: Disk,
    batch: Batch,
    ledger: Arc<Mutex<Vec<Body>>>,
    /// The connection to the broker, and what comes back for it.
    pub(crate) connection: Option<u64>,
    acks: (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>),
    hook: Insist<Json>,
    hook_busy: Option<(Duration, Result<(), DeliveryError>)>,
    topic: Publishing,
    on_line: Vec<(Duration, Token)>,
    began: Duration,
    last_tick: i64,
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
    Arc::new(Outbox::new(&SINKS, Limits::default(), &Arc::new(metrics)))
}

impl Process {
    /// Begins from what the disk holds; nothing if the disk fails meanwhile.
    pub(crate) fn begin(disk: &Disk, settings: &Settings, now: Duration, dice: &mut Dice) -> Option<Self> {
        let outbox = outbox(settings);
        let ledger: Arc<Mutex<Vec<Body>>> = Arc::default();
        let told = Arc::clone(&ledger);
        let in_force = InForce { settings: settings.clone(), configuration: String::new() };
        let Restarted { machine, committer, first, .. } =
            restart(Box::new(disk.clone()), disk, in_force, &outbox).ok()?;
        outbox.keep_ledger(
            &(Arc::new(move |sink: &str, sequence| {
                told.lock().unwrap().push(Body::Delivered { sink: sink.to_owned(), sequence });
            }) as _),
        );
        let mut batch = Batch::default();
        first.into_iter().for_each(|body| batch.add(body));
        Some(Self {
            committer,
            machine,
            disk: disk.clone(),
            batch,
            ledger,
            connection: None,
            acks: mpsc::unbounded_channel(),
            hook: Insist::new(Json, Timing::default(), dice.next()),
            hook_busy: None,
            topic: Publishing::new(PublishTiming::default(), dice.next()),
            on_line: Vec::new(),
            began: now,
            last_tick: 0,
        })
    }

    /// A new connection to the broker: acknowledgements of the old one have nowhere to go.
    pub(crate) fn connected(&mut self, connection: u64) {
        self.connection = Some(connection);
        self.acks = mpsc::unbounded_channel();
    }

    pub(crate) fn hear(&mut self, body: Body, token: Option<u64>) {
        let ack = token.map(|token| Ack::new(self.acks.0.clone(), token));
        self.batch.hear(body, None, ack);
    }

    /// Tokens that may be acknowledged on the present connection.
    pub(crate) fn confirmed(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.acks.1.try_recv().ok()).collect()
    }

    /// One commit group, if there is anything to commit or a second has passed, and what follows from it. False if the
    /// process has ended.
    pub(crate) fn work(
        &mut self,
        now: Duration,
        wall: Timestamp,
        mut stepped: impl FnMut(&Record, &Event),
    ) -> bool {
        self.ledger.lock().unwrap().drain(..).for_each(|body| self.batch.add(body));
        let second = wall.floor_secs();
        if self.batch.is_empty() && second == self.last_tick {
            return true;
        }
        self.last_tick = second;
        let batch = std::mem::take(&mut self.batch);
        let Ok(group) = self.committer.commit(wall, now.saturating_sub(self.began), batch) else {
            return false;
        };
        for record in &group.records {
            let batch = &mut self.batch;
            self.machine.step(record, |event, json| {
                if let Some(json) = json {
                    batch.add(Body::Notice { bytes: json.as_bytes().to_vec() });
                }
                stepped(record, event);
            });
        }
        true
    }

    /// Keeps a snapshot; false if the disk fails.
    pub(crate) fn keep_snapshot(&mut self) -> bool {
        let position = self.committer.log().head();
        snapshots::keep(&mut self.disk, position, &self.machine.still().to_bytes()).is_ok()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.committer.is_full()
    }

    pub(crate) fn owes(&self) -> usize {
        SINKS.iter().map(|sink| self.queue(sink).pending()).sum()
    }

    fn queue(&self, sink: &str) -> Arc<Queue> {
        self.machine.outbox.queue(sink).unwrap()
    }

    /// The couriers' turn.
    pub(crate) fn deliver(&mut self, now: Duration, utc: Timestamp, ends: &mut [FarEnd; 2], dice: &mut Dice) {
        let elapsed = now.saturating_sub(self.began);
        let [hook, topic] = ends;
        self.bring(Now { elapsed, utc }, hook, dice);
        self.publish(elapsed, topic, dice);
    }

    fn bring(&mut self, now: Now, end: &mut FarEnd, dice: &mut Dice) {
        let queue = self.queue("hook");
        if let Some((at, _)) = &self.hook_busy {
            if now.elapsed < *at {
                return;
            }
            let (_, answer) = self.hook_busy.take().unwrap();
            self.hook.answered(now, answer, &queue);
        }
        if let Next::Send(Parcel { body, patience, .. }) = self.hook.next(now, &queue) {
            let retry = |why: &str| Err(DeliveryError::Retry(why.to_owned()));
            let (takes, answer) = match end.mood {
                Mood::Well => (Duration::from_millis(dice.below(200)), Ok(())),
                Mood::Gone => (Duration::from_millis(10), retry("refused")),
                Mood::Unwell => (Duration::from_millis(50), retry("500")),
                Mood::Mute => (patience, retry("no answer")),
            };
            if matches!(end.mood, Mood::Well | Mood::Mute) {
                end.take(&body);
            }
            self.hook_busy = Some((now.elapsed + takes, answer));
        }
    }

    fn publish(&mut self, now: Duration, end: &mut FarEnd, dice: &mut Dice) {
        let queue = self.queue("topic");
        while let Some(at) = self.on_line.iter().position(|(at, _)| *at <= now) {
            let (_, token) = self.on_line.remove(at);
            self.topic.acknowledged(now, token, &queue);
        }
        for _ in 0..200 {
            match self.topic.next(now, &queue) {
                Act::Connect if end.mood == Mood::Well => self.topic.connected(),
                Act::Publish(token, json) if matches!(end.mood, Mood::Well | Mood::Mute) => {
                    end.take(&json);
                    if end.mood == Mood::Well {
                        self.on_line.push((now + Duration::from_millis(dice.below(100)), token));
                    }
                }
                Act::Connect | Act::Publish(..) | Act::HangUp(_) => {
                    self.on_line.clear();
                    self.topic.lost(now, &queue);
                }
                Act::Wait(_) | Act::Goodbye | Act::Done => return,
            }
        }
    }
}
