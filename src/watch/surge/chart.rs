//! One control chart: the CUSUM of what comes into a place, bin after bin.
//!
//! In: for every bin of five minutes how many came and how much of it was watched. Out: when to raise, revise and clear.
//! Knows no zone and no track. What is usual changes with the hour, and k and h with it; S is therefore kept as a share of
//! h: S ← max(0, S + (X − k w) / h), alarm at S ≥ 1, w being the share watched (Rogerson & Yamada 2004, Statistics in
//! Medicine 23). While in alarm nothing is learned, and S rises no higher: it is over when S has fallen by half.

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, LEAST_WATCHED, Usual};
use super::chain::{Law, Plan, plan};
use super::curve::HOURS;
use crate::time::Timestamp;

/// Seconds of a bin.
pub(super) const BIN_S: i64 = 300;
/// Bins of a week.
pub(in crate::watch) const BINS_PER_WEEK: f64 = 2016.0;
/// Over when S has fallen to this share of its threshold.
const OVER: f64 = 0.5;
/// A bin's sum may miss the threshold by this for want of digits.
const ROUNDING: f64 = 1e-9;
/// Said anew when this many times as many have come as when it was last said.
const MATERIAL: f64 = 1.5;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) struct Sought {
    /// How many times the usual.
    pub ratio: f64,
    /// Bins between false alarms.
    pub wanted: f64,
}

/// One chart through time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chart {
    baseline: Baseline,
    planned: Option<Planned>,
    /// Share of the threshold.
    s: f64,
    run: Run,
    /// How many had come when it was last said, while in alarm.
    said: Option<f64>,
}

/// What was worked out for an hour of the week.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Planned {
    of_week: usize,
    /// Nothing while nothing is usual.
    known: Option<(Usual, Plan)>,
}

/// Since S was last nothing: when the change is likeliest to have begun (Page 1954).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Run {
    since: Timestamp,
    arrivals: f64,
    expected: f64,
    bins: f64,
}

/// What a bin changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) enum Change {
    /// More come than usual.
    Raise(Excess),
    /// Still, and materially more.
    Revise(Excess),
    /// As usual again.
    Clear,
}

/// How much more than usual came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) struct Excess {
    /// When it began, likeliest.
    pub since: Timestamp,
    /// How many came since.
    pub arrivals: f64,
    /// How many would have, on average, in an hour.
    pub expected_per_h: f64,
    /// S as a share of its threshold.
    pub statistic: f64,
    /// P(fewer would have come in that time, were it as usual).
    pub confidence: f64,
}

impl Chart {
    /// Works out what the bin that begins at `start` needs; false if that was known.
    pub(super) fn prepare(&mut self, start: Timestamp, sought: Sought) -> bool {
        let of_week = hour_of_week(start);
        if self.planned.is_some_and(|planned| planned.of_week == of_week) {
            return false;
        }
        let usual = self.baseline.usual(of_week);
        let known = usual.map(|usual| (usual, plan(&usual.laws(), sought.ratio, sought.wanted)));
        self.planned = Some(Planned { of_week, known });
        true
    }

    /// Whether it knows what is usual now.
    pub(super) fn is_determined(&self) -> bool {
        self.planned.is_some_and(|planned| planned.known.is_some())
    }

    /// Arrivals in a bin that are usual at an instant; none before that is known.
    #[cfg(test)]
    pub(super) fn usual_at(&self, at: Timestamp) -> f64 {
        self.baseline.usual(hour_of_week(at)).map_or(0.0, |usual| usual.mean)
    }

    /// A bin that began at `start` is over: so many came in the share of it that was watched.
    pub(super) fn bin(
        &mut self,
        start: Timestamp,
        arrivals: u32,
        watched: f64,
        sought: Sought,
    ) -> Option<Change> {
        self.prepare(start, sought);
        let known = self.planned.and_then(|planned| planned.known);
        let change = match known {
            Some((usual, plan)) if watched >= LEAST_WATCHED => {
                self.count(start, f64::from(arrivals), watched, usual, plan)
            }
            _ => None,
        };
        if self.said.is_some() {
            self.baseline.drop_hour();
        } else {
            let usual = known.map(|(usual, _)| usual);
            self.baseline.learn(hour_of_week(start), arrivals, watched, usual.as_ref());
        }
        change
    }

    fn count(
        &mut self,
        start: Timestamp,
        arrivals: f64,
        watched: f64,
        usual: Usual,
        plan: Plan,
    ) -> Option<Change> {
        if self.s <= 0.0 {
            self.run = Run { since: start, ..Run::default() };
        }
        self.run.arrivals += arrivals;
        self.run.expected += watched * usual.mean;
        self.run.bins += watched;
        let s = (self.s + (arrivals - plan.k * watched) / plan.h).max(0.0);
        // In alarm no higher, or it would not be over for as long again.
        self.s = s.min(1.0);
        let excess = self.run.excess(s, usual.dispersion);
        match self.said {
            None if s >= 1.0 - ROUNDING => {
                self.said = Some(self.run.arrivals);
                Some(Change::Raise(excess))
            }
            Some(_) if s <= OVER => {
                (self.s, self.said) = (0.0, None);
                Some(Change::Clear)
            }
            Some(said) if self.run.arrivals >= MATERIAL * said && s >= 1.0 - ROUNDING => {
                self.said = Some(self.run.arrivals);
                Some(Change::Revise(excess))
            }
            _ => None,
        }
    }
}

impl Run {
    fn excess(&self, statistic: f64, dispersion: f64) -> Excess {
        let law = Law { mean: self.expected.max(1e-3), dispersion };
        Excess {
            since: self.since,
            arrivals: self.arrivals,
            expected_per_h: 12.0 * self.expected / self.bins.max(1e-9),
            statistic,
            confidence: law.below(self.arrivals),
        }
    }
}

/// The hour of the week, in UTC; 0 is the first of Thursday.
pub(super) fn hour_of_week(at: Timestamp) -> usize {
    let hours = at.floor_secs().div_euclid(3600).rem_euclid(HOURS as i64);
    usize::try_from(hours).expect("in [0, 168)")
}

/// When the bin of an instant began.
pub(super) fn bin_start(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.floor_secs().div_euclid(BIN_S) * BIN_S)
}
