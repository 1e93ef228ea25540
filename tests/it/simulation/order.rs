//! Alerts under what a network does to frames: copies change nothing, another order the same happenings, none doubled.

use std::collections::BTreeSet;
use std::sync::Arc;

use linewatch::engine::{Engine, Event, Outcome};
use linewatch::record::{Body, Link, Record, Sequencer};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Notice;

use super::dice::Dice;
use super::world::{World, world};
use super::{seconds, seeds};

/// What is the same happening.
const NEAR_M: f64 = 200.0;
const NEAR_S: f64 = 5.0;
/// A frame is overtaken by what comes this much later.
const OVERTAKEN_MS: u64 = 1_500;

/// One in so many may go unseen: a look that is overtaken by the next one or two tells the tracker less. Over 200 seeds of
/// 600 s it was 11 of 2,265, and six came that were not told before, which this test does not let pass.
const MOST_MISSED: usize = 100;

type Heard = (Timestamp, Body);

/// Every notice of a log of these frames, and how many of them were found to be repeats.
fn notices(world: &World, heard: &[Heard]) -> (Vec<Arc<Notice>>, usize) {
    let (mut engine, mut sequencer) = (Engine::new(world.settings[0].clone()), Sequencer::default());
    let (mut said, mut repeats, mut records) = (Vec::new(), 0, Vec::<Record>::new());
    for (at, body) in heard {
        sequencer.place(*at, body.clone(), &mut records);
        for record in records.drain(..) {
            for event in engine.step(&record) {
                match event {
                    Event::Notice(notice) => said.push(notice),
                    Event::Frame { outcome: Outcome::Duplicate, .. } => repeats += 1,
                    _ => {}
                }
            }
        }
    }
    (said, repeats)
}

/// The frames that may come twice: those of the broker.
fn broker_frames(world: &World) -> Vec<Heard> {
    let over_mqtt = |body: &Body| matches!(body, Body::Frame { link: Link::Mqtt, .. });
    world.said.iter().filter(|(_, body)| over_mqtt(body)).cloned().collect()
}

/// Puts copies behind their originals, at once or up to half a minute later, but none behind the end: what is silent there
/// would be silent for longer.
fn with_copies(heard: &[Heard], dice: &mut Dice) -> (Vec<Heard>, usize) {
    let mut all: Vec<(Timestamp, u64, Body)> = Vec::new();
    let end = heard.iter().map(|(at, _)| *at).max().unwrap();
    for (at, body) in heard {
        all.push((*at, 0, body.clone()));
        for copy in 0..dice.below(3) {
            let later_ms = dice.below(30_000) * dice.below(2);
            let later = at.plus(Span::from_nanos(i64::try_from(later_ms).unwrap() * 1_000_000));
            all.push((later.min(end), 1 + copy, body.clone()));
        }
    }
    all.sort_by_key(|(at, copy, _)| (*at, *copy));
    let copies = all.len() - heard.len();
    (all.into_iter().map(|(at, _, body)| (at, body)).collect(), copies)
}

/// Lets every tenth frame be overtaken; it is received when what overtook it is.
fn reordered(heard: &[Heard], dice: &mut Dice) -> (Vec<Heard>, usize) {
    let mut moved = 0;
    let mut all: Vec<Heard> = Vec::new();
    for (at, body) in heard {
        let late_ms = if dice.once_in(10) { dice.below(OVERTAKEN_MS) } else { 0 };
        moved += usize::from(late_ms > 0);
        all.push((at.plus(Span::from_nanos(i64::try_from(late_ms).unwrap() * 1_000_000)), body.clone()));
    }
    all.sort_by_key(|(at, _)| *at);
    (all, moved)
}

#[test]
fn frames_that_come_again_change_no_alert() {
    let (mut frames, mut copies) = (0, 0);
    for seed in seeds() {
        let world = world(seed, seconds());
        let heard = broker_frames(&world);
        let (again, extra) = with_copies(&heard, &mut Dice::new(seed));
        let ((clean, none), (said, repeats)) = (notices(&world, &heard), notices(&world, &again));
        assert_eq!((none, repeats), (0, extra), "seed {seed}");
        let ids = |notices: &[Arc<Notice>]| -> BTreeSet<(String, u32)> {
            notices.iter().map(|notice| (notice.alert.to_string(), notice.revision)).collect()
        };
        assert!(!clean.is_empty());
        assert_eq!(ids(&clean), ids(&said), "seed {seed}");
        (frames, copies) = (frames + again.len(), copies + extra);
    }
    println!("{frames} frames, {copies} of them copies");
}

/// Where and when an alert began, and by which rule.
pub(super) fn happenings(notices: &[Arc<Notice>]) -> Vec<&Notice> {
    notices.iter().filter(|notice| notice.revision == 1).map(|notice| &**notice).collect()
}

pub(super) fn are_same(a: &Notice, b: &Notice) -> bool {
    let (p, q) = (a.position, b.position);
    let apart_m = (p.east_m - q.east_m).hypot(p.north_m - q.north_m);
    a.rule == b.rule && apart_m <= NEAR_M && a.event_time.since(b.event_time).as_secs_f64().abs() <= NEAR_S
}

#[test]
fn frames_in_another_order_tell_of_the_same_happenings_none_doubled() {
    let (mut frames, mut moved, mut all) = (0, 0, 0);
    let (mut lacks, mut more, mut doubled) = (Vec::new(), Vec::new(), Vec::new());
    for seed in seeds() {
        let world = world(seed, seconds());
        let heard = broker_frames(&world);
        let (mixed, late) = reordered(&heard, &mut Dice::new(seed));
        let ((clean, _), (said, _)) = (notices(&world, &heard), notices(&world, &mixed));
        let (clean, mut left) = (happenings(&clean), happenings(&said));
        all += clean.len();
        for was in &clean {
            match left.iter().position(|is| are_same(was, is)) {
                Some(at) => drop(left.remove(at)),
                None => lacks.push(format!("seed {seed}: lacks {} at {}", was.rule, was.event_time)),
            }
        }
        for is in left {
            let what = format!("seed {seed}: has {} at {}", is.rule, is.event_time);
            let is_told = clean.iter().any(|was| are_same(was, is));
            if is_told { doubled.push(what) } else { more.push(what) }
        }
        (frames, moved) = (frames + mixed.len(), moved + late);
    }
    println!(
        "{frames} frames, {moved} of them overtaken: {all} happenings, {} not seen, {} others, {} doubled",
        lacks.len(),
        more.len(),
        doubled.len()
    );
    assert!(doubled.is_empty(), "none is doubled:\n{}", doubled.join("\n"));
    assert!(lacks.len() <= 1 + all / MOST_MISSED, "{}", lacks.join("\n"));
    assert!(more.is_empty(), "none is new:\n{}", more.join("\n"));
}
