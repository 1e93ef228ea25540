//! What the rules make of a crossing: authorised gates, whom a rule is about, contested crossings.
//!
//! A crossing inside a gate's disc, in its direction, by something that is of the gate's classes with P ≥ 0.5, is a
//! transit: counted, not alerted. A gate without classes lets everything pass; a gate with classes does not open for
//! what is not known: a uniform class gives `vehicle` 3/8. Further crossings of one track within an hour of the first,
//! in whatever direction, belong to the same alert, a *contested crossing*, and revise it with their number.

use super::book::{Book, Finding, REMEMBERED, Subject, ladder};
use super::crossing::{Crossed, Side};
use super::grounds::Grounds;
use super::line::Point;
use super::sensors::{Sensors, ages};
use crate::fusion::TrackView;
use crate::geo::LocalFrame;
use crate::scan::Class;
use crate::time::Timestamp;
use crate::watch::agreement::{Direction, Gate, Rule, RuleKind};
use crate::watch::alert::Notice;

/// P(class among those named) that makes a rule or a gate be about a track.
const IS_OF_CLASS: f64 = 0.5;

/// A gate in the tangent plane.
#[derive(Clone, Debug)]
pub(super) struct GateDisc {
    line: usize,
    center: Point,
    radius_m: f64,
    classes: Vec<Class>,
    direction: Direction,
}

impl GateDisc {
    pub(super) fn new(frame: &LocalFrame, gate: &Gate) -> Self {
        let center = frame.to_enu(gate.center);
        Self {
            line: gate.line,
            center: [center.east_m, center.north_m],
            radius_m: gate.radius_m,
            classes: gate.classes.clone(),
            direction: gate.direction,
        }
    }

    /// Whether this crossing is by leave.
    pub(super) fn permits(&self, passage: &Passage<'_>) -> bool {
        let Passage { line, track, crossed, .. } = *passage;
        let at = crossed.instant.at;
        let (east, north) = (at[0] - self.center[0], at[1] - self.center[1]);
        self.line == line
            && east * east + north * north <= self.radius_m * self.radius_m
            && matches(self.direction, crossed.to)
            && is_of(track, &self.classes)
    }
}

/// Whether a crossing to this side is one in the direction that is meant.
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

/// Whether a rule or a gate that names these classes is about the track.
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

/// What the rules about its line say of a crossing that no gate permits.
pub(super) fn judge(
    book: &mut Book,
    sensors: &Sensors,
    rules: &[Rule],
    passage: &Passage<'_>,
    out: &mut Vec<Notice>,
) {
    let Passage { line, now, track, crossed, grounds } = *passage;
    let instant = crossed.instant;
    for (index, rule) in rules.iter().enumerate() {
        let RuleKind::Crossing { line: named, direction } = rule.kind else { continue };
        if named != line {
            continue;
        }
        let subject = Subject { track: Some(track.id), rule: index };
        let contested =
            book.entry(subject).is_some_and(|entry| instant.time.since(entry.notice.event_time) < REMEMBERED);
        if contested {
            book.revise(now, subject, out, |notice| {
                notice.crossings = Some(notice.crossings.unwrap_or(1).saturating_add(1));
            });
        } else if matches(direction, crossed.to) && is_of(track, &rule.classes) {
            let support = sensors.support(ages(track.sensors, track.updated));
            let finding = Finding {
                severity: ladder(support.groups, !grounds.blind.is_empty()),
                confidence: crossed.probability * track.existence,
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
