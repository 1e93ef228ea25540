//! A radar: ASTERIX plots in rotation over MQTT or UDP, or TTM and TLL sentences over a serial line.

use std::process::ExitCode;

use clap::Parser;
use firmware_sims::command::{BoxArgs, fault_help, run};
use firmware_sims::scenario::BoxKind;

const EXAMPLES: &str = "\
Examples:
  radar --for 5s                                  what it says, as hex
  radar --udp 127.0.0.1:8600                      one datagram per sector
  radar --broker mqtt://127.0.0.1:1883            to linewatch/v1/SECTOR/r1/scan
  radar --sensor r2 --pty --link /tmp/radar-r2    the marine radar's TTM and TLL; read it with cat
  mosquitto_sub -t 'linewatch/v1/+/+/scan' -F '%t %x'";

/// A simulated radar: CAT048/034 in rotation over MQTT or UDP, or TTM/TLL over a serial line
#[derive(Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{}", fault_help()))]
struct Cli {
    #[command(flatten)]
    args: BoxArgs,
}

fn main() -> ExitCode {
    run(&[BoxKind::Radar, BoxKind::RadarTracker], &Cli::parse().args)
}
