//! A byte stream cut into frames: lines, or runs between zero bytes. Pure, and finds its feet after noise.

use crate::sensor::Format;

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// At CR or LF, which are not part of the frame; empty lines are nothing.
    Lines,
    /// At zero bytes (COBS); empty runs are nothing.
    Zeros,
}

/// Collects bytes into frames. Holds at most one frame's worth.
#[derive(Clone, Debug)]
pub struct Framer {
    cut: Cut,
    longest: usize,
    held: Vec<u8>,
    /// Past the longest frame: everything up to the next delimiter is noise.
    skipping: bool,
}

/// What [`Framer::push`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whole frames, in order.
    pub frames: Vec<Vec<u8>>,
    /// Frames given up because they were longer than any sensor writes.
    pub overlong: u64,
}

impl Framer {
    /// For a sensor of this format; `longest` bytes a frame.
    #[must_use]
    pub fn new(format: Format, longest: usize) -> Self {
        let cut = match format {
            Format::Frame => Cut::Zeros,
            Format::Json | Format::Nmea | Format::Asterix => Cut::Lines,
        };
        Self { cut, longest, held: Vec::new(), skipping: false }
    }

    /// Takes more of the stream. A frame that was begun before the port was opened is handed on all the same: its
    /// checksum, not we, tells whether it is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Found {
        let mut found = Found::default();
        for &byte in bytes {
            let delimiter = match self.cut {
                Cut::Lines => byte == b'\n' || byte == b'\r',
                Cut::Zeros => byte == 0,
            };
            if delimiter {
                if !self.skipping && !self.held.is_empty() {
                    found.frames.push(std::mem::take(&mut self.held));
                }
                self.skipping = false;
            } else if !self.skipping {
                if self.held.len() >= self.longest {
                    self.held.clear();
                    self.skipping = true;
                    found.overlong += 1;
                } else {
                    self.held.push(byte);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(format: Format, chunks: &[&[u8]]) -> Vec<String> {
        let mut framer = Framer::new(format, 16);
        let found = chunks.iter().flat_map(|chunk| framer.push(chunk).frames);
        found.map(|frame| String::from_utf8_lossy(&frame).into_owned()).collect()
    }

    #[test]
    fn lines_end_in_any_of_the_usual_ways_and_may_come_in_pieces() {
        assert_eq!(
            frames(Format::Nmea, &[b"$A*00\r\n$B", b"*01\n", b"\r\n$C*02\r", b"$D"]),
            ["$A*00", "$B*01", "$C*02"]
        );
        assert_eq!(frames(Format::Frame, &[b"\0\0ab\0c", b"d\0\0e"]), ["ab", "cd"]);
    }

    #[test]
    fn noise_without_a_delimiter_is_dropped_and_the_next_frame_found() {
        let mut framer = Framer::new(Format::Nmea, 16);
        let found = framer.push(&[b'x'; 1_000]);
        assert_eq!((found.frames.len(), found.overlong), (0, 1));
        assert!(framer.held.is_empty(), "noise is not kept");
        assert_eq!(framer.push(b"xx\n$OK*00\n").frames, [b"$OK*00".to_vec()]);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_split_does_not_matter(bytes in proptest::collection::vec(0u8..16, 0..200), at in 0usize..200) {
            let at = at.min(bytes.len());
            let whole = Framer::new(Format::Frame, 16).push(&bytes);
            let mut framer = Framer::new(Format::Frame, 16);
            let (first, second) = (framer.push(&bytes[..at]), framer.push(&bytes[at..]));
            prop_assert_eq!(whole.overlong, first.overlong + second.overlong);
            prop_assert_eq!(whole.frames, [first.frames, second.frames].concat());
        }
    }
}
