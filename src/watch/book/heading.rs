//! What is the same in every notice: of one rule, and of all of them.

use std::sync::Arc;

use super::{FIRST_OBSERVED_BEYOND, JOURNAL_DAMAGED, identity};
use crate::time::Span;
use crate::watch::agreement::{Agreement, Rule, SeverityBounds};
use crate::watch::life::Escalation;

/// What every notice about a rule repeats.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) hash: String,
    pub(super) id: Arc<str>,
    pub(super) clause: Option<Arc<str>>,
    pub(super) kind: &'static str,
    pub(super) line: Option<Arc<str>>,
    pub(super) zone: Option<Arc<str>>,
    /// Between which severities it stays, whatever stands behind it.
    pub(super) bounds: SeverityBounds,
    /// Whom it is addressed to, one level after the other.
    recipients: Vec<Arc<str>>,
    /// How long each level has to acknowledge it.
    pub(super) escalate_after: Option<Span>,
}

impl Heading {
    pub(super) fn new(agreement: &Agreement, rule: &Rule) -> Self {
        let line = rule.kind.line().and_then(|line| agreement.lines.get(line));
        let zone = rule.kind.zone().and_then(|zone| agreement.zones.get(zone));
        let recipients = rule.terms.recipients.iter().filter_map(|index| agreement.recipients.get(*index));
        Self {
            hash: identity::rule_hash(agreement, rule),
            id: rule.id.clone(),
            clause: rule.clause.clone(),
            kind: rule.kind.as_str(),
            line: line.map(|line| line.id.clone()),
            zone: zone.map(|zone| zone.id.clone()),
            bounds: rule.terms.severity,
            recipients: recipients.map(|recipients| recipients.id.clone()).collect(),
            escalate_after: rule.terms.escalate_after,
        }
    }

    /// What is said of the system itself, which no rule is about.
    pub(super) fn system() -> Self {
        Self {
            hash: identity::statement_hash("", JOURNAL_DAMAGED),
            id: "system".into(),
            clause: None,
            kind: JOURNAL_DAMAGED,
            line: None,
            zone: None,
            bounds: SeverityBounds::default(),
            recipients: Vec::new(),
            escalate_after: None,
        }
    }

    /// The same rule's statement about what was first observed beyond its line.
    pub(super) fn beyond(self) -> Self {
        let hash = identity::statement_hash(&self.hash, FIRST_OBSERVED_BEYOND);
        Self { hash, kind: FIRST_OBSERVED_BEYOND, ..self }
    }

    /// Whom an alert is addressed to at a level; nothing where nobody is named, or no more.
    pub(super) fn addressed(&self, level: u32) -> Option<Escalation> {
        // Where nothing is escalated, all are told at once.
        if self.escalate_after.is_none() {
            let recipients = self.recipients.clone();
            return (level == 0 && !recipients.is_empty()).then_some(Escalation { level, recipients });
        }
        let recipient = self.recipients.get(usize::try_from(level).ok()?)?;
        Some(Escalation { level, recipients: vec![Arc::clone(recipient)] })
    }
}

/// What every notice cites: under what it is said.
#[derive(Clone, Debug)]
pub(super) struct Cited {
    pub(super) exercise: bool,
    pub(super) agreement: Arc<str>,
    pub(super) software: Option<Arc<str>>,
    pub(super) configuration: Option<Arc<str>>,
}
