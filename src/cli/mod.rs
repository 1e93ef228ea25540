//! Arguments in, one function per command out. Exit status: 0 done, 1 the input was bad, 2 usage, 3 internal.

pub mod check;
pub mod replay;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Watches a ceasefire line: fuses cameras, radars, satellites and transponders, and says who crossed.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the contract.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the same core over a recording: same input, same bytes out.
    Replay(replay::Arguments),
    /// Validate configurations, agreements and their geometry; every error with its key path.
    #[command(
        after_help = "Examples:\n  linewatch check config/linewatch.toml\n  linewatch check --json agreement.toml"
    )]
    Check {
        /// Configuration or agreement files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// Why a command failed: the exit status follows from it.
#[derive(Debug)]
pub enum Failure {
    /// The input was bad: the message says what, where and how to mend it.
    Input(String),
    /// Something that should not happen did.
    Internal(anyhow::Error),
}

impl Failure {
    /// Bad input, from anything that can say so.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Prints the message and gives the exit status.
    #[must_use]
    pub fn report(&self) -> u8 {
        match self {
            Self::Input(message) => {
                eprintln!("linewatch: {message}");
                1
            }
            Self::Internal(error) => {
                eprintln!(
                    "linewatch: internal error: {error:#}\nPlease report this with the command you ran."
                );
                3
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

/// Runs one command and gives the exit status.
#[must_use]
pub fn run(arguments: Arguments) -> u8 {
    let done = match arguments.command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Check { files, json } => return check::run(&files, json),
    };
    done.map_or_else(|failure| failure.report(), |()| 0)
}
