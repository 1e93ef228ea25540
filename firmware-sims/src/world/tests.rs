use super::*;
use crate::scenario::kerguelen;

/// Who crosses in the first minute of the built-in scenario, and when.
#[test]
fn the_first_minute_shows_what_it_should() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let crossings = world.crossings(&scenario.line.coordinates, 0.0, 60.0);
    for crossing in &crossings {
        println!("{crossing:?}");
    }
    let found: Vec<(&str, Direction)> =
        crossings.iter().map(|crossing| (crossing.agent.as_str(), crossing.direction)).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    let at = |agent: &str| crossings.iter().find(|crossing| crossing.agent == agent).unwrap();
    assert!((15.0..40.0).contains(&at("gate-car").t_s), "{:?}", at("gate-car"));
    assert!((20.0..30.0).contains(&at("walker-1").t_s), "{:?}", at("walker-1"));
    assert!((30.0..45.0).contains(&at("coaster").t_s), "{:?}", at("coaster"));
    assert!(crossings.iter().all(|crossing| crossing.direction == Direction::LeftToRight));
}

#[test]
fn the_gate_is_where_the_car_crosses_and_nobody_else() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let gate = &scenario.gates[0];
    let centre = Frame::new(Place::new(gate.center, 0.0));
    for crossing in world.crossings(&scenario.line.coordinates, 0.0, 600.0) {
        let [e, n, _] = centre.to_enu(crossing.place);
        let lawful = e.hypot(n) < gate.radius_m / 2.0;
        assert_eq!(lawful, crossing.agent.starts_with("gate-"), "{crossing:?}");
    }
}

#[test]
fn the_column_passes_the_ceiling_by_forty_seconds() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let inside = |t_s: f64| {
        let zone = &scenario.zones[0].polygon;
        let corner = |k: usize| world.frame().to_enu(Place::new(zone[k], 0.0));
        let (low, high) = (corner(3), corner(1));
        world
            .at(t_s)
            .filter(|state| state.class == Class::HeavyVehicle)
            .filter(|state| (0..2).all(|k| (low[k]..high[k]).contains(&state.east_north_m[k])))
            .count()
    };
    println!("{:?}", (0..10).map(|k| inside(f64::from(k) * 6.0)).collect::<Vec<_>>());
    assert_eq!(inside(0.0), 0);
    assert!(inside(40.0) >= 5, "{}", inside(40.0));
}

#[test]
fn an_hour_has_a_crossing_every_few_minutes() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let crossings = world.crossings(&scenario.line.coordinates, 0.0, 3600.0);
    let times: Vec<f64> = crossings.iter().map(|crossing| crossing.t_s.round()).collect();
    assert!((12..60).contains(&times.len()), "{times:?}");
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(gap < 600.0, "{times:?}");
}

/// Nobody jumps, and nobody moves faster or turns harder than its kind.
#[test]
fn bodies_move_as_bodies_do() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    for (index, spec) in scenario.agents.iter().enumerate() {
        let limits = limits(spec.class);
        // Wander and corner add to the route's own acceleration; a stop's turn on the spot adds nothing.
        let most = 1.5 * limits.forward_mps2.hypot(limits.lateral_mps2) + 0.2;
        for k in 0..9000 {
            let t_s = f64::from(k) * 0.2;
            let (Some(a), Some(b)) = (world.agent_at(index, t_s), world.agent_at(index, t_s + 0.2)) else {
                continue;
            };
            assert!(a.speed_mps() < 1.15 * spec.speed_mps + 0.2, "{} {t_s} {}", spec.id, a.speed_mps());
            let dv = [b.velocity_mps[0] - a.velocity_mps[0], b.velocity_mps[1] - a.velocity_mps[1]];
            let acceleration = dv[0].hypot(dv[1]) / 0.2;
            assert!(acceleration < most, "{} at {t_s}: {acceleration} of {most}", spec.id);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    let scenario = kerguelen();
    let draw = |scenario: &Scenario| {
        let world = World::new(scenario).unwrap();
        world.at(123.4).map(|state| state.east_north_m.map(f64::to_bits)).collect::<Vec<_>>()
    };
    assert_eq!(draw(&scenario), draw(&scenario));
    assert_ne!(draw(&scenario), draw(&Scenario { seed: 1, ..scenario.clone() }));
}

#[test]
fn a_scenario_survives_json_and_bad_ones_are_named() {
    let scenario = kerguelen();
    assert_eq!(Scenario::from_json(&scenario.to_json()).unwrap(), scenario);
    let mut bad = scenario.clone();
    bad.agents[2].route.truncate(1);
    assert_eq!(World::new(&bad).unwrap_err().path, "agents[2].route");
    let mut bad = scenario;
    bad.agents[1].id = bad.agents[0].id.clone();
    assert_eq!(World::new(&bad).unwrap_err().path, "agents[1].id");
}
