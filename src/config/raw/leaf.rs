//! The leaves of the files that are not single numbers: ids, texts, words, positions.
//!
//! Each type carries what is allowed once, for its reader and for the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use super::number::{number, whole};
use super::read::FromToml;
use crate::config::error::Report;
use crate::geo::Geodetic;
use crate::sensor::is_id;

/// Longest text of any key, bytes.
const MAX_TEXT: usize = 1024;

macro_rules! inline_schema {
    ($type:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}
pub(crate) use inline_schema;

/// A name of the form all ids have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Id(pub(crate) String);

inline_schema!(Id, "id", json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$" }));

impl FromToml for Id {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let id = value.as_str().filter(|text| is_id(text));
        if id.is_none() {
            report.refuse(at, "an id: 1 to 63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit");
        }
        id.map(|id| Self(id.to_owned()))
    }
}

/// Text of a person, a path or an address: one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(pub(crate) String);

inline_schema!(Text, "text", json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT }));

impl FromToml for Text {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let good = |text: &&str| {
            !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
        };
        let text = value.as_str().filter(good);
        if text.is_none() {
            report.refuse(at, format!("a text in quotes: one line, not empty, at most {MAX_TEXT} bytes"));
        }
        text.map(|text| Self(text.to_owned()))
    }
}

/// A type that files name by a word.
pub(crate) trait Words: Copy + 'static {
    /// Every value.
    const ALL: &'static [Self];
    /// Words agreed for a later version.
    const LATER: &'static [&'static str] = &[];
    /// The value's word.
    fn word(self) -> &'static str;
}

/// One of a fixed set of words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "word".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = T::ALL.iter().map(|value| value.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.word())
    }
}

impl<T: Words> FromToml for Word<T> {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let written = value.as_str();
        let known = T::ALL.iter().find(|known| Some(known.word()) == written);
        if known.is_none() {
            let words: Vec<_> = T::ALL.iter().map(|value| value.word()).collect();
            let mut expected = format!("one of {}", words.join(", "));
            if let Some(later) = T::LATER.iter().find(|later| Some(**later) == written) {
                expected.push_str(&format!(": `{later}` is not available in this version"));
            }
            report.refuse(at, expected);
        }
        known.map(|known| Self(*known))
    }
}

/// `[lat, lon]`, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Position(pub(crate) f64, pub(crate) f64);

inline_schema!(
    Position,
    "position",
    json_schema!({
        "description": "[latitude, longitude], degrees, WGS-84",
        "type": "array",
        "prefixItems": [
            { "type": "number", "minimum": -90.0, "maximum": 90.0 },
            { "type": "number", "minimum": -180.0, "maximum": 180.0 },
        ],
        "minItems": 2,
        "maxItems": 2,
    })
);

impl Position {
    /// At height zero.
    pub(crate) fn on_the_ground(self) -> Geodetic {
        Geodetic::from_degrees(self.0, self.1, 0.0)
    }

    /// Whether both angles are in range.
    pub(crate) fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.0) && (-180.0..=180.0).contains(&self.1)
    }
}

impl FromToml for Position {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|array| array.iter().map(|item| number(item.get_ref())).collect());
        let pair = match numbers.as_deref() {
            Some([lat, lon]) => Some(Self(*lat, *lon)),
            _ => None,
        };
        let position = pair.filter(|position| position.is_on_earth());
        if position.is_none() {
            let swapped = pair.is_some_and(|pair| Self(pair.1, pair.0).is_on_earth());
            let hint = if swapped { "; these two look swapped" } else { "" };
            report.refuse(at, format!("[latitude, longitude] in degrees, within ±90 and ±180{hint}"));
        }
        position
    }
}

/// An ASTERIX source identity: system area code and system identification code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct SacSic(pub(crate) [u8; 2]);

inline_schema!(
    SacSic,
    "sac_sic",
    json_schema!({
        "type": "array",
        "items": { "type": "integer", "minimum": 0, "maximum": 255 },
        "minItems": 2,
        "maxItems": 2,
    })
);

impl FromToml for SacSic {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let bytes: Option<Vec<u8>> = value.as_array().and_then(|array| {
            array.iter().map(|item| whole(item.get_ref()).and_then(|byte| byte.try_into().ok())).collect()
        });
        let pair = match bytes.as_deref() {
            Some([sac, sic]) => Some(Self([*sac, *sic])),
            _ => None,
        };
        if pair.is_none() {
            report.refuse(at, "[SAC, SIC], two whole numbers from 0 to 255");
        }
        pair
    }
}
