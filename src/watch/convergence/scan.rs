//! Where more come to stay than usual: a space-time scan.
//!
//! In: tracks with their places once a minute. Out: the block of cells and the last minutes in which the most unlikely
//! number came to stay, with how often chance alone makes one as unlikely. Knows no rule.
//!
//! Counted are tracks that were seen to move and then stay for two minutes. A cell's usual is learned, and so is how it
//! changes through the day. Over all blocks of up to 4 × 4 cells and all of the last 5, 15, 30 and 60 minutes the scan takes
//! the largest c ln(c/e) − (c − e) (Kulldorff 2001, JRSS A 164; expectation-based, Neill 2009, Int. J. Forecasting 25),
//! over the dispersion of such counts. How large chance makes it is a Gumbel distribution fitted to the maxima of worlds
//! drawn from the usual (Abrams, Kulldorff & Kleinman 2010, Int. J. Health Geographics 9): seeded by the hour, so that
//! the same hour gives the same.

mod chance;
mod stays;

use serde::{Deserialize, Serialize};

use crate::fusion::TrackId;
use crate::time::Timestamp;
use crate::watch::line::Point;
use chance::{Chance, Gumbel};
use stays::Stays;

/// Cells at most: more ground has larger ones.
const MOST_CELLS: f64 = 1024.0;
/// Sides of blocks, cells.
const SIDES: [usize; 4] = [1, 2, 3, 4];
/// Ends of the spans that are looked back over, minutes.
const SPANS: [usize; 4] = [5, 15, 30, 60];
const HOUR: usize = 60;
/// Minutes after which what was learned weighs half …
const HALF_LIFE_MIN: f64 = 14.0 * 1440.0;
/// … and a week's, forgotten like that: before it nothing is usual.
const LEARNED_MIN: f64 = 8_500.0;
/// A cell is believed to be like all others with the weight of so many arrivals.
const ALIKE: f64 = 1.0;
/// Worlds drawn to fit the tail.
const WORLDS: u32 = 99;
/// Fewer than this are no gathering.
const FEWEST: f64 = 3.0;

/// The scan of one rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scan {
    stays: Stays,
    /// Per cell and minute of the last hour: who came to stay, the latest minute first.
    recent: Vec<Vec<u16>>,
    minute: Option<i64>,
    /// Arrivals per cell, per hour of the day, in all, and the minutes they took; all forgotten alike.
    by_cell: Vec<f64>,
    by_hour: [f64; 24],
    minutes_of_hour: [f64; 24],
    minutes: f64,
    /// Squares over expectations of quarters of an hour, and how many were expected.
    dispersion: (f64, f64),
    tail: Option<(i64, Gumbel)>,
}

/// The ground that is scanned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ground {
    low: Point,
    pub side_m: f64,
    columns: usize,
    rows: usize,
}

/// A block in which too many came to stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub low: Point,
    pub high: Point,
    pub minutes: usize,
    pub came: f64,
    pub expected: f64,
    /// P(chance alone makes one as unlikely in one scan).
    pub p: f64,
}

impl Ground {
    /// A rectangle in cells of at least so many metres.
    pub(super) fn new([low, high]: [Point; 2], side_m: f64) -> Self {
        let (wide, tall) = ((high[0] - low[0]).max(1.0), (high[1] - low[1]).max(1.0));
        let side_m = side_m.max((wide * tall / MOST_CELLS).sqrt()).max(wide.max(tall) / MOST_CELLS);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and bounded by the sides"
        )]
        let along = |length: f64| libm::ceil(length / side_m) as usize;
        Self { low, side_m, columns: along(wide).max(1), rows: along(tall).max(1) }
    }

    fn cells(&self) -> usize {
        self.columns * self.rows
    }

    fn cell(&self, at: Point) -> Option<usize> {
        let place = |axis: usize, count: usize| {
            let x = (at[axis] - self.low[axis]) / self.side_m;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be in range"
            )]
            (x >= 0.0 && x < count as f64).then_some(x as usize)
        };
        Some(place(1, self.rows)? * self.columns + place(0, self.columns)?)
    }
}

impl Scan {
    /// Whether it knows what is usual.
    pub(super) fn is_determined(&self) -> bool {
        self.minutes >= LEARNED_MIN
    }

    /// A minute has passed; `tracks` are all with their places. The most unlikely block, where one is worth a look.
    pub(super) fn minute(
        &mut self,
        now: Timestamp,
        ground: &Ground,
        tracks: &[(TrackId, Point)],
        freeze: bool,
    ) -> Option<Window> {
        if self.recent.len() != ground.cells() {
            *self = Self {
                recent: vec![Vec::new(); ground.cells()],
                by_cell: vec![0.0; ground.cells()],
                ..Self::default()
            };
        }
        let minute = now.floor_secs().div_euclid(60);
        let watched_on = self.minute.is_some_and(|last| minute - last <= 2);
        self.minute = Some(minute);
        let came = self.stays.minute(now, tracks, ground.side_m, !watched_on);
        let mut counts = vec![0_u16; ground.cells()];
        came.iter()
            .filter_map(|at| ground.cell(*at))
            .for_each(|cell| counts[cell] = counts[cell].saturating_add(1));
        for (recent, count) in self.recent.iter_mut().zip(&counts) {
            recent.insert(0, *count);
            recent.truncate(HOUR);
        }
        let hour = usize::try_from(minute.div_euclid(60).rem_euclid(24)).expect("in [0, 24)");
        let means = self.means(hour);
        let found = if self.is_determined() { self.search(minute, ground, &means) } else { None };
        if !freeze {
            self.learn(minute, hour, &counts, &means);
        }
        found
    }

    /// A track is what another was.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        self.stays.follow(before, heir);
    }

    /// Expected arrivals of each cell in a minute of this hour: cell and hour as if they did not depend on each other.
    fn means(&self, hour: usize) -> Vec<f64> {
        let all: f64 = self.by_cell.iter().sum();
        let of_hour = (self.by_hour[hour] + ALIKE)
            / (self.minutes_of_hour[hour] + ALIKE * self.minutes.max(1.0) / (all + ALIKE));
        let alike = 1.0 / self.by_cell.len().max(1) as f64;
        let share = |came: &f64| (came + ALIKE * alike) / (all + ALIKE);
        self.by_cell.iter().map(|came| share(came) * of_hour).collect()
    }

    fn learn(&mut self, minute: i64, hour: usize, counts: &[u16], means: &[f64]) {
        let kept = libm::exp2(-1.0 / HALF_LIFE_MIN);
        let grown = |sum: &mut f64, by: f64| *sum = kept * *sum + by;
        self.by_cell.iter_mut().zip(counts).for_each(|(sum, count)| grown(sum, f64::from(*count)));
        let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        for (at, (came, minutes)) in self.by_hour.iter_mut().zip(&mut self.minutes_of_hour).enumerate() {
            grown(came, if at == hour { all } else { 0.0 });
            grown(minutes, if at == hour { 1.0 } else { 0.0 });
        }
        // The sum of what is kept, but never less than the minutes that it stands for while it grows.
        self.minutes = (kept * self.minutes + 1.0).min(HALF_LIFE_MIN / std::f64::consts::LN_2);
        if minute.rem_euclid(15) == 0 {
            let quarter = |cell: &Vec<u16>| cell.iter().take(15).map(|count| f64::from(*count)).sum::<f64>();
            for (cell, mean) in self.recent.iter().zip(means) {
                let (off, expected) = (quarter(cell) - 15.0 * mean, 15.0 * mean);
                let kept = 1.0 - 15.0 / HALF_LIFE_MIN / self.recent.len().max(1) as f64;
                self.dispersion = (kept * self.dispersion.0 + off * off, kept * self.dispersion.1 + expected);
            }
        }
    }

    fn search(&mut self, minute: i64, ground: &Ground, means: &[f64]) -> Option<Window> {
        let dispersion = ((self.dispersion.0 + 1.0) / (self.dispersion.1 + 1.0)).clamp(1.0, 20.0);
        let hour = minute.div_euclid(60);
        let tail = match self.tail {
            Some((of, tail)) if of == hour => tail,
            _ => {
                let tail = fit(ground, means, hour);
                self.tail = Some((hour, tail));
                tail
            }
        };
        let spans = SPANS.map(|minutes| {
            let of = |cell: &Vec<u16>| cell.iter().take(minutes).map(|count| f64::from(*count)).sum();
            self.recent.iter().map(of).collect::<Vec<f64>>()
        });
        let mut best = largest(ground, &spans, means)?;
        if best.1.came < FEWEST {
            return None;
        }
        best.1.p = tail.above(best.0 / dispersion);
        Some(best.1)
    }
}

/// The Gumbel tail of the largest statistic where all is as usual.
fn fit(ground: &Ground, means: &[f64], seed: i64) -> Gumbel {
    let mut chance = Chance::new(seed);
    let maxima = (0..WORLDS).map(|_| {
        let mut spans = SPANS.map(|_| vec![0.0; means.len()]);
        for (cell, mean) in means.iter().enumerate() {
            let (mut sum, mut from) = (0.0, 0);
            for (span, minutes) in spans.iter_mut().zip(SPANS) {
                sum += chance.poisson(mean * (minutes - from) as f64);
                (span[cell], from) = (sum, minutes);
            }
        }
        largest(ground, &spans, means).map_or(0.0, |(statistic, _)| statistic)
    });
    Gumbel::of(&maxima.collect::<Vec<f64>>())
}

/// The largest statistic over all blocks and spans, and where.
fn largest(ground: &Ground, spans: &[Vec<f64>; 4], means: &[f64]) -> Option<(f64, Window)> {
    let expected = sums(ground, means);
    let mut best: Option<(f64, Window)> = None;
    for (came, minutes) in spans.iter().zip(SPANS) {
        let came = sums(ground, came);
        for side in SIDES {
            for row in 0..ground.rows.saturating_sub(side - 1) {
                for column in 0..ground.columns.saturating_sub(side - 1) {
                    let block = |sums: &[f64]| block(ground, sums, column, row, side);
                    let (c, e) = (block(&came), (block(&expected) * minutes as f64).max(1e-6));
                    if c <= e || c < 1.0 {
                        continue;
                    }
                    let statistic = c * libm::log(c / e) - (c - e);
                    if best.is_none_or(|(most, _)| statistic > most) {
                        let corner = |column: usize, row: usize| {
                            [
                                ground.low[0] + column as f64 * ground.side_m,
                                ground.low[1] + row as f64 * ground.side_m,
                            ]
                        };
                        let (low, high) = (corner(column, row), corner(column + side, row + side));
                        best = Some((statistic, Window { low, high, minutes, came: c, expected: e, p: 1.0 }));
                    }
                }
            }
        }
    }
    best
}

/// Sums over all cells below and left of each corner, so that a block is four of them.
fn sums(ground: &Ground, cells: &[f64]) -> Vec<f64> {
    let wide = ground.columns + 1;
    let mut sums = vec![0.0; wide * (ground.rows + 1)];
    for row in 0..ground.rows {
        for column in 0..ground.columns {
            let at = (row + 1) * wide + column + 1;
            sums[at] =
                cells[row * ground.columns + column] + sums[at - 1] + sums[at - wide] - sums[at - wide - 1];
        }
    }
    sums
}

fn block(ground: &Ground, sums: &[f64], column: usize, row: usize, side: usize) -> f64 {
    let at = |column: usize, row: usize| sums[row * (ground.columns + 1) + column];
    at(column + side, row + side) - at(column, row + side) - at(column + side, row) + at(column, row)
}

#[cfg(test)]
mod tests;
