//! The machine stops, the process is killed, the call fails or the disk is full, in every call of one run's disk, starts
//! and snapshots included.
//!
//! Every test run makes some of them; `LINEWATCH_EVERY_CALL=1` all.

use linewatch::record::Body;
use linewatch::sensor::SensorId;
use linewatch::time::Span;

use super::dice::Dice;
use super::disk::Fault;
use super::run::{Run, STEP_MS};
use super::world::{World, world};

const SECONDS: u64 = 50;

/// A world with few looks and many status messages: calls that cost little.
fn talkative() -> World {
    let mut world = world(3, SECONDS);
    world.said.retain(|(_, body)| matches!(body, Body::Frame { sensor, .. } if sensor.as_str() != "r2"));
    for n in 0..SECONDS * 20 {
        let at = world.start.plus(Span::from_nanos(i64::try_from(n).unwrap() * 50_000_000));
        let bytes = format!(r#"{{"state":"online","boot":1,"time":"{at}"}}"#).into_bytes();
        world.said.push((at, Body::Status { sensor: SensorId::new("r2").unwrap(), bytes }));
    }
    world.said.sort_by_key(|(at, _)| *at);
    world
}

/// One run to its end; how many calls it made.
fn go(world: &World, fault: Option<(u64, Fault)>) -> Result<u64, String> {
    let mut run = Run::new(Dice::new(9), world.clone(), u64::from(u32::MAX));
    run.snapshots_every_ms = 3_000;
    run.keeps_safely = true;
    if let Some((call, fault)) = fault {
        run.disk.fail(call, fault);
    }
    let mut now_ms = 0;
    while now_ms < SECONDS * 1_000 {
        run.step(now_ms)?;
        now_ms += STEP_MS;
    }
    run.finish(now_ms)?;
    Ok(run.tally.calls)
}

#[test]
fn a_fault_in_any_call_of_a_run_loses_nothing() {
    let world = talkative();
    let calls = go(&world, None).unwrap();
    assert!(calls > 2_000, "{calls} calls");
    let every = if std::env::var_os("LINEWATCH_EVERY_CALL").is_some() { 1 } else { 40 };
    let (mut cases, mut broken) = (0, Vec::new());
    for call in (0..calls).filter(|call| (call * 7 + 3) % every == 0) {
        for fault in [Fault::Crash, Fault::Kill, Fault::Eio, Fault::Full(25)] {
            cases += 1;
            if let Err(what) = go(&world, Some((call, fault))) {
                broken.push(format!("{fault:?} in call {call}: {what}"));
            }
        }
    }
    println!("{cases} faults at {calls} calls");
    assert!(broken.is_empty(), "{} of {cases}:\n{}", broken.len(), broken.join("\n"));
}
