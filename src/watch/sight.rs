//! How much of each zone is watched now, and by how many independent groups of sensors.
//!
//! In: once a second, how likely each sensor would report a target at a place. Out: per zone the share that is watched, by
//! one trust group and by two, and by which. A zone is sampled on a lattice of points; a point is watched by a group
//! if one round of its looks reports a target there with a probability of at least [`WATCHED`]. Zones take turns where
//! there are too many sensors to ask for all of them in one second. Knows no track; where a sensor looks and what it
//! misses is the tracker's to say.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::area::Area;
use super::line::Point;
use crate::sensor::{SensorIndex, SensorModel};

/// P(reported in one round of looks) that makes a place watched.
const WATCHED: f64 = 0.5;
/// Points of one zone, about.
const POINTS: u32 = 200;
/// Questions asked in one second, at most: a zone's points times the sensors.
const MOST_QUESTIONS: usize = 50_000;

/// What is watched of one zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// Share that no group watches, in [0, 1].
    pub blind: f64,
    /// Share that at least two groups watch.
    pub corroborated: f64,
    /// Groups that watch a place of the zone, on average.
    pub trust_groups: f64,
    /// Share that each group watches, of those that watch any.
    pub by_group: BTreeMap<Arc<str>, f64>,
}

/// The zones of one agreement, sampled.
#[derive(Clone, Debug)]
pub(super) struct Sights {
    zones: Vec<Sampled>,
    /// Sensors by trust group, groups by name.
    groups: Vec<(Arc<str>, Vec<SensorIndex>)>,
    next: usize,
}

#[derive(Clone, Debug)]
struct Sampled {
    name: Arc<str>,
    points: Vec<Point>,
    sight: Option<Sight>,
}

/// What a snapshot holds: all but the zones and sensors.
pub(super) type State = (Vec<Option<Sight>>, usize);

impl Sights {
    pub(super) fn new<'a>(
        zones: impl Iterator<Item = (Arc<str>, &'a Area)>,
        sensors: &[SensorModel],
    ) -> Self {
        let mut groups: BTreeMap<Arc<str>, Vec<SensorIndex>> = BTreeMap::new();
        for (index, model) in (0u16..).map(SensorIndex).zip(sensors) {
            groups.entry(model.trust_group.clone()).or_default().push(index);
        }
        let sampled = |(name, area): (Arc<str>, &Area)| Sampled { name, points: lattice(area), sight: None };
        Self { zones: zones.map(sampled).collect(), groups: groups.into_iter().collect(), next: 0 }
    }

    /// What is known of every zone, and whose turn is next.
    pub(super) fn state(&self) -> impl Serialize + '_ {
        let Self { zones, next, groups: _ } = self;
        (zones.iter().map(|zone| &zone.sight).collect::<Vec<_>>(), next)
    }

    /// Knows what another of the same zones knew; nothing if it was of others.
    pub(super) fn with(mut self, (sights, next): State) -> Option<Self> {
        if sights.len() != self.zones.len() || next > sights.len() {
            return None;
        }
        for (zone, sight) in self.zones.iter_mut().zip(sights) {
            zone.sight = sight;
        }
        Some(Self { next, ..self })
    }

    /// Looks at the zones whose turn it is. `sees`: P(a sensor would report a target at a place).
    pub(super) fn look(&mut self, sees: impl Fn(SensorIndex, Point) -> f64) {
        let sensors: usize = self.groups.iter().map(|(_, sensors)| sensors.len()).sum();
        let mut questions = 0;
        for _ in 0..self.zones.len() {
            let Some(zone) = self.zones.get_mut(self.next) else { return };
            questions += zone.points.len() * sensors;
            if questions > MOST_QUESTIONS && questions > zone.points.len() * sensors {
                return;
            }
            zone.sight = Some(sight(&zone.points, &self.groups, &sees));
            self.next = (self.next + 1) % self.zones.len();
        }
    }

    /// Nothing is known of any zone.
    pub(super) fn forget(&mut self) {
        self.zones.iter_mut().for_each(|zone| zone.sight = None);
    }

    /// Every zone, in the agreement's order, with what is watched of it, once known.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Sight>)> {
        self.zones.iter().map(|zone| (&zone.name, zone.sight.as_ref()))
    }
}

fn sight(
    points: &[Point],
    groups: &[(Arc<str>, Vec<SensorIndex>)],
    sees: &impl Fn(SensorIndex, Point) -> f64,
) -> Sight {
    let each = 1.0 / points.len().max(1) as f64;
    let mut watchers = vec![0_u32; points.len()];
    let mut by_group = BTreeMap::new();
    for (name, sensors) in groups {
        let mut watched = 0_u32;
        for (point, watchers) in points.iter().zip(&mut watchers) {
            let unseen: f64 =
                sensors.iter().map(|sensor| 1.0 - sees(*sensor, *point).clamp(0.0, 1.0)).product();
            if 1.0 - unseen >= WATCHED {
                (*watchers, watched) = (*watchers + 1, watched + 1);
            }
        }
        if watched > 0 {
            by_group.insert(name.clone(), f64::from(watched) * each);
        }
    }
    let share = |holds: fn(u32) -> bool| watchers.iter().filter(|n| holds(**n)).count() as f64 * each;
    Sight {
        blind: share(|n| n == 0),
        corroborated: share(|n| n >= 2),
        trust_groups: f64::from(watchers.iter().sum::<u32>()) * each,
        by_group,
    }
}

/// About [`POINTS`] points of a square lattice inside an area; its middle at least.
fn lattice(area: &Area) -> Vec<Point> {
    let [low, high] = area.corners();
    let (wide, high_m) = (high[0] - low[0], high[1] - low[1]);
    // A slender zone fills little of its box: the lattice is narrowed until enough points are inside.
    let mut step = (wide * high_m / f64::from(POINTS)).sqrt().max(1e-3);
    for _ in 0..6 {
        let points = inside(area, low, high, step);
        if points.len() >= POINTS as usize / 2 {
            return points;
        }
        step /= 1.6;
    }
    let points = inside(area, low, high, step);
    if points.is_empty() { vec![[low[0] + wide / 2.0, low[1] + high_m / 2.0]] } else { points }
}

fn inside(area: &Area, low: Point, high: Point, step_m: f64) -> Vec<Point> {
    let along = |axis: usize| {
        let count = libm::ceil((high[axis] - low[axis]) / step_m).clamp(1.0, 500.0);
        let step = (high[axis] - low[axis]) / count;
        (0..500_u32).map(f64::from).take_while(move |i| *i < count).map(move |i| (i + 0.5) * step)
    };
    let points = along(0).flat_map(|e| along(1).map(move |n| [low[0] + e, low[1] + n]));
    points.filter(|point| area.encloses(*point)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing;

    fn sights(names: &[&str]) -> Sights {
        let agreement = testing::agreement(Vec::new());
        let area = Area::new(&testing::frame(), &agreement.zones[0], &[]);
        let models = [
            testing::sensor("a", "mast", 10.0),
            testing::sensor("b", "mast", 10.0),
            testing::sensor("c", "c", 10.0),
        ];
        Sights::new(names.iter().map(|name| (Arc::from(*name), &area)), &models)
    }

    #[test]
    fn shares_are_of_the_zone_and_groups_count_once() {
        let mut sights = sights(&["camp"]);
        assert_eq!(sights.all().next(), Some((&Arc::from("camp"), None)));
        // The mast's two each see the western half with 0.4, together with 0.64; the other one all of the north.
        sights.look(|sensor, [east, north]| match sensor.0 {
            0 | 1 => {
                if east < 0.0 {
                    0.4
                } else {
                    0.0
                }
            }
            _ => {
                if north > 3_000.0 {
                    0.9
                } else {
                    0.0
                }
            }
        });
        let (_, found) = sights.all().next().unwrap();
        let found = found.expect("looked at");
        assert!((found.blind - 0.25).abs() < 0.05 && (found.corroborated - 0.25).abs() < 0.05, "{found:?}");
        assert!((found.trust_groups - 1.0).abs() < 0.1);
        let groups: Vec<(&str, bool)> =
            found.by_group.iter().map(|(n, s)| (&**n, (s - 0.5).abs() < 0.05)).collect();
        assert_eq!(groups, [("c", true), ("mast", true)]);
        sights.look(|_, _| 0.0);
        assert_eq!(sights.all().next().unwrap().1, Some(&Sight { blind: 1.0, ..Sight::default() }));
        sights.forget();
        assert_eq!(sights.all().next().unwrap().1, None);
    }

    #[test]
    fn zones_take_turns_where_there_are_too_many() {
        let names: Vec<String> = (0..200).map(|n| format!("z{n}")).collect();
        let mut sights = sights(&names.iter().map(String::as_str).collect::<Vec<_>>());
        sights.look(|_, _| 1.0);
        let known = |sights: &Sights| sights.all().filter(|(_, sight)| sight.is_some()).count();
        let first = known(&sights);
        assert!((1..200).contains(&first), "{first}");
        (0..3).for_each(|_| sights.look(|_, _| 1.0));
        assert_eq!(known(&sights), 200, "in a few seconds each has had its turn");
    }

    #[test]
    fn every_zone_has_points() {
        let slender = crate::watch::agreement::Zone {
            id: "s".into(),
            polygon: vec![
                testing::geodetic(0.0, 0.0),
                testing::geodetic(10_000.0, 8_000.0),
                testing::geodetic(10_000.0, 10_000.0),
            ],
            ..Default::default()
        };
        let points = lattice(&Area::new(&testing::frame(), &slender, &[]));
        assert!((100..=400).contains(&points.len()), "{}", points.len());
    }
}
