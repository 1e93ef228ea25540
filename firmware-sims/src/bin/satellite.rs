//! A satellite's ground station: whole-scene track reports over MQTT, delivered late.

use std::process::ExitCode;

use clap::Parser;
use firmware_sims::command::{BoxArgs, fault_help, run};
use firmware_sims::scenario::BoxKind;

const EXAMPLES: &str = "\
Examples:
  satellite --for 2m --speed 20                   what it says, on the terminal
  satellite --broker mqtt://127.0.0.1:1883
  mosquitto_sub -v -t 'linewatch/v1/+/s1/#'";

/// A simulated satellite: whole-scene track reports over MQTT, delivered late
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{}", fault_help()))]
struct Cli {
    #[command(flatten)]
    args: BoxArgs,
}

fn main() -> ExitCode {
    run(&[BoxKind::Satellite], &Cli::parse().args)
}
