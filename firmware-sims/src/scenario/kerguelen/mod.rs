//! The built-in scenario: an invented line across Kerguelen, which nobody inhabits and nobody disputes.
//!
//! Local metres from where the line meets the north coast: sea north of it, land south. The line is walked from
//! north to south, so its left is the east. Start times are chosen so that the first minute shows something of
//! everything; who crosses when still follows from the routes alone.

mod agents;
mod boxes;

use super::layout::Layout;
use super::{Class, GateSpec, LineSpec, RuleSpec, Scenario, ZoneSpec};
use agents::{background, column, crossers, ships};
use boxes::boxes;

/// The demo's scenario.
#[must_use]
pub fn kerguelen() -> Scenario {
    let origin = [-49.0, 69.6];
    let layout = Layout::new(origin);
    let mut agents = crossers(&layout);
    agents.extend(column(&layout));
    agents.extend(ships(&layout));
    agents.extend(background(&layout));
    Scenario {
        name: "EXERCISE Kerguelen".into(),
        seed: 49_069,
        sector: "kerguelen-1".into(),
        origin,
        begins_s: None,
        metres: false,
        duration_s: 600.0,
        line: LineSpec {
            id: "line".into(),
            left: "East".into(),
            right: "West".into(),
            coordinates: layout.all(&line_m()),
        },
        gates: vec![GateSpec {
            id: "north-gate".into(),
            center: layout.at(90.0, -1150.0),
            radius_m: 150.0,
            classes: vec![Class::Person, Class::LightVehicle],
            direction: "any".into(),
        }],
        zones: vec![ZoneSpec {
            id: "assembly".into(),
            polygon: layout.all(&[
                [-1150.0, -2850.0],
                [-550.0, -2850.0],
                [-550.0, -3300.0],
                [-1150.0, -3300.0],
            ]),
        }],
        rules: rules(),
        agents,
        populations: Vec::new(),
        boxes: boxes(&layout),
    }
}

/// From 6 km offshore in the north to 1 km offshore in the south.
fn line_m() -> Vec<[f64; 2]> {
    let mut vertices = vec![
        [300.0, 6000.0],
        [150.0, 3500.0],
        [-50.0, 1500.0],
        [0.0, 0.0],
        [120.0, -800.0],
        [60.0, -1500.0],
        [-150.0, -2300.0],
        [-100.0, -3200.0],
        [200.0, -4200.0],
        [350.0, -5500.0],
    ];
    vertices.extend((0..37).map(|k| {
        let k = f64::from(k);
        [1200.0 * (0.45 * k).sin() + 300.0 * (1.7 * k).cos() - 40.0 * k, -7000.0 - 1900.0 * k]
    }));
    vertices
}

fn rules() -> Vec<RuleSpec> {
    vec![
        RuleSpec {
            id: "line-crossing".into(),
            kind: "crossing".into(),
            line: Some("line".into()),
            zone: None,
            classes: Vec::new(),
            limit: None,
            clause: "Art. 2(1): nobody crosses the line except through a gate".into(),
        },
        RuleSpec {
            id: "assembly-ceiling".into(),
            kind: "ceiling".into(),
            line: None,
            zone: Some("assembly".into()),
            classes: vec![Class::HeavyVehicle],
            limit: Some(3),
            clause: "Art. 4(2): at most three heavy vehicles stand in the assembly area".into(),
        },
    ]
}
