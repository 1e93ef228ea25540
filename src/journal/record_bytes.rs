//! One record as bytes, both ways. All numbers little endian.
//!
//! `kind u8 · received i64 (ns since 1970) · rest`, the rest by kind: 0 frame `link u8 · len u8 · sensor · bytes`,
//! 1 status `len u8 · sensor · bytes`, 2 act `bytes`, 3 tick, 4 reload `bytes`, 5 gap `since i64`,
//! 6 refused `len u8 · sensor · count u64 · sha256 · reason`. The position is not written: it is the record's place.

use crate::record::{Body, Link};
use crate::sensor::SensorId;
use crate::time::Timestamp;

/// Bytes that are no record: the reader is of another version, or the bytes were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal record")]
pub struct NotARecord;

/// Appends the bytes of a record to `out`.
pub fn encode(received: Timestamp, body: &Body, out: &mut Vec<u8>) {
    let kind = match body {
        Body::Frame { .. } => 0,
        Body::Status { .. } => 1,
        Body::Act { .. } => 2,
        Body::Tick => 3,
        Body::Reload { .. } => 4,
        Body::Gap { .. } => 5,
        Body::Refused { .. } => 6,
    };
    out.push(kind);
    out.extend_from_slice(&received.as_nanos().to_le_bytes());
    match body {
        Body::Frame { sensor, link, bytes } => {
            out.push(link_code(*link));
            put_sensor(sensor, out);
            out.extend_from_slice(bytes);
        }
        Body::Status { sensor, bytes } => {
            put_sensor(sensor, out);
            out.extend_from_slice(bytes);
        }
        Body::Act { bytes } | Body::Reload { bytes } => out.extend_from_slice(bytes),
        Body::Tick => {}
        Body::Gap { since } => out.extend_from_slice(&since.as_nanos().to_le_bytes()),
        Body::Refused { sensor, count, reason, first_sha256 } => {
            put_sensor(sensor, out);
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(first_sha256);
            out.extend_from_slice(reason.as_bytes());
        }
    }
}

/// Reads the bytes of one whole record.
///
/// # Errors
/// [`NotARecord`].
pub fn decode(bytes: &[u8]) -> Result<(Timestamp, Body), NotARecord> {
    let mut rest = bytes;
    let kind = take::<1>(&mut rest)?[0];
    let received = Timestamp::from_nanos(i64::from_le_bytes(take(&mut rest)?));
    let body = match kind {
        0 => {
            let link = link_of(take::<1>(&mut rest)?[0])?;
            Body::Frame { sensor: take_sensor(&mut rest)?, link, bytes: rest.to_vec() }
        }
        1 => Body::Status { sensor: take_sensor(&mut rest)?, bytes: rest.to_vec() },
        2 => Body::Act { bytes: rest.to_vec() },
        3 if rest.is_empty() => Body::Tick,
        4 => Body::Reload { bytes: rest.to_vec() },
        5 => Body::Gap { since: Timestamp::from_nanos(i64::from_le_bytes(take(&mut rest)?)) },
        6 => Body::Refused {
            sensor: take_sensor(&mut rest)?,
            count: u64::from_le_bytes(take(&mut rest)?),
            first_sha256: take(&mut rest)?,
            reason: std::str::from_utf8(rest).map_err(|_| NotARecord)?.to_owned(),
        },
        _ => return Err(NotARecord),
    };
    Ok((received, body))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NotARecord> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(NotARecord)?;
    *rest = tail;
    Ok(*head)
}

fn put_sensor(sensor: &SensorId, out: &mut Vec<u8>) {
    let name = sensor.as_str().as_bytes();
    out.push(u8::try_from(name.len()).expect("an id has at most 63 bytes"));
    out.extend_from_slice(name);
}

fn take_sensor(rest: &mut &[u8]) -> Result<SensorId, NotARecord> {
    let len = usize::from(take::<1>(rest)?[0]);
    let (name, tail) = rest.split_at_checked(len).ok_or(NotARecord)?;
    *rest = tail;
    std::str::from_utf8(name).ok().and_then(SensorId::new).ok_or(NotARecord)
}

fn link_code(link: Link) -> u8 {
    match link {
        Link::Mqtt => 0,
        Link::Serial => 1,
        Link::Udp => 2,
        Link::Recording => 3,
    }
}

fn link_of(code: u8) -> Result<Link, NotARecord> {
    [Link::Mqtt, Link::Serial, Link::Udp, Link::Recording].get(usize::from(code)).copied().ok_or(NotARecord)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bodies() -> impl Strategy<Value = Body> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        let sensor = || "[A-Za-z0-9][A-Za-z0-9._-]{0,62}".prop_map(|name| SensorId::new(&name).unwrap());
        let link = prop_oneof![Just(Link::Mqtt), Just(Link::Serial), Just(Link::Udp), Just(Link::Recording)];
        prop_oneof![
            (sensor(), link, bytes()).prop_map(|(sensor, link, bytes)| Body::Frame { sensor, link, bytes }),
            (sensor(), bytes()).prop_map(|(sensor, bytes)| Body::Status { sensor, bytes }),
            bytes().prop_map(|bytes| Body::Act { bytes }),
            Just(Body::Tick),
            bytes().prop_map(|bytes| Body::Reload { bytes }),
            any::<i64>().prop_map(|at| Body::Gap { since: Timestamp::from_nanos(at) }),
            (sensor(), any::<u64>(), "[a-z_]{1,20}", any::<[u8; 32]>()).prop_map(
                |(sensor, count, reason, first_sha256)| Body::Refused { sensor, count, reason, first_sha256 }
            ),
        ]
    }

    proptest! {
        #[test]
        fn every_record_comes_back(body in bodies(), at in any::<i64>()) {
            let mut bytes = Vec::new();
            encode(Timestamp::from_nanos(at), &body, &mut bytes);
            prop_assert_eq!(decode(&bytes), Ok((Timestamp::from_nanos(at), body)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok((received, body)) = decode(&bytes) {
                let mut again = Vec::new();
                encode(received, &body, &mut again);
                prop_assert!(again.len() <= bytes.len());
            }
        }
    }
}
