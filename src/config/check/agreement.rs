//! The agreement: its geometry, and rules that name what is there.
//!
//! In: raw tables. Out: the checked agreement, or refusals in the report. What a kind of rule reads is in `rules`, what
//! all rules may say in `terms`.

mod classes;
mod ground;
mod hash;
mod rules;
mod terms;

use std::sync::Arc;

use super::refuse_repeated;
use crate::config::error::{Report, join};
use crate::config::raw::agreement as raw;
use crate::config::raw::leaf::{Id, Text};
use crate::geo::Geodetic;
use crate::watch::agreement::{ALARM_BUDGET_PER_WEEK, Agreement};

/// The agreement; with an origin, everything must lie near it. Lines from GeoJSON files have their coordinates already.
pub(in crate::config) fn agreement(
    raw: &raw::Agreement,
    origin: Option<Geodetic>,
    report: &mut Report,
) -> Option<Agreement> {
    let lists = Lists::of(raw);
    lists.refuse_repeated(report);
    let classes = lists.class_tree(report);
    let lines = lists.lines(origin, report);
    let zones = lists.zones(origin, report);
    let bands = lists.bands(report);
    let gates = raw.gates.iter().flatten().enumerate();
    let gates: Vec<_> = gates.map(|(index, gate)| lists.gate(gate, index, &lines, report)).collect();
    let exemptions = lists.exemptions(report);
    let rules: Vec<_> = (0..lists.rules.len()).map(|index| lists.rule(index, &exemptions, report)).collect();
    if rules.is_empty() {
        report.remark("the agreement has no rules: nothing will ever be reported".to_owned());
    }
    Some(Agreement {
        name: raw.name.as_ref()?.0.clone(),
        version: raw.version.as_ref()?.0.clone(),
        hash: hash::hash(raw),
        parties: raw.parties.iter().flatten().map(text).collect(),
        classes: classes.into_iter().collect::<Option<_>>()?,
        lines: lines.into_iter().collect::<Option<_>>()?,
        zones: zones.into_iter().chain(bands).collect::<Option<_>>()?,
        gates: gates.into_iter().collect::<Option<_>>()?,
        rules: rules.into_iter().collect::<Option<_>>()?,
        exemptions: exemptions.into_iter().collect::<Option<_>>()?,
        recipients: lists.recipients(),
        claims: lists.claims(report),
        alarm_budget_per_week: raw.alarm_budget.map_or(ALARM_BUDGET_PER_WEEK, |budget| budget.0),
    })
}

/// What the parts of an agreement may name.
struct Lists<'a> {
    raw: &'a raw::Agreement,
    lines: &'a [raw::Line],
    rules: &'a [crate::config::raw::rule::Rule],
}

impl<'a> Lists<'a> {
    fn of(raw: &'a raw::Agreement) -> Self {
        Self {
            raw,
            lines: raw.lines.as_deref().unwrap_or_default(),
            rules: raw.rules.as_deref().unwrap_or_default(),
        }
    }

    fn refuse_repeated(&self, report: &mut Report) {
        let raw = self.raw;
        refuse_repeated(raw.classes.iter().flatten().map(|class| class.id.as_ref()), "classes", report);
        refuse_repeated(self.lines.iter().map(|line| line.id.as_ref()), "lines", report);
        refuse_repeated(raw.zones.iter().flatten().map(|zone| zone.id.as_ref()), "zones", report);
        refuse_repeated(raw.bands.iter().flatten().map(|band| band.id.as_ref()), "bands", report);
        refuse_repeated(raw.gates.iter().flatten().map(|gate| gate.id.as_ref()), "gates", report);
        refuse_repeated(self.rules.iter().map(|rule| rule.id.as_ref()), "rules", report);
        let exemptions = raw.exemptions.iter().flatten();
        refuse_repeated(exemptions.map(|exemption| exemption.id.as_ref()), "exemptions", report);
        let recipients = raw.recipients.iter().flatten();
        refuse_repeated(recipients.map(|recipients| recipients.id.as_ref()), "recipients", report);
    }

    fn line_ids(&self) -> impl Iterator<Item = &'a Option<Id>> + Clone + use<'a> {
        let lines = self.lines;
        lines.iter().map(|line| &line.id)
    }

    /// Zones, then bands: their order in the checked agreement.
    fn zone_ids(&self) -> impl Iterator<Item = &'a Option<Id>> + Clone + use<'a> {
        let raw = self.raw;
        let zones = raw.zones.iter().flatten().map(|zone| &zone.id);
        zones.chain(raw.bands.iter().flatten().map(|band| &band.id))
    }

    fn line(&self, id: &Id, at: &str, report: &mut Report) -> Option<usize> {
        index_of(Some(id), self.line_ids(), "the id of a line", at, report)
    }

    fn zone(&self, id: Option<&Id>, at: &str, report: &mut Report) -> Option<usize> {
        index_of(id, self.zone_ids(), "the id of a zone", at, report)
    }
}

/// The place of an id among others.
fn index_of<'a>(
    id: Option<&Id>,
    known: impl Iterator<Item = &'a Option<Id>> + Clone,
    what: &str,
    at: &str,
    report: &mut Report,
) -> Option<usize> {
    let index = known.clone().position(|one| id.is_some() && one.as_ref() == id);
    if index.is_none() {
        report.refuse(at, format!("{what}: {}", ids(known)));
    }
    index
}

/// The places of several.
fn indices_of<'a>(
    named: Option<&[Id]>,
    known: impl Iterator<Item = &'a Option<Id>> + Clone,
    what: &str,
    at: &str,
    report: &mut Report,
) -> Option<Vec<usize>> {
    let named = named.unwrap_or_default().iter().enumerate();
    let found: Vec<_> = named
        .map(|(index, id)| index_of(Some(id), known.clone(), what, &format!("{at}[{index}]"), report))
        .collect();
    found.into_iter().collect()
}

fn ids<'a>(ids: impl Iterator<Item = &'a Option<Id>>) -> String {
    let known: Vec<_> = ids.flatten().map(|id| id.0.as_str()).collect();
    if known.is_empty() { "there is none".to_owned() } else { format!("one of {}", known.join(", ")) }
}

fn id(id: &Id) -> Arc<str> {
    id.0.as_str().into()
}

fn text(text: &Text) -> Arc<str> {
    text.0.as_str().into()
}

/// Refuses a key for what is not there.
fn missing(at: &str, key: &str, expected: &str, report: &mut Report) {
    report.refuse(&join(at, key), expected);
}
