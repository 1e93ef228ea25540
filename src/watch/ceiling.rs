//! How many are where only so many may be.
//!
//! In: once a second, P(count > limit) and the expected number of those seen (`tally`, `number`). Out: when to warn that the
//! trend reaches the limit (`trend`), when to raise, revise and clear. What is not seen is reported as an interval and
//! raises nothing. A warning and what follows it are one alert: the limit passed revises what was foreseen.

mod number;
mod tally;
mod trend;

use serde::{Deserialize, Serialize};

pub(super) use tally::Tally;
pub(super) use trend::Outlook;
use trend::Trend;

use crate::time::{Span, Timestamp};

/// Raised at or above.
const PASSED: f64 = 0.95;
/// Over at or below.
const KEPT: f64 = 0.5;
/// How long the one must hold …
const PASSED_FOR: Span = Span::from_secs(2);
/// … and the other.
const KEPT_FOR: Span = Span::from_secs(5);
/// An expected count that changed by this much is worth a revision, …
const MATERIAL: f64 = 1.0;
/// … but not more often than this.
const REVISED_EVERY: Span = Span::from_secs(30);
/// P(passed within the horizon) that is foreseen at or above, once it has held …
const FORESEEN: f64 = 0.8;
const FORESEEN_FOR: Span = Span::from_secs(15);
/// … and no longer at or below, once that has.
const LAPSED: f64 = 0.4;
const LAPSED_FOR: Span = Span::from_secs(60);
/// Where this much more or less of the ground is watched than before, what rises may be what is seen.
const OTHER_SIGHT: f64 = 0.1;

/// One ceiling through time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ceiling {
    passed_since: Option<Timestamp>,
    kept_since: Option<Timestamp>,
    foreseen_since: Option<Timestamp>,
    lapsed_since: Option<Timestamp>,
    stands: Stands,
    said: f64,
    said_at: Timestamp,
    trend: Trend,
    /// Unwatched share at the last sample.
    blind: f64,
}

/// What was last said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stands {
    #[default]
    Kept,
    Foreseen,
    Passed,
}

/// What one second's picture says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// P(more are seen than may be).
    pub probability: f64,
    /// Expected number of those seen.
    pub expected: f64,
    /// The most that may be there.
    pub limit: u32,
    /// How far ahead it is to be foreseen.
    pub horizon: Option<Span>,
    /// Share of the ground that nobody watches.
    pub blind: f64,
}

/// What a second's look changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// Not passed, but it will be if this goes on.
    Foresee(Outlook),
    /// Passed, since this instant; whether that had been foreseen.
    Raise(Timestamp, bool),
    /// Still passed, by materially more or fewer.
    Revise,
    /// Kept again, or no longer to be foreseen.
    Clear,
}

fn since(holds: bool, since: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    if holds { since.or(Some(now)) } else { None }
}

impl Ceiling {
    /// Looks at a second.
    pub(super) fn observe(&mut self, now: Timestamp, reading: Reading) -> Option<Change> {
        let Reading { probability, expected, .. } = reading;
        self.passed_since = since(probability >= PASSED, self.passed_since, now);
        self.kept_since = since(probability <= KEPT, self.kept_since, now);
        let outlook = self.look_ahead(now, reading);
        let held = |since: Option<Timestamp>, span| since.filter(|&since| now.since(since) >= span);
        if self.stands != Stands::Passed {
            if let Some(since) = held(self.passed_since, PASSED_FOR) {
                let was_foreseen = self.stands == Stands::Foreseen;
                (self.stands, self.said, self.said_at) = (Stands::Passed, expected, now);
                return Some(Change::Raise(since, was_foreseen));
            }
            return self.foresee(now, outlook);
        }
        if held(self.kept_since, KEPT_FOR).is_some() {
            self.stands = Stands::Kept;
            self.foreseen_since = None;
            return Some(Change::Clear);
        }
        if (expected - self.said).abs() >= MATERIAL && now.since(self.said_at) >= REVISED_EVERY {
            (self.said, self.said_at) = (expected, now);
            return Some(Change::Revise);
        }
        None
    }

    fn look_ahead(&mut self, now: Timestamp, reading: Reading) -> Option<Outlook> {
        let horizon = reading.horizon?;
        if (reading.blind - self.blind).abs() > OTHER_SIGHT {
            self.trend.forget();
            self.blind = reading.blind;
        }
        self.trend.observe(now, reading.expected);
        self.trend.outlook(reading.limit, horizon)
    }

    fn foresee(&mut self, now: Timestamp, outlook: Option<Outlook>) -> Option<Change> {
        let probability = outlook.map_or(0.0, |outlook| outlook.probability);
        self.foreseen_since = since(probability >= FORESEEN, self.foreseen_since, now);
        self.lapsed_since = since(probability <= LAPSED, self.lapsed_since, now);
        let held = |since: Option<Timestamp>, span| since.is_some_and(|since| now.since(since) >= span);
        match self.stands {
            Stands::Kept if held(self.foreseen_since, FORESEEN_FOR) => {
                self.stands = Stands::Foreseen;
                outlook.map(Change::Foresee)
            }
            Stands::Foreseen if held(self.lapsed_since, LAPSED_FOR) => {
                self.stands = Stands::Kept;
                Some(Change::Clear)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading = Reading { probability: 0.0, expected: 0.0, limit: 9, horizon: None, blind: 0.0 };

    fn said(ceiling: &mut Ceiling, seconds: i64, reading: impl Fn(i64) -> Reading) -> Vec<(i64, Change)> {
        let look = |second| Some((second, ceiling.observe(Timestamp::from_secs(second), reading(second))?));
        (0..seconds).filter_map(look).collect()
    }

    #[test]
    fn raised_when_held_revised_when_material_cleared_when_kept() {
        let said = said(&mut Ceiling::default(), 100, |second| {
            let (probability, expected) = match second {
                0..10 => (0.2, 4.0),
                10..20 => (0.99, 6.0),
                20..60 => (0.99, 8.0),
                60..63 => (0.3, 5.0),
                63..70 => (0.7, 7.5),
                _ => (0.1, 2.0),
            };
            Reading { probability, expected, ..READING }
        });
        let raise = Change::Raise(Timestamp::from_secs(10), false);
        assert_eq!(said, [(12, raise), (42, Change::Revise), (72, Change::Revise), (75, Change::Clear)]);
    }

    /// One more every twenty seconds: the tenth after 200 s.
    fn filling(second: i64) -> Reading {
        let expected = libm::floor(second as f64 / 20.0);
        let probability = if expected > 9.0 { 1.0 } else { 0.0 };
        Reading { probability, expected, horizon: Some(Span::from_secs(120)), ..READING }
    }

    #[test]
    fn what_is_foreseen_is_said_before_it_is_so_and_then_is_so() {
        let said = said(&mut Ceiling::default(), 210, filling);
        let [(foreseen, Change::Foresee(outlook)), (202, Change::Raise(_, true))] = said[..] else {
            panic!("{said:?}")
        };
        assert!((100..180).contains(&foreseen) && outlook.probability >= FORESEEN, "{said:?}");
        let silent = |second| Reading { horizon: None, ..filling(second) };
        assert_eq!(self::said(&mut Ceiling::default(), 200, silent), [], "not asked to");
    }

    #[test]
    fn what_was_foreseen_and_did_not_come_is_over() {
        let said = said(&mut Ceiling::default(), 1200, |second| filling(second.min(190)));
        assert!(matches!(said[..], [(_, Change::Foresee(_)), (_, Change::Clear)]), "{said:?}");
    }

    #[test]
    fn seeing_more_is_no_trend() {
        let uncovered = |second| Reading { blind: 1.0 - filling(second).expected / 10.0, ..filling(second) };
        assert_eq!(said(&mut Ceiling::default(), 200, uncovered), []);
    }
}
