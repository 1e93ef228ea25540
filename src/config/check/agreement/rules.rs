//! What each kind of rule reads of its table, and its defaults.

use super::{Lists, id, ids, missing, text};
use crate::config::error::{Report, join};
use crate::config::raw::leaf::{Word, Words};
use crate::config::raw::rule::{Rule as Raw, RuleWord};
use crate::time::Span;
use crate::watch::agreement::{Direction, Exemption, Rule, RuleKind};

/// How far an approach rule looks ahead unless it says, seconds.
const HORIZONS_S: [i64; 3] = [60, 300, 900];
/// P(crosses) that such a rule finds worth saying unless it says.
const THRESHOLD: f64 = 0.5;
/// How long that must hold unless it says.
const APPROACH_HOLD: Span = Span::from_secs(10);
/// How long a zone must be unwatched unless its rule says.
const BLIND_HOLD: Span = Span::from_secs(60);
/// Less of a zone watched is too little unless its rule says.
const BLIND_BELOW: f64 = 0.5;
/// An absence that does not begin a stay anew unless its rule says.
const LEAVE: Span = Span::from_secs(300);
/// How many make a gathering, and within how many metres, unless its rule says.
const GATHERING: (u32, f64) = (5, 500.0);
/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

impl Lists<'_> {
    pub(super) fn rule(
        &self,
        index: usize,
        exemptions: &[Option<Exemption>],
        report: &mut Report,
    ) -> Option<Rule> {
        let (rule, at) = (&self.rules[index], format!("rules[{index}]"));
        let word = rule.kind?.0;
        refuse_meaningless(rule, word, &at, report);
        let kind = self.kind(rule, word, &at, report);
        let terms = self.terms(rule, &at, report);
        let who = self.named(rule.classes.as_deref(), &join(&at, "classes"), report);
        let (kind, mut terms, who) = (kind?, terms?, who?);
        terms.nodes = who.nodes;
        terms.exemptions = concerning(index, &kind, exemptions);
        Some(Rule {
            id: id(rule.id.as_ref()?),
            clause: rule.clause.as_ref().map(text),
            classes: who.classes,
            kind,
            terms,
        })
    }

    fn kind(&self, rule: &Raw, word: RuleWord, at: &str, report: &mut Report) -> Option<RuleKind> {
        let direction = rule.direction.map_or(Direction::Any, |Word(direction)| direction);
        Some(match word {
            RuleWord::Crossing => RuleKind::Crossing { line: self.named_line(rule, at, report)?, direction },
            RuleWord::Approach => self.approach(rule, direction, at, report)?,
            RuleWord::Presence => RuleKind::Presence { zone: self.named_zone(rule, at, report)? },
            RuleWord::Loiter => self.loiter(rule, at, report)?,
            RuleWord::Ceiling => {
                let zone = self.named_zone(rule, at, report);
                if rule.limit.is_none() {
                    missing(at, "limit", "the most that may be in the zone at once", report);
                }
                let horizon = rule.horizon_s.map(|horizon| Span::from_secs_f64(horizon.0));
                RuleKind::Ceiling { zone: zone?, limit: rule.limit?.0, horizon }
            }
            RuleWord::Surge => RuleKind::Surge { zone: self.named_zone(rule, at, report)? },
            RuleWord::Convergence => self.convergence(rule, at, report)?,
            RuleWord::Blind => RuleKind::Blind {
                zone: self.named_zone(rule, at, report)?,
                below: rule.below.map_or(BLIND_BELOW, |below| below.0),
                hold: rule.hold_s.map_or(BLIND_HOLD, |hold| Span::from_secs_f64(hold.0)),
            },
            RuleWord::Integrity => {
                RuleKind::Integrity { sensors: rule.sensors.iter().flatten().map(id).collect() }
            }
        })
    }

    fn approach(&self, rule: &Raw, direction: Direction, at: &str, report: &mut Report) -> Option<RuleKind> {
        let line = self.named_line(rule, at, report);
        let mut horizons: Vec<Span> = match &rule.horizons_s {
            Some(written) => written.iter().map(|horizon| Span::from_secs_f64(horizon.0)).collect(),
            None => HORIZONS_S.map(Span::from_secs).to_vec(),
        };
        horizons.sort_unstable();
        horizons.dedup();
        if horizons.is_empty() {
            report.refuse(&join(at, "horizons_s"), "at least one horizon, in seconds");
            return None;
        }
        Some(RuleKind::Approach {
            line: line?,
            direction,
            horizons,
            threshold: rule.threshold.map_or(THRESHOLD, |threshold| threshold.0),
            hold: rule.hold_s.map_or(APPROACH_HOLD, |hold| Span::from_secs_f64(hold.0)),
        })
    }

    fn loiter(&self, rule: &Raw, at: &str, report: &mut Report) -> Option<RuleKind> {
        let zone = self.named_zone(rule, at, report);
        let longer_than_s = match (rule.longer_than_s, rule.longer_than_days) {
            (Some(seconds), None) => seconds.0,
            (None, Some(days)) => days.0 * DAY_S,
            (None, None) => {
                missing(at, "longer_than_s", "how long is allowed: this key or `longer_than_days`", report);
                return None;
            }
            (Some(_), Some(_)) => {
                report.refuse(&join(at, "longer_than_days"), "either this key or `longer_than_s`, not both");
                return None;
            }
        };
        Some(RuleKind::Loiter {
            zone: zone?,
            longer_than: Span::from_secs_f64(longer_than_s),
            leave: rule.leave_s.map_or(LEAVE, |leave| Span::from_secs_f64(leave.0)),
        })
    }

    fn convergence(&self, rule: &Raw, at: &str, report: &mut Report) -> Option<RuleKind> {
        let named = (rule.line.is_some(), rule.zone.is_some());
        let line = named.0.then(|| self.named_line(rule, at, report));
        let zone = named.1.then(|| self.named_zone(rule, at, report));
        Some(RuleKind::Convergence {
            line: line.map_or(Some(None), |found| found.map(Some))?,
            zone: zone.map_or(Some(None), |found| found.map(Some))?,
            min_number: rule.min_number.map_or(GATHERING.0, |number| number.0),
            radius_m: rule.radius_m.map_or(GATHERING.1, |radius| radius.0),
        })
    }

    fn named_line(&self, rule: &Raw, at: &str, report: &mut Report) -> Option<usize> {
        let at = join(at, "line");
        let Some(id) = &rule.line else {
            report.refuse(&at, format!("the line it is about: {}", ids(self.line_ids())));
            return None;
        };
        self.line(id, &at, report)
    }

    fn named_zone(&self, rule: &Raw, at: &str, report: &mut Report) -> Option<usize> {
        self.zone(rule.zone.as_ref(), &join(at, "zone"), report)
    }
}

/// The exemptions that name this rule, its line or its zone.
fn concerning(rule: usize, kind: &RuleKind, exemptions: &[Option<Exemption>]) -> Vec<usize> {
    let concerns = |exemption: &Exemption| {
        exemption.rules.contains(&rule)
            || kind.line().is_some_and(|line| exemption.lines.contains(&line))
            || kind.zone().is_some_and(|zone| exemption.zones.contains(&zone))
    };
    let known = exemptions.iter().enumerate().filter_map(|(index, one)| Some((index, one.as_ref()?)));
    known.filter(|(_, exemption)| concerns(exemption)).map(|(index, _)| index).collect()
}

/// A key that a rule of this kind does not read would be believed to do something.
fn refuse_meaningless(rule: &Raw, word: RuleWord, at: &str, report: &mut Report) {
    use RuleWord::{Approach, Blind, Ceiling, Convergence, Crossing, Integrity, Loiter, Presence, Surge};
    let given: [(&str, bool, &[RuleWord]); 15] = [
        ("line", rule.line.is_some(), &[Crossing, Approach, Convergence]),
        ("direction", rule.direction.is_some(), &[Crossing, Approach]),
        ("zone", rule.zone.is_some(), &[Presence, Loiter, Ceiling, Surge, Convergence, Blind]),
        ("limit", rule.limit.is_some(), &[Ceiling]),
        ("horizon_s", rule.horizon_s.is_some(), &[Ceiling]),
        ("horizons_s", rule.horizons_s.is_some(), &[Approach]),
        ("threshold", rule.threshold.is_some(), &[Approach]),
        ("hold_s", rule.hold_s.is_some(), &[Approach, Blind]),
        ("longer_than_s", rule.longer_than_s.is_some(), &[Loiter]),
        ("longer_than_days", rule.longer_than_days.is_some(), &[Loiter]),
        ("leave_s", rule.leave_s.is_some(), &[Loiter]),
        ("min_number", rule.min_number.is_some(), &[Convergence]),
        ("radius_m", rule.radius_m.is_some(), &[Convergence]),
        ("below", rule.below.is_some(), &[Blind]),
        ("sensors", rule.sensors.is_some(), &[Integrity]),
    ];
    for (key, is_given, read_by) in given {
        if is_given && !read_by.contains(&word) {
            report.refuse(&join(at, key), format!("no `{key}` in a {} rule", word.word()));
        }
    }
    // What is watched, not who is there.
    if matches!(word, Blind | Integrity) {
        for (key, is_given) in
            [("classes", rule.classes.is_some()), ("unknown_class", rule.unknown_class.is_some())]
        {
            if is_given {
                report.refuse(&join(at, key), format!("no `{key}` in a {} rule", word.word()));
            }
        }
    }
}
