use proptest::prelude::*;

use super::*;
use crate::fusion::Status;
use crate::fusion::testing::{radar, sector};
use crate::geo::Geodetic;
use crate::scan::{Detection, Look, Measurement, Polar, ScanKey};
use crate::sensor::SensorKind;

const START_S: i64 = 1_767_225_600;

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_secs(START_S).plus(Span::from_secs_f64(seconds))
}

/// What a perfect radar at `model`'s place says of targets at these places.
fn look(model: &SensorModel, index: u16, seconds: f64, targets: &[[f64; 2]]) -> Scan {
    let own = LocalFrame::new(model.position.unwrap());
    let detections = targets
        .iter()
        .map(|[e, n]| {
            let there = own.to_enu(sector().plane_to_geodetic(*e, *n, 0.0));
            let azimuth_rad = libm::atan2(there.east_m, there.north_m).rem_euclid(std::f64::consts::TAU);
            Detection::new(Measurement::Polar(Polar {
                range_m: libm::hypot(there.ground_distance_m(), there.up_m),
                azimuth_rad,
                range_sigma_m: 15.0,
                azimuth_sigma_rad: 0.005,
                elevation_rad: None,
                range_rate: None,
            }))
        })
        .collect();
    scan(index, seconds, detections)
}

fn scan(index: u16, seconds: f64, detections: Vec<Detection>) -> Scan {
    Scan {
        sensor: SensorIndex(index),
        key: None,
        time: at(seconds),
        pose: None,
        look: Look::FieldOfView,
        part: None,
        detections,
    }
}

fn place(e: f64, n: f64, sigma_m: f64) -> Detection {
    Detection::new(Measurement::Position {
        at: sector().plane_to_geodetic(e, n, 0.0),
        has_altitude: false,
        covariance_m2: [sigma_m * sigma_m, 0.0, sigma_m * sigma_m],
    })
}

fn confirmed(tracker: &Tracker, seconds: f64) -> Vec<(TrackId, [f64; 4])> {
    tracker
        .views(at(seconds))
        .filter(|view| view.status != Status::Tentative)
        .map(|view| (view.id, view.estimate.mean))
        .collect()
}

#[test]
fn a_target_is_confirmed_followed_and_let_go() {
    let model = radar("r1", 0.0, -5_000.0);
    let mut tracker = Tracker::new(sector(), vec![model.clone()]);
    for k in 0..20 {
        let t = f64::from(k);
        tracker.process(&look(&model, 0, t, &[[10.0 * t, 1_000.0]]));
        tracker.tick(at(t));
    }
    let [(_, mean)] = confirmed(&tracker, 19.0)[..] else { panic!("one track") };
    assert!((mean[0] - 190.0).abs() < 10.0 && (mean[2] - 10.0).abs() < 1.5, "{mean:?}");
    for k in 20..40 {
        tracker.process(&look(&model, 0, f64::from(k), &[]));
    }
    assert_eq!(confirmed(&tracker, 39.0).len(), 0, "twenty empty looks say it has gone");
    assert!(tracker.views(at(39.0)).next().is_none());
}

#[test]
fn silence_is_not_absence() {
    let model = radar("r1", 0.0, -5_000.0);
    let mut tracker = Tracker::new(sector(), vec![model.clone()]);
    for k in 0..10 {
        tracker.process(&look(&model, 0, f64::from(k), &[[10.0 * f64::from(k), 1_000.0]]));
    }
    for k in 10..30 {
        tracker.tick(at(f64::from(k)));
    }
    let view = tracker.views(at(30.0)).next().expect("nobody looked, so it may still be there");
    assert_eq!(view.status, Status::Coasting);
    assert!(view.estimate.covariance[0][0] > 10_000.0, "but nobody knows where");
}

#[test]
fn a_convoy_sixty_metres_apart_is_as_many_tracks() {
    let model = radar("r1", 0.0, -2_000.0);
    let mut tracker = Tracker::new(sector(), vec![model.clone()]);
    for k in 0..15 {
        let lead = 8.0 * f64::from(k);
        let convoy: Vec<[f64; 2]> = (0..6).map(|v| [lead - 60.0 * f64::from(v), 500.0]).collect();
        tracker.process(&look(&model, 0, f64::from(k), &convoy));
    }
    assert_eq!(confirmed(&tracker, 14.0).len(), 6);
}

#[test]
fn a_late_look_gives_what_it_would_have_given_in_time() {
    let models = [radar("r1", 0.0, -5_000.0), radar("r2", 3_000.0, -5_000.0)];
    let targets = |t: f64| [[10.0 * t, 1_000.0], [3_000.0 - 5.0 * t, -2_000.0 + 3.0 * t]];
    let mut scans = Vec::new();
    for k in 0..40 {
        let t = f64::from(k);
        scans.push(look(&models[0], 0, t, &targets(t)));
        scans.push(look(&models[1], 1, t + 0.37, &targets(t + 0.37)));
    }
    let mut in_order = Tracker::new(sector(), models.to_vec());
    for scan in &scans {
        assert_eq!(in_order.process(scan), Outcome::Used);
    }
    let mut late = Tracker::new(sector(), models.to_vec());
    let held: Vec<usize> = vec![21, 36, 37, 50];
    for (index, scan) in scans.iter().enumerate() {
        if !held.contains(&index) {
            late.process(scan);
        }
    }
    for index in held {
        assert_eq!(late.process(&scans[index]), Outcome::UsedLate);
    }
    let (a, b) = (confirmed(&in_order, 41.0), confirmed(&late, 41.0));
    assert_eq!(a.len(), 2);
    for ((id_a, a), (id_b, b)) in a.iter().zip(&b) {
        assert_eq!(id_a, id_b);
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-9, "{a} {b}");
        }
    }
    for (a, b) in in_order.views(at(41.0)).zip(late.views(at(41.0))) {
        assert!((a.existence - b.existence).abs() <= 1e-9);
        for (a, b) in a.estimate.covariance.concat().iter().zip(b.estimate.covariance.concat()) {
            assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}

/// Two sensors whose looks overtake each other on the way: nearly the same tracks, and nothing filtered twice.
#[test]
fn a_slightly_late_look_is_fused_at_the_latest_time() {
    let models = [radar("r1", 0.0, -5_000.0), radar("r2", 3_000.0, -5_000.0)];
    let targets = |t: f64| [[10.0 * t, 1_000.0], [3_000.0 - 5.0 * t, -2_000.0 + 3.0 * t]];
    let (mut in_order, mut swapped) =
        (Tracker::new(sector(), models.to_vec()), Tracker::new(sector(), models.to_vec()));
    for k in 0..40 {
        let t = f64::from(k);
        let pair = [look(&models[0], 0, t, &targets(t)), look(&models[1], 1, t + 0.37, &targets(t + 0.37))];
        pair.iter().for_each(|scan| assert_eq!(in_order.process(scan), Outcome::Used));
        assert_eq!(swapped.process(&pair[1]), Outcome::Used);
        assert_eq!(swapped.process(&pair[0]), Outcome::UsedLate);
        assert_eq!(swapped.latest, pair[1].time);
    }
    let (a, b) = (confirmed(&in_order, 41.0), confirmed(&swapped, 41.0));
    assert_eq!((a.len(), b.len()), (2, 2));
    for ((_, a), (_, b)) in a.iter().zip(&b) {
        assert!((a[0] - b[0]).abs() < 3.0 && (a[1] - b[1]).abs() < 3.0, "{a:?} {b:?}");
    }
}

#[test]
fn later_than_the_ring_is_not_used() {
    let model = radar("r1", 0.0, -5_000.0);
    let mut tracker = Tracker::new(sector(), vec![model.clone()]);
    tracker.process(&look(&model, 0, 200.0, &[]));
    assert_eq!(tracker.process(&look(&model, 0, 79.0, &[[0.0, 0.0]])), Outcome::TooLate);
    assert_eq!(tracker.process(&look(&model, 0, 81.0, &[])), Outcome::UsedLate);
    assert_eq!(tracker.refused().too_late, 1);
}

#[test]
fn misses_of_a_look_in_parts_count_when_all_have_come() {
    let model = radar("r1", 0.0, -5_000.0);
    let mut tracker = Tracker::new(sector(), vec![model.clone()]);
    for k in 0..10 {
        tracker.process(&look(&model, 0, f64::from(k), &[[0.0, 1_000.0]]));
    }
    let existence = |tracker: &Tracker| tracker.views(at(11.0)).next().unwrap().existence;
    let before = existence(&tracker);
    let part =
        |i| Scan { part: Some((i, 2)), key: Some(ScanKey { boot: 1, seq: 9 }), ..scan(0, 10.0, vec![]) };
    tracker.process(&part(1));
    assert!((existence(&tracker) - before).abs() < 1e-12, "half a look says nothing yet");
    tracker.process(&part(2));
    assert!(existence(&tracker) < before);
}

#[test]
fn a_bearing_alone_begins_nothing_and_refines_what_is_there() {
    let mut camera = radar("c1", 0.0, 0.0);
    camera.kind = SensorKind::Camera;
    let model = radar("r1", 0.0, -8_000.0);
    let mut tracker = Tracker::new(sector(), vec![camera, model.clone()]);
    let bearing = || Detection::new(Measurement::Bearing { azimuth_rad: 0.0, azimuth_sigma_rad: 0.002 });
    for k in 0..5 {
        tracker.process(&scan(0, f64::from(k), vec![bearing()]));
    }
    assert!(tracker.views(at(5.0)).next().is_none());
    for k in 5..12 {
        tracker.process(&look(&model, 1, f64::from(k), &[[0.0, 1_000.0]]));
    }
    let spread = |tracker: &Tracker| tracker.views(at(12.0)).next().unwrap().estimate.covariance[0][0];
    let before = spread(&tracker);
    tracker.process(&scan(0, 12.0, vec![bearing()]));
    assert!(spread(&tracker) < 0.8 * before, "{before} {}", spread(&tracker));
}

#[test]
fn a_self_report_finds_its_track_by_name() {
    let mut ais = radar("ais", 0.0, 0.0);
    ais.kind = SensorKind::Transponder;
    ais.false_alarms_per_scan = 0.0;
    let mut tracker = Tracker::new(sector(), vec![ais]);
    let named = |e: f64, name: &str| {
        let mut report = place(e, 0.0, 10.0);
        report.identity = Some(name.into());
        report.velocity = Some(crate::scan::Velocity { east_mps: 8.0, north_mps: 0.0 });
        report
    };
    for k in 0..6 {
        let t = 10.0 * f64::from(k);
        tracker.process(&scan(0, t, vec![named(8.0 * t, "mmsi:1"), named(8.0 * t + 30.0, "mmsi:2")]));
    }
    let views: Vec<_> = tracker.views(at(50.0)).map(|view| (view.identity, view.estimate.mean[0])).collect();
    assert_eq!(views.len(), 2, "{views:?}");
    assert_eq!((views[0].0, views[1].0), (Some("mmsi:1"), Some("mmsi:2")));
    assert!((views[0].1 - 400.0).abs() < 15.0 && (views[1].1 - 430.0).abs() < 15.0, "{views:?}");
}

#[test]
fn another_systems_track_is_no_independent_measurement() {
    let model = radar("r1", 0.0, -5_000.0);
    let mut satellite = radar("s1", 0.0, 0.0);
    satellite.kind = SensorKind::Satellite;
    let mut tracker = Tracker::new(sector(), vec![model.clone(), satellite]);
    for k in 0..10 {
        tracker.process(&look(&model, 0, f64::from(k), &[[0.0, 1_000.0]]));
    }
    let spread = |tracker: &Tracker| tracker.views(at(9.0)).next().unwrap().estimate.covariance[0][0];
    let before = spread(&tracker);
    let report = || {
        Detection::new(Measurement::Track {
            at: sector().plane_to_geodetic(0.0, 1_000.0, 0.0),
            has_altitude: false,
            covariance_m2: [900.0, 0.0, 900.0],
            source_track: "S-1".into(),
        })
    };
    for _ in 0..20 {
        tracker.process(&scan(1, 9.0, vec![report()]));
    }
    assert_eq!(tracker.views(at(9.0)).count(), 1);
    assert!(spread(&tracker) > 0.7 * before, "twenty repeats are not twenty looks");
}

fn any_detection() -> impl Strategy<Value = Detection> {
    let far = 20_000.0;
    prop_oneof![
        (1.0..far, 0.0..std::f64::consts::TAU, 1e-3..300.0_f64, 1e-6..0.5_f64, -600.0..600.0_f64).prop_map(
            |(r, az, rs, s, rate)| {
                Detection::new(Measurement::Polar(Polar {
                    range_m: r,
                    azimuth_rad: az,
                    range_sigma_m: rs,
                    azimuth_sigma_rad: s,
                    elevation_rad: (rate > 0.0).then_some(rate / 400.0),
                    range_rate: (rate < 300.0).then_some((rate, 0.5)),
                }))
            }
        ),
        (0.0..std::f64::consts::TAU, 1e-6..1.0_f64).prop_map(|(azimuth_rad, azimuth_sigma_rad)| {
            Detection::new(Measurement::Bearing { azimuth_rad, azimuth_sigma_rad })
        }),
        (34.9..35.3_f64, 33.2..33.6_f64, 1e-4..1e6_f64, -0.999..0.999_f64, -2.0..2.0_f64).prop_map(
            |(lat, lon, var, rho, offset)| {
                let mut detection = Detection::new(Measurement::Position {
                    at: Geodetic::from_degrees(lat, lon, 50.0),
                    has_altitude: rho > 0.0,
                    covariance_m2: [var, rho * var, var],
                });
                detection.offset = Span::from_secs_f64(offset);
                detection
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn no_state_is_ever_unsound(
        looks in proptest::collection::vec(
            (0..2u16, -5.0..9.0_f64, proptest::collection::vec(any_detection(), 0..8)), 1..60)
    ) {
        let mut tracker =
            Tracker::new(sector(), vec![radar("r1", 0.0, -5_000.0), radar("r2", 100.0, 3_000.0)]);
        let mut now = 0.0;
        for (sensor, step, detections) in looks {
            now = f64::max(now + step, 0.0);
            tracker.process(&scan(sensor, now, detections));
            for track in tracker.tracks.iter() {
                prop_assert!(track.state.imm.modes.iter().all(Gaussian::is_sound), "{track:?}");
                prop_assert!((track.state.imm.mu.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            for view in tracker.views(at(now + 3.0)) {
                prop_assert!(view.estimate.mean.iter().all(|v| v.is_finite()));
                prop_assert!((0.0..=1.0).contains(&view.existence));
            }
        }
    }
}

#[test]
fn two_tracks_of_one_target_become_one_and_a_close_pair_stays_two() {
    let model = radar("r1", 0.0, -2_000.0);
    for (apart, expected) in [(0.0, 1), (25.0, 2)] {
        let mut tracker = Tracker::new(sector(), vec![model.clone()]);
        let places = |t: f64| [[8.0 * t, 500.0], [8.0 * t, 500.0 + apart]];
        for k in 0..12 {
            // So far two echoes, 40 m apart, of which each began a track.
            let [a, _] = places(f64::from(k));
            tracker.process(&look(&model, 0, f64::from(k), &[a, [a[0], a[1] + 40.0 - 1.2 * f64::from(k)]]));
        }
        assert_eq!(confirmed(&tracker, 11.0).len(), 2);
        for k in 12..40 {
            let seen = &places(f64::from(k))[..expected];
            tracker.process(&look(&model, 0, f64::from(k), seen));
            tracker.tick(at(f64::from(k)));
        }
        assert_eq!(confirmed(&tracker, 39.0).len(), expected, "{apart}");
    }
}

#[test]
fn where_nothing_else_watches_a_pass_is_believed_and_a_self_report_is_not() {
    let pass = |kind, period_s| {
        let mut model = radar("s1", 0.0, 0.0);
        (model.kind, model.period_s, model.false_alarms_per_scan) = (kind, period_s, 1.0);
        let watcher = radar("r1", 0.0, -20_000.0);
        let mut tracker = Tracker::new(sector(), vec![model, watcher.clone()]);
        tracker.process(&look(&watcher, 1, -1.0, &[]));
        // The last of six lies where the radar looks every second and would have seen it.
        let norths = [0.0, 1_500.0, 3_000.0, 4_500.0, 6_000.0, -10_000.0];
        tracker.process(&scan(0, 0.0, norths.map(|n| place(0.0, n, 60.0)).to_vec()));
        confirmed(&tracker, 0.0).len()
    };
    assert_eq!(pass(SensorKind::Satellite, 60.0), 5, "not where a radar would have seen it");
    assert_eq!(pass(SensorKind::Satellite, 1.0), 0, "who looks again at once can wait for it");
    assert_eq!(pass(SensorKind::Transponder, 60.0), 0, "who speaks of itself may lie");
}
