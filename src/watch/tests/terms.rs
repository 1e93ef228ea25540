//! When rules hold, for whom, and for whom not.

use super::*;
use crate::watch::agreement::{
    Day, Evidence, Exemption, Hours, RuleKind, Schedule, Terms, UnknownClass, Validity,
};

fn keep_out(terms: Terms) -> Rule {
    Rule { terms, ..testing::rule("keep-out", RuleKind::Presence { zone: 0 }) }
}

fn until(second: i64) -> Validity {
    Validity { from: None, until: Some(Timestamp::from_secs(second)) }
}

/// One thing in the middle of the zone, a look a second.
fn stay(scene: &mut Scene, seconds: std::ops::Range<i64>, look: Look<'_>) {
    for second in seconds {
        scene.tick(second, &[Look { time_s: second as f64, ..look }]);
    }
}

const THERE: [f64; 2] = [0.0, 3000.0];

fn there(id: u64) -> Look<'static> {
    look(id, 0.0, THERE[0], THERE[1])
}

fn exempt(validity: Validity) -> Exemption {
    Exemption {
        id: "leave".into(),
        who: "the mission".into(),
        document: "letter".into(),
        document_sha256: "00".into(),
        validity,
        rules: vec![0],
        lines: Vec::new(),
        zones: Vec::new(),
        classes: Vec::new(),
        nodes: Vec::new(),
        identities: Vec::new(),
        max_number: None,
    }
}

fn exempted(rule: Rule, exemption: Exemption) -> Agreement {
    let rule = Rule { terms: Terms { exemptions: vec![0], ..rule.terms }, ..rule };
    Agreement { exemptions: vec![exemption], ..testing::agreement(vec![rule]) }
}

fn count(scene: &Scene) -> u64 {
    scene.watch.exempted().map(|(_, count)| count).sum()
}

#[test]
fn a_rule_holds_within_its_dates_and_what_was_inside_before_is_dated_to_their_beginning() {
    let validity = Validity { from: Some(Timestamp::from_secs(20)), until: Some(Timestamp::from_secs(40)) };
    let mut scene = Scene::new(vec![keep_out(Terms { validity, ..Terms::default() })]);
    stay(&mut scene, 0..60, there(1));
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(20));
}

#[test]
fn a_rule_holds_at_its_hours() {
    // 1970-01-01 was a Thursday.
    let hours = vec![Hours { days: vec![Day::Thu], from_min: 1, to_min: 2 }];
    let schedule = Some(Schedule { time_zone: "UTC".into(), hours });
    let mut scene = Scene::new(vec![keep_out(Terms { schedule, ..Terms::default() })]);
    stay(&mut scene, 0..180, there(1));
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(60));
}

#[test]
fn what_is_exempt_is_counted_and_the_end_of_it_with_somebody_inside_is_said() {
    let mut scene = Scene::of(&exempted(keep_out(Terms::default()), exempt(until(30))));
    stay(&mut scene, 0..30, there(1));
    assert_eq!((scene.said.len(), count(&scene)), (0, 1));
    stay(&mut scene, 30..40, there(1));
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(30));
}

#[test]
fn an_exemption_has_so_many_places() {
    let exemption = Exemption { max_number: Some(2), ..exempt(until(1000)) };
    let mut scene = Scene::of(&exempted(keep_out(Terms::default()), exemption));
    let three = |second: i64| [1, 2, 3].map(|id| Look { time_s: second as f64, ..there(id) });
    (0..10).for_each(|second| scene.tick(second, &three(second)));
    assert_eq!(scene.states(), [State::Opened], "two have leave, the third has none");
    assert_eq!(scene.said[0].tracks, ["3"]);
}

#[test]
fn an_exemption_is_of_its_classes_and_identities() {
    let of_persons = Exemption { classes: vec![Class::Person], ..exempt(until(1000)) };
    let mut scene = Scene::of(&exempted(keep_out(Terms::default()), of_persons));
    stay(&mut scene, 0..10, Look { class: surely(Class::Person), ..there(1) });
    assert_eq!(scene.said, []);
    stay(&mut scene, 10..20, Look { class: surely(Class::Drone), ..there(2) });
    assert_eq!(scene.states(), [State::Opened]);
    let named = Exemption { identities: vec!["mmsi:1".into()], ..exempt(until(1000)) };
    let mut scene = Scene::of(&exempted(keep_out(Terms::default()), named));
    stay(&mut scene, 0..10, there(1));
    assert_eq!(scene.states(), [State::Opened], "who says no name has no leave");
}

#[test]
fn an_exempt_crossing_is_counted_by_the_instant_at_which_it_happened() {
    for (validity, said, counted) in [(until(1000), 0, 1), (until(2), 1, 0)] {
        let mut scene = Scene::of(&exempted(
            testing::crossing(crate::watch::agreement::Direction::Any),
            exempt(validity),
        ));
        scene.walk(look(1, 0.0, 0.0, -100.0), [0.0, 100.0], 20);
        assert_eq!((scene.said.len(), count(&scene)), (said, counted), "{validity:?}");
    }
}

#[test]
fn what_nobody_knows_the_class_of_is_what_the_rule_says_it_is() {
    for (policy, opened) in [(UnknownClass::Count, 0), (UnknownClass::Include, 1), (UnknownClass::Exclude, 0)]
    {
        let terms = Terms { unknown_class: policy, ..Terms::default() };
        let rule = Rule { classes: vec![Class::TrackedVehicle], ..keep_out(terms) };
        let mut scene = Scene::new(vec![rule]);
        stay(&mut scene, 0..10, there(1));
        assert_eq!(scene.said.len(), opened, "{policy:?}");
        stay(&mut scene, 10..20, Look { class: surely(Class::Vessel), ..there(2) });
        assert_eq!(scene.said.len(), opened, "{policy:?}: a vessel is known to be none");
        stay(&mut scene, 20..30, Look { class: surely(Class::TrackedVehicle), ..there(3) });
        assert_eq!(scene.said.iter().filter(|notice| notice.tracks == ["3"]).count(), 1, "{policy:?}");
    }
}

#[test]
fn a_ceiling_counts_what_nobody_knows_by_the_rules_policy() {
    for (policy, opened) in [(UnknownClass::Count, 0), (UnknownClass::Include, 1)] {
        let terms = Terms { unknown_class: policy, ..Terms::default() };
        let kind = RuleKind::Ceiling { zone: 0, limit: 3, horizon: None };
        let rule = Rule { classes: vec![Class::Person], terms, ..testing::rule("few", kind) };
        let mut scene = Scene::new(vec![rule]);
        for second in 0..10 {
            let crowd: Vec<Look<'_>> =
                (0..4).map(|id| look(id, second as f64, id as f64 * 50.0, 3000.0)).collect();
            scene.tick(second, &crowd);
        }
        assert_eq!(scene.said.len(), opened, "{policy:?}");
    }
}

#[test]
fn a_rule_waits_for_the_evidence_it_asks_for_and_dates_what_it_says_to_the_beginning() {
    let evidence = Evidence { min_groups: 2, min_confidence: 0.0 };
    let mut scene = Scene::new(vec![keep_out(Terms { evidence, ..Terms::default() })]);
    stay(&mut scene, 0..20, Look { sensors: &[0, 1], ..there(1) });
    assert_eq!(scene.said, [], "two sensors on one mast are one group");
    stay(&mut scene, 20..30, Look { sensors: &[0, 2], ..there(1) });
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!(scene.said[0].event_time, Timestamp::from_secs(0));
}

#[test]
fn a_crossing_waits_a_minute_for_its_evidence() {
    let evidence = Evidence { min_groups: 2, min_confidence: 0.0 };
    let rule = || Rule {
        terms: Terms { evidence, ..Terms::default() },
        ..testing::crossing(crate::watch::agreement::Direction::Any)
    };
    for (second, said) in [(30, 1), (100, 0)] {
        let mut scene = Scene::new(vec![rule()]);
        scene.walk(look(1, 0.0, 0.0, -100.0), [0.0, 100.0], 20);
        assert_eq!(scene.said, []);
        (20..second).for_each(|now| scene.tick(now, &[look(1, now as f64, 0.0, 100.0)]));
        scene.tick(second, &[Look { sensors: &[0, 2], ..look(1, second as f64, 0.0, 100.0) }]);
        assert_eq!(scene.said.len(), said, "{second}");
        assert!(scene.said.iter().all(|notice| notice.event_time == Timestamp::from_secs(10)));
        assert_eq!(scene.watch.refused(), 1 - said as u64, "what was never said is counted");
    }
}

#[test]
fn who_stays_longer_than_is_allowed_is_said_to() {
    let seconds = |n| crate::time::Span::from_secs(n);
    let kind = RuleKind::Loiter { zone: 0, longer_than: seconds(100), leave: seconds(10) };
    let mut scene = Scene::new(vec![testing::rule("no-camping", kind)]);
    stay(&mut scene, 0..60, there(1));
    stay(&mut scene, 60..68, Look { mean: [0.0, 5000.0, 0.0, 0.0], ..there(1) });
    stay(&mut scene, 68..120, there(1));
    assert_eq!(scene.states(), [State::Opened]);
    assert_eq!((scene.said[0].event_time, scene.said[0].kind), (Timestamp::from_secs(100), "loiter"));
    stay(&mut scene, 120..135, Look { mean: [0.0, 5000.0, 0.0, 0.0], ..there(1) });
    assert_eq!(scene.states(), [State::Opened, State::Cleared]);
}

#[test]
fn the_use_of_an_exemption_is_logged_when_it_begins() {
    let mut scene = Scene::of(&exempted(keep_out(Terms::default()), exempt(until(500))));
    stay(&mut scene, 10..40, there(1));
    let logged: Vec<_> = scene.watch.permitted().collect();
    let [used] = &logged[..] else { panic!("{logged:?}") };
    assert_eq!(
        (used.permitted.as_str(), &*used.by, used.rule.as_deref()),
        ("exemption", "leave", Some("keep-out"))
    );
    assert_eq!(used.document.as_ref().map(|[name, hash]| (&**name, &**hash)), Some(("letter", "00")));
    assert_eq!(used.event_time, Timestamp::from_secs(10));
}
