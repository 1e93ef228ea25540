//! All sensors' biases at once from the evidence and a prior: A b = h.
//!
//! In: [`Evidence`]. Out: per sensor and axis the bias and its variance, in the axis's unit. Cholesky where the system
//! is small, conjugate gradients (Hestenes & Stiefel 1952) in a fixed order with a fixed cap where it is not.
//!
//! The prior is centred on zero and keeps there what the comparisons cannot see: all clocks wrong alike. It is Cauchy's,
//! by reweighting (Lange, Little & Taylor 1989): one sensor far off is likelier than all of them off a little.

use serde::{Deserialize, Serialize};

use super::AXES;
use super::evidence::{Block, Evidence, Row, Square};

/// Unknowns up to which the system is factored.
const MOST_DENSE: usize = 80;
/// Rounds of conjugate gradients; they go on from the last solution.
const MOST_ROUNDS: usize = 60;
/// Relative squared residual at which they stop.
const SETTLED: f64 = 1e-16;

/// Every sensor's biases and their variances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Solution {
    pub value: Vec<Row>,
    pub variance: Vec<Row>,
}

impl Solution {
    /// What is believed before anything is known.
    pub(super) fn prior(scales: &[Row]) -> Self {
        Self {
            value: vec![[0.0; AXES]; scales.len()],
            variance: scales.iter().map(|row| row.map(|s| s * s)).collect(),
        }
    }
}

/// The system in scaled unknowns: prior and seeds on the diagonal, blocks off it.
struct System<'a> {
    evidence: &'a Evidence,
    /// Diagonal blocks.
    diagonal: Vec<Square>,
    h: Vec<Row>,
}

impl<'a> System<'a> {
    fn new(evidence: &'a Evidence, before: &[Row]) -> Self {
        let mut diagonal = vec![[[0.0; AXES]; AXES]; evidence.own.len()];
        let mut h: Vec<Row> = evidence.own.iter().map(|own| own.h).collect();
        for (s, square) in diagonal.iter_mut().enumerate() {
            for (axis, row) in square.iter_mut().enumerate() {
                let x = before[s][axis] / evidence.scales[s][axis];
                row[axis] = 1.0 / (1.0 + x * x) + evidence.own[s].seed[axis];
            }
        }
        for ((low, high), block) in &evidence.pairs {
            for (s, square, part) in [(low, &block.low, &block.h_low), (high, &block.high, &block.h_high)] {
                for p in 0..AXES {
                    h[s.index()][p] += part[p];
                    for q in 0..AXES {
                        diagonal[s.index()][p][q] += square[p][q];
                    }
                }
            }
        }
        Self { evidence, diagonal, h }
    }

    fn blocks(&self) -> impl Iterator<Item = (usize, usize, &Block)> {
        self.evidence.pairs.iter().map(|((low, high), block)| (low.index(), high.index(), &**block))
    }

    /// A x.
    fn times(&self, x: &[Row]) -> Vec<Row> {
        let mut made: Vec<Row> = self.diagonal.iter().zip(x).map(|(a, x)| product(a, x)).collect();
        for (low, high, block) in self.blocks() {
            for p in 0..AXES {
                for q in 0..AXES {
                    made[low][p] += block.cross[p][q] * x[high][q];
                    made[high][q] += block.cross[p][q] * x[low][p];
                }
            }
        }
        made
    }
}

fn product(a: &Square, x: &Row) -> Row {
    std::array::from_fn(|p| a[p].iter().zip(x).map(|(a, x)| a * x).sum())
}

fn dot(a: &[Row], b: &[Row]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b).sum()
}

/// Lower triangle L of A = LLᵀ, row by row in place. `None` if A is not positive definite.
fn cholesky(a: &mut [f64], n: usize) -> Option<()> {
    for i in 0..n {
        for j in 0..=i {
            let (rows, row) = a.split_at(i * n);
            let other = if j < i { &rows[j * n..j * n + j] } else { &row[..j] };
            let sum = row[j] - row[..j].iter().zip(other).map(|(x, y)| x * y).sum::<f64>();
            a[i * n + j] = if i == j {
                if !(sum > 0.0 && sum.is_finite()) {
                    return None;
                }
                sum.sqrt()
            } else {
                sum / a[j * n + j]
            };
        }
    }
    Some(())
}

/// L x = b, in place.
fn forward(l: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let sum: f64 = l[i * n..i * n + i].iter().zip(b.iter()).map(|(l, b)| l * b).sum();
        b[i] = (b[i] - sum) / l[i * n + i];
    }
}

/// Lᵀ x = b, in place.
fn backward(l: &[f64], n: usize, b: &mut [f64]) {
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| l[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / l[i * n + i];
    }
}

/// Solves for every bias. `before` is the last solution: it weighs the prior and is where iteration begins.
pub(super) fn solve(evidence: &Evidence, before: &Solution) -> Option<Solution> {
    let system = System::new(evidence, &before.value);
    // What no comparison touches stays at its prior and need not be solved for.
    let active: Vec<(usize, usize)> = (0..system.h.len())
        .flat_map(|s| (0..AXES).map(move |axis| (s, axis)))
        .filter(|(s, axis)| system.diagonal[*s][*axis][*axis] > 1.0)
        .collect();
    let mut solved = Solution::prior(&evidence.scales);
    if active.len() <= MOST_DENSE {
        factored(&system, &active, &mut solved)?;
    } else {
        iterated(&system, before, &mut solved);
    }
    let sound = solved.value.iter().chain(&solved.variance).flatten().all(|v| v.is_finite());
    sound.then_some(solved)
}

fn factored(system: &System<'_>, active: &[(usize, usize)], solved: &mut Solution) -> Option<()> {
    let n = active.len();
    let mut place = vec![[None; AXES]; system.h.len()];
    for (k, (s, axis)) in active.iter().enumerate() {
        place[*s][*axis] = Some(k);
    }
    let mut a = vec![0.0; n * n];
    for (i, (s, p)) in active.iter().enumerate() {
        for (j, (t, q)) in active[..=i].iter().enumerate() {
            if s == t {
                a[i * n + j] = system.diagonal[*s][*p][*q];
            }
        }
    }
    for (low, high, block) in system.blocks() {
        for p in 0..AXES {
            for q in 0..AXES {
                if let (Some(i), Some(j)) = (place[low][p], place[high][q]) {
                    a[i.max(j) * n + i.min(j)] = block.cross[p][q];
                }
            }
        }
    }
    cholesky(&mut a, n)?;
    let mut x: Vec<f64> = active.iter().map(|(s, axis)| system.h[*s][*axis]).collect();
    forward(&a, n, &mut x);
    backward(&a, n, &mut x);
    let mut column = vec![0.0; n];
    for (k, (s, axis)) in active.iter().enumerate() {
        // (A⁻¹)ₖₖ = |L⁻¹eₖ|².
        column.iter_mut().for_each(|v| *v = 0.0);
        column[k] = 1.0;
        forward(&a, n, &mut column);
        let scale = system.evidence.scales[*s][*axis];
        solved.value[*s][*axis] = scale * x[k];
        solved.variance[*s][*axis] = scale * scale * column.iter().map(|v| v * v).sum::<f64>();
    }
    Some(())
}

fn iterated(system: &System<'_>, before: &Solution, solved: &mut Solution) {
    let scales = &system.evidence.scales;
    // Preconditioned by the diagonal blocks, so that one sensor's own axes never slow it down.
    let inverses: Vec<Square> = system.diagonal.iter().map(inverted).collect();
    let precondition =
        |r: &[Row]| -> Vec<Row> { inverses.iter().zip(r).map(|(m, r)| product(m, r)).collect() };
    let mut x: Vec<Row> =
        before.value.iter().zip(scales).map(|(b, s)| std::array::from_fn(|axis| b[axis] / s[axis])).collect();
    let mut r = system.h.clone();
    step(&mut r, &system.times(&x), -1.0);
    let mut z = precondition(&r);
    let mut p = z.clone();
    let mut rz = dot(&r, &z);
    let enough = SETTLED * dot(&system.h, &precondition(&system.h));
    for _ in 0..MOST_ROUNDS {
        if rz <= enough {
            break;
        }
        let ap = system.times(&p);
        let alpha = rz / dot(&p, &ap);
        step(&mut x, &p, alpha);
        step(&mut r, &ap, -alpha);
        z = precondition(&r);
        let next = dot(&r, &z);
        let beta = next / rz;
        for (p, z) in p.iter_mut().flatten().zip(z.iter().flatten()) {
            *p = z + beta * *p;
        }
        rz = next;
    }
    let spread = spreads(system, &inverses);
    for (s, scale) in scales.iter().enumerate() {
        for axis in 0..AXES {
            solved.value[s][axis] = scale[axis] * x[s][axis];
            solved.variance[s][axis] = scale[axis] * scale[axis] * spread[s][axis];
        }
    }
}

fn step(into: &mut [Row], what: &[Row], factor: f64) {
    for (into, what) in into.iter_mut().flatten().zip(what.iter().flatten()) {
        *into += factor * what;
    }
}

/// Variances without the whole inverse: what each sensor would have if all others were known, plus what it takes over
/// from theirs, one round of it. Below the exact value by what comes round by longer ways.
fn spreads(system: &System<'_>, inverses: &[Square]) -> Vec<Row> {
    let alone: Vec<Row> = inverses.iter().map(|m| std::array::from_fn(|axis| m[axis][axis])).collect();
    let mut spread = alone.clone();
    for (low, high, block) in system.blocks() {
        for p in 0..AXES {
            for (q, across) in block.cross.iter().enumerate() {
                // Rows of C·J: how an error of the other's axis moves this one's.
                let to_low: f64 = inverses[low][p].iter().zip(&block.cross).map(|(c, j)| c * j[q]).sum();
                let to_high: f64 = inverses[high][p].iter().zip(across).map(|(c, j)| c * j).sum();
                spread[low][p] += to_low * to_low * alone[high][q];
                spread[high][p] += to_high * to_high * alone[low][q];
            }
        }
    }
    spread
}

/// Inverse of a positive definite block, by its Cholesky factor; the identity if it has none.
fn inverted(a: &Square) -> Square {
    let mut l: Vec<f64> = a.iter().flatten().copied().collect();
    let mut made = [[0.0; AXES]; AXES];
    if cholesky(&mut l, AXES).is_none() {
        return std::array::from_fn(|p| std::array::from_fn(|q| if p == q { 1.0 } else { 0.0 }));
    }
    for k in 0..AXES {
        let mut e = [0.0; AXES];
        e[k] = 1.0;
        forward(&l, AXES, &mut e);
        backward(&l, AXES, &mut e);
        for (row, v) in made.iter_mut().zip(e) {
            row[k] = v;
        }
    }
    made
}

#[cfg(test)]
#[path = "solve_tests.rs"]
mod tests;
