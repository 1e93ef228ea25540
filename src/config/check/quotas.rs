//! How much each sensor may say, and what its frames are worth when not all can be taken.

use crate::config::error::{Report, join};
use crate::config::raw::leaf::Word;
use crate::config::raw::{Installation, Sensor};
use crate::geo::{Geodetic, LocalFrame};
use crate::sensor::{Format, SensorId, SensorKind, SensorModel};
use crate::sources::quota::{Quota, Worth};
use crate::watch::agreement::Agreement;

/// So many others, of as many trust groups, must see what a sensor sees for it to be redundant.
const OTHERS: usize = 2;
/// Directions and distances at which a sensor's ground is sampled.
const BEARINGS: u32 = 12;
const RINGS: [f64; 3] = [0.3, 0.65, 0.95];

/// The quota of every sensor with an id; their worth by what `sensors` see and where the agreement's lines are.
pub(super) fn quotas(
    raw: &Installation,
    sensors: &[SensorModel],
    agreement: &Agreement,
    report: &mut Report,
) -> Vec<Quota> {
    let link_bytes = raw.mqtt.as_ref().and_then(|mqtt| mqtt.max_payload_bytes);
    let link_bytes = link_bytes.map_or(super::mqtt::MAX_PAYLOAD_BYTES, |bytes| bytes.0);
    let mut quotas = Vec::new();
    for (index, sensor) in raw.sensors.iter().flatten().enumerate() {
        let max_payload_bytes = sensor.max_payload_bytes.map_or(link_bytes, |bytes| bytes.0);
        if max_payload_bytes > link_bytes {
            let at = join(&format!("sensors[{index}]"), "max_payload_bytes");
            report.refuse(&at, format!("no more than max_payload_bytes of [mqtt], {link_bytes}"));
        }
        let Some(id) = sensor.id.as_ref().and_then(|id| SensorId::new(&id.0)) else { continue };
        let model = sensors.iter().find(|model| model.id == id);
        let worth = model.map_or(Worth::default(), |model| worth(model, sensors, agreement));
        quotas.push(Quota { sensor: id, per_s: per_s(sensor), max_payload_bytes, worth });
    }
    quotas
}

fn per_s(raw: &Sensor) -> f64 {
    let default = match raw.format.map_or(Format::Json, |Word(format)| format) {
        Format::Json | Format::Frame => 200.0,
        Format::Asterix | Format::Nmea => 2_000.0,
    };
    raw.max_frames_per_s.map_or(default, |rate| rate.0)
}

/// What a sensor's frames are worth. What moves, or reports from afar, is neither redundant nor near a line.
fn worth(sensor: &SensorModel, all: &[SensorModel], agreement: &Agreement) -> Worth {
    let Some(place) = standing(sensor) else { return Worth::Ordinary };
    if is_redundant(sensor, place, all) {
        return Worth::Redundant;
    }
    let frame = LocalFrame::new(place);
    let reaches = |vertices: &[Geodetic]| {
        vertices.windows(2).any(|leg| {
            let [from, to] = [leg[0], leg[1]].map(|end| frame.to_enu(end)).map(|e| [e.east_m, e.north_m]);
            distance_m(from, to) <= sensor.max_range_m
        })
    };
    let is_near = agreement.lines.iter().any(|line| reaches(&line.vertices));
    if is_near { Worth::NearLine } else { Worth::Ordinary }
}

fn standing(sensor: &SensorModel) -> Option<Geodetic> {
    let looks = matches!(sensor.kind, SensorKind::Radar | SensorKind::Camera | SensorKind::Lidar);
    sensor.position.filter(|_| looks && !sensor.mobile)
}

/// Whether enough others see every sampled place that this sensor sees.
fn is_redundant(sensor: &SensorModel, place: Geodetic, all: &[SensorModel]) -> bool {
    let frame = LocalFrame::new(place);
    let mut places = 0;
    for bearing in 0..BEARINGS {
        let azimuth = std::f64::consts::TAU * f64::from(bearing) / f64::from(BEARINGS);
        for ring in RINGS {
            let (sin, cos) = libm::sincos(azimuth);
            let range_m = ring * sensor.max_range_m;
            let at = frame.plane_to_geodetic(range_m * sin, range_m * cos, place.altitude_m);
            if !sees(sensor, at) {
                continue;
            }
            places += 1;
            let others =
                all.iter().filter(|other| other.trust_group != sensor.trust_group && sees(other, at));
            let mut groups: Vec<&str> = others.map(|other| &*other.trust_group).collect();
            groups.sort_unstable();
            groups.dedup();
            if groups.len() < OTHERS {
                return false;
            }
        }
    }
    places > 0
}

/// Whether a place is in a standing sensor's reach and field of view.
fn sees(sensor: &SensorModel, at: Geodetic) -> bool {
    let Some(place) = standing(sensor) else { return false };
    let to = LocalFrame::new(place).to_enu(at);
    let off = libm::remainder(libm::atan2(to.east_m, to.north_m) - sensor.heading_rad, std::f64::consts::TAU);
    to.ground_distance_m() <= sensor.max_range_m && off.abs() <= sensor.field_of_view_rad / 2.0
}

/// From the origin to the nearest point between two points.
fn distance_m(from: [f64; 2], to: [f64; 2]) -> f64 {
    let leg = [to[0] - from[0], to[1] - from[1]];
    let length2 = leg[0] * leg[0] + leg[1] * leg[1];
    let along = if length2 > 0.0 { -(from[0] * leg[0] + from[1] * leg[1]) / length2 } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    libm::hypot(from[0] + along * leg[0], from[1] + along * leg[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::MAX_DETECTIONS;
    use crate::watch::agreement::Line;

    const HERE: [f64; 2] = [35.0, 33.0];

    /// A radar of a trust group of its own, so many metres north of here.
    fn radar(id: &str, north_m: f64, max_range_m: f64) -> SensorModel {
        SensorModel {
            id: SensorId::new(id).unwrap(),
            kind: SensorKind::Radar,
            format: Format::Json,
            position: Some(place(north_m, 0.0)),
            heading_rad: 0.0,
            field_of_view_rad: std::f64::consts::TAU,
            max_range_m,
            range_sigma_m: None,
            azimuth_sigma_rad: None,
            position_sigma_m: None,
            detection_probability: 0.9,
            false_alarms_per_scan: 1.0,
            max_detections: MAX_DETECTIONS,
            bias_sigmas: 3.0,
            period_s: 1.0,
            mobile: false,
            trust_group: id.into(),
            sac_sic: None,
            masks: Vec::new(),
        }
    }

    fn place(north_m: f64, east_m: f64) -> Geodetic {
        let [lat, lon] = HERE;
        LocalFrame::new(Geodetic::from_degrees(lat, lon, 0.0)).plane_to_geodetic(east_m, north_m, 0.0)
    }

    fn agreement(north_m: f64) -> Agreement {
        let vertices = vec![place(north_m, -50_000.0), place(north_m, 50_000.0)];
        let line = Line { id: "l".into(), left: "n".into(), right: "s".into(), vertices };
        Agreement { lines: vec![line], ..Agreement::default() }
    }

    #[test]
    fn near_a_line_is_within_reach_of_it_between_its_vertices_too() {
        let alone = radar("r1", 0.0, 10_000.0);
        let of = |north_m| worth(&alone, std::slice::from_ref(&alone), &agreement(north_m));
        assert_eq!((of(9_000.0), of(11_000.0)), (Worth::NearLine, Worth::Ordinary));
    }

    #[test]
    fn redundant_is_what_two_of_other_trust_groups_see_all_of() {
        let small = radar("small", 0.0, 2_000.0);
        let [mut second, third] = [radar("b", 500.0, 9_000.0), radar("c", -500.0, 9_000.0)];
        let of = |all: &[SensorModel]| worth(&small, all, &agreement(0.0));
        assert_eq!(of(&[small.clone(), second.clone(), third.clone()]), Worth::Redundant);
        second.trust_group = "c".into();
        assert_eq!(
            of(&[small.clone(), second.clone(), third.clone()]),
            Worth::NearLine,
            "they fail together"
        );
        second.trust_group = "b".into();
        second.field_of_view_rad = 1.0;
        assert_eq!(of(&[small.clone(), second, third]), Worth::NearLine, "it sees only a part");
    }
}
