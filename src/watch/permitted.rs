//! What happens by leave: through a gate, or under an exemption. Logged, not alerted.
//!
//! In: that a gate let somebody through, or that somebody began to make use of an exemption. Out: a record of it, once,
//! with all that a person needs to hold it against the leave that was given. It opens no alert and rings nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::Position;
use super::area::Covariance;
use super::crossing::{Side, plan};
use super::gates::There;
use super::line::Point;
use super::passage::Passage;
use super::sensors::ages;
use super::{Watch, doubt};
use crate::fusion::TrackView;
use crate::time::Timestamp;

/// By which kind of leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leave {
    /// An authorised crossing point.
    Gate,
    /// An agreed exception.
    Exemption,
}

impl Leave {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Exemption => "exemption",
        }
    }
}

/// Something that happened by leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Permitted {
    /// Version of this form: 1.
    pub v: u32,
    /// The kind of leave.
    pub permitted: Leave,
    /// The gate's or the exemption's id.
    pub by: Arc<str>,
    /// The rule that would have spoken, for an exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<str>>,
    /// The document that allows it, and its SHA-256, for an exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<[Arc<str>; 2]>,
    /// The line, for a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Arc<str>>,
    /// Which way, for a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Arc<str>>,
    /// P(it went through the gate), where nobody saw it go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// When it happened, or began.
    pub event_time: Timestamp,
    /// When it was logged.
    pub logged_at: Timestamp,
    /// Where.
    pub position: Position,
    /// The track.
    pub track: Arc<str>,
    /// The identity that it claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Arc<str>>,
    /// Probability of each class that has at least one in a thousand, where anything is known of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub class: BTreeMap<String, f64>,
    /// The sensors that feed it, ascending.
    pub sensors: Vec<String>,
    /// How many independent groups those sensors make.
    pub trust_groups: u32,
    /// SHA-256 of the agreement.
    pub agreement: Arc<str>,
    /// Present and true when nothing of this is real.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
}

impl Permitted {
    /// The record as the one line of JSON that the journal holds.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it holds no map with keys that are not text")
    }
}

impl Watch {
    /// What happened by leave since this was last asked.
    pub fn permitted(&mut self) -> impl Iterator<Item = Permitted> + use<> {
        std::mem::take(&mut self.permitted).into_iter()
    }

    /// A gate let a crossing pass.
    pub(super) fn let_through(&mut self, gate: usize, passage: &Passage<'_>) {
        let Passage { line, now, track, crossed, .. } = *passage;
        let instant = crossed.instant;
        let there = There { line, to: crossed.to, at: instant.at, time: instant.time };
        self.passed_gate(now, gate, &there, instant.covariance_m2, None, track);
    }

    /// Somebody went through a gate; `probability` where nobody saw it.
    pub(super) fn passed_gate(
        &mut self,
        now: Timestamp,
        gate: usize,
        there: &There,
        covariance: Covariance,
        probability: Option<f64>,
        track: &TrackView<'_>,
    ) {
        let Some(by) = self.gates.id(gate).cloned() else { return };
        let made = self.by_leave(now, Leave::Gate, by, (there.time, there.at, covariance), track);
        let direction = Some(Side::direction(there.to).as_str().into());
        let line = self.line_ids.get(there.line).cloned();
        let probability = probability.map(|p| libm::round(p * 1e4) / 1e4);
        self.permitted.push(Permitted { line, direction, probability, ..made });
    }

    /// Logs who has begun to make use of an exemption, being this track.
    pub(super) fn note_exempt(&mut self, now: Timestamp, track: &TrackView<'_>) {
        for begun in self.terms.begun() {
            let Some(exemption) = self.terms.exemption(begun.exemption) else { continue };
            let (by, document) = (exemption.id.clone(), exemption.document.clone());
            let document = Some([document, exemption.document_sha256.clone()]);
            let at = [track.estimate.mean[0], track.estimate.mean[1]];
            let place = (begun.at, at, plan(&track.estimate.covariance));
            let made = self.by_leave(now, Leave::Exemption, by, place, track);
            self.permitted.push(Permitted { rule: Some(begun.rule), document, ..made });
        }
    }

    fn by_leave(
        &self,
        now: Timestamp,
        permitted: Leave,
        by: Arc<str>,
        (event_time, at, covariance): (Timestamp, Point, Covariance),
        track: &TrackView<'_>,
    ) -> Permitted {
        let support = self.sensors.support(ages(track.sensors, track.updated));
        let (agreement, exercise) = self.book.cites();
        let mut class = doubt::class(track);
        class.values_mut().for_each(|p| *p = libm::round(*p * 1e3) / 1e3);
        Permitted {
            v: 1,
            permitted,
            by,
            rule: None,
            document: None,
            line: None,
            direction: None,
            probability: None,
            event_time,
            logged_at: now,
            position: self.book.place(at, covariance),
            track: track.id.to_string().into(),
            identity: track.identity.map(Arc::from),
            class,
            sensors: support.sensors,
            trust_groups: support.groups,
            agreement,
            exercise,
        }
    }
}
