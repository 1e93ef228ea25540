//! A camera: JSON scans over MQTT, with a retained status and a last will.

use std::process::ExitCode;

use clap::Parser;
use firmware_sims::command::{BoxArgs, fault_help, run};
use firmware_sims::scenario::BoxKind;

const EXAMPLES: &str = "\
Examples:
  camera --sensor c1 --for 5s                     what it says, on the terminal
  mosquitto -p 1883 &
  mosquitto_sub -v -t 'linewatch/v1/#' &
  camera --sensor c2 --broker mqtt://127.0.0.1:1883 --fault silence@35s..60s
  camera --sensor c1 --broker mqtt://127.0.0.1:1883 --fault bias-azimuth=2deg --fault restart@30s";

/// A simulated camera: JSON scans at 2 to 5 Hz over MQTT, with status and last will
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{}", fault_help()))]
struct Cli {
    #[command(flatten)]
    args: BoxArgs,
}

fn main() -> ExitCode {
    run(&[BoxKind::Camera], &Cli::parse().args)
}
