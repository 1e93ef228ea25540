//! What moves as nothing can: tracks that other systems report, and tracks that are measured here.
//!
//! In: another system's reports of its tracks, in the order they come, and once a second our own. Out: how quick a thing
//! would have to be. Self-reports are `claims`'s. A measured detection cannot jump within a track: what lies outside the
//! association gate begins another, which then *appeared inside*. Other systems use a track's number again for another
//! thing: one leap is a new thing, two are none. Knows no identity.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::area::Covariance;
use super::super::line::Point;
use super::claims::{FASTEST_MPS, LEAP_SIGMAS};
use crate::fusion::{TrackId, TrackView, most_speed_mps};
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// Reports are compared over no longer than this.
const COMPARED: Span = Span::from_secs(60);
/// Leaps of one number within `TOLD` that make it no new thing.
const LEAPS: u32 = 2;
/// A leap is told for this long.
const TOLD: Span = Span::from_secs(600);
/// A measured track has been too quick for so long before that is told, …
const HELD: Span = Span::from_secs(10);
/// … by so many sigmas of its speed.
const SIGMAS: f64 = 3.0;
/// Other systems' tracks remembered.
const CAPACITY: usize = 20_000;

/// Everything that is remembered of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kinematics {
    reported: BTreeMap<(SensorIndex, Arc<str>), Reported>,
    /// Since when each of our tracks has been too quick, and how quick it is.
    measured: BTreeMap<TrackId, (Timestamp, f64)>,
    pub refused: u64,
}

/// One track of another system.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reported {
    time: Timestamp,
    at: Point,
    covariance: Covariance,
    leaps: u32,
    /// The latest leap, and the quickest of them.
    latest: Option<(Timestamp, f64)>,
}

impl Kinematics {
    /// Another system reports one of its tracks.
    pub(super) fn reported(
        &mut self,
        sensor: SensorIndex,
        name: &Arc<str>,
        time: Timestamp,
        at: Point,
        covariance: Covariance,
    ) {
        let key = (sensor, Arc::clone(name));
        let Some(known) = self.reported.get_mut(&key) else {
            if self.reported.len() >= CAPACITY {
                self.refused += 1;
            } else {
                let fresh = Reported { time, at, covariance, leaps: 0, latest: None };
                self.reported.insert(key, fresh);
            }
            return;
        };
        let since = time.since(known.time);
        if since <= Span::ZERO {
            return;
        }
        let off = [at[0] - known.at[0], at[1] - known.at[1]];
        let variance = [known.covariance, covariance].iter().map(|c| c[0] + c[2]).sum::<f64>();
        let least_m = (off[0] * off[0] + off[1] * off[1]).sqrt() - LEAP_SIGMAS * variance.sqrt();
        let speed_mps = least_m.max(0.0) / since.as_secs_f64().max(1.0);
        if since <= COMPARED && speed_mps > FASTEST_MPS {
            let quickest = known.latest.map_or(speed_mps, |(_, before)| speed_mps.max(before));
            (known.leaps, known.latest) = (known.leaps.saturating_add(1), Some((time, quickest)));
        }
        (known.time, known.at, known.covariance) = (time, at, covariance);
    }

    /// One of our own tracks, once a second: against the quickest of the classes it may be of.
    pub(super) fn moves(&mut self, now: Timestamp, track: &TrackView<'_>) {
        let [.., east, north] = track.estimate.mean;
        let p = &track.estimate.covariance;
        let sigma_mps = (p[2][2] + p[3][3]).max(0.0).sqrt();
        let least_mps = (east * east + north * north).sqrt() - SIGMAS * sigma_mps;
        if least_mps > most_speed_mps(&track.class) {
            let (_, quickest) = self.measured.entry(track.id).or_insert((now, least_mps));
            *quickest = quickest.max(least_mps);
        } else {
            self.measured.remove(&track.id);
        }
    }

    /// A track is gone, or is another one.
    pub(super) fn renamed(&mut self, track: TrackId, heir: Option<TrackId>) {
        if let (Some(known), Some(heir)) = (self.measured.remove(&track), heir) {
            self.measured.entry(heir).or_insert(known);
        }
    }

    /// A second has passed.
    pub(super) fn tick(&mut self, now: Timestamp) {
        for known in self.reported.values_mut() {
            if known.latest.is_some_and(|(at, _)| now.since(at) > TOLD) {
                (known.leaps, known.latest) = (0, None);
            }
        }
        self.reported.retain(|_, known| now.since(known.time) <= COMPARED || known.latest.is_some());
    }

    /// Other systems' tracks that leap: whose, by what name, how quick they would have to be, and when.
    pub(super) fn leaping(&self) -> impl Iterator<Item = (SensorIndex, &Arc<str>, f64, Timestamp)> {
        let leaping = self.reported.iter().filter(|(_, known)| known.leaps >= LEAPS);
        leaping.filter_map(|((sensor, name), known)| {
            let (at, speed_mps) = known.latest?;
            Some((*sensor, name, speed_mps, at))
        })
    }

    /// Our own tracks that are too quick for what they are: how quick at least, and since when.
    pub(super) fn too_quick(&self, now: Timestamp) -> impl Iterator<Item = (TrackId, f64, Timestamp)> {
        let held = self.measured.iter().filter(move |(_, (since, _))| now.since(*since) >= HELD);
        held.map(|(track, (since, speed_mps))| (*track, *speed_mps, *since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Class;
    use crate::watch::testing;

    /// Reports every two seconds of a track that is at these places east, kilometres.
    fn leaping(places_km: &[f64]) -> Vec<f64> {
        let mut kinematics = Kinematics::default();
        let name = Arc::from("S-118");
        for (n, km) in (0..).zip(places_km) {
            let time = Timestamp::from_secs(2 * n);
            kinematics.reported(SensorIndex(3), &name, time, [km * 1e3, 0.0], [100.0, 0.0, 100.0]);
            kinematics.tick(time);
        }
        kinematics.leaping().map(|(_, _, speed_mps, _)| speed_mps).collect()
    }

    #[test]
    fn a_number_used_again_leaps_once_and_a_lie_twice() {
        assert_eq!(leaping(&[0.0, 0.5, 1.0, 1.5]), [0.0; 0], "250 m/s are an aeroplane");
        assert_eq!(leaping(&[0.0, 9.0, 9.1, 9.2]), [0.0; 0], "its number has gone to another");
        let found = leaping(&[0.0, 9.0, 0.0]);
        assert!(found.len() == 1 && (4_400.0..4_500.0).contains(&found[0]), "{found:?}");
    }

    #[test]
    fn a_measured_track_is_held_against_what_it_may_be() {
        let person = Class::ALL.map(|class| if class == Class::Person { 0.97 } else { 0.03 / 7.0 });
        let quick = |class, v_east: f64, seconds: i64| {
            let mut kinematics = Kinematics::default();
            for second in 0..=seconds {
                let now = Timestamp::from_secs(second);
                let view = testing::view(7, second as f64, [0.0, 0.0, v_east, 0.0], 5.0, &[]);
                kinematics.moves(now, &TrackView { class, ..view });
            }
            kinematics.too_quick(Timestamp::from_secs(seconds)).next()
        };
        let unknown = crate::fusion::track::UNKNOWN_CLASS;
        assert_eq!(quick(person, 15.0, 60), None, "its speed is known to 1.4 m/s");
        assert_eq!(quick(person, 25.0, 9), None, "not for long");
        let (track, speed_mps, since) = quick(person, 25.0, 10).expect("nobody runs 20 m/s");
        assert_eq!((track, since), (TrackId(7), Timestamp::from_secs(0)));
        assert!((speed_mps - (25.0 - 3.0 * 2.0_f64.sqrt())).abs() < 1e-9);
        assert_eq!(quick(unknown, 300.0, 60), None);
        assert!(quick(unknown, 500.0, 60).is_some());
    }
}
