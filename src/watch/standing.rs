//! Which sensors see what they should, since when they do not, and what follows for a statement made meanwhile.
//!
//! In: once a second, how much of its view each sensor has, and why not all of it. Out: what is blind near a place; which
//! sensors should have seen something and did not; how likely it is that none of them would have. Knows no rule.
//!
//! P(a sensor reports something at least once in a time T) = 1 − (1 − p)ⁿ with p for one round of its looks and n =
//! T / max(period, [`DWELL_S`]): misses follow each other, and looks within the dwell of one visibility are one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::grounds::{Blinded, Cause, Missed};
use super::line::Point;
use crate::fusion::{Paths, TrackView};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;

/// Something that is visible stays so for about this long, seconds.
const DWELL_S: f64 = 5.0;
/// Over this time before a statement, seconds, sensors are asked what they should have seen.
const ASKED_S: f64 = 30.0;
/// P(reported) from which on a sensor should have seen it.
const SHOULD: f64 = 0.9;
/// P(one look would report it) from which on a sensor is beside a place.
const BESIDE: f64 = 0.5;
/// Less of a sensor's view than this and it is lost.
const LOST_BELOW: f64 = 0.5;

/// How one sensor stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Of what it should see, the share that it does, in [0, 1].
    pub share: f64,
    /// Why not all of it.
    pub cause: Option<Cause>,
}

/// All sensors' standing.
#[derive(Clone, Debug)]
pub(super) struct Standings {
    fields: Fields,
    names: Vec<String>,
    periods_s: Vec<f64>,
    state: State,
}

/// What a snapshot holds: all but the sensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    shares: Vec<f64>,
    /// Sensors that work and miss what others hold.
    seldom: BTreeSet<SensorIndex>,
    lost: BTreeMap<SensorIndex, (Cause, Timestamp)>,
    /// Since when it is known what is watched.
    settled: Option<Timestamp>,
}

impl Standings {
    pub(super) fn new(fields: Fields, models: &[SensorModel]) -> Self {
        Self {
            fields,
            names: models.iter().map(|model| model.id.to_string()).collect(),
            periods_s: models.iter().map(|model| model.period_s).collect(),
            state: State::default(),
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn with(self, state: State) -> Option<Self> {
        let fits = state.shares.len() <= self.names.len();
        fits.then_some(Self { state, ..self })
    }

    /// A second has passed; `standings` in configuration order, nothing while that is not known.
    pub(super) fn note(&mut self, now: Timestamp, standings: Option<&[Standing]>) {
        let Some(standings) = standings else {
            self.state = State::default();
            return;
        };
        self.state.settled = self.state.settled.or(Some(now));
        self.state.shares = standings.iter().map(|standing| standing.share.clamp(0.0, 1.0)).collect();
        let indexed = || (0_u16..).map(SensorIndex).zip(standings);
        let seldom = indexed().filter(|(_, standing)| standing.cause == Some(Cause::SeldomDetects));
        self.state.seldom = seldom.map(|(index, _)| index).collect();
        for (index, standing) in indexed() {
            if standing.share >= LOST_BELOW {
                self.state.lost.remove(&index);
            } else {
                let cause = standing.cause.unwrap_or(Cause::NotDetermined);
                let since = self.state.lost.get(&index).map_or(now, |(_, since)| *since);
                self.state.lost.insert(index, (cause, since));
            }
        }
    }

    /// Whether it had long been known what is watched when something happened.
    pub(super) fn was_settled(&self, at: Timestamp) -> bool {
        self.state.settled.is_some_and(|since| at.since(since).as_secs_f64() >= ASKED_S)
    }

    /// Whether any sensor was lost just now.
    pub(super) fn is_any_lost_since(&self, now: Timestamp) -> bool {
        self.state.lost.values().any(|(_, since)| *since == now)
    }

    /// Why a sensor that is not lost may see less than it should.
    pub(super) fn why_not(&self, sensor: SensorIndex) -> Cause {
        if self.state.seldom.contains(&sensor) { Cause::SeldomDetects } else { Cause::NotDetermined }
    }

    /// Whether a sensor is lost now.
    pub(super) fn is_lost(&self, sensor: SensorIndex) -> bool {
        self.state.lost.contains_key(&sensor)
    }

    /// Sensors that are lost and that would see a place; the latest loss last in time is told by `since`.
    pub(super) fn blind_near(&self, place: Point) -> Vec<Blinded> {
        let lost =
            self.state.lost.iter().filter(|(index, _)| self.fields.would_see(**index, place) >= BESIDE);
        lost.map(|(index, (cause, since))| self.blinded(*index, *cause, *since)).collect()
    }

    /// Sensors that are lost and of these trust groups' members.
    pub(super) fn blind_among(&self, is_one: impl Fn(SensorIndex) -> bool) -> Vec<Blinded> {
        let lost = self.state.lost.iter().filter(|(index, _)| is_one(**index));
        lost.map(|(index, (cause, since))| self.blinded(*index, *cause, *since)).collect()
    }

    fn blinded(&self, index: SensorIndex, cause: Cause, since: Timestamp) -> Blinded {
        Blinded { sensor: self.name(index), cause, since }
    }

    /// A sensor's name.
    pub(super) fn name(&self, index: SensorIndex) -> String {
        self.names.get(index.index()).cloned().unwrap_or_default()
    }

    /// P(one round of a sensor's looks reports something at a place), as it is now.
    fn sees(&self, index: SensorIndex, place: Point, now: Timestamp, paths: &impl Paths) -> f64 {
        let share = self.state.shares.get(index.index()).copied().unwrap_or(0.0);
        if share > 0.0 { (share * paths.sees(index, place, now)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Per sensor, P(it would have reported a track in the time before now), where that is not nothing.
    fn chances<'a>(
        &'a self,
        now: Timestamp,
        track: &'a TrackView<'_>,
        paths: &'a impl Paths,
    ) -> impl Iterator<Item = (SensorIndex, f64)> + 'a {
        let asked_s = now.since(track.born).as_secs_f64().clamp(0.0, ASKED_S);
        let [east, north, v_east, v_north] = track.estimate.mean;
        // Now, and where it was before, going straight.
        let places =
            [0.0, 0.5, 1.0].map(|part| [east - part * asked_s * v_east, north - part * asked_s * v_north]);
        (0_u16..).map(SensorIndex).zip(&self.periods_s).filter_map(move |(index, period_s)| {
            let p = places.iter().map(|place| self.sees(index, *place, now, paths)).fold(1.0, f64::min);
            let looks = asked_s / period_s.max(DWELL_S);
            (p > 0.0).then(|| (index, 1.0 - libm::pow(1.0 - p, looks)))
        })
    }

    /// Sensors that should have seen a track and are not among those that support it.
    pub(super) fn should_have_seen(
        &self,
        now: Timestamp,
        track: &TrackView<'_>,
        support: &[String],
        paths: &impl Paths,
    ) -> Vec<Missed> {
        let silent = self.chances(now, track, paths).filter(|(_, probability)| *probability >= SHOULD);
        silent
            .map(|(index, probability)| Missed { sensor: self.name(index), probability })
            .filter(|missed| !support.contains(&missed.sensor))
            .collect()
    }

    /// P(no sensor outside `support` would have reported a track in the time before), were it there.
    pub(super) fn unreported(
        &self,
        now: Timestamp,
        track: &TrackView<'_>,
        support: &[String],
        paths: &impl Paths,
    ) -> f64 {
        let others =
            self.chances(now, track, paths).filter(|(index, _)| !support.contains(&self.name(*index)));
        others.map(|(_, probability)| 1.0 - probability).product()
    }

    /// P(what came to a place from `reach_m` around it would not have been seen for ten seconds); one where that is not
    /// known, or was not yet known when it came.
    pub(super) fn unseen_before(
        &self,
        now: Timestamp,
        born: Timestamp,
        place: Point,
        reach_m: f64,
        paths: &impl Paths,
    ) -> f64 {
        if !self.was_settled(born) {
            return 1.0;
        }
        let around = [[0.0, 0.0], [reach_m, 0.0], [-reach_m, 0.0], [0.0, reach_m], [0.0, -reach_m]];
        let places = around.map(|off| [place[0] + off[0], place[1] + off[1]]);
        let unseen = |(index, period_s): (SensorIndex, &f64)| {
            let p = places.iter().map(|place| self.sees(index, *place, now, paths)).fold(1.0, f64::min);
            libm::pow(1.0 - p, 2.0 * DWELL_S / period_s.max(DWELL_S))
        };
        (0_u16..).map(SensorIndex).zip(&self.periods_s).map(unseen).product()
    }

    /// Where a fixed sensor stands.
    pub(super) fn place(&self, sensor: SensorIndex) -> Option<Point> {
        self.fields.place(sensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::{Smoothed, TrackId};
    use crate::watch::testing;

    /// Every sensor sees everything with the probability of its index.
    struct Sees([f64; 3]);

    impl Paths for Sees {
        fn smoothed(&self, _: TrackId, _: Timestamp, _: Timestamp) -> Option<Smoothed> {
            None
        }

        fn sees(&self, sensor: SensorIndex, _: [f64; 2], _: Timestamp) -> f64 {
            self.0[sensor.index()]
        }
    }

    fn standings(shares: [f64; 3], at_s: i64) -> Standings {
        let models = ["a", "b", "c"].map(|name| testing::sensor(name, name, 10.0));
        let mut standings = Standings::new(Fields::new(&testing::frame(), &models), &models);
        note(&mut standings, shares, at_s);
        standings
    }

    fn note(standings: &mut Standings, shares: [f64; 3], at_s: i64) {
        let all = shares.map(|share| Standing { share, cause: (share < 1.0).then_some(Cause::Silent) });
        standings.note(Timestamp::from_secs(at_s), Some(&all));
    }

    #[test]
    fn a_loss_has_one_beginning_and_ends() {
        let mut standings = standings([1.0, 1.0, 0.0], 10);
        note(&mut standings, [1.0, 0.2, 0.0], 20);
        let lost = |standings: &Standings| {
            let near = standings.blind_near([0.0, 0.0]);
            near.into_iter().map(|b| (b.sensor, b.since)).collect::<Vec<_>>()
        };
        let at = Timestamp::from_secs;
        assert_eq!(lost(&standings), [("b".to_owned(), at(20)), ("c".to_owned(), at(10))]);
        assert_eq!(standings.blind_near([0.0, 20_000.0]), [], "out of their reach");
        note(&mut standings, [1.0, 0.2, 0.9], 30);
        assert_eq!(lost(&standings), [("b".to_owned(), at(20))]);
    }

    #[test]
    fn who_looks_there_and_works_should_have_seen_it() {
        let now = Timestamp::from_secs(1000);
        let track = testing::view(1, 1000.0, [0.0, 0.0, 1.0, 0.0], 4.0, &[]);
        let standings = standings([1.0, 1.0, 0.0], 10);
        let sees = Sees([0.9, 0.9, 0.9]);
        let missed = standings.should_have_seen(now, &track, &["a".to_owned()], &sees);
        assert_eq!(missed.iter().map(|m| &*m.sensor).collect::<Vec<_>>(), ["b"], "c does not work");
        // Thirty seconds are six dwells of five.
        let unreported = standings.unreported(now, &track, &["a".to_owned()], &sees);
        assert!((unreported - libm::pow(0.1, 6.0)).abs() < 1e-12, "{unreported}");
        let seldom = Sees([0.9, 0.2, 0.9]);
        assert_eq!(standings.should_have_seen(now, &track, &["a".to_owned()], &seldom), []);
    }

    #[test]
    fn what_came_before_anybody_looked_did_not_appear() {
        let standings = standings([1.0, 0.0, 0.0], 100);
        let unseen = |born_s: i64| {
            let born = Timestamp::from_secs(born_s);
            standings.unseen_before(born, born, [0.0, 0.0], 100.0, &Sees([0.9; 3]))
        };
        assert!((unseen(120) - 1.0).abs() < 1e-12);
        assert!((unseen(200) - 0.01).abs() < 1e-12);
    }
}
