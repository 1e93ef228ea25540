//! What is believed of each sensor: heard lately, says it is well, gone, silent.
//!
//! In: frames, statuses and ticks in log order. Out: changes of state. Silence is judged only while the daemon listened.

use serde::{Deserialize, Serialize};

use crate::engine::event::{Event, Outcome, SensorState};
use crate::geo::Geodetic;
use crate::scan::Scan;
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::{Span, Timestamp};
use crate::watch::grounds::Cause;
use crate::wire::status::{Gnss, ReportedState, Status};

/// Silent after this many of its own periods without a scan …
const SILENT_AFTER_PERIODS: f64 = 5.0;
/// … but never sooner than this.
const SILENT_AFTER_AT_LEAST: Span = Span::from_secs(3);

/// What is watched is known this long after listening began at the latest.
const SETTLES_IN: Span = Span::from_secs(10);

/// One sensor's standing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) state: SensorState,
    pub(super) last_received: Option<Timestamp>,
    pub(super) used: u64,
    pub(super) detections: u64,
    pub(super) position: Option<Geodetic>,
    /// Share of its view that it says is hidden, and whether it says it was tampered with.
    obscured: f64,
    tampered: bool,
    jammed: bool,
    pub(super) last_measured: Option<Timestamp>,
    boot: u64,
    #[serde(skip)]
    silent_after: Span,
}

/// Every sensor's standing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Health {
    standings: Vec<Standing>,
    listening_since: Option<Timestamp>,
}

impl Health {
    pub(super) fn new(sensors: &[SensorModel]) -> Self {
        let standing = |model: &SensorModel| Standing {
            state: SensorState::Unknown,
            last_received: None,
            used: 0,
            detections: 0,
            position: model.position,
            obscured: 0.0,
            tampered: false,
            jammed: false,
            last_measured: None,
            boot: 0,
            silent_after: Span::from_secs_f64(SILENT_AFTER_PERIODS * model.period_s)
                .max(SILENT_AFTER_AT_LEAST),
        };
        Self { standings: sensors.iter().map(standing).collect(), listening_since: None }
    }

    /// What is believed, under the configuration of `new`; nothing if it is of another number of sensors.
    pub(super) fn configured_as(mut self, new: &Self) -> Option<Self> {
        for (standing, new) in self.standings.iter_mut().zip(&new.standings) {
            standing.silent_after = new.silent_after;
        }
        (self.standings.len() == new.standings.len()).then_some(self)
    }

    pub(super) fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// How much of what a sensor should see it does see, by what it says of itself and whether it is there, in [0, 1].
    pub(super) fn watches(&self, index: SensorIndex) -> f64 {
        let standing = &self.standings[index.index()];
        match standing.state {
            SensorState::Unknown | SensorState::Offline | SensorState::Silent => 0.0,
            SensorState::Online | SensorState::Degraded if standing.tampered => 0.0,
            SensorState::Online | SensorState::Degraded => 1.0 - standing.obscured.clamp(0.0, 1.0),
        }
    }

    /// Why a sensor does not see all that it should, by what it says of itself and whether it is there.
    pub(super) fn cause(&self, index: SensorIndex) -> Option<Cause> {
        let standing = &self.standings[index.index()];
        match standing.state {
            SensorState::Unknown | SensorState::Silent => Some(Cause::Silent),
            SensorState::Offline => Some(Cause::Offline),
            _ if standing.tampered => Some(Cause::Tampered),
            _ if standing.obscured > 0.0 => Some(Cause::Obscured),
            _ if standing.jammed => Some(Cause::Jammed),
            SensorState::Degraded => Some(Cause::Degraded),
            SensorState::Online => None,
        }
    }

    /// Whether it is known of every sensor if it is there, as far as that can be waited for.
    pub(super) fn is_settled(&self, now: Timestamp) -> bool {
        let Some(since) = self.listening_since else { return false };
        let known = |standing: &Standing| {
            matches!(standing.state, SensorState::Offline | SensorState::Silent)
                || standing.last_received.is_some_and(|at| at >= since)
        };
        now.since(since) >= SETTLES_IN || self.standings.iter().all(known)
    }

    /// The daemon was away: silence counts from now.
    pub(super) fn not_listening_until(&mut self, now: Timestamp) {
        self.listening_since = Some(now);
    }

    pub(super) fn frame(
        &mut self,
        index: SensorIndex,
        now: Timestamp,
        outcome: Outcome,
        detections: u32,
        scans: &[Scan],
        events: &mut Vec<Event>,
    ) {
        if !matches!(outcome, Outcome::Used | Outcome::TooLate) {
            return;
        }
        let standing = &mut self.standings[index.index()];
        standing.last_received = Some(now);
        standing.used += 1;
        standing.detections += u64::from(detections);
        for scan in scans {
            standing.last_measured = standing.last_measured.max(Some(scan.time));
            standing.boot = standing.boot.max(scan.key.map_or(0, |key| key.boot));
            standing.position = scan.pose.map(|pose| pose.position).or(standing.position);
        }
        // A box that says it is unwell and keeps sending stays unwell.
        if standing.state != SensorState::Degraded {
            standing.become_state(index, SensorState::Online, events);
        }
    }

    pub(super) fn status(
        &mut self,
        index: SensorIndex,
        now: Timestamp,
        status: &Status,
        events: &mut Vec<Event>,
    ) {
        let standing = &mut self.standings[index.index()];
        if status.boot < standing.boot {
            return;
        }
        let outrun = matches!((status.time, standing.last_measured), (Some(said), Some(seen)) if said < seen);
        standing.boot = status.boot;
        (standing.obscured, standing.tampered) = (status.obscured.unwrap_or(0.0), status.tamper);
        standing.jammed = status.gnss == Some(Gnss::Jammed);
        let unwell = status.tamper || status.obscured.is_some_and(|part| part > 0.5);
        let state = match status.state {
            ReportedState::Offline if outrun => return,
            ReportedState::Offline => SensorState::Offline,
            ReportedState::Degraded => SensorState::Degraded,
            ReportedState::Online if unwell => SensorState::Degraded,
            ReportedState::Online => SensorState::Online,
        };
        if state != SensorState::Offline {
            standing.last_received = standing.last_received.or(Some(now));
        }
        standing.become_state(index, state, events);
    }

    pub(super) fn tick(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let listening_since = *self.listening_since.get_or_insert(now);
        for (index, standing) in (0u16..).map(SensorIndex).zip(&mut self.standings) {
            let heard = standing.last_received.map_or(listening_since, |at| at.max(listening_since));
            let known_gone = matches!(standing.state, SensorState::Offline | SensorState::Silent);
            if !known_gone && now.since(heard) > standing.silent_after {
                standing.become_state(index, SensorState::Silent, events);
            }
        }
    }
}

impl Standing {
    fn become_state(&mut self, sensor: SensorIndex, state: SensorState, events: &mut Vec<Event>) {
        if self.state != state {
            self.state = state;
            events.push(Event::SensorState { sensor, state });
        }
    }
}
