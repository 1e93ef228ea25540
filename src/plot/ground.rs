//! What stands still: sensors and what they cover, zones, lines, gates.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::clip::{Point, hatch};
use super::frame::Frame;
use super::labels::{Labels, Rank};
use super::palette::{self, GREY, INK};
use super::pen::{Lettering, Pen, Stroke};
use super::{Plot, bands, plane};
use crate::geo::Geodetic;
use crate::sensor::SensorModel;
use crate::watch::agreement::Zone;

/// Names on the ground.
const NAME: Lettering = Lettering { colour: INK, size_px: 11.0, bold: true };
/// Steps of an arc.
const ARC_STEP_RAD: f64 = TAU / 120.0;
/// Between the lines of a hatching, pixels.
const HATCH_PX: f64 = 7.0;
/// A hatching has at most this many lines.
const MAX_HATCHES: f64 = 300.0;

/// How an agreement's line looks; the legend shows the same.
pub(super) const LINE: Stroke = Stroke::new(INK, 2.0);
/// A gate's edge.
pub(super) const GATE: Stroke = Stroke::new(INK, 1.0);
/// A zone's edge.
pub(super) const ZONE: Stroke = Stroke::new(INK, 1.0).at(0.7);
/// A mask's hatching.
pub(super) const MASK: Stroke = Stroke::new(GREY, 0.6).at(0.7);

/// Draws it all, the widest first.
pub(super) fn draw(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    let sites: Vec<(&SensorModel, Option<Point>)> =
        plot.settings.sensors.iter().map(|sensor| (sensor, site(plot, sensor))).collect();
    for (sensor, site) in &sites {
        if let Some(site) = site {
            coverage(pen, frame, sensor, *site);
        }
        masks(plot, pen, frame, sensor);
    }
    zones(plot, pen, frame, labels);
    lines(plot, pen, frame, labels);
    gates(plot, pen, frame, labels);
    for (_, trail) in plot.carriers.iter() {
        let way: Vec<Point> = trail.samples().map(|sample| frame.px(sample.at)).collect();
        for piece in frame.plot_px().polyline(&way) {
            pen.dashed(&piece, Stroke::new(GREY, 0.8));
        }
    }
    for (sensor, at) in sites.iter().filter_map(|(sensor, site)| Some((sensor, frame.px((*site)?)))) {
        if frame.plot_px().contains(at) {
            mark(pen, at);
            labels.block(at, 6.0);
            labels.add(Rank::Sensor, sensor.id.to_string(), at, NAME);
        }
    }
}

/// Where a sensor stands, or was last.
pub(super) fn site(plot: &Plot, sensor: &SensorModel) -> Option<Point> {
    match sensor.position.filter(|_| !sensor.mobile) {
        Some(position) => Some(plane(&plot.local, position)),
        None => plot.carriers.get(sensor.id.as_str()).map(|trail| trail.latest().at),
    }
}

/// A sensor's mark.
pub(super) fn mark(pen: &Pen<'_, '_>, at: Point) {
    let corner = |east: f64, south: f64| [at[0] + east, at[1] + south];
    pen.fill(&[corner(0.0, -6.0), corner(5.5, 4.0), corner(-5.5, 4.0)], INK, 1.0);
}

fn coverage(pen: &Pen<'_, '_>, frame: &Frame, sensor: &SensorModel, site: Point) {
    let half_rad = 0.5 * sensor.field_of_view_rad;
    let is_round = sensor.field_of_view_rad > TAU - 1e-6;
    // A mobile sensor's heading is not in the picture: the whole circle is what it may see.
    let (first, last) = if is_round || sensor.mobile {
        (0.0, TAU)
    } else {
        (sensor.heading_rad - half_rad, sensor.heading_rad + half_rad)
    };
    let steps = libm::ceil((last - first) / ARC_STEP_RAD).max(2.0);
    let mut edge: Vec<Point> = Vec::new();
    let mut step = 0.0;
    while step <= steps {
        // Azimuths go clockwise from north.
        let angle = FRAC_PI_2 - (first + (last - first) * step / steps);
        let reach = |share: f64| sensor.max_range_m * share;
        edge.push([site[0] + reach(libm::cos(angle)), site[1] + reach(libm::sin(angle))]);
        step += 1.0;
    }
    if !(is_round || sensor.mobile) {
        edge.insert(0, site);
        edge.push(site);
    }
    let colour = palette::of_sensor(sensor.kind);
    let edge = frame.all_px(&edge);
    pen.fill(&frame.plot_px().polygon(&edge), colour, 0.05);
    for piece in frame.plot_px().polyline(&edge) {
        pen.path(&piece, Stroke::new(colour, 0.8).at(0.6));
    }
}

fn masks(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, sensor: &SensorModel) {
    for mask in &sensor.masks {
        let corners = frame.plot_px().polygon(&corners_px(plot, frame, &mask.polygon));
        let across = corners.iter().map(|p| (p[0] - p[1]).abs()).fold(0.0, f64::max);
        for line in hatch(&corners, HATCH_PX.max(2.0 * across / MAX_HATCHES)) {
            pen.path(&line, MASK);
        }
    }
}

/// Where a band begins and ends, pieces of curves in the plane; nothing for a polygon.
pub(super) fn band_edges(plot: &Plot, zone: &Zone) -> Vec<Vec<Point>> {
    let Some(band) = &zone.band else { return Vec::new() };
    let Some(line) = plot.settings.agreement.lines.get(band.line) else { return Vec::new() };
    let vertices: Vec<Point> = line.vertices.iter().map(|vertex| plane(&plot.local, *vertex)).collect();
    let offsets = [band.from_m, band.to_m].into_iter().filter(|offset_m| *offset_m > 0.0);
    offsets.flat_map(|offset_m| bands::edge(&vertices, band.flank, offset_m)).collect()
}

fn bands(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels, zone: &Zone) {
    let edges = band_edges(plot, zone);
    for edge in &edges {
        for piece in frame.plot_px().polyline(&frame.all_px(edge)) {
            pen.dashed(&piece, ZONE);
        }
    }
    // In the middle of its farther edge.
    if let Some(edge) = edges.last() {
        labels.add(Rank::Ground, zone.id.to_string(), frame.px(edge[edge.len() / 2]), NAME);
    }
}

fn zones(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    for zone in &plot.settings.agreement.zones {
        if zone.band.is_some() {
            bands(plot, pen, frame, labels, zone);
            continue;
        }
        let mut corners = corners_px(plot, frame, &zone.polygon);
        let inside = frame.plot_px().polygon(&corners);
        pen.fill(&inside, INK, 0.07);
        corners.extend(corners.first().copied());
        for piece in frame.plot_px().polyline(&corners) {
            pen.dashed(&piece, ZONE);
        }
        // At its northernmost visible corner.
        if let Some(top) = inside.iter().min_by(|a, b| a[1].total_cmp(&b[1])) {
            labels.add(Rank::Ground, zone.id.to_string(), *top, NAME);
        }
    }
}

fn lines(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    for line in &plot.settings.agreement.lines {
        let pieces = frame.plot_px().polyline(&corners_px(plot, frame, &line.vertices));
        for piece in &pieces {
            pen.path(piece, LINE);
        }
        let length = |ends: &[Point]| libm::hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]);
        let segments = pieces.iter().flat_map(|piece| piece.windows(2));
        let Some(longest) = segments.max_by(|a, b| length(a).total_cmp(&length(b))) else { continue };
        let length_px = length(longest);
        if length_px > 1.0 {
            let [from, to] = [longest[0], longest[1]];
            let at = |share: f64| [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
            // On the canvas north is up and y goes down: left of (x, y) is (y, -x).
            let left = [(to[1] - from[1]) / length_px, (from[0] - to[0]) / length_px];
            labels.beside_line(line.left.to_string(), at(0.5), left, NAME);
            labels.beside_line(line.right.to_string(), at(0.5), [-left[0], -left[1]], NAME);
        }
    }
}

fn gates(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    for gate in &plot.settings.agreement.gates {
        let centre = frame.px(plane(&plot.local, gate.center));
        let radius_px = gate.radius_m / frame.metres_per_px();
        let edge: Vec<Point> = (0..=48)
            .map(|step| {
                let (sin, cos) = libm::sincos(f64::from(step % 48) * TAU / 48.0);
                [centre[0] + radius_px * cos, centre[1] + radius_px * sin]
            })
            .collect();
        for piece in frame.plot_px().polyline(&edge) {
            pen.path(&piece, GATE);
        }
        let east = [centre[0] + radius_px, centre[1]];
        labels.add(Rank::Ground, gate.id.to_string(), east, NAME);
    }
}

fn corners_px(plot: &Plot, frame: &Frame, corners: &[Geodetic]) -> Vec<Point> {
    corners.iter().map(|corner| frame.px(plane(&plot.local, *corner))).collect()
}
