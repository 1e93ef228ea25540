//! The status message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::wire::status;

fuzz_target!(|bytes: &[u8]| match status::decode(bytes) {
    Ok(status) => {
        if let Some(obscured) = status.obscured {
            assert!((0.0..=1.0).contains(&obscured));
        }
    }
    Err(refusal) => assert!(status::REASONS.contains(&refusal.reason), "{refusal}"),
});
