//! An evidence bundle: the input as it is, and as the parts of an archive whose digest is right, which no fuzzer guesses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linewatch_fuzz::evidence::{archive, parts, proof, said};
use linewatch_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    let _ = parts(bytes);
    let given: Vec<&[u8]> = pieces(bytes).take(2).collect();
    let made = archive(&given);
    assert_eq!(parts(&made), Some(given.iter().map(|part| part.to_vec()).collect()));
    for part in [bytes].into_iter().chain(given) {
        if let Some(read) = proof(part) {
            assert_eq!(read.to_text().as_bytes(), part);
        }
        said(part);
    }
});
