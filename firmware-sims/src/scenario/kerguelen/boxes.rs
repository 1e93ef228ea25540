//! The exercise's boxes: what stands where, and how well it sees.

use crate::scenario::layout::Layout;
use crate::scenario::{BoxKind, BoxSpec, Class};

const ON_LAND: [Class; 5] =
    [Class::Person, Class::Animal, Class::LightVehicle, Class::HeavyVehicle, Class::TrackedVehicle];

pub(super) fn boxes(layout: &Layout) -> Vec<BoxSpec> {
    [radars(layout), cameras(layout), others(layout)].concat()
}

/// A box at the middle of things, to be made into one of a kind.
fn plain(layout: &Layout, id: &str, kind: BoxKind, at: [f64; 2]) -> BoxSpec {
    BoxSpec {
        id: id.into(),
        kind,
        position: layout.at(at[0], at[1]),
        altitude_m: 0.0,
        heading_deg: 0.0,
        field_of_view_deg: 360.0,
        max_range_m: 12_000.0,
        range_sigma_m: 15.0,
        azimuth_sigma_deg: 0.3,
        position_sigma_m: 0.0,
        detection_probability: 0.9,
        false_alarms_per_scan: 0.0,
        period_s: 1.5,
        phase_s: 0.0,
        delay_s: 0.0,
        sees: Vec::new(),
        bearings_only: false,
        positions_only: false,
        echoes: [1, 1],
        masks: Vec::new(),
        trust_group: None,
        sac_sic: None,
        faults: Vec::new(),
    }
}

fn radars(layout: &Layout) -> Vec<BoxSpec> {
    vec![
        BoxSpec {
            altitude_m: 60.0,
            false_alarms_per_scan: 8.0,
            sac_sic: Some([25, 1]),
            trust_group: Some("mast-1".into()),
            ..plain(layout, "r1", BoxKind::Radar, [800.0, -400.0])
        },
        BoxSpec {
            altitude_m: 25.0,
            field_of_view_deg: 180.0,
            range_sigma_m: 20.0,
            azimuth_sigma_deg: 0.5,
            position_sigma_m: 60.0,
            period_s: 3.0,
            sees: vec![Class::Vessel],
            ..plain(layout, "r2", BoxKind::RadarTracker, [-300.0, -60.0])
        },
    ]
}

fn cameras(layout: &Layout) -> Vec<BoxSpec> {
    let camera = |id: &str, at: [f64; 2], heading_deg: f64, field_of_view_deg: f64, period_s: f64| BoxSpec {
        altitude_m: 8.0,
        heading_deg,
        field_of_view_deg,
        max_range_m: 1_500.0,
        azimuth_sigma_deg: 0.2,
        range_sigma_m: 4.0,
        detection_probability: 0.93,
        false_alarms_per_scan: 0.02,
        period_s,
        sees: ON_LAND.to_vec(),
        ..plain(layout, id, BoxKind::Camera, at)
    };
    vec![
        BoxSpec { trust_group: Some("post-1".into()), ..camera("c1", [200.0, -1850.0], 250.0, 90.0, 0.25) },
        BoxSpec {
            bearings_only: true,
            max_range_m: 1_000.0,
            ..camera("c2", [-260.0, -1720.0], 145.0, 70.0, 0.4)
        },
        camera("c3", [-480.0, -2700.0], 222.0, 90.0, 0.5),
        BoxSpec {
            faults: vec!["silence@35s..150s".into()],
            ..camera("c4", [260.0, -1000.0], 237.0, 90.0, 0.25)
        },
    ]
}

fn others(layout: &Layout) -> Vec<BoxSpec> {
    let vehicles = [Class::LightVehicle, Class::HeavyVehicle, Class::TrackedVehicle];
    vec![
        BoxSpec {
            altitude_m: 600_000.0,
            max_range_m: 700_000.0,
            position_sigma_m: 60.0,
            period_s: 25.0,
            delay_s: 20.0,
            sees: [&vehicles[..], &[Class::Vessel]].concat(),
            ..plain(layout, "s1", BoxKind::Satellite, [0.0, 0.0])
        },
        BoxSpec {
            altitude_m: 30.0,
            max_range_m: 40_000.0,
            position_sigma_m: 10.0,
            detection_probability: 0.95,
            period_s: 6.0,
            sees: vec![Class::Vessel],
            ..plain(layout, "a1", BoxKind::AisReceiver, [300.0, -80.0])
        },
        BoxSpec {
            max_range_m: 350.0,
            range_sigma_m: 6.0,
            azimuth_sigma_deg: 2.5,
            detection_probability: 0.85,
            false_alarms_per_scan: 0.02,
            period_s: 1.0,
            sees: [&ON_LAND[..], &[Class::Drone]].concat(),
            trust_group: Some("post-1".into()),
            ..plain(layout, "f1", BoxKind::FieldNode, [-120.0, -2090.0])
        },
    ]
}
