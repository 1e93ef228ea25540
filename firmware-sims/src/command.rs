//! The command line all five programs share.
//!
//! In: arguments. Out: an exit status: 0 done, 1 the input was bad, 2 usage.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::faults;
use crate::links::LinkSpec;
use crate::pace::Pace;
use crate::scenario::{BoxKind, BoxSpec, Scenario, kerguelen};
use crate::sensors::spawn;
use crate::world::World;

/// Arguments of a simulated box.
#[derive(Args, Clone, Debug)]
pub struct BoxArgs {
    /// Scenario in JSON; the built-in Kerguelen exercise if absent
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Sensor id in the scenario; its first box of this kind if absent
    #[arg(long, value_name = "ID")]
    sensor: Option<String>,
    /// Seed of the world and of the noise, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// World seconds per second
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Stop after this much world time, as 60s, 5m or 1h; for ever if absent
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration_s: Option<f64>,
    /// What goes wrong; may be repeated. See below for the forms
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<String>,
    #[command(flatten)]
    link: LinkArgs,
}

/// Where a box's bytes go; standard output if nothing is said.
#[derive(Args, Clone, Debug)]
struct LinkArgs {
    /// Publish to this broker, as mqtt://127.0.0.1:1883
    #[arg(long, value_name = "URL", conflicts_with_all = ["udp", "pty"])]
    broker: Option<String>,
    /// First part of the topics
    #[arg(long, default_value = "linewatch/v1", requires = "broker")]
    topic: String,
    /// Sector in the topics, instead of the scenario's
    #[arg(long, requires = "broker")]
    sector: Option<String>,
    /// Send datagrams to this address
    #[arg(long, value_name = "ADDR", conflicts_with = "pty")]
    udp: Option<SocketAddr>,
    /// Talk over a pseudo-terminal, whose path is printed
    #[arg(long)]
    pty: bool,
    /// Make a symbolic link to the pseudo-terminal here
    #[arg(long, value_name = "PATH", requires = "pty")]
    link: Option<PathBuf>,
}

/// The text under `--help` that explains `--fault`.
#[must_use]
pub fn fault_help() -> String {
    format!("Faults: {}.", faults::FORMS)
}

/// Runs one box of one of `kinds` until its time is up.
#[must_use]
pub fn run(kinds: &[BoxKind], args: &BoxArgs) -> ExitCode {
    match start(kinds, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn start(kinds: &[BoxKind], args: &BoxArgs) -> Result<()> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        bail!("--speed {}: a speed is a positive number", args.speed);
    }
    let scenario = scenario(args)?;
    let mut spec = chosen(&scenario, kinds, args.sensor.as_deref())?.clone();
    spec.faults.extend(args.faults.iter().cloned());
    let world = Arc::new(World::new(&scenario)?);
    let link = link(&args.link, &scenario.sector, &spec.id);
    let until_s = args.duration_s.unwrap_or(f64::INFINITY);
    let mut running = spawn(&spec, world, Pace::from_now(args.speed), &link, until_s)?;
    if let Some(device) = running.device() {
        eprintln!("{}: {} on {}", spec.id, spec.kind, device.display());
    }
    running.wait();
    eprintln!("{}: {} frames sent, {} lost", spec.id, running.sent(), running.lost());
    Ok(())
}

fn scenario(args: &BoxArgs) -> Result<Scenario> {
    let mut scenario = match &args.scenario {
        None => kerguelen(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Scenario::from_json(&text).with_context(|| path.display().to_string())?
        }
    };
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    Ok(scenario)
}

fn chosen<'s>(scenario: &'s Scenario, kinds: &[BoxKind], id: Option<&str>) -> Result<&'s BoxSpec> {
    let fitting: Vec<&BoxSpec> = scenario.boxes.iter().filter(|spec| kinds.contains(&spec.kind)).collect();
    let ids = || fitting.iter().map(|spec| spec.id.as_str()).collect::<Vec<_>>().join(", ");
    let found = match id {
        None => fitting.first(),
        Some(id) => fitting.iter().find(|spec| spec.id == id),
    };
    match found {
        Some(spec) => Ok(spec),
        None => {
            bail!("--sensor {}: the scenario's boxes of this kind are: {}", id.unwrap_or("(none)"), ids())
        }
    }
}

fn link(args: &LinkArgs, sector: &str, sensor: &str) -> LinkSpec {
    if let Some(url) = &args.broker {
        let sector = args.sector.as_deref().unwrap_or(sector);
        return LinkSpec::Mqtt {
            url: url.clone(),
            prefix: args.topic.clone(),
            sector: sector.into(),
            sensor: sensor.into(),
        };
    }
    match args.udp {
        Some(address) => LinkSpec::Udp(address),
        None if args.pty => LinkSpec::Pty { symlink: args.link.clone() },
        None => LinkSpec::Console,
    }
}

/// Seconds of `90`, `90s`, `5m` or `1h`.
fn duration(text: &str) -> Result<f64, String> {
    let (number, unit_s) = match text.as_bytes().last() {
        Some(b'h') => (text.trim_end_matches('h'), 3600.0),
        Some(b'm') => (text.trim_end_matches('m'), 60.0),
        _ => (text.trim_end_matches('s'), 1.0),
    };
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number * unit_s),
        _ => Err(format!("`{text}` is no duration; expected as 60s, 5m or 1h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, want_s) in [("90", 90.0), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0)] {
            assert!((duration(text).unwrap() - want_s).abs() < 1e-9, "{text}");
        }
        assert!(["", "s", "-1s", "soon", "NaN"].iter().all(|text| duration(text).is_err()));
    }

    #[test]
    fn a_box_is_chosen_by_kind_and_id() {
        let scenario = kerguelen();
        assert_eq!(chosen(&scenario, &[BoxKind::Camera], None).unwrap().id, "c1");
        assert_eq!(chosen(&scenario, &[BoxKind::Camera], Some("c3")).unwrap().id, "c3");
        let error = chosen(&scenario, &[BoxKind::Camera], Some("r1")).unwrap_err().to_string();
        assert!(error.contains("c1, c2, c3, c4"), "{error}");
    }
}
