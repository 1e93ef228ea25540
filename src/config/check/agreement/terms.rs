//! What rules of all kinds may say: when they hold, on what evidence, for whom not, and who is told.

use super::{Lists, id, indices_of, text};
use crate::config::error::{Report, join};
use crate::config::raw::leaf::{Text, Word};
use crate::config::raw::leave as raw;
use crate::config::raw::rule::Rule as RawRule;
use crate::time::Span;
use crate::watch::agreement::{
    Claim, Day, Evidence, Exemption, Hours, Recipients, Schedule, SeverityBounds, Terms, UnknownClass,
    Validity,
};
use crate::watch::calendar;

impl Lists<'_> {
    /// Everything but the exemptions, which name the rule.
    pub(super) fn terms(&self, rule: &RawRule, at: &str, report: &mut Report) -> Option<Terms> {
        let schedule = rule.schedule.as_ref().map(|written| schedule(written, &join(at, "schedule"), report));
        let validity = validity(rule.valid_from, rule.valid_until, at, report);
        let known = self.raw.recipients.iter().flatten().map(|recipients| &recipients.id);
        let recipients = rule.recipients.as_deref();
        let recipients =
            indices_of(recipients, known, "the id of recipients", &join(at, "recipients"), report);
        if rule.escalate_after_s.is_some() && recipients.as_ref().is_none_or(|list| list.len() < 2) {
            let expected = "at least two `recipients`: the first, and whom it is escalated to";
            report.refuse(&join(at, "escalate_after_s"), expected);
        }
        let severity = SeverityBounds {
            floor: rule.severity_floor.map(|Word(severity)| severity),
            cap: rule.severity_cap.map(|Word(severity)| severity),
        };
        if let SeverityBounds { floor: Some(floor), cap: Some(cap) } = severity
            && floor > cap
        {
            let expected = format!("a severity not below severity_floor, {}", floor.as_str());
            report.refuse(&join(at, "severity_cap"), expected);
        }
        for (index, party) in rule.parties.iter().flatten().enumerate() {
            self.party(party, &format!("{}[{index}]", join(at, "parties")), report);
        }
        Some(Terms {
            nodes: Vec::new(),
            unknown_class: rule.unknown_class.map_or(UnknownClass::Count, |Word(policy)| policy),
            parties: rule.parties.iter().flatten().map(text).collect(),
            schedule: schedule.map_or(Some(None), |read| read.map(Some))?,
            validity,
            exemptions: Vec::new(),
            evidence: Evidence {
                min_groups: rule.min_groups.map_or(1, |groups| groups.0),
                min_confidence: rule.min_confidence.map_or(0.0, |confidence| confidence.0),
            },
            severity,
            recipients: recipients?,
            escalate_after: rule.escalate_after_s.map(|after| {
                Span::from_secs(i64::try_from(after.0).expect("escalation takes a week at most"))
            }),
        })
    }

    /// Refuses a party that nobody knows: those of the agreement, or where it lists none, of its lines.
    pub(super) fn party(&self, party: &Text, at: &str, report: &mut Report) {
        let listed: Vec<&Text> = match &self.raw.parties {
            Some(parties) => parties.iter().collect(),
            None => self.lines.iter().flat_map(|line| [&line.left, &line.right]).flatten().collect(),
        };
        if !listed.contains(&party) {
            let mut known: Vec<_> = listed.iter().map(|party| format!("\"{}\"", party.0)).collect();
            known.dedup();
            report.refuse(at, format!("a party of the agreement: one of {}", known.join(", ")));
        }
    }

    pub(super) fn exemptions(&self, report: &mut Report) -> Vec<Option<Exemption>> {
        let written = self.raw.exemptions.iter().flatten().enumerate();
        written.map(|(index, one)| self.exemption(one, &format!("exemptions[{index}]"), report)).collect()
    }

    fn exemption(&self, written: &raw::Exemption, at: &str, report: &mut Report) -> Option<Exemption> {
        let validity = validity(written.valid_from, written.valid_until, at, report);
        let rule_ids = self.rules.iter().map(|rule| &rule.id);
        let rules =
            indices_of(written.rules.as_deref(), rule_ids, "the id of a rule", &join(at, "rules"), report);
        let lines = written.lines.as_deref();
        let lines = indices_of(
            lines,
            self.lines.iter().map(|line| &line.id),
            "the id of a line",
            &join(at, "lines"),
            report,
        );
        let zones = written.zones.as_deref();
        let zone_ids: Vec<_> = self.zone_ids().collect();
        let zones = indices_of(zones, zone_ids.into_iter(), "the id of a zone", &join(at, "zones"), report);
        let who = self.named(written.classes.as_deref(), &join(at, "classes"), report);
        let (rules, lines, zones, who_by_class) = (rules?, lines?, zones?, who?);
        if rules.is_empty() && lines.is_empty() && zones.is_empty() {
            report.refuse(&join(at, "rules"), "what it is an exemption from: rules, lines or zones, by id");
        }
        Some(Exemption {
            id: id(written.id.as_ref()?),
            who: text(written.who.as_ref()?),
            document: text(written.document.as_ref()?),
            document_sha256: written.document_sha256.as_ref()?.0.as_str().into(),
            validity,
            rules,
            lines,
            zones,
            classes: who_by_class.classes,
            nodes: who_by_class.nodes,
            identities: written.identities.iter().flatten().map(text).collect(),
            max_number: written.max_number.map(|most| most.0),
        })
    }

    /// Which identities claim to be of which party.
    pub(super) fn claims(&self, report: &mut Report) -> Vec<Claim> {
        let mut seen = std::collections::BTreeSet::new();
        let written = self.raw.claims.iter().flatten().enumerate();
        let claims = written.filter_map(|(index, claim)| {
            let at = format!("claims[{index}]");
            let party = claim.party.as_ref()?;
            self.party(party, &join(&at, "party"), report);
            let identities = claim.identities.as_ref()?;
            if identities.is_empty() {
                report.refuse(&join(&at, "identities"), "at least one identity");
            }
            for (which, given) in identities.iter().enumerate() {
                let at = format!("{}[{which}]", join(&at, "identities"));
                let known = given.0.strip_suffix('*').unwrap_or(&given.0);
                if known.contains('*') || known.split_once(':').is_none_or(|(scheme, _)| scheme.is_empty()) {
                    let expected = "an identity as sensors report it, \"mmsi:212000001\", or its beginning, \"mmsi:212*\"";
                    report.refuse(&at, expected);
                } else if !seen.insert(&given.0) {
                    report.refuse(&at, "an identity that is not given twice");
                }
            }
            Some(Claim { party: text(party), identities: identities.iter().map(text).collect() })
        });
        claims.collect()
    }

    /// Everybody who may be told; ids have been checked to be there.
    pub(super) fn recipients(&self) -> Vec<Recipients> {
        let one = |written: &raw::Recipients| {
            Some(Recipients {
                id: id(written.id.as_ref()?),
                name: written.name.as_ref().map(text),
                sinks: written.sinks.iter().flatten().map(id).collect(),
            })
        };
        self.raw.recipients.iter().flatten().filter_map(one).collect()
    }
}

fn validity(
    from: Option<raw::Instant>,
    until: Option<raw::Instant>,
    at: &str,
    report: &mut Report,
) -> Validity {
    let validity = Validity { from: from.map(|from| from.0), until: until.map(|until| until.0) };
    if let Validity { from: Some(from), until: Some(until) } = validity
        && until <= from
    {
        report.refuse(&join(at, "valid_until"), format!("an instant after valid_from, {from}"));
    }
    validity
}

/// A schedule, or nothing once refused.
pub(super) fn schedule(written: &raw::Schedule, at: &str, report: &mut Report) -> Option<Schedule> {
    let hours = written.hours.as_deref().unwrap_or_default().iter().enumerate();
    let hours: Vec<_> =
        hours.map(|(index, hours)| self::hours(hours, &format!("{at}.hours[{index}]"), report)).collect();
    let at_zone = join(at, "time_zone");
    if written.time_zone.as_ref().is_some_and(|zone| !calendar::knows(&zone.0)) {
        let expected = format!(
            "a time zone of the IANA database (release {}), as in \"Asia/Nicosia\"",
            calendar::release()
        );
        report.refuse(&at_zone, expected);
    }
    if written.hours.as_ref().is_some_and(Vec::is_empty) {
        report.refuse(&join(at, "hours"), "at least one piece of a day");
        return None;
    }
    Some(Schedule {
        time_zone: text(written.time_zone.as_ref()?),
        hours: hours.into_iter().collect::<Option<_>>()?,
    })
}

fn hours(written: &raw::Hours, at: &str, report: &mut Report) -> Option<Hours> {
    let (from, to) = (written.from?, written.to?);
    if to.0 <= from.0 {
        let expected =
            "a time after `from`; hours over midnight are written as two, up to \"24:00\" and from \"00:00\"";
        report.refuse(&join(at, "to"), expected);
    }
    let mut days: Vec<Day> = written.days.iter().flatten().map(|Word(day)| *day).collect();
    if days.is_empty() {
        days = Day::ALL.to_vec();
    }
    days.sort_unstable();
    days.dedup();
    Some(Hours { days, from_min: from.0, to_min: to.0 })
}
