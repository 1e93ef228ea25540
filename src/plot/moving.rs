//! What happened: the truth, tracks with their uncertainty, alerts.

use plotters::style::RGBColor;

use super::Plot;
use super::clip::{Point, simplified};
use super::ellipse::Ellipse;
use super::frame::Frame;
use super::labels::{Labels, Rank};
use super::margin::clock;
use super::palette::{self, GREY, INK, VERMILION};
use super::pen::{Lettering, Pen, Stroke};
use super::trails::{Sample, Trail};
use crate::time::Span;

/// A line's points may be off by this much, pixels.
const TOLERANCE_PX: f64 = 0.2;
/// Ellipses smaller than this are not seen, pixels.
const LEAST_ELLIPSE_PX: f64 = 2.5;
/// Steps between ellipses, seconds: the first that gives no more than a dozen.
const STEPS_S: [i64; 12] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 86_400];
const MOST_ELLIPSES: i64 = 10;
/// A thing that was last seen this long before the end is gone; one first seen this long after the start is new.
const AT_THE_END: Span = Span::from_nanos(1_500_000_000);
/// An interval no longer than this has a dot at every second.
const WITH_SECONDS: Span = Span::from_secs(60);
/// How far back from its end a line is kept clear of texts, and in what steps, pixels.
const CLEAR_PX: f64 = 40.0;
const CLEAR_STEP_PX: f64 = 3.0;
/// With more true things than this their names are left out.
const MOST_TRUE_NAMES: usize = 200;

/// How the truth looks; the legend shows the same.
pub(super) const TRUTH: Stroke = Stroke::new(GREY, 1.0);
/// A track's number.
const NUMBER: Lettering = Lettering { colour: INK, size_px: 10.0, bold: false };
/// A true thing's name.
const TRUE_NAME: Lettering = Lettering { colour: GREY, size_px: 9.0, bold: false };
/// An alert's kind and time.
const ALERT: Lettering = Lettering { colour: VERMILION, size_px: 11.0, bold: true };

/// Draws it all, the most important last.
pub(super) fn draw(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    truth(plot, pen, frame, labels);
    for (id, trail) in plot.tracks.iter() {
        ellipses(plot, pen, frame, id, trail);
    }
    for (id, trail) in plot.tracks.iter() {
        track(plot, pen, frame, id, trail, labels);
    }
    alerts(plot, pen, frame, labels);
}

/// How far apart ellipses along a track are, seconds.
pub(super) fn ellipses_every_s(plot: &Plot) -> i64 {
    let length_s = plot.shown_to().since(plot.shown_from()).as_nanos() / 1_000_000_000;
    STEPS_S.into_iter().find(|step_s| length_s <= step_s * MOST_ELLIPSES).unwrap_or(86_400)
}

/// A track's line; of what was predicted only, the dashed one.
pub(super) fn track_stroke(id: &str, coasting: bool) -> Stroke {
    Stroke::new(palette::of_track(id), 1.3).at(if coasting { 0.6 } else { 1.0 })
}

/// The mark of an alert.
pub(super) fn alert_mark(pen: &Pen<'_, '_>, at: Point) {
    let stroke = Stroke::new(VERMILION, 1.6);
    pen.ring(at, 6.0, stroke);
    pen.cross(at, 4.2, stroke);
}

/// Where a track was last: a dot while it lives, a cross once it is gone.
pub(super) fn end_mark(pen: &Pen<'_, '_>, at: Point, id: &str, is_alive: bool) {
    if is_alive {
        pen.dot(at, 3.0, palette::of_track(id));
    } else {
        pen.cross(at, 3.0, Stroke::new(palette::of_track(id), 1.3));
    }
}

fn truth(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    let Some(truth) = &plot.truth else { return };
    for (id, trail) in truth.iter() {
        let way: Vec<Point> = trail.samples().map(|sample| frame.px(sample.at)).collect();
        line(pen, frame, &way, TRUTH, false);
        seconds(plot, pen, frame, trail, GREY);
        let end = frame.px(trail.latest().at);
        if frame.plot_px().contains(end) {
            if plot.shown_to().since(trail.latest().time) < AT_THE_END {
                pen.ring(end, 2.5, TRUTH);
            } else {
                pen.cross(end, 2.5, TRUTH);
            }
            if truth.len() <= MOST_TRUE_NAMES {
                keep_clear(trail, frame, labels);
                labels.add(Rank::Truth, id.to_owned(), end, TRUE_NAME);
            }
        }
    }
}

fn ellipses(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, id: &str, trail: &Trail) {
    let every_s = ellipses_every_s(plot);
    let step = |sample: &Sample| {
        let second = sample.time.floor_secs().saturating_sub(plot.start.floor_secs());
        second.div_euclid(every_s)
    };
    let mut passed = step(trail.first());
    for sample in trail.samples() {
        let is_last = sample.time == trail.latest().time;
        if !is_last && step(sample) == passed {
            continue;
        }
        passed = step(sample);
        let Some(ellipse) = sample.cov_m2.and_then(Ellipse::of) else { continue };
        let major_px = ellipse.major_m / frame.metres_per_px();
        if major_px < LEAST_ELLIPSE_PX {
            continue;
        }
        let edge = frame.all_px(&ellipse.points(sample.at, 12.0 + major_px));
        let stroke = Stroke::new(palette::of_track(id), if is_last { 1.0 } else { 0.7 });
        for piece in frame.plot_px().polyline(&edge) {
            pen.path(&piece, stroke.at(if is_last { 1.0 } else { 0.55 }));
        }
    }
}

fn track(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, id: &str, trail: &Trail, labels: &mut Labels) {
    let samples: Vec<&Sample> = trail.samples().collect();
    // A stretch is coasting when its end is.
    for run in samples.windows(2).collect::<Vec<_>>().chunk_by(|a, b| a[1].coasting == b[1].coasting) {
        let coasting = run.first().is_some_and(|pair| pair[1].coasting);
        let starts = run.first().map(|pair| pair[0]).into_iter();
        let way: Vec<Point> = starts.chain(run.iter().map(|pair| pair[1])).map(|s| frame.px(s.at)).collect();
        line(pen, frame, &way, track_stroke(id, coasting), coasting);
    }
    seconds(plot, pen, frame, trail, palette::of_track(id));
    let (first, latest) = (trail.first(), trail.latest());
    let (begin, end) = (frame.px(first.at), frame.px(latest.at));
    if first.time.since(plot.shown_from()) > AT_THE_END && frame.plot_px().contains(begin) {
        pen.ring(begin, 2.0, Stroke::new(palette::of_track(id), 1.0));
    }
    if frame.plot_px().contains(end) {
        end_mark(pen, end, id, plot.shown_to().since(latest.time) < AT_THE_END);
        keep_clear(trail, frame, labels);
        labels.add(Rank::Track, id.to_owned(), end, NUMBER);
    }
}

/// A dot at every second, where there are few: it shows what lags.
fn seconds(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, trail: &Trail, colour: RGBColor) {
    if plot.shown_to().since(plot.shown_from()) <= WITH_SECONDS {
        for at in trail.samples().map(|sample| frame.px(sample.at)).filter(|at| frame.plot_px().contains(*at))
        {
            pen.dot(at, 1.4, colour);
        }
    }
}

/// Keeps texts off the end of a line and its last stretch.
fn keep_clear(trail: &Trail, frame: &Frame, labels: &mut Labels) {
    let way: Vec<Point> = trail.samples().map(|sample| frame.px(sample.at)).collect();
    let Some(&end) = way.last() else { return };
    labels.block(end, 3.0);
    let (mut done_px, mut next_px) = (0.0, CLEAR_STEP_PX);
    for ends in way.windows(2).rev() {
        let [to, from] = [ends[0], ends[1]];
        let length_px = libm::hypot(to[0] - from[0], to[1] - from[1]);
        while next_px <= (done_px + length_px).min(CLEAR_PX) {
            let share = (next_px - done_px) / length_px;
            labels.block([0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis])), 1.5);
            next_px += CLEAR_STEP_PX;
        }
        done_px += length_px;
        if done_px > CLEAR_PX {
            break;
        }
    }
}

fn alerts(plot: &Plot, pen: &Pen<'_, '_>, frame: &Frame, labels: &mut Labels) {
    for alert in plot.alerts.values() {
        let at = frame.px([alert.position.east_m, alert.position.north_m]);
        if frame.plot_px().contains(at) {
            alert_mark(pen, at);
            labels.block(at, 6.0);
            labels.add(Rank::Alert, format!("{} {}", alert.kind, clock(alert.event_time)), at, ALERT);
        }
    }
}

/// What is visible of a line, without points that nobody could see.
fn line(pen: &Pen<'_, '_>, frame: &Frame, way: &[Point], stroke: Stroke, dashed: bool) {
    for piece in frame.plot_px().polyline(way) {
        let piece = simplified(&piece, TOLERANCE_PX);
        if dashed { pen.dashed(&piece, stroke) } else { pen.path(&piece, stroke) }
    }
}
