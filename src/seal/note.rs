//! Signed notes (C2SP signed-note): a text, an empty line, and a line for each who signed it.
//!
//! In: bytes from anywhere. Out: text and signatures, or why not. Who signed is [`super::key`]'s business.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A note is a page, not a book.
pub const MOST_BYTES: usize = 64 << 10;
/// More signatures than anybody needs.
const MOST_SIGNATURES: usize = 100;
const DASH: &str = "\u{2014} ";

/// Why bytes are no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signed note (C2SP signed-note): {0}")]
pub struct NotANote(&'static str);

/// One line of signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who says that it signed.
    pub name: String,
    /// First bytes of its key's hash.
    pub id: [u8; 4],
    /// What only the key can make.
    pub bytes: Vec<u8>,
}

/// A text and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Ends with a newline, which is signed too.
    pub text: String,
    /// At least one.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note: only what [`Note`] writes is one, so that no byte of it means nothing.
    ///
    /// # Errors
    /// [`NotANote`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotANote> {
        if bytes.len() > MOST_BYTES {
            return Err(NotANote("it is too long"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NotANote("it is not UTF-8"))?;
        if whole.chars().any(|c| c < ' ' && c != '\n' || c == '\u{7f}') {
            return Err(NotANote("it holds control characters"));
        }
        let (text, lines) =
            whole.rsplit_once("\n\n").ok_or(NotANote("no empty line before the signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(NotANote("its last line does not end"))?;
        let signatures: Vec<_> = lines.split('\n').map(Signature::parse).collect::<Result<_, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NotANote("it has too many signatures"));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    fn parse(line: &str) -> Result<Self, NotANote> {
        let fault = NotANote("a line of signature is not — NAME BASE64");
        let (name, bytes) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(fault)?;
        let bytes = BASE64.decode(bytes).map_err(|_| fault)?;
        let (id, bytes) = bytes.split_first_chunk::<4>().filter(|(_, rest)| !rest.is_empty()).ok_or(fault)?;
        if !is_name(name) {
            return Err(fault);
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DASH}{} {}", self.name, BASE64.encode([&self.id[..], &self.bytes].concat()))
    }
}

/// Whether a text can be a key's name: not empty, no white space, no plus.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "a\n\nb\n\n\u{2014} n AQIDBAU=\n\u{2014} m AQIDBAU=\n";

    #[test]
    fn a_note_comes_back_and_its_text_may_hold_empty_lines() {
        let note = Note::parse(GOOD.as_bytes()).unwrap();
        assert_eq!((note.text.as_str(), note.signatures.len()), ("a\n\nb\n", 2));
        assert_eq!((note.signatures[0].id, &note.signatures[0].bytes[..]), ([1, 2, 3, 4], &[5][..]));
        assert_eq!(note.to_string(), GOOD);
    }

    #[test]
    fn what_a_note_would_not_be_written_as_is_none() {
        for (from, to) in [
            ("\n\n\u{2014}", "\n\u{2014}"),
            ("BAU=\n\u{2014} m", "BAU=\n\n\u{2014} m\n"),
            ("AQIDBAU=\n", "AQIDBAU\n"),
            // Bits behind the end of the bytes.
            ("AQIDBAU=\n", "AQIDBAV=\n"),
            ("AQIDBAU=\n", "AQIDBA==\n"),
            (" n ", " n+1 "),
            (" n ", "  "),
            ("\u{2014} ", "- "),
            ("a\n", "a\r\n"),
            ("m AQIDBAU=\n", "m AQIDBAU="),
            ("m AQIDBAU=\n", "m AQIDBAU=\n\n"),
        ] {
            let bad = GOOD.replacen(from, to, 1);
            assert_ne!(bad, GOOD);
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Note::parse(b"").is_err() && Note::parse(b"\xff\n\n").is_err());
        assert!(Note::parse(&[b'a'; MOST_BYTES + 1]).is_err());
        let many = format!("a\n\n{}", "\u{2014} n AQIDBAU=\n".repeat(MOST_SIGNATURES + 1));
        assert!(Note::parse(many.as_bytes()).is_err());
    }
}
