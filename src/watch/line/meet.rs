//! Where a straight way meets a line first, and which side it comes to.
//!
//! In: the two ends of the way. Out: how much of the way lies before the line, and whether it goes over to the left.
//! Touching without going over is no meeting.

use super::{Bounds, Point, Polyline, minus};

/// A way over a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::watch) struct Meeting {
    /// Share of the way before it, in [0, 1].
    pub share: f64,
    /// Whether it comes to the line's left.
    pub to_left: bool,
}

impl Polyline {
    /// The first meeting of the way from `from` to `to` with the line.
    pub(in crate::watch) fn meets(&self, from: Point, to: Point) -> Option<Meeting> {
        let way = minus(to, from);
        let around = Bounds::around(&[from, to]);
        let mut first: Option<Meeting> = None;
        for block in self.blocks.iter().filter(|block| block.bounds.overlaps(&around)) {
            for ends in self.points[block.first..=block.last].windows(2) {
                let along = minus(ends[1], ends[0]);
                let (before, after) = (cross(along, minus(from, ends[0])), cross(along, minus(to, ends[0])));
                // The left is where this is positive; a point on the line itself is not yet beyond it.
                if (before > 0.0) == (after > 0.0) {
                    continue;
                }
                let turn = cross(way, along);
                let offset = minus(ends[0], from);
                let (share, at) = (cross(offset, along) / turn, cross(offset, way) / turn);
                let is_first = first.is_none_or(|first| share < first.share);
                if (0.0..=1.0).contains(&share) && (0.0..=1.0).contains(&at) && is_first {
                    first = Some(Meeting { share, to_left: after > 0.0 });
                }
            }
        }
        first
    }
}

impl Bounds {
    fn overlaps(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }
}

fn cross(a: Point, b: Point) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_meetings_counts_and_knows_its_side() {
        // A zigzag along the east axis: a way along the axis goes over it again and again.
        let points: Vec<Point> =
            (0..40).map(|i| [100.0 * f64::from(i), if i % 2 == 0 { -10.0 } else { 10.0 }]).collect();
        let line = Polyline::new(&points);
        let met = line.meets([-50.0, 0.0], [3950.0, 0.0]);
        assert_eq!(met, Some(Meeting { share: 100.0 / 4000.0, to_left: false }));
        let back = line.meets([3950.0, 0.0], [-50.0, 0.0]).unwrap();
        assert!((back.share - 100.0 / 4000.0).abs() < 1e-12 && back.to_left);
    }

    #[test]
    fn past_the_end_and_beside_it_nothing_is_met() {
        let line = Polyline::new(&[[0.0, 0.0], [100.0, 0.0]]);
        assert_eq!(line.meets([101.0, -5.0], [101.0, 5.0]), None);
        assert_eq!(line.meets([50.0, 1.0], [60.0, 2.0]), None);
        assert_eq!(line.meets([50.0, 5.0], [50.0, -5.0]), Some(Meeting { share: 0.5, to_left: false }));
        assert_eq!(line.meets([50.0, f64::NAN], [50.0, -5.0]), None);
    }
}
