//! The one thread between the log and the engine.
//!
//! In: messages of all sources. It gives them their place in the log, lets go of their acknowledgements, steps the
//! engine record by record, and hands what the engine said to the outbox, the metrics and the page. Knows no socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::clock::{self, Clock};
use crate::engine::{Engine, Event, Finding, SensorState};
use crate::http;
use crate::journal::Log;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::record::{Body, Record};
use crate::sources::{Ack, Message};
use crate::time::{Span, Timestamp};
use crate::watch::Notice;
use crate::watch::alert::State;

/// Messages given their place together.
const BATCH: usize = 256;
/// The clock is asked at least once a second: over a longer silence the process was suspended or the clock was set, and
/// nobody listened. Said as a gap instead of as so many ticks, of which a clock first set from 1970 would make billions.
const STALL: Span = Span::from_secs(900);
/// How often the page's picture is made anew.
const PICTURE_EVERY: Duration = Duration::from_millis(200);

/// What the pipeline hands on beside the outbox: for the demo's printing and for tests.
pub type Listener = Box<dyn FnMut(&Said<'_>) + Send>;

/// Something worth telling a person.
#[derive(Debug)]
pub enum Said<'a> {
    /// A notice, with its bytes.
    Notice(&'a Notice, &'a str),
    /// A sensor's state changed.
    SensorState(&'a str, SensorState),
}

/// Everything one pipeline works on.
pub struct Pipeline {
    /// Where order is decided.
    pub log: Box<dyn Log>,
    /// Records that the log already holds and the engine has not seen.
    pub backlog: Vec<Record>,
    /// The state machine.
    pub engine: Engine,
    /// The clock that stamps.
    pub clock: Clock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Who is owed what.
    pub outbox: Arc<Outbox>,
    /// The page.
    pub shared: Arc<http::Shared>,
    /// Told of what is worth telling a person.
    pub listener: Option<Listener>,
    /// Bumped whenever a batch has been stepped: the watchdog is fed only while it moves.
    pub progress: Arc<std::sync::atomic::AtomicU64>,
}

/// One batch of messages on its way into the log. Kept from batch to batch for its room.
#[derive(Default)]
struct Batch {
    bodies: Vec<Body>,
    /// When each body was read from the wire.
    read_at: VecDeque<Instant>,
    acks: Vec<Ack>,
    stop: bool,
    /// The latest time the clock has shown.
    latest: Option<Timestamp>,
}

impl Pipeline {
    /// Works until told to stop, or until every source is gone.
    ///
    /// # Errors
    /// The log could not hold a batch: nothing after it may be acted on, so the daemon must stop.
    pub fn run(mut self, mut messages: mpsc::Receiver<Message>) -> std::io::Result<()> {
        let mut records = std::mem::take(&mut self.backlog);
        let mut batch = Batch::default();
        let mut shown = clock::instant();
        self.step_all(&mut records, &mut batch.read_at);
        while !batch.stop {
            let Some(first) = messages.blocking_recv() else { break };
            batch.take(first);
            while batch.bodies.len() < BATCH && !batch.stop {
                let Ok(message) = messages.try_recv() else { break };
                batch.take(message);
            }
            let now = self.clock.now();
            batch.mind_the_gap(now);
            self.log.append(now, std::mem::take(&mut batch.bodies), &mut records)?;
            self.log.advance(now, &mut records)?;
            batch.acks.drain(..).for_each(Ack::confirm);
            self.step_all(&mut records, &mut batch.read_at);
            if batch.stop || shown.elapsed() >= PICTURE_EVERY {
                shown = clock::instant();
                self.shared.show(self.engine.picture());
                self.metrics.journal_bytes(self.log.bytes());
            }
            self.progress.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }

    fn step_all(&mut self, records: &mut Vec<Record>, read_at: &mut VecDeque<Instant>) {
        for record in records.drain(..) {
            let read = if record.body == Body::Tick { None } else { read_at.pop_front() };
            let began = clock::instant();
            let events = self.engine.step(&record);
            self.metrics.step_took(began.elapsed().as_secs_f64());
            if record.body == Body::Tick {
                self.outbox.beat(record.received);
            }
            for event in &events {
                self.metrics.observe(event);
                self.say(event, record.received, read);
            }
        }
    }

    fn say(&mut self, event: &Event, now: Timestamp, read: Option<Instant>) {
        match event {
            Event::Notice(notice) => {
                let json: Arc<str> = notice.to_json().into();
                let standing = notice.state != State::Cleared;
                self.outbox.owe(&notice.alert, notice.revision, now, Arc::clone(&json), standing);
                if let Some(read) = read {
                    self.metrics.notice_took(read.elapsed().as_secs_f64());
                }
                tracing::info!(alert = %notice.alert, rule = %notice.rule, state = ?notice.state, "notice");
                if let Some(listener) = &mut self.listener {
                    listener(&Said::Notice(notice, &json));
                }
            }
            Event::SensorState { sensor, state } => {
                let id = self.engine.sensors()[sensor.index()].id.as_str();
                tracing::info!(sensor = id, state = state.as_str(), "sensor state");
                if let Some(listener) = &mut self.listener {
                    listener(&Said::SensorState(id, *state));
                }
            }
            Event::Finding { sensor, finding } => {
                let id = self.engine.sensors()[sensor.index()].id.as_str();
                if matches!(finding, Finding::Released { .. } | Finding::Recovered(_)) {
                    tracing::info!(sensor = id, ?finding, "sensor registration");
                } else {
                    tracing::warn!(sensor = id, ?finding, "sensor registration");
                }
            }
            Event::Lineage(link) => {
                let (track, of, kinship) = (link.track.0, link.of.0, link.kinship.as_str());
                tracing::info!(track, kinship, of, probability = link.probability, "lineage");
            }
            Event::IdentityConflict(conflict) => {
                let (tracks, identities) = (conflict.tracks(), conflict.identities());
                tracing::warn!(kind = conflict.kind(), ?tracks, ?identities, "identities disagree");
            }
            Event::Frame { .. } | Event::Refused { .. } | Event::UnknownSensor => {}
        }
    }
}

impl Batch {
    fn take(&mut self, message: Message) {
        match message {
            Message::Arrival(arrival) => {
                self.bodies.push(arrival.body);
                self.read_at.push_back(arrival.at);
                self.acks.extend(arrival.ack);
            }
            Message::Confirm(ack) => self.acks.push(ack),
            Message::Tick => {}
            Message::Stop => self.stop = true,
        }
    }

    /// Puts a gap before everything else if nobody can have listened since the last batch.
    fn mind_the_gap(&mut self, now: Timestamp) {
        if let Some(since) = self.latest.filter(|latest| now.since(*latest) > STALL) {
            tracing::warn!(%since, "nobody listened since: the process was suspended, or the clock was set");
            self.bodies.insert(0, Body::Gap { since });
            self.read_at.push_front(clock::instant());
        }
        self.latest = self.latest.max(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Unkept;

    /// Kinds of the records that one act after the other makes at these seconds: `t`ick, `g`ap, `a`ct.
    fn records(seconds: &[i64]) -> String {
        let (mut log, mut batch, mut out) = (Unkept::default(), Batch::default(), Vec::new());
        for second in seconds {
            let now = Timestamp::from_secs(*second);
            batch.bodies.push(Body::Act { bytes: Vec::new() });
            batch.mind_the_gap(now);
            log.append(now, std::mem::take(&mut batch.bodies), &mut out).unwrap();
        }
        let word = |record: &Record| match record.body {
            Body::Tick => 't',
            Body::Gap { .. } => 'g',
            _ => 'a',
        };
        out.iter().map(word).collect()
    }

    #[test]
    fn a_clock_that_is_set_forward_makes_one_gap_and_not_a_tick_for_every_second() {
        let stall = STALL.as_nanos() / 1_000_000_000;
        assert_eq!(records(&[10, 12]), "atta");
        assert_eq!(records(&[10, 10 + stall]).len(), 2 + usize::try_from(stall).unwrap(), "still ticked");
        assert_eq!(records(&[10, 1_767_225_600, 1_767_225_601]), "atgata");
        assert_eq!(records(&[1_767_225_600, 10, 1_767_225_601]), "aata", "a step back is no gap");
    }
}
