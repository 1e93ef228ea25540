//! ASTERIX: the input as frames that each begin with their length in one byte, so that a rotation comes together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;
use linewatch::wire::asterix::peek_source;
use linewatch_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    for frame in pieces(bytes) {
        // Asked of every datagram before anything else is.
        let _ = peek_source(frame);
    }
    linewatch_fuzz::decode(Format::Asterix, pieces(bytes));
});
