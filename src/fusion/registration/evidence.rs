//! What all comparisons so far say about all biases together: information, forgotten exponentially.
//!
//! In: residuals, each linear in the biases of the sensors it compares. Out: a symmetric system A b = h, block-sparse by
//! pairs of sensors. Biases are scaled by their priors here, so that every axis has the same weight. Knows no track.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AXES;
use super::residual::{Jacobian, Residual};
use crate::sensor::SensorIndex;

/// A seed is never held to be better known than this share of the prior.
const SEED_SHARE: f64 = 0.25;

/// A sensor's five biases, or a row over them.
pub(super) type Row = [f64; AXES];
/// Five by five.
pub(super) type Square = [Row; AXES];

/// What two sensors' comparisons say: information about each, and between them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Block {
    pub low: Square,
    pub cross: Square,
    pub high: Square,
    pub h_low: Row,
    pub h_high: Row,
}

/// What one sensor's comparisons amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Own {
    /// Information that names no other sensor: what the search found.
    pub seed: Row,
    pub h: Row,
    /// Comparisons, forgotten as the rest.
    pub count: f64,
}

/// Everything known. Pairs are keyed by their lower and higher sensor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Evidence {
    pub pairs: BTreeMap<(SensorIndex, SensorIndex), Box<Block>>,
    pub own: Vec<Own>,
    /// Prior one-sigma bias per sensor and axis, in the axis's unit.
    #[serde(skip)]
    pub scales: Vec<Row>,
}

/// aᵀWb over the residual's rows, for columns of two Jacobians.
fn gram(a: &Jacobian, w: [f64; 3], b: &Jacobian) -> Square {
    let mut made = [[0.0; AXES]; AXES];
    for (p, row) in made.iter_mut().enumerate() {
        let weighed = [w[0] * a[0][p] + w[1] * a[1][p], w[1] * a[0][p] + w[2] * a[1][p]];
        for (q, entry) in row.iter_mut().enumerate() {
            *entry = weighed[0] * b[0][q] + weighed[1] * b[1][q];
        }
    }
    made
}

fn project(a: &Jacobian, w: [f64; 3], y: [f64; 2]) -> Row {
    let weighed = [w[0] * y[0] + w[1] * y[1], w[1] * y[0] + w[2] * y[1]];
    std::array::from_fn(|p| a[0][p] * weighed[0] + a[1][p] * weighed[1])
}

fn add(into: &mut Square, what: &Square, factor: f64) {
    for (into, what) in into.iter_mut().zip(what) {
        add_row(into, what, factor);
    }
}

fn add_row(into: &mut Row, what: &Row, factor: f64) {
    for (into, what) in into.iter_mut().zip(what) {
        *into += factor * what;
    }
}

fn scaled(j: &Jacobian, scales: &Row) -> Jacobian {
    std::array::from_fn(|row| std::array::from_fn(|axis| j[row][axis] * scales[axis]))
}

impl Block {
    fn forget(&mut self, factor: f64) {
        for square in [&mut self.low, &mut self.cross, &mut self.high] {
            square.iter_mut().flatten().for_each(|v| *v *= factor);
        }
        self.h_low.iter_mut().chain(&mut self.h_high).for_each(|v| *v *= factor);
    }
}

impl Evidence {
    /// Nothing known of sensors with these priors.
    pub(super) fn new(scales: Vec<Row>) -> Self {
        Self { pairs: BTreeMap::new(), own: vec![Own::default(); scales.len()], scales }
    }

    /// One comparison of `own` with information `w`; `y(reference)` is its ν with what was corrected added back.
    pub(super) fn add(
        &mut self,
        own: SensorIndex,
        residual: &Residual,
        w: [f64; 3],
        y: impl Fn(&super::residual::Reference) -> [f64; 2],
    ) {
        let own_j = scaled(&residual.own_j, &self.scales[own.index()]);
        self.own[own.index()].count += 1.0;
        for reference in residual.references.iter().flatten() {
            let other = reference.sensor;
            let other_j = scaled(&reference.j, &self.scales[other.index()]);
            let (w, y) = (w.map(|w| w * reference.weight), y(reference));
            let block = self.pairs.entry((own.min(other), own.max(other))).or_default();
            let (cross, h_own, h_other) =
                (gram(&own_j, w, &other_j), project(&own_j, w, y), project(&other_j, w, y));
            let (own_own, other_other) = (gram(&own_j, w, &own_j), gram(&other_j, w, &other_j));
            let (first, second, h_first, h_second) = if own < other {
                (&mut block.low, &mut block.high, &mut block.h_low, &mut block.h_high)
            } else {
                (&mut block.high, &mut block.low, &mut block.h_high, &mut block.h_low)
            };
            add(first, &own_own, 1.0);
            add(second, &other_other, 1.0);
            add_row(h_first, &h_own, 1.0);
            add_row(h_second, &h_other, -1.0);
            for (p, row) in cross.iter().enumerate() {
                for (q, v) in row.iter().enumerate() {
                    let (p, q) = if own < other { (p, q) } else { (q, p) };
                    block.cross[p][q] -= v;
                }
            }
        }
    }

    /// What the search found: a sensor's biases with their variances (zero variance: nothing is said of that axis).
    ///
    /// It is held until comparisons take over, and no longer: it was found relative to the others, and said of one
    /// alone with all its certainty it would turn everybody with it.
    pub(super) fn seed(&mut self, sensor: SensorIndex, value: &Row, variance: &Row) {
        let scales = self.scales[sensor.index()];
        let own = &mut self.own[sensor.index()];
        for axis in (0..AXES).filter(|axis| variance[*axis] > 0.0) {
            let least = SEED_SHARE * SEED_SHARE * scales[axis] * scales[axis];
            let information = scales[axis] * scales[axis] / variance[axis].max(least);
            own.seed[axis] += information;
            own.h[axis] += information * value[axis] / scales[axis];
        }
    }

    /// Lets go of what one sensor's comparisons said.
    pub(super) fn drop_sensor(&mut self, sensor: SensorIndex) {
        self.pairs.retain(|(low, high), _| *low != sensor && *high != sensor);
        self.own[sensor.index()] = Own::default();
    }

    /// Weighs all that is known by `factor`.
    pub(super) fn forget(&mut self, factor: f64) {
        self.pairs.values_mut().for_each(|block| block.forget(factor));
        for own in &mut self.own {
            own.count *= factor;
            own.seed.iter_mut().chain(&mut own.h).for_each(|v| *v *= factor);
        }
    }
}
