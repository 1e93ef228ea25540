//! The poison-message breaker: one message that cannot be read must not end every connection for ever.
//!
//! The client library drops the connection when a packet is larger than its limit, and the broker sends the same packet
//! again on the next: so the next connection reads with a limit wide enough to take that packet in, refuse it by name
//! and acknowledge it. If connections keep ending before anything could be read, the session itself is thrown away.

use super::connection::Lost;

/// Connections that ended before their first message, in a row, until the session is given up.
const GIVE_UP_SESSION_AFTER: u32 = 5;
/// No MQTT packet is larger (MQTT 3.1.1, section 2.2.3).
const LARGEST_PACKET_BYTES: usize = 268_435_460;

/// How the next connection is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Payloads up to this size are read; larger ones than the settings' are refused by name, not by hanging up.
    pub(super) read_bytes: usize,
    /// Throw the session away: what the broker held for it is lost, and said to be.
    pub(super) clean: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Breaker {
    usual_bytes: usize,
    poison_bytes: Option<usize>,
    fruitless: u32,
}

impl Breaker {
    pub(super) fn new(usual_bytes: usize) -> Self {
        Self { usual_bytes, poison_bytes: None, fruitless: 0 }
    }

    pub(super) fn attempt(&self) -> Attempt {
        Attempt {
            read_bytes: self.poison_bytes.unwrap_or(self.usual_bytes),
            clean: self.fruitless >= GIVE_UP_SESSION_AFTER,
        }
    }

    /// A message was read and dealt with.
    pub(super) fn progressed(&mut self) {
        self.fruitless = 0;
    }

    /// A connection ended; `was_steady` if it had lasted, for a poisonous message ends one at once.
    pub(super) fn lost(&mut self, lost: &Lost, was_steady: bool) {
        match lost {
            Lost::TooLarge(bytes) => {
                self.poison_bytes = Some(bytes.saturating_mul(2).min(LARGEST_PACKET_BYTES));
            }
            // Not the message's fault: it has not come yet.
            Lost::Unreachable(_) => {}
            Lost::Broken(_) => {
                self.poison_bytes = None;
                self.fruitless = if was_steady { 0 } else { self.fruitless.saturating_add(1) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_too_large_is_read_on_the_next_connection_and_only_there() {
        let mut breaker = Breaker::new(1_000);
        assert_eq!(breaker.attempt(), Attempt { read_bytes: 1_000, clean: false });
        breaker.lost(&Lost::TooLarge(5_000), false);
        assert_eq!(breaker.attempt().read_bytes, 10_000);
        breaker.progressed();
        breaker.lost(&Lost::Broken("reset".into()), false);
        assert_eq!(breaker.attempt().read_bytes, 1_000);
        breaker.lost(&Lost::TooLarge(usize::MAX), false);
        assert_eq!(breaker.attempt().read_bytes, LARGEST_PACKET_BYTES);
    }

    #[test]
    fn a_session_that_never_yields_a_message_is_given_up_but_not_for_an_absent_broker() {
        let mut breaker = Breaker::new(1_000);
        for _ in 0..100 {
            breaker.lost(&Lost::Unreachable("refused".into()), false);
        }
        assert!(!breaker.attempt().clean);
        for _ in 0..GIVE_UP_SESSION_AFTER {
            assert!(!breaker.attempt().clean);
            breaker.lost(&Lost::Broken("malformed".into()), false);
        }
        assert!(breaker.attempt().clean);
        breaker.progressed();
        assert!(!breaker.attempt().clean);
    }

    #[test]
    fn a_quiet_night_of_broker_restarts_is_no_poison() {
        let mut breaker = Breaker::new(1_000);
        for _ in 0..100 {
            breaker.lost(&Lost::Broken("reset".into()), true);
        }
        assert!(!breaker.attempt().clean);
    }
}
