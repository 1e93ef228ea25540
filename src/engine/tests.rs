use super::*;
use crate::sensor::SensorKind;

fn sensor(id: &str) -> SensorModel {
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind: SensorKind::Radar,
        format: Format::Json,
        position: Some(Geodetic::from_degrees(35.1, 33.4, 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: id.into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn engine() -> Engine {
    Engine::new(Settings {
        sector: "test".into(),
        exercise: false,
        origin: Geodetic::from_degrees(35.1, 33.4, 0.0),
        sensors: vec![sensor("r1"), sensor("r2")],
        agreement: Agreement::default(),
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    })
}

/// Steps one body received `secs` after an arbitrary epoch.
fn step(engine: &mut Engine, secs: i64, body: Body) -> Vec<Event> {
    engine.step(&Record { position: 0, received: Timestamp::from_secs(1_767_225_600 + secs), body })
}

fn scan(engine: &mut Engine, secs: i64, boot: u64, seq: u64, stamp: i64) -> Outcome {
    let time = Timestamp::from_secs(1_767_225_600 + stamp);
    let text = format!(r#"{{"sensor":"r1","boot":{boot},"seq":{seq},"time":"{time}","detections":[]}}"#);
    let sensor = SensorId::new("r1").unwrap();
    let events = step(engine, secs, Body::Frame { sensor, link: Link::Recording, bytes: text.into() });
    let mut outcomes = events.iter().filter_map(|event| match event {
        Event::Frame { outcome, .. } => Some(*outcome),
        _ => None,
    });
    let outcome = outcomes.next().expect("one outcome per frame");
    assert_eq!(outcomes.next(), None);
    outcome
}

fn states(events: &[Event]) -> Vec<(u16, SensorState)> {
    let state = |event: &Event| match event {
        Event::SensorState { sensor, state } => Some((sensor.0, *state)),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}

fn status(engine: &mut Engine, secs: i64, text: &str) -> Vec<(u16, SensorState)> {
    let sensor = SensorId::new("r1").unwrap();
    states(&step(engine, secs, Body::Status { sensor, bytes: text.into() }))
}

#[test]
fn every_frame_has_exactly_one_outcome() {
    let mut engine = engine();
    assert_eq!(scan(&mut engine, 0, 1, 1, 0), Outcome::Used);
    assert_eq!(scan(&mut engine, 0, 1, 1, 0), Outcome::Duplicate);
    assert_eq!(scan(&mut engine, 1, 1, 2, 60), Outcome::Quarantined(FROM_THE_FUTURE));
    assert_eq!(scan(&mut engine, 1, 1, 3, -90_000), Outcome::Quarantined(FROM_THE_PAST));
    assert_eq!(scan(&mut engine, 1, 2, 1, 1), Outcome::Used);
    assert_eq!(scan(&mut engine, 1, 1, 4, 1), Outcome::Quarantined("stale_boot"));
    let sensor = SensorId::new("r1").unwrap();
    let events = step(&mut engine, 2, Body::Frame { sensor, link: Link::Mqtt, bytes: b"{".to_vec() });
    assert!(matches!(events[..], [Event::Frame { outcome: Outcome::Rejected(_), .. }]), "{events:?}");
    let sensor = SensorId::new("nobody").unwrap();
    let events = step(&mut engine, 2, Body::Frame { sensor, link: Link::Mqtt, bytes: b"{".to_vec() });
    assert_eq!(events, vec![Event::UnknownSensor]);
}

#[test]
fn silence_is_judged_only_while_listening() {
    let mut engine = engine();
    scan(&mut engine, 0, 1, 1, 0);
    assert_eq!(states(&step(&mut engine, 1, Body::Tick)), vec![]);
    let since = Timestamp::from_secs(1_767_225_601);
    step(&mut engine, 100, Body::Gap { since });
    assert_eq!(states(&step(&mut engine, 104, Body::Tick)), vec![], "not listening is not silence");
    let silent = states(&step(&mut engine, 107, Body::Tick));
    assert_eq!(silent, vec![(0, SensorState::Silent), (1, SensorState::Silent)]);
    assert_eq!(states(&step(&mut engine, 108, Body::Tick)), vec![], "said once");
}

/// What is known of the one zone of an engine with one radar in its middle.
fn blind(engine: &Engine) -> Option<f64> {
    engine.picture().zones[0].blind_ratio
}

#[test]
fn a_zone_is_blind_when_nobody_looks_at_it() {
    let corners = [(35.09, 33.39), (35.11, 33.39), (35.11, 33.41), (35.09, 33.41)];
    let polygon = corners.map(|(lat, lon)| Geodetic::from_degrees(lat, lon, 0.0)).to_vec();
    let zone = crate::watch::agreement::Zone { id: "camp".into(), polygon, ..Default::default() };
    let mut engine = Engine::new(Settings {
        sector: "test".into(),
        exercise: false,
        origin: Geodetic::from_degrees(35.1, 33.4, 0.0),
        sensors: vec![sensor("r1")],
        agreement: Agreement { zones: vec![zone], ..Agreement::default() },
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    });
    assert_eq!(blind(&engine), None);
    step(&mut engine, 0, Body::Tick);
    assert_eq!(blind(&engine), None, "nobody could have been heard yet");
    scan(&mut engine, 1, 1, 1, 1);
    step(&mut engine, 1, Body::Tick);
    assert_eq!(blind(&engine), Some(0.0));
    let row = engine.picture().zones.remove(0);
    assert_eq!((row.trust_groups, row.corroborated_ratio), (Some(1.0), Some(0.0)));
    assert_eq!(row.watched_by.into_iter().collect::<Vec<_>>(), [("r1".to_owned(), 1.0)]);
    for (secs, says, share) in [
        (2, r#"{"state":"online","boot":1,"obscured":0.9}"#, 1.0),
        (3, r#"{"state":"online","boot":1}"#, 0.0),
        (4, r#"{"state":"online","boot":1,"tamper":true}"#, 1.0),
        (5, r#"{"state":"online","boot":1}"#, 0.0),
        (6, r#"{"state":"offline","boot":1}"#, 1.0),
    ] {
        status(&mut engine, secs, says);
        step(&mut engine, secs, Body::Tick);
        assert_eq!(blind(&engine), Some(share), "{says}");
    }
    scan(&mut engine, 7, 1, 2, 7);
    step(&mut engine, 7, Body::Tick);
    assert_eq!(blind(&engine), Some(0.0), "it is back");
    assert_eq!(engine.picture().sensors[0].age_s, Some(0.0));
    step(&mut engine, 20, Body::Tick);
    assert_eq!(blind(&engine), Some(1.0), "silent");
}

#[test]
fn status_and_scans_drive_the_state_in_log_order() {
    let mut engine = engine();
    assert_eq!(status(&mut engine, 0, r#"{"state":"online","boot":2}"#), vec![(0, SensorState::Online)]);
    assert_eq!(status(&mut engine, 1, r#"{"state":"offline","boot":1}"#), vec![], "an earlier life");
    assert_eq!(status(&mut engine, 2, r#"{"state":"offline","boot":2}"#), vec![(0, SensorState::Offline)]);
    assert_eq!(scan(&mut engine, 3, 2, 1, 3), Outcome::Used);
    let late = r#"{"state":"offline","boot":2,"time":"2026-01-01T00:00:02Z"}"#;
    assert_eq!(status(&mut engine, 4, late), vec![], "the scan ended it and is newer");
    let unwell = r#"{"state":"online","boot":2,"obscured":0.9}"#;
    assert_eq!(status(&mut engine, 5, unwell), vec![(0, SensorState::Degraded)]);
    assert_eq!(scan(&mut engine, 6, 2, 2, 6), Outcome::Used);
    assert_eq!(engine.picture().sensors[0].state, SensorState::Degraded);
}

#[test]
fn damage_of_the_journal_is_said() {
    let mut engine = engine();
    step(&mut engine, 0, Body::Tick);
    let events = step(&mut engine, 1, Body::Damage { from: 7, to: 9 });
    let said: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Notice(notice) => Some(notice),
            _ => None,
        })
        .collect();
    let [notice] = &said[..] else { panic!("{events:?}") };
    assert_eq!((notice.kind, notice.grounds.lost_records), ("journal_damaged", Some([7, 9])));
    assert!(notice.life.held.is_none(), "it goes out");
}
