//! `check --explain`: an agreement said back in plain words, so that its author sees what was understood.
//!
//! In: a checked agreement and an instant (for what is open and what remains). Out: text. Reads no clock.

use std::fmt::Write as _;

use super::check::geometry;
use super::words;
use crate::geo::{Geodetic, LocalFrame};
use crate::time::{Span, Timestamp};
use crate::watch::Agreement;
use crate::watch::agreement::{Band, Exemption, Flank, Gate, Line, Rule, Zone};
use crate::watch::calendar::{self, Calendar};

/// Openings foretold.
const OPENINGS: usize = 2;
/// Points of the compass, clockwise from north.
const COMPASS: [&str; 16] =
    ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];

/// What an agreement says, as of `now`.
#[must_use]
pub fn explain(agreement: &Agreement, now: Timestamp) -> String {
    let mut text = format!("{}, version {}\n", agreement.name, agreement.version);
    say(&mut text, 1, &format!("hash {}", agreement.hash));
    say(&mut text, 1, &format!("time zones by IANA release {}", calendar::release()));
    if !agreement.parties.is_empty() {
        say(&mut text, 1, &format!("between {}", words::list(&agreement.parties, "and")));
    }
    section(
        &mut text,
        "Classes",
        agreement.classes.iter().map(|node| {
            let sensed: Vec<&str> = node.leaves.iter().map(|class| class.as_str()).collect();
            let includes = if node.includes.is_empty() {
                String::new()
            } else {
                format!("{}: ", words::list(&node.includes, "and"))
            };
            format!("{}: {includes}whatever sensors report as {}", node.id, sensed.join(" or "))
        }),
    );
    section(&mut text, "Lines", agreement.lines.iter().map(line));
    section(&mut text, "Zones", agreement.zones.iter().map(|zone| self::zone(zone, agreement)));
    section(&mut text, "Gates", agreement.gates.iter().map(|gate| self::gate(gate, agreement, now)));
    section(&mut text, "Rules", agreement.rules.iter().map(|rule| self::rule(rule, agreement, now)));
    let exemptions = agreement.exemptions.iter().map(|exemption| self::exemption(exemption, agreement, now));
    section(&mut text, "Exemptions", exemptions);
    section(
        &mut text,
        "Claimed sides",
        agreement.claims.iter().map(|claim| {
            format!("{}: whoever reports as {}", claim.party, words::list(&claim.identities, "or"))
        }),
    );
    section(
        &mut text,
        "Recipients",
        agreement.recipients.iter().map(|one| {
            let name = one.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            let by =
                if one.sinks.is_empty() { "every sink".to_owned() } else { words::list(&one.sinks, "and") };
            format!("{}{name}: by {by}", one.id)
        }),
    );
    text
}

fn section(text: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let mut entries = entries.peekable();
    if entries.peek().is_some() {
        say(text, 0, title);
        entries.for_each(|entry| {
            entry.lines().enumerate().for_each(|(index, line)| {
                say(text, if index == 0 { 1 } else { 2 }, line);
            })
        });
    }
}

fn say(text: &mut String, depth: usize, line: &str) {
    writeln!(text, "{:1$}{line}", "", 2 * depth).expect("text takes what is written to it");
}

fn line(line: &Line) -> String {
    let (first, last) = (line.vertices[0], line.vertices[line.vertices.len() - 1]);
    let length = words::length(geometry::length_m(&line.vertices));
    let vertices = line.vertices.len();
    let towards = bearing_deg(first, last);
    let straight = words::length(LocalFrame::new(first).to_enu(last).ground_distance_m());
    let (name, left, right) = (&line.id, &line.left, &line.right);
    format!(
        "{name}: {length} over {vertices} vertices\n\
         standing at its first vertex ({}) and walking to its last ({}; {}, {straight} as the crow flies), \
         \"{left}\" is on your left and \"{right}\" on your right\n\
         past its ends no side is determined",
        place(first),
        place(last),
        compass(towards),
    )
}

fn zone(zone: &Zone, agreement: &Agreement) -> String {
    let heights = words::heights(zone.floor_m, zone.ceiling_m);
    match &zone.band {
        None => {
            let area_km2 = geometry::area_m2(&zone.polygon) / 1e6;
            let corners = zone.polygon.len();
            format!("{}: {area_km2:.3} km², {corners} corners{heights}", zone.id)
        }
        Some(band) => {
            let lies = words::band(zone, agreement).expect("a zone with a band is one");
            let area = area_of_band_m2(band, &agreement.lines[band.line]);
            let area = area.map_or_else(String::new, |area_m2| format!(", about {:.0} km²", area_m2 / 1e6));
            format!("{}: the band on {lies}{area}{heights}; it ends abreast of the line's ends", zone.id)
        }
    }
}

fn gate(gate: &Gate, agreement: &Agreement, now: Timestamp) -> String {
    let mut says = format!("{}: {}", gate.id, words::gate(gate, agreement));
    if let Some(calendar) = gate.schedule.as_ref().and_then(Calendar::new) {
        openings(&mut says, &calendar, now, "opens");
    }
    says
}

fn openings(says: &mut String, calendar: &Calendar, now: Timestamp, opens: &str) {
    for [from, to] in calendar.openings(now, OPENINGS) {
        let utc = |at: Timestamp| words::date(at);
        let (begins, ends) = (calendar.shows(from), calendar.shows(to));
        let line = if from <= now {
            format!("\nopen now, until {ends} ({})", utc(to))
        } else {
            format!("\n{opens} {begins} ({}), until {ends} ({})", utc(from), utc(to))
        };
        says.push_str(&line);
    }
}

fn rule(rule: &Rule, agreement: &Agreement, now: Timestamp) -> String {
    let clause = rule.clause.as_ref().map_or_else(String::new, |clause| format!(" ({clause})"));
    let mut says = format!("{}: {}{clause}", rule.id, words::rule(rule, agreement));
    let terms = words::terms(&rule.terms, !rule.classes.is_empty(), agreement);
    if !terms.is_empty() {
        write!(says, "\n{}", terms.join("; ")).expect("text takes what is written to it");
    }
    let validity = rule.terms.validity;
    if let Some(from) = validity.from.filter(|from| *from > now) {
        write!(says, "\nnot yet in force: in {}", remaining(from.since(now))).expect("text takes it");
    } else if validity.until.is_some_and(|until| until <= now) {
        says.push_str("\nno longer in force");
    }
    if let Some(calendar) = rule.terms.schedule.as_ref().and_then(Calendar::new) {
        openings(&mut says, &calendar, now, "holds from");
    }
    says
}

fn exemption(exemption: &Exemption, agreement: &Agreement, now: Timestamp) -> String {
    let named = |of: &[usize], name: &dyn Fn(usize) -> String| of.iter().map(|index| name(*index)).collect();
    let rules: Vec<String> = named(&exemption.rules, &|index| agreement.rules[index].id.to_string());
    let lines: Vec<String> = named(&exemption.lines, &|index| agreement.lines[index].id.to_string());
    let zones: Vec<String> = named(&exemption.zones, &|index| agreement.zones[index].id.to_string());
    let from: Vec<String> = [rules, lines, zones].concat();
    let what = words::who(&exemption.classes, &exemption.nodes, agreement, "anything");
    let identities = if exemption.identities.is_empty() {
        String::new()
    } else {
        format!(" that reports as {}", words::list(&exemption.identities, "or"))
    };
    let most =
        exemption.max_number.map_or_else(String::new, |most| format!(", at most {most} at the same time"));
    let dates = words::validity(exemption.validity).unwrap_or_default();
    let state = match (exemption.validity.from, exemption.validity.until) {
        (Some(from), _) if now < from => format!("begins in {}", remaining(from.since(now))),
        (_, Some(until)) if now < until => format!("ends in {}", remaining(until.since(now))),
        (_, Some(_)) => "over".to_owned(),
        (_, None) => "without an end".to_owned(),
    };
    format!(
        "{}: {} ({what}{identities}{most}) is exempt from {}\n{dates}: {state}\nby {}, sha256 {}",
        exemption.id,
        exemption.who,
        from.join(", "),
        exemption.document,
        exemption.document_sha256
    )
}

/// A rest of time, to the day, the hour or the minute.
fn remaining(span: Span) -> String {
    let minutes = (span.as_secs_f64() / 60.0).max(0.0);
    if minutes >= 2.0 * 1440.0 {
        format!("{:.0} days", libm::floor(minutes / 1440.0))
    } else if minutes >= 120.0 {
        format!("{:.0} h", libm::floor(minutes / 60.0))
    } else {
        format!("{:.0} min", libm::floor(minutes))
    }
}

fn place(at: Geodetic) -> String {
    format!("{:.4}, {:.4}", at.lat_deg(), at.lon_deg())
}

fn bearing_deg(from: Geodetic, to: Geodetic) -> f64 {
    let enu = LocalFrame::new(from).to_enu(to);
    libm::atan2(enu.east_m, enu.north_m).to_degrees().rem_euclid(360.0)
}

fn compass(bearing_deg: f64) -> &'static str {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sixteen points of a compass"
    )]
    let point = libm::round(bearing_deg / 22.5) as usize;
    COMPASS[point % COMPASS.len()]
}

/// Steiner's formula: along the line, plus what turns away from the side, less what turns into it. Nothing where the
/// line bends so much that the pieces overlap.
fn area_of_band_m2(band: &Band, line: &Line) -> Option<f64> {
    let plane = geometry::in_plane(&line.vertices);
    let rings = (band.to_m * band.to_m - band.from_m * band.from_m) / 2.0;
    let mut area = geometry::length_m(&line.vertices) * (band.to_m - band.from_m);
    for corner in plane.windows(3) {
        let azimuth = |a: usize, b: usize| {
            libm::atan2(corner[b].east_m - corner[a].east_m, corner[b].north_m - corner[a].north_m)
        };
        let turn = azimuth(1, 2) - azimuth(0, 1);
        // Clockwise is positive: away from the left.
        let turn = turn - std::f64::consts::TAU * libm::round(turn / std::f64::consts::TAU);
        let away = if band.flank == Flank::Left { turn } else { -turn };
        area += if away > 0.0 { away * rings } else { 2.0 * rings * libm::tan(away / 2.0) };
    }
    (area > 0.0).then_some(area)
}
