//! The watch's early warnings: approach rules put to the book.
//!
//! In: what `approach` foresees. Out: notices. Judges nothing itself; knows how what is foreseen becomes a statement.

use super::agreement::{Direction, RuleKind};
use super::alert::{Notice, Severity};
use super::approach::{self, Asked, Foreseen};
use super::area;
use super::book::{Finding, Subject, ladder};
use super::crossing::{Side, plan};
use super::doubt::Sides;
use super::emerged::emerged;
use super::gates::There;
use super::grounds::{Forecast, Grounds};
use super::line::Point;
use super::sensors::{Support, ages};
use super::{Watch, passage};
use crate::fusion::{Paths, TrackId, TrackView};
use crate::time::{Span, Timestamp};

/// P(it came through an open gate) from which on nothing is said of who was first observed beyond.
const BY_LEAVE: f64 = 0.5;

impl Watch {
    /// What was foreseen of each track and approach rule when it was last looked at: track, rule, when, what.
    pub fn foreseen(&self) -> impl Iterator<Item = (TrackId, usize, Timestamp, &Foreseen)> {
        let known = self.approaches.foreseen();
        known.filter_map(|(subject, at, foreseen)| Some((subject.track?, subject.rule, at, foreseen)))
    }

    /// What a statement about a track and perhaps a line stands on.
    pub(super) fn grounds(
        &self,
        now: Timestamp,
        track: &TrackView<'_>,
        support: &Support,
        line: Option<usize>,
        paths: &impl Paths,
    ) -> Grounds {
        let named = line.and_then(|line| Some((self.lines.get(&line)?, self.parties.get(line)?)));
        let sides =
            named.map(|(crossing, parties)| Sides { line: crossing.line(), parties, claims: &self.claims });
        self.doubts.grounds(now, track, support, sides.as_ref(), paths)
    }

    /// Says of a track that is new who may have crossed unseen.
    pub(super) fn look_back(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let Some(first) = self.doubts.ask_first(now, track.id) else { return };
        for index in 0..self.rules.len() {
            let rule = &self.rules[index];
            let RuleKind::Crossing { line, direction } = rule.kind else { continue };
            let bias = self.sensors.bias(track);
            let found =
                self.lines.get(&line).and_then(|crossing| emerged(crossing.line(), &first, track, bias));
            let Some(found) = found.filter(|found| passage::matches(direction, found.to)) else { continue };
            if !self.terms.in_force(index, rule, first.time)
                || !self.terms.applies(rule, first.time, track, true).is_about()
            {
                continue;
            }
            // Where it came through is not known: what has probably come by leave is logged as that, as likely as it is, and
            // of the rest the rule is so much less sure.
            let there = There { line, to: found.to, at: found.at, time: found.time };
            let gate = self.gates.probably_opens(&there, found.covariance, found.along, track);
            if let Some((gate, probability)) = gate.filter(|(_, probability)| *probability >= BY_LEAVE) {
                self.passed_gate(now, gate, &there, found.covariance, Some(probability), track);
                continue;
            }
            let without_leave = 1.0 - gate.map_or(0.0, |(_, probability)| probability);
            let support = self.sensors.support(ages(track.sensors, now));
            let grounds = self.grounds(now, track, &support, Some(line), paths);
            let covariance = area::plus(first.covariance, bias);
            let finding = Finding {
                confidence: found.probability * track.existence * without_leave,
                direction: Some(found.to.direction().as_str()),
                tracks: vec![track.id],
                support,
                grounds,
                // Nobody saw it happen: whoever stands behind it, it is no more than worth knowing.
                ..Finding::about_sensors(Severity::Advisory, first.time, first.at, covariance)
            };
            let subject = Subject { track: Some(track.id), rule: self.rules.len() + index };
            self.book.open(now, subject, finding, out);
        }
        self.note_exempt(now, track);
    }

    /// Looks ahead for one track, where it is its turn.
    pub(super) fn look_ahead(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        if !self.approaches.is_turn(now, track) {
            return;
        }
        for index in 0..self.rules.len() {
            let rule = &self.rules[index];
            let RuleKind::Approach { line, direction, horizons, threshold, hold } = &rule.kind else {
                continue;
            };
            let (line, direction) = (*line, *direction);
            let Some(crossing) = self.lines.get(&line) else { continue };
            // While it is not plain whether it has crossed, nothing is foreseen.
            if crossing.is_undecided(track) {
                continue;
            }
            let farthest = horizons.iter().max().copied().unwrap_or(Span::from_secs(300));
            let asked = Asked { direction, horizon: farthest, threshold: *threshold, hold: *hold };
            let subject = Subject { track: Some(track.id), rule: index };
            let is_about = self.terms.in_force(index, rule, now)
                && self.terms.applies(rule, now, track, false).is_about();
            let gates = &self.gates;
            let by_leave = |at: Point, after_s: f64, to_left: bool| {
                let to = if to_left { Side::Left } else { Side::Right };
                let time = now.plus(Span::from_secs_f64(after_s));
                gates.opens(&There { line, to, at, time }, track).is_some()
            };
            let by_leave = is_about.then_some(&by_leave as &dyn Fn(Point, f64, bool) -> bool);
            match self.approaches.look(now, subject, track, crossing.line(), &asked, by_leave) {
                Some(approach::Change::Raise(since, foreseen)) => {
                    self.approaching(now, subject, track, (line, direction), since, &foreseen, paths, out);
                }
                Some(approach::Change::Revise(foreseen)) => {
                    let forecast = self.forecast(now, &foreseen);
                    let position = self.book.place(
                        [track.estimate.mean[0], track.estimate.mean[1]],
                        plan(&track.estimate.covariance),
                    );
                    self.book.revise(now, subject, out, |notice| {
                        notice.confidence = foreseen.asked;
                        notice.position = position;
                        notice.grounds.forecast = Some(forecast);
                    });
                }
                Some(approach::Change::Clear) => self.book.clear(subject, out),
                None => {}
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one statement, all of it at hand where it is made")]
    fn approaching(
        &mut self,
        now: Timestamp,
        subject: Subject,
        track: &TrackView<'_>,
        (line, direction): (usize, Direction),
        since: Timestamp,
        foreseen: &Foreseen,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let support = self.sensors.support(ages(track.sensors, now));
        let forecast = Some(self.forecast(now, foreseen));
        let grounds = Grounds { forecast, ..self.grounds(now, track, &support, Some(line), paths) };
        let at = [track.estimate.mean[0], track.estimate.mean[1]];
        let left = self.lines.get(&line).and_then(|crossing| crossing.line().nearest(at, f64::MAX));
        let direction = match direction {
            Direction::Any if left.is_some_and(|nearest| nearest.signed_m >= 0.0) => Direction::LeftToRight,
            Direction::Any => Direction::RightToLeft,
            given => given,
        };
        let finding = Finding {
            severity: ladder(support.groups, !grounds.blind.is_empty()),
            confidence: foreseen.asked,
            event_time: since,
            event_time_sigma_s: None,
            at,
            covariance_m2: area::plus(plan(&track.estimate.covariance), self.sensors.bias(track)),
            direction: Some(direction.as_str()),
            tracks: vec![track.id],
            support,
            count: None,
            between: None,
            grounds,
        };
        if self.book.is_interrupted(subject) {
            self.book.resume(now, subject, finding, out);
        } else {
            self.book.open(now, subject, finding, out);
        }
    }

    fn forecast(&self, now: Timestamp, foreseen: &Foreseen) -> Forecast {
        let place = self.book.place(foreseen.at, foreseen.covariance_m2);
        let [within_60_s, within_300_s, within_900_s] = foreseen.within;
        let forecast = Forecast {
            within_60_s,
            within_300_s,
            within_900_s,
            median_s: foreseen.median_s,
            interval_s: foreseen.interval_s,
            as_of: now,
            lat: place.lat,
            lon: place.lon,
            cov_m2: foreseen.covariance_m2,
            by_leave: foreseen.by_leave,
        };
        Grounds { forecast: Some(forecast), ..Grounds::default() }.rounded().forecast.unwrap_or(forecast)
    }

    /// The approach that foretold that this track would cross a line to this side, if one is open.
    pub(super) fn foretold(&self, line: usize, track: TrackId, to: Side) -> Vec<Subject> {
        let about = |(index, rule): (usize, &super::Rule)| match &rule.kind {
            RuleKind::Approach { line: named, direction, .. }
                if *named == line && passage::matches(*direction, to) =>
            {
                Some(Subject { track: Some(track), rule: index })
            }
            _ => None,
        };
        self.rules.iter().enumerate().filter_map(about).collect()
    }

    /// What has come: approaches to it are over, and say what they became.
    pub(super) fn arrived(&mut self, foretold: &[Subject], crossed: Option<&str>, out: &mut Vec<Notice>) {
        for subject in foretold {
            self.approaches.crossed(*subject);
            if self.book.entry(*subject).is_some_and(super::book::Entry::is_open) {
                self.book.relate(*subject, crossed);
                self.book.clear(*subject, out);
            }
        }
    }
}
