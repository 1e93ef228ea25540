//! The outbox as a fold.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::metrics::Setup;
use crate::time::Span;

fn outbox(sinks: &[&str], limits: Limits) -> Outbox {
    let metrics = Metrics::new(&Setup {
        started: Timestamp::default(),
        sector: "east-3",
        sensors: &[],
        sinks,
        zones: &[],
        quarantine_reasons: &[],
        refusal_reasons: &[],
    });
    Outbox::new(sinks, limits, &Arc::new(metrics))
}

/// What the log can say, and what may happen beside it.
#[derive(Clone, Debug)]
enum Step {
    Owe {
        alert: u8,
        open: bool,
    },
    Recorded {
        sink: usize,
        back: u64,
    },
    Tick,
    /// Not in the log: a far end acknowledged.
    Acknowledged {
        sink: usize,
        back: u64,
    },
}

const SINKS: [&str; 2] = ["a", "b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8, any::<bool>()).prop_map(|(alert, open)| Step::Owe { alert, open }),
        2 => (0..2_usize, 0..20_u64).prop_map(|(sink, back)| Step::Recorded { sink, back }),
        1 => Just(Step::Tick),
        2 => (0..2_usize, 0..20_u64).prop_map(|(sink, back)| Step::Acknowledged { sink, back }),
    ];
    prop::collection::vec(step, 0..120)
}

/// Folds steps; `beside` is whether what is not in the log happens too.
fn fold(outbox: &Outbox, steps: &[Step], beside: bool) {
    for step in steps {
        let next = outbox.next_sequence();
        let now = Timestamp::from_secs(1_767_225_600 + 97 * i64::try_from(next).unwrap());
        match *step {
            Step::Owe { alert, open } => {
                let json = format!(r#"{{"alert":"{alert}","sequence":{next}}}"#);
                outbox.owe(&alert.to_string(), u32::try_from(next).unwrap(), now, json.into(), open);
            }
            Step::Recorded { sink, back } => outbox.recorded(SINKS[sink], next.saturating_sub(back)),
            Step::Tick => outbox.beat(now.plus(Span::from_secs(500))),
            Step::Acknowledged { sink, back } if beside => {
                outbox.queue(SINKS[sink]).unwrap().acknowledged(next.saturating_sub(back));
            }
            Step::Acknowledged { .. } => {}
        }
    }
}

const FEW: Limits = Limits { notices: 12, bytes: 400 };

fn with_ledger() -> Outbox {
    let outbox = outbox(&SINKS, FEW);
    outbox.keep_ledger(&(Arc::new(|_: &str, _| {}) as Ledger));
    outbox
}

proptest! {
    #[test]
    fn a_snapshot_restored_is_the_same_and_goes_on_the_same(
        before in steps(), after in steps(),
    ) {
        let first = with_ledger();
        fold(&first, &before, true);
        let bytes = first.snapshot();
        let second = with_ledger();
        second.restore(&bytes).unwrap();
        prop_assert_eq!(&second.snapshot(), &bytes);
        fold(&first, &after, true);
        fold(&second, &after, true);
        prop_assert_eq!(second.snapshot(), first.snapshot());
    }

    #[test]
    fn what_far_ends_did_is_no_part_of_the_fold_until_the_log_says_so(steps in steps()) {
        let (with, without) = (with_ledger(), with_ledger());
        fold(&with, &steps, true);
        fold(&without, &steps, false);
        prop_assert_eq!(with.snapshot(), without.snapshot());
    }

    #[test]
    fn any_bytes_are_refused_or_read_and_never_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let outbox = with_ledger();
        let mut versioned = vec![2];
        versioned.extend_from_slice(&bytes);
        for bytes in [&bytes, &versioned] {
            if outbox.restore(bytes).is_ok() {
                prop_assert_eq!(&outbox.snapshot()[..1], &[2]);
            }
        }
    }
}

#[test]
fn a_damaged_snapshot_changes_nothing() {
    let outbox = with_ledger();
    fold(&outbox, &[Step::Owe { alert: 1, open: true }], false);
    let good = outbox.snapshot();
    let cut = &good[..good.len() - 1];
    let newer = [&[3], &good[1..]].concat();
    let longer = [&good[..], &[0]].concat();
    for bad in [&[][..], cut, &newer, &longer] {
        assert!(outbox.restore(bad).is_err());
        assert_eq!(outbox.snapshot(), good);
    }
}

#[test]
fn a_sink_that_is_new_is_owed_nothing_of_before_and_one_that_is_gone_is_forgotten() {
    let before = outbox(&["a", "b"], FEW);
    fold(&before, &[Step::Owe { alert: 1, open: true }], false);
    let after = outbox(&["b", "c"], FEW);
    after.restore(&before.snapshot()).unwrap();
    let left: Vec<_> = after.left().iter().map(|left| (left.sink.to_string(), left.notices)).collect();
    assert_eq!(left, [("b".to_owned(), 1), ("c".to_owned(), 0)]);
    assert_eq!(after.next_sequence(), 1);
}

#[test]
fn an_alert_remembers_its_revisions_until_it_is_cleared() {
    let outbox = outbox(&["a"], Limits::default());
    let now = Timestamp::from_secs(1_767_225_600);
    let mut earlier = Vec::new();
    for (revision, open) in [(1, true), (2, true), (3, false), (4, true), (5, true)] {
        let sequence = outbox.owe("x", revision, now, "{}".into(), open);
        let owed = outbox.queue("a").unwrap().get(sequence).unwrap();
        earlier.push(owed.earlier.iter().map(|of| of.revision).collect::<Vec<_>>());
    }
    assert_eq!(earlier, [vec![], vec![1], vec![1, 2], vec![], vec![4]]);
}

#[test]
fn an_alert_stands_while_it_is_open_and_a_quarter_of_an_hour_longer() {
    let outbox = outbox(&["a"], Limits::default());
    let at = |second: i64| Timestamp::from_secs(1_767_225_600 + second);
    outbox.owe("x", 1, at(0), "{}".into(), true);
    outbox.owe("y", 1, at(0), "{}".into(), true);
    let queue = outbox.queue("a").unwrap();
    let standing = || {
        let x = queue.standing_after(None).unwrap();
        let y = queue.standing_after(Some(&x.alert)).map(|y| (y.alert.to_string(), y.open));
        ((x.alert.to_string(), x.open), y)
    };
    outbox.beat(at(90_000));
    assert_eq!(standing(), (("x".to_owned(), true), Some(("y".to_owned(), true))));
    outbox.owe("x", 2, at(90_000), "{}".into(), false);
    outbox.beat(at(90_899));
    assert_eq!(standing(), (("x".to_owned(), false), Some(("y".to_owned(), true))));
    outbox.beat(at(90_900));
    assert_eq!(standing(), (("y".to_owned(), true), None));
}

#[test]
fn who_is_told_of_an_alert_is_told_what_becomes_of_it_and_nobody_else() {
    let outbox = outbox(&["a", "b"], Limits::default());
    let to = |sinks: &[&str]| To::Sinks(sinks.iter().map(|sink| Arc::from(*sink)).collect());
    let say = |to: &To, revision: u32, open: bool| {
        let latest = Revision { revision, raised_at: Timestamp::from_secs(1_767_225_600) };
        outbox.owe_to(to, "x", latest, format!("{{\"revision\":{revision}}}").into(), open)
    };
    say(&to(&["a"]), 1, true);
    say(&to(&["a", "b"]), 2, true);
    say(&to(&["a"]), 3, true);
    say(&to(&["a"]), 4, false);
    say(&to(&["a"]), 5, true);
    let told = |outbox: &Outbox, sink: &str| {
        let queue = outbox.queue(sink).unwrap();
        let owed = (0..5).filter_map(|sequence| queue.get(sequence));
        let one = |of: Owed| (of.revision, of.earlier.iter().map(|of| of.revision).collect::<Vec<_>>());
        owed.map(one).collect::<Vec<_>>()
    };
    let a = vec![(1, vec![]), (2, vec![1]), (3, vec![1, 2]), (4, vec![1, 2, 3]), (5, vec![])];
    let b = vec![(2, vec![]), (3, vec![2]), (4, vec![2, 3])];
    assert_eq!((told(&outbox, "a"), told(&outbox, "b")), (a.clone(), b.clone()));
    let stands = |sink: &str| outbox.queue(sink).unwrap().standing_after(None).map(|of| of.latest.revision);
    assert_eq!((stands("a"), stands("b")), (Some(5), None));
    let again = self::outbox(&["b", "a", "c"], Limits::default());
    again.restore(&outbox.snapshot()).unwrap();
    assert_eq!((told(&again, "a"), told(&again, "b"), told(&again, "c")), (a, b, vec![]));
    // Nobody of those it is addressed to is there.
    let sequence = say(&to(&["nobody"]), 6, true);
    assert!(outbox.queue("a").unwrap().get(sequence).is_some());
    assert!(outbox.queue("b").unwrap().get(sequence).is_some());
}
