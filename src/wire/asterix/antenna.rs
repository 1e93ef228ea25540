//! How a radar's antenna turns, told by its marks: which azimuth intervals it swept, and which of them for certain.
//!
//! In: sector crossings, north marks, plot azimuths. Out: intervals between consecutive boundaries. Knows no plots'
//! contents and no scans.
//!
//! **The rule.** An interval is certain if all of this holds, else nothing is claimed about it:
//! 1. the time it took fits its width at the antenna's period, within a quarter and a tenth of a second, so that no
//!    turn was lost in it;
//! 2. its width is at most one and a half times the sector width learned so far, so that no mark (and with it perhaps
//!    plots) was lost in it. The first interval only teaches the width; a wider one is believed when seen three times
//!    running. A north mark is a boundary where without it the interval would be too wide.
//!
//! A radar that sends north marks alone (two in a row without a crossing) is cut every 30° by its own plots: once one
//! lies 10° beyond the cut, on time, the 30° are over. There the second condition cannot be checked.
//!
//! How long a turn takes is `period`'s business.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::period::Period;
use crate::time::{Span, Timestamp};
use crate::wire::Rejection;

/// A mark older than the newest one.
pub(super) const OUT_OF_ORDER: &str = "out_of_order";

/// Width of the cuts made where a radar sends none.
const CUT_RAD: f64 = TAU / 12.0;
/// How far beyond a cut a plot must lie before the cut is made: plots of one beam do not come sorted.
const GUARD_RAD: f64 = TAU / 36.0;
/// The widest interval that can teach the sector width: a third of a turn.
const WIDEST_RAD: f64 = TAU / 3.0;

/// The antenna pointed there then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) time: Timestamp,
    /// In [0, 2π).
    pub(super) azimuth_rad: f64,
}

/// What the antenna swept between two marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Swept {
    /// Nothing at the first mark.
    pub(super) from: Option<Mark>,
    pub(super) to: Mark,
    pub(super) certain: bool,
}

/// What is known of one antenna.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Antenna {
    period: Period,
    last: Option<Mark>,
    north: Option<Timestamp>,
    norths_running: u8,
    width_rad: Option<f64>,
    /// The last width that was too wide, and how often running.
    wider: (f64, u8),
}

impl Antenna {
    pub(super) const fn new(period_s: f64) -> Self {
        Self {
            period: Period::new(period_s),
            last: None,
            north: None,
            norths_running: 0,
            width_rad: None,
            wider: (0.0, 0),
        }
    }

    /// One turn, as far as known.
    pub(super) fn period(&self) -> Span {
        Span::from_secs_f64(self.period.seconds())
    }

    /// A sector crossing: one interval, or two with a north mark between.
    ///
    /// # Errors
    /// [`OUT_OF_ORDER`].
    pub(super) fn crossing(&mut self, mark: Mark) -> Result<[Option<Swept>; 2], Rejection> {
        self.norths_running = 0;
        let Some(last) = self.in_order(mark)? else {
            self.last = Some(mark);
            return Ok([None, Some(Swept { from: None, to: mark, certain: false })]);
        };
        self.period.crossed(mark.time, mark.azimuth_rad);
        let width_rad = turned(last, mark);
        let too_wide = self.width_rad.is_some_and(|usual_rad| width_rad > 1.5 * usual_rad);
        let through_north = last.azimuth_rad + width_rad > TAU && mark.azimuth_rad > 0.0;
        let north = self.north.filter(|&north| north > last.time && north < mark.time);
        match north {
            Some(time) if too_wide && through_north => {
                let between = Mark { time, azimuth_rad: 0.0 };
                let first = self.sweep(last, between);
                Ok([Some(first), Some(self.sweep(between, mark))])
            }
            _ => Ok([None, Some(self.sweep(last, mark))]),
        }
    }

    /// A north mark, with the period it may carry: an interval only from a radar that sends nothing else.
    ///
    /// # Errors
    /// [`OUT_OF_ORDER`].
    pub(super) fn north(
        &mut self,
        time: Timestamp,
        period_s: Option<f64>,
    ) -> Result<Option<Swept>, Rejection> {
        let before = self.north.replace(time);
        let shown_s = before.map(|before| time.since(before).as_secs_f64());
        if let Some(period_s) = period_s.or(shown_s) {
            self.period.observe(period_s);
        }
        self.norths_running = self.norths_running.saturating_add(1);
        if self.norths_running < 2 {
            return Ok(None);
        }
        let mark = Mark { time, azimuth_rad: 0.0 };
        let last = self.in_order(mark)?;
        self.last = Some(mark);
        let certain = last.is_some_and(|last| self.fits(turned(last, mark), time.since(last.time)));
        Ok(Some(Swept { from: last, to: mark, certain }))
    }

    /// A plot: from a radar that sends north marks alone it may end an interval.
    pub(super) fn plot(&mut self, plot: Mark) -> Option<Swept> {
        let last = self.last.filter(|_| self.norths_running >= 2)?;
        let ahead_rad = turned(last, plot);
        let cuts = libm::floor((ahead_rad - GUARD_RAD) / CUT_RAD);
        let on_time = self.fits(ahead_rad, plot.time.since(last.time));
        // The last cut before north is north's own.
        let azimuth_rad = last.azimuth_rad + cuts * CUT_RAD;
        if cuts < 1.0 || ahead_rad > TAU / 2.0 || !on_time || azimuth_rad > TAU - GUARD_RAD {
            return None;
        }
        let took = Span::from_secs_f64(cuts * CUT_RAD / TAU * self.period.seconds());
        let to = Mark { time: last.time.plus(took), azimuth_rad };
        self.last = Some(to);
        Some(Swept { from: Some(last), to, certain: true })
    }

    /// The mark before this one; nothing if the clock was set back, and everything begins anew.
    fn in_order(&mut self, mark: Mark) -> Result<Option<Mark>, Rejection> {
        let Some(last) = self.last else { return Ok(None) };
        let back_s = last.time.since(mark.time).as_secs_f64();
        if back_s > 2.0 * self.period.seconds() {
            *self = Self::new(self.period.seconds());
            return Ok(None);
        }
        if back_s >= 0.0 {
            return Err(Rejection::new(OUT_OF_ORDER, format!("mark {back_s} s before the newest")));
        }
        Ok(Some(last))
    }

    fn sweep(&mut self, from: Mark, to: Mark) -> Swept {
        self.last = Some(to);
        let width_rad = turned(from, to);
        let fits = self.fits(width_rad, to.time.since(from.time));
        let usual_rad = self.width_rad;
        if fits {
            self.learn_width(width_rad);
        }
        let certain = fits && usual_rad.is_some_and(|usual_rad| width_rad <= 1.5 * usual_rad);
        Swept { from: Some(from), to, certain }
    }

    fn learn_width(&mut self, width_rad: f64) {
        match self.width_rad {
            None if width_rad <= WIDEST_RAD => self.width_rad = Some(width_rad),
            Some(usual_rad) if width_rad < usual_rad => self.width_rad = Some(width_rad),
            Some(usual_rad) if width_rad > 1.5 * usual_rad => {
                let again = (width_rad - self.wider.0).abs() < 1e-6;
                self.wider = (width_rad, if again { self.wider.1.saturating_add(1) } else { 1 });
                if self.wider.1 >= 3 {
                    self.width_rad = Some(width_rad);
                }
                return;
            }
            _ => {}
        }
        self.wider = (0.0, 0);
    }

    fn fits(&self, width_rad: f64, took: Span) -> bool {
        let expected_s = width_rad / TAU * self.period.seconds();
        (took.as_secs_f64() - expected_s).abs() <= 0.25 * expected_s + 0.1
    }
}

/// How far the antenna turned from one mark to the other, in (0, 2π].
pub(super) fn turned(from: Mark, to: Mark) -> f64 {
    let ahead_rad = to.azimuth_rad - from.azimuth_rad;
    if ahead_rad > 0.0 { ahead_rad } else { ahead_rad + TAU }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(degrees: f64, seconds: f64) -> Mark {
        let time = Timestamp::from_secs(1_000_000).plus(Span::from_secs_f64(seconds));
        Mark { time, azimuth_rad: degrees.to_radians() }
    }

    /// Feeds (degrees, seconds) crossings; degrees and certainty of each interval that came out.
    fn crossings(antenna: &mut Antenna, marks: &[(f64, f64)]) -> Vec<(f64, f64, bool)> {
        let mut out = Vec::new();
        for &(degrees, seconds) in marks {
            for swept in antenna.crossing(mark(degrees, seconds)).unwrap().into_iter().flatten() {
                if let Some(from) = swept.from {
                    let round = |radians: f64| libm::round(radians.to_degrees());
                    out.push((round(from.azimuth_rad), round(swept.to.azimuth_rad), swept.certain));
                }
            }
        }
        out
    }

    #[test]
    fn the_first_interval_teaches_and_the_next_are_certain() {
        let swept = crossings(&mut Antenna::new(4.0), &[(270.0, 0.0), (315.0, 0.5), (0.0, 1.0), (45.0, 1.5)]);
        assert_eq!(swept, [(270.0, 315.0, false), (315.0, 0.0, true), (0.0, 45.0, true)]);
    }

    #[test]
    fn a_lost_mark_or_a_lost_turn_makes_nothing_certain() {
        let start = [(0.0, 0.0), (45.0, 0.5), (90.0, 1.0)];
        let mut lost_mark = Antenna::new(4.0);
        crossings(&mut lost_mark, &start);
        let swept = crossings(&mut lost_mark, &[(180.0, 2.0), (225.0, 2.5)]);
        assert_eq!(swept, [(90.0, 180.0, false), (180.0, 225.0, true)]);
        let mut lost_turn = Antenna::new(4.0);
        crossings(&mut lost_turn, &start);
        let swept = crossings(&mut lost_turn, &[(135.0, 5.5), (180.0, 6.0)]);
        assert_eq!(swept, [(90.0, 135.0, false), (135.0, 180.0, true)]);
    }

    #[test]
    fn a_wider_division_is_believed_at_the_third_time() {
        let mut antenna = Antenna::new(4.0);
        crossings(&mut antenna, &[(0.0, 0.0), (45.0, 0.5), (90.0, 1.0)]);
        let wider = [(180.0, 2.0), (270.0, 3.0), (0.0, 4.0), (90.0, 5.0)];
        let certain: Vec<_> = crossings(&mut antenna, &wider).iter().map(|swept| swept.2).collect();
        assert_eq!(certain, [false, false, false, true]);
    }

    #[test]
    fn north_divides_where_no_crossing_does() {
        let mut antenna = Antenna::new(4.0);
        crossings(&mut antenna, &[(225.0, 0.0), (270.0, 0.5), (315.0, 1.0)]);
        assert_eq!(antenna.north(mark(0.0, 1.5).time, None), Ok(None));
        let swept = crossings(&mut antenna, &[(45.0, 2.0)]);
        assert_eq!(swept, [(315.0, 0.0, true), (0.0, 45.0, true)]);
    }

    #[test]
    fn the_period_is_learned_where_the_configured_one_is_wrong() {
        let mut antenna = Antenna::new(1.0);
        let turn = |start: f64| [0.0, 1.0, 2.0, 3.0].map(|k| (k * 90.0, start + k * 2.5));
        assert!(crossings(&mut antenna, &turn(0.0)).iter().all(|swept| !swept.2));
        crossings(&mut antenna, &turn(10.0));
        assert!((antenna.period().as_secs_f64() - 10.0).abs() < 1e-9);
        assert!(crossings(&mut antenna, &turn(20.0)).iter().all(|swept| swept.2));
    }

    #[test]
    fn a_radar_of_north_marks_alone_is_cut_by_its_plots() {
        let mut antenna = Antenna::new(12.0);
        assert_eq!(antenna.plot(mark(50.0, 1.7)), None);
        assert_eq!(antenna.north(mark(0.0, 0.0).time, None), Ok(None));
        let first = antenna.north(mark(0.0, 12.0).time, None).unwrap().unwrap();
        assert_eq!((first.from, first.certain), (None, false));
        assert_eq!(antenna.plot(mark(39.0, 13.3)), None);
        let cut = antenna.plot(mark(75.0, 14.5)).unwrap();
        assert_eq!((cut.certain, cut.to.time), (true, mark(0.0, 14.0).time));
        assert!((cut.to.azimuth_rad.to_degrees() - 60.0).abs() < 1e-9);
        let rest = antenna.north(mark(0.0, 24.0).time, None).unwrap().unwrap();
        assert_eq!((rest.from, rest.certain), (Some(cut.to), true));
        let lost = antenna.north(mark(0.0, 48.0).time, Some(12.0)).unwrap().unwrap();
        assert!(!lost.certain, "a whole turn is missing");
    }

    #[test]
    fn an_older_mark_is_refused_and_a_clock_set_back_begins_anew() {
        let mut antenna = Antenna::new(4.0);
        crossings(&mut antenna, &[(0.0, 100.0), (45.0, 100.5), (90.0, 101.0)]);
        assert_eq!(antenna.crossing(mark(45.0, 100.5)).unwrap_err().reason, OUT_OF_ORDER);
        assert_eq!(antenna.crossing(mark(90.0, 101.0)).unwrap_err().reason, OUT_OF_ORDER);
        let swept = crossings(&mut antenna, &[(0.0, 0.0), (45.0, 0.5), (90.0, 1.0)]);
        assert_eq!(swept, [(0.0, 45.0, false), (45.0, 90.0, true)]);
    }
}
