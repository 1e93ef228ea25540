//! What watch makes of the sensors behind a track: how wrong they may all be together, and how independent they are.
//!
//! A tracker that takes errors for independent from look to look averages them away; the part of an error that stays
//! (a bent mast, a wrong north, a drifting receiver) remains, and nothing in the track's covariance tells of it. So each
//! sensor is allowed a lasting bias of its `bias_sigmas` over Φ⁻¹(0.95) times its own one-sigma error at the track's place:
//!
//! | configured | error along the line of sight | across it |
//! | --- | --- | --- |
//! | `range_sigma_m`, `azimuth_sigma_deg`, a fixed place | `range_sigma_m` | range × `azimuth_sigma` |
//! | only one of the two | that one; the kind's default for the other | |
//! | `position_sigma_m`, or a mobile sensor | the same in all directions | |
//! | nothing | the kind's default in all directions | |
//!
//! Defaults by kind: radar 15 m, camera 10 m, lidar 2 m, satellite 60 m, transponder 10 m.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::area::Covariance;
use super::line::Point;
use crate::fusion::TrackView;
use crate::geo::LocalFrame;
use crate::sensor::{SensorIndex, SensorKind, SensorModel};
use crate::time::{Span, Timestamp};

/// Φ⁻¹(0.95): with a one-sigma allowance of `bias_sigmas` / this, P(beyond) ≥ 0.95 needs `bias_sigmas`.
const Q95: f64 = 1.644_853_626_951_472;
/// What is allowed for where no sensor says: three sigma.
const BIAS_RATIO: f64 = crate::sensor::BIAS_SIGMAS / Q95;
/// A contribution older than this, and than two of the sensor's periods, no longer shapes an estimate.
const SHAPES: Span = Span::from_secs(5);
/// A contribution older than this, and than two of the sensor's periods, no longer supports what is said.
const SUPPORTS: Span = Span::from_secs(30);
/// No sensor is taken to be better than this, metres.
const LEAST_SIGMA_M: f64 = 0.5;

/// The sensors of one sector.
#[derive(Clone, Debug)]
pub(super) struct Sensors {
    list: Vec<Sensor>,
}

#[derive(Clone, Debug)]
struct Sensor {
    name: Arc<str>,
    group: Arc<str>,
    errors: Errors,
    looks_per_s: f64,
    /// Lasting error over one-sigma error, squared.
    bias_ratio2: f64,
    two_periods: Span,
}

#[derive(Clone, Copy, Debug)]
enum Errors {
    Polar { at: Point, range_m: f64, azimuth_rad: f64, least_across_m: f64 },
    Round { sigma_m: f64 },
}

/// Who stands behind a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Support {
    /// Sensors by name, ascending.
    pub sensors: Vec<String>,
    /// How many trust groups they make.
    pub groups: u32,
}

impl Sensors {
    /// From the configured models, in their order.
    pub(super) fn new(frame: &LocalFrame, models: &[SensorModel]) -> Self {
        let list = models
            .iter()
            .map(|model| Sensor {
                name: model.id.as_str().into(),
                group: model.trust_group.clone(),
                errors: errors(frame, model),
                bias_ratio2: (model.bias_sigmas / Q95) * (model.bias_sigmas / Q95),
                looks_per_s: 1.0 / model.period_s.clamp(0.05, 3600.0),
                two_periods: Span::from_secs_f64(2.0 * model.period_s.clamp(0.0, 3600.0)),
            })
            .collect();
        Self { list }
    }

    fn get(&self, index: SensorIndex) -> Option<&Sensor> {
        self.list.get(index.index())
    }

    /// A sensor's trust group.
    pub(super) fn group(&self, index: SensorIndex) -> Option<&Arc<str>> {
        self.get(index).map(|sensor| &sensor.group)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = SensorIndex> + use<> {
        (0_u16..).map(SensorIndex).take(self.list.len())
    }

    /// The sensors of these names.
    pub(super) fn named(&self, names: &[Arc<str>]) -> Vec<SensorIndex> {
        let all = (0_u16..).map(SensorIndex).zip(&self.list);
        all.filter(|(_, sensor)| names.contains(&sensor.name)).map(|(index, _)| index).collect()
    }

    /// Covariance of the lasting error of a track's position, given who fed it lately.
    ///
    /// An estimate fused from measurements with information J = Σ nᵢ Rᵢ⁻¹ inherits the biases as J⁻¹ Σ nᵢ Rᵢ⁻¹ bᵢ; with
    /// independent bᵢ of covariance ratioᵢ² Rᵢ that is J⁻¹ (Σ nᵢ² ratioᵢ² Rᵢ⁻¹) J⁻¹, n being looks per second.
    pub(super) fn bias(&self, track: &TrackView<'_>) -> Covariance {
        let at = [track.estimate.mean[0], track.estimate.mean[1]];
        let (mut j, mut m) = ([0.0; 3], [0.0; 3]);
        for &(index, last) in track.sensors {
            let Some(sensor) = self.get(index) else { continue };
            if track.updated.since(last) > SHAPES.max(sensor.two_periods) {
                continue;
            }
            let information = sensor.errors.information(at);
            let n = sensor.looks_per_s;
            for axis in 0..3 {
                j[axis] += n * information[axis];
                m[axis] += n * n * sensor.bias_ratio2 * information[axis];
            }
        }
        let determinant = j[0] * j[2] - j[1] * j[1];
        if determinant.is_nan() || determinant <= 0.0 {
            let variance = BIAS_RATIO * BIAS_RATIO * 100.0;
            return [variance, 0.0, variance];
        }
        let inverse = [j[2] / determinant, -j[1] / determinant, j[0] / determinant];
        sandwich(inverse, m)
    }

    /// The sensors that fed a track lately, and how many trust groups they make.
    pub(super) fn support(&self, contributions: impl Iterator<Item = (SensorIndex, Span)>) -> Support {
        let mut names = BTreeSet::new();
        let mut groups = BTreeSet::new();
        for (index, age) in contributions {
            let Some(sensor) = self.get(index) else { continue };
            if age <= SUPPORTS.max(sensor.two_periods) {
                names.insert(&sensor.name);
                groups.insert(&sensor.group);
            }
        }
        let groups = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        Support { sensors: names.into_iter().map(|name| name.to_string()).collect(), groups }
    }
}

/// A track's contributions with their ages, for [`Sensors::support`].
pub(super) fn ages<'a>(
    contributions: &'a [(SensorIndex, Timestamp)],
    at: Timestamp,
) -> impl Iterator<Item = (SensorIndex, Span)> + 'a {
    contributions.iter().map(move |&(index, last)| (index, at.since(last)))
}

fn errors(frame: &LocalFrame, model: &SensorModel) -> Errors {
    let usual_m = match model.kind {
        SensorKind::Radar => 15.0,
        SensorKind::Camera | SensorKind::Transponder => 10.0,
        SensorKind::Lidar => 2.0,
        SensorKind::Satellite => 60.0,
    };
    let fallback_m = model.position_sigma_m.unwrap_or(usual_m).max(LEAST_SIGMA_M);
    let fixed = model.position.filter(|_| !model.mobile);
    match (fixed, model.range_sigma_m, model.azimuth_sigma_rad) {
        (Some(position), range_m, azimuth_rad) if range_m.is_some() || azimuth_rad.is_some() => {
            let at = frame.to_enu(position);
            Errors::Polar {
                at: [at.east_m, at.north_m],
                range_m: range_m.unwrap_or(fallback_m).max(LEAST_SIGMA_M),
                azimuth_rad: azimuth_rad.unwrap_or(0.0),
                least_across_m: if azimuth_rad.is_some() { LEAST_SIGMA_M } else { fallback_m },
            }
        }
        (_, range_m, _) => {
            Errors::Round { sigma_m: model.position_sigma_m.or(range_m).unwrap_or(fallback_m) }
        }
    }
}

impl Errors {
    /// R⁻¹ at a place.
    fn information(self, at: Point) -> Covariance {
        match self {
            Self::Round { sigma_m } => {
                let information = 1.0 / (sigma_m.max(LEAST_SIGMA_M) * sigma_m.max(LEAST_SIGMA_M));
                [information, 0.0, information]
            }
            Self::Polar { at: from, range_m, azimuth_rad, least_across_m } => {
                let (east, north) = (at[0] - from[0], at[1] - from[1]);
                let distance_m = (east * east + north * north).sqrt().max(1.0);
                let (u, v) = (east / distance_m, north / distance_m);
                let across_m = (distance_m * azimuth_rad).max(least_across_m);
                let (along, across) = (1.0 / (range_m * range_m), 1.0 / (across_m * across_m));
                [u * u * along + v * v * across, u * v * (along - across), v * v * along + u * u * across]
            }
        }
    }
}

/// A M A for symmetric A and M.
fn sandwich(a: Covariance, m: Covariance) -> Covariance {
    let p = [a[0] * m[0] + a[1] * m[1], a[0] * m[1] + a[1] * m[2]];
    let q = [a[1] * m[0] + a[2] * m[1], a[1] * m[1] + a[2] * m[2]];
    [p[0] * a[0] + p[1] * a[1], p[0] * a[1] + p[1] * a[2], q[0] * a[1] + q[1] * a[2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing;

    fn bias(models: &[SensorModel], feeders: &[u16]) -> Covariance {
        let sensors = Sensors::new(&testing::frame(), models);
        let contributions = testing::fed_by(feeders, Timestamp::from_secs(100));
        let track = testing::view(1, 100.0, [0.0, 0.0, 1.0, 0.0], 4.0, &contributions);
        sensors.bias(&track)
    }

    #[test]
    fn one_sensor_of_ten_metres_needs_thirty() {
        let found = bias(&[testing::sensor("a", "a", 10.0)], &[0]);
        assert!((1.644_853_626_951_472 * found[0].sqrt() - 30.0).abs() < 1e-9, "{found:?}");
        assert!((found[0] - found[2]).abs() < 1e-9 && found[1].abs() < 1e-9);
    }

    #[test]
    fn a_sensor_may_be_given_another_allowance() {
        let mut trusted = testing::sensor("a", "a", 10.0);
        trusted.bias_sigmas = 1.0;
        let found = bias(&[trusted], &[0]);
        assert!((Q95 * found[0].sqrt() - 10.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn two_sensors_err_less_together_than_one() {
        let models = [testing::sensor("a", "a", 10.0), testing::sensor("b", "b", 10.0)];
        let (one, two) = (bias(&models, &[0]), bias(&models, &[0, 1]));
        assert!((two[0] - one[0] / 2.0).abs() < 1e-9, "{one:?} {two:?}");
    }

    #[test]
    fn a_radar_errs_with_its_range() {
        let mut radar = testing::sensor("r", "r", 10.0);
        radar.position = Some(testing::geodetic(0.0, -5000.0));
        (radar.range_sigma_m, radar.azimuth_sigma_rad) = (Some(15.0), Some(0.005));
        let found = bias(&[radar], &[0]);
        assert!((found[2].sqrt() - BIAS_RATIO * 15.0).abs() < 0.01, "{found:?}");
        assert!((found[0].sqrt() - BIAS_RATIO * 25.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn support_counts_groups_not_sensors_and_forgets() {
        let models = [
            testing::sensor("b", "mast", 10.0),
            testing::sensor("a", "mast", 10.0),
            testing::sensor("c", "c", 9.0),
        ];
        let sensors = Sensors::new(&testing::frame(), &models);
        let now = Timestamp::from_secs(1000);
        let fed = [(SensorIndex(0), now), (SensorIndex(1), now), (SensorIndex(2), Timestamp::from_secs(969))];
        let support = sensors.support(ages(&fed, now));
        assert_eq!(support, Support { sensors: vec!["a".to_owned(), "b".to_owned()], groups: 1 });
        assert_eq!(sensors.support(ages(&fed, Timestamp::from_secs(990))).groups, 2);
    }
}
