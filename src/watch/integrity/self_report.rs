//! Where something says it is, against where others measure it: a sequential likelihood ratio test.
//!
//! In: one self-report's position and the measured track's at the same instant, with the covariances of both. Out: the
//! evidence so far that the two are not one place. Wald 1945: H₀ the difference is noise, N(0, S); H₁ it is an offset
//! nobody knows, N(0, S + D²I). The sum of log likelihood ratios decides for H₁ at ln((1−β)/α) and for H₀ at
//! ln(β/(1−α)), and then begins anew. One report adds at most [`MOST_PER_REPORT`]: a ratio that is cut from above is a
//! supermartingale still, so that the error rate holds, and no single garbled report decides. Knows no identity.

use serde::{Deserialize, Serialize};

use super::super::area::Covariance;
use super::super::line::Point;

/// Error rates: of calling an honest report false, per test, and of calling a false one honest.
const ALPHA: f64 = 1e-6;
const BETA: f64 = 1e-2;
/// One-sigma offset of a false report, per axis, metres.
const OFFSET_M: f64 = 500.0;
/// Aerials, lag and rounding: one-sigma, per axis, metres, that nobody reports and that is no lie.
const EXCUSED_M: f64 = 30.0;
/// What one report may add.
const MOST_PER_REPORT: f64 = 3.0;

/// The test of one identity against one track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Test {
    sum: f64,
    /// Decided last for H₁.
    disagrees: bool,
    /// The latest difference, metres.
    pub off_m: f64,
}

impl Test {
    /// One more report: `off` is report minus measured, `s` the sum of both covariances.
    pub(super) fn take(&mut self, off: Point, s: Covariance) {
        let excused = EXCUSED_M * EXCUSED_M;
        let s = [s[0] + excused, s[1], s[2] + excused];
        let wide = [s[0] + OFFSET_M * OFFSET_M, s[1], s[2] + OFFSET_M * OFFSET_M];
        let (Some((d2, det)), Some((wide_d2, wide_det))) = (distance(off, s), distance(off, wide)) else {
            return;
        };
        let ratio = 0.5 * (d2 - wide_d2) - 0.5 * libm::log(wide_det / det);
        self.off_m = (off[0] * off[0] + off[1] * off[1]).sqrt();
        self.sum += ratio.min(MOST_PER_REPORT);
        if self.sum >= libm::log((1.0 - BETA) / ALPHA) {
            // Stays at the limit: as many honest reports as it took false ones lead back.
            (self.disagrees, self.sum) = (true, libm::log((1.0 - BETA) / ALPHA));
        } else if self.sum <= libm::log(BETA / (1.0 - ALPHA)) {
            (self.disagrees, self.sum) = (false, 0.0);
        }
    }

    /// Whether the report is not to be believed, as far as this test goes.
    pub(super) fn disagrees(&self) -> bool {
        self.disagrees
    }

    /// The sum of log likelihood ratios, nats.
    pub(super) fn evidence(&self) -> f64 {
        self.sum
    }
}

/// Squared distance in sigmas, and the determinant.
fn distance(v: Point, s: Covariance) -> Option<(f64, f64)> {
    let det = s[0] * s[2] - s[1] * s[1];
    let d2 = (s[2] * v[0] * v[0] - 2.0 * s[1] * v[0] * v[1] + s[0] * v[1] * v[1]) / det;
    (det > 0.0 && d2.is_finite()).then_some((d2, det))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Covariance = [400.0, 0.0, 400.0];

    #[test]
    fn the_ratio_is_what_two_normal_densities_give() {
        // S + 30² = 1300; at 100 m off: ½·10⁴(1/1300 − 1/251300) − ln(251300/1300) = 3.826 − 5.264.
        let mut test = Test::default();
        test.take([100.0, 0.0], S);
        assert!((test.evidence() - (3.826_256 - 5.264_345)).abs() < 1e-4, "{}", test.evidence());
    }

    #[test]
    fn an_honest_ship_is_believed_and_a_false_one_found_in_five_reports() {
        let mut test = Test::default();
        for n in 0..10_000 {
            // Up to two sigma off, to and fro.
            let off = 70.0 * libm::sin(f64::from(n));
            test.take([off, -off], S);
            assert!(!test.disagrees(), "{n}");
        }
        let reports = (1..).find(|_| {
            test.take([900.0, 0.0], S);
            test.disagrees()
        });
        assert_eq!(reports, Some(5), "ln((1−β)/α) = 13.8 in steps of 3");
        let back = (1..).find(|_| {
            test.take([10.0, 0.0], S);
            !test.disagrees()
        });
        assert!(back.is_some_and(|n| (2..6).contains(&n)), "{back:?}");
    }

    #[test]
    fn one_garbled_report_decides_nothing() {
        let mut test = Test::default();
        test.take([1e6, 0.0], S);
        assert!(!test.disagrees() && test.off_m > 9e5);
        test.take([f64::NAN, 0.0], S);
        assert!(!test.disagrees() && test.evidence() < 4.0);
    }
}
