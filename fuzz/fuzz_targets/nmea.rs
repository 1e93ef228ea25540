//! NMEA 0183 and AIS: the lines of the input one after the other, so that multi-part messages come together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;

fuzz_target!(|bytes: &[u8]| linewatch_fuzz::decode(Format::Nmea, bytes.split(|byte| *byte == b'\n')));
