//! HTTP as a browser, a scraper and a program see it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use linewatch::engine::event::{
    AlarmRow, BiasRow, ConflictRow, LineageRow, SensorHealth, SensorRow, TrackRow, ZoneRow,
};
use linewatch::engine::{Picture, SensorState};
use linewatch::http::{Shared, serve};
use linewatch::watch::alert::{Count, Excess, Gathering, Gathers, Trend};
use linewatch::watch::life::{Acknowledged, Escalation, Group, Held, Life, Review, Shelved, Verdict};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::http_client;
use crate::rig::sample::{at_s, metrics, notice, value};

/// A picture that has every field the API can show.
pub(crate) fn picture() -> Picture {
    let mut alert = notice(1);
    alert.zone = Some("buffer".into());
    alert.between = Some([at_s(1), at_s(7)]);
    alert.event_time_sigma_s = Some(1.7);
    alert.count = Some(Count { expected: 12.5, limit: 10, unseen: Some(0.0), interval: (11, Some(14)) });
    alert.crossings = Some(2);
    alert.life = life();
    tell_all(&mut alert);
    alert.group = Some(Group { alerts: 12, open: 3, first: vec!["ab".into()], over: true });
    (alert.measured_at, alert.received_at) = (Some(at_s(9)), Some(at_s(10)));
    (alert.software, alert.configuration) = (Some("linewatch 1".into()), Some("c0".into()));
    Picture {
        time: Some(at_s(10)),
        sector: "east-3".to_owned(),
        exercise: true,
        tracks: vec![TrackRow {
            time: at_s(10),
            track: "17".to_owned(),
            east_m: 10.0,
            north_m: -20.0,
            v_east_mps: 3.0,
            v_north_mps: 4.0,
            lat: 35.1,
            lon: 33.3,
            cov: vec![25.0; 16],
            existence: 0.998,
            class: BTreeMap::from([("vessel", 0.9), ("person", 0.1)]),
            sensors: vec!["r1".to_owned(), "ais-1".to_owned()],
            identity: Some("mmsi:257000000".to_owned()),
            status: "confirmed",
            continues: Some("12".to_owned()),
            split_from: Some("9".to_owned()),
            merged: vec!["14".to_owned()],
        }],
        tentative: 2,
        fixed: 1,
        sensors: vec![sensor()],
        zones: vec![ZoneRow {
            zone: "buffer".to_owned(),
            blind_ratio: Some(0.25),
            corroborated_ratio: Some(0.5),
            trust_groups: Some(1.25),
            watched_by: BTreeMap::from([("mast".to_owned(), 0.75)]),
        }],
        lineage: vec![LineageRow {
            time: at_s(8),
            kind: "continues",
            track: "17".to_owned(),
            of: "12".to_owned(),
            probability: 0.99,
        }],
        identity_conflicts: vec![ConflictRow {
            since: at_s(9),
            kind: "two_on_one",
            identities: vec!["mmsi:1".to_owned(), "mmsi:2".to_owned()],
            tracks: vec!["17".to_owned()],
        }],
        alerts: vec![alert],
        alarms: AlarmRow { flood_since: Some(at_s(5)), ..AlarmRow::default() },
        ..Picture::default()
    }
}

/// What only some kinds of rules say.
fn tell_all(alert: &mut linewatch::watch::Notice) {
    alert.trend = Some(Trend { probability: 0.9, after_s: 120.0 });
    alert.excess = Some(Excess { arrivals: 30, expected_per_h: 12.5, statistic: 1.2 });
    let gathers = Some(Gathers { came: 9, expected: 1.5, minutes: 10, recurs_weeks: 52.0 });
    alert.gathering = Some(Gathering {
        number: 9,
        growth_per_min: 0.5,
        speed_mps: 3.1,
        course_deg: 271.0,
        heads: 0.98,
        gathers,
    });
    alert.grounds = serde_json::from_value(grounds()).unwrap();
}

/// Everything that a statement can stand on.
fn grounds() -> Value {
    let at = "2026-01-01T00:00:10.000Z";
    serde_json::json!({
        "forecast": {
            "within_60_s": 0.1, "within_300_s": 0.8, "within_900_s": 0.9, "median_s": 140.5, "interval_s": [90.0, 300.0],
            "as_of": at, "lat": 35.1, "lon": 33.3, "cov_m2": [900.0, 0.0, 900.0],
        },
        "related": "ef",
        "origin": { "first_seen": at, "lat": 35.1, "lon": 33.3, "side": "north", "probability": [0.99, 0.01] },
        "class": { "person": 0.9 },
        "should_have_seen": [{ "sensor": "r2", "probability": 0.97 }],
        "blind": [{ "sensor": "c1", "cause": "silent", "since": at }],
        "blind_ratio": 0.7,
        "indicators": [{
            "name": "lone_source", "value": 0.01, "since": at, "identity": "mmsi:257000000", "sensor": "c1",
        }],
    })
}

/// A life in which everything has happened.
fn life() -> Life {
    let by = Arc::from("Ada");
    Life {
        acknowledged: Some(Acknowledged { by: Arc::clone(&by), at: at_s(11) }),
        shelved: Some(Shelved { by: Arc::clone(&by), reason: "works".into(), until: at_s(600) }),
        review: Some(Review {
            by,
            at: at_s(12),
            verdict: Verdict::FalseAlarm,
            cause: Some("a herd".into()),
            document: Some("Note 7".into()),
        }),
        escalation: Some(Escalation { level: 1, recipients: vec!["hq".into()] }),
        incident: Some("cd".into()),
        held: Some(Held::Flood),
    }
}

fn sensor() -> SensorRow {
    SensorRow {
        sensor: "r1".to_owned(),
        kind: "radar",
        state: SensorState::Online,
        last_received: Some(at_s(9)),
        age_s: Some(1.5),
        used: 10,
        detections: 30,
        position: Some([35.0, 33.0]),
        nis_ratio: Some(1.1),
        health: SensorHealth {
            bias: BTreeMap::from([("azimuth_deg", BiasRow { value: 2.0, sigma: 0.02, compensated: true })]),
            faults: vec!["noise_understated"],
            noise_ratio: Some(1.8),
            clutter_ratio: Some(0.9),
            detection_ratio: None,
        },
    }
}

/// A server on a free port, showing that picture at second 11, ready.
async fn start() -> (SocketAddr, Arc<Shared>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::new(Shared::new(metrics(&["hq"]), || at_s(11)));
    shared.show(picture());
    shared.set_not_ready(None);
    tokio::spawn(serve(listener, Arc::clone(&shared), std::future::pending()));
    (address, shared)
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = http_client().get(format!("http://{address}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_page_shows_the_picture() {
    let (address, _) = start().await;
    let (status, html) = get(address, "/").await;
    assert_eq!(status, 200);
    for text in [
        "EXERCISE",
        "east-3",
        ">LIVE<",
        "2026-01-01T00:00:10.000Z",
        "▲ WARNING",
        "crossing border left_to_right",
        "12.5 of 10",
        "mmsi:257000000",
        "vessel 90 %",
        ">5.0<",
        "2 s ago",
        "href=\"/metrics\"",
        "href=\"/api/v1/picture\"",
        "and 2 tentative",
    ] {
        assert!(html.contains(text), "no {text} in {html}");
    }
    assert!(!html.contains("<script"));
    assert!(html.contains("href=\"/style.css\"") && get(address, "/style.css").await.0 == 200);
}

#[tokio::test]
async fn readiness_says_why_not() {
    let (address, shared) = start().await;
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));
    shared.set_not_ready(Some("journal is being recovered".to_owned()));
    assert_eq!(get(address, "/readyz").await, (503, "not ready: journal is being recovered\n".to_owned()));
    assert_eq!(get(address, "/healthz").await, (200, "alive\n".to_owned()));
}

#[tokio::test]
async fn metrics_are_served_as_prometheus_expects_them() {
    let (address, _) = start().await;
    let answer = http_client().get(format!("http://{address}/metrics")).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await.unwrap();
    assert_eq!(value(&text, r#"linewatch_tracks{sector="east-3",status="confirmed"}"#), Some(1.0));
    assert_eq!(value(&text, r#"linewatch_picture_age_seconds{sector="east-3"}"#), Some(1.0));
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let (address, _) = start().await;
    for path in ["/", "/style.css", "/metrics", "/healthz", "/api/v1/picture", "/nothing/here"] {
        let answer = http_client().get(format!("http://{address}{path}")).send().await.unwrap();
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn only_reading_is_possible_and_only_what_is_there() {
    let (address, _) = start().await;
    for path in ["/nothing", "/api/v1/nothing", "/api/v1", "/api/v2/picture", "/../etc/passwd", "/%2e%2e/x"] {
        assert_eq!(get(address, path).await.0, 404, "{path}");
    }
    for path in ["/", "/api/v1/picture", "/nothing"] {
        let answer = http_client().post(format!("http://{address}{path}")).body("x").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["allow"].as_bytes()),
            (405, &b"GET, HEAD"[..])
        );
    }
    let head = http_client().head(format!("http://{address}/")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().len()), (200, 0));
}

#[tokio::test]
async fn a_foreign_name_made_to_point_at_loopback_is_not_served() {
    let (address, _) = start().await;
    for (host, expected) in [("evil.example", 421), ("localhost:8080", 200), ("127.0.0.1", 200)] {
        let request = http_client().get(format!("http://{address}/api/v1/picture")).header("host", host);
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected, "{host}");
    }
}

#[tokio::test]
async fn nonsense_is_answered_or_cut_off_and_the_next_request_is_served() {
    let (address, _) = start().await;
    for nonsense in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], b"GET\r\n\r\n", &[b'a'; 1 << 20]] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        // The server may cut the connection before everything is written.
        let _ = stream.write_all(nonsense).await;
        let mut answer = Vec::new();
        let over = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(over.is_ok(), "still open after {:?}", &nonsense[..3]);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(get(address, "/healthz").await.0, 200);
}

#[tokio::test]
async fn the_server_ends_when_told_though_a_client_dawdles() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::new(Shared::new(metrics(&[]), || at_s(11)));
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, shared, async { told.await.unwrap() }));
    let mut dawdler = tokio::net::TcpStream::connect(address).await.unwrap();
    dawdler.write_all(b"GET /healthz HT").await.unwrap();
    assert_eq!(get(address, "/readyz").await, (503, "not ready: starting\n".to_owned()));
    tell.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(4), server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn the_description_describes_every_answer_completely() {
    let (address, _) = start().await;
    let api: Value = serde_json::from_str(&get(address, "/api/v1/openapi.json").await.1).unwrap();
    assert_eq!(api["openapi"], "3.1.0");
    let paths = api["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "/alerts",
            "/alerts/{alert}",
            "/alerts/{alert}/{deed}",
            "/lineage",
            "/openapi.json",
            "/picture",
            "/sensors",
            "/tracks",
            "/zones"
        ]
    );
    for (path, operations) in paths {
        let shown = path.replace("{alert}", &format!("{:064x}", 1));
        if operations["get"].is_null() {
            continue;
        }
        let (status, body) = get(address, &format!("/api/v1{shown}")).await;
        assert_eq!(status, 200, "{path}");
        let schema = &operations["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        conforms(&api, schema, &serde_json::from_str(&body).unwrap(), path);
    }
}

/// Every member that is there is described, every member that is required is there, and types agree.
fn conforms(api: &Value, schema: &Value, found: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        return conforms(api, &api["components"]["schemas"][name], found, at);
    }
    let kind = match found {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        other => panic!("{at}: type is {other}"),
    };
    assert!(
        allowed.contains(&kind) || (kind == "integer" && allowed.contains(&"number")),
        "{at}: {kind} is none of {allowed:?}"
    );
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(found), "{at}: {found} is none of {words:?}");
    }
    for item in found.as_array().into_iter().flatten() {
        conforms(api, &schema["items"], item, &format!("{at}[]"));
    }
    let (Some(members), Some(described)) = (found.as_object(), schema["properties"].as_object()) else {
        return;
    };
    for (name, value) in members {
        let schema = described.get(name).unwrap_or_else(|| panic!("{at}.{name} is not described"));
        conforms(api, schema, value, &format!("{at}.{name}"));
    }
    for name in described.keys() {
        assert!(members.contains_key(name), "{at}.{name} is described and not shown by a full picture");
    }
}
