//! WGS-84 positions and one local east-north-up frame per sector.
//!
//! Conversions go through Earth-centred coordinates, so they are exact at any distance; only the tangent plane's
//! third axis tells how far the ground has dropped away. Angles are radians here; degrees stay in wire and config.

use serde::{Deserialize, Serialize};

use nalgebra::{Matrix3, Vector3};

/// Semi-major axis of WGS-84, metres (NGA.STND.0036, table 3.1).
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// Flattening of WGS-84 (same table).
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared.
const ECCENTRICITY_SQ: f64 = FLATTENING * (2.0 - FLATTENING);

/// A geodetic position on WGS-84: radians and metres above the ellipsoid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Geodetic {
    /// Latitude, radians, north positive.
    pub lat_rad: f64,
    /// Longitude, radians, east positive.
    pub lon_rad: f64,
    /// Height above the ellipsoid, metres.
    pub altitude_m: f64,
}

/// A position or displacement in a local tangent frame, metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Enu {
    /// East of the frame's origin.
    pub east_m: f64,
    /// North of the frame's origin.
    pub north_m: f64,
    /// Above the tangent plane at the frame's origin.
    pub up_m: f64,
}

/// The tangent frame of a sector: x east, y north, z up at its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalFrame {
    origin: Geodetic,
    origin_ecef: Vector3<f64>,
    /// Rows are the frame's east, north and up axes in Earth-centred coordinates.
    axes: Matrix3<f64>,
}

impl Geodetic {
    /// From degrees and metres.
    #[must_use]
    pub fn from_degrees(lat_deg: f64, lon_deg: f64, altitude_m: f64) -> Self {
        Self { lat_rad: lat_deg.to_radians(), lon_rad: lon_deg.to_radians(), altitude_m }
    }

    /// Latitude in degrees.
    #[must_use]
    pub fn lat_deg(&self) -> f64 {
        self.lat_rad.to_degrees()
    }

    /// Longitude in degrees, in [-180, 180].
    #[must_use]
    pub fn lon_deg(&self) -> f64 {
        self.lon_rad.to_degrees()
    }

    fn to_ecef(self) -> Vector3<f64> {
        let (sin_lat, cos_lat) = libm::sincos(self.lat_rad);
        let (sin_lon, cos_lon) = libm::sincos(self.lon_rad);
        let n = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQ * sin_lat * sin_lat).sqrt();
        let across = (n + self.altitude_m) * cos_lat;
        Vector3::new(
            across * cos_lon,
            across * sin_lon,
            (n * (1.0 - ECCENTRICITY_SQ) + self.altitude_m) * sin_lat,
        )
    }

    /// Bowring's method iterated (Bowring 1976, Survey Review 23): 1e-9 m after three rounds near the ground.
    fn from_ecef(p: &Vector3<f64>) -> Self {
        let across = libm::hypot(p.x, p.y);
        let minor = SEMI_MAJOR_M * (1.0 - FLATTENING);
        let second_ecc_sq = ECCENTRICITY_SQ / (1.0 - ECCENTRICITY_SQ);
        let mut reduced = libm::atan2(p.z * SEMI_MAJOR_M, across * minor);
        let mut lat_rad = 0.0;
        for _ in 0..3 {
            let (s, c) = libm::sincos(reduced);
            lat_rad = libm::atan2(
                p.z + second_ecc_sq * minor * s * s * s,
                across - ECCENTRICITY_SQ * SEMI_MAJOR_M * c * c * c,
            );
            reduced = libm::atan2((1.0 - FLATTENING) * libm::sin(lat_rad), libm::cos(lat_rad));
        }
        let (sin_lat, cos_lat) = libm::sincos(lat_rad);
        let n = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQ * sin_lat * sin_lat).sqrt();
        // Free of the division by cos(latitude) that spoils the height near the poles.
        let altitude_m = across * cos_lat + p.z * sin_lat - SEMI_MAJOR_M * SEMI_MAJOR_M / n;
        Self { lat_rad, lon_rad: libm::atan2(p.y, p.x), altitude_m }
    }

    /// Rows: the east, north and up axes at this position, in Earth-centred coordinates.
    fn axes(self) -> Matrix3<f64> {
        let (sin_lat, cos_lat) = libm::sincos(self.lat_rad);
        let (sin_lon, cos_lon) = libm::sincos(self.lon_rad);
        Matrix3::new(
            -sin_lon,
            cos_lon,
            0.0,
            -sin_lat * cos_lon,
            -sin_lat * sin_lon,
            cos_lat,
            cos_lat * cos_lon,
            cos_lat * sin_lon,
            sin_lat,
        )
    }
}

impl Enu {
    /// Distance from the origin in the horizontal plane, metres.
    #[must_use]
    pub fn ground_distance_m(&self) -> f64 {
        libm::hypot(self.east_m, self.north_m)
    }

    fn vector(self) -> Vector3<f64> {
        Vector3::new(self.east_m, self.north_m, self.up_m)
    }

    fn from_vector(v: &Vector3<f64>) -> Self {
        Self { east_m: v.x, north_m: v.y, up_m: v.z }
    }
}

impl LocalFrame {
    /// The tangent frame at `origin`.
    #[must_use]
    pub fn new(origin: Geodetic) -> Self {
        Self { origin, origin_ecef: origin.to_ecef(), axes: origin.axes() }
    }

    /// Where the frame touches the ellipsoid.
    #[must_use]
    pub fn origin(&self) -> Geodetic {
        self.origin
    }

    /// A geodetic position in this frame.
    #[must_use]
    pub fn to_enu(&self, position: Geodetic) -> Enu {
        Enu::from_vector(&(self.axes * (position.to_ecef() - self.origin_ecef)))
    }

    /// A position in this frame as a geodetic one.
    #[must_use]
    pub fn to_geodetic(&self, position: Enu) -> Geodetic {
        Geodetic::from_ecef(&(self.origin_ecef + self.axes.transpose() * position.vector()))
    }

    /// The point of this frame's tangent plane above or below `(east_m, north_m)` brought down to height
    /// `altitude_m` over the ellipsoid, as a geodetic position.
    #[must_use]
    pub fn plane_to_geodetic(&self, east_m: f64, north_m: f64, altitude_m: f64) -> Geodetic {
        // The normals of two points 100 km apart differ by 1 degree: two rounds settle the height to 1e-4 m.
        let mut up_m = 0.0;
        let mut found = Geodetic::default();
        for _ in 0..3 {
            found = self.to_geodetic(Enu { east_m, north_m, up_m });
            up_m += altitude_m - found.altitude_m;
        }
        found
    }

    /// Rotates displacements east, north, up *at* `position` into this frame: north there is not quite north here.
    #[must_use]
    pub fn axes_at(&self, position: Geodetic) -> Matrix3<f64> {
        self.axes * position.axes().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GeographicLib's own answers, up to 200 km east and north of five origins.
    const GOLDEN: &str = include_str!("../tests/golden/local_cartesian.txt");

    fn cases() -> impl Iterator<Item = Vec<f64>> {
        let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
    }

    #[test]
    fn agrees_with_geographiclib_to_a_millimetre_over_200_km() {
        let mut compared = 0;
        for case in cases() {
            let frame = LocalFrame::new(Geodetic::from_degrees(case[0], case[1], case[2]));
            let place = Geodetic::from_degrees(case[6], case[7], case[8]);
            let enu = frame.to_enu(place);
            for (ours, theirs) in [enu.east_m, enu.north_m, enu.up_m].iter().zip(&case[3..6]) {
                assert!((ours - theirs).abs() < 1e-3, "{case:?}: {enu:?}");
            }
            let back = frame.to_geodetic(Enu { east_m: case[3], north_m: case[4], up_m: case[5] });
            let metres = |angle_rad: f64| angle_rad * SEMI_MAJOR_M;
            assert!(metres((back.lat_rad - place.lat_rad).abs()) < 1e-3, "{case:?}: {back:?}");
            assert!(
                metres((back.lon_rad - place.lon_rad).abs()) * libm::cos(place.lat_rad) < 1e-3,
                "{case:?}"
            );
            assert!((back.altitude_m - place.altitude_m).abs() < 1e-3, "{case:?}: {back:?}");
            compared += 1;
        }
        assert_eq!(compared, 30);
    }

    #[test]
    fn short_chords_are_as_long_as_geodesics() {
        use geographiclib_rs::{DirectGeodesic, Geodesic};
        let frame = LocalFrame::new(Geodetic::from_degrees(-49.0, 69.0, 0.0));
        for azimuth_deg in [0.0_f64, 37.0, 123.0, 250.0] {
            let (lat, lon): (f64, f64) = Geodesic::wgs84().direct(-49.0, 69.0, azimuth_deg, 1_000.0);
            let enu = frame.to_enu(Geodetic::from_degrees(lat, lon, 0.0));
            // A chord of 1 km is 1 micrometre shorter than its arc.
            let chord_m = libm::hypot(enu.ground_distance_m(), enu.up_m);
            assert!((chord_m - 1_000.0).abs() < 1e-4, "{chord_m}");
            let off_deg = libm::atan2(enu.east_m, enu.north_m).to_degrees() - azimuth_deg;
            assert!((off_deg - 360.0 * libm::round(off_deg / 360.0)).abs() < 1e-5, "{off_deg}");
        }
    }

    #[test]
    fn the_ground_under_a_point_of_the_plane_is_found() {
        let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
        let place = frame.plane_to_geodetic(80_000.0, -60_000.0, 120.0);
        assert!((place.altitude_m - 120.0).abs() < 1e-3, "{place:?}");
        let enu = frame.to_enu(place);
        assert!((enu.east_m - 80_000.0).abs() < 1e-3 && (enu.north_m + 60_000.0).abs() < 1e-3, "{enu:?}");
    }

    #[test]
    fn north_at_a_sensor_is_turned_by_the_convergence() {
        let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
        let north = frame.axes_at(Geodetic::from_degrees(35.1, 33.5, 0.0)) * Vector3::new(0.0, 1.0, 0.0);
        // Meridians converge by Δλ sin φ; walking north from the east means drifting west.
        let turned = libm::atan2(-north.x, north.y);
        assert!((turned - 0.1_f64.to_radians() * libm::sin(35.1_f64.to_radians())).abs() < 1e-6);
    }
}
