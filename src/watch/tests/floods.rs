//! More than a person can take in.

use std::sync::Arc;

use super::*;
use crate::watch::Cause;
use crate::watch::agreement::Direction;
use crate::watch::alert::Severity;
use crate::watch::life::{Act, Deed, Done, Held};

/// Vehicles that cross, one every ten seconds, 30 m apart; what was said, settled as the engine does.
struct Rush {
    scene: Scene,
    said: Vec<Notice>,
    second: i64,
}

impl Rush {
    fn new() -> Self {
        Self { scene: Scene::new(vec![testing::crossing(Direction::Any)]), said: Vec::new(), second: 1000 }
    }

    fn settle(&mut self, cause: Cause) {
        let now = Timestamp::from_secs(self.second);
        self.scene.watch.settle(now, cause, &mut self.scene.said);
        self.said.append(&mut self.scene.said);
    }

    fn cross(&mut self, ids: std::ops::Range<u64>) {
        for id in ids {
            let (start_s, east_m) = (self.second as f64, 2055.0 + 30.0 * id as f64);
            self.scene.walk(look(id, start_s, east_m, -60.0), [east_m, 60.0], 6);
            self.second += 10;
            self.settle(Cause::Observed);
        }
    }

    fn wait(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.second += 1;
            self.scene.tick(self.second, &[]);
            self.settle(Cause::Tick);
        }
    }

    fn act(&mut self, alert: &Arc<str>, deed: Deed) -> Result<Done, crate::watch::life::Refusal> {
        let done = self.scene.act_at(self.second, alert, deed);
        self.settle(Cause::Act);
        done
    }

    fn told(&self) -> Vec<&Notice> {
        self.said.iter().filter(|notice| notice.life.held.is_none()).collect()
    }

    fn group(&self) -> &Notice {
        self.said.iter().rev().find(|notice| notice.kind == "flood").unwrap()
    }
}

impl Scene {
    fn act_at(
        &mut self,
        second: i64,
        alert: &Arc<str>,
        deed: Deed,
    ) -> Result<Done, crate::watch::life::Refusal> {
        let act = Act { alert: Arc::clone(alert), actor: "Ada".into(), deed };
        self.watch.act(Timestamp::from_secs(second), &act, &mut self.said)
    }
}

#[test]
fn nine_are_said_one_by_one_and_what_comes_after_in_a_group() {
    let mut rush = Rush::new();
    rush.cross(0..9);
    assert!(rush.said.iter().all(|notice| notice.life.held.is_none() && notice.kind == "crossing"));
    rush.cross(9..30);
    let singles = rush.told().iter().filter(|notice| notice.kind == "crossing").count();
    assert_eq!(singles, 9);
    let held = rush.said.iter().filter(|notice| notice.life.held == Some(Held::Flood)).count();
    assert_eq!(held, 21, "the record keeps everything");
    assert_eq!((rush.group().state, rush.group().revision), (State::Opened, 1));
    rush.wait(60);
    let said = rush.group().group.clone().unwrap();
    assert_eq!((rush.group().state, said.alerts, said.open, said.over), (State::Updated, 21, 21, false));
    assert!(rush.scene.watch.indicators().1.is_some());
}

#[test]
fn leaving_a_flood_is_said_and_the_group_ends_with_its_last_alert() {
    let mut rush = Rush::new();
    rush.cross(0..20);
    rush.wait(700);
    let said = rush.group().group.clone().unwrap();
    assert!(said.over && rush.group().state == State::Updated, "{said:?}");
    assert_eq!(rush.scene.watch.indicators().1, None);
    let told = rush.told().len();
    rush.cross(40..41);
    assert_eq!(rush.told().len(), told + 1, "one by one again");
    (0..20).for_each(|id| rush.scene.forget(rush.second, id));
    rush.wait(61);
    assert_eq!(rush.group().state, State::Cleared);
    let untold: Vec<_> =
        rush.said.iter().filter(|n| n.state == State::Cleared && n.life.held.is_some()).collect();
    assert_eq!(untold.len(), 11, "nobody hears the end of what nobody heard of");
}

#[test]
fn what_is_urgent_never_waits() {
    let mut rush = Rush::new();
    rush.cross(0..20);
    for id in 100..103 {
        let east_m = 2055.0 + 30.0 * id as f64;
        let start = Look { sensors: &[0, 2], ..look(id, rush.second as f64, east_m, -60.0) };
        rush.scene.walk(start, [east_m, 60.0], 6);
        rush.second += 10;
        rush.settle(Cause::Observed);
    }
    let last = rush.said.last().unwrap();
    assert_eq!((last.severity, last.life.held), (Severity::Urgent, None));
}

#[test]
fn who_has_seen_a_group_has_seen_its_alerts() {
    let mut rush = Rush::new();
    rush.cross(0..15);
    let group = rush.group().alert.clone();
    assert!(matches!(rush.act(&group, Deed::Acknowledge), Ok(Done::Changed { .. })));
    assert_eq!(rush.act(&group, Deed::Acknowledge), Ok(Done::Already));
    assert!(rush.act(&group, Deed::Unshelve).is_err());
    let seen = rush.scene.watch.open().filter(|notice| notice.life.acknowledged.is_some()).count();
    assert_eq!(seen, 7, "six, and their group");
}

#[test]
fn a_shelved_alert_is_silent_until_it_returns() {
    let mut rush = Rush::new();
    rush.cross(0..1);
    let alert = rush.said[0].alert.clone();
    let until = Timestamp::from_secs(rush.second + 60);
    rush.act(&alert, Deed::Shelve { reason: "works".into(), until }).unwrap();
    assert_eq!(rush.said.last().unwrap().life.held, None, "that it is shelved is said");
    let back = Look { sensors: &[0, 2], ..look(0, rush.second as f64, 2055.0, 60.0) };
    rush.scene.tick(rush.second, &[back]);
    rush.settle(Cause::Tick);
    assert_eq!(rush.said.last().unwrap().life.held, Some(Held::Shelved));
    rush.wait(60);
    let last = rush.said.last().unwrap();
    assert_eq!((last.life.held, last.severity), (None, Severity::Alert), "it returns as it is now");
}

#[test]
fn the_indicators_count_what_rings() {
    let mut rush = Rush::new();
    rush.cross(0..20);
    let (found, since) = rush.scene.watch.indicators();
    assert_eq!((found.rang, found.held, found.most, since.is_some()), (10, 11, 10, true), "nine and a group");
    rush.wait(1200);
    let (found, _) = rush.scene.watch.indicators();
    assert_eq!((found.seconds, found.floods), (1200, 1));
    assert!(found.flood_seconds > 300 && found.flood_seconds < 700, "{}", found.flood_seconds);
    assert!(found.average().unwrap() > 5.0);
}
