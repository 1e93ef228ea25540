//! Texts beside marks, where they hide each other least.
//!
//! In: texts and the points they belong to, most important first. Out: every one of them drawn: in the nearest free
//! place, with a thin line back to its point where that is far; where all places are taken, where least is hidden.

use super::clip::{Point, Rect};
use super::palette::{GREY, WHITE};
use super::pen::{Lettering, Pen, Stroke};

/// Distances from the point that are tried, pixels; from the second on a line leads back.
const DISTANCES_PX: [f64; 4] = [8.0, 17.0, 30.0, 48.0];
/// Directions tried, best first: right, left, above, below, and between.
const DIRECTIONS: [Point; 8] =
    [[1.0, 0.0], [0.7, -0.7], [0.7, 0.7], [-1.0, 0.0], [-0.7, -0.7], [-0.7, 0.7], [0.0, -1.0], [0.0, 1.0]];
/// With more texts than this nobody reads them; no free places are sought.
const MOST_PLACED: usize = 2_000;
/// A letter's usual width and a line's height, as shares of the font's size.
const LETTER: Point = [0.6, 1.15];
/// Bold letters are so much wider.
const BOLD: f64 = 1.12;

/// Texts waiting for their places.
pub(super) struct Labels {
    plot: Rect,
    taken: Vec<Rect>,
    waiting: Vec<Label>,
    fixed: Vec<(Rect, String, Lettering)>,
}

/// Who chooses first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Alert,
    Sensor,
    Ground,
    Track,
    Truth,
}

struct Label {
    rank: Rank,
    text: String,
    at: Point,
    lettering: Lettering,
}

impl Labels {
    /// No labels yet, for this part of the canvas.
    pub(super) fn new(plot: Rect) -> Self {
        Self { plot, taken: Vec::new(), waiting: Vec::new(), fixed: Vec::new() }
    }

    /// Keeps texts away from a mark.
    pub(super) fn block(&mut self, at: Point, radius_px: f64) {
        self.taken.push(Rect {
            min: [at[0] - radius_px, at[1] - radius_px],
            max: [at[0] + radius_px, at[1] + radius_px],
        });
    }

    /// A text for a point, if the point is shown.
    pub(super) fn add(&mut self, rank: Rank, text: String, at: Point, lettering: Lettering) {
        if self.plot.contains(at) {
            self.waiting.push(Label { rank, text, at, lettering });
        }
    }

    /// A text centred beside a line: `off` points away from it, one long.
    pub(super) fn beside_line(&mut self, text: String, at: Point, off: Point, lettering: Lettering) {
        let size = size_px(&text, lettering);
        let clear_px = 5.0 + 0.5 * (size[0] * off[0].abs() + size[1] * off[1].abs());
        let middle = [at[0] + clear_px * off[0], at[1] + clear_px * off[1]];
        let place = Rect {
            min: [middle[0] - 0.5 * size[0], middle[1] - 0.5 * size[1]],
            max: [middle[0] + 0.5 * size[0], middle[1] + 0.5 * size[1]],
        };
        if self.plot.contains(place.min) && self.plot.contains(place.max) {
            self.taken.push(place);
            self.fixed.push((place, text, lettering));
        }
    }

    /// Places and draws them all.
    pub(super) fn draw(mut self, pen: &Pen<'_, '_>) {
        for (place, text, lettering) in std::mem::take(&mut self.fixed) {
            lettered(pen, place, &text, lettering);
        }
        self.waiting.sort_by_key(|label| label.rank);
        let seek = self.waiting.len() <= MOST_PLACED;
        for label in std::mem::take(&mut self.waiting) {
            let (place, distance_px) = self.place(&label, seek);
            if distance_px > DISTANCES_PX[0] {
                let near = [
                    label.at[0].clamp(place.min[0], place.max[0]),
                    label.at[1].clamp(place.min[1], place.max[1]),
                ];
                pen.path(&[label.at, near], Stroke::new(GREY, 0.5).at(0.7));
            }
            lettered(pen, place, &label.text, label.lettering);
            self.taken.push(place);
        }
    }

    fn place(&self, label: &Label, seek: bool) -> (Rect, f64) {
        let size = size_px(&label.text, label.lettering);
        let mut best = (beside(label.at, size, DIRECTIONS[0], DISTANCES_PX[0]), DISTANCES_PX[0]);
        if !seek {
            return best;
        }
        let mut least_hidden = usize::MAX;
        for distance_px in DISTANCES_PX {
            for direction in DIRECTIONS {
                let place = beside(label.at, size, direction, distance_px);
                let outside = !(self.plot.contains(place.min) && self.plot.contains(place.max));
                let hidden = self.taken.iter().filter(|taken| taken.overlaps(&place)).count()
                    + if outside { self.taken.len() + 1 } else { 0 };
                if hidden < least_hidden {
                    (best, least_hidden) = ((place, distance_px), hidden);
                }
                if hidden == 0 {
                    return best;
                }
            }
        }
        best
    }
}

/// What a text takes, estimated: the viewer chooses the font.
fn size_px(text: &str, lettering: Lettering) -> Point {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let width = LETTER[0] * if lettering.bold { BOLD } else { 1.0 };
    [width * lettering.size_px * f64::from(letters), LETTER[1] * lettering.size_px]
}

/// A text on a patch of paper where it matters.
fn lettered(pen: &Pen<'_, '_>, place: Rect, text: &str, lettering: Lettering) {
    let [a, b] = [place.min, place.max];
    if lettering.bold {
        pen.fill(&[a, [b[0], a[1]], b, [a[0], b[1]]], WHITE, 0.75);
    }
    pen.text(text, [a[0], 0.5 * (a[1] + b[1])], lettering);
}

/// A box of this size in a direction from a point.
fn beside(at: Point, size: Point, direction: Point, distance_px: f64) -> Rect {
    let middle = [0, 1].map(|axis| {
        // A straight direction is centred on the point, a slanting one has its corner there.
        let side = if direction[axis].abs() < 0.5 { 0.0 } else { direction[axis].signum() };
        at[axis] + direction[axis] * distance_px + side * 0.5 * size[axis]
    });
    Rect {
        min: [middle[0] - 0.5 * size[0], middle[1] - 0.5 * size[1]],
        max: [middle[0] + 0.5 * size[0], middle[1] + 0.5 * size[1]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::palette::INK;

    fn label(text: &str, at: Point) -> Label {
        let lettering = Lettering { colour: INK, size_px: 10.0, bold: false };
        Label { rank: Rank::Track, text: text.into(), at, lettering }
    }

    #[test]
    fn a_second_label_of_the_same_point_goes_elsewhere() {
        let mut labels = Labels::new(Rect { min: [0.0, 0.0], max: [200.0, 200.0] });
        let (first, near_px) = labels.place(&label("17", [100.0, 100.0]), true);
        assert!(near_px <= 8.0 && first.min[0] > 100.0, "to the right: {first:?}");
        labels.taken.push(first);
        let (second, _) = labels.place(&label("18", [100.0, 100.0]), true);
        assert!(!second.overlaps(&first), "{second:?}");
    }

    #[test]
    fn labels_stay_inside() {
        let labels = Labels::new(Rect { min: [0.0, 0.0], max: [200.0, 200.0] });
        let (place, _) = labels.place(&label("a long text", [195.0, 100.0]), true);
        assert!(place.max[0] < 195.0, "{place:?}");
    }
}
