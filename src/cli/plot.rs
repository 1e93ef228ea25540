//! The options of `replay --plot`, and the picture they ask for.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::engine::{Engine, Event, Settings};
use crate::plot::{Around, Columns, Plot, Request};
use crate::record::{Body, Record};
use crate::time::{Span, Timestamp};

/// Where numbers in a truth's `t` count from: world time 0 of every simulation, 2026-01-01T00:00:00Z.
const TRUTH_EPOCH: Timestamp = Timestamp::from_secs(1_767_225_600);

/// What to draw, and where to.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Draw the replay here, as an SVG: sensors, lines, tracks with 95 % ellipses, alerts.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// Draw what truly happened too: columns t,id,x,y, as `linewatch simulate` writes them. t is seconds from
    /// 2026-01-01T00:00:00Z, or an RFC 3339 time; x and y are metres east and north of the origin.
    #[arg(long, value_name = "FILE.csv", requires = "plot")]
    truth: Option<PathBuf>,
    /// Draw nothing before this: seconds from the recording's first whole second, or an RFC 3339 time.
    #[arg(long, value_name = "T", requires = "plot", value_parser = parse_moment, allow_negative_numbers = true)]
    plot_from: Option<Moment>,
    /// Draw nothing after this.
    #[arg(long, value_name = "T", requires = "plot", value_parser = parse_moment, allow_negative_numbers = true)]
    plot_to: Option<Moment>,
    /// Draw only this square: metres east and north of the origin, and half its side.
    #[arg(long, value_name = "EAST,NORTH,RADIUS", requires = "plot", value_parser = parse_around,
        allow_hyphen_values = true)]
    plot_around: Option<Around>,
}

/// A point in time as people say it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    FromStart(Span),
    At(Timestamp),
}

impl Moment {
    fn after(self, start: Timestamp) -> Timestamp {
        match self {
            Self::FromStart(span) => start.plus(span),
            Self::At(time) => time,
        }
    }
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(Moment::At(time));
    }
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.abs() < 1e9);
    let span = seconds.map(|seconds| Moment::FromStart(Span::from_secs_f64(seconds)));
    span.ok_or_else(|| "expected seconds, such as 90, or a time, such as 2026-01-01T00:01:30Z".into())
}

fn parse_around(text: &str) -> Result<Around, String> {
    let numbers: Option<Vec<f64>> =
        text.split(',').map(|word| word.trim().parse().ok().filter(|n: &f64| n.abs() < 1e7)).collect();
    match numbers.as_deref() {
        Some(&[east_m, north_m, radius_m]) if radius_m >= 0.1 => Ok(Around { east_m, north_m, radius_m }),
        _ => Err("expected three numbers, such as 1200,-300,500, the last at least 0.1".into()),
    }
}

/// A picture asked for, and its file.
pub(super) struct Drawing<'a> {
    arguments: &'a Arguments,
    path: &'a Path,
    file: File,
    settings: Settings,
    plot: Option<Plot>,
}

impl<'a> Drawing<'a> {
    /// Nothing if no picture is asked for.
    ///
    /// # Errors
    /// Its file cannot be written.
    pub(super) fn create(arguments: &'a Arguments, settings: Settings) -> Result<Option<Self>, Failure> {
        let Some(path) = &arguments.plot else { return Ok(None) };
        let file = File::create(path).map_err(|error| {
            Failure::Input(format!("{}: {error}; give a path that can be written", path.display()))
        })?;
        Ok(Some(Self { arguments, path, file, settings, plot: None }))
    }

    /// Takes what one record did.
    ///
    /// # Errors
    /// The truth cannot be read.
    pub(super) fn see(&mut self, record: &Record, engine: &Engine, events: &[Event]) -> Result<(), Failure> {
        let plot = match &mut self.plot {
            Some(plot) => plot,
            // Seconds count from the first record on, so only now are the bounds known.
            unbegun => {
                let start = Timestamp::from_secs(record.received.floor_secs());
                unbegun.insert(begin(self.arguments, self.settings.clone(), start)?)
            }
        };
        if record.body == Body::Tick {
            plot.observe(&engine.picture());
        }
        for event in events {
            if let Event::Notice(notice) = event {
                plot.notice(notice);
            }
        }
        Ok(())
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// The truth cannot be read, or the file not written.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let plot = match self.plot.take() {
            Some(plot) => plot,
            None => begin(self.arguments, self.settings, TRUTH_EPOCH)?,
        };
        let written = self.file.write_all(plot.draw().as_bytes());
        written.map_err(|error| Failure::Machine(format!("{}: {error}", self.path.display())))
    }
}

fn begin(arguments: &Arguments, settings: Settings, start: Timestamp) -> Result<Plot, Failure> {
    let at = |moment: Option<Moment>| moment.map(|moment| moment.after(start));
    let (from, to) = (at(arguments.plot_from), at(arguments.plot_to));
    if let Some((from, to)) = from.zip(to).filter(|(from, to)| from > to) {
        return Err(Failure::Input(format!("--plot-to is {to}, before --plot-from, {from}; exchange them")));
    }
    let mut plot = Plot::new(settings, Request { from, to, around: arguments.plot_around }, start);
    if let Some(path) = &arguments.truth {
        read_truth(path, &mut plot).map_err(|what| Failure::Input(format!("{}{what}", path.display())))?;
    }
    Ok(plot)
}

/// Brings the truth in; what is wrong comes with its line.
fn read_truth(path: &Path, plot: &mut Plot) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!(": {error}; give a file that can be read"))?;
    let mut columns = None;
    for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| format!(":{number}: {error}"))?;
        let taken = match &columns {
            None => Columns::of(&line).map(|found| columns = Some(found)),
            Some(_) if line.trim().is_empty() => Ok(()),
            Some(columns) => columns.row(&line, TRUTH_EPOCH).map(|row| plot.truth(&row)),
        };
        taken.map_err(|what| format!(":{number}: {what}"))?;
    }
    match columns {
        Some(_) => Ok(()),
        None => Err(": it is empty; a heading with t,id,x,y is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_places_are_read_or_refused() {
        let start = Timestamp::from_secs(1_000);
        assert_eq!(parse_moment("90.5").unwrap().after(start), Timestamp::from_nanos(1_090_500_000_000));
        assert_eq!(parse_moment("1970-01-01T00:00:07Z").unwrap().after(start), Timestamp::from_secs(7));
        for bad in ["", "soon", "NaN", "1e300", "2026-01-01"] {
            assert!(parse_moment(bad).is_err(), "{bad}");
        }
        assert_eq!(
            parse_around("-10, 20.5,300"),
            Ok(Around { east_m: -10.0, north_m: 20.5, radius_m: 300.0 })
        );
        for bad in ["", "1,2", "1,2,0", "1,2,-3", "1,2,NaN", "1,2,3,4", "a,b,c"] {
            assert!(parse_around(bad).is_err(), "{bad}");
        }
    }
}
