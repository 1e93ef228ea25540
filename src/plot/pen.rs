//! Marks on the canvas: the one file that speaks to plotters while drawing.
//!
//! In: shapes in pixels from the top left corner. Out: elements of the SVG. Knows nothing of what the shapes mean.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::clip::Point;

/// plotters knows whole units only; this many of them make a pixel.
pub(super) const UNITS_PER_PX: i32 = 4;
/// plotters divides a font's size by this for SVG.
const FONT_FACTOR: f64 = 1.24;
/// Dashes and the gaps between them, pixels.
const DASH_PX: [f64; 2] = [5.0, 4.0];

/// The canvas.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws on a canvas.
pub(super) struct Pen<'a, 'b> {
    area: &'b Area<'a>,
}

/// How a line looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub colour: RGBColor,
    /// From 0, not there, to 1.
    pub opacity: f64,
    pub width_px: f64,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    pub colour: RGBColor,
    pub size_px: f64,
    pub bold: bool,
}

/// Pixels in plotters' units, rounded.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is drawn has been clipped to the canvas; else it saturates"
)]
pub(super) fn units(px: f64) -> i32 {
    libm::round(px * f64::from(UNITS_PER_PX)) as i32
}

/// A text style of plotters for a text of this size on the canvas, in pixels.
pub(super) fn style(lettering: Lettering) -> TextStyle<'static> {
    let weight = if lettering.bold { FontStyle::Bold } else { FontStyle::Normal };
    let size = lettering.size_px * f64::from(UNITS_PER_PX) * FONT_FACTOR;
    let style = TextStyle::from(("sans-serif", size, weight));
    TextStyle { color: lettering.colour.to_backend_color(), ..style }
}

impl Stroke {
    /// A full line.
    pub(super) const fn new(colour: RGBColor, width_px: f64) -> Self {
        Self { colour, opacity: 1.0, width_px }
    }

    /// The same, see-through.
    pub(super) const fn at(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    fn style(self) -> ShapeStyle {
        let stroke_width = units(self.width_px).unsigned_abs().max(1);
        ShapeStyle { color: self.colour.mix(self.opacity), filled: false, stroke_width }
    }
}

impl<'a, 'b> Pen<'a, 'b> {
    /// A pen for a canvas, which becomes white.
    pub(super) fn new(area: &'b Area<'a>) -> Self {
        area.fill(&super::palette::WHITE).expect("a string takes every drawing");
        Self { area }
    }

    /// A line through these points.
    pub(super) fn path(&self, points: &[Point], stroke: Stroke) {
        let mut at: Vec<(i32, i32)> = points.iter().map(|p| in_units(*p)).collect();
        at.dedup();
        if at.len() > 1 {
            self.put(&PathElement::new(at, stroke.style()));
        }
    }

    /// The same in dashes.
    pub(super) fn dashed(&self, points: &[Point], stroke: Stroke) {
        for dash in dashes(points) {
            self.path(&dash, stroke);
        }
    }

    /// A filled polygon without an edge.
    pub(super) fn fill(&self, corners: &[Point], colour: RGBColor, opacity: f64) {
        if corners.len() > 2 {
            let at: Vec<(i32, i32)> = corners.iter().map(|p| in_units(*p)).collect();
            self.put(&Polygon::new(at, colour.mix(opacity)));
        }
    }

    /// A filled dot.
    pub(super) fn dot(&self, at: Point, radius_px: f64, colour: RGBColor) {
        self.put(&Circle::new(in_units(at), units(radius_px), colour.filled()));
    }

    /// A circle's edge.
    pub(super) fn ring(&self, at: Point, radius_px: f64, stroke: Stroke) {
        self.put(&Circle::new(in_units(at), units(radius_px), stroke.style()));
    }

    /// A diagonal cross.
    pub(super) fn cross(&self, at: Point, radius_px: f64, stroke: Stroke) {
        for slope in [-1.0, 1.0] {
            let end = |side: f64| [at[0] + side * radius_px, at[1] + slope * side * radius_px];
            self.path(&[end(-1.0), end(1.0)], stroke);
        }
    }

    /// A text that begins here, its middle line at this height.
    pub(super) fn text(&self, text: &str, at: Point, lettering: Lettering) {
        let style = style(lettering).pos(Pos::new(HPos::Left, VPos::Center));
        self.put(&Text::new(printable(text), in_units(at), style));
    }

    fn put<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<SVGBackend<'a>>,
    {
        self.area.draw(element).expect("a string takes every drawing");
    }
}

/// XML has no control characters, not even escaped.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) { '\u{fffd}' } else { c })
        .collect()
}

fn in_units(p: Point) -> (i32, i32) {
    (units(p[0]), units(p[1]))
}

/// A line cut into dashes of equal length, measured along it.
fn dashes(points: &[Point]) -> Vec<Vec<Point>> {
    let mut made: Vec<Vec<Point>> = points.first().map(|first| vec![*first]).into_iter().collect();
    let (mut phase, mut left_px) = (0_usize, DASH_PX[0]);
    for ends in points.windows(2) {
        let [from, to] = [ends[0], ends[1]];
        let length = libm::hypot(to[0] - from[0], to[1] - from[1]);
        let mut done = 0.0;
        while length - done > left_px {
            done += left_px;
            let cut = [0, 1].map(|axis| from[axis] + done / length * (to[axis] - from[axis]));
            match made.last_mut().filter(|_| phase == 0) {
                Some(dash) => dash.push(cut),
                None => made.push(vec![cut]),
            }
            phase = 1 - phase;
            left_px = DASH_PX[phase];
        }
        left_px -= length - done;
        if let Some(dash) = made.last_mut().filter(|_| phase == 0) {
            dash.push(to);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners() {
        let bent = [[0.0, 0.0], [3.0, 0.0], [3.0, 20.0]];
        let made = dashes(&bent);
        assert_eq!(made[0], [[0.0, 0.0], [3.0, 0.0], [3.0, 2.0]], "five pixels");
        assert_eq!(made[1], [[3.0, 6.0], [3.0, 11.0]], "after four");
        assert_eq!(made[2], [[3.0, 15.0], [3.0, 20.0]]);
        assert!(dashes(&[]).is_empty());
    }

    #[test]
    fn xml_can_hold_every_text() {
        assert_eq!(printable("a\u{1}b\nc\u{ffff}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }
}
