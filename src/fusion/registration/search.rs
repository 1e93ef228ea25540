//! Biases so large that a sensor's detections meet no other sensor's track: they found tracks of their own, which only
//! that sensor feeds, beside tracks of the same targets that it should feed and does not.
//!
//! In: those two kinds of tracks at one instant. Out: the offset that most of them agree on, if more agree than chance
//! allows. Every pair votes for the offset that would bring it together; a bias is a heap of votes from tracks in
//! different places, chance is spread evenly. Knows no tracker and takes no decision.

use serde::{Deserialize, Serialize};

use crate::fusion::filter::Gaussian;

/// How far off a sensor may be: range or place, metres; azimuth, radians; clock, seconds.
const MOST_RANGE_M: f64 = 500.0;
const MOST_AZIMUTH_RAD: f64 = 0.0873;
const MOST_CLOCK_S: f64 = 3.0;
/// Step between clock hypotheses, seconds, where targets are quick enough for them to matter.
const CLOCK_STEP_S: f64 = 0.5;
/// A clock is in question only where the quick targets move this far in a step, metres.
const CLOCK_MATTERS_M: f64 = 10.0;
/// Tracks taken into account at most, of either kind, and votes.
const MOST_LONELY: usize = 48;
const MOST_OTHERS: usize = 512;
const MOST_VOTES: usize = 160;
/// Half the width of a heap of votes in standard deviations of one vote.
const KERNEL_SIGMAS: f64 = 2.5;
/// Votes from within this distance come from one convoy and count once, metres.
const APART_M: f64 = 500.0;
/// Independent votes without which nothing is believed.
const LEAST_PLACES: usize = 2;
/// Share of the lonely tracks that have any partner in reach which must agree.
const LEAST_SHARE: f64 = 0.3;
/// Probability that chance alone gives the heap anywhere: one that may be believed after a few searches (targets move,
/// and chance's offset with them), and one that is believed when it is found again.
const SUSPICIOUS: f64 = 1e-2;
const SURE: f64 = 1e-5;
const SEARCHES_IF_SURE: u32 = 2;
const SEARCHES_IF_SUSPICIOUS: u32 = 5;
/// Velocities that differ by more than this (χ², two degrees, 0.9999) are not of one target.
const VELOCITY_GATE: f64 = 18.4;

/// The two shapes an offset can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Shape {
    /// Range and azimuth about the sensor.
    Polar,
    /// East and north.
    Plane,
}

/// An offset that many tracks agree on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Peak {
    pub shape: Shape,
    /// Metres and radians clockwise, or metres east and north.
    pub offset: [f64; 2],
    /// One sigma of `offset`.
    pub sigma: [f64; 2],
    pub clock_s: f64,
    pub clock_sigma_s: f64,
    /// Half-widths of the heap.
    pub kernel: [f64; 2],
    /// Votes from different places.
    pub places: usize,
    /// Probability that chance alone gives as many.
    pub chance: f64,
}

#[derive(Clone, Copy, Debug)]
struct Vote {
    lonely: u32,
    other: u32,
    offset: [f64; 2],
    variance: [f64; 2],
}

/// Both kinds of tracks, and room for the votes.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub lonely: Vec<Gaussian>,
    pub others: Vec<Gaussian>,
    votes: Vec<Vote>,
    taken: Vec<u32>,
}

/// P(N ≥ k) for a Poisson variable, bounded by its first term times a geometric tail.
fn poisson_tail(k: usize, mean: f64) -> f64 {
    let k_real = k as f64;
    if mean >= k_real {
        return 1.0;
    }
    let ln_term = k_real * libm::log(mean.max(1e-300)) - mean - libm::lgamma(k_real + 1.0);
    libm::exp(ln_term) / (1.0 - mean / (k_real + 1.0))
}

fn wrapped(angle_rad: f64) -> f64 {
    angle_rad - std::f64::consts::TAU * libm::round(angle_rad / std::f64::consts::TAU)
}

impl Peak {
    /// Whether it explains more: one that also accuses the clock must explain clearly more.
    fn is_clearer(&self, than: &Self) -> bool {
        let (own, other) = (self.places as f64, than.places as f64);
        if self.clock_s != 0.0 && than.clock_s == 0.0 { own > 1.3 * other + 1.0 } else { own > other }
    }

    /// How many searches must find it before it is believed.
    pub(super) fn searches_needed(&self) -> u32 {
        if self.chance < SURE { SEARCHES_IF_SURE } else { SEARCHES_IF_SUSPICIOUS }
    }

    /// Whether another search found the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.shape == other.shape
            && (self.clock_s - other.clock_s).abs() <= CLOCK_STEP_S
            && (0..2).all(|axis| {
                (self.offset[axis] - other.offset[axis]).abs() <= self.kernel[axis].max(other.kernel[axis])
            })
    }
}

impl Search {
    pub(super) fn clear(&mut self) {
        self.lonely.clear();
        self.others.clear();
    }

    /// The best offset over all shapes that fit and all clocks, if it stands above chance.
    pub(super) fn peak(&mut self, site: [f64; 2], polar: bool) -> Option<Peak> {
        if self.lonely.len() < LEAST_PLACES || self.others.len() < LEAST_PLACES {
            return None;
        }
        thin(&mut self.lonely, MOST_LONELY);
        thin(&mut self.others, MOST_OTHERS);
        let shapes: &[Shape] = if polar { &[Shape::Polar, Shape::Plane] } else { &[Shape::Plane] };
        let clocks = self.clocks();
        let trials = shapes.len() as f64 * (2.0 * f64::from(clocks) + 1.0);
        let mut best: Option<Peak> = None;
        // From no error of the clock outwards: among equals the least.
        for step in 0..=2 * clocks {
            let signed = if step % 2 == 0 { -(step / 2) } else { step / 2 + 1 };
            let clock_s = f64::from(signed) * CLOCK_STEP_S;
            for shape in shapes {
                self.vote(site, *shape, clock_s);
                let found = self.heap(*shape, clock_s, trials);
                if let Some(found) = found
                    && best.is_none_or(|best| found.is_clearer(&best))
                {
                    best = Some(found);
                }
            }
        }
        best
    }

    /// How many clock hypotheses there are on either side of zero.
    fn clocks(&self) -> i32 {
        let quickest =
            self.others.iter().map(|g| g.x[2] * g.x[2] + g.x[3] * g.x[3]).fold(0.0, f64::max).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "a small constant ratio")]
        let most = (MOST_CLOCK_S / CLOCK_STEP_S) as i32;
        if quickest * CLOCK_STEP_S > CLOCK_MATTERS_M { most } else { 0 }
    }

    /// Every pair that one offset within bounds could bring together.
    fn vote(&mut self, site: [f64; 2], shape: Shape, clock_s: f64) {
        self.votes.clear();
        for (lonely, a) in (0u32..).zip(&self.lonely) {
            for (other, b) in (0u32..).zip(&self.others) {
                let (vote, variance) = match compared(a, b, site, shape, clock_s) {
                    Some(found) => found,
                    None => continue,
                };
                self.votes.push(Vote { lonely, other, offset: vote, variance });
            }
        }
        thin(&mut self.votes, MOST_VOTES);
    }

    /// The greatest heap, if chance would not have made it.
    fn heap(&mut self, shape: Shape, clock_s: f64, trials: f64) -> Option<Peak> {
        let count = self.votes.len();
        if count < LEAST_PLACES {
            return None;
        }
        let kernel: [f64; 2] = std::array::from_fn(|axis| {
            let mean = self.votes.iter().map(|vote| vote.variance[axis]).sum::<f64>() / count as f64;
            KERNEL_SIGMAS * mean.sqrt()
        });
        let most = bounds(shape);
        let mut best: (usize, [f64; 2]) = (0, [0.0; 2]);
        for centre in 0..count {
            let centre = self.votes[centre].offset;
            let places = self.places(centre, kernel);
            if places > best.0 {
                best = (places, centre);
            }
        }
        let centre = self.middle(best.1, kernel)?.0;
        let places = self.places(centre, kernel).max(best.0);
        let (offset, sigma, votes) = self.middle(centre, kernel)?;
        // What chance would heap up in one kernel: all other votes, spread over all offsets.
        let share = (kernel[0] / most[0] * (kernel[1] / most[1])).min(1.0);
        let background = (count - votes) as f64 * share;
        let reaching = {
            let mut seen = 0;
            let mut last = None;
            for vote in &self.votes {
                if last != Some(vote.lonely) {
                    (seen, last) = (seen + 1, Some(vote.lonely));
                }
            }
            seen
        };
        let chance = poisson_tail(places, background.max(1e-3)) * trials / share;
        let beside =
            offset.iter().zip(&kernel).any(|(offset, kernel)| offset.abs() > *kernel) || clock_s != 0.0;
        (places >= LEAST_PLACES
            // A clock is one more thing that can be made to fit: accused only where there is no doubt.
            && chance < if clock_s == 0.0 { SUSPICIOUS } else { SURE }
            && votes as f64 >= LEAST_SHARE * f64::from(reaching)
            && beside)
            .then_some(Peak {
                shape,
                offset,
                sigma,
                clock_s,
                clock_sigma_s: if clock_s == 0.0 { 0.0 } else { CLOCK_STEP_S },
                kernel,
                places,
                chance,
            })
    }

    /// Votes in a kernel that come from different places, no track counted twice.
    fn places(&mut self, centre: [f64; 2], kernel: [f64; 2]) -> usize {
        self.taken.clear();
        let mut places = 0;
        for vote in &self.votes {
            if !inside(vote, centre, kernel) {
                continue;
            }
            let own = self.others[vote.other as usize].x;
            let alone = self.taken.iter().all(|other| {
                let x = self.others[*other as usize].x;
                let d = [x[0] - own[0], x[1] - own[1]];
                d[0] * d[0] + d[1] * d[1] > APART_M * APART_M
            });
            if alone {
                self.taken.push(vote.other);
                places += 1;
            }
        }
        places
    }

    /// Mean of the votes in a kernel, its one-sigma error, and how many there are.
    fn middle(&self, centre: [f64; 2], kernel: [f64; 2]) -> Option<([f64; 2], [f64; 2], usize)> {
        let (mut sum, mut variance, mut count) = ([0.0; 2], [0.0; 2], 0usize);
        for vote in self.votes.iter().filter(|vote| inside(vote, centre, kernel)) {
            count += 1;
            for axis in 0..2 {
                sum[axis] += vote.offset[axis];
                variance[axis] += vote.variance[axis];
            }
        }
        let n = count as f64;
        (count > 0).then(|| (sum.map(|v| v / n), variance.map(|v| v.sqrt() / n), count))
    }
}

/// Largest offsets looked for.
const fn bounds(shape: Shape) -> [f64; 2] {
    match shape {
        Shape::Polar => [MOST_RANGE_M, MOST_AZIMUTH_RAD],
        Shape::Plane => [MOST_RANGE_M, MOST_RANGE_M],
    }
}

fn inside(vote: &Vote, centre: [f64; 2], kernel: [f64; 2]) -> bool {
    (0..2).all(|axis| (vote.offset[axis] - centre[axis]).abs() <= kernel[axis])
}

/// The offset between a lonely track and another that was seen `clock_s` before it was stamped, and its variance.
fn compared(
    a: &Gaussian,
    b: &Gaussian,
    site: [f64; 2],
    shape: Shape,
    clock_s: f64,
) -> Option<([f64; 2], [f64; 2])> {
    let then = [b.x[0] - clock_s * b.x[2], b.x[1] - clock_s * b.x[3]];
    let d = [a.x[0] - then[0], a.x[1] - then[1]];
    let most = bounds(shape);
    let from_site = [then[0] - site[0], then[1] - site[1]];
    let range_m = (from_site[0] * from_site[0] + from_site[1] * from_site[1]).sqrt();
    let reach = match shape {
        Shape::Polar => most[0] + most[1] * range_m,
        Shape::Plane => most[0],
    };
    if d[0].abs() > reach || d[1].abs() > reach {
        return None;
    }
    let pp: [f64; 3] = std::array::from_fn(|i| a.pp[i] + b.pp[i]);
    let (offset, variance) = match shape {
        Shape::Plane => (d, [pp[0], pp[2]]),
        Shape::Polar => {
            let own = [a.x[0] - site[0], a.x[1] - site[1]];
            let own_m = (own[0] * own[0] + own[1] * own[1]).sqrt();
            if range_m < MOST_RANGE_M || own_m < MOST_RANGE_M {
                return None;
            }
            let turned = wrapped(libm::atan2(own[0], own[1]) - libm::atan2(from_site[0], from_site[1]));
            let u = [own[0] / own_m, own[1] / own_m];
            let (along, across) = (
                super::residual::quadratic(pp, u),
                super::residual::quadratic(pp, [u[1], -u[0]]) / (own_m * own_m),
            );
            ([own_m - range_m, turned], [along, across])
        }
    };
    if (0..2).any(|axis| offset[axis].abs() > most[axis]) {
        return None;
    }
    let dv = [a.x[2] - b.x[2], a.x[3] - b.x[3]];
    let vv: [f64; 3] = std::array::from_fn(|i| a.vv[i] + b.vv[i]);
    // A turned picture turns velocities too.
    let turn = MOST_AZIMUTH_RAD * MOST_AZIMUTH_RAD * (b.x[2] * b.x[2] + b.x[3] * b.x[3]);
    let fit = crate::fusion::filter::fit(dv, [vv[0] + turn, vv[1], vv[2] + turn])?;
    (fit.d2 < VELOCITY_GATE).then_some((offset, variance))
}

/// Keeps at most `most`, evenly chosen, in order.
fn thin<T: Copy>(list: &mut Vec<T>, most: usize) {
    let count = list.len();
    if count > most {
        for k in 0..most {
            list[k] = list[k * count / most];
        }
        list.truncate(most);
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
