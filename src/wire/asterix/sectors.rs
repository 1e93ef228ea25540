//! Plots put into the sectors the antenna swept, and the scans that come of it.
//!
//! In: swept intervals, plots with their instants. Out: one scan per sector, perhaps empty, once its plots must all
//! have come; a scan without a look for what belongs to no certain sector. Knows no bytes.
//!
//! Real radars differ in when plots come: some send a sector's plots just before its crossing, others seconds after,
//! already deep in another sector. So a sector is held until the newest mark is later than its end by the longest lag
//! seen in this turn and the one before (at most one turn), where a plot's lag is how much older it is than the newest
//! mark when it comes. No sector is claimed before that lag has been seen once, or a whole turn passed. A plot
//! later still goes out at once, claiming nothing, and lengthens the hold.

use std::collections::VecDeque;
use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::antenna::{Mark, Swept, turned};
use super::plots::Timed;
use crate::scan::{Look, Scan};
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};
use crate::wire::Rejection;

/// So many plots wait already that something is broken.
pub(super) const BUFFER_FULL: &str = "buffer_full";
/// Plots held, of all sectors together; a crowded radar shows a tenth of it in a turn.
const MAX_PLOTS: usize = 10_000;
/// Plots farther apart than this were not seen in one look, however slowly the antenna turns.
const ONE_LOOK: Span = Span::from_secs(30);
/// How far two time stamps of one instant may lie apart.
const JITTER: Span = Span::from_nanos(100_000_000);
/// Sectors held: more than any radar has.
const MAX_HELD: usize = 1_024;

/// A plot that waits for its sector.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    mark: Mark,
    received: Timestamp,
    plot: Timed,
}

/// A sector that waits for its plots.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held {
    from: Mark,
    to: Mark,
    plots: Vec<Timed>,
}

/// The plots of one radar on their way into scans.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sectors {
    #[serde(skip)]
    sensor: SensorIndex,
    #[serde(skip)]
    max_range_m: f64,
    first: Option<Timestamp>,
    newest: Option<Mark>,
    mark_received: Timestamp,
    /// Longest lag of this turn and of the one before, nothing while none has been seen.
    lag: Option<Span>,
    lag_before: Option<Span>,
    turn_began: Timestamp,
    waiting: Vec<Waiting>,
    held: VecDeque<Held>,
    loose: Vec<Timed>,
}

impl Sectors {
    pub(super) fn new(sensor: SensorIndex, max_range_m: f64) -> Self {
        Self {
            sensor,
            max_range_m,
            first: None,
            newest: None,
            mark_received: Timestamp::default(),
            lag: None,
            lag_before: None,
            turn_began: Timestamp::default(),
            waiting: Vec::new(),
            held: VecDeque::new(),
            loose: Vec::new(),
        }
    }

    /// What is on its way, under the configuration of `new`.
    pub(super) fn configured_as(self, new: &Self) -> Self {
        Self { sensor: new.sensor, max_range_m: new.max_range_m, ..self }
    }

    /// A detection that belongs to no rotation.
    pub(super) fn report(&mut self, report: Timed) {
        self.loose.push(report);
    }

    /// A plot at an azimuth.
    ///
    /// # Errors
    /// [`BUFFER_FULL`].
    pub(super) fn plot(
        &mut self,
        azimuth_rad: f64,
        plot: Timed,
        received: Timestamp,
    ) -> Result<(), Rejection> {
        let mark = Mark { time: plot.0, azimuth_rad };
        let Some(newest) = self.newest else {
            self.loose.push(plot);
            return Ok(());
        };
        let buffered = self.waiting.len() + self.held.iter().map(|sector| sector.plots.len()).sum::<usize>();
        if buffered >= MAX_PLOTS {
            return Err(Rejection::new(BUFFER_FULL, format!("{buffered} plots wait for their sectors")));
        }
        let lag = newest.time.since(mark.time);
        // A plot ahead of the newest mark is of the sector being swept, whatever its clock's last digit.
        let ahead = turned(newest, mark) < TAU / 2.0 && lag <= JITTER;
        let counted = if ahead { Span::ZERO } else { lag.max(Span::ZERO) };
        self.lag = Some(self.lag.map_or(counted, |known| known.max(counted)));
        if let Some(sector) = self.held.iter_mut().find(|sector| contains(sector.from, sector.to, mark)) {
            sector.plots.push(plot);
        } else if ahead || lag <= Span::ZERO {
            self.waiting.push(Waiting { mark, received, plot });
        } else {
            self.loose.push(plot);
        }
        Ok(())
    }

    /// The antenna swept an interval, as told by a message received at `received`.
    pub(super) fn swept(&mut self, swept: Swept, received: Timestamp, period: Span) {
        let to = swept.to;
        let backwards = self.newest.is_some_and(|newest| newest.time > to.time);
        if swept.from.is_none() || backwards {
            self.give_up();
            self.loose.extend(self.held.drain(..).flat_map(|sector| sector.plots));
            (self.first, self.turn_began) = (Some(to.time), to.time);
        }
        (self.newest, self.mark_received) = (Some(to), received);
        self.age_lag(to.time, period);
        let turned_once = self.first.is_some_and(|first| to.time.since(first) >= period);
        let claimed = swept.certain && (self.hold().is_some() || turned_once) && self.held.len() < MAX_HELD;
        let slack = swept.from.map_or(Span::ZERO, |from| slack(from, to));
        let (mut plots, mut still) = (Vec::new(), Vec::new());
        for waiting in self.waiting.drain(..) {
            let inside = swept.from.is_some_and(|from| contains(from, to, waiting.mark));
            if inside && claimed {
                plots.push(waiting.plot);
            } else if inside || to.time.since(waiting.mark.time) > slack {
                self.loose.push(waiting.plot);
            } else {
                still.push(waiting);
            }
        }
        self.waiting = still;
        if let Some(from) = swept.from.filter(|_| claimed) {
            self.held.push_back(Held { from, to, plots });
        }
    }

    /// The end of a frame: every scan that is complete goes to `out`.
    pub(super) fn finish(&mut self, received: Timestamp, period: Span, out: &mut Vec<Scan>) {
        let silent_s = received.since(self.mark_received).as_secs_f64();
        if self.newest.is_some() && silent_s > 1.5 * period.as_secs_f64() {
            self.give_up();
            self.newest = None;
        }
        let (stale, fresh): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting| received.since(waiting.received) > period);
        self.waiting = fresh;
        self.loose.extend(stale.into_iter().map(|waiting| waiting.plot));
        let hold = self.hold().unwrap_or(Span::ZERO).min(period);
        let complete = self.newest.map(|newest| newest.time.plus(Span::from_nanos(-hold.as_nanos())));
        // Without marks nothing more can come of what is held.
        while self.held.front().is_some_and(|sector| complete.is_none_or(|until| sector.to.time <= until)) {
            out.extend(self.held.pop_front().map(|sector| self.scan_of(sector)));
        }
        // Plots far apart in time, by a clock or a garbled stamp, are no one look's: offsets within a scan stay small.
        while let Some(first) = self.loose.iter().map(|(time, _)| *time).min() {
            let loose = std::mem::take(&mut self.loose);
            let (near, far): (Vec<_>, Vec<_>) =
                loose.into_iter().partition(|(time, _)| time.since(first) <= ONE_LOOK);
            self.loose = far;
            let time = near.iter().map(|(time, _)| *time).max().unwrap_or(first);
            out.push(self.scan(time, Look::Unknown, near));
        }
    }

    /// No more is certain: what waits goes out claiming nothing.
    fn give_up(&mut self) {
        self.loose.extend(self.waiting.drain(..).map(|waiting| waiting.plot));
        (self.lag, self.lag_before) = (None, None);
    }

    /// How long plots lag, if that is known.
    fn hold(&self) -> Option<Span> {
        self.lag.max(self.lag_before)
    }

    fn age_lag(&mut self, now: Timestamp, period: Span) {
        // A turn without plots says nothing about their lag.
        if now.since(self.turn_began) >= period && self.lag.is_some() {
            (self.lag_before, self.lag, self.turn_began) = (self.lag.take(), None, now);
        }
    }

    fn scan_of(&self, sector: Held) -> Scan {
        let look = Look::Sector {
            from_rad: sector.from.azimuth_rad,
            // A whole turn ends where it began, which only its length tells from nothing at all.
            to_rad: if turned(sector.from, sector.to) < TAU {
                sector.to.azimuth_rad
            } else {
                sector.from.azimuth_rad + TAU
            },
            min_range_m: 0.0,
            max_range_m: self.max_range_m,
        };
        self.scan(sector.to.time, look, sector.plots)
    }

    fn scan(&self, time: Timestamp, look: Look, plots: Vec<Timed>) -> Scan {
        let detections = plots.into_iter().map(|(measured, mut detection)| {
            detection.offset = measured.since(time);
            detection
        });
        let detections = detections.collect();
        Scan { sensor: self.sensor, key: None, time, pose: None, look, part: None, detections }
    }
}

/// Half the time an interval took, but a tenth of a second at least: how far a plot's time may lie outside it.
fn slack(from: Mark, to: Mark) -> Span {
    Span::from_nanos(to.time.since(from.time).as_nanos() / 2).max(JITTER)
}

/// Whether a plot is of this interval: its azimuth after `from` up to `to`, and its time not of another turn.
fn contains(from: Mark, to: Mark, plot: Mark) -> bool {
    let slack = slack(from, to);
    turned(from, plot) <= turned(from, to)
        && from.time.since(plot.time) <= slack
        && plot.time.since(to.time) <= slack
}
