//! Clocks that are wrong: a sensor's, by a second or an hour, ahead or behind, suddenly or from the start, and the host's.
//!
//! No decision looks at a clock. What comes from outside the window is quarantined and counted, and the others' looks
//! count for what they are: what is told of the world is what would have been told without that sensor.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use linewatch::committer::{Batch, Committer};
use linewatch::engine::{Engine, Event, Outcome, QUARANTINE_REASONS};
use linewatch::journal::Unkept;
use linewatch::record::{Body, Record};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Notice;

use super::dice::Dice;
use super::order::{are_same, happenings};
use super::seeds;
use super::world::{World, world};

const SECONDS: u64 = 90;
/// Farther ahead than a look may be, and than half a day's shift of a clock can be told from being late.
const HOUR_S: i64 = 3_600;

/// What is wrong with the clock of `r1`, from some second on: it shows so much more.
#[derive(Clone, Copy, Debug)]
struct Off {
    from_s: u64,
    by: Span,
}

/// The frames of a world in order of time, those of `r1` stamped by a clock that is off.
fn heard(world: &World, off: Option<Off>) -> Vec<(Timestamp, Body)> {
    let stamped = |at: Timestamp, body: &Body| match (body, off) {
        (Body::Frame { sensor, link, bytes }, Some(off))
            if sensor.as_str() == "r1" && at.since(world.start).as_secs_f64() >= off.from_s as f64 =>
        {
            let mut look: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            let time = Timestamp::parse(look["time"].as_str().unwrap()).unwrap().plus(off.by);
            look["time"] = time.to_string().into();
            Body::Frame { sensor: sensor.clone(), link: *link, bytes: look.to_string().into_bytes() }
        }
        _ => body.clone(),
    };
    world.said.iter().map(|(at, body)| (*at, stamped(*at, body))).collect()
}

/// What an engine made of it: notices, and outcomes by sensor.
#[derive(Default)]
struct Made {
    notices: Vec<Arc<Notice>>,
    outcomes: BTreeMap<(String, String), u64>,
    frames: u64,
    records: Vec<Record>,
}

/// Through the daemon's own committer, under a host clock that is off by what `host` says at each second.
fn made(world: &World, heard: &[(Timestamp, Body)], host: impl Fn(f64) -> Span) -> Made {
    let mut committer = Committer::new(Box::new(Unkept::default()), None);
    let mut engine = Engine::new(world.settings[0].clone());
    let mut made = Made::default();
    for (at, body) in heard {
        let passed_s = at.since(world.start).as_secs_f64();
        let mut batch = Batch::default();
        batch.hear(body.clone(), None, None);
        let watch = Duration::from_secs_f64(passed_s);
        let group = committer.commit(at.plus(host(passed_s)), watch, batch).unwrap();
        for record in group.records {
            made.frames += u64::from(matches!(record.body, Body::Frame { .. }));
            for event in engine.step(&record) {
                match event {
                    Event::Notice(notice) => made.notices.push(notice),
                    Event::Frame { sensor, outcome, .. } => {
                        let id = engine.sensors()[sensor.index()].id.to_string();
                        *made.outcomes.entry((id, format!("{outcome:?}"))).or_default() += 1;
                        if let Outcome::Quarantined(reason) = outcome {
                            assert!(QUARANTINE_REASONS.contains(&reason), "{reason}");
                        }
                    }
                    _ => {}
                }
            }
            made.records.push(record);
        }
    }
    made
}

fn count(made: &Made, sensor: &str, outcome: &str) -> u64 {
    let of = |((id, what), _): &(&(String, String), &u64)| id == sensor && what.starts_with(outcome);
    made.outcomes.iter().filter(of).map(|(_, count)| count).sum()
}

/// Every frame has one outcome, and stamps never go back.
fn is_whole(made: &Made, what: &str) {
    assert_eq!(made.outcomes.values().sum::<u64>(), made.frames, "{what}: {:?}", made.outcomes);
    assert!(made.records.is_sorted_by_key(|record| record.received), "{what}");
}

/// The same happenings, in both directions.
fn same_happenings(a: &Made, b: &Made, what: &str) {
    let (a, mut left) = (happenings(&a.notices), happenings(&b.notices));
    for one in &a {
        let at = left.iter().position(|other| are_same(one, other));
        left.remove(at.unwrap_or_else(|| panic!("{what}: {} at {} is missing", one.rule, one.event_time)));
    }
    assert!(left.is_empty(), "{what}: {} more than without it", left.len());
}

fn none(_: f64) -> Span {
    Span::from_secs(0)
}

/// A sensor ahead by more than the window tells nothing, from the second on at which its clock jumped; all of it is counted.
fn ahead(world: &World, dice: &mut Dice, what: &str) {
    let off = Off {
        from_s: 0,
        by: Span::from_secs(31 + i64::try_from(dice.below(HOUR_S.unsigned_abs())).unwrap()),
    };
    let told = made(world, &heard(world, Some(off)), none);
    is_whole(&told, what);
    let all = count(&told, "r1", "");
    assert!(
        all > 0 && count(&told, "r1", "Quarantined(\"from_the_future") == all,
        "{what}: {:?}",
        told.outcomes
    );
    assert_eq!(count(&told, "r2", "Used"), count(&told, "r2", ""), "{what}: {:?}", told.outcomes);
    let mut without = world.clone();
    without.said.retain(|(_, body)| !matches!(body, Body::Frame { sensor, .. } if sensor.as_str() == "r1"));
    same_happenings(&told, &made(&without, &heard(&without, None), none), what);
}

/// A sensor behind, or set back in mid-run: what is too late for the tracker is counted so, and the others do not notice.
fn behind(world: &World, dice: &mut Dice, what: &str) {
    let by_s = 30 + i64::try_from(dice.below(HOUR_S.unsigned_abs())).unwrap();
    let off = Off { from_s: dice.below(SECONDS / 2), by: Span::from_secs(-by_s) };
    let told = made(world, &heard(world, Some(off)), none);
    is_whole(&told, what);
    assert!(count(&told, "r1", "TooLate") > 0, "{what}: {:?}", told.outcomes);
    assert_eq!(count(&told, "r2", "Used"), count(&told, "r2", ""), "{what}: {:?}", told.outcomes);
}

/// A leap second that a sensor repeats or leaves out: it is within what late and early looks may be, and used.
fn leap(world: &World, dice: &mut Dice, what: &str) {
    let by_s = if dice.once_in(2) { 1 } else { -1 };
    let off = Off { from_s: SECONDS / 2, by: Span::from_secs(by_s) };
    let told = made(world, &heard(world, Some(off)), none);
    is_whole(&told, what);
    assert_eq!(count(&told, "r1", "Used"), count(&told, "r1", ""), "{what}: {:?}", told.outcomes);
}

/// The host's clock is off from the start: it is a sensor's clock that is wrong, then, and every sensor's.
fn host(world: &World, dice: &mut Dice, what: &str) {
    let (at_s, by_s) =
        (dice.below(SECONDS), i64::try_from(dice.below(2 * HOUR_S.unsigned_abs())).unwrap() - HOUR_S);
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
    let clock = |passed_s: f64| Span::from_secs(if passed_s >= at_s as f64 { by_s } else { 0 });
    let told = made(world, &heard(world, None), clock);
    is_whole(&told, what);
    let ticks = told.records.iter().filter(|record| record.body == Body::Tick).count();
    assert!(ticks > usize::try_from(SECONDS).unwrap() / 3, "{what}: time goes on, {ticks} ticks");
    let again = made(world, &heard(world, None), clock);
    assert_eq!(told.notices, again.notices, "{what}");
}

type Check = fn(&World, &mut Dice, &str);

#[test]
fn a_clock_that_is_wrong_costs_its_own_looks_and_nothing_else() {
    let cases: [(&str, Check); 4] =
        [("ahead", ahead), ("behind", behind), ("leap second", leap), ("host", host)];
    let mut seen = BTreeMap::<&str, u64>::new();
    for seed in seeds() {
        let (name, check) = cases[usize::try_from(seed % 4).unwrap()];
        let world = world(seed, SECONDS);
        check(&world, &mut Dice::new(seed), &format!("seed {seed}, {name}"));
        *seen.entry(name).or_default() += 1;
    }
    println!("{seen:?}");
}
