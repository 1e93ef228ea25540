//! What persons do to alerts: acknowledge, shelve, unshelve, review.
//!
//! In: an act, in the log's order. Out: the next revision of its alert, or why not. An act that says what is so already
//! changes nothing and is no error: whoever is not sure whether it was heard may say it again.

use std::sync::Arc;

use super::{Book, Entry};
use crate::time::{Span, Timestamp};
use crate::watch::alert::{Notice, Severity};
use crate::watch::life::{Acknowledged, Act, Deed, Done, Refusal, Review, Shelved, Verdict};

/// Nothing is silent for longer at a time.
const SHELVED_FOR: Span = Span::from_secs(24 * 3600);

impl Book {
    /// Does to an alert what somebody wants done.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::watch) fn act(
        &mut self,
        now: Timestamp,
        act: &Act,
        out: &mut Vec<Notice>,
    ) -> Result<Done, Refusal> {
        let found = self.alerts.get_mut(&act.alert).or_else(|| self.past.get_mut(&act.alert));
        let (_, entry) = found.ok_or(Refusal::Unknown)?;
        let done = match &act.deed {
            Deed::Acknowledge => Ok(entry.acknowledge(now, &act.actor)),
            Deed::Shelve { reason, until } => entry.shelve(now, &act.actor, reason, *until),
            Deed::Unshelve => Ok(entry.unshelve(now)),
            Deed::Review { verdict, cause, document } => {
                Ok(entry.review(now, &act.actor, *verdict, [cause.as_ref(), document.as_ref()]))
            }
        }?;
        if done != Done::Already {
            entry.say_again(out);
        }
        Ok(done)
    }
}

impl Entry {
    fn acknowledge(&mut self, now: Timestamp, by: &Arc<str>) -> Done {
        let life = &mut self.notice.life;
        if life.acknowledged.is_some() {
            return Done::Already;
        }
        life.acknowledged = Some(Acknowledged { by: Arc::clone(by), at: now });
        Done::Changed { after: Some(now.since(self.notice.raised_at)) }
    }

    fn shelve(
        &mut self,
        now: Timestamp,
        by: &Arc<str>,
        reason: &Arc<str>,
        until: Timestamp,
    ) -> Result<Done, Refusal> {
        let refuse = |why| Err(Refusal::Impossible(why));
        if !self.is_open() {
            return refuse("the alert is over: there is nothing to be silent about");
        }
        if self.notice.severity == Severity::Urgent {
            return refuse("an urgent alert is never shelved");
        }
        if until <= now {
            return refuse("`until` is past");
        }
        if until.since(now) > SHELVED_FOR {
            return refuse("`until` is more than a day away: shelve it again tomorrow");
        }
        let shelved = Some(Shelved { by: Arc::clone(by), reason: Arc::clone(reason), until });
        if self.notice.life.shelved == shelved {
            return Ok(Done::Already);
        }
        self.notice.life.shelved = shelved;
        Ok(Done::Changed { after: None })
    }

    fn unshelve(&mut self, now: Timestamp) -> Done {
        if self.notice.life.shelved.take().is_none() {
            return Done::Already;
        }
        self.waits_since = now;
        Done::Changed { after: None }
    }

    fn review(
        &mut self,
        now: Timestamp,
        by: &Arc<str>,
        verdict: Verdict,
        [cause, document]: [Option<&Arc<str>>; 2],
    ) -> Done {
        let said = |review: &Review| {
            (&review.by, review.verdict, review.cause.as_ref(), review.document.as_ref())
                == (by, verdict, cause, document)
        };
        if self.notice.life.review.as_ref().is_some_and(said) {
            return Done::Already;
        }
        let (cause, document) = (cause.cloned(), document.cloned());
        self.notice.life.review = Some(Review { by: Arc::clone(by), at: now, verdict, cause, document });
        Done::Changed { after: None }
    }
}
