//! The field frame: the input as it is, and as the content of a frame whose checksum is right, which no fuzzer guesses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;

fuzz_target!(|bytes: &[u8]| {
    let framed = cobs::encode_vec(&[bytes, &crc32fast::hash(bytes).to_le_bytes()].concat());
    linewatch_fuzz::decode(Format::Frame, [bytes, &framed].into_iter());
});
