//! Which of many points lie densely together.
//!
//! In: points, how many make a gathering, and within which distance. Out: the clusters of DBSCAN (Ester, Kriegel, Sander &
//! Xu 1996, KDD), each the indices of its points, in order of the lowest. Knows no track and no time. Cells so small that
//! all in one are near each other make the cost that of the points, not of their pairs (Gunawan 2013): in a cell of many
//! all are core points and one cluster; two cells are one cluster as soon as one pair is found to be near.

use std::collections::BTreeMap;

use crate::watch::line::Point;

type Cell = (i32, i32);

/// Clusters of points of which each has `least`, itself included, within `radius_m`; what is near such a point belongs to
/// the cluster of the nearest.
pub(super) fn clusters(points: &[Point], least: usize, radius_m: f64) -> Vec<Vec<usize>> {
    let grid = Grid::new(points, radius_m);
    let core: Vec<bool> = (0..points.len()).map(|index| grid.is_core(index, least)).collect();
    let cells: Vec<(Cell, Vec<usize>)> = grid
        .cells
        .iter()
        .map(|(cell, inside)| (*cell, inside.iter().copied().filter(|index| core[*index]).collect()))
        .filter(|(_, inside): &(Cell, Vec<usize>)| !inside.is_empty())
        .collect();
    let number_of: BTreeMap<Cell, usize> =
        cells.iter().enumerate().map(|(at, (cell, _))| (*cell, at)).collect();
    let mut root: Vec<usize> = (0..cells.len()).collect();
    for (at, (cell, inside)) in cells.iter().enumerate() {
        for near in neighbours(*cell).filter(|near| near > cell) {
            let Some(&other) = number_of.get(&near) else { continue };
            let (a, b) = (find(&mut root, at), find(&mut root, other));
            let touch = || inside.iter().any(|i| cells[other].1.iter().any(|j| grid.are_near(*i, *j)));
            if a != b && touch() {
                root[a.max(b)] = a.min(b);
            }
        }
    }
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..points.len() {
        let nearest = if core[index] { Some(grid.of[index]) } else { grid.nearest_core(index, &core) };
        if let Some(at) = nearest.and_then(|cell| number_of.get(&cell)) {
            found.entry(find(&mut root, *at)).or_default().push(index);
        }
    }
    let mut clusters: Vec<Vec<usize>> = found.into_values().collect();
    clusters.sort_unstable();
    clusters
}

struct Grid<'a> {
    points: &'a [Point],
    radius_m: f64,
    cells: BTreeMap<Cell, Vec<usize>>,
    of: Vec<Cell>,
}

impl<'a> Grid<'a> {
    fn new(points: &'a [Point], radius_m: f64) -> Self {
        let side = radius_m * std::f64::consts::FRAC_1_SQRT_2;
        #[expect(clippy::cast_possible_truncation, reason = "floored, and it saturates")]
        let along = |x: f64| libm::floor(x / side) as i32;
        let of: Vec<Cell> = points.iter().map(|point| (along(point[0]), along(point[1]))).collect();
        let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (index, cell) in of.iter().enumerate() {
            cells.entry(*cell).or_default().push(index);
        }
        Self { points, radius_m, cells, of }
    }

    fn are_near(&self, i: usize, j: usize) -> bool {
        self.squared(i, j) <= self.radius_m * self.radius_m
    }

    fn squared(&self, i: usize, j: usize) -> f64 {
        let (a, b) = (self.points[i], self.points[j]);
        (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
    }

    fn around(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let own = self.of[index];
        let cells = std::iter::once(own).chain(neighbours(own));
        cells.filter_map(|cell| self.cells.get(&cell)).flatten().copied()
    }

    fn is_core(&self, index: usize, least: usize) -> bool {
        self.cells[&self.of[index]].len() >= least
            || self.around(index).filter(|other| self.are_near(index, *other)).take(least).count() >= least
    }

    fn nearest_core(&self, index: usize, core: &[bool]) -> Option<Cell> {
        let near = self.around(index).filter(|other| core[*other] && self.are_near(index, *other));
        let order =
            |a: &usize, b: &usize| self.squared(index, *a).total_cmp(&self.squared(index, *b)).then(a.cmp(b));
        near.min_by(order).map(|other| self.of[other])
    }
}

/// The cells of which a point may be near one of this cell: two rings but for their corners.
fn neighbours(cell: Cell) -> impl Iterator<Item = Cell> {
    let steps = (-2..=2).flat_map(|x: i32| (-2..=2).map(move |y: i32| (x, y)));
    let steps = steps.filter(|(x, y)| (*x, *y) != (0, 0) && x.abs() + y.abs() < 4);
    steps.map(move |(x, y)| (cell.0.saturating_add(x), cell.1.saturating_add(y)))
}

fn find(root: &mut [usize], mut at: usize) -> usize {
    while root[at] != at {
        root[at] = root[root[at]];
        at = root[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DBSCAN as its definition says, all pairs; border points to the nearest core point.
    fn by_definition(points: &[Point], least: usize, radius_m: f64) -> Vec<Vec<usize>> {
        let grid = Grid::new(points, radius_m);
        let all = 0..points.len();
        let near = |i: usize| {
            all.clone().filter(move |j| {
                libm::hypot(points[i][0] - points[*j][0], points[i][1] - points[*j][1]) <= radius_m
            })
        };
        let core: Vec<bool> = all.clone().map(|i| near(i).count() >= least).collect();
        let mut label: Vec<usize> = all.clone().collect();
        for _ in 0..points.len() {
            for i in all.clone().filter(|i| core[*i]) {
                let lowest = near(i).filter(|j| core[*j]).map(|j| label[j]).min();
                label[i] = lowest.map_or(label[i], |lowest| lowest.min(label[i]));
            }
        }
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for i in all.clone() {
            let nearest = near(i)
                .filter(|j| core[*j])
                .min_by(|a, b| grid.squared(i, *a).total_cmp(&grid.squared(i, *b)));
            if let Some(core) = nearest {
                found.entry(label[core]).or_default().push(i);
            }
        }
        let mut clusters: Vec<Vec<usize>> = found.into_values().collect();
        clusters.sort_unstable();
        clusters
    }

    #[test]
    fn it_is_what_the_definition_says() {
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for (number, least, radius_m) in [(60, 3, 120.0), (80, 4, 150.0), (40, 2, 60.0), (90, 5, 200.0)] {
            let points: Vec<Point> =
                (0..number).map(|_| [1000.0 * draw() - 500.0, 1000.0 * draw()]).collect();
            let found = clusters(&points, least, radius_m);
            assert_eq!(found, by_definition(&points, least, radius_m), "{number} {least} {radius_m}");
            assert!(!found.is_empty());
        }
    }

    #[test]
    fn a_column_is_one_and_two_places_are_two() {
        let column: Vec<Point> = (0..6).map(|n| [60.0 * f64::from(n), 0.0]).collect();
        let mut points = column.clone();
        points.extend(column.iter().map(|p| [p[0], 900.0]));
        points.push([5_000.0, 5_000.0]);
        assert_eq!(clusters(&points, 5, 500.0), [vec![0, 1, 2, 3, 4, 5], vec![6, 7, 8, 9, 10, 11]]);
        assert!(clusters(&column, 7, 500.0).is_empty(), "too few");
        assert!(clusters(&[], 5, 500.0).is_empty());
    }
}
