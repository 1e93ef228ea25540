use proptest::prelude::*;

use super::*;
use crate::fusion::Status;
use crate::fusion::testing::{radar, sector};
use crate::scan::{Detection, Look, Measurement};
use crate::sensor::{SensorKind, SensorModel};

const SIGMA_RAD: f64 = 0.003;

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(seconds))
}

/// A camera that looks all round for 1.2 km, twice a second.
fn camera(id: &str, east_m: f64, north_m: f64) -> SensorModel {
    SensorModel {
        kind: SensorKind::Camera,
        max_range_m: 1_200.0,
        range_sigma_m: None,
        azimuth_sigma_rad: Some(SIGMA_RAD),
        false_alarms_per_scan: 0.05,
        max_detections: 10_000,
        period_s: 0.5,
        ..radar(id, east_m, north_m)
    }
}

fn scan(index: u16, seconds: f64, azimuths: impl IntoIterator<Item = f64>) -> Scan {
    let bearing = |azimuth_rad: f64| {
        let azimuth_rad = azimuth_rad.rem_euclid(std::f64::consts::TAU);
        Detection::new(Measurement::Bearing { azimuth_rad, azimuth_sigma_rad: SIGMA_RAD })
    };
    Scan {
        sensor: SensorIndex(index),
        key: None,
        time: at(seconds),
        pose: None,
        look: Look::FieldOfView,
        part: None,
        detections: azimuths.into_iter().map(bearing).collect(),
    }
}

const SITES: [[f64; 2]; 3] = [[-300.0, 0.0], [300.0, 0.0], [0.0, 700.0]];

fn cameras() -> Vec<SensorModel> {
    SITES.iter().zip(["c1", "c2", "c3"]).map(|(site, id)| camera(id, site[0], site[1])).collect()
}

/// Both cameras' (or all three's) looks at `seconds` of what stands or moves at these places.
fn look(tracker: &mut Tracker, cameras: u16, seconds: f64, places: &[[f64; 2]]) {
    for index in 0..cameras {
        let site = SITES[usize::from(index)];
        let azimuths = places.iter().map(|p| libm::atan2(p[0] - site[0], p[1] - site[1]));
        tracker.process(&scan(index, seconds + 0.1 * f64::from(index), azimuths));
        tracker.tick(at(seconds + 0.1 * f64::from(index)));
    }
}

fn confirmed(tracker: &Tracker, seconds: f64) -> Vec<[f64; 2]> {
    let views = tracker.views(at(seconds)).filter(|view| view.status != Status::Tentative);
    views.map(|view| [view.estimate.mean[0], view.estimate.mean[1]]).collect()
}

#[test]
fn two_bearings_that_agree_become_a_track_that_goes_when_it_has_gone() {
    let mut tracker = Tracker::new(sector(), cameras());
    let place = |t: f64| [-100.0 + 5.0 * t, 400.0];
    for k in 0..20 {
        look(&mut tracker, 2, 0.5 * f64::from(k), &[place(0.5 * f64::from(k))]);
    }
    let [found] = confirmed(&tracker, 9.6)[..] else { panic!("{:?}", confirmed(&tracker, 9.6)) };
    let wanted = place(9.6);
    assert!((found[0] - wanted[0]).abs() < 3.0 && (found[1] - wanted[1]).abs() < 3.0, "{found:?} {wanted:?}");
    for k in 20..60 {
        look(&mut tracker, 2, 0.5 * f64::from(k), &[]);
    }
    assert!(confirmed(&tracker, 29.6).is_empty(), "both looked where it was, and saw nothing");
}

#[test]
fn one_camera_alone_begins_nothing() {
    let mut tracker = Tracker::new(sector(), cameras());
    for k in 0..40 {
        look(&mut tracker, 1, 0.5 * f64::from(k), &[[0.0, 400.0]]);
    }
    assert!(tracker.views(at(20.0)).next().is_none() && tracker.sightlines.crossings.is_empty());
}

#[test]
fn while_two_ways_explain_the_bearings_none_is_said() {
    let mut tracker = Tracker::new(sector(), cameras());
    for k in 0..40 {
        look(&mut tracker, 2, 0.5 * f64::from(k), &[[-80.0, 400.0], [90.0, 420.0], [10.0, 600.0]]);
    }
    assert_eq!(tracker.sightlines.crossings.len(), 9);
    assert!(
        confirmed(&tracker, 19.6).is_empty(),
        "three who stand still: nothing tells them from their ghosts"
    );
}

#[test]
fn a_third_camera_ends_the_ghosts_within_a_few_looks() {
    let mut tracker = Tracker::new(sector(), cameras());
    let places = [[-80.0, 400.0], [90.0, 420.0], [20.0, 550.0]];
    for k in 0..12 {
        look(&mut tracker, 3, 0.5 * f64::from(k), &places);
        for found in confirmed(&tracker, 0.5 * f64::from(k) + 0.2) {
            let near = |p: &[f64; 2]| (found[0] - p[0]).abs() < 10.0 && (found[1] - p[1]).abs() < 10.0;
            assert!(places.iter().any(near), "{found:?} is nobody");
        }
    }
    assert_eq!(confirmed(&tracker, 5.8).len(), 3);
}

#[test]
fn who_comes_one_after_another_is_never_confused() {
    let mut tracker = Tracker::new(sector(), cameras());
    let places = [[-80.0, 400.0], [90.0, 420.0], [20.0, 600.0]];
    for k in 0..60_u8 {
        let there = &places[..usize::from(k / 12 + 1).min(3)];
        look(&mut tracker, 2, 0.5 * f64::from(k), there);
        for found in confirmed(&tracker, 0.5 * f64::from(k) + 0.1) {
            let near = |p: &[f64; 2]| (found[0] - p[0]).abs() < 10.0 && (found[1] - p[1]).abs() < 10.0;
            assert!(there.iter().any(near), "{found:?} is nobody");
        }
    }
    assert_eq!(confirmed(&tracker, 29.6).len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn no_bearings_break_it_or_fill_it(
        looks in proptest::collection::vec(
            (0..3_u16, 0.0..1.0_f64, proptest::collection::vec(-4.0..7.0_f64, 0..45)), 1..60),
        offset in prop_oneof![Just(0.0), 0.0..30.0_f64],
    ) {
        // The third camera stands where the second does, or beside it.
        let mut models = cameras();
        models[2].position = Some(sector().plane_to_geodetic(300.0 + offset, 0.0, 0.0));
        let mut tracker = Tracker::new(sector(), models);
        let mut now = 0.0;
        for (sensor, step, azimuths) in looks {
            now += step;
            tracker.process(&scan(sensor, now, azimuths));
            let lines = &tracker.sightlines;
            prop_assert!(lines.crossings.len() <= MOST_CROSSINGS && lines.leftover.len() <= MOST_BEARINGS);
            for crossing in &lines.crossings {
                prop_assert!(crossing.imm.modes.iter().all(Gaussian::is_sound), "{crossing:?}");
                prop_assert!(crossing.score.is_finite());
            }
            for view in tracker.views(at(now + 3.0)) {
                prop_assert!(view.estimate.mean.iter().all(|v| v.is_finite()));
            }
        }
    }
}
