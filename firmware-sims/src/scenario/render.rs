//! The daemon's two configuration files for a scenario, as text.
//!
//! In: the scenario, and where its boxes are plugged in. Out: `linewatch.toml` and `agreement.toml` in the contract's
//! form. Written out by hand: the contract is what both sides share, no type.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{BoxKind, BoxSpec, Class, Scenario};

/// Where an installation's boxes are plugged in. What is absent is left out of the file.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Broker, as `mqtt://127.0.0.1:1883`.
    pub mqtt_url: Option<String>,
    /// Serial device of each box that has one, by box id.
    pub serial: BTreeMap<String, PathBuf>,
    /// Where the daemon listens for each box that sends datagrams, by box id.
    pub udp: BTreeMap<String, SocketAddr>,
    /// Address of the page and the metrics.
    pub http: Option<SocketAddr>,
    /// Directory of the journal.
    pub journal: Option<PathBuf>,
    /// The agreement's file, as the configuration names it; `agreement.toml` if absent.
    pub agreement: Option<PathBuf>,
}

impl Scenario {
    /// `linewatch.toml` for this scenario: the sector (marked as an exercise), its sensors and their links.
    #[must_use]
    pub fn linewatch_toml(&self, links: &Links) -> String {
        let mut out = String::new();
        let agreement = links.agreement.clone().unwrap_or_else(|| "agreement.toml".into());
        push(&mut out, "[sector]");
        key(&mut out, "id", &text(&self.sector));
        key(&mut out, "origin", &point(self.origin));
        key(&mut out, "exercise", "true");
        push(&mut out, "\n[agreement]");
        key(&mut out, "file", &text(&agreement.display().to_string()));
        for spec in &self.boxes {
            sensor(&mut out, spec);
        }
        if let Some(url) = &links.mqtt_url {
            push(&mut out, "\n[mqtt]");
            key(&mut out, "url", &text(url));
            key(&mut out, "client_id", &text(&format!("linewatch-{}", self.sector)));
        }
        for (id, device) in &links.serial {
            push(&mut out, "\n[[serial]]");
            key(&mut out, "device", &text(&device.display().to_string()));
            key(&mut out, "baud", "38400");
            key(&mut out, "sensor", &text(id));
        }
        for (id, listen) in &links.udp {
            push(&mut out, "\n[[udp]]");
            key(&mut out, "listen", &text(&listen.to_string()));
            key(&mut out, "sensor", &text(id));
        }
        if let Some(dir) = &links.journal {
            push(&mut out, "\n[journal]");
            key(&mut out, "dir", &text(&dir.display().to_string()));
        }
        if let Some(listen) = &links.http {
            push(&mut out, "\n[http]");
            key(&mut out, "listen", &text(&listen.to_string()));
        }
        out
    }

    /// `agreement.toml` for this scenario: its line, gates, zones and rules.
    #[must_use]
    pub fn agreement_toml(&self) -> String {
        let mut out = String::new();
        key(&mut out, "name", &text(&self.name));
        key(&mut out, "version", &text("1"));
        push(&mut out, "\n[[lines]]");
        key(&mut out, "id", &text(&self.line.id));
        key(&mut out, "left", &text(&self.line.left));
        key(&mut out, "right", &text(&self.line.right));
        key(&mut out, "coordinates", &points(&self.line.coordinates));
        for zone in &self.zones {
            push(&mut out, "\n[[zones]]");
            key(&mut out, "id", &text(&zone.id));
            key(&mut out, "polygon", &points(&zone.polygon));
        }
        for gate in &self.gates {
            push(&mut out, "\n[[gates]]");
            key(&mut out, "id", &text(&gate.id));
            key(&mut out, "line", &text(&self.line.id));
            key(&mut out, "center", &point(gate.center));
            key(&mut out, "radius_m", &number(gate.radius_m));
            key(&mut out, "classes", &classes(&gate.classes));
            key(&mut out, "direction", &text(&gate.direction));
        }
        for rule in &self.rules {
            push(&mut out, "\n[[rules]]");
            key(&mut out, "id", &text(&rule.id));
            key(&mut out, "kind", &text(&rule.kind));
            if let Some(line) = &rule.line {
                key(&mut out, "line", &text(line));
                key(&mut out, "direction", &text("any"));
            }
            if let Some(zone) = &rule.zone {
                key(&mut out, "zone", &text(zone));
            }
            if !rule.classes.is_empty() {
                key(&mut out, "classes", &classes(&rule.classes));
            }
            if let Some(limit) = rule.limit {
                key(&mut out, "limit", &limit.to_string());
            }
            key(&mut out, "clause", &text(&rule.clause));
        }
        out
    }
}

fn sensor(out: &mut String, spec: &BoxSpec) {
    let (kind, format) = match spec.kind {
        BoxKind::Radar => ("radar", "asterix"),
        BoxKind::RadarTracker => ("radar", "nmea"),
        BoxKind::Camera => ("camera", "json"),
        BoxKind::Satellite => ("satellite", "json"),
        BoxKind::AisReceiver => ("transponder", "nmea"),
        BoxKind::FieldNode => ("radar", "frame"),
        BoxKind::PlotRadar => ("radar", "json"),
        BoxKind::Lidar => ("lidar", "json"),
    };
    push(out, "\n[[sensors]]");
    key(out, "id", &text(&spec.id));
    key(out, "kind", &text(kind));
    key(out, "format", &text(format));
    key(out, "position", &point(spec.position));
    key(out, "altitude_m", &number(spec.altitude_m));
    key(out, "heading_deg", &number(spec.heading_deg));
    key(out, "field_of_view_deg", &number(spec.field_of_view_deg));
    key(out, "max_range_m", &number(spec.max_range_m));
    if !matches!(spec.kind, BoxKind::Satellite | BoxKind::AisReceiver) {
        for (name, sigma) in
            [("range_sigma_m", spec.range_sigma_m), ("azimuth_sigma_deg", spec.azimuth_sigma_deg)]
        {
            // What a box does not measure it has no error of.
            if sigma > 0.0 {
                key(out, name, &number(sigma));
            }
        }
    }
    if spec.position_sigma_m > 0.0 {
        key(out, "position_sigma_m", &number(spec.position_sigma_m));
    }
    key(out, "detection_probability", &number(spec.detection_probability));
    key(out, "false_alarms_per_scan", &number(spec.false_alarms_per_scan));
    key(out, "period_s", &number(spec.period_s));
    if let Some(group) = &spec.trust_group {
        key(out, "trust_group", &text(group));
    }
    if let Some([sac, sic]) = spec.sac_sic {
        key(out, "sac_sic", &format!("[{sac}, {sic}]"));
    }
    for mask in spec.masks.iter().filter(|mask| !mask.untold) {
        push(out, "[[sensors.masks]]");
        key(out, "polygon", &points(&mask.polygon));
        key(out, "detection_probability", &number(mask.detection_probability));
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn key(out: &mut String, name: &str, value: &str) {
    writeln!(out, "{name} = {value}").expect("writing to a String cannot fail");
}

/// A TOML basic string. JSON's escapes are a subset of TOML's.
fn text(value: &str) -> String {
    serde_json::to_string(value).expect("a string always serialises")
}

/// Debug formatting keeps the decimal point that makes a TOML float.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn point(lat_lon: [f64; 2]) -> String {
    format!("[{:?}, {:?}]", lat_lon[0], lat_lon[1])
}

fn points(list: &[[f64; 2]]) -> String {
    let lines: Vec<String> = list.iter().map(|p| format!("    {},\n", point(*p))).collect();
    format!("[\n{}]", lines.concat())
}

fn classes(list: &[Class]) -> String {
    let words: Vec<String> = list.iter().map(|class| text(class.as_str())).collect();
    format!("[{}]", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_what_is_plugged_in_and_nothing_else() {
        let scenario = crate::scenario::kerguelen();
        let bare = scenario.linewatch_toml(&Links::default());
        assert!(bare.contains("[sector]\nid = \"kerguelen-1\"\norigin = [-49.0, 69.6]\nexercise = true\n"));
        assert!(!bare.contains("[mqtt]") && !bare.contains("[[serial]]") && !bare.contains("[http]"));
        let mut links = Links { mqtt_url: Some("mqtt://127.0.0.1:1883".into()), ..Links::default() };
        links.serial.insert("a1".into(), "/dev/pts/7".into());
        links.udp.insert("r1".into(), "127.0.0.1:8600".parse().unwrap());
        let full = scenario.linewatch_toml(&links);
        assert!(full.contains("[[serial]]\ndevice = \"/dev/pts/7\"\nbaud = 38400\nsensor = \"a1\"\n"));
        assert!(full.contains("[[udp]]\nlisten = \"127.0.0.1:8600\"\nsensor = \"r1\"\n"));
        assert!(full.contains("sac_sic = [25, 1]"));
    }

    #[test]
    fn the_agreement_names_line_zone_gate_and_rules() {
        let text = crate::scenario::kerguelen().agreement_toml();
        for part in ["[[lines]]", "[[zones]]", "[[gates]]", "kind = \"ceiling\"", "limit = 3", "center = ["] {
            assert!(text.contains(part), "{part}");
        }
    }
}
