//! The bundle's outside: a tar archive of which every byte is prescribed.
//!
//! In: parts by name. Out: the same, one after the other; any byte that the writer would not have written is refused. So
//! the file opens with every tar there is, and yet nothing can be hidden in it. Reads as a stream, and takes no more room
//! than a part may have.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::Refusal;

const BLOCK: usize = 512;
/// The last part: SHA-256 of everything before it, hex, and a newline.
const DIGEST: &str = "SHA256";
const DIGEST_BYTES: u64 = 65;
/// The most that a size in a header can say.
const MOST_BYTES: u64 = (1 << 33) - 1;

/// A part's header (POSIX ustar): its name and size, and nothing else that could differ.
fn header(name: &str, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes an archive.
pub(super) struct Writer<W> {
    out: W,
    digest: Sha256,
    /// Of the part that is being written.
    size: u64,
    left: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, digest: Sha256::new(), size: 0, left: 0 }
    }

    /// A whole part.
    pub(super) fn part(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name, content.len() as u64)?;
        self.write(content)
    }

    /// Begins a part of so many bytes, which [`Writer::write`] then gives.
    pub(super) fn begin(&mut self, name: &str, size: u64) -> io::Result<()> {
        if size > MOST_BYTES {
            let what = format!("{name} would have {size} bytes, more than a bundle can hold (8 GiB)");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        (self.size, self.left) = (size, size);
        self.put(&header(name, size))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)?;
        self.left -= bytes.len() as u64;
        if self.left == 0 { self.put(&[0; BLOCK][..padding(self.size)]) } else { Ok(()) }
    }

    /// Ends the archive with its digest.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let digest = hex(&self.digest.clone().finalize()) + "\n";
        self.part(DIGEST, digest.as_bytes())?;
        self.put(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads an archive, part by part.
pub(super) struct Reader<R> {
    input: R,
    digest: Sha256,
    size: u64,
    left: u64,
    name: &'static str,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, digest: Sha256::new(), size: 0, left: 0, name: "the bundle" }
    }

    /// A whole part, of at most so many bytes.
    pub(super) fn part(&mut self, name: &'static str, most: u64) -> Result<Vec<u8>, Refusal> {
        let size = self.begin(name, most)?;
        let mut content = Vec::new();
        // What is promised is not always there: room is made for what comes.
        let read = self.input.by_ref().take(size).read_to_end(&mut content);
        read.map_err(|error| self.refuse(error.to_string()))?;
        if content.len() as u64 != size {
            return Err(self.refuse("the file ends within it"));
        }
        self.digest.update(&content);
        self.left = 0;
        self.pad()?;
        Ok(content)
    }

    /// Begins the next part, which must have this name; gives its size.
    pub(super) fn begin(&mut self, name: &'static str, most: u64) -> Result<u64, Refusal> {
        self.name = name;
        let mut block = [0; BLOCK];
        self.take(&mut block)?;
        let digits = block.get(124..135).and_then(|digits| std::str::from_utf8(digits).ok());
        let size = digits.and_then(|digits| u64::from_str_radix(digits, 8).ok());
        let Some(size) = size.filter(|size| header(name, *size) == block) else {
            return Err(self.refuse("its entry is not as a bundle has it"));
        };
        if size > most {
            return Err(self.refuse(format!("{size} bytes, of which {most} are allowed")));
        }
        (self.size, self.left) = (size, size);
        if size == 0 { self.pad().map(|()| 0) } else { Ok(size) }
    }

    /// The next bytes of the part; false at its end.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Refusal> {
        if self.left == 0 {
            return Ok(false);
        }
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(self.refuse("what is in it ends too early"));
        };
        self.take(bytes)?;
        self.left = left;
        if left == 0 {
            self.pad()?;
        }
        Ok(true)
    }

    /// The digest, and nothing behind it.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        let expected = hex(&self.digest.clone().finalize()) + "\n";
        if self.part(DIGEST, DIGEST_BYTES)? != expected.as_bytes() {
            return Err(self.refuse("the file was changed: its bytes have another SHA-256"));
        }
        self.name = "the end";
        let mut end = [0; 2 * BLOCK];
        self.take(&mut end)?;
        let mut more = [0];
        let has_more = self.input.read(&mut more).map_err(|error| self.refuse(error.to_string()))? > 0;
        if end == [0; 2 * BLOCK] && !has_more {
            Ok(())
        } else {
            Err(self.refuse("more bytes than a bundle has"))
        }
    }

    pub(super) fn refuse(&self, what: impl Into<String>) -> Refusal {
        Refusal::new(self.name, what)
    }

    fn pad(&mut self) -> Result<(), Refusal> {
        let mut zeros = [0; BLOCK];
        let zeros = &mut zeros[..padding(self.size)];
        self.take(zeros)?;
        if zeros.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(self.refuse("bytes behind its end")) }
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), Refusal> {
        let read = self.input.read_exact(bytes);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.refuse("the file ends here"),
            _ => self.refuse(error.to_string()),
        })?;
        self.digest.update(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.part("README.txt", b"hello").unwrap();
        writer.part("empty", b"").unwrap();
        writer.part("full", &[7; BLOCK]).unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<(), Refusal> {
        let mut reader = Reader::new(bytes);
        assert!(reader.part("README.txt", 10)?.len() <= 10);
        reader.part("empty", 0)?;
        reader.begin("full", 1_000)?;
        let mut half = [0; BLOCK / 2];
        while reader.read(&mut half)? {}
        reader.finish()
    }

    #[test]
    fn an_archive_comes_back_and_any_changed_cut_or_added_byte_is_seen() {
        let bytes = written();
        assert_eq!(read(&bytes), Ok(()));
        for at in 0..bytes.len() {
            for change in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                assert!(read(&changed).is_err(), "byte {at}");
            }
            assert!(read(&bytes[..at]).is_err(), "cut to {at}");
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
        let error = read(&[0xff; 4_000]).unwrap_err().to_string();
        assert!(error.contains("README.txt") && error.contains("not as a bundle has it"), "{error}");
    }

    #[test]
    fn tar_can_look_inside() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("b"), written()).unwrap();
        let output =
            std::process::Command::new("tar").arg("xf").arg("b").current_dir(dir.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(std::fs::read(dir.path().join("README.txt")).unwrap(), b"hello");
    }
}
