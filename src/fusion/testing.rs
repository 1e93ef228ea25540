//! A sector and sensors for the tests of this folder.

use crate::geo::{Geodetic, LocalFrame};
use crate::sensor::{Format, SensorId, SensorKind, SensorModel};

/// A sector at 35° N.
pub(super) fn sector() -> LocalFrame {
    LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0))
}

/// A radar at a place in the plane: 15 km, 15 m, 0.3°, one look a second, 90 %, 20 false alarms.
pub(super) fn radar(id: &str, east_m: f64, north_m: f64) -> SensorModel {
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(sector().plane_to_geodetic(east_m, north_m, 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.3_f64.to_radians()),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 20.0,
        period_s: 1.0,
        mobile: false,
        trust_group: id.into(),
        sac_sic: None,
        masks: Vec::new(),
    }
}
