//! An AIS receiver: AIVDM sentences over a serial line.

use std::process::ExitCode;

use clap::Parser;
use firmware_sims::command::{BoxArgs, fault_help, run};
use firmware_sims::scenario::BoxKind;

const EXAMPLES: &str = "\
Examples:
  ais-receiver --for 1m --speed 10                what it says, on the terminal
  ais-receiver --pty --link /tmp/ais              read it with: cat /tmp/ais
  ais-receiver --pty --fault corrupt=0.01         a noisy line";

/// A simulated AIS receiver: AIVDM sentences over a serial line
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{}", fault_help()))]
struct Cli {
    #[command(flatten)]
    args: BoxArgs,
}

fn main() -> ExitCode {
    run(&[BoxKind::AisReceiver], &Cli::parse().args)
}
