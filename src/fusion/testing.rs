//! A sector and sensors for the tests of this folder.

use super::existence::Existence;
use super::filter::Gaussian;
use super::history::State;
use super::live::Track;
use super::motion::Imm;
use super::track::TrackId;
use crate::geo::{Geodetic, LocalFrame};
use crate::sensor::{Format, SensorId, SensorIndex, SensorKind, SensorModel};
use crate::time::Timestamp;

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
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: id.into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

/// A track that one 10 m position began a thousand seconds after the epoch.
pub(super) fn track_at(id: u64, place: [f64; 2]) -> Track {
    let start = Gaussian {
        x: [place[0], place[1], 0.0, 0.0],
        pp: [100.0, 0.0, 100.0],
        pv: [0.0; 4],
        vv: [25.0, 0.0, 25.0],
    };
    let time = Timestamp::from_secs(1_000);
    let existence = Existence::new(0.5, SensorIndex(0), time);
    Track::new(TrackId(id), State { time, imm: Imm::new(start), height: None, existence }, 1.0)
}
