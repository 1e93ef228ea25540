//! Metrics: everything the contract names is there from the start, under the contract's labels, and counts.

use std::process::Command;
use std::sync::Arc;

use linewatch::engine::event::Leave;
use linewatch::engine::{Event, Outcome, Picture, SensorState};
use linewatch::metrics::METRICS;
use linewatch::sensor::SensorIndex;
use linewatch::watch::alert::{Severity, State};

use crate::rig::sample::{at_s, metrics, notice, said, value};
use crate::rig::{program, run};

const R1: SensorIndex = SensorIndex(0);

/// One series of each metric the contract names, written out by hand so that table and contract cannot drift together.
const CONTRACT: [(&str, &str); 17] = [
    (r#"linewatch_scans_total{outcome="used",sector="east-3",sensor="r1"}"#, "0"),
    (r#"linewatch_detections_total{sector="east-3",sensor="r1"}"#, "0"),
    (r#"linewatch_rejected_total{reason="REASON",sector="east-3",sensor="r1"}"#, "0"),
    (r#"linewatch_scan_age_seconds{sector="east-3",sensor="r1"}"#, "5"),
    (r#"linewatch_sensor_state{sector="east-3",sensor="r1",state="unknown"}"#, "1"),
    (r#"linewatch_sensor_bias{axis="azimuth_deg",sector="east-3",sensor="r1"}"#, "NaN"),
    (r#"linewatch_sensor_nis_ratio{sector="east-3",sensor="r1"}"#, "NaN"),
    (r#"linewatch_tracks{sector="east-3",status="confirmed"}"#, "0"),
    (r#"linewatch_step_seconds_count{sector="east-3"}"#, "0"),
    (r#"linewatch_ingest_to_notice_seconds_count{sector="east-3"}"#, "0"),
    (r#"linewatch_alerts{kind="crossing",sector="east-3",severity="urgent",state="opened"}"#, "0"),
    (r#"linewatch_alerts_total{kind="ceiling",sector="east-3",severity="advisory"}"#, "0"),
    (r#"linewatch_notices_pending{sector="east-3",sink="hq"}"#, "0"),
    (r#"linewatch_notices_total{outcome="delivered",sector="east-3",sink="hq"}"#, "0"),
    (r#"linewatch_journal_bytes{sector="east-3"}"#, "0"),
    (r#"linewatch_journal_sync_seconds_count{sector="east-3"}"#, "0"),
    (r#"linewatch_blind_ratio{sector="east-3",zone="buffer"}"#, "NaN"),
];

#[test]
fn every_metric_of_the_contract_is_there_from_the_start() {
    let text = metrics(&["hq"]).render(at_s(5));
    let reason = linewatch::wire::json::REASONS[0];
    for (series, expected) in CONTRACT {
        let found = value(&text, &series.replace("REASON", reason));
        assert_eq!(found.map(|value| value.to_string()).as_deref(), Some(expected), "{series}\n{text}");
    }
}

#[test]
fn every_metric_of_the_table_is_shown_with_its_help_and_labels() {
    let metrics = metrics(&["hq"]);
    metrics.source_up("mqtt", true);
    metrics.observe(&Event::Frame {
        sensor: R1,
        outcome: Outcome::Rejected("bad_json"),
        detections: 0,
        measured: None,
    });
    let leave = Leave { gate_transits: 3, exempted: vec![("harvest".into(), 2)] };
    (0..2).for_each(|_| metrics.show(&Picture { leave: leave.clone(), ..Picture::default() }));
    let text = metrics.render(at_s(5));
    let exempted = r#"linewatch_exempted_total{exemption="harvest",sector="east-3"}"#;
    assert_eq!(value(&text, exempted), Some(2.0), "a picture shown twice is counted once");
    for metric in METRICS {
        assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{}", metric.name);
        assert!(
            text.contains(&format!("# TYPE {} {}\n", metric.name, metric.kind.as_str())),
            "{}",
            metric.name
        );
        let series = text.lines().find(|line| line.starts_with(metric.name)).unwrap();
        for label in metric.labels.iter().chain(&["sector"]) {
            assert!(series.contains(&format!("{label}=\"")), "{label} in {series}");
        }
    }
    assert!(text.contains("\nprocess_resident_memory_bytes{sector=\"east-3\"}"));
}

#[test]
fn promtool_finds_nothing_to_complain_of() {
    let Some(promtool) = program("promtool") else { return };
    let metrics = metrics(&["hq"]);
    metrics.source_up("mqtt", true);
    let checked = run(Command::new(promtool).args(["check", "metrics"]), &metrics.render(at_s(5)));
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn frames_are_counted_by_what_became_of_them_and_only_a_used_scan_is_young() {
    let metrics = metrics(&[]);
    let frame =
        |outcome, seconds| Event::Frame { sensor: R1, outcome, detections: 3, measured: Some(at_s(seconds)) };
    for event in [
        frame(Outcome::Used, 20),
        frame(Outcome::Used, 10),
        frame(Outcome::Rejected("bad_json"), 28),
        frame(Outcome::Quarantined("stale_seq"), 29),
        frame(Outcome::Duplicate, 20),
        frame(Outcome::TooLate, 1),
        Event::Refused { sensor: R1, reason: "bad_json" },
        Event::UnknownSensor,
        Event::SensorState { sensor: R1, state: SensorState::Online },
    ] {
        metrics.observe(&event);
    }
    let text = metrics.render(at_s(30));
    for (series, expected) in [
        (r#"scans_total{outcome="used",sector="east-3",sensor="r1"}"#, 2.0),
        (r#"scans_total{outcome="rejected",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"scans_total{outcome="quarantined",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"scans_total{outcome="duplicate",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"scans_total{outcome="too_late",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"scans_total{outcome="used",sector="east-3",sensor="ais-1"}"#, 0.0),
        (r#"detections_total{sector="east-3",sensor="r1"}"#, 6.0),
        (r#"rejected_total{reason="bad_json",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"quarantined_total{reason="stale_seq",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"parts_refused_total{reason="bad_json",sector="east-3",sensor="r1"}"#, 1.0),
        (r#"unknown_sensor_frames_total{sector="east-3"}"#, 1.0),
        (r#"scan_age_seconds{sector="east-3",sensor="r1"}"#, 10.0),
        (r#"scan_age_seconds{sector="east-3",sensor="ais-1"}"#, 30.0),
        (r#"sensor_state{sector="east-3",sensor="r1",state="online"}"#, 1.0),
        (r#"sensor_state{sector="east-3",sensor="r1",state="unknown"}"#, 0.0),
    ] {
        assert_eq!(value(&text, &format!("linewatch_{series}")), Some(expected), "{series}");
    }
}

#[test]
fn an_alert_is_shown_under_its_latest_severity_and_state_and_counted_once() {
    let metrics = metrics(&[]);
    let series = |severity: &str, state: &str| {
        let name = format!(
            r#"linewatch_alerts{{kind="crossing",sector="east-3",severity="{severity}",state="{state}"}}"#
        );
        value(&metrics.render(at_s(0)), &name)
    };
    metrics.observe(&said(notice(1)));
    metrics.observe(&said(notice(2)));
    assert_eq!(series("warning", "opened"), Some(2.0));
    let mut updated = notice(1);
    (updated.state, updated.severity, updated.revision) = (State::Updated, Severity::Alert, 2);
    metrics.observe(&said(updated.clone()));
    assert_eq!((series("warning", "opened"), series("alert", "updated")), (Some(1.0), Some(1.0)));
    updated.state = State::Cleared;
    metrics.observe(&said(updated));
    assert_eq!((series("warning", "opened"), series("alert", "updated")), (Some(1.0), Some(0.0)));
    let total = r#"linewatch_alerts_total{kind="crossing",sector="east-3",severity="warning"}"#;
    assert_eq!(value(&metrics.render(at_s(0)), total), Some(2.0));
    // The picture is the truth: after a restart it brings back what was open, and it removes what is not.
    metrics.show(&Picture {
        alerts: vec![notice(3)],
        tentative: 4,
        time: Some(at_s(1)),
        ..Picture::default()
    });
    assert_eq!(series("warning", "opened"), Some(1.0));
    metrics.show(&Picture::default());
    assert_eq!(series("warning", "opened"), Some(0.0));
}

#[test]
fn the_pictures_age_is_unknown_before_the_first_and_never_negative() {
    let metrics = metrics(&[]);
    let age =
        |seconds| value(&metrics.render(at_s(seconds)), r#"linewatch_picture_age_seconds{sector="east-3"}"#);
    assert!(age(1).unwrap().is_nan());
    metrics.show(&Picture { time: Some(at_s(10)), ..Picture::default() });
    assert_eq!((age(13), age(9)), (Some(3.0), Some(0.0)));
}

#[test]
fn scraping_and_counting_at_once_loses_nothing() {
    let metrics = metrics(&[]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let metrics = Arc::clone(&metrics);
            scope.spawn(move || (0..1000).for_each(|n| metrics.observe(&said(notice(n)))));
        }
        (0..20).for_each(|_| assert!(!metrics.render(at_s(0)).is_empty()));
    });
    let total = r#"linewatch_alerts_total{kind="crossing",sector="east-3",severity="warning"}"#;
    assert_eq!(value(&metrics.render(at_s(0)), total), Some(2000.0));
    let open = r#"linewatch_alerts{kind="crossing",sector="east-3",severity="warning",state="opened"}"#;
    assert_eq!(value(&metrics.render(at_s(0)), open), Some(1000.0));
}
