//! The Alertmanager sink against a real Alertmanager.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use linewatch::clock::Clock;
use linewatch::outbox::{Limits, Outbox};
use linewatch::sinks::{Couriers, Kind, alertmanager};
use linewatch::watch::Notice;
use linewatch::watch::alert::State;

use crate::rig::alertmanager::Alertmanager;
use crate::rig::sample::{metrics, notice, owe_at, sink, utc};
use crate::rig::{program, repository, run, until};

const RESEND: Duration = Duration::from_secs(1);

fn start(url: &str) -> (Arc<Outbox>, Couriers) {
    let outbox = Arc::new(Outbox::new(&["am"], Limits::default(), &metrics(&["am"])));
    let settings = alertmanager::Settings { url: url.to_owned(), resend: RESEND };
    let sinks = [sink("am", Kind::Alertmanager(settings))];
    let couriers = Couriers::start(&sinks, None, "east-3", &outbox, &utc()).unwrap();
    (outbox, couriers)
}

fn owe(outbox: &Outbox, n: u32, revision: u32, state: State) {
    let notice = Notice { revision, state, raised_at: Clock::system().now(), ..notice(n) };
    owe_at(outbox, &notice, Clock::system().now());
}

fn id(n: u32) -> String {
    format!("{n:064x}")
}

/// Waits until exactly these alerts fire.
async fn until_active(alertmanager: &Alertmanager, what: &str, expected: &[u32]) {
    let expected: Vec<String> = expected.iter().map(|n| id(*n)).collect();
    for _ in 0..300 {
        let active: Vec<String> = alertmanager.active().await.into_iter().map(|(id, _)| id).collect();
        if active == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within 30 s: {what}; active: {:?}", alertmanager.active().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_is_known_to_it_through_restarts_and_what_is_over_is_resolved() {
    let Some(mut alertmanager) = Alertmanager::start().await else { return };
    let (outbox, couriers) = start(&alertmanager.url);
    let told = Arc::clone(&alertmanager.told);
    let has_told = move |n: u32, status: &str| told.lock().unwrap().contains(&(id(n), status.to_owned()));

    owe(&outbox, 1, 1, State::Opened);
    owe(&outbox, 2, 1, State::Opened);
    owe(&outbox, 2, 2, State::Updated);
    until_active(&alertmanager, "both fire", &[1, 2]).await;
    until("all delivered", 10, || outbox.left()[0].notices == 0).await;
    until("its receiver is told", 10, || has_told(1, "firing") && has_told(2, "firing")).await;

    let ends = alertmanager.active().await;
    tokio::time::sleep(6 * RESEND).await;
    let later = alertmanager.active().await;
    assert!(later.len() == 2 && later[0].1 > ends[0].1, "told again: {ends:?} {later:?}");

    alertmanager.kill();
    alertmanager.run();
    until_active(&alertmanager, "after a kill it learns both again", &[1, 2]).await;
    alertmanager.kill();
    alertmanager.forget();
    alertmanager.run();
    until_active(&alertmanager, "and with everything it kept gone", &[1, 2]).await;

    owe(&outbox, 1, 2, State::Cleared);
    until_active(&alertmanager, "the cleared one is over", &[2]).await;
    until("its receiver is told", 10, || has_told(1, "resolved")).await;

    alertmanager.stop();
    owe(&outbox, 2, 3, State::Cleared);
    owe(&outbox, 3, 1, State::Opened);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(outbox.left()[0].notices, 2, "delivered means taken");
    alertmanager.run();
    until_active(&alertmanager, "what happened while it was away", &[3]).await;
    until("its receiver is told of that too", 10, || has_told(2, "resolved") && has_told(3, "firing")).await;
    assert_eq!(couriers.drain(Duration::from_secs(5)).await, []);
    // Nobody tells it any more.
    until_active(&alertmanager, "what is not told again ends", &[]).await;
}

#[test]
fn the_shipped_example_is_one_it_takes() {
    let Some(amtool) = program("amtool") else { return };
    let example = repository("config/alertmanager/alertmanager.yml");
    let checked = run(Command::new(amtool).arg("check-config").arg(example), "");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
