//! Rules: what each kind says, and the terms that every kind has.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ground::Direction;
use super::leave::{Schedule, Validity};
use crate::scan::Class;
use crate::time::Span;
use crate::watch::alert::Severity;

/// One clause made testable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub id: Arc<str>,
    /// The clause it stands for.
    pub clause: Option<Arc<str>>,
    /// Whom it is about, as the sensors name them; empty for anything.
    pub classes: Vec<Class>,
    /// What it says.
    pub kind: RuleKind,
    /// When, for whom and how surely it holds, and who is told.
    pub terms: Terms,
}

/// What a rule of any kind may say besides. The default is a rule that always holds for everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The agreement's own names among those that make up the rule's classes, as the file orders them.
    pub nodes: Vec<Arc<str>>,
    /// What is made of things whose class nobody knows.
    pub unknown_class: UnknownClass,
    /// Whom it binds; empty for all parties.
    pub parties: Vec<Arc<str>>,
    /// At which hours it holds; none for always.
    pub schedule: Option<Schedule>,
    /// From when until when.
    pub validity: Validity,
    /// Exemptions that concern it, by their index in the agreement, ascending.
    pub exemptions: Vec<usize>,
    /// What it takes to be said.
    pub evidence: Evidence,
    /// How bad it may be called.
    pub severity: SeverityBounds,
    /// Who is told, by their index in the agreement, in the order of escalation; empty for all.
    pub recipients: Vec<usize>,
    /// Unacknowledged for so long, it is told to the next recipients; none for never.
    pub escalate_after: Option<Span>,
}

/// What a rule that names classes makes of a track whose class is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnknownClass {
    /// It counts by the probability that it is of them.
    #[default]
    Count,
    /// It is taken to be of them.
    Include,
    /// It is taken not to be.
    Exclude,
}

impl UnknownClass {
    /// Its word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }
}

/// The least evidence on which a rule speaks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Independent trust groups; one says nothing more than that something was seen.
    pub min_groups: u32,
    /// Confidence, in [0, 1]; zero leaves it to the kind's own threshold.
    pub min_confidence: f64,
}

impl Default for Evidence {
    /// Whatever the kind itself asks for.
    fn default() -> Self {
        Self { min_groups: 1, min_confidence: 0.0 }
    }
}

/// Between which severities a rule's alerts lie, whatever stands behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityBounds {
    /// At least this.
    pub floor: Option<Severity>,
    /// At most this.
    pub cap: Option<Severity>,
}

impl SeverityBounds {
    /// A severity brought between them.
    #[must_use]
    pub fn bound(self, severity: Severity) -> Severity {
        let raised = self.floor.map_or(severity, |floor| severity.max(floor));
        self.cap.map_or(raised, |cap| raised.min(cap))
    }
}

/// What a rule says. Lines and zones are indices into the agreement's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RuleKind {
    /// Nobody crosses this line in this direction outside its gates.
    Crossing {
        /// The line.
        line: usize,
        /// Which way is barred.
        direction: Direction,
    },
    /// Early warning: somebody will probably cross this line.
    Approach {
        /// The line.
        line: usize,
        /// Which way is barred.
        direction: Direction,
        /// How far ahead, ascending, at least one.
        horizons: Vec<Span>,
        /// P(crosses within a horizon) that is worth saying.
        threshold: f64,
        /// How long it must stay so.
        hold: Span,
    },
    /// Nobody is in this zone.
    Presence {
        /// The zone.
        zone: usize,
    },
    /// Nobody stays in this zone for long.
    Loiter {
        /// The zone.
        zone: usize,
        /// How long is allowed.
        longer_than: Span,
        /// An absence no longer than this does not begin the stay anew.
        leave: Span,
    },
    /// No more than `limit` are in this zone at once.
    Ceiling {
        /// The zone.
        zone: usize,
        /// The most that may be there.
        limit: u32,
        /// Warn early where the trend reaches the limit within this; none for no early warning.
        horizon: Option<Span>,
    },
    /// More arrive in this zone than usual.
    Surge {
        /// The zone.
        zone: usize,
    },
    /// Many gather, or move together, near or towards a line or a zone; without either, anywhere in the sector.
    Convergence {
        /// The line.
        line: Option<usize>,
        /// The zone.
        zone: Option<usize>,
        /// How many make a gathering.
        min_number: u32,
        /// Within which distance of each other, metres.
        radius_m: f64,
    },
    /// This zone is watched.
    Blind {
        /// The zone.
        zone: usize,
        /// Less than this share of it watched is too little, in (0, 1).
        below: f64,
        /// For how long.
        hold: Span,
    },
    /// What these sensors report can be believed.
    Integrity {
        /// Their ids; empty for all.
        sensors: Vec<Arc<str>>,
    },
}

impl RuleKind {
    /// Its word in files, notices and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Crossing { .. } => "crossing",
            Self::Approach { .. } => "approach",
            Self::Presence { .. } => "presence",
            Self::Loiter { .. } => "loiter",
            Self::Ceiling { .. } => "ceiling",
            Self::Surge { .. } => "surge",
            Self::Convergence { .. } => "convergence",
            Self::Blind { .. } => "blind",
            Self::Integrity { .. } => "integrity",
        }
    }

    /// Every kind's word, for metrics that stand at zero from the start.
    pub const ALL: [&'static str; 9] = [
        "crossing",
        "approach",
        "presence",
        "loiter",
        "ceiling",
        "surge",
        "convergence",
        "blind",
        "integrity",
    ];

    /// The line it names.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Crossing { line, .. } | Self::Approach { line, .. } => Some(*line),
            Self::Convergence { line, .. } => *line,
            _ => None,
        }
    }

    /// The zone it names.
    #[must_use]
    pub const fn zone(&self) -> Option<usize> {
        match self {
            Self::Presence { zone }
            | Self::Loiter { zone, .. }
            | Self::Ceiling { zone, .. }
            | Self::Surge { zone }
            | Self::Blind { zone, .. } => Some(*zone),
            Self::Convergence { zone, .. } => *zone,
            _ => None,
        }
    }
}
