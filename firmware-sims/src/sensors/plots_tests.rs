use super::*;
use crate::scenario::Scenario;
use crate::world::geo::{Frame, Place};

/// One boat that passes 200 m north of a box that looks twice a second for a minute.
fn scenario(kind: &str, more: &str) -> Scenario {
    let text = format!(
        r#"{{"name": "n", "seed": 1, "sector": "s", "origin": [-49.0, 69.6], "metres": true, "duration_s": 60,
        "line": {{"id": "l", "left": "a", "right": "b", "coordinates": [[0, 1000], [0, -1000]]}},
        "agents": [{{"id": "boat", "class": "vessel", "speed_mps": 3, "start_s": -30,
            "route": [{{"at": [-200, 200]}}, {{"at": [400, 200]}}]}}],
        "boxes": [{{"id": "b", "kind": "{kind}", "position": [0, 0], "period_s": 0.5, "max_range_m": 400,
            "range_sigma_m": 0.1, "azimuth_sigma_deg": 0.02, "detection_probability": 1.0{more}}}]}}"#
    );
    Scenario::from_json(&text).unwrap()
}

/// Per scan, how far each of its detections is from the boat.
fn misses_m(scenario: &Scenario) -> Vec<Vec<f64>> {
    let world = World::new(scenario).unwrap();
    let spec = &scenario.boxes[0];
    let start = Start { epoch_ns: 0, boot: 1, at_s: 0.0 };
    let here = Frame::new(Place::new(spec.position, 0.0));
    let said = record(spec, &world, start, 60.0).unwrap();
    let frames = said.iter().filter(|emission| emission.kind == Kind::Frame);
    let scans = frames.map(|emission| {
        let scan: serde_json::Value = serde_json::from_slice(&emission.bytes).unwrap();
        let boat = world.agent_at(0, emission.due_s - spec.delay_s).unwrap().east_north_m;
        let far = |detection: &serde_json::Value| {
            let number = |key: &str| detection[key].as_f64().unwrap();
            let polar = crate::world::geo::Polar {
                range_m: number("range_m"),
                azimuth_deg: number("azimuth_deg"),
                elevation_deg: 0.0,
            };
            let [east, north, _] = here.to_enu(here.from_polar(polar));
            (east - boat[0]).hypot(north - boat[1])
        };
        scan["detections"].as_array().unwrap().iter().map(far).collect()
    });
    scans.collect()
}

#[test]
fn a_lidar_has_as_many_echoes_as_it_is_told_all_on_the_boat() {
    let scans = misses_m(&scenario("lidar", r#", "echoes": [2, 5]"#));
    let mut seen = [0; 6];
    scans.iter().for_each(|scan| seen[scan.len()] += 1);
    assert!(seen[..2] == [0, 0] && seen[2..].iter().all(|count| *count > 15), "{seen:?}");
    assert!(scans.iter().flatten().all(|far_m| *far_m < 7.0), "on 12 m by 4 m");
    assert!(scans.iter().flatten().any(|far_m| *far_m > 4.0), "and all over it");
}

#[test]
fn a_radar_has_one_plot_and_its_clutter() {
    let scans =
        misses_m(&scenario("plot-radar", r#", "false_alarms_per_scan": 2, "faults": ["clutter=x3"]"#));
    let all: usize = scans.iter().map(|scan| scan.len() - 1).sum();
    let mean = all as f64 / scans.len() as f64;
    assert!((5.3..6.7).contains(&mean), "three times two: {mean}");
    assert!(scans.iter().all(|scan| scan.iter().filter(|far_m| **far_m < 1.5).count() >= 1));
}

#[test]
fn what_stands_in_a_mask_or_drops_out_is_not_seen() {
    let masked = r#", "masks": [{"polygon": [[0, 0], [0, 300], [900, 300], [900, 0]], "untold": true}]"#;
    let read = scenario("plot-radar", masked);
    let seen: Vec<bool> = misses_m(&read).iter().map(|scan| !scan.is_empty()).collect();
    let world = World::new(&read).unwrap();
    for (k, seen) in (0..).zip(seen) {
        let boat = world.agent_at(0, f64::from(k) * 0.5).unwrap().east_north_m;
        assert_eq!(seen, boat[0] < 0.0, "at {boat:?}");
    }
    assert!(!read.linewatch_toml(&crate::scenario::Links::default()).contains("masks"));
    let dropping = misses_m(&scenario("plot-radar", r#", "faults": ["drop-out=0.5"]"#));
    let seen = dropping.iter().filter(|scan| !scan.is_empty()).count();
    assert!((40..80).contains(&seen), "{seen} of {}", dropping.len());
}

#[test]
fn a_phase_moves_the_first_look() {
    let read = scenario("plot-radar", r#", "phase_s": 0.2, "delay_s": 1.0"#);
    let world = World::new(&read).unwrap();
    let said = record(&read.boxes[0], &world, Start { epoch_ns: 0, boot: 1, at_s: 0.0 }, 3.0).unwrap();
    let first = said.iter().find(|emission| emission.kind == Kind::Frame).unwrap();
    assert!((first.due_s - 1.2).abs() < 1e-9, "{}", first.due_s);
}
