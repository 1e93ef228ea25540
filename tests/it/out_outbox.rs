//! The outbox: bounded, in order, and exact about what became of what.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use linewatch::outbox::{Ledger, Limits, Outbox};

use crate::rig::sample::{self, at_s, metrics, notice, value};

fn owe(outbox: &Outbox, n: u32) {
    sample::owe(outbox, &notice(n));
}

#[tokio::test]
async fn a_full_queue_gives_up_its_oldest_and_counts_it() {
    let metrics = metrics(&["a"]);
    let outbox = Outbox::new(&["a"], Limits { notices: 3, ..Limits::default() }, &metrics);
    (0..5).for_each(|n| owe(&outbox, n));
    let queue = outbox.queue("a").unwrap();
    assert_eq!(queue.after(None).await.unwrap().sequence, 2, "0 and 1 were given up");
    assert_eq!(queue.pending(), 3);
    let text = metrics.render(at_s(21));
    assert_eq!(
        value(&text, r#"linewatch_notices_total{outcome="dropped",sector="east-3",sink="a"}"#),
        Some(2.0)
    );
    assert_eq!(value(&text, r#"linewatch_notices_pending{sector="east-3",sink="a"}"#), Some(3.0));
    assert_eq!(value(&text, r#"linewatch_notices_oldest_age_seconds{sector="east-3",sink="a"}"#), Some(10.0));
}

#[tokio::test]
async fn a_queue_full_in_bytes_gives_up_its_oldest_too() {
    let bytes = notice(0).to_json().len();
    let outbox = Outbox::new(&["a"], Limits { bytes: 2 * bytes, ..Limits::default() }, &metrics(&["a"]));
    (0..5).for_each(|n| owe(&outbox, n));
    assert_eq!(outbox.queue("a").unwrap().pending(), 2);
}

#[tokio::test]
async fn each_sink_is_owed_everything_until_it_has_acknowledged_it() {
    let metrics = metrics(&["a", "b"]);
    let outbox = Outbox::new(&["a", "b"], Limits::default(), &metrics);
    (0..3).for_each(|n| owe(&outbox, n));
    let a = outbox.queue("a").unwrap();
    a.acknowledged(1);
    a.acknowledged(1);
    assert_eq!(a.after(Some(0)).await.unwrap().sequence, 2);
    assert!(a.get(1).is_none() && a.get(0).is_some());
    let left: Vec<_> = outbox.left().iter().map(|left| (left.sink.to_string(), left.notices)).collect();
    assert_eq!(left, [("a".to_owned(), 2), ("b".to_owned(), 3)]);
    let text = metrics.render(at_s(0));
    assert_eq!(
        value(&text, r#"linewatch_notices_total{outcome="delivered",sector="east-3",sink="a"}"#),
        Some(1.0)
    );
}

async fn woken(waiting: tokio::task::JoinHandle<Option<u64>>) -> Option<u64> {
    tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap()
}

#[tokio::test]
async fn whoever_waits_is_woken_by_the_next_notice_and_by_the_end() {
    let outbox = Arc::new(Outbox::new(&["a"], Limits::default(), &metrics(&["a"])));
    let queue = outbox.queue("a").unwrap();
    let waiting = |after| {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { queue.after(after).await.map(|owed| owed.sequence) })
    };
    let first = waiting(None);
    tokio::task::yield_now().await;
    owe(&outbox, 7);
    assert_eq!(woken(first).await, Some(0));
    let second = waiting(Some(0));
    tokio::task::yield_now().await;
    outbox.close();
    assert_eq!(woken(second).await, None);
}

#[tokio::test]
async fn what_is_acknowledged_is_told_to_the_ledger_once_and_stays_until_the_log_holds_it() {
    let metrics = metrics(&["a"]);
    let outbox = Outbox::new(&["a"], Limits::default(), &metrics);
    let told = Arc::new(Mutex::new(Vec::new()));
    let ledger: Ledger = {
        let told = Arc::clone(&told);
        Arc::new(move |sink, sequence| told.lock().unwrap().push((sink.to_owned(), sequence)))
    };
    outbox.keep_ledger(&ledger);
    (0..3).for_each(|n| owe(&outbox, n));
    let queue = outbox.queue("a").unwrap();
    let owed_to_all = outbox.snapshot();
    queue.acknowledged(1);
    queue.acknowledged(1);
    assert_eq!(*told.lock().unwrap(), [("a".to_owned(), 1)]);
    assert_eq!(queue.after(Some(0)).await.unwrap().sequence, 2, "it is not sent again by this process");
    assert_eq!(queue.pending(), 2);
    assert_eq!(outbox.snapshot(), owed_to_all, "but by another that starts from what the log holds");
    outbox.recorded("a", 1);
    outbox.recorded("a", 1);
    outbox.recorded("nobody", 0);
    assert_ne!(outbox.snapshot(), owed_to_all);
    let restarted = Outbox::new(&["a"], Limits::default(), &metrics);
    restarted.restore(&outbox.snapshot()).unwrap();
    let queue = restarted.queue("a").unwrap();
    assert_eq!((queue.get(0).is_some(), queue.get(1), queue.get(2).is_some()), (true, None, true));
    let text = metrics.render(at_s(21));
    let age = r#"linewatch_notices_oldest_age_seconds{sector="east-3",sink="a"}"#;
    assert_eq!(value(&text, age), Some(10.0), "restored age");
}
