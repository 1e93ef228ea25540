//! The view: which metres are shown, and where on the canvas.
//!
//! In: where things were and where sensors stand, or a square to zoom into. Out: pixels from the top left corner for
//! metres east and north, the same scale on both axes.

use super::Around;
use super::clip::{Point, Rect};

/// Room beside the plot, pixels: left, top, right, bottom.
const MARGINS_PX: [f64; 4] = [70.0, 78.0, 236.0, 52.0];
/// The plot's least and greatest width and height, pixels.
const LEAST_PX: Point = [640.0, 520.0];
const GREATEST_PX: Point = [980.0, 980.0];
/// Empty ground around what is shown, as a share of it.
const PADDING: f64 = 0.06;
/// Nothing is shown larger than this across the plot, metres, unless asked for.
const LEAST_SPAN_M: f64 = 50.0;
/// Shown where there is nothing at all, metres to each side.
const EMPTY_M: f64 = 1_000.0;

/// A plane's piece on the canvas.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    plot: Rect,
    /// South-west corner, metres.
    low: Point,
    metres_per_px: f64,
}

impl Frame {
    /// A view of the square asked for; else of all that happened, with the sensors beside it.
    pub(super) fn new(around: Option<Around>, happenings: &[Point], standing: &[Point]) -> Self {
        let shown = match around {
            Some(Around { east_m, north_m, radius_m }) => Rect {
                min: [east_m - radius_m, north_m - radius_m],
                max: [east_m + radius_m, north_m + radius_m],
            },
            None => padded(everything(happenings, standing)),
        };
        let span_m = [0, 1].map(|axis| shown.max[axis] - shown.min[axis]);
        let metres_per_px = (span_m[0] / GREATEST_PX[0]).max(span_m[1] / GREATEST_PX[1]);
        // Where one side would be too short, more ground is shown.
        let size_px = [0, 1].map(|axis| libm::round(span_m[axis] / metres_per_px).max(LEAST_PX[axis]));
        let low = [0, 1].map(|axis| {
            let middle = 0.5 * (shown.min[axis] + shown.max[axis]);
            middle - 0.5 * size_px[axis] * metres_per_px
        });
        let min = [MARGINS_PX[0], MARGINS_PX[1]];
        let plot = Rect { min, max: [min[0] + size_px[0], min[1] + size_px[1]] };
        Self { plot, low, metres_per_px }
    }

    /// The size of the whole canvas.
    pub(super) fn canvas_px(&self) -> Point {
        [self.plot.max[0] + MARGINS_PX[2], self.plot.max[1] + MARGINS_PX[3]]
    }

    /// The plot within the canvas.
    pub(super) fn plot_px(&self) -> Rect {
        self.plot
    }

    /// The metres shown.
    pub(super) fn shown_m(&self) -> Rect {
        let size = [0, 1].map(|axis| (self.plot.max[axis] - self.plot.min[axis]) * self.metres_per_px);
        Rect { min: self.low, max: [self.low[0] + size[0], self.low[1] + size[1]] }
    }

    /// The scale.
    pub(super) fn metres_per_px(&self) -> f64 {
        self.metres_per_px
    }

    /// Where a place is on the canvas, whether it is shown or not.
    pub(super) fn px(&self, place: Point) -> Point {
        [
            self.plot.min[0] + (place[0] - self.low[0]) / self.metres_per_px,
            self.plot.max[1] - (place[1] - self.low[1]) / self.metres_per_px,
        ]
    }

    /// The same for many.
    pub(super) fn all_px(&self, places: &[Point]) -> Vec<Point> {
        places.iter().map(|place| self.px(*place)).collect()
    }
}

/// The rectangle around all that happened. A sensor is worth showing unless it would make the picture more than three
/// times as wide or high.
fn everything(happenings: &[Point], standing: &[Point]) -> Rect {
    let happened = around(happenings);
    let reach = happened.map(|happened| {
        let span = [0, 1].map(|axis| (happened.max[axis] - happened.min[axis]).max(LEAST_SPAN_M));
        let out = |corner: Point, sign: f64| [corner[0] + sign * span[0], corner[1] + sign * span[1]];
        Rect { min: out(happened.min, -1.0), max: out(happened.max, 1.0) }
    });
    let beside = standing.iter().filter(|place| reach.is_none_or(|reach| reach.contains(**place)));
    let all: Vec<Point> = happenings.iter().chain(beside).copied().collect();
    around(&all).unwrap_or(Rect { min: [-EMPTY_M; 2], max: [EMPTY_M; 2] })
}

fn around(places: &[Point]) -> Option<Rect> {
    let first = *places.first()?;
    Some(places.iter().fold(Rect { min: first, max: first }, |found, place| Rect {
        min: [0, 1].map(|axis| found.min[axis].min(place[axis])),
        max: [0, 1].map(|axis| found.max[axis].max(place[axis])),
    }))
}

fn padded(shown: Rect) -> Rect {
    let span = [0, 1].map(|axis| shown.max[axis] - shown.min[axis]);
    let more = [0, 1].map(|axis| PADDING * span[0].max(span[1]) + 0.5 * (LEAST_SPAN_M - span[axis]).max(0.0));
    Rect {
        min: [shown.min[0] - more[0], shown.min[1] - more[1]],
        max: [shown.max[0] + more[0], shown.max[1] + more[1]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zoom_shows_its_square_to_scale() {
        let frame = Frame::new(Some(Around { east_m: 500.0, north_m: -200.0, radius_m: 98.0 }), &[], &[]);
        assert_eq!(frame.shown_m(), Rect { min: [402.0, -298.0], max: [598.0, -102.0] });
        let [east, north] = [frame.px([501.0, -200.0]), frame.px([500.0, -199.0])];
        let middle = frame.px([500.0, -200.0]);
        assert!((east[0] - middle[0] - 5.0).abs() < 1e-9 && (middle[1] - north[1] - 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_flat_scene_gets_more_ground_not_another_scale() {
        let frame = Frame::new(None, &[[0.0, 0.0], [10_000.0, 100.0]], &[]);
        let shown = frame.shown_m();
        let size = frame.plot_px();
        assert!(shown.min[1] < -2_000.0 && shown.max[1] > 2_000.0, "{shown:?}");
        let per_px = |axis: usize| (shown.max[axis] - shown.min[axis]) / (size.max[axis] - size.min[axis]);
        assert!((per_px(0) - per_px(1)).abs() < 1e-9);
    }

    #[test]
    fn a_far_sensor_does_not_shrink_the_scene() {
        let happenings = [[0.0, 0.0], [100.0, 100.0]];
        let shown = Frame::new(None, &happenings, &[[15_000.0, 0.0], [150.0, 0.0]]).shown_m();
        assert!(shown.max[0] > 150.0 && shown.max[0] < 400.0, "{shown:?}");
        let empty = Frame::new(None, &[], &[]).shown_m();
        assert!(empty.contains([0.0, 0.0]) && empty.max[0] >= EMPTY_M);
    }
}
