//! One line of NMEA 0183: TAG blocks, the sentence's frame and checksum, its fields.
//!
//! In: the bytes of one line without its end. Out: a [`Line`] whose checksums hold. Knows no sentence's meaning.
//!
//! Sources: NMEA 0183 v4.11 / IEC 61162-1 chapter 7 (frame, checksum), IEC 61162-450 annex on TAG blocks.

use super::tag::Tag;
use super::{BAD_CHECKSUM, BAD_FIELD, BAD_SENTENCE, NO_CHECKSUM, TOO_LONG};
use crate::wire::Rejection;

/// Longest line that is looked at, bytes: 82 for the sentence, 80 for each TAG block, room for a logger's extras.
pub const MAX_LINE_BYTES: usize = 1_024;

/// A line whose checksums hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// What its TAG blocks say.
    pub tag: Tag,
    /// The sentence; a line may hold TAG blocks alone.
    pub sentence: Option<Sentence<'a>>,
    /// Parts that were skipped: unknown TAG codes, a logger's fields behind the checksum.
    pub skipped: u32,
}

/// A sentence whose checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Who speaks: two characters, `P` for a maker's own sentences.
    pub talker: &'a str,
    /// What it says: three letters such as `VDM`, or whatever a maker chose.
    pub kind: &'a str,
    /// The fields behind the address, with their commas.
    body: &'a str,
}

impl<'a> Line<'a> {
    /// Takes a line apart and checks every checksum in it.
    ///
    /// # Errors
    /// `too_long`, `bad_sentence`, `no_checksum`, `bad_checksum`, `bad_tag_block`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_LINE_BYTES {
            return Err(Rejection::new(TOO_LONG, format!("{} bytes in one line", bytes.len())));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Rejection::new(BAD_SENTENCE, format!("not text: {error}")))?;
        let mut line = Line { tag: Tag::default(), sentence: None, skipped: 0 };
        let mut rest = text.trim();
        while let Some(block) = rest.strip_prefix('\\') {
            rest = line.read_tag(block)?;
        }
        if !rest.is_empty() {
            let (sentence, trailing) = Sentence::parse(rest)?;
            line.sentence = Some(sentence);
            line.skipped += u32::from(trailing);
        }
        Ok(line)
    }

    /// Reads the TAG block that `block` starts with into this line; gives what is behind it.
    fn read_tag(&mut self, block: &'a str) -> Result<&'a str, Rejection> {
        let (tag, rest) = block
            .split_once('\\')
            .ok_or_else(|| Rejection::new(super::BAD_TAG_BLOCK, "no closing backslash"))?;
        self.skipped += self.tag.read(tag)?;
        Ok(rest)
    }
}

impl<'a> Sentence<'a> {
    /// A sentence from its `!` or `$` on, and whether anything stands behind its checksum.
    fn parse(text: &'a str) -> Result<(Self, bool), Rejection> {
        let covered = text
            .strip_prefix(['!', '$'])
            .ok_or_else(|| Rejection::new(BAD_SENTENCE, "neither ! nor $ at the start"))?;
        let (covered, end) = covered
            .split_once('*')
            .ok_or_else(|| Rejection::new(NO_CHECKSUM, format!("no * in {}", excerpt(text))))?;
        let trailing = verify(covered, end)?;
        let (address, body) = covered.split_once(',').unwrap_or((covered, ""));
        if address.is_empty() || !address.is_ascii() {
            return Err(Rejection::new(BAD_SENTENCE, format!("no address in {}", excerpt(text))));
        }
        let (talker, kind) = match address.strip_prefix('P') {
            Some(maker) => ("P", maker),
            None => address.split_at_checked(2).unwrap_or(("", address)),
        };
        Ok((Self { talker, kind, body }, !trailing.is_empty()))
    }

    /// Its fields, first to last.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: Some(self.body) }
    }
}

/// Checks the two hexadecimal digits at the start of `end` against `covered`; gives what stands behind them.
///
/// # Errors
/// `no_checksum`, `bad_checksum`, or `bad_sentence` if something other than a comma and more fields follows.
pub(super) fn verify<'a>(covered: &str, end: &'a str) -> Result<&'a str, Rejection> {
    let said = end.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or_else(|| {
        Rejection::new(NO_CHECKSUM, format!("no two digits after * in {}", excerpt(covered)))
    })?;
    let found = covered.bytes().fold(0, |sum, byte| sum ^ byte);
    if said != found {
        let detail = format!("says {said:02X}, is {found:02X}: {}", excerpt(covered));
        return Err(Rejection::new(BAD_CHECKSUM, detail));
    }
    match end.get(2..).unwrap_or("").trim_end() {
        rest if rest.is_empty() || rest.starts_with(',') => Ok(rest),
        rest => Err(Rejection::new(BAD_SENTENCE, format!("behind the checksum: {}", excerpt(rest)))),
    }
}

/// Enough of a text to find it again, safe to print.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_default).collect()
}

/// The fields of a sentence, taken one after the other; past the last one all are empty.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// The next field as it stands.
    pub fn text(&mut self) -> &'a str {
        let Some(rest) = self.rest else { return "" };
        let (field, rest) = rest.split_once(',').map_or((rest, None), |(field, rest)| (field, Some(rest)));
        self.rest = rest;
        field
    }

    /// Passes over `count` fields.
    #[must_use]
    pub fn skip(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.text();
        }
        self
    }

    /// The next field as a decimal number; nothing if it is empty.
    ///
    /// # Errors
    /// `bad_field` if it is anything but digits with a sign and a point.
    pub fn number(&mut self, name: &str) -> Result<Option<f64>, Rejection> {
        let field = self.text();
        if field.is_empty() {
            return Ok(None);
        }
        // Rust would also read "inf", "nan" and exponents, none of which the standard writes.
        let plain = field.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
        field.parse().ok().filter(|_| plain).map(Some).ok_or_else(|| bad_field(name, field))
    }

    /// The next field as a number that must be there.
    ///
    /// # Errors
    /// `bad_field` if it is empty or not a number.
    pub fn required(&mut self, name: &str) -> Result<f64, Rejection> {
        self.number(name)?.ok_or_else(|| bad_field(name, ""))
    }

    /// The next field as a count of one digit or a few; nothing if it is empty.
    ///
    /// # Errors
    /// `bad_field` if it is not a number from 0 to `high`.
    pub fn count(&mut self, name: &str, high: u16) -> Result<Option<u16>, Rejection> {
        let field = self.text();
        if field.is_empty() {
            return Ok(None);
        }
        let digits = field.bytes().all(|byte| byte.is_ascii_digit());
        let value = field.parse().ok().filter(|value| digits && *value <= high);
        value.map(Some).ok_or_else(|| bad_field(name, field))
    }

    /// The next two fields as degrees north or east: `ddmm.mm` or `dddmm.mm` and one of `signs` (positive first).
    ///
    /// # Errors
    /// `bad_field`; the range is the caller's to check.
    pub fn degrees(&mut self, name: &str, signs: [&str; 2]) -> Result<Option<f64>, Rejection> {
        let Some(value) = self.number(name)? else {
            self.text();
            return Ok(None);
        };
        let degrees = libm::trunc(value / 100.0);
        let magnitude = degrees + (value - degrees * 100.0) / 60.0;
        let hemisphere = self.text();
        match signs {
            _ if value < 0.0 => Err(bad_field(name, "a negative magnitude")),
            [positive, _] if hemisphere == positive => Ok(Some(magnitude)),
            [_, negative] if hemisphere == negative => Ok(Some(-magnitude)),
            _ => Err(bad_field(name, hemisphere)),
        }
    }
}

/// A field that says something it cannot say.
pub(super) fn bad_field(name: &str, found: &str) -> Rejection {
    Rejection::new(BAD_FIELD, format!("{name} is '{}'", excerpt(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(line: &str) -> &'static str {
        Line::parse(line.as_bytes()).unwrap_err().reason
    }

    #[test]
    fn a_line_that_does_not_hold_together_is_refused_by_name() {
        assert_eq!(reason("!AIVDM,1,1,,A,403Ovl@000Htt<tSF0l4Q@100`Pq,0"), NO_CHECKSUM);
        assert_eq!(reason("!AIVDM,1,1,,A,403Ovl@000Htt<tSF0l4Q@100`Pq,0*"), NO_CHECKSUM);
        assert_eq!(reason("!AIVDM,1,1,,A,403Ovl@000Htt<tSF0l4Q@100`Pq,0*29"), BAD_CHECKSUM);
        assert_eq!(reason("!AIVDM,1,1,,A,403Ovl@000Htt<tSF0l4Q@100`Pq,0*28x"), BAD_SENTENCE);
        assert_eq!(reason("AIVDM,1,1*28"), BAD_SENTENCE);
        assert_eq!(reason(&format!("${}", "A".repeat(MAX_LINE_BYTES))), TOO_LONG);
        assert_eq!(Line::parse(b"$GP\xffHDT").unwrap_err().reason, BAD_SENTENCE);
    }

    #[test]
    fn fields_end_without_ending() {
        let line = Line::parse(b"$GPHDT,274.07,T*03").unwrap();
        let sentence = line.sentence.unwrap();
        assert_eq!((sentence.talker, sentence.kind), ("GP", "HDT"));
        let mut fields = sentence.fields();
        assert_eq!((fields.required("heading"), fields.text(), fields.text()), (Ok(274.07), "T", ""));
    }

    #[test]
    fn degrees_and_minutes_become_degrees() {
        let read = |text, signs| Fields { rest: Some(text) }.degrees("lat", signs);
        assert_eq!(read("5310.8115,N", ["N", "S"]), Ok(Some(53.0 + (5310.8115 - 5300.0) / 60.0)));
        assert_eq!(read("00530.0,W", ["E", "W"]), Ok(Some(-5.5)));
        assert_eq!(read(",", ["E", "W"]), Ok(None));
        for bad in ["5310.8115,E", "-5310.8,N", "nan,N", "1e3,N", "5310.8"] {
            assert!(read(bad, ["N", "S"]).is_err(), "{bad}");
        }
    }
}
