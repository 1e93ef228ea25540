//! What the log holds: everything that moves the engine, in one order.

use crate::sensor::SensorId;
use crate::time::Timestamp;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the log, counting from 0 without gaps.
    pub position: u64,
    /// The log's stamp on append: never decreases, and is the engine's only `now`.
    pub received: Timestamp,
    /// What happened.
    pub body: Body,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A sensor's own bytes, verbatim.
    Frame {
        /// From which sensor, by topic, port or line: never by what the bytes claim.
        sensor: SensorId,
        /// How it came.
        link: Link,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A status message or last will of a sensor, verbatim JSON.
    Status {
        /// Whose.
        sensor: SensorId,
        /// The JSON.
        bytes: Vec<u8>,
    },
    /// Something a person did, as JSON.
    Act {
        /// The JSON object.
        bytes: Vec<u8>,
    },
    /// A whole second has passed: it stands after every record stamped ≤ `received`, before every later one.
    Tick,
    /// Configuration and agreement were loaded again, as JSON with both hashes.
    Reload {
        /// The JSON object.
        bytes: Vec<u8>,
    },
    /// The daemon was not listening from `since` to `received`.
    Gap {
        /// When it last listened.
        since: Timestamp,
    },
    /// Frames refused before they could be journaled.
    Refused {
        /// Whose, if that could be read.
        sensor: Option<SensorId>,
        /// How many.
        count: u64,
        /// Under which name.
        reason: String,
        /// SHA-256 of the first one's bytes.
        first_sha256: [u8; 32],
    },
    /// The engine said this: held so that the log alone shows what was said. An output, which the engine ignores.
    Notice {
        /// The bytes every sink is sent.
        bytes: Vec<u8>,
    },
    /// The far end of a sink has acknowledged a notice.
    Delivered {
        /// The sink's id.
        sink: String,
        /// The notice's number in the outbox: how many notices the log had made before it.
        sequence: u64,
    },
    /// Records from ≤ position < to could not be read when the log was opened.
    Damage {
        /// The first of them.
        from: u64,
        /// Behind the last of them.
        to: u64,
    },
}

/// How a frame came: it decides what is known about repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// MQTT at QoS 1: may be delivered twice.
    Mqtt,
    /// A serial line: never repeats.
    Serial,
    /// A datagram: taken as it comes.
    Udp,
    /// A recording, which does not say.
    Recording,
}

/// Gives bodies their place and stamp, and puts the ticks between them: the one rule of order, for the live log and
/// for the replay of a recording alike.
#[derive(Clone, Debug, Default)]
pub struct Sequencer {
    next: u64,
    latest: Option<Timestamp>,
    /// The second of the last tick made, or the one before the first that is due.
    ticked: i64,
}

impl Sequencer {
    /// A sequencer that goes on after the last record held; a gap record since its stamp must come next.
    #[must_use]
    pub fn resume(last: &Record) -> Self {
        let second = match last.body {
            Body::Tick => last.received.floor_secs(),
            _ => last.received.ceil_secs() - 1,
        };
        Self { next: last.position + 1, latest: Some(last.received), ticked: second }
    }

    /// The same, leaving out the positions before `next`: what stood there cannot be read any more.
    #[must_use]
    pub fn skip_to(self, next: u64) -> Self {
        Self { next: self.next.max(next), ..self }
    }

    /// The position that the next record gets.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The stamp of the latest record.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// Appends to `out` the ticks due before `now`, then the record of `body`. A `now` before the latest stamp is a
    /// clock that stepped back: it is held at the latest stamp.
    pub fn place(&mut self, now: Timestamp, body: Body, out: &mut Vec<Record>) {
        let now = self.latest.map_or(now, |latest| now.max(latest));
        if let (Some(latest), Body::Gap { since }) = (self.latest, &body) {
            self.tick_through((*since).clamp(latest, now).floor_secs(), out);
        }
        if self.latest.is_none() || matches!(body, Body::Gap { .. }) {
            // Nobody was there to see the seconds before.
            self.ticked = now.ceil_secs() - 1;
        }
        self.advance(now, out);
        self.push(now, body, out);
    }

    /// Appends the ticks of every whole second S < `now`: no record stamped ≤ S can follow any more.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Record>) {
        if self.latest.is_some() {
            self.tick_through(now.ceil_secs() - 1, out);
        }
    }

    /// The input has ended: appends the ticks up to and including the latest stamp.
    pub fn finish(&mut self, out: &mut Vec<Record>) {
        if let Some(latest) = self.latest {
            self.tick_through(latest.floor_secs(), out);
        }
    }

    fn tick_through(&mut self, second: i64, out: &mut Vec<Record>) {
        while self.ticked < second {
            self.ticked += 1;
            self.push(Timestamp::from_secs(self.ticked), Body::Tick, out);
        }
    }

    fn push(&mut self, received: Timestamp, body: Body, out: &mut Vec<Record>) {
        out.push(Record { position: self.next, received, body });
        self.next += 1;
        self.latest = Some(received);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places acts at the given milliseconds and writes the result as stamps: ticks plain, acts with `a`.
    fn sequence(millis: &[i64]) -> String {
        let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
        for ms in millis {
            let at = Timestamp::from_nanos(ms * 1_000_000);
            sequencer.place(at, Body::Act { bytes: Vec::new() }, &mut out);
        }
        sequencer.finish(&mut out);
        assert!(out.iter().zip(0..).all(|(record, position)| record.position == position));
        assert!(out.is_sorted_by_key(|record| record.received));
        let word = |record: &Record| match record.body {
            Body::Tick => format!("{}", record.received.as_nanos() / 1_000_000),
            _ => format!("{}a", record.received.as_nanos() / 1_000_000),
        };
        out.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tick_stands_after_every_record_of_its_second_and_before_every_later_one() {
        assert_eq!(sequence(&[10_500, 11_000, 11_000, 11_001]), "10500a 11000a 11000a 11000 11001a");
        assert_eq!(sequence(&[10_000, 12_500]), "10000a 10000 11000 12000 12500a");
        assert_eq!(sequence(&[10_000]), "10000a 10000", "the end of the input closes its last second");
    }

    #[test]
    fn a_clock_that_steps_back_is_held() {
        assert_eq!(sequence(&[10_500, 9_000, 10_600]), "10500a 10500a 10600a");
    }

    #[test]
    fn nobody_ticks_while_nobody_listens() {
        let mut out = Vec::new();
        let last = Record { position: 7, received: Timestamp::from_secs(10), body: Body::Tick };
        let mut sequencer = Sequencer::resume(&last);
        let since = Timestamp::from_secs(10);
        sequencer.place(Timestamp::from_nanos(99_500_000_000), Body::Gap { since }, &mut out);
        sequencer.advance(Timestamp::from_nanos(101_200_000_000), &mut out);
        let seen: Vec<_> = out.iter().map(|r| (r.position, r.received.as_nanos() / 1_000_000)).collect();
        assert_eq!(seen, [(8, 99_500), (9, 100_000), (10, 101_000)]);
    }
}
