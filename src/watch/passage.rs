//! What the rules make of a crossing that no gate permits: whom a rule is about, contested crossings.
//!
//! In: a crossing with its track. Out: notices. Whether a rule applies is asked for the instant of the crossing, whenever
//! it became known. Further crossings of one track within an hour of the first, in whatever direction, belong to the same
//! alert, a *contested crossing*, and revise it with their number.

use super::applies::{Terms, evident};
use super::book::{Book, Finding, REMEMBERED, Subject, ladder};
use super::crossing::{Crossed, Side};
use super::grounds::Grounds;
use super::sensors::{Sensors, ages};
use super::unsaid::Unsaid;
use crate::fusion::TrackView;
use crate::scan::Class;
use crate::time::Timestamp;
use crate::watch::agreement::{Direction, Rule, RuleKind};
use crate::watch::alert::Notice;

/// P(class among those named) that makes a rule or a gate be about a track.
pub(super) const IS_OF_CLASS: f64 = 0.5;

/// Whether a crossing to this side is one in this direction.
pub(super) fn matches(wanted: Direction, to: Side) -> bool {
    wanted == Direction::Any || wanted == to.direction()
}

/// P(the track is of one of these classes); of none named, one.
pub(super) fn class_probability(track: &TrackView<'_>, classes: &[Class]) -> f64 {
    if classes.is_empty() {
        return 1.0;
    }
    let named = Class::ALL.iter().zip(track.class).filter(|(class, _)| classes.contains(class));
    named.map(|(_, probability)| probability).sum()
}

/// Whether a gate that names these classes is about the track.
pub(super) fn is_of(track: &TrackView<'_>, classes: &[Class]) -> bool {
    class_probability(track, classes) >= IS_OF_CLASS
}

/// A crossing with all that is known about it.
pub(super) struct Passage<'a> {
    /// Index of the line.
    pub line: usize,
    pub now: Timestamp,
    pub track: &'a TrackView<'a>,
    pub crossed: &'a Crossed,
    /// What it stands on.
    pub grounds: &'a Grounds,
}

/// What is judged by, and what waits to be said.
pub(super) struct Law<'a> {
    pub rules: &'a [Rule],
    pub terms: &'a mut Terms,
    pub unsaid: &'a mut Unsaid,
}

/// What the rules about its line say of a crossing that no gate permits.
pub(super) fn judge(
    book: &mut Book,
    sensors: &Sensors,
    law: Law<'_>,
    passage: &Passage<'_>,
    out: &mut Vec<Notice>,
) {
    let Passage { line, now, track, crossed, grounds } = *passage;
    let Law { rules, terms, unsaid } = law;
    let instant = crossed.instant;
    for (index, rule) in rules.iter().enumerate() {
        let RuleKind::Crossing { line: named, direction } = rule.kind else { continue };
        if named != line || !terms.in_force(index, rule, instant.time) {
            continue;
        }
        let subject = Subject { track: Some(track.id), rule: index };
        let contested =
            book.entry(subject).is_some_and(|entry| instant.time.since(entry.notice.event_time) < REMEMBERED);
        if contested {
            book.revise(now, subject, out, |notice| {
                notice.crossings = Some(notice.crossings.unwrap_or(1).saturating_add(1));
            });
        } else if matches(direction, crossed.to) && terms.applies(rule, instant.time, track, true).is_about()
        {
            let support = sensors.support(ages(track.sensors, track.updated));
            let confidence = crossed.probability * track.existence;
            if evident(rule, confidence, || support.groups) < confidence {
                unsaid.keep(now, subject, crossed, confidence);
                continue;
            }
            let finding = Finding {
                severity: rule.terms.severity.bound(ladder(support.groups, !grounds.blind.is_empty())),
                confidence,
                event_time: instant.time,
                event_time_sigma_s: instant.sigma_s,
                at: instant.at,
                covariance_m2: instant.covariance_m2,
                direction: Some(crossed.to.direction().as_str()),
                tracks: vec![track.id],
                support,
                count: None,
                between: crossed.between,
                grounds: grounds.clone(),
            };
            book.open(now, subject, finding, out);
        }
    }
}
