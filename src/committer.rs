//! What stands between the sources and the log: arrivals in, commit groups out, acknowledgements only then.
//!
//! In: messages in order of arrival, and the clock's time. Out: durable records for the engine. On a full disk frames
//! wait, unacknowledged, while alerts and acts go on into the room kept for them. Knows no socket, no thread and no
//! clock, so that the daemon and the simulator drive the same one.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::journal::layout::Hash;
use crate::journal::{Log, LogError};
use crate::record::{Body, Record};
use crate::sensor::SensorId;
use crate::sources::{Ack, Message};
use crate::time::{Span, Timestamp};

/// Messages given their place together.
pub const GROUP: usize = 256;
/// The clock is asked at least once a second: over a longer silence the process was suspended or the clock was set, and
/// nobody listened. Said as a gap instead of as so many ticks, of which a clock first set from 1970 would make billions.
const STALL: Span = Span::from_secs(900);
/// Clocks are set back by less than this all the time.
const CLOCK_JITTER_S: f64 = 0.1;

/// A log, and what must be remembered between its groups.
pub struct Committer {
    log: Box<dyn Log>,
    /// The latest time the clock has shown.
    latest: Option<Timestamp>,
    /// The latest stamp given, and what a stop watch showed then.
    stamped: Option<(Timestamp, Duration)>,
    /// The clock is behind what it has shown already.
    is_behind: bool,
    /// The disk is full: frames wait.
    full: bool,
    /// Promises to senders whose frames wait: told to send again when there is room.
    held: Vec<Ack>,
    /// What may not be lost and found no room either.
    waiting: Vec<Body>,
}

/// What is to become one commit group.
#[derive(Default)]
pub struct Batch {
    bodies: Vec<Body>,
    /// When each body was read from the wire, for those that were.
    read_at: Vec<Option<Instant>>,
    acks: Vec<Ack>,
    refused: BTreeMap<(Option<SensorId>, String), usize>,
    /// Told when everything before them has been stepped.
    pub flushes: Vec<tokio::sync::oneshot::Sender<()>>,
    /// Nothing comes after this batch.
    pub stop: bool,
}

/// Durable records, and when the arrivals among them were read from the wire (for latency, never for decisions).
#[derive(Default)]
pub struct Group {
    /// In log order.
    pub records: Vec<Record>,
    /// Their leaves in the log's tree; none where nothing is kept.
    pub leaves: Vec<Hash>,
    /// One for each record that is no tick, in order.
    pub read_at: Vec<Option<Instant>>,
    /// Told when everything before them has been stepped.
    pub flushes: Vec<tokio::sync::oneshot::Sender<()>>,
    /// Whose frames found the disk full; those that came with a promise come again.
    pub turned_away: Vec<SensorId>,
}

impl Batch {
    /// Adds a message.
    pub fn take(&mut self, message: Message) {
        match message {
            Message::Arrival(arrival) => self.hear(arrival.body, Some(arrival.at), arrival.ack),
            Message::Flush(done) => self.flushes.push(done),
            Message::Tick | Message::Nudge => {}
            Message::Stop => self.stop = true,
        }
    }

    /// Adds something a source heard, read from the wire `at`; `ack` is let go of when it is held.
    pub fn hear(&mut self, body: Body, at: Option<Instant>, ack: Option<Ack>) {
        self.acks.extend(ack);
        self.push(body, at);
    }

    /// Adds something nobody waits for an acknowledgement of.
    pub fn add(&mut self, body: Body) {
        self.push(body, None);
    }

    /// How many bodies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there is nothing to be held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// One record counts all that was refused of one sensor for one reason.
    fn push(&mut self, body: Body, at: Option<Instant>) {
        if let Body::Refused { sensor, count, reason, .. } = &body {
            let key = (sensor.clone(), reason.clone());
            if let Some(Body::Refused { count: so_far, .. }) =
                self.refused.get(&key).and_then(|index| self.bodies.get_mut(*index))
            {
                *so_far += count;
                return;
            }
            self.refused.insert(key, self.bodies.len());
        }
        self.bodies.push(body);
        self.read_at.push(at);
    }
}

impl Committer {
    /// A committer to `log`, whose last record is stamped `since`. Its stop watch begins at zero.
    #[must_use]
    pub fn new(log: Box<dyn Log>, since: Option<Timestamp>) -> Self {
        let stamped = since.map(|since| (since, Duration::ZERO));
        Self {
            log,
            latest: None,
            stamped,
            is_behind: false,
            full: false,
            held: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Makes a batch durable, lets go of its acknowledgements, and gives the records. `now` is what the clock shows,
    /// `watch` what a stop watch does that nobody sets.
    ///
    /// # Errors
    /// It cannot be known what is on the disk: nothing after it may be acted on, so the process must stop.
    pub fn commit(&mut self, now: Timestamp, watch: Duration, mut batch: Batch) -> io::Result<Group> {
        self.mind_the_gap(now, &mut batch);
        let now = self.catch_up(now, watch, &mut batch);
        let mut group = Group { flushes: std::mem::take(&mut batch.flushes), ..Group::default() };
        if self.full && self.log.keep_reserve()? {
            tracing::warn!("the journal's disk has room again");
            self.full = false;
            // Their frames are in no log; the sender still has them.
            self.held.drain(..).for_each(Ack::refuse);
        }
        if !self.full {
            match self.append(now, &mut batch, &mut group) {
                Ok(()) => {
                    batch.acks.drain(..).for_each(Ack::confirm);
                    return Ok(group);
                }
                Err(LogError::Full) => {
                    tracing::error!("the journal's disk is full: frames wait, alerts and acts go on");
                    self.full = true;
                    self.log.use_reserve()?;
                }
                Err(LogError::Failed(error)) => return Err(error),
            }
        }
        self.held.append(&mut batch.acks);
        group.turned_away = keep_what_cannot_wait(&mut batch);
        match self.append(now, &mut batch, &mut group) {
            // The reserve is used up, too. What is owed is owed from memory until there is room.
            Ok(()) | Err(LogError::Full) => {
                self.waiting = std::mem::take(&mut batch.bodies);
                Ok(group)
            }
            Err(LogError::Failed(error)) => Err(error),
        }
    }

    fn append(&mut self, now: Timestamp, batch: &mut Batch, group: &mut Group) -> Result<(), LogError> {
        if !self.waiting.is_empty() {
            let waited = std::mem::take(&mut self.waiting);
            batch.read_at.splice(0..0, waited.iter().map(|_| None));
            batch.bodies.splice(0..0, waited);
        }
        self.log.append(now, &mut batch.bodies, &mut group.records)?;
        group.read_at = std::mem::take(&mut batch.read_at);
        group.leaves = self.log.leaves().to_vec();
        Ok(())
    }

    /// Puts a gap before everything else if nobody can have listened since the last group.
    fn mind_the_gap(&mut self, now: Timestamp, batch: &mut Batch) {
        if let Some(since) = self.latest.filter(|latest| now.since(*latest) > STALL) {
            tracing::warn!(%since, "nobody listened since: the process was suspended, or the clock was set");
            batch.bodies.insert(0, Body::Gap { since });
            batch.read_at.insert(0, None);
        }
        self.latest = self.latest.max(Some(now));
    }

    /// Time may not go back, and must not stand still either until a clock that was set back is there again: it goes at
    /// half its speed. That it does is recorded.
    fn catch_up(&mut self, now: Timestamp, watch: Duration, batch: &mut Batch) -> Timestamp {
        let held = self.stamped.filter(|(latest, _)| now < *latest).map(|(latest, at)| {
            let passed_s = watch.saturating_sub(at).as_secs_f64();
            (latest, latest.plus(Span::from_secs_f64(passed_s / 2.0)))
        });
        if held.is_some() != self.is_behind {
            self.is_behind = held.is_some();
            let by_s = held.map_or(0.0, |(latest, _)| latest.since(now).as_secs_f64());
            if self.is_behind && by_s < CLOCK_JITTER_S {
                self.is_behind = false;
            } else {
                tracing::warn!(by_s, behind = self.is_behind, "the clock was set back, or has caught up");
                let bytes = format!(r#"{{"act":"clock_behind","by_s":{by_s:.3}}}"#).into_bytes();
                batch.add(Body::Act { bytes });
            }
        }
        let stamp = held.map_or(now, |(_, stamp)| stamp);
        self.stamped = Some((stamp, watch));
        stamp
    }

    /// Whether the disk is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &dyn Log {
        &*self.log
    }
}

/// Takes out what can wait, or be sent again; says whose frames they were.
fn keep_what_cannot_wait(batch: &mut Batch) -> Vec<SensorId> {
    let mut turned_away = Vec::new();
    let all = batch.bodies.drain(..).zip(batch.read_at.drain(..)).collect::<Vec<_>>();
    for (body, at) in all {
        match body {
            Body::Frame { sensor, .. } | Body::Status { sensor, .. } => turned_away.push(sensor),
            // Counted again when it comes again.
            Body::Refused { .. } => {}
            body => {
                batch.bodies.push(body);
                batch.read_at.push(at);
            }
        }
    }
    turned_away
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Unkept;

    /// Kinds of the records that one act after the other makes at these seconds: `t`ick, `g`ap, `a`ct.
    fn records(seconds: &[i64]) -> String {
        let mut committer = Committer::new(Box::new(Unkept::default()), None);
        let mut said = String::new();
        for second in seconds {
            let mut batch = Batch::default();
            batch.add(Body::Act { bytes: Vec::new() });
            let group = committer.commit(Timestamp::from_secs(*second), Duration::ZERO, batch).unwrap();
            assert_eq!(
                group.records.iter().filter(|r| r.body != Body::Tick).count(),
                group.read_at.len(),
                "one time for each record that is no tick"
            );
            said.extend(group.records.iter().map(|record| match record.body {
                Body::Tick => 't',
                Body::Gap { .. } => 'g',
                _ => 'a',
            }));
        }
        said
    }

    #[test]
    fn a_clock_that_is_set_forward_makes_one_gap_and_not_a_tick_for_every_second() {
        let stall = STALL.as_nanos() / 1_000_000_000;
        assert_eq!(records(&[10, 12]), "atta");
        assert_eq!(records(&[10, 10 + stall]).len(), 2 + usize::try_from(stall).unwrap(), "still ticked");
        assert_eq!(records(&[10, 1_767_225_600, 1_767_225_601]), "atgata");
        assert_eq!(
            records(&[1_767_225_600, 10, 1_767_225_601]),
            "aaataa",
            "a step back is no gap, but is said"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_is_caught_up_with_at_half_speed() {
        let mut committer = Committer::new(Box::new(Unkept::default()), None);
        let mut first = Batch::default();
        first.add(Body::Act { bytes: Vec::new() });
        committer.commit(Timestamp::from_secs(10_000), Duration::ZERO, first).unwrap();
        let mut at = |clock_s: i64, watch_s: u64| {
            let watch = Duration::from_secs(watch_s);
            let group = committer.commit(Timestamp::from_secs(clock_s), watch, Batch::default()).unwrap();
            group.records.iter().map(|record| record.received.floor_secs()).collect::<Vec<_>>()
        };
        assert_eq!(at(10_003, 3), [10_000, 10_001, 10_002]);
        assert_eq!(at(6_403, 3), [10_003], "set back by an hour: recorded");
        assert_eq!(at(6_413, 13), (10_003..10_008).collect::<Vec<_>>(), "ten seconds count as five");
        assert_eq!(at(10_010, 14), [10_008, 10_009, 10_010], "there again: recorded");
    }

    #[test]
    fn what_is_refused_in_one_group_is_counted_in_one_record_for_sensor_and_reason() {
        let mut batch = Batch::default();
        let refused = |name: &str, reason: &str| Body::Refused {
            sensor: SensorId::new(name),
            count: 1,
            reason: reason.to_owned(),
            first_sha256: [0; 32],
        };
        for body in
            [refused("a", "x"), refused("b", "x"), refused("a", "x"), refused("a", "y"), refused("a", "x")]
        {
            batch.add(body);
        }
        let counts: Vec<u64> = batch
            .bodies
            .iter()
            .map(|body| if let Body::Refused { count, .. } = body { *count } else { 0 })
            .collect();
        assert_eq!(counts, [3, 1, 1]);
    }
}
