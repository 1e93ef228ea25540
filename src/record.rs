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
        /// Whose, if the claim could be read.
        sensor: SensorId,
        /// How many.
        count: u64,
        /// Under which name.
        reason: String,
        /// SHA-256 of the first one's bytes.
        first_sha256: [u8; 32],
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

/// The ticks due before a record stamped `received` when the last one made was for second `last`:
/// every whole second S with `last` < S < `received`.
///
/// A tick for S stands after every record stamped ≤ S, so one *at* `received` must wait for the next record.
pub fn ticks_before(last: i64, received: Timestamp) -> impl Iterator<Item = Timestamp> {
    (last.saturating_add(1)..received.ceil_secs()).map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_waits_for_all_records_of_its_second() {
        let ticks = |last, nanos| -> Vec<i64> {
            ticks_before(last, Timestamp::from_nanos(nanos)).map(|t| t.floor_secs()).collect()
        };
        assert_eq!(ticks(10, 11_000_000_000), Vec::<i64>::new(), "records at 11 s may follow");
        assert_eq!(ticks(10, 11_000_000_001), vec![11]);
        assert_eq!(ticks(10, 13_500_000_000), vec![11, 12, 13]);
        assert_eq!(ticks(13, 13_000_000_000), Vec::<i64>::new());
    }
}
