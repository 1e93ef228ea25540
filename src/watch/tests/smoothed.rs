//! When and where a line was crossed, by what the tracker remembers: with the tracker itself.

use super::*;
use crate::fusion::Tracker;
use crate::scan::{Detection, Look as Covered, Measurement, Scan};
use crate::sensor::SensorIndex;
use crate::time::Span;
use crate::watch::agreement::Direction;

/// One-sigma error of a position, metres per axis.
const SIGMA_M: f64 = 10.0;

/// A watch on the tracks of a tracker.
struct Followed {
    tracker: Tracker,
    watch: Watch,
    remembers: bool,
    noise: u64,
    said: Vec<Notice>,
}

impl Followed {
    fn new(seed: u64, remembers: bool) -> Self {
        let sensors = vec![testing::sensor("r1", "r1", SIGMA_M)];
        let agreement = testing::agreement(vec![testing::crossing(Direction::Any)]);
        Self {
            tracker: Tracker::new(testing::frame(), sensors.clone()),
            watch: Watch::new("east-3", false, &testing::frame(), &agreement, &sensors),
            remembers,
            // Neighbouring seeds of this generator go together.
            noise: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            said: Vec::new(),
        }
    }

    /// Numerical Recipes' 64-bit linear congruential generator, top bits; sum of twelve less six.
    fn normal(&mut self) -> f64 {
        let uniform = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform(&mut self.noise)).sum::<f64>() - 6.0
    }

    /// The radar says that something is about there; its message comes in at `now_s`, measured at `measured_s`.
    fn looked(&mut self, now_s: f64, measured_s: f64, truth: [f64; 2]) {
        let [east_m, north_m] = truth.map(|v| v + SIGMA_M * self.normal());
        let variance = SIGMA_M * SIGMA_M;
        let at = testing::geodetic(east_m, north_m);
        let covariance_m2 = [variance, 0.0, variance];
        let measurement = Measurement::Position { at, has_altitude: false, covariance_m2 };
        let time = |seconds: f64| Timestamp::from_nanos(0).plus(Span::from_secs_f64(seconds));
        self.tracker.process(&Scan {
            sensor: SensorIndex(0),
            key: None,
            time: time(measured_s),
            pose: None,
            look: Covered::FieldOfView,
            part: None,
            detections: vec![Detection::new(measurement)],
        });
        for &id in self.tracker.updated() {
            let Some(track) = self.tracker.view(id, None) else { continue };
            if self.remembers {
                self.watch.observe(time(now_s), &track, &self.tracker, &mut self.said);
            } else {
                self.watch.observe(time(now_s), &track, &NoPaths, &mut self.said);
            }
        }
    }

    fn tick(&mut self, second: i64) {
        let now = Timestamp::from_secs(second);
        self.tracker.tick(now);
        self.watch.tick(now, self.tracker.views(now), &self.tracker, &mut self.said);
    }
}

/// Something that drives north-east over the line at 60 s: what is said when it is raised, if it is.
fn driven(seed: u64, remembers: bool) -> Option<Notice> {
    let mut followed = Followed::new(seed, remembers);
    for second in 0..90 {
        let t = f64::from(second);
        followed.looked(t, t, [1_000.0 + 4.0 * t, 8.0 * (t - 60.0)]);
    }
    followed.said.into_iter().next()
}

#[test]
fn the_smoothed_path_knows_better_when_and_where_and_how_well_it_knows() {
    let (mut before, mut after, mut in_sigmas, mut in_place) = (0.0, 0.0, 0.0, 0.0);
    let seeds = 60;
    for seed in 1..=seeds {
        let error_s = |notice: &Notice| notice.event_time.since(Timestamp::from_secs(60)).as_secs_f64();
        let plain = driven(seed, false).expect("raised");
        let smoothed = driven(seed, true).expect("raised");
        assert_eq!(plain.event_time_sigma_s, None);
        let sigma_s = smoothed.event_time_sigma_s.expect("it came from afar and went on");
        before += error_s(&plain) * error_s(&plain);
        after += error_s(&smoothed) * error_s(&smoothed);
        in_sigmas += error_s(&smoothed) * error_s(&smoothed) / (sigma_s * sigma_s);
        let [ee, en, nn] = smoothed.position.cov_m2;
        assert!(ee > 0.0 && ee * nn > en * en, "{smoothed:?}");
        in_place += (smoothed.position.east_m - 1_240.0) * (smoothed.position.east_m - 1_240.0) / ee;
        assert!(smoothed.position.north_m.abs() < 0.1, "{smoothed:?}");
    }
    let rms = |sum: f64| (sum / seeds as f64).sqrt();
    assert!(rms(after) < 0.8 * rms(before), "{} s, smoothed {} s", rms(before), rms(after));
    assert!((0.7..1.25).contains(&rms(in_sigmas)), "{} sigmas in time", rms(in_sigmas));
    assert!((0.7..1.25).contains(&rms(in_place)), "{} sigmas along the line", rms(in_place));
}

#[test]
fn what_comes_late_moves_the_instant_and_keeps_the_alert() {
    let mut followed = Followed::new(3, true);
    // Seen at 8 m/s until ten seconds before the line, and again ten seconds after it; what it did between comes late:
    // it stood for ten seconds, then drove twice as fast.
    let steady = |t: f64| [1_000.0, 8.0 * (t - 60.0)];
    for second in (0..=50).chain(70..=100) {
        let t = f64::from(second);
        followed.looked(t, t, steady(t));
        if second == 76 {
            for measured in (52..=68).step_by(2).map(f64::from) {
                followed.looked(76.5, measured, [1_000.0, (16.0 * (measured - 65.0)).max(-80.0)]);
            }
        }
        if second >= 70 {
            followed.tick(i64::from(second) + 1);
        }
    }
    let [opened, updated] = &followed.said[..] else { panic!("{:?}", followed.said) };
    let after_s = |notice: &Notice| notice.event_time.since(Timestamp::from_secs(60)).as_secs_f64();
    assert_eq!((opened.state, updated.state), (State::Opened, State::Updated));
    assert_eq!((&opened.alert, opened.raised_at), (&updated.alert, updated.raised_at));
    assert!(after_s(opened).abs() < 1.5, "{opened:?}");
    assert!((after_s(updated) - 5.0).abs() < 1.5, "{updated:?}");
    assert!(updated.event_time_sigma_s < opened.event_time_sigma_s, "{updated:?}");
}
