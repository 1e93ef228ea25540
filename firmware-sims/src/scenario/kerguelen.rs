//! The built-in scenario: an invented line across Kerguelen, which nobody inhabits and nobody disputes.
//!
//! Local metres from where the line meets the north coast: sea north of it, land south. The line is walked from
//! north to south, so its left is the east. Start times are chosen so that the first minute shows something of
//! everything; who crosses when still follows from the routes alone.

use super::layout::Layout;
use super::{
    AgentSpec, AisSpec, BoxKind, BoxSpec, Class, GateSpec, LineSpec, RuleSpec, Scenario, Then, ZoneSpec,
};

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

/// Those whose way leads over the line, lawfully or not.
fn crossers(layout: &Layout) -> Vec<AgentSpec> {
    let person = Class::Person;
    let light = Class::LightVehicle;
    vec![
        layout.agent(
            "gate-car",
            light,
            8.0,
            -300.0,
            &[
                [1200.0, -950.0, 180.0],
                [400.0, -1150.0, -1.0],
                [-300.0, -1150.0, -1.0],
                [-1100.0, -1000.0, 180.0],
            ],
        ),
        layout.agent(
            "gate-walker",
            person,
            1.4,
            60.0,
            &[[380.0, -1060.0, 60.0], [200.0, -1150.0, -1.0], [-260.0, -1150.0, 200.0]],
        ),
        layout.agent(
            "walker-1",
            person,
            1.6,
            -321.0,
            &[[460.0, -1900.0, 0.0], [100.0, -2000.0, -1.0], [-420.0, -2030.0, 420.0]],
        ),
        layout.agent("walker-2", person, 1.4, 0.0, &[[-330.0, -3950.0, 20.0], [450.0, -4050.0, 700.0]]),
        layout.agent("walker-3", person, 1.3, 120.0, &[[620.0, -4900.0, 60.0], [-150.0, -5050.0, 600.0]]),
        layout.agent(
            "pick-up",
            light,
            11.0,
            300.0,
            &[[1700.0, -6400.0, 200.0], [300.0, -6300.0, -1.0], [-1600.0, -6500.0, 900.0]],
        ),
    ]
}

/// Seven lorries that gather in the assembly area, stay a while, and leave.
fn column(layout: &Layout) -> Vec<AgentSpec> {
    (0..7u32)
        .map(|k| {
            let back = f64::from(k) * 50.0;
            layout.agent(
                &format!("lorry-{}", k + 1),
                Class::HeavyVehicle,
                9.0,
                -186.0,
                &[
                    [-1830.0 - 0.5 * back, -4680.0 - 0.86 * back, 0.0],
                    [-1790.0 - 0.5 * back, -4640.0 - 0.86 * back, -1.0],
                    [-1000.0, -3550.0, -1.0],
                    [-860.0, -3340.0, -1.0],
                    [-860.0, -3250.0, -1.0],
                    [-1080.0 + 75.0 * f64::from(k), -2960.0, 260.0],
                ],
            )
        })
        .collect()
}

fn ship(layout: &Layout, id: &str, speed_mps: f64, points: &[[f64; 3]], ais: Option<AisSpec>) -> AgentSpec {
    let then = Then::Loop;
    AgentSpec { then, ais, ..layout.agent(id, Class::Vessel, speed_mps, 0.0, points) }
}

fn station(mmsi: u32, name: &str, callsign: &str, ship_type: u8, class_b: bool) -> AisSpec {
    let dimensions_m = if class_b { [8, 6, 2, 2] } else { [70, 20, 8, 8] };
    AisSpec { mmsi, name: name.into(), callsign: callsign.into(), ship_type, class_b, dimensions_m }
}

fn ships(layout: &Layout) -> Vec<AgentSpec> {
    let round = |e: f64, n: f64, de: f64, dn: f64| {
        vec![
            [e + de, n, 60.0],
            [e + de, n - dn, -1.0],
            [e - de, n - dn, -1.0],
            [e - de, n + dn, -1.0],
            [e + de, n + dn, -1.0],
        ]
    };
    let starting = |start_s: f64, ship: AgentSpec| AgentSpec { start_s, ..ship };
    vec![
        starting(
            -466.0,
            ship(
                layout,
                "coaster",
                8.0,
                &round(0.0, 3500.0, 2500.0, 1100.0),
                Some(station(635_000_101, "EXERCISE ALFA", "FXALF", 70, false)),
            ),
        ),
        starting(
            -300.0,
            ship(
                layout,
                "trawler",
                4.5,
                &round(-3400.0, 2200.0, 1500.0, 700.0),
                Some(station(635_000_202, "EXERCISE BRAVO", "FXBRA", 30, true)),
            ),
        ),
        starting(
            -500.0,
            ship(
                layout,
                "supply",
                6.0,
                &round(4600.0, 4200.0, 1500.0, 900.0),
                Some(station(635_000_303, "EXERCISE CHARLIE", "FXCHA", 79, false)),
            ),
        ),
        starting(-200.0, ship(layout, "dark-boat", 5.0, &round(2400.0, 1400.0, 800.0, 450.0), None)),
    ]
}

/// Life on both sides that never comes near the line.
fn background(layout: &Layout) -> Vec<AgentSpec> {
    use Class::{Aircraft, Animal, Drone, HeavyVehicle, LightVehicle, Person};
    let on = |id: &str, class, speed: f64, start: f64, points: &[[f64; 3]]| {
        layout.agent(id, class, speed, start, points)
    };
    let circling = |altitude_m: f64, agent: AgentSpec| AgentSpec { altitude_m, then: Then::Loop, ..agent };
    vec![
        on(
            "east-car-1",
            LightVehicle,
            13.0,
            -60.0,
            &[[900.0, -1500.0, 20.0], [1500.0, -3500.0, -1.0], [1250.0, -6000.0, 30.0]],
        ),
        on(
            "east-car-2",
            LightVehicle,
            10.0,
            -90.0,
            &[[1400.0, -1000.0, 40.0], [2600.0, -1900.0, -1.0], [4200.0, -1700.0, 60.0]],
        ),
        on(
            "east-lorry",
            HeavyVehicle,
            9.0,
            -30.0,
            &[[3800.0, -3000.0, 60.0], [2200.0, -3600.0, -1.0], [1900.0, -5600.0, 90.0]],
        ),
        on(
            "west-car-1",
            LightVehicle,
            12.0,
            -100.0,
            &[[-1500.0, -900.0, 20.0], [-1900.0, -2300.0, -1.0], [-2900.0, -4200.0, 30.0]],
        ),
        on(
            "west-car-2",
            LightVehicle,
            9.0,
            -20.0,
            &[[-3600.0, -1600.0, 40.0], [-2300.0, -1300.0, -1.0], [-1400.0, -1700.0, 60.0]],
        ),
        on(
            "west-lorry",
            HeavyVehicle,
            8.0,
            -150.0,
            &[[-2600.0, -6200.0, 60.0], [-3300.0, -4800.0, -1.0], [-4600.0, -4400.0, 90.0]],
        ),
        on("east-patrol-1", Person, 1.3, -50.0, &[[520.0, -1700.0, 15.0], [430.0, -2600.0, 15.0]]),
        on("east-patrol-2", Person, 1.2, -10.0, &[[900.0, -3300.0, 30.0], [850.0, -4300.0, 30.0]]),
        on("west-patrol-1", Person, 1.3, -80.0, &[[-520.0, -1500.0, 15.0], [-620.0, -2500.0, 15.0]]),
        on("west-patrol-2", Person, 1.2, -30.0, &[[-700.0, -4000.0, 30.0], [-560.0, -5000.0, 30.0]]),
        circling(
            0.0,
            on(
                "reindeer-1",
                Animal,
                0.9,
                -200.0,
                &[[700.0, -2900.0, 40.0], [900.0, -3050.0, -1.0], [760.0, -3200.0, 60.0]],
            ),
        ),
        circling(
            0.0,
            on(
                "reindeer-2",
                Animal,
                0.8,
                -90.0,
                &[[-1500.0, -2100.0, 50.0], [-1650.0, -2000.0, -1.0], [-1600.0, -1850.0, 30.0]],
            ),
        ),
        circling(
            400.0,
            on(
                "aeroplane",
                Aircraft,
                60.0,
                -100.0,
                &[
                    [4000.0, -800.0, -1.0],
                    [4000.0, -5500.0, -1.0],
                    [7500.0, -5500.0, -1.0],
                    [7500.0, 1500.0, -1.0],
                    [4000.0, 1500.0, -1.0],
                ],
            ),
        ),
        circling(
            90.0,
            on(
                "drone",
                Drone,
                12.0,
                -40.0,
                &[[-2000.0, -3000.0, 20.0], [-3200.0, -2800.0, -1.0], [-3000.0, -1900.0, -1.0]],
            ),
        ),
    ]
}

fn boxes(layout: &Layout) -> Vec<BoxSpec> {
    use Class::{Animal, Drone, HeavyVehicle, LightVehicle, Person, TrackedVehicle, Vessel};
    let on_land = [Person, Animal, LightVehicle, HeavyVehicle, TrackedVehicle];
    let plain = BoxSpec {
        id: String::new(),
        kind: BoxKind::Radar,
        position: layout.at(0.0, 0.0),
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
        delay_s: 0.0,
        sees: Vec::new(),
        bearings_only: false,
        trust_group: None,
        sac_sic: None,
        faults: Vec::new(),
    };
    let camera = |id: &str, at: [f64; 2], heading_deg: f64, field_of_view_deg: f64, period_s: f64| BoxSpec {
        id: id.into(),
        kind: BoxKind::Camera,
        position: layout.at(at[0], at[1]),
        altitude_m: 8.0,
        heading_deg,
        field_of_view_deg,
        max_range_m: 1_500.0,
        azimuth_sigma_deg: 0.2,
        range_sigma_m: 4.0,
        detection_probability: 0.93,
        false_alarms_per_scan: 0.02,
        period_s,
        sees: on_land.to_vec(),
        ..plain.clone()
    };
    vec![
        BoxSpec {
            id: "r1".into(),
            position: layout.at(800.0, -400.0),
            altitude_m: 60.0,
            false_alarms_per_scan: 8.0,
            sac_sic: Some([25, 1]),
            trust_group: Some("mast-1".into()),
            ..plain.clone()
        },
        BoxSpec {
            id: "r2".into(),
            kind: BoxKind::RadarTracker,
            position: layout.at(-300.0, -60.0),
            altitude_m: 25.0,
            field_of_view_deg: 180.0,
            range_sigma_m: 20.0,
            azimuth_sigma_deg: 0.5,
            position_sigma_m: 60.0,
            period_s: 3.0,
            sees: vec![Vessel],
            ..plain.clone()
        },
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
        BoxSpec {
            id: "s1".into(),
            kind: BoxKind::Satellite,
            altitude_m: 600_000.0,
            max_range_m: 700_000.0,
            position_sigma_m: 60.0,
            period_s: 25.0,
            delay_s: 20.0,
            sees: vec![LightVehicle, HeavyVehicle, TrackedVehicle, Vessel],
            ..plain.clone()
        },
        BoxSpec {
            id: "a1".into(),
            kind: BoxKind::AisReceiver,
            position: layout.at(300.0, -80.0),
            altitude_m: 30.0,
            max_range_m: 40_000.0,
            position_sigma_m: 10.0,
            detection_probability: 0.95,
            period_s: 6.0,
            sees: vec![Vessel],
            ..plain.clone()
        },
        BoxSpec {
            id: "f1".into(),
            kind: BoxKind::FieldNode,
            position: layout.at(-120.0, -2090.0),
            max_range_m: 350.0,
            range_sigma_m: 6.0,
            azimuth_sigma_deg: 2.5,
            detection_probability: 0.85,
            false_alarms_per_scan: 0.02,
            period_s: 1.0,
            sees: [&on_land[..], &[Drone]].concat(),
            trust_group: Some("post-1".into()),
            ..plain
        },
    ]
}
