//! Another agreement in the middle: no alert is invented, and none lost.

use super::*;
use crate::time::Span;
use crate::watch::agreement::{Band, Direction, Exemption, Flank, RuleKind, Terms, Validity, Zone};

/// Goes on under another agreement.
fn reload(scene: &mut Scene, agreement: &Agreement) {
    let mut next = Scene::of(agreement);
    next.watch.take_over(&mut scene.watch, &mut scene.said);
    scene.watch = next.watch;
}

fn stay(scene: &mut Scene, seconds: std::ops::Range<i64>) {
    for second in seconds {
        scene.tick(second, &[look(1, second as f64, 0.0, 3000.0)]);
    }
}

fn keep_out() -> Rule {
    testing::rule("keep-out", RuleKind::Presence { zone: 0 })
}

#[test]
fn a_rule_with_other_terms_keeps_its_alert_under_its_id() {
    let mut scene = Scene::new(vec![keep_out()]);
    stay(&mut scene, 0..10);
    let validity = Validity { from: None, until: Some(Timestamp::from_secs(1000)) };
    let dated =
        Rule { clause: Some("Art. 9".into()), terms: Terms { validity, ..Terms::default() }, ..keep_out() };
    reload(&mut scene, &testing::agreement(vec![testing::crossing(Direction::Any), dated]));
    stay(&mut scene, 10..20);
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.watch.open().map(|notice| &notice.alert).collect::<Vec<_>>(), [&scene.said[0].alert]);
    let over = Validity { from: None, until: Some(Timestamp::from_secs(20)) };
    let ended = Rule { terms: Terms { validity: over, ..Terms::default() }, ..keep_out() };
    reload(&mut scene, &testing::agreement(vec![ended]));
    stay(&mut scene, 20..30);
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    assert_eq!(scene.said[0].alert, scene.said[1].alert);
}

#[test]
fn a_line_keeps_its_sides_whatever_rules_are_about_it() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    // On its way: latched on the south, not yet beyond.
    scene.walk(look(1, 0.0, 0.0, -100.0), [0.0, 5.0], 10);
    let renamed = Rule { id: "other-name".into(), ..testing::crossing(Direction::RightToLeft) };
    reload(&mut scene, &testing::agreement(vec![renamed]));
    assert_eq!(scene.said, []);
    scene.walk(look(1, 11.0, 0.0, 10.0), [0.0, 100.0], 9);
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(&*scene.said[0].rule, "other-name");
    reload(&mut scene, &testing::agreement(vec![testing::crossing(Direction::Any)]));
    scene.walk(look(1, 21.0, 0.0, 100.0), [0.0, 150.0], 5);
    assert_eq!(
        scene.states(),
        [State::Opened, State::Cleared],
        "the old rule is gone; it crossed before the new one"
    );
}

#[test]
fn an_exemption_that_comes_ends_an_alert_and_one_that_goes_begins_one() {
    let leave = Exemption {
        id: "leave".into(),
        who: "the mission".into(),
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
    let rule = Rule { terms: Terms { exemptions: vec![0], ..Terms::default() }, ..keep_out() };
    let exempt = Agreement { exemptions: vec![leave], ..testing::agreement(vec![rule]) };
    let plain = testing::agreement(vec![keep_out()]);
    let mut scene = Scene::of(&plain);
    stay(&mut scene, 0..10);
    reload(&mut scene, &exempt);
    stay(&mut scene, 10..20);
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    reload(&mut scene, &exempt);
    assert_eq!(scene.watch.exempted().map(|(_, count)| count).sum::<u64>(), 1, "counts go on");
    reload(&mut scene, &plain);
    stay(&mut scene, 20..30);
    assert_eq!(scene.states(), [State::Opened, State::Cleared, State::Opened]);
    assert_eq!(scene.said[2].event_time, Timestamp::from_secs(20), "inside without leave since then");
}

#[test]
fn bands_and_stays_go_over() {
    let band = Band { line: 0, flank: Flank::Left, from_m: 2000.0, to_m: 4000.0 };
    let kind = RuleKind::Loiter { zone: 0, longer_than: Span::from_secs(30), leave: Span::from_secs(5) };
    let rule = testing::rule("no-camping", kind);
    let banded = |band: Band, rules: Vec<Rule>| Agreement {
        zones: vec![Zone { id: "band".into(), band: Some(band), ..Zone::default() }],
        ..testing::agreement(rules)
    };
    let mut scene = Scene::of(&banded(band, vec![rule.clone()]));
    stay(&mut scene, 0..20);
    reload(&mut scene, &banded(band, vec![testing::crossing(Direction::Any), rule.clone()]));
    stay(&mut scene, 20..40);
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(30), "the stay began before the reload");
    reload(&mut scene, &banded(Band { to_m: 5000.0, ..band }, vec![rule]));
    assert_eq!(scene.states(), [State::Opened, State::Cleared], "another band is another rule");
}

#[test]
fn what_is_said_of_the_system_outlives_every_agreement() {
    let mut scene = Scene::new(vec![keep_out()]);
    scene.watch.damaged(Timestamp::from_secs(5), 17, 20, &mut scene.said);
    reload(&mut scene, &testing::agreement(vec![testing::crossing(Direction::Any), keep_out()]));
    reload(&mut scene, &testing::agreement(Vec::new()));
    scene.watch.clear_all(Timestamp::from_secs(6), &mut scene.said);
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.watch.open().map(|notice| &notice.alert).collect::<Vec<_>>(), [&scene.said[0].alert]);
    let mut next = Scene::new(vec![keep_out()]);
    next.watch.keep_system(&scene.watch);
    assert_eq!(next.watch.open().map(|notice| &notice.alert).collect::<Vec<_>>(), [&scene.said[0].alert]);
}
