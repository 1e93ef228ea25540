//! Lines, zones, bands and gates.

use super::{Lists, id, text};
use crate::config::check::{geometry, near_origin};
use crate::config::error::{Report, join};
use crate::config::raw::agreement as raw;
use crate::config::raw::leaf::Word;
use crate::config::raw::number::AltitudeM;
use crate::geo::Geodetic;
use crate::watch::agreement::{Band, Direction, Flank, Gate, Line, Zone};

impl Lists<'_> {
    pub(super) fn lines(&self, origin: Option<Geodetic>, report: &mut Report) -> Vec<Option<Line>> {
        let one = |(index, line): (usize, &raw::Line)| {
            let at = format!("lines[{index}]");
            let (from_file, at_vertices) = match (&line.coordinates, &line.geojson) {
                (_, Some(_)) => (true, join(&at, "geojson")),
                (_, None) => (false, join(&at, "coordinates")),
            };
            for (key, party) in [("left", &line.left), ("right", &line.right)] {
                if let (Some(_), Some(party)) = (&self.raw.parties, party) {
                    self.party(party, &join(&at, key), report);
                }
            }
            let vertices = geometry::line(line.coordinates.as_ref()?, &at_vertices, report)?;
            let at_first = if from_file { at_vertices } else { format!("{at_vertices}[0]") };
            near_origin(vertices[0], origin, &at_first, report);
            Some(Line {
                id: id(line.id.as_ref()?),
                left: text(line.left.as_ref()?),
                right: text(line.right.as_ref()?),
                vertices,
            })
        };
        self.lines.iter().enumerate().map(one).collect()
    }

    pub(super) fn zones(&self, origin: Option<Geodetic>, report: &mut Report) -> Vec<Option<Zone>> {
        let one = |(index, zone): (usize, &raw::Zone)| {
            let at = format!("zones[{index}]");
            let (floor_m, ceiling_m) = heights(zone.floor_m, zone.ceiling_m, &at, report);
            let at_polygon = join(&at, "polygon");
            let polygon = geometry::polygon(zone.polygon.as_ref()?, &at_polygon, report)?;
            near_origin(polygon[0], origin, &format!("{at_polygon}[0]"), report);
            Some(Zone { id: id(zone.id.as_ref()?), polygon, band: None, floor_m, ceiling_m })
        };
        self.raw.zones.iter().flatten().enumerate().map(one).collect()
    }

    /// Bands, which stand among the zones.
    pub(super) fn bands(&self, report: &mut Report) -> Vec<Option<Zone>> {
        let bands = self.raw.bands.iter().flatten().enumerate();
        bands.map(|(index, band)| self.band(band, index, report)).collect()
    }

    fn band(&self, band: &raw::Band, index: usize, report: &mut Report) -> Option<Zone> {
        let (at, own) = (format!("bands[{index}]"), band.id.as_ref());
        let (floor_m, ceiling_m) = heights(band.floor_m, band.ceiling_m, &at, report);
        if self.raw.zones.iter().flatten().any(|zone| own.is_some() && zone.id.as_ref() == own) {
            report.refuse(&join(&at, "id"), "an id no zone has: rules name both as their zone");
        }
        let (from_m, to_m) = (band.from_m.map_or(0.0, |from| from.0), band.to_m.map(|to| to.0));
        if to_m.is_some_and(|to_m| to_m <= from_m) {
            report.refuse(&join(&at, "to_m"), format!("a distance above from_m, {from_m}"));
        }
        let line = self.line(band.line.as_ref()?, &join(&at, "line"), report)?;
        let (side, of) = (band.side.as_ref()?, &self.lines[line]);
        let (left, right) = (of.left.as_ref()?, of.right.as_ref()?);
        let flank = match (side == left, side == right) {
            (true, false) => Flank::Left,
            (false, true) => Flank::Right,
            _ => {
                let expected =
                    format!("the party on one side of the line: \"{}\" or \"{}\"", left.0, right.0);
                report.refuse(&join(&at, "side"), expected);
                return None;
            }
        };
        let band = Band { line, flank, from_m, to_m: to_m? };
        Some(Zone { id: id(own?), polygon: Vec::new(), band: Some(band), floor_m, ceiling_m })
    }

    pub(super) fn gate(
        &self,
        gate: &raw::Gate,
        index: usize,
        lines: &[Option<Line>],
        report: &mut Report,
    ) -> Option<Gate> {
        let at = format!("gates[{index}]");
        let schedule = gate.schedule.as_ref();
        let schedule =
            schedule.map(|written| super::terms::schedule(written, &join(&at, "schedule"), report));
        let who = self.named(gate.classes.as_deref(), &join(&at, "classes"), report);
        let line = self.line(gate.line.as_ref()?, &join(&at, "line"), report)?;
        let center = gate.center?.on_the_ground();
        let radius_m = gate.radius_m?.0;
        let vertices = &lines.get(line)?.as_ref()?.vertices;
        let distance_m = geometry::distance_to_line_m(center, vertices);
        if distance_m > radius_m {
            let expected =
                format!("a place within radius_m, {radius_m} m, of its line, not {distance_m:.0} m away");
            report.refuse(&join(&at, "center"), expected);
        }
        let who = who?;
        Some(Gate {
            id: id(gate.id.as_ref()?),
            line,
            center,
            radius_m,
            classes: who.classes,
            nodes: who.nodes,
            direction: gate.direction.map_or(Direction::Any, |Word(direction)| direction),
            schedule: schedule.map_or(Some(None), |read| read.map(Some))?,
            max_per_hour: gate.max_per_hour.map(|most| most.0),
        })
    }
}

/// Floor and ceiling, the one below the other.
fn heights(
    floor: Option<AltitudeM>,
    ceiling: Option<AltitudeM>,
    at: &str,
    report: &mut Report,
) -> (Option<f64>, Option<f64>) {
    let (floor_m, ceiling_m) = (floor.map(|floor| floor.0), ceiling.map(|ceiling| ceiling.0));
    if let (Some(floor_m), Some(ceiling_m)) = (floor_m, ceiling_m)
        && floor_m >= ceiling_m
    {
        report.refuse(&join(at, "ceiling_m"), format!("a height above floor_m, {floor_m}"));
    }
    (floor_m, ceiling_m)
}
