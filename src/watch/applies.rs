//! Whether a rule applies: the one place that knows of validity, hours, classes and exemptions.
//!
//! In: a rule, an instant, a track. Out: [`Applies`]. Every kind of rule asks here before it judges, so that a term means
//! the same in all of them.
//!
//! What is exempt is counted and logged, not alerted. An exemption with a number holds a place for each track that makes use of it,
//! until that track has not for a minute; who finds no place is not exempt. When an exemption or a rule's hours end with
//! somebody inside, the rule applies from that instant on, and what it then says happened at that instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agreement::{Agreement, Evidence, Exemption, Rule, UnknownClass};
use super::calendar::Calendar;
use super::passage::{IS_OF_CLASS, class_probability};
use crate::fusion::{TrackId, TrackView};
use crate::scan::Class;
use crate::time::{Span, Timestamp};

/// No class of a track likelier than this: what it is is not known.
const KNOWN_CLASS: f64 = 0.5;
/// What is not known but less likely than this to be of a rule's classes is none of them.
const RULED_OUT: f64 = 0.05;
/// Less than any kind of rule speaks on, more than any takes for over.
const UNSAID: f64 = 0.9;
/// A place under an exemption is free again after this long without use.
const HELD_FOR: Span = Span::from_secs(60);
/// Places held, at most, by all exemptions together.
const CAPACITY: usize = 100_000;

/// What a rule is to a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Applies {
    /// It applies, with this probability that the track is of its classes.
    Yes(f64),
    /// It is not in force now, or not about this.
    No,
    /// The track is exempt from it, by the exemption at this index.
    Exempt(usize),
}

impl Applies {
    /// P(the rule is about the track); zero where it does not apply.
    pub(super) fn probability(self) -> f64 {
        match self {
            Self::Yes(probability) => probability,
            Self::No | Self::Exempt(_) => 0.0,
        }
    }

    /// Whether one track alone can break the rule.
    pub(super) fn is_about(self) -> bool {
        self.probability() >= IS_OF_CLASS
    }
}

/// The terms of all rules, made ready.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// By rule.
    calendars: Vec<Option<Calendar>>,
    exemptions: Vec<Exemption>,
    used: Used,
    /// What use began within this step: emptied by whoever logs it.
    begun: Vec<Begun>,
}

/// That a track began to make use of an exemption.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// Its index.
    pub exemption: usize,
    /// The rule that would have spoken.
    pub rule: Arc<str>,
    pub at: Timestamp,
}

/// What use has been made of exemptions: all of [`Terms`] that is state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Used {
    /// Who holds a place, by exemption and track, and when it last made use of it.
    places: BTreeMap<(usize, TrackId), Timestamp>,
    /// How often use was made of each exemption.
    counts: BTreeMap<usize, u64>,
}

impl Terms {
    pub(super) fn new(agreement: &Agreement) -> Self {
        let calendar = |rule: &Rule| rule.terms.schedule.as_ref().and_then(Calendar::new);
        Self {
            calendars: agreement.rules.iter().map(calendar).collect(),
            exemptions: agreement.exemptions.clone(),
            used: Used::default(),
            begun: Vec::new(),
        }
    }

    /// Whether a rule is in force: within its dates and hours.
    pub(super) fn in_force(&self, index: usize, rule: &Rule, at: Timestamp) -> bool {
        let calendar = self.calendars.get(index).and_then(Option::as_ref);
        rule.terms.validity.holds(at) && calendar.is_none_or(|calendar| calendar.is_open(at))
    }

    /// What a rule that is in force is to a track. `breaks`: whether it would break the rule now; then it makes use of
    /// the exemption, and holds a place under it.
    pub(super) fn applies(
        &mut self,
        rule: &Rule,
        at: Timestamp,
        track: &TrackView<'_>,
        breaks: bool,
    ) -> Applies {
        let probability = about(rule, track);
        if probability <= 0.0 {
            return Applies::No;
        }
        for &index in &rule.terms.exemptions {
            let Some(exemption) = self.exemptions.get(index) else { continue };
            let holds = exemption.validity.holds(at) && covers(exemption, track);
            if holds && self.used.has_room(index, exemption, track.id) {
                if breaks && self.used.take(index, at, track.id) {
                    self.begun.push(Begun { exemption: index, rule: rule.id.clone(), at });
                }
                return Applies::Exempt(index);
            }
        }
        Applies::Yes(probability)
    }

    /// Who began to make use of what, since this was last asked.
    pub(super) fn begun(&mut self) -> Vec<Begun> {
        std::mem::take(&mut self.begun)
    }

    /// An exemption by its index.
    pub(super) fn exemption(&self, index: usize) -> Option<&Exemption> {
        self.exemptions.get(index)
    }

    /// How often use was made of each exemption, in the agreement's order.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&Exemption, u64)> {
        let count = |index: usize| self.used.counts.get(&index).copied().unwrap_or(0);
        self.exemptions.iter().enumerate().map(move |(index, exemption)| (exemption, count(index)))
    }

    /// Two tracks are one: its places go with it.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        let held: Vec<_> = self.used.places.keys().filter(|(_, track)| *track == before).copied().collect();
        for key in held {
            if let Some(last) = self.used.places.remove(&key) {
                let place = self.used.places.entry((key.0, heir)).or_insert(last);
                *place = last.max(*place);
            }
        }
    }

    /// Frees places that are no longer used.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.used.places.retain(|_, last| now.since(*last) < HELD_FOR);
    }

    /// What a snapshot holds.
    pub(super) fn used(&self) -> &Used {
        &self.used
    }

    /// Goes on with what another of the same agreement had seen.
    pub(super) fn with(self, used: Used) -> Self {
        Self { used, ..self }
    }

    /// Goes on with what another agreement's terms had seen of the exemptions that are in both.
    pub(super) fn take_over(&mut self, other: &Self) {
        let known = |index: usize| {
            let id = &other.exemptions.get(index)?.id;
            self.exemptions.iter().position(|exemption| exemption.id == *id)
        };
        let places = other.used.places.iter();
        let places = places.filter_map(|(&(index, track), &at)| Some(((known(index)?, track), at))).collect();
        let counts =
            other.used.counts.iter().filter_map(|(&index, &count)| Some((known(index)?, count))).collect();
        self.used = Used { places, counts };
    }
}

impl Used {
    fn has_room(&self, index: usize, exemption: &Exemption, track: TrackId) -> bool {
        let Some(most) = exemption.max_number else { return true };
        let held = self.places.range((index, TrackId(0))..=(index, TrackId(u64::MAX))).count();
        let full = held >= usize::try_from(most).unwrap_or(usize::MAX) || self.places.len() >= CAPACITY;
        !full || self.places.contains_key(&(index, track))
    }

    /// Makes use of an exemption; only what begins anew is counted, and logged: whether it did.
    fn take(&mut self, index: usize, at: Timestamp, track: TrackId) -> bool {
        let held = self.places.contains_key(&(index, track));
        if held || self.places.len() < CAPACITY {
            self.places.insert((index, track), at);
        }
        if !held {
            let count = self.counts.entry(index).or_default();
            *count = count.saturating_add(1);
        }
        !held
    }
}

/// A confidence as a rule's minimum evidence lets it count: where there is too little, what is there is still likelier
/// than not, but nothing is said on it yet.
pub(super) fn evident(rule: &Rule, confidence: f64, groups: impl FnOnce() -> u32) -> f64 {
    let Evidence { min_groups, min_confidence } = rule.terms.evidence;
    let enough = confidence >= min_confidence && (min_groups <= 1 || groups() >= min_groups);
    if enough { confidence } else { confidence.min(UNSAID) }
}

/// P(the rule is about the track), by its classes and what it makes of those that nobody knows.
pub(super) fn about(rule: &Rule, track: &TrackView<'_>) -> f64 {
    let probability = class_probability(track, &rule.classes);
    if rule.classes.is_empty() || is_known(track) || probability < RULED_OUT {
        return probability;
    }
    match rule.terms.unknown_class {
        UnknownClass::Count => probability,
        UnknownClass::Include => 1.0,
        UnknownClass::Exclude => 0.0,
    }
}

fn is_known(track: &TrackView<'_>) -> bool {
    track.class.iter().any(|&probability| probability > KNOWN_CLASS)
}

fn covers(exemption: &Exemption, track: &TrackView<'_>) -> bool {
    let named = |identity: &str| exemption.identities.iter().any(|one| **one == *identity);
    let of_class = |classes: &[Class]| class_probability(track, classes) >= IS_OF_CLASS;
    (exemption.identities.is_empty() || track.identity.is_some_and(named)) && of_class(&exemption.classes)
}
