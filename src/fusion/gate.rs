//! The association gate: which detections could be of which track.
//!
//! In: positions of a look's detections, then per predicted track the half-widths of its gate. Out: the detections in
//! that box, found through a grid. The χ² test itself is on d²; its threshold is computed here. Nothing is all-pairs.

use serde::{Deserialize, Serialize};

/// The `p` quantile of χ² with one or two degrees of freedom.
pub(super) fn chi_square_quantile(p: f64, two_degrees: bool) -> f64 {
    if two_degrees {
        return -2.0 * libm::log(1.0 - p);
    }
    // erf(√(x/2)) = p, by bisection: exact to the last bits and needed once.
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if libm::erf(f64::sqrt(middle / 2.0)) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Detections of one look, sorted by grid cell; buffers are kept from look to look.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Grid {
    cell_m: f64,
    /// Row, column and detection as one number, ascending.
    cells: Vec<u128>,
    /// Where each row begins in `cells`, from the first on; empty where rows lie too far apart for such a table.
    #[serde(skip)]
    rows: Vec<u32>,
    #[serde(skip)]
    first_row: u32,
}

/// A table of rows is worth its room up to so many rows per detection.
const MOST_ROWS: usize = 8;

/// Where a coordinate lies; positions beyond every sector share the outermost cells. Counted from the lowest there is,
/// so that cells sort as plain numbers.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a u32 holds")]
fn cell(coordinate_m: f64, cell_m: f64) -> u32 {
    const MOST: f64 = 1e9;
    let cells = coordinate_m / cell_m;
    // Towards zero, then down where that went up: floor, without a call.
    let whole = cells.clamp(-MOST, MOST) as i64;
    let below = i64::from((whole as f64) > cells);
    (whole - below + MOST as i64 + 1) as u32
}

const fn packed(row: u32, column: u32, detection: u32) -> u128 {
    (row as u128) << 64 | (column as u128) << 32 | detection as u128
}

#[expect(clippy::cast_possible_truncation, reason = "three numbers of 32 bits")]
const fn unpacked(cell: u128) -> (u32, u32, u32) {
    ((cell >> 64) as u32, (cell >> 32) as u32, cell as u32)
}

impl Grid {
    /// Takes a look's positions.
    pub(super) fn fill(&mut self, positions: impl Iterator<Item = (u32, [f64; 2])>, cell_m: f64) {
        self.cell_m = cell_m;
        self.cells.clear();
        self.cells.extend(positions.map(|(index, [e, n])| packed(cell(n, cell_m), cell(e, cell_m), index)));
        self.cells.sort_unstable();
        self.index_rows();
    }

    /// As read from a snapshot: makes the table of rows. False if something in it is not one of the first `items`.
    pub(super) fn restored(&mut self, items: usize) -> bool {
        let within = |cell: &u128| {
            let (row, _, item) = unpacked(*cell);
            row < u32::MAX && (item as usize) < items && *cell == packed(row, unpacked(*cell).1, item)
        };
        let sound = self.cells.is_sorted() && self.cells.iter().all(within);
        if sound {
            self.index_rows();
        }
        sound
    }

    fn index_rows(&mut self) {
        self.rows.clear();
        let ends = (self.cells.first(), self.cells.last());
        let (first, last) = (ends.0.map_or(0, |c| unpacked(*c).0), ends.1.map_or(0, |c| unpacked(*c).0));
        self.first_row = first;
        if (last - first) as usize > MOST_ROWS * self.cells.len() {
            return;
        }
        for (at, cell) in (0u32..).zip(&self.cells) {
            let row = (unpacked(*cell).0 - first) as usize;
            while self.rows.len() <= row {
                self.rows.push(at);
            }
        }
    }

    /// Bytes of its buffers.
    pub(super) fn held(&self) -> usize {
        self.cells.capacity() * size_of::<u128>() + self.rows.capacity() * size_of::<u32>()
    }

    /// Calls `found` with every detection whose cell touches the box `at ± half`, in order of cells.
    pub(super) fn within(&self, at: [f64; 2], half: [f64; 2], mut found: impl FnMut(u32)) {
        let (rows, columns) = (
            (cell(at[1] - half[1], self.cell_m), cell(at[1] + half[1], self.cell_m)),
            (cell(at[0] - half[0], self.cell_m), cell(at[0] + half[0], self.cell_m)),
        );
        let from = self.begin_of(rows.0);
        let mut left = self.cells.get(from..).unwrap_or_default();
        while let Some((row, column, index)) = left.first().map(|cell| unpacked(*cell)) {
            if row > rows.1 {
                break;
            }
            let passed = if column > columns.1 {
                self.begin_of(row + 1).saturating_sub(self.cells.len() - left.len())
            } else if column < columns.0 {
                let end = self.begin_of(row + 1).saturating_sub(self.cells.len() - left.len());
                let of_row = left.get(..end).unwrap_or(left);
                of_row.partition_point(|cell| *cell < packed(row, columns.0, 0))
            } else {
                found(index);
                1
            };
            left = left.get(passed..).unwrap_or_default();
        }
    }

    /// Where the cells of this row and all above it begin.
    fn begin_of(&self, row: u32) -> usize {
        let Some(at) = row.checked_sub(self.first_row) else { return 0 };
        if let Some(begin) = self.rows.get(at as usize) {
            return *begin as usize;
        }
        if self.rows.is_empty() {
            self.cells.partition_point(|cell| *cell < packed(row, 0, 0))
        } else {
            self.cells.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_scipy() {
        // scipy.stats.chi2.ppf.
        for (p, two, expected) in [
            (0.99, true, 9.210_340_371_976_184),
            (0.999_7, true, 16.223_456_102_3),
            (0.99, false, 6.634_896_601_021_214),
            (0.95, false, 3.841_458_820_694_124),
        ] {
            let got = chi_square_quantile(p, two);
            assert!((got - expected).abs() < 1e-7, "{p} {two}: {got}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_grid_finds_everything_in_the_box(
            points in proptest::collection::vec((-3e3..3e3_f64, -3e3..3e3_f64), 0..60),
            (e, n) in (-3e3..3e3_f64, -3e3..3e3_f64),
            (he, hn) in (1.0..900.0_f64, 1.0..900.0_f64),
        ) {
            let mut grid = Grid::default();
            grid.fill(points.iter().enumerate().map(|(i, p)| (u32::try_from(i).unwrap(), [p.0, p.1])), 170.0);
            let mut found = Vec::new();
            grid.within([e, n], [he, hn], |i| found.push(i));
            for (i, p) in points.iter().enumerate() {
                let inside = (p.0 - e).abs() <= he && (p.1 - n).abs() <= hn;
                let near = (p.0 - e).abs() <= he + 170.0 && (p.1 - n).abs() <= hn + 170.0;
                let has = found.contains(&u32::try_from(i).unwrap());
                proptest::prop_assert!(has || !inside);
                proptest::prop_assert!(near || !has);
            }
            found.dedup();
            let count = found.len();
            found.sort_unstable();
            found.dedup();
            proptest::prop_assert_eq!(found.len(), count, "nothing twice");
        }
    }
}
