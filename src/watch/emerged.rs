//! Who is first observed beyond a line, going away from it: it may have crossed, and nobody saw it.
//!
//! In: where a track was first seen and how it goes now. Out: that it emerged, and how sure that is. It is a statement of
//! its own and no crossing: only what is seen near the line within a time that it would have needed from there, and
//! surely going away, is said to have emerged. Knows no rule.

use super::area::{Covariance, normal_cdf, plus};
use super::crossing::{Side, plan};
use super::firsts::First;
use super::line::{Point, Polyline};
use crate::fusion::TrackView;
use crate::time::{Span, Timestamp};

/// First seen no farther from the line than this, metres, …
const NEAR_M: f64 = 500.0;
/// … and no farther than it goes in this time, seconds.
const BACK_S: f64 = 60.0;
/// Going away at least this fast, metres per second, and by this many sigmas.
const LEAST_MPS: f64 = 0.7;
const SIGMAS: f64 = 2.0;
/// P(it is on that side) that it takes.
const BEYOND: f64 = 0.95;

/// A track that came from where the line is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Emerged {
    /// The side it is on.
    pub to: Side,
    /// P(it is there) × P(it is going away).
    pub probability: f64,
    /// When and where it would have crossed, had it gone as it goes now.
    pub time: Timestamp,
    pub at: Point,
    pub covariance: Covariance,
    /// Along the line there.
    pub along: Point,
}

/// Whether a track emerged beside a line; `bias`: the allowance for lasting errors.
pub(super) fn emerged(
    line: &Polyline,
    first: &First,
    track: &TrackView<'_>,
    bias: Covariance,
) -> Option<Emerged> {
    let begun = line.nearest(first.at, NEAR_M).filter(|begun| begun.beside)?;
    let [east, north, v_east, v_north] = track.estimate.mean;
    let here = line.nearest([east, north], f64::MAX).filter(|here| here.beside)?;
    let is_left = begun.signed_m >= 0.0;
    if is_left != (here.signed_m >= 0.0) {
        return None;
    }
    let [u, v] = here.normal;
    let along = |c: Covariance| (u * u * c[0] + 2.0 * u * v * c[1] + v * v * c[2]).max(1e-6).sqrt();
    let p = &track.estimate.covariance;
    let away_mps = (if is_left { 1.0 } else { -1.0 }) * (u * v_east + v * v_north);
    let sigma_mps = along([p[2][2], p[2][3], p[3][3]]);
    if away_mps < LEAST_MPS.max(SIGMAS * sigma_mps) || begun.signed_m.abs() > away_mps * BACK_S {
        return None;
    }
    let beyond = normal_cdf(here.signed_m.abs() / along(plus(plan(p), bias)));
    let to = if is_left { Side::Left } else { Side::Right };
    let back_s = begun.signed_m.abs() / away_mps;
    // Nobody saw the way there: an error of its velocity grows with it.
    let drift = [p[2][2], p[2][3], p[3][3]].map(|variance| variance * back_s * back_s);
    (beyond >= BEYOND).then(|| Emerged {
        to,
        probability: beyond * normal_cdf(away_mps / sigma_mps),
        time: first.time.plus(Span::from_secs_f64(-back_s)),
        at: [first.at[0] - back_s * v_east, first.at[1] - back_s * v_north],
        covariance: plus(plus(first.covariance, bias), drift),
        along: [begun.normal[1], -begun.normal[0]],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing;

    fn found(first_north_m: f64, north_m: f64, v_north: f64) -> Option<Side> {
        let line = Polyline::new(&[[-9_000.0, 0.0], [9_000.0, 0.0]]);
        let covariance = [25.0, 0.0, 25.0];
        let first = First::new(Timestamp::from_secs(0), [0.0, first_north_m], covariance, 1.0);
        let view = testing::view(1, 10.0, [0.0, north_m, 0.0, v_north], 5.0, &[]);
        emerged(&line, &first, &view, [300.0, 0.0, 300.0]).map(|emerged| emerged.to)
    }

    #[test]
    fn only_what_is_near_and_goes_away_emerged() {
        assert_eq!(found(20.0, 120.0, 10.0), Some(Side::Left));
        assert_eq!(found(-20.0, -120.0, -10.0), Some(Side::Right));
        assert_eq!(found(120.0, 100.0, -2.0), None, "it comes nearer");
        assert_eq!(found(20.0, 120.0, 1.0), None, "known too badly to say that it goes away");
        assert_eq!(found(400.0, 450.0, 5.0), None, "more than a minute from the line");
        assert_eq!(found(5.0, 20.0, 10.0), None, "it may still be on the other side");
        assert_eq!(found(-20.0, 80.0, 10.0), None, "that is a crossing");
    }
}
