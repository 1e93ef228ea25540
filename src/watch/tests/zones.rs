//! Presence and ceilings.

use super::*;
use crate::watch::agreement::RuleKind;
use crate::watch::alert::Severity;

#[test]
fn one_alert_while_it_stays_and_one_end() {
    let mut scene = Scene::new(vec![testing::rule("keep-out", RuleKind::Presence { zone: 0 })]);
    for second in 0..57 {
        // 20 m/s through the zone: in at 2500 m before 5 s, out at 3500 m before 55 s.
        let north_m = 2405.0 + 20.0 * second as f64;
        scene.tick(second, &[look(4, second as f64, 0.0, north_m)]);
    }
    assert_eq!(scene.states(), [State::Opened]);
    let opened = &scene.said[0];
    assert_eq!((opened.event_time, opened.zone.as_deref()), (Timestamp::from_secs(5), Some("camp")));
    // P ≥ 0.95 from 31 m inside, that is 7 s, and held for 3 s.
    assert_eq!(opened.raised_at, Timestamp::from_secs(10));
    for second in 57..62 {
        scene.tick(second, &[look(4, second as f64, 0.0, 3620.0)]);
    }
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
}

#[test]
fn a_track_that_is_gone_leaves_after_a_minute() {
    let mut scene = Scene::new(vec![testing::rule("keep-out", RuleKind::Presence { zone: 0 })]);
    for second in 0..10 {
        scene.tick(second, &[look(4, second as f64, 0.0, 3000.0)]);
    }
    scene.forget(10, 4);
    for second in 10..=70 {
        scene.tick(second, &[]);
    }
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
}

#[test]
fn tentative_tracks_and_other_classes_are_not_there() {
    let rule =
        Rule { classes: vec![Class::Person], ..testing::rule("keep-out", RuleKind::Presence { zone: 0 }) };
    let mut scene = Scene::new(vec![rule]);
    for second in 0..10 {
        let here = look(1, second as f64, 0.0, 3000.0);
        let ghost = Look { status: Status::Tentative, class: surely(Class::Person), ..here };
        scene.tick(second, &[ghost, Look { id: 2, class: surely(Class::Vessel), ..here }]);
    }
    assert_eq!(scene.said, []);
}

#[test]
fn a_gathering_passes_the_ceiling_once() {
    let kind = RuleKind::Ceiling { zone: 0, limit: 3, horizon: None };
    let mut scene = Scene::new(vec![testing::rule("no-more-than-three", kind)]);
    let crowd = |second: i64, n: u64| -> Vec<Look<'static>> {
        (0..n).map(|id| look(id, second as f64, id as f64 * 50.0, 3000.0)).collect()
    };
    for second in 0..10 {
        scene.tick(second, &crowd(second, 3));
    }
    assert_eq!(scene.said, [], "three are allowed");
    for second in 10..20 {
        scene.tick(second, &crowd(second, 4));
    }
    assert_eq!(scene.states(), [State::Opened]);
    let opened = &scene.said[0];
    assert_eq!(opened.severity, Severity::Alert);
    assert_eq!(opened.event_time, Timestamp::from_secs(10));
    assert_eq!(opened.tracks, ["0", "1", "2", "3"]);
    let count = opened.count.unwrap();
    assert!((count.expected - 4.0).abs() < 1e-9 && count.limit == 3, "{count:?}");
    assert!((opened.position.east_m - 75.0).abs() < 1e-9);
    for second in 20..60 {
        scene.tick(second, &crowd(second, 6));
    }
    assert_eq!(scene.states(), [State::Opened, State::Updated]);
    for second in 60..70 {
        scene.tick(second, &crowd(second, 2));
    }
    assert_eq!(scene.states().last(), Some(&State::Cleared));
    assert_eq!(scene.watch.open().count(), 0);
}
