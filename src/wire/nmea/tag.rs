//! TAG blocks: what a relay wrote in front of a sentence, `\g:1-2-73874,s:r3669961,c:1241544035*hh\`.
//!
//! In: the text between two backslashes. Out: the time and the group. The other codes of the standard (source,
//! destination, line count, relative time, free text) change nothing here.

use super::BAD_TAG_BLOCK;
use super::sentence::{excerpt, verify};
use crate::time::Timestamp;
use crate::wire::Rejection;

/// Above this a `c:` is in milliseconds: as seconds it would be the year 5138.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// What the TAG blocks of one line say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// When the relay received the sentence.
    pub time: Option<Timestamp>,
    /// Lines with the same number belong together.
    pub group: Option<u32>,
}

impl Tag {
    /// Reads one block into this; gives the number of codes it did not know.
    pub(super) fn read(&mut self, block: &str) -> Result<u32, Rejection> {
        let (codes, end) = block.split_once('*').ok_or_else(|| bad("no checksum", block))?;
        match verify(codes, end) {
            Ok("") => {}
            Ok(_) => return Err(bad("more behind the checksum", block)),
            Err(refused) => return Err(bad(refused.reason, block)),
        }
        let mut unknown = 0;
        for code in codes.split(',') {
            match code.split_once(':') {
                Some(("c", time)) => self.time = Some(parse_time(time).ok_or_else(|| bad("time", code))?),
                Some(("g", group)) => {
                    self.group = Some(parse_group(group).ok_or_else(|| bad("group", code))?);
                }
                Some(("d" | "i" | "n" | "r" | "s" | "t", _)) => {}
                _ => unknown += 1,
            }
        }
        Ok(unknown)
    }
}

fn bad(what: &str, found: &str) -> Rejection {
    Rejection::new(BAD_TAG_BLOCK, format!("{what}: {}", excerpt(found)))
}

/// Seconds or milliseconds since 1970.
fn parse_time(text: &str) -> Option<Timestamp> {
    let count: i64 = text.parse().ok().filter(|count| *count >= 0)?;
    let nanos = if count < FIRST_MILLIS { 1_000_000_000 } else { 1_000_000 };
    count.checked_mul(nanos).map(Timestamp::from_nanos)
}

/// The last number of `line-lines-group`.
fn parse_group(text: &str) -> Option<u32> {
    let (of, group) = text.rsplit_once('-')?;
    of.split('-').all(|number| number.parse::<u8>().is_ok()).then(|| group.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> Result<(Tag, u32), &'static str> {
        let mut tag = Tag::default();
        let sum = block.bytes().fold(0, |sum, byte| sum ^ byte);
        let unknown = tag.read(&format!("{block}*{sum:02X}")).map_err(|refused| refused.reason)?;
        Ok((tag, unknown))
    }

    #[test]
    fn time_is_in_seconds_or_milliseconds() {
        let at = |time| Tag { time: Some(time), group: None };
        assert_eq!(read("c:1241544035"), Ok((at(Timestamp::from_secs(1_241_544_035)), 0)));
        let millis = Timestamp::from_nanos(1_241_544_035_250_000_000);
        assert_eq!(read("s:r1,c:1241544035250"), Ok((at(millis), 0)));
        for wrong in ["c:", "c:-1", "c:now", "c:9223372036854775807"] {
            assert_eq!(read(wrong), Err(BAD_TAG_BLOCK), "{wrong}");
        }
    }

    #[test]
    fn the_group_is_its_last_number() {
        assert_eq!(read("g:1-2-73874,n:157036").unwrap().0.group, Some(73_874));
        assert_eq!(read("g:1-2"), Ok((Tag { time: None, group: Some(2) }, 0)));
        assert_eq!(read("g:x-2-7"), Err(BAD_TAG_BLOCK));
        assert_eq!(read("z:1,q").unwrap().1, 2);
    }

    #[test]
    fn a_block_without_its_checksum_is_refused() {
        for wrong in ["c:1241544035", "c:1241544035*00", "c:1241544035*", "g:1-2-73874,c:1241544035*50,x"] {
            assert_eq!(Tag::default().read(wrong).unwrap_err().reason, BAD_TAG_BLOCK, "{wrong}");
        }
    }
}
