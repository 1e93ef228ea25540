//! What a serial line brings, cut into frames: however the bytes are split into reads, the same frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;
use linewatch_fuzz::framing::Framer;

/// Short, so that overlong frames are found.
const LONGEST: usize = 16;

fuzz_target!(|input: (usize, &[u8])| {
    let (at, bytes) = input;
    let (left, right) = bytes.split_at(at.min(bytes.len()));
    for format in [Format::Nmea, Format::Frame] {
        let whole = Framer::new(format, LONGEST).push(bytes);
        let mut framer = Framer::new(format, LONGEST);
        let (first, second) = (framer.push(left), framer.push(right));
        assert_eq!(whole.overlong, first.overlong + second.overlong);
        assert_eq!(whole.frames, [first.frames, second.frames].concat());
        assert!(whole.frames.iter().all(|frame| (1..=LONGEST).contains(&frame.len())));
    }
});
