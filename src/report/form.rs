//! A day's report as JSON and as Markdown.
//!
//! In: a day, and whose it is. Out: text, the same for the same day. It says what was observed and from which side, never
//! who is to blame.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{AlertRow, Day, LeaveDay, Watched};
use crate::watch::Agreement;

/// Whose report it is, and which edition.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The sector.
    pub sector: &'a str,
    /// Nothing of it is real.
    pub exercise: bool,
    /// What was agreed: names the parties on both sides of a line.
    pub agreement: &'a Agreement,
    /// With what persons made of it later.
    pub reviewed: bool,
}

/// A report in JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    v: u32,
    sector: &'a str,
    exercise: bool,
    edition: &'static str,
    date: &'a str,
    time_zone: &'a str,
    from: String,
    to: String,
    agreement: &'a str,
    listened_s: u64,
    by_rule: BTreeMap<&'a str, u64>,
    by_party: BTreeMap<String, u64>,
    by_review: BTreeMap<&'a str, u64>,
    alerts: &'a BTreeMap<String, AlertRow>,
    unlisted: u64,
    leave: &'a LeaveDay,
    zones: &'a BTreeMap<String, Watched>,
    sensors: BTreeMap<&'a str, SensorTime<'a>>,
    alarms: Figures,
}

#[derive(Debug, Serialize)]
struct SensorTime<'a> {
    uptime: Option<f64>,
    seconds: &'a BTreeMap<String, u64>,
}

/// The alarms' indicators of the day.
#[derive(Clone, Copy, Debug, Serialize)]
struct Figures {
    notices: u64,
    notices_per_10_min: Option<f64>,
    held: u64,
    floods: u64,
    flood_s: u64,
    chattering: u64,
    acts_done: u64,
    acts_refused: u64,
}

impl<'a> Report<'a> {
    fn new(day: &'a Day, of: &Heading<'a>) -> Self {
        let mut by_rule: BTreeMap<&str, u64> = of.agreement.rules.iter().map(|rule| (&*rule.id, 0)).collect();
        let (mut by_party, mut by_review) = (BTreeMap::new(), BTreeMap::new());
        for row in day.alerts.values().filter(|row| row.kind != "flood") {
            *by_rule.entry(row.rule.as_str()).or_default() += 1;
            let side = side(row, of.agreement).unwrap_or_else(|| "not determined".to_owned());
            *by_party.entry(side).or_default() += 1;
            let verdict = row.review.as_ref().map_or("not reviewed", |review| review.verdict.as_str());
            *by_review.entry(verdict).or_default() += 1;
        }
        let sensors = day.sensors.iter().map(|(sensor, seconds)| {
            let total: u64 = seconds.values().sum();
            let up = ["online", "degraded"].iter().filter_map(|state| seconds.get(*state)).sum::<u64>();
            (sensor.as_str(), SensorTime { uptime: share(up as f64, total), seconds })
        });
        Self {
            v: 1,
            sector: of.sector,
            exercise: of.exercise,
            edition: if of.reviewed { "reviewed" } else { "automatic" },
            date: &day.date,
            time_zone: time_zone(day),
            from: day.from.to_string(),
            to: day.to.to_string(),
            agreement: &of.agreement.hash,
            listened_s: day.seconds,
            by_rule,
            by_party,
            by_review,
            alerts: &day.alerts,
            unlisted: day.unlisted,
            leave: &day.leave,
            zones: &day.zones,
            sensors: sensors.collect(),
            alarms: figures(day),
        }
    }
}

/// The zone by whose clock it is a day.
fn time_zone(day: &Day) -> &str {
    if day.time_zone.is_empty() { "UTC" } else { &day.time_zone }
}

fn figures(day: &Day) -> Figures {
    let [began, now] = day.alarms;
    let notices = now.rang.saturating_sub(began.rang);
    Figures {
        notices,
        notices_per_10_min: share(notices as f64 * 600.0, day.seconds),
        held: now.held.saturating_sub(began.held),
        floods: now.floods.saturating_sub(began.floods),
        flood_s: now.flood_seconds.saturating_sub(began.flood_seconds),
        chattering: now.chattering.saturating_sub(began.chattering),
        acts_done: day.acts[0],
        acts_refused: day.acts[1],
    }
}

/// To four decimals; nothing of nothing.
fn share(part: f64, of: u64) -> Option<f64> {
    (of > 0).then(|| libm::round(part / of as f64 * 1e4) / 1e4)
}

/// The party from whose side a crossing was observed to come.
fn side(row: &AlertRow, agreement: &Agreement) -> Option<String> {
    let line = agreement.lines.iter().find(|line| Some(&*line.id) == row.line.as_deref())?;
    match row.direction.as_deref()? {
        "left_to_right" => Some(line.left.to_string()),
        "right_to_left" => Some(line.right.to_string()),
        _ => None,
    }
}

/// One JSON object and a newline.
///
/// # Panics
/// Never: its keys are text.
#[must_use]
pub fn json(day: &Day, heading: &Heading<'_>) -> String {
    serde_json::to_string_pretty(&Report::new(day, heading)).expect("its keys are text") + "\n"
}

/// The same for people.
#[must_use]
pub fn markdown(day: &Day, heading: &Heading<'_>) -> String {
    let report = Report::new(day, heading);
    let mut out = String::new();
    let exercise = if heading.exercise { "EXERCISE: nothing of this is real\n\n" } else { "" };
    let lasted_s = day.to.since(day.from).as_secs_f64();
    let _ = write!(
        out,
        "# Sector {}, {}\n\n{exercise}The {} edition, {} to {} (the day in {}), under agreement {}. Listened for {} of {} h.\n",
        report.sector,
        report.date,
        report.edition,
        report.from,
        report.to,
        report.time_zone,
        report.agreement.get(..12).unwrap_or(report.agreement),
        hours(report.listened_s as f64),
        lasted_s / 3600.0,
    );
    counted(&mut out, "Alerts by rule", "rule", report.by_rule.iter().map(|(k, n)| (*k, *n)));
    counted(
        &mut out,
        "Alerts by the side they were observed to come from",
        "party",
        report.by_party.iter().map(|(k, n)| (k.as_str(), *n)),
    );
    counted(
        &mut out,
        "Alerts by what persons made of them",
        "review",
        report.by_review.iter().map(|(k, n)| (*k, *n)),
    );
    alerts(&mut out, day);
    leave(&mut out, &day.leave);
    unseen(&mut out, &report);
    alarms(&mut out, &report.alarms);
    out
}

fn counted<'a>(out: &mut String, title: &str, what: &str, rows: impl Iterator<Item = (&'a str, u64)>) {
    let _ = write!(out, "\n## {title}\n\n| {what} | alerts |\n| --- | ---: |\n");
    for (name, count) in rows {
        let _ = writeln!(out, "| {} | {count} |", cell(name));
    }
}

fn alerts(out: &mut String, day: &Day) {
    out.push_str("\n## Alerts\n\n");
    if day.alerts.is_empty() {
        out.push_str("None.\n");
        return;
    }
    out.push_str("| when | alert | rule | severity | state | seen by | review |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    let mut rows: Vec<_> = day.alerts.iter().collect();
    rows.sort_by(|a, b| (&a.1.event_time, a.0).cmp(&(&b.1.event_time, b.0)));
    for (id, row) in rows {
        let review = row.review.as_ref().map_or_else(
            || "-".to_owned(),
            |review| {
                let because = review.document.as_deref().or(review.cause.as_deref());
                because.map_or(review.verdict.clone(), |because| format!("{}: {because}", review.verdict))
            },
        );
        let seen = row.acknowledged.as_ref().map_or("-", |[by, _]| by.as_str());
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | {} | {} | {} | {} |",
            row.event_time,
            id.get(..12).unwrap_or(id),
            cell(&row.rule),
            row.severity,
            row.state,
            cell(seen),
            cell(&review),
        );
    }
    if day.unlisted > 0 {
        let _ = writeln!(out, "\n{} more are in the record and not listed.", day.unlisted);
    }
}

fn leave(out: &mut String, leave: &LeaveDay) {
    out.push_str("\n## By leave\n\n");
    if leave.counts.is_empty() {
        out.push_str("None.\n");
        return;
    }
    out.push_str("| leave | of | uses |\n| --- | --- | ---: |\n");
    for (kind, by) in &leave.counts {
        for (id, count) in by {
            let _ = writeln!(out, "| {kind} | {} | {count} |", cell(id));
        }
    }
    out.push_str("\n| when | leave | of | from what | way | track | identity | document |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    let word = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), cell);
    for row in &leave.uses {
        let unseen = row.probability.map_or(String::new(), |p| format!(", unseen, P {p}"));
        let _ = writeln!(
            out,
            "| {} | {}{unseen} | {} | {} | {} | {} | {} | {} |",
            row.event_time,
            row.permitted,
            cell(&row.by),
            word(&row.of),
            word(&row.direction),
            row.track,
            word(&row.identity),
            word(&row.document),
        );
    }
    if leave.unlisted > 0 {
        let _ = writeln!(out, "\n{} more are in the record and not listed.", leave.unlisted);
    }
}

fn unseen(out: &mut String, report: &Report<'_>) {
    out.push_str("\n## What could not be seen\n\n| zone | seen by no sensor, on average | mostly unseen for | not known for |\n");
    out.push_str("| --- | ---: | ---: | ---: |\n");
    for (zone, watched) in report.zones {
        let blind = share(watched.blind_s, watched.known_s)
            .map_or("not known".to_owned(), |share| format!("{:.1} %", share * 100.0));
        let unknown_s = report.listened_s.saturating_sub(watched.known_s);
        let _ = writeln!(
            out,
            "| {} | {blind} | {} | {} |",
            cell(zone),
            hours(watched.mostly_blind_s as f64),
            hours(unknown_s as f64)
        );
    }
    out.push_str("\n| sensor | up |\n| --- | ---: |\n");
    for (sensor, time) in &report.sensors {
        let up = time.uptime.map_or("not known".to_owned(), |up| format!("{:.2} %", up * 100.0));
        let _ = writeln!(out, "| {} | {up} |", cell(sensor));
    }
}

fn alarms(out: &mut String, figures: &Figures) {
    let rate = figures.notices_per_10_min.map_or("not known".to_owned(), |rate| format!("{rate:.2}"));
    let _ = write!(
        out,
        "\n## The alarms themselves\n\n| | |\n| --- | ---: |\n| notices that rang | {} |\n| of them per ten minutes \
         | {rate} |\n| notices held | {} |\n| floods | {} |\n| time in flood | {} |\n| alerts that came back within a \
         minute | {} |\n| acts done, refused | {}, {} |\n",
        figures.notices,
        figures.held,
        figures.floods,
        hours(figures.flood_s as f64),
        figures.chattering,
        figures.acts_done,
        figures.acts_refused,
    );
}

fn hours(seconds: f64) -> String {
    format!("{:.2} h", seconds / 3600.0)
}

/// Text that a table's cell can hold.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
