//! A journal segment: the input as it is, and as the content of records whose checksums are right, which no fuzzer
//! guesses. What a record says must come back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch_fuzz::journal::record_bytes::{decode, encode};
use linewatch_fuzz::journal::segment::SegmentReader;
use linewatch_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut segment = b"LWJOURN1\x07\0\0\0\0\0\0\0\x01e".to_vec();
    for piece in pieces(bytes) {
        segment.extend((piece.len() as u32).to_le_bytes());
        segment.extend(crc32fast::hash(piece).to_le_bytes());
        segment.extend(piece);
    }
    assert_eq!(read(&segment), pieces(bytes).take_while(|piece| decode(piece).is_ok()).count());
    for (received, body) in pieces(bytes).filter_map(|piece| decode(piece).ok()) {
        let mut written = Vec::new();
        encode(received, &body, &mut written);
        assert_eq!(decode(&written), Ok((received, body)));
    }
});

/// How many records a segment gives.
fn read(bytes: &[u8]) -> usize {
    let Ok(Some(mut reader)) = SegmentReader::begin(bytes) else { return 0 };
    let (mut records, mut next) = (0, None);
    while let Some(record) = reader.next_record().expect("memory can be read") {
        assert!(next.is_none_or(|next| next == record.position), "{} after {next:?}", record.position);
        next = record.position.checked_add(1);
        records += 1;
    }
    assert!(reader.whole_bytes() <= bytes.len() as u64);
    records
}
