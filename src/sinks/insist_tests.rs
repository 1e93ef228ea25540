//! The webhook's plan in simulated time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::sinks::testing::{DAY, MINUTE, Simulated, down, outbox, owe, refused, say};
use crate::sinks::webhook::Json;

const QUICK: Duration = Duration::from_millis(5);

fn plan() -> Simulated<Insist<Json>> {
    Simulated::new(Insist::new(Json, Timing::default(), 7))
}

fn name(n: u32) -> Option<String> {
    Some(format!("{n:08}.1"))
}

#[test]
fn a_far_end_that_is_down_for_eight_days_is_asked_seldom_and_then_gets_ten_thousand_once_each_and_in_order() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..10_000);
    let (mut plan, mut attempts, mut taken) = (plan(), 0, Vec::new());
    plan.run(&queue, 8 * DAY, |_, _| {
        attempts += 1;
        (QUICK, down())
    });
    assert_eq!(queue.pending(), 10_000, "kept for more than a week");
    assert!((23_000..47_000).contains(&attempts), "{attempts} attempts, one each 15 to 30 s");
    plan.run(&queue, 8 * DAY + 3 * MINUTE, |_, parcel| {
        taken.push(parcel.name.clone());
        (QUICK, Ok(()))
    });
    assert_eq!(queue.pending(), 0);
    assert!(taken == (0..10_000).map(name).collect::<Vec<_>>(), "once each, in order");
}

#[test]
fn one_notice_that_always_fails_holds_up_no_other() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..100);
    let (mut plan, mut taken) = (plan(), Vec::new());
    let mut tried = 0;
    plan.run(&queue, 10 * MINUTE, |_, parcel| {
        if parcel.name == name(3) {
            tried += 1;
            return (QUICK, down());
        }
        taken.push(parcel.name.clone());
        (QUICK, Ok(()))
    });
    let others: Vec<_> = (0..100).filter(|n| *n != 3).map(name).collect();
    assert_eq!(taken, others);
    assert_eq!(queue.pending(), 1, "it stays owed");
    assert!(tried > 16, "and is offered again: {tried}");
}

#[test]
fn a_far_end_that_fails_at_random_gets_each_once() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..300);
    let (mut plan, mut taken, mut chance) = (plan(), BTreeMap::new(), 1_u64);
    plan.run(&queue, DAY, |_, parcel| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match chance >> 62 {
            0 => (QUICK, down()),
            1 => (QUICK, refused()),
            2 => (Duration::from_secs(11), Ok(())),
            _ => {
                *taken.entry(parcel.name.clone()).or_insert(0) += 1;
                (QUICK, Ok(()))
            }
        }
    });
    assert_eq!(queue.pending(), 0);
    assert_eq!(taken.len(), 300);
    assert!(taken.values().all(|times| *times == 1));
}

#[test]
fn what_is_refused_is_offered_again_at_its_interval_and_holds_up_nobody() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..3);
    let (mut plan, mut seen) = (plan(), Vec::new());
    plan.run(&queue, 2 * MINUTE, |at, parcel| {
        seen.push((at.as_secs(), parcel.name.clone()));
        (QUICK, if parcel.name == name(0) && at < MINUTE { refused() } else { Ok(()) })
    });
    assert_eq!(
        seen,
        [(0, name(0)), (0, name(1)), (0, name(2)), (30, name(0)), (60, name(0))],
        "once a half minute"
    );
    assert_eq!(queue.pending(), 0);
}

#[test]
fn closing_cuts_a_wait_short_and_ends_when_nothing_is_owed() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..2);
    let mut plan = plan();
    plan.run(&queue, 10 * MINUTE, |_, _| (QUICK, down()));
    let before = plan.elapsed;
    assert!(matches!(plan.plan.next(plan.now(), &queue), Next::Wait(Some(_))), "it is waiting");
    outbox.close();
    assert!(plan.run(&queue, DAY, |_, _| (QUICK, Ok(()))), "done");
    assert_eq!(plan.elapsed - before, 2 * QUICK);
}

#[test]
fn a_beat_goes_out_of_turn_and_is_owed_to_nobody() {
    let (outbox, queue) = outbox();
    let outbox = outbox.with_dead_man("east-3", true, [("hq", MINUTE)]);
    let start = crate::sinks::testing::START;
    let (mut plan, mut said) = (plan(), Vec::new());
    for second in 0..150 {
        outbox.beat(start.plus(crate::time::Span::from_secs(second)));
        if second == 100 {
            say(&outbox, 1, 1, "opened", start);
        }
        let until = Duration::from_secs(u64::try_from(second).unwrap() + 1);
        // Down in the second minute: what was missed is not made up for.
        let well = !(60..120).contains(&second);
        plan.run(&queue, until, |_, parcel| {
            if well {
                said.push(parcel.body.to_string());
            }
            (QUICK, if well { Ok(()) } else { down() })
        });
    }
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(
        said[0],
        r#"{"v":1,"kind":"dead_man","sector":"east-3","time":"2026-01-01T00:00:00.000Z","pending":{"hq":0},"exercise":true}"#
    );
    assert!(said[1].contains("00:02:00.000Z") && said[1].contains(r#"{"hq":1}"#), "{}", said[1]);
    assert!(said[2].contains("00000001"), "the notice");
}

#[test]
fn the_same_seed_does_the_same() {
    let trace = |seed| {
        let (outbox, queue) = outbox();
        owe(&outbox, 0..5);
        let mut plan = Simulated::new(Insist::new(Json, Timing::default(), seed));
        let mut seen = Vec::new();
        plan.run(&queue, 10 * MINUTE, |at, _| {
            seen.push(at);
            (QUICK, down())
        });
        seen
    };
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

#[test]
fn at_the_end_a_far_end_that_is_away_is_not_waited_for() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..2);
    let (mut plan, mut tries) = (plan(), 0);
    outbox.close();
    let mut away = |_, _: &_| {
        tries += 1;
        (QUICK, down())
    };
    assert!(plan.run(&queue, DAY, &mut away), "done");
    assert_eq!((tries, queue.pending()), (2, 2), "tried again once, and owed still");
    assert!(plan.elapsed < Duration::from_secs(2));
}
