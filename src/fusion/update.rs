//! One detection into one predicted track, whatever form the detection has.
//!
//! In: a predicted state and a measured detection. Out: the innovation's fit, for gating, and the updated state. The
//! same function serves the live picture and the refiltering of late data, so that both give the same bits.

use std::f64::consts::TAU;

use super::filter::{self, Fit, Gaussian, Step};
use super::measure::{Altitude, Kind, Measured, Site};
use super::motion::Imm;

/// Innovations of velocities and range rates beyond this many sigmas are left out: they are not what associated.
const SIDE_GATE_D2: f64 = 16.0;

/// How a detection fits one Gaussian, without updating anything; d² has two degrees of freedom, one for a bearing.
pub(super) fn innovation(
    mean: &Gaussian,
    altitude: Option<Altitude>,
    site: &Site,
    m: &Measured,
) -> Option<Fit> {
    let shifted;
    let mean = if m.offset_s == 0.0 {
        mean
    } else {
        shifted = mean.advanced(&Step::shift(m.offset_s));
        &shifted
    };
    if let Kind::Bearing { .. } = m.kind {
        let (nu, h, r) = m.bearing_at(site, mean)?;
        let s = h.iter().zip(mean.times(h)).map(|(h, ph)| h * ph).sum::<f64>() + r;
        let d2 = nu * nu / s;
        return (s > 0.0 && d2.is_finite()).then(|| Fit { d2, scale: 1.0 / (TAU * s).sqrt() });
    }
    let (z, r) = m.position_at(site, mean, altitude);
    filter::fit(
        [z[0] - mean.x[0], z[1] - mean.x[1]],
        [mean.pp[0] + r[0], mean.pp[1] + r[1], mean.pp[2] + r[2]],
    )
}

/// Puts the state after a detection into `next`, and says N(ν; 0, S) of the mixture of modes. `None` if any result is
/// not sound: `next` is nothing then.
pub(super) fn absorbed(
    predicted: &Imm,
    mean: &Gaussian,
    altitude: Option<Altitude>,
    site: &Site,
    m: &Measured,
    next: &mut Imm,
) -> Option<f64> {
    if m.offset_s == 0.0 {
        return absorbed_now(predicted, mean, altitude, site, m, next);
    }
    // H = [I vI]: the same as moving to the detection's own time and back along the velocity.
    let there = Step::shift(m.offset_s);
    let moved = (predicted.advanced(&there), mean.advanced(&there));
    let density = absorbed_now(&moved.0, &moved.1, altitude, site, m, next)?;
    *next = next.advanced(&Step::shift(-m.offset_s));
    next.modes.iter().all(Gaussian::is_sound).then_some(density)
}

fn absorbed_now(
    predicted: &Imm,
    mean: &Gaussian,
    altitude: Option<Altitude>,
    site: &Site,
    m: &Measured,
    next: &mut Imm,
) -> Option<f64> {
    let density = match &m.kind {
        Kind::Bearing { .. } => {
            let (nu, h, r) = m.bearing_at(site, mean)?;
            predicted.updated(next, |mode| {
                let beside = h[0] * (mode.x[0] - mean.x[0]) + h[1] * (mode.x[1] - mean.x[1]);
                mode.with_scalar(h, nu - beside, r)
            })?
        }
        Kind::Report { .. } => covariance_intersection(predicted, mean, m, next)?,
        Kind::Polar { .. } | Kind::Place => {
            let (z, r) = m.position_at(site, mean, altitude);
            predicted.updated(next, |mode| mode.with_position(z, r))?
        }
    };
    if let Kind::Polar { range_rate: Some((rate, sigma)), .. } = m.kind
        && site.position_var == 0.0
    {
        let away = [mean.x[0] - site.at[0], mean.x[1] - site.at[1]];
        let distance_m = (away[0] * away[0] + away[1] * away[1]).sqrt();
        if distance_m > 1.0 {
            let h = [0.0, 0.0, away[0] / distance_m, away[1] / distance_m];
            aside(next, h, rate, sigma * sigma);
        }
    }
    if let (Some(([east, north], var)), Kind::Place) = (m.velocity, &m.kind) {
        aside(next, [0.0, 0.0, 1.0, 0.0], east, var);
        aside(next, [0.0, 0.0, 0.0, 1.0], north, var);
    }
    Some(density)
}

/// A scalar of the velocity beside the position; refused quietly where it contradicts.
fn aside(imm: &mut Imm, h: [f64; 4], value: f64, var: f64) {
    let mean = imm.mean();
    let foreseen = h[2] * mean.x[2] + h[3] * mean.x[3];
    let s = h.iter().zip(mean.times(h)).map(|(h, ph)| h * ph).sum::<f64>() + var;
    let nu = value - foreseen;
    if nu * nu > SIDE_GATE_D2 * s {
        return;
    }
    let mut next = *imm;
    let update = |mode: &Gaussian| mode.with_scalar(h, value - h[2] * mode.x[2] - h[3] * mode.x[3], var);
    if imm.updated(&mut next, update).is_some() {
        *imm = next;
    }
}

/// A track of another system, whose errors may be ours already: covariance intersection (Julier & Uhlmann 1997), which
/// is the linear update with P/ω and R/(1 − ω), ω by the ratio of traces (Niehsen 2002).
fn covariance_intersection(predicted: &Imm, mean: &Gaussian, m: &Measured, next: &mut Imm) -> Option<f64> {
    let (own, other) = (mean.pp[0] + mean.pp[2], m.r[0] + m.r[2]);
    let weight = (other / (own + other)).clamp(0.01, 0.99);
    let r = m.r.map(|v| v / (1.0 - weight));
    let density = predicted.updated(next, |mode| mode.inflated(1.0 / weight).with_position(m.z, r))?;
    // What the modes make of it is not independent evidence either.
    next.mu = predicted.mu;
    Some(density)
}
