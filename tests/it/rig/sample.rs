//! Samples: sensors, notices and metrics as the daemon has them.

use std::sync::Arc;

use linewatch::clock::Clock;
use linewatch::engine::Event;
use linewatch::geo::Geodetic;
use linewatch::metrics::{Metrics, Setup};
use linewatch::outbox::Outbox;
use linewatch::sensor::{Format, SensorId, SensorKind, SensorModel};
use linewatch::sinks::drive::Utc;
use linewatch::sinks::{Kind, Settings};
use linewatch::time::Timestamp;
use linewatch::watch::Notice;
use linewatch::watch::alert::{Position, Severity, State};
use linewatch::watch::life::Life;

/// When everything in the samples begins.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_767_225_600);

/// `START` and some seconds.
pub(crate) fn at_s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_767_225_600 + seconds)
}

/// A sensor of this kind and format.
pub(crate) fn sensor(id: &str, kind: SensorKind, format: Format) -> SensorModel {
    SensorModel {
        id: SensorId::new(id).unwrap(),
        kind,
        format,
        position: None::<Geodetic>,
        heading_rad: 0.0,
        field_of_view_rad: std::f64::consts::TAU,
        max_range_m: 15_000.0,
        range_sigma_m: Some(15.0),
        azimuth_sigma_rad: Some(0.005),
        position_sigma_m: Some(50.0),
        detection_probability: 0.9,
        false_alarms_per_scan: 1.0,
        max_detections: 10_000,
        period_s: 1.0,
        mobile: false,
        trust_group: id.into(),
        sac_sic: None,
        bias_sigmas: linewatch::sensor::BIAS_SIGMAS,
        masks: Vec::new(),
    }
}

/// A radar `r1` and an AIS receiver `ais-1`.
pub(crate) fn sensors() -> Vec<SensorModel> {
    vec![
        sensor("r1", SensorKind::Radar, Format::Json),
        sensor("ais-1", SensorKind::Transponder, Format::Nmea),
    ]
}

/// Metrics of sector `east-3` with those sensors, a zone `buffer`, and these sinks.
pub(crate) fn metrics(sinks: &[&str]) -> Arc<Metrics> {
    Arc::new(Metrics::new(&Setup {
        started: START,
        sector: "east-3",
        sensors: &sensors(),
        sinks,
        zones: &["buffer"],
        quarantine_reasons: &["stale_seq"],
        refusal_reasons: &["oversize"],
    }))
}

/// Revision 1 of the `n`th alert: a crossing of the border.
pub(crate) fn notice(n: u32) -> Notice {
    Notice {
        v: 1,
        alert: format!("{n:064x}").into(),
        revision: 1,
        state: State::Opened,
        rule: "border-crossing".into(),
        kind: "crossing",
        clause: Some("Art. 2(1)".into()),
        severity: Severity::Warning,
        confidence: 0.997,
        event_time: at_s(10),
        event_time_sigma_s: None,
        raised_at: at_s(11),
        line: Some("border".into()),
        zone: None,
        direction: Some("left_to_right"),
        position: Position { lat: 35.1, lon: 33.3, east_m: 10.0, north_m: -20.0, cov_m2: [100.0, 5.0, 90.0] },
        tracks: vec!["17".to_owned()],
        sensors: vec!["r1".to_owned()],
        trust_groups: 1,
        count: None,
        between: None,
        crossings: None,
        trend: None,
        excess: None,
        gathering: None,
        grounds: linewatch::watch::grounds::Grounds::default(),
        life: Life::default(),
        group: None,
        measured_at: None,
        received_at: None,
        software: None,
        configuration: None,
        agreement: "0".repeat(64).into(),
        exercise: true,
    }
}

/// Owes a notice as the pipeline does, raised when it says.
pub(crate) fn owe(outbox: &Outbox, notice: &Notice) -> u64 {
    owe_at(outbox, notice, notice.raised_at)
}

/// Owes a notice as the pipeline does, this revision raised at that time.
pub(crate) fn owe_at(outbox: &Outbox, notice: &Notice, at: Timestamp) -> u64 {
    let standing = notice.state != State::Cleared;
    outbox.owe(&notice.alert, notice.revision, at, notice.to_json().into(), standing)
}

/// A sink without a dead-man notice.
pub(crate) fn sink(id: &str, kind: Kind) -> Settings {
    Settings { id: id.to_owned(), kind, dead_man: None }
}

/// The system's clock, as couriers ask it.
pub(crate) fn utc() -> Utc {
    let clock = Clock::system();
    Arc::new(move || clock.now())
}

/// The same as the engine says it.
pub(crate) fn said(notice: Notice) -> Event {
    Event::Notice(Arc::new(notice))
}

/// The value of one sample in Prometheus' text format; `series` is name and labels, the labels in any order.
pub(crate) fn value(text: &str, series: &str) -> Option<f64> {
    let wanted = parts(series);
    let found = text.lines().find_map(|line| {
        let (found, value) = line.rsplit_once(' ')?;
        (parts(found) == wanted).then_some(value)
    });
    found?.parse().ok()
}

/// Name and labels, in one order.
fn parts(series: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = series.split(['{', '}', ',']).collect();
    parts.sort_unstable();
    parts
}
