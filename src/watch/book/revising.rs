//! What is said anew of an alert: only what is material, one revision each.
//!
//! In: what a rule knows now. Out: the next revision, or nothing. Knows how severity is given out.

use super::{
    Book, Entry, FIRST_OBSERVED_BEYOND, Finding, Subject, material, position, rounded, rounded_count,
};
use crate::fusion::TrackId;
use crate::time::Timestamp;
use crate::watch::alert::{Notice, Severity, State};
use crate::watch::instant::Instant;
use crate::watch::sensors::Support;

/// Tracks named in an alert about one thing.
const MOST_NAMED: usize = 16;

/// One trust group alone never exceeds a warning; two make an alert; what is an alert is urgent beside a blinded sensor.
pub(in crate::watch) fn ladder(trust_groups: u32, is_beside_blind: bool) -> Severity {
    match (trust_groups >= 2, is_beside_blind) {
        (false, _) => Severity::Warning,
        (true, false) => Severity::Alert,
        (true, true) => Severity::Urgent,
    }
}

impl Book {
    /// Says something new about the latest alert of a subject, open or remembered, where it is material; one that was
    /// over is open again.
    pub(in crate::watch) fn revise(
        &mut self,
        now: Timestamp,
        subject: Subject,
        out: &mut Vec<Notice>,
        change: impl FnOnce(&mut Notice),
    ) {
        let Some(id) = self.subjects.get(&subject).cloned() else { return };
        let Some((_, entry)) = self.alerts.get(&id) else { return };
        let mut notice = entry.notice.clone();
        change(&mut notice);
        let heading = self.headings.get(subject.rule);
        let bounds = heading.map(|heading| heading.bounds).unwrap_or_default();
        notice.severity = bounds.bound(notice.severity);
        notice.confidence = rounded(notice.confidence, 1e4);
        notice.count = notice.count.map(rounded_count);
        if entry.is_open() && !material::is_material(&entry.notice, &notice) {
            return;
        }
        if let (Some(measured), Some(received)) = self.times(named(&notice)) {
            (notice.measured_at, notice.received_at) = (Some(measured), Some(received));
        }
        let rung = if notice.severity > entry.notice.severity { notice.severity } else { entry.rung };
        if rung > entry.rung && self.incidents.is_completed_by(&id, rung) {
            notice.severity = bounds.bound(Severity::Urgent);
        }
        let addressed = heading.and_then(|heading| heading.addressed(0));
        let Some((_, entry)) = self.alerts.get_mut(&id) else { return };
        let is_news = !entry.is_open() || notice.severity > entry.notice.severity.max(Severity::Alert);
        (entry.notice, entry.rung) = (notice, rung);
        let life = &mut entry.notice.life;
        if is_news {
            // It happens again, or is urgent now: whoever has seen it has not seen that.
            (life.acknowledged, life.escalation) = (None, addressed);
            entry.waits_since = now;
        }
        if entry.notice.severity == Severity::Urgent
            || life.shelved.as_ref().is_some_and(|shelved| shelved.until <= now)
        {
            life.shelved = None;
        }
        (entry.latest, entry.gone) = (now, None);
        entry.say(State::Updated, out);
    }

    /// The same, where it was seen better and did not happen again.
    fn refine(
        &mut self,
        now: Timestamp,
        subject: Subject,
        out: &mut Vec<Notice>,
        change: impl FnOnce(&mut Notice),
    ) {
        let Some(latest) = self.entry(subject).filter(|entry| entry.is_open()).map(|entry| entry.latest)
        else {
            return;
        };
        self.revise(now, subject, out, change);
        if let Some(entry) = self.entry_mut(subject) {
            entry.latest = latest;
        }
    }

    /// Raises severity when more trust groups stand behind an open alert than before.
    pub(in crate::watch) fn corroborate(
        &mut self,
        now: Timestamp,
        subject: Subject,
        support: Support,
        out: &mut Vec<Notice>,
    ) {
        let bounds = self.headings.get(subject.rule).map(|heading| heading.bounds).unwrap_or_default();
        let beside = self.entry(subject).is_some_and(|entry| !entry.notice.grounds.blind.is_empty());
        let severity = bounds.bound(ladder(support.groups, beside));
        // What was only first observed beyond a line stays advisory, whoever sees it since.
        let rises =
            |entry: &Entry| entry.notice.kind != FIRST_OBSERVED_BEYOND && severity > entry.notice.severity;
        if self.entry(subject).is_some_and(rises) {
            self.refine(now, subject, out, |notice| {
                notice.severity = severity;
                notice.sensors = support.sensors;
                notice.trust_groups = support.groups;
            });
        }
    }

    /// Says a crossing's instant and place anew, where another look at the path has moved them materially.
    pub(in crate::watch) fn restate(
        &mut self,
        now: Timestamp,
        subject: Subject,
        instant: &Instant,
        out: &mut Vec<Notice>,
    ) {
        let Some(entry) = self.entry(subject) else { return };
        if !material::is_another_time(&entry.notice, instant.time) {
            return;
        }
        let position = position(&self.frame, instant.at, instant.covariance_m2);
        self.refine(now, subject, out, |notice| {
            notice.event_time = instant.time;
            notice.event_time_sigma_s = instant.sigma_s.map(|sigma_s| rounded(sigma_s, 1e3));
            notice.position = position;
        });
    }

    /// Whether the latest alert of a subject is over because its track was gone.
    pub(in crate::watch) fn is_interrupted(&self, subject: Subject) -> bool {
        self.entry(subject).is_some_and(|entry| !entry.is_open() && entry.gone.is_some())
    }

    /// What was interrupted goes on: the same alert, with what is known of it now.
    pub(in crate::watch) fn resume(
        &mut self,
        now: Timestamp,
        subject: Subject,
        finding: Finding,
        out: &mut Vec<Notice>,
    ) {
        self.revise(now, subject, out, |notice| {
            notice.confidence = finding.confidence;
            notice.severity = notice.severity.max(finding.severity);
            notice.grounds = finding.grounds;
            (notice.sensors, notice.trust_groups) = (finding.support.sensors, finding.support.groups);
        });
    }

    /// Everything about one track is about `heir` from now on; of two open alerts of one rule the later is cleared.
    /// The rules of which an alert about `heir` is open now.
    pub(in crate::watch) fn follow(
        &mut self,
        before: TrackId,
        heir: TrackId,
        out: &mut Vec<Notice>,
    ) -> Vec<usize> {
        let from = Subject { track: Some(before), rule: 0 };
        let to = Subject { track: Some(before), rule: usize::MAX };
        let subjects: Vec<Subject> = self.subjects.range(from..=to).map(|(&subject, _)| subject).collect();
        for subject in subjects {
            let successor = Subject { track: Some(heir), ..subject };
            let standing = |entry: &Entry| (entry.is_open(), std::cmp::Reverse(entry.notice.raised_at));
            if self.entry(successor).map(standing) > self.entry(subject).map(standing) {
                self.clear(subject, out);
                self.subjects.remove(&subject);
                continue;
            }
            self.clear(successor, out);
            let Some(id) = self.subjects.remove(&subject) else { continue };
            if let Some((of, entry)) = self.alerts.get_mut(&id) {
                *of = successor;
                name(&mut entry.notice.tracks, heir);
                if entry.is_open() {
                    entry.gone = None;
                    entry.say(State::Updated, out);
                }
            }
            self.subjects.insert(successor, id);
        }
        self.about(heir).map(|subject| subject.rule).collect()
    }
}

/// Adds a track to those named, ascending; of too many the oldest is left out.
fn name(tracks: &mut Vec<String>, track: TrackId) {
    let number = |name: &String| name.parse::<u64>().unwrap_or(u64::MAX);
    if let Err(at) = tracks.binary_search_by_key(&track.0, number) {
        tracks.insert(at, track.to_string());
    }
    if tracks.len() > MOST_NAMED {
        tracks.remove(0);
    }
}

/// The tracks that a notice names.
fn named(notice: &Notice) -> impl Iterator<Item = TrackId> + '_ {
    notice.tracks.iter().filter_map(|name| name.parse().ok()).map(TrackId)
}
