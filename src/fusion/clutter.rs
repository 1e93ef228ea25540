//! How many detections of nothing a sensor makes, and where: learned from what no track claims.
//!
//! In: per look what it covered, and every detection that turned out to be nobody's: those that began tracks which died
//! unconfirmed among them. Out: the clutter density at a place, as a factor on the configured one. Counts per
//! range–azimuth cell are a Gamma posterior around the sensor's own overall rate, which is one around the
//! configuration's: a cell that has seen little says little. What lies behind a nearer detection is told apart. The past fades, so that weather may change. Knows no track.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Cells: sectors of azimuth by rings of equal area.
const SECTORS: usize = 24;
const RINGS: usize = 4;
/// Time in which what was learned fades to a third, seconds.
const MEMORY_S: f64 = 120.0;
/// The configured rate weighs as much as this many false alarms, the sensor's overall rate in a cell as this many.
const PRIOR_OVERALL: f64 = 10.0;
const PRIOR_CELL: f64 = 10.0;
/// Behind another detection or not, as many.
const PRIOR_BEHIND: f64 = 5.0;
/// Most that is ever believed of configuration's error, either way.
const MOST_FACTOR: f64 = 30.0;

/// What one sensor's looks have left over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Clutter {
    /// Expected false alarms of one whole look, as configured.
    #[serde(skip)]
    configured: f64,
    #[serde(skip)]
    max_range_m: f64,
    /// Unclaimed weight per cell, azimuth looked at per sector, and looks, faded; a narrow look counts for its share.
    counts: [[f64; RINGS]; SECTORS],
    covered: [f64; SECTORS],
    looks: f64,
    /// Counts of what lay behind a nearer detection, and of what did not, and how much of the looks did.
    open: [f64; 2],
    behind: f64,
    as_of: Timestamp,
    /// Overall rate over the configured one.
    overall: f64,
    /// False alarms expected so far in a cell, per unit of its sector's cover.
    expected_per_covered: f64,
}

/// Where in the sensor's own polar frame something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "[u8; 3]", try_from = "[u8; 3]")]
pub(super) struct Cell {
    sector: u8,
    ring: u8,
    behind: bool,
}

/// Sector, ring, behind.
impl From<Cell> for [u8; 3] {
    fn from(cell: Cell) -> Self {
        [cell.sector, cell.ring, u8::from(cell.behind)]
    }
}

impl TryFrom<[u8; 3]> for Cell {
    type Error = &'static str;

    fn try_from([sector, ring, behind]: [u8; 3]) -> Result<Self, Self::Error> {
        if usize::from(sector) < SECTORS && usize::from(ring) < RINGS && behind < 2 {
            Ok(Self { sector, ring, behind: behind == 1 })
        } else {
            Err("no such cell")
        }
    }
}

impl Clutter {
    /// What was learned, under the configuration of `new`.
    pub(super) fn configured_as(self, new: &Self) -> Self {
        Self { configured: new.configured, max_range_m: new.max_range_m, ..self }
    }

    /// Nothing learned yet.
    pub(super) fn new(configured: f64, max_range_m: f64) -> Self {
        Self {
            configured,
            max_range_m,
            counts: [[0.0; RINGS]; SECTORS],
            covered: [0.0; SECTORS],
            looks: 0.0,
            open: [0.0; 2],
            behind: 0.0,
            as_of: Timestamp::from_nanos(i64::MIN),
            overall: 1.0,
            expected_per_covered: 0.0,
        }
    }

    /// The cell of an azimuth and a range, behind a nearer detection or not; a bearing's ring is the first.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the number of cells"
    )]
    pub(super) fn cell(&self, azimuth_rad: f64, range_m: f64, behind: bool) -> Cell {
        let turn = (azimuth_rad / TAU).rem_euclid(1.0);
        let part = (range_m / self.max_range_m).clamp(0.0, 1.0);
        Cell {
            sector: (turn * SECTORS as f64).min(SECTORS as f64 - 1.0) as u8,
            ring: (part * part * RINGS as f64).min(RINGS as f64 - 1.0) as u8,
            behind,
        }
    }

    /// A look at `time` from `from_rad` over `width_rad`, this share of a whole one, of which `behind` lay behind
    /// detections.
    pub(super) fn looked(
        &mut self,
        time: Timestamp,
        (from_rad, width_rad): (f64, f64),
        share: f64,
        behind: f64,
    ) {
        const SECTOR_RAD: f64 = TAU / SECTORS as f64;
        self.fade(time);
        let begin = from_rad.rem_euclid(TAU) / SECTOR_RAD;
        let end = begin + width_rad.clamp(0.0, TAU) / SECTOR_RAD;
        for (index, covered) in self.covered.iter_mut().enumerate() {
            // The interval may run through north: every sector stands twice.
            for low in [index as f64, (index + SECTORS) as f64] {
                *covered += (end.min(low + 1.0) - begin.max(low)).max(0.0);
            }
        }
        self.looks += share;
        self.behind += share * behind;
        let found: f64 = self.counts.iter().flatten().sum();
        self.overall = bounded((PRIOR_OVERALL + found) / (PRIOR_OVERALL + self.configured * self.looks));
        self.expected_per_covered = self.overall * self.configured * self.looks
            / (self.covered.iter().sum::<f64>() * RINGS as f64).max(1e-9);
    }

    /// What is known fades by the time since the last look.
    fn fade(&mut self, time: Timestamp) {
        let dt_s = time.since(self.as_of).as_secs_f64();
        if dt_s <= 0.0 {
            return;
        }
        let kept = libm::exp(-dt_s.min(1e6) / MEMORY_S);
        self.as_of = time;
        self.counts.iter_mut().flatten().for_each(|count| *count *= kept);
        self.covered.iter_mut().for_each(|covered| *covered *= kept);
        self.looks *= kept;
        self.behind *= kept;
        self.open = self.open.map(|count| count * kept);
    }

    /// A detection, or this much of one, was nobody's.
    pub(super) fn found(&mut self, cell: Cell, weight: f64) {
        self.counts[usize::from(cell.sector)][usize::from(cell.ring)] += weight;
        self.open[usize::from(cell.behind)] += weight;
    }

    /// Clutter density in a cell over the configured one.
    pub(super) fn factor(&self, cell: Cell) -> f64 {
        let sector = usize::from(cell.sector);
        let expected = self.expected_per_covered * self.covered[sector];
        let found = self.counts[sector][usize::from(cell.ring)];
        let looks = if cell.behind { self.behind } else { self.looks - self.behind };
        let usual = self.overall * self.configured * looks;
        let side = (PRIOR_BEHIND + self.open[usize::from(cell.behind)]) / (PRIOR_BEHIND + usual);
        bounded(self.overall * side * (PRIOR_CELL + found) / (PRIOR_CELL + expected))
    }

    /// False alarms per look, learned over configured.
    #[cfg(test)]
    pub(super) fn overall(&self) -> f64 {
        self.overall
    }
}

fn bounded(factor: f64) -> f64 {
    factor.clamp(1.0 / MOST_FACTOR, MOST_FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hundred whole looks, one a second, each leaving `per_look` over, all in one cell if `at` says so.
    fn learned(configured: f64, per_look: u32, at: Option<(f64, f64)>) -> Clutter {
        let mut clutter = Clutter::new(configured, 15_000.0);
        for k in 0..200 {
            clutter.looked(Timestamp::from_secs(k), (0.0, TAU), 1.0, 0.0);
            for n in 0..per_look {
                let spread = (f64::from(n) + 0.5) / f64::from(per_look);
                let (azimuth, range) = at.unwrap_or((TAU * spread, 15_000.0 * ((spread * 7.0) % 1.0).sqrt()));
                clutter.found(clutter.cell(azimuth, range, false), 1.0);
            }
        }
        clutter
    }

    #[test]
    fn a_rate_told_wrongly_is_found() {
        for (configured, expected) in [(20.0, 1.0), (5.0, 4.0), (80.0, 0.25)] {
            let overall = learned(configured, 20, None).overall();
            assert!((overall / expected - 1.0).abs() < 0.03, "{configured}: {overall}");
        }
        assert!(
            (Clutter::new(20.0, 15_000.0).overall() - 1.0).abs() < 1e-12,
            "nothing seen, nothing learned"
        );
    }

    #[test]
    fn a_cell_that_gives_much_is_told_from_its_neighbours() {
        let clutter = learned(1.0, 1, Some((1.0, 9_000.0)));
        let (here, there) = (clutter.cell(1.0, 9_000.0, false), clutter.cell(4.0, 9_000.0, false));
        assert!(clutter.factor(here) > 8.0, "{}", clutter.factor(here));
        assert!(clutter.factor(there) < 1.0, "{}", clutter.factor(there));
    }

    #[test]
    fn a_narrow_look_counts_for_its_share() {
        let mut clutter = Clutter::new(24.0, 15_000.0);
        // One rotation in twelve looks, 24 false alarms in all, through north.
        for k in 0..240 {
            let from = -0.3 + f64::from(k) * TAU / 12.0;
            let time = Timestamp::from_nanos(i64::from(k) * 250_000_000);
            clutter.looked(time, (from, TAU / 12.0), 1.0 / 12.0, 0.0);
            clutter.found(clutter.cell(from + 0.1, 5_000.0, false), 1.0);
            clutter.found(clutter.cell(from + 0.4, 9_000.0, false), 1.0);
        }
        assert!((clutter.overall() - 1.0).abs() < 0.02, "{}", clutter.overall());
    }

    #[test]
    fn what_was_fades() {
        let mut clutter = learned(5.0, 20, None);
        for k in 200..900 {
            clutter.looked(Timestamp::from_secs(k), (0.0, TAU), 1.0, 0.0);
            (0..5).for_each(|n| clutter.found(Cell { sector: n * 4, ring: n % 4, behind: false }, 1.0));
        }
        assert!((clutter.overall() - 1.0).abs() < 0.03, "{}", clutter.overall());
    }

    #[test]
    fn a_sensor_whose_echoes_have_tails_is_found_out() {
        let mut clutter = Clutter::new(3.0, 600.0);
        for k in 0..60 {
            // A twentieth of the field lies behind something, and two of three false alarms with it.
            clutter.looked(Timestamp::from_secs(2 * k), (0.0, TAU), 1.0, 0.05);
            let turn = 0.1 * f64::from(u32::try_from(k).unwrap());
            for (behind, range_m) in [(true, 300.0), (true, 450.0), (false, 500.0)] {
                let cell = clutter.cell(turn + range_m, range_m, behind);
                clutter.found(cell, 1.0);
            }
        }
        let factor = |behind| clutter.factor(clutter.cell(2.0, 400.0, behind));
        assert!(factor(true) > 4.0 && factor(false) < 0.8, "{} {}", factor(true), factor(false));
    }
}
