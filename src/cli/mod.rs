//! Arguments in, one function per command out. Exit status: 0 done, 1 the input was bad, 2 usage, 3 internal.

pub mod alert;
pub mod check;
#[cfg(feature = "demo")]
pub mod demo;
pub mod evidence;
pub mod journal;
mod key;
pub mod plot;
pub mod replay;
pub mod report;
pub mod run;
#[cfg(feature = "demo")]
pub mod simulate;
pub mod stepping;
mod what_if;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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
    /// Run the daemon: what systemd starts. Ends cleanly on SIGTERM.
    #[command(after_help = "Examples:\n  linewatch run --config /etc/linewatch/linewatch.toml\n  \
        LINEWATCH_LOG=debug linewatch run --config config/linewatch.toml")]
    Run {
        /// The installation's linewatch.toml.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// See everything at once, with nothing to install: an invented line, simulated boxes, the real daemon.
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// Run the same core over a recording: same input, same bytes out.
    Replay(replay::Arguments),
    /// Validate configurations, agreements and their geometry; every error with its key path.
    #[command(
        after_help = "Examples:\n  linewatch check config/linewatch.toml\n  linewatch check --json agreement.toml\n  \
            linewatch check --explain --plot agreement.svg agreement.toml"
    )]
    Check(check::Arguments),
    /// Make a recording, its truth and its configuration from a seeded world.
    #[cfg(feature = "demo")]
    Simulate(simulate::Arguments),
    /// Acknowledge, shelve and review alerts of a running daemon.
    #[command(subcommand)]
    Alert(alert::Command),
    /// Say what one day of a journal was: alerts by rule and side, reviews, what could not be seen.
    Report(report::Arguments),
    /// Read a journal.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Export everything one alert rests on as one file that anybody can check.
    Evidence(evidence::Evidence),
    /// Check an evidence bundle, offline: signature, proofs, and that the alert follows from its records.
    Verify(evidence::Verify),
}

/// Why a command failed: the exit status follows from it.
#[derive(Debug)]
pub enum Failure {
    /// The input was bad: the message says what, where and how to mend it.
    Input(String),
    /// The input was good, but the machine did not give what it asks for: a port, a folder, room on the disk. Unlike
    /// bad input, it may mend by itself.
    Machine(String),
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
            Self::Machine(message) => {
                eprintln!("linewatch: {message}");
                3
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
pub fn perform(arguments: Arguments) -> u8 {
    begin_logging();
    let mut status = 0;
    let done = match arguments.command {
        Command::Run { config } => run::run(&config),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(&arguments),
        #[cfg(feature = "demo")]
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Alert(command) => alert::run(&command),
        Command::Journal(command) => journal::run(&command),
        Command::Evidence(arguments) => evidence::export_to(&arguments),
        Command::Verify(arguments) => evidence::verify_file(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Check(arguments) => check::run(&arguments).map(|good| status = u8::from(!good)),
    };
    done.map_or_else(|failure| failure.report(), |()| status)
}

/// Logs go to the journal under systemd, else to standard error; `LINEWATCH_LOG` says how much (default `info` under
/// systemd, `warn` at a terminal, where people read the commands' own words).
fn begin_logging() {
    let under_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let default = if under_systemd { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("LINEWATCH_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let begun = match tracing_journald::layer() {
        Ok(journald) if under_systemd => registry.with(journald).try_init(),
        _ => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).try_init(),
    };
    // A second call in one process finds logging begun: that is what was wanted.
    let _ = begun;
}
