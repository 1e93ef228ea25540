//! The MQTT plan, step by step.

use super::*;
use crate::sinks::testing::{outbox, owe};

const SECOND: Duration = Duration::from_secs(1);

fn connected() -> Publishing {
    let mut plan = Publishing::new(Timing::default(), 7);
    plan.connected();
    plan
}

/// Everything it publishes now, and what it does then.
fn publish_all(plan: &mut Publishing, now: Duration, queue: &Queue) -> (Vec<Token>, Act) {
    let mut tokens = Vec::new();
    loop {
        match plan.next(now, queue) {
            Act::Publish(token, _) => tokens.push(token),
            other => return (tokens, other),
        }
    }
}

fn notices(range: std::ops::Range<u64>) -> Vec<Token> {
    range.map(Token::Notice).collect()
}

#[test]
fn the_window_counts_from_the_oldest_missing_acknowledgement() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..100);
    let mut plan = connected();
    let (sent, then) = publish_all(&mut plan, SECOND, &queue);
    assert_eq!(sent, notices(0..32));
    assert_eq!(then, Act::Wait(Some(11 * SECOND)));
    for sequence in 1..32 {
        plan.acknowledged(SECOND, Token::Notice(sequence), &queue);
    }
    assert_eq!(queue.pending(), 69);
    assert_eq!(publish_all(&mut plan, SECOND, &queue).0, [], "the first is not acknowledged");
    plan.acknowledged(SECOND, Token::Notice(0), &queue);
    assert_eq!(publish_all(&mut plan, SECOND, &queue).0, notices(32..64));
}

#[test]
fn after_a_lost_connection_only_what_was_not_acknowledged_is_sent_again() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..5);
    let mut plan = connected();
    publish_all(&mut plan, SECOND, &queue);
    plan.acknowledged(SECOND, Token::Notice(3), &queue);
    plan.lost(SECOND, &queue);
    let Act::Wait(Some(until)) = plan.next(SECOND, &queue) else { panic!("it backs off") };
    assert!(until > SECOND && until <= 2 * SECOND);
    plan.acknowledged(until, Token::Notice(4), &queue);
    assert_eq!(queue.pending(), 4, "an acknowledgement of the old connection is none");
    assert_eq!(plan.next(until, &queue), Act::Connect);
    plan.connected();
    let again = [0, 1, 2, 4].map(Token::Notice);
    assert_eq!(publish_all(&mut plan, until, &queue).0, again);
}

#[test]
fn a_line_without_acknowledgements_is_dead() {
    let (outbox, queue) = outbox();
    let mut plan = connected();
    assert_eq!(plan.next(100 * SECOND, &queue), Act::Wait(None), "nothing is due");
    owe(&outbox, 0..2);
    publish_all(&mut plan, 100 * SECOND, &queue);
    plan.acknowledged(105 * SECOND, Token::Notice(0), &queue);
    assert_eq!(plan.next(114 * SECOND, &queue), Act::Wait(Some(115 * SECOND)));
    assert!(matches!(plan.next(115 * SECOND, &queue), Act::HangUp(_)));
}

#[test]
fn closing_says_goodbye_once_all_is_acknowledged() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..1);
    let mut plan = connected();
    outbox.close();
    assert_eq!(publish_all(&mut plan, SECOND, &queue).0, notices(0..1));
    plan.acknowledged(SECOND, Token::Notice(0), &queue);
    assert_eq!(plan.next(SECOND, &queue), Act::Goodbye);
    assert_eq!(plan.next(SECOND, &queue), Act::Done);
    let mut unconnected = Publishing::new(Timing::default(), 7);
    assert_eq!(unconnected.next(SECOND, &queue), Act::Done, "no connection is needed to deliver nothing");
}

#[test]
fn a_beat_is_published_once_and_is_no_notice() {
    let (outbox, queue) = outbox();
    let outbox = outbox.with_dead_man("east-3", false, [("hq", 60 * SECOND)]);
    outbox.beat(crate::sinks::testing::START);
    let mut plan = connected();
    let (sent, _) = publish_all(&mut plan, SECOND, &queue);
    assert!(matches!(sent[..], [Token::Beat(_)]), "{sent:?}");
    plan.acknowledged(SECOND, sent[0], &queue);
    assert_eq!(publish_all(&mut plan, SECOND, &queue), (vec![], Act::Wait(None)));
}

#[test]
fn at_the_end_a_broker_that_is_away_is_not_waited_for() {
    let (outbox, queue) = outbox();
    owe(&outbox, 0..1);
    let mut plan = Publishing::new(Timing::default(), 7);
    for _ in 0..9 {
        plan.lost(SECOND, &queue);
    }
    outbox.close();
    let (mut now, mut tries) = (SECOND, 0);
    loop {
        match plan.next(now, &queue) {
            Act::Connect => {
                tries += 1;
                plan.lost(now, &queue);
            }
            Act::Wait(Some(until)) => now = until,
            other => {
                assert_eq!(other, Act::Done);
                break;
            }
        }
    }
    assert_eq!((tries, queue.pending()), (2, 1), "tried again once, and owed still");
    assert!(now < 2 * SECOND);
}
