//! Bundles changed byte by byte: by chance, and by somebody who makes the digest fit again.

use linewatch::evidence::Refusal;
use linewatch::evidence::derive::Derived;
use linewatch::evidence::read::Bundle;
use linewatch::evidence::verify::verify;
use sha2::{Digest, Sha256};

use super::{bundle, small};

/// A bundle, what it says, and what follows from it.
struct Original {
    bytes: Vec<u8>,
    bundle: Bundle,
    derived: Derived,
    /// Where the last entry begins, and where what it digests ends.
    trailer: usize,
}

impl Original {
    fn new() -> Self {
        let bytes = bundle(small());
        let bundle = Bundle::read(&bytes[..]).unwrap();
        let derived = bundle.derive(&bytes[..], |_| {}).unwrap();
        bundle.agrees_with(&derived).unwrap();
        let trailer = bytes.windows(6).rposition(|name| name == b"SHA256").unwrap();
        Self { bytes, bundle, derived, trailer }
    }

    /// Changes one byte; with `forged`, the digest is made to fit. What is derived is not derived again from inputs that
    /// are known to be the same.
    fn changed(&self, bytes: &mut [u8], at: usize, to: u8, forged: bool) -> Result<(), Refusal> {
        bytes.copy_from_slice(&self.bytes);
        bytes[at] = to;
        if forged {
            let digest: String =
                Sha256::digest(&bytes[..self.trailer]).iter().map(|b| format!("{b:02x}")).collect();
            bytes[self.trailer + 512..self.trailer + 576].copy_from_slice(digest.as_bytes());
        }
        let read = Bundle::read(&*bytes)?;
        assert_eq!(read.inputs, self.bundle.inputs, "byte {at} to {to}: other records, under the same root");
        read.agrees_with(&self.derived)
    }

    /// How many changes were refused, and those that were not.
    fn all(&self, changes: impl Iterator<Item = (usize, u8)>, forged: bool) -> (u64, Vec<(usize, u8)>) {
        let mut bytes = self.bytes.clone();
        let (mut refused, mut passed) = (0, Vec::new());
        for (at, by) in changes {
            let to = self.bytes[at] ^ by;
            match self.changed(&mut bytes, at, to, forged) {
                Ok(()) => passed.push((at, to)),
                Err(_) => refused += 1,
            }
        }
        (refused, passed)
    }
}

#[test]
fn a_byte_changed_anywhere_is_found_even_if_the_digest_is_made_to_fit() {
    let original = Original::new();
    let length = original.bytes.len();
    assert!(length < 150_000, "{length} bytes: choose a smaller world");
    let some = |step: usize| (0..length).step_by(step).zip([1u8, 0x20, 0x80, 0xff].into_iter().cycle());
    let (refused, passed) = original.all(some(97), false);
    assert!(passed.is_empty() && refused > 500, "{refused} refused, {passed:?}");
    let before = some(89).filter(|(at, _)| *at < original.trailer);
    let (refused, passed) = original.all(before, true);
    assert!(passed.is_empty() && refused > 500, "{refused} refused, {passed:?}");
}

#[test]
fn a_bundle_that_is_cut_is_refused_wherever() {
    let original = Original::new();
    for at in (0..original.bytes.len()).step_by(1_009) {
        assert!(Bundle::read(&original.bytes[..at]).is_err(), "cut to {at}");
    }
    assert!(Bundle::read(&[&original.bytes[..], &[0]].concat()[..]).is_err());
}

#[test]
fn a_hundred_megabytes_of_garbage_cost_nothing() {
    struct Garbage(u64);
    impl std::io::Read for Garbage {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len() as u64;
            buffer.fill(0xa7);
            Ok(buffer.len())
        }
    }
    let mut garbage = Garbage(0);
    assert!(Bundle::read(&mut garbage).is_err());
    assert!(garbage.0 < 10_000, "{} bytes were read", garbage.0);
    let promised = vec![0x41; 100 << 20];
    assert!(verify(&promised[..], None, |_| {}).is_err());
}

/// By hand: `tests/long evidence`. `LINEWATCH_EDITS` says how many.
#[test]
#[ignore = "takes minutes: tests/long evidence"]
fn a_million_edits() {
    let wanted: u64 = std::env::var("LINEWATCH_EDITS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let original = Original::new();
    let began = std::time::Instant::now();
    let length = original.bytes.len();
    // Every byte in turn, each round by another change.
    let nth = |n: u64| {
        let at = usize::try_from(n % length as u64).unwrap();
        let round = u8::try_from(n / length as u64 % 255).unwrap();
        (at, round.wrapping_mul(37) % 255 + 1)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = |thread: u64, forged: bool| {
        let changes = (thread..wanted).step_by(usize::try_from(threads).unwrap()).map(nth);
        let changes = changes.filter(|(at, _)| !forged || *at < original.trailer);
        original.all(changes, forged)
    };
    let mut total = [0, 0];
    for forged in [false, true] {
        let found: Vec<(u64, Vec<(usize, u8)>)> = std::thread::scope(|scope| {
            let share = &share;
            let running: Vec<_> = (0..threads).map(|n| scope.spawn(move || share(n, forged))).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (refused, passed) in found {
            assert!(passed.is_empty(), "not found, digest made to fit: {forged}: {passed:?}");
            total[usize::from(forged)] += refused;
        }
    }
    assert_eq!(total[0], wanted);
    let (took_s, [plain, forged]) = (began.elapsed().as_secs_f64(), total);
    println!(
        "{plain} single-byte edits of a bundle of {length} bytes: all found; {forged} more with the digest made to fit: \
         all found; {took_s:.0} s on {threads} threads"
    );
}
