//! Who is who: best assignment and marginal probabilities inside each connected component of the gate graph.
//!
//! In: gated pairs of a track and a detection, each with ln w, w = P(track is there and gave it) over P(track missed and
//! the detection is something else). Out: which detection each track takes, and how probable every pairing is. States
//! take the best joint assignment (averaging would merge close tracks); existence and the leftover weight for new tracks
//! take the marginals by belief propagation (Williams & Lau 2014). Knows neither tracks nor sensors.

/// A gated pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub track: u32,
    pub detection: u32,
    pub ln_weight: f64,
    /// Normalised innovation squared, carried along for the sensor's consistency figure.
    pub d2: f64,
    /// Filled by [`Associator::solve`]: P(this detection is this track's).
    pub probability: f64,
    /// Filled by [`Associator::solve`]: part of the best joint assignment.
    pub chosen: bool,
    /// Filled by [`Associator::solve`]: no other pair shares its track or detection.
    pub alone: bool,
}

/// Larger components are assigned greedily: the exact method's cost grows with the cube.
const MOST_EXACT: usize = 150;
/// Rounds of belief propagation; it has settled long before in all but the densest crowds.
const MOST_ROUNDS: usize = 30;
const SETTLED: f64 = 1e-6;

/// Buffers kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Associator {
    parents: Vec<u32>,
    order: Vec<(u32, Pair)>,
    tracks: Vec<u32>,
    detections: Vec<u32>,
    local: Vec<(usize, usize)>,
    costs: Vec<f64>,
    upward: Vec<f64>,
    downward: Vec<f64>,
}

impl Pair {
    pub(super) const fn new(track: u32, detection: u32, ln_weight: f64, d2: f64) -> Self {
        Self { track, detection, ln_weight, d2, probability: 0.0, chosen: false, alone: false }
    }
}

fn root(parents: &mut [u32], mut node: u32) -> u32 {
    while parents[node as usize] != node {
        let up = parents[parents[node as usize] as usize];
        parents[node as usize] = up;
        node = up;
    }
    node
}

impl Associator {
    /// Solves every component and returns the pairs ordered by component, track and detection.
    pub(super) fn solve(&mut self, pairs: &mut [Pair], tracks: usize, detections: usize) {
        let nodes = u32::try_from(tracks + detections).expect("a look has fewer than 2^32 detections");
        let offset = nodes - u32::try_from(detections).expect("fewer than all nodes");
        self.parents.clear();
        self.parents.extend(0..nodes);
        for pair in pairs.iter() {
            let (a, b) =
                (root(&mut self.parents, pair.track), root(&mut self.parents, offset + pair.detection));
            self.parents[a.max(b) as usize] = a.min(b);
        }
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(pairs.iter().map(|pair| (root(&mut self.parents, pair.track), *pair)));
        order.sort_unstable_by_key(|(root, pair)| (*root, pair.track, pair.detection));
        for component in order.chunk_by_mut(|a, b| a.0 == b.0) {
            if let [(_, pair)] = component {
                let w = libm::exp(pair.ln_weight.min(600.0));
                (pair.chosen, pair.alone, pair.probability) = (pair.ln_weight > 0.0, true, w / (1.0 + w));
            } else {
                self.component(component);
            }
        }
        for (slot, (_, pair)) in pairs.iter_mut().zip(&order) {
            *slot = *pair;
        }
        self.order = order;
    }

    fn component(&mut self, pairs: &mut [(u32, Pair)]) {
        self.tracks.clear();
        self.detections.clear();
        for (_, pair) in pairs.iter() {
            if self.tracks.last() != Some(&pair.track) {
                self.tracks.push(pair.track);
            }
            self.detections.push(pair.detection);
        }
        self.detections.sort_unstable();
        self.detections.dedup();
        self.local.clear();
        let mut row = 0;
        for (_, pair) in pairs.iter() {
            while self.tracks[row] != pair.track {
                row += 1;
            }
            let column =
                self.detections.binary_search(&pair.detection).expect("every pair's detection is listed");
            self.local.push((row, column));
        }
        self.marginals(pairs);
        if self.tracks.len().max(self.detections.len()) > MOST_EXACT {
            self.greedily(pairs);
        } else {
            self.best(pairs);
        }
    }

    /// Sum–product belief propagation on the assignment graph (Williams & Lau 2014, eqs. 13–17).
    fn marginals(&mut self, pairs: &mut [(u32, Pair)]) {
        let (rows, columns) = (self.tracks.len(), self.detections.len());
        let weight = |pair: &Pair| libm::exp(pair.ln_weight.min(200.0));
        // `probability` holds ν, the message from detection to track, until the end.
        for (_, pair) in pairs.iter_mut() {
            pair.probability = 1.0;
        }
        for _ in 0..MOST_ROUNDS {
            self.upward.clear();
            self.upward.resize(rows, 1.0);
            for ((_, pair), (row, _)) in pairs.iter().zip(&self.local) {
                self.upward[*row] += weight(pair) * pair.probability;
            }
            self.downward.clear();
            self.downward.resize(columns, 1.0);
            for ((_, pair), (row, column)) in pairs.iter().zip(&self.local) {
                let w = weight(pair);
                self.downward[*column] += w / (self.upward[*row] - w * pair.probability).max(1e-300);
            }
            let mut change: f64 = 0.0;
            for ((_, pair), (row, column)) in pairs.iter_mut().zip(&self.local) {
                let w = weight(pair);
                let mu = w / (self.upward[*row] - w * pair.probability).max(1e-300);
                let nu = 1.0 / (self.downward[*column] - mu).max(1e-300);
                change = change.max((nu - pair.probability).abs());
                pair.probability = nu;
            }
            if change < SETTLED {
                break;
            }
        }
        self.upward.clear();
        self.upward.resize(rows, 1.0);
        for ((_, pair), (row, _)) in pairs.iter().zip(&self.local) {
            self.upward[*row] += weight(pair) * pair.probability;
        }
        for ((_, pair), (row, _)) in pairs.iter_mut().zip(&self.local) {
            pair.probability = (weight(pair) * pair.probability / self.upward[*row]).clamp(0.0, 1.0);
        }
    }

    /// The joint assignment of greatest weight; a track may stay without.
    fn best(&mut self, pairs: &mut [(u32, Pair)]) {
        let (rows, columns) = (self.tracks.len(), self.detections.len());
        let width = rows + columns;
        self.costs.clear();
        self.costs.resize(rows * width, f64::INFINITY);
        for ((_, pair), (row, column)) in pairs.iter().zip(&self.local) {
            self.costs[row * width + column] = -pair.ln_weight;
        }
        for row in 0..rows {
            self.costs[row * width + columns + row] = 0.0;
        }
        let taken = shortest_augmenting_paths(&self.costs, rows, width);
        for ((_, pair), (row, column)) in pairs.iter_mut().zip(&self.local) {
            pair.chosen = taken[*row] == *column;
        }
    }

    /// Heaviest pair first.
    fn greedily(&mut self, pairs: &mut [(u32, Pair)]) {
        let mut by_weight: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].1.ln_weight > 0.0).collect();
        by_weight.sort_by(|&a, &b| pairs[b].1.ln_weight.total_cmp(&pairs[a].1.ln_weight).then(a.cmp(&b)));
        let (mut rows, mut columns) = (vec![false; self.tracks.len()], vec![false; self.detections.len()]);
        for i in by_weight {
            let (row, column) = self.local[i];
            if !rows[row] && !columns[column] {
                (rows[row], columns[column], pairs[i].1.chosen) = (true, true, true);
            }
        }
    }
}

/// Least-cost assignment of every row to its own column, rows ≤ columns (Jonker & Volgenant 1987: shortest augmenting
/// paths over dual prices). Infinite costs are forbidden; every row must have a finite one of its own.
pub(super) fn shortest_augmenting_paths(costs: &[f64], rows: usize, columns: usize) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut row_price = vec![0.0; rows];
    let mut column_price = vec![0.0; columns];
    let mut owner = vec![NONE; columns];
    let (mut distance, mut before, mut done) =
        (vec![f64::INFINITY; columns], vec![NONE; columns], vec![false; columns]);
    for start in 0..rows {
        distance.fill(f64::INFINITY);
        before.fill(NONE);
        done.fill(false);
        let (mut row, mut via, mut reached) = (start, NONE, 0.0);
        let end = loop {
            let mut nearest = NONE;
            for column in 0..columns {
                if done[column] {
                    continue;
                }
                let length = reached + costs[row * columns + column] - row_price[row] - column_price[column];
                if length < distance[column] {
                    (distance[column], before[column]) = (length, via);
                }
                if nearest == NONE || distance[column] < distance[nearest] {
                    nearest = column;
                }
            }
            (done[nearest], reached, via) = (true, distance[nearest], nearest);
            if owner[nearest] == NONE {
                break nearest;
            }
            row = owner[nearest];
        };
        for column in (0..columns).filter(|&column| done[column]) {
            let gain = reached - distance[column];
            column_price[column] -= gain;
            if owner[column] != NONE {
                row_price[owner[column]] += gain;
            }
        }
        row_price[start] += reached;
        let mut column = end;
        while before[column] != NONE {
            owner[column] = owner[before[column]];
            column = before[column];
        }
        owner[column] = start;
    }
    let mut taken = vec![NONE; rows];
    for (column, row) in owner.into_iter().enumerate() {
        if row != NONE {
            taken[row] = column;
        }
    }
    taken
}

#[cfg(test)]
#[path = "assign_tests.rs"]
mod tests;
