//! What the parties agreed, as data: checked by `config`, hashed, cited in every alert.
//!
//! In: nothing. Out: the types of an agreement. Knows no file, no clock and no track; what the terms mean for a track is
//! said in `applies`.

mod ground;
mod leave;
mod rule;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use ground::{Band, Direction, Flank, Gate, Line, Zone};
pub use leave::{Claim, Day, Exemption, Hours, Recipients, Schedule, Validity};
pub use rule::{Evidence, Rule, RuleKind, SeverityBounds, Terms, UnknownClass};

use crate::scan::Class;

/// False alarms a week that all surge charts together may raise, unless the parties agreed on another number.
pub const ALARM_BUDGET_PER_WEEK: f64 = 1.0;

/// The agreement of one sector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its name.
    pub name: String,
    /// Its version, as the parties count.
    pub version: String,
    /// SHA-256 over the file's canonical form, lower-case hex.
    pub hash: String,
    /// Who agreed; empty where only the lines name them.
    pub parties: Vec<Arc<str>>,
    /// Its own names for what is watched, each a set of the sensors' classes.
    pub classes: Vec<ClassNode>,
    /// Lines that may not be crossed without leave.
    pub lines: Vec<Line>,
    /// Pieces of ground: polygons, then bands beside lines.
    pub zones: Vec<Zone>,
    /// Authorised crossing points.
    pub gates: Vec<Gate>,
    /// What is watched for.
    pub rules: Vec<Rule>,
    /// Agreed exceptions.
    pub exemptions: Vec<Exemption>,
    /// Who is told.
    pub recipients: Vec<Recipients>,
    /// False alarms a week that all surge charts together may raise.
    pub alarm_budget_per_week: f64,
    /// Which identities claim to be of which party.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

impl Agreement {
    /// The party that whoever reports an identity claims to be of: what is most exactly given counts.
    #[must_use]
    pub fn claimed_party(&self, identity: &str) -> Option<&Arc<str>> {
        claimed_party(&self.claims, identity)
    }
}

/// The same, of these claims.
pub(in crate::watch) fn claimed_party<'a>(claims: &'a [Claim], identity: &str) -> Option<&'a Arc<str>> {
    let given =
        claims.iter().flat_map(|claim| claim.identities.iter().map(move |given| (given, &claim.party)));
    let fitting = given.filter(|(given, _)| match given.strip_suffix('*') {
        Some(beginning) => identity.starts_with(beginning),
        None => ***given == *identity,
    });
    // An identity in full is longer than any beginning of it.
    fitting.max_by_key(|(given, _)| given.len()).map(|(_, party)| party)
}

impl Default for Agreement {
    /// One that says nothing.
    fn default() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            hash: String::new(),
            parties: Vec::new(),
            classes: Vec::new(),
            lines: Vec::new(),
            zones: Vec::new(),
            gates: Vec::new(),
            rules: Vec::new(),
            exemptions: Vec::new(),
            recipients: Vec::new(),
            alarm_budget_per_week: ALARM_BUDGET_PER_WEEK,
            claims: Vec::new(),
        }
    }
}

/// A class as the agreement names it: a node of its class tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassNode {
    /// Its name.
    pub id: Arc<str>,
    /// The nodes it includes, by id.
    pub includes: Vec<Arc<str>>,
    /// The sensors' classes that it and all below it stand for, ascending: what may be one of it.
    pub leaves: Vec<Class>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_most_exactly_counts() {
        let claim = |party: &str, given: &[&str]| Claim {
            party: party.into(),
            identities: given.iter().map(|given| Arc::from(*given)).collect(),
        };
        let claims = [claim("north", &["mmsi:2*", "mmsi:212000009"]), claim("south", &["mmsi:212*"])];
        let party = |identity| claimed_party(&claims, identity).map(|party| &**party);
        assert_eq!(party("mmsi:257000000"), Some("north"));
        assert_eq!(party("mmsi:212000001"), Some("south"));
        assert_eq!(party("mmsi:212000009"), Some("north"), "in full");
        assert_eq!((party("mmsi:2120000091"), party("icao:212000")), (Some("south"), None));
    }
}
