use super::*;
use crate::scenario::{Scenario, kerguelen};

const EPOCH_NS: i64 = 1_767_225_600_000_000_000;

fn said(scenario: &Scenario, id: &str, faults: &[&str], until_s: f64) -> Vec<Emission> {
    let world = World::new(scenario).unwrap();
    let mut spec = scenario.find_box(id).unwrap().clone();
    spec.faults = faults.iter().map(|fault| (*fault).to_string()).collect();
    record(&spec, &world, Start { epoch_ns: EPOCH_NS, boot: 1, at_s: 0.0 }, until_s).unwrap()
}

fn frames(emissions: &[Emission]) -> Vec<&[u8]> {
    emissions.iter().filter(|e| e.kind == Kind::Frame).map(|e| e.bytes.as_slice()).collect()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn every_box_speaks_in_its_first_minute_and_the_same_each_time() {
    let scenario = kerguelen();
    for spec in &scenario.boxes {
        let first = said(&scenario, &spec.id, &[], 60.0);
        assert!(!frames(&first).is_empty(), "{} says nothing", spec.id);
        assert_eq!(first, said(&scenario, &spec.id, &[], 60.0), "{}", spec.id);
        assert!(first.windows(2).all(|pair| pair[0].due_s <= pair[1].due_s), "{} goes back in time", spec.id);
        println!("{}: {} frames", spec.id, frames(&first).len());
    }
}

/// Errors of the camera's positions, over what it claims, are standard normal.
#[test]
fn a_camera_is_as_wrong_as_it_says() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let (mut sum, mut count) = (0.0, 0.0);
    for emission in said(&scenario, "c1", &[], 40.0).iter().filter(|e| e.kind == Kind::Frame) {
        let scan = json(&emission.bytes);
        let t_s = emission.due_s - 0.06;
        for detection in scan["detections"].as_array().unwrap() {
            let number = |key: &str| detection[key].as_f64().unwrap();
            let cov: Vec<f64> = (0..3).map(|k| detection["cov_m2"][k].as_f64().unwrap()).collect();
            let place = crate::world::geo::Place::new([number("lat"), number("lon")], 0.0);
            let [e, n, _] = world.frame().to_enu(place);
            let det = cov[0] * cov[2] - cov[1] * cov[1];
            let distance = |state: &crate::world::State<'_>| {
                let (x, y) = (e - state.east_north_m[0], n - state.east_north_m[1]);
                (cov[2] * x * x - 2.0 * cov[1] * x * y + cov[0] * y * y) / det
            };
            let nearest = world.at(t_s).map(|state| distance(&state)).fold(f64::MAX, f64::min);
            if nearest < 25.0 {
                (sum, count) = (sum + nearest, count + 1.0);
            }
        }
    }
    let mean = sum / count;
    assert!(count > 200.0 && (1.7..2.3).contains(&mean), "{count} detections, mean squared distance {mean}");
}

#[test]
fn the_walker_is_in_view_from_the_start() {
    let scenario = kerguelen();
    for id in ["c1", "c2"] {
        let early = said(&scenario, id, &[], 5.0);
        let with = frames(&early)
            .iter()
            .filter(|bytes| !json(bytes)["detections"].as_array().unwrap().is_empty())
            .count();
        assert!(with * 10 > frames(&early).len() * 8, "{id}: {with} of {}", frames(&early).len());
    }
}

#[test]
fn a_radar_turns_in_sixteen_sectors() {
    let emissions = said(&kerguelen(), "r1", &[], 3.01);
    let frames = frames(&emissions);
    assert_eq!(frames.len(), 33);
    // Each frame ends with a sector crossing, and every sixteenth has a north mark before it.
    for (index, frame) in frames.iter().enumerate() {
        let crossing = &frame[frame.len() - 11..];
        assert_eq!(usize::from(crossing[10]), index % 16 * 16, "{index}");
        assert_eq!((crossing[0], crossing[6]), (34, 2));
    }
}

#[test]
fn message_faults_act_on_the_line() {
    let scenario = kerguelen();
    let plain = said(&scenario, "c1", &[], 10.0);
    let silent = said(&scenario, "c1", &["silence@2s..6s"], 10.0);
    assert!(silent.iter().all(|e| !(2.0..6.0).contains(&e.due_s)));
    assert!(silent.iter().any(|e| e.due_s >= 6.0));
    let flooded = said(&scenario, "c1", &["flood=x5@2s..3s"], 10.0);
    assert_eq!(frames(&flooded).len(), frames(&plain).len() + 4 * 4);
    let stuck = said(&scenario, "c1", &["stuck@5s"], 10.0);
    let mut late: Vec<&[u8]> =
        stuck.iter().filter(|e| e.due_s >= 5.0 && e.kind == Kind::Frame).map(|e| &e.bytes[..]).collect();
    late.dedup();
    assert_eq!(late.len(), 1);
    let corrupt = said(&scenario, "c1", &["corrupt=0.01"], 10.0);
    assert_ne!(frames(&corrupt), frames(&plain));
}

#[test]
fn measurement_faults_act_on_what_is_measured() {
    let scenario = kerguelen();
    let skewed = said(&scenario, "c1", &["clock-skew=1.5s"], 0.1);
    assert_eq!(json(frames(&skewed)[0])["time"], "2026-01-01T00:00:01.500000Z");
    let restarted = said(&scenario, "c1", &["restart@5s"], 10.0);
    let numbers: Vec<(u64, u64)> = frames(&restarted)
        .iter()
        .map(|bytes| (json(bytes)["boot"].as_u64().unwrap(), json(bytes)["seq"].as_u64().unwrap()))
        .collect();
    assert_eq!((numbers[0], numbers[19], numbers[20]), ((1, 1), (1, 20), (2, 1)));
    let mean_azimuth = |faults: &[&str]| {
        let emissions = said(&scenario, "c2", faults, 5.0);
        let all: Vec<f64> = frames(&emissions)
            .iter()
            .filter_map(|bytes| json(bytes)["detections"][0]["azimuth_deg"].as_f64())
            .collect();
        all[0]
    };
    let moved = mean_azimuth(&["bias-azimuth=2deg"]) - mean_azimuth(&[]);
    assert!((moved - 2.0).abs() < 1e-5, "{moved}");
}

#[test]
fn serial_frames_are_recorded_without_their_framing() {
    let scenario = kerguelen();
    for (id, first) in [("a1", b'!'), ("r2", b'$')] {
        for emission in said(&scenario, id, &[], 30.0).iter().filter(|e| e.kind == Kind::Frame) {
            assert_eq!(emission.bytes[0], first);
            assert_ne!(emission.bytes.last(), Some(&b'\n'));
        }
    }
    let node = said(&scenario, "f1", &[], 5.0);
    assert!(frames(&node).iter().all(|bytes| !bytes.contains(&0)));
}

#[test]
fn a_satellite_reports_late() {
    let emissions = said(&kerguelen(), "s1", &[], 60.0);
    let scans: Vec<&Emission> = emissions.iter().filter(|e| e.kind == Kind::Frame).collect();
    assert_eq!(scans.iter().map(|e| e.due_s).collect::<Vec<_>>(), [20.0, 45.0]);
    let first = json(&scans[0].bytes);
    assert_eq!(first["time"], "2026-01-01T00:00:00.000000Z");
    assert!(first["detections"][0]["source_track"].as_str().unwrap().starts_with("S-"));
}

#[test]
fn a_bad_fault_is_named() {
    let scenario = kerguelen();
    let world = World::new(&scenario).unwrap();
    let mut spec = scenario.boxes[0].clone();
    spec.faults = vec!["explode".into()];
    let start = Start { epoch_ns: 0, boot: 1, at_s: 0.0 };
    assert!(record(&spec, &world, start, 1.0).unwrap_err().to_string().contains("explode"));
}
