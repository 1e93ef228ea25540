//! How long a CUSUM of counts runs until it alarms although nothing has changed, and the threshold for a wanted length.
//!
//! In: how many come in a bin when nothing is the matter, and what is to be found. Out: reference value k, decision value
//! h, and the mean number of bins between false alarms. Knows no zone, no time and no track.
//!
//! S ← max(0, S + X − k), alarm at S ≥ h. With k and h in tenths S moves on a lattice, and the mean number of bins until
//! the alarm solves L = 1 + Q L (Brook & Evans 1972, Biometrika 59(3); for counts Lucas 1985, Technometrics 27(2)). The Q
//! of a lower threshold is the upper left corner of that of a higher one, so one elimination that grows a state at a time
//! gives the run length of every threshold on its way: with I − Q = LU, L y = 1 and Uᵀ w = e₀, that of n states, from
//! S = 0, is Σ wᵢ yᵢ over the first n. Nothing falls by more than k at once, which bounds the width of L.

/// Nobody can tell more of fewer than this in a bin: a baseline below it is taken for it.
pub(super) const LEAST_MEAN: f64 = 0.05;
/// A realised run length may exceed the wanted one by this factor …
const MOST_ABOVE: f64 = 1.2;
/// … so a step of the lattice must not lengthen it by more than this.
const MOST_STEP: f64 = 1.19;
/// Reference values tried at most.
const MOST_TRIED: usize = 24;
/// States of a chain at most. A threshold that would need more stays there.
const MOST_STATES: usize = 1500;
/// Tenths in one.
const TENTHS: f64 = 10.0;

/// How many come in one bin: Poisson, or with a variance of `dispersion` times the mean negative binomial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Law {
    pub mean: f64,
    pub dispersion: f64,
}

impl Law {
    /// P(so many come).
    pub(super) fn pmf(self, count: usize) -> f64 {
        let (x, mean) = (count as f64, self.mean.max(1e-9));
        let each = libm::lgamma(x + 1.0);
        if self.dispersion < 1.0 + 1e-9 {
            return libm::exp(x * libm::log(mean) - mean - each);
        }
        let r = mean / (self.dispersion - 1.0);
        let ways = libm::lgamma(x + r) - libm::lgamma(r) - each;
        libm::exp(ways - r * libm::log(self.dispersion) + x * libm::log1p(-1.0 / self.dispersion))
    }
}

impl Law {
    /// P(fewer than so many come), of counts so large that summing them is no use by their normal approximation.
    pub(super) fn below(self, count: f64) -> f64 {
        const MOST_SUMMED: f64 = 10_000.0;
        if count > MOST_SUMMED {
            let sigma = (self.mean * self.dispersion.max(1.0)).sqrt();
            return 0.5 * libm::erfc(-(count - 0.5 - self.mean) / (sigma * std::f64::consts::SQRT_2));
        }
        let counts = (0..10_000_usize).take_while(|n| (*n as f64) < count);
        counts.map(|n| self.pmf(n)).sum::<f64>().clamp(0.0, 1.0)
    }
}

/// Mean run lengths of one law and one k, threshold after threshold.
pub(super) struct RunLengths {
    law: Law,
    /// Steps of the lattice that one arrival is up, and that a bin is down.
    up: usize,
    down: usize,
    pmf: Vec<f64>,
    cdf: Vec<f64>,
    /// Row i of L from column max(0, i − down), and column j of U down to its diagonal.
    l: Vec<Vec<f64>>,
    u: Vec<Vec<f64>>,
    y: Vec<f64>,
    w: Vec<f64>,
    length: f64,
}

impl RunLengths {
    /// Of S with a reference value in tenths.
    pub(super) fn new(law: Law, k_tenths: usize) -> Self {
        let step = coarseness(k_tenths);
        let empty = || Vec::with_capacity(64);
        let (up, down) = (10 / step, k_tenths / step);
        let (l, u) = (Vec::new(), Vec::new());
        Self { law, up, down, pmf: empty(), cdf: empty(), l, u, y: empty(), w: empty(), length: 0.0 }
    }

    /// One state more: the mean run length, in bins, of a threshold one step higher.
    pub(super) fn raise(&mut self) -> f64 {
        let n = self.y.len();
        while self.pmf.len() <= (n + self.down) / self.up {
            let p = self.law.pmf(self.pmf.len());
            self.cdf.push((self.cdf.last().copied().unwrap_or(0.0) + p).min(1.0));
            self.pmf.push(p);
        }
        let first = n.saturating_sub(self.down);
        let mut row: Vec<f64> = Vec::with_capacity(n - first);
        for j in first..n {
            // From the row's first column or the column's first entry in reach, whichever is later: both begin at `first`.
            let known = dot(&row, &self.u[j][first..j]);
            row.push((-self.q(n, j) - known) / self.u[j][j]);
        }
        self.l.push(row);
        let mut column: Vec<f64> = Vec::with_capacity(n + 1);
        for i in 0..=n {
            let from = i.saturating_sub(self.down);
            let known = dot(&self.l[i], &column[from..i]);
            let identity = if i == n { 1.0 } else { 0.0 };
            column.push(identity - self.q(i, n) - known);
        }
        // A chance of leaving that is less than the last digit is taken for that digit.
        column[n] = column[n].max(f64::EPSILON);
        let y = 1.0 - dot(&self.l[n], &self.y[first..]);
        let w = (if n == 0 { 1.0 } else { 0.0 } - dot(&column[..n], &self.w)) / column[n];
        self.u.push(column);
        self.y.push(y);
        self.w.push(w);
        self.length += w * y;
        self.length
    }

    /// The threshold of the last length, S's own unit.
    pub(super) fn threshold(&self) -> f64 {
        (self.y.len() * (10 / self.up)) as f64 / TENTHS
    }

    fn is_full(&self) -> bool {
        self.y.len() >= MOST_STATES
    }

    /// P(from state i to state j in one bin).
    fn q(&self, i: usize, j: usize) -> f64 {
        if j == 0 {
            let room = self.down.checked_sub(i).map(|room| room / self.up);
            return room.and_then(|most| self.cdf.get(most)).copied().unwrap_or(0.0);
        }
        match (j + self.down).checked_sub(i) {
            Some(rise) if rise % self.up == 0 => self.pmf.get(rise / self.up).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }
}

/// One chart.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Plan {
    /// Taken from S every bin.
    pub k: f64,
    /// Alarm at or above.
    pub h: f64,
    /// Mean number of bins between false alarms.
    pub run_length: f64,
}

/// The chart that tells `ratio` times the usual from the usual, with at least `wanted` bins between false alarms: the
/// mean over `laws`, each with its weight, of how often it alarms is one in `wanted`. The first law is the likeliest, whose
/// mean k is made for.
pub(super) fn plan(laws: &[(Law, f64)], ratio: f64, wanted: f64) -> Plan {
    let law = laws.first().map_or(Law { mean: LEAST_MEAN, dispersion: 1.0 }, |(law, _)| *law);
    let law = Law { mean: law.mean.max(LEAST_MEAN), ..law };
    let mut best: Option<Plan> = None;
    for k_tenths in references(law, ratio) {
        let found = threshold(laws, k_tenths, wanted);
        if best.is_none_or(|best| found.run_length < best.run_length) {
            best = Some(found);
        }
        if found.run_length <= MOST_ABOVE * wanted {
            break;
        }
    }
    best.expect("there is a tenth next to every number")
}

/// k = (λ₁ − λ₀) / ln(λ₁/λ₀) is the best (Lucas 1985). The tenths nearest to it, nearest first; before the others those
/// that leave S a lattice fine enough: for k = 5 or 5.5 S moves in whole or half steps, each of which lengthens the run by
/// half, or by a fifth. Where counts vary more each step lengthens it by less, and a coarser lattice has fewer states.
pub(super) fn references(law: Law, ratio: f64) -> Vec<usize> {
    let exact = TENTHS * law.mean * (ratio - 1.0) / libm::log(ratio);
    let halfway = |end: f64| 0.5 * (TENTHS * end + exact);
    let dispersion = law.dispersion.max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and it saturates")]
    let near = libm::floor(exact) as usize;
    let is_coarse = |k: usize| libm::pow(ratio, coarseness(k) as f64 / TENTHS / dispersion) > MOST_STEP;
    let mut tenths: Vec<usize> = (near.saturating_sub(MOST_TRIED).max(1)..=near + MOST_TRIED)
        .filter(|k| (halfway(law.mean)..=halfway(law.mean * ratio)).contains(&(*k as f64)))
        .collect();
    // Where h is small beside k one jump decides, and only another k fills the step between two counts.
    let order = |k: &usize| {
        let is_dear = dispersion > 1.0 && coarseness(*k) == 1;
        (is_coarse(*k), is_dear, (*k as f64 - exact).abs())
    };
    tenths.sort_by(|a, b| {
        let (a, b) = ((order(a), a), (order(b), b));
        (a.0.0, a.0.1).cmp(&(b.0.0, b.0.1)).then(a.0.2.total_cmp(&b.0.2)).then(a.1.cmp(b.1))
    });
    tenths.truncate(MOST_TRIED);
    // Between numbers this small there may be no tenth.
    if tenths.is_empty() {
        tenths.push(near + 1);
    }
    tenths
}

fn threshold(laws: &[(Law, f64)], k_tenths: usize, wanted: f64) -> Plan {
    let mut chains: Vec<(RunLengths, f64)> =
        laws.iter().map(|(law, weight)| (RunLengths::new(*law, k_tenths), *weight)).collect();
    loop {
        let rate: f64 = chains.iter_mut().map(|(chain, weight)| *weight / chain.raise()).sum();
        let (h, full) = chains.first().map_or((0.0, true), |(chain, _)| (chain.threshold(), chain.is_full()));
        if rate * wanted <= 1.0 || full {
            return Plan { k: k_tenths as f64 / TENTHS, h, run_length: 1.0 / rate };
        }
    }
}

/// Four sums side by side: a quarter of the time of one, and the same on every machine.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours_a, fours_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = fours_a.remainder().iter().zip(b.iter().skip(a.len() / 4 * 4)).map(|(a, b)| a * b).sum();
    for (a, b) in fours_a.zip(fours_b) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// The step of S's lattice, tenths: what 10 and k have in common.
fn coarseness(k_tenths: usize) -> usize {
    match (k_tenths.is_multiple_of(2), k_tenths.is_multiple_of(5)) {
        (true, true) => 10,
        (true, false) => 2,
        (false, true) => 5,
        (false, false) => 1,
    }
}
