//! What happened by leave in a day: listed as far as there is room, and counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::watch::permitted::Permitted;

/// Uses listed of one day; those after are counted.
const MOST_LISTED: usize = 10_000;

/// Every use that was made of gates and exemptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeaveDay {
    /// How often, by kind of leave and id.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Each, in the order in which they were logged.
    pub uses: Vec<LeaveRow>,
    /// Uses that found no room above.
    pub unlisted: u64,
}

/// One use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaveRow {
    /// When it happened, or began.
    pub event_time: String,
    /// `gate` or `exemption`.
    pub permitted: String,
    /// The gate's or the exemption's id.
    pub by: String,
    /// The line, for a gate; the rule that would have spoken, for an exemption.
    pub of: Option<String>,
    /// Which way, for a gate.
    pub direction: Option<String>,
    /// P(it went through the gate), where nobody saw it go.
    pub probability: Option<f64>,
    /// The track.
    pub track: String,
    /// The identity that it claims.
    pub identity: Option<String>,
    /// The document that allows it, for an exemption.
    pub document: Option<String>,
}

impl LeaveDay {
    pub(super) fn take(&mut self, used: &Permitted) {
        let kind = used.permitted.as_str().to_owned();
        let count = self.counts.entry(kind.clone()).or_default().entry(used.by.to_string()).or_default();
        *count = count.saturating_add(1);
        if self.uses.len() >= MOST_LISTED {
            self.unlisted = self.unlisted.saturating_add(1);
            return;
        }
        let text = |of: &Option<std::sync::Arc<str>>| of.as_deref().map(str::to_owned);
        self.uses.push(LeaveRow {
            event_time: used.event_time.to_string(),
            permitted: kind,
            by: used.by.to_string(),
            of: text(&used.line).or_else(|| text(&used.rule)),
            direction: text(&used.direction),
            probability: used.probability,
            track: used.track.to_string(),
            identity: text(&used.identity),
            document: used.document.as_ref().map(|[name, _]| name.to_string()),
        });
    }
}
