//! Which of many hypotheses are so, when no two of them may share what they were made of.
//!
//! In: hypotheses with the logarithm of their weight (how much better each explains what it took than chance does) and
//! which of them exclude each other. Out: the probability of each, summed over every set without conflict, each set
//! weighing the product of its members: what a multi-hypothesis tracker would say that keeps all of them (Pattipati, Deb,
//! Bar-Shalom & Washburn 1992 look for the best of these sets only). Exact, by branch and bound over cliques; where that
//! would take too long nothing is decided. Knows neither bearings nor tracks.

/// Hypotheses of one connected piece at most.
pub(super) const MOST_MEMBERS: usize = 64;
/// Sets less probable than the best by this factor, as a logarithm, are left out.
const NEGLIGIBLE: f64 = 18.0;
/// Steps of the search at most, per pass.
const MOST_STEPS: u32 = 60_000;

/// Hypotheses of one connected piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    /// ln of each weight.
    pub scores: Vec<f64>,
    /// Bit j of entry i: i and j exclude each other.
    pub conflicts: Vec<u64>,
    /// Filled by [`Piece::solve`]: the probability of each.
    pub shares: Vec<f64>,
    /// Cliques that cover the piece: at most one member of each can be so. Best member first.
    cliques: Vec<Vec<usize>>,
    /// Best that the cliques from each on can still add.
    ahead: Vec<f64>,
    best: f64,
    total: f64,
    steps: u32,
}

impl Piece {
    /// Fills `shares`; false, and all of them zero, if the piece is too tangled to be solved.
    pub(super) fn solve(&mut self) -> bool {
        self.shares.clear();
        self.shares.resize(self.scores.len(), 0.0);
        if self.scores.len() > MOST_MEMBERS {
            return false;
        }
        self.cover();
        (self.best, self.steps) = (0.0, 0);
        self.climb(0, 0, 0.0);
        let searched = self.steps <= MOST_STEPS;
        (self.total, self.steps) = (0.0, 0);
        if searched {
            self.sum(0, 0, 0, 0.0);
        }
        if !searched || self.steps > MOST_STEPS {
            self.shares.fill(0.0);
            return false;
        }
        let total = self.total;
        self.shares.iter_mut().for_each(|share| *share = (*share / total).clamp(0.0, 1.0));
        true
    }

    /// Greedy cliques, in the order of their first members.
    fn cover(&mut self) {
        self.cliques.clear();
        let mut left: Vec<usize> = (0..self.scores.len()).collect();
        while let Some(&first) = left.first() {
            let mut members = 1_u64 << first;
            let mut clique = vec![first];
            for &other in &left[1..] {
                if self.conflicts[other] & members == members {
                    members |= 1 << other;
                    clique.push(other);
                }
            }
            left.retain(|at| members & (1 << at) == 0);
            clique.sort_by(|a, b| self.scores[*b].total_cmp(&self.scores[*a]).then(a.cmp(b)));
            self.cliques.push(clique);
        }
        self.ahead.clear();
        self.ahead.resize(self.cliques.len() + 1, 0.0);
        for (at, clique) in self.cliques.iter().enumerate().rev() {
            self.ahead[at] = self.ahead[at + 1] + self.scores[clique[0]].max(0.0);
        }
    }

    /// The best sum of any set.
    fn climb(&mut self, depth: usize, barred: u64, so_far: f64) {
        self.steps += 1;
        self.best = self.best.max(so_far);
        if depth == self.cliques.len() || so_far + self.ahead[depth] <= self.best || self.steps > MOST_STEPS {
            return;
        }
        for at in 0..self.cliques[depth].len() {
            let member = self.cliques[depth][at];
            if barred & (1 << member) == 0 {
                self.climb(depth + 1, barred | self.conflicts[member], so_far + self.scores[member]);
            }
        }
        self.climb(depth + 1, barred, so_far);
    }

    /// Every set that is not negligible into the shares of its members, relative to the best.
    fn sum(&mut self, depth: usize, barred: u64, taken: u64, so_far: f64) {
        self.steps += 1;
        if so_far + self.ahead[depth] < self.best - NEGLIGIBLE || self.steps > MOST_STEPS {
            return;
        }
        if depth == self.cliques.len() {
            let weight = libm::exp(so_far - self.best);
            self.total += weight;
            for (at, share) in self.shares.iter_mut().enumerate().filter(|(at, _)| taken & (1 << at) != 0) {
                debug_assert!(barred & (1 << at) == 0, "a set has no conflict");
                *share += weight;
            }
            return;
        }
        for at in 0..self.cliques[depth].len() {
            let member = self.cliques[depth][at];
            if barred & (1 << member) == 0 {
                let (barred, taken) = (barred | self.conflicts[member], taken | 1 << member);
                self.sum(depth + 1, barred, taken, so_far + self.scores[member]);
            }
        }
        self.sum(depth + 1, barred, taken, so_far);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every subset, one by one.
    fn by_counting(scores: &[f64], conflicts: &[u64]) -> Vec<f64> {
        let (mut shares, mut total) = (vec![0.0; scores.len()], 0.0);
        for set in 0..1_u64 << scores.len() {
            let members: Vec<usize> = (0..scores.len()).filter(|at| set & (1 << at) != 0).collect();
            if members.iter().all(|at| conflicts[*at] & set == 0) {
                let weight = members.iter().map(|at| scores[*at]).sum::<f64>();
                let weight = libm::exp(weight);
                total += weight;
                members.iter().for_each(|at| shares[*at] += weight);
            }
        }
        shares.iter().map(|share| share / total).collect()
    }

    proptest! {
        #[test]
        fn shares_are_those_of_counting_every_set(
            scores in proptest::collection::vec(-4.0..6.0_f64, 1..9),
            edges in proptest::collection::vec((0..9_usize, 0..9_usize), 0..20),
        ) {
            let mut conflicts = vec![0_u64; scores.len()];
            for (a, b) in edges {
                if a != b && a < scores.len() && b < scores.len() {
                    conflicts[a] |= 1 << b;
                    conflicts[b] |= 1 << a;
                }
            }
            let expected = by_counting(&scores, &conflicts);
            let mut piece = Piece { scores, conflicts, ..Piece::default() };
            prop_assert!(piece.solve());
            for (got, want) in piece.shares.iter().zip(expected) {
                prop_assert!((got - want).abs() < 1e-6, "{piece:?}");
            }
        }
    }

    /// `n` bearings of each of two cameras, all pairs alike.
    fn grid(n: usize, score: impl Fn(usize, usize) -> f64) -> Piece {
        let mut piece = Piece::default();
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            piece.scores.push(score(i, j));
            let shared = (0..n * n).filter(|at| (at / n == i) != (at % n == j));
            piece.conflicts.push(shared.fold(0, |mask, at| mask | 1 << at));
        }
        piece
    }

    #[test]
    fn nine_crossings_of_equal_merit_have_a_third_each() {
        let mut piece = grid(3, |_, _| 200.0);
        assert!(piece.solve());
        assert!(piece.shares.iter().all(|share| (share - 1.0 / 3.0).abs() < 1e-9), "{:?}", piece.shares);
        let mut piece = grid(3, |i, j| if i == j { 205.0 } else { 200.0 });
        assert!(piece.solve());
        // Six permutations: e^15 has all three, three have one of them (e^5), two have none.
        let third = (libm::exp(15.0) + libm::exp(5.0)) / (libm::exp(15.0) + 3.0 * libm::exp(5.0) + 2.0);
        assert!((piece.shares[0] - third).abs() < 1e-6, "{:?}", piece.shares);
    }

    #[test]
    fn what_is_too_tangled_is_left_open() {
        let mut piece = grid(8, |_, _| 50.0);
        assert!(!piece.solve(), "40320 permutations");
        assert!(piece.shares.iter().all(|share| share.abs() < 1e-12));
        assert!(!Piece { scores: vec![1.0; 65], conflicts: vec![0; 65], ..Piece::default() }.solve());
        assert!(grid(8, |i, j| if i == j { 90.0 } else { 50.0 }).solve(), "but what is plain is solved");
    }
}
