//! An engine restored from a snapshot goes on bit for bit as the one that was never interrupted: every event, every
//! picture, every later snapshot.
//!
//! Worlds of all kinds of sensors and formats are run through two engines. One runs through; the other is taken down and
//! restored from its own snapshot again and again, anywhere: between two parts of a look, with half a rotation of a radar
//! or half an AIS message in hand, with alerts open. What the links do (late, twice, line by line) is done here.

pub(crate) mod world;

use linewatch::engine::Engine;
use linewatch::record::{Body, Record};
use linewatch::sensor::{Format, SensorKind};

use world::{Dice, World};

/// Times the second engine is taken down in one world.
const CUTS: usize = 12;

/// Both engines after one record say the same; at ticks they show the same.
fn step(through: &mut Engine, restored: &mut Engine, record: &Record, world: &str, cuts: usize) {
    let (one, other) = (through.step(record), restored.step(record));
    let at = (record.position, record.received);
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "{world}, after {cuts} cuts, {at:?}");
    if record.body == Body::Tick {
        assert_eq!(picture(through), picture(restored), "{world}, after {cuts} cuts, {at:?}");
    }
}

fn picture(engine: &Engine) -> String {
    serde_json::to_string(&engine.picture()).unwrap()
}

/// The engine in another life; what it is made of is the same to the last byte.
fn restored(engine: &Engine, world: &World) -> Engine {
    let bytes = engine.snapshot();
    let again = Engine::restore(world.settings.clone(), &bytes).unwrap();
    assert!(again.snapshot() == bytes, "{}: another snapshot of the same", world.name);
    again
}

/// How many alerts were open when the second engine was taken down.
fn check(world: &World) -> usize {
    let mut dice = Dice::new(world.records.len() as u64);
    let mut cuts: Vec<usize> = (0..CUTS).map(|_| dice.below(world.records.len())).collect();
    // Where everything begins,
    cuts.extend((0..CUTS / 2).map(|_| dice.below(world.records.len() / 12)));
    // just before the end of a look in parts, and of a message in parts.
    cuts.extend(world.between_parts.iter().step_by(1 + world.between_parts.len() / 6));
    cuts.sort_unstable();
    let mut through = Engine::new(world.settings.clone());
    let mut other = through.clone();
    let (mut done, mut open) = (0, 0);
    for (index, record) in world.records.iter().enumerate() {
        while cuts.get(done).is_some_and(|cut| *cut == index) {
            assert!(other.snapshot() == through.snapshot(), "{}: the states differ at {index}", world.name);
            other = restored(&other, world);
            assert_eq!(picture(&through), picture(&other), "{}: shown at {index}", world.name);
            open += other.picture().alerts.len();
            done += 1;
        }
        step(&mut through, &mut other, record, &world.name, done);
    }
    assert!(done >= CUTS, "{}: {done} cuts", world.name);
    open
}

macro_rules! worlds {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(&World::scenario(stringify!($name)));
        })*
    };
}

worlds!(
    clock_offset,
    clutter,
    clutter_untold,
    convoy,
    crossing,
    crowd,
    ghosts,
    heading_bias,
    late_pass,
    lidar,
    model_matched,
    overconfident,
    range_bias,
    satellite_only,
    shadow,
    shadow_untold,
    stop_and_go,
    two_cameras,
    two_thousand,
    walker,
);

#[test]
fn every_kind_and_format_at_once() {
    let world = World::kerguelen();
    for format in [Format::Json, Format::Asterix, Format::Nmea, Format::Frame] {
        assert!(world.settings.sensors.iter().any(|model| model.format == format), "{format:?}");
    }
    for kind in SensorKind::ALL {
        assert!(world.settings.sensors.iter().any(|model| model.kind == kind), "{kind:?}");
    }
    let open_at_cuts = check(&world);
    assert!(world.between_parts.len() > 100 && open_at_cuts > 0, "{open_at_cuts} alerts open at cuts");
}
