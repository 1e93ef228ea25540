//! A polyline in the sector's tangent plane: how far away it is, and on which side.
//!
//! In: vertices and points, metres east and north. Out: signed distances, positive on the left walking along the
//! vertices. Between vertices a line is straight in the tangent plane. A line divides only beside itself: where its
//! nearest point is one of its two ends the side is undetermined. A line whose last vertex is its first has no ends.

mod meet;

use crate::geo::{Geodetic, LocalFrame};

/// East and north, metres.
pub(super) type Point = [f64; 2];

/// Segments per bounding box.
const BLOCK: usize = 8;
/// Vertices closer than this are one.
const SAME_M: f64 = 1e-6;

/// A polyline, prepared for nearest-point queries.
#[derive(Clone, Debug)]
pub(super) struct Polyline {
    points: Vec<Point>,
    closed: bool,
    blocks: Vec<Block>,
    bounds: Bounds,
}

/// An axis-parallel box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    min: Point,
    max: Point,
}

#[derive(Clone, Debug)]
struct Block {
    bounds: Bounds,
    first: usize,
    last: usize,
}

/// What the nearest point of a line says about a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Nearest {
    /// Distance, positive on the left, metres.
    pub signed_m: f64,
    /// Unit vector along which `signed_m` grows fastest.
    pub normal: Point,
    /// Whether the line divides here.
    pub beside: bool,
}

impl Bounds {
    /// The box around some points; without any, one that is near nothing.
    pub(super) fn around(points: &[Point]) -> Self {
        let mut found = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };
        for &[east, north] in points {
            found.min = [found.min[0].min(east), found.min[1].min(north)];
            found.max = [found.max[0].max(east), found.max[1].max(north)];
        }
        found
    }

    fn distance_sq(&self, point: Point) -> f64 {
        let east = (self.min[0] - point[0]).max(point[0] - self.max[0]).max(0.0);
        let north = (self.min[1] - point[1]).max(point[1] - self.max[1]).max(0.0);
        east * east + north * north
    }

    /// Whether a point lies inside or at most `reach_m` outside.
    pub(super) fn within(&self, point: Point, reach_m: f64) -> bool {
        self.distance_sq(point) <= reach_m * reach_m
    }
}

impl Polyline {
    /// From vertices; those that repeat their neighbour are dropped. Fewer than two leave a line that is nowhere.
    pub(super) fn new(vertices: &[Point]) -> Self {
        let mut points: Vec<Point> = Vec::with_capacity(vertices.len());
        for &vertex in vertices.iter().filter(|vertex| vertex.iter().all(|x| x.is_finite())) {
            if points.last().is_none_or(|&last| length(minus(vertex, last)) > SAME_M) {
                points.push(vertex);
            }
        }
        if points.len() < 2 {
            points.clear();
        }
        let closed = points.len() > 3
            && points
                .first()
                .zip(points.last())
                .is_some_and(|(&first, &last)| length(minus(first, last)) <= SAME_M);
        let segments = points.len().saturating_sub(1);
        let blocks = (0..segments)
            .step_by(BLOCK)
            .map(|first| {
                let last = (first + BLOCK).min(segments);
                Block { bounds: Bounds::around(&points[first..=last]), first, last }
            })
            .collect();
        Self { bounds: Bounds::around(&points), points, closed, blocks }
    }

    /// The box around all of it.
    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The nearest point's verdict on `point`, if the line comes within `reach_m` of it.
    pub(super) fn nearest(&self, point: Point, reach_m: f64) -> Option<Nearest> {
        self.nearest_segment(point, reach_m).map(|(segment, t)| self.verdict(point, segment, t))
    }

    /// The least that any of its points lies along a direction, metres from the frame's origin; without any, infinite.
    pub(super) fn least_along(&self, unit: Point) -> f64 {
        self.points.iter().map(|point| dot(*point, unit)).fold(f64::INFINITY, f64::min)
    }

    /// How far a place whose nearest segment is the first or the last lies inside the line's end there, metres along
    /// that segment (negative past the end), with the direction inwards. Nothing of a place beside the line's middle.
    pub(super) fn inward(&self, point: Point, reach_m: f64) -> Option<(f64, Point)> {
        let (segment, t) = self.nearest_segment(point, reach_m).filter(|_| !self.closed)?;
        let along = minus(self.points[segment + 1], self.points[segment]);
        let norm = length(along);
        let unit = [along[0] / norm, along[1] / norm];
        let from_first = (segment == 0).then_some((t * norm, unit));
        let from_last =
            (segment + 2 == self.points.len()).then_some(((1.0 - t) * norm, [-unit[0], -unit[1]]));
        match (from_first, from_last) {
            (Some(first), Some(last)) => Some(if first.0 < last.0 { first } else { last }),
            (first, last) => first.or(last),
        }
    }

    /// The nearest segment, and where on the line through it (0 its beginning, 1 its end) the foot of `point` is.
    fn nearest_segment(&self, point: Point, reach_m: f64) -> Option<(usize, f64)> {
        let mut best_sq = reach_m * reach_m;
        let mut best: Option<(usize, f64)> = None;
        for block in &self.blocks {
            if block.bounds.distance_sq(point) > best_sq {
                continue;
            }
            for segment in block.first..block.last {
                let (from, to) = (self.points[segment], self.points[segment + 1]);
                let along = minus(to, from);
                let offset = minus(point, from);
                let t = dot(offset, along) / dot(along, along);
                let clamped = t.clamp(0.0, 1.0);
                let rest = [offset[0] - clamped * along[0], offset[1] - clamped * along[1]];
                let distance_sq = dot(rest, rest);
                if distance_sq < best_sq || (best.is_none() && distance_sq <= best_sq) {
                    best_sq = distance_sq;
                    best = Some((segment, t));
                }
            }
        }
        best
    }

    fn verdict(&self, point: Point, segment: usize, t: f64) -> Nearest {
        let left = self.left_normal(segment);
        if (0.0..=1.0).contains(&t) {
            let signed_m = dot(minus(point, self.points[segment]), left);
            return Nearest { signed_m, normal: left, beside: true };
        }
        let segments = self.points.len() - 1;
        let (vertex, other) =
            if t < 0.0 { (segment, segment.checked_sub(1)) } else { (segment + 1, Some(segment + 1)) };
        let neighbour = match other {
            Some(inner) if inner < segments => Some(inner),
            _ if self.closed => Some(if t < 0.0 { segments - 1 } else { 0 }),
            _ => None,
        };
        let offset = minus(point, self.points[vertex]);
        // At a corner neither segment alone knows the side: the sum of their normals does (Baerentzen & Aanaes 2005).
        let corner = neighbour.map_or(left, |inner| {
            let next = self.left_normal(inner);
            [left[0] + next[0], left[1] + next[1]]
        });
        let sign = if dot(offset, corner) < 0.0 { -1.0 } else { 1.0 };
        let distance_m = length(offset);
        let normal = if distance_m > SAME_M {
            [sign * offset[0] / distance_m, sign * offset[1] / distance_m]
        } else {
            left
        };
        Nearest { signed_m: sign * distance_m, normal, beside: neighbour.is_some() }
    }

    fn left_normal(&self, segment: usize) -> Point {
        let along = minus(self.points[segment + 1], self.points[segment]);
        let norm = length(along);
        [-along[1] / norm, along[0] / norm]
    }

    /// Whether a point lies inside the ring these vertices make (even-odd rule).
    pub(super) fn encloses(&self, point: Point) -> bool {
        let mut inside = false;
        for ends in self.points.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            if (from[1] > point[1]) != (to[1] > point[1]) {
                let east = from[0] + (point[1] - from[1]) / (to[1] - from[1]) * (to[0] - from[0]);
                inside ^= point[0] < east;
            }
        }
        inside
    }

    /// Its vertices.
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }
}

/// Vertices of the agreement in the sector's plane.
pub(super) fn plane(frame: &LocalFrame, vertices: &[Geodetic]) -> Vec<Point> {
    let in_plane = |vertex: &Geodetic| {
        let at = frame.to_enu(*vertex);
        [at.east_m, at.north_m]
    };
    vertices.iter().map(in_plane).collect()
}

fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn length(a: Point) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(vertices: &[Point], point: Point) -> Nearest {
        Polyline::new(vertices).nearest(point, 1e9).unwrap()
    }

    #[test]
    fn left_is_positive_and_the_ends_divide_nothing() {
        let line = [[0.0, 0.0], [100.0, 0.0]];
        for (point, signed_m, beside) in [
            ([50.0, 7.0], 7.0, true),
            ([50.0, -7.0], -7.0, true),
            ([0.0, 3.0], 3.0, true),
            ([-4.0, 3.0], 5.0, false),
            ([104.0, -3.0], -5.0, false),
        ] {
            let found = nearest(&line, point);
            assert!((found.signed_m - signed_m).abs() < 1e-12, "{point:?} {found:?}");
            assert_eq!(found.beside, beside, "{point:?}");
        }
    }

    #[test]
    fn a_sharp_corner_has_one_outside() {
        // A hairpin: up to the tip at (0, 100) and down again; everything beyond the tip is on its left.
        let line = [[-10.0, 0.0], [0.0, 100.0], [10.0, 0.0]];
        for point in [[0.0, 110.0], [-3.0, 101.0], [3.0, 101.0], [-20.0, 50.0], [20.0, 50.0]] {
            assert!(nearest(&line, point).signed_m > 0.0, "{point:?}");
        }
        assert!(nearest(&line, [0.0, 50.0]).signed_m < 0.0);
    }

    #[test]
    fn a_ring_has_no_ends() {
        let ring = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]];
        let outside = nearest(&ring, [-1.0, -1.0]);
        assert!(outside.beside && outside.signed_m < 0.0);
        assert!(nearest(&ring, [1.0, 1.0]).signed_m > 0.0);
        let ring = Polyline::new(&ring);
        assert!(ring.encloses([5.0, 5.0]) && !ring.encloses([5.0, 11.0]) && !ring.encloses([-1.0, 5.0]));
    }

    #[test]
    fn boxes_find_what_a_walk_along_every_segment_finds() {
        let points: Vec<Point> =
            (0..60).map(|i| [f64::from(i) * 100.0, f64::from((i * 37) % 11) * 40.0]).collect();
        let line = Polyline::new(&points);
        for i in 0..500 {
            let point = [f64::from(i) * 13.0 - 200.0, f64::from((i * 53) % 97) * 15.0 - 400.0];
            let slow = points
                .windows(2)
                .map(|ends| Polyline::new(ends).nearest(point, 1e9).unwrap().signed_m.abs())
                .fold(f64::INFINITY, f64::min);
            let found = line.nearest(point, 1e9).unwrap().signed_m.abs();
            assert!((found - slow).abs() < 1e-9, "{point:?}: {found} {slow}");
            assert_eq!(line.nearest(point, slow * 0.999).is_some(), slow < SAME_M);
        }
    }

    #[test]
    fn degenerate_lines_are_nowhere() {
        for vertices in
            [vec![], vec![[1.0, 1.0]], vec![[1.0, 1.0], [1.0, 1.0]], vec![[f64::NAN, 0.0], [1.0, 0.0]]]
        {
            assert_eq!(Polyline::new(&vertices).nearest([1.0, 1.0], 1e9), None);
        }
    }
}
