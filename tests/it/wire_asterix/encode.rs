//! Frames written by hand, as a radar of source 25/1 would.

use linewatch::time::{Span, Timestamp};

/// Midnight of the day these radars work.
pub(super) fn midnight() -> Timestamp {
    Timestamp::parse("2026-03-01T00:00:00Z").unwrap()
}

/// So many seconds after [`midnight`].
pub(super) fn at(seconds: f64) -> Timestamp {
    midnight().plus(Span::from_secs_f64(seconds))
}

/// A record's field specification and items, by category.
pub(super) type Item = (u8, Vec<u8>);

/// Blocks of items in a row: consecutive items of one category share a block.
pub(super) fn frame(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in items.chunk_by(|one, other| one.0 == other.0) {
        let records: Vec<u8> = run.iter().flat_map(|(_, record)| record.iter().copied()).collect();
        let length = u16::try_from(records.len() + 3).unwrap().to_be_bytes();
        out.extend([run[0].0, length[0], length[1]]);
        out.extend(records);
    }
    out
}

/// Seconds of the day, negative the day before, in 1/128 s.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days are short")]
fn time_of_day(seconds: f64) -> [u8; 3] {
    let [_, a, b, c] = ((seconds.rem_euclid(86_400.0) * 128.0).round() as u32).to_be_bytes();
    [a, b, c]
}

/// A plot: 010, 140, 020 (Mode S roll-call), 040, 220.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole turn wraps to zero")]
pub(super) fn plot(seconds: f64, azimuth_deg: f64) -> Item {
    let mut record = vec![0xf1, 0x80, 25, 1];
    record.extend(time_of_day(seconds));
    record.extend([0xa0, 0x28, 0x00]);
    record.extend(((azimuth_deg / 360.0 * 65_536.0).round() as u32 as u16).to_be_bytes());
    record.extend([0x4c, 0xa7, 0xf3]);
    (48, record)
}

/// A sector crossing: 010, 000, 030, 020.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole turn wraps to zero")]
pub(super) fn crossing(seconds: f64, azimuth_deg: f64) -> Item {
    let [a, b, c] = time_of_day(seconds);
    (34, vec![0xf0, 25, 1, 2, a, b, c, (azimuth_deg / 360.0 * 256.0).round() as u32 as u8])
}

/// A north mark: 010, 000, 030.
pub(super) fn north(seconds: f64) -> Item {
    let [a, b, c] = time_of_day(seconds);
    (34, vec![0xe0, 25, 1, 1, a, b, c])
}
