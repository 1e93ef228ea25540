//! A field node: framed binary scans over a serial line.

use std::process::ExitCode;

use clap::Parser;
use firmware_sims::command::{BoxArgs, fault_help, run};
use firmware_sims::scenario::BoxKind;

const EXAMPLES: &str = "\
Examples:
  field-node --for 5s                             what it says, as hex
  field-node --pty --link /tmp/node               read it with: xxd /tmp/node
  field-node --pty --fault noise=x3 --fault clock-skew=1.5s";

/// A simulated field node: COBS-framed binary scans over a serial line
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{}", fault_help()))]
struct Cli {
    #[command(flatten)]
    args: BoxArgs,
}

fn main() -> ExitCode {
    run(&[BoxKind::FieldNode], &Cli::parse().args)
}
