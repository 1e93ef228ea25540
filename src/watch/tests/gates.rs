//! Gates: hours and rates.

use super::*;
use crate::watch::agreement::{Day, Direction, Gate, Hours, Schedule};

/// An agreement with one gate, 100 m about the line's middle, for anything.
fn with_gate(gate: impl FnOnce(Gate) -> Gate) -> Agreement {
    let plain =
        Gate { id: "gate".into(), center: testing::geodetic(0.0, 0.0), radius_m: 100.0, ..Gate::default() };
    Agreement { gates: vec![gate(plain)], ..testing::agreement(vec![testing::crossing(Direction::Any)]) }
}

/// Somebody walks across the line in twenty seconds.
fn cross(scene: &mut Scene, id: u64, start_s: f64) {
    scene.walk(look(id, start_s, 0.0, -100.0), [0.0, 100.0], 20);
}

#[test]
fn a_gate_is_open_at_its_hours() {
    // Daily 01:01-01:02 on the clocks of London, which were an hour ahead all through 1970.
    let hours = vec![Hours { days: Day::ALL.to_vec(), from_min: 61, to_min: 62 }];
    let schedule = Some(Schedule { time_zone: "Europe/London".into(), hours });
    let mut scene = Scene::of(&with_gate(|gate| Gate { schedule, ..gate }));
    for (id, start_s, said) in [(1, 30.0, 1), (2, 60.0, 1), (3, 120.0, 2)] {
        cross(&mut scene, id, start_s);
        assert_eq!(scene.said.len(), said, "{id}");
    }
    assert_eq!(scene.watch.gate_transits(), 1);
}

#[test]
fn what_comes_in_excess_of_the_rate_has_crossed_without_leave() {
    let mut scene = Scene::of(&with_gate(|gate| Gate { max_per_hour: Some(2), ..gate }));
    for id in 0..3 {
        cross(&mut scene, id, 100.0 * id as f64);
    }
    assert_eq!((scene.watch.gate_transits(), scene.said.len()), (2, 1));
    assert_eq!(scene.said[0].tracks, ["2"]);
    cross(&mut scene, 3, 3650.0);
    assert_eq!(
        (scene.watch.gate_transits(), scene.said.len()),
        (3, 1),
        "the first was more than an hour ago"
    );
}

#[test]
fn who_passes_is_logged_once_with_what_a_person_asks_for() {
    let mut scene = Scene::of(&with_gate(|gate| gate));
    cross(&mut scene, 4, 100.0);
    let logged: Vec<_> = scene.watch.permitted().collect();
    let [used] = &logged[..] else { panic!("{logged:?}") };
    assert_eq!((used.permitted.as_str(), &*used.by, &*used.track), ("gate", "gate", "4"));
    assert_eq!((used.line.as_deref(), used.direction.as_deref()), (Some("border"), Some("right_to_left")));
    assert_eq!((used.event_time, used.probability), (Timestamp::from_secs(110), None));
    assert_eq!(used.sensors, ["r1"]);
    assert!(used.position.north_m.abs() < 1.0, "{used:?}");
    assert_eq!(scene.watch.permitted().count(), 0, "once");
    scene.walk(look(5, 200.0, 500.0, -100.0), [500.0, 100.0], 20);
    assert_eq!((scene.watch.permitted().count(), scene.said.len()), (0, 1), "beside the gate");
}
