//! P(a track crosses a line within some time): first passage of a fan of ways.
//!
//! In: ways (`fusion::fan`), a line, and which way across it is asked for. Out: when the ways first cross it, and where.
//! A way ends at the line: what comes back has crossed. Ways that begin on the other side than the estimate (a position
//! known badly, beside the line) say nothing about a passage to come and are left out. Deterministic; knows no rule.

use serde::{Deserialize, Serialize};

use super::super::line::{Point, Polyline};
use super::Asked;
use crate::fusion::fan::{AHEAD_S, Gait, WAYS, Way};
use crate::fusion::{Fan, TrackView};
use crate::watch::agreement::Direction;

/// The horizons, seconds: one minute, five, and fifteen.
const HORIZONS_S: [f64; 3] = [60.0, 300.0, 900.0];
/// Shares of the ways that cross, by when they have: the interval around the median.
const INTERVAL: [f64; 2] = [0.1, 0.9];

/// What is foreseen of one track and one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// P(first passage within one, five and fifteen minutes).
    pub within: [f64; 3],
    /// P(first passage within the horizon that was asked for).
    pub asked: f64,
    /// Of the ways that cross: seconds until half have, and until a tenth and nine tenths have.
    pub median_s: f64,
    /// See `median_s`.
    pub interval_s: [f64; 2],
    /// Where they cross, on average, metres east and north.
    pub at: Point,
    /// East-east, east-north, north-north, metres².
    pub covariance_m2: [f64; 3],
}

/// The first passage of a track across a line in a direction; `None` where no way crosses.
pub(super) fn foresee(
    fan: &Fan,
    line: &Polyline,
    asked: &Asked,
    track: &TrackView<'_>,
    gait: &Gait,
) -> Option<Foreseen> {
    let [east, north, ..] = track.estimate.mean;
    let here = line.nearest([east, north], f64::MAX)?;
    let is_left = here.signed_m >= 0.0;
    let mut counted = 0_u32;
    let mut passed: Vec<(f64, Point)> = Vec::with_capacity(WAYS);
    for way in fan.ways(track, gait) {
        let Some(way) = way else {
            counted += 1;
            continue;
        };
        let off = [way.start_m[0] - east, way.start_m[1] - north];
        let off_m = (off[0] * off[0] + off[1] * off[1]).sqrt();
        let mut free_m = here.signed_m.abs() - off_m;
        if free_m <= 0.0 {
            let begins = line.nearest(way.start_m, f64::MAX)?;
            if here.beside && begins.beside && (begins.signed_m >= 0.0) != is_left {
                continue;
            }
            free_m = begins.signed_m.abs();
        }
        counted += 1;
        let Some((time_s, at, to_left)) = passage(line, &way, free_m) else { continue };
        let wanted = match asked.direction {
            Direction::Any => true,
            Direction::LeftToRight => !to_left,
            Direction::RightToLeft => to_left,
        };
        if wanted && time_s <= AHEAD_S {
            passed.push((time_s, at));
        }
    }
    summary(passed, counted, asked.horizon.as_secs_f64())
}

/// When and where a way that has at least `free_m` before it meets the line first, and whether it goes to the left.
fn passage(line: &Polyline, way: &Way<'_>, mut free_m: f64) -> Option<(f64, Point, bool)> {
    let (mut before_s, mut from) = (0.0, way.start_m);
    let speed_mps = way.speed_mps();
    for (at_s, to) in way.points() {
        let gone = [to[0] - from[0], to[1] - from[1]];
        // As far as the line was from where it was last looked for, nothing can be met.
        free_m -= (gone[0] * gone[0] + gone[1] * gone[1]).sqrt();
        if free_m <= 0.0 {
            if let Some(met) = line.meets(from, to) {
                let at = [from[0] + met.share * gone[0], from[1] + met.share * gone[1]];
                return Some((before_s + met.share * (at_s - before_s), at, met.to_left));
            }
            // Farther than it can go in the time that is left: it will not be met.
            free_m = line.nearest(to, speed_mps * (AHEAD_S - at_s).max(0.0))?.signed_m.abs();
        }
        (before_s, from) = (at_s, to);
    }
    None
}

fn summary(mut passed: Vec<(f64, Point)>, counted: u32, asked_s: f64) -> Option<Foreseen> {
    passed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (first, last) = (passed.first()?, passed.last()?);
    let number = passed.len() as f64;
    let quantile = |share: f64| {
        let at = libm::floor(share * number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few hundred"
        )]
        let found = passed.get(at as usize).unwrap_or(last);
        found.0.max(first.0)
    };
    let within = |horizon_s: f64| {
        let by_then = passed.partition_point(|(time_s, _)| *time_s <= horizon_s);
        by_then as f64 / f64::from(counted.max(1))
    };
    let mean = |axis: usize| passed.iter().map(|(_, at)| at[axis]).sum::<f64>() / number;
    let at = [mean(0), mean(1)];
    let moment = |a: usize, b: usize| {
        passed.iter().map(|(_, p)| (p[a] - at[a]) * (p[b] - at[b])).sum::<f64>() / number
    };
    Some(Foreseen {
        within: HORIZONS_S.map(within),
        asked: within(asked_s),
        median_s: quantile(0.5),
        interval_s: INTERVAL.map(quantile),
        at,
        covariance_m2: [moment(0, 0), moment(0, 1), moment(1, 1)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use crate::watch::testing;

    fn line() -> Polyline {
        Polyline::new(&[[-50_000.0, 0.0], [50_000.0, 0.0]])
    }

    fn any(direction: Direction) -> Asked {
        Asked { direction, horizon: Span::from_secs(300), threshold: 0.5, hold: Span::ZERO }
    }

    fn seen(mean: [f64; 4], modes: [f64; 3], gait: &Gait) -> Foreseen {
        let view = TrackView { modes, ..testing::view(1, 0.0, mean, 5.0, &[]) };
        foresee(&Fan::new(), &line(), &any(Direction::Any), &view, gait).unwrap_or_default()
    }

    #[test]
    fn who_drives_straight_at_the_line_crosses_when_he_gets_there() {
        let found = seen([0.0, -450.0, 0.0, 15.0], [1.0, 0.0, 0.0], &Gait::default());
        assert!(found.within[0] > 0.6 && found.within[0] < 0.95, "{found:?}");
        assert!((found.median_s - 30.0).abs() < 3.0, "{found:?}");
        assert!(found.interval_s[0] > 24.0 && found.interval_s[1] < 500.0, "{found:?}");
        assert!(found.at[0].abs() < 200.0 && found.at[1].abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn who_goes_away_turns_back_late_if_at_all() {
        let found = seen([0.0, -450.0, 0.0, -15.0], [1.0, 0.0, 0.0], &Gait::default());
        assert!(found.within[0] < 0.05 && found.within[2] < 0.45, "{found:?}");
        assert!(found.within[2] > found.within[0], "turns are in the fan: {found:?}");
    }

    #[test]
    fn who_turns_may_not_come_and_who_stands_goes_on_as_before() {
        let ahead = [0.0, -900.0, 0.0, 15.0];
        let straight = seen(ahead, [1.0, 0.0, 0.0], &Gait::default());
        let turning = seen(ahead, [0.0, 1.0, 0.0], &Gait::default());
        assert!(turning.within[1] < straight.within[1] - 0.1, "{turning:?} {straight:?}");
        let stands = [0.0, -300.0, 0.0, 0.0];
        let unknown = seen(stands, [0.0, 0.0, 1.0], &Gait::default());
        assert_eq!(unknown, Foreseen::default(), "nobody knows where it would go");
        let before = |still_s| Gait { velocity_mps: Some([0.0, 15.0]), still_s };
        let just = seen(stands, [0.0, 0.0, 1.0], &before(5.0));
        let long = seen(stands, [0.0, 0.0, 1.0], &before(3_600.0));
        assert!(just.within[1] > 0.7 && long.within[1] < 0.15, "{just:?} {long:?}");
    }

    #[test]
    fn only_the_direction_asked_for_counts_and_beyond_at_the_start_is_no_passage() {
        let view = testing::view(1, 0.0, [0.0, -450.0, 0.0, 15.0], 5.0, &[]);
        let asked = |direction| foresee(&Fan::new(), &line(), &any(direction), &view, &Gait::default());
        assert_eq!(asked(Direction::LeftToRight), None);
        assert_eq!(asked(Direction::RightToLeft), asked(Direction::Any));
        // Known to thirty metres, beside the line, and standing: half of it lies beyond and has not crossed.
        let parked =
            TrackView { modes: [0.0, 0.0, 1.0], ..testing::view(1, 0.0, [0.0, -3.0, 0.0, 0.0], 30.0, &[]) };
        let gait = Gait { velocity_mps: Some([1.0, 0.0]), still_s: 3_600.0 };
        let found = foresee(&Fan::new(), &line(), &any(Direction::Any), &parked, &gait).unwrap_or_default();
        assert!(found.within[0] < 0.1, "{found:?}");
    }
}
