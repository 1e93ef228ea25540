//! What the passing of time does to alerts: shelved ones return, those that nobody acknowledges go on to the next
//! recipients, what is over is forgotten; and the times every notice says.

use serde::{Deserialize, Serialize};

use super::{Book, Entry, Heading, PAST_CAPACITY, REMEMBERED, REVIEWED_FOR};
use crate::fusion::TrackId;
use crate::time::Timestamp;
use crate::watch::alert::Notice;

/// When a track was last measured, and when that was received.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Heard {
    measured: Timestamp,
    received: Timestamp,
}

impl Book {
    /// A track has been measured; what was measured before what is known already changes nothing.
    pub(in crate::watch) fn hear(&mut self, received: Timestamp, track: TrackId, measured: Timestamp) {
        let heard = self.heard.entry(track).or_insert(Heard { measured, received });
        if measured > heard.measured {
            *heard = Heard { measured, received };
        }
    }

    /// The latest measurement of these tracks, and when it was received.
    pub(super) fn times(
        &self,
        tracks: impl Iterator<Item = TrackId>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let heard = tracks.filter_map(|track| self.heard.get(&track));
        heard.max_by_key(|heard| (heard.measured, heard.received)).map(|h| (h.measured, h.received)).unzip()
    }

    /// Notes that a track is gone, on every alert about it.
    pub(in crate::watch) fn track_gone(&mut self, now: Timestamp, track: TrackId) {
        self.heard.remove(&track);
        let subjects: Vec<_> = self.about(track).collect();
        for subject in subjects {
            if let Some(entry) = self.entry_mut(subject) {
                entry.gone = Some(now);
            }
        }
    }

    /// A whole second has passed: what was shelved returns, what nobody acknowledged goes on.
    pub(in crate::watch) fn attend(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        for (subject, entry) in self.alerts.values_mut().filter(|(_, entry)| entry.is_open()) {
            let returns = entry.notice.life.shelved.as_ref().is_some_and(|shelved| shelved.until <= now);
            if returns {
                entry.notice.life.shelved = None;
                entry.waits_since = now;
            }
            let heading = self.headings.get(subject.rule);
            let goes_on = heading.is_some_and(|heading| entry.goes_on(now, heading));
            if returns || goes_on {
                entry.say_again(out);
            }
        }
    }

    /// Forgets what is over and long past; it can be reviewed for some days more.
    pub(in crate::watch) fn forget_old(&mut self, now: Timestamp) {
        let (subjects, past) = (&mut self.subjects, &mut self.past);
        self.alerts.retain(|id, (subject, entry)| {
            let keep = entry.is_open() || now.since(entry.notice.event_time) < REMEMBERED;
            if !keep {
                if subjects.get(subject) == Some(id) {
                    subjects.remove(subject);
                }
                past.insert(id.clone(), (*subject, entry.clone()));
            }
            keep
        });
        if now.floor_secs() % 60 == 0 {
            self.past.retain(|_, (_, entry)| now.since(entry.notice.event_time) < REVIEWED_FOR);
            self.incidents.forget_old(now);
        }
        while self.past.len() > PAST_CAPACITY {
            let oldest = self.past.iter().min_by_key(|(_, (_, entry))| entry.notice.event_time);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { return };
            self.past.remove(&oldest);
        }
    }
}

impl Entry {
    /// Goes on to the next recipients where those of its level have had their time; whether it did.
    fn goes_on(&mut self, now: Timestamp, heading: &Heading) -> bool {
        let Self { notice, waits_since, .. } = self;
        let life = &mut notice.life;
        let Some(after) = heading.escalate_after else { return false };
        if life.acknowledged.is_some() || life.shelved.is_some() || now.since(*waits_since) < after {
            return false;
        }
        let level = life.escalation.as_ref().map_or(0, |escalation| escalation.level);
        let Some(next) = heading.addressed(level.saturating_add(1)) else { return false };
        life.escalation = Some(next);
        *waits_since = now;
        true
    }
}
