//! What a checked file says, in plain words, for the person who wrote it.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use toml::de::DeTable;

use super::check::geometry;
use super::error::{Errors, Report};
use super::load::{parse, read_agreement, read_installation, read_text};
use super::raw::agreement::Agreement as RawAgreement;
use super::words::{self, heights, length};
use super::{Installation, geojson, raw};
use crate::sensor::SensorModel;
use crate::sinks::Kind;
use crate::watch::Agreement;

/// A file that was found good.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The file, as it was named.
    pub file: String,
    /// What it is: `installation`, `agreement` or `line`.
    pub kind: &'static str,
    /// What it says, one part per entry.
    pub says: Vec<Part>,
    /// What is allowed but probably not meant.
    pub remarks: Vec<String>,
}

/// One part of a file in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `sector`, `sensor`, `line` …
    pub part: &'static str,
    /// Its id.
    pub id: String,
    /// What is said of it.
    pub says: String,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: a good {}", self.file, self.kind)?;
        let width = self.says.iter().map(|part| part.id.chars().count()).max().unwrap_or(0);
        for Part { part, id, says } in &self.says {
            write!(out, "\n  {part:<9} {id:<width$}  {says}")?;
        }
        for remark in &self.remarks {
            write!(out, "\n  remark: {remark}")?;
        }
        Ok(())
    }
}

/// Checks one file, whichever it is: an installation with the agreement it names, an agreement alone, or the GeoJSON of
/// a line.
///
/// # Errors
/// Every fault of the file and of those it names.
pub fn check_file(path: &Path) -> Result<Summary, Errors> {
    let file = path.display().to_string();
    let good = |kind, says, remarks| Summary { file: file.clone(), kind, says, remarks };
    match recognise(path)? {
        Recognised::Installation => {
            let (installation, remarks) = read_installation(path, false)?;
            Ok(good("installation", installation_parts(&installation), remarks))
        }
        Recognised::Agreement => {
            let (agreement, remarks) = read_agreement(path, None).map_err(Errors)?;
            Ok(good("agreement", agreement_parts(&agreement), remarks))
        }
        Recognised::Line => check_line(path).map(|part| good("line", vec![part], Vec::new())),
    }
}

enum Recognised {
    Installation,
    Agreement,
    Line,
}

/// Whether a file is an agreement, by its keys.
pub(super) fn is_agreement(path: &Path) -> Result<bool, Errors> {
    recognise(path).map(|kind| matches!(kind, Recognised::Agreement))
}

/// Goes by the keys; a file that is not TOML is left to its reader, which says so.
fn recognise(path: &Path) -> Result<Recognised, Errors> {
    if path.extension().is_some_and(|extension| extension == "geojson" || extension == "json") {
        return Ok(Recognised::Line);
    }
    let Ok(text) = read_text(path) else { return Ok(Recognised::Installation) };
    let mut report = Report::new(&path.display().to_string());
    let Some(root) = parse(&text, &mut report) else { return Ok(Recognised::Installation) };
    let known = |keys: &[&str]| keys.iter().filter(|key| DeTable::contains_key(&root, **key)).count();
    match (known(raw::Installation::KEYS), known(RawAgreement::KEYS)) {
        (0, 0) => {
            report.refuse_as("", "neither", "the keys of a linewatch.toml or of an agreement.toml");
            Err(Errors(report.into_parts().0))
        }
        (installation, agreement) if installation >= agreement => Ok(Recognised::Installation),
        _ => Ok(Recognised::Agreement),
    }
}

fn check_line(path: &Path) -> Result<Part, Errors> {
    let mut report = Report::new(&path.display().to_string());
    let line = match read_text(path).and_then(|text| geojson::line(&text)) {
        Ok(positions) => geometry::line(&positions, "coordinates", &mut report),
        Err(found) => {
            report.refuse_as("", found, geojson::EXPECTED);
            None
        }
    };
    match line {
        Some(vertices) => Ok(Part {
            part: "line",
            id: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            says: format!("{} over {} vertices", length(geometry::length_m(&vertices)), vertices.len()),
        }),
        None => Err(Errors(report.into_parts().0)),
    }
}

fn installation_parts(installation: &Installation) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut say = |part, id: &str, says: String| parts.push(Part { part, id: id.to_owned(), says });
    let exercise = if installation.exercise { ", EXERCISE" } else { "" };
    let origin = installation.origin;
    say(
        "sector",
        &installation.sector,
        format!("origin {:.5}, {:.5}{exercise}", origin.lat_deg(), origin.lon_deg()),
    );
    for sensor in &installation.sensors {
        say("sensor", sensor.id.as_str(), sensor_words(sensor, installation));
    }
    if let Some(mqtt) = &installation.mqtt {
        let tls = if mqtt.tls.is_some() { ", TLS" } else { "" };
        say("mqtt", &mqtt.client_id, format!("{} port {}{tls}", mqtt.host, mqtt.port));
    }
    for sink in &installation.sinks {
        let says = match &sink.kind {
            Kind::Webhook { url } => format!("webhook to {url}"),
            Kind::Mqtt => format!("topic linewatch/v1/{}/alerts", installation.sector),
            Kind::Alertmanager(settings) => {
                format!("Alertmanager at {}, told every {} s", settings.url, settings.resend.as_secs())
            }
            Kind::Cap(settings) => {
                let dir = settings.dir.as_ref().map(|dir| format!("files in {}", dir.display()));
                let url = settings.url.as_ref().map(|url| format!("POST to {url}"));
                let ways: Vec<String> = dir.into_iter().chain(url).collect();
                format!("CAP by {}, {}", settings.sender, ways.join(" and "))
            }
        };
        say("sink", &sink.id, says);
    }
    parts.extend(agreement_parts(&installation.agreement));
    parts
}

fn sensor_words(sensor: &SensorModel, installation: &Installation) -> String {
    let place = match sensor.position {
        Some(place) => format!("at {:.5}, {:.5}", place.lat_deg(), place.lon_deg()),
        None => "mobile".to_owned(),
    };
    let port = installation.serial.iter().find(|port| port.sensor == sensor.id);
    let socket = installation.udp.iter().find(|socket| socket.sensors.iter().any(|(id, _)| *id == sensor.id));
    let link = match (port, socket) {
        (Some(port), _) => format!(", serial {} at {} baud", port.device.display(), port.baud),
        (None, Some(socket)) => format!(", udp {}", socket.listen),
        (None, None) if installation.mqtt.is_some() => ", mqtt".to_owned(),
        (None, None) => String::new(),
    };
    format!(
        "{} {place}, {}{link}, reach {}",
        sensor.kind.as_str(),
        sensor.format.as_str(),
        length(sensor.max_range_m)
    )
}

fn agreement_parts(agreement: &Agreement) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut say = |part, id: &str, says: String| parts.push(Part { part, id: id.to_owned(), says });
    let short_hash = agreement.hash.get(..12).unwrap_or_default();
    say("agreement", &agreement.name, format!("version {}, hash {short_hash}", agreement.version));
    for line in &agreement.lines {
        let length = length(geometry::length_m(&line.vertices));
        let vertices = line.vertices.len();
        say(
            "line",
            &line.id,
            format!(
                "{length} over {vertices} vertices, {} on the left, {} on the right",
                line.left, line.right
            ),
        );
    }
    for zone in &agreement.zones {
        let heights = heights(zone.floor_m, zone.ceiling_m);
        match words::band(zone, agreement) {
            Some(lies) => say("band", &zone.id, format!("{lies}{heights}")),
            None => {
                let area_km2 = geometry::area_m2(&zone.polygon) / 1e6;
                let corners = zone.polygon.len();
                say("zone", &zone.id, format!("{area_km2:.3} km², {corners} corners{heights}"));
            }
        }
    }
    for gate in &agreement.gates {
        say("gate", &gate.id, words::gate(gate, agreement));
    }
    for rule in &agreement.rules {
        let clause = rule.clause.as_ref().map_or_else(String::new, |clause| format!(" ({clause})"));
        say("rule", &rule.id, words::rule(rule, agreement) + &clause);
    }
    for exemption in &agreement.exemptions {
        let dates = words::validity(exemption.validity).unwrap_or_default();
        say("exemption", &exemption.id, format!("{}, {dates}, by {}", exemption.who, exemption.document));
    }
    parts
}
