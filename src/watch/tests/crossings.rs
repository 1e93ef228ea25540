//! Crossings, gates, contested crossings.

use super::*;
use crate::watch::agreement::Direction;
use crate::watch::alert::Severity;

fn line() -> Scene {
    Scene::new(vec![testing::crossing(Direction::Any)])
}

#[test]
fn a_vehicle_is_said_to_have_crossed_when_and_where_it_did() {
    let mut scene = line();
    // 10 m/s northwards from 95 m before the line: over it at 9.5 s.
    scene.walk(look(7, 0.0, 1000.0, -95.0), [1000.0, 105.0], 20);
    let [notice] = &scene.said[..] else { panic!("{:?}", scene.said) };
    assert_eq!(notice.state, State::Opened);
    assert_eq!(notice.direction, Some("right_to_left"));
    assert_eq!(notice.event_time.to_string(), "1970-01-01T00:00:09.500Z");
    assert!((notice.position.north_m).abs() < 0.05 && (notice.position.east_m - 1000.0).abs() < 0.05);
    assert_eq!(notice.tracks, ["7"]);
    assert_eq!((notice.line.as_deref(), notice.severity), (Some("border"), Severity::Warning));
    // Three sigma are 30 m and a little for the track's own error: between 3.1 and 4 s after the line.
    assert_eq!(notice.raised_at, Timestamp::from_secs(13));
    assert!(notice.confidence > 0.95 * 0.99, "{}", notice.confidence);
    assert_eq!(scene.watch.open().count(), 1);
}

#[test]
fn a_walker_is_raised_within_25_s() {
    let mut scene = line();
    scene.walk(look(1, 0.0, 0.0, 70.0), [0.0, -70.0], 100);
    let notice = &scene.said[0];
    assert_eq!(notice.direction, Some("left_to_right"));
    let delay_s = notice.raised_at.since(notice.event_time).as_secs_f64();
    assert!((20.0..=25.0).contains(&delay_s), "{delay_s}");
}

#[test]
fn direction_and_class_limit_a_rule() {
    let mut one_way = Scene::new(vec![testing::crossing(Direction::LeftToRight)]);
    one_way.walk(look(1, 0.0, 0.0, -100.0), [0.0, 100.0], 20);
    assert_eq!(one_way.said, []);
    let about = Rule { classes: vec![Class::Person], ..testing::crossing(Direction::Any) };
    for (class, alerts) in
        [(surely(Class::Person), 1), (surely(Class::Animal), 0), (look(1, 0.0, 0.0, 0.0).class, 0)]
    {
        let mut scene = Scene::new(vec![about.clone()]);
        scene.walk(Look { class, ..look(1, 0.0, 0.0, -100.0) }, [0.0, 100.0], 20);
        assert_eq!(scene.said.len(), alerts, "{class:?}");
    }
}

#[test]
fn first_seen_beyond_is_no_crossing() {
    let mut scene = line();
    scene.walk(look(1, 0.0, 0.0, -5.0), [0.0, 145.0], 15);
    // A target lost before the line whose next track begins beyond it.
    scene.walk(look(2, 0.0, 500.0, -100.0), [500.0, -10.0], 9);
    scene.forget(10, 2);
    scene.walk(look(3, 11.0, 500.0, 15.0), [500.0, 215.0], 20);
    assert_eq!(scene.said, []);
}

#[test]
fn a_track_born_just_before_the_line_is_caught() {
    let mut scene = line();
    let tentative = Look { status: Status::Tentative, ..look(1, 0.0, 0.0, -20.0) };
    scene.walk(tentative, [0.0, -10.0], 1);
    scene.walk(look(1, 2.0, 0.0, 0.0), [0.0, 90.0], 9);
    assert_eq!(scene.states(), [State::Opened]);
    assert!(scene.said[0].confidence < 0.95, "it was less certain to have come from there");
}

#[test]
fn tentative_tracks_raise_nothing() {
    let mut scene = line();
    scene.walk(Look { status: Status::Tentative, ..look(1, 0.0, 0.0, -100.0) }, [0.0, 100.0], 20);
    assert_eq!(scene.said, []);
}

#[test]
fn around_the_end_is_no_crossing_and_a_leap_is_one() {
    let mut scene = line();
    scene.walk(look(1, 0.0, 9000.0, -1000.0), [11_000.0, -1000.0], 100);
    scene.walk(look(1, 101.0, 11_000.0, -1000.0), [11_000.0, 1000.0], 100);
    scene.walk(look(1, 202.0, 11_000.0, 1000.0), [9000.0, 1000.0], 100);
    assert_eq!(scene.said, []);
    // An aircraft looked at every ten seconds.
    let aircraft = |time_s, north_m| Look { mean: [0.0, north_m, 0.0, 250.0], ..look(2, time_s, 0.0, 0.0) };
    scene.observe(aircraft(300.0, -1500.0));
    scene.observe(aircraft(310.0, 1000.0));
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(306));
}

#[test]
fn a_gate_lets_pass_what_it_is_for() {
    let vehicle = surely(Class::LightVehicle);
    let cases = [
        (2000.0, vehicle, 0, 1),
        (2090.0, vehicle, 0, 1),
        (2110.0, vehicle, 1, 0),
        (2000.0, surely(Class::Person), 1, 0),
        // Nothing known of its class: 3/8 a vehicle, and no leave.
        (2000.0, look(1, 0.0, 0.0, 0.0).class, 1, 0),
    ];
    for (east_m, class, alerts, transits) in cases {
        let mut scene = line();
        scene.walk(Look { class, ..look(1, 0.0, east_m, -100.0) }, [east_m, 100.0], 20);
        assert_eq!((scene.said.len(), scene.watch.gate_transits()), (alerts, transits), "{east_m} {class:?}");
    }
}

#[test]
fn to_and_fro_within_the_hour_is_one_contested_crossing() {
    let mut scene = line();
    let turn = |scene: &mut Scene, start_s: f64, from: f64| {
        scene.walk(look(1, start_s, 0.0, from), [0.0, -from], 20);
    };
    turn(&mut scene, 0.0, -100.0);
    turn(&mut scene, 100.0, 100.0);
    assert_eq!(scene.states(), [State::Opened, State::Updated]);
    scene.tick(400, &[]);
    scene.tick(720, &[]);
    assert_eq!(scene.states().last(), Some(&State::Cleared), "back, and quiet for ten minutes");
    turn(&mut scene, 3000.0, -100.0);
    let last = scene.said.last().unwrap();
    assert_eq!((last.state, last.crossings, last.revision), (State::Updated, Some(3), 4));
    assert_eq!(last.event_time, scene.said[0].event_time);
    assert!(scene.said.iter().all(|notice| notice.alert == scene.said[0].alert));
    turn(&mut scene, 4000.0, 100.0);
    let last = scene.said.last().unwrap();
    assert_eq!((last.state, last.revision), (State::Opened, 1), "the hour is over");
    assert_eq!(scene.watch.open().count(), 1);
}

#[test]
fn a_second_trust_group_makes_it_an_alert() {
    let mut scene = line();
    scene.walk(Look { sensors: &[0, 1], ..look(1, 0.0, 0.0, -100.0) }, [0.0, 100.0], 20);
    scene.tick(21, &[Look { sensors: &[0, 1], ..look(1, 21.0, 0.0, 100.0) }]);
    assert_eq!(scene.said.len(), 1, "two sensors on one mast are one group");
    assert_eq!((scene.said[0].severity, scene.said[0].trust_groups), (Severity::Warning, 1));
    scene.tick(22, &[Look { sensors: &[0, 1, 2], ..look(1, 22.0, 0.0, 100.0) }]);
    scene.tick(23, &[Look { sensors: &[0, 1, 2], ..look(1, 23.0, 0.0, 100.0) }]);
    assert_eq!(scene.states(), [State::Opened, State::Updated]);
    let last = &scene.said[1];
    assert_eq!((last.severity, last.trust_groups), (Severity::Alert, 2));
    assert_eq!(last.sensors, ["c1", "r1", "r2"]);
}

#[test]
fn a_crossing_is_over_a_minute_after_its_track() {
    let mut scene = line();
    scene.walk(look(1, 0.0, 0.0, -100.0), [0.0, 100.0], 20);
    scene.forget(30, 1);
    scene.tick(89, &[]);
    assert_eq!(scene.states(), [State::Opened]);
    scene.tick(90, &[]);
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    assert_eq!((scene.watch.open().count(), scene.said[1].revision), (0, 2));
}
