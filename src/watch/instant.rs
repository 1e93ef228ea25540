//! When and where a path crossed a line, with the uncertainty of both.
//!
//! In: a track's path smoothed by all that was measured since, and about when it crossed. Out: instant and place. Knows
//! no rule. The uncertainty is the path's own; what its sensors may all be wrong about together is no part of it.
//!
//! The instant is when the path lies on the line. P(beyond) rises from 0.16 to 0.84 while the path goes from one sigma
//! before to one sigma beyond, and half that time is the instant's one-sigma error: σ/|v| for what drives straight across,
//! more for what lingers at the line first. An error δ across the line moves the place by (v along / v across)·δ along
//! it: with it the covariance is that of the crossing's place along the line, and of the path's position across.

use super::area::Covariance;
use super::crossing::{Side, plan};
use super::line::{Nearest, Point, Polyline};
use crate::fusion::{Estimate, Smoothed};
use crate::time::{Span, Timestamp};

/// Instants are told to this.
const TOLD_NS: i64 = 1_000_000;

/// When and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Instant {
    pub time: Timestamp,
    /// One-sigma error of `time`, seconds; unknown where the path is within one sigma of the line all along.
    pub sigma_s: Option<f64>,
    pub at: Point,
    /// Of `at`.
    pub covariance_m2: Covariance,
}

/// One moment of the path against the line.
#[derive(Clone, Copy, Debug)]
struct Moment {
    estimate: Estimate,
    nearest: Nearest,
    /// Metres beyond the line, and the same in sigmas.
    beyond_m: f64,
    sigmas: f64,
}

/// The path's crossing to `to` nearest in time to `about`, if it crosses there at all.
pub(super) fn crossed(line: &Polyline, path: &Smoothed, to: Side, about: Timestamp) -> Option<Instant> {
    let moments: Vec<Option<Moment>> = path.estimates().map(|e| moment(line, e, to)).collect();
    let changes = moments.windows(2).enumerate().filter_map(|(at, ends)| {
        let (before, after) = (ends[0]?, ends[1]?);
        (before.beyond_m < 0.0 && after.beyond_m >= 0.0).then_some((at, before, after))
    });
    let off_ns = |moment: &Moment| moment.estimate.time.since(about).as_nanos().saturating_abs();
    let (at, before, after) = changes.min_by_key(|(_, before, after)| off_ns(before).min(off_ns(after)))?;
    let on_line = between(line, path, to, (before, after), |moment| moment.beyond_m >= 0.0)?;
    // Back to one sigma before the line and on to one beyond it, as long as the line divides.
    let rise = moments[..=at].iter().rposition(|m| m.is_none_or(|m| m.sigmas <= -1.0)).and_then(|low| {
        let next = if low < at { moments[low + 1]? } else { on_line };
        between(line, path, to, (moments[low]?, next), |moment| moment.sigmas > -1.0)
    });
    let later = &moments[at + 1..];
    let fall = later.iter().position(|m| m.is_none_or(|m| m.sigmas >= 1.0)).and_then(|high| {
        let last = if high > 0 { later[high - 1]? } else { on_line };
        between(line, path, to, (last, later[high]?), |moment| moment.sigmas >= 1.0)
    });
    let time = told(on_line.estimate.time);
    let halves = [rise, fall].map(|end| Some(end?.estimate.time.since(time).as_secs_f64().abs()));
    let sigma_s = match halves {
        [Some(rise_s), Some(fall_s)] => Some(0.5 * (rise_s + fall_s)),
        [rise_s, fall_s] => rise_s.or(fall_s),
    };
    let covariance_m2 = place_covariance(&on_line, sigma_s);
    let at = [on_line.estimate.mean[0], on_line.estimate.mean[1]];
    Some(Instant { time, sigma_s, at, covariance_m2 })
}

/// To the nearest millisecond.
fn told(time: Timestamp) -> Timestamp {
    let ns = time.as_nanos().saturating_add(TOLD_NS / 2);
    Timestamp::from_nanos(ns - ns.rem_euclid(TOLD_NS))
}

fn moment(line: &Polyline, estimate: Estimate, to: Side) -> Option<Moment> {
    let nearest =
        line.nearest([estimate.mean[0], estimate.mean[1]], f64::MAX).filter(|nearest| nearest.beside)?;
    let beyond_m = if to == Side::Left { nearest.signed_m } else { -nearest.signed_m };
    let variance = along(plan(&estimate.covariance), nearest.normal, nearest.normal);
    let sigmas = beyond_m / variance.max(1e-6).sqrt();
    sigmas.is_finite().then_some(Moment { estimate, nearest, beyond_m, sigmas })
}

/// The first moment, to the millisecond, at which `is_past` holds, given that it does not at the first of `ends` and
/// does at the second.
fn between(
    line: &Polyline,
    path: &Smoothed,
    to: Side,
    ends: (Moment, Moment),
    is_past: impl Fn(&Moment) -> bool,
) -> Option<Moment> {
    let (mut low, mut high) = (ends.0.estimate.time, ends.1);
    while high.estimate.time.since(low).as_nanos() > TOLD_NS {
        let half = high.estimate.time.since(low).as_nanos() / 2;
        let middle = low.plus(Span::from_nanos(half));
        let found = moment(line, path.at(middle)?, to)?;
        if is_past(&found) {
            high = found;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Covariance of the crossing's place: along the line that of p·a − (v·a / v·n) p·n, across it that of p·n.
fn place_covariance(on_line: &Moment, sigma_s: Option<f64>) -> Covariance {
    let [n_east, n_north] = on_line.nearest.normal;
    let (n, a) = ([n_east, n_north], [n_north, -n_east]);
    let p = plan(&on_line.estimate.covariance);
    let [_, _, v_east, v_north] = on_line.estimate.mean;
    let (v_n, v_a) = (v_east * n[0] + v_north * n[1], v_east * a[0] + v_north * a[1]);
    let across = along(p, n, n).max(1e-6);
    // What creeps across, or turns back, is not farther along the line than it went in the instant's own error.
    let most = sigma_s.map_or(0.0, |sigma_s| v_a.abs() * sigma_s / across.sqrt());
    let slant = (v_a / v_n).clamp(-most, most);
    let slant = if slant.is_finite() { slant } else { 0.0 };
    let lengthwise = along(p, a, a) - 2.0 * slant * along(p, a, n) + slant * slant * across;
    [
        n[0] * n[0] * across + a[0] * a[0] * lengthwise,
        n[0] * n[1] * across + a[0] * a[1] * lengthwise,
        n[1] * n[1] * across + a[1] * a[1] * lengthwise,
    ]
}

/// uᵀPw.
fn along(p: Covariance, u: Point, w: Point) -> f64 {
    u[0] * (p[0] * w[0] + p[1] * w[1]) + u[1] * (p[1] * w[0] + p[2] * w[1])
}
