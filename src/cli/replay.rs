//! `linewatch replay`: a recording through the engine, tracks and alerts out, a summary at the end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::plot::{self, Drawing};
use super::stepping::{Stepped, step_through};
use super::what_if::{Difference, WhatIf};
use crate::clock::{self, Clock};
use crate::config;
use crate::engine::event::SensorHealth;
use crate::engine::{Engine, Event, Outcome};
use crate::record::{Body, Record};
use crate::sources::recording::Reader;

/// What to replay, how fast, and what to write.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch replay day.jsonl --config linewatch.toml --alerts alerts.jsonl\n  \
    linewatch replay day.jsonl --config linewatch.toml --tracks tracks.jsonl --picture-every 1s --json\n  \
    linewatch replay day.jsonl --config linewatch.toml --plot day.svg --plot-from 600 --plot-to 660 \
    --plot-around 1200,-300,500\n  \
    linewatch replay day.jsonl --config linewatch.toml --agreement proposal.toml   # what if the rule had been …\n  \
    linewatch journal export /var/lib/linewatch/journal > day.jsonl   # where recordings come from")]
pub struct Arguments {
    /// The recording: JSON Lines in arrival order.
    recording: PathBuf,
    /// The installation's linewatch.toml, which names the agreement.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// `max`, or how many times faster than it happened.
    #[arg(long, default_value = "max", value_name = "max|N", value_parser = parse_speed)]
    speed: Speed,
    /// Write every confirmed track at every whole --picture-every here.
    #[arg(long, value_name = "OUT")]
    tracks: Option<PathBuf>,
    /// Write every notice here, one a line.
    #[arg(long, value_name = "OUT")]
    alerts: Option<PathBuf>,
    /// How often --tracks are written: whole seconds.
    #[arg(long, default_value = "1s", value_name = "DURATION", value_parser = parse_whole_seconds)]
    picture_every: i64,
    /// Ask what would have been said under this agreement instead: the difference of alerts follows the summary.
    #[arg(long, value_name = "OTHER.toml")]
    agreement: Option<PathBuf>,
    #[command(flatten)]
    plot: plot::Arguments,
    /// The summary as one JSON object on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Speed {
    Max,
    Times(f64),
}

fn parse_speed(text: &str) -> Result<Speed, String> {
    match (text, text.parse::<f64>()) {
        ("max", _) => Ok(Speed::Max),
        (_, Ok(times)) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
        _ => Err("expected `max` or a number above 0".into()),
    }
}

fn parse_whole_seconds(text: &str) -> Result<i64, String> {
    let parsed = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match i64::try_from(parsed.as_secs()) {
        Ok(secs) if secs > 0 && parsed.subsec_nanos() == 0 => Ok(secs),
        _ => Err("expected whole seconds, such as 1s or 1m".into()),
    }
}

/// What `--json` prints, and the text summary says.
#[derive(Debug, Default, serde::Serialize)]
struct Summary {
    scans: u64,
    detections: u64,
    detections_per_s: f64,
    wall_s: f64,
    tracks: usize,
    alerts: u64,
    peak_rss_bytes: u64,
    rejected: u64,
    duplicates: u64,
    quarantined: u64,
    too_late: u64,
    unknown_sensor: u64,
    unknown_kinds: u64,
    /// Tracks that continue, parted from or were merged into another.
    lineage: BTreeMap<&'static str, u64>,
    identity_conflicts: u64,
    /// What sensors showed of one another at the end.
    sensors: BTreeMap<String, SensorHealth>,
    /// What would have been said under another agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
}

/// Replays a recording.
///
/// # Errors
/// The recording or the configuration cannot be read or understood, or an output cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let installation = config::load_for_replay(&arguments.config).map_err(Failure::input)?;
    let settings = installation.engine_settings();
    let mut drawing = Drawing::create(&arguments.plot, settings.clone())?;
    let mut engine = Engine::new(settings);
    let other = arguments.agreement.as_deref();
    let mut what_if = other.map(|path| WhatIf::begin(&installation, path)).transpose()?;
    let mut reader = Reader::open(&arguments.recording).map_err(Failure::input)?;
    let mut outputs = Outputs::create(arguments)?;
    let progress = progress_bar(&arguments.recording, arguments.json);
    let mut summary = Summary::default();
    let mut pace = Pace { speed: arguments.speed, clock: None };
    let started = clock::instant();
    step_through(
        &mut reader,
        &mut engine,
        |record| pace.wait_for(record),
        |Stepped { record, engine, events, bytes_read }| {
            outputs.write(record, engine, events)?;
            if let Some(drawing) = &mut drawing {
                drawing.see(record, engine, events)?;
            }
            if let Some(what_if) = &mut what_if {
                what_if.see(record, events);
            }
            events.iter().for_each(|event| summary.count(event));
            log_findings(record, engine, events);
            progress.set_position(bytes_read);
            Ok::<(), Failure>(())
        },
    )?;
    progress.finish_and_clear();
    outputs.flush()?;
    drawing.map_or(Ok(()), Drawing::finish)?;
    summary.finish(&engine, &reader, started);
    summary.difference = what_if.map(WhatIf::finish);
    if summary.scans + summary.rejected > 0 && summary.scans == 0 {
        tracing::warn!("no frame of the recording was used: is this its configuration?");
    }
    summary.print(arguments.json)
}

/// Says what was found out about sensors, when.
fn log_findings(record: &Record, engine: &Engine, events: &[Event]) {
    for event in events {
        if let Event::Finding { sensor, finding } = event {
            let id = engine.sensors()[sensor.index()].id.as_str();
            tracing::info!(at = %record.received, sensor = id, ?finding, "sensor registration");
        }
        if let Event::IdentityConflict(conflict) = event {
            tracing::info!(at = %record.received, ?conflict, "identities disagree");
        }
        if let Event::Lineage(link) = event {
            let (track, of, kinship) = (link.track.0, link.of.0, link.kinship.as_str());
            tracing::info!(at = %record.received, track, kinship, of, p = link.probability, "lineage");
        }
    }
}

/// Holds a replay back to its speed.
struct Pace {
    speed: Speed,
    clock: Option<Clock>,
}

impl Pace {
    fn wait_for(&mut self, record: &Record) {
        let Speed::Times(times) = self.speed else { return };
        let clock = self.clock.get_or_insert_with(|| Clock::scaled(record.received, clock::instant(), times));
        let wait = clock.until(record.received);
        if wait > Duration::ZERO {
            std::thread::sleep(wait);
        }
    }
}

/// The files a replay writes.
struct Outputs {
    tracks: Option<BufWriter<File>>,
    alerts: Option<BufWriter<File>>,
    picture_every_s: i64,
}

impl Outputs {
    fn create(arguments: &Arguments) -> Result<Self, Failure> {
        let create = |path: &Option<PathBuf>| -> Result<Option<BufWriter<File>>, Failure> {
            let Some(path) = path else { return Ok(None) };
            let file = File::create(path).map_err(|error| {
                Failure::Input(format!("{}: {error}; give a path that can be written", path.display()))
            })?;
            Ok(Some(BufWriter::with_capacity(1 << 20, file)))
        };
        Ok(Self {
            tracks: create(&arguments.tracks)?,
            alerts: create(&arguments.alerts)?,
            picture_every_s: arguments.picture_every,
        })
    }

    fn write(&mut self, record: &Record, engine: &Engine, events: &[Event]) -> anyhow::Result<()> {
        if let Some(out) = &mut self.alerts {
            for event in events {
                if let Event::Notice(notice) = event {
                    writeln!(out, "{}", notice.to_json())?;
                }
            }
        }
        if let Some(out) = &mut self.tracks
            && record.body == Body::Tick
            && record.received.floor_secs() % self.picture_every_s == 0
        {
            for row in engine.tracks_at(record.received) {
                serde_json::to_writer(&mut *out, &row)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        for out in [&mut self.tracks, &mut self.alerts].into_iter().flatten() {
            out.flush().context("writing the output")?;
        }
        Ok(())
    }
}

impl Summary {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Frame { outcome, detections, .. } => {
                self.detections += u64::from(*detections);
                let counter = match outcome {
                    Outcome::Used => &mut self.scans,
                    Outcome::Duplicate => &mut self.duplicates,
                    Outcome::Rejected(_) => &mut self.rejected,
                    Outcome::Quarantined(_) => &mut self.quarantined,
                    Outcome::TooLate => &mut self.too_late,
                };
                *counter += 1;
            }
            Event::Notice(notice) if notice.revision == 1 && notice.group.is_none() => self.alerts += 1,
            Event::IdentityConflict(_) => self.identity_conflicts += 1,
            Event::Lineage(link) => *self.lineage.entry(link.kinship.as_str()).or_default() += 1,
            Event::UnknownSensor => self.unknown_sensor += 1,
            _ => {}
        }
    }

    fn finish(&mut self, engine: &Engine, reader: &Reader, started: Instant) {
        self.wall_s = started.elapsed().as_secs_f64();
        self.detections_per_s = self.detections as f64 / self.wall_s.max(1e-9);
        let picture = engine.picture();
        self.tracks = picture.tracks.len();
        self.sensors = picture.sensors.into_iter().map(|row| (row.sensor, row.health)).collect();
        self.unknown_kinds = reader.unknown_kinds;
        self.peak_rss_bytes = peak_rss_bytes().unwrap_or(0);
    }

    fn print(&self, json: bool) -> Result<(), Failure> {
        let words = if json {
            serde_json::to_string(self).context("the summary as JSON")? + "\n"
        } else {
            self.to_text()
        };
        // A reader that closed the pipe has seen what it wanted.
        let _ = std::io::stdout().write_all(words.as_bytes());
        Ok(())
    }

    fn to_text(&self) -> String {
        let mut text = format!("scans used       {:>12}\n", self.scans);
        text +=
            &format!("detections       {:>12}   {:.0} a second\n", self.detections, self.detections_per_s);
        text += &format!("wall time        {:>12.3} s\n", self.wall_s);
        text += &format!("tracks at the end{:>12}\n", self.tracks);
        text += &format!("alerts           {:>12}\n", self.alerts);
        text += &format!("peak memory      {:>12.1} MB\n", self.peak_rss_bytes as f64 / 1e6);
        for (what, count) in [
            ("rejected", self.rejected),
            ("duplicates", self.duplicates),
            ("quarantined", self.quarantined),
            ("too late", self.too_late),
            ("unknown sensor", self.unknown_sensor),
            ("unknown kind", self.unknown_kinds),
        ] {
            if count > 0 {
                text += &format!("{what:<17}{count:>12}\n");
            }
        }
        for (sensor, health) in &self.sensors {
            for (axis, bias) in health.bias.iter().filter(|(_, bias)| bias.compensated) {
                text += &format!("{sensor}: {axis} corrected by {:.3} ± {:.3}\n", -bias.value, bias.sigma);
            }
            for fault in &health.faults {
                text += &format!("{sensor}: {fault}\n");
            }
        }
        text += &self.difference.as_ref().map_or_else(String::new, Difference::text);
        text
    }
}

fn progress_bar(recording: &Path, quiet: bool) -> ProgressBar {
    let length = std::fs::metadata(recording).map_or(0, |found| found.len());
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The most memory this process has held, from the kernel; `None` off Linux.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_and_intervals_are_read_or_refused() {
        assert_eq!(parse_speed("max"), Ok(Speed::Max));
        assert_eq!(parse_speed("2.5"), Ok(Speed::Times(2.5)));
        for bad in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(parse_speed(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_whole_seconds("2m"), Ok(120));
        for bad in ["0s", "500ms", "1", "1.5s"] {
            assert!(parse_whole_seconds(bad).is_err(), "{bad}");
        }
    }
}
