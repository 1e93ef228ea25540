//! From what a sensor reports to what the filter uses: positions in the sector's plane with their noise.
//!
//! In: detections in their sensor's own terms and where the sensor stood. Out: [`Measured`], which gives z and R, for a
//! new track from itself alone, for a known pair evaluated at the predicted position. Knows no track and no gate.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fusion::clutter::Cell;
use crate::fusion::filter::Gaussian;
use crate::fusion::registration::Correction;
use crate::geo::{Geodetic, LocalFrame};
use crate::scan::{Detection, Measurement, Polar, Pose};

/// Mean radius of the Earth, metres: how far the ground drops away under a sensor's horizon.
const EARTH_RADIUS_M: f64 = 6_371_000.0;
/// One-sigma error of a height nobody measured, metres.
const UNKNOWN_HEIGHT_SIGMA_M: f64 = 30.0;
/// One-sigma error of an elevation angle, for which the contract has no field.
const ELEVATION_SIGMA_RAD: f64 = 0.01;
/// How long a camera's bearing error lasts, seconds.
const BEARING_ERROR_S: f64 = 5.0;
/// One-sigma error of a reported velocity per axis, metres per second.
const REPORTED_SPEED_SIGMA_MPS: f64 = 1.0;

/// Where a sensor stands and how its horizon lies in the sector's plane: meridians converge, planes tilt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Site {
    /// East and north in the plane.
    pub at: [f64; 2],
    /// Above the ellipsoid.
    pub altitude_m: f64,
    /// The sensor's own east, north and up, each as (east, north) in the plane.
    pub axes: [[f64; 2]; 3],
    /// Variance of `at` per axis.
    pub position_var: f64,
    /// Variance of the azimuths' zero.
    pub heading_var: f64,
}

/// A height above the ellipsoid with its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Altitude {
    pub altitude_m: f64,
    pub var: f64,
}

/// One detection, ready for gating.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub kind: Kind,
    /// Position with nothing else known; for a bearing the sensor's own.
    pub z: [f64; 2],
    /// Its noise: ee, en, nn.
    pub r: [f64; 3],
    /// Measured this long after its scan.
    pub offset_s: f64,
    /// Velocity over ground in the plane, where reported, and its variance per axis.
    pub velocity: Option<([f64; 2], f64)>,
    /// Height, where measured.
    pub altitude: Option<Altitude>,
    /// Density here of what is no known target, per square metre or, for a bearing, per radian,
    pub clutter: f64,
    /// and the share of targets not yet known in it.
    pub new_share: f32,
    /// Where in its sensor's field it lies.
    pub cell: Option<Cell>,
    /// Probability that its sensor reports a target here, as far as masks go.
    pub pd: f32,
}

/// What is left of the measurement's own form.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Slant range along `towards`.
    Polar {
        range_m: f64,
        range_var: f64,
        azimuth: Spread,
        /// Horizontal direction at the sensor, as (east, north) in the plane.
        towards: [f64; 2],
        range_rate: Option<(f64, f64)>,
    },
    /// A position.
    Place,
    /// A direction (a unit vector in the plane) and its variance, radians².
    Bearing { towards: [f64; 2], var: f64 },
    /// Another system's track under this name.
    Report { name: Arc<str> },
}

/// What an azimuth's error σ makes of a position, worked out once per detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub var: f64,
    cosh_minus_one: f64,
    sinh: f64,
    /// e^(σ²/2): what a mean direction of this error is too short by.
    stretch: f64,
}

impl Spread {
    pub(super) fn new(var: f64) -> Self {
        let half = libm::sinh(var / 2.0);
        let (cosh_minus_one, sinh) = (2.0 * half * half, libm::sinh(var));
        Self { var, cosh_minus_one, sinh, stretch: libm::exp(var / 2.0) }
    }
}

impl Site {
    /// A fixed sensor.
    pub(super) fn new(frame: &LocalFrame, position: Geodetic) -> Self {
        let enu = frame.to_enu(position);
        let axes = frame.axes_at(position);
        Self {
            at: [enu.east_m, enu.north_m],
            altitude_m: position.altitude_m,
            axes: std::array::from_fn(|axis| [axes[(0, axis)], axes[(1, axis)]]),
            position_var: 0.0,
            heading_var: 0.0,
        }
    }

    /// A mobile sensor where it was at its look.
    pub(super) fn of_pose(frame: &LocalFrame, pose: &Pose) -> Self {
        Self {
            position_var: pose.position_sigma_m * pose.position_sigma_m,
            heading_var: pose.heading_sigma_rad * pose.heading_sigma_rad,
            ..Self::new(frame, pose.position)
        }
    }

    /// An azimuth at the sensor as a direction in the plane.
    pub(super) fn direction(&self, azimuth_rad: f64) -> [f64; 2] {
        let (sin, cos) = libm::sincos(azimuth_rad);
        let [east, north, _] = self.axes;
        [sin * east[0] + cos * north[0], sin * east[1] + cos * north[1]]
    }

    /// How far above the sensor's horizontal plane a target at `altitude_m`, `range_m` away, appears.
    fn rise_m(&self, altitude_m: f64, range_m: f64) -> f64 {
        altitude_m - self.altitude_m - range_m * range_m / (2.0 * EARTH_RADIUS_M)
    }
}

/// Variances along and across the line of sight of a position made from r·e^(σ²/2)·(sin θ, cos θ), given the *true*
/// range: unbiased conversion and its covariance at the truth, best known by the prediction (Bordonaro, Willett &
/// Bar-Shalom 2014). In these axes Mo's expressions reduce to r²(cosh σ² − 1) + σᵣ² cosh σ² and (r² + σᵣ²) sinh σ².
pub(super) fn unbiased_variances(range_m: f64, range_var: f64, azimuth: &Spread) -> (f64, f64) {
    let r2 = range_m * range_m;
    let along = r2 * azimuth.cosh_minus_one + range_var * (1.0 + azimuth.cosh_minus_one);
    (along, (r2 + range_var) * azimuth.sinh)
}

/// Mean factor and variances of the true position given the *measured* range alone (Duan, Han & Li 2004): the mean is
/// e^(−σ²/2) r, the variances those above times e^(−σ²).
pub(super) fn posterior_variances(range_m: f64, range_var: f64, azimuth: &Spread) -> (f64, f64, f64) {
    let shrink = 1.0 / (azimuth.stretch * azimuth.stretch);
    let (along, across) = unbiased_variances(range_m, range_var, azimuth);
    (1.0 / azimuth.stretch, along * shrink, across * shrink)
}

/// A covariance with these variances along and across a unit vector.
fn oriented(unit: [f64; 2], along: f64, across: f64) -> [f64; 3] {
    let [e, n] = unit;
    [along * e * e + across * n * n, (along - across) * e * n, along * n * n + across * e * e]
}

fn unit(v: [f64; 2]) -> Option<([f64; 2], f64)> {
    let length = (v[0] * v[0] + v[1] * v[1]).sqrt();
    (length > 1e-6 && length.is_finite()).then(|| ([v[0] / length, v[1] / length], length))
}

impl Measured {
    /// A detection in the plane. `None` if its geometry is degenerate.
    ///
    /// `period_s` is the sensor's time between looks: a camera's bearing errors (its heading, what it takes for the
    /// middle of the thing) persist longer than that, so quick looks share one error and count for one.
    /// `correction` is what is taken off its sensor's reports; `site` and the look's time have it already.
    pub(super) fn new(
        frame: &LocalFrame,
        site: &Site,
        detection: &Detection,
        period_s: f64,
        correction: &Correction,
    ) -> Option<Self> {
        let offset_s = detection.offset.as_secs_f64();
        let mut made = match &detection.measurement {
            Measurement::Polar(polar) => Self::polar(site, &correction.polar(polar))?,
            Measurement::Bearing { azimuth_rad, azimuth_sigma_rad } => {
                let shared = (BEARING_ERROR_S / period_s).max(1.0);
                let var = shared * azimuth_sigma_rad * azimuth_sigma_rad + site.heading_var;
                let (azimuth_rad, var) = correction.azimuth(*azimuth_rad, var);
                let (towards, _) = unit(site.direction(azimuth_rad))?;
                Self::bare(
                    Kind::Bearing { towards, var },
                    site.at,
                    [site.position_var, 0.0, site.position_var],
                )
            }
            Measurement::Position { at, has_altitude, covariance_m2 } => {
                let mut made = Self::place(frame, Kind::Place, *at, *has_altitude, covariance_m2);
                (made.z, made.r) = correction.place(made.z, made.r);
                made
            }
            Measurement::Track { at, has_altitude, covariance_m2, source_track } => {
                let kind = Kind::Report { name: Arc::clone(source_track) };
                Self::place(frame, kind, *at, *has_altitude, covariance_m2)
            }
        };
        made.offset_s = offset_s;
        if let (Some(velocity), Measurement::Position { at, .. } | Measurement::Track { at, .. }) =
            (detection.velocity, &detection.measurement)
        {
            let axes = frame.axes_at(*at);
            let (e, n) = (velocity.east_mps, velocity.north_mps);
            let turned = std::array::from_fn(|row| axes[(row, 0)] * e + axes[(row, 1)] * n);
            made.velocity = Some((turned, REPORTED_SPEED_SIGMA_MPS * REPORTED_SPEED_SIGMA_MPS));
        }
        made.z.iter().chain(&made.r).all(|v| v.is_finite()).then_some(made)
    }

    fn bare(kind: Kind, z: [f64; 2], r: [f64; 3]) -> Self {
        Self {
            kind,
            z,
            r,
            offset_s: 0.0,
            velocity: None,
            altitude: None,
            clutter: 1.0,
            new_share: 0.0,
            cell: None,
            pd: 1.0,
        }
    }

    fn place(frame: &LocalFrame, kind: Kind, at: Geodetic, has_altitude: bool, cov: &[f64; 3]) -> Self {
        let enu = frame.to_enu(at);
        let axes = frame.axes_at(at);
        let j: [[f64; 2]; 2] = std::array::from_fn(|row| [axes[(row, 0)], axes[(row, 1)]]);
        let entry = |a: usize, b: usize| {
            j[a][0] * (cov[0] * j[b][0] + cov[1] * j[b][1]) + j[a][1] * (cov[1] * j[b][0] + cov[2] * j[b][1])
        };
        let mut made = Self::bare(kind, [enu.east_m, enu.north_m], [entry(0, 0), entry(0, 1), entry(1, 1)]);
        // No error comes with a height: it is taken to be half as large again as the plane's.
        made.altitude = has_altitude
            .then(|| Altitude { altitude_m: at.altitude_m, var: 2.25 * 0.5 * (cov[0] + cov[2]).max(1.0) });
        made
    }

    fn polar(site: &Site, polar: &Polar) -> Option<Self> {
        let (range_m, range_var) = (polar.range_m, polar.range_sigma_m * polar.range_sigma_m);
        let azimuth = Spread::new(polar.azimuth_sigma_rad * polar.azimuth_sigma_rad + site.heading_var);
        let kind = Kind::Polar {
            range_m,
            range_var,
            azimuth,
            towards: site.direction(polar.azimuth_rad),
            range_rate: polar.range_rate,
        };
        let mut made = Self::bare(kind, site.at, [0.0; 3]);
        made.altitude = polar.elevation_rad.map(|elevation| Altitude {
            altitude_m: site.altitude_m
                + range_m * libm::sin(elevation)
                + range_m * range_m / (2.0 * EARTH_RADIUS_M),
            var: range_m * range_m * ELEVATION_SIGMA_RAD * ELEVATION_SIGMA_RAD,
        });
        let (factor, _, _) = posterior_variances(range_m, 0.0, &azimuth);
        let (z, along_extra, ground_m) = made.on_plane(site, made.altitude, factor)?;
        let (towards, _) = unit([z[0] - site.at[0], z[1] - site.at[1]])?;
        let (_, along, across) = posterior_variances(ground_m, range_var + along_extra, &azimuth);
        let [ee, en, nn] = oriented(towards, along, across);
        (made.z, made.r) = (z, [ee + site.position_var, en, nn + site.position_var]);
        Some(made)
    }

    /// Whether it gives a direction only.
    pub(super) const fn is_bearing(&self) -> bool {
        matches!(self.kind, Kind::Bearing { .. })
    }

    /// Whether it is a range and azimuth.
    pub(super) const fn is_polar(&self) -> bool {
        matches!(self.kind, Kind::Polar { .. })
    }

    /// Whether it is another system's track.
    pub(super) const fn is_report(&self) -> bool {
        matches!(self.kind, Kind::Report { .. })
    }

    /// Slant range brought down to the plane at a height: position (scaled by `factor`), the variance that the height
    /// adds along the line of sight, and the ground range.
    fn on_plane(&self, site: &Site, height: Option<Altitude>, factor: f64) -> Option<([f64; 2], f64, f64)> {
        let Kind::Polar { range_m, towards, .. } = self.kind else { return None };
        let height = height
            .unwrap_or(Altitude { altitude_m: 0.0, var: UNKNOWN_HEIGHT_SIGMA_M * UNKNOWN_HEIGHT_SIGMA_M });
        let rise = site.rise_m(height.altitude_m, range_m).clamp(-0.98 * range_m, 0.98 * range_m);
        let ground_m = (range_m * range_m - rise * rise).sqrt();
        let up = site.axes[2];
        let z = [
            site.at[0] + factor * ground_m * towards[0] + rise * up[0],
            site.at[1] + factor * ground_m * towards[1] + rise * up[1],
        ];
        let slope = rise / ground_m;
        // Above 1 the range says little about the ground position; the error stops growing with the sensor's height.
        (ground_m > 0.0).then(|| (z, slope * slope * height.var.min(range_m * range_m), ground_m))
    }

    /// z and R for a target known to be about `predicted`, at `height` if that is known. Bearings have none.
    pub(super) fn position_at(
        &self,
        site: &Site,
        predicted: &Gaussian,
        height: Option<Altitude>,
    ) -> ([f64; 2], [f64; 3]) {
        let Kind::Polar { range_var, azimuth, .. } = self.kind else { return (self.z, self.r) };
        let away = [predicted.x[0] - site.at[0], predicted.x[1] - site.at[1]];
        let Some((towards, predicted_m)) = unit(away) else { return (self.z, self.r) };
        // Far off the mark, or wide compared with the distance, the prediction turns R the wrong way.
        let near = predicted.pp[0] + predicted.pp[2] < 0.01 * predicted_m * predicted_m;
        if !near {
            return (self.z, self.r);
        }
        let height = self.altitude.or(height);
        let Some((z, along_extra, _)) = self.on_plane(site, height, azimuth.stretch) else {
            return (self.z, self.r);
        };
        let (along, across) = unbiased_variances(predicted_m, range_var + along_extra, &azimuth);
        let [ee, en, nn] = oriented(towards, along, across);
        (z, [ee + site.position_var, en, nn + site.position_var])
    }

    /// A bearing against a predicted position: innovation (radians), its gradient and its noise.
    /// `None` too close to the sensor for a gradient to mean anything.
    pub(super) fn bearing_at(&self, site: &Site, predicted: &Gaussian) -> Option<(f64, [f64; 4], f64)> {
        let Kind::Bearing { towards, var } = self.kind else { return None };
        let (u, distance_m) = unit([predicted.x[0] - site.at[0], predicted.x[1] - site.at[1]])?;
        // Positive clockwise, as azimuths are.
        let nu = libm::atan2(towards[0] * u[1] - towards[1] * u[0], towards[0] * u[0] + towards[1] * u[1]);
        let h = [u[1] / distance_m, -u[0] / distance_m, 0.0, 0.0];
        let parallax_var = site.position_var / (distance_m * distance_m);
        (distance_m > 1.0).then_some((nu, h, var + parallax_var))
    }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
