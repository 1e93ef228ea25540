//! Noise in the configuration: whatever becomes of a good file, it is good or every fault is said with its file.
//!
//! The fuzz targets do not build the daemon, which reading configuration is part of; this stands in for one. Random
//! bytes are seldom TOML, so most of the noise keeps the file's form: lines go, come twice or change places, and values
//! become others.

use std::fs;
use std::path::Path;

use linewatch::config::check_file;
use proptest::prelude::*;
use proptest::sample::Index;

/// Values that are TOML and seldom meant.
const VALUES: [&str; 24] = [
    "nan",
    "inf",
    "-inf",
    "-0.0",
    "-1",
    "0",
    "1e308",
    "5e-324",
    "9223372036854775807",
    "true",
    "\"\"",
    "\"x\"",
    "\"\\u0000\"",
    "\"../../etc/passwd\"",
    "\"mqtt://[::1\"",
    "[]",
    "[[]]",
    "[90.0, 180.0]",
    "[[35.1, 33.4], [35.1, 33.4]]",
    "[[91.0, 0.0], [0.0, 181.0]]",
    "{}",
    "{ x = 1 }",
    "2026-01-01T00:00:00Z",
    "65536",
];

#[derive(Clone, Debug)]
enum Noise {
    Drop(Index),
    Twice(Index),
    Swap(Index, Index),
    Value(Index, &'static str),
    Borrow(Index, Index),
    Flip(Index, u8),
    Cut(Index),
}

fn noise() -> impl Strategy<Value = Noise> {
    let at = any::<Index>;
    prop_oneof![
        3 => at().prop_map(Noise::Drop),
        3 => at().prop_map(Noise::Twice),
        2 => (at(), at()).prop_map(|(a, b)| Noise::Swap(a, b)),
        8 => (at(), prop::sample::select(&VALUES[..])).prop_map(|(at, value)| Noise::Value(at, value)),
        3 => (at(), at()).prop_map(|(a, b)| Noise::Borrow(a, b)),
        1 => (at(), 1..=255_u8).prop_map(|(at, mask)| Noise::Flip(at, mask)),
        1 => at().prop_map(Noise::Cut),
    ]
}

fn spoilt(text: &str, noises: &[Noise]) -> Vec<u8> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut bytewise = Vec::new();
    for noise in noises {
        let count = lines.len().max(1);
        let set = |line: &mut String, value: &str| {
            if let Some((key, _)) = line.split_once('=') {
                *line = format!("{key}= {value}");
            }
        };
        match noise {
            _ if lines.is_empty() => {}
            Noise::Drop(at) => drop(lines.remove(at.index(count))),
            Noise::Twice(at) => lines.insert(at.index(count), lines[at.index(count)].clone()),
            Noise::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
            Noise::Value(at, value) => set(&mut lines[at.index(count)], value),
            Noise::Borrow(a, b) => {
                let from = lines[b.index(count)].clone();
                let value = from.split_once('=').map_or("", |(_, value)| value);
                set(&mut lines[a.index(count)], value);
            }
            Noise::Flip(..) | Noise::Cut(_) => bytewise.push(noise),
        }
    }
    let mut bytes = lines.join("\n").into_bytes();
    for noise in bytewise {
        let length = bytes.len().max(1);
        match noise {
            Noise::Flip(at, mask) => {
                bytes.get_mut(at.index(length)).into_iter().for_each(|byte| *byte ^= mask)
            }
            Noise::Cut(at) => bytes.truncate(at.index(length)),
            _ => {}
        }
    }
    bytes
}

/// One spoilt file beside a good one of the other kind; whether it is still good.
fn judged(installation: &[u8], agreement: &[u8], which: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("linewatch.toml"), installation).unwrap();
    fs::write(folder.path().join("agreement.toml"), agreement).unwrap();
    match check_file(&folder.path().join(which)) {
        Ok(summary) => {
            assert!(!summary.to_string().is_empty());
            true
        }
        Err(errors) => {
            assert!(!errors.0.is_empty(), "refused without a reason");
            for error in &errors.0 {
                assert!(Path::new(&error.file).starts_with(folder.path()), "{error}");
                assert!(!error.found.is_empty() && !error.expected.is_empty(), "{error:?}");
            }
            false
        }
    }
}

fn shipped() -> [(String, String); 2] {
    ["config", "config/examples/minimal"].map(|folder| {
        let read = |name| fs::read_to_string(Path::new(folder).join(name)).unwrap();
        (read("linewatch.toml"), read("agreement.toml"))
    })
}

#[test]
fn without_noise_both_pairs_are_good() {
    for (installation, agreement) in shipped() {
        for which in ["linewatch.toml", "agreement.toml"] {
            assert!(judged(installation.as_bytes(), agreement.as_bytes(), which));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_file_is_good_or_its_faults_are_said(
        pair in prop::sample::select(shipped().to_vec()),
        of_agreement in any::<bool>(),
        noises in prop::collection::vec(noise(), 1..6),
    ) {
        let (installation, agreement) = pair;
        if of_agreement {
            let agreement = spoilt(&agreement, &noises);
            judged(installation.as_bytes(), &agreement, "agreement.toml");
            judged(installation.as_bytes(), &agreement, "linewatch.toml");
        } else {
            judged(&spoilt(&installation, &noises), agreement.as_bytes(), "linewatch.toml");
        }
    }
}
