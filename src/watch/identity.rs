//! Names for what happened: the canonical form of a rule and the id of an alert.
//!
//! Canonical form: every field is its length in bytes as a four-byte big-endian number, then its bytes (UTF-8 text;
//! numbers in decimal). The id is lower-case hex of SHA-256 over these fields:
//!
//! 1. `linewatch-alert-1`
//! 2. the sector
//! 3. the rule's hash, lower-case hex (below)
//! 4. the place cell: `floor(lat / 0.002°),floor(lon / 0.002°)` (about 200 m), empty for a ceiling, whose zone is its place
//! 5. the time bucket: whole tens of seconds since 1970 at the first `event_time`, rounded down
//! 6. the ordinal: `0`, or the next free number if that id has been given within the hour
//!
//! The rule's hash is SHA-256 over the fields: `linewatch-rule-1`; its id; its kind; its clause (empty if none); its
//! classes, sorted and joined by commas; then what its kind says (in the order of [`RuleKind`]'s fields, without line and
//! zone, and without a ceiling's horizon); then the line it names, if any: id, left party, right party and vertices; then
//! the zone it names, if any: id, floor, ceiling and corners, or for a band its side, its two distances and the line's
//! fields; then name and value of each of these that it says: classes of the agreement's own, unknown_class, parties,
//! schedule, valid_from, valid_until, min_groups, min_confidence. Who is told, how severe it is called and who is exempt
//! are no part of it. Vertices and corners are `lat,lon` in whole units of 1e-7 degrees joined by spaces, lengths whole
//! centimetres (or empty), spans milliseconds, shares millionths, instants nanoseconds since 1970.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::geo::Geodetic;
use crate::time::{Span, Timestamp};
use crate::watch::agreement::{
    Agreement, Evidence, Hours, Line, Rule, RuleKind, Schedule, Terms, UnknownClass, Zone,
};

/// Width of a place cell, degrees.
const CELL_DEG: f64 = 0.002;
/// Length of a time bucket, seconds.
const BUCKET_S: i64 = 10;

/// Fields on their way into a hash.
struct Canonical(Sha256);

impl Canonical {
    fn new(kind: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.field(kind);
        fields
    }

    fn field(&mut self, text: &str) {
        let length = u32::try_from(text.len()).expect("no name or outline is four gigabytes long");
        self.0.update(length.to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn hex(self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.0.finalize() {
            write!(hex, "{byte:02x}").expect("text takes what is written to it");
        }
        hex
    }
}

/// The hash of another statement that a rule makes, lower-case hex: its alerts take no ids of the rule's own.
pub(super) fn statement_hash(rule_hash: &str, statement: &str) -> String {
    let mut fields = Canonical::new("linewatch-statement-1");
    fields.field(rule_hash);
    fields.field(statement);
    fields.hex()
}

/// The hash of a rule and the geometry it names, lower-case hex.
pub(super) fn rule_hash(agreement: &Agreement, rule: &Rule) -> String {
    let mut fields = Canonical::new("linewatch-rule-1");
    fields.field(&rule.id);
    fields.field(rule.kind.as_str());
    fields.field(rule.clause.as_deref().unwrap_or(""));
    let mut classes: Vec<&str> = rule.classes.iter().map(|class| class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    fields.field(&classes.join(","));
    kind_fields(&mut fields, &rule.kind);
    line_fields(&mut fields, rule.kind.line().and_then(|line| agreement.lines.get(line)));
    zone_fields(&mut fields, agreement, rule.kind.zone().and_then(|zone| agreement.zones.get(zone)));
    terms_fields(&mut fields, &rule.terms);
    fields.hex()
}

/// A hash of a rule's name, its kind and the geometry it names: while these are the same, it is the same rule with other
/// terms, and what is known of it goes on.
pub(super) fn ground_hash(agreement: &Agreement, rule: &Rule) -> String {
    let mut fields = Canonical::new("linewatch-ground-1");
    fields.field(&rule.id);
    fields.field(rule.kind.as_str());
    line_fields(&mut fields, rule.kind.line().and_then(|line| agreement.lines.get(line)));
    zone_fields(&mut fields, agreement, rule.kind.zone().and_then(|zone| agreement.zones.get(zone)));
    fields.hex()
}

fn kind_fields(fields: &mut Canonical, kind: &RuleKind) {
    match kind {
        RuleKind::Crossing { direction, .. } => fields.field(direction.as_str()),
        RuleKind::Approach { direction, horizons, threshold, hold, .. } => {
            fields.field(direction.as_str());
            let horizons: Vec<String> = horizons.iter().copied().map(millis).collect();
            fields.field(&horizons.join(","));
            fields.field(&millionths(*threshold));
            fields.field(&millis(*hold));
        }
        RuleKind::Presence { .. } | RuleKind::Surge { .. } => {}
        RuleKind::Loiter { longer_than, leave, .. } => {
            fields.field(&millis(*longer_than));
            fields.field(&millis(*leave));
        }
        RuleKind::Ceiling { limit, .. } => fields.field(&limit.to_string()),
        RuleKind::Convergence { min_number, radius_m, .. } => {
            fields.field(&min_number.to_string());
            fields.field(&centimetres(*radius_m));
        }
        RuleKind::Blind { below, hold, .. } => {
            fields.field(&millionths(*below));
            fields.field(&millis(*hold));
        }
        RuleKind::Integrity { sensors } => fields.field(&sensors.join(",")),
    }
}

fn line_fields(fields: &mut Canonical, line: Option<&Line>) {
    let Some(line) = line else { return };
    fields.field(&line.id);
    fields.field(&line.left);
    fields.field(&line.right);
    fields.field(&outline(&line.vertices));
}

fn zone_fields(fields: &mut Canonical, agreement: &Agreement, zone: Option<&Zone>) {
    let Some(zone) = zone else { return };
    fields.field(&zone.id);
    for bound_m in [zone.floor_m, zone.ceiling_m] {
        fields.field(&bound_m.map_or(String::new(), centimetres));
    }
    match &zone.band {
        None => fields.field(&outline(&zone.polygon)),
        Some(band) => {
            fields.field(band.flank.as_str());
            fields.field(&centimetres(band.from_m));
            fields.field(&centimetres(band.to_m));
            line_fields(fields, agreement.lines.get(band.line));
        }
    }
}

/// Terms that are as they are where a rule does not speak of them add nothing: they came later than the first rules.
fn terms_fields(fields: &mut Canonical, terms: &Terms) {
    let Terms { nodes, unknown_class, parties, schedule, validity, evidence, .. } = terms;
    let mut term = |name: &str, said: bool, value: String| {
        if said {
            fields.field(name);
            fields.field(&value);
        }
    };
    term("classes", !nodes.is_empty(), nodes.join(","));
    term("unknown_class", *unknown_class != UnknownClass::default(), unknown_class.as_str().to_owned());
    term("parties", !parties.is_empty(), parties.join("\n"));
    term("schedule", schedule.is_some(), schedule.as_ref().map_or(String::new(), hours));
    let instant = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.as_nanos().to_string());
    term("valid_from", validity.from.is_some(), instant(validity.from));
    term("valid_until", validity.until.is_some(), instant(validity.until));
    let usual = Evidence::default();
    term("min_groups", evidence.min_groups != usual.min_groups, evidence.min_groups.to_string());
    term("min_confidence", evidence.min_confidence > 0.0, millionths(evidence.min_confidence));
}

fn hours(schedule: &Schedule) -> String {
    let mut text = schedule.time_zone.to_string();
    for Hours { days, from_min, to_min } in &schedule.hours {
        let days: Vec<&str> = days.iter().map(|day| day.as_str()).collect();
        write!(text, " {} {from_min}-{to_min}", days.join(",")).expect("text takes what is written to it");
    }
    text
}

fn centimetres(metres: f64) -> String {
    whole(metres * 100.0).to_string()
}

fn millionths(share: f64) -> String {
    whole(share * 1e6).to_string()
}

fn millis(span: Span) -> String {
    (span.as_nanos() / 1_000_000).to_string()
}

fn outline(points: &[Geodetic]) -> String {
    let points: Vec<String> = points
        .iter()
        .map(|at| format!("{},{}", whole(at.lat_deg() * 1e7), whole(at.lon_deg() * 1e7)))
        .collect();
    points.join(" ")
}

#[expect(clippy::cast_possible_truncation, reason = "checked geometry fits, and a float cast saturates")]
fn whole(x: f64) -> i64 {
    libm::round(x) as i64
}

/// The cell a position (degrees) lies in.
pub(super) fn cell(lat_deg: f64, lon_deg: f64) -> String {
    format!("{},{}", whole(libm::floor(lat_deg / CELL_DEG)), whole(libm::floor(lon_deg / CELL_DEG)))
}

/// The id of an incident, lower-case hex: the fields `linewatch-incident-1`, the sector, the cell and the time bucket of
/// its first alert, and an ordinal.
pub(super) fn incident_id(sector: &str, cell: &str, event_time: Timestamp, ordinal: u32) -> String {
    let mut fields = Canonical::new("linewatch-incident-1");
    fields.field(sector);
    fields.field(cell);
    fields.field(&event_time.floor_secs().div_euclid(BUCKET_S).to_string());
    fields.field(&ordinal.to_string());
    fields.hex()
}

/// The id of a flood's group notices, lower-case hex: the fields `linewatch-flood-1`, the sector, the rule's name, the
/// place's cell, and the id of the first alert it speaks for.
pub(super) fn flood_id(sector: &str, rule: &str, cell: &str, first: &str) -> String {
    let mut fields = Canonical::new("linewatch-flood-1");
    fields.field(sector);
    fields.field(rule);
    fields.field(cell);
    fields.field(first);
    fields.hex()
}

/// The id of an alert, lower-case hex.
pub(super) fn alert_id(
    sector: &str,
    rule_hash: &str,
    cell: &str,
    event_time: Timestamp,
    ordinal: u32,
) -> String {
    let mut fields = Canonical::new("linewatch-alert-1");
    fields.field(sector);
    fields.field(rule_hash);
    fields.field(cell);
    fields.field(&event_time.floor_secs().div_euclid(BUCKET_S).to_string());
    fields.field(&ordinal.to_string());
    fields.hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::agreement::Direction;
    use crate::watch::testing;

    #[test]
    fn the_id_is_what_the_canonical_form_says() {
        // Independently: python3 -c 'import hashlib; f=["linewatch-alert-1","east-3","ab","17550,16700","176722560","0"];
        // print(hashlib.sha256(b"".join(len(x).to_bytes(4,"big")+x.encode() for x in f)).hexdigest())'
        let at = Timestamp::from_secs(1_767_225_609);
        assert_eq!(
            alert_id("east-3", "ab", &cell(35.1003, 33.4011), at, 0),
            "c1026b8e2e4012c67aa80e5d13a06624ef00550343fd6c344ec9555e1de3e51b"
        );
    }

    #[test]
    fn buckets_and_cells_also_hold_below_zero() {
        assert_eq!(cell(-0.001, -33.4011), "-1,-16701");
        let id = |nanos| alert_id("s", "r", "", Timestamp::from_nanos(nanos), 0);
        assert_eq!(id(-1), id(-10_000_000_000));
        assert_ne!(id(-1), id(0));
    }

    #[test]
    fn a_rule_is_its_content_and_its_geometry() {
        let agreement = testing::agreement(vec![testing::crossing(Direction::Any)]);
        let rule = &agreement.rules[0];
        let hash = rule_hash(&agreement, rule);
        let mut renamed = agreement.clone();
        (renamed.version, renamed.hash) = ("9".to_owned(), "other".to_owned());
        assert_eq!(rule_hash(&renamed, rule), hash, "another edition of the agreement with the same rule");
        let mut moved = agreement.clone();
        moved.lines[0].vertices[0].lat_rad += 1e-7;
        assert_ne!(rule_hash(&moved, rule), hash);
        let other = Rule { clause: Some("Art. 3".into()), ..rule.clone() };
        assert_ne!(rule_hash(&agreement, &other), hash);
        let other = testing::crossing(Direction::LeftToRight);
        assert_ne!(rule_hash(&agreement, &other), hash);
    }
}
