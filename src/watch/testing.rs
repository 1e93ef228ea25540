//! Tracks, sensors and an agreement made by hand, for the tests of this folder.

use std::sync::Arc;

use crate::fusion::track::UNKNOWN_CLASS;
use crate::fusion::{Estimate, Status, TrackId, TrackView};
use crate::geo::{Geodetic, LocalFrame};
use crate::scan::Class;
use crate::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use crate::time::{Span, Timestamp};
use crate::watch::agreement::{Agreement, Direction, Gate, Line, Rule, RuleKind, Terms, Zone};

pub(super) fn frame() -> LocalFrame {
    LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0))
}

pub(super) fn geodetic(east_m: f64, north_m: f64) -> Geodetic {
    frame().plane_to_geodetic(east_m, north_m, 0.0)
}

pub(super) fn sensor(name: &str, group: &str, position_sigma_m: f64) -> SensorModel {
    SensorModel {
        id: SensorId::new(name).unwrap(),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(geodetic(0.0, -5000.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: None,
        azimuth_sigma_rad: None,
        position_sigma_m: Some(position_sigma_m),
        detection_probability: 0.9,
        false_alarms_per_scan: 20.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: group.into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

pub(super) fn fed_by(sensors: &[u16], at: Timestamp) -> Vec<(SensorIndex, Timestamp)> {
    sensors.iter().map(|&index| (SensorIndex(index), at)).collect()
}

/// A confirmed track of unknown class at `time_s`, with round position and velocity errors.
pub(super) fn view(
    id: u64,
    time_s: f64,
    mean: [f64; 4],
    sigma_m: f64,
    sensors: &[(SensorIndex, Timestamp)],
) -> TrackView<'_> {
    let time = Timestamp::from_nanos(0).plus(Span::from_secs_f64(time_s));
    let mut covariance = [[0.0; 4]; 4];
    for (axis, variance) in [sigma_m * sigma_m, sigma_m * sigma_m, 1.0, 1.0].into_iter().enumerate() {
        covariance[axis][axis] = variance;
    }
    TrackView {
        id: TrackId(id),
        status: Status::Confirmed,
        existence: 0.999,
        estimate: Estimate { time, mean, covariance },
        modes: [1.0, 0.0, 0.0],
        altitude_m: None,
        class: UNKNOWN_CLASS,
        identity: None,
        sensors,
        born: Timestamp::from_secs(0),
        updated: time,
    }
}

/// A line along the east axis from -10 to 10 km (left is north), a 1 km zone centred 3 km north of the origin, and a
/// gate of 100 m for vehicles, both ways, at 2 km east.
pub(super) fn agreement(rules: Vec<Rule>) -> Agreement {
    let corner = |east, north| geodetic(east, north);
    Agreement {
        name: "test".to_owned(),
        version: "1".to_owned(),
        hash: "00".to_owned(),
        lines: vec![Line {
            id: "border".into(),
            left: "north".into(),
            right: "south".into(),
            vertices: vec![corner(-10_000.0, 0.0), corner(0.0, 0.0), corner(10_000.0, 0.0)],
        }],
        zones: vec![Zone {
            id: "camp".into(),
            polygon: vec![
                corner(-500.0, 2500.0),
                corner(500.0, 2500.0),
                corner(500.0, 3500.0),
                corner(-500.0, 3500.0),
            ],
            ..Zone::default()
        }],
        gates: vec![Gate {
            id: "gate".into(),
            line: 0,
            center: corner(2000.0, 0.0),
            radius_m: 100.0,
            classes: Class::named("vehicle").to_vec(),
            ..Gate::default()
        }],
        rules,
        ..Agreement::default()
    }
}

pub(super) fn rule(id: &str, kind: RuleKind) -> Rule {
    Rule {
        id: Arc::from(id),
        clause: Some("Art. 2(1)".into()),
        classes: Vec::new(),
        kind,
        terms: Terms::default(),
    }
}

pub(super) fn crossing(direction: Direction) -> Rule {
    rule("no-crossing", RuleKind::Crossing { line: 0, direction })
}
