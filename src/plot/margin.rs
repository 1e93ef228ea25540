//! What stands around the plot: axes in metres or kilometres, the caption, the legend.

use std::collections::{BTreeMap, BTreeSet};

use plotters::chart::ChartBuilder;
use plotters::style::{Color, ShapeStyle, TRANSPARENT};

use super::clip::Point;
use super::frame::Frame;
use super::palette::{self, FAINT, GREY, INK, VERMILION};
use super::pen::{Area, Lettering, Pen, Stroke, style, units};
use super::{MAX_ALERTS, Plot, ground, moving};
use crate::time::Timestamp;

/// From the plot to the legend, and from one of its rows to the next, pixels.
const LEGEND_PX: Point = [18.0, 18.0];
/// From a row's middle to its words, pixels.
const WORDS_PX: f64 = 22.0;
/// Letters that fit beside the plot.
const MOST_LETTERS: usize = 32;
/// From the canvas's edge to the names of the axes, pixels.
const EDGE_PX: f64 = 10.0;
/// From here on axes count kilometres, metres across the plot.
const IN_KM_M: f64 = 5_000.0;

const TITLE: Lettering = Lettering { colour: INK, size_px: 16.0, bold: true };
const WARNING: Lettering = Lettering { colour: VERMILION, size_px: 16.0, bold: true };
const CAPTION: Lettering = Lettering { colour: INK, size_px: 11.5, bold: false };
const ROW: Lettering = Lettering { colour: INK, size_px: 11.0, bold: false };

/// Draws the axes and their grid.
pub(super) fn axes(area: &Area<'_>, frame: &Frame) {
    let (plot, shown, canvas) = (frame.plot_px(), frame.shown_m(), frame.canvas_px());
    let mut builder = ChartBuilder::on(area);
    builder
        .margin_top(units(plot.min[1]))
        .margin_right(units(canvas[0]) - units(plot.max[0]))
        .margin_bottom(units(EDGE_PX))
        .margin_left(units(EDGE_PX))
        .x_label_area_size(units(canvas[1]) - units(plot.max[1]) - units(EDGE_PX))
        .y_label_area_size(units(plot.min[0]) - units(EDGE_PX));
    let (east, north) = (shown.min[0]..shown.max[0], shown.min[1]..shown.max[1]);
    let mut chart = builder.build_cartesian_2d(east, north).expect("a plot is larger than nothing");
    let (across_m, in_km) = (shown.max[0] - shown.min[0], shown.max[0] - shown.min[0] > IN_KM_M);
    let tick = move |metres: &f64| {
        // No minus zero.
        let metres = metres + 0.0;
        match in_km {
            true => format!("{:.*}", if across_m > 9_000.0 { 0 } else { 1 }, metres / 1e3),
            false => format!("{metres:.*}", if across_m < 20.0 { 1 } else { 0 }),
        }
    };
    let unit = if in_km { "km" } else { "m" };
    chart
        .configure_mesh()
        .x_desc(format!("east of the origin, {unit}"))
        .y_desc(format!("north of the origin, {unit}"))
        .x_labels(9)
        .y_labels(9)
        .x_label_formatter(&tick)
        .y_label_formatter(&tick)
        .label_style(style(ROW))
        .axis_desc_style(style(CAPTION))
        .axis_style(ShapeStyle { color: GREY.to_rgba(), filled: false, stroke_width: 3 })
        .bold_line_style(ShapeStyle { color: FAINT.to_rgba(), filled: false, stroke_width: 2 })
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(units(4.0))
        .draw()
        .expect("a string takes every drawing");
}

/// Draws caption and legend.
pub(super) fn words(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame) {
    let left = frame.plot_px().min[0];
    pen.text(&format!("sector {}", plot.settings.sector), [left, 20.0], TITLE);
    if plot.settings.exercise {
        pen.text(
            "EXERCISE: nothing of this is real",
            [left + 0.5 * (frame.plot_px().max[0] - left), 20.0],
            WARNING,
        );
    }
    for (line, y) in caption(plot).iter().zip([41.0, 59.0]) {
        pen.text(line, [left, y], CAPTION);
    }
    let mut legend = Legend {
        pen,
        at: frame.plot_px().max[0] + LEGEND_PX[0],
        y: frame.plot_px().min[1] + 8.0,
        end: frame.canvas_px()[1],
    };
    if !plot.still {
        legend.moving(plot);
    }
    legend.ground(plot, frame);
    if !plot.still {
        legend.alerts(plot);
    }
}

/// The time of day.
pub(super) fn clock(time: Timestamp) -> String {
    time.to_string().get(11..19).unwrap_or_default().to_owned()
}

fn caption(plot: &Plot) -> [String; 2] {
    if plot.still {
        let agreement = &plot.settings.agreement;
        let named = format!("{}, version {}", agreement.name, agreement.version);
        return [named, format!("agreement hash {}", agreement.hash)];
    }
    let (from, to) = (plot.shown_from(), plot.shown_to());
    let seconds = |time: Timestamp| time.since(plot.start).as_secs_f64();
    let day = from.to_string().get(..10).unwrap_or_default().to_owned();
    let origin = plot.settings.origin;
    let when = format!(
        "{day} {} to {} UTC, seconds {:.0} to {:.0}",
        clock(from),
        clock(to),
        seconds(from),
        seconds(to)
    );
    let place = format!("origin {:.5}°, {:.5}° (lat, lon)", origin.lat_deg(), origin.lon_deg());
    let mut counts = format!("tracks: {}, alerts: {}", plot.tracks.len(), plot.alerts.len());
    if let Some(truth) = &plot.truth {
        counts += &format!(", true objects: {}", truth.len());
    }
    for (what, trails) in [("tracks", Some(&plot.tracks)), ("the truth", plot.truth.as_ref())] {
        let Some(trails) = trails else { continue };
        if trails.every_s() > 1 {
            counts += &format!("; too long to draw every second: {what} every {} s", trails.every_s());
        }
        if trails.is_full() {
            counts += &format!("; of {what} only the first {} are drawn", trails.len());
        }
    }
    if plot.alerts_left_out > 0 {
        counts += &format!("; {} alerts after the first {MAX_ALERTS} are not drawn", plot.alerts_left_out);
    }
    [format!("{when} · {place}"), counts]
}

/// Rows beside the plot, from the top.
struct Legend<'p, 'a, 'b> {
    pen: &'p Pen<'a, 'b>,
    at: f64,
    y: f64,
    end: f64,
}

impl Legend<'_, '_, '_> {
    /// A row, as long as there is room: its mark about this point, then the words.
    fn row(&mut self, words: &str, mark: impl FnOnce(&Pen<'_, '_>, Point)) {
        if self.y + LEGEND_PX[1] > self.end {
            return;
        }
        mark(self.pen, [self.at + 6.0, self.y]);
        let words: String = match words.char_indices().nth(MOST_LETTERS) {
            Some((end, _)) => words[..end].chars().chain(['…']).collect(),
            None => words.to_owned(),
        };
        self.pen.text(&words, [self.at + WORDS_PX, self.y], ROW);
        self.y += LEGEND_PX[1];
    }

    fn stroke(&mut self, words: &str, stroke: Stroke, dashed: bool) {
        self.row(words, |pen, at| {
            let ends = [[at[0] - 8.0, at[1]], [at[0] + 8.0, at[1]]];
            if dashed { pen.dashed(&ends, stroke) } else { pen.path(&ends, stroke) }
        });
    }

    fn moving(&mut self, plot: &Plot) {
        if plot.truth.is_some() {
            self.stroke("truth", moving::TRUTH, false);
        }
        self.stroke("track, in its colour", moving::track_stroke("0", false), false);
        self.stroke("track coasting", moving::track_stroke("0", true), true);
        self.row("track at the end, its number", |pen, at| moving::end_mark(pen, at, "0", true));
        self.row("track ended before", |pen, at| moving::end_mark(pen, at, "0", false));
        let begins = Stroke::new(palette::of_track("0"), 1.0);
        self.row("track confirmed after the start", |pen, at| pen.ring(at, 2.0, begins));
        let every = format!("95 % ellipse, every {} s", moving::ellipses_every_s(plot));
        self.row(&every, |pen, at| pen.ring(at, 6.0, begins.at(0.55)));
    }

    fn ground(&mut self, plot: &Plot, frame: &Frame) {
        let sensors = &plot.settings.sensors;
        let kinds: BTreeSet<_> = sensors.iter().map(|sensor| sensor.kind).collect();
        if !sensors.is_empty() {
            self.row("sensor, its id", ground::mark);
        }
        let shown = |at: Point| frame.plot_px().contains(frame.px(at));
        let outside: Vec<&str> = sensors
            .iter()
            .filter(|sensor| !ground::site(plot, sensor).is_some_and(shown))
            .map(|sensor| sensor.id.as_str())
            .collect();
        if !outside.is_empty() {
            self.row(&format!("not shown: {}", outside.join(", ")), |_, _| {});
        }
        for kind in kinds {
            let colour = palette::of_sensor(kind);
            self.row(&format!("what a {} covers", kind.as_str()), |pen, at| {
                let corners = [[-8.0, -5.0], [8.0, -5.0], [8.0, 5.0], [-8.0, 5.0], [-8.0, -5.0]];
                let corners = corners.map(|corner| [at[0] + corner[0], at[1] + corner[1]]);
                pen.fill(&corners, colour, 0.15);
                pen.path(&corners, Stroke::new(colour, 0.8));
            });
        }
        if sensors.iter().any(|sensor| !sensor.masks.is_empty()) {
            self.row("mask: it sees badly", |pen, at| {
                for shift in [-6.0, 0.0, 6.0] {
                    pen.path(
                        &[[at[0] + shift - 4.0, at[1] - 4.0], [at[0] + shift + 4.0, at[1] + 4.0]],
                        ground::MASK,
                    );
                }
            });
        }
        let agreement = &plot.settings.agreement;
        for line in &agreement.lines {
            self.stroke(&format!("line {}: {} | {}", line.id, line.left, line.right), ground::LINE, false);
        }
        if !agreement.zones.is_empty() {
            let words = if agreement.zones.iter().any(|zone| zone.band.is_some()) {
                "zone, or a band's limit"
            } else {
                "zone"
            };
            self.stroke(words, ground::ZONE, true);
        }
        if !agreement.gates.is_empty() {
            self.row("gate", |pen, at| pen.ring(at, 5.0, ground::GATE));
        }
    }

    fn alerts(&mut self, plot: &Plot) {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for alert in plot.alerts.values() {
            *kinds.entry(alert.kind).or_default() += 1;
        }
        for (kind, count) in kinds {
            self.row(&format!("alert: {kind} ({count}), event time"), moving::alert_mark);
        }
    }
}
