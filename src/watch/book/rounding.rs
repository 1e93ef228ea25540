//! Numbers as notices say them: no more digits than mean something, equal values in equal letters.

use crate::geo::LocalFrame;
use crate::watch::alert::{Count, Position};
use crate::watch::area::Covariance;
use crate::watch::line::Point;

/// Rounded as notices are: 1e-7 degrees, centimetres, tenths of square metres.
pub(super) fn position(frame: &LocalFrame, at: Point, covariance_m2: Covariance) -> Position {
    let geodetic = frame.plane_to_geodetic(at[0], at[1], 0.0);
    Position {
        lat: rounded(geodetic.lat_deg(), 1e7),
        lon: rounded(geodetic.lon_deg(), 1e7),
        east_m: rounded(at[0], 1e2),
        north_m: rounded(at[1], 1e2),
        cov_m2: covariance_m2.map(|x| rounded(x, 1e1)),
    }
}

pub(super) fn rounded_count(count: Count) -> Count {
    Count {
        expected: rounded(count.expected, 1e2),
        unseen: count.unseen.map(|unseen| rounded(unseen, 1e2)),
        ..count
    }
}

/// To the nearest 1 / `per_unit`, without a negative zero: equal values print alike.
pub(in crate::watch) fn rounded(x: f64, per_unit: f64) -> f64 {
    libm::round(x * per_unit) / per_unit + 0.0
}
