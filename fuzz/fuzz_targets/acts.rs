//! An act's record, as HTTP and the command line write it, and the other records whose content is JSON: reload, snapshot.
//! What is read must come back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch::engine::acts;
use linewatch::engine::reload::Reload;
use linewatch_fuzz::journal::snapshots::Commitment;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(written) = serde_json::from_slice::<acts::Written>(bytes) {
        let again = written.to_bytes();
        assert_eq!(
            acts::parse(&again).is_some_and(|act| act.is_ok()),
            acts::parse(bytes).is_some_and(|act| act.is_ok())
        );
    } else {
        assert!(!acts::parse(bytes).is_some_and(|act| act.is_ok()));
    }
    if let Some(reload) = Reload::parse(bytes) {
        assert!(Reload::parse(&reload.to_bytes()).is_some());
    }
    if let Some(commitment) = Commitment::parse(bytes) {
        assert_eq!(Commitment::parse(&commitment.to_bytes()), Some(commitment));
    }
});
