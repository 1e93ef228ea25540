//! ASTERIX: the input as frames that each begin with their length in one byte, so that a rotation comes together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let frames = std::iter::from_fn(move || {
        let (length, after) = rest.split_first()?;
        let (frame, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        Some(frame)
    });
    linewatch_fuzz::decode(Format::Asterix, frames);
});
