//! Who moves in the exercise: local metres, `[east, north, pause]`, a negative pause passes through.

use crate::scenario::layout::Layout;
use crate::scenario::{AgentSpec, AisSpec, Class, Then};

/// Those whose way leads over the line, lawfully or not.
pub(super) fn crossers(layout: &Layout) -> Vec<AgentSpec> {
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
pub(super) fn column(layout: &Layout) -> Vec<AgentSpec> {
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
    AisSpec {
        mmsi,
        name: name.into(),
        callsign: callsign.into(),
        ship_type,
        class_b,
        off_from_s: None,
        dimensions_m,
    }
}

pub(super) fn ships(layout: &Layout) -> Vec<AgentSpec> {
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

/// One of those who never come near the line: id, class, speed, start, height, route.
type Mover = (&'static str, Class, f64, f64, f64, &'static [[f64; 3]]);

/// Life on both sides: back and forth on the ground, around in circles for whom `circling` names.
const BACKGROUND: &[Mover] = &[
    (
        "east-car-1",
        Class::LightVehicle,
        13.0,
        -60.0,
        0.0,
        &[[900.0, -1500.0, 20.0], [1500.0, -3500.0, -1.0], [1250.0, -6000.0, 30.0]],
    ),
    (
        "east-car-2",
        Class::LightVehicle,
        10.0,
        -90.0,
        0.0,
        &[[1400.0, -1000.0, 40.0], [2600.0, -1900.0, -1.0], [4200.0, -1700.0, 60.0]],
    ),
    (
        "east-lorry",
        Class::HeavyVehicle,
        9.0,
        -30.0,
        0.0,
        &[[3800.0, -3000.0, 60.0], [2200.0, -3600.0, -1.0], [1900.0, -5600.0, 90.0]],
    ),
    (
        "west-car-1",
        Class::LightVehicle,
        12.0,
        -100.0,
        0.0,
        &[[-1500.0, -900.0, 20.0], [-1900.0, -2300.0, -1.0], [-2900.0, -4200.0, 30.0]],
    ),
    (
        "west-car-2",
        Class::LightVehicle,
        9.0,
        -20.0,
        0.0,
        &[[-3600.0, -1600.0, 40.0], [-2300.0, -1300.0, -1.0], [-1400.0, -1700.0, 60.0]],
    ),
    (
        "west-lorry",
        Class::HeavyVehicle,
        8.0,
        -150.0,
        0.0,
        &[[-2600.0, -6200.0, 60.0], [-3300.0, -4800.0, -1.0], [-4600.0, -4400.0, 90.0]],
    ),
    ("east-patrol-1", Class::Person, 1.3, -50.0, 0.0, &[[520.0, -1700.0, 15.0], [430.0, -2600.0, 15.0]]),
    ("east-patrol-2", Class::Person, 1.2, -10.0, 0.0, &[[900.0, -3300.0, 30.0], [850.0, -4300.0, 30.0]]),
    ("west-patrol-1", Class::Person, 1.3, -80.0, 0.0, &[[-520.0, -1500.0, 15.0], [-620.0, -2500.0, 15.0]]),
    ("west-patrol-2", Class::Person, 1.2, -30.0, 0.0, &[[-700.0, -4000.0, 30.0], [-560.0, -5000.0, 30.0]]),
    (
        "reindeer-1",
        Class::Animal,
        0.9,
        -200.0,
        0.0,
        &[[700.0, -2900.0, 40.0], [900.0, -3050.0, -1.0], [760.0, -3200.0, 60.0]],
    ),
    (
        "reindeer-2",
        Class::Animal,
        0.8,
        -90.0,
        0.0,
        &[[-1500.0, -2100.0, 50.0], [-1650.0, -2000.0, -1.0], [-1600.0, -1850.0, 30.0]],
    ),
    (
        "aeroplane",
        Class::Aircraft,
        60.0,
        -100.0,
        400.0,
        &[
            [4000.0, -800.0, -1.0],
            [4000.0, -5500.0, -1.0],
            [7500.0, -5500.0, -1.0],
            [7500.0, 1500.0, -1.0],
            [4000.0, 1500.0, -1.0],
        ],
    ),
    (
        "drone",
        Class::Drone,
        12.0,
        -40.0,
        90.0,
        &[[-2000.0, -3000.0, 20.0], [-3200.0, -2800.0, -1.0], [-3000.0, -1900.0, -1.0]],
    ),
];

pub(super) fn background(layout: &Layout) -> Vec<AgentSpec> {
    BACKGROUND
        .iter()
        .map(|&(id, class, speed_mps, start_s, altitude_m, points)| {
            let circling = matches!(class, Class::Animal | Class::Aircraft | Class::Drone);
            let then = if circling { Then::Loop } else { Then::Return };
            AgentSpec { altitude_m, then, ..layout.agent(id, class, speed_mps, start_s, points) }
        })
        .collect()
}
