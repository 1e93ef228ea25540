//! A journal segment: the input as it is, and as the content of records whose checksums are right, which no fuzzer
//! guesses. What a record says must come back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch_fuzz::journal::layout::{FRAME_BYTES, Header};
use linewatch_fuzz::journal::reader::SegmentReader;
use linewatch_fuzz::journal::record_bytes::{Canonical, decode, encode, encode_thinned};
use linewatch_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let header = Header { first: 7, chain: [0; 32], after_damage: false, thinned: true, sector: "e".into() };
    let mut segment = header.to_bytes();
    for (position, piece) in (7u64..).zip(pieces(bytes)) {
        let canonical = [&position.to_le_bytes()[..], piece].concat();
        let mut frame = vec![0; FRAME_BYTES];
        frame[..4].copy_from_slice(&(canonical.len() as u32).to_le_bytes());
        frame.extend(&canonical);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&frame[..4]), &frame[8..]);
        frame[4..8].copy_from_slice(&crc.to_le_bytes());
        segment.extend(&frame);
        if let Ok(read) = decode(&canonical) {
            let mut written = Vec::new();
            match read {
                Canonical::Whole(record) => encode(&record, &mut written),
                Canonical::Thinned(position, leaf) => encode_thinned(position, &leaf, &mut written),
            }
            assert_eq!(written, canonical);
        }
    }
    read(&segment);
});

/// Reads a segment to its end.
fn read(bytes: &[u8]) {
    let Ok(Some(mut reader)) = SegmentReader::begin(bytes) else { return };
    let mut next = reader.header.first;
    while let Some(entry) = reader.next_entry().expect("memory can be read") {
        assert_eq!(entry.position(), next);
        next += 1;
    }
    assert!(reader.whole_bytes() <= bytes.len() as u64);
}
