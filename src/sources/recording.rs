//! Recordings as a source: a file of JSON Lines in, records in log order out.
//!
//! Reads as a stream, so a recording may be larger than memory. Refuses a file in which `received` goes backwards.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::record::{Record, Sequencer};
use crate::time::Timestamp;
use crate::wire::recording::{Line, parse_header, parse_line};

/// A recording that cannot be read, with the place.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be opened or read.
    #[error("{path}: {error}; give the path of a recording (JSON Lines)")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
    /// A line is not what the format says.
    #[error("{path}:{line}: {what}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// An open recording.
pub struct Reader<R = BufReader<File>> {
    input: R,
    path: PathBuf,
    text: String,
    line: usize,
    latest: Option<Timestamp>,
    sequencer: Sequencer,
    finished: bool,
    sector: Option<String>,
    /// Lines of a kind this version does not know.
    pub unknown_kinds: u64,
    /// Bytes read so far, for progress.
    pub bytes_read: u64,
}

impl Reader {
    /// Opens a recording.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let io_error = |error| RecordingError::Io { path: path.to_owned(), error };
        Ok(Self::new(BufReader::with_capacity(1 << 20, File::open(path).map_err(io_error)?), path))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads a recording from `input`, called `path` in errors.
    pub fn new(input: R, path: &Path) -> Self {
        Self {
            input,
            path: path.to_owned(),
            text: String::new(),
            line: 0,
            latest: None,
            sequencer: Sequencer::default(),
            finished: false,
            sector: None,
            unknown_kinds: 0,
            bytes_read: 0,
        }
    }

    /// The sector named in the header, once the first line has been read.
    #[must_use]
    pub fn sector(&self) -> Option<&str> {
        self.sector.as_deref()
    }

    /// Appends the records of the next line, with the ticks due before it; false when there are no more.
    ///
    /// # Errors
    /// The line cannot be read or understood, or its `received` is before the line above.
    pub fn next_records(&mut self, out: &mut Vec<Record>) -> Result<bool, RecordingError> {
        while !self.finished {
            self.text.clear();
            let read = self.input.read_line(&mut self.text);
            let read = read.map_err(|error| RecordingError::Io { path: self.path.clone(), error })?;
            self.line += 1;
            self.bytes_read += read as u64;
            if read == 0 {
                self.finished = true;
                self.sequencer.finish(out);
                return Ok(true);
            }
            if self.text.trim().is_empty() || self.is_header()? {
                continue;
            }
            let line = parse_line(&self.text).map_err(|what| self.fault(what))?;
            self.place(line, out)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn is_header(&mut self) -> Result<bool, RecordingError> {
        if self.line != 1 {
            return Ok(false);
        }
        let header = parse_header(&self.text).map_err(|what| self.fault(what))?;
        Ok(header.map(|sector| self.sector = sector).is_some())
    }

    fn place(&mut self, line: Line, out: &mut Vec<Record>) -> Result<(), RecordingError> {
        if let Some(latest) = self.latest.filter(|latest| line.received < *latest) {
            let what = format!(
                "\"received\" goes backwards: {} after {latest}; sort the recording by \"received\"",
                line.received
            );
            return Err(self.fault(what));
        }
        self.latest = Some(line.received);
        match line.body {
            Some(body) => self.sequencer.place(line.received, body, out),
            None => {
                self.unknown_kinds += 1;
                self.sequencer.advance(line.received, out);
            }
        }
        Ok(())
    }

    fn fault(&self, what: String) -> RecordingError {
        RecordingError::Line { path: self.path.clone(), line: self.line, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, RecordingError> {
        let mut reader = Reader::new(text.as_bytes(), Path::new("r.jsonl"));
        let mut out = Vec::new();
        while reader.next_records(&mut out)? {}
        Ok(out.len())
    }

    #[test]
    fn reads_scans_between_their_ticks() {
        let text = "{\"recording\":1,\"sector\":\"e\"}\n\
            {\"received\":\"2026-01-01T00:00:00.500Z\",\"sensor\":\"r1\",\"payload\":{}}\n\n\
            {\"received\":\"2026-01-01T00:00:01.500Z\",\"kind\":\"later\"}\n\
            {\"received\":\"2026-01-01T00:00:02.500Z\",\"sensor\":\"r1\",\"payload\":{}}\n";
        assert_eq!(read(text).unwrap(), 4, "two scans, two ticks");
    }

    #[test]
    fn says_where_a_recording_is_wrong() {
        let backwards = "{\"received\":\"2026-01-01T00:00:01Z\",\"sensor\":\"r1\",\"payload\":{}}\n\
            {\"received\":\"2026-01-01T00:00:00Z\",\"sensor\":\"r1\",\"payload\":{}}\n";
        for (text, expected) in [
            (backwards, "r.jsonl:2: \"received\" goes backwards"),
            ("{\"recording\":9}\n", "r.jsonl:1: recording version 9"),
            ("{\"recording\":1}\nnonsense\n", "r.jsonl:2: expected"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
