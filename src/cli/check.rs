//! `linewatch check`: what the files say, or everything that is wrong with them.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{ConfigError, Summary, check_file};

/// Checks every file, prints what the good ones say on stdout and each fault of the others on stderr; with `json`, one
/// object with both on stdout. Gives the exit status: 0 all good, 1 not.
#[must_use]
pub fn run(files: &[PathBuf], json: bool) -> u8 {
    let verdict = Verdict::of(files);
    let out = if json { verdict.to_json() } else { verdict.to_text() };
    if !json {
        for error in &verdict.errors {
            eprintln!("{error}");
        }
    }
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().write_all(out.as_bytes());
    u8::from(!verdict.ok)
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
