//! Crossings that happened, on less evidence than their rule asks for.
//!
//! In: crossings that were not said. Out: the same, once more trust groups stand behind their track; after a minute they
//! are dropped and counted. Staying in a place can be judged anew every second; a crossing happens once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::area::Covariance;
use super::book::{Finding, Subject, ladder};
use super::crossing::{Crossed, Side};
use super::grounds::Grounds;
use super::line::Point;
use super::sensors::Support;
use crate::fusion::{TrackId, TrackView};
use crate::time::{Span, Timestamp};
use crate::watch::agreement::Rule;

/// So long a crossing waits for evidence.
const WAITS: Span = Span::from_secs(60);
/// Crossings that wait, at most.
const CAPACITY: usize = 10_000;

/// What waits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Unsaid {
    waiting: BTreeMap<Subject, Waiting>,
    dropped: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Waiting {
    since: Timestamp,
    to: Side,
    time: Timestamp,
    sigma_s: Option<f64>,
    at: Point,
    covariance_m2: Covariance,
    confidence: f64,
    between: Option<[Timestamp; 2]>,
}

impl Unsaid {
    /// Keeps a crossing for later.
    pub(super) fn keep(&mut self, now: Timestamp, subject: Subject, crossed: &Crossed, confidence: f64) {
        if self.waiting.len() >= CAPACITY {
            self.dropped += 1;
            return;
        }
        let instant = crossed.instant;
        let waiting = Waiting {
            since: now,
            to: crossed.to,
            time: instant.time,
            sigma_s: instant.sigma_s,
            at: instant.at,
            covariance_m2: instant.covariance_m2,
            confidence,
            between: crossed.between,
        };
        self.waiting.insert(subject, waiting);
    }

    /// The rules under which something about a track waits.
    pub(super) fn about(&self, track: TrackId) -> Vec<Subject> {
        let from = Subject { track: Some(track), rule: 0 };
        let to = Subject { track: Some(track), rule: usize::MAX };
        self.waiting.range(from..=to).map(|(&subject, _)| subject).collect()
    }

    /// What can be said of one that waits, now that this stands behind its track.
    pub(super) fn take(
        &mut self,
        subject: Subject,
        rule: &Rule,
        track: &TrackView<'_>,
        support: Support,
        grounds: Grounds,
    ) -> Option<Finding> {
        let waiting = self.waiting.get(&subject)?;
        let evidence = rule.terms.evidence;
        if support.groups < evidence.min_groups || waiting.confidence < evidence.min_confidence {
            return None;
        }
        let waiting = self.waiting.remove(&subject)?;
        Some(Finding {
            severity: rule.terms.severity.bound(ladder(support.groups, !grounds.blind.is_empty())),
            confidence: waiting.confidence,
            event_time: waiting.time,
            event_time_sigma_s: waiting.sigma_s,
            at: waiting.at,
            covariance_m2: waiting.covariance_m2,
            direction: Some(waiting.to.direction().as_str()),
            tracks: vec![track.id],
            support,
            count: None,
            between: waiting.between,
            grounds,
        })
    }

    /// Drops what has waited long enough.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        let before = self.waiting.len();
        self.waiting.retain(|_, waiting| now.since(waiting.since) < WAITS);
        self.dropped += u64::try_from(before - self.waiting.len()).unwrap_or(u64::MAX);
    }

    /// Two tracks are one.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        for subject in self.about(before) {
            if let Some(waiting) = self.waiting.remove(&subject) {
                self.waiting.insert(Subject { track: Some(heir), ..subject }, waiting);
            }
        }
    }

    /// Everything of another, under the rules' new places.
    pub(super) fn take_over(&mut self, other: &Self, moved: impl Fn(Subject) -> Option<Subject>) {
        let kept = other.waiting.iter().filter_map(|(subject, waiting)| Some((moved(*subject)?, *waiting)));
        self.waiting.extend(kept);
        self.dropped = other.dropped;
    }

    /// Crossings that were never said for want of evidence.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}
