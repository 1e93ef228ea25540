//! The engine's thread: durable records in, what is to be said out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::keeping::Snapshots;
use super::{Aside, PICTURE_EVERY};
use crate::clock;
use crate::committer::Group;
use crate::engine::acts::Answer;
use crate::engine::{Engine, Event, Finding, SensorState};
use crate::failpoint;
use crate::http;
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::record::{Body, Record};
use crate::report::form::{Heading, json, markdown};
use crate::watch::Notice;

/// Frames that waited longer say that the engine cannot keep up.
const BEHIND: Duration = Duration::from_secs(1);
/// Then the page is still told so often.
const PICTURE_AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// What the pipeline hands on beside the outbox: for the demo's printing and for tests.
pub type Listener = Box<dyn FnMut(&Said<'_>) + Send>;

/// Something worth telling a person.
#[derive(Debug)]
pub enum Said<'a> {
    /// A notice, with its bytes.
    Notice(&'a Notice, &'a str),
    /// A sensor's state changed.
    SensorState(&'a str, SensorState),
}

/// What the engine's thread works on.
pub struct Deciding {
    /// The state machine.
    pub machine: Machine,
    /// The way back into the log.
    pub aside: Aside,
    /// Who waits to hear what became of an act.
    pub desk: Desk,
    /// Where reports of days that have ended are written.
    pub reports: Option<PathBuf>,
    /// Who is told of it.
    pub audience: Audience,
    /// Taken now and then, where there is a log to go on from them.
    pub snapshots: Option<Snapshots>,
    /// Bumped whenever a group has been stepped: the watchdog is fed only while it moves.
    pub progress: Arc<AtomicU64>,
}

/// Who is told of what the engine says, beside those it is owed to.
pub struct Audience {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The page.
    pub shared: Arc<http::Shared>,
    /// Told of what is worth telling a person.
    pub listener: Option<Listener>,
}

impl Deciding {
    /// Works until the journal's thread ends.
    pub fn run(mut self, groups: &Receiver<Group>) {
        let (mut offered, mut shown) = (clock::instant(), clock::instant());
        let mut position = None;
        while let Ok(mut group) = groups.recv() {
            let waited = group.read_at.iter().flatten().next().map(Instant::elapsed).unwrap_or_default();
            let mut read_at = group.read_at.drain(..);
            for record in &group.records {
                let read = if record.body == Body::Tick { None } else { read_at.next().flatten() };
                self.step(record, read);
            }
            drop(read_at);
            self.report();
            let next = group.records.last().map(|record| record.position + 1);
            if let (Some(snapshots), Some(next)) = (&mut self.snapshots, next) {
                snapshots.take_if_due(&self.machine, next);
            }
            position = next.or(position);
            let is_asked = !group.flushes.is_empty();
            if is_asked || offered.elapsed() >= PICTURE_EVERY {
                offered = clock::instant();
                // The page waits first when there is more to do than can be done.
                if is_asked || waited < BEHIND || shown.elapsed() >= PICTURE_AT_LEAST_EVERY {
                    shown = clock::instant();
                    self.audience.shared.show(self.machine.engine.picture());
                } else {
                    self.audience.metrics.page_shed();
                }
            }
            self.progress.fetch_add(1, Ordering::Relaxed);
            for done in group.flushes {
                // Who asked may have stopped waiting.
                let _ = done.send(());
            }
        }
        if let (Some(snapshots), Some(position)) = (&mut self.snapshots, position) {
            snapshots.take(&self.machine, position, true);
        }
        self.audience.shared.show(self.machine.engine.picture());
    }

    /// Writes the automatic edition of a day that has ended. A disk that does not take it costs a report, which
    /// `linewatch report` makes again from the journal, and nothing else.
    fn report(&mut self) {
        let Some((day, dir)) = self.machine.ended().zip(self.reports.as_ref()) else { return };
        let settings = self.machine.settings();
        let (sector, agreement) = (settings.sector.as_str(), &settings.agreement);
        let heading = Heading { sector, exercise: settings.exercise, agreement, reviewed: false };
        let name = format!("{sector}-{}-automatic", day.date);
        let written = std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::write(dir.join(format!("{name}.json")), json(&day, &heading)))
            .and_then(|()| std::fs::write(dir.join(format!("{name}.md")), markdown(&day, &heading)));
        match written {
            Ok(()) => tracing::info!(report = %name, "the day's report is written"),
            Err(error) => tracing::error!(%error, dir = %dir.display(), "the day's report is not written"),
        }
    }

    fn step(&mut self, record: &Record, read: Option<Instant>) {
        let Self { machine, aside, desk, audience, snapshots, .. } = self;
        let began = clock::instant();
        let mut said = Vec::new();
        machine.step(record, |event, json| {
            if json.is_some() {
                failpoint::pass("before_owe");
            }
            said.push((event.clone(), json.cloned()));
        });
        let took = began.elapsed();
        audience.metrics.step_took(took.as_secs_f64());
        if let Some(snapshots) = snapshots {
            snapshots.stepped(took);
        }
        for (event, json) in &said {
            audience.metrics.observe(event);
            if let (Event::Act { outcome, .. }, Body::Act { bytes }) = (event, &record.body) {
                desk.answer(bytes, Answer { position: record.position, outcome: outcome.clone() });
            }
            if let Some(json) = json {
                // It may leave now: what it rests on is durable. Its own record follows.
                aside.put(Body::Notice { bytes: json.as_bytes().to_vec() });
            }
            audience.hear(event, json.as_deref(), &machine.engine, read);
        }
    }
}

impl Audience {
    fn hear(&mut self, event: &Event, json: Option<&str>, engine: &Engine, read: Option<Instant>) {
        let name = |sensor: &crate::sensor::SensorIndex| engine.sensors()[sensor.index()].id.as_str();
        match event {
            Event::Notice(notice) => {
                if let Some(read) = read {
                    self.metrics.notice_took(read.elapsed().as_secs_f64());
                }
                self.shared.hear(&notice.alert, json.unwrap_or_default());
                tracing::info!(alert = %notice.alert, rule = %notice.rule, state = ?notice.state, "notice");
                if let Some(listener) = &mut self.listener {
                    listener(&Said::Notice(notice, json.unwrap_or_default()));
                }
            }
            Event::SensorState { sensor, state } => {
                tracing::info!(sensor = name(sensor), state = state.as_str(), "sensor state");
                if let Some(listener) = &mut self.listener {
                    listener(&Said::SensorState(name(sensor), *state));
                }
            }
            Event::Finding { sensor, finding } => {
                if matches!(finding, Finding::Released { .. } | Finding::Recovered(_)) {
                    tracing::info!(sensor = name(sensor), ?finding, "sensor registration");
                } else {
                    tracing::warn!(sensor = name(sensor), ?finding, "sensor registration");
                }
            }
            Event::Lineage(link) => {
                let (track, of, kinship) = (link.track.0, link.of.0, link.kinship.as_str());
                tracing::info!(track, kinship, of, probability = link.probability, "lineage");
            }
            Event::IdentityConflict(conflict) => {
                let (tracks, identities) = (conflict.tracks(), conflict.identities());
                tracing::warn!(kind = conflict.kind(), ?tracks, ?identities, "identities disagree");
            }
            Event::Act { deed, outcome } => match outcome {
                Ok(done) => tracing::info!(deed, ?done, "act"),
                Err(refusal) => tracing::warn!(deed, %refusal, "act refused"),
            },
            Event::Permitted(leave) => {
                let (by, track) = (&leave.by, &leave.track);
                tracing::info!(leave = leave.permitted.as_str(), %by, %track, "by leave");
            }
            Event::Reloaded { carried } => tracing::info!(carried, "other settings are in force"),
            Event::Frame { .. } | Event::Refused { .. } | Event::UnknownSensor => {}
        }
    }
}
