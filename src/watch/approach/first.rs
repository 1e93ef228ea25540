//! P(a track crosses a line within some time): first passage of a fan of ways.
//!
//! In: ways (`fusion::fan`), a line, which way across it is asked for, and who may cross where and when. Out: when the ways
//! first cross it without leave, and where. A way ends at the line: what comes back has crossed. Ways that begin on the other side than the estimate (a position
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

/// Shares and lengths that rounding cannot make wrong: bounds are this much wider than they are.
const SURELY: f64 = 1.0 - 1e-9;
const SLACK_M: f64 = 1e-3;

/// What is foreseen of one track and one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// P(first passage within one, five and fifteen minutes).
    pub within: [f64; 3],
    /// P(first passage within the horizon that was asked for).
    pub asked: f64,
    /// P(it passes within that horizon, by leave): no part of the others.
    pub by_leave: f64,
    /// Of the ways that cross: seconds until half have, and until a tenth and nine tenths have.
    pub median_s: f64,
    /// See `median_s`.
    pub interval_s: [f64; 2],
    /// Where they cross, on average, metres east and north.
    pub at: Point,
    /// East-east, east-north, north-north, metres².
    pub covariance_m2: [f64; 3],
}

/// What one look at one track and one line is given.
pub(super) struct Look<'a> {
    pub line: &'a Polyline,
    pub asked: &'a Asked,
    pub track: &'a TrackView<'a>,
    pub gait: &'a Gait,
    /// Whether who crosses there, so many seconds from now, to the left or not, does so by leave.
    pub by_leave: &'a dyn Fn(Point, f64, bool) -> bool,
}

/// The first passage of a track across a line in a direction; `None` where no way crosses but by leave.
pub(super) fn foresee(fan: &Fan, look: &Look<'_>) -> Option<Foreseen> {
    let Look { line, asked, track, gait, by_leave } = *look;
    let [east, north, ..] = track.estimate.mean;
    let here = line.nearest([east, north], fan.reach_m(track, gait) + SLACK_M)?;
    let is_left = here.signed_m >= 0.0;
    let sign = if is_left { -1.0 } else { 1.0 };
    let ahead = [sign * here.normal[0], sign * here.normal[1]];
    // All of the line lies at least so far ahead.
    let least_m = line.least_along(ahead) - (ahead[0] * east + ahead[1] * north);
    let (mut counted, mut left) = (0_u32, 0_u32);
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
        if ahead[0] * off[0] + ahead[1] * off[1] + way.towards_m(ahead) + SLACK_M < least_m {
            continue;
        }
        let Some((time_s, at, to_left)) = passage(line, &way, free_m) else { continue };
        let wanted = match asked.direction {
            Direction::Any => true,
            Direction::LeftToRight => !to_left,
            Direction::RightToLeft => to_left,
        };
        if !wanted || time_s > AHEAD_S {
            continue;
        }
        if by_leave(at, time_s, to_left) {
            left += u32::from(time_s <= asked.horizon.as_secs_f64());
        } else {
            passed.push((time_s, at));
        }
    }
    let found = summary(passed, counted, asked.horizon.as_secs_f64())?;
    Some(Foreseen { by_leave: f64::from(left) / f64::from(counted.max(1)), ..found })
}

/// When and where a way that has at least `free_m` before it meets the line first, and whether it goes to the left.
///
/// As far as the line was from where it was last looked for, nothing can be met: the piece by whose end the way has
/// travelled that far is the next to look at (sphere tracing, Hart 1996).
fn passage(line: &Polyline, way: &Way<'_>, mut free_m: f64) -> Option<(f64, Point, bool)> {
    let (mut after, mut gone_s) = (0, 0.0);
    let speed_mps = way.speed_mps();
    loop {
        let (count, piece) = way.piece(after, gone_s + SURELY * free_m / speed_mps)?;
        if piece.before_s > AHEAD_S {
            return None;
        }
        let (from, to) = (piece.from, piece.to);
        if let Some(met) = line.meets(from, to) {
            let gone = [to[0] - from[0], to[1] - from[1]];
            let at = [from[0] + met.share * gone[0], from[1] + met.share * gone[1]];
            return Some((piece.before_s + met.share * (piece.at_s - piece.before_s), at, met.to_left));
        }
        // Farther than it can go in the time that is left: it will not be met.
        free_m = line.nearest(to, speed_mps * (AHEAD_S - piece.at_s).max(0.0))?.signed_m.abs();
        (after, gone_s) = (count, piece.gone_s);
    }
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
        by_leave: 0.0,
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
        look(&line(), &any(Direction::Any), &view, gait).unwrap_or_default()
    }

    fn look(line: &Polyline, asked: &Asked, track: &TrackView<'_>, gait: &Gait) -> Option<Foreseen> {
        foresee(&Fan::new(), &Look { line, asked, track, gait, by_leave: &|_, _, _| false })
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
        let asked = |direction| look(&line(), &any(direction), &view, &Gait::default());
        assert_eq!(asked(Direction::LeftToRight), None);
        assert_eq!(asked(Direction::RightToLeft), asked(Direction::Any));
        // Known to thirty metres, beside the line, and standing: half of it lies beyond and has not crossed.
        let parked =
            TrackView { modes: [0.0, 0.0, 1.0], ..testing::view(1, 0.0, [0.0, -3.0, 0.0, 0.0], 30.0, &[]) };
        let gait = Gait { velocity_mps: Some([1.0, 0.0]), still_s: 3_600.0 };
        let found = look(&line(), &any(Direction::Any), &parked, &gait).unwrap_or_default();
        assert!(found.within[0] < 0.1, "{found:?}");
    }

    /// The same without any bound: every piece of every way is looked at.
    fn plainly(
        fan: &Fan,
        line: &Polyline,
        asked: &Asked,
        track: &TrackView<'_>,
        gait: &Gait,
    ) -> Option<Foreseen> {
        let [east, north, ..] = track.estimate.mean;
        let here = line.nearest([east, north], f64::MAX)?;
        let (mut counted, mut passed) = (0, Vec::new());
        for way in fan.ways(track, gait) {
            let Some(way) = way else {
                counted += 1;
                continue;
            };
            let begins = line.nearest(way.start_m, f64::MAX)?;
            if here.beside && begins.beside && (begins.signed_m >= 0.0) != (here.signed_m >= 0.0) {
                continue;
            }
            counted += 1;
            let pieces = (0..).map_while(|after| way.piece(after, -1.0)).map(|(_, piece)| piece);
            let met = pieces.filter_map(|piece| Some((piece, line.meets(piece.from, piece.to)?))).next();
            let Some((piece, met)) = met else { continue };
            let at = [0, 1].map(|axis| piece.from[axis] + met.share * (piece.to[axis] - piece.from[axis]));
            let time_s = piece.before_s + met.share * (piece.at_s - piece.before_s);
            let wanted = asked.direction == Direction::Any
                || (asked.direction == Direction::RightToLeft) == met.to_left;
            if wanted && time_s <= AHEAD_S {
                passed.push((time_s, at));
            }
        }
        summary(passed, counted, asked.horizon.as_secs_f64())
    }

    #[test]
    fn what_is_left_out_could_not_have_been_met() {
        let wave = |n: i32| [500.0 * f64::from(n), 700.0 * libm::sin(f64::from(n))];
        let ring = [[0.0, 0.0], [4_000.0, 0.0], [4_000.0, 3_000.0], [0.0, 3_000.0], [0.0, 0.0]];
        let lines = [Polyline::new(&(-20..20).map(wave).collect::<Vec<_>>()), Polyline::new(&ring), line()];
        let fan = Fan::new();
        let mut u = 0.5_f64;
        let mut next = |most: f64| {
            u = (u * 997.0 + 0.123).fract();
            (u - 0.5) * 2.0 * most
        };
        let mut crossed = 0;
        for at in 0..600 {
            let quick = [1.5, 15.0, 150.0][at % 3];
            let mean = [next(12_000.0), next(9_000.0), next(quick), next(quick)];
            let p = (next(0.5) + 0.5).max(0.0);
            let modes = [p, 0.5 * (1.0 - p), 0.5 * (1.0 - p)];
            let view = TrackView { modes, ..testing::view(1, 0.0, mean, 2.0 + next(1.0) * 40.0, &[]) };
            let gait = Gait { velocity_mps: Some([next(quick), next(quick)]), still_s: next(300.0).max(0.0) };
            let direction = [Direction::Any, Direction::LeftToRight, Direction::RightToLeft][at % 3];
            let line = &lines[at / 3 % 3];
            let found = look(line, &any(direction), &view, &gait);
            assert_eq!(found, plainly(&fan, line, &any(direction), &view, &gait), "{at}");
            crossed += u32::from(found.is_some());
        }
        assert!((100..550).contains(&crossed), "{crossed}");
    }

    #[test]
    fn who_may_cross_where_it_goes_is_not_foretold() {
        let view = testing::view(1, 0.0, [0.0, -450.0, 0.0, 15.0], 5.0, &[]);
        let (line, gait) = (line(), Gait::default());
        let asked = any(Direction::Any);
        let seen = |by_leave: &dyn Fn(Point, f64, bool) -> bool| {
            foresee(&Fan::new(), &Look { line: &line, asked: &asked, track: &view, gait: &gait, by_leave })
        };
        let plain = seen(&|_, _, _| false).unwrap_or_default();
        assert_eq!(seen(&|_, _, _| true), None);
        let gate = seen(&|at, _, to_left| to_left && at[0].abs() < 100.0).unwrap_or_default();
        assert!(gate.by_leave > 0.5 && gate.asked < 0.4, "{gate:?}");
        assert!((gate.by_leave + gate.asked - plain.asked).abs() < 1e-12, "{gate:?} {plain:?}");
        let closes = seen(&|_, time_s, _| time_s < 10.0).unwrap_or_default();
        assert_eq!(closes, plain, "it is closed when it comes");
    }
}
