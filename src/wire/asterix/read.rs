//! A checked cursor over big-endian bytes: every read says what it may lack, none can run past the end.

use crate::wire::Rejection;

/// An item, a record or a block ends before what it announced.
pub(super) const TRUNCATED: &str = "truncated";

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Rejection> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| {
            Rejection::new(TRUNCATED, format!("{count} bytes expected, {} left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next byte.
    pub(super) fn octet(&mut self) -> Result<u8, Rejection> {
        self.array().map(|[octet]: [u8; 1]| octet)
    }

    /// The next `N` bytes by value.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Rejection> {
        let (taken, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| Rejection::new(TRUNCATED, format!("{N} bytes expected, {} left", self.0.len())))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// The next byte of a variable item whose later octets may be left out: zero if it is.
    pub(super) fn octet_or_zero(&mut self) -> u8 {
        self.octet().unwrap_or(0)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Rejection> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Result<u32, Rejection> {
        self.array().map(|[a, b, c]: [u8; 3]| u32::from_be_bytes([0, a, b, c]))
    }

    pub(super) fn i16(&mut self) -> Result<i16, Rejection> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i24(&mut self) -> Result<i32, Rejection> {
        // Shifted up and back down, so that the sign bit fills the octet above it.
        self.array().map(|[a, b, c]: [u8; 3]| i32::from_be_bytes([a, b, c, 0]) >> 8)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Rejection> {
        self.array().map(i32::from_be_bytes)
    }
}

/// Whether the bits of `mask` are set, all of them.
pub(super) const fn flag(octet: u8, mask: u8) -> bool {
    octet & mask == mask
}

/// The two's complement number in the low `bits` bits of a word.
pub(super) const fn low_signed(word: u16, bits: u32) -> i16 {
    let spare = 16u32.saturating_sub(bits);
    (word << spare).cast_signed() >> spare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_two_s_complement() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xfe, 0x00, 0x01, 0x02, 0x80]);
        assert_eq!(reader.i24(), Ok(-2));
        assert_eq!(reader.u24(), Ok(258));
        assert_eq!(reader.octet(), Ok(0x80));
        assert_eq!(reader.octet().unwrap_err().reason, TRUNCATED);
        assert_eq!((low_signed(0x3fff, 14), low_signed(0x1fff, 14)), (-1, 8191));
    }
}
