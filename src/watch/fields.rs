//! What each sensor would see if it worked as configured.
//!
//! In: the configured models. Out: P(a look reports a target at a place): the tracker knows where looks went and what was
//! found of late; this is for what no longer looks. Knows nothing of a mobile sensor, whose place its scans say.

use super::line::{Point, Polyline};
use crate::geo::{Geodetic, LocalFrame};
use crate::sensor::{SensorIndex, SensorKind, SensorModel};

/// Every sensor's field, in configuration order.
#[derive(Clone, Debug)]
pub(super) struct Fields(Vec<Option<Field>>);

#[derive(Clone, Debug)]
struct Field {
    at: Point,
    heading_rad: f64,
    half_width_rad: f64,
    max_range_m: f64,
    detection_probability: f64,
    masks: Vec<(Polyline, f64)>,
}

impl Fields {
    /// From the configured models.
    pub(super) fn new(frame: &LocalFrame, models: &[SensorModel]) -> Self {
        let plane = |at: Geodetic| {
            let enu = frame.to_enu(at);
            [enu.east_m, enu.north_m]
        };
        let ring = |corners: &[Geodetic]| {
            let closed = corners.iter().chain(corners.first());
            Polyline::new(&closed.map(|corner| plane(*corner)).collect::<Vec<_>>())
        };
        let field = |model: &SensorModel| {
            let looks = model.kind != SensorKind::Transponder && !model.mobile;
            Some(Field {
                at: plane(model.position.filter(|_| looks)?),
                heading_rad: model.heading_rad,
                half_width_rad: model.field_of_view_rad / 2.0,
                max_range_m: model.max_range_m,
                detection_probability: model.detection_probability,
                masks: model
                    .masks
                    .iter()
                    .map(|mask| (ring(&mask.polygon), mask.detection_probability))
                    .collect(),
            })
        };
        Self(models.iter().map(field).collect())
    }

    /// P(one look reports a target at a place).
    pub(super) fn would_see(&self, sensor: SensorIndex, place: Point) -> f64 {
        let Some(field) = self.0.get(sensor.index()).and_then(Option::as_ref) else { return 0.0 };
        let (east, north) = (place[0] - field.at[0], place[1] - field.at[1]);
        if east * east + north * north > field.max_range_m * field.max_range_m {
            return 0.0;
        }
        let off = libm::remainder(libm::atan2(east, north) - field.heading_rad, std::f64::consts::TAU);
        if off.abs() > field.half_width_rad {
            return 0.0;
        }
        let masks = field.masks.iter().filter(|(ring, _)| ring.encloses(place));
        masks.fold(field.detection_probability, |p, (_, masked)| p.min(*masked))
    }

    /// Where a fixed sensor stands.
    pub(super) fn place(&self, sensor: SensorIndex) -> Option<Point> {
        self.0.get(sensor.index())?.as_ref().map(|field| field.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::Mask;
    use crate::watch::testing;

    #[test]
    fn range_field_of_view_and_masks_limit_it() {
        // At 5 km south of the origin, looking north over ninety degrees, 6 km far, blind beyond the axis's east.
        let mut camera = testing::sensor("c", "c", 10.0);
        (camera.field_of_view_rad, camera.max_range_m) = (std::f64::consts::FRAC_PI_2, 6_000.0);
        let corner = |east, north| testing::geodetic(east, north);
        let polygon = vec![
            corner(100.0, -5000.0),
            corner(9000.0, -5000.0),
            corner(9000.0, 9000.0),
            corner(100.0, 9000.0),
        ];
        camera.masks = vec![Mask { polygon, detection_probability: 0.1 }];
        let fields = Fields::new(&testing::frame(), &[camera]);
        let places = [[0.0, 0.0], [0.0, 1500.0], [-4900.0, -1000.0], [500.0, -1000.0], [0.0, -5500.0]];
        let seen = places.map(|place| fields.would_see(SensorIndex(0), place));
        for (found, expected) in seen.into_iter().zip([0.9, 0.0, 0.0, 0.1, 0.0]) {
            assert!((found - expected).abs() < 1e-9, "{seen:?}");
        }
        assert!(fields.would_see(SensorIndex(1), [0.0, 0.0]).abs() < 1e-9);
    }
}
