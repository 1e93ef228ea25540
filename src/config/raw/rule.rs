//! Rules as they are written: every kind's keys in one table; which kind reads which is checked later.

use super::leaf::{Id, Text, Word, Words};
use super::leave::{Instant, Schedule};
use super::number::{
    EscalateS, Gathering, Groups, HoldS, HorizonS, LengthM, Limit, OpenProbability, Probability, StayDays,
    StayS,
};
use super::read::table;
use crate::watch::agreement::{Direction, UnknownClass};
use crate::watch::alert::Severity;

table! {
    /// One clause made testable.
    Rule
    required {
        /// Its name.
        id: Id,
        /// What it says.
        kind: Word<RuleWord>,
    }
    optional {
        /// The clause it stands for.
        clause: Text,
        /// For crossing and approach, and perhaps convergence: which line.
        line: Id,
        /// For presence, loiter, ceiling, surge and blind, and perhaps convergence: which zone or band.
        zone: Id,
        /// For crossing and approach: which way is barred. Default any.
        direction: Word<Direction>,
        /// For ceiling: the most that may be in the zone at once.
        limit: Limit,
        /// For ceiling: warn early where the trend reaches the limit within this, seconds; absent: no early warning.
        horizon_s: HorizonS,
        /// For approach: how far ahead, seconds. Default [60, 300, 900].
        #[schemars(length(min = 1))]
        horizons_s: Vec<HorizonS>,
        /// For approach: P(crosses within a horizon) that is worth saying. Default 0.5.
        threshold: OpenProbability,
        /// For approach and blind: how long it must stay so, seconds. Default 10 for approach, 60 for blind.
        hold_s: HoldS,
        /// For loiter: how long is allowed, seconds. Either this or `longer_than_days`.
        longer_than_s: StayS,
        /// For loiter: the same, days. Either this or `longer_than_s`.
        longer_than_days: StayDays,
        /// For loiter: an absence no longer than this, seconds, does not begin the stay anew. Default 300.
        leave_s: HoldS,
        /// For convergence: how many make a gathering. Default 5.
        min_number: Gathering,
        /// For convergence: within which distance of each other, metres. Default 500.
        radius_m: LengthM,
        /// For blind: less than this share of the zone watched is too little. Default 0.5.
        below: OpenProbability,
        /// For integrity: which sensors, by id; absent or empty: all.
        sensors: Vec<Id>,
        /// Whom it is about; absent or empty: anything.
        classes: Vec<Id>,
        /// What is made of things whose class nobody knows. Default count: they count by the probability.
        unknown_class: Word<UnknownClass>,
        /// Whom it binds; absent or empty: all parties.
        parties: Vec<Text>,
        /// At which hours it holds; absent: always.
        schedule: Schedule,
        /// The first instant at which it holds; absent: it has always held.
        valid_from: Instant,
        /// The instant from which on it no longer holds; absent: it holds for ever.
        valid_until: Instant,
        /// The least number of independent trust groups on which it speaks. Default 1.
        min_groups: Groups,
        /// The least confidence with which it speaks. Default 0: whatever its kind asks for.
        min_confidence: Probability,
        /// Its alerts are at least this severe.
        severity_floor: Word<Severity>,
        /// Its alerts are at most this severe.
        severity_cap: Word<Severity>,
        /// Who is told, by id, in the order of escalation; absent or empty: all at once.
        recipients: Vec<Id>,
        /// Unacknowledged for so long, seconds, it is told to the next recipients; absent: never.
        escalate_after_s: EscalateS,
    }
}

/// The kinds of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum RuleWord {
    /// Nobody crosses the line.
    Crossing,
    /// Somebody is about to.
    Approach,
    /// Nobody is in the zone.
    Presence,
    /// Nobody stays there for long.
    Loiter,
    /// No more than the limit are in the zone.
    Ceiling,
    /// No more arrive there than usual.
    Surge,
    /// Many gather or move together.
    Convergence,
    /// The zone is watched.
    Blind,
    /// Sensors can be believed.
    Integrity,
}

impl Words for RuleWord {
    const ALL: &'static [Self] = &[
        Self::Crossing,
        Self::Approach,
        Self::Presence,
        Self::Loiter,
        Self::Ceiling,
        Self::Surge,
        Self::Convergence,
        Self::Blind,
        Self::Integrity,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Crossing => "crossing",
            Self::Approach => "approach",
            Self::Presence => "presence",
            Self::Loiter => "loiter",
            Self::Ceiling => "ceiling",
            Self::Surge => "surge",
            Self::Convergence => "convergence",
            Self::Blind => "blind",
            Self::Integrity => "integrity",
        }
    }
}

impl Words for UnknownClass {
    const ALL: &'static [Self] = &[Self::Count, Self::Include, Self::Exclude];
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Words for Severity {
    const ALL: &'static [Self] = &Self::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}
