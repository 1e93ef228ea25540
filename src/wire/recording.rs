//! The recording format (contract, "Recording"): one record as one line of JSON, both ways.
//!
//! In: lines in arrival order. Out: record bodies with their stamps, or a named error. Pure text: who opens the file
//! and who paces it is `sources/recording.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::record::{Body, Link};
use crate::sensor::SensorId;
use crate::time::Timestamp;

/// One meaningful line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The log's stamp.
    pub received: Timestamp,
    /// What happened; `None` for a kind this version does not know.
    pub body: Option<Body>,
}

#[derive(Deserialize)]
struct Header {
    recording: u32,
    #[serde(default)]
    sector: Option<String>,
}

#[derive(Deserialize)]
struct RawLine<'a> {
    received: Timestamp,
    #[serde(default)]
    kind: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    sensor: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    link: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload_b64: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    since: Option<Timestamp>,
}

/// The sector named in a header line; `None` if the line is not a header.
///
/// # Errors
/// The version is one this reader does not know.
pub fn parse_header(line: &str) -> Result<Option<Option<String>>, String> {
    match serde_json::from_str::<Header>(line) {
        Ok(header) if header.recording == 1 => Ok(Some(header.sector)),
        Ok(header) => Err(format!("recording version {}, this reader knows 1", header.recording)),
        Err(_) => Ok(None),
    }
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn parse_line(line: &str) -> Result<Line, String> {
    let raw: RawLine<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let body = match raw.kind.as_deref().unwrap_or("scan") {
        "scan" => {
            let sensor = sensor(&raw)?;
            let link = link(&raw)?;
            Some(Body::Frame { sensor, link, bytes: bytes(&raw)? })
        }
        "status" => Some(Body::Status { sensor: sensor(&raw)?, bytes: bytes(&raw)? }),
        "act" => Some(Body::Act { bytes: bytes(&raw)? }),
        "reload" => Some(Body::Reload { bytes: bytes(&raw)? }),
        "gap" => Some(Body::Gap { since: raw.since.unwrap_or(raw.received) }),
        _ => None,
    };
    Ok(Line { received: raw.received, body })
}

fn sensor(raw: &RawLine<'_>) -> Result<SensorId, String> {
    let name = raw.sensor.as_deref().ok_or("no \"sensor\"")?;
    SensorId::new(name).ok_or_else(|| format!("\"sensor\": {name:?} is not an id"))
}

fn link(raw: &RawLine<'_>) -> Result<Link, String> {
    match raw.link.as_deref() {
        None => Ok(Link::Recording),
        Some("mqtt") => Ok(Link::Mqtt),
        Some("serial") => Ok(Link::Serial),
        Some("udp") => Ok(Link::Udp),
        Some(other) => Err(format!("\"link\": {other:?}, expected mqtt, serial or udp")),
    }
}

fn bytes(raw: &RawLine<'_>) -> Result<Vec<u8>, String> {
    match (raw.payload, raw.payload_b64.as_deref()) {
        (Some(value), None) => Ok(value.get().as_bytes().to_vec()),
        (None, Some(text)) => BASE64.decode(text).map_err(|error| format!("\"payload_b64\": {error}")),
        (None, None) => Err("neither \"payload\" nor \"payload_b64\"".into()),
        (Some(_), Some(_)) => Err("both \"payload\" and \"payload_b64\"".into()),
    }
}

/// The header line, without its newline.
#[must_use]
pub fn header_line(sector: &str) -> String {
    format!("{{\"recording\":1,\"sector\":{}}}", serde_json::Value::from(sector))
}

/// One record as a line without its newline; `None` for ticks, which replay makes itself.
#[must_use]
pub fn record_line(received: Timestamp, body: &Body) -> Option<String> {
    let line = |rest: String| Some(format!("{{\"received\":\"{received}\",{rest}}}"));
    match body {
        Body::Frame { sensor, link, bytes } => {
            let link = match link {
                Link::Recording => "",
                Link::Mqtt => ",\"link\":\"mqtt\"",
                Link::Serial => ",\"link\":\"serial\"",
                Link::Udp => ",\"link\":\"udp\"",
            };
            line(format!("\"sensor\":\"{sensor}\"{link},{}", payload(bytes)))
        }
        Body::Status { sensor, bytes } => {
            line(format!("\"kind\":\"status\",\"sensor\":\"{sensor}\",{}", payload(bytes)))
        }
        Body::Act { bytes } => line(format!("\"kind\":\"act\",{}", payload(bytes))),
        Body::Reload { bytes } => line(format!("\"kind\":\"reload\",{}", payload(bytes))),
        Body::Gap { since } => line(format!("\"kind\":\"gap\",\"since\":\"{since}\"")),
        Body::Refused { sensor, count, reason, .. } => {
            let sensor = sensor.as_ref().map_or("", SensorId::as_str);
            let reason = serde_json::Value::from(reason.as_str());
            line(format!(
                "\"kind\":\"refused\",\"sensor\":\"{sensor}\",\"count\":{count},\"reason\":{reason}"
            ))
        }
        Body::Damage { from, to } => line(format!("\"kind\":\"damage\",\"from\":{from},\"to\":{to}")),
        // Ticks replay makes itself, and what was said and delivered follows from the rest.
        Body::Tick | Body::Notice { .. } | Body::Delivered { .. } => None,
    }
}

/// The sensor's own bytes: verbatim if they are one line of JSON that a reader gets back unchanged, else base64.
fn payload(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains(['\n', '\r'])
        && text.trim() == text
        && text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<&RawValue>(text).is_ok()
    {
        return format!("\"payload\":{text}");
    }
    format!("\"payload_b64\":\"{}\"", BASE64.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: &[u8]) -> Body {
        Body::Frame { sensor: SensorId::new("r1").unwrap(), link: Link::Serial, bytes: bytes.to_vec() }
    }

    #[test]
    fn every_byte_comes_back() {
        let at = Timestamp::from_secs(1);
        for bytes in
            [&b"{\"a\": 1.50}"[..], b"{\"a\":1}\n", b" {}", b"", b"\xff\x00", b"!AIVDM,1", b"{\"a\":", b"7"]
        {
            let line = record_line(at, &frame(bytes)).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(parse_line(&line).unwrap(), Line { received: at, body: Some(frame(bytes)) }, "{line}");
        }
    }

    #[test]
    fn the_contracts_example_reads_and_unknown_kinds_are_skipped() {
        let line =
            parse_line(r#"{"received":"2026-01-01T00:00:00.104Z","sensor":"r1","payload":{"a":1}}"#).unwrap();
        assert!(matches!(line.body, Some(Body::Frame { link: Link::Recording, .. })));
        let line = parse_line(r#"{"received":"2026-01-01T00:00:00.104Z","kind":"weather"}"#).unwrap();
        assert_eq!(line.body, None);
        assert_eq!(parse_header(&header_line("east-3")), Ok(Some(Some("east-3".into()))));
        assert!(parse_header(r#"{"recording":2}"#).is_err());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, found) in [
            (r#"{"sensor":"r1","payload":{}}"#, "received"),
            (r#"{"received":"2026-01-01T00:00:00Z","payload":{}}"#, "sensor"),
            (r#"{"received":"2026-01-01T00:00:00Z","sensor":"a b","payload":{}}"#, "not an id"),
            (r#"{"received":"2026-01-01T00:00:00Z","sensor":"r1"}"#, "neither"),
            (r#"{"received":"2026-01-01T00:00:00Z","sensor":"r1","payload_b64":"*"}"#, "payload_b64"),
        ] {
            let error = parse_line(text).unwrap_err();
            assert!(error.contains(found), "{error}");
        }
    }
}
