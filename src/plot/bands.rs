//! Where bands beside lines end, as polylines.
//!
//! In: a line's vertices in the plane, a side and a distance. Out: the pieces of the curve at that distance: along each
//! segment, around each corner that turns away, without what lies nearer to another part of the line.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::clip::Point;
use crate::watch::agreement::Flank;

/// Samples of one segment, and of one corner.
const SAMPLES: u32 = 60;

/// The pieces of the curve at `offset_m` on one side of a line.
pub(super) fn edge(line: &[Point], flank: Flank, offset_m: f64) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut piece: Vec<Point> = Vec::new();
    for at in around(line, flank, offset_m) {
        if distance(line, at) >= offset_m * (1.0 - 1e-6) {
            piece.push(at);
        } else if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// Every segment moved aside, with an arc about each corner.
fn around(line: &[Point], flank: Flank, offset_m: f64) -> Vec<Point> {
    let turn = if flank == Flank::Left { FRAC_PI_2 } else { -FRAC_PI_2 };
    let mut points = Vec::new();
    let mut before: Option<f64> = None;
    for ends in line.windows(2) {
        let [from, to] = [ends[0], ends[1]];
        let aside = libm::atan2(to[1] - from[1], to[0] - from[0]) + turn;
        let moved = |at: Point, angle: f64| {
            [at[0] + offset_m * libm::cos(angle), at[1] + offset_m * libm::sin(angle)]
        };
        if let Some(before) = before {
            let swept = (aside - before + PI).rem_euclid(TAU) - PI;
            let arc = (0..=SAMPLES).map(|step| before + swept * f64::from(step) / f64::from(SAMPLES));
            points.extend(arc.map(|angle| moved(from, angle)));
        }
        before = Some(aside);
        for step in 0..=SAMPLES {
            let share = f64::from(step) / f64::from(SAMPLES);
            points.push(moved([0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis])), aside));
        }
    }
    points
}

fn distance(line: &[Point], at: Point) -> f64 {
    let to_segment = |ends: &[Point]| {
        let along = [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]];
        let offset = [at[0] - ends[0][0], at[1] - ends[0][1]];
        let t = (offset[0] * along[0] + offset[1] * along[1]) / (along[0] * along[0] + along[1] * along[1]);
        let t = t.clamp(0.0, 1.0);
        libm::hypot(offset[0] - t * along[0], offset[1] - t * along[1])
    };
    line.windows(2).map(to_segment).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_keeps_its_distance_around_corners_of_both_kinds() {
        let line = [[0.0, 0.0], [1000.0, 0.0], [1000.0, 1000.0]];
        for (flank, beside) in [(Flank::Left, [500.0, 100.0]), (Flank::Right, [500.0, -100.0])] {
            let pieces = edge(&line, flank, 100.0);
            let all: Vec<Point> = pieces.concat();
            assert!(all.iter().all(|at| (distance(&line, *at) - 100.0).abs() < 1e-3), "{flank:?}");
            let near = |at: &&Point| libm::hypot(at[0] - beside[0], at[1] - beside[1]) < 20.0;
            assert!(all.iter().any(|at| near(&at)), "{flank:?}");
        }
        let outer = edge(&line, Flank::Right, 100.0).concat();
        assert!(outer.iter().any(|at| libm::hypot(at[0] - 1070.7, at[1] + 70.7) < 5.0), "round the corner");
    }
}
