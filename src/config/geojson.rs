//! A line from a GeoJSON file (RFC 7946): one LineString, bare, in a Feature, or alone in a FeatureCollection.
//!
//! In: the file's text. Out: positions, `[lat, lon]` as everywhere here, though GeoJSON writes longitude first.

use serde::Deserialize;

use super::raw::leaf::Position;

/// What such a file should be, as words that follow "expected".
pub(super) const EXPECTED: &str = "a GeoJSON file with one LineString of [longitude, latitude]";

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Document {
    FeatureCollection { features: Vec<Feature> },
    Feature(FeatureBody),
    LineString { coordinates: Vec<Vec<f64>> },
}

#[derive(Deserialize)]
struct Feature {
    #[serde(flatten)]
    body: FeatureBody,
}

#[derive(Deserialize)]
struct FeatureBody {
    geometry: Geometry,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Geometry {
    LineString { coordinates: Vec<Vec<f64>> },
}

/// The line's positions.
///
/// # Errors
/// What is wrong, as words that follow "found".
pub(super) fn line(text: &str) -> Result<Vec<Position>, String> {
    let document = serde_json::from_str(text).map_err(|error| format!("a file of another form ({error})"))?;
    let coordinates = match document {
        Document::LineString { coordinates }
        | Document::Feature(FeatureBody { geometry: Geometry::LineString { coordinates } }) => coordinates,
        Document::FeatureCollection { mut features } => match (features.pop(), features.len()) {
            (Some(Feature { body: FeatureBody { geometry: Geometry::LineString { coordinates } } }), 0) => {
                coordinates
            }
            (None, _) => return Err("no feature".to_owned()),
            (Some(_), others) => return Err(format!("{} features", others + 1)),
        },
    };
    let position = |(index, pair): (usize, &Vec<f64>)| match pair.as_slice() {
        [lon, lat] | [lon, lat, _] if Position(*lat, *lon).is_on_earth() => Ok(Position(*lat, *lon)),
        _ => Err(format!("position {index} that is not [longitude, latitude]")),
    };
    coordinates.iter().enumerate().map(position).collect()
}
