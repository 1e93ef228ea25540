//! What is wrong with a configuration: every fault at once, each with its file, line and key path.
//!
//! In: refusals from reading and checking. Out: [`Errors`] to print or to serialise. Knows nothing of what the keys mean.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

/// The most errors shown of one file; a file with more is not a configuration with mistakes in it.
const MAX_ERRORS: usize = 200;
/// The longest piece of the file quoted in a message, characters.
const MAX_QUOTE: usize = 60;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    /// The file it is in, as it was named.
    pub file: String,
    /// Its line, counted from one; for a missing key, the line of the table it is missing from.
    pub line: Option<usize>,
    /// Which key, as in `sensors[2].max_range_m`; empty for a fault of the whole file.
    pub key_path: String,
    /// What the file says.
    pub found: String,
    /// What it may say.
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.key_path.is_empty() {
            write!(out, ": {}", self.key_path)?;
        }
        write!(out, ": found {}, expected {}", self.found, self.expected)
    }
}

/// Every fault found, in the order of the files and their lines; never empty where it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Errors(pub Vec<ConfigError>);

impl fmt::Display for Errors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            error.fmt(out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// Where a key stands and what is written there.
#[derive(Clone, Debug)]
struct Place {
    line: usize,
    quote: String,
}

/// Collects the faults of one file while it is read and checked.
#[derive(Clone, Debug)]
pub(super) struct Report {
    file: String,
    places: BTreeMap<String, Place>,
    errors: Vec<ConfigError>,
    remarks: Vec<String>,
}

impl Report {
    /// A report on a file whose places are not known: one that is not TOML, or could not be read.
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), places: BTreeMap::new(), errors: Vec::new(), remarks: Vec::new() }
    }

    /// Learns where every key of the file stands.
    pub(super) fn learn_places(&mut self, text: &str, root: &DeTable<'_>) {
        Places { text, lines: LineIndex::new(text), found: &mut self.places }.table("", root);
    }

    /// Refuses what is written at `key_path`, quoting it; a key that is not there is "nothing".
    pub(super) fn refuse(&mut self, key_path: &str, expected: impl Into<String>) {
        let found =
            self.places.get(key_path).map_or_else(|| "nothing".to_owned(), |place| place.quote.clone());
        self.refuse_as(key_path, found, expected);
    }

    /// Refuses `key_path` for something that is better said than quoted. A key is refused once: what follows from a
    /// fault already shown is no news.
    pub(super) fn refuse_as(
        &mut self,
        key_path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        if self.errors.iter().any(|error| error.key_path == key_path) {
            return;
        }
        let line = self.line_of(key_path);
        self.push(line, key_path, found.into(), expected.into());
    }

    /// Refuses the file's form at a byte offset, in the parser's words.
    pub(super) fn refuse_syntax(&mut self, text: &str, offset: Option<usize>, message: &str) {
        let lines = LineIndex::new(text);
        let place = offset.map_or_else(String::new, |at| format!(" at column {}", lines.column(text, at)));
        let (found, expected) = message.split_once(", expected ").unwrap_or((message, "valid TOML"));
        let line = offset.map(|at| lines.line(at));
        self.push(line, "", format!("broken TOML{place} ({found})"), expected.to_owned());
    }

    fn push(&mut self, line: Option<usize>, key_path: &str, found: String, expected: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ConfigError {
                file: self.file.clone(),
                line,
                key_path: key_path.to_owned(),
                found,
                expected,
            });
        }
    }

    /// Something that is allowed but probably not meant.
    pub(super) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// Whether nothing has been refused so far.
    pub(super) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// The faults by line, and the remarks.
    pub(super) fn into_parts(mut self) -> (Vec<ConfigError>, Vec<String>) {
        self.errors.sort_by_key(|error| error.line);
        (self.errors, self.remarks)
    }

    /// The line of a key, or of the nearest table around it that exists.
    fn line_of(&self, key_path: &str) -> Option<usize> {
        let mut path = key_path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(place.line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// `key` inside the table at `at`.
pub(super) fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// Walks a document once and notes each key's line and words.
struct Places<'a> {
    text: &'a str,
    lines: LineIndex,
    found: &'a mut BTreeMap<String, Place>,
}

impl Places<'_> {
    fn table(&mut self, at: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(at, key.get_ref());
            let quote = self.quote(value.get_ref(), value.span());
            // A table's own span may lie elsewhere than its header: the key is where a person looks.
            let line = self.lines.line(key.span().start);
            self.found.insert(path.clone(), Place { line, quote });
            self.children(&path, value.get_ref());
        }
    }

    fn children(&mut self, at: &str, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.table(at, table),
            DeValue::Array(array) => {
                for (index, item) in array.iter().enumerate() {
                    let path = format!("{at}[{index}]");
                    let line = self.lines.line(item.span().start);
                    let quote = self.quote(item.get_ref(), item.span());
                    self.found.insert(path.clone(), Place { line, quote });
                    self.children(&path, item.get_ref());
                }
            }
            _ => {}
        }
    }

    fn quote(&self, value: &DeValue<'_>, span: std::ops::Range<usize>) -> String {
        if let DeValue::Table(_) = value {
            return "a table".to_owned();
        }
        if let DeValue::Array(array) = value
            && array.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_)))
        {
            return "a list of tables".to_owned();
        }
        let written = self.text.get(span).unwrap_or("something");
        let one_line = written.split_whitespace().collect::<Vec<_>>().join(" ");
        shorten(&without_userinfo(&one_line))
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_QUOTE {
        return text.to_owned();
    }
    let head: String = text.chars().take(MAX_QUOTE).collect();
    format!("{head}…")
}

/// Hides `user:password@` of an address: messages end up in logs.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => text.to_owned(),
    }
}

/// Offsets at which lines start.
#[derive(Clone, Debug)]
struct LineIndex(Vec<usize>);

impl LineIndex {
    fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line an offset lies in, counted from one.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset).max(1)
    }

    /// The column of an offset, counted from one in characters.
    fn column(&self, text: &str, offset: usize) -> usize {
        let start = self.0.get(self.line(offset) - 1).copied().unwrap_or(0);
        text.get(start..offset).map_or(0, |before| before.chars().count()) + 1
    }
}
