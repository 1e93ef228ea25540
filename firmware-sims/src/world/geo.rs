//! WGS-84 positions, and local metres east, north and up of a point.
//!
//! The simulators' own small geodesy: through Earth-centred coordinates, so exact to well below a millimetre.

/// Semi-major axis of WGS-84, metres.
const A_M: f64 = 6_378_137.0;
/// Flattening of WGS-84.
const F: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared.
const E2: f64 = F * (2.0 - F);

/// A place on or above the ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Latitude, degrees north.
    pub lat_deg: f64,
    /// Longitude, degrees east.
    pub lon_deg: f64,
    /// Height above the ellipsoid, metres.
    pub alt_m: f64,
}

impl Place {
    /// From `[lat, lon]` in degrees, and a height.
    #[must_use]
    pub const fn new(lat_lon: [f64; 2], alt_m: f64) -> Self {
        Self { lat_deg: lat_lon[0], lon_deg: lat_lon[1], alt_m }
    }

    /// As `[lat, lon]` in degrees.
    #[must_use]
    pub const fn lat_lon(&self) -> [f64; 2] {
        [self.lat_deg, self.lon_deg]
    }

    fn ecef(&self) -> [f64; 3] {
        let (sin_lat, cos_lat) = self.lat_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.lon_deg.to_radians().sin_cos();
        let n = A_M / (1.0 - E2 * sin_lat * sin_lat).sqrt();
        let across = (n + self.alt_m) * cos_lat;
        [across * cos_lon, across * sin_lon, (n * (1.0 - E2) + self.alt_m) * sin_lat]
    }

    /// Fixed-point iteration on the latitude; converges to rounding in a few steps near the surface.
    fn from_ecef(p: [f64; 3]) -> Self {
        let [x, y, z] = p;
        let across = x.hypot(y);
        let mut lat = z.atan2(across * (1.0 - E2));
        let mut alt_m = 0.0;
        for _ in 0..8 {
            let (sin, cos) = lat.sin_cos();
            let n = A_M / (1.0 - E2 * sin * sin).sqrt();
            alt_m = across * cos + z * sin - n * (1.0 - E2 * sin * sin);
            lat = z.atan2(across * (1.0 - E2 * n / (n + alt_m)));
        }
        Self { lat_deg: lat.to_degrees(), lon_deg: y.atan2(x).to_degrees(), alt_m }
    }
}

/// Slant range, azimuth and elevation of one place seen from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polar {
    /// Slant range, metres.
    pub range_m: f64,
    /// Clockwise from true north at the observer, degrees in [0, 360).
    pub azimuth_deg: f64,
    /// Above the observer's horizontal plane, degrees.
    pub elevation_deg: f64,
}

/// The tangent plane at a place: metres east, north, up.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    origin: [f64; 3],
    east: [f64; 3],
    north: [f64; 3],
    up: [f64; 3],
}

impl Frame {
    /// The frame that touches the Earth at `origin`.
    #[must_use]
    pub fn new(origin: Place) -> Self {
        let (sin_lat, cos_lat) = origin.lat_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = origin.lon_deg.to_radians().sin_cos();
        Self {
            origin: origin.ecef(),
            east: [-sin_lon, cos_lon, 0.0],
            north: [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            up: [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        }
    }

    /// A place as metres east, north, up of the origin.
    #[must_use]
    pub fn to_enu(&self, place: Place) -> [f64; 3] {
        let p = place.ecef();
        let d = [p[0] - self.origin[0], p[1] - self.origin[1], p[2] - self.origin[2]];
        [dot(d, self.east), dot(d, self.north), dot(d, self.up)]
    }

    /// Metres east, north, up of the origin as a place.
    #[must_use]
    pub fn from_enu(&self, enu: [f64; 3]) -> Place {
        let axis =
            |k: usize| self.origin[k] + enu[0] * self.east[k] + enu[1] * self.north[k] + enu[2] * self.up[k];
        Place::from_ecef([axis(0), axis(1), axis(2)])
    }

    /// The place `alt_m` above the ellipsoid whose plan position is this far east and north.
    #[must_use]
    pub fn ground(&self, east_north_m: [f64; 2], alt_m: f64) -> Place {
        let tangent = self.from_enu([east_north_m[0], east_north_m[1], 0.0]);
        Place { alt_m, ..tangent }
    }

    /// What an observer at the origin measures of `place`.
    #[must_use]
    pub fn polar(&self, place: Place) -> Polar {
        let [e, n, u] = self.to_enu(place);
        let plane = e.hypot(n);
        Polar {
            range_m: plane.hypot(u),
            azimuth_deg: e.atan2(n).to_degrees().rem_euclid(360.0),
            elevation_deg: u.atan2(plane).to_degrees(),
        }
    }

    /// The place an observer at the origin measured so.
    #[must_use]
    pub fn from_polar(&self, polar: Polar) -> Place {
        let (sin_az, cos_az) = polar.azimuth_deg.to_radians().sin_cos();
        let (sin_el, cos_el) = polar.elevation_deg.to_radians().sin_cos();
        let plane = polar.range_m * cos_el;
        self.from_enu([plane * sin_az, plane * cos_az, polar.range_m * sin_el])
    }
}

/// The signed difference `a - b` of two angles, degrees in [-180, 180).
#[must_use]
pub fn turn_deg(a: f64, b: f64) -> f64 {
    (a - b + 180.0).rem_euclid(360.0) - 180.0
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earth_centred_matches_a_known_point() {
        // 45 N 0 E on the ellipsoid, as geodesy texts tabulate it.
        let [x, y, z] = Place::new([45.0, 0.0], 0.0).ecef();
        for (got, want) in [(x, 4_517_590.878_85), (y, 0.0), (z, 4_487_348.408_87)] {
            assert!((got - want).abs() < 1e-4, "{got} {want}");
        }
    }

    #[test]
    fn a_degree_of_meridian_at_the_equator() {
        // The meridian's radius of curvature there is a(1 - e2): 110,574.3 m per degree of latitude.
        let frame = Frame::new(Place::new([0.0, 0.0], 0.0));
        let [e, n, _] = frame.to_enu(Place::new([0.001, 0.0], 0.0));
        assert!((n - 110.574_276).abs() < 1e-4 && e.abs() < 1e-9, "{n}");
    }

    #[test]
    fn there_and_back() {
        let frame = Frame::new(Place::new([-49.0, 69.6], 0.0));
        for enu in [[0.0, 0.0, 0.0], [12_000.0, -80_000.0, 300.0], [-5_000.0, 6_000.0, -3.0]] {
            let back = frame.to_enu(frame.from_enu(enu));
            for k in 0..3 {
                assert!((back[k] - enu[k]).abs() < 1e-6, "{enu:?} {back:?}");
            }
        }
        let polar = Polar { range_m: 7_500.0, azimuth_deg: 312.0, elevation_deg: 1.5 };
        let again = frame.polar(frame.from_polar(polar));
        assert!((again.range_m - 7_500.0).abs() < 1e-6 && (again.azimuth_deg - 312.0).abs() < 1e-9);
    }

    #[test]
    fn turns_are_the_short_way() {
        for (a, b, want) in [(10.0, 350.0, 20.0), (350.0, 10.0, -20.0), (90.0, 45.0, 45.0)] {
            assert!((turn_deg(a, b) - want).abs() < 1e-12);
        }
    }
}
