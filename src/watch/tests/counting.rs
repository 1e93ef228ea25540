//! Ceilings, surges and convergences as notices.

use super::*;
use crate::sensor::SensorIndex;
use crate::time::Span;
use crate::watch::agreement::RuleKind;
use crate::watch::alert::Severity;

/// So many in the zone, on a lattice of 50 m.
fn crowd(second: i64, number: u64, sensors: &'static [u16]) -> Vec<Look<'static>> {
    let place = |id: u64| [50.0 * (id % 8) as f64, 2900.0 + 50.0 * (id / 8) as f64];
    let each = (0..number).map(|id| (id, place(id)));
    each.map(|(id, [east, north])| Look { sensors, ..look(id, second as f64, east, north) }).collect()
}

fn watched(scene: &mut Scene, east_of_m: f64) {
    let sees = |_: SensorIndex, at: [f64; 2]| if at[0] > east_of_m { 0.9 } else { 0.0 };
    scene.watch.look_around(Timestamp::from_secs(0), Some((&[], sees)), &mut Vec::new());
}

fn ceiling(horizon: Option<Span>) -> Rule {
    testing::rule("no-more-than-nine", RuleKind::Ceiling { zone: 0, limit: 9, horizon })
}

#[test]
fn what_nobody_watches_widens_the_interval_and_raises_nothing() {
    let mut scene = Scene::new(vec![ceiling(None)]);
    watched(&mut scene, 0.0);
    for second in 0..20 {
        scene.tick(second, &crowd(second, 9, &[0]));
    }
    assert_eq!(scene.said, [], "nine are seen on half of the ground, and nine may be there");
    for second in 20..30 {
        scene.tick(second, &crowd(second, 11, &[0]));
    }
    let count = scene.said[0].count.unwrap();
    // About as many on the half that nobody watches (of the sampled points a little more): NB(11.5, ½), from 4 to 25.
    assert!(count.unseen.is_some_and(|unseen| (unseen - 12.3).abs() < 1.5), "{count:?}");
    let (low, high) = count.interval;
    assert!((13..=16).contains(&low) && high.is_some_and(|high| (30..=38).contains(&high)), "{count:?}");
    let reckoned: Vec<_> = scene.watch.reckoned().collect();
    assert!(reckoned.len() == 1 && reckoned[0].1.exceeds > 0.99 && reckoned[0].1.limit == 9, "{reckoned:?}");
}

#[test]
fn ground_of_which_nothing_is_known_has_no_upper_end() {
    let mut scene = Scene::new(vec![ceiling(None)]);
    for second in 0..5 {
        scene.tick(second, &crowd(second, 12, &[0]));
    }
    let count = scene.said[0].count.unwrap();
    assert_eq!((count.unseen, count.interval.1), (None, None));
    assert!(scene.said[0].to_json().contains(r#""interval":[12,null]"#));
}

#[test]
fn what_is_foreseen_and_then_passed_is_one_alert() {
    let mut scene = Scene::new(vec![ceiling(Some(Span::from_secs(120)))]);
    watched(&mut scene, -1e4);
    for second in 0..240 {
        scene.tick(second, &crowd(second, second.cast_unsigned() / 20, &[0]));
    }
    let [foreseen, passed] = &scene.said[..] else { panic!("{:?}", scene.said) };
    assert_eq!((foreseen.state, foreseen.severity), (State::Opened, Severity::Advisory));
    let trend = foreseen.trend.unwrap();
    assert!(
        trend.probability >= 0.8 && trend.after_s > 20.0 && foreseen.raised_at < Timestamp::from_secs(180)
    );
    assert_eq!((passed.state, passed.severity, passed.trend), (State::Updated, Severity::Alert, None));
    assert_eq!(
        (passed.alert.clone(), passed.event_time),
        (foreseen.alert.clone(), Timestamp::from_secs(200))
    );
    let mut silent = Scene::new(vec![ceiling(None)]);
    watched(&mut silent, -1e4);
    for second in 0..200 {
        silent.tick(second, &crowd(second, second.cast_unsigned() / 20, &[0]));
    }
    assert_eq!(silent.said, [], "without a horizon nothing is foreseen");
    let mut seen_twice = Scene::new(vec![ceiling(Some(Span::from_secs(120)))]);
    for second in 0..180 {
        seen_twice.tick(second, &crowd(second, second.cast_unsigned() / 20, &[0, 2]));
    }
    assert_eq!(seen_twice.said[0].severity, Severity::Warning, "two trust groups foresee it");
}

/// Ten in a column that drives at 8 m/s towards the line from the south, outside the zone.
fn column(second: i64, turned: bool) -> Vec<Look<'static>> {
    let at = second as f64;
    let mean = |place: f64| {
        if turned {
            [8.0 * at, -4000.0 - 60.0 * place, 8.0, 0.0]
        } else {
            [0.0, -6000.0 + 8.0 * at - 60.0 * place, 0.0, 8.0]
        }
    };
    (0..10).map(|id| Look { mean: mean(id as f64), sensors: &[0, 2], ..look(id, at, 0.0, 0.0) }).collect()
}

fn convergence() -> Rule {
    let kind = RuleKind::Convergence { line: Some(0), zone: None, min_number: 5, radius_m: 500.0 };
    testing::rule("no-columns", kind)
}

#[test]
fn a_column_that_heads_for_the_line_is_one_alert_of_its_own() {
    let mut scene = Scene::new(vec![convergence()]);
    for second in 0..300 {
        scene.tick(second, &column(second, second >= 200));
    }
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    let opened = &scene.said[0];
    let group = opened.gathering.unwrap();
    assert_eq!((group.number, group.course_deg, opened.line.as_deref()), (10, 0.0, Some("border")));
    assert!((group.speed_mps - 8.0).abs() < 0.1 && group.heads > 0.9 && group.gathers.is_none(), "{group:?}");
    assert_eq!((opened.severity, opened.tracks.len(), opened.trust_groups), (Severity::Alert, 10, 2));
    assert_eq!(opened.raised_at, Timestamp::from_secs(20));
    assert!(scene.watch.determined().all(|(_, known)| !known), "a scan of five minutes knows nothing");
}

#[test]
fn what_counts_goes_on_from_a_snapshot_bit_for_bit() {
    let surge = testing::rule("surge", RuleKind::Surge { zone: 0 });
    let rules = vec![ceiling(Some(Span::from_secs(120))), surge, convergence()];
    let agreement = testing::agreement(rules);
    let mut scene = Scene::of(&agreement);
    let looks = |second: i64| {
        let mut looks = crowd(second, second.cast_unsigned() / 20, &[0]);
        looks.extend(column(second, false).into_iter().map(|look| Look { id: 100 + look.id, ..look }));
        looks
    };
    let run = |scene: &mut Scene, seconds: std::ops::Range<i64>| {
        for second in seconds {
            watched(scene, -1e4);
            scene.tick(second, &looks(second));
        }
    };
    run(&mut scene, 0..150);
    let state = scene.watch.read_state().expect("a watch's state can be read");
    let mut other = Scene::of(&agreement);
    other.watch = other.watch.with(state).expect("the same agreement");
    scene.said.clear();
    run(&mut scene, 150..700);
    run(&mut other, 150..700);
    assert!(!scene.said.is_empty());
    assert_eq!(scene.said, other.said);
    let bytes = |scene: &Scene| postcard::to_allocvec(&scene.watch.state()).unwrap();
    assert!(bytes(&scene) == bytes(&other));
}
