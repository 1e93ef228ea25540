//! Sensors that lie, fall silent or are led astray: looks in, notices out.

use super::*;
use crate::sensor::SensorKind;
use crate::watch::agreement::{Claim, Direction, Gate, Line, Rule, RuleKind, Zone};
use crate::watch::alert::{Severity, State};
use crate::watch::grounds::{Cause, Grounds, Named};
use crate::watch::permitted::Permitted;
use serde_json::Value;

const EPOCH: i64 = 1_767_225_600;

/// A sector of twenty kilometres: a line along the east axis, a camp in the north-east, two radars, a camera that reports
/// positions and a receiver of self-reports.
struct Stage {
    engine: Engine,
    settings: Settings,
    second: i64,
    chance: u64,
    said: Vec<(i64, Arc<Notice>)>,
    by_leave: Vec<Arc<Permitted>>,
    /// Sensors that do not look.
    cut: Vec<&'static str>,
}

fn model(id: &str, kind: SensorKind, at: [f64; 2], max_range_m: f64) -> SensorModel {
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind,
        format: Format::Json,
        position: Some(frame().plane_to_geodetic(at[0], at[1], 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m,
        range_sigma_m: None,
        azimuth_sigma_rad: None,
        position_sigma_m: Some(10.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 0.1,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: id.into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

fn frame() -> LocalFrame {
    LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0))
}

fn rule(id: &str, kind: RuleKind) -> Rule {
    Rule { id: id.into(), clause: None, classes: Vec::new(), kind, terms: Default::default() }
}

impl Stage {
    fn new() -> Self {
        Self::under(|_| {})
    }

    /// Under an agreement that says something more.
    fn under(change: impl FnOnce(&mut Agreement)) -> Self {
        let at = |east, north| frame().plane_to_geodetic(east, north, 0.0);
        let line = Line {
            id: "border".into(),
            left: "north".into(),
            right: "south".into(),
            vertices: vec![at(-9_000.0, 0.0), at(9_000.0, 0.0)],
        };
        let polygon =
            vec![at(6_000.0, 6_000.0), at(8_000.0, 6_000.0), at(8_000.0, 8_000.0), at(6_000.0, 8_000.0)];
        let rules = vec![
            rule("crossing", RuleKind::Crossing { line: 0, direction: Direction::Any }),
            rule("believed", RuleKind::Integrity { sensors: Vec::new() }),
            rule("watched", RuleKind::Blind { zone: 0, below: 0.5, hold: Span::from_secs(10) }),
            rule(
                "coming",
                RuleKind::Approach {
                    line: 0,
                    direction: Direction::Any,
                    horizons: vec![Span::from_secs(300)],
                    threshold: 0.4,
                    hold: Span::from_secs(5),
                },
            ),
        ];
        let mut agreement = Agreement {
            lines: vec![line],
            zones: vec![Zone { id: "camp".into(), polygon, ..Zone::default() }],
            rules,
            ..Agreement::default()
        };
        change(&mut agreement);
        let sensors = vec![
            model("r1", SensorKind::Radar, [-1_000.0, -2_000.0], 9_000.0),
            model("r2", SensorKind::Radar, [5_000.0, 5_000.0], 9_000.0),
            model("c1", SensorKind::Camera, [0.0, -500.0], 3_000.0),
            model("a1", SensorKind::Transponder, [0.0, -3_000.0], 20_000.0),
        ];
        let origin = Geodetic::from_degrees(35.1, 33.4, 0.0);
        #[rustfmt::skip]
        let settings = Settings {
            sector: "stage".into(), exercise: true, origin, sensors, agreement, time_zone: String::new(),
            software: String::new(), configuration: String::new(),
        };
        Self {
            engine: Engine::new(settings.clone()),
            settings,
            second: 0,
            chance: 7,
            said: Vec::new(),
            by_leave: Vec::new(),
            cut: Vec::new(),
        }
    }

    fn unit(&mut self) -> f64 {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 11) as f64 / (1u64 << 53) as f64
    }

    fn noise(&mut self) -> f64 {
        10.0 * ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0)
    }

    fn step(&mut self, body: Body) {
        let received = Timestamp::from_secs(EPOCH + self.second);
        for event in self.engine.step(&Record { position: 0, received, body }) {
            match event {
                Event::Notice(notice) => self.said.push((self.second, notice)),
                Event::Permitted(used) => self.by_leave.push(used),
                _ => {}
            }
        }
    }

    /// One sensor's look at these places, each perhaps with the identity it claims.
    fn look(&mut self, sensor: &str, boot: u64, seq: i64, places: &[([f64; 2], Option<&str>)]) {
        let detections: Vec<String> = places
            .iter()
            .map(|(place, identity)| {
                let (east, north) = (place[0] + self.noise(), place[1] + self.noise());
                let at = frame().plane_to_geodetic(east, north, 0.0);
                let identity = identity.map_or(String::new(), |name| format!(r#","identity":"{name}""#));
                format!(r#"{{"lat":{:.7},"lon":{:.7}{identity}}}"#, at.lat_deg(), at.lon_deg())
            })
            .collect();
        let time = Timestamp::from_secs(EPOCH + self.second);
        let text = format!(
            r#"{{"sensor":"{sensor}","boot":{boot},"seq":{seq},"time":"{time}","detections":[{}]}}"#,
            detections.join(",")
        );
        let sensor = SensorId::new(sensor).unwrap();
        self.step(Body::Frame { sensor, link: Link::Recording, bytes: text.into() });
    }

    /// Goes on until a second. `truth`: where things are; `reports`: what is said where; `phantoms`: what the camera adds.
    fn run(
        &mut self,
        until: i64,
        truth: impl Fn(f64) -> Vec<[f64; 2]>,
        reports: impl Fn(f64) -> Vec<([f64; 2], &'static str)>,
        phantoms: impl Fn(f64) -> Vec<[f64; 2]>,
    ) {
        while self.second < until {
            let t = self.second as f64;
            let radars = [
                ("r1", [-1_000.0, -2_000.0], 9_000.0),
                ("r2", [5_000.0, 5_000.0], 9_000.0),
                ("c1", [0.0, -500.0], 3_000.0),
            ];
            for (sensor, at, reach_m) in radars {
                if self.cut.contains(&sensor) {
                    continue;
                }
                let inside = |p: &[f64; 2]| libm::hypot(p[0] - at[0], p[1] - at[1]) < reach_m;
                let mut seen: Vec<([f64; 2], Option<&str>)> =
                    truth(t).into_iter().filter(inside).map(|place| (place, None)).collect();
                if sensor == "c1" {
                    seen.extend(phantoms(t).into_iter().map(|place| (place, None)));
                }
                self.look(sensor, 2, self.second, &seen);
            }
            if self.second % 5 == 0 {
                let said: Vec<_> = reports(t).into_iter().map(|(place, name)| (place, Some(name))).collect();
                self.look("a1", 2, self.second, &said);
            }
            self.step(Body::Tick);
            self.second += 1;
        }
    }

    fn status(&mut self, sensor: &str, text: &str) {
        let sensor = SensorId::new(sensor).unwrap();
        self.step(Body::Status { sensor, bytes: text.into() });
    }

    /// Notices of a kind: when said, and what they stand on.
    fn of(&self, kind: &str) -> Vec<(i64, &Notice)> {
        self.said
            .iter()
            .filter(|(_, notice)| notice.kind == kind)
            .map(|(at, notice)| (*at, &**notice))
            .collect()
    }

    fn has(&self, kind: &str, named: Named) -> Option<i64> {
        let holds = |grounds: &Grounds| grounds.indicators.iter().any(|i| i.name == named);
        self.of(kind).into_iter().find(|(_, notice)| holds(&notice.grounds)).map(|(at, _)| at)
    }
}

/// A ship that goes east, well south of the line.
fn ship(n: f64, t: f64) -> [f64; 2] {
    [-4_000.0 + 1_500.0 * n + 6.0 * t, -4_000.0 + 700.0 * n]
}

const NAMES: [&str; 5] = ["mmsi:1", "mmsi:2", "mmsi:3", "mmsi:4", "mmsi:5"];

#[test]
fn a_ship_that_reports_itself_elsewhere_is_found_and_an_honest_one_is_not() {
    let mut stage = Stage::new();
    let off = |t: f64| (t - 100.0).clamp(0.0, 60.0) * 15.0;
    let reports =
        |t: f64| vec![([ship(0.0, t)[0], ship(0.0, t)[1] + off(t)], NAMES[0]), (ship(1.0, t), NAMES[1])];
    stage.run(240, |t| vec![ship(0.0, t), ship(1.0, t)], reports, |_| Vec::new());
    let found = stage.has("integrity", Named::SelfReportDisagrees).expect("900 m off");
    assert!((105..200).contains(&found), "{found}");
    for (_, notice) in stage.of("integrity") {
        assert!(
            notice.grounds.indicators.iter().all(|i| i.identity.as_deref() != Some(NAMES[1])),
            "{notice:?}"
        );
    }
}

#[test]
fn a_transponder_that_falls_silent_is_told_while_others_are_heard() {
    let mut stage = Stage::new();
    let reports = |t: f64| {
        let all = vec![(ship(1.0, t), NAMES[1]), (ship(0.0, t), NAMES[0])];
        all.into_iter().take(if t < 100.0 { 2 } else { 1 }).collect()
    };
    stage.run(300, |t| vec![ship(0.0, t), ship(1.0, t)], reports, |_| Vec::new());
    let found = stage.has("integrity", Named::TransponderOff).expect("silent for 200 s");
    assert!((215..=230).contains(&found), "two minutes after its last report: {found}");
    let (_, said) = stage.of("integrity")[0];
    assert_eq!(said.grounds.indicators[0].identity.as_deref(), Some(NAMES[0]), "{said:?}");
}

#[test]
fn many_that_leap_together_are_interfered_with_and_none_of_them_lies() {
    let mut stage = Stage::new();
    let all = |t: f64| (0..5).map(|n| ship(f64::from(n), t)).collect::<Vec<_>>();
    let leapt = |t: f64, north_m: f64| {
        all(t).into_iter().zip(NAMES).map(|(p, name)| ([p[0], p[1] + north_m], name)).collect::<Vec<_>>()
    };
    let reports = |t: f64| leapt(t, if t < 100.0 { 0.0 } else { 5_000.0 });
    stage.run(200, all, reports, |_| Vec::new());
    let found = stage.has("integrity", Named::GnssInterference).expect("five at once");
    assert!((100..=103).contains(&found), "{found}");
    assert_eq!(stage.has("integrity", Named::SelfReportDisagrees), None);
    assert_eq!(stage.has("integrity", Named::ImpossibleSpeed), None);
    assert_eq!(stage.of("crossing").len(), 0, "nobody crossed");
    let sector = stage.of("integrity").into_iter().find(|(_, notice)| notice.tracks.is_empty());
    let (_, sector) = sector.expect("of the region");
    let value = sector.grounds.indicators[0].value;
    assert!((value - 5.0).abs() < 0.1 && sector.position.cov_m2[0] > 1e6, "{sector:?}");
}

#[test]
fn an_old_recording_played_again_is_told() {
    let mut stage = Stage::new();
    stage.run(30, |t| vec![ship(0.0, t)], |_| Vec::new(), |_| Vec::new());
    for seq in 0..30 {
        stage.run(31 + seq, |t| vec![ship(0.0, t)], |_| Vec::new(), |_| Vec::new());
        stage.look("r1", 1, seq, &[]);
    }
    let found = stage.has("integrity", Named::NumbersBackwards).expect("an earlier life of r1");
    assert!(found < 40, "{found}");
    let (_, said) = stage.of("integrity")[0];
    assert_eq!(said.grounds.indicators[0].sensor.as_deref(), Some("r1"));
}

#[test]
fn what_one_captured_camera_invents_is_told_to_rest_on_it_alone() {
    let mut stage = Stage::new();
    let swarm = |t: f64| -> Vec<[f64; 2]> {
        (0..4).map(|n| [-600.0 + 400.0 * f64::from(n), -900.0 + 10.0 * (t - 40.0)]).collect()
    };
    let phantoms = |t: f64| if t < 40.0 { Vec::new() } else { swarm(t) };
    stage.run(180, |_| vec![[3_000.0, -3_000.0]], |_| Vec::new(), phantoms);
    let crossings = stage.of("crossing");
    assert!(crossings.len() >= 4, "the whole swarm crossed: {crossings:?}");
    for (_, notice) in crossings {
        assert_eq!((notice.severity, &notice.sensors), (Severity::Warning, &vec!["c1".to_owned()]));
        let named: Vec<Named> = notice.grounds.indicators.iter().map(|i| i.name).collect();
        assert!(named.contains(&Named::LoneSource) && named.contains(&Named::AppearedInside), "{named:?}");
        let missed: Vec<&str> = notice.grounds.should_have_seen.iter().map(|m| &*m.sensor).collect();
        assert_eq!(missed, ["r1", "r2"]);
        assert_eq!(notice.grounds.origin.as_ref().and_then(|o| o.side.as_deref()), Some("south"));
    }
}

#[test]
fn a_sensor_cut_before_a_crossing_makes_it_urgent() {
    let mut stage = Stage::new();
    let car = |t: f64| vec![[500.0, -1_800.0 + 15.0 * t]];
    stage.run(80, car, |_| Vec::new(), |_| Vec::new());
    stage.cut.push("r2");
    stage.run(160, car, |_| Vec::new(), |_| Vec::new());
    let crossings = stage.of("crossing");
    let (at, notice) = crossings[0];
    assert!((120..130).contains(&at) && notice.severity == Severity::Urgent, "{at} {notice:?}");
    let [blind] = &notice.grounds.blind[..] else { panic!("{notice:?}") };
    assert_eq!((&*blind.sensor, blind.cause), ("r2", Cause::Silent));
    let lost = notice
        .grounds
        .indicators
        .iter()
        .find(|i| i.name == Named::SensorLostBefore)
        .expect("lost just before");
    assert!((30.0..45.0).contains(&lost.value), "{lost:?}");
    // The camp was watched by it alone.
    let blind = stage.of("blind");
    assert_eq!((blind[0].1.state, blind[0].1.grounds.blind[0].cause), (State::Opened, Cause::Silent));
    assert!(blind[0].1.grounds.blind_ratio.is_some_and(|share| share > 0.9), "{:?}", blind[0]);
    stage.cut.clear();
    stage.run(190, car, |_| Vec::new(), |_| Vec::new());
    assert_eq!(stage.of("blind").last().map(|(_, notice)| notice.state), Some(State::Cleared));
}

#[test]
fn who_is_first_observed_beyond_the_line_has_not_crossed_but_is_told() {
    let mut stage = Stage::new();
    let car = |t: f64| if t < 60.0 { Vec::new() } else { vec![[500.0, 40.0 + 10.0 * (t - 60.0)]] };
    stage.run(110, car, |_| Vec::new(), |_| Vec::new());
    assert_eq!(stage.of("crossing").len(), 0);
    let said = stage.of("first_observed_beyond");
    let (at, notice) = said[0];
    assert!((68..80).contains(&at), "{at}");
    assert_eq!((notice.severity, notice.direction), (Severity::Advisory, Some("right_to_left")));
    assert!((notice.position.north_m - 40.0).abs() < 60.0, "{notice:?}");
}

#[test]
fn what_a_box_says_of_itself_is_the_cause() {
    for (text, cause) in [
        (r#"{"state":"online","boot":2,"obscured":0.9}"#, Cause::Obscured),
        (r#"{"state":"online","boot":2,"tamper":true}"#, Cause::Tampered),
        (r#"{"state":"offline","boot":2}"#, Cause::Offline),
    ] {
        let mut stage = Stage::new();
        stage.run(30, |_| Vec::new(), |_| Vec::new(), |_| Vec::new());
        stage.status("r2", text);
        stage.cut.push(if cause == Cause::Offline { "r2" } else { "" });
        stage.run(60, |_| Vec::new(), |_| Vec::new(), |_| Vec::new());
        let blind = stage.of("blind");
        assert_eq!(blind.first().map(|(_, n)| n.grounds.blind[0].cause), Some(cause), "{text}");
    }
}

#[test]
fn who_comes_is_foretold_and_the_warning_ends_in_the_crossing() {
    let mut stage = Stage::new();
    stage.run(170, |t| vec![[500.0, -1_950.0 + 15.0 * t]], |_| Vec::new(), |_| Vec::new());
    let (warnings, crossings) = (stage.of("approach"), stage.of("crossing"));
    let (said, first) = warnings[0];
    assert!(said < 40, "more than a minute before 130 s: {said}");
    let forecast = first.grounds.forecast.expect("it foresees");
    let due_s = 130.0 - said as f64;
    assert!((forecast.median_s - due_s).abs() < 40.0 && forecast.within_300_s > 0.4, "{forecast:?}");
    assert_eq!(first.direction, Some("right_to_left"));
    let (_, last) = warnings[warnings.len() - 1];
    assert_eq!(last.state, State::Cleared);
    assert_eq!(last.grounds.related.as_deref(), Some(&*crossings[0].1.alert));
    assert_eq!(crossings[0].1.grounds.related.as_deref(), Some(&*first.alert));
    let text: Value = serde_json::from_str(&first.to_json()).unwrap();
    assert!(text["forecast"]["interval_s"][1].as_f64().is_some_and(|s| s > due_s), "{text}");
}

/// A gate of this radius where the cars of these tests cross.
fn gate(agreement: &mut Agreement, radius_m: f64) {
    let center = frame().plane_to_geodetic(500.0, 0.0, 0.0);
    agreement.gates = vec![Gate { id: "bridge".into(), center, radius_m, ..Gate::default() }];
}

#[test]
fn who_may_cross_where_he_is_going_is_not_foretold_and_passes_without_a_word() {
    let mut stage = Stage::under(|agreement| gate(agreement, 600.0));
    stage.run(170, |t| vec![[500.0, -1_950.0 + 15.0 * t]], |_| Vec::new(), |_| Vec::new());
    assert_eq!((stage.of("approach").len(), stage.of("crossing").len()), (0, 0), "{:?}", stage.said);
    let [used] = &stage.by_leave[..] else { panic!("{:?}", stage.by_leave) };
    assert_eq!((&*used.by, used.direction.as_deref()), ("bridge", Some("right_to_left")));
    let mut shut = Stage::under(|agreement| {
        gate(agreement, 600.0);
        agreement.gates[0].direction = Direction::LeftToRight;
    });
    shut.run(170, |t| vec![[500.0, -1_950.0 + 15.0 * t]], |_| Vec::new(), |_| Vec::new());
    assert!(!shut.of("approach").is_empty() && !shut.of("crossing").is_empty(), "the other way only");
}

#[test]
fn who_is_first_observed_behind_an_open_gate_has_probably_come_through_it() {
    let car = |t: f64| if t < 60.0 { Vec::new() } else { vec![[500.0, 40.0 + 10.0 * (t - 60.0)]] };
    let mut stage = Stage::under(|agreement| gate(agreement, 200.0));
    stage.run(110, car, |_| Vec::new(), |_| Vec::new());
    assert_eq!(stage.of("first_observed_beyond").len(), 0);
    let [used] = &stage.by_leave[..] else { panic!("{:?}", stage.by_leave) };
    assert!(used.probability.is_some_and(|p| p > 0.9), "{used:?}");
}

#[test]
fn who_claims_to_be_of_the_other_side_than_he_comes_from_is_shown_to_a_person() {
    let claim = |party: &str| Claim { party: party.into(), identities: vec!["mmsi:21*".into()] };
    for (party, differs) in [("north", true), ("south", false)] {
        let mut stage = Stage::under(|agreement| agreement.claims = vec![claim(party)]);
        let boat = |t: f64| [500.0, -1_950.0 + 15.0 * t];
        stage.run(170, |t| vec![boat(t)], |t| vec![(boat(t), "mmsi:212000001")], |_| Vec::new());
        let (_, crossing) = stage.of("crossing")[0];
        let said = crossing.grounds.indicators.iter().find(|i| i.name == Named::ClaimedSideDiffers);
        assert_eq!(said.is_some(), differs, "{crossing:?}");
        if let Some(said) = said {
            assert!(said.value > 0.99 && said.identity.as_deref() == Some("mmsi:212000001"), "{said:?}");
        }
    }
}

#[test]
fn what_was_first_observed_beyond_stands_through_a_reload() {
    let mut stage = Stage::new();
    let car = |t: f64| if t < 60.0 { Vec::new() } else { vec![[500.0, 40.0 + 10.0 * (t - 60.0)]] };
    stage.run(90, car, |_| Vec::new(), |_| Vec::new());
    assert_eq!(stage.of("first_observed_beyond").len(), 1);
    let mut other = stage.settings.clone();
    other.agreement.hash = "11".repeat(32);
    other.agreement.rules.remove(1);
    stage.step(Body::Reload { bytes: crate::engine::reload::Reload::new(other, "00").to_bytes() });
    stage.run(100, car, |_| Vec::new(), |_| Vec::new());
    assert_eq!(stage.of("first_observed_beyond").len(), 1, "neither over nor said again");
    assert!(stage.engine.open_alerts().any(|notice| notice.kind == "first_observed_beyond"));
}
