//! `linewatch/v1/SECTOR/SENSOR/scan` and `…/status`: the topic is the sensor.

use crate::sensor::SensorId;
use crate::sources::{BAD_TOPIC, UNKNOWN_SENSOR};

/// What a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    Scan,
    Status,
}

/// Whose topic it is and what it carries.
///
/// # Errors
/// [`BAD_TOPIC`] or [`UNKNOWN_SENSOR`].
pub(super) fn parse<'a>(
    topic: &str,
    sector: &str,
    sensors: &'a [SensorId],
) -> Result<(&'a SensorId, Carries), &'static str> {
    let mut parts = topic.split('/');
    let head = [parts.next(), parts.next(), parts.next()];
    if head != [Some("linewatch"), Some("v1"), Some(sector)] {
        return Err(BAD_TOPIC);
    }
    let (Some(name), Some(leaf), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(BAD_TOPIC);
    };
    let carries = match leaf {
        "scan" => Carries::Scan,
        "status" => Carries::Status,
        _ => return Err(BAD_TOPIC),
    };
    let sensor = sensors.iter().find(|sensor| sensor.as_str() == name).ok_or(UNKNOWN_SENSOR)?;
    Ok((sensor, carries))
}

/// The filters that cover every sensor of a sector.
pub(super) fn filters(sector: &str) -> [String; 2] {
    [format!("linewatch/v1/{sector}/+/scan"), format!("linewatch/v1/{sector}/+/status")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_sensor_or_refused() {
        let sensors = ["r1", "cam-2"].map(|name| SensorId::new(name).unwrap());
        let read = |topic| parse(topic, "east", &sensors).map(|(sensor, carries)| (sensor.as_str(), carries));
        assert_eq!(read("linewatch/v1/east/r1/scan"), Ok(("r1", Carries::Scan)));
        assert_eq!(read("linewatch/v1/east/cam-2/status"), Ok(("cam-2", Carries::Status)));
        for (topic, reason) in [
            ("linewatch/v1/west/r1/scan", BAD_TOPIC),
            ("linewatch/v2/east/r1/scan", BAD_TOPIC),
            ("linewatch/v1/east/r1", BAD_TOPIC),
            ("linewatch/v1/east/r1/scan/x", BAD_TOPIC),
            ("linewatch/v1/east/r1/alerts", BAD_TOPIC),
            ("linewatch/v1/east/R1/scan", UNKNOWN_SENSOR),
            ("linewatch/v1/east//scan", UNKNOWN_SENSOR),
        ] {
            assert_eq!(read(topic), Err(reason), "{topic}");
        }
    }
}
