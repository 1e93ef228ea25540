//! How well the alarms serve those who hear them: the indicators of EEMUA 191.
//!
//! In: notices, held or not, and seconds. Out: notices per ten minutes (average, most), the time in flood, and how many
//! alerts came back within a minute of their end.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::WINDOW;
use crate::time::{Span, Timestamp};
use crate::watch::alert::{Notice, State};

/// What comes back within this has chattered.
const CHATTER: Span = Span::from_secs(60);
/// Width of a place, degrees: about 200 m.
const CELL_DEG: f64 = 0.002;
/// Ends remembered.
const CAPACITY: usize = 1_000;

/// The indicators since the log began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Indicators {
    /// Seconds watched.
    pub seconds: u64,
    /// Of them in flood.
    pub flood_seconds: u64,
    /// Floods.
    pub floods: u64,
    /// Notices that rang: neither held, nor an end, nor the answer to an act.
    pub rang: u64,
    /// The most of them in any ten minutes.
    pub most: u32,
    /// Notices that were held.
    pub held: u64,
    /// Alerts that came back within a minute of their end.
    pub chattering: u64,
    /// When the latest rang.
    lately: VecDeque<Timestamp>,
    /// What ended lately.
    ended: VecDeque<Ended>,
    was_flood: bool,
}

/// The end of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ended {
    at: Timestamp,
    alert: Arc<str>,
    rule: Arc<str>,
    place: [i64; 2],
}

impl Indicators {
    /// Notices that rang per ten minutes, on average; nothing before ten minutes have passed.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "seconds and notices")]
        let average = self.rang as f64 * WINDOW.as_secs_f64() / self.seconds as f64;
        (self.seconds >= 600).then_some(average)
    }

    /// Notices that rang in the last ten minutes.
    #[must_use]
    pub fn now(&self) -> usize {
        self.lately.len()
    }

    pub(super) fn hear(&mut self, now: Timestamp, notice: &Notice, rings: bool) {
        #[expect(clippy::cast_possible_truncation, reason = "degrees, and a float cast saturates")]
        let cell = |deg: f64| libm::floor(deg / CELL_DEG) as i64;
        let place = [cell(notice.position.lat), cell(notice.position.lon)];
        let is_single = notice.group.is_none();
        if notice.state == State::Cleared {
            let (alert, rule) = (notice.alert.clone(), notice.rule.clone());
            // What a person says of it afterwards is no end.
            self.ended.extend((is_single && rings).then_some(Ended { at: now, alert, rule, place }));
            if self.ended.len() > CAPACITY {
                self.ended.pop_front();
            }
            return;
        }
        let is_back = |ended: &Ended| match notice.state {
            State::Opened => is_single && ended.rule == notice.rule && ended.place == place,
            State::Updated | State::Cleared => ended.alert == notice.alert,
        };
        if let Some(back) = self.ended.iter().position(is_back) {
            self.ended.remove(back);
            self.chattering += 1;
        }
        if notice.life.held.is_some() {
            self.held += 1;
        } else if rings {
            self.rang += 1;
            self.lately.push_back(now);
            self.forget(now);
            self.most = self.most.max(u32::try_from(self.lately.len()).unwrap_or(u32::MAX));
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp, is_flood: bool) {
        self.seconds += 1;
        self.flood_seconds += u64::from(is_flood);
        self.floods += u64::from(is_flood && !self.was_flood);
        self.was_flood = is_flood;
        self.forget(now);
    }

    fn forget(&mut self, now: Timestamp) {
        while self.lately.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            self.lately.pop_front();
        }
        while self.ended.front().is_some_and(|ended| now.since(ended.at) > CHATTER) {
            self.ended.pop_front();
        }
    }
}
