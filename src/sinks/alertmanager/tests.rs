//! Alertmanager's plan in simulated time.

use serde_json::Value;

use super::*;
use crate::outbox::Outbox;
use crate::sinks::plan::Parcel;
use crate::sinks::testing::{DAY, MINUTE, START, Simulated, down, outbox, owe, refused, say};

const QUICK: Duration = Duration::from_millis(5);

fn plan() -> Simulated<Telling> {
    Simulated::new(Telling::new(MINUTE, "east-3", Timing::default(), 7))
}

/// Alert, revision and state of everything in a POST.
fn told(parcel: &Parcel) -> Vec<String> {
    let alerts: Vec<Value> = serde_json::from_str(&parcel.body).unwrap();
    let one = |alert: &Value| {
        let word = |of: &str, key: &str| alert[of][key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}",
            word("labels", "alert"),
            word("annotations", "revision"),
            word("annotations", "state")
        )
    };
    alerts.iter().map(one).collect()
}

/// Seconds and contents of every POST, all of them taken.
fn tellings(plan: &mut Simulated<Telling>, queue: &Queue, until: Duration) -> Vec<(u64, Vec<String>)> {
    let mut seen = Vec::new();
    plan.run(queue, until, |at, parcel| {
        seen.push((at.as_secs(), told(parcel)));
        (QUICK, Ok(()))
    });
    seen
}

fn at(time: Duration) -> Timestamp {
    START.plus(Span::from_secs(i64::try_from(time.as_secs()).unwrap()))
}

fn tick_through(outbox: &Outbox, plan: &mut Simulated<Telling>, queue: &Queue, until: Duration) -> Vec<u64> {
    let mut seen = Vec::new();
    while plan.elapsed < until {
        outbox.beat(at(plan.elapsed));
        let step = plan.elapsed + Duration::from_secs(1);
        seen.extend(tellings(plan, queue, step).into_iter().map(|(second, _)| second));
    }
    seen
}

#[test]
fn an_open_alert_is_told_every_minute_and_a_cleared_one_for_a_quarter_of_an_hour() {
    let (outbox, queue) = outbox();
    let mut plan = plan();
    say(&outbox, 1, 1, "opened", START);
    let open = tick_through(&outbox, &mut plan, &queue, 10 * MINUTE);
    assert_eq!(open, [0, 0, 60, 120, 180, 240, 300, 360, 420, 480, 540], "at once, and once a minute");
    assert_eq!(queue.pending(), 0);
    say(&outbox, 1, 2, "cleared", at(plan.elapsed));
    let cleared = tick_through(&outbox, &mut plan, &queue, 60 * MINUTE);
    let tellings: Vec<_> = std::iter::once(600).chain((10..25).map(|minute| minute * 60)).collect();
    assert_eq!(cleared, tellings, "a quarter of an hour long");
}

#[test]
fn each_state_of_an_alert_is_told_once_the_one_before_has_arrived() {
    let (outbox, queue) = outbox();
    let mut plan = plan();
    say(&outbox, 1, 1, "opened", START);
    say(&outbox, 2, 1, "opened", START);
    say(&outbox, 1, 2, "cleared", START);
    plan.run(&queue, 5 * MINUTE, |_, _| (QUICK, down()));
    assert_eq!(queue.pending(), 3, "delivered means taken");
    let until = plan.elapsed + Duration::from_secs(31);
    let seen = tellings(&mut plan, &queue, until);
    let batches: Vec<_> = seen.into_iter().map(|(_, told)| told).collect();
    assert_eq!(batches[0], ["00000001 1 opened", "00000002 1 opened"]);
    assert_eq!(batches[1], ["00000001 2 cleared"]);
    assert_eq!(batches[2], ["00000001 2 cleared", "00000002 1 opened"], "the round tells what stands");
    assert_eq!(queue.pending(), 0);
}

#[test]
fn what_is_owed_is_not_overtaken_by_the_round() {
    let (outbox, queue) = outbox();
    let mut plan = plan();
    say(&outbox, 1, 1, "opened", START);
    tellings(&mut plan, &queue, Duration::from_secs(30));
    say(&outbox, 1, 2, "cleared", at(plan.elapsed));
    let mut attempts = Vec::new();
    plan.run(&queue, 5 * MINUTE, |_, parcel| {
        attempts.push(told(parcel));
        (QUICK, down())
    });
    assert!(attempts.iter().all(|told| *told == ["00000001 2 cleared"]), "{attempts:?}");
}

#[test]
fn ten_thousand_go_in_batches_and_a_bad_one_among_them_is_found() {
    let (outbox, queue) = outbox();
    let mut plan = plan();
    owe(&outbox, 0..10_000);
    let (mut posts, mut first_taken) = (0, 0);
    plan.run(&queue, 20 * MINUTE, |_, parcel| {
        posts += 1;
        let has_bad = told(parcel).iter().any(|told| told.starts_with("00000777 "));
        if queue.pending() == 1 && first_taken == 0 {
            first_taken = posts;
        }
        (QUICK, if has_bad { refused() } else { Ok(()) })
    });
    assert_eq!(queue.pending(), 1, "only the bad one is owed");
    assert!((200..400).contains(&first_taken), "{first_taken} POSTs: fifty batches, one of them one by one");
}

#[test]
fn a_restarted_courier_tells_what_stands_at_once() {
    let (outbox, queue) = outbox();
    say(&outbox, 1, 1, "opened", START);
    queue.acknowledged(0);
    let seen = tellings(&mut plan(), &queue, Duration::from_secs(1));
    assert_eq!(seen, [(0, vec!["00000001 1 opened".to_owned()])]);
}

#[test]
fn the_engines_beats_keep_an_alert_firing_and_their_end_ends_it() {
    let (outbox, queue) = outbox();
    let outbox = outbox.with_dead_man("east-3", false, [("hq", MINUTE)]);
    let (mut plan, mut ends) = (plan(), Vec::new());
    for second in 0..600 {
        // The engine hangs from the fourth minute on.
        if second < 200 {
            outbox.beat(at(Duration::from_secs(second)));
        }
        plan.run(&queue, Duration::from_secs(second + 1), |_, parcel| {
            let alerts: Vec<Value> = serde_json::from_str(&parcel.body).unwrap();
            assert_eq!(alerts[0]["labels"]["alertname"], "LinewatchAlive");
            assert_eq!(alerts[0]["startsAt"], "2026-01-01T00:00:00.000Z");
            ends.push(alerts[0]["endsAt"].as_str().unwrap().to_owned());
            (QUICK, Ok(()))
        });
    }
    let minutes = |minute| format!("2026-01-01T00:{minute:02}:00.000Z");
    assert_eq!(ends, (4..8).map(minutes).collect::<Vec<_>>(), "four intervals after each beat");
}

#[test]
fn closing_waits_for_what_is_owed_and_for_nothing_else() {
    let (outbox, queue) = outbox();
    let mut plan = plan();
    owe(&outbox, 0..3);
    outbox.close();
    assert!(plan.run(&queue, DAY, |_, _| (QUICK, Ok(()))));
    assert_eq!(plan.elapsed, QUICK);
}
