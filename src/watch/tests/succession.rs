//! One thing under two names: alerts follow it.

use super::*;
use crate::fusion::{Descent, Estimate, Kinship};
use crate::watch::agreement::{Direction, Exemption, RuleKind, Terms, Validity};

/// `track` continues `of`, last measured at `last`.
fn continues(track: u64, of: u64, last: Look<'_>) -> Descent {
    let estimate = testing::view(of, last.time_s, last.mean, 3.0, &[]).estimate;
    Descent {
        kinship: Kinship::Continues,
        track: TrackId(track),
        of: TrackId(of),
        at: estimate.time,
        probability: 0.99,
        last: Some(Estimate { ..estimate }),
    }
}

fn merged(track: u64, of: u64) -> Descent {
    let at = Timestamp::from_secs(0);
    let kinship = Kinship::MergedInto;
    Descent { kinship, track: TrackId(track), of: TrackId(of), at, probability: 1.0, last: None }
}

fn follow(scene: &mut Scene, link: &Descent, heir: Look<'_>, born_s: i64) {
    with_view(heir, |now, view| {
        let view = TrackView { born: Timestamp::from_secs(born_s), ..view.clone() };
        scene.watch.follow(now, link, &view, &NoPaths, &mut scene.said);
    });
}

fn line() -> Scene {
    Scene::new(vec![testing::crossing(Direction::Any)])
}

/// Goes up to 60 m before the line at 10 m/s, is lost at 10 s, and is deleted at 25 s.
fn lost_before_the_line(scene: &mut Scene) -> Look<'static> {
    scene.walk(look(7, 0.0, 1000.0, -160.0), [1000.0, -60.0], 10);
    scene.forget(25, 7);
    look(7, 10.0, 1000.0, -60.0)
}

#[test]
fn who_goes_into_a_shadow_here_and_comes_out_there_has_crossed() {
    let mut scene = line();
    let last = lost_before_the_line(&mut scene);
    scene.walk(look(9, 40.0, 1000.0, 240.0), [1000.0, 260.0], 2);
    assert_eq!(scene.said, [], "first seen beyond");
    follow(&mut scene, &continues(9, 7, last), look(9, 42.0, 1000.0, 260.0), 40);
    let [notice] = &scene.said[..] else { panic!("{:?}", scene.said) };
    assert_eq!((notice.state, notice.direction), (State::Opened, Some("right_to_left")));
    assert_eq!(notice.between, Some([Timestamp::from_secs(10), Timestamp::from_secs(40)]), "an interval");
    assert_eq!(notice.tracks, ["9"]);
    assert_eq!(notice.event_time.to_string(), "1970-01-01T00:00:16.000Z", "straight on between the two");
    assert!(notice.position.cov_m2[2] > 300.0 * 300.0 / 12.0, "as uncertain as the way is long");
    // It goes on, and nothing more is said.
    scene.walk(look(9, 43.0, 1000.0, 270.0), [1000.0, 370.0], 10);
    assert_eq!(scene.said.len(), 1);
}

#[test]
fn who_comes_out_where_he_went_in_has_not() {
    let mut scene = line();
    let last = lost_before_the_line(&mut scene);
    scene.walk(look(9, 40.0, 1000.0, -100.0), [1000.0, -90.0], 1);
    follow(&mut scene, &continues(9, 7, last), look(9, 41.0, 1000.0, -90.0), 40);
    assert_eq!(scene.said, []);
    // He crosses later, in plain sight.
    scene.walk(look(9, 42.0, 1000.0, -80.0), [1000.0, 120.0], 20);
    let [notice] = &scene.said[..] else { panic!("{:?}", scene.said) };
    assert_eq!((notice.between, notice.event_time), (None, Timestamp::from_secs(50)));
}

#[test]
fn a_gap_far_from_the_line_is_judged_as_well() {
    let mut scene = line();
    // Too far away on either side to be remembered.
    scene.observe(look(7, 0.0, 0.0, -4_000.0));
    scene.forget(20, 7);
    scene.observe(look(9, 150.0, 0.0, 4_000.0));
    let link = continues(9, 7, look(7, 0.0, 0.0, -4_000.0));
    follow(&mut scene, &link, look(9, 150.0, 0.0, 4_000.0), 149);
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.said[0].between, Some([Timestamp::from_secs(0), Timestamp::from_secs(149)]));
}

#[test]
fn what_it_does_after_a_gap_belongs_to_the_same_alert() {
    let mut scene = line();
    scene.walk(look(7, 0.0, 1000.0, -95.0), [1000.0, 105.0], 20);
    scene.forget(30, 7);
    let last = look(7, 20.0, 1000.0, 105.0);
    scene.observe(look(9, 50.0, 1000.0, 100.0));
    follow(&mut scene, &continues(9, 7, last), look(9, 50.0, 1000.0, 100.0), 49);
    scene.walk(look(9, 51.0, 1000.0, 90.0), [1000.0, -110.0], 20);
    assert_eq!(scene.states(), [State::Opened, State::Updated, State::Updated]);
    let contested = &scene.said[2];
    assert_eq!((contested.crossings, &contested.alert), (Some(2), &scene.said[0].alert));
    assert_eq!(scene.said[1].tracks, ["7", "9"]);
    // Nothing clears because track 7 is gone.
    (52..200).for_each(|second| scene.tick(second, &[look(9, second as f64, 1000.0, -110.0)]));
    assert_eq!(scene.said.len(), 3);
}

#[test]
fn the_copy_s_crossing_is_the_original_s() {
    let mut scene = line();
    // The copy runs ahead and crosses; the original is surely beyond only after they were found to be one.
    scene.walk(look(7, 0.0, 1000.0, -195.0), [1000.0, 5.0], 20);
    scene.walk(look(8, 0.0, 1000.0, -95.0), [1000.0, 105.0], 20);
    scene.forget(21, 8);
    follow(&mut scene, &merged(8, 7), look(7, 21.0, 1000.0, 15.0), 0);
    scene.walk(look(7, 22.0, 1000.0, 25.0), [1000.0, 225.0], 20);
    assert_eq!(scene.states(), [State::Opened, State::Updated], "neither again nor contested");
    assert_eq!(
        (scene.said[1].crossings, &scene.said[1].tracks[..]),
        (None, &["7".to_owned(), "8".to_owned()][..])
    );
    (43..150).for_each(|second| scene.tick(second, &[look(7, second as f64, 1000.0, 225.0)]));
    assert_eq!(scene.said.len(), 2, "nor is it over because the copy is gone");
}

#[test]
fn a_stay_goes_on_under_another_name() {
    let mut scene = Scene::new(vec![testing::rule("keep-out", RuleKind::Presence { zone: 0 })]);
    let here = |id: u64, second: i64| look(id, second as f64, 0.0, 3000.0);
    (0..10).for_each(|second| scene.tick(second, &[here(4, second)]));
    scene.forget(20, 4);
    (20..40).for_each(|second| scene.tick(second, &[]));
    follow(&mut scene, &continues(5, 4, here(4, 10)), here(5, 40), 38);
    (40..200).for_each(|second| scene.tick(second, &[here(5, second)]));
    assert_eq!(scene.states(), [State::Opened, State::Updated]);
    (200..210).for_each(|second| scene.tick(second, &[look(5, second as f64, 0.0, 4500.0)]));
    assert_eq!(scene.states(), [State::Opened, State::Updated, State::Cleared]);
}

#[test]
fn a_stay_that_was_given_up_is_taken_up_again() {
    let mut scene = Scene::new(vec![testing::rule("keep-out", RuleKind::Presence { zone: 0 })]);
    let here = |id: u64, second: i64| look(id, second as f64, 0.0, 3000.0);
    (0..10).for_each(|second| scene.tick(second, &[here(4, second)]));
    scene.forget(20, 4);
    (20..100).for_each(|second| scene.tick(second, &[]));
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    follow(&mut scene, &continues(5, 4, here(4, 10)), here(5, 100), 99);
    (100..200).for_each(|second| scene.tick(second, &[here(5, second)]));
    assert_eq!(scene.states(), [State::Opened, State::Cleared, State::Updated]);
    assert!(scene.said.iter().all(|notice| notice.alert == scene.said[0].alert), "one happening, one id");
}

#[test]
fn of_two_alerts_about_one_thing_the_first_stands() {
    let mut scene = Scene::new(vec![testing::rule("keep-out", RuleKind::Presence { zone: 0 })]);
    let here = |id: u64, second: i64| look(id, second as f64, 0.0, 3000.0);
    (0..10).for_each(|second| scene.tick(second, &[here(4, second)]));
    (10..20).for_each(|second| scene.tick(second, &[here(4, second), here(5, second)]));
    scene.forget(20, 5);
    follow(&mut scene, &merged(5, 4), here(4, 20), 0);
    (20..150).for_each(|second| scene.tick(second, &[here(4, second)]));
    assert_eq!(scene.states(), [State::Opened, State::Opened, State::Cleared]);
    assert_eq!(scene.said[2].alert, scene.said[1].alert);
    assert_eq!(scene.watch.open().count(), 1);
}

#[test]
fn a_place_under_an_exemption_goes_with_who_holds_it() {
    let leave = Exemption {
        id: "leave".into(),
        who: "one car".into(),
        document: "letter".into(),
        document_sha256: "00".into(),
        validity: Validity::default(),
        rules: vec![0],
        lines: Vec::new(),
        zones: Vec::new(),
        classes: Vec::new(),
        nodes: Vec::new(),
        identities: Vec::new(),
        max_number: Some(1),
    };
    let terms = Terms { exemptions: vec![0], ..Terms::default() };
    let rule = Rule { terms, ..testing::rule("keep-out", RuleKind::Presence { zone: 0 }) };
    let mut scene = Scene::of(&Agreement { exemptions: vec![leave], ..testing::agreement(vec![rule]) });
    let there = |id: u64, time_s: f64| look(id, time_s, 0.0, 3000.0);
    (0..10).for_each(|second| scene.tick(second, &[there(1, second as f64)]));
    scene.forget(10, 1);
    follow(&mut scene, &continues(2, 1, there(1, 9.0)), there(2, 11.0), 11);
    (12..60).for_each(|second| scene.tick(second, &[there(2, second as f64)]));
    assert_eq!(scene.said, [], "it is the same car");
    (60..80).for_each(|second| scene.tick(second, &[there(2, second as f64), there(3, second as f64)]));
    assert_eq!(
        scene.said.iter().map(|notice| &*notice.tracks[0]).collect::<Vec<_>>(),
        ["3"],
        "another is one too many"
    );
}
