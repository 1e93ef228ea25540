//! A storm of alerts while one far end is down for a day: the others get all of them at once, and that one gets each of
//! them once it is back; nothing is given up.
//!
//! Every test run makes a smaller one; `LINEWATCH_STORM=100000` the whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use linewatch::machine::Machine;
use linewatch::sinks::plan::Now;
use linewatch::time::{Span, Timestamp};

use super::couriers::{Couriers, SINKS};
use super::dice::Dice;
use super::network::{FarEnd, Mood};
use super::process::outbox;
use super::world::world;

const ALERTS: u32 = 4_000;
const STEP: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(86_400);

/// One notice of each alert, of the size that they have.
fn notice(n: u32) -> (String, Arc<str>) {
    let alert = format!("{n:064x}");
    let said = format!(
        r#"{{"alert":"{alert}","revision":1,"state":"opened","rule":"crossing","kind":"crossing","filler":"{}"}}"#,
        "x".repeat(900)
    );
    (alert, said.into())
}

#[test]
fn a_storm_is_owed_to_the_one_that_is_down_and_brought_to_the_others() {
    let alerts = std::env::var("LINEWATCH_STORM").map_or(ALERTS, |text| text.parse().unwrap());
    let settings = world(1, 1).settings[0].clone();
    let machine = Machine::new(settings.clone(), outbox(&settings));
    let mut dice = Dice::new(1);
    let mut couriers = Couriers::new(&machine, &settings.sector, &mut dice);
    let mut ends: [FarEnd; 4] = Default::default();
    // Two of them hear the notices' own bytes; those of the other two have forms of their own, tested elsewhere.
    let [hook, topic] = [0, 1];
    ends[hook].mood = Mood::Gone;
    ends[2].mood = Mood::Mute;
    ends[3].mood = Mood::Unwell;
    let start = Timestamp::from_secs(1_767_225_600);
    let began = Instant::now();
    let mut said = BTreeSet::new();
    for n in 0..alerts {
        let (alert, json) = notice(n);
        machine.outbox.owe(&alert, 1, start, Arc::clone(&json), true);
        said.insert(json);
    }
    let owed = |sink: usize| machine.outbox.queue(SINKS[sink]).unwrap().pending();
    let mut elapsed = Duration::ZERO;
    let mut step = |ends: &mut [FarEnd; 4], by: Duration| {
        let utc = start.plus(Span::from_nanos(i64::try_from(elapsed.as_nanos()).unwrap()));
        couriers.deliver(Now { elapsed, utc }, ends, &mut dice);
        elapsed += by;
        elapsed
    };
    let mut brought = Duration::ZERO;
    while owed(topic) > 0 {
        brought = step(&mut ends, STEP);
        assert!(brought < DAY, "{} are still owed to the one that is well", owed(topic));
    }
    assert_eq!((ends[topic].got.len(), owed(hook)), (said.len(), said.len()), "nothing is given up");
    // The rest of the day: couriers ask now and then, and hold nothing up.
    while step(&mut ends, Duration::from_secs(60)) < DAY {}
    assert_eq!((ends[hook].got.len(), owed(hook)), (0, said.len()));
    ends[hook].mood = Mood::Well;
    let back = step(&mut ends, STEP);
    while owed(hook) > 0 {
        let now = step(&mut ends, STEP);
        assert!(now < back + DAY, "{} are still owed", owed(hook));
    }
    assert_eq!(ends[hook].got, said, "each of them");
    assert_eq!(ends[hook].copies, u64::from(alerts), "once");
    assert_eq!(ends[topic].got, said);
    println!(
        "{alerts} alerts: at the one that is well after {brought:?}, at the other {:?} after it is back; {:.1} s",
        step(&mut ends, STEP) - back,
        began.elapsed().as_secs_f64()
    );
}
