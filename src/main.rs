//! The `linewatch` program: arguments to a command, and nothing else.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    linewatch::cli::perform(linewatch::cli::Arguments::parse()).into()
}
