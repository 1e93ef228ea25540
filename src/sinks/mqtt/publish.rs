//! The plan of the MQTT sink: notices in order, a bounded window ahead of the oldest missing acknowledgement; after a
//! lost connection everything that is not acknowledged again.
//!
//! The broker remembers nothing for us and the client library need not: what was not acknowledged is owed by the
//! outbox. Pure: time and what the line did are arguments.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::outbox::Queue;
use crate::sinks::plan::FAILURES_TO_PART;

/// How far publishing runs ahead of the oldest missing acknowledgement. Below the client library's own limit of 100,
/// so that its packet ids cannot collide.
pub const WINDOW: usize = 32;

/// The waits of an MQTT courier; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// An acknowledgement that takes longer means that the connection is dead.
    pub acknowledgement: Duration,
    /// First wait before connecting again.
    pub base: Duration,
    /// Longest wait; low, because a broker must be found again within 15 s of its return.
    pub cap: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            acknowledgement: Duration::from_secs(10),
            base: Duration::from_millis(250),
            cap: Duration::from_secs(5),
        }
    }
}

/// One publish on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A notice, by its sequence.
    Notice(u64),
    /// A dead-man notice, by its number.
    Beat(u64),
}

/// What a courier does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Connect, and tell whether it worked.
    Connect,
    /// Publish this at QoS 1, and tell when its acknowledgement is here.
    Publish(Token, Arc<str>),
    /// Ask again at this time at the latest, and whenever the queue has changed or the line did something.
    Wait(Option<Duration>),
    /// The line is dead: drop it.
    HangUp(&'static str),
    /// Everything is delivered and nothing more will come: say goodbye.
    Goodbye,
    /// Nothing is left to do.
    Done,
}

/// The plan.
#[derive(Debug)]
pub struct Publishing {
    timing: Timing,
    backoff: Backoff,
    line: Line,
    /// What has been published on this connection from the oldest missing acknowledgement on, in order.
    window: VecDeque<(Token, bool)>,
    /// The newest notice published on this connection.
    newest: Option<u64>,
    beat: Option<u64>,
    overdue: Duration,
    draining: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Down { until: Duration },
    Up,
    Over,
}

impl Publishing {
    /// A plan that has not connected yet; its waits are a function of `seed`.
    #[must_use]
    pub fn new(timing: Timing, seed: u64) -> Self {
        Self {
            timing,
            backoff: Backoff::seeded(timing.base, timing.cap, seed),
            line: Line::Down { until: Duration::ZERO },
            window: VecDeque::new(),
            newest: None,
            beat: None,
            overdue: Duration::ZERO,
            draining: false,
        }
    }

    /// What to do.
    pub fn next(&mut self, now: Duration, queue: &Queue) -> Act {
        let closed = queue.is_closed();
        if closed && !self.draining {
            self.begin_draining(now);
        }
        match self.line {
            Line::Over => return Act::Done,
            Line::Down { .. } if closed && self.parts(queue) => return Act::Done,
            Line::Down { until } if now < until => return Act::Wait(Some(until)),
            Line::Down { .. } => return Act::Connect,
            Line::Up => {}
        }
        if !self.window.is_empty() && now >= self.overdue {
            return Act::HangUp("no acknowledgement in time");
        }
        if self.window.len() < WINDOW {
            if let Some(beat) = queue.beat_after(self.beat) {
                self.beat = Some(beat.number);
                return self.publish(now, Token::Beat(beat.number), beat.json);
            }
            if let Some(owed) = queue.next_after(self.newest) {
                self.newest = Some(owed.sequence);
                return self.publish(now, Token::Notice(owed.sequence), owed.json);
            }
            if closed && self.window.is_empty() {
                self.line = Line::Over;
                return Act::Goodbye;
            }
        }
        Act::Wait((!self.window.is_empty()).then_some(self.overdue))
    }

    /// A shutdown cuts the wait short once: there is little time left to try in.
    fn begin_draining(&mut self, now: Duration) {
        self.draining = true;
        self.backoff.reset();
        if let Line::Down { until } = &mut self.line {
            *until = now;
        }
    }

    fn parts(&self, queue: &Queue) -> bool {
        queue.pending() == 0 || self.backoff.failures() >= FAILURES_TO_PART
    }

    fn publish(&mut self, now: Duration, token: Token, json: Arc<str>) -> Act {
        if self.window.is_empty() {
            self.overdue = now + self.timing.acknowledgement;
        }
        self.window.push_back((token, false));
        Act::Publish(token, json)
    }

    /// The connection stands.
    pub fn connected(&mut self) {
        self.line = Line::Up;
        self.window.clear();
        self.newest = None;
    }

    /// There is no connection, or no longer: what it had not acknowledged is published again on the next.
    pub fn lost(&mut self, now: Duration, queue: &Queue) {
        if queue.pending() > 0 {
            queue.retried();
        }
        self.line = Line::Down { until: now + self.backoff.next_wait() };
        self.window.clear();
        self.newest = None;
    }

    /// This connection's acknowledgement of one publish is here.
    pub fn acknowledged(&mut self, now: Duration, token: Token, queue: &Queue) {
        let open = self.window.iter_mut().find(|(of, acknowledged)| *of == token && !acknowledged);
        let Some((_, acknowledged)) = open else { return };
        *acknowledged = true;
        while self.window.front().is_some_and(|(_, acknowledged)| *acknowledged) {
            self.window.pop_front();
        }
        self.backoff.reset();
        self.overdue = now + self.timing.acknowledgement;
        if let Token::Notice(sequence) = token {
            queue.acknowledged(sequence);
        }
    }
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
