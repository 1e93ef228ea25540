//! One notice after the other, each until the far end has it: the plan of webhooks and of CAP.
//!
//! A far end that is down or unwell is waited for, in order. One that is well but will not have *this* notice does not
//! hold up the others: the notice is set aside, stays owed, and is offered again at a fixed interval. A far end that
//! fails on one notice again and again is probed with the next one: if it takes that, it is well, and the first is set
//! aside. What was set aside is offered whenever its time comes, before what is new.

use std::collections::VecDeque;
use std::time::Duration;

use super::DeliveryError;
use super::plan::{FAILURES_TO_PART, Next, Now, Parcel, Plan};
use crate::backoff::Backoff;
use crate::outbox::{Beat, Owed, Queue};

/// So many failures in a row on one notice, and the next one is tried once.
const FAILURES_TO_PROBE: u32 = 8;

/// The waits of a courier; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// An attempt without an answer is given up after this long.
    pub attempt: Duration,
    /// First wait after a failure.
    pub base: Duration,
    /// Longest wait after many.
    pub cap: Duration,
    /// How often a refused notice is offered again.
    pub set_aside: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            set_aside: Duration::from_secs(30),
        }
    }
}

/// How a notice, and a beat if this kind of sink has any, becomes a parcel.
pub trait Wording: Send {
    /// The same notice gives the same bytes.
    fn notice(&self, owed: &Owed) -> (String, &'static str, std::sync::Arc<str>);

    /// `None` where a far end has no use for it.
    fn beat(&self, beat: &Beat) -> Option<(&'static str, std::sync::Arc<str>)>;
}

/// The plan.
#[derive(Debug)]
pub struct Insist<W> {
    wording: W,
    timing: Timing,
    backoff: Backoff,
    /// The newest notice that was its turn.
    cursor: Option<u64>,
    current: Option<Current>,
    /// Refused ones, and when each is offered again.
    set_aside: VecDeque<(Duration, u64)>,
    /// The latest beat that was dealt with.
    beat: Option<u64>,
    sent: Option<Sent>,
    wait_until: Duration,
    draining: bool,
}

/// The notice insisted on.
#[derive(Debug)]
struct Current {
    sequence: u64,
    failures: u32,
    /// It is time to try another.
    probe: bool,
}

#[derive(Clone, Copy, Debug)]
enum Sent {
    Current,
    Probe(u64),
    Beat(u64),
}

impl<W: Wording> Insist<W> {
    /// A plan that has not sent anything yet; its waits are a function of `seed`.
    pub fn new(wording: W, timing: Timing, seed: u64) -> Self {
        Self {
            wording,
            timing,
            backoff: Backoff::seeded(timing.base, timing.cap, seed),
            cursor: None,
            current: None,
            set_aside: VecDeque::new(),
            beat: None,
            sent: None,
            wait_until: Duration::ZERO,
            draining: false,
        }
    }

    fn parcel(&mut self, sent: Sent, owed: &Owed) -> Next {
        self.sent = Some(sent);
        let (name, content_type, body) = self.wording.notice(owed);
        Next::Send(Parcel { name: Some(name), content_type, body, patience: self.timing.attempt })
    }

    fn beat(&mut self, queue: &Queue) -> Option<Next> {
        let beat = queue.beat_after(self.beat)?;
        let Some((content_type, body)) = self.wording.beat(&beat) else {
            self.beat = Some(beat.number);
            return None;
        };
        self.sent = Some(Sent::Beat(beat.number));
        Some(Next::Send(Parcel { name: None, content_type, body, patience: self.timing.attempt }))
    }

    /// The notice whose turn it is, or the one after it to probe the far end with.
    fn insist(&mut self, queue: &Queue) -> Option<Next> {
        let (sequence, probe) = self.current.as_ref().map(|current| (current.sequence, current.probe))?;
        let Some(owed) = queue.get(sequence) else {
            // Given up meanwhile: the queue was full.
            self.current = None;
            return None;
        };
        match queue.next_after(self.cursor).filter(|_| probe) {
            Some(other) => Some(self.parcel(Sent::Probe(other.sequence), &other)),
            None => Some(self.parcel(Sent::Current, &owed)),
        }
    }

    fn begin(&mut self, owed: &Owed) -> Next {
        self.current = Some(Current { sequence: owed.sequence, failures: 0, probe: false });
        self.parcel(Sent::Current, owed)
    }

    /// A shutdown cuts every wait short once: there is little time left to try in.
    fn begin_draining(&mut self, now: Now) {
        self.draining = true;
        self.wait_until = now.elapsed;
        self.backoff.reset();
        if let Some(current) = &mut self.current {
            current.probe = false;
        }
        self.set_aside.iter_mut().for_each(|(at, _)| *at = now.elapsed);
    }

    fn set_current_aside(&mut self, now: Now) {
        if let Some(current) = self.current.take() {
            self.set_aside.push_back((now.elapsed + self.timing.set_aside, current.sequence));
        }
    }
}

impl<W: Wording> Plan for Insist<W> {
    fn next(&mut self, now: Now, queue: &Queue) -> Next {
        let closed = queue.is_closed();
        if closed && !self.draining {
            self.begin_draining(now);
        }
        if closed && self.backoff.failures() >= FAILURES_TO_PART {
            return Next::Done;
        }
        if now.elapsed < self.wait_until {
            return Next::Wait(Some(self.wait_until));
        }
        if let Some(send) = self.beat(queue).or_else(|| self.insist(queue)) {
            return send;
        }
        while let Some(&(at, sequence)) = self.set_aside.front() {
            if now.elapsed < at {
                break;
            }
            self.set_aside.pop_front();
            if let Some(owed) = queue.get(sequence) {
                return self.begin(&owed);
            }
        }
        if let Some(owed) = queue.next_after(self.cursor) {
            self.cursor = Some(owed.sequence);
            return self.begin(&owed);
        }
        match self.set_aside.front() {
            _ if closed => Next::Done,
            first => Next::Wait(first.map(|(at, _)| *at)),
        }
    }

    fn answered(&mut self, now: Now, answer: Result<(), DeliveryError>, queue: &Queue) {
        let Some(sent) = self.sent.take() else { return };
        if let (Err(error), false) = (&answer, matches!(sent, Sent::Beat(_))) {
            queue.retried();
            let sequence = self.current.as_ref().map(|current| current.sequence);
            tracing::warn!(sink = %queue.sink, sequence, %error, "not delivered");
        }
        let well = !matches!(answer, Err(DeliveryError::Retry(_)));
        if well {
            self.backoff.reset();
        } else {
            self.wait_until = now.elapsed + self.backoff.next_wait();
        }
        match sent {
            Sent::Beat(number) if well => self.beat = Some(number),
            Sent::Beat(_) => {}
            Sent::Current => match (answer, &mut self.current) {
                (Ok(()), Some(current)) => {
                    queue.acknowledged(current.sequence);
                    self.current = None;
                }
                (Err(DeliveryError::Permanent(_)), _) => self.set_current_aside(now),
                (Err(DeliveryError::Retry(_)), Some(current)) => {
                    current.failures += 1;
                    current.probe = current.failures % FAILURES_TO_PROBE == 0;
                }
                (_, None) => {}
            },
            Sent::Probe(sequence) => {
                if answer.is_ok() {
                    queue.acknowledged(sequence);
                    self.cursor = Some(sequence);
                }
                if well {
                    self.set_current_aside(now);
                } else if let Some(current) = &mut self.current {
                    current.probe = false;
                    current.failures += 1;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "insist_tests.rs"]
mod tests;
