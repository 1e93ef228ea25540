//! What of a line or a polygon is inside a rectangle: plotters would push what is outside onto its edge.
//!
//! In and out: points of any one plane.

/// Two coordinates.
pub(super) type Point = [f64; 2];

/// An axis-parallel rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub min: Point,
    pub max: Point,
}

impl Rect {
    /// Whether a point is inside or on the edge.
    pub(super) fn contains(&self, p: Point) -> bool {
        (0..2).all(|axis| (self.min[axis]..=self.max[axis]).contains(&p[axis]))
    }

    /// Whether two rectangles share more than an edge.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] < other.max[axis] && other.min[axis] < self.max[axis])
    }

    /// The part of a segment that is inside (Liang and Barsky 1984, ACM Trans. Graphics 3(1)).
    pub(super) fn segment(&self, from: Point, to: Point) -> Option<[Point; 2]> {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let along = to[axis] - from[axis];
            let (low, high) = (self.min[axis] - from[axis], self.max[axis] - from[axis]);
            if along.abs() < f64::MIN_POSITIVE {
                if low > 0.0 || high < 0.0 {
                    return None;
                }
                continue;
            }
            let (a, b) = (low / along, high / along);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        let at = |t: f64| [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
        (enter <= leave).then(|| [at(enter), at(leave)])
    }

    /// The pieces of a polyline that are inside.
    pub(super) fn polyline(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        let mut joined = false;
        for ends in points.windows(2) {
            let Some([from, to]) = self.segment(ends[0], ends[1]) else {
                joined = false;
                continue;
            };
            match pieces.last_mut().filter(|_| joined) {
                Some(piece) => piece.push(to),
                None => pieces.push(vec![from, to]),
            }
            joined = self.contains(ends[1]);
        }
        pieces
    }

    /// The part of a polygon that is inside (Sutherland and Hodgman 1974, CACM 17(1)); empty if there is none.
    pub(super) fn polygon(&self, corners: &[Point]) -> Vec<Point> {
        let mut kept = corners.to_vec();
        for axis in 0..2 {
            for (bound, sign) in [(self.min[axis], 1.0), (self.max[axis], -1.0)] {
                let inside = |p: Point| sign * (p[axis] - bound) >= 0.0;
                let given = std::mem::take(&mut kept);
                let Some(&last) = given.last() else { return kept };
                let mut from = last;
                for to in given {
                    if inside(from) != inside(to) {
                        let t = (bound - from[axis]) / (to[axis] - from[axis]);
                        let mut cut = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
                        // To the bit, or the edge's own points would be outside.
                        cut[axis] = bound;
                        kept.push(cut);
                    }
                    if inside(to) {
                        kept.push(to);
                    }
                    from = to;
                }
            }
        }
        kept
    }
}

/// The points that matter: without the others no point is moved by more than `tolerance` (Douglas and Peucker 1973,
/// Cartographica 10(2)).
pub(super) fn simplified(points: &[Point], tolerance: f64) -> Vec<Point> {
    let Some(end) = points.len().checked_sub(1) else { return Vec::new() };
    let mut kept = vec![false; points.len()];
    kept[0] = true;
    kept[end] = true;
    let mut spans = vec![(0, end)];
    while let Some((from, to)) = spans.pop() {
        let farthest = (from + 1..to)
            .map(|at| (at, distance(points[at], points[from], points[to])))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((at, _)) = farthest.filter(|(_, distance)| *distance > tolerance) {
            kept[at] = true;
            spans.extend([(from, at), (at, to)]);
        }
    }
    points.iter().zip(kept).filter(|(_, kept)| *kept).map(|(point, _)| *point).collect()
}

/// From a point to a segment.
fn distance(p: Point, from: Point, to: Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_sq = along[0] * along[0] + along[1] * along[1];
    let dot = (p[0] - from[0]) * along[0] + (p[1] - from[1]) * along[1];
    let t = if length_sq > 0.0 { (dot / length_sq).clamp(0.0, 1.0) } else { 0.0 };
    libm::hypot(p[0] - from[0] - t * along[0], p[1] - from[1] - t * along[1])
}

/// Parallel lines at 45° across a polygon, `spacing` apart: even–odd rule, however the polygon folds.
pub(super) fn hatch(corners: &[Point], spacing: f64) -> Vec<[Point; 2]> {
    let across = |p: Point| p[0] - p[1];
    let low = corners.iter().copied().map(across).fold(f64::INFINITY, f64::min);
    let high = corners.iter().copied().map(across).fold(f64::NEG_INFINITY, f64::max);
    let mut lines = Vec::new();
    let mut level = libm::ceil(low / spacing) * spacing;
    while level < high {
        // Where the polygon's edges meet x - y = level, by x.
        let edges = corners.iter().zip(corners.iter().cycle().skip(1));
        let mut cuts: Vec<f64> = edges
            .filter(|&(&a, &b)| (across(a) > level) != (across(b) > level))
            .map(|(&a, &b)| a[0] + (level - across(a)) / (across(b) - across(a)) * (b[0] - a[0]))
            .collect();
        cuts.sort_unstable_by(f64::total_cmp);
        lines.extend(cuts.chunks_exact(2).map(|pair| [0, 1].map(|end| [pair[end], pair[end] - level])));
        level += spacing;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Rect = Rect { min: [0.0, 0.0], max: [10.0, 10.0] };

    #[test]
    fn a_line_through_a_corner_region_is_cut_where_it_enters_and_leaves() {
        assert_eq!(BOX.segment([-5.0, 5.0], [5.0, 15.0]), Some([[0.0, 10.0], [0.0, 10.0]]));
        assert_eq!(BOX.segment([-5.0, 0.0], [15.0, 10.0]), Some([[0.0, 2.5], [10.0, 7.5]]));
        assert_eq!(BOX.segment([-5.0, -1.0], [15.0, -1.0]), None);
        assert_eq!(BOX.segment([-5.0, 1.0], [-1.0, 20.0]), None);
    }

    #[test]
    fn a_polyline_that_leaves_and_comes_back_is_two_pieces() {
        let zigzag = [[5.0, 5.0], [15.0, 5.0], [15.0, 8.0], [5.0, 8.0], [5.0, 9.0]];
        let pieces = BOX.polyline(&zigzag);
        assert_eq!(pieces, [vec![[5.0, 5.0], [10.0, 5.0]], vec![[10.0, 8.0], [5.0, 8.0], [5.0, 9.0]]]);
    }

    #[test]
    fn a_polygon_around_the_box_becomes_the_box() {
        let around = [[-5.0, -5.0], [20.0, -5.0], [20.0, 20.0], [-5.0, 20.0]];
        let mut corners = BOX.polygon(&around);
        corners.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        corners.dedup();
        assert_eq!(corners, [[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]]);
        assert!(BOX.polygon(&[[11.0, 0.0], [12.0, 0.0], [12.0, 5.0]]).is_empty());
        assert!(BOX.polygon(&[]).is_empty());
    }

    #[test]
    fn points_on_the_way_go_and_corners_stay() {
        let bent = [[0.0, 0.0], [1.0, 0.1], [2.0, 0.0], [2.0, 5.0], [2.1, 6.0], [2.0, 9.0]];
        assert_eq!(simplified(&bent, 0.25), [[0.0, 0.0], [2.0, 0.0], [2.0, 9.0]]);
        // There and back again: the ends are one point, the way out is not.
        assert_eq!(simplified(&[[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]], 0.25).len(), 3);
        assert!(simplified(&[], 1.0).is_empty());
    }

    #[test]
    fn hatching_follows_the_shape() {
        let square = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        // x - y = 0 is its diagonal; -5 and 5 cut its corners off.
        let lines = hatch(&square, 5.0);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines.contains(&[[0.0, 0.0], [10.0, 10.0]]) && lines.contains(&[[5.0, 0.0], [10.0, 5.0]]));
    }
}
