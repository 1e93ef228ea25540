//! The seal: its key, how often, and who may co-sign.

use std::time::Duration;

use super::{Surroundings, secret_path};
use crate::config::Seal;
use crate::config::error::Report;
use crate::config::raw;
use crate::seal::key::{KeyKind, SignerKey, VerifierKey};

/// How the journal is sealed; nothing signs without a key, which is remarked on.
pub(super) fn seal(
    raw: &raw::Installation,
    sector: Option<&str>,
    around: Surroundings<'_>,
    report: &mut Report,
) -> Seal {
    let nothing = raw::Seal::default();
    let given = raw.seal.as_ref().unwrap_or(&nothing);
    if raw.seal.is_some() && raw.journal.is_none() {
        report.refuse("seal", "a section [journal] too: the seal is over it");
    }
    if raw.journal.is_some() && given.key_file.is_none() {
        report.remark(
            "seal.key_file: none, so the journal is not sealed: nobody outside can be shown that it was not rewritten; \
             `linewatch journal key` makes one"
                .to_owned(),
        );
    }
    let usual = Seal::default();
    Seal {
        key: key(given, sector, around, report),
        every: given.every_s.map_or(usual.every, |seconds| Duration::from_secs(seconds.0)),
        every_records: given.every_records.map_or(usual.every_records, |records| records.0),
        witnesses: witnesses(given, report),
    }
}

fn key(
    given: &raw::Seal,
    sector: Option<&str>,
    around: Surroundings<'_>,
    report: &mut Report,
) -> Option<SignerKey> {
    let path = secret_path(given.key_file.as_ref()?, around);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let found = format!("{} ({})", path.display(), error.kind());
            if around.secrets_required {
                report.refuse_as("seal.key_file", found, "a file that can be read");
            } else {
                report.remark(format!("seal.key_file: {found} cannot be read here"));
            }
            return None;
        }
    };
    let usual = sector.map(|sector| format!("linewatch/{sector}"));
    let origin = given.origin.as_ref().map(|origin| origin.0.clone()).or(usual)?;
    match SignerKey::parse(text.trim_end()) {
        Ok(key) if key.name() == origin => Some(key),
        Ok(key) => {
            let found = format!("a key named {}", key.name());
            report.refuse_as("seal.key_file", found, format!("a key named {origin}, as the origin is"));
            None
        }
        // What stands in the file may be half a key: it is not shown.
        Err(_) => {
            let found = format!("no key in {}", path.display());
            report.refuse_as("seal.key_file", found, "what `linewatch journal key` wrote");
            None
        }
    }
}

fn witnesses(given: &raw::Seal, report: &mut Report) -> Vec<VerifierKey> {
    let mut keys = Vec::new();
    for (index, text) in given.witness_keys.iter().flatten().enumerate() {
        match VerifierKey::parse(&text.0) {
            Ok(key) if key.kind == KeyKind::Witness => keys.push(key),
            _ => report.refuse(
                &format!("seal.witness_keys[{index}]"),
                "a witness's key, NAME+ID+KEY, of the cosignature type",
            ),
        }
    }
    keys
}
