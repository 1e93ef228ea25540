//! The JSON scan and status of linewatch's published contract.
//!
//! In: numbers in the contract's units. Out: one line of JSON. Positions are rounded to 1e-7 degrees, all else to a
//! thousandth, so that messages stay as small as a real box would make them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// One look of one sensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scan {
    /// Sensor id.
    pub sensor: String,
    /// Restart counter.
    pub boot: u64,
    /// Scan counter within this boot.
    pub seq: u64,
    /// RFC 3339 UTC.
    pub time: String,
    /// What the look covered, if not the configured field of view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
    /// `[i, n]` when one look comes in pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<[u16; 2]>,
    /// Where a mobile sensor is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// What was seen; empty says that nothing was.
    pub detections: Vec<Detection>,
}

/// What a look covered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Look {
    /// Azimuth and range bounds.
    Sector {
        /// From and to, clockwise from true north.
        azimuth_deg: [f64; 2],
        /// Nearest and farthest slant range.
        range_m: [f64; 2],
    },
    /// A polygon on the ground.
    Polygon {
        /// Corners, `[lat, lon]`.
        polygon: Vec<[f64; 2]>,
    },
}

/// Where a mobile sensor is and how it is turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pose {
    /// `[lat, lon]`.
    pub position: [f64; 2],
    /// Above the ellipsoid.
    pub altitude_m: f64,
    /// Boresight, clockwise from true north.
    pub heading_deg: f64,
}

/// One report of one thing; set the fields of exactly one form of the contract.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detection {
    /// Slant range.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub range_m: Option<f64>,
    /// Clockwise from true north at the sensor.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "micro")]
    pub azimuth_deg: Option<f64>,
    /// Above the sensor's horizontal plane.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub elevation_deg: Option<f64>,
    /// Positive going away.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub range_rate_mps: Option<f64>,
    /// Latitude, degrees.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seventh")]
    pub lat: Option<f64>,
    /// Longitude, degrees.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seventh")]
    pub lon: Option<f64>,
    /// Height above the ellipsoid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub alt_m: Option<f64>,
    /// East-east, east-north, north-north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cov_m2: Option<[f64; 3]>,
    /// Speed over ground.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub speed_mps: Option<f64>,
    /// Course over ground.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub course_deg: Option<f64>,
    /// The sender's own name for its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_track: Option<String>,
    /// Likelihood per class word.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub class: BTreeMap<&'static str, f64>,
    /// As `mmsi:257000000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// One-sigma azimuth error.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "micro")]
    pub azimuth_sigma_deg: Option<f64>,
    /// One-sigma range error.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub range_sigma_m: Option<f64>,
    /// Signal to noise ratio.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "milli")]
    pub snr_db: Option<f64>,
    /// Measured this long after the scan's time.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "micro")]
    pub dt_s: Option<f64>,
}

/// How a box feels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// `online`, `degraded` or `offline`.
    pub state: &'static str,
    /// Restart counter.
    pub boot: u64,
    /// RFC 3339 UTC; a last will has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Somebody opened or moved the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tamper: Option<bool>,
    /// `locked`, `lost` or `jammed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gnss: Option<&'static str>,
    /// Fraction of its view that is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obscured: Option<f64>,
}

impl Status {
    /// All is well.
    #[must_use]
    pub fn online(boot: u64, time: String) -> Self {
        let (time, tamper, gnss) = (Some(time), Some(false), Some("locked"));
        Self { state: "online", boot, time, tamper, gnss, obscured: Some(0.0) }
    }

    /// The last will: what the broker says for a box that is gone.
    #[must_use]
    pub const fn will(boot: u64) -> Self {
        Self { state: "offline", boot, time: None, tamper: None, gnss: None, obscured: None }
    }
}

/// A scan as one line of JSON.
#[must_use]
pub fn encode_scan(scan: &Scan) -> Vec<u8> {
    serde_json::to_vec(scan).expect("finite numbers and string keys always serialise")
}

/// A status as one line of JSON.
#[must_use]
pub fn encode_status(status: &Status) -> Vec<u8> {
    serde_json::to_vec(status).expect("finite numbers and string keys always serialise")
}

fn rounded<S: Serializer>(value: Option<f64>, scale: f64, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_f64((value * scale).round() / scale),
        None => serializer.serialize_none(),
    }
}

fn milli<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    rounded(*value, 1e3, serializer)
}

fn micro<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    rounded(*value, 1e6, serializer)
}

fn seventh<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    rounded(*value, 1e7, serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_reads_as_the_contract_writes_it() {
        let scan = Scan {
            sensor: "r1".into(),
            boot: 1,
            seq: 812,
            time: "2026-01-01T00:00:00.100000Z".into(),
            look: Some(Look::Sector { azimuth_deg: [80.0, 140.0], range_m: [0.0, 15000.0] }),
            part: None,
            pose: None,
            detections: vec![
                Detection { range_m: Some(10826.4), azimuth_deg: Some(111.1), ..Detection::default() },
                Detection {
                    lat: Some(35.115_300_04),
                    lon: Some(33.3122),
                    cov_m2: Some([132.7, 183.9, 556.3]),
                    class: BTreeMap::from([("person", 0.8)]),
                    ..Detection::default()
                },
            ],
        };
        let want = concat!(
            r#"{"sensor":"r1","boot":1,"seq":812,"time":"2026-01-01T00:00:00.100000Z","#,
            r#""look":{"azimuth_deg":[80.0,140.0],"range_m":[0.0,15000.0]},"detections":["#,
            r#"{"range_m":10826.4,"azimuth_deg":111.1},"#,
            r#"{"lat":35.1153,"lon":33.3122,"cov_m2":[132.7,183.9,556.3],"class":{"person":0.8}}]}"#
        );
        assert_eq!(String::from_utf8(encode_scan(&scan)).unwrap(), want);
    }

    #[test]
    fn a_will_has_no_time() {
        assert_eq!(encode_status(&Status::will(3)), br#"{"state":"offline","boot":3}"#);
    }
}
