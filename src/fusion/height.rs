//! How high a target is and how fast it climbs: a two-state Kalman filter of its own, where height is measured.
//!
//! In: measured heights and the time between them. Out: height and climb at an instant. Constant climb under white
//! acceleration (Bar-Shalom, Li & Kirubarajan 2001, section 6.2.2), apart from the plane's filter: the two share next
//! to no noise, and most sensors say nothing of height. Knows no track.

use serde::{Deserialize, Serialize};

use super::measure::Altitude;

/// Spectral density of white vertical acceleration, m²/s³: an aeroplane settles into a climb of 5 m/s in half a minute.
const DENSITY: f64 = 1.0;
/// One-sigma climb of something whose height was measured once, m/s.
const START_CLIMB_MPS: f64 = 5.0;

/// Height above the ellipsoid, metres, and climb, m/s, with their covariance: hh, hc, cc.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Height {
    x: [f64; 2],
    p: [f64; 3],
}

impl Height {
    /// Of something whose height was measured once.
    pub(super) fn new(seen: Altitude) -> Self {
        Self { x: [seen.altitude_m, 0.0], p: [seen.var, 0.0, START_CLIMB_MPS * START_CLIMB_MPS] }
    }

    /// `dt_s` later; the past is as uncertain as the future.
    fn predicted(&self, dt_s: f64) -> Self {
        let ([h, c], [hh, hc, cc], far) = (self.x, self.p, dt_s.abs());
        let p = [
            hh + 2.0 * dt_s * hc + dt_s * dt_s * cc + DENSITY * far * far * far / 3.0,
            hc + dt_s * cc + DENSITY * dt_s * far / 2.0,
            cc + DENSITY * far,
        ];
        Self { x: [h + dt_s * c, c], p }
    }

    /// Height `dt_s` later.
    pub(super) fn at(&self, dt_s: f64) -> Altitude {
        let later = self.predicted(dt_s);
        Altitude { altitude_m: later.x[0], var: later.p[0] }
    }

    /// After a detection `dt_s` later, which may have measured height.
    pub(super) fn after(known: Option<Self>, dt_s: f64, seen: Option<Altitude>) -> Option<Self> {
        let Some(known) = known else { return seen.map(Self::new) };
        let before = known.predicted(dt_s);
        let Some(seen) = seen else { return Some(before) };
        let [hh, hc, cc] = before.p;
        let (s, nu) = (hh + seen.var, seen.altitude_m - before.x[0]);
        let gain = [hh / s, hc / s];
        let next = Self {
            x: [before.x[0] + gain[0] * nu, before.x[1] + gain[1] * nu],
            p: [(1.0 - gain[0]) * hh, (1.0 - gain[0]) * hc, cc - gain[1] * hc],
        };
        let sound = next.x.iter().chain(&next.p).all(|v| v.is_finite())
            && next.p[0] > 0.0
            && next.p[0] * next.p[2] > next.p[1] * next.p[1];
        Some(if sound { next } else { Self::new(seen) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(altitude_m: f64, var: f64) -> Option<Altitude> {
        Some(Altitude { altitude_m, var })
    }

    #[test]
    fn two_steps_are_those_of_numpy() {
        // F = [[1, 2], [0, 1]], Q = [[8/3, 2], [2, 2]], H = [1, 0], R = 100, P0 = diag(100, 25), x0 = [50, 0], z = 70, 90.
        let once = Height::after(Height::after(None, 0.0, seen(50.0, 100.0)), 2.0, seen(70.0, 100.0));
        let twice = Height::after(once, 2.0, seen(90.0, 100.0)).expect("it is known");
        for (got, expected) in twice.x.iter().chain(&twice.p).zip([
            83.6462312318,
            6.9505691918,
            67.8056805718,
            17.8075715744,
            10.2162172384,
        ]) {
            assert!((got - expected).abs() < 1e-8, "{twice:?}");
        }
    }

    #[test]
    fn a_climb_is_followed_and_carried_on() {
        let mut height = None;
        for k in 0..30 {
            height = Height::after(height, 1.0, seen(100.0 + 6.0 * f64::from(k), 25.0));
        }
        let later = height.expect("it is known").at(10.0);
        assert!((later.altitude_m - (100.0 + 6.0 * 39.0)).abs() < 3.0, "{later:?}");
        assert!(later.var > 300.0, "ten seconds of a possible change of climb: {later:?}");
    }

    proptest::proptest! {
        #[test]
        fn it_never_becomes_unsound(steps in proptest::collection::vec(
            (-20.0..60.0_f64, -1e4..3e4_f64, 1e-3..1e8_f64, proptest::bool::ANY), 1..60)
        ) {
            let mut height = None;
            for (dt_s, altitude_m, var, measured) in steps {
                height = Height::after(height, dt_s, seen(altitude_m, var).filter(|_| measured));
                if let Some(Height { x, p }) = height {
                    proptest::prop_assert!(x.iter().chain(&p).all(|v| v.is_finite()) && p[0] > 0.0 && p[2] > 0.0);
                }
            }
        }
    }
}
