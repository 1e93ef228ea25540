//! Who is inside zones and bands: presence, loiter, and what ceilings count.
//!
//! In: once a second, each confirmed track. Out: notices, and tallies for the ceilings. Whether a rule applies is `applies`'
//! to say, how a stay goes on `presence`'s and `loiter`'s.

use std::collections::BTreeMap;

use super::applies::{Applies, evident};
use super::book::{Finding, Subject, ladder};
use super::ceiling::Tally;
use super::crossing::plan;
use super::passage::IS_OF_CLASS;
use super::sensors::ages;
use super::{Watch, area, presence};
use crate::fusion::{Paths, TrackView};
use crate::time::Timestamp;
use crate::watch::agreement::RuleKind;
use crate::watch::alert::Notice;

/// Zones farther than this (and six sigma) from a track do not concern it, metres.
const ZONE_REACH_M: f64 = 1000.0;

/// Where somebody is inside a zone, how surely, and since when that is said of.
struct Inside {
    at: [f64; 2],
    covariance: area::Covariance,
    confidence: f64,
    event_time: Timestamp,
}

impl Watch {
    pub(super) fn look_into_zones(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        tallies: &mut BTreeMap<usize, Tally>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let at = [track.estimate.mean[0], track.estimate.mean[1]];
        let own = plan(&track.estimate.covariance);
        let reach_m = ZONE_REACH_M + 6.0 * (own[0] + own[2]).max(0.0).sqrt();
        for index in 0..self.rules.len() {
            let rule = &self.rules[index];
            let (RuleKind::Presence { zone }
            | RuleKind::Loiter { zone, .. }
            | RuleKind::Ceiling { zone, .. }
            | RuleKind::Surge { zone }) = rule.kind
            else {
                continue;
            };
            let Some(area) = self.zones.get(zone) else { continue };
            let subject = Subject { track: Some(track.id), rule: index };
            let near = area.near(at, reach_m) && self.terms.in_force(index, rule, now);
            // The allowance for lasting errors keeps one from being accused who stands beside the edge. Of a number as many
            // are counted in as out by such an error, and with the allowance P(count) was too unsure of itself.
            let counts = matches!(rule.kind, RuleKind::Ceiling { .. } | RuleKind::Surge { .. });
            let covariance = if near && !counts { area::plus(own, self.sensors.bias(track)) } else { own };
            let inside = if near { area.inside(at, covariance, track.altitude_m) } else { 0.0 };
            let existing = inside * track.existence;
            let applies = if existing > 0.0 {
                self.terms.applies(rule, now, track, existing >= IS_OF_CLASS)
            } else {
                Applies::No
            };
            if counts {
                let counted = existing * applies.probability();
                tallies.entry(index).or_default().add(track.id, counted, at, ages(track.sensors, now));
                continue;
            }
            let groups = || self.sensors.support(ages(track.sensors, now)).groups;
            let existing = if applies.is_about() { evident(rule, existing, groups) } else { 0.0 };
            let change = match rule.kind {
                RuleKind::Loiter { longer_than, leave, .. } => {
                    self.loiter.observe(now, subject, existing, [longer_than, leave])
                }
                _ => self.presence.observe(now, subject, existing),
            };
            match change {
                Some(presence::Change::Raise(event_time)) => {
                    let found = Inside { at, covariance, confidence: existing, event_time };
                    self.found_inside(now, subject, track, found, paths, out);
                }
                Some(presence::Change::Clear) => self.book.clear(subject, out),
                None => {}
            }
        }
    }

    /// Somebody is where, or for longer than, nobody may be.
    fn found_inside(
        &mut self,
        now: Timestamp,
        subject: Subject,
        track: &TrackView<'_>,
        found: Inside,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let support = self.sensors.support(ages(track.sensors, now));
        let grounds = self.grounds(now, track, &support, None, paths);
        let rung = ladder(support.groups, !grounds.blind.is_empty());
        let finding = Finding {
            severity: self.rules[subject.rule].terms.severity.bound(rung),
            confidence: found.confidence,
            event_time: found.event_time,
            event_time_sigma_s: None,
            at: found.at,
            covariance_m2: found.covariance,
            direction: None,
            tracks: vec![track.id],
            support,
            count: None,
            between: None,
            grounds,
        };
        if self.book.is_interrupted(subject) {
            self.book.resume(now, subject, finding, out);
        } else {
            self.book.open(now, subject, finding, out);
        }
    }
}
