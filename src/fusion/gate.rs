//! The association gate: which detections could be of which track.
//!
//! In: positions of a look's detections, then per predicted track the half-widths of its gate. Out: the detections in
//! that box, found through a grid. The χ² test itself is on d²; its threshold is computed here. Nothing is all-pairs.

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
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    cell_m: f64,
    /// (row, column, detection), ascending.
    cells: Vec<(i32, i32, u32)>,
}

/// Where a coordinate lies; positions beyond every sector share the outermost cells.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what an i32 holds")]
fn cell(coordinate_m: f64, cell_m: f64) -> i32 {
    libm::floor(coordinate_m / cell_m).clamp(-1e9, 1e9) as i32
}

impl Grid {
    /// Takes a look's positions.
    pub(super) fn fill(&mut self, positions: impl Iterator<Item = (u32, [f64; 2])>, cell_m: f64) {
        self.cell_m = cell_m;
        self.cells.clear();
        self.cells.extend(positions.map(|(index, [e, n])| (cell(n, cell_m), cell(e, cell_m), index)));
        self.cells.sort_unstable();
    }

    /// Calls `found` with every detection whose cell touches the box `at ± half`, in order of cells.
    pub(super) fn within(&self, at: [f64; 2], half: [f64; 2], mut found: impl FnMut(u32)) {
        let (rows, columns) = (
            (cell(at[1] - half[1], self.cell_m), cell(at[1] + half[1], self.cell_m)),
            (cell(at[0] - half[0], self.cell_m), cell(at[0] + half[0], self.cell_m)),
        );
        let mut from = self.cells.partition_point(|c| (c.0, c.1) < (rows.0, columns.0));
        while let Some(&(row, column, index)) = self.cells.get(from) {
            if row > rows.1 {
                break;
            }
            if column > columns.1 {
                from += self.cells[from..].partition_point(|c| (c.0, c.1) < (row + 1, columns.0));
            } else if column < columns.0 {
                from += self.cells[from..].partition_point(|c| (c.0, c.1) < (row, columns.0));
            } else {
                found(index);
                from += 1;
            }
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
