//! Same happening, same id.

use super::*;
use crate::watch::agreement::Direction;

fn alert_of(id: u64, sensors: &[u16], speed_up: u32) -> String {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    scene.walk(Look { sensors, ..look(id, 1003.0, 55.0, -100.0) }, [55.0, 100.0], speed_up);
    scene.said[0].alert.to_string()
}

#[test]
fn the_id_knows_no_track_and_no_sensor() {
    assert_eq!(alert_of(1, &[0], 20), alert_of(99, &[2], 20));
    assert_eq!(alert_of(1, &[0], 20), alert_of(1, &[0], 21), "half a second is the same bucket");
    assert_ne!(alert_of(1, &[0], 20), alert_of(1, &[0], 40));
}

#[test]
fn two_that_cross_together_are_two_alerts() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    scene.walk(look(1, 1000.0, 55.0, -100.0), [55.0, 100.0], 20);
    scene.walk(look(2, 1000.0, 60.0, -100.0), [60.0, 100.0], 20);
    assert_ne!(scene.said[0].alert, scene.said[1].alert);
    let open: Vec<&str> = scene.watch.open().map(|notice| &*notice.alert).collect();
    assert!(open.len() == 2 && open.is_sorted());
}

#[test]
fn a_notice_has_the_form_of_the_contract() {
    let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
    scene.walk(look(17, 1000.0, 1000.0, -95.0), [1000.0, 105.0], 20);
    let json: serde_json::Value = serde_json::from_str(&scene.said[0].to_json()).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "agreement",
        "alert",
        "clause",
        "confidence",
        "direction",
        "event_time",
        "incident",
        "kind",
        "line",
        "measured_at",
        "position",
        "raised_at",
        "received_at",
        "revision",
        "rule",
        "sensors",
        "severity",
        "state",
        "tracks",
        "trust_groups",
        "v",
    ];
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(json["alert"].as_str().unwrap().len(), 64);
    assert_eq!((json["kind"].as_str(), json["state"].as_str()), (Some("crossing"), Some("opened")));
}

#[test]
fn the_same_tracks_make_the_same_bytes() {
    let run = || {
        let mut scene = Scene::new(vec![testing::crossing(Direction::Any)]);
        for id in 0..20 {
            let east_m = f64::from(u32::try_from(id).unwrap()) * 333.0;
            scene.walk(look(id, 0.0, east_m, -97.0), [east_m + 31.0, 103.0], 23);
        }
        scene.said.iter().map(Notice::to_json).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert_eq!(run().len(), 20);
}
