//! Lines and polygons that mean something: enough corners, none repeated, no edge across another.
//!
//! Shapes are judged in the tangent plane of their first corner, so the antimeridian is no special case.

use geo::line_intersection::line_intersection;
use geo::{Coord, Line};

use crate::config::error::Report;
use crate::config::raw::leaf::Position;
use crate::geo::{Enu, Geodetic, LocalFrame};

/// Farther apart, corners of one shape are a slip of the pen.
const MAX_EXTENT_M: f64 = 500_000.0;
/// The most vertices of one shape: every edge is tried against every other.
const MAX_VERTICES: usize = 5_000;

/// A line's vertices, or nothing once refused.
pub(in crate::config) fn line(raw: &[Position], at: &str, report: &mut Report) -> Option<Vec<Geodetic>> {
    shape(raw, at, Form { least: 2, closed: false, name: "a line" }, report)
}

/// A polygon's corners, or nothing once refused.
pub(in crate::config) fn polygon(raw: &[Position], at: &str, report: &mut Report) -> Option<Vec<Geodetic>> {
    let form = Form { least: 3, closed: true, name: "a polygon" };
    if raw.len() > 1 && raw.first() == raw.last() {
        let last = format!("{at}[{}]", raw.len() - 1);
        report.refuse(&last, "a corner other than the first: a polygon closes by itself");
        return None;
    }
    shape(raw, at, form, report)
}

struct Form {
    least: usize,
    closed: bool,
    name: &'static str,
}

fn shape(raw: &[Position], at: &str, form: Form, report: &mut Report) -> Option<Vec<Geodetic>> {
    if raw.len() < form.least || raw.len() > MAX_VERTICES {
        let expected = format!("{} of {} to {MAX_VERTICES} positions", form.name, form.least);
        let plural = if raw.len() == 1 { "" } else { "s" };
        report.refuse_as(at, format!("{} position{plural}", raw.len()), expected);
        return None;
    }
    let vertices: Vec<_> = raw.iter().map(|position| position.on_the_ground()).collect();
    let plane = in_plane(&vertices);
    let faults = Faults { plane: &plane, form: &form };
    if let Some(index) = faults.far() {
        let expected = format!("a position within {:.0} km of the first", MAX_EXTENT_M / 1e3);
        report.refuse(&format!("{at}[{index}]"), expected);
    } else if let Some(index) = faults.repeated() {
        report.refuse(&format!("{at}[{index}]"), "a position other than the one before it");
    } else if let Some((first, second)) = faults.crossing() {
        let next = |index: usize| (index + 1) % raw.len();
        let found = format!(
            "the edge from [{first}] to [{}] meeting that from [{second}] to [{}]",
            next(first),
            next(second)
        );
        report.refuse_as(at, found, format!("{} that does not touch or cross itself", form.name));
    } else {
        return Some(vertices);
    }
    None
}

/// The vertices in the tangent plane of the first.
pub(in crate::config) fn in_plane(vertices: &[Geodetic]) -> Vec<Enu> {
    let Some(first) = vertices.first() else { return Vec::new() };
    let frame = LocalFrame::new(*first);
    vertices.iter().map(|vertex| frame.to_enu(*vertex)).collect()
}

struct Faults<'a> {
    plane: &'a [Enu],
    form: &'a Form,
}

impl Faults<'_> {
    fn far(&self) -> Option<usize> {
        let too_far = |enu: &Enu| libm::hypot(enu.ground_distance_m(), enu.up_m) > MAX_EXTENT_M;
        self.plane.iter().position(too_far)
    }

    /// Closer than a millimetre is the same place.
    fn repeated(&self) -> Option<usize> {
        let same = |pair: &[Enu]| {
            libm::hypot(pair[0].east_m - pair[1].east_m, pair[0].north_m - pair[1].north_m) < 1e-3
        };
        self.plane.windows(2).position(same).map(|index| index + 1)
    }

    /// The first two edges that meet where they should not, counted from zero.
    fn crossing(&self) -> Option<(usize, usize)> {
        let edges = self.edges();
        for (first, edge) in edges.iter().enumerate() {
            for (second, other) in edges.iter().enumerate().skip(first + 1) {
                let meets = if second == first + 1 {
                    folds_back(*edge, *other)
                } else if self.form.closed && first == 0 && second + 1 == edges.len() {
                    folds_back(*other, *edge)
                } else {
                    line_intersection(*edge, *other).is_some()
                };
                if meets {
                    return Some((first, second));
                }
            }
        }
        None
    }

    fn edges(&self) -> Vec<Line<f64>> {
        let mut corners: Vec<_> =
            self.plane.iter().map(|enu| Coord { x: enu.east_m, y: enu.north_m }).collect();
        if self.form.closed {
            corners.extend(corners.first().copied());
        }
        corners.windows(2).map(|pair| Line::new(pair[0], pair[1])).collect()
    }
}

/// Whether the second of two neighbours runs back along the first, to a millimetre: exactly it never does, since a
/// meridian is not quite straight in the plane.
fn folds_back(edge: Line<f64>, next: Line<f64>) -> bool {
    let (a, b) = (edge.delta(), next.delta());
    let longer_m = libm::hypot(a.x, a.y).max(libm::hypot(b.x, b.y));
    a.x * b.x + a.y * b.y < 0.0 && (a.x * b.y - a.y * b.x).abs() < 1e-3 * longer_m
}

/// Length along a line, metres.
pub(in crate::config) fn length_m(vertices: &[Geodetic]) -> f64 {
    let step_m = |pair: &[Geodetic]| LocalFrame::new(pair[0]).to_enu(pair[1]).ground_distance_m();
    vertices.windows(2).map(step_m).sum()
}

/// Area of a polygon, square metres.
pub(in crate::config) fn area_m2(corners: &[Geodetic]) -> f64 {
    let plane = in_plane(corners);
    let next = plane.iter().cycle().skip(1);
    let twice: f64 = plane.iter().zip(next).map(|(a, b)| a.east_m * b.north_m - b.east_m * a.north_m).sum();
    twice.abs() / 2.0
}

/// Distance from a place to the nearest point of a line, metres.
pub(in crate::config) fn distance_to_line_m(place: Geodetic, vertices: &[Geodetic]) -> f64 {
    let frame = LocalFrame::new(place);
    let plane: Vec<_> = vertices.iter().map(|vertex| frame.to_enu(*vertex)).collect();
    let to_edge_m = |pair: &[Enu]| {
        let (east, north) = (pair[1].east_m - pair[0].east_m, pair[1].north_m - pair[0].north_m);
        let length_sq = east * east + north * north;
        let along = (-(pair[0].east_m * east + pair[0].north_m * north) / length_sq).clamp(0.0, 1.0);
        libm::hypot(pair[0].east_m + along * east, pair[0].north_m + along * north)
    };
    plane.windows(2).map(to_edge_m).fold(f64::INFINITY, f64::min)
}
