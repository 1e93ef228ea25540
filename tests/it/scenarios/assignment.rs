//! The cheapest assignment of rows to columns (Kuhn 1955; shortest augmenting paths as by Jonker & Volgenant 1987).
//!
//! Its own, not the tracker's: what judges must not share what is judged.

/// The column of each row that makes the sum of costs least. Every row has one if there are at least as many columns as
/// rows; else every column is given, and some rows have none.
pub(crate) fn cheapest(costs: &[Vec<f64>]) -> Vec<Option<usize>> {
    let (rows, columns) = (costs.len(), costs.first().map_or(0, Vec::len));
    if rows <= columns {
        return rows_to_columns(rows, columns, |row, column| costs[row][column])
            .into_iter()
            .map(Some)
            .collect();
    }
    let mut of_rows = vec![None; rows];
    let of_columns = rows_to_columns(columns, rows, |column, row| costs[row][column]);
    for (column, row) in of_columns.into_iter().enumerate() {
        of_rows[row] = Some(column);
    }
    of_rows
}

/// For `rows` ≤ `columns`. Potentials `u`, `v` keep reduced costs non-negative; each row in turn takes the shortest
/// alternating path to a free column. Index 0 is a stand-in for "none".
fn rows_to_columns(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let (mut u, mut v) = (vec![0.0; rows + 1], vec![0.0; columns + 1]);
    let mut row_of = vec![0; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut least = vec![f64::INFINITY; columns + 1];
        let (mut used, mut before) = (vec![false; columns + 1], vec![0; columns + 1]);
        let mut at = 0;
        while row_of[at] != 0 {
            used[at] = true;
            let (here, mut step, mut next) = (row_of[at], f64::INFINITY, 0);
            for column in 1..=columns {
                if used[column] {
                    continue;
                }
                let reduced = cost(here - 1, column - 1) - u[here] - v[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, at);
                }
                if least[column] < step {
                    (step, next) = (least[column], column);
                }
            }
            for column in 0..=columns {
                if used[column] {
                    u[row_of[column]] += step;
                    v[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            row_of[at] = row_of[before[at]];
            at = before[at];
        }
    }
    let mut found = vec![0; rows];
    for column in 1..=columns {
        if row_of[column] != 0 {
            found[row_of[column] - 1] = column - 1;
        }
    }
    found
}

#[test]
fn it_is_the_cheapest_of_all() {
    // Every permutation of five, against a sequence that repeats no value.
    let mut state = 1u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64
    };
    for (rows, columns) in [(5, 5), (3, 5), (5, 3), (1, 4), (4, 1)] {
        let costs: Vec<Vec<f64>> = (0..rows).map(|_| (0..columns).map(|_| draw()).collect()).collect();
        let found = cheapest(&costs);
        let sum: f64 =
            found.iter().enumerate().filter_map(|(row, column)| Some(costs[row][(*column)?])).sum();
        assert_eq!(found.iter().flatten().count(), rows.min(columns));
        assert_eq!(sum, least_by_trying(&costs, 0, &mut vec![false; columns], rows.saturating_sub(columns)));
    }
}

#[cfg(test)]
fn least_by_trying(costs: &[Vec<f64>], row: usize, taken: &mut Vec<bool>, idle: usize) -> f64 {
    if row == costs.len() {
        return 0.0;
    }
    let mut least = f64::INFINITY;
    if idle > 0 {
        least = least_by_trying(costs, row + 1, taken, idle - 1);
    }
    for column in 0..taken.len() {
        if !taken[column] {
            taken[column] = true;
            least = least.min(costs[row][column] + least_by_trying(costs, row + 1, taken, idle));
            taken[column] = false;
        }
    }
    least
}
