//! Who may know whom, and what the pure rooms may not touch: `src/ARCHITECTURE.md` as data.

use crate_rooms::named_rooms;

use super::text::{code, is_rust, is_test};

/// Every room of `src`, whether it is pure, and whom it may name. The order is that of the data's path.
const ROOMS: &[(&str, Kind, &[&str])] = &[
    ("time", Kind::Pure, &[]),
    ("geo", Kind::Pure, &[]),
    ("sensor", Kind::Pure, &["geo"]),
    ("scan", Kind::Pure, &["geo", "sensor", "time"]),
    ("record", Kind::Pure, &["sensor", "time"]),
    // `wire::recording` reads records; nothing else of `wire` sees one.
    ("wire", Kind::Pure, &["geo", "record", "scan", "sensor", "time"]),
    ("fusion", Kind::Pure, &["geo", "scan", "sensor", "time"]),
    ("watch", Kind::Pure, &["fusion", "geo", "scan", "sensor", "time"]),
    ("engine", Kind::Pure, &["fusion", "geo", "record", "scan", "sensor", "time", "watch", "wire"]),
    ("report", Kind::Pure, &["engine", "record", "time", "watch"]),
    // Pure too; that it draws with plotters keeps it out of the pure build.
    ("plot", Kind::Pure, &["engine", "geo", "sensor", "time", "watch"]),
    // Pure too; that it signs with ed25519-dalek does the same.
    ("seal", Kind::Pure, &[]),
    ("clock", Kind::Shell, &["time"]),
    ("backoff", Kind::Shell, &[]),
    ("tls", Kind::Shell, &[]),
    ("metrics", Kind::Shell, &["engine", "outbox", "record", "sensor", "time", "watch", "wire"]),
    ("journal", Kind::Shell, &["failpoint", "metrics", "record", "seal", "sensor", "time", "wire"]),
    ("sources", Kind::Shell, &["backoff", "clock", "metrics", "record", "sensor", "time", "tls", "wire"]),
    ("outbox", Kind::Shell, &["metrics", "time", "watch"]),
    // A sink sees a track only through an alert. The MQTT sink shares the source's client options.
    ("sinks", Kind::Shell, &["backoff", "clock", "metrics", "outbox", "sources", "time", "tls", "watch"]),
    ("http", Kind::Shell, &["engine", "metrics", "time", "watch"]),
    // Makes settings for the others.
    (
        "config",
        Kind::Shell,
        &["engine", "geo", "http", "journal", "scan", "seal", "sensor", "sinks", "sources", "time", "watch"],
    ),
    // Stops the process where a test wants it to; nothing in a release.
    ("failpoint", Kind::Shell, &[]),
    // Between the sources and the log, between the log and the outbox, and how both begin: no thread and no socket.
    ("committer", Kind::Shell, &["journal", "record", "sensor", "sources", "time"]),
    ("machine", Kind::Shell, &["engine", "outbox", "record", "report", "watch"]),
    ("restart", Kind::Shell, &["committer", "engine", "journal", "machine", "outbox", "record"]),
    // Reads a journal, derives and draws: no thread and no socket.
    ("evidence", Kind::Shell, &["engine", "fusion", "journal", "machine", "plot", "record", "seal", "time"]),
    ("pipeline", Kind::Wiring, &[]),
    ("app", Kind::Wiring, &[]),
    ("cli", Kind::Wiring, &[]),
    ("demo", Kind::Wiring, &[]),
    ("lib", Kind::Wiring, &[]),
    ("main", Kind::Wiring, &[]),
];

/// What else no pure room may name: clocks, files, sockets, threads, chance, tables without an order, fused arithmetic.
const IMPURE: [&str; 16] = [
    "std::time::",
    "Instant::",
    "SystemTime",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "println!",
    "tokio",
    "async ",
    "rand::",
    "HashMap",
    "HashSet",
    ".mul_add(",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// No clock, file, socket or async runtime.
    Pure,
    /// The daemon's edges.
    Shell,
    /// Knows everybody, and only the wiring knows it.
    Wiring,
}

/// The room a file of `src` belongs to.
fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/").filter(|_| is_rust(path) && !is_test(path))?;
    Some(inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs"))
}

/// Rooms a file names that it may not know.
pub(crate) fn layering(path: &str, text: &str) -> Vec<String> {
    let Some(own) = room(path) else { return Vec::new() };
    let Some((_, kind, known)) = ROOMS.iter().find(|(name, ..)| *name == own) else {
        return vec![format!("{path}: the room `{own}` is not in ROOMS of tests/it/tidy/rooms.rs")];
    };
    let may = |name: &str| *kind == Kind::Wiring || name == own || known.contains(&name);
    let mut complaints = Vec::new();
    for (at, line) in code(text) {
        for name in named_rooms(path, line) {
            if name.is_empty() {
                complaints.push(format!("{path}:{at}: one room per `use`, so that this test can read it"));
            } else if ROOMS.iter().any(|(room, ..)| *room == name) && !may(name) {
                complaints.push(format!("{path}:{at}: `{own}` may not know `{name}`"));
            }
        }
        if line.contains("firmware_sims") && !["cli", "demo"].contains(&own) {
            complaints.push(format!("{path}:{at}: only the demo and `simulate` know the simulators"));
        }
    }
    complaints
}

/// What a pure file names that it may not touch.
pub(crate) fn impurities(path: &str, text: &str) -> Vec<String> {
    let pure = |own| ROOMS.iter().any(|(name, kind, _)| *name == own && *kind == Kind::Pure);
    if !room(path).is_some_and(pure) {
        return Vec::new();
    }
    let found = code(text).flat_map(|(at, line)| IMPURE.iter().map(move |word| (at, line, *word)));
    let found = found.filter(|(_, line, word)| line.contains(word));
    found.map(|(at, _, word)| format!("{path}:{at}: `{word}` in a pure room")).collect()
}

mod crate_rooms {
    /// The rooms a line names, from the crate's root or by climbing to it; empty for a group.
    pub(super) fn named_rooms<'a>(path: &str, line: &'a str) -> Vec<&'a str> {
        let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let climb = "super::".repeat(inside.split('/').count());
        let from_root = line.match_indices("crate::").map(|(at, word)| at + word.len());
        let climbed = line.match_indices(&climb).map(|(at, word)| at + word.len());
        let ends = from_root.chain(climbed).filter_map(|end| line.get(end..));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ends.map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default()).collect()
    }
}

mod can_fail {
    use super::*;

    #[test]
    fn each_forbidden_acquaintance() {
        let pairs = [
            ("src/fusion/tracker.rs", "use crate::watch::Zone;"),
            ("src/fusion/tracker.rs", "let x = crate::wire::decode();"),
            ("src/watch/mod.rs", "use crate::wire::nmea;"),
            ("src/scan.rs", "use crate::config::Config;"),
            ("src/sinks/webhook.rs", "use crate::fusion::TrackView;"),
            ("src/http/page.rs", "use crate::fusion::TrackView;"),
            ("src/engine/mod.rs", "use crate::app;"),
            ("src/wire/nmea/ais/bits.rs", "use super::super::super::super::fusion::Track;"),
            ("src/time.rs", "use super::geo::Enu;"),
            ("src/geo.rs", "use crate::{time, scan};"),
            ("src/newcomer.rs", ""),
            ("src/sources/udp.rs", "use firmware_sims::world::World;"),
        ];
        for (path, line) in pairs {
            assert_eq!(layering(path, line).len(), 1, "{path}: {line}");
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        assert!(layering("src/watch/mod.rs", "use crate::fusion::TrackView;").is_empty());
        assert!(layering("src/watch/mod.rs", "//! [`crate::wire`] is unknown here").is_empty());
        assert!(layering("src/wire/nmea/ais/bits.rs", "use super::super::sentence;").is_empty());
        assert!(
            layering("src/time.rs", "\n#[cfg(test)]\nmod tests {\n    use crate::geo::Enu;\n}").is_empty()
        );
    }

    #[test]
    fn each_impurity() {
        for word in IMPURE {
            assert!(!impurities("src/fusion/gate.rs", &format!("let x = {word}now();")).is_empty(), "{word}");
        }
        assert!(impurities("src/app.rs", "use std::fs;").is_empty());
        assert!(impurities("src/time.rs", "// no tokio here").is_empty());
    }
}
