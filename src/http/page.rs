//! The page: the picture as plain HTML tables, complete without a script.

use std::fmt::{self, Display, Write};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::engine::Picture;
use crate::engine::event::{SensorRow, TrackRow, ZoneRow};
use crate::time::{Span, Timestamp};
use crate::watch::Notice;

/// A picture older than this is not called live: the engine makes one every second.
const STALE_AFTER: Span = Span::from_secs(5);
/// Rows of one table; the API has them all.
const ROWS: usize = 500;
const NOTHING: &str = "–";

pub(super) async fn page(State(shared): State<Arc<Shared>>) -> Response {
    let html = html(&shared.picture(), (shared.now)()).expect("writing to a String cannot fail");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

fn html(picture: &Picture, now: Timestamp) -> Result<String, fmt::Error> {
    let mut out = String::with_capacity(16 * 1024);
    head(&mut out, picture, now)?;
    alerts(&mut out, &picture.alerts)?;
    sensors(&mut out, &picture.sensors, now)?;
    zones(&mut out, &picture.zones)?;
    tracks(&mut out, picture)?;
    out.push_str("</main></body></html>\n");
    Ok(out)
}

fn head(out: &mut String, picture: &Picture, now: Timestamp) -> fmt::Result {
    let sector = Escaped(&picture.sector);
    let (class, freshness) = freshness(picture.time, now);
    write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"refresh\" content=\"2\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>linewatch {sector}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>"
    )?;
    if picture.exercise {
        out.push_str(
            "<p class=\"exercise\" role=\"note\">EXERCISE EXERCISE EXERCISE – nothing here is real</p>",
        );
    }
    let time = picture.time.map_or(NOTHING.to_owned(), |time| time.to_string());
    write!(
        out,
        "<header><h1>linewatch</h1><p>Sector <b>{sector}</b></p><p><time>{time}</time></p>\
         <p class=\"{class}\">{freshness}</p>\
         <nav><a href=\"/metrics\">metrics</a> <a href=\"/api/v1/picture\">picture as JSON</a> \
         <a href=\"/api/v1/openapi.json\">API</a></nav></header><main>"
    )
}

/// A frozen picture never looks live.
fn freshness(shown: Option<Timestamp>, now: Timestamp) -> (&'static str, String) {
    match shown {
        None => ("stale", "NO PICTURE YET".to_owned()),
        Some(time) if now.since(time) <= STALE_AFTER => ("live", "LIVE".to_owned()),
        Some(time) => ("stale", format!("STALE {}", age(now, time))),
    }
}

fn alerts(out: &mut String, alerts: &[Notice]) -> fmt::Result {
    let columns = ["Severity", "Rule", "What", "Since", "Where", "Confidence", "Tracks", "Sensors", "Alert"];
    // Worst first, then newest.
    let mut rows: Vec<&Notice> = alerts.iter().collect();
    rows.sort_by_key(|alert| std::cmp::Reverse((alert.severity, alert.event_time)));
    table(out, "Alerts", alerts.len(), &columns, rows.into_iter(), |out, alert| {
        write!(out, "<tr class=\"alert\"><td>▲ {}</td>", alert.severity.as_str().to_uppercase())?;
        cell(out, &alert.rule)?;
        cell(out, what(alert))?;
        cell(out, alert.event_time)?;
        cell(out, format_args!("{:.5}, {:.5}", alert.position.lat, alert.position.lon))?;
        cell(out, format_args!("{:.3}", alert.confidence))?;
        cell(out, alert.tracks.join(" "))?;
        cell(out, alert.sensors.join(" "))?;
        cell(out, alert.alert.get(..12).unwrap_or(&alert.alert))
    })
}

fn what(alert: &Notice) -> String {
    let place = alert.line.as_ref().or(alert.zone.as_ref()).map_or("", |place| place);
    let mut text = format!("{} {place}", alert.kind);
    if let Some(direction) = alert.direction {
        text.push(' ');
        text.push_str(direction);
    }
    if let Some(count) = alert.count {
        text.push_str(&format!(" {:.1} of {}", count.expected, count.limit));
    }
    text
}

fn sensors(out: &mut String, sensors: &[SensorRow], now: Timestamp) -> fmt::Result {
    let columns =
        ["Sensor", "Kind", "State", "Last scan", "Frames", "Detections", "NIS ratio", "Corrected", "Faults"];
    table(out, "Sensors", sensors.len(), &columns, sensors.iter(), |out, row| {
        write!(out, "<tr class=\"{}\">", row.state.as_str())?;
        cell(out, &row.sensor)?;
        cell(out, row.kind)?;
        cell(out, row.state.as_str())?;
        cell(out, row.last_received.map_or(NOTHING.to_owned(), |at| format!("{} ago", age(now, at))))?;
        cell(out, row.used)?;
        cell(out, row.detections)?;
        cell(out, row.nis_ratio.map_or(NOTHING.to_owned(), |ratio| format!("{ratio:.2}")))?;
        let corrected = row.health.bias.iter().filter(|(_, bias)| bias.compensated);
        let corrected =
            corrected.map(|(axis, bias)| format!("{axis} {:+.2} ± {:.2}", bias.value, bias.sigma));
        cell(out, or_nothing(corrected.collect::<Vec<_>>().join(", ")))?;
        cell(out, or_nothing(row.health.faults.join(", ")))
    })
}

/// What is watched, where there is something to watch.
fn zones(out: &mut String, zones: &[ZoneRow]) -> fmt::Result {
    if zones.is_empty() {
        return Ok(());
    }
    let columns = ["Zone", "Watched", "By two groups or more", "Groups, on average", "Each group's share"];
    table(out, "Zones", zones.len(), &columns, zones.iter(), |out, row| {
        let percent =
            |share: Option<f64>| share.map_or(NOTHING.to_owned(), |share| format!("{:.0} %", share * 100.0));
        out.push_str("<tr>");
        cell(out, &row.zone)?;
        cell(out, percent(row.blind_ratio.map(|blind| 1.0 - blind)))?;
        cell(out, percent(row.corroborated_ratio))?;
        cell(out, row.trust_groups.map_or(NOTHING.to_owned(), |groups| format!("{groups:.1}")))?;
        let groups = row.watched_by.iter().map(|(group, share)| format!("{group} {:.0} %", share * 100.0));
        cell(out, or_nothing(groups.collect::<Vec<_>>().join(", ")))
    })
}

/// What a track comes from, and who it says it is besides.
fn lineage(row: &TrackRow) -> String {
    let one = |word: &str, id: &Option<String>| id.as_ref().map(|id| format!("{word} {id}"));
    let merged = (!row.merged.is_empty()).then(|| format!("also {}", row.merged.join(" ")));
    let known = [one("continues", &row.continues), one("split from", &row.split_from), merged];
    or_nothing(known.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { NOTHING.to_owned() } else { text }
}

fn tracks(out: &mut String, picture: &Picture) -> fmt::Result {
    let Picture { tracks, tentative, fixed, .. } = picture;
    let columns = [
        "Track",
        "Class",
        "Latitude",
        "Longitude",
        "m/s",
        "±m",
        "Existence",
        "Status",
        "Sensors",
        "Identity",
        "Lineage",
    ];
    table(out, "Tracks", tracks.len(), &columns, tracks.iter(), |out, row| {
        out.push_str("<tr>");
        cell(out, &row.track)?;
        let likeliest = row.class.iter().max_by(|a, b| a.1.total_cmp(b.1));
        cell(out, likeliest.map_or(NOTHING.to_owned(), |(class, p)| format!("{class} {:.0} %", p * 100.0)))?;
        cell(out, format_args!("{:.5}", row.lat))?;
        cell(out, format_args!("{:.5}", row.lon))?;
        cell(out, format_args!("{:.1}", libm::hypot(row.v_east_mps, row.v_north_mps)))?;
        cell(out, position_sigma_m(&row.cov).map_or(NOTHING.to_owned(), |sigma_m| format!("{sigma_m:.0}")))?;
        cell(out, format_args!("{:.3}", row.existence))?;
        cell(out, row.status)?;
        cell(out, row.sensors.join(" "))?;
        let disputed = picture.identity_conflicts.iter().any(|conflict| conflict.tracks.contains(&row.track));
        let identity = row.identity.as_deref().unwrap_or(NOTHING);
        cell(out, format_args!("{identity}{}", if disputed { " (disputed)" } else { "" }))?;
        cell(out, lineage(row))
    })?;
    write!(out, "<p>and {tentative} tentative, {fixed} fixed echoes</p>")
}

/// Root of the mean variance of east and north, from the row-major covariance of e n ve vn.
fn position_sigma_m(cov: &[f64]) -> Option<f64> {
    Some(((cov.first()? + cov.get(5)?) / 2.0).sqrt())
}

fn table<T>(
    out: &mut String,
    title: &str,
    count: usize,
    columns: &[&str],
    rows: impl Iterator<Item = T>,
    row: impl Fn(&mut String, T) -> fmt::Result,
) -> fmt::Result {
    write!(out, "<section><h2>{title} ({count})</h2>")?;
    if count == 0 {
        out.push_str("<p>none</p></section>");
        return Ok(());
    }
    out.push_str("<table><thead><tr>");
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    out.push_str("</tr></thead><tbody>");
    for item in rows.take(ROWS) {
        row(out, item)?;
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    if count > ROWS {
        write!(out, "<p>and {} more</p>", count - ROWS)?;
    }
    out.push_str("</section>");
    Ok(())
}

fn cell(out: &mut String, value: impl Display) -> fmt::Result {
    write!(out, "<td>{}</td>", Escaped(value))
}

fn age(now: Timestamp, since: Timestamp) -> String {
    format!("{:.0} s", now.since(since).as_secs_f64().max(0.0))
}

/// Text as HTML text or attribute value: whatever a sensor claims to be called stays text.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars().try_for_each(|c| match c {
                    '&' => self.0.write_str("&amp;"),
                    '<' => self.0.write_str("&lt;"),
                    '>' => self.0.write_str("&gt;"),
                    '"' => self.0.write_str("&quot;"),
                    '\'' => self.0.write_str("&#39;"),
                    other => self.0.write_char(other),
                })
            }
        }
        write!(Escaping(out), "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sensors_claim_stays_text() {
        let picture = Picture {
            sector: "a\"><script>".to_owned(),
            sensors: vec![SensorRow {
                sensor: "<img src=x onerror='x'>&".to_owned(),
                kind: "radar",
                state: crate::engine::SensorState::Silent,
                last_received: None,
                age_s: None,
                used: 0,
                detections: 0,
                position: None,
                nis_ratio: None,
                health: crate::engine::event::SensorHealth::default(),
            }],
            ..Picture::default()
        };
        let html = html(&picture, Timestamp::from_secs(0)).unwrap();
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;img src=x onerror=&#39;x&#39;&gt;&amp;"), "{html}");
    }

    #[test]
    fn an_old_picture_is_called_stale_and_an_exercise_an_exercise() {
        let at = |shown_s, now_s| {
            let picture = Picture { time: Some(Timestamp::from_secs(shown_s)), ..Picture::default() };
            html(&picture, Timestamp::from_secs(now_s)).unwrap()
        };
        assert!(at(100, 101).contains(">LIVE<") && !at(100, 101).contains("EXERCISE"));
        assert!(at(100, 130).contains(">STALE 30 s<") && !at(100, 130).contains("LIVE"));
        let never = html(&Picture { exercise: true, ..Picture::default() }, Timestamp::from_secs(0)).unwrap();
        assert!(never.contains("NO PICTURE YET") && never.contains("EXERCISE"), "{never}");
    }
}
