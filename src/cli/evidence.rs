//! `linewatch evidence` and `linewatch verify`: a bundle out of a journal, and whether one holds.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::config;
use crate::evidence::export::{ExportError, Request, export};
use crate::evidence::verify::verify;
use crate::journal::disk::Disk;
use crate::journal::recover::segments;
use crate::seal::key::VerifierKey;
use crate::seal::note::Note;

/// Which alert, from where, to where.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch evidence 3f9a51c2 --journal /var/lib/linewatch/journal --out crossing.bundle\n  \
    linewatch evidence 3f9a51c2 --journal copy-of-the-journal --whole --out crossing.bundle\n  \
    linewatch verify crossing.bundle --key linewatch/east-3+0a1b2c3d+AQ…   # by whoever gets it\n  \
    tar xf crossing.bundle                                                # looks inside")]
pub struct Evidence {
    /// The alert's id, or enough of its beginning.
    alert_id: String,
    /// The journal's folder; the daemon may be writing to it.
    #[arg(long, value_name = "DIR")]
    journal: PathBuf,
    /// The installation's linewatch.toml, for the keys of witnesses.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A checkpoint that witnesses have co-signed, in the place of the journal's own.
    #[arg(long, value_name = "NOTE", requires = "config")]
    cosigned: Option<PathBuf>,
    /// All records from the journal's first on, whatever snapshots there are.
    #[arg(long)]
    whole: bool,
    /// Write the bundle here.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Which bundle, and signed by whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch verify crossing.bundle --key linewatch/east-3+0a1b2c3d+AQ…\n  \
    linewatch verify crossing.bundle --json | jq .event_time")]
pub struct Verify {
    /// The bundle.
    file: PathBuf,
    /// The log's public key, as you were given it: a bundle that another signed is refused.
    #[arg(long, value_name = "PUBLIC_KEY")]
    key: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Writes a bundle.
///
/// # Errors
/// The alert is not there, not sealed, or not borne out; or a file cannot be read or written.
pub fn export_to(arguments: &Evidence) -> Result<(), Failure> {
    let dir = &arguments.journal;
    if !dir.is_dir() {
        return Err(Failure::Input(format!("{}: no such folder; give the journal's folder", dir.display())));
    }
    let storage = Disk::at(dir).map_err(|error| named(dir, error))?;
    if segments(&storage).map_err(|error| named(dir, error))?.is_empty() {
        return Err(named(dir, "holds no journal segment (*.lwj)"));
    }
    let witnesses = match &arguments.config {
        Some(config) => config::load_for_replay(config).map_err(Failure::input)?.seal.witnesses,
        None => Vec::new(),
    };
    let cosigned = arguments.cosigned.as_deref().map(note).transpose()?;
    let (alert, whole, cosigned) = (&*arguments.alert_id, arguments.whole, cosigned.as_ref());
    let request = Request { alert, whole, cosigned, witnesses: &witnesses };
    // Beside its place first: what could not be finished must not be taken for a bundle.
    let unfinished = arguments.out.with_extension("unfinished");
    let file = File::create(&unfinished).map_err(|error| {
        Failure::Input(format!("{}: {error}; give a path that can be written", arguments.out.display()))
    })?;
    let bar = spinner();
    let written = export(&storage, &request, BufWriter::new(file), &mut |what, position| {
        bar.set_message(what);
        bar.set_position(position);
    });
    bar.finish_and_clear();
    let done = written.map_err(|error| match error {
        ExportError::Io(error) => Failure::Machine(format!("{}: {error}", arguments.out.display())),
        error => named(dir, error),
    });
    let finished = done.and_then(|mut out| {
        out.flush().and_then(|()| out.get_ref().sync_all()).context("writing the bundle")?;
        std::fs::rename(&unfinished, &arguments.out).context("giving the bundle its name")?;
        Ok(())
    });
    if finished.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    finished
}

/// Verifies a bundle and says what it shows.
///
/// # Errors
/// Anything in it is not as it must be.
pub fn verify_file(arguments: &Verify) -> Result<(), Failure> {
    let key = match arguments.key.as_deref().map(VerifierKey::parse).transpose() {
        Ok(key) => key,
        Err(error) => return Err(Failure::Input(format!("--key: {error}"))),
    };
    let bar = spinner();
    bar.set_message("deriving the alert");
    let verified = verify(&*arguments.file, key.as_ref(), |position| bar.set_position(position));
    bar.finish_and_clear();
    let report = match verified {
        Ok(report) => report,
        Err(refusal) => {
            if arguments.json {
                let object = serde_json::json!({ "ok": false, "part": refusal.part, "what": refusal.what });
                writeln!(std::io::stdout(), "{object}").context("writing to standard output")?;
            }
            return Err(Failure::Input(format!(
                "{}: not to be relied on: {refusal}",
                arguments.file.display()
            )));
        }
    };
    let text = if arguments.json {
        serde_json::to_string(&report).context("writing JSON")? + "\n"
    } else {
        report.text()
    };
    std::io::stdout().write_all(text.as_bytes()).context("writing to standard output")?;
    Ok(())
}

fn named(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::Input(format!("{}: {what}", path.display()))
}

fn note(path: &Path) -> Result<Note, Failure> {
    let bytes = std::fs::read(path).map_err(|error| named(path, error))?;
    Note::parse(&bytes).map_err(|error| named(path, error))
}

fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg}: record {pos}, {per_sec}");
    ProgressBar::new_spinner().with_style(style.expect("a fixed template"))
}
