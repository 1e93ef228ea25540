//! One record as its canonical bytes, both ways: `FORMAT.md`, "Canonical bytes of a record".

use crate::record::{Body, Link, Record};
use crate::sensor::SensorId;
use crate::time::Timestamp;

/// Bytes that are no record: the reader is of another version, or the bytes were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal record")]
pub struct NotARecord;

/// What a record's canonical bytes say.
#[derive(Clone, Debug, PartialEq)]
pub enum Canonical {
    /// The record itself.
    Whole(Record),
    /// A frame has stood here and has made room: its position and its leaf.
    Thinned(u64, [u8; 32]),
}

const THINNED: u8 = 255;

/// Appends the canonical bytes of a record to `out`.
pub fn encode(record: &Record, out: &mut Vec<u8>) {
    let Record { position, received, body } = record;
    out.extend_from_slice(&position.to_le_bytes());
    let kind = match body {
        Body::Frame { .. } => 0,
        Body::Status { .. } => 1,
        Body::Act { .. } => 2,
        Body::Tick => 3,
        Body::Reload { .. } => 4,
        Body::Gap { .. } => 5,
        Body::Refused { .. } => 6,
        Body::Notice { .. } => 7,
        Body::Delivered { .. } => 8,
        Body::Damage { .. } => 9,
    };
    out.push(kind);
    out.extend_from_slice(&received.as_nanos().to_le_bytes());
    match body {
        Body::Frame { sensor, link, bytes } => {
            out.push(link_code(*link));
            put_name(sensor.as_str(), out);
            out.extend_from_slice(bytes);
        }
        Body::Status { sensor, bytes } => {
            put_name(sensor.as_str(), out);
            out.extend_from_slice(bytes);
        }
        Body::Act { bytes } | Body::Reload { bytes } | Body::Notice { bytes } => out.extend_from_slice(bytes),
        Body::Tick => {}
        Body::Gap { since } => out.extend_from_slice(&since.as_nanos().to_le_bytes()),
        Body::Refused { sensor, count, reason, first_sha256 } => {
            put_name(sensor.as_ref().map_or("", SensorId::as_str), out);
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(first_sha256);
            out.extend_from_slice(reason.as_bytes());
        }
        Body::Delivered { sink, sequence } => {
            put_name(sink, out);
            out.extend_from_slice(&sequence.to_le_bytes());
        }
        Body::Damage { from, to } => {
            out.extend_from_slice(&from.to_le_bytes());
            out.extend_from_slice(&to.to_le_bytes());
        }
    }
}

/// Appends the canonical bytes of a frame that has made room.
pub fn encode_thinned(position: u64, leaf: &[u8; 32], out: &mut Vec<u8>) {
    out.extend_from_slice(&position.to_le_bytes());
    out.push(THINNED);
    out.extend_from_slice(leaf);
}

/// Reads the bytes of one whole record.
///
/// # Errors
/// [`NotARecord`].
pub fn decode(bytes: &[u8]) -> Result<Canonical, NotARecord> {
    let mut rest = bytes;
    let position = u64::from_le_bytes(take(&mut rest)?);
    let kind = take::<1>(&mut rest)?[0];
    if kind == THINNED {
        let leaf = take(&mut rest)?;
        return nothing_left(rest, Canonical::Thinned(position, leaf));
    }
    let received = Timestamp::from_nanos(i64::from_le_bytes(take(&mut rest)?));
    let body = match kind {
        0 => {
            let link = link_of(take::<1>(&mut rest)?[0])?;
            Body::Frame { sensor: take_sensor(&mut rest)?, link, bytes: rest.to_vec() }
        }
        1 => Body::Status { sensor: take_sensor(&mut rest)?, bytes: rest.to_vec() },
        2 => Body::Act { bytes: rest.to_vec() },
        3 => nothing_left(rest, Body::Tick)?,
        4 => Body::Reload { bytes: rest.to_vec() },
        5 => {
            let since = Timestamp::from_nanos(i64::from_le_bytes(take(&mut rest)?));
            nothing_left(rest, Body::Gap { since })?
        }
        6 => Body::Refused {
            sensor: match take_name(&mut rest)? {
                "" => None,
                name => Some(SensorId::new(name).ok_or(NotARecord)?),
            },
            count: u64::from_le_bytes(take(&mut rest)?),
            first_sha256: take(&mut rest)?,
            reason: std::str::from_utf8(rest).map_err(|_| NotARecord)?.to_owned(),
        },
        7 => Body::Notice { bytes: rest.to_vec() },
        8 => {
            let sink = take_name(&mut rest)?.to_owned();
            let sequence = u64::from_le_bytes(take(&mut rest)?);
            nothing_left(rest, Body::Delivered { sink, sequence })?
        }
        9 => {
            let from = u64::from_le_bytes(take(&mut rest)?);
            let to = u64::from_le_bytes(take(&mut rest)?);
            nothing_left(rest, Body::Damage { from, to })?
        }
        _ => return Err(NotARecord),
    };
    Ok(Canonical::Whole(Record { position, received, body }))
}

fn nothing_left<T>(rest: &[u8], value: T) -> Result<T, NotARecord> {
    if rest.is_empty() { Ok(value) } else { Err(NotARecord) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NotARecord> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(NotARecord)?;
    *rest = tail;
    Ok(*head)
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    out.push(u8::try_from(name.len()).expect("an id has at most 63 bytes"));
    out.extend_from_slice(name.as_bytes());
}

fn take_name<'a>(rest: &mut &'a [u8]) -> Result<&'a str, NotARecord> {
    let len = usize::from(take::<1>(rest)?[0]);
    let (name, tail) = rest.split_at_checked(len).ok_or(NotARecord)?;
    *rest = tail;
    std::str::from_utf8(name).map_err(|_| NotARecord)
}

fn take_sensor(rest: &mut &[u8]) -> Result<SensorId, NotARecord> {
    take_name(rest).and_then(|name| SensorId::new(name).ok_or(NotARecord))
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
            (proptest::option::of(sensor()), any::<u64>(), "[a-z_]{1,20}", any::<[u8; 32]>()).prop_map(
                |(sensor, count, reason, first_sha256)| Body::Refused { sensor, count, reason, first_sha256 }
            ),
            bytes().prop_map(|bytes| Body::Notice { bytes }),
            ("[a-z]{1,63}", any::<u64>()).prop_map(|(sink, sequence)| Body::Delivered { sink, sequence }),
            any::<(u64, u64)>().prop_map(|(from, to)| Body::Damage { from, to }),
        ]
    }

    proptest! {
        #[test]
        fn every_record_comes_back(body in bodies(), at in any::<i64>(), position in any::<u64>()) {
            let record = Record { position, received: Timestamp::from_nanos(at), body };
            let mut bytes = Vec::new();
            encode(&record, &mut bytes);
            prop_assert_eq!(decode(&bytes), Ok(Canonical::Whole(record)));
        }

        #[test]
        fn any_bytes_are_read_as_what_writes_them_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut again = Vec::new();
            match decode(&bytes) {
                Ok(Canonical::Whole(record)) => encode(&record, &mut again),
                Ok(Canonical::Thinned(position, leaf)) => encode_thinned(position, &leaf, &mut again),
                Err(NotARecord) => return Ok(()),
            }
            prop_assert_eq!(again, bytes);
        }
    }
}
