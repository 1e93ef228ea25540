//! The JSON scan.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::sensor::Format;

fuzz_target!(|bytes: &[u8]| linewatch_fuzz::decode(Format::Json, std::iter::once(bytes)));
