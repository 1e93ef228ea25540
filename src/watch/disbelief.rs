//! The watch's honesty about sensors: blind and integrity rules put to the book, and what stands beside the blind.
//!
//! In: what `standing`, `blind` and `doubt` find out. Out: notices. Judges nothing itself; knows how each becomes a
//! statement.

use std::collections::BTreeMap;

use super::Watch;
use super::agreement::RuleKind;
use super::alert::{Notice, Severity};
use super::area;
use super::blind;
use super::book::{Finding, Subject, ladder};
use super::crossing::plan;
use super::grounds::{Blinded, Grounds, Indicator};
use super::integrity::{About, Stale};
use super::sensors::ages;
use super::standing::Standing;
use crate::fusion::{Paths, TrackId};
use crate::scan::Scan;
use crate::sensor::SensorIndex;
use crate::time::Timestamp;

impl Watch {
    /// A scan is about to be fused: self-reports are compared with what is known without them.
    pub fn reported(&mut self, scan: &Scan, paths: &impl Paths) {
        self.doubts.reported(scan, paths);
    }

    /// A frame was not new.
    pub fn stale(&mut self, now: Timestamp, sensor: SensorIndex, stale: Stale) {
        self.doubts.stale(now, sensor, stale);
    }

    /// Finds out what is watched of the zones, and what follows for blind rules and for what is open. `standings`: how
    /// each sensor stands, in configuration order; `sees`: P(a sensor, as it is now, would report a target at a place
    /// in the plane). Nothing while that is not known.
    pub fn look_around(
        &mut self,
        now: Timestamp,
        known: Option<(&[Standing], impl Fn(SensorIndex, [f64; 2]) -> f64)>,
        out: &mut Vec<Notice>,
    ) {
        let Some((standings, sees)) = known else {
            self.doubts.standings.note(now, None);
            self.sights.forget();
            return;
        };
        self.doubts.standings.note(now, Some(standings));
        self.sights.look(sees);
        self.find_blind(now, out);
        self.raise_beside_blind(now, out);
    }

    fn find_blind(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        for (index, rule) in self.rules.iter().enumerate() {
            let RuleKind::Blind { zone, below, hold } = rule.kind else { continue };
            let in_force = self.terms.in_force(index, rule, now);
            let Some(sight) = self.sights.all().nth(zone).and_then(|(_, sight)| sight) else { continue };
            let blind = self.blinds.entry(index).or_default();
            let change = blind.observe(now, sight, below, hold);
            if !in_force {
                // What it was watched by is known still when the rule is in force again.
                self.book.clear(Subject { track: None, rule: index }, out);
                continue;
            }
            let subject = Subject { track: None, rule: index };
            match change {
                Some(blind::Change::Raise(since)) => {
                    let groups: Vec<_> = blind.gone(sight).cloned().collect();
                    let is_gone =
                        |sensor| self.sensors.group(sensor).is_some_and(|group| groups.contains(group));
                    let mut lost = self.doubts.standings.blind_among(is_gone);
                    if lost.is_empty() {
                        let gone = self.sensors.all().filter(|sensor| is_gone(*sensor));
                        let named = |sensor| {
                            (self.doubts.standings.name(sensor), self.doubts.standings.why_not(sensor))
                        };
                        lost =
                            gone.map(named).map(|(sensor, cause)| Blinded { sensor, cause, since }).collect();
                    }
                    let grounds =
                        Grounds { blind: lost, blind_ratio: Some(sight.blind), ..Grounds::default() }
                            .rounded();
                    let Some((at, covariance_m2)) = self.zones.get(zone).map(area::Area::middle) else {
                        continue;
                    };
                    let finding = Finding {
                        grounds,
                        ..Finding::about_sensors(Severity::Warning, since, at, covariance_m2)
                    };
                    self.book.open(now, subject, finding, out);
                }
                Some(blind::Change::Clear) => self.book.clear(subject, out),
                None => {}
            }
        }
    }

    /// Loss of a sensor raises what is open beside it.
    fn raise_beside_blind(&mut self, now: Timestamp, out: &mut Vec<Notice>) {
        if !self.doubts.standings.is_any_lost_since(now) {
            return;
        }
        let beside = self.book.all_open().filter_map(|(subject, entry)| {
            let place = &entry.notice.position;
            let blind = self.doubts.standings.blind_near([place.east_m, place.north_m]);
            let worse = subject.track.is_some()
                && entry.notice.severity > Severity::Advisory
                && blind != entry.notice.grounds.blind
                && !blind.is_empty();
            worse.then_some((subject, blind))
        });
        for (subject, blind) in beside.collect::<Vec<_>>() {
            self.book.revise(now, subject, out, |notice| {
                notice.severity = notice.severity.max(ladder(notice.trust_groups, true));
                notice.grounds.blind = blind;
            });
        }
    }

    /// What integrity rules say of what stands now.
    pub(super) fn disbelieve(&mut self, now: Timestamp, paths: &impl Paths, out: &mut Vec<Notice>) {
        for index in 0..self.rules.len() {
            let RuleKind::Integrity { sensors } = &self.rules[index].kind else { continue };
            let named: Vec<SensorIndex> = self.sensors.named(sensors);
            let concerns = |sensor: SensorIndex| sensors.is_empty() || named.contains(&sensor);
            let in_force = self.terms.in_force(index, &self.rules[index], now);
            let found = if in_force { self.found_against(now, &concerns, paths) } else { Vec::new() };
            let open = self.book.all_open().filter(|(subject, _)| subject.rule == index);
            let over: Vec<Subject> = open
                .map(|(subject, _)| subject)
                .filter(|subject| !found.iter().any(|(track, _)| *track == subject.track))
                .collect();
            over.into_iter().for_each(|subject| self.book.clear(subject, out));
            for (track, finding) in found {
                let subject = Subject { track, rule: index };
                let standing = self.book.entry(subject).filter(|entry| entry.is_open());
                if let Some(entry) = standing {
                    let names = |list: &[Indicator]| {
                        list.iter().map(|i| (i.name, i.identity.clone())).collect::<Vec<_>>()
                    };
                    if names(&entry.notice.grounds.indicators) != names(&finding.grounds.indicators) {
                        self.book.revise(now, subject, out, |notice| {
                            notice.grounds.indicators = finding.grounds.indicators
                        });
                    }
                } else {
                    self.book.open(now, subject, finding, out);
                }
            }
        }
    }

    /// What stands, by track, in the order of tracks; what is about no track together.
    fn found_against(
        &self,
        now: Timestamp,
        concerns: &impl Fn(SensorIndex) -> bool,
        paths: &impl Paths,
    ) -> Vec<(Option<TrackId>, Finding)> {
        let mut found = Vec::new();
        let mut about_none: Vec<Indicator> = Vec::new();
        let mut place = None;
        let mut tracks: BTreeMap<_, Vec<Indicator>> = BTreeMap::new();
        for (about, indicators) in self.doubts.standing() {
            match about {
                About::Track(track) => tracks.entry(*track).or_default().extend(indicators.iter().cloned()),
                About::Sensor(sensor) if concerns(*sensor) => {
                    place = place.or(self.doubts.standings.place(*sensor).map(|at| (at, 1.0)));
                    about_none.extend(indicators.iter().cloned());
                }
                About::Sensor(_) => {}
                About::Sector => {
                    let identity = indicators.iter().find_map(|i| self.doubts.place(i.identity.as_deref()?));
                    place = self
                        .doubts
                        .interference()
                        .or(identity.map(|(at, c)| (at, c[0].max(c[2]).sqrt())))
                        .or(place);
                    about_none.extend(indicators.iter().cloned());
                }
            }
        }
        for track in self.doubts.all_alone(now) {
            tracks.entry(track).or_default().extend(self.doubts.alone(now, track));
        }
        for (id, indicators) in tracks {
            let Some(track) = paths.view(id, now) else { continue };
            if indicators.is_empty() || !track.sensors.iter().any(|(sensor, _)| concerns(*sensor)) {
                continue;
            }
            let support = self.sensors.support(ages(track.sensors, now));
            let since = indicators.iter().filter_map(|i| i.since).min().unwrap_or(now);
            let at = [track.estimate.mean[0], track.estimate.mean[1]];
            let severity = ladder(support.groups, false);
            let finding = Finding::about_sensors(severity, since, at, plan(&track.estimate.covariance));
            let grounds = Grounds { indicators, ..self.grounds(now, &track, &support, None, paths) };
            found.push((
                Some(id),
                Finding { tracks: vec![id], support, grounds: grounds.rounded(), ..finding },
            ));
        }
        if !about_none.is_empty() {
            let since = about_none.iter().filter_map(|i| i.since).min().unwrap_or(now);
            let (at, radius_m) = place.unwrap_or(([0.0; 2], 0.0));
            let variance = radius_m * radius_m / 4.0;
            let grounds = Grounds { indicators: about_none, ..Grounds::default() }.rounded();
            let finding = Finding::about_sensors(Severity::Warning, since, at, [variance, 0.0, variance]);
            found.push((None, Finding { grounds, ..finding }));
        }
        found
    }
}
