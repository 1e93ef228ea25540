//! Frames that come twice: redundant networks carry every datagram on two paths, a stuck sender repeats its last.
//!
//! In: whole frames. Out: whether the same bytes came just before. Their time of day makes honest frames differ, so
//! two equal ones are one measurement, and counting it twice would make the picture surer than it is.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// Frames remembered.
const REMEMBERED: usize = 64;
/// How long the first copy is remembered.
const MEMORY: Span = Span::from_secs(60);

/// Fingerprints of the latest frames.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Repeats {
    seen: std::collections::VecDeque<(u64, Timestamp)>,
}

impl Repeats {
    /// Whether these bytes came lately; if not, they are remembered.
    pub(super) fn is_repeat(&mut self, bytes: &[u8], received: Timestamp) -> bool {
        let print = fingerprint(bytes);
        while self.seen.front().is_some_and(|(_, at)| received.since(*at) > MEMORY) {
            self.seen.pop_front();
        }
        if self.seen.iter().any(|(seen, _)| *seen == print) {
            return true;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((print, received));
        false
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine and in every run.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_within_a_minute_are_a_repeat() {
        let mut repeats = Repeats::default();
        let at = Timestamp::from_secs;
        assert!(!repeats.is_repeat(b"abc", at(0)));
        assert!(repeats.is_repeat(b"abc", at(1)));
        assert!(!repeats.is_repeat(b"abd", at(1)));
        assert!(!repeats.is_repeat(b"abc", at(61)));
        // The published test vector of "a".
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
