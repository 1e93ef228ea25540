//! A line of a recording: whatever is read must come back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::wire::recording::{parse_header, parse_line, record_line};

fuzz_target!(|text: &str| {
    let _ = parse_header(text);
    let Ok(line) = parse_line(text) else { return };
    let Some(written) = line.body.as_ref().and_then(|body| record_line(line.received, body)) else { return };
    assert!(!written.contains('\n'), "{written}");
    assert_eq!(parse_line(&written).as_ref(), Ok(&line), "{written}");
});
