//! What one core decodes of each format, in detections a second. The frames are the simulators' own.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use firmware_sims::links::Kind;
use firmware_sims::scenario::{Links, kerguelen};
use firmware_sims::sensors::{Start, record};
use firmware_sims::world::World;
use linewatch::config;
use linewatch::sensor::SensorIndex;
use linewatch::time::{Span, Timestamp};
use linewatch::wire::{Decoded, Decoder};

/// World time of the recorded frames.
const SECONDS: f64 = 120.0;
const START: Timestamp = Timestamp::from_secs(1_767_225_600);
/// A box of the demo for each format, and what to call it.
const BOXES: [(&str, &str); 5] =
    [("c1", "json"), ("r1", "asterix"), ("a1", "nmea-ais"), ("r2", "nmea-ttm"), ("f1", "frame")];

fn decode(criterion: &mut Criterion) {
    let scenario = kerguelen();
    let world = World::new(&scenario).expect("the built-in scenario is sound");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let config_file = dir.path().join("linewatch.toml");
    std::fs::write(&config_file, scenario.linewatch_toml(&Links::default())).expect("a file");
    std::fs::write(dir.path().join("agreement.toml"), scenario.agreement_toml()).expect("a file");
    let installation = config::load(&config_file).expect("the simulators write good configuration");
    let mut group = criterion.benchmark_group("decode");
    for (id, name) in BOXES {
        let spec = scenario.find_box(id).expect("a box of the built-in scenario");
        let start = Start { epoch_ns: START.as_nanos(), boot: 1, at_s: 0.0 };
        let emissions = record(spec, &world, start, SECONDS).expect("sound faults");
        let frames: Vec<(Timestamp, Vec<u8>)> = emissions
            .into_iter()
            .filter(|emission| emission.kind == Kind::Frame)
            .map(|emission| (START.plus(Span::from_secs_f64(emission.due_s)), emission.bytes))
            .collect();
        let at = installation.sensors.iter().position(|sensor| sensor.id.as_str() == id);
        let model = &installation.sensors[at.expect("every box is a sensor")];
        let fresh = Decoder::new(SensorIndex(0), model);
        let detections = run(&mut fresh.clone(), &frames);
        assert!(detections > 0, "{id} says nothing");
        println!("{name}: {} frames, {detections} detections", frames.len());
        group.throughput(Throughput::Elements(detections));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || fresh.clone(),
                |decoder| black_box(run(decoder, &frames)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn run(decoder: &mut Decoder, frames: &[(Timestamp, Vec<u8>)]) -> u64 {
    let mut decoded = Decoded::default();
    let mut detections = 0;
    for (received, bytes) in frames {
        decoded.clear();
        if decoder.decode(*received, bytes, &mut decoded).is_ok() {
            detections += decoded.scans.iter().map(|scan| scan.detections.len() as u64).sum::<u64>();
        }
    }
    detections
}

criterion_group!(benches, decode);
criterion_main!(benches);
