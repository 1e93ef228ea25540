//! The picture of a replay: truth where it is known, tracks with their uncertainty, sensors with what they cover, the
//! agreement's geometry and the alerts, as one SVG in metres east and north of the sector's origin.
//!
//! In: the engine's settings, its picture once a second, its notices, rows of truth. Out: the text of an SVG, the same
//! for the same input. Knows no clock and no file, and draws only what it was shown: memory is bounded by thinning.
//!
//! ```text
//! observe, notice, truth ─ trails (bounded) ─┐                    ┌─ ground (what stands still)
//!                                            ├─ frame (the view) ─┼─ moving (truth, tracks, alerts)
//! settings ──────────────────────────────────┘                    └─ margin (axes, caption, legend)
//! ```
//! `clip`, `ellipse` and `labels` are geometry; `pen` alone knows plotters, `palette` the colours.

mod bands;
mod clip;
mod ellipse;
mod frame;
mod ground;
mod labels;
mod margin;
mod moving;
mod palette;
mod pen;
mod trails;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;

use crate::engine::{Picture, Settings};
use crate::geo::{Geodetic, LocalFrame};
use crate::time::Timestamp;
use crate::watch::Notice;
use clip::Point;
use frame::Frame;
use labels::Labels;
use pen::{Pen, UNITS_PER_PX};
use trails::{Sample, Trails};
pub use truth::{Columns, Truth};

/// The most alerts drawn; of more, the first opened.
const MAX_ALERTS: usize = 2_000;

/// What part of a replay is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Request {
    /// Nothing before this instant.
    pub from: Option<Timestamp>,
    /// Nothing after it.
    pub to: Option<Timestamp>,
    /// Only what lies here, instead of all that happened.
    pub around: Option<Around>,
}

/// A square to zoom into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    /// Its middle, east of the sector's origin.
    pub east_m: f64,
    /// Its middle, north of the sector's origin.
    pub north_m: f64,
    /// Half its side, above zero.
    pub radius_m: f64,
}

/// A picture in the making.
#[derive(Clone, Debug)]
pub struct Plot {
    settings: Settings,
    local: LocalFrame,
    request: Request,
    start: Timestamp,
    latest: Option<Timestamp>,
    tracks: Trails,
    truth: Option<Trails>,
    /// Where mobile sensors were.
    carriers: Trails,
    alerts: BTreeMap<Arc<str>, Notice>,
    alerts_left_out: u64,
    /// Only what stands still is drawn.
    still: bool,
}

impl Plot {
    /// An empty picture of a recording that begins at `start`: the caption counts seconds from there.
    #[must_use]
    pub fn new(settings: Settings, request: Request, start: Timestamp) -> Self {
        Self {
            local: LocalFrame::new(settings.origin),
            settings,
            request,
            start,
            latest: None,
            tracks: Trails::default(),
            truth: None,
            carriers: Trails::default(),
            alerts: BTreeMap::new(),
            alerts_left_out: 0,
            still: false,
        }
    }

    /// The picture of what stands still: the agreement's geometry, and sensors with what they cover.
    #[must_use]
    pub fn of_geometry(settings: Settings) -> String {
        let plot = Self { still: true, ..Self::new(settings, Request::default(), Timestamp::default()) };
        plot.draw()
    }

    /// Takes the engine's picture of one instant; once a second is enough.
    pub fn observe(&mut self, picture: &Picture) {
        let Some(now) = picture.time.filter(|now| self.shows(*now)) else { return };
        self.latest = self.latest.max(Some(now));
        for row in &picture.tracks {
            let cov_m2 = match row.cov.as_slice() {
                [ee, en, _, _, _, nn, ..] => Some([*ee, *en, *nn]),
                _ => None,
            };
            let at = [row.east_m, row.north_m];
            self.tracks
                .push(&row.track, Sample { time: now, at, cov_m2, coasting: row.status == "coasting" });
        }
        for (model, row) in self.settings.sensors.iter().zip(&picture.sensors) {
            if let Some([lat, lon]) = row.position.filter(|_| model.mobile) {
                let at = plane(&self.local, Geodetic::from_degrees(lat, lon, 0.0));
                self.carriers.push(&row.sensor, Sample { time: now, at, cov_m2: None, coasting: false });
            }
        }
    }

    /// Takes a notice; the latest of an alert is the one drawn.
    pub fn notice(&mut self, notice: &Notice) {
        if !self.shows(notice.event_time) {
            return;
        }
        if self.alerts.len() >= MAX_ALERTS && !self.alerts.contains_key(&notice.alert) {
            self.alerts_left_out += u64::from(notice.revision == 1);
            return;
        }
        self.alerts.insert(notice.alert.clone(), notice.clone());
    }

    /// Takes one row of the truth.
    pub fn truth(&mut self, row: &Truth<'_>) {
        let truth = self.truth.get_or_insert_default();
        if self.request.shows(row.time) {
            let sample =
                Sample { time: row.time, at: [row.east_m, row.north_m], cov_m2: None, coasting: false };
            truth.push(row.id, sample);
        }
    }

    /// The picture as the text of an SVG file.
    #[must_use]
    pub fn draw(&self) -> String {
        let frame = Frame::new(self.request.around, &self.happenings(), &self.standing());
        let size = frame.canvas_px().map(pen::units);
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (size[0].unsigned_abs(), size[1].unsigned_abs()))
                .into_drawing_area();
            let pen = Pen::new(&area);
            margin::axes(&area, &frame);
            let mut labels = Labels::new(frame.plot_px());
            ground::draw(self, &pen, &frame, &mut labels);
            moving::draw(self, &pen, &frame, &mut labels);
            labels.draw(&pen);
            margin::words(self, &pen, &frame);
        }
        in_pixels(svg, size)
    }

    /// The first instant drawn.
    fn shown_from(&self) -> Timestamp {
        self.request.from.unwrap_or(self.start)
    }

    /// The last instant drawn.
    fn shown_to(&self) -> Timestamp {
        self.latest.unwrap_or(self.start)
    }

    fn shows(&self, time: Timestamp) -> bool {
        self.request.shows(time)
    }

    /// Where things were.
    fn happenings(&self) -> Vec<Point> {
        let trails = [Some(&self.tracks), self.truth.as_ref()].into_iter().flatten();
        let moved = trails.flat_map(Trails::iter).flat_map(|(_, trail)| trail.samples()).map(|s| s.at);
        let alerts = self.alerts.values().map(|alert| [alert.position.east_m, alert.position.north_m]);
        moved.chain(alerts).collect()
    }

    /// Where sensors stand, and the agreement's geometry should nothing at all have happened.
    fn standing(&self) -> Vec<Point> {
        let fixed = self.settings.sensors.iter().filter(|sensor| !sensor.mobile);
        let mut points: Vec<Point> =
            fixed.filter_map(|sensor| sensor.position).map(|at| plane(&self.local, at)).collect();
        points.extend(self.carriers.iter().flat_map(|(_, trail)| trail.samples()).map(|sample| sample.at));
        if self.tracks.is_empty() && self.truth.as_ref().is_none_or(Trails::is_empty) {
            let lines = self.settings.agreement.lines.iter().flat_map(|line| &line.vertices);
            points.extend(lines.map(|vertex| plane(&self.local, *vertex)));
            let zones = self.settings.agreement.zones.iter();
            points.extend(
                zones.clone().flat_map(|zone| &zone.polygon).map(|corner| plane(&self.local, *corner)),
            );
            points.extend(zones.flat_map(|zone| ground::band_edges(self, zone)).flatten());
        }
        points
    }
}

impl Request {
    fn shows(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time <= to)
    }
}

/// East and north of a geodetic position.
fn plane(local: &LocalFrame, at: Geodetic) -> Point {
    let enu = local.to_enu(at);
    [enu.east_m, enu.north_m]
}

/// plotters knows whole units only: the drawing is made in fine ones and shown in pixels.
fn in_pixels(svg: String, size: [i32; 2]) -> String {
    let [fine, shown] =
        [1, UNITS_PER_PX].map(|by| format!("<svg width=\"{}\" height=\"{}\"", size[0] / by, size[1] / by));
    svg.strip_prefix(&fine).map(|rest| shown + rest).unwrap_or(svg)
}

#[cfg(test)]
mod tests;
