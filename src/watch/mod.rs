//! Watch: tracks in, alerts out.
//!
//! Knows the agreement and the tracks as others may see them; knows no wire format and no sink. Everything it says is
//! a [`Notice`] about an alert whose id is a hash of what happened (`identity`).
//!
//! ```text
//! observe ─ crossing (side of each line, latched) ─ gates ─ passage (contested) ┐
//! tick ──┬─ area (P inside) ─┬─ presence, loiter ──────────────────────────────┼─ book ─ notices
//!        │                   ├─ ceiling (how many) ────────────────────────────┤
//!        │                   └─ surge (how many arrive) ───────────────────────┤
//!        ├─ convergence (who moves together, or gathers) ──────────────────────┤
//!        └─ corroboration, and what is over ───────────────────────────────────┘
//! ```
//! Whether a rule applies (its dates, hours, classes, exemptions) is said in one place for all kinds (`applies`). Two
//! tracks that are one are one here, too (`succession`). How much of each zone is watched is found out every second
//! (`sight`). Crossings are judged at every measurement, the rest once a second. Every probability is of the track's
//! covariance plus the allowance for errors that last (`sensors`). Tentative tracks raise nothing.
//!
//! What became of the record itself is said like any alert, under no rule.
//!
//! An alert is over when: its track has been gone for a minute; or its zone is left, or its ceiling kept, for some
//! seconds; a crossing also when nothing more happened in an hour, or in ten minutes after the track went back.

pub mod agreement;
pub mod alert;
mod answering;
mod applies;
mod approach;
mod area;
mod band;
mod blind;
mod book;
pub mod calendar;
mod ceiling;
mod convergence;
mod counting;
mod crossing;
mod disbelief;
mod doubt;
mod emerged;
mod fields;
mod firsts;
mod flood;
mod gates;
mod gathering;
pub mod grounds;
mod identity;
mod inside;
mod instant;
mod integrity;
pub mod life;
mod line;
mod loiter;
mod passage;
pub mod permitted;
mod presence;
mod reload;
mod restored;
mod sensors;
mod sight;
mod standing;
mod succession;
mod surge;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod unsaid;
mod warning;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fusion::{Paths, TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::sensor::SensorModel;
use crate::time::{Span, Timestamp};
pub use agreement::Agreement;
use agreement::{Claim, Rule, RuleKind};
pub use alert::Notice;
use alert::Severity;
use applies::Terms;
use approach::Approaches;
pub use approach::Foreseen;
use area::Area;
use blind::Blind;
use book::{Book, Entry, Finding, Subject};
use ceiling::Ceiling;
pub use counting::Reckoned;
use crossing::{Crossed, Crossing, Side, plan};
use doubt::Doubts;
use flood::Flood;
pub use flood::{Cause, Indicators};
use gates::Gates;
use gathering::Gatherings;
use grounds::Grounds;
use instant::Instant;
pub use integrity::Stale;
use line::Polyline;
use loiter::Loiter;
use passage::{Law, Passage};
use permitted::Permitted;
use presence::Presence;
pub use restored::WatchState;
use sensors::{Sensors, ages};
pub use sight::Sight;
use sight::Sights;
pub use standing::Standing;
use surge::Surges;
use unsaid::Unsaid;

/// Alerts about a track that is gone are over after this long.
const GONE_FOR: Span = Span::from_secs(60);
/// A crossing that was taken back is over after this long.
const RETURNED_FOR: Span = Span::from_secs(600);
/// A crossing is over when nothing more happened for this long.
const QUIET_FOR: Span = Span::from_secs(3600);
/// So long after it was raised, seconds, a crossing's instant and place are worked out again: what drives on is soon
/// seen better, and what is late comes within the two minutes that tracks remember.
const AGAIN_S: [i64; 4] = [5, 15, 30, 60];
/// An estimate farther out, or more uncertain, says nothing, metres.
const FARTHEST_M: f64 = 1e7;

/// The rules of one agreement and what they have seen so far.
#[derive(Clone, Debug)]
pub struct Watch {
    sensors: Sensors,
    rules: Vec<Rule>,
    /// What of each rule must stay the same for its alerts to go on under another agreement.
    grounds: Vec<String>,
    /// Lines that a crossing rule names, by their index in the agreement.
    lines: BTreeMap<usize, Crossing>,
    gates: Gates,
    zones: Vec<Area>,
    terms: Terms,
    presence: Presence,
    loiter: Loiter,
    unsaid: Unsaid,
    /// By rule.
    ceilings: BTreeMap<usize, Ceiling>,
    surges: Surges,
    gatherings: Gatherings,
    /// How many of each ceiling's class there were in this second, by rule: room, made anew every second.
    reckoned: BTreeMap<usize, Reckoned>,
    alarm_budget_per_week: f64,
    sights: Sights,
    book: Book,
    flood: Flood,
    approaches: Approaches,
    /// By rule.
    blinds: BTreeMap<usize, Blind>,
    doubts: Doubts,
    /// Of each of the agreement's lines, on its left and right.
    parties: Vec<[Arc<str>; 2]>,
    line_ids: Vec<Arc<str>>,
    claims: Vec<Claim>,
    /// What happened by leave in this step: emptied by whoever steps it.
    permitted: Vec<Permitted>,
}

impl Watch {
    /// A watch that has seen nothing yet. `exercise` marks every notice.
    #[must_use]
    pub fn new(
        sector: &str,
        exercise: bool,
        frame: &LocalFrame,
        agreement: &Agreement,
        sensors: &[SensorModel],
    ) -> Self {
        let named = agreement.rules.iter().filter_map(|rule| match rule.kind {
            RuleKind::Crossing { line, .. } | RuleKind::Approach { line, .. } => {
                Some((line, agreement.lines.get(line)?))
            }
            _ => None,
        });
        let lines = named
            .map(|(index, line)| (index, Crossing::new(Polyline::new(&line::plane(frame, &line.vertices)))));
        let zones: Vec<Area> =
            agreement.zones.iter().map(|zone| Area::new(frame, zone, &agreement.lines)).collect();
        let named = agreement.zones.iter().map(|zone| zone.id.clone()).zip(&zones);
        Self {
            gatherings: Gatherings::new(frame, agreement),
            surges: Surges::default(),
            reckoned: BTreeMap::new(),
            alarm_budget_per_week: agreement.alarm_budget_per_week,
            sights: Sights::new(named, sensors),
            sensors: Sensors::new(frame, sensors),
            rules: agreement.rules.clone(),
            grounds: agreement.rules.iter().map(|rule| identity::ground_hash(agreement, rule)).collect(),
            lines: lines.collect(),
            gates: Gates::new(frame, agreement),
            zones,
            terms: Terms::new(agreement),
            presence: Presence::default(),
            loiter: Loiter::default(),
            unsaid: Unsaid::default(),
            ceilings: BTreeMap::new(),
            book: Book::new(sector, exercise, frame, agreement),
            flood: Flood::default(),
            approaches: Approaches::new(asks(agreement, |kind| matches!(kind, RuleKind::Approach { .. }))),
            blinds: BTreeMap::new(),
            doubts: Doubts::new(frame, sensors),
            parties: agreement.lines.iter().map(|line| [line.left.clone(), line.right.clone()]).collect(),
            line_ids: agreement.lines.iter().map(|line| line.id.clone()).collect(),
            claims: agreement.claims.clone(),
            permitted: Vec::new(),
        }
    }

    /// The same watch, that says in every notice which program, under which configuration, says it.
    #[must_use]
    pub fn citing(self, software: &str, configuration: &str) -> Self {
        Self { book: self.book.citing(software, configuration), ..self }
    }

    /// Looks at one track right after a measurement updated it; appends what is to be said. `paths` knows where it was.
    pub fn observe(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        if !is_sound(track) {
            return;
        }
        if track.status.is_target() {
            self.book.hear(now, track.id, track.updated);
        }
        // Allocates only where somebody crossed.
        let mut crossings = Vec::new();
        for (&line, crossing) in &mut self.lines {
            let Some(crossed) = crossing.observe(track, paths, || self.sensors.bias(track)) else { continue };
            crossings.push((line, crossed));
        }
        for (line, crossed) in crossings {
            self.passed(line, now, track, &crossed, paths, out);
        }
    }

    /// A track has crossed a line.
    fn passed(
        &mut self,
        line: usize,
        now: Timestamp,
        track: &TrackView<'_>,
        crossed: &Crossed,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let support = self.sensors.support(ages(track.sensors, track.updated));
        let foretold = self.foretold(line, track.id, crossed.to);
        let related = foretold.iter().find_map(|subject| self.book.entry(*subject).filter(|e| e.is_open()));
        let related = related.map(|entry| entry.notice.alert.to_string());
        let grounds = Grounds { related, ..self.grounds(now, track, &support, Some(line), paths) };
        let passage = Passage { line, now, track, crossed, grounds: &grounds };
        let said = out.len();
        if let Some(gate) = self.gates.permit(&passage) {
            self.let_through(gate, &passage);
        } else {
            let law = Law { rules: &self.rules, terms: &mut self.terms, unsaid: &mut self.unsaid };
            passage::judge(&mut self.book, &self.sensors, law, &passage, out);
        }
        let crossing = out.get(said..).and_then(|new| new.first()).map(|notice| notice.alert.clone());
        self.note_exempt(now, track);
        self.arrived(&foretold, crossing.as_deref(), out);
    }

    /// A track is gone.
    pub fn forget(&mut self, now: Timestamp, track: TrackId, _out: &mut Vec<Notice>) {
        for crossing in self.lines.values_mut() {
            crossing.forget(now, track);
        }
        self.presence.forget(track);
        self.surges.forget(track);
        self.approaches.forget(track);
        self.doubts.forget(now, track);
        self.book.track_gone(now, track);
    }

    /// A whole second has passed; `tracks` are all live ones, predicted to `now`, and `paths` knows where they were.
    pub fn tick<'a>(
        &mut self,
        now: Timestamp,
        tracks: impl Iterator<Item = TrackView<'a>>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let (mut tallies, mut crowds) = (BTreeMap::new(), self.crowds(now));
        for track in tracks.filter(|track| track.status.is_target() && is_sound(track)) {
            self.corroborate(now, &track, paths, out);
            self.look_back(now, &track, paths, out);
            self.look_ahead(now, &track, paths, out);
            self.look_into_zones(now, &track, &mut tallies, paths, out);
            self.join_crowds(now, &track, &mut crowds);
            self.note_exempt(now, &track);
        }
        self.doubts.tick(now, paths);
        self.disbelieve(now, paths, out);
        self.count(now, &tallies, out);
        self.see_arrivals(now, &tallies, out);
        self.look_for_gatherings(now, &crowds, out);
        self.look_again(now, paths, out);
        let over: Vec<Subject> = self
            .book
            .all_open()
            .filter(|(subject, entry)| is_over(now, &self.rules, *subject, entry))
            .map(|(subject, _)| subject)
            .collect();
        for subject in over {
            self.book.clear(subject, out);
        }
        self.book.attend(now, out);
        self.book.forget_old(now);
        self.terms.forget_old(now);
        self.loiter.forget_old(now);
        self.unsaid.forget_old(now);
        self.lines.values_mut().for_each(|crossing| crossing.forget_old(now));
    }

    /// Records `from` ≤ position < `to` of the journal could not be read when it was opened: who rests on the record has to
    /// know. It stands until somebody has seen it, and waits for no flood to end.
    pub fn damaged(&mut self, now: Timestamp, from: u64, to: u64, out: &mut Vec<Notice>) {
        let lost_records = Some([from, to]);
        let finding = Finding {
            grounds: Grounds { lost_records, ..Grounds::default() },
            ..Finding::about_sensors(Severity::Urgent, now, [0.0; 2], [0.0; 3])
        };
        self.book.open(now, Subject { track: None, rule: 2 * self.rules.len() }, finding, out);
    }

    /// Every zone, in the agreement's order, with what is watched of it, once known.
    pub fn sights(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Sight>)> {
        self.sights.all()
    }

    /// The latest notice of every alert that is open now, by alert id; a flood's groups behind them.
    pub fn open(&self) -> impl Iterator<Item = &Notice> {
        self.book.all_open().map(|(_, entry)| &entry.notice).chain(self.flood.open())
    }

    /// Crossings by leave, through a gate.
    #[must_use]
    pub fn gate_transits(&self) -> u64 {
        self.gates.transits()
    }

    /// How often use was made of each exemption, by its id, in the agreement's order.
    pub fn exempted(&self) -> impl Iterator<Item = (&Arc<str>, u64)> {
        self.terms.counts().map(|(exemption, count)| (&exemption.id, count))
    }

    /// What found a full table: sides of tracks near lines, stays in zones, alerts.
    #[must_use]
    pub fn refused(&self) -> u64 {
        let sides: u64 = self.lines.values().map(Crossing::refused).sum();
        let stays = self.presence.refused() + self.loiter.refused() + self.surges.refused();
        sides
            + stays
            + self.unsaid.dropped()
            + self.book.refused()
            + self.approaches.refused()
            + self.doubts.refused()
    }

    fn corroborate(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        self.doubts.see(now, track, &self.sensors, paths);
        let subjects: Vec<Subject> = self.book.about(track.id).collect();
        for subject in subjects {
            let support = self.sensors.support(ages(track.sensors, now));
            self.book.corroborate(now, subject, support, out);
        }
        for subject in self.unsaid.about(track.id) {
            let Some(rule) = self.rules.get(subject.rule) else { continue };
            let support = self.sensors.support(ages(track.sensors, now));
            let grounds = self.grounds(now, track, &support, rule.kind.line(), paths);
            if let Some(finding) = self.unsaid.take(subject, rule, track, support, grounds) {
                self.book.open(now, subject, finding, out);
            }
        }
    }

    /// When and where lines were crossed, by what has been measured or has come late since it was said.
    fn look_again(&mut self, now: Timestamp, paths: &impl Paths, out: &mut Vec<Notice>) {
        let due = |entry: &Entry| {
            let since_s = now.floor_secs() - entry.notice.raised_at.floor_secs();
            AGAIN_S.contains(&since_s) && entry.notice.between.is_none()
        };
        let open = self.book.all_open().filter(|(_, entry)| due(entry));
        let found: Vec<(Subject, Instant)> = open
            .filter_map(|(subject, entry)| {
                let RuleKind::Crossing { line, .. } = self.rules.get(subject.rule)?.kind else { return None };
                let side = [Side::Left, Side::Right];
                let to =
                    side.into_iter().find(|to| entry.notice.direction == Some(to.direction().as_str()))?;
                let instant = self.lines.get(&line)?.instant(
                    subject.track?,
                    to,
                    entry.notice.event_time,
                    now,
                    paths,
                )?;
                Some((subject, instant))
            })
            .collect();
        for (subject, instant) in found {
            self.book.restate(now, subject, &instant, out);
        }
    }
}

/// Whether any rule is of a kind.
fn asks(agreement: &Agreement, is_one: impl Fn(&RuleKind) -> bool) -> bool {
    agreement.rules.iter().any(|rule| is_one(&rule.kind))
}

/// Whether an estimate is one: finite, on this planet, with a covariance that is one. NaN compares false.
fn is_sound(track: &TrackView<'_>) -> bool {
    let [east, north, v_east, v_north] = track.estimate.mean;
    let [ee, en, nn] = plan(&track.estimate.covariance);
    east.abs() <= FARTHEST_M
        && north.abs() <= FARTHEST_M
        && (v_east + v_north).is_finite()
        && (0.0..=FARTHEST_M * FARTHEST_M).contains(&ee)
        && (0.0..=FARTHEST_M * FARTHEST_M).contains(&nn)
        && en * en <= ee * nn
        && (0.0..=1.0).contains(&track.existence)
}

fn is_over(now: Timestamp, rules: &[Rule], subject: Subject, entry: &Entry) -> bool {
    if subject.rule == 2 * rules.len() {
        return entry.notice.life.acknowledged.is_some();
    }
    if entry.gone.is_some_and(|gone| now.since(gone) >= GONE_FOR) {
        return true;
    }
    let is_crossing =
        rules.get(subject.rule).is_some_and(|rule| matches!(rule.kind, RuleKind::Crossing { .. }));
    let returned = entry.notice.crossings.unwrap_or(1).is_multiple_of(2);
    is_crossing && now.since(entry.latest) >= if returned { RETURNED_FOR } else { QUIET_FOR }
}
