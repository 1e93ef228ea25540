//! What persons and the passing of time do to alerts.

use std::sync::Arc;

use super::*;
use crate::time::Span;
use crate::watch::agreement::{Direction, Recipients, SeverityBounds};
use crate::watch::alert::Severity;
use crate::watch::life::{Act, Deed, Done, Refusal, Verdict};

/// A scene with one open crossing, raised shortly after second 1010; two trust groups where `sensors` has them.
fn crossed(sensors: &'static [u16]) -> (Scene, Arc<str>) {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    scene.walk(Look { sensors, ..look(1, 1000.0, 55.0, -100.0) }, [55.0, 100.0], 20);
    let alert = scene.said[0].alert.clone();
    (scene, alert)
}

impl Scene {
    fn act(&mut self, second: i64, alert: &Arc<str>, deed: Deed) -> Result<Done, Refusal> {
        let act = Act { alert: Arc::clone(alert), actor: "Ada".into(), deed };
        self.watch.act(Timestamp::from_secs(second), &act, &mut self.said)
    }

    fn last(&self) -> &Notice {
        self.said.last().unwrap()
    }
}

fn shelve(until_s: i64) -> Deed {
    Deed::Shelve { reason: "works".into(), until: Timestamp::from_secs(until_s) }
}

#[test]
fn an_acknowledgement_is_said_once_and_stays() {
    let (mut scene, alert) = crossed(&[0]);
    let revision = scene.last().revision;
    let after = Some(Timestamp::from_secs(1030).since(scene.said[0].raised_at));
    assert_eq!(scene.act(1030, &alert, Deed::Acknowledge), Ok(Done::Changed { after }));
    let said = scene.last().life.acknowledged.clone().unwrap();
    assert_eq!(
        (&*said.by, said.at, scene.last().revision),
        ("Ada", Timestamp::from_secs(1030), revision + 1)
    );
    assert_eq!(scene.last().state, State::Updated);
    let before = scene.said.len();
    assert_eq!(scene.act(1031, &alert, Deed::Acknowledge), Ok(Done::Already));
    assert_eq!(scene.said.len(), before, "twice is once");
    scene.forget(1040, 1);
    scene.tick(1101, &[]);
    assert_eq!((scene.last().state, scene.last().life.acknowledged.is_some()), (State::Cleared, true));
}

#[test]
fn what_cannot_be_done_is_refused_and_says_nothing() {
    let (mut scene, alert) = crossed(&[0]);
    let before = scene.said.len();
    assert_eq!(scene.act(1030, &"no such".into(), Deed::Acknowledge), Err(Refusal::Unknown));
    for until_s in [1030, 900, 1030 + 86_401] {
        assert!(matches!(scene.act(1030, &alert, shelve(until_s)), Err(Refusal::Impossible(_))), "{until_s}");
    }
    scene.forget(1040, 1);
    scene.tick(1101, &[]);
    assert!(matches!(scene.act(1102, &alert, shelve(1200)), Err(Refusal::Impossible(_))), "it is over");
    assert_eq!(scene.said.len(), before + 1);
}

#[test]
fn a_shelved_alert_returns_by_itself() {
    let (mut scene, alert) = crossed(&[0]);
    assert_eq!(scene.act(1030, &alert, shelve(1060)), Ok(Done::Changed { after: None }));
    assert_eq!(scene.act(1031, &alert, shelve(1060)), Ok(Done::Already));
    let before = scene.said.len();
    scene.tick(1059, &[]);
    assert_eq!(scene.said.len(), before);
    scene.tick(1060, &[]);
    assert_eq!((scene.said.len(), scene.last().life.shelved.is_none()), (before + 1, true));
    assert_eq!(scene.act(1061, &alert, Deed::Unshelve), Ok(Done::Already));
    scene.act(1062, &alert, shelve(1200)).unwrap();
    assert_eq!(scene.act(1063, &alert, Deed::Unshelve), Ok(Done::Changed { after: None }));
}

#[test]
fn a_review_is_kept_and_can_come_days_later() {
    let (mut scene, alert) = crossed(&[0]);
    scene.forget(1040, 1);
    scene.tick(1101, &[]);
    scene.tick(3 * 86_400, &[]);
    let verdict =
        |verdict, cause: Option<&str>| Deed::Review { verdict, cause: cause.map(Arc::from), document: None };
    let at = 3 * 86_400 + 1;
    assert_eq!(scene.act(at, &alert, verdict(Verdict::Confirmed, None)), Ok(Done::Changed { after: None }));
    assert_eq!(scene.last().state, State::Cleared, "it is not open again");
    assert_eq!(scene.act(at, &alert, verdict(Verdict::Confirmed, None)), Ok(Done::Already));
    let other = verdict(Verdict::FalseAlarm, Some("a herd"));
    assert_eq!(scene.act(at, &alert, other), Ok(Done::Changed { after: None }));
    assert_eq!(scene.last().life.review.as_ref().map(|review| review.verdict), Some(Verdict::FalseAlarm));
    scene.tick(9 * 86_400, &[]);
    scene.tick(9 * 86_400 + 60, &[]);
    assert_eq!(scene.act(9 * 86_400 + 61, &alert, Deed::Acknowledge), Err(Refusal::Unknown), "past a week");
}

/// The rule is told to `duty`, then to `hq`, then to nobody else, a minute each.
fn escalating() -> Scene {
    let mut rule = testing::crossing(Direction::Any);
    (rule.terms.recipients, rule.terms.escalate_after) = (vec![0, 1], Some(Span::from_secs(60)));
    let recipients = |id: &str| Recipients { id: id.into(), name: None, sinks: Vec::new() };
    let mut agreement = testing::agreement(vec![rule]);
    agreement.recipients = vec![recipients("duty"), recipients("hq")];
    let mut scene = Scene::of(&agreement);
    scene.walk(look(1, 1000.0, 55.0, -100.0), [55.0, 100.0], 20);
    scene
}

fn level(notice: &Notice) -> (u32, Vec<&str>) {
    let of = notice.life.escalation.as_ref().unwrap();
    (of.level, of.recipients.iter().map(|id| &**id).collect())
}

#[test]
fn what_nobody_acknowledges_goes_on_to_the_last_and_no_farther() {
    let mut scene = escalating();
    assert_eq!(level(&scene.said[0]), (0, vec!["duty"]));
    let raised_s = scene.said[0].raised_at.ceil_secs();
    let before = scene.said.len();
    (0..60).for_each(|second| scene.tick(raised_s + second, &[]));
    assert_eq!(scene.said.len(), before);
    scene.tick(raised_s + 60, &[]);
    assert_eq!((scene.said.len(), level(scene.last())), (before + 1, (1, vec!["hq"])));
    (61..600).for_each(|second| scene.tick(raised_s + second, &[]));
    assert_eq!(scene.said.len(), before + 1, "there is nobody else");
}

#[test]
fn what_is_acknowledged_or_shelved_goes_nowhere() {
    for deed in [Deed::Acknowledge, shelve(5000)] {
        let mut scene = escalating();
        let alert = scene.said[0].alert.clone();
        scene.act(1025, &alert, deed).unwrap();
        let before = scene.said.len();
        (1026..1300).for_each(|second| scene.tick(second, &[]));
        assert_eq!(scene.said.len(), before);
    }
}

#[test]
fn several_corroborated_things_near_each_other_are_one_incident_and_urgent_once() {
    let run = |sensors: &'static [u16]| {
        let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
        for id in 0..4 {
            let (start_s, east_m) = (1000.0 + 30.0 * id as f64, 55.0 + 100.0 * id as f64);
            scene.walk(Look { sensors, ..look(id, start_s, east_m, -100.0) }, [east_m, 100.0], 20);
        }
        scene
    };
    let scene = run(&[0, 2]);
    let incidents: std::collections::BTreeSet<_> =
        scene.said.iter().map(|notice| notice.life.incident.clone().unwrap()).collect();
    assert_eq!(incidents.len(), 1);
    let opened: Vec<Severity> =
        scene.said.iter().filter(|n| n.state == State::Opened).map(|n| n.severity).collect();
    assert_eq!(opened, [Severity::Alert, Severity::Alert, Severity::Urgent, Severity::Alert]);
    let one_mast = run(&[0, 1]);
    assert!(one_mast.said.iter().all(|notice| notice.severity == Severity::Warning), "one group alone");
}

#[test]
fn what_is_far_or_long_after_is_another_incident() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    for (id, start_s, east_m) in [(1, 1000.0, 0.0), (2, 1000.0, 2500.0), (3, 2000.0, 0.0)] {
        scene.walk(look(id, start_s, east_m + 55.0, -100.0), [east_m + 55.0, 100.0], 20);
    }
    let incidents: std::collections::BTreeSet<_> =
        scene.said.iter().map(|notice| notice.life.incident.clone().unwrap()).collect();
    assert_eq!(incidents.len(), 3);
}

#[test]
fn an_urgent_alert_is_never_shelved_and_one_that_becomes_urgent_returns() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    for id in 0..2 {
        let east_m = 55.0 + 100.0 * id as f64;
        scene.walk(Look { sensors: &[0, 2], ..look(id, 1000.0, east_m, -100.0) }, [east_m, 100.0], 20);
    }
    scene.walk(look(7, 1030.0, 355.0, -100.0), [355.0, 100.0], 20);
    let alert = scene.last().alert.clone();
    assert_eq!(scene.last().severity, Severity::Warning);
    scene.act(1051, &alert, shelve(2000)).unwrap();
    scene.act(1051, &alert, Deed::Acknowledge).unwrap();
    scene.tick(1052, &[Look { sensors: &[0, 2], ..look(7, 1052.0, 355.0, 100.0) }]);
    let last = scene.last();
    assert_eq!((last.alert.clone(), last.severity), (alert.clone(), Severity::Urgent));
    assert!(last.life.shelved.is_none() && last.life.acknowledged.is_none());
    assert!(matches!(scene.act(1053, &alert, shelve(2000)), Err(Refusal::Impossible(_))));
}

#[test]
fn a_rule_keeps_its_alerts_within_its_bounds() {
    let mut rule = testing::crossing(Direction::Any);
    rule.terms.severity = SeverityBounds { floor: None, cap: Some(Severity::Advisory) };
    let mut scene = Scene::new(vec![rule]);
    scene.walk(Look { sensors: &[0, 2], ..look(1, 1000.0, 55.0, -100.0) }, [55.0, 100.0], 20);
    scene.tick(1021, &[Look { sensors: &[0, 2], ..look(1, 1021.0, 55.0, 100.0) }]);
    assert!(!scene.said.is_empty() && scene.said.iter().all(|n| n.severity == Severity::Advisory));
}

#[test]
fn an_hour_in_which_nothing_changes_says_nothing() {
    let ceiling = crate::watch::agreement::RuleKind::Ceiling { zone: 0, limit: 1, horizon: None };
    let crowd = testing::rule("few", ceiling);
    let stay = testing::rule("camp", crate::watch::agreement::RuleKind::Presence { zone: 0 });
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any), stay, crowd]);
    let mut before = 0;
    for second in 0..3700 {
        let sway = f64::from(second % 7) - 3.0;
        let looks: Vec<Look<'_>> = (0..5)
            .map(|id| {
                let east_m = 40.0 * id as f64 + sway;
                Look { sensors: &[0, 2], ..look(id, f64::from(second), east_m, 3000.0 - sway) }
            })
            .collect();
        looks.iter().for_each(|look| scene.observe(*look));
        scene.tick(i64::from(second), &looks);
        if second == 90 {
            before = scene.said.len();
        }
    }
    assert!(before >= 6, "{before}");
    assert_eq!(scene.said.len(), before, "{:?}", scene.said.last());
}

#[test]
fn without_escalation_all_recipients_are_told_at_once() {
    let mut rule = testing::crossing(Direction::Any);
    rule.terms.recipients = vec![0, 1];
    let recipients = |id: &str| Recipients { id: id.into(), name: None, sinks: Vec::new() };
    let agreement = Agreement {
        recipients: vec![recipients("duty"), recipients("hq")],
        ..testing::agreement(vec![rule])
    };
    let mut scene = Scene::of(&agreement);
    scene.walk(look(1, 1000.0, 55.0, -100.0), [55.0, 100.0], 20);
    assert_eq!(level(&scene.said[0]), (0, vec!["duty", "hq"]));
    (1030..2000).for_each(|second| scene.tick(second, &[]));
    assert!(scene.said.iter().all(|notice| level(notice).0 == 0), "there is nobody else");
}

#[test]
fn what_became_of_the_record_stands_until_somebody_has_seen_it() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    scene.watch.damaged(Timestamp::from_secs(5), 17, 20, &mut scene.said);
    let alert = scene.last().alert.clone();
    let of = scene.last();
    assert_eq!((of.kind, &*of.rule, of.severity), ("journal_damaged", "system", Severity::Urgent));
    assert_eq!((of.grounds.lost_records, &of.life.incident), (Some([17, 20]), &None));
    (6..4000).for_each(|second| scene.tick(second, &[]));
    assert_eq!(scene.said.len(), 1);
    assert!(scene.act(4000, &alert, Deed::Acknowledge).is_ok());
    scene.tick(4001, &[]);
    assert_eq!(scene.states(), [State::Opened, State::Updated, State::Cleared]);
}
