//! The first minute of the demonstration, held against the world's truth; then its journal, replayed.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use firmware_sims::scenario::{Class, GateSpec, kerguelen};
use firmware_sims::world::Crossing;
use firmware_sims::world::geo::Place;
use linewatch::demo::stage::Stage;
use linewatch::engine::SensorState;
use linewatch::journal::disk::Disk;
use linewatch::journal::export::export;
use linewatch::watch::Notice;
use linewatch::watch::alert::State;

use super::watcher::{Heard, Stranger};
use super::{Counters, stage, world_s};
use crate::rig::until;

/// Length of the minute, world seconds.
const MINUTE_S: f64 = 60.0;
/// World seconds a second: the machine may be busy with other tests.
const SPEED: f64 = 2.0;
const ALERTS: &str = "linewatch/v1/kerguelen-1/alerts";

/// What could be seen in the picture while it lasted.
#[derive(Default)]
struct Seen {
    /// When the first confirmed track was shown, world seconds.
    first_track_s: Option<f64>,
    /// Every set of sensors that fed one track together.
    fed_by: BTreeSet<Vec<String>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_minute_shows_everything_and_its_journal_says_the_same_again() {
    let heard = Heard::default();
    let (stage, dir) = stage(kerguelen(), SPEED, Some(heard.listener()));
    let stranger = Stranger::on(stage.broker, ALERTS);
    until("the stranger is subscribed", 2, || stranger.is_subscribed()).await;
    assert!(heard.lines().is_empty(), "the stranger came before the first notice");
    let seen = look(&stage).await;

    let first_track_s = seen.first_track_s.expect("a confirmed track");
    println!("first confirmed track {first_track_s:.1} s");
    assert!(first_track_s <= 5.0, "first confirmed track after {first_track_s} s");
    assert_everybody_is_used(&stage, &seen);
    let notices = heard.notices();
    assert!(notices.iter().all(|notice| notice.exercise), "everything is marked as an exercise");
    assert!(heard.lines().iter().all(|line| line.ends_with(r#","exercise":true}"#)));
    assert_crossings_are_told(&stage, &notices);
    assert_a_column_passes_the_ceiling(&stage, &notices);
    assert_one_camera_falls_silent(&heard);

    until("the stranger has heard as much", 5, || stranger.received().len() >= heard.lines().len()).await;
    let left = stage.stop().await.unwrap();
    assert!(left.iter().all(|left| left.notices == 0), "{left:?}");
    let said = heard.lines();
    let received = stranger.received();
    assert_eq!(received, said[..received.len()], "the same bytes over the broker as inside");
    assert_replay_says_the_same(dir.path(), &said);
}

/// Looks at the picture until the minute is over.
async fn look(stage: &Stage) -> Seen {
    let mut seen = Seen::default();
    while stage.pace.now_s() < MINUTE_S {
        let picture = stage.app.shared.picture();
        if let (Some(time), Some(_)) = (picture.time, picture.tracks.first()) {
            seen.first_track_s.get_or_insert(world_s(stage, time));
        }
        seen.fed_by.extend(picture.tracks.iter().map(|track| track.sensors.clone()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seen
}

/// Radar, tracking radar, cameras, satellite, AIS and field node: all used, all seeing, all part of tracks.
fn assert_everybody_is_used(stage: &Stage, seen: &Seen) {
    let counters = Counters::of(stage);
    let in_tracks: BTreeSet<&String> = seen.fed_by.iter().flatten().collect();
    for spec in &stage.scenario.boxes {
        let id = &spec.id;
        let (used, detections) = (counters.used(id), counters.detections(id));
        println!("{id} ({}): {used} frames, {detections} detections", spec.kind);
        assert!(used > 0.0, "{id}: nothing used");
        assert!(detections > 0.0, "{id}: no detection");
        for refused in ["rejected", "quarantined"] {
            assert!(counters.scans(id, refused) < 0.5, "{id}: {refused} {}", counters.scans(id, refused));
        }
        assert!(in_tracks.contains(id), "{id} never fed a track: {in_tracks:?}");
    }
    let kinds = |fed_by: &Vec<String>| -> BTreeSet<_> {
        fed_by.iter().map(|id| stage.scenario.find_box(id).unwrap().kind).collect()
    };
    let most = seen.fed_by.iter().max_by_key(|fed_by| kinds(fed_by).len()).unwrap();
    println!("fed by most kinds: {most:?}");
    assert!(kinds(most).len() >= 2, "no track is fed by two kinds of sensor");
}

fn class_of(stage: &Stage, crossing: &Crossing) -> Class {
    stage.scenario.agents[crossing.index].class
}

/// Metres from a notice's place to a point of the world.
fn away_m(notice: &Notice, east_north_m: [f64; 2]) -> f64 {
    (notice.position.east_m - east_north_m[0]).hypot(notice.position.north_m - east_north_m[1])
}

fn gate_m(stage: &Stage, gate: &GateSpec) -> [f64; 2] {
    let [east, north, _] = stage.world.frame().to_enu(Place::new(gate.center, 0.0));
    [east, north]
}

fn assert_crossings_are_told(stage: &Stage, notices: &[Notice]) {
    let gate = &stage.scenario.gates[0];
    let center = gate_m(stage, gate);
    let truth = stage.world.crossings(&stage.scenario.line.coordinates, 0.0, MINUTE_S);
    let through_gate = |crossing: &Crossing| {
        let [e, n] = crossing.east_north_m;
        (e - center[0]).hypot(n - center[1]) <= gate.radius_m
            && gate.classes.contains(&class_of(stage, crossing))
    };
    let (lawful, unlawful): (Vec<_>, Vec<_>) = truth.iter().partition(|crossing| through_gate(crossing));
    assert!(!lawful.is_empty(), "somebody passes the gate");
    let told: Vec<&Notice> =
        notices.iter().filter(|n| n.kind == "crossing" && n.state == State::Opened).collect();
    let is_of = |notice: &Notice, crossing: &Crossing| {
        notice.direction == Some(crossing.direction.as_str())
            && away_m(notice, crossing.east_north_m) <= 400.0
            && (world_s(stage, notice.event_time) - crossing.t_s).abs() <= 15.0
    };
    for crossing in &unlawful {
        let of: Vec<_> = told.iter().filter(|notice| is_of(notice, crossing)).collect();
        let delays: Vec<_> = of.iter().map(|n| world_s(stage, n.raised_at) - crossing.t_s).collect();
        let away: Vec<_> = of.iter().map(|n| away_m(n, crossing.east_north_m)).collect();
        println!(
            "{} crosses at {:.1} s: told after {delays:.1?} s, {away:.0?} m off",
            crossing.agent, crossing.t_s
        );
        // The last seconds' crossings may be told after the minute.
        if crossing.t_s <= MINUTE_S - 10.0 {
            assert_eq!(of.len(), 1, "{} crosses once, told once: {told:#?}", crossing.agent);
            assert!(delays[0] <= 10.0, "{} is told after {} s", crossing.agent, delays[0]);
        }
    }
    for class in [Class::Person, Class::Vessel] {
        let told = |c: &&&Crossing| class_of(stage, c) == class && told.iter().any(|n| is_of(n, c));
        assert!(unlawful.iter().any(|c| told(&c)), "a {} crosses and is told", class.as_str());
    }
    for notice in &told {
        assert!(
            unlawful.iter().any(|crossing| is_of(notice, crossing)),
            "nobody unlawful crossed there then: {notice:#?}\n{truth:#?}"
        );
    }
    for transit in lawful {
        println!("{} passes the gate at {:.1} s: nothing is said", transit.agent, transit.t_s);
        assert!(
            !told.iter().any(|n| away_m(n, center) <= gate.radius_m),
            "the gate is open to {}",
            transit.agent
        );
    }
}

fn assert_a_column_passes_the_ceiling(stage: &Stage, notices: &[Notice]) {
    let raised = notices.iter().find(|n| n.kind == "ceiling" && n.state == State::Opened);
    let raised = raised.expect("a column gathers past the ceiling");
    let count = raised.count.expect("a ceiling counts");
    assert!(count.expected > f64::from(count.limit), "{count:?}");
    let at_s = world_s(stage, raised.raised_at);
    let corners: Vec<[f64; 2]> = stage.scenario.zones[0]
        .polygon
        .iter()
        .map(|corner| {
            let [east, north, _] = stage.world.frame().to_enu(Place::new(*corner, 0.0));
            [east, north]
        })
        .collect();
    // The zone is a rectangle along the axes.
    let within = |k: usize, value: f64| {
        let (low, high) = corners.iter().fold((f64::MAX, f64::MIN), |(l, h), c| (l.min(c[k]), h.max(c[k])));
        (low..high).contains(&value)
    };
    let there = stage.world.at(at_s).filter(|state| {
        let [east, north] = state.east_north_m;
        state.class == Class::HeavyVehicle && within(0, east) && within(1, north)
    });
    let there = there.count();
    println!("ceiling told at {at_s:.1} s: {:.1} expected, {there} are there", count.expected);
    assert!(there > usize::try_from(count.limit).unwrap(), "{there} are there: {raised:#?}");
}

fn assert_one_camera_falls_silent(heard: &Heard) {
    assert_eq!(heard.states("c4").last(), Some(&SensorState::Silent), "c4 falls silent");
    for camera in ["c1", "c2", "c3"] {
        assert_eq!(heard.states(camera).last(), Some(&SensorState::Online), "{camera} goes on");
    }
}

/// The journal, exported and replayed by the program, gives the live run's notices byte for byte.
fn assert_replay_says_the_same(dir: &std::path::Path, said: &[String]) {
    let recording = dir.join("recording.jsonl");
    let journal = Disk::at(&dir.join("journal")).unwrap();
    let lines = export(&journal, &mut std::fs::File::create(&recording).unwrap()).unwrap();
    assert!(lines > 1_000, "{lines} lines");
    let alerts = dir.join("alerts.jsonl");
    let replayed = Command::new(env!("CARGO_BIN_EXE_linewatch"))
        .arg("replay")
        .arg(&recording)
        .arg("--config")
        .arg(dir.join("linewatch.toml"))
        .arg("--alerts")
        .arg(&alerts)
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{replayed:?}");
    let live: String = said.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(std::fs::read_to_string(&alerts).unwrap(), live);
    println!("{lines} lines of journal replayed to the same {} notices", said.len());
}
