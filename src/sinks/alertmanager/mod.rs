//! Alertmanager v2: what stands is told, and told again until it no longer does, because Alertmanager forgets.
//!
//! In: what the sink is owed and which alerts stand. Out: POSTs of batches to `/api/v2/alerts`. A notice is delivered
//! when a POST that contained its state got a 2xx. An open alert ends on its own some time after we fall silent; a
//! cleared one is repeated for a quarter of an hour, so that an Alertmanager that was away learns it.

mod form;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use form::Form;

use super::DeliveryError;
use super::drive::{Utc, deliver};
use super::insist::Timing;
use super::plan::{FAILURES_TO_PART, Next, Now, Parcel, Plan};
use super::real::RealFarEnd;
use super::seed;
use crate::backoff::Backoff;
use crate::outbox::{Owed, Queue, Standing};
use crate::time::{Span, Timestamp};

/// Most alerts in one POST.
const BATCH: usize = 200;
/// Most owed notices looked at for one POST, beside those refused.
const MOST_SEEN: usize = 4 * BATCH;
const API: &str = "/api/v2/alerts";

/// Where, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Alertmanager's address, without the API's path.
    pub url: String,
    /// How often everything that stands is told again.
    pub resend: Duration,
}

/// Delivers until the outbox is closed and nothing is owed.
///
/// # Errors
/// [`DeliveryError::Permanent`] if the URL is none; then nothing has been started.
pub fn courier(settings: &Settings, sector: &str, utc: Utc) -> Result<Courier, DeliveryError> {
    let timing = Timing::default();
    let to = RealFarEnd::post(&format!("{}{API}", settings.url.trim_end_matches('/')), timing.attempt)?;
    Ok(Courier { to, plan: Telling::new(settings.resend, sector, timing, seed()), utc })
}

/// A courier to one Alertmanager.
pub struct Courier {
    to: RealFarEnd,
    plan: Telling,
    utc: Utc,
}

impl Courier {
    /// Delivers until the outbox is closed and nothing is owed.
    pub async fn run(self, queue: &Queue) {
        deliver(self.plan, self.to, queue, self.utc).await;
    }
}

/// The plan.
#[derive(Debug)]
pub struct Telling {
    form: Form,
    resend: Duration,
    timing: Timing,
    backoff: Backoff,
    sent: Option<Sent>,
    /// The round that tells everything again: from after this alert on.
    round: Option<Round>,
    next_round: Duration,
    /// Alerts that Alertmanager will not have, and when each is offered again.
    refused: BTreeMap<u64, Duration>,
    /// A batch was refused: so many sendings bring one alert each, to find out which it was.
    singly: usize,
    beat: Option<u64>,
    first_beat: Option<Timestamp>,
    wait_until: Duration,
    draining: bool,
}

#[derive(Clone, Debug, Default)]
struct Round {
    after: Option<String>,
}

/// What the parcel under way holds.
#[derive(Debug)]
struct Sent {
    owed: Vec<u64>,
    /// Alerts of the round it holds, and where the round goes on.
    round: Option<Round>,
    alerts: usize,
    beat: Option<u64>,
}

impl Telling {
    /// A plan that has not told anything yet; its waits are a function of `seed`.
    #[must_use]
    pub fn new(resend: Duration, sector: &str, timing: Timing, seed: u64) -> Self {
        Self {
            form: Form::new(sector, resend),
            resend,
            timing,
            backoff: Backoff::seeded(timing.base, timing.cap, seed),
            sent: None,
            round: None,
            next_round: Duration::ZERO,
            refused: BTreeMap::new(),
            singly: 0,
            beat: None,
            first_beat: None,
            wait_until: Duration::ZERO,
            draining: false,
        }
    }

    /// What is owed, oldest first, one state of each alert: a later one is told once the earlier has arrived, so that
    /// an alert that is already over has been seen to fire.
    fn owed(&self, now: Now, queue: &Queue, most: usize) -> Vec<Owed> {
        let (mut batch, mut alerts, mut after, mut seen) = (Vec::new(), BTreeSet::new(), None, 0);
        while let Some(owed) = queue.next_after(after).filter(|_| batch.len() < most) {
            after = Some(owed.sequence);
            let is_due = self.refused.get(&owed.sequence).is_none_or(|at| *at <= now.elapsed);
            // One that is refused holds up the later states of its alert, and of no other.
            if alerts.insert(owed.alert.clone()) && is_due {
                batch.push(owed);
            }
            seen += 1;
            if seen >= MOST_SEEN + self.refused.len() {
                break;
            }
        }
        batch
    }

    /// The next alerts of the round that tells everything again.
    fn again(&self, round: &Round, queue: &Queue, most: usize) -> (Vec<Standing>, Option<Round>) {
        let (mut batch, mut after) = (Vec::new(), round.after.clone());
        while batch.len() < most {
            let Some(standing) = queue.standing_after(after.as_deref()) else { return (batch, None) };
            after = Some(standing.alert.to_string());
            // What is still owed goes by what is owed: its state must not overtake an earlier one.
            if queue.get(standing.sequence).is_none() {
                batch.push(standing);
            }
        }
        (batch, Some(Round { after }))
    }

    fn parcel(&mut self, alerts: Vec<serde_json::Value>, sent: Sent) -> Next {
        self.sent = Some(sent);
        let body = serde_json::Value::Array(alerts).to_string().into();
        Next::Send(Parcel {
            name: None,
            content_type: "application/json",
            body,
            patience: self.timing.attempt,
        })
    }

    fn send_owed(&mut self, now: Now, queue: &Queue) -> Option<Next> {
        let most = if self.singly > 0 { 1 } else { BATCH };
        let batch = self.owed(now, queue, most);
        if batch.is_empty() {
            return None;
        }
        let alerts = batch.iter().map(|owed| self.form.owed(owed, now.utc)).collect();
        let owed: Vec<u64> = batch.iter().map(|owed| owed.sequence).collect();
        Some(self.parcel(alerts, Sent { alerts: owed.len(), owed, round: None, beat: None }))
    }

    fn send_beat(&mut self, queue: &Queue) -> Option<Next> {
        let beat = queue.beat_after(self.beat)?;
        let since = *self.first_beat.get_or_insert(beat.time);
        let alert = self.form.alive(&beat, since);
        let sent = Sent { owed: Vec::new(), round: None, alerts: 1, beat: Some(beat.number) };
        Some(self.parcel(vec![alert], sent))
    }

    fn send_round(&mut self, now: Now, queue: &Queue) -> Option<Next> {
        if self.round.is_none() && now.elapsed >= self.next_round {
            self.next_round = now.elapsed + self.resend;
            self.round = Some(Round::default());
        }
        let most = if self.singly > 0 { 1 } else { BATCH };
        let (batch, rest) = self.again(self.round.as_ref()?, queue, most);
        if batch.is_empty() {
            self.round = None;
            return None;
        }
        let alerts = batch.iter().map(|standing| self.form.standing(standing, now.utc)).collect();
        let sent = Sent { owed: Vec::new(), alerts: batch.len(), round: rest, beat: None };
        Some(self.parcel(alerts, sent))
    }

    fn failed(&mut self, now: Now, sent: &Sent, error: &DeliveryError) {
        match error {
            DeliveryError::Retry(_) => self.wait_until = now.elapsed + self.backoff.next_wait(),
            DeliveryError::Permanent(_) if sent.alerts > 1 => self.singly = sent.alerts,
            DeliveryError::Permanent(_) => {
                self.singly = self.singly.saturating_sub(1);
                let again = now.elapsed + self.timing.set_aside;
                self.refused.extend(sent.owed.iter().map(|sequence| (*sequence, again)));
                self.go_on(sent);
            }
        }
    }

    /// The parcel has been dealt with, whether it was taken or refused for good.
    fn go_on(&mut self, sent: &Sent) {
        self.beat = sent.beat.or(self.beat);
        if sent.owed.is_empty() && sent.beat.is_none() {
            self.round.clone_from(&sent.round);
        }
    }
}

impl Plan for Telling {
    fn next(&mut self, now: Now, queue: &Queue) -> Next {
        let closed = queue.is_closed();
        if closed && !self.draining {
            // A shutdown cuts the wait short once: there is little time left to try in.
            self.draining = true;
            self.wait_until = now.elapsed;
            self.backoff.reset();
        }
        if closed && self.backoff.failures() >= FAILURES_TO_PART {
            return Next::Done;
        }
        if now.elapsed < self.wait_until {
            return Next::Wait(Some(self.wait_until));
        }
        if let Some(send) = self.send_owed(now, queue).or_else(|| self.send_beat(queue)) {
            return send;
        }
        if closed {
            return Next::Done;
        }
        if let Some(send) = self.send_round(now, queue) {
            return send;
        }
        let refused = self.refused.values().copied().filter(|at| *at > now.elapsed).min();
        Next::Wait(Some(refused.map_or(self.next_round, |at| at.min(self.next_round))))
    }

    fn answered(&mut self, now: Now, answer: Result<(), DeliveryError>, queue: &Queue) {
        let Some(sent) = self.sent.take() else { return };
        match answer {
            Ok(()) => {
                self.backoff.reset();
                self.singly = self.singly.saturating_sub(1);
                for sequence in &sent.owed {
                    self.refused.remove(sequence);
                    queue.acknowledged(*sequence);
                }
                self.go_on(&sent);
            }
            Err(error) => {
                if !sent.owed.is_empty() {
                    queue.retried();
                }
                // What the queue gave up meanwhile must not be remembered for ever.
                self.refused.retain(|sequence, _| queue.get(*sequence).is_some());
                tracing::warn!(sink = %queue.sink, alerts = sent.alerts, %error, "not delivered");
                self.failed(now, &sent, &error);
            }
        }
    }
}

/// How far ahead of now an open alert ends if it is not told again: two lost tellings and a half are no end.
pub(super) fn open_until(now: Timestamp, resend: Duration) -> Timestamp {
    now.plus(Span::from_secs_f64(4.0 * resend.as_secs_f64()))
}

#[cfg(test)]
mod tests;
