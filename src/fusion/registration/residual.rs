//! One sensor's detection against what other sensors last said of the same track.
//!
//! In: a detection, a few detections of other sensors taken of the same track a moment before, the track's predicted
//! state. Out: their difference ν in the plane, linear in everybody's biases: ν = J_s b_s − Σ φ_k J_k b_k + noise.
//! Not against the track itself: a filter absorbs its own sensor's bias. Knows neither evidence nor decisions.

use super::{AXES, Axis};
use crate::fusion::filter::Gaussian;
use crate::fusion::measure::{Altitude, Kind, Measured, Site};
use crate::sensor::SensorIndex;

/// Other sensors' detections used at once.
pub(in crate::fusion) const MOST_REFERENCES: usize = 3;
/// Manoeuvre noise between two detections' times, m²/s³.
const MANOEUVRE_Q: f64 = 3.0;
/// Nearer than this a direction means nothing, metres.
const LEAST_DISTANCE_M: f64 = 50.0;

/// A detection with the geometry it was made in.
#[derive(Clone, Copy, Debug)]
pub(in crate::fusion) struct Sighting<'a> {
    pub sensor: SensorIndex,
    pub m: &'a Measured,
    pub site: &'a Site,
    /// When it was measured, seconds after the look that is compared; corrections of the clock are in it.
    pub at_s: f64,
}

/// Sensitivity of a position (or, first row only, of a bearing) to its sensor's biases.
pub(in crate::fusion) type Jacobian = [[f64; AXES]; 2];

/// A detection as a position in the plane.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    z: [f64; 2],
    r: [f64; 3],
    j: Jacobian,
}

/// One of the other sensors in a comparison.
#[derive(Clone, Copy, Debug)]
pub(in crate::fusion) struct Reference {
    pub sensor: SensorIndex,
    /// Its weight φ; all weights sum to one.
    pub weight: f64,
    /// Its part φ²R of the difference's noise.
    pub r: [f64; 3],
    pub j: Jacobian,
    /// ν against it alone.
    pub nu: [f64; 2],
}

/// A detection compared.
#[derive(Clone, Debug)]
pub(in crate::fusion) struct Residual {
    /// One row for a bearing, radians; else two, metres in the plane.
    pub rows: usize,
    /// Own detection minus the weighted mean of the others', as corrected now.
    pub nu: [f64; 2],
    /// The own detection's noise.
    pub own_r: [f64; 3],
    /// Noise that is neither the own detection's nor the references': what the target did in between.
    pub extra: [f64; 3],
    pub own_j: Jacobian,
    pub references: [Option<Reference>; MOST_REFERENCES],
    /// Unit vectors of the two directions a fault shows in: away from the sensor and clockwise, or east and north.
    pub directions: [[f64; 2]; 2],
    /// The target's velocity.
    pub velocity: [f64; 2],
}

/// aᵀMa for a symmetric M.
pub(in crate::fusion) fn quadratic(m: [f64; 3], a: [f64; 2]) -> f64 {
    m[0] * a[0] * a[0] + 2.0 * m[1] * a[0] * a[1] + m[2] * a[1] * a[1]
}

/// Away from a place and clockwise around it, with the distance.
fn around(site: &Site, at: [f64; 2]) -> Option<([f64; 2], [f64; 2], f64)> {
    let d = [at[0] - site.at[0], at[1] - site.at[1]];
    let distance_m = (d[0] * d[0] + d[1] * d[1]).sqrt();
    let u = [d[0] / distance_m, d[1] / distance_m];
    (distance_m > LEAST_DISTANCE_M).then_some((u, [u[1], -u[0]], distance_m))
}

/// A detection's position and how it moves with each of its sensor's biases. `None` for what is no position.
fn side(sighting: &Sighting<'_>, mean: &Gaussian, altitude: Option<Altitude>) -> Option<Side> {
    let Sighting { m, site, .. } = *sighting;
    let mut j = [[0.0; AXES]; 2];
    for (row, place) in [Axis::East, Axis::North].into_iter().enumerate() {
        j[row][place.index()] = 1.0;
        // Stamped late, the thing is reported where it was: behind.
        j[row][Axis::Clock.index()] = -mean.x[2 + row];
    }
    match m.kind {
        Kind::Polar { .. } => {
            let (away, clockwise, distance_m) = around(site, [mean.x[0], mean.x[1]])?;
            for row in 0..2 {
                j[row][Axis::Range.index()] = away[row];
                j[row][Axis::Azimuth.index()] = distance_m * clockwise[row];
                if site.position_var > 0.0 {
                    // A platform that moves has no constant error of place.
                    j[row][Axis::East.index()] = 0.0;
                    j[row][Axis::North.index()] = 0.0;
                }
            }
        }
        Kind::Place => {}
        Kind::Bearing { .. } | Kind::Report { .. } => return None,
    }
    let (z, r) = m.position_at(site, mean, altitude);
    Some(Side { z, r, j })
}

impl Residual {
    /// Compares `own` with `others` (at most [`MOST_REFERENCES`] are used), all of one track predicted to the look's
    /// time as `mean`. `None` if the geometry says nothing.
    pub(in crate::fusion) fn between(
        own: &Sighting<'_>,
        others: &[Sighting<'_>],
        mean: &Gaussian,
        altitude: Option<Altitude>,
    ) -> Option<Self> {
        let mut sides = [(0.0, Side::default(), 0.0); MOST_REFERENCES];
        let mut total = 0.0;
        for (slot, other) in sides.iter_mut().zip(others) {
            let Some(side) = side(other, mean, altitude) else { continue };
            let dt_s = own.at_s - other.at_s;
            let grown = dt_s * dt_s * (mean.vv[0] + mean.vv[2]) + MANOEUVRE_Q * dt_s.abs() * dt_s * dt_s;
            let weight = 1.0 / (side.r[0] + side.r[2] + grown);
            *slot = (weight, side, dt_s);
            total += weight;
        }
        let (weighted, v) = (total > 0.0, [mean.x[2], mean.x[3]]);
        let bearing = own.m.is_bearing();
        let own_side = if bearing { None } else { Some(side(own, mean, altitude)?) };
        let mut made = Self {
            rows: 2,
            nu: [0.0; 2],
            own_r: own_side.map_or([0.0; 3], |side| side.r),
            extra: [0.0; 3],
            own_j: own_side.map_or([[0.0; AXES]; 2], |side| side.j),
            references: [None; MOST_REFERENCES],
            directions: match (own.m.is_polar(), around(own.site, [mean.x[0], mean.x[1]])) {
                (true, Some((away, clockwise, _))) => [away, clockwise],
                _ => [[1.0, 0.0], [0.0, 1.0]],
            },
            velocity: v,
        };
        let mut lag_s = 0.0;
        for (k, (weight, side, dt_s)) in sides.into_iter().enumerate().filter(|(_, side)| side.0 > 0.0) {
            let weight = weight / total;
            let moved = [side.z[0] + dt_s * v[0], side.z[1] + dt_s * v[1]];
            let z = own_side.map_or([mean.x[0], mean.x[1]], |own| own.z);
            let nu = [z[0] - moved[0], z[1] - moved[1]];
            let r = side.r.map(|r| weight * weight * r);
            made.references[k] = Some(Reference { sensor: others[k].sensor, weight, r, j: side.j, nu });
            made.nu = [made.nu[0] + weight * nu[0], made.nu[1] + weight * nu[1]];
            let wander = weight * weight * MANOEUVRE_Q * dt_s.abs() * dt_s * dt_s / 3.0;
            made.extra = [made.extra[0] + wander, made.extra[1], made.extra[2] + wander];
            lag_s += weight * dt_s;
        }
        // The velocity's error is the same for every reference.
        for (extra, vv) in made.extra.iter_mut().zip(&mean.vv) {
            *extra += lag_s * lag_s * vv;
        }
        if bearing {
            made.seen_as_bearing(own, mean)?;
        }
        weighted.then_some(made)
    }

    /// Turns differences of position into one of direction: what a bearing says against the others' place.
    fn seen_as_bearing(&mut self, own: &Sighting<'_>, mean: &Gaussian) -> Option<()> {
        let (nu, h, var) = own.m.bearing_at(own.site, mean)?;
        let h = [h[0], h[1]];
        let turn = |v: [f64; 2]| h[0] * v[0] + h[1] * v[1];
        // The references' ν hold mean − place; the bearing's own innovation is against the mean.
        let total = nu + turn(self.nu);
        for reference in self.references.iter_mut().flatten() {
            reference.nu = [nu + turn(reference.nu), 0.0];
            reference.r = [quadratic(reference.r, h), 0.0, 0.0];
            let j = reference.j;
            reference.j = [std::array::from_fn(|axis| turn([j[0][axis], j[1][axis]])), [0.0; AXES]];
        }
        self.nu = [total, 0.0];
        self.own_r = [var, 0.0, 0.0];
        self.extra = [quadratic(self.extra, h), 0.0, 0.0];
        self.own_j[0][Axis::Azimuth.index()] = 1.0;
        self.own_j[0][Axis::Clock.index()] = -turn(self.velocity);
        self.rows = 1;
        Some(())
    }

    /// S of the difference, every sensor's noise multiplied by what `scale` says of it.
    pub(in crate::fusion) fn spread(&self, own_scale: f64, scale: impl Fn(SensorIndex) -> f64) -> [f64; 3] {
        let mut s: [f64; 3] = std::array::from_fn(|i| own_scale * self.own_r[i] + self.extra[i]);
        for reference in self.references.iter().flatten() {
            let k = scale(reference.sensor);
            for (s, r) in s.iter_mut().zip(&reference.r) {
                *s += k * r;
            }
        }
        s
    }
}

/// S⁻¹ over the rows there are; `None` if S is not positive definite.
pub(in crate::fusion) fn inverse(s: [f64; 3], rows: usize) -> Option<[f64; 3]> {
    if rows == 1 {
        return (s[0] > 0.0 && s[0].is_finite()).then(|| [1.0 / s[0], 0.0, 0.0]);
    }
    let det = s[0] * s[2] - s[1] * s[1];
    (det > 0.0 && s[0] > 0.0 && det.is_finite()).then(|| [s[2] / det, -s[1] / det, s[0] / det])
}

/// J b.
pub(in crate::fusion) fn times(j: &Jacobian, b: &[f64; AXES]) -> [f64; 2] {
    std::array::from_fn(|row| j[row].iter().zip(b).map(|(j, b)| j * b).sum())
}
