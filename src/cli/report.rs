//! `linewatch report`: one day of a journal, for people or for programs.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use super::Failure;
use crate::engine::reload::Reload;
use crate::engine::{Engine, Settings};
use crate::journal::disk::Disk;
use crate::journal::history::History;
use crate::record::Body;
use crate::report::form::{Heading, json, markdown};
use crate::report::{Day, Reporter};
use crate::time::Timestamp;

/// Which day of which journal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch report --journal /var/lib/linewatch/journal --day 2026-11-22\n  \
    linewatch report --journal /var/lib/linewatch/journal --day 2026-11-22 --reviewed --json | jq .by_review")]
pub struct Arguments {
    /// The journal's folder; the daemon may be writing to it.
    #[arg(long, value_name = "DIR")]
    journal: PathBuf,
    /// The day by the clock of [report] time_zone, as in 2026-11-22.
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    day: String,
    /// With the acknowledgements and reviews that came after the day's end.
    #[arg(long)]
    reviewed: bool,
    /// One JSON object instead of Markdown.
    #[arg(long)]
    json: bool,
}

fn parse_day(text: &str) -> Result<String, String> {
    let known = Timestamp::parse(&format!("{text}T00:00:00Z"));
    known.map(|_| text.to_owned()).map_err(|_| "expected a date such as 2026-11-22".to_owned())
}

/// Prints the report.
///
/// # Errors
/// The journal cannot be read, or holds nothing of that day.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let at = |error: std::io::Error| Failure::Input(format!("{}: {error}", arguments.journal.display()));
    if !arguments.journal.is_dir() {
        let dir = arguments.journal.display();
        return Err(Failure::Input(format!("{dir}: no such folder; give the journal's folder")));
    }
    let disk = Disk::at(&arguments.journal).map_err(at)?;
    let found = fold(&disk, &arguments.day, arguments.reviewed).map_err(at)?;
    let (day, settings) = found.ok_or_else(|| {
        let date = &arguments.day;
        Failure::Input(format!("{}: holds nothing of {date}", arguments.journal.display()))
    })?;
    let (sector, agreement) = (settings.sector.as_str(), &settings.agreement);
    let heading = Heading { sector, exercise: settings.exercise, agreement, reviewed: arguments.reviewed };
    let text = if arguments.json { json(&day, &heading) } else { markdown(&day, &heading) };
    std::io::stdout().write_all(text.as_bytes()).context("writing to standard output")?;
    Ok(())
}

/// The day of this date, and the settings it ended under; nothing if the journal has none of it.
fn fold(disk: &Disk, date: &str, reviewed: bool) -> std::io::Result<Option<(Day, Settings)>> {
    let mut history = History::from(disk, 0)?;
    let mut engine: Option<(Engine, Settings)> = None;
    let mut reporter = Reporter::default();
    let mut found: Option<Day> = None;
    while let Some(record) = history.next_record(0)? {
        if let Some(day) = &mut found {
            match &record.body {
                Body::Notice { bytes } if reviewed => day.review(&String::from_utf8_lossy(bytes)),
                _ if reviewed => {}
                _ => break,
            }
            continue;
        }
        let reload = match &record.body {
            Body::Reload { bytes } => Reload::parse(bytes),
            _ => None,
        };
        if engine.is_none() {
            // The first reload says what was in force at the start; what stands before it nobody stepped.
            let Some(Reload { settings, .. }) = reload.clone() else { continue };
            engine = Some((Engine::new(settings.clone()), settings));
        }
        let Some((engine, settings)) = &mut engine else { continue };
        let zone = reload.as_ref().map_or(&*settings.time_zone, |reload| &*reload.settings.time_zone);
        found = reporter.before(&record, engine, zone).filter(|day| day.date == date);
        if found.is_some() {
            continue;
        }
        let events = engine.step(&record);
        reporter.after(&record, &events, engine);
        if let Some(reload) = reload {
            *settings = reload.settings;
        }
    }
    let day = found.or_else(|| reporter.day().filter(|day| day.date == date).cloned());
    Ok(day.zip(engine.map(|(_, settings)| settings)))
}
