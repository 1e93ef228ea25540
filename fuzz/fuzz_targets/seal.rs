//! Notes, checkpoints and keys: strict forms, so that what is read is what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch_fuzz::seal::checkpoint::Checkpoint;
use linewatch_fuzz::seal::key::{SignerKey, VerifierKey, cosigned_at};
use linewatch_fuzz::seal::note::Note;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        for signature in &note.signatures {
            let _ = cosigned_at(signature);
        }
        if let Ok(checkpoint) = Checkpoint::parse(&note.text) {
            assert_eq!(checkpoint.to_string(), note.text);
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(VerifierKey::parse(&key.to_string()).expect("what is written can be read"), key);
    }
    let _ = SignerKey::parse(text);
});
