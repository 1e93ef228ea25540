//! `linewatch check`: what the files say, or everything that is wrong with them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Failure;
use crate::clock::Clock;
use crate::config::{ConfigError, Installation, Summary, check_file, explain, load_agreement};
use crate::engine::Settings;
use crate::geo::Geodetic;
use crate::plot::Plot;
use crate::time::Timestamp;
use crate::watch::Agreement;

/// What `linewatch check` takes.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Configuration or agreement files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Says each agreement back in plain words: sides, areas, openings, every rule as a sentence.
    #[arg(long, conflicts_with = "json")]
    explain: bool,
    /// Draws the geometry of the last file's agreement, with labelled sides.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// What is open and what remains, as of this instant instead of now.
    #[arg(long, value_name = "TIME", requires = "explain", value_parser = instant)]
    at: Option<Timestamp>,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

/// Checks every file, prints what the good ones say on stdout and each fault of the others on stderr; with `--json`, one
/// object with both on stdout. Gives whether all were good.
///
/// # Errors
/// A plot that cannot be written.
pub fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let verdict = Verdict::of(&arguments.files);
    let mut out = if arguments.json { verdict.to_json() } else { verdict.to_text() };
    if !arguments.json {
        for error in &verdict.errors {
            eprintln!("{error}");
        }
    }
    let agreements = verdict.files.iter().filter(|file| file.kind != "line");
    let mut last = None;
    for file in agreements.filter(|_| arguments.explain || arguments.plot.is_some()) {
        let (agreement, installation) = load_agreement(Path::new(&file.file)).map_err(Failure::input)?;
        if arguments.explain {
            let at = arguments.at.unwrap_or_else(|| Clock::system().now());
            out.push('\n');
            out.push_str(&explain(&agreement, at));
        }
        last = Some((agreement, installation));
    }
    if let (Some(to), Some((agreement, installation))) = (&arguments.plot, last) {
        let drawn = Plot::of_geometry(settings(agreement, installation));
        std::fs::write(to, drawn).map_err(|error| Failure::Machine(format!("{}: {error}", to.display())))?;
    }
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().write_all(out.as_bytes());
    Ok(verdict.ok)
}

/// What is drawn of an agreement: with its installation, if that is known, else about its own first place.
fn settings(agreement: Agreement, installation: Option<Installation>) -> Settings {
    if let Some(installation) = installation {
        return installation.engine_settings();
    }
    let lines = agreement.lines.iter().flat_map(|line| &line.vertices);
    let places = lines.chain(agreement.zones.iter().flat_map(|zone| &zone.polygon));
    let origin: Option<&Geodetic> = places.clone().nth(places.count() / 2);
    Settings {
        sector: "of no installation".to_owned(),
        exercise: false,
        origin: origin.copied().unwrap_or_default(),
        sensors: Vec::new(),
        agreement,
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    }
}

/// All files together; serialised, it is what `--json` prints.
#[derive(Serialize)]
struct Verdict {
    ok: bool,
    files: Vec<Summary>,
    errors: Vec<ConfigError>,
}

impl Verdict {
    fn of(files: &[PathBuf]) -> Self {
        let (mut good, mut faults) = (Vec::new(), Vec::new());
        for file in files {
            match check_file(file) {
                Ok(summary) => good.push(summary),
                // An agreement given along with the installation that names it has its faults only once.
                Err(errors) => {
                    let mut new = errors.0;
                    new.retain(|error| !faults.contains(error));
                    faults.extend(new);
                }
            }
        }
        Self { ok: faults.is_empty(), files: good, errors: faults }
    }

    fn to_json(&self) -> String {
        let object = serde_json::to_string(self).expect("texts, numbers and lists of them have a JSON form");
        format!("{object}\n")
    }

    fn to_text(&self) -> String {
        self.files.iter().map(|summary| format!("{summary}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(files: &[&str]) -> Verdict {
        Verdict::of(&files.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn good_files_are_put_in_plain_words() {
        let verdict = verdict(&["config/linewatch.toml"]);
        let text = verdict.to_text();
        for words in [
            "config/linewatch.toml: a good installation",
            "no object crosses border either way outside its gates (Art. 2(1))",
            "at most 12 of anything in buffer at once (Art. 3(4))",
            "light-vehicle or person may cross border either way within 150 m",
            "north on the left, south on the right",
        ] {
            assert!(text.contains(words), "`{words}` is missing from:\n{text}");
        }
    }

    #[test]
    fn a_fault_reached_by_two_ways_is_told_once() {
        let both = verdict(&[
            "tests/bad-config/bad-id.toml",
            "config/agreement.toml",
            "tests/bad-config/bad-id.toml",
        ]);
        assert!(!both.ok);
        assert_eq!((both.files.len(), both.errors.len()), (1, 1));
        let json: serde_json::Value = serde_json::from_str(&both.to_json()).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["errors"][0]["key_path"], "sensors[0].id");
        assert_eq!(json["errors"][0]["line"], 8);
    }
}
