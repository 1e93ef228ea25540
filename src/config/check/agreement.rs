//! The agreement: its geometry, and rules that name what is there.

use sha2::{Digest, Sha256};

use super::{geometry, near_origin, refuse_repeated};
use crate::config::error::{Report, join};
use crate::config::raw::agreement as raw;
use crate::config::raw::leaf::{Id, Word, Words};
use crate::geo::Geodetic;
use crate::scan::Class;
use crate::watch::agreement::{Agreement, Direction, Gate, Line, Rule, RuleKind, Zone};

/// The agreement; with an origin, everything must lie near it. Lines from GeoJSON files have their coordinates already.
pub(in crate::config) fn agreement(
    raw: &raw::Agreement,
    origin: Option<Geodetic>,
    report: &mut Report,
) -> Option<Agreement> {
    let lists = Lists {
        lines: raw.lines.as_deref().unwrap_or_default(),
        zones: raw.zones.as_deref().unwrap_or_default(),
    };
    let gates = raw.gates.as_deref().unwrap_or_default();
    let rules = raw.rules.as_deref().unwrap_or_default();
    refuse_repeated(lists.lines.iter().map(|line| line.id.as_ref()), "lines", report);
    refuse_repeated(lists.zones.iter().map(|zone| zone.id.as_ref()), "zones", report);
    refuse_repeated(gates.iter().map(|gate| gate.id.as_ref()), "gates", report);
    refuse_repeated(rules.iter().map(|rule| rule.id.as_ref()), "rules", report);
    let lines = lists.lines(origin, report);
    let zones = lists.zones(origin, report);
    let gates: Vec<_> =
        gates.iter().enumerate().map(|(index, gate)| lists.gate(gate, index, &lines, report)).collect();
    let rules: Vec<_> =
        rules.iter().enumerate().map(|(index, rule)| lists.rule(rule, index, report)).collect();
    if rules.is_empty() {
        report.remark("the agreement has no rules: nothing will ever be reported".to_owned());
    }
    Some(Agreement {
        name: raw.name.as_ref()?.0.clone(),
        version: raw.version.as_ref()?.0.clone(),
        hash: hash(raw),
        lines: lines.into_iter().collect::<Option<_>>()?,
        zones: zones.into_iter().collect::<Option<_>>()?,
        gates: gates.into_iter().collect::<Option<_>>()?,
        rules: rules.into_iter().collect::<Option<_>>()?,
    })
}

/// SHA-256 over the canonical form, lower-case hex: the tables with defaults filled in and lines' files read, as compact
/// JSON with sorted keys. Comments, layout and where coordinates are kept do not change it.
fn hash(raw: &raw::Agreement) -> String {
    let mut canonical = raw.clone();
    for line in canonical.lines.iter_mut().flatten() {
        line.geojson = None;
    }
    for gate in canonical.gates.iter_mut().flatten() {
        gate.direction.get_or_insert(Word(Direction::Any));
    }
    for rule in canonical.rules.iter_mut().flatten() {
        if rule.line.is_some() {
            rule.direction.get_or_insert(Word(Direction::Any));
        }
    }
    let tree =
        serde_json::to_value(&canonical).expect("raw tables are maps with text keys and finite numbers");
    format!("{:x}", Sha256::digest(sorted_json(&tree)))
}

/// Compact JSON with sorted keys, whatever order `serde_json` was built to keep.
fn sorted_json(tree: &serde_json::Value) -> String {
    match tree {
        serde_json::Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| {
                    format!("{}:{}", serde_json::Value::from(key.as_str()), sorted_json(value))
                })
                .collect();
            format!("{{{}}}", pairs.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(sorted_json).collect();
            format!("[{}]", items.join(","))
        }
        leaf => leaf.to_string(),
    }
}

/// What gates and rules may name.
struct Lists<'a> {
    lines: &'a [raw::Line],
    zones: &'a [raw::Zone],
}

impl Lists<'_> {
    fn lines(&self, origin: Option<Geodetic>, report: &mut Report) -> Vec<Option<Line>> {
        let one = |(index, line): (usize, &raw::Line)| {
            let at = format!("lines[{index}]");
            let (from_file, at_vertices) = match (&line.coordinates, &line.geojson) {
                (_, Some(_)) => (true, join(&at, "geojson")),
                (_, None) => (false, join(&at, "coordinates")),
            };
            let vertices = geometry::line(line.coordinates.as_ref()?, &at_vertices, report)?;
            let at_first = if from_file { at_vertices } else { format!("{at_vertices}[0]") };
            near_origin(vertices[0], origin, &at_first, report);
            Some(Line {
                id: line.id.as_ref()?.0.as_str().into(),
                left: line.left.as_ref()?.0.as_str().into(),
                right: line.right.as_ref()?.0.as_str().into(),
                vertices,
            })
        };
        self.lines.iter().enumerate().map(one).collect()
    }

    fn zones(&self, origin: Option<Geodetic>, report: &mut Report) -> Vec<Option<Zone>> {
        let one = |(index, zone): (usize, &raw::Zone)| {
            let at = format!("zones[{index}]");
            let floor_m = zone.floor_m.map(|floor| floor.0);
            let ceiling_m = zone.ceiling_m.map(|ceiling| ceiling.0);
            if let (Some(floor_m), Some(ceiling_m)) = (floor_m, ceiling_m)
                && floor_m >= ceiling_m
            {
                report.refuse(&join(&at, "ceiling_m"), format!("a height above floor_m, {floor_m}"));
            }
            let at_polygon = join(&at, "polygon");
            let polygon = geometry::polygon(zone.polygon.as_ref()?, &at_polygon, report)?;
            near_origin(polygon[0], origin, &format!("{at_polygon}[0]"), report);
            Some(Zone { id: zone.id.as_ref()?.0.as_str().into(), polygon, floor_m, ceiling_m })
        };
        self.zones.iter().enumerate().map(one).collect()
    }

    fn gate(
        &self,
        gate: &raw::Gate,
        index: usize,
        lines: &[Option<Line>],
        report: &mut Report,
    ) -> Option<Gate> {
        let at = format!("gates[{index}]");
        let line = self.line(gate.line.as_ref()?, &join(&at, "line"), report)?;
        let center = gate.center?.on_the_ground();
        let radius_m = gate.radius_m?.0;
        let vertices = &lines.get(line)?.as_ref()?.vertices;
        let distance_m = geometry::distance_to_line_m(center, vertices);
        if distance_m > radius_m {
            let expected =
                format!("a place within radius_m, {radius_m} m, of its line, not {distance_m:.0} m away");
            report.refuse(&join(&at, "center"), expected);
        }
        Some(Gate {
            id: gate.id.as_ref()?.0.as_str().into(),
            line,
            center,
            radius_m,
            classes: classes(gate.classes.as_deref()),
            direction: gate.direction.map_or(Direction::Any, |Word(direction)| direction),
        })
    }

    fn rule(&self, rule: &raw::Rule, index: usize, report: &mut Report) -> Option<Rule> {
        let at = format!("rules[{index}]");
        let word = rule.kind?.0;
        refuse_meaningless(rule, word, &at, report);
        let kind = match word {
            raw::RuleWord::Crossing => RuleKind::Crossing {
                line: self.named_line(rule, &at, report)?,
                direction: rule.direction.map_or(Direction::Any, |Word(direction)| direction),
            },
            raw::RuleWord::Presence => RuleKind::Presence { zone: self.named_zone(rule, &at, report)? },
            raw::RuleWord::Ceiling => {
                let zone = self.named_zone(rule, &at, report);
                if rule.limit.is_none() {
                    report.refuse(&join(&at, "limit"), "the most that may be in the zone at once");
                }
                RuleKind::Ceiling { zone: zone?, limit: rule.limit?.0 }
            }
        };
        Some(Rule {
            id: rule.id.as_ref()?.0.as_str().into(),
            clause: rule.clause.as_ref().map(|clause| clause.0.as_str().into()),
            classes: classes(rule.classes.as_deref()),
            kind,
        })
    }

    fn named_line(&self, rule: &raw::Rule, at: &str, report: &mut Report) -> Option<usize> {
        let at = join(at, "line");
        let Some(id) = &rule.line else {
            report.refuse(&at, format!("the line it is about: {}", ids(self.lines.iter().map(|l| &l.id))));
            return None;
        };
        self.line(id, &at, report)
    }

    fn line(&self, id: &Id, at: &str, report: &mut Report) -> Option<usize> {
        let index = self.lines.iter().position(|line| line.id.as_ref() == Some(id));
        if index.is_none() {
            report.refuse(at, format!("the id of a line: {}", ids(self.lines.iter().map(|l| &l.id))));
        }
        index
    }

    fn named_zone(&self, rule: &raw::Rule, at: &str, report: &mut Report) -> Option<usize> {
        let at = join(at, "zone");
        let index = self.zones.iter().position(|zone| rule.zone.is_some() && zone.id == rule.zone);
        if index.is_none() {
            report.refuse(&at, format!("the id of a zone: {}", ids(self.zones.iter().map(|z| &z.id))));
        }
        index
    }
}

/// A key that a rule of this kind does not read would be believed to do something.
fn refuse_meaningless(rule: &raw::Rule, word: raw::RuleWord, at: &str, report: &mut Report) {
    use raw::RuleWord::{Ceiling, Crossing, Presence};
    let given: [(&str, bool, &[raw::RuleWord]); 4] = [
        ("line", rule.line.is_some(), &[Crossing]),
        ("direction", rule.direction.is_some(), &[Crossing]),
        ("zone", rule.zone.is_some(), &[Presence, Ceiling]),
        ("limit", rule.limit.is_some(), &[Ceiling]),
    ];
    for (key, is_given, read_by) in given {
        if is_given && !read_by.contains(&word) {
            report.refuse(&join(at, key), format!("no `{key}` in a {} rule", word.word()));
        }
    }
}

fn classes(words: Option<&[Word<raw::ClassWord>]>) -> Vec<Class> {
    let mut classes = Vec::new();
    for class in words.unwrap_or_default().iter().flat_map(|Word(word)| word.classes()) {
        if !classes.contains(class) {
            classes.push(*class);
        }
    }
    classes
}

fn ids<'a>(ids: impl Iterator<Item = &'a Option<Id>>) -> String {
    let known: Vec<_> = ids.flatten().map(|id| id.0.as_str()).collect();
    if known.is_empty() { "there is none".to_owned() } else { format!("one of {}", known.join(", ")) }
}
