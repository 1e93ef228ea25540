//! `linewatch demo`: one process, nothing to install, a newcomer sees everything in a minute.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::demo::stage::{Options, Stage};
use crate::pipeline::deciding::Said;
use crate::watch::Notice;

/// How fast, how long, where.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch demo                            # until Ctrl-C; open the address it prints\n  \
    linewatch demo --for 60s                  # a minute, then a summary\n  \
    linewatch demo --speed 10 --for 30m       # ten times faster than life\n  \
    linewatch demo --dir /tmp/demo --for 60s  # keep configuration and journal, then:\n  \
    linewatch journal export /tmp/demo/journal > day.jsonl\n  \
    linewatch replay day.jsonl --config /tmp/demo/linewatch.toml --alerts alerts.jsonl")]
pub struct Arguments {
    /// How many times faster than life the world runs.
    #[arg(long, default_value_t = 1.0, value_parser = parse_speed)]
    speed: f64,
    /// End after this long; without it, on Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    run_for: Option<Duration>,
    /// Address of the page and the metrics.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    http: SocketAddr,
    /// Keep configuration and journal here; without it they go when the demo ends.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.01..=100.0).contains(&speed) => Ok(speed),
        _ => Err("expected a number from 0.01 to 100".into()),
    }
}

/// Runs the demo.
///
/// # Errors
/// A socket, a pty or a file cannot be made.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let kept = arguments.dir.clone();
    let dir = kept
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("linewatch-demo-{}", std::process::id())));
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let done = runtime.block_on(perform(arguments, dir.clone()));
    if kept.is_none() {
        // Nothing of it is worth a complaint: it is in the temporary folder.
        let _ = std::fs::remove_dir_all(&dir);
    }
    done
}

async fn perform(arguments: &Arguments, dir: PathBuf) -> Result<(), Failure> {
    // Asked for before anything is begun, so that a Ctrl-C at any moment ends cleanly.
    let interrupted = signal(SignalKind::interrupt()).context("waiting for Ctrl-C")?;
    let terminated = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let options = Options { speed: arguments.speed, http: arguments.http, dir };
    let stage = begin(&options)?;
    wait(arguments.run_for, interrupted, terminated).await;
    let picture = stage.app.shared.picture();
    let left = stage.stop().await?;
    let mut words =
        format!("{} tracks at the end, {} alerts open.\n", picture.tracks.len(), picture.alerts.len());
    for sensor in &picture.sensors {
        let (id, state) = (&sensor.sensor, sensor.state.as_str());
        words += &format!(
            "  {id:<14} {:<12} {state:<9} {:>7} scans {:>8} detections\n",
            sensor.kind, sensor.used, sensor.detections
        );
    }
    for sink in left.iter().filter(|left| left.notices > 0) {
        words += &format!("  {} notices were not delivered to {}\n", sink.notices, sink.sink);
    }
    // A closed pipe ends the telling, not the demo; the same below.
    let _ = std::io::stdout().write_all(words.as_bytes());
    Ok(())
}

/// Starts everything and says where it is to be seen.
fn begin(options: &Options) -> Result<Stage, Failure> {
    // Held until the address is out: the daemon's own words come after it.
    let mut out = std::io::stdout().lock();
    let scenario = firmware_sims::scenario::kerguelen();
    let stage = Stage::start(scenario, options, Some(Box::new(tell)))
        .map_err(|error| Failure::Input(format!("{error:#}")))?;
    let mut words = String::new();
    if let Some(address) = stage.app.http {
        words += &format!("The picture: http://{address}/   metrics: http://{address}/metrics\n");
    }
    words += &format!("{}: everything below is invented, nobody crosses anything.\n", stage.scenario.name);
    words += &format!("{} boxes are switched on; broker: {}", stage.boxes.len(), stage.broker);
    if let Some(device) = stage.boxes.values().find_map(|handle| handle.device()) {
        words += &format!("; some on ptys such as {}", device.display());
    }
    let _ = writeln!(out, "{words}");
    Ok(stage)
}

async fn wait(run_for: Option<Duration>, mut interrupted: Signal, mut terminated: Signal) {
    let time_up = async {
        match run_for {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time_up => {}
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// One line for each thing worth telling; a closed pipe ends the telling, not the demo.
fn tell(said: &Said<'_>) {
    let line = match said {
        Said::Notice(notice, _) => notice_line(notice),
        Said::SensorState(sensor, state) => format!("EXERCISE  sensor {sensor} is {}", state.as_str()),
    };
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn notice_line(notice: &Notice) -> String {
    let place = notice.line.as_deref().or(notice.zone.as_deref()).unwrap_or("");
    let (severity, state) =
        (notice.severity.as_str().to_uppercase(), format!("{:?}", notice.state).to_lowercase());
    let mut line = format!(
        "EXERCISE  {}  {severity} {} {state}: {place} {:.4}, {:.4}",
        notice.event_time, notice.kind, notice.position.lat, notice.position.lon
    );
    if let Some(direction) = notice.direction {
        line += &format!(" {direction}");
    }
    if let Some(count) = notice.count {
        line += &format!(" about {:.0} where {} are allowed", count.expected, count.limit);
    }
    line + &format!("  confidence {:.2}, seen by {}", notice.confidence, notice.sensors.join(" "))
}
