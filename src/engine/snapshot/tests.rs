use proptest::prelude::*;

use super::*;
use crate::engine::Event;
use crate::geo::{Geodetic, LocalFrame};
use crate::record::{Body, Link, Record};
use crate::sensor::{Format, SensorId, SensorKind, SensorModel};
use crate::time::Span;
use crate::watch::agreement::{
    Agreement, Direction, Evidence, Exemption, Gate, Line, Rule, RuleKind, Terms, Validity, Zone,
};

const START: Timestamp = Timestamp::from_secs(1_767_225_600);
const SECONDS: u32 = 70;

fn model(id: &str, kind: SensorKind, east_m: f64) -> SensorModel {
    let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind,
        format: Format::Json,
        position: Some(frame.plane_to_geodetic(east_m, -3_000.0, 0.0)),
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 10_000.0,
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

/// A rule of every kind that has a state of its own.
fn rules() -> Vec<Rule> {
    let rule = |id: &str, kind| Rule {
        id: id.into(),
        clause: None,
        classes: Vec::new(),
        kind,
        terms: Terms::default(),
    };
    vec![
        rule("crossing", RuleKind::Crossing { line: 0, direction: Direction::Any }),
        rule("presence", RuleKind::Presence { zone: 0 }),
        rule("ceiling", RuleKind::Ceiling { zone: 0, limit: 1, horizon: None }),
        rule(
            "loiter",
            RuleKind::Loiter { zone: 0, longer_than: Span::from_secs(9), leave: Span::from_secs(2) },
        ),
        Rule {
            terms: Terms { exemptions: vec![0], ..Terms::default() },
            ..rule("exempt", RuleKind::Presence { zone: 0 })
        },
        Rule {
            terms: Terms { evidence: Evidence { min_groups: 9, min_confidence: 0.0 }, ..Terms::default() },
            ..rule("unsaid", RuleKind::Crossing { line: 0, direction: Direction::Any })
        },
    ]
}

/// Two radars, two cameras, transponders, a line to cross and a zone to be in.
fn settings() -> Settings {
    let origin = Geodetic::from_degrees(35.1, 33.4, 0.0);
    let frame = LocalFrame::new(origin);
    let at = |[e, n]: [f64; 2]| frame.plane_to_geodetic(e, n, 0.0);
    let line = Line {
        id: "line".into(),
        left: "north".into(),
        right: "south".into(),
        vertices: [[-5e3, 0.0], [5e3, 0.0]].map(at).to_vec(),
    };
    let polygon = [[-900.0, -900.0], [900.0, -900.0], [900.0, 900.0], [-900.0, 900.0]].map(at).to_vec();
    let zone = Zone { id: "camp".into(), polygon, ..Zone::default() };
    let rules = rules();
    let exemption = Exemption {
        id: "leave".into(),
        who: "two of them".into(),
        document: "letter".into(),
        document_sha256: "00".into(),
        validity: Validity::default(),
        rules: vec![4],
        lines: Vec::new(),
        zones: Vec::new(),
        classes: Vec::new(),
        nodes: Vec::new(),
        identities: Vec::new(),
        max_number: Some(2),
    };
    let gate = Gate {
        id: "gate".into(),
        center: at([0.0, 0.0]),
        radius_m: 100.0,
        max_per_hour: Some(5),
        ..Gate::default()
    };
    Settings {
        sector: "test".into(),
        exercise: true,
        origin,
        sensors: vec![
            model("r1", SensorKind::Radar, -2_000.0),
            model("r2", SensorKind::Radar, 2_000.0),
            model("c1", SensorKind::Camera, 0.0),
            model("c2", SensorKind::Camera, 2_500.0),
            SensorModel { position_sigma_m: Some(10.0), ..model("t1", SensorKind::Transponder, 0.0) },
        ],
        agreement: Agreement {
            lines: vec![line],
            zones: vec![zone],
            gates: vec![gate],
            rules,
            exemptions: vec![exemption],
            ..Agreement::default()
        },
        time_zone: "Asia/Nicosia".into(),
        software: "linewatch 7".into(),
        configuration: "c0".into(),
    }
}

/// Where whom this sensor may see is in this second: three cars northward over the line; a mast that is down for a while,
/// for radars; somebody on foot for a while, for cameras.
fn places(kind: SensorKind, second: u32) -> Vec<[f64; 2]> {
    let t_s = f64::from(second);
    let mut places: Vec<[f64; 2]> =
        (0..3).map(|car| [f64::from(car) * 300.0 - 300.0, t_s * 15.0 - 250.0]).collect();
    match kind {
        SensorKind::Radar if !(20..48).contains(&second) => places.push([1_200.0, -500.0]),
        SensorKind::Camera if (15..45).contains(&second) => places.push([700.0, 2.0 * t_s - 200.0]),
        _ => {}
    }
    places
}

/// One look, with errors that are nobody's chance. The transponders of the first car disagree, those of the others agree
/// where they should not.
fn look(model: &SensorModel, second: u32) -> String {
    let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
    let own = frame.to_enu(model.position.expect("it stands"));
    let seen = (0u32..).zip(places(model.kind, second)).filter_map(|(nth, [east_m, north_m])| {
        let wobble =
            f64::from((second * 7 + nth * 5 + u32::from(model.id.as_str().as_bytes()[1])) % 11) - 5.0;
        if model.kind == SensorKind::Transponder {
            let name = [second % 2, 7, 7][nth as usize];
            let at = frame.plane_to_geodetic(east_m + wobble, north_m, 0.0);
            let (lat, lon) = (at.lat_deg(), at.lon_deg());
            let speaks = nth == 0 || second / 4 % 2 == nth % 2;
            return speaks.then(|| format!(r#"{{"lat":{lat:.7},"lon":{lon:.7},"identity":"mmsi:{name}"}}"#));
        }
        let (e, n) = (east_m - own.east_m, north_m - own.north_m);
        let azimuth_deg = (libm::atan2(e, n).to_degrees() + 0.02 * wobble + 360.0) % 360.0;
        let range = if model.kind == SensorKind::Camera {
            String::new()
        } else {
            format!(r#""range_m":{:.2},"#, libm::hypot(e, n) + 2.0 * wobble)
        };
        Some(format!(r#"{{{range}"azimuth_deg":{azimuth_deg:.4}}}"#))
    });
    seen.collect::<Vec<_>>().join(",")
}

/// Every fifth look comes twice.
fn records() -> Vec<Record> {
    let mut records = Vec::new();
    let mut put = |received: Timestamp, body: Body| {
        records.push(Record { position: records.len() as u64, received, body });
    };
    for second in 0..SECONDS {
        let at = START.plus(Span::from_secs(second.into()));
        for model in settings().sensors {
            let (id, seq, seen) = (model.id.as_str(), second + 1, look(&model, second));
            let text =
                format!(r#"{{"sensor":"{id}","boot":1,"seq":{seq},"time":"{at}","detections":[{seen}]}}"#);
            for _ in 0..=u32::from(second % 5 == 4) {
                let bytes = text.clone().into();
                put(at, Body::Frame { sensor: model.id.clone(), link: Link::Mqtt, bytes });
            }
        }
        put(at, Body::Tick);
    }
    records
}

fn shown(engine: &Engine) -> String {
    serde_json::to_string(&engine.picture()).unwrap()
}

fn notices(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Notice(_))).count()
}

#[test]
fn the_small_world_has_something_to_lose() {
    let mut engine = Engine::new(settings());
    let said: usize = records().iter().map(|record| notices(&engine.step(record))).sum();
    let shown = engine.picture();
    assert!(said > 5 && shown.alerts.len() > 3, "{said} notices, {} open", shown.alerts.len());
    assert!(
        shown.fixed == 1 && shown.identity_conflicts.len() >= 2,
        "{} {}",
        shown.fixed,
        shown.tracks.len()
    );
}

#[test]
fn bytes_of_another_kind_are_refused_by_name() {
    let bytes = Engine::new(settings()).snapshot();
    let refusal = |bytes: &[u8]| Engine::restore(settings(), bytes).err();
    assert_eq!(refusal(&bytes), None);
    assert_eq!(refusal(&[]), Some(SnapshotError::Malformed));
    assert_eq!(refusal(&bytes[..bytes.len() - 1]), Some(SnapshotError::Malformed));
    assert_eq!(refusal(&[&bytes[..], &[0]].concat()), Some(SnapshotError::Malformed));
    let mut newer = bytes.clone();
    newer[0] += 1;
    assert_eq!(refusal(&newer), Some(SnapshotError::OtherVersion { found: SNAPSHOT_VERSION + 1 }));
    let mut other = bytes;
    other[4] ^= 1;
    assert_eq!(refusal(&other), Some(SnapshotError::OtherSettings));
}

#[test]
fn no_state_runs_under_other_settings() {
    let bytes = busy().snapshot();
    let changes: [fn(&mut Settings); 5] = [
        |other| other.sector.push('2'),
        |other| other.sensors[1].azimuth_sigma_rad = Some(0.005_1),
        |other| other.sensors.swap(0, 1),
        |other| other.agreement.rules.truncate(2),
        |other| other.agreement.zones[0].polygon[0].lat_rad += 1e-9,
    ];
    for (nth, change) in changes.iter().enumerate() {
        let mut other = settings();
        change(&mut other);
        assert_eq!(Engine::restore(other, &bytes).err(), Some(SnapshotError::OtherSettings), "{nth}");
    }
    assert!(Engine::restore(settings(), &bytes).is_ok());
}

/// An engine in the middle of everything.
fn busy() -> Engine {
    let mut engine = Engine::new(settings());
    for record in &records()[..200] {
        engine.step(record);
    }
    engine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn wherever_it_is_cut_it_goes_on_the_same(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let records = records();
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(records.len())).collect();
        let mut through = Engine::new(settings());
        let mut other = through.clone();
        for (index, record) in records.iter().enumerate() {
            if cuts.contains(&index) {
                let bytes = other.snapshot();
                prop_assert!(bytes == through.snapshot(), "states differ at {}", index);
                other = Engine::restore(settings(), &bytes).unwrap();
                prop_assert!(other.snapshot() == bytes, "another snapshot of the same at {}", index);
                prop_assert_eq!(shown(&through), shown(&other));
            }
            prop_assert_eq!(through.step(record), other.step(record));
            prop_assert_eq!(shown(&through), shown(&other));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Behind a good head: noise, cuts, and a snapshot with a few octets changed. What is taken all the same can be
    /// shown and written again.
    #[test]
    fn no_bytes_make_it_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..400),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let good = busy_bytes();
        let _ = Engine::restore(settings(), &[&good[..HEAD], &noise].concat());
        let mut bytes = good.to_vec();
        for (at, octet) in changes {
            let at = HEAD + at.index(good.len() - HEAD);
            bytes[at] = octet;
        }
        let length = if whole { bytes.len() } else { cut.index(bytes.len()) };
        if let Ok(engine) = Engine::restore(settings(), &bytes[..length]) {
            prop_assert!(engine.snapshot().len() > HEAD);
        }
    }
}

fn busy_bytes() -> &'static [u8] {
    static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BYTES.get_or_init(|| busy().snapshot())
}
