//! The rules of the house, as tests: who may know whom, what the pure part may not touch, length, names, and that the
//! README's table is the metrics' own. In: the text of this repository; out: complaints with file and line.
//!
//! It stands alone, so that `tests/run` can compile it by itself and answer in seconds, before any build.

#[path = "tidy/rooms.rs"]
mod rooms;
#[expect(unreachable_pub, reason = "it is the daemon's own file")]
#[path = "../../src/metrics/table.rs"]
mod table;
#[path = "tidy/text.rs"]
mod text;

use std::fmt::Write as _;
use std::path::Path;

use text::{Source, complain, is_rust, sources};

/// No file that must be read may be longer.
const MOST_LINES: usize = 500;
/// Longer ones are named, so that somebody asks.
const ASK_LINES: usize = 300;
/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 11] =
    ["util", "utils", "common", "manager", "helper", "helpers", "data", "misc", "shared", "stuff", "lib2"];
const METRICS_BEGIN: &str = "<!-- metrics: `BLESS=1 cargo it tidy` writes this table -->\n";
const METRICS_END: &str = "<!-- end of metrics -->";

/// A Rust file's excess, if any.
fn length(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (is_rust(path) && lines > MOST_LINES).then(|| format!("{path}: {lines} lines, at most {MOST_LINES}"))
}

/// Files, folders and modules whose name says nothing.
fn empty_names(path: &str, text: &str) -> Vec<String> {
    if !is_rust(path) {
        return Vec::new();
    }
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let named = stem.split('/').map(str::to_owned);
    let inside = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
        Some(line.strip_prefix("mod ")?.trim_end_matches([';', '{', ' ']).to_owned())
    });
    let empty = named.chain(inside).filter(|name| EMPTY_NAMES.contains(&name.as_str()));
    empty.map(|name| format!("{path}: the name `{name}` says nothing")).collect()
}

/// The simulators are boxes of another maker: they meet the daemon in bytes only.
fn leaning(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("firmware-sims/") {
        return Vec::new();
    }
    let manifest = path.ends_with("Cargo.toml");
    let leans = |line: &str| {
        let line = line.trim_start();
        !line.starts_with("//")
            && (line.contains("linewatch::")
                || manifest && line.trim_start_matches('"').starts_with("linewatch"))
    };
    let found = text.lines().enumerate().filter(|(_, line)| leans(line));
    found.map(|(at, _)| format!("{path}:{}: firmware-sims knows nothing of linewatch", at + 1)).collect()
}

/// Absolute paths of the place where the text was written.
fn workplaces(path: &str, text: &str) -> Vec<String> {
    // In pieces, or this file would be found.
    let places =
        [concat!("/wo", "rk/"), concat!("/tmp/", "wt"), concat!("/home", "/"), concat!("/ro", "ot/")];
    let named = |line: &str| {
        let mut ends = places.iter().flat_map(|place| line.match_indices(place)).map(|(at, _)| &line[..at]);
        // After a letter or a dot it is the tail of a path in the repository.
        ends.any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c)))
    };
    let found = text.lines().enumerate().filter(|(_, line)| named(line));
    found.map(|(at, line)| format!("{path}:{}: a path of one machine: {}", at + 1, line.trim())).collect()
}

/// A Rust file that no `mod` names is never compiled, and its tests never run.
fn orphans(all: &[Source]) -> Vec<String> {
    let roots = ["lib.rs", "main.rs", "build.rs"];
    let is_module = |source: &&Source| {
        let path = source.path.as_str();
        let inside =
            ["src/", "tests/it/", "firmware-sims/src/"].iter().any(|folder| path.starts_with(folder));
        let root = path.rsplit('/').next().is_some_and(|name| roots.contains(&name));
        is_rust(path) && inside && !root && !path.contains("/bin/")
    };
    let named = |source: &Source| {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let file = source.path.rsplit('/').next().unwrap_or_default();
        all.iter().filter(|other| is_rust(&other.path) && other.path != source.path).any(|other| {
            let other_folder = other.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let near = other_folder == folder || other.path.trim_end_matches(".rs") == folder;
            near && other.text.lines().any(|line| line.trim_start().ends_with(&format!("mod {name};")))
                || other.text.contains("#[path") && other.text.contains(&format!("{file}\"]"))
        })
    };
    let lost = all.iter().filter(is_module).filter(|source| !named(source));
    lost.map(|source| format!("{}: no `mod` names it, it is never compiled", source.path)).collect()
}

/// The README's table of metrics.
fn metric_table() -> String {
    let mut table = "| metric | type | labels | says |\n| --- | --- | --- | --- |\n".to_owned();
    for metric in table::METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels) = (metric.name, metric.kind.as_str(), labels.join(" "));
        let _ = writeln!(table, "| `{name}` | {kind} | {labels} | {} |", metric.help);
    }
    table
}

/// The text with its metrics' table replaced; nothing where the marks are missing.
fn with_table(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(METRICS_BEGIN)?;
    let (_, after) = rest.split_once(METRICS_END)?;
    Some(format!("{before}{METRICS_BEGIN}{table}{METRICS_END}{after}"))
}

#[test]
fn rooms_know_only_whom_they_may() {
    complain(sources().iter().flat_map(|file| rooms::layering(&file.path, &file.text)));
}

#[test]
fn the_pure_part_touches_nothing() {
    complain(sources().iter().flat_map(|file| rooms::impurities(&file.path, &file.text)));
}

#[test]
fn files_are_short() {
    let all = sources();
    for file in all.iter().filter(|file| is_rust(&file.path)) {
        let lines = file.text.lines().count();
        if (ASK_LINES + 1..=MOST_LINES).contains(&lines) {
            println!("{lines} lines, does it do one thing? {}", file.path);
        }
    }
    complain(all.iter().filter_map(|file| length(&file.path, &file.text)));
}

#[test]
fn names_say_something() {
    complain(sources().iter().flat_map(|file| empty_names(&file.path, &file.text)));
}

#[test]
fn simulators_stand_alone() {
    complain(sources().iter().flat_map(|file| leaning(&file.path, &file.text)));
}

#[test]
fn no_text_names_a_workplace() {
    complain(sources().iter().flat_map(|file| workplaces(&file.path, &file.text)));
}

#[test]
fn every_file_is_compiled() {
    complain(orphans(&sources()));
}

#[test]
fn the_readme_lists_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("there is a README");
    let want = with_table(&readme, &metric_table()).expect("the README has both marks of the metrics' table");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, want).expect("the README can be written");
    } else {
        assert!(
            readme == want,
            "README.md's metrics are not src/metrics/table.rs's: `BLESS=1 cargo it tidy`"
        );
    }
}

/// Each check finds what it is for, on the smallest text that has it.
mod can_fail {
    use super::*;

    #[test]
    fn length_counts_rust_only() {
        let long = "x\n".repeat(MOST_LINES + 1);
        assert!(length("src/a.rs", &long).is_some());
        assert!(length("config/a.json", &long).is_none());
        assert!(length("src/a.rs", &"x\n".repeat(MOST_LINES)).is_none());
    }

    #[test]
    fn empty_names_of_files_and_modules() {
        assert_eq!(empty_names("src/util/x.rs", "").len(), 1);
        assert_eq!(empty_names("src/x.rs", "pub mod helper;\nmod common {\n").len(), 2);
        assert!(empty_names("src/database.rs", "mod tests;").is_empty());
    }

    #[test]
    fn leaning_on_the_daemon() {
        assert_eq!(leaning("firmware-sims/Cargo.toml", "linewatch = { path = \"..\" }").len(), 1);
        assert_eq!(leaning("firmware-sims/src/a.rs", "use linewatch::geo;").len(), 1);
        assert!(leaning("firmware-sims/src/a.rs", "let topic = \"linewatch/v1/a/b/scan\";").is_empty());
    }

    #[test]
    fn workplaces_anywhere() {
        assert_eq!(workplaces("README.md", concat!("see /wo", "rk/x")).len(), 1);
        assert!(workplaces("README.md", concat!("see net", "wo", "rk/x and ../wo", "rk/x")).is_empty());
    }

    #[test]
    fn orphans_of_either_layout() {
        let file = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let family =
            [file("src/lib.rs", "pub mod a;"), file("src/a/mod.rs", "mod b;"), file("src/a/b.rs", "")];
        assert!(orphans(&family).is_empty());
        assert_eq!(orphans(&[file("src/lib.rs", ""), file("src/a.rs", "")]).len(), 1);
    }

    #[test]
    fn a_table_that_differs() {
        let readme = format!("a\n{METRICS_BEGIN}old\n{METRICS_END}\nb\n");
        let want = with_table(&readme, "new\n").expect("both marks are there");
        assert!(want != readme && want.contains("new\n") && want.ends_with("\nb\n"));
        assert!(with_table("no marks", "new").is_none());
    }
}
