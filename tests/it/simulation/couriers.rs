//! The couriers of one process: the daemon's plans, each towards a simulated far end.

use std::sync::Arc;
use std::time::Duration;

use linewatch::machine::Machine;
use linewatch::outbox::Queue;
use linewatch::sinks::DeliveryError;
use linewatch::sinks::alertmanager::Telling;
use linewatch::sinks::cap::{Cap, Settings};
use linewatch::sinks::insist::{Insist, Timing};
use linewatch::sinks::mqtt::publish::{Act, Publishing, Timing as PublishTiming, Token};
use linewatch::sinks::plan::{Next, Now, Parcel, Plan};
use linewatch::sinks::webhook::Json;

use super::dice::Dice;
use super::network::{FarEnd, Mood};

/// A webhook, a topic, an Alertmanager, a CAP receiver.
pub(crate) const SINKS: [&str; 4] = ["hook", "topic", "am", "cap"];

/// The words of the CAP sink.
pub(crate) fn cap(sector: &str) -> Cap {
    let settings =
        Settings { dir: None, url: None, sender: "sim@example".to_owned(), language: "en".to_owned() };
    Cap::new(sector, &settings)
}

pub(crate) struct Couriers {
    hook: Desk<Insist<Json>>,
    am: Desk<Telling>,
    cap: Desk<Insist<Cap>>,
    topic: Publishing,
    on_line: Vec<(Duration, Token)>,
    queues: [Arc<Queue>; 4],
}

/// A plan, and the answer it waits for.
struct Desk<P> {
    plan: P,
    answer: Option<(Duration, Result<(), DeliveryError>)>,
}

impl Couriers {
    pub(crate) fn new(machine: &Machine, sector: &str, dice: &mut Dice) -> Self {
        let resend = Duration::from_secs(60);
        let timing = Timing::default();
        Self {
            hook: Desk::new(Insist::new(Json, timing, dice.next())),
            am: Desk::new(Telling::new(resend, sector, timing, dice.next())),
            cap: Desk::new(Insist::new(cap(sector), timing, dice.next())),
            topic: Publishing::new(PublishTiming::default(), dice.next()),
            on_line: Vec::new(),
            queues: SINKS.map(|sink| machine.outbox.queue(sink).unwrap()),
        }
    }

    pub(crate) fn owed(&self) -> usize {
        self.queues.iter().map(|queue| queue.pending()).sum()
    }

    /// Their turn.
    pub(crate) fn deliver(&mut self, now: Now, ends: &mut [FarEnd; 4], dice: &mut Dice) {
        let [hook, topic, am, cap] = ends;
        let [hook_owed, topic_owed, am_owed, cap_owed] = &self.queues;
        self.hook.bring(now, hook, hook_owed, dice);
        self.am.bring(now, am, am_owed, dice);
        self.cap.bring(now, cap, cap_owed, dice);
        let topic_owed = Arc::clone(topic_owed);
        self.publish(now.elapsed, topic, &topic_owed, dice);
    }

    fn publish(&mut self, now: Duration, end: &mut FarEnd, queue: &Queue, dice: &mut Dice) {
        while let Some(at) = self.on_line.iter().position(|(at, _)| *at <= now) {
            let (_, token) = self.on_line.remove(at);
            self.topic.acknowledged(now, token, queue);
        }
        let is_up = matches!(end.mood, Mood::Well | Mood::Picky);
        for _ in 0..200 {
            match self.topic.next(now, queue) {
                Act::Connect if is_up => self.topic.connected(),
                // What is written to a connection that is half dead has not arrived.
                Act::Publish(..) if is_up && dice.once_in(40) => {
                    self.on_line.clear();
                    self.topic.lost(now, queue);
                }
                Act::Publish(token, json) if is_up || end.mood == Mood::Mute => {
                    end.take(&json);
                    if is_up {
                        self.on_line.push((now + Duration::from_millis(dice.below(100)), token));
                    }
                }
                Act::Connect | Act::Publish(..) | Act::HangUp(_) => {
                    self.on_line.clear();
                    self.topic.lost(now, queue);
                }
                Act::Wait(_) | Act::Goodbye | Act::Done => return,
            }
        }
    }
}

impl<P: Plan> Desk<P> {
    fn new(plan: P) -> Self {
        Self { plan, answer: None }
    }

    fn bring(&mut self, now: Now, end: &mut FarEnd, queue: &Queue, dice: &mut Dice) {
        if self.answer.as_ref().is_some_and(|(at, _)| now.elapsed < *at) {
            return;
        }
        if let Some((_, answer)) = self.answer.take() {
            self.plan.answered(now, answer, queue);
        }
        if let Next::Send(Parcel { body, patience, .. }) = self.plan.next(now, queue) {
            let retry = |why: &str| Err(DeliveryError::Retry(why.to_owned()));
            let (takes, answer) = match end.mood {
                Mood::Picky if end.refuses(&body) => {
                    let why = Err(DeliveryError::Permanent("422".to_owned()));
                    self.answer = Some((now.elapsed + Duration::from_millis(20), why));
                    return;
                }
                Mood::Well | Mood::Picky => (Duration::from_millis(dice.below(200)), Ok(())),
                Mood::Gone => (Duration::from_millis(10), retry("refused")),
                Mood::Unwell => (Duration::from_millis(50), retry("500")),
                Mood::Mute => (patience, retry("no answer")),
            };
            if matches!(end.mood, Mood::Well | Mood::Picky | Mood::Mute) {
                end.take(&body);
            }
            self.answer = Some((now.elapsed + takes, answer));
        }
    }
}
