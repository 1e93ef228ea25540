use super::*;
use crate::fusion::testing::{radar, sector};
use crate::fusion::track::Status;
use crate::fusion::tracker::Tracker;
use crate::scan::{Detection, Look, Measurement, Scan};
use crate::sensor::{SensorIndex, SensorModel};

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_secs(1_767_225_600).plus(Span::from_secs_f64(seconds))
}

fn place([e, n]: [f64; 2]) -> Detection {
    Detection::new(Measurement::Position {
        at: sector().plane_to_geodetic(e, n, 0.0),
        has_altitude: false,
        covariance_m2: [100.0, 0.0, 100.0],
    })
}

/// A tracker that one radar feeds, a look a second.
struct Scene {
    tracker: Tracker,
    links: Vec<Descent>,
}

impl Scene {
    fn new() -> Self {
        let mut model: SensorModel = radar("r1", 0.0, -5_000.0);
        model.false_alarms_per_scan = 1.0;
        Self { tracker: Tracker::new(sector(), vec![model]), links: Vec::new() }
    }

    /// Looks once a second over `seconds` at what `seen` says is there.
    fn look(&mut self, seconds: std::ops::Range<i32>, seen: impl Fn(f64) -> Vec<[f64; 2]>) {
        for second in seconds {
            let t = f64::from(second);
            let detections = seen(t).into_iter().map(place).collect();
            let scan = Scan {
                sensor: SensorIndex(0),
                key: None,
                time: at(t),
                pose: None,
                look: Look::FieldOfView,
                part: None,
                detections,
            };
            self.tracker.process(&scan);
            self.links.extend(self.tracker.descents());
            self.tracker.tick(at(t));
            self.links.extend(self.tracker.descents());
        }
    }

    fn said(&self) -> Vec<(&'static str, u64, u64)> {
        self.links.iter().map(|link| (link.kinship.as_str(), link.track.0, link.of.0)).collect()
    }

    fn live(&self, t: f64) -> Vec<u64> {
        let confirmed = self.tracker.views(at(t)).filter(|view| view.status != Status::Tentative);
        confirmed.map(|view| view.id.0).collect()
    }
}

fn east(t: f64, speed: f64) -> [f64; 2] {
    [speed * t, 1_000.0]
}

#[test]
fn what_comes_out_of_an_untold_shadow_is_what_went_in() {
    let mut scene = Scene::new();
    scene.look(0..60, |t| vec![east(t, 10.0)]);
    let [before] = scene.live(59.0)[..] else { panic!("one track") };
    scene.look(60..120, |_| Vec::new());
    assert!(scene.live(119.0).is_empty(), "nothing was told to hide it");
    scene.look(120..130, |t| vec![east(t, 10.0)]);
    let [after] = scene.live(129.0)[..] else { panic!("one track") };
    assert_ne!(after, before, "an id is never used again");
    assert_eq!(scene.said(), [("continues", after, before)]);
    let ancestry = scene.tracker.ancestry(TrackId(after)).expect("it is known");
    assert_eq!(ancestry.continues, Some(TrackId(before)));
    let link = scene.links[0];
    assert!(link.probability >= SURE && link.at == at(120.0), "{link:?}");
    assert!((link.last.unwrap().mean[0] - 590.0).abs() < 10.0, "where it was last measured");
    assert_eq!(scene.tracker.recent_descents().count(), 1);
}

#[test]
fn what_appears_elsewhere_later_or_going_elsewhere_is_new() {
    let mut scenes = [Scene::new(), Scene::new(), Scene::new()];
    for scene in &mut scenes {
        scene.look(0..60, |t| vec![east(t, 10.0)]);
    }
    let [elsewhere, later, turned] = &mut scenes;
    elsewhere.look(60..120, |_| Vec::new());
    elsewhere.look(120..140, |t| vec![[10.0 * t - 8_000.0, 1_000.0]]);
    later.look(60..400, |_| Vec::new());
    later.look(400..420, |t| vec![east(t - 300.0, 10.0)]);
    // Where it should be, but going back at fifty metres a second.
    turned.look(60..80, |_| Vec::new());
    turned.look(80..100, |t| vec![[800.0 - 40.0 * (t - 80.0), 1_000.0 + 30.0 * (t - 80.0)]]);
    for (scene, end) in scenes.iter().zip([139.0, 419.0, 99.0]) {
        assert_eq!(scene.live(end).len(), 1);
        assert_eq!(scene.said(), []);
    }
}

#[test]
fn of_two_that_are_lost_together_nobody_guesses_who_came_back() {
    let mut scene = Scene::new();
    let abreast = |t: f64| vec![[8.0 * t, 1_000.0], [8.0 * t, 1_080.0]];
    scene.look(0..60, abreast);
    assert_eq!(scene.live(59.0).len(), 2);
    scene.look(60..120, |_| Vec::new());
    scene.look(120..150, |t| vec![[8.0 * t, 1_040.0]]);
    assert_eq!(scene.live(149.0).len(), 1);
    assert_eq!(scene.said(), []);
}

#[test]
fn two_that_come_back_where_each_was_going_are_told_apart() {
    let mut scene = Scene::new();
    let both = |t: f64| vec![[8.0 * t, 1_000.0], [8.0 * t, -1_000.0]];
    scene.look(0..60, both);
    let before = scene.live(59.0);
    scene.look(60..110, |_| Vec::new());
    scene.look(110..125, both);
    let after = scene.live(124.0);
    let mut said = scene.said();
    said.sort_unstable();
    assert_eq!(said, [("continues", after[0], before[0]), ("continues", after[1], before[1])]);
}

#[test]
fn who_gets_out_of_a_car_has_parted_from_it() {
    let mut scene = Scene::new();
    scene.look(0..140, |_| vec![[0.0, 1_000.0]]);
    // The car has been driving up: it is no fixed echo.
    let mut driven = Scene::new();
    driven.look(0..30, |t| vec![[5.0 * t.min(20.0), 1_000.0]]);
    let [parent] = driven.live(29.0)[..] else { panic!("one track") };
    driven.look(30..60, |t| vec![[100.0, 1_000.0], [100.0, 1_012.0 + 3.0 * (t - 30.0)]]);
    let live = driven.live(59.0);
    assert_eq!(live.len(), 2, "{live:?}");
    assert_eq!(driven.said(), [("split_from", live[1], parent)]);
    // Beside a fixed echo somebody is merely new.
    scene.look(140..170, |t| vec![[0.0, 1_000.0], [0.0, 1_012.0 + 3.0 * (t - 140.0)]]);
    assert_eq!(scene.live(169.0).len(), 2);
    assert_eq!(scene.said(), []);
}

#[test]
fn two_tracks_of_one_thing_become_the_older() {
    let mut scene = Scene::new();
    // A box that reports everything twice for a while, and then no more.
    scene.look(0..10, |t| vec![[8.0 * t, 1_000.0], [8.0 * t, 1_030.0]]);
    let [older, younger] = scene.live(9.0)[..] else { panic!("two tracks") };
    scene.look(10..60, |t| vec![[8.0 * t, 1_015.0]]);
    assert_eq!(scene.live(59.0), [older]);
    assert_eq!(scene.said(), [("merged_into", younger, older)]);
    let ancestry = scene.tracker.ancestry(TrackId(older)).expect("it is known");
    assert_eq!(ancestry.merged, [TrackId(younger)]);
}

#[test]
fn memory_of_the_lost_and_the_new_is_bounded() {
    let mut lineage = Lineage::default();
    for id in 0..2_000 {
        let mut track = crate::fusion::testing::track_at(id, [0.0, 0.0]);
        (track.confirmed, track.hits) = (true, LEAST_HITS);
        lineage.end(&track, None, at(0.0));
    }
    assert_eq!((lineage.lost.len(), lineage.crowded()), (MOST_LOST, 2_000 - MOST_LOST as u64));
    for id in 0..2_000 {
        let mut track = crate::fusion::testing::track_at(id, [0.0, 0.0]);
        track.confirmed = true;
        lineage.end(&track, Some(TrackId(5_000)), at(0.0));
    }
    assert_eq!(lineage.recent().count(), MOST_RECENT);
    assert_eq!(lineage.ancestry(TrackId(5_000)).map(|known| known.merged.len()), Some(MOST_MERGED));
}
