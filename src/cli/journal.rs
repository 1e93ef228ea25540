//! `linewatch journal`: what a journal holds, for people and for replay, and whether it is as it was written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::journal::disk::Disk;
use crate::journal::export;
use crate::journal::verify::{Findings, examine};

/// What to do with a journal.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write the journal as a recording, which `linewatch replay` reads.
    #[command(after_help = "Examples:\n  \
        linewatch journal export /var/lib/linewatch/journal > day.jsonl\n  \
        linewatch journal export /var/lib/linewatch/journal --out day.jsonl")]
    Export {
        /// The journal's folder.
        dir: PathBuf,
        /// Write here instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check every record and the chain over them; exit 1 if anything is not as it was written.
    #[command(after_help = "Examples:\n  \
        linewatch journal verify /var/lib/linewatch/journal\n  \
        linewatch journal verify --json copy-of-the-journal | jq .chain")]
    Verify {
        /// The journal's folder; the daemon may be writing to it.
        dir: PathBuf,
        /// One JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Make the key that seals a journal; prints its public half, which others need to verify.
    #[command(after_help = "Examples:\n  \
        linewatch journal key /etc/linewatch/seal.key --origin linewatch/east-3\n  \
        linewatch journal key /etc/linewatch/seal.key   # the public half of a key there is")]
    Key {
        /// The key's file; made if it is not there, readable by its owner alone.
        file: PathBuf,
        /// The log's name in checkpoints, such as linewatch/SECTOR; needed for a new key.
        #[arg(long, value_name = "NAME")]
        origin: Option<String>,
    },
    /// Say what is in the journal: records by kind, frames by sensor, deliveries by sink.
    #[command(after_help = "Examples:\n  \
        linewatch journal stat /var/lib/linewatch/journal")]
    Stat {
        /// The journal's folder; the daemon may be writing to it.
        dir: PathBuf,
        /// One JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the journal's commands.
///
/// # Errors
/// The journal cannot be read or is damaged, or the output not written.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Export { dir, out } => export_to(dir, out.as_deref()),
        Command::Key { file, origin } => super::key::run(file, origin.as_deref()),
        Command::Stat { dir, json } => show(&found(dir)?, *json),
        Command::Verify { dir, json } => {
            let found = found(dir)?;
            show(&found, *json)?;
            if found.faults.is_empty() {
                return Ok(());
            }
            Err(Failure::Input(format!(
                "{}: {} faults; keep a copy of the folder as it is, and compare it with another copy",
                dir.display(),
                found.faults.len()
            )))
        }
    }
}

fn disk(dir: &Path) -> Result<Disk, Failure> {
    if !dir.is_dir() {
        return Err(Failure::Input(format!("{}: no such folder; give the journal's folder", dir.display())));
    }
    Disk::at(dir).map_err(|error| Failure::Input(format!("{}: {error}", dir.display())))
}

fn found(dir: &Path) -> Result<Findings, Failure> {
    let disk = disk(dir)?;
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {pos} records, {per_sec}").expect("a fixed template"),
    );
    let found = examine(&disk, |records| bar.set_position(records));
    bar.finish_and_clear();
    let found = found.map_err(|error| Failure::Input(format!("{}: {error}", dir.display())))?;
    if found.records == 0 && found.faults.is_empty() {
        return Err(no_segments(dir));
    }
    Ok(found)
}

fn no_segments(dir: &Path) -> Failure {
    Failure::Input(format!("{}: holds no journal segment (*.lwj)", dir.display()))
}

fn show(found: &Findings, json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string(&found.report()).context("writing JSON")? + "\n"
    } else {
        found.text()
    };
    std::io::stdout().write_all(text.as_bytes()).context("writing to standard output")?;
    Ok(())
}

fn export_to(dir: &Path, out: Option<&Path>) -> Result<(), Failure> {
    let disk = disk(dir)?;
    let destination: Box<dyn Write> = match out {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Failure::Input(format!("{}: {error}; give a path that can be written", path.display()))
        })?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut destination = BufWriter::with_capacity(1 << 20, destination);
    let lines = export::export(&disk, &mut destination)
        .map_err(|error| Failure::Input(format!("{}: {error}", dir.display())))?;
    destination.flush().context("writing the recording")?;
    if lines == 0 { Err(no_segments(dir)) } else { Ok(()) }
}
