//! One notice as a CAP 1.2 message (OASIS Standard CAP-V1.2, 2010).
//!
//! A first notice is an Alert; one that supersedes others an Update, and a clearing one a Cancel, each naming every
//! earlier message of its alert that still stands. After a Cancel nothing stands, so what comes after is an Alert
//! again. Every byte is a function of the notice and the configuration, so a message that is sent again, or referred
//! to, is the same.

use std::fmt::Write as _;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde::Deserialize;

use crate::outbox::Owed;
use crate::time::Timestamp;

const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// Whom a message of restricted scope may reach; the standard demands it.
const RESTRICTION: &str = "For the monitoring mechanism and the parties to the agreement";
/// χ² of two degrees of freedom at 95 %: from a covariance to the circle that holds the place.
const CHI2_2_95: f64 = 5.991;
const LEAST_RADIUS_KM: f64 = 0.01;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its identifier: unique for this sender.
    pub identifier: String,
    /// The document.
    pub xml: String,
}

/// What of a notice the message's own elements say; the rest are parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    state: String,
    kind: String,
    severity: String,
    confidence: f64,
    event_time: Option<Timestamp>,
    line: Option<String>,
    zone: Option<String>,
    direction: Option<String>,
    clause: Option<String>,
    position: Option<Place>,
    exercise: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    lat: f64,
    lon: f64,
    cov_m2: [f64; 3],
}

impl Message {
    pub(super) fn new(sector: &str, sender: &str, language: &str, owed: &Owed) -> Self {
        let said: Said = serde_json::from_str(&owed.json).unwrap_or_default();
        let identifier = |revision| identifier(sector, &owed.alert, revision);
        let mut xml = Xml::begin();
        xml.text("identifier", &identifier(owed.revision));
        xml.text("sender", sender);
        xml.text("sent", &time(owed.raised_at));
        xml.text("status", if said.exercise { "Exercise" } else { "Actual" });
        let kind = match (said.state.as_str(), owed.earlier.is_empty()) {
            (_, true) => "Alert",
            ("cleared", _) => "Cancel",
            _ => "Update",
        };
        xml.text("msgType", kind);
        xml.text("scope", "Restricted");
        xml.text("restriction", RESTRICTION);
        if said.exercise {
            xml.text("note", &format!("EXERCISE of sector {sector}: nothing of this is real"));
        }
        if !owed.earlier.is_empty() {
            let one = |of: &crate::outbox::Revision| {
                format!("{sender},{},{}", identifier(of.revision), time(of.raised_at))
            };
            xml.text("references", &owed.earlier.iter().map(one).collect::<Vec<_>>().join(" "));
        }
        xml.text("incidents", &owed.alert);
        xml.inside("info", |xml| info(xml, language, &said, &owed.json));
        Self { identifier: identifier(owed.revision), xml: xml.end() }
    }
}

/// Unique for a sender, as the standard demands.
fn identifier(sector: &str, alert: &str, revision: u32) -> String {
    format!("linewatch.{sector}.{alert}.{revision}")
}

/// Whole seconds and a numeric offset; the standard writes UTC as -00:00 and forbids Z.
fn time(at: Timestamp) -> String {
    let second = Timestamp::from_secs(at.floor_secs()).to_string();
    format!("{}-00:00", second.split('.').next().unwrap_or_default())
}

fn info(xml: &mut Xml, language: &str, said: &Said, json: &str) {
    let cleared = said.state == "cleared";
    let place = match (&said.line, &said.zone) {
        (Some(line), _) => format!("line {line}"),
        (None, Some(zone)) => format!("zone {zone}"),
        (None, None) => "the sector".to_owned(),
    };
    let event = match said.kind.as_str() {
        "crossing" => "Line crossing".to_owned(),
        kind => format!("Breach of a rule: {kind}"),
    };
    xml.text("language", language);
    xml.text("category", "Security");
    xml.text("event", &event);
    xml.text("responseType", if cleared { "AllClear" } else { "Monitor" });
    xml.text("urgency", if cleared { "Past" } else { "Immediate" });
    xml.text(
        "severity",
        match said.severity.as_str() {
            "advisory" => "Minor",
            "warning" => "Moderate",
            "alert" => "Severe",
            "urgent" => "Extreme",
            _ => "Unknown",
        },
    );
    xml.text(
        "certainty",
        match said.confidence {
            confidence if confidence >= 0.95 => "Observed",
            confidence if confidence > 0.5 => "Likely",
            confidence if confidence > 0.05 => "Possible",
            confidence if confidence >= 0.0 => "Unlikely",
            _ => "Unknown",
        },
    );
    if let Some(onset) = said.event_time {
        xml.text("onset", &time(onset));
    }
    let exercise = if said.exercise { "EXERCISE: " } else { "" };
    let over = if cleared { ", over" } else { "" };
    xml.text("headline", &format!("{exercise}{event}: {place}{over}"));
    xml.text("description", &description(said, &event, &place));
    parameters(xml, json);
    xml.inside("area", |xml| area(xml, &place, said.position.as_ref()));
}

fn description(said: &Said, event: &str, place: &str) -> String {
    let mut text = format!("{event} at {place}");
    if let Some(direction) = &said.direction {
        let _ = write!(text, ", {}", direction.replace('_', " "));
    }
    if let Some(at) = said.event_time {
        let _ = write!(text, ", at {at}");
    }
    let _ = write!(text, ", confidence {}", said.confidence);
    if let Some(clause) = &said.clause {
        let _ = write!(text, ", under {clause}");
    }
    text
}

/// Every field of the notice, so that nothing it says is lost on those who read CAP only.
fn parameters(xml: &mut Xml, json: &str) {
    let notice: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    for (key, value) in &notice {
        xml.inside("parameter", |xml| {
            xml.text("valueName", key);
            xml.text("value", &value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
        });
    }
}

fn area(xml: &mut Xml, place: &str, position: Option<&Place>) {
    xml.text("areaDesc", place);
    let Some(Place { lat, lon, cov_m2: [ee, en, nn] }) = position else { return };
    // The larger eigenvalue of the covariance.
    let largest_m2 = f64::midpoint(*ee, *nn) + libm::hypot((ee - nn) / 2.0, *en);
    let radius_km = (libm::sqrt((CHI2_2_95 * largest_m2).max(0.0)) / 1e3).max(LEAST_RADIUS_KM);
    xml.text("circle", &format!("{lat:.6},{lon:.6} {radius_km:.3}"));
}

/// A document being written. Writing to memory does not fail.
struct Xml(Writer<Vec<u8>>);

const IN_MEMORY: &str = "memory takes what is written to it";

impl Xml {
    fn begin() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 2));
        xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).expect(IN_MEMORY);
        let start = quick_xml::events::BytesStart::new("alert").with_attributes([("xmlns", NAMESPACE)]);
        xml.0.write_event(Event::Start(start)).expect(IN_MEMORY);
        xml
    }

    fn text(&mut self, name: &str, text: &str) {
        let text: String = text.chars().map(|c| if is_xml(c) { c } else { '\u{fffd}' }).collect();
        self.0.create_element(name).write_text_content(BytesText::new(&text)).expect(IN_MEMORY);
    }

    fn inside(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let start = quick_xml::events::BytesStart::new(name);
        let end = start.to_end().into_owned();
        self.0.write_event(Event::Start(start)).expect(IN_MEMORY);
        content(self);
        self.0.write_event(Event::End(end)).expect(IN_MEMORY);
    }

    fn end(mut self) -> String {
        let end = quick_xml::events::BytesEnd::new("alert");
        self.0.write_event(Event::End(end)).expect(IN_MEMORY);
        let mut xml = String::from_utf8(self.0.into_inner()).expect("everything written was text");
        xml.push('\n');
        xml
    }
}

/// Characters that XML 1.0 has; it has no escape for the others.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_an_offset_and_no_letter() {
        assert_eq!(time(Timestamp::parse("2026-01-01T00:00:11.999Z").unwrap()), "2026-01-01T00:00:11-00:00");
    }

    #[test]
    fn what_xml_cannot_say_is_replaced() {
        let mut xml = Xml::begin();
        xml.text("a", "<&>\u{1}\u{fffe}é");
        assert!(xml.end().contains("<a>&lt;&amp;&gt;\u{fffd}\u{fffd}é</a>"));
    }
}
