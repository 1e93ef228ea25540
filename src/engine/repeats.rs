//! Which scans of one sensor have been seen before (reliability page, "Nothing lost").
//!
//! By (boot, seq, part) where the format counts; else, over MQTT, by the payload's SHA-256 within half a minute.
//! Bounded: [`WINDOW`] numbers behind the highest, [`MAX_PAYLOADS`] hashes.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::scan::ScanKey;
use crate::time::{Span, Timestamp};

/// How far behind the highest number a scan may come.
const WINDOW: u64 = 4_096;
/// Pieces remembered at most: a look in thousands of pieces must not fill the memory.
const MOST_SEEN: usize = 65_536;
/// A redelivered payload comes within this long.
const PAYLOAD_MEMORY: Span = Span::from_secs(30);
/// More payloads than a flooding sensor may have us remember.
const MAX_PAYLOADS: usize = 4_096;

/// An earlier life of the sensor: an indicator of replay, not a repeat.
pub(super) const STALE_BOOT: &str = "stale_boot";
/// Farther behind the highest number than repeats are remembered.
pub(super) const STALE_SEQ: &str = "stale_seq";

/// What is remembered of one sensor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Repeats {
    boot: u64,
    highest: u64,
    /// Below this, pieces had to be forgotten.
    lowest: u64,
    seen: BTreeSet<(u64, u16)>,
    /// In order of receipt, and the same hashes again in order of value.
    payloads: VecDeque<(Timestamp, [u8; 32])>,
    #[serde(skip)]
    hashes: BTreeSet<[u8; 32]>,
}

/// What a number says about its scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fresh,
    Repeat,
    Stale(&'static str),
}

impl Repeats {
    /// As read from a snapshot: the hashes once more in order of value.
    pub(super) fn restored(self) -> Self {
        Self { hashes: self.payloads.iter().map(|(_, hash)| *hash).collect(), ..self }
    }

    /// Judges one numbered scan and remembers it; `part` is 0 for a whole one.
    pub(super) fn judge(&mut self, key: ScanKey, part: u16) -> Verdict {
        if key.boot < self.boot {
            return Verdict::Stale(STALE_BOOT);
        }
        if key.boot > self.boot {
            self.boot = key.boot;
            (self.highest, self.lowest) = (0, 0);
            self.seen.clear();
        }
        if key.seq.saturating_add(WINDOW) < self.highest || key.seq < self.lowest {
            return Verdict::Stale(STALE_SEQ);
        }
        if !self.seen.insert((key.seq, part)) {
            return Verdict::Repeat;
        }
        if key.seq > self.highest {
            self.highest = key.seq;
            let oldest = self.highest.saturating_sub(WINDOW);
            while self.seen.first().is_some_and(|&(seq, _)| seq < oldest) {
                self.seen.pop_first();
            }
        }
        while self.seen.len() > MOST_SEEN
            && let Some((seq, _)) = self.seen.pop_first()
        {
            self.lowest = seq.saturating_add(1);
        }
        Verdict::Fresh
    }

    /// Whether the same bytes came from this sensor within half a minute; remembers them.
    pub(super) fn is_repeated_payload(&mut self, now: Timestamp, bytes: &[u8]) -> bool {
        while let Some(&(at, hash)) = self.payloads.front()
            && (now.since(at) > PAYLOAD_MEMORY || self.payloads.len() >= MAX_PAYLOADS)
        {
            self.payloads.pop_front();
            self.hashes.remove(&hash);
        }
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let fresh = self.hashes.insert(hash);
        if fresh {
            self.payloads.push_back((now, hash));
        }
        !fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(repeats: &mut Repeats, boot: u64, seq: u64) -> Verdict {
        repeats.judge(ScanKey { boot, seq }, 0)
    }

    #[test]
    fn numbers_are_taken_once_per_life() {
        let mut repeats = Repeats::default();
        assert_eq!(judge(&mut repeats, 1, 10), Verdict::Fresh);
        assert_eq!(judge(&mut repeats, 1, 10), Verdict::Repeat);
        assert_eq!(judge(&mut repeats, 1, 9), Verdict::Fresh, "out of order is not a repeat");
        assert_eq!(judge(&mut repeats, 2, 10), Verdict::Fresh, "a new life counts anew");
        assert_eq!(judge(&mut repeats, 1, 11), Verdict::Stale(STALE_BOOT));
        assert_eq!(judge(&mut repeats, 2, 10 + WINDOW + 1), Verdict::Fresh);
        assert_eq!(judge(&mut repeats, 2, 10), Verdict::Stale(STALE_SEQ));
        assert!(repeats.seen.len() <= 2);
    }

    #[test]
    fn pieces_of_one_look_are_not_repeats_of_each_other() {
        let mut repeats = Repeats::default();
        let key = ScanKey { boot: 1, seq: 1 };
        assert_eq!(repeats.judge(key, 1), Verdict::Fresh);
        assert_eq!(repeats.judge(key, 2), Verdict::Fresh);
        assert_eq!(repeats.judge(key, 2), Verdict::Repeat);
    }

    #[test]
    fn looks_in_very_many_pieces_are_remembered_as_far_as_there_is_room() {
        let mut repeats = Repeats::default();
        for seq in 1..=3 {
            for part in 1..=u16::MAX {
                assert_eq!(repeats.judge(ScanKey { boot: 1, seq }, part), Verdict::Fresh);
            }
        }
        assert!(repeats.seen.len() <= MOST_SEEN);
        assert_eq!(
            repeats.judge(ScanKey { boot: 1, seq: 1 }, 7),
            Verdict::Stale(STALE_SEQ),
            "forgotten, not new"
        );
        assert_eq!(repeats.judge(ScanKey { boot: 1, seq: 3 }, 7), Verdict::Repeat);
    }

    #[test]
    fn the_same_payload_counts_again_after_half_a_minute() {
        let mut repeats = Repeats::default();
        let at = |secs| Timestamp::from_secs(secs);
        assert!(!repeats.is_repeated_payload(at(0), b"a"));
        assert!(repeats.is_repeated_payload(at(29), b"a"));
        assert!(!repeats.is_repeated_payload(at(31), b"a"));
        for n in 0..10_000u32 {
            repeats.is_repeated_payload(at(31), &n.to_le_bytes());
        }
        assert!(repeats.payloads.len() <= MAX_PAYLOADS && repeats.hashes.len() <= MAX_PAYLOADS);
    }
}
