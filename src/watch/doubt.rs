//! What every statement is given to stand on: origin, class, who should have seen it, what was blind, what speaks against.
//!
//! In: what happens to tracks and sensors. Out: [`Grounds`] for a statement about a track. One place that asks the
//! tests of `integrity`, the sensors' `standing` and the tracks' `firsts`; it decides nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agreement::{Claim, claimed_party};
use super::area::normal_cdf;
use super::fields::Fields;
use super::firsts::{First, Firsts};
use super::grounds::{Grounds, Indicator, Named, Origin};
use super::integrity::{About, Integrity, Stale};
use super::line::{Point, Polyline};
use super::sensors::{Sensors, Support, ages};
use super::standing::{self, Standings};
use crate::fusion::track::UNKNOWN_CLASS;
use crate::fusion::{Paths, TrackId, TrackView};
use crate::geo::LocalFrame;
use crate::scan::{Class, Scan};
use crate::sensor::{SensorIndex, SensorKind, SensorModel};
use crate::time::Timestamp;

/// Classes less likely than this are left out.
const WORTH_SAYING: f64 = 1e-3;
/// What should have been seen on its way with so much certainty appeared inside.
const APPEARED: f64 = 0.01;
/// It came from within this distance, metres, or what it covers in ten seconds.
const FROM_M: f64 = 100.0;
const FROM_S: f64 = 10.0;
/// A sensor lost so long before a statement, seconds, or less, was lost just before it.
const JUST_BEFORE_S: f64 = 600.0;
/// P(side) from which on an origin is determined.
const DETERMINED: f64 = 0.95;
/// The word for a side that is not.
const NOT_DETERMINED: &str = "not determined";

/// Everything that is asked when something is said.
#[derive(Clone, Debug)]
pub(super) struct Doubts {
    frame: LocalFrame,
    kinds: Vec<SensorKind>,
    pub(super) standings: Standings,
    state: State,
}

/// What a snapshot holds of it, apart from the standings'.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    integrity: Integrity,
    firsts: Firsts,
    /// As of the latest second.
    #[serde(with = "as_json")]
    standing: BTreeMap<About, Vec<Indicator>>,
}

/// As JSON: what is absent in an indicator, postcard would not find again.
mod as_json {
    use super::{About, BTreeMap, Deserialize, Indicator};
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    type Standing = BTreeMap<About, Vec<Indicator>>;

    pub(super) fn serialize<S: Serializer>(standing: &Standing, to: S) -> Result<S::Ok, S::Error> {
        let list: Vec<_> = standing.iter().collect();
        to.serialize_str(&serde_json::to_string(&list).expect("plain texts and numbers"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Standing, D::Error> {
        let text = String::deserialize(from)?;
        let list: Vec<(About, Vec<Indicator>)> = serde_json::from_str(&text).map_err(D::Error::custom)?;
        Ok(list.into_iter().collect())
    }
}

/// A line with the parties on its left and right.
pub(super) struct Sides<'a> {
    pub line: &'a Polyline,
    pub parties: &'a [Arc<str>; 2],
    /// Which identities claim to be of which party.
    pub claims: &'a [Claim],
}

impl Doubts {
    pub(super) fn new(frame: &LocalFrame, models: &[SensorModel]) -> Self {
        Self {
            frame: frame.clone(),
            kinds: models.iter().map(|model| model.kind).collect(),
            standings: Standings::new(Fields::new(frame, models), models),
            state: State::default(),
        }
    }

    pub(super) fn state(&self) -> (&State, &standing::State) {
        (&self.state, self.standings.state())
    }

    pub(super) fn with(self, (state, standings): (State, standing::State)) -> Option<Self> {
        Some(Self { standings: self.standings.with(standings)?, state, ..self })
    }

    /// A scan is about to be fused.
    pub(super) fn reported(&mut self, scan: &Scan, paths: &impl Paths) {
        let kind = self.kinds.get(scan.sensor.index());
        if let Some(kind) = kind {
            self.state.integrity.reported(scan, *kind, &self.frame, paths);
        }
    }

    /// A frame was not new.
    pub(super) fn stale(&mut self, now: Timestamp, sensor: SensorIndex, stale: Stale) {
        self.state.integrity.stale(now, sensor, stale);
    }

    /// A live confirmed track, once a second.
    pub(super) fn see(
        &mut self,
        now: Timestamp,
        track: &TrackView<'_>,
        sensors: &Sensors,
        paths: &impl Paths,
    ) {
        let State { integrity, firsts, .. } = &mut self.state;
        let transponder =
            |index: SensorIndex| self.kinds.get(index.index()) == Some(&SensorKind::Transponder);
        integrity.moves(now, track);
        if track.identity.is_some() {
            let measured = track.sensors.iter().filter(|(index, _)| !transponder(*index));
            integrity.bears(now, track, measured.map(|(_, at)| *at).max());
        }
        let standings = &self.standings;
        let [.., v_east, v_north] = track.estimate.mean;
        let reach_m = FROM_M.max(FROM_S * (v_east * v_east + v_north * v_north).sqrt());
        firsts.see(track, |at| standings.unseen_before(now, track.born, at, reach_m, paths));
        // Who supports it is asked for in turn: there may be very many.
        if Firsts::is_turn(now, track) {
            let support = sensors.support(ages(track.sensors, now));
            let unreported = match support.groups {
                1 => standings.unreported(now, track, &support.sensors, paths),
                _ => 1.0,
            };
            firsts.supported(now, track.id, support.groups, unreported);
        }
    }

    /// A track's beginning, once, where what is watched was known by then.
    pub(super) fn ask_first(&mut self, now: Timestamp, track: TrackId) -> Option<First> {
        self.state.firsts.ask(now, track).filter(|first| self.standings.was_settled(first.time))
    }

    /// A second has passed.
    pub(super) fn tick(&mut self, now: Timestamp, paths: &impl Paths) {
        let State { integrity, firsts, standing } = &mut self.state;
        firsts.forget_old(now);
        integrity.tick(now, paths);
        let standings = &self.standings;
        *standing = integrity.standing(now, |index| standings.is_lost(index), |index| standings.name(index));
    }

    /// A track has ended.
    pub(super) fn forget(&mut self, now: Timestamp, track: TrackId) {
        self.state.integrity.renamed(track, None);
        self.state.firsts.forget(now, track);
    }

    /// A track goes on as another.
    pub(super) fn renamed(&mut self, track: TrackId, heir: TrackId) {
        self.state.integrity.renamed(track, Some(heir));
        self.state.firsts.follow(track, heir);
    }

    /// What stands against anything now.
    pub(super) fn standing(&self) -> &BTreeMap<About, Vec<Indicator>> {
        &self.state.standing
    }

    /// Middle and radius of the region where navigation is interfered with.
    pub(super) fn interference(&self) -> Option<(Point, f64)> {
        self.state.integrity.region().map(|region| (region.center, region.radius_m))
    }

    /// Where an identity reported itself last.
    pub(super) fn place(&self, identity: &str) -> Option<(Point, [f64; 3])> {
        self.state.integrity.place(identity)
    }

    /// That one group alone reports a track where others look, since when, and P(none of them would have).
    pub(super) fn alone(&self, now: Timestamp, track: TrackId) -> Option<Indicator> {
        let (since, value) = self.state.firsts.get(track)?.alone(now)?;
        Some(Indicator { name: Named::LoneSource, value, since: Some(since), identity: None, sensor: None })
    }

    /// Tracks that one group alone reports where others look.
    pub(super) fn all_alone(&self, now: Timestamp) -> impl Iterator<Item = TrackId> {
        self.state.firsts.all_alone(now)
    }

    /// What a statement about a track stands on.
    pub(super) fn grounds(
        &self,
        now: Timestamp,
        track: &TrackView<'_>,
        support: &Support,
        sides: Option<&Sides<'_>>,
        paths: &impl Paths,
    ) -> Grounds {
        let here = [track.estimate.mean[0], track.estimate.mean[1]];
        let blind = self.standings.blind_near(here);
        let mut indicators = self.against(track, support);
        indicators.extend(self.alone(now, track.id));
        if let Some(first) = self.state.firsts.get(track.id).filter(|first| first.unseen <= APPEARED) {
            let (value, since) = (first.unseen, Some(first.time));
            indicators.push(Indicator {
                name: Named::AppearedInside,
                value,
                since,
                identity: None,
                sensor: None,
            });
        }
        let origin = self.origin(track.id, sides);
        indicators.extend(claimed_side(track, sides, origin.as_ref()));
        for lost in &blind {
            let value = now.since(lost.since).as_secs_f64();
            if value <= JUST_BEFORE_S {
                let (since, sensor) = (Some(lost.since), Some(lost.sensor.clone()));
                indicators.push(Indicator {
                    name: Named::SensorLostBefore,
                    value,
                    since,
                    identity: None,
                    sensor,
                });
            }
        }
        Grounds {
            origin,
            class: class(track),
            should_have_seen: self.standings.should_have_seen(now, track, &support.sensors, paths),
            blind,
            indicators,
            ..Grounds::default()
        }
        .rounded()
    }

    /// What stands against a track, and against the sensors that support it.
    fn against(&self, track: &TrackView<'_>, support: &Support) -> Vec<Indicator> {
        let standing = &self.state.standing;
        let mut found = standing.get(&About::Track(track.id)).cloned().unwrap_or_default();
        // The reports of its identity may be on no track: they speak against this one all the same.
        let bodiless = standing.get(&About::Sector).into_iter().flatten();
        found.extend(
            bodiless.filter(|i| i.identity.is_some() && i.identity.as_deref() == track.identity).cloned(),
        );
        for (about, indicators) in standing {
            if let About::Sensor(index) = about
                && support.sensors.contains(&self.standings.name(*index))
            {
                found.extend(indicators.iter().cloned());
            }
        }
        found
    }

    fn origin(&self, track: TrackId, sides: Option<&Sides<'_>>) -> Option<Origin> {
        let first = self.state.firsts.get(track)?;
        let place = self.frame.plane_to_geodetic(first.at[0], first.at[1], 0.0);
        let nearest = sides.and_then(|sides| sides.line.nearest(first.at, f64::MAX)).filter(|n| n.beside);
        let probability = nearest.map(|nearest| {
            let [u, v] = nearest.normal;
            let [ee, en, nn] = first.covariance;
            let variance = (u * u * ee + 2.0 * u * v * en + v * v * nn).max(1.0);
            let left = normal_cdf(nearest.signed_m / variance.sqrt());
            [left, 1.0 - left]
        });
        let side = sides.map(|sides| {
            let sure = probability.and_then(|p| p.iter().position(|p| *p >= DETERMINED));
            sure.map_or(NOT_DETERMINED, |side| &*sides.parties[side]).to_owned()
        });
        Some(Origin { first_seen: first.time, lat: place.lat_deg(), lon: place.lon_deg(), side, probability })
    }

    /// Tracks and identities that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.state.integrity.refused() + self.state.firsts.refused
    }
}

/// That a track claims to be of one side of a line and was first seen on the other's.
fn claimed_side(
    track: &TrackView<'_>,
    sides: Option<&Sides<'_>>,
    origin: Option<&Origin>,
) -> Option<Indicator> {
    let (sides, origin) = sides.zip(origin)?;
    let party = claimed_party(sides.claims, track.identity?)?;
    let claimed = sides.parties.iter().position(|one| one == party)?;
    let value = origin.probability?[1 - claimed];
    (value >= DETERMINED).then(|| Indicator {
        name: Named::ClaimedSideDiffers,
        value,
        since: Some(origin.first_seen),
        identity: track.identity.map(str::to_owned),
        sensor: None,
    })
}

/// Probability of each class, where anything is known.
pub(super) fn class(track: &TrackView<'_>) -> BTreeMap<String, f64> {
    if track.class == UNKNOWN_CLASS {
        return BTreeMap::new();
    }
    let known = Class::ALL.iter().zip(track.class).filter(|(_, p)| *p >= WORTH_SAYING);
    known.map(|(class, p)| (class.as_str().to_owned(), p)).collect()
}
