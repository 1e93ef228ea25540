//! The six-bit payload of an AIS sentence as a string of bits.
//!
//! In: armoured characters. Out: unsigned and signed fields and six-bit text by bit position. A field that reaches
//! past the end reads as zeros there; which lengths are enough is the message's business.
//!
//! Source: IEC 61162-1 table of six-bit field conversion; ITU-R M.1371-5 annex 8, table 47 (six-bit ASCII).

use super::super::{BAD_PAYLOAD, sentence::excerpt};
use crate::wire::Rejection;

/// A payload, one sextet per byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    sextets: Vec<u8>,
    fill: usize,
}

impl Bits {
    /// Forgets everything, keeping the room.
    pub fn clear(&mut self) {
        self.sextets.clear();
        self.fill = 0;
    }

    /// Adds the armoured characters of one sentence, of whose bits the last `fill` (0 to 5) mean nothing.
    ///
    /// # Errors
    /// `bad_payload` on a character outside the armour.
    pub fn push(&mut self, armoured: &str, fill: u8) -> Result<(), Rejection> {
        self.sextets.reserve(armoured.len());
        for character in armoured.bytes() {
            let sextet = match character {
                b'0'..=b'W' => character - b'0',
                b'`'..=b'w' => character - b'`' + 40,
                _ => return Err(Rejection::new(BAD_PAYLOAD, format!("not armour: {}", excerpt(armoured)))),
            };
            self.sextets.push(sextet);
        }
        self.fill = usize::from(fill.min(5));
        Ok(())
    }

    /// How many bits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.sextets.len() * 6).saturating_sub(self.fill)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `width` bits (at most 32) from bit `start` as an unsigned number.
    #[must_use]
    pub fn u32(&self, start: usize, width: usize) -> u32 {
        let end = start + width.min(32);
        let last = end.div_ceil(6);
        let joined = (start / 6..last)
            .fold(0_u64, |sum, at| sum << 6 | u64::from(*self.sextets.get(at).unwrap_or(&0)));
        let [.., a, b, c, d] = (joined >> (last * 6 - end) & ((1 << (end - start)) - 1)).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// As [`Bits::u32`], of at most 16 bits.
    #[must_use]
    pub fn u16(&self, start: usize, width: usize) -> u16 {
        let [.., a, b] = self.u32(start, width.min(16)).to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    /// As [`Bits::u32`], of at most 8 bits.
    #[must_use]
    pub fn u8(&self, start: usize, width: usize) -> u8 {
        let [.., a] = self.u32(start, width.min(8)).to_be_bytes();
        a
    }

    /// `width` bits (1 to 32) as a number in two's complement.
    #[must_use]
    pub fn i32(&self, start: usize, width: usize) -> i32 {
        let unused = 32 - width.clamp(1, 32);
        (self.u32(start, width) << unused).cast_signed() >> unused
    }

    /// One bit.
    #[must_use]
    pub fn bit(&self, at: usize) -> bool {
        self.u32(at, 1) == 1
    }

    /// Up to `count` six-bit characters from bit `start`: to the first `@`, without blanks at either end.
    #[must_use]
    pub fn text(&self, start: usize, count: usize) -> String {
        let whole = self.len().saturating_sub(start) / 6;
        let text: String = (0..count.min(whole))
            .map(|at| self.u8(start + at * 6, 6))
            .take_while(|sextet| *sextet != 0)
            .map(|sextet| char::from(if sextet < 32 { sextet + 64 } else { sextet }))
            .collect();
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(armoured: &str, fill: u8) -> Bits {
        let mut bits = Bits::default();
        bits.push(armoured, fill).unwrap();
        bits
    }

    #[test]
    fn fields_cross_characters_and_end_in_zeros() {
        // 000001 111111 100000
        let bits = bits("1wP", 2);
        assert_eq!((bits.len(), bits.u8(0, 6), bits.u8(5, 2), bits.u16(4, 9)), (16, 1, 3, 0b0_1111_1111));
        assert_eq!((bits.i32(5, 1), bits.i32(4, 2), bits.i32(5, 32)), (-1, 1, 0b1111_1111 << 24));
        assert_eq!((bits.u32(17, 32), bits.u32(500, 30), bits.u32(6, 0)), (0, 0, 0));
    }

    #[test]
    fn every_character_of_the_armour_is_one_sextet() {
        let armour: String = (48..88_u8).chain(96..120).map(char::from).collect();
        let bits = bits(&armour, 0);
        assert!((0..64).all(|value| bits.u32(value * 6, 6) as usize == value));
        for bad in ["X", "_", "x", "/", " ", "é"] {
            assert_eq!(Bits::default().push(bad, 0).unwrap_err().reason, BAD_PAYLOAD, "{bad}");
        }
    }

    #[test]
    fn text_stops_at_the_commercial_at() {
        // H, E, blank, @, A
        assert_eq!(bits("85P01", 0).text(0, 5), "HE");
        assert_eq!(bits("85", 1).text(0, 5), "H");
    }
}
