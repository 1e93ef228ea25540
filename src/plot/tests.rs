use super::*;
use crate::engine::SensorState;
use crate::engine::event::{SensorHealth, SensorRow, TrackRow};
use crate::sensor::{Format, Mask, SensorId, SensorKind, SensorModel};
use crate::watch::Agreement;
use crate::watch::agreement::{Band, Flank, Gate, Line, Zone};

fn sensor(id: &str, mobile: bool) -> SensorModel {
    let position = Geodetic::from_degrees(35.1, 33.4, 0.0);
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind: SensorKind::Camera,
        format: Format::Json,
        position: (!mobile).then_some(position),
        heading_rad: 0.5,
        field_of_view_rad: 1.0,
        max_range_m: 3_000.0,
        range_sigma_m: None,
        azimuth_sigma_rad: None,
        position_sigma_m: None,
        detection_probability: 0.9,
        false_alarms_per_scan: 0.1,
        max_detections: 10_000,
        period_s: 1.0,
        mobile,
        trust_group: id.into(),
        sac_sic: None,
        bias_sigmas: crate::sensor::BIAS_SIGMAS,
        masks: vec![Mask {
            polygon: corners(&[[35.1, 33.4], [35.11, 33.4], [35.11, 33.41]]),
            detection_probability: 0.0,
        }],
    }
}

fn corners(degrees: &[[f64; 2]]) -> Vec<Geodetic> {
    degrees.iter().map(|[lat, lon]| Geodetic::from_degrees(*lat, *lon, 0.0)).collect()
}

fn settings(exercise: bool) -> Settings {
    let line = Line {
        id: "border".into(),
        left: "north & <co>".into(),
        right: "south".into(),
        vertices: corners(&[[35.1, 33.38], [35.1, 33.42]]),
    };
    let zone = Zone {
        id: "assembly".into(),
        polygon: corners(&[[35.101, 33.401], [35.104, 33.401], [35.104, 33.405]]),
        ..Zone::default()
    };
    let gate = Gate {
        id: "bridge".into(),
        line: 0,
        center: Geodetic::from_degrees(35.1, 33.402, 0.0),
        radius_m: 60.0,
        ..Gate::default()
    };
    Settings {
        sector: "east-3".into(),
        exercise,
        origin: Geodetic::from_degrees(35.1, 33.4, 0.0),
        sensors: vec![sensor("c1", false), sensor("boat", true)],
        agreement: Agreement {
            lines: vec![line],
            zones: vec![zone],
            gates: vec![gate],
            ..Agreement::default()
        },
        time_zone: String::new(),
        software: String::new(),
        configuration: String::new(),
    }
}

fn picture(second: i64, tracks: &[(&str, f64, f64)]) -> Picture {
    let time = Timestamp::from_secs(second);
    let mut cov = vec![0.0; 16];
    (cov[0], cov[5], cov[10], cov[15]) = (100.0, 400.0, 1.0, 1.0);
    let row = |&(id, east_m, north_m): &(&str, f64, f64)| TrackRow {
        time,
        track: id.into(),
        east_m,
        north_m,
        v_east_mps: 0.0,
        v_north_mps: 0.0,
        lat: 0.0,
        lon: 0.0,
        cov: cov.clone(),
        existence: 1.0,
        class: BTreeMap::new(),
        sensors: Vec::new(),
        identity: None,
        status: if second % 20 < 5 { "coasting" } else { "confirmed" },
        continues: None,
        split_from: None,
        merged: Vec::new(),
    };
    let sensor = |id: &str, position| SensorRow {
        sensor: id.into(),
        kind: "camera",
        state: SensorState::Online,
        last_received: None,
        age_s: None,
        used: 0,
        detections: 0,
        position,
        nis_ratio: None,
        health: SensorHealth::default(),
    };
    Picture {
        time: Some(time),
        tracks: tracks.iter().map(row).collect(),
        sensors: vec![
            sensor("c1", None),
            sensor("boat", Some([35.101, 33.403 + 1e-5 * (second % 1_000) as f64])),
        ],
        ..Picture::default()
    }
}

/// A minute of a track that walks east and one that is soon gone.
fn minute(request: Request) -> Plot {
    let start = Timestamp::from_secs(1_000);
    let mut plot = Plot::new(settings(true), request, start);
    for second in 0..=60 {
        let east_m = 5.0 * second as f64;
        let both = [("17", east_m, 40.0), ("18", 300.0 - east_m, -60.0)];
        plot.observe(&picture(1_000 + second, if second < 20 { &both } else { &both[..1] }));
    }
    plot.truth(&Truth { time: start, id: "T<1>", east_m: 0.0, north_m: 38.0 });
    plot
}

#[track_caller]
fn shows(svg: &str, text: &str) -> bool {
    svg.contains(&format!(">\n{text}\n</text>"))
}

#[test]
fn everything_has_its_name_in_the_picture() {
    let svg = minute(Request::default()).draw();
    let names =
        ["c1", "boat", "17", "18", "T&lt;1&gt;", "north &amp; &lt;co&gt;", "south", "assembly", "bridge"];
    for name in names {
        assert!(shows(&svg, name), "{name}");
    }
    assert!(svg.contains("EXERCISE") && svg.contains("sector east-3"));
    assert!(svg.contains("seconds 0 to 60 · origin 35.10000°, 33.40000° (lat, lon)"), "the caption");
    assert!(svg.starts_with("<svg width=\"") && svg.ends_with("</svg>\n"));
    assert!(
        !Plot::new(settings(false), Request::default(), Timestamp::default()).draw().contains("EXERCISE")
    );
}

#[test]
fn the_same_is_drawn_twice() {
    assert!(minute(Request::default()).draw() == minute(Request::default()).draw());
}

#[test]
fn an_interval_shows_what_was_in_it_only() {
    let from = Timestamp::from_secs(1_030);
    let svg =
        minute(Request { from: Some(from), to: Some(Timestamp::from_secs(1_040)), around: None }).draw();
    assert!(shows(&svg, "17") && !shows(&svg, "18") && !shows(&svg, "T&lt;1&gt;"));
    assert!(svg.contains("seconds 30 to 40"), "the caption");
}

#[test]
fn a_zoom_leaves_out_what_is_elsewhere() {
    let around = Around { east_m: 300.0, north_m: 40.0, radius_m: 50.0 };
    let svg = minute(Request { around: Some(around), ..Request::default() }).draw();
    assert!(shows(&svg, "17") && !shows(&svg, "18") && !shows(&svg, "c1"));
}

#[test]
fn every_mark_is_on_the_canvas() {
    let around = Around { east_m: 300.0, north_m: 40.0, radius_m: 5.0 };
    let svg = minute(Request { around: Some(around), ..Request::default() }).draw();
    let size = |name: &str| {
        let view = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(['"', ' ']).take(2).collect::<Vec<_>>();
        view[usize::from(name == "y")].parse::<i32>().unwrap()
    };
    for points in svg.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        for pair in points.split_whitespace() {
            let (x, y) = pair.split_once(',').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((0..=size("x")).contains(&x) && (0..=size("y")).contains(&y), "{x},{y}");
        }
    }
}

#[test]
fn geometry_alone_has_its_sides_and_bands_and_no_words_of_tracks() {
    let mut settings = settings(false);
    let band = Band { line: 0, flank: Flank::Right, from_m: 500.0, to_m: 1_500.0 };
    settings.agreement.zones.push(Zone { id: "near-band".into(), band: Some(band), ..Zone::default() });
    let svg = Plot::of_geometry(settings);
    for words in ["north &amp; &lt;co&gt;", "south", "near-band", "assembly", "bridge", "band"] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(!svg.contains("coasting") && !svg.contains("alerts"));
}
