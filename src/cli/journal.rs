//! `linewatch journal`: what a journal holds, for people and for replay.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;

use super::Failure;
use crate::journal::disk::Disk;
use crate::journal::export;

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
}

/// Runs one of the journal's commands.
///
/// # Errors
/// The journal cannot be read, or the output not written.
pub fn run(command: &Command) -> Result<(), Failure> {
    let Command::Export { dir, out } = command;
    if !dir.is_dir() {
        return Err(Failure::Input(format!("{}: no such folder; give the journal's folder", dir.display())));
    }
    let destination: Box<dyn Write> = match out {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Failure::Input(format!("{}: {error}; give a path that can be written", path.display()))
        })?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut destination = BufWriter::with_capacity(1 << 20, destination);
    let lines = Disk::at(dir)
        .and_then(|disk| export::export(&disk, &mut destination))
        .map_err(|error| Failure::Input(format!("{}: {error}", dir.display())))?;
    destination.flush().context("writing the recording")?;
    if lines == 0 {
        return Err(Failure::Input(format!("{}: holds no journal segment (*.lwj)", dir.display())));
    }
    Ok(())
}
