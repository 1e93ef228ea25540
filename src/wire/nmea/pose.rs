//! Where the sensor itself is: RMC, GGA, HDT, THS and the own ship's AIS reports.
//!
//! In: sentences of a navigation receiver and a compass on the same line. Out: a mobile sensor's [`Pose`] and its
//! heading, while they are fresh. Dates and times in these sentences are checked by nobody and set no clock.
//!
//! Source: IEC 61162-1, sentences GGA, HDT, RMC, THS.

use serde::{Deserialize, Serialize};

use super::ais::{Message, Position};
use super::report::KNOT_MPS;
use super::sentence::{Fields, bad_field};
use crate::geo::Geodetic;
use crate::scan::Pose;
use crate::time::{Span, Timestamp};
use crate::wire::Rejection;
use crate::wire::ranges::{MAX_SPEED_MPS, azimuth, position, within};

/// A position or heading older than this is not where the sensor is: receivers give one a second.
const MAX_AGE: Span = Span::from_secs(10);
/// One-sigma error per axis of a fix: 13 m in 95 % of fixes (IMO MSC.112(73), 4.1) is 5.3 m per axis.
const FIX_SIGMA_M: f64 = 5.3;
/// Speed assumed between fixes of a receiver that gives none.
const ASSUMED_SPEED_MPS: f64 = 10.0;
/// One-sigma heading error: a transmitting heading device is within 1° (IMO MSC.116(73), static and dynamic).
const HEADING_SIGMA_RAD: f64 = 0.017_453_292_519_943_295;

/// The last word of each kind, with when it came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OwnShip {
    fix: Option<(Timestamp, Geodetic)>,
    altitude_m: f64,
    speed_mps: Option<f64>,
    heading_rad: Option<(Timestamp, f64)>,
}

impl OwnShip {
    /// Where the sensor is at `now`; the error grows with the age of the fix.
    pub(super) fn pose(&self, now: Timestamp) -> Option<Pose> {
        let (at, position) = self.fix.filter(|(at, _)| now.since(*at) <= MAX_AGE)?;
        let age_s = now.since(at).as_secs_f64().max(0.0);
        let moved_m = self.speed_mps.unwrap_or(ASSUMED_SPEED_MPS) * age_s;
        Some(Pose {
            position,
            heading_rad: self.heading_rad(now),
            position_sigma_m: libm::hypot(FIX_SIGMA_M, moved_m),
            heading_sigma_rad: HEADING_SIGMA_RAD,
        })
    }

    /// True heading at `now`.
    pub(super) fn heading_rad(&self, now: Timestamp) -> Option<f64> {
        self.heading_rad.filter(|(at, _)| now.since(*at) <= MAX_AGE).map(|(_, heading)| heading)
    }

    /// Recommended minimum data: time, status, position, speed, course, date, variation, mode.
    pub(super) fn rmc(&mut self, now: Timestamp, mut fields: Fields<'_>) -> Result<(), Rejection> {
        fields.text();
        let status = fields.text();
        let place = read_place(&mut fields)?;
        let speed_kn = fields.number("speed")?;
        // Since version 2.3: autonomous, differential, precise, real-time kinematic are fixes; estimated, manual and
        // simulated are not.
        let mode = fields.skip(4).text();
        if status != "A" || !matches!(mode, "" | "A" | "D" | "F" | "P" | "R") {
            return Ok(());
        }
        let speed_mps = speed_kn.map(|speed| within("speed", speed * KNOT_MPS, 0.0, MAX_SPEED_MPS));
        self.speed_mps = speed_mps.transpose()?;
        self.fixed(now, place)
    }

    /// Fix data: time, position, quality, satellites, dilution, altitude, geoid separation.
    pub(super) fn gga(&mut self, now: Timestamp, mut fields: Fields<'_>) -> Result<(), Rejection> {
        fields.text();
        let place = read_place(&mut fields)?;
        let quality = fields.count("quality", 9)?;
        let mut fields = fields.skip(2);
        let altitude_m = fields.number("altitude")?;
        fields.text();
        let separation_m = fields.number("geoid separation")?;
        // 1 to 5 are fixes by satellite; 0 none, 6 estimated, 7 manual, 8 simulated.
        if !quality.is_some_and(|quality| (1..=5).contains(&quality)) {
            return Ok(());
        }
        // Above the ellipsoid; a receiver that gives no separation is taken at its word, some tens of metres off.
        let altitude_m = altitude_m.unwrap_or(0.0) + separation_m.unwrap_or(0.0);
        self.altitude_m = within("altitude", altitude_m, -1_000.0, 100_000.0)?;
        self.fixed(now, place)
    }

    /// True heading.
    pub(super) fn hdt(&mut self, now: Timestamp, mut fields: Fields<'_>) -> Result<(), Rejection> {
        let heading_deg = fields.number("heading")?;
        match (heading_deg, fields.text()) {
            (None, _) => Ok(()),
            (Some(heading_deg), "T") => self.headed(now, heading_deg),
            (Some(_), reference) => Err(bad_field("heading reference", reference)),
        }
    }

    /// True heading and its status; only `A`, autonomous, is a measurement.
    pub(super) fn ths(&mut self, now: Timestamp, mut fields: Fields<'_>) -> Result<(), Rejection> {
        let heading_deg = fields.number("heading")?;
        match (heading_deg, fields.text()) {
            (Some(heading_deg), "A") => self.headed(now, heading_deg),
            _ => Ok(()),
        }
    }

    /// The own ship's position report.
    pub(super) fn self_report(&mut self, now: Timestamp, message: &Message) -> Result<(), Rejection> {
        let (place, speed_kn, heading_deg): (Position, _, _) = match message {
            Message::ClassA(m) => (m.position, m.speed_kn(), m.heading_deg()),
            Message::ClassB(m) => (m.position, m.speed_kn(), m.heading_deg()),
            Message::ClassBExtended(m) => (m.motion.position, m.motion.speed_kn(), m.motion.heading_deg()),
            _ => return Ok(()),
        };
        self.fixed(now, place.degrees())?;
        self.speed_mps = speed_kn.map(|speed| speed * KNOT_MPS);
        heading_deg.map_or(Ok(()), |heading| self.headed(now, heading))
    }

    fn fixed(&mut self, now: Timestamp, place: Option<(f64, f64)>) -> Result<(), Rejection> {
        if let Some((lat_deg, lon_deg)) = place {
            within("lon", lon_deg, -180.0, 180.0)?;
            self.fix = Some((now, position(lat_deg, lon_deg, self.altitude_m)?));
        }
        Ok(())
    }

    fn headed(&mut self, now: Timestamp, heading_deg: f64) -> Result<(), Rejection> {
        within("heading", heading_deg, 0.0, 360.0)?;
        self.heading_rad = Some((now, azimuth("heading", heading_deg)?));
        Ok(())
    }
}

/// The four fields of a position, as latitude and longitude in degrees if both are there.
pub(super) fn read_place(fields: &mut Fields<'_>) -> Result<Option<(f64, f64)>, Rejection> {
    let lat_deg = fields.degrees("lat", ["N", "S"])?;
    let lon_deg = fields.degrees("lon", ["E", "W"])?;
    Ok(lat_deg.zip(lon_deg))
}
