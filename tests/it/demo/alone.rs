//! Every box has a line of its own: the plug of one silences that one and nobody else.

use linewatch::engine::SensorState;

use super::{Counters, kerguelen, stage, watcher::Heard};
use crate::rig::until;
use firmware_sims::scenario::{BoxKind, Scenario};

const SPEED: f64 = 4.0;

/// The exercise with its slow boxes hurried, so that "still goes on" is soon seen. Nobody is silent by himself.
fn hurried() -> Scenario {
    let mut scenario = kerguelen();
    for spec in &mut scenario.boxes {
        spec.faults.clear();
        spec.period_s = spec.period_s.min(1.5);
        spec.delay_s = spec.delay_s.min(1.0);
    }
    scenario
}

/// Stops `victim` and waits until every other sensor has been heard again and again, and it has not.
async fn stop_alone(victim: &str) {
    let scenario = hurried();
    let ids: Vec<String> = scenario.boxes.iter().map(|spec| spec.id.clone()).collect();
    let kind = scenario.find_box(victim).unwrap().kind;
    let heard = Heard::default();
    let (mut stage, _dir) = stage(scenario, SPEED, Some(heard.listener()));
    let frames = |counters: &Counters, id: &str| {
        linewatch::engine::Outcome::ALL.iter().map(|outcome| counters.scans(id, outcome)).sum::<f64>()
    };
    until("every sensor is heard", 20, || {
        let now = Counters::of(&stage);
        ids.iter().all(|id| now.used(id) >= 1.0)
    })
    .await;
    stage.boxes.get_mut(victim).unwrap().stop();
    // What it had sent is still on its way: after two more frames of everybody else it has arrived.
    let others = || ids.iter().filter(|id| *id != victim);
    let stopped = Counters::of(&stage);
    until("the others go on", 20, || {
        let now = Counters::of(&stage);
        others().all(|id| now.used(id) >= stopped.used(id) + 2.0)
    })
    .await;
    let settled = Counters::of(&stage);
    until(&format!("the others go on without {victim}"), 20, || {
        let now = Counters::of(&stage);
        others().all(|id| now.used(id) >= settled.used(id) + 3.0)
    })
    .await;
    let now = Counters::of(&stage);
    assert!(
        (frames(&now, victim) - frames(&settled, victim)).abs() < 0.5,
        "{victim} is unplugged, and yet its scans_total moves"
    );
    let gone = if matches!(kind, BoxKind::Camera | BoxKind::Satellite) {
        // Its last will says so at once.
        SensorState::Offline
    } else {
        SensorState::Silent
    };
    until(&format!("{victim} is {}", gone.as_str()), 20, || heard.states(victim).last() == Some(&gone)).await;
    for id in others() {
        assert_eq!(heard.states(id).last(), Some(&SensorState::Online), "{id} while {victim} is unplugged");
    }
    stage.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plug_of_one_box_silences_that_one_and_nobody_else() {
    let ids: Vec<String> = hurried().boxes.into_iter().map(|spec| spec.id).collect();
    assert_eq!(ids, ["r1", "r2", "c1", "c2", "c3", "c4", "s1", "a1", "f1"]);
    // Three stages at a time: each waits for its world more than it works.
    let mut ids = ids.into_iter().peekable();
    while ids.peek().is_some() {
        let mut stages = tokio::task::JoinSet::new();
        for id in ids.by_ref().take(3) {
            stages.spawn(async move { stop_alone(&id).await });
        }
        while let Some(done) = stages.join_next().await {
            done.unwrap();
        }
    }
}
