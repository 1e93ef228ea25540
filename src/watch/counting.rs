//! What the rules make of how many there are in a zone, and how many arrive.
//!
//! In: once a second, who is in each zone, and what is watched of it. Out: notices of ceilings and surges. The counting
//! itself is `ceiling`'s and `surge`'s; here is what is said of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Watch;
use super::agreement::RuleKind;
use super::alert::{self, Count, Notice, Severity};
use super::applies::evident;
use super::book::{Finding, Subject, ladder, rounded};
use super::ceiling::{self, Outlook, Reading, Tally};
use super::grounds::Grounds;
use super::surge::{self, Excess, Sought};
use crate::time::Timestamp;

/// How many of a ceiling's class are seen in its zone now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reckoned {
    /// The most that may be there.
    pub limit: u32,
    /// Expected number.
    pub expected: f64,
    /// P(more than may be).
    pub exceeds: f64,
}

impl Watch {
    /// Every ceiling rule with how many there were in the second that was last judged.
    pub fn reckoned(&self) -> impl Iterator<Item = (&Arc<str>, &Reckoned)> {
        self.reckoned.iter().filter_map(|(rule, reckoned)| Some((&self.rules.get(*rule)?.id, reckoned)))
    }

    /// Every rule that has to learn what is usual before it can speak, and whether it has.
    pub fn determined(&self) -> impl Iterator<Item = (&Arc<str>, bool)> {
        self.rules.iter().enumerate().filter_map(|(index, rule)| match rule.kind {
            RuleKind::Surge { .. } => Some((&rule.id, self.surges.is_determined(index))),
            RuleKind::Convergence { .. } => Some((&rule.id, self.gatherings.is_determined(index))),
            _ => None,
        })
    }

    /// Share of a zone that nobody watches; nothing while that is not known.
    fn blind(&self, zone: usize) -> Option<f64> {
        self.sights.all().nth(zone).and_then(|(_, sight)| sight).map(|sight| sight.blind)
    }

    pub(super) fn count(&mut self, now: Timestamp, tallies: &BTreeMap<usize, Tally>, out: &mut Vec<Notice>) {
        let nobody = Tally::default();
        for index in 0..self.rules.len() {
            let RuleKind::Ceiling { zone, limit, horizon } = self.rules[index].kind else { continue };
            let tally = tallies.get(&index).unwrap_or(&nobody);
            let groups = || self.sensors.support(tally.sensors()).groups;
            let (passed, expected) = (tally.exceeds(limit), tally.expected());
            let probability = evident(&self.rules[index], passed, groups);
            // Of ground of which nothing is known nothing is said.
            let blind = self.blind(zone).unwrap_or(1.0);
            self.reckoned.insert(index, Reckoned { limit, expected, exceeds: passed });
            let reading = Reading { probability, expected, limit, horizon, blind };
            let change = self.ceilings.entry(index).or_default().observe(now, reading);
            let Some(change) = change else { continue };
            self.say_count(now, index, &reading, tally, change, out);
        }
    }

    fn say_count(
        &mut self,
        now: Timestamp,
        rule: usize,
        reading: &Reading,
        tally: &Tally,
        change: ceiling::Change,
        out: &mut Vec<Notice>,
    ) {
        let subject = Subject { track: None, rule };
        let Reading { probability, expected, limit, blind, .. } = *reading;
        let whole = tally.whole(blind);
        let count = Some(Count { expected, limit, unseen: whole.unseen, interval: whole.interval });
        let finding = self.found(tally, now, probability, self.bound(rule, Severity::Alert));
        match change {
            ceiling::Change::Foresee(outlook) => {
                let groups = finding.support.groups;
                let severity = if groups >= 2 { Severity::Warning } else { Severity::Advisory };
                let severity = self.bound(rule, severity);
                let confidence = outlook.probability;
                self.book.open(now, subject, Finding { severity, confidence, count, ..finding }, out);
                self.book.detail(subject, out, |notice| notice.trend = Some(said(outlook)));
            }
            // A ceiling passed with P ≥ 0.95 is an alert, whoever counted.
            ceiling::Change::Raise(event_time, false) => {
                self.book.open(now, subject, Finding { event_time, count, ..finding }, out);
            }
            ceiling::Change::Raise(event_time, true) => {
                let position = self.book.place(finding.at, finding.covariance_m2);
                self.book.revise(now, subject, out, |notice| {
                    (notice.severity, notice.confidence) = (finding.severity, probability);
                    (notice.count, notice.trend) = (count, None);
                    (notice.event_time, notice.position) = (event_time, position);
                    notice.tracks = finding.tracks.iter().map(ToString::to_string).collect();
                    (notice.sensors, notice.trust_groups) = (finding.support.sensors, finding.support.groups);
                });
            }
            ceiling::Change::Revise => self.book.revise(now, subject, out, |notice| {
                (notice.confidence, notice.count) = (probability, count);
                notice.tracks = finding.tracks.iter().map(ToString::to_string).collect();
                (notice.sensors, notice.trust_groups) = (finding.support.sensors, finding.support.groups);
            }),
            ceiling::Change::Clear => self.book.clear(subject, out),
        }
    }

    /// A severity as a rule lets it be called.
    pub(super) fn bound(&self, rule: usize, severity: Severity) -> Severity {
        self.rules.get(rule).map_or(severity, |rule| rule.terms.severity.bound(severity))
    }

    /// What is found of all who are in a place.
    fn found(&self, tally: &Tally, event_time: Timestamp, confidence: f64, severity: Severity) -> Finding {
        let (at, covariance_m2) = tally.place();
        Finding {
            severity,
            confidence,
            event_time,
            event_time_sigma_s: None,
            at,
            covariance_m2,
            direction: None,
            tracks: tally.tracks(),
            support: self.sensors.support(tally.sensors()),
            count: None,
            between: None,
            grounds: Grounds::default(),
        }
    }

    /// What each chart may do: surges and the scans of convergences share one budget.
    pub(super) fn sought(&self) -> Sought {
        let is_chart =
            |kind: &RuleKind| matches!(kind, RuleKind::Surge { .. } | RuleKind::Convergence { .. });
        let charts = self.rules.iter().filter(|rule| is_chart(&rule.kind)).count();
        surge::sought(charts, self.alarm_budget_per_week)
    }

    pub(super) fn see_arrivals(
        &mut self,
        now: Timestamp,
        tallies: &BTreeMap<usize, Tally>,
        out: &mut Vec<Notice>,
    ) {
        let (nobody, sought) = (Tally::default(), self.sought());
        for index in 0..self.rules.len() {
            let RuleKind::Surge { zone } = self.rules[index].kind else { continue };
            let tally = tallies.get(&index).unwrap_or(&nobody);
            // When the rule does not hold nobody counts, and nobody counted is not nobody there.
            let holds = self.terms.in_force(index, &self.rules[index], now);
            let blind = self.blind(zone).filter(|_| holds);
            let Some(change) = self.surges.second(now, index, tally.likely(), blind, sought) else {
                continue;
            };
            let subject = Subject { track: None, rule: index };
            match change {
                surge::Change::Raise(excess) => {
                    let tracks = self.surges.latest(index);
                    let finding = self.found(tally, excess.since, excess.confidence, Severity::Warning);
                    // One trust group alone never exceeds a warning.
                    let severity = self.bound(index, ladder(finding.support.groups, false));
                    self.book.open(now, subject, Finding { severity, tracks, ..finding }, out);
                    self.book.detail(subject, out, |notice| notice.excess = Some(came(&excess)));
                }
                surge::Change::Revise(excess) => {
                    let tracks = self.surges.latest(index);
                    self.book.revise(now, subject, out, |notice| {
                        (notice.confidence, notice.excess) = (excess.confidence, Some(came(&excess)));
                        notice.tracks = tracks.iter().map(ToString::to_string).collect();
                    });
                }
                surge::Change::Clear => self.book.clear(subject, out),
            }
        }
        self.surges.prepare(sought);
    }
}

fn said(outlook: Outlook) -> alert::Trend {
    alert::Trend {
        probability: rounded(outlook.probability, 1e4),
        after_s: rounded(outlook.after.as_secs_f64(), 1.0),
    }
}

fn came(excess: &Excess) -> alert::Excess {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and it saturates")]
    let arrivals = excess.arrivals as u32;
    alert::Excess {
        arrivals,
        expected_per_h: rounded(excess.expected_per_h, 1e1),
        statistic: rounded(excess.statistic, 1e3),
    }
}
