//! The daily report of one sector: what was said, what became of it, and what could not be seen.
//!
//! In: records and what the engine said of them, in log order. Out: one [`Day`] for every day that has ended, as JSON or
//! Markdown ([`form`]). A fold without a clock: live, after a restart and from a journal it comes to the same day.
//!
//! The **automatic** edition is the day as it stood when it ended; the **reviewed** edition is the same day with the
//! acknowledgements and reviews that came after. A day is one of the time zone that the settings name, of 23 hours or 25 where
//! the clock there changes. Where another zone comes into force, the day that is going on ends as it would have, and the next
//! begins with its end.

pub mod form;
mod leave;
mod row;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Event, SensorState};
use crate::record::{Body, Record};
use crate::time::Timestamp;
use crate::watch::calendar;
pub use leave::{LeaveDay, LeaveRow};
pub use row::AlertRow;

/// Alerts listed of one day; those after are counted.
const MOST_ALERTS: usize = 10_000;

/// One day of one sector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Its date.
    pub date: String,
    /// The IANA time zone by whose clock it is one; empty for UTC.
    pub time_zone: String,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Every alert that was open in it, or of which something was said, by id.
    pub alerts: BTreeMap<String, AlertRow>,
    /// Alerts that found no room above.
    pub unlisted: u64,
    /// What happened by leave.
    pub leave: LeaveDay,
    /// What was seen of each zone.
    pub zones: BTreeMap<String, Watched>,
    /// How each sensor was, in seconds by state.
    pub sensors: BTreeMap<String, BTreeMap<String, u64>>,
    /// Whole seconds in which the daemon listened.
    pub seconds: u64,
    /// What persons did: done, and refused.
    pub acts: [u64; 2],
    /// The alarms' indicators when it began, and now.
    pub alarms: [Alarms; 2],
}

/// What was seen of a zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Seconds of which it is known.
    pub known_s: u64,
    /// The share that no sensor saw, added up over those seconds.
    pub blind_s: f64,
    /// Seconds in which more than half of it was seen by none.
    pub mostly_blind_s: u64,
}

/// The indicators of EEMUA 191, added up since the log began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    /// Notices that rang.
    pub rang: u64,
    /// Notices that were held.
    pub held: u64,
    /// Floods.
    pub floods: u64,
    /// Seconds in flood.
    pub flood_seconds: u64,
    /// Alerts that came back within a minute.
    pub chattering: u64,
}

impl Alarms {
    fn of(engine: &Engine) -> Self {
        let (found, _) = engine.indicators();
        let (rang, held, chattering) = (found.rang, found.held, found.chattering);
        Self { rang, held, floods: found.floods, flood_seconds: found.flood_seconds, chattering }
    }
}

/// The day that is being folded, if any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reporter {
    day: Option<Day>,
}

impl Reporter {
    /// A record is about to be stepped; the day before it, if that has ended now. A day that begins is one of `time_zone`.
    pub fn before(&mut self, record: &Record, engine: &Engine, time_zone: &str) -> Option<Day> {
        let now = record.received;
        let is_over = |day: &Day| now >= day.to && !(record.body == Body::Tick && now == day.to);
        let ended = match &self.day {
            Some(day) if !is_over(day) => return None,
            _ => self.day.take(),
        };
        let ([mut from, mut to], mut date) = calendar::day(time_zone, now);
        if let Some(ended) = &ended {
            from = from.max(ended.to);
            if date == ended.date {
                // Another zone came into force: what is left of the date belongs to the next.
                ([_, to], date) = calendar::day(time_zone, to);
            }
        }
        let (alarms, time_zone) = (Alarms::of(engine), time_zone.to_owned());
        let mut day = Day { date, time_zone, from, to, alarms: [alarms, alarms], ..Day::default() };
        // What is open goes on into the next day.
        for notice in engine.open_alerts() {
            day.hear(now, &notice.to_json());
        }
        self.day = Some(day);
        ended
    }

    /// A record has been stepped.
    pub fn after(&mut self, record: &Record, events: &[Event], engine: &Engine) {
        let Some(day) = &mut self.day else { return };
        for event in events {
            match event {
                Event::Notice(notice) => day.hear(record.received, &notice.to_json()),
                Event::Permitted(used) => day.leave.take(used),
                Event::Act { outcome, .. } => day.acts[usize::from(outcome.is_err())] += 1,
                _ => {}
            }
        }
        if record.body == Body::Tick {
            day.tick(engine);
        }
    }

    /// The day so far.
    #[must_use]
    pub fn day(&self) -> Option<&Day> {
        self.day.as_ref()
    }
}

impl Day {
    /// A notice, in its one encoding.
    fn hear(&mut self, now: Timestamp, json: &str) {
        let Ok(notice) = serde_json::from_str(json) else { return };
        let Some((id, row)) = AlertRow::of(&notice) else { return };
        if !self.alerts.contains_key(&id) && self.alerts.len() >= MOST_ALERTS {
            self.unlisted += u64::from(row.revision == 1);
            return;
        }
        let before = self.alerts.remove(&id);
        self.alerts.insert(id, row.after(before.as_ref(), now));
    }

    /// What a notice that came after the day's end says of an alert of this day: the reviewed edition knows it.
    pub fn review(&mut self, json: &str) {
        let Ok(notice) = serde_json::from_str(json) else { return };
        let Some((id, later)) = AlertRow::of(&notice) else { return };
        if let Some(row) = self.alerts.get_mut(&id) {
            row.reviewed_as(later);
        }
    }

    fn tick(&mut self, engine: &Engine) {
        self.seconds += 1;
        self.alarms[1] = Alarms::of(engine);
        for (zone, blind) in engine.blindness() {
            let watched = self.zones.entry(zone.to_owned()).or_default();
            if let Some(blind) = blind {
                watched.known_s += 1;
                watched.blind_s += blind;
                watched.mostly_blind_s += u64::from(blind > 0.5);
            }
        }
        for (sensor, state) in engine.sensor_states() {
            let states = self.sensors.entry(sensor.to_owned()).or_default();
            if states.is_empty() {
                states.extend(SensorState::ALL.map(|state| (state.as_str().to_owned(), 0)));
            }
            *states.entry(state.as_str().to_owned()).or_default() += 1;
        }
    }
}
