//! The hash of an agreement, cited in every alert.

use sha2::{Digest, Sha256};

use crate::config::raw::agreement as raw;
use crate::config::raw::leaf::Word;
use crate::config::raw::number::OffsetM;
use crate::watch::agreement::{Direction, UnknownClass};

/// SHA-256 over the canonical form, lower-case hex: the tables with defaults filled in and lines' files read, as compact
/// JSON with sorted keys. Comments, layout and where coordinates are kept do not change it.
pub(super) fn hash(raw: &raw::Agreement) -> String {
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
        // What came later is left out where it is as it always was: an older agreement keeps its hash.
        rule.unknown_class.take_if(|Word(policy)| *policy == UnknownClass::Count);
        rule.min_groups.take_if(|groups| groups.0 == 1);
    }
    for band in canonical.bands.iter_mut().flatten() {
        band.from_m.get_or_insert(OffsetM(0.0));
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
