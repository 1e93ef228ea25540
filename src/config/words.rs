//! Rules, gates and their terms in plain words, for `check`.
//!
//! In: a checked agreement. Out: sentences. Says nothing that the agreement does not.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::scan::Class;
use crate::time::{Span, Timestamp};
use crate::watch::Agreement;
use crate::watch::agreement::{
    Day, Direction, Flank, Gate, Hours, Line, Rule, RuleKind, Schedule, Terms, UnknownClass, Validity, Zone,
};

/// What a rule says, as one phrase without its terms.
pub(super) fn rule(rule: &Rule, agreement: &Agreement) -> String {
    let whom = |anyone: &str| who(&rule.classes, &rule.terms.nodes, agreement, anyone);
    let line = |index: usize| &agreement.lines[index];
    let zone = |index: usize| &agreement.zones[index].id;
    match &rule.kind {
        RuleKind::Crossing { line: index, direction } => {
            let line = line(*index);
            format!("no {} crosses {} {} outside its gates", whom("object"), line.id, way(*direction, line))
        }
        RuleKind::Approach { line: index, direction, horizons, threshold, hold } => {
            let line = line(*index);
            let ahead: Vec<String> = horizons.iter().map(|horizon| span(*horizon)).collect();
            format!(
                "early warning when any {} will cross {} {} within {} with a probability of at least {threshold} \
                 for {}",
                whom("object"),
                line.id,
                way(*direction, line),
                ahead.join(" or "),
                span(*hold)
            )
        }
        RuleKind::Presence { zone: index } => format!("no {} is in {}", whom("object"), zone(*index)),
        RuleKind::Loiter { zone: index, longer_than, leave } => format!(
            "no {} stays in {} for longer than {}; an absence of up to {} does not begin the stay anew",
            whom("object"),
            zone(*index),
            span(*longer_than),
            span(*leave)
        ),
        RuleKind::Ceiling { zone: index, limit, horizon } => {
            let early = horizon.map_or_else(String::new, |horizon| {
                format!(", with an early warning up to {} ahead", span(horizon))
            });
            format!("at most {limit} of {} in {} at once{early}", whom("anything"), zone(*index))
        }
        RuleKind::Surge { zone: index } => {
            format!("arrivals of {} in {} stay as usual", whom("anything"), zone(*index))
        }
        RuleKind::Convergence { line, zone: place, min_number, radius_m } => {
            let near = line.map(|index| &agreement.lines[index].id).or_else(|| place.map(zone));
            let near = near.map_or_else(String::new, |id| format!(" near or towards {id}"));
            format!("no {min_number} of {} gather within {radius_m} m of each other{near}", whom("anything"))
        }
        RuleKind::Blind { zone: index, below, hold } => format!(
            "{} is watched: not less than {:.0} % of it for {}",
            zone(*index),
            below * 100.0,
            span(*hold)
        ),
        RuleKind::Integrity { sensors } => {
            let whose = if sensors.is_empty() { "every sensor".to_owned() } else { list(sensors, "and") };
            format!("what {whose} reports can be believed")
        }
    }
}

/// The terms of a rule, one phrase each.
pub(super) fn terms(terms: &Terms, rule_names_classes: bool, agreement: &Agreement) -> Vec<String> {
    let mut said = Vec::new();
    match terms.unknown_class {
        UnknownClass::Count if rule_names_classes => {
            said.push("what nobody knows the class of counts by the probability".to_owned());
        }
        UnknownClass::Include => said.push("what nobody knows the class of is taken to be meant".to_owned()),
        UnknownClass::Exclude => said.push("what nobody knows the class of is left out".to_owned()),
        UnknownClass::Count => {}
    }
    if !terms.parties.is_empty() {
        said.push(format!("binds {}", list(&terms.parties, "and")));
    }
    said.extend(validity(terms.validity));
    if let Some(hours) = &terms.schedule {
        said.push(format!("holds {}", schedule(hours)));
    }
    if terms.evidence.min_groups > 1 {
        said.push(format!("said only on {} independent trust groups", terms.evidence.min_groups));
    }
    if terms.evidence.min_confidence > 0.0 {
        said.push(format!("said only with a confidence of at least {}", terms.evidence.min_confidence));
    }
    for (severity, least) in [(terms.severity.floor, "least"), (terms.severity.cap, "most")] {
        said.extend(severity.map(|severity| format!("severity at {least} {}", severity.as_str())));
    }
    let told: Vec<&str> = terms.recipients.iter().map(|index| &*agreement.recipients[*index].id).collect();
    match terms.escalate_after {
        Some(after) => {
            let then = format!(", after {} unacknowledged ", span(after));
            said.push(format!("told to {}", told.join(&then)));
        }
        None if !told.is_empty() => said.push(format!("told to {}", told.join(" and "))),
        None => {}
    }
    for index in &terms.exemptions {
        said.push(format!("exemption {}", agreement.exemptions[*index].id));
    }
    said
}

/// Who may pass a gate, and when.
pub(super) fn gate(gate: &Gate, agreement: &Agreement) -> String {
    let line = &agreement.lines[gate.line];
    let who = who(&gate.classes, &gate.nodes, agreement, "anybody");
    let way = way(gate.direction, line);
    let mut says = format!("{who} may cross {} {way} within {} m", line.id, gate.radius_m);
    if let Some(hours) = &gate.schedule {
        write!(says, ", {}", schedule(hours)).expect("text takes what is written to it");
    }
    if let Some(most) = gate.max_per_hour {
        write!(says, ", at most {most} an hour").expect("text takes what is written to it");
    }
    says
}

/// Where a band lies.
pub(super) fn band(zone: &Zone, agreement: &Agreement) -> Option<String> {
    let band = zone.band.as_ref()?;
    let line = &agreement.lines[band.line];
    let side = match band.flank {
        Flank::Left => &line.left,
        Flank::Right => &line.right,
    };
    let (from, to) = (length(band.from_m), length(band.to_m));
    Some(format!("{side}'s side of {}, {from} to {to} from it", line.id))
}

/// A list of classes: the agreement's own names where it has them.
pub(super) fn who(classes: &[Class], nodes: &[Arc<str>], agreement: &Agreement, anyone: &str) -> String {
    let named = agreement.classes.iter().filter(|node| nodes.contains(&node.id));
    let covered: Vec<Class> = named.flat_map(|node| &node.leaves).copied().collect();
    let sensed = classes.iter().filter(|class| !covered.contains(class)).map(|class| class.as_str());
    let words: Vec<&str> = nodes.iter().map(|node| &**node).chain(sensed).collect();
    if words.is_empty() { anyone.to_owned() } else { words.join(" or ") }
}

pub(super) fn way(direction: Direction, line: &Line) -> String {
    match direction {
        Direction::Any => "either way".to_owned(),
        Direction::LeftToRight => format!("from {} to {}", line.left, line.right),
        Direction::RightToLeft => format!("from {} to {}", line.right, line.left),
    }
}

/// Hours of a week: `mon-fri 06:00-20:00 and sat 08:00-14:00 (Asia/Nicosia)`.
pub(super) fn schedule(schedule: &Schedule) -> String {
    let hours: Vec<String> = schedule.hours.iter().map(hours).collect();
    format!("{} ({})", hours.join(" and "), schedule.time_zone)
}

fn hours(hours: &Hours) -> String {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    format!("{} {}-{}", days(&hours.days), clock(hours.from_min), clock(hours.to_min))
}

/// Runs of three days and more are joined.
fn days(days: &[Day]) -> String {
    if days.len() == Day::ALL.len() {
        return "daily".to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut rest = days;
    while let Some(first) = rest.first() {
        let all = Day::ALL.iter().skip_while(|day| *day != first);
        let run = rest.iter().zip(all).take_while(|(a, b)| a == b).count();
        match run {
            1 | 2 => words.extend(rest[..run].iter().map(|day| day.as_str().to_owned())),
            _ => words.push(format!("{}-{}", first.as_str(), rest[run - 1].as_str())),
        }
        rest = &rest[run..];
    }
    words.join(",")
}

pub(super) fn validity(validity: Validity) -> Option<String> {
    let Validity { from, until } = validity;
    match (from, until) {
        (Some(from), Some(until)) => Some(format!("from {} until {}", date(from), date(until))),
        (Some(from), None) => Some(format!("from {}", date(from))),
        (None, Some(until)) => Some(format!("until {}", date(until))),
        (None, None) => None,
    }
}

/// An instant, without seconds where they are zero.
pub(super) fn date(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix(":00.000Z") {
        Some(minutes) => format!("{} UTC", minutes.replace('T', " ")),
        None => text,
    }
}

/// A length of time in its largest whole unit.
pub(super) fn span(span: Span) -> String {
    let seconds = span.as_secs_f64();
    for (unit_s, one, many) in [(86_400.0, "day", "days"), (3600.0, "h", "h"), (60.0, "min", "min")] {
        let count = seconds / unit_s;
        if count >= 1.0 && (count - libm::round(count)).abs() < 1e-9 {
            return format!("{count:.0} {}", if count < 1.5 { one } else { many });
        }
    }
    format!("{seconds} s")
}

pub(super) fn length(metres: f64) -> String {
    if metres < 1_000.0 { format!("{metres:.0} m") } else { format!("{:.2} km", metres / 1e3) }
}

pub(super) fn heights(floor_m: Option<f64>, ceiling_m: Option<f64>) -> String {
    let floor = floor_m.map_or_else(String::new, |floor_m| format!(", from {floor_m} m"));
    let ceiling = ceiling_m.map_or_else(String::new, |ceiling_m| format!(", up to {ceiling_m} m"));
    floor + &ceiling
}

pub(super) fn list(words: &[Arc<str>], and: &str) -> String {
    words.join(&format!(" {and} "))
}
