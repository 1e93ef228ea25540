//! The state in an engine's snapshot: the input in its place, and a real one with a few of its bytes changed, behind the
//! head that a fuzzer does not guess. What can be restored has a snapshot that can be restored to the same bytes, and goes
//! on.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linewatch::engine::Engine;
use linewatch::record::{Body, Link, Record};
use linewatch::sensor::SensorId;
use linewatch::time::{Span, Timestamp};
use linewatch_fuzz::settings;

/// Version and fingerprint.
const HEAD: usize = 36;
const START: Timestamp = Timestamp::from_secs(1_767_225_600);

/// The snapshot of an engine that follows two targets.
static REAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut engine = Engine::new(settings());
    let sensor = SensorId::new("r1").expect("an id");
    for second in 0..12 {
        let received = START.plus(Span::from_secs(second));
        let range_m = 3_000 + 12 * second;
        let text = format!(
            r#"{{"sensor":"r1","boot":1,"seq":{second},"time":"{received}","detections":[{{"range_m":{range_m},"azimuth_deg":280.0}},{{"range_m":5000,"azimuth_deg":10.5}}]}}"#
        );
        let frame = Body::Frame { sensor: sensor.clone(), link: Link::Mqtt, bytes: text.into_bytes() };
        for body in [frame, Body::Tick] {
            engine.step(&Record { position: 0, received, body });
        }
    }
    engine.snapshot()
});

fuzz_target!(|bytes: &[u8]| {
    restore(&[&REAL[..HEAD], bytes].concat());
    let mut changed = REAL.clone();
    for edit in bytes.chunks_exact(3) {
        let at = usize::from(edit[0]) << 8 | usize::from(edit[1]);
        changed[HEAD + at % (REAL.len() - HEAD)] = edit[2];
    }
    restore(&changed);
});

fn restore(content: &[u8]) {
    let Ok(engine) = Engine::restore(settings(), content) else { return };
    let kept = engine.snapshot();
    let again = Engine::restore(settings(), &kept).expect("what was restored can be restored");
    assert_eq!(again.snapshot(), kept);
}
