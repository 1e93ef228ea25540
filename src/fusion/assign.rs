//! Who is who: best assignment and marginal probabilities inside each connected component of the gate graph.
//!
//! In: gated pairs of a track and a detection, each with its weight w = P(track is there and gave it) over P(track
//! missed and the detection is something else). Out: which detection each track takes, and how probable every pairing is. States
//! take the best joint assignment (averaging would merge close tracks); existence and the leftover weight for new tracks
//! take the marginals by belief propagation (Williams & Lau 2014), which for one or two tracks is replaced by the
//! closed form. Knows neither tracks nor sensors.

/// A gated pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub track: u32,
    pub detection: u32,
    pub weight: f64,
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
/// Beyond this a pairing is certain, and products of such weights must stay finite.
const MOST_WEIGHT: f64 = 1e80;
const NONE: usize = usize::MAX;

/// Buffers kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Associator {
    parents: Vec<u32>,
    degrees: Vec<u32>,
    /// Of contested pairs: component, track, detection, and where the pair stands, as one number.
    order: Vec<u128>,
    sorted: Vec<Pair>,
    tracks: Vec<u32>,
    detections: Vec<u32>,
    local: Vec<(usize, usize)>,
    upward: Vec<f64>,
    downward: Vec<f64>,
    solver: Solver,
}

impl Pair {
    pub(super) const fn new(track: u32, detection: u32, weight: f64, d2: f64) -> Self {
        let weight = weight.clamp(0.0, MOST_WEIGHT);
        Self { track, detection, weight, d2, probability: 0.0, chosen: false, alone: false }
    }
}

/// Four numbers that sort as one.
const fn packed([a, b, c, d]: [u32; 4]) -> u128 {
    (a as u128) << 96 | (b as u128) << 64 | (c as u128) << 32 | d as u128
}

/// One of the four, counted from the left.
#[expect(clippy::cast_possible_truncation, reason = "32 bits of it")]
const fn part(packed: u128, which: u32) -> u32 {
    (packed >> (96 - 32 * which)) as u32
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
    /// Solves every component. Pairs come back in another order, each track's together.
    pub(super) fn solve(&mut self, pairs: &mut Vec<Pair>, tracks: usize, detections: usize) {
        let nodes = u32::try_from(tracks + detections).expect("a look has fewer than 2^32 detections");
        let offset = nodes - u32::try_from(detections).expect("fewer than all nodes");
        self.degrees.clear();
        self.degrees.resize(tracks + detections, 0);
        for pair in pairs.iter() {
            self.degrees[pair.track as usize] += 1;
            self.degrees[(offset + pair.detection) as usize] += 1;
        }
        self.parents.clear();
        self.parents.extend(0..nodes);
        self.sorted.clear();
        self.order.clear();
        for (at, pair) in (0u32..).zip(pairs.iter_mut()) {
            let degree = |node: u32| self.degrees[node as usize];
            if degree(pair.track) == 1 && degree(offset + pair.detection) == 1 {
                let w = pair.weight;
                (pair.chosen, pair.alone, pair.probability) = (w > 1.0, true, w / (1.0 + w));
                self.sorted.push(*pair);
                continue;
            }
            let (a, b) =
                (root(&mut self.parents, pair.track), root(&mut self.parents, offset + pair.detection));
            self.parents[a.max(b) as usize] = a.min(b);
            self.order.push(packed([0, pair.track, pair.detection, at]));
        }
        let mut order = std::mem::take(&mut self.order);
        for entry in &mut order {
            *entry |= packed([root(&mut self.parents, part(*entry, 1)), 0, 0, 0]);
        }
        order.sort_unstable();
        let mut sorted = std::mem::take(&mut self.sorted);
        let alone = sorted.len();
        sorted.extend(order.iter().map(|entry| pairs[part(*entry, 3) as usize]));
        let mut rest = &mut sorted[alone..];
        for component in order.chunk_by(|a, b| part(*a, 0) == part(*b, 0)) {
            let (pairs, after) = rest.split_at_mut(component.len());
            self.component(pairs);
            rest = after;
        }
        self.order = order;
        self.sorted = std::mem::replace(pairs, sorted);
    }

    fn component(&mut self, pairs: &mut [Pair]) {
        self.tracks.clear();
        self.detections.clear();
        for pair in pairs.iter() {
            if self.tracks.last() != Some(&pair.track) {
                self.tracks.push(pair.track);
            }
            self.detections.push(pair.detection);
        }
        self.detections.sort_unstable();
        self.detections.dedup();
        self.local.clear();
        let mut row = 0;
        for pair in pairs.iter() {
            while self.tracks[row] != pair.track {
                row += 1;
            }
            let column =
                self.detections.binary_search(&pair.detection).expect("every pair's detection is listed");
            self.local.push((row, column));
        }
        match self.tracks.len() {
            1 => of_one(pairs),
            2 => self.of_two(pairs),
            _ => self.marginals(pairs),
        }
        if self.tracks.len() == 1 {
            heaviest(pairs);
        } else if self.tracks.len().max(self.detections.len()) > MOST_EXACT {
            self.greedily(pairs);
        } else {
            self.best(pairs);
        }
    }

    /// Two tracks: Z = (1 + W₁)(1 + W₂) − Σ w₁ⱼw₂ⱼ, and P(1 takes j) = w₁ⱼ(1 + W₂ − w₂ⱼ) / Z.
    fn of_two(&mut self, pairs: &mut [Pair]) {
        let first = pairs.partition_point(|pair| pair.track == self.tracks[0]);
        let (one, two) = pairs.split_at_mut(first);
        let weights = |pairs: &[Pair], into: &mut Vec<f64>, detections: &[u32]| {
            into.clear();
            into.resize(detections.len(), 0.0);
            for pair in pairs {
                let at = detections.binary_search(&pair.detection).expect("every pair's detection is listed");
                into[at] = pair.weight;
            }
            1.0 + into.iter().sum::<f64>()
        };
        let sum_one = weights(one, &mut self.upward, &self.detections);
        let sum_two = weights(two, &mut self.downward, &self.detections);
        let both: f64 = self.upward.iter().zip(&self.downward).map(|(a, b)| a * b).sum();
        let total = sum_one * sum_two - both;
        for (pair, (_, column)) in one.iter_mut().zip(&self.local) {
            pair.probability = (pair.weight * (sum_two - self.downward[*column]) / total).clamp(0.0, 1.0);
        }
        for (pair, (_, column)) in two.iter_mut().zip(&self.local[first..]) {
            pair.probability = (pair.weight * (sum_one - self.upward[*column]) / total).clamp(0.0, 1.0);
        }
    }

    /// Sum–product belief propagation on the assignment graph (Williams & Lau 2014, eqs. 13–17).
    fn marginals(&mut self, pairs: &mut [Pair]) {
        let (rows, columns) = (self.tracks.len(), self.detections.len());
        // `probability` holds ν, the message from detection to track, until the end.
        for pair in pairs.iter_mut() {
            pair.probability = 1.0;
        }
        for _ in 0..MOST_ROUNDS {
            self.sum_upward(rows, pairs);
            self.downward.clear();
            self.downward.resize(columns, 1.0);
            for (pair, (row, column)) in pairs.iter().zip(&self.local) {
                let w = pair.weight;
                self.downward[*column] += w / (self.upward[*row] - w * pair.probability).max(1e-300);
            }
            let mut change: f64 = 0.0;
            for (pair, (row, column)) in pairs.iter_mut().zip(&self.local) {
                let w = pair.weight;
                let mu = w / (self.upward[*row] - w * pair.probability).max(1e-300);
                let nu = 1.0 / (self.downward[*column] - mu).max(1e-300);
                change = change.max((nu - pair.probability).abs());
                pair.probability = nu;
            }
            if change < SETTLED {
                break;
            }
        }
        self.sum_upward(rows, pairs);
        for (pair, (row, _)) in pairs.iter_mut().zip(&self.local) {
            pair.probability = (pair.weight * pair.probability / self.upward[*row]).clamp(0.0, 1.0);
        }
    }

    fn sum_upward(&mut self, rows: usize, pairs: &[Pair]) {
        self.upward.clear();
        self.upward.resize(rows, 1.0);
        for (pair, (row, _)) in pairs.iter().zip(&self.local) {
            self.upward[*row] += pair.weight * pair.probability;
        }
    }

    /// The joint assignment of greatest weight; a track may stay without.
    fn best(&mut self, pairs: &mut [Pair]) {
        let (rows, columns) = (self.tracks.len(), self.detections.len());
        let width = rows + columns;
        let costs = &mut self.solver.costs;
        costs.clear();
        costs.resize(rows * width, f64::INFINITY);
        for (pair, (row, column)) in pairs.iter().zip(&self.local) {
            costs[row * width + column] = -libm::log(pair.weight.max(1e-300));
        }
        for row in 0..rows {
            costs[row * width + columns + row] = 0.0;
        }
        let taken = self.solver.shortest_augmenting_paths(rows, width);
        for (pair, (row, column)) in pairs.iter_mut().zip(&self.local) {
            pair.chosen = taken[*row] == *column;
        }
    }

    /// Heaviest pair first.
    fn greedily(&mut self, pairs: &mut [Pair]) {
        let mut by_weight: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].weight > 1.0).collect();
        by_weight.sort_by(|&a, &b| pairs[b].weight.total_cmp(&pairs[a].weight).then(a.cmp(&b)));
        let (mut rows, mut columns) = (vec![false; self.tracks.len()], vec![false; self.detections.len()]);
        for i in by_weight {
            let (row, column) = self.local[i];
            if !rows[row] && !columns[column] {
                (rows[row], columns[column], pairs[i].chosen) = (true, true, true);
            }
        }
    }
}

/// One track: P(takes j) = wⱼ / (1 + W).
fn of_one(pairs: &mut [Pair]) {
    let total = 1.0 + pairs.iter().map(|pair| pair.weight).sum::<f64>();
    for pair in pairs {
        pair.probability = pair.weight / total;
    }
}

/// One track: the heaviest pair, if that is better than none.
fn heaviest(pairs: &mut [Pair]) {
    let mut best: Option<usize> = None;
    for (at, pair) in pairs.iter().enumerate().filter(|(_, pair)| pair.weight >= 1.0) {
        if best.is_none_or(|best| pair.weight > pairs[best].weight) {
            best = Some(at);
        }
    }
    if let Some(best) = best {
        pairs[best].chosen = true;
    }
}

/// Least-cost assignment of every row to its own column, rows ≤ columns (Jonker & Volgenant 1987: shortest augmenting
/// paths over dual prices), with its buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct Solver {
    /// Row by row. Infinite costs are forbidden; every row must have a finite one of its own.
    pub costs: Vec<f64>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    owner: Vec<usize>,
    distance: Vec<f64>,
    before: Vec<usize>,
    done: Vec<bool>,
    taken: Vec<usize>,
}

fn reset<T: Copy>(buffer: &mut Vec<T>, length: usize, value: T) {
    buffer.clear();
    buffer.resize(length, value);
}

impl Solver {
    /// The column of every row.
    pub(super) fn shortest_augmenting_paths(&mut self, rows: usize, columns: usize) -> &[usize] {
        reset(&mut self.row_price, rows, 0.0);
        reset(&mut self.column_price, columns, 0.0);
        reset(&mut self.owner, columns, NONE);
        for start in 0..rows {
            let (end, reached) = self.shortest_path(start, columns);
            for column in (0..columns).filter(|&column| self.done[column]) {
                let gain = reached - self.distance[column];
                self.column_price[column] -= gain;
                if self.owner[column] != NONE {
                    self.row_price[self.owner[column]] += gain;
                }
            }
            self.row_price[start] += reached;
            let mut column = end;
            while self.before[column] != NONE {
                self.owner[column] = self.owner[self.before[column]];
                column = self.before[column];
            }
            self.owner[column] = start;
        }
        reset(&mut self.taken, rows, NONE);
        for (column, &row) in self.owner.iter().enumerate() {
            if row != NONE {
                self.taken[row] = column;
            }
        }
        &self.taken
    }

    /// From a row without a column to the nearest column without a row, and how far that is.
    fn shortest_path(&mut self, start: usize, columns: usize) -> (usize, f64) {
        reset(&mut self.distance, columns, f64::INFINITY);
        reset(&mut self.before, columns, NONE);
        reset(&mut self.done, columns, false);
        let (mut row, mut via, mut reached) = (start, NONE, 0.0);
        loop {
            let costs = &self.costs[row * columns..(row + 1) * columns];
            let mut nearest = NONE;
            for column in (0..columns).filter(|&column| !self.done[column]) {
                let length = reached + costs[column] - self.row_price[row] - self.column_price[column];
                if length < self.distance[column] {
                    (self.distance[column], self.before[column]) = (length, via);
                }
                if nearest == NONE || self.distance[column] < self.distance[nearest] {
                    nearest = column;
                }
            }
            (self.done[nearest], reached, via) = (true, self.distance[nearest], nearest);
            if self.owner[nearest] == NONE {
                return (nearest, reached);
            }
            row = self.owner[nearest];
        }
    }
}

#[cfg(test)]
#[path = "assign_tests.rs"]
mod tests;
