//! The sensors: what each kind must say, and what it may leave to a default.

use super::{near_origin, refuse_repeated};
use crate::config::check::geometry;
use crate::config::error::{Report, join};
use crate::config::raw::Sensor;
use crate::config::raw::leaf::Word;
use crate::geo::Geodetic;
use crate::sensor::{BIAS_SIGMAS, Format, MAX_DETECTIONS, Mask, SensorId, SensorKind, SensorModel};

/// Each sensor of the file, those refused left out.
pub(super) fn sensors(raw: &[Sensor], origin: Option<Geodetic>, report: &mut Report) -> Vec<SensorModel> {
    if raw.is_empty() {
        report.refuse("sensors", "at least one [[sensors]]");
    }
    refuse_repeated(raw.iter().map(|sensor| sensor.id.as_ref()), "sensors", report);
    let mut models = Vec::new();
    for (index, sensor) in raw.iter().enumerate() {
        let one = One { raw: sensor, at: format!("sensors[{index}]"), report };
        models.extend(one.model(origin));
    }
    models
}

/// One sensor under inspection.
struct One<'a> {
    raw: &'a Sensor,
    at: String,
    report: &'a mut Report,
}

impl One<'_> {
    fn model(mut self, origin: Option<Geodetic>) -> Option<SensorModel> {
        let raw = self.raw;
        let kind = raw.kind?.0;
        let format = raw.format.map_or(Format::Json, |Word(format)| format);
        let mobile = raw.mobile.unwrap_or(false);
        let position = self.position(mobile, origin);
        let max_range_m = self.max_range_m(kind);
        let measuring = kind.counts_misses();
        let detection_probability =
            self.measured(raw.detection_probability.map(|p| p.0), 0.9, measuring, "detection_probability");
        let period_s = self.measured(raw.period_s.map(|period| period.0), 10.0, measuring, "period_s");
        self.source_identity(format);
        self.errors_given(kind, format);
        let masks = self.masks(origin);
        let id = SensorId::new(&raw.id.as_ref()?.0)?;
        Some(SensorModel {
            kind,
            format,
            position,
            heading_rad: raw.heading_deg.map_or(0.0, |heading| heading.0.to_radians()),
            field_of_view_rad: raw.field_of_view_deg.map_or(360.0, |width| width.0).to_radians(),
            max_range_m: max_range_m?,
            range_sigma_m: raw.range_sigma_m.map(|sigma| sigma.0),
            azimuth_sigma_rad: raw.azimuth_sigma_deg.map(|sigma| sigma.0.to_radians()),
            position_sigma_m: raw.position_sigma_m.map(|sigma| sigma.0),
            detection_probability: detection_probability?,
            false_alarms_per_scan: raw
                .false_alarms_per_scan
                .map_or(if measuring { 1.0 } else { 0.01 }, |count| count.0),
            period_s: period_s?,
            mobile,
            trust_group: raw.trust_group.as_ref().map_or(id.as_str(), |group| &group.0).into(),
            sac_sic: raw.sac_sic.map(|identity| identity.0),
            max_detections: raw.max_detections.map_or(MAX_DETECTIONS, |most| most.0),
            bias_sigmas: raw.bias_sigmas.map_or(BIAS_SIGMAS, |sigmas| sigmas.0),
            masks,
            id,
        })
    }

    fn position(&mut self, mobile: bool, origin: Option<Geodetic>) -> Option<Geodetic> {
        let at = join(&self.at, "position");
        let Some(position) = self.raw.position else {
            if !mobile {
                self.report
                    .refuse(&at, "[latitude, longitude], or `mobile = true` if each scan carries its pose");
            }
            return None;
        };
        let position = Geodetic {
            altitude_m: self.raw.altitude_m.map_or(0.0, |altitude| altitude.0),
            ..position.on_the_ground()
        };
        near_origin(position, origin, &at, self.report);
        Some(position)
    }

    fn max_range_m(&mut self, kind: SensorKind) -> Option<f64> {
        let default_m = match kind {
            SensorKind::Radar | SensorKind::Lidar => None,
            SensorKind::Camera => Some(5_000.0),
            SensorKind::Transponder => Some(100_000.0),
            SensorKind::Satellite => Some(1_000_000.0),
        };
        let max_range_m = self.raw.max_range_m.map(|range| range.0).or(default_m);
        if max_range_m.is_none() {
            let expected = format!("its reach in metres: a {} has no default", kind.as_str());
            self.report.refuse(&join(&self.at, "max_range_m"), expected);
        }
        max_range_m
    }

    /// What a sensor whose misses count must say, since a silent default would decide what is believed.
    fn measured(&mut self, given: Option<f64>, default: f64, measuring: bool, key: &str) -> Option<f64> {
        if given.is_none() && measuring {
            let kind = self.raw.kind.map_or("measuring sensor", |Word(kind)| kind.as_str());
            self.report
                .refuse(&join(&self.at, key), format!("a number: a {kind}'s misses cannot count without it"));
            return None;
        }
        given.or(Some(default))
    }

    fn source_identity(&mut self, format: Format) {
        if self.raw.sac_sic.is_some() && format != Format::Asterix {
            self.report.refuse(
                &join(&self.at, "sac_sic"),
                "no such key here: only `format = \"asterix\"` has sources",
            );
        }
    }

    /// Plots in these formats carry no errors of their own.
    fn errors_given(&mut self, kind: SensorKind, format: Format) {
        let polar = self.raw.range_sigma_m.is_some() && self.raw.azimuth_sigma_deg.is_some();
        if kind == SensorKind::Radar
            && matches!(format, Format::Asterix | Format::Nmea)
            && !polar
            && let Some(id) = &self.raw.id
        {
            self.report.remark(format!(
                "sensor {}: {} plots say nothing of their errors; without range_sigma_m and azimuth_sigma_deg each is refused",
                id.0,
                format.as_str()
            ));
        }
    }

    fn masks(&mut self, origin: Option<Geodetic>) -> Vec<Mask> {
        let mut masks = Vec::new();
        for (index, mask) in self.raw.masks.iter().flatten().enumerate() {
            let at = format!("{}.masks[{index}].polygon", self.at);
            let Some(corners) = &mask.polygon else { continue };
            let Some(polygon) = geometry::polygon(corners, &at, self.report) else { continue };
            near_origin(polygon[0], origin, &format!("{at}[0]"), self.report);
            let detection_probability = mask.detection_probability.map_or(0.0, |p| p.0);
            masks.push(Mask { polygon, detection_probability });
        }
        masks
    }
}
