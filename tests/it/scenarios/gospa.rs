//! GOSPA of one instant (Rahmathullah, García-Fernández & Svensson 2017), p = 2, α = 2: which track is whose, and what is
//! missed or false.

use super::assignment::cheapest;
use super::run::Second;

/// Who was matched with whom at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    /// Indices of target and track in the second, and the distance between them, metres.
    pub(crate) pairs: Vec<(usize, usize, f64)>,
    /// Sum of squared distances, m².
    pub(crate) location_m2: f64,
    /// c²/2 for each target without a track.
    pub(crate) missed_m2: f64,
    /// c²/2 for each track without a target.
    pub(crate) false_m2: f64,
}

impl Matching {
    /// The optimal one. Pairs `c_m` or more apart cost as much as leaving both alone, so the rest falls into pieces that
    /// are matched by themselves.
    pub(crate) fn of(second: &Second, c_m: f64) -> Self {
        let (targets, tracks) = (second.truth.len(), second.tracks.len());
        let mut near: Vec<Vec<(usize, f64)>> = vec![Vec::new(); targets];
        for (i, target) in second.truth.iter().enumerate() {
            for (j, track) in second.tracks.iter().enumerate() {
                let (x, y) = (target.at[0] - track.at[0], target.at[1] - track.at[1]);
                if x.abs() < c_m && y.abs() < c_m && x.hypot(y) < c_m {
                    near[i].push((j, x.hypot(y)));
                }
            }
        }
        let mut pairs: Vec<(usize, usize, f64)> = pieces(&near, tracks)
            .iter()
            .flat_map(|(rows, columns)| matched(rows, columns, &near, c_m))
            .collect();
        pairs.sort_by_key(|pair| pair.0);
        let alone = c_m * c_m / 2.0;
        Self {
            // From plus zero: an empty sum of floats is minus zero, and would be printed so.
            location_m2: pairs.iter().fold(0.0, |sum, (_, _, d)| sum + d * d),
            missed_m2: (targets - pairs.len()) as f64 * alone,
            false_m2: (tracks - pairs.len()) as f64 * alone,
            pairs,
        }
    }

    /// The metric itself, metres.
    pub(crate) fn gospa_m(&self) -> f64 {
        (self.location_m2 + self.missed_m2 + self.false_m2).sqrt()
    }
}

/// Connected targets and tracks.
fn pieces(near: &[Vec<(usize, f64)>], tracks: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut targets_of: Vec<Vec<usize>> = vec![Vec::new(); tracks];
    for (target, list) in near.iter().enumerate() {
        list.iter().for_each(|(track, _)| targets_of[*track].push(target));
    }
    let (mut seen_target, mut seen_track) = (vec![false; near.len()], vec![false; tracks]);
    let mut found = Vec::new();
    for start in 0..near.len() {
        if seen_target[start] || near[start].is_empty() {
            continue;
        }
        let (mut rows, mut columns, mut todo) = (Vec::new(), Vec::new(), vec![start]);
        seen_target[start] = true;
        while let Some(target) = todo.pop() {
            rows.push(target);
            for &(track, _) in &near[target] {
                if std::mem::replace(&mut seen_track[track], true) {
                    continue;
                }
                columns.push(track);
                for &other in &targets_of[track] {
                    if !std::mem::replace(&mut seen_target[other], true) {
                        todo.push(other);
                    }
                }
            }
        }
        rows.sort_unstable();
        columns.sort_unstable();
        found.push((rows, columns));
    }
    found
}

/// The best pairs of one piece, those at `c_m` or more left out.
fn matched(
    rows: &[usize],
    columns: &[usize],
    near: &[Vec<(usize, f64)>],
    c_m: f64,
) -> Vec<(usize, usize, f64)> {
    let distance = |target: usize, track: usize| {
        near[target].iter().find(|(other, _)| *other == track).map_or(c_m, |(_, d)| *d)
    };
    let costs: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| columns.iter().map(|column| distance(*row, *column).powi(2)).collect())
        .collect();
    let of_rows = cheapest(&costs);
    let pairs = rows.iter().zip(of_rows).filter_map(|(row, column)| {
        let column = columns[column?];
        Some((*row, column, distance(*row, column)))
    });
    pairs.filter(|(_, _, d)| *d < c_m).collect()
}

#[test]
fn it_is_what_the_definition_says() {
    use super::run::Second;
    // Two targets 10 m apart with a track between them, 4 m from the first; a third track is far away.
    let second = Second::sketch(&[[0.0, 0.0], [10.0, 0.0]], &[[4.0, 0.0], [500.0, 0.0]]);
    let matching = Matching::of(&second, 20.0);
    assert_eq!(matching.pairs, [(0, 0, 4.0)]);
    assert_eq!((matching.location_m2, matching.missed_m2, matching.false_m2), (16.0, 200.0, 200.0));
    assert_eq!(matching.gospa_m(), 416f64.sqrt());
    // Greed would pair the second track with the second target, 1 m apart, and lose 19² on the other pair.
    let second = Second::sketch(&[[0.0, 0.0], [10.0, 0.0]], &[[9.0, 0.0], [25.0, 0.0]]);
    let pairs: Vec<_> = Matching::of(&second, 20.0).pairs.iter().map(|pair| (pair.0, pair.1)).collect();
    assert_eq!(pairs, [(0, 0), (1, 1)]);
}
