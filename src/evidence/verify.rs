//! A bundle verified whole: read, proved, derived again, compared; and what it then shows, for people and machines.
//!
//! In: a file or bytes. Out: a [`Report`], or the first thing that is wrong.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::Serialize;

use super::read::Bundle;
use super::{Refusal, Said};
use crate::seal::key::VerifierKey;
use crate::time::Timestamp;

/// Where a bundle is read from, more than once.
pub trait Source {
    /// From its beginning.
    ///
    /// # Errors
    /// It cannot be read.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Source for Path {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(BufReader::with_capacity(1 << 20, File::open(self)?)))
    }
}

impl Source for [u8] {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self))
    }
}

/// What a bundle shows.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Everything holds.
    pub ok: bool,
    /// The alert.
    pub alert: String,
    /// The rule it is of.
    pub rule: String,
    /// The rule's kind.
    pub kind: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// When it was first said.
    pub raised_at: Timestamp,
    /// How often something was said of it.
    pub revisions: usize,
    /// What was said last: opened, updated or cleared.
    pub state: String,
    /// How bad, as said last.
    pub severity: String,
    /// Positions of the first and the last record.
    pub records: [u64; 2],
    /// Their stamps.
    pub span: [Timestamp; 2],
    /// Records that the checkpoint covers.
    pub sealed: u64,
    /// The key that signed it.
    pub key: String,
    /// Whether that is the key that was asked for; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_is_the_one_given: Option<bool>,
    /// Witnesses who saw it, with the time of each, seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
    /// SHA-256 of the agreement.
    pub agreement: String,
    /// Its name and version.
    pub agreement_name: String,
    /// SHA-256 of the configuration file.
    pub configuration: String,
    /// The program that put them in force.
    pub program: String,
    /// The program that verified.
    pub verified_by: &'static str,
}

/// Verifies a bundle; with `key`, one that this key signed. `progress` is told of positions while the alert is derived.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify<S: Source + ?Sized>(
    source: &S,
    key: Option<&VerifierKey>,
    progress: impl FnMut(u64),
) -> Result<Report, Refusal> {
    let open = || source.open().map_err(|error| Refusal::new("the bundle", error.to_string()));
    let bundle = Bundle::read(open()?)?;
    if key.is_some_and(|key| *key != bundle.vouched.log) {
        let found = &bundle.vouched.log;
        return Err(Refusal::new(
            "checkpoint.txt",
            format!("signed by another key than the one given: {found}"),
        ));
    }
    bundle.agrees_with(&bundle.derive(open()?, progress)?)?;
    Ok(Report::of(&bundle, key.map(|_| true)))
}

impl Report {
    fn of(bundle: &Bundle, key_is_the_one_given: Option<bool>) -> Self {
        let last = bundle.revisions.all().last().and_then(|bytes| Said::parse(bytes));
        let last = last.unwrap_or_else(|| bundle.first.clone());
        let agreement = &bundle.in_force.settings.agreement;
        let witnesses = bundle.vouched.witnesses.iter().map(|(key, at)| (key.to_string(), *at));
        Self {
            ok: true,
            alert: bundle.first.alert.clone(),
            rule: last.rule,
            kind: last.kind,
            event_time: last.event_time,
            raised_at: bundle.first.raised_at,
            revisions: bundle.revisions.all().len(),
            state: last.state,
            severity: last.severity,
            records: [bundle.proof.first, bundle.proof.end - 1],
            span: bundle.span.into(),
            sealed: bundle.vouched.checkpoint.size,
            key: bundle.vouched.log.to_string(),
            key_is_the_one_given,
            witnesses: witnesses.collect(),
            agreement: agreement.hash.clone(),
            agreement_name: format!("{}, version {}", agreement.name, agreement.version),
            configuration: bundle.in_force.configuration.clone(),
            program: bundle.in_force.program.clone(),
            verified_by: concat!("linewatch ", env!("CARGO_PKG_VERSION")),
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |what: &str, says: String| {
            let _ = writeln!(out, "{what:<14} {says}");
        };
        line("alert", self.alert.clone());
        line("rule", format!("{} ({}), {}, now {}", self.rule, self.kind, self.severity, self.state));
        line("happened", format!("{}, first said {}", self.event_time, self.raised_at));
        line("notices", format!("{}, each derived again to the byte", self.revisions));
        let [first, last] = self.records;
        let begins = if first == 0 { "the journal's first" } else { "a snapshot the journal committed to" };
        line("records", format!("{first} to {last}, from {begins} on"));
        line("received", format!("{} to {}", self.span[0], self.span[1]));
        line("sealed", format!("the first {} records, by {}", self.sealed, self.key));
        if self.key_is_the_one_given.is_none() {
            line("", "compare this key with the one you were given, or give it with --key".to_owned());
        }
        for (witness, at) in &self.witnesses {
            let at =
                i64::try_from(*at).map_or_else(|_| at.to_string(), |at| Timestamp::from_secs(at).to_string());
            line("witnessed", format!("{at} by {witness}"));
        }
        line("agreement", format!("{} ({})", self.agreement, self.agreement_name));
        line("configuration", self.configuration.clone());
        line("software", format!("{}, verified by {}", self.program, self.verified_by));
        out + "Everything in this bundle is as it was sealed, and the alert follows from it.\n"
    }
}
